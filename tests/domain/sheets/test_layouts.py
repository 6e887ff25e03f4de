"""Sheets as people lay them out: titles, merged headings, units in headings, months across."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from nengtan.domain.sheets.cells import BadCell, Cell, Grid, Merge
from nengtan.domain.sheets.headers import find

from .cast import WORDS, codes, facts, read

D = Decimal


def test_title_lines_give_year_unit_and_institution() -> None:
    table = read(
        [
            ["2023年能源资源消费统计表"],
            ["填报单位：第一小学", "", "", "单位：万千瓦时"],
            ["月份", "用电量", "电费/万元", "用水量 m³"],
            ["1月", "１２．５", "7.5", "1,200"],
            ["二月", 3.2, "", 300.0],
        ]
    )
    assert facts(table) == [
        ("第一小学", 202301, "electricity", D("12.5"), "10MWh", D("75000")),
        ("第一小学", 202301, "water", D(1200), "m3", None),
        ("第一小学", 202302, "electricity", D("3.2"), "10MWh", None),
        ("第一小学", 202302, "water", D(300), "m3", None),
    ]
    assert not table.problems


def test_two_row_headings_read_alike_merged_and_unmerged() -> None:
    rows = [
        ["单位名称", "月份", "电力", "", "水", ""],
        ["", "", "用量(kWh)", "金额(元)", "用量(吨)", "金额"],
        ["甲", 202301.0, 5.0, 3.0, 4.0, 2.0],
    ]
    merges = [Merge(0, 0, 1, 0), Merge(0, 1, 1, 1), Merge(0, 2, 0, 3), Merge(0, 4, 0, 5)]
    expected = [("甲", 202301, "electricity", D(5), "kWh", D(3)), ("甲", 202301, "water", D(4), "t", D(2))]
    assert facts(read(rows)) == expected
    assert facts(read(rows, merges)) == expected


def test_units_in_a_second_heading_row() -> None:
    table = read([["单位名称", "月份", "用电量", "电费"], ["", "", "kWh", "万元"], ["甲", "2023-01", 5.0, 1.0]])
    assert facts(table) == [("甲", 202301, "electricity", D(5), "kWh", D(10000))]


def test_generic_group_heading_above_carriers() -> None:
    table = read(
        [["单位名称", "能源消耗情况", "", ""], ["", "时间", "电(kWh)", "汽油(L)"], ["甲", "2023年1月", "1", "3"]]
    )
    assert [fact[2:5] for fact in facts(table)] == [("electricity", D(1), "kWh"), ("gasoline", D(3), "L")]


def test_months_across_with_everything_in_the_title() -> None:
    months = [f"{month}月" for month in range(1, 13)]
    table = read(
        [["2022年各单位用电量统计表（万kWh）"], ["单位", *months, "合计"], ["甲", *map(float, range(1, 13)), 78.0]]
    )
    assert table.layout.form == "months"
    assert table.period == [202200 + month for month in range(1, 13)]
    assert set(table.unit) == {"10MWh"}
    assert sum(filter(None, table.quantity)) == 78
    assert [note.code for note in table.notes] == ["total_column"]


def test_months_across_as_dates_with_merged_names() -> None:
    months = [dt.date(2022, month, 1) for month in range(1, 13)]
    rows = [["单位", "能源品种", "计量单位", *months], ["甲", "电", "度", *[2.0] * 12], ["", "水", "吨", *[1.0] * 12]]
    table = read(rows, [Merge(1, 0, 2, 0)])
    assert len(table) == 24
    assert set(table.institution_name) == {"甲"}
    assert not table.problems


def test_months_across_with_the_measure_in_each_row_and_the_year_in_the_sheet_name() -> None:
    rows = [["单位", "项目", "1月", "2月"], ["甲", "用电量(kWh)", 1.0, 2.0], ["甲", "电费(万元)", 1.0, 2.0]]
    assert facts(read(rows, name="2021年")) == [
        ("甲", 202101, "electricity", D(1), "kWh", None),
        ("甲", 202102, "electricity", D(2), "kWh", None),
        ("甲", 202101, "electricity", None, None, D(10000)),
        ("甲", 202102, "electricity", None, None, D(20000)),
    ]


def test_month_and_carrier_in_one_heading_and_a_row_of_column_numbers() -> None:
    rows = [
        ["序号", "单位", "1月用电量(kWh)", "1月电费", "2023年2月用电量(kWh)", "2023年2月电费(元)"],
        ["甲", "乙", "1", "2", "3", "4"],
        [1.0, "第一中学", 5.0, 6.0, 7.0, 8.0],
    ]
    table = read(rows, name="2023年")
    assert [fact[1] for fact in facts(table)] == [202301, 202302]
    assert [row.reason for row in table.skipped] == ["column_numbers"]


def test_unit_heading_is_told_from_institution_heading_by_the_cells_below() -> None:
    table = read([["单位", "月份", "品种", "用量", "单位", "费用"], ["甲", "2023/1", "电", "1", "度", "2"]])
    assert facts(table) == [("甲", 202301, "electricity", D(1), "kWh", D(2))]


def test_unknown_empty_and_duplicate_columns_are_reported() -> None:
    rows = [["单位", "月份", "用电量(kWh)", "电量（度）", "氢气(kg)", ""], ["甲", "2023-01", 1.0, 2.0, 3.0, "x"]]
    table = read(rows)
    assert codes(table) == [("D1", "duplicate_column")]
    assert [(note.place, note.code) for note in table.notes] == [("E1", "unknown_column"), ("F1", "no_heading")]
    assert not len(table)


def test_a_sheet_without_headings_is_refused_whole() -> None:
    assert [problem.code for problem in read([["a", "b"], ["c", "d"]]).problems] == ["no_header"]


def test_missing_columns_are_named() -> None:
    table = read([["月份", "费用", "备注"], ["2023-01", 1.0, ""]])
    assert [(p.code, p.column) for p in table.problems] == [
        ("missing_column", "institution_name"),
        ("missing_column", "carrier"),
    ]


def test_blank_total_note_and_repeated_heading_rows_are_skipped_with_their_reason() -> None:
    rows = [
        ["单位名称", "月份", "用电量(kWh)"],
        ["甲", "2023-01", 1.0],
        ["", " ", ""],
        ["单位名称", "月份", "用电量(kWh)"],
        ["会计学校", "2023-01", 2.0],
        ["教育系统小计", "", 3.0],
        ["合  计", "", 3.0],
        ["丙", "2023-02", ""],
        ["注：以上数据不含宿舍"],
        ["填表人：张三", "", ""],
    ]
    table = read(rows)
    assert table.institution_name == ["甲", "会计学校"]
    assert [(row.row, row.reason) for row in table.skipped] == [
        (3, "blank"),
        (4, "repeated_header"),
        (6, "total"),
        (7, "total"),
        (8, "no_values"),
        (9, "note"),
        (10, "note"),
    ]


def test_english_headings() -> None:
    rows = [["Institution", "Month", "Electricity use (kWh)", "Electricity cost"], ["X", "Jan 2023", 1.0, 2.0]]
    assert facts(read(rows)) == [("X", 202301, "electricity", D(1), "kWh", D(2))]


def test_a_figure_merged_over_rows_belongs_to_none() -> None:
    rows = [["单位", "月份", "用电量(kWh)"], ["甲", "2023-01", 1.0], ["甲", "2023-02", ""], ["甲", "2023-03", 2.0]]
    table = read(rows, [Merge(1, 2, 2, 2)])
    assert codes(table) == [("C2", "merged_figure"), ("C3", "merged_figure")]
    assert table.period == [202303]


def test_bad_cells_name_what_was_found() -> None:
    rows = [["单位", "月份", "用电量(kWh)"], ["甲", "2023-01", BadCell("error_cell", "#REF!")]]
    table = read(rows)
    assert [(p.place, p.code, p.found) for p in table.problems] == [("C2", "error_cell", "#REF!")]


def test_registry_sheets_take_no_figure_columns() -> None:
    layout = find(Grid("s", [["编码", "单位名称", "用电量"], ["1", "甲", 5.0]]), WORDS, {"code", "name"}, figures=False)
    assert [column.key for column in layout.columns] == ["code", "name", ""]
    assert [problem.code for problem in layout.problems] == ["unknown_column"]


def test_a_quantity_split_into_its_number_and_its_unit_reads_alike_merged_and_unmerged() -> None:
    rows = [
        ["单位名称", "月份", "能源品种", "消费量", ""],
        ["", "", "", "数量", "计量单位"],
        ["甲", "2023-01", "电", 5.0, "kWh"],
    ]
    merges = [Merge(0, 0, 1, 0), Merge(0, 1, 1, 1), Merge(0, 2, 1, 2), Merge(0, 3, 0, 4)]
    expected = [("甲", 202301, "electricity", D(5), "kWh", None)]
    assert facts(read(rows)) == expected
    assert facts(read(rows, merges)) == expected


@pytest.mark.parametrize("group", ["用电量(kWh)", "2023年用电量（千瓦时）"])
@pytest.mark.parametrize("months", [[1.0, 2.0, 3.0], ["1", "2", "3"]], ids=["numbers", "texts"])
def test_bare_numbers_under_a_group_heading_are_months(group: str, months: list[float | str]) -> None:
    rows = [["单位名称", "年份", group, "", ""], ["", "", *months], ["甲", 2023.0, 10.0, 20.0, 30.0]]
    merges = [Merge(0, 0, 1, 0), Merge(0, 1, 1, 1), Merge(0, 2, 0, 4)]
    expected = [("甲", 202300 + month, "electricity", D(month * 10), "kWh", None) for month in (1, 2, 3)]
    assert facts(read(rows)) == expected
    assert facts(read(rows, merges)) == expected


def test_a_year_above_bare_months_is_their_year() -> None:
    table = read([["单位名称", "能源品种", "2022年", ""], ["", "", 1.0, 2.0], ["甲", "电(kWh)", 5.0, 6.0]])
    assert [fact[1] for fact in facts(table)] == [202201, 202202]


def test_a_row_of_column_numbers_is_not_a_row_of_months() -> None:
    heading: list[Cell] = ["单位名称", "月份", "用电量(kWh)", "用水量(m3)"]
    table = read([heading, [1.0, 2.0, 3.0, 4.0], ["甲", "2023-01", 5.0, 6.0]])
    assert [fact[1:4] for fact in facts(table)] == [(202301, "electricity", D(5)), (202301, "water", D(6))]


@pytest.mark.parametrize("head", ["", "计量单位", "单位", "—"])
def test_a_row_of_units_below_the_headings_belongs_to_them(head: str) -> None:
    table = read(
        [
            ["单位名称", "月份", "用电量", "用水量", "电费"],
            [head, "", "万千瓦时", "（立方米）", "万元"],
            ["第一小学", "2023-01", 1.5, 20.0, 1.1],
        ]
    )
    assert facts(table) == [
        ("第一小学", 202301, "electricity", D("1.5"), "10MWh", D("11000")),
        ("第一小学", 202301, "water", D(20), "m3", None),
    ]
    assert not table.problems
    assert not table.notes


@pytest.mark.parametrize("head", ["", "计量单位", "单位"])
def test_months_across_with_a_row_of_units_below(head: str) -> None:
    units = [head, *["万千瓦时"] * 3]
    table = read([["2023年用电量统计表"], ["单位名称", "1月", "2月", "3月"], units, ["第一小学", 1.0, 5.0, 3.0]])
    assert [(fact[1], fact[3], fact[4]) for fact in facts(table)] == [
        (202301, D(1), "10MWh"), (202302, D(5), "10MWh"), (202303, D(3), "10MWh"),
    ]  # fmt: skip


def test_a_row_of_units_below_two_rows_of_headings() -> None:
    table = read(
        [
            ["单位名称", "月份", "电", "", "水", ""],
            ["", "", "数量", "金额", "数量", "金额"],
            ["计量单位", "", "万千瓦时", "万元", "吨", "元"],
            ["第一小学", "2023-01", 1.0, 2.0, 3.0, 4.0],
        ]
    )
    assert facts(table) == [
        ("第一小学", 202301, "electricity", D(1), "10MWh", D(20000)),
        ("第一小学", 202301, "water", D(3), "t", D(4)),
    ]
