"""Years worked out by hand in a spreadsheet come out the same, line by line, to the 分.

The workbooks were filled in with formulas and computed by LibreOffice, without this program; their column A names the
line each figure is held against. Every figure in them is invented.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from nengtan.domain.settlement.document import read
from nengtan.domain.settlement.engine import settle
from nengtan.domain.settlement.lines import Noted, Settlement
from nengtan.domain.settlement.terms import Case

WORKED = Path(__file__).parent / "worked"
NAMES = ("trusteeship", "shared_savings", "guarantee")


def case_of(name: str) -> Case:
    case, flaws = read(json.loads((WORKED / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal))
    assert case is not None, flaws
    return case


def by_hand(name: str) -> dict[str, Decimal]:
    sheet = load_workbook(WORKED / f"{name}.xlsx", data_only=True).worksheets[0]
    rows = sheet.iter_rows(min_row=5, values_only=True)
    return {str(row[0]): Decimal(f"{row[2]:.6f}") for row in rows if row[0]}


def found(settled: Settlement, key: str) -> Decimal | None:
    if "|" not in key:
        value: Decimal | None = getattr(settled, key)
        return value
    (line,) = (line for line in settled.lines if f"{line.code}|{line.site}|{line.carrier}" == key)
    return line.value


@pytest.mark.parametrize("name", NAMES)
def test_worked_year(name: str) -> None:
    settled = settle(case_of(name))
    told = {key: found(settled, key) for key in by_hand(name)}
    assert told == by_hand(name)
    assert len(told) > 10


def test_workbooks_compute_with_formulas() -> None:
    for name in NAMES:
        cells = load_workbook(WORKED / f"{name}.xlsx").worksheets[0]["C"]
        assert sum(str(cell.value).startswith("=") for cell in cells) >= 10


def test_what_a_reader_has_to_know_of_the_trusteeship() -> None:
    notes = {(str(note.what), note.carrier) for note in settle(case_of("trusteeship")).notes}
    assert {
        (Noted.DRIVER_CHANGED, "electricity"),
        (Noted.METER_REPLACED, "electricity"),
        (Noted.EVENT_NOT_CONFIRMED, "electricity"),
        (Noted.WITHIN_DEAD_BAND, "natural_gas"),
    } <= notes


def test_hashes_stand() -> None:
    """A past year comes to the same on every version of the program; where a rule has to change, `RULES` does."""
    hashes = {name: settle(case_of(name)) for name in NAMES}
    assert {name: (one.inputs_hash[:16], one.result_hash[:16]) for name, one in hashes.items()} == HASHES


HASHES = {
    "trusteeship": ("5c8ce3ae6f99fd03", "6455ceb9e533640d"),
    "shared_savings": ("88e000a109ef1c0d", "6b9e421d3fe83f26"),
    "guarantee": ("62b7bf10a7023a4c", "390013f147648918"),
}
