"""`nengtan finance`: the worked case in figures and in words, what cannot be answered, bad use in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import translation

from nengtan.trusteeship.commands import finance

CASE = ("--capex", "1200000", "--cash-flow", "280000*8", "--rate", "0.06")


def run(*arguments: str) -> Any:
    with translation.override("en"):
        return CliRunner().invoke(finance, arguments)


def told(*arguments: str) -> dict[str, Any]:
    return json.loads(run(*arguments, "--format", "json").stdout)  # type: ignore[no-any-return]


def test_the_worked_case() -> None:
    found = told(*CASE)
    assert found["static_payback"] == pytest.approx(4.2857, abs=5e-5)
    assert found["dynamic_payback"] == pytest.approx(5.1040, abs=5e-5)
    assert found["npv"] == pytest.approx(538_742.27, abs=0.005)
    assert found["irr"] == pytest.approx(0.164179, abs=5e-7)
    assert found["years"] == 8


def test_a_table_says_it_in_years_money_and_per_cent() -> None:
    words = run(*CASE).stdout
    for word in ("4.29", "5.10", "538,742.27", "16.42%"):
        assert word in words


def test_a_list_a_repeat_and_full_width_are_the_same_cash_flow() -> None:
    plain = told("--capex", "300", "--cash-flow", "100,100,100", "--rate", "6%")
    assert told("--capex", "300", "--cash-flow", "100*3", "--rate", "0.06") == plain
    wide = told(
        "--capex", "\uff13\uff10\uff10", "--cash-flow", "\uff11\uff10\uff10\uff0c100\u3001100", "--rate", "6\uff05"
    )
    assert wide == plain


def test_what_is_never_recovered_is_said_so() -> None:
    assert told("--capex", "10", "--cash-flow", "1*3", "--rate", "0")["static_payback"] is None
    assert "not recovered within 3 years" in run("--capex", "10", "--cash-flow", "1*3", "--rate", "0").stdout


def test_a_flow_of_many_signs_has_no_rate_and_says_why() -> None:
    flow = ("--capex", "100", "--cash-flow", "230,-132", "--rate", "0.06")
    assert (told(*flow)["irr"], told(*flow)["irr_reason"]) == (None, "several")
    assert "more than once" in run(*flow).stdout


def test_csv_has_a_line_a_figure() -> None:
    assert run(*CASE, "--format", "csv").stdout.splitlines()[-1] == "years,8"


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [
        ("--capex", "-1", "-1"),
        ("--capex", "nan", "nan"),
        ("--capex", "1e999", "1e999"),
        ("--rate", "-1", "-1"),
        ("--rate", "six", "six"),
        ("--cash-flow", "100,x", "x"),
        ("--cash-flow", "100,,100", "-"),
        ("--cash-flow", "100*0", "100*0"),
        ("--cash-flow", "100*101", "100*101"),
        ("--cash-flow", "100*60,100*60", "120"),
        ("--cash-flow", "100*-2", "100*-2"),
    ],
)
def test_bad_use_is_one_line(option: str, value: str, found: str) -> None:
    arguments = dict(zip(CASE[::2], CASE[1::2], strict=True)) | {option: value}
    answer = run(*(part for pair in arguments.items() for part in pair))
    assert answer.exit_code == 2
    assert len(answer.stderr.splitlines()) == 1
    assert f"{option}: found {found}; allowed: " in answer.stderr
