"""Units in the headings and unit columns of files that come back: converted and told, or refused."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nengtan.reference import scheme
from nengtan.reporting.commands import returns
from nengtan.reporting.models import Return
from nengtan.reporting.services import workbooks
from nengtan.reporting.services.sheets import converted
from tests.cast import Cast
from tests.reporting.desk import opened_all
from tests.reporting.workbooks import cell_of, column_of, edited, sheet_of

EDITION = scheme.edition("2022")


@pytest.mark.parametrize(
    ("unit", "faults", "held"),
    [("万千瓦时", [], 31000), ("兆瓦时", [], 3100), ("千瓦时", [], Decimal("3.1")), ("吨", ["unit_not_allowed"], 30000),
     ("马力", ["unit_not_allowed"], 30000)],
)  # fmt: skip
@pytest.mark.parametrize("wide", [False, True])
def test_another_unit_is_converted_and_told_or_refused(
    cast: Cast, school: Return, unit: str, faults: list[str], held: Decimal, wide: bool
) -> None:
    """3.1 of 10 000 kWh are 31 000 kWh; tonnes are no electricity, and what nobody knows is not passed over."""

    def line(book: Any) -> None:
        cell = cell_of(sheet_of(book, 2), "110")
        cell.value = 3.1
        cell.offset(0, -2).value = unit

    def column(book: Any) -> None:
        sheet = next(sheet for sheet in book.worksheets if sheet.max_column > 20)
        at = column_of(sheet, "电消费量")
        sheet.cell(1, at).value = f"电消费量（{unit}）"
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, at).value = 3.1 if sheet.cell(row, 1).value == school.institution.code else None

    content = edited(workbooks.rows_of_returns(cast.actor("district"), [school]), column)
    if not wide:
        content = edited(workbooks.forms_of_returns(cast.actor("district"), [school]), line)
    result = workbooks.take_file(cast.actor("district"), "returns.xlsx", content)
    assert [problem.code for problem in result.errors] == faults
    assert school.values.get(indicator="elec_qty").value == held
    told = [problem for problem in result.notes if problem.code == "unit_converted"]
    assert len(told) == (1 if held in (31000, 3100) else 0)


@pytest.mark.parametrize(
    ("unit", "line", "value"),
    [("t", "water_qty", 3), ("t", "gas_qty", None), ("kg", "coal_qty", Decimal("0.003")),
     ("10kCNY", "elec_cost", 30000),      ("t", "diesel_qty", Decimal("3529.411764705882352941176472")),
     ("10km2", "area", 30000), ("MWh", "room_elec", 3000)],
)  # fmt: skip
def test_the_carrier_of_a_line_says_what_a_unit_is(unit: str, line: str, value: Decimal | None) -> None:
    """A tonne of water is a cubic metre, one of gas none; diesel weighs 0.85 kg a litre: 3000 / 0.85 = 3529.41."""
    assert converted(Decimal(3), unit, EDITION.indicators[line]) == value


def test_a_wrong_unit_in_a_heading_is_told_once_and_no_return_below_it_is_stored(cast: Cast) -> None:
    returns = opened_all(cast)

    def column(book: Any) -> None:
        sheet = next(sheet for sheet in book.worksheets if sheet.max_column > 20)
        at = column_of(sheet, "电消费量")
        sheet.cell(1, at).value = "电消费量（马力）"
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, at).value = 31
            sheet.cell(row, column_of(sheet, "水消费量")).value = 77

    content = edited(workbooks.rows_of_returns(cast.actor("district"), returns), column)
    for partial in (False, True):
        result = workbooks.take_file(cast.actor("district"), "returns.xlsx", content, partial=partial)
        assert [(problem.code, problem.row, problem.found) for problem in result.errors] == [
            ("unit_not_allowed", 1, "马力")
        ]
        assert (result.stored, result.refused) == (False, 3), "half a return is not stored"


def test_a_wrong_unit_above_the_rooms_of_a_form_is_told_once(cast: Cast, school: Return, tmp_path: Path) -> None:
    """Two rooms stand below a heading of tonnes of electricity: one fault of the column, with what it should be."""

    def rooms(book: Any) -> None:
        sheet = sheet_of(book, 3)
        code = next(cell for row in sheet.iter_rows() for cell in row if str(cell.value or "").rstrip("*") == "240")
        code.offset(-1, 0).value = "吨"
        for number in (1, 2):
            sheet.cell(code.row + number, 1).value = f"000{number}"
            code.offset(number, 0).value = 500

    content = edited(workbooks.forms_of_returns(cast.actor("district"), [school]), rooms)
    result = workbooks.take_file(cast.actor("district"), "returns.xlsx", content)
    assert [(problem.column, problem.code, problem.found, problem.allowed) for problem in result.errors] == [
        ("room_elec", "unit_not_allowed", "t", ("kWh",))
    ]
    path = tmp_path / "returns.xlsx"
    path.write_bytes(content)
    ran = CliRunner().invoke(returns, ["review", "--edition", "2022", "--file", str(path), "--format", "json"])
    told = [item for item in json.loads(ran.stdout) if item["cell"].startswith("room_elec") and item["rule"] == "L01"]
    assert [(item["found"], item["expected"]) for item in told] == [("吨", "千瓦时")]
