"""Every fault that code can raise has words, and the words have what they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nengtan.domain.sheets.problems import Problem
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets import vocabulary, wording
from nengtan.ui.sheets.reader import Refused

SOURCES = [*Path("src/nengtan/domain/sheets").glob("*.py"), *Path("src/nengtan/ui/sheets").glob("*.py")]


def raised(call: str) -> set[str]:
    """The codes written in calls of this name."""
    found = re.findall(rf'{call}\(\s*"([a-z_0-9]+)"', "\n".join(path.read_text() for path in SOURCES))
    return set(found) - {"x"}


def test_every_fault_and_refusal_has_words() -> None:
    assert raised("Fault") <= wording.CODES.keys()
    assert raised("Refused") <= wording.REFUSALS.keys()
    assert len(raised("Fault")) > 30


@pytest.mark.parametrize("code", sorted(wording.CODES))
def test_every_problem_can_be_said(code: str) -> None:
    asked = re.findall(r"%\((\w+)\)", str(wording.CODES[code]))
    params = dict.fromkeys(asked, 2) | {"unit": "10MWh", "carrier": "water"}
    problem = Problem(2, "quantity", "用量", "D", code, "found-it", ("kWh", "m3"), params)
    said = wording.message(problem)
    assert "%(" not in said + wording.allowed(problem)
    assert said


@pytest.mark.parametrize("code", sorted(wording.REFUSALS))
def test_every_refusal_can_be_said(code: str) -> None:
    said = wording.refusal(Refused(code, str(200 * 2**20), str(50 * 2**20)))
    assert "%(" not in said
    if "size" in str(wording.REFUSALS[code]):
        assert "200 MB" in said


def test_codes_are_shown_as_names() -> None:
    problem = Problem(2, "unit", "", "E", "unit_not_allowed", "GJ", ("kWh", "10MWh"), {"carrier": "electricity"})
    assert "10MWh" not in wording.allowed(problem)
    assert "kWh" in wording.allowed(problem)
    assert wording.skipped_reason("total")
    assert wording.column_name("no_such_key") == "no_such_key"


def test_unknown_codes_are_shown_as_they_are() -> None:
    assert wording.message(Problem(1, "", "", "", "new_code", "5")) == "new_code: 5"


def test_every_unit_carrier_and_column_of_the_words_has_a_name() -> None:
    words = sheet_words()
    assert set(words.units.values()) <= vocabulary.UNITS.keys()
    assert set(words.carriers.values()) <= vocabulary.CARRIERS.keys()
    assert {key for keys in words.columns.values() for key in keys} <= vocabulary.COLUMNS.keys()
