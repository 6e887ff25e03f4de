"""A sheet of returns: which headings are understood, what a row becomes, what rows of one sheet say of each other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nengtan.domain.returns.among import rows_of
from nengtan.domain.returns.scheme import Indicator
from nengtan.domain.returns.sheet import ReturnSheet, SheetError, join_named, read_returns
from nengtan.domain.returns.slots import Kind, annual, quarter
from nengtan.domain.sheets.cells import Cell, Grid
from nengtan.reference import institution_types, scheme
from nengtan.reference.words import sheet_words

EDITION = scheme.edition("2025")
TOP: list[Cell] = ["单位名称", "统一社会信用代码", "报告期", "单位类型", "机房代码"]


def convert(value: Decimal, unit: str, line: Indicator) -> Decimal | None:
    return value * 10000 if (unit, line.unit) == ("10MWh", "kWh") else None


def alone(region: str) -> tuple[str, ...]:
    """A region with none above it."""
    return (region,) if region else ()


def read(*rows: list[Cell]) -> ReturnSheet:
    return read_returns(Grid("s", [list(row) for row in rows]), EDITION, scheme.headings(), sheet_words(), convert)


@pytest.mark.parametrize(
    "heading", ["elec_qty", "110", "电消费量", "电消费量（千瓦时）", "电消费量 (kWh)", "Electricity"]
)
def test_an_indicator_is_known_by_key_code_or_name(heading: str) -> None:
    sheet = read(["单位名称", "报告期", heading], ["甲", "2025-00", 5])
    assert sheet.rows[0].values == {"elec_qty": 5}


def test_the_same_name_on_form_four_stands_behind_its_word() -> None:
    sheet = read(["单位名称", "报告期", "电消费量", "采暖电消费量"], ["甲", "2025-00", 5, 2])
    assert sheet.rows[0].values == {"elec_qty": 5, "heating_elec_qty": 2}


def test_a_title_above_the_headings_and_columns_of_no_meaning_are_passed_over() -> None:
    sheet = read(["某区2025年统计数据", "", ""], ["单位名称", "报告期", "电消费量", "备注"], ["甲", "2025-Q1", 5, "x"])
    assert (sheet.rows[0].row, sheet.rows[0].period, sheet.ignored) == (3, quarter(2025, 1), ["备注"])


@pytest.mark.parametrize(
    ("written", "value"),
    [("１,２３４.５", "1234.5"), ("1,234.5", "1234.5"), ("3.5万kWh", "35000"), ("", None), ("—", None), (0, "0")],
)
def test_numbers_people_really_write(written: Cell, value: str | None) -> None:
    sheet = read(["单位名称", "报告期", "电消费量"], ["甲", "2025-00", written])
    assert sheet.rows[0].values == {"elec_qty": None if value is None else Decimal(value)}
    assert not sheet.rows[0].unreadable


@pytest.mark.parametrize("written", ["abc", "5 t", "=A1"])
def test_what_is_no_number_is_kept_as_found(written: str) -> None:
    sheet = read(["单位名称", "报告期", "电消费量"], ["甲", "2025-00", written])
    assert (sheet.rows[0].values, sheet.rows[0].unreadable) == ({"elec_qty": None}, {"elec_qty": written})


def test_a_row_without_a_period_is_told_and_blank_rows_are_nothing() -> None:
    sheet = read(["单位名称", "报告期", "电消费量"], ["甲", "someday", 5], ["", "", ""], ["乙", "202500", 6])
    assert ([(row.row, row.period) for row in sheet.unread], [typed.institution for typed in sheet.rows]) == (
        [(2, "someday")], ["乙"])  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        [["单位名称", "电消费量"], ["甲", 5]],
        [["单位名称", "报告期"], ["甲", "2025-00"]],
        [["a", "b"], [1, 2]],
        [["单位名称", "报告期", "电消费量", "elec_qty"], ["甲", "2025-00", 1, 2]],
    ],
)
def test_a_sheet_of_something_else_is_refused(rows: list[list[Cell]]) -> None:
    with pytest.raises(SheetError):
        read(*rows)


def test_rows_of_one_sheet_are_held_against_each_other() -> None:
    """A year of 100 with quarters of 10, 20, 30, 40 and a year before of 80; the year stands twice."""
    sheet = read(
        ["单位名称", "报告期", "电消费量"],
        ["甲", "2025-00", 100],
        ["甲", "2025-00", 100],
        ["甲", "2024-00", 80],
        *[["甲", f"2025-Q{number}", number * 10] for number in (1, 2, 3, 4)],
    )
    rows, rooms, _of = rows_of(sheet, Kind.ANNUAL, institution_types(), alone)
    assert not rooms
    now = rows[0]
    assert (now.views["last"], now.views["periods"], now.facts["duplicates"]) == (
        {"elec_qty": 80}, {"elec_qty": 100}, 1,
    )  # fmt: skip
    assert [row.period for row in rows] == [str(annual(2025)), str(annual(2025)), str(annual(2024))]


def test_rooms_are_rows_of_their_own_with_the_lines_of_form_three() -> None:
    sheet = read(
        [*TOP, "电消费量", "机房总用电量"],
        ["甲", "", "2025-00", "021", "", 1000, ""],
        ["甲", "", "2025-00", "021", "0001", "", 300],
    )
    rows, rooms, of = rows_of(sheet, Kind.ANNUAL, institution_types(), alone)
    assert (rows[0].values, rooms[0].values, rooms[0].record, of) == (
        {"elec_qty": 1000}, {"room_elec": 300}, "0001", [0],
    )  # fmt: skip


def test_codes_and_classes_are_judged_where_they_are_given() -> None:
    wrong: list[Cell] = ["甲", "12420106MB0000001Z", "2025-00", "02", "", 1]
    sheet = read([*TOP, "电消费量"], wrong, ["乙", "", "2025-00", "", "", 1])
    (first, second), _rooms, _of = rows_of(sheet, Kind.ANNUAL, institution_types(), alone)
    assert (first.facts["code_valid"], first.facts["class_coarse"], first.facts["code_unique"]) == (0, 1, 1)
    assert (second.facts["code_valid"], second.facts["class_valid"]) == (None, None)


@pytest.mark.parametrize(
    ("heading", "written", "value", "unreadable", "units"),
    [
        ("电消费量（万千瓦时）", 30.5, Decimal(305000), {}, {"elec_qty": "10MWh"}),
        ("电消费量（万千瓦时）", "305000 kWh", Decimal(305000), {}, {"elec_qty": "10MWh"}),
        ("电消费量（千瓦时）", 30.5, Decimal("30.5"), {}, {}),
        ("电消费量（吨）", 30.5, None, {"elec_qty": "30.5 吨"}, {}),
        ("电消费量（马力）", 30.5, None, {"elec_qty": "30.5 马力"}, {}),
    ],
)
def test_the_unit_of_a_heading_is_minded(
    heading: str, written: Cell, value: Decimal | None, unreadable: dict[str, str], units: dict[str, str]
) -> None:
    sheet = read(["单位名称", "报告期", heading], ["甲", "2025-00", written])
    assert (sheet.rows[0].values["elec_qty"], sheet.rows[0].unreadable, sheet.units) == (value, unreadable, units)


def test_bodies_of_one_name_are_told_apart_by_their_codes() -> None:
    """Two schools of one name are no doubles; a row that gives the name alone belongs to the one body of that name."""
    top: list[Cell] = ["单位编码", "单位名称", "报告期", "电消费量"]
    sheet = read(top, ["1", "甲", "2025-00", 100], ["2", "甲", "2025-00", 70], ["3", "乙", "2025-00", 5],
                 ["", "乙", "2024-00", 4])  # fmt: skip
    join_named(sheet.rows)
    rows, _rooms, _of = rows_of(sheet, Kind.ANNUAL, institution_types(), alone)
    assert [(row.institution, row.facts["duplicates"]) for row in rows] == [("1", 0), ("2", 0), ("3", 0), ("3", 0)]
    assert rows[2].views["last"] == {"elec_qty": 4}
