"""`nengtan carbon claim`: the figures of Wuchang in figures and in words of both languages, bad use in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import translation

from nengtan import reference
from nengtan.carbon.commands import carbon
from nengtan.carbon.words import MISTAKES, USES

pytestmark = pytest.mark.django_db

CASE = ("--kind", "saving", "--kwh", "6430000", "--region", "420106", "--year", "2023", "--claimed", "2900")


def run(*arguments: str, language: str = "en") -> Any:
    with translation.override(language):
        return CliRunner().invoke(carbon, ["claim", *arguments])


def told(*arguments: str) -> dict[str, Any]:
    return json.loads(run(*arguments, "--format", "json").stdout)  # type: ignore[no-any-return]


def changed(option: str, value: str) -> list[str]:
    arguments = dict(zip(CASE[::2], CASE[1::2], strict=True)) | {option: value}
    return [part for pair in arguments.items() for part in pair]


def test_the_saving_of_wuchang() -> None:
    found = told(*CASE)
    assert found["implied_factor"] == pytest.approx(0.451011, abs=1e-6)
    assert found["official_factor"] == 0.4044
    assert found["official_t"] == pytest.approx(2600.292)
    assert found["ratio"] == pytest.approx(1.115259, abs=1e-6)
    assert found["verdict"] == "too_high"
    assert found["explanations"][0]["code"] == "coal_44_12"
    assert "44/12 = 0.4506" in found["explanations"][0]["message"]
    assert len(found["nearest"]) == 5


def test_a_table_says_it_in_both_languages() -> None:
    english, chinese = run(*CASE).stdout, run(*CASE, language="zh-hans").stdout
    for word in ("too high", "2,600.3", "not a kilogram of carbon"):
        assert word in english
    for word in ("偏高", "2,600.3", "不是 1 千克碳"):
        assert word in chinese


def test_numbers_as_people_write_them() -> None:
    assert told(*changed("--kwh", "６,430,000"))["official_t"] == told(*CASE)["official_t"]


def test_csv_has_a_line_a_figure() -> None:
    assert "verdict,too_high" in run(*CASE, "--format", "csv").stdout.splitlines()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--kwh", "0"), ("--kwh", "-1"), ("--kwh", "x"), ("--claimed", "nan"), ("--claimed", ""), ("--region", "Wuhan")],
)
def test_bad_use_is_one_line(option: str, value: str) -> None:
    answer = run(*changed(option, value))
    assert answer.exit_code == 2
    assert len(answer.stderr.splitlines()) == 1
    assert f"{option}: found “{value}”; allowed: " in answer.stderr


def test_every_mistake_and_use_has_its_words() -> None:
    assert {one.code for one in reference.claim_mistakes()} == set(MISTAKES)
    assert {use for _factor, use in reference.power_factors()} <= set(USES)
