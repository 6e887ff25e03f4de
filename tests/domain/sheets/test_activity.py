"""Figures: what is taken, what is refused and why, with row and column."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from nengtan.domain.sheets.cells import Cell
from nengtan.domain.sheets.problems import Fault

from .cast import RULES, codes, facts, read

D = Decimal
HEAD: list[Cell] = ["机构编码", "月份", "能源品种", "用量", "计量单位", "费用", "数据来源"]


def one(period: Cell = "2023-01", carrier: Cell = "电", quantity: Cell = 5.0, unit: Cell = "kWh", cost: Cell = 2.0,
        origin: Cell = "账单") -> list[Cell]:  # fmt: skip
    return ["A1", period, carrier, quantity, unit, cost, origin]


@pytest.mark.parametrize(
    ("row", "place", "code"),
    [
        (one(quantity=-5.0), "D2", "negative_quantity"),
        (one(quantity="(5)"), "D2", "negative_quantity"),
        (one(quantity=6e6), "D2", "absurd_quantity"),
        (one(quantity=600.0, unit="万kWh"), "D2", "absurd_quantity"),
        (one(quantity="12%"), "D2", "percent_not_allowed"),
        (one(quantity=True), "D2", "boolean_not_number"),
        (one(quantity="=B2*2"), "D2", "formula_text"),
        (one(quantity="about 5"), "D2", "not_a_number"),
        (one(quantity="5m3"), "D2", "unit_conflict"),
        (one(unit="GJ"), "E2", "unit_not_allowed"),
        (one(unit="斤"), "E2", "unknown_unit"),
        (one(unit=""), "E2", "missing_unit"),
        (one(carrier="氢"), "C2", "unknown_carrier"),
        (one(carrier=""), "C2", "missing_carrier"),
        (one(period=""), "B2", "missing_period"),
        (one(period="2023年第3季度"), "B2", "quarter_not_month"),
        (one(period="2025-01"), "B2", "period_out_of_range"),
        (one(period="3月"), "B2", "year_missing"),
        (one(cost=-1.0), "F2", "negative_cost"),
        (one(cost="5kWh"), "F2", "not_money"),
        (one(origin="梦"), "G2", "unknown_origin"),
    ],
)
def test_a_faulty_row_is_refused_beside_a_good_one(row: list[Cell], place: str, code: str) -> None:
    table = read([HEAD, row, one()])
    assert (place, code) in codes(table)
    assert table.row == [3]
    assert table.bad_rows == {2}


def test_a_refused_unit_is_told_as_the_cell_says_it_and_only_units_are_offered() -> None:
    rules = replace(RULES, units={"electricity": {"kWh": D(1), "10MWh": D(10000), "unverified": D(1)}})
    table = read([HEAD, one(unit="吨标准煤"), one(unit=""), one(quantity="5 tce", unit="")], rules=rules)
    told = [(problem.place, problem.code, problem.found, problem.allowed) for problem in table.problems]
    assert told == [
        ("E2", "unit_not_allowed", "吨标准煤", ("kWh", "10MWh")),
        ("E3", "missing_unit", "", ("kWh", "10MWh")),
        ("E4", "unit_not_allowed", "tce", ("kWh", "10MWh")),
    ]


def test_one_row_can_have_several_faults_and_each_is_named_once() -> None:
    table = read([HEAD, ["", "x", "氢", "-", "kWh", "", ""], ["", "x", "电", -1.0, "GJ", -1.0, "z"]])
    assert codes(table)[3:] == [
        ("A3", "missing_institution"),
        ("B3", "not_a_month"),
        ("D3", "negative_quantity"),
        ("E3", "unit_not_allowed"),
        ("F3", "negative_cost"),
        ("G3", "unknown_origin"),
    ]


def test_cells_with_their_own_unit_are_taken_and_said() -> None:
    rows = [HEAD, one(quantity="3.5万", cost="￥1,200.50元"), one(quantity="2MWh", unit=""), one(cost="0.5万元")]
    table = read(rows)
    assert [fact[3:] for fact in facts(table)] == [
        (D(35000), "kWh", D("1200.50")),
        (D(2), "MWh", D(2)),
        (D(5), "kWh", D(5000)),
    ]
    assert {note.code for note in table.notes} == {"read_as"}


def test_ten_thousand_in_heading_and_cell_is_not_guessed() -> None:
    table = read([["单位", "月份", "用电量(万kWh)"], ["甲", "2023-01", "3.5万"]])
    assert codes(table) == [("C2", "scale_twice")]


def test_a_fault_in_one_cell_does_not_hide_the_fault_beside_it() -> None:
    rows: list[list[Cell]] = [["单位", "月份", "用电量(kWh)", "用水量(吨)"], ["甲", "2023-01", True, "5000万"]]
    assert codes(read(rows)) == [("C2", "boolean_not_number"), ("D2", "absurd_quantity")]


def test_unknown_is_none_and_zero_is_zero() -> None:
    table = read([HEAD, one(quantity="", cost=5.0), one(quantity=0.0, cost="")])
    assert [fact[3:] for fact in facts(table)] == [(None, None, D(5)), (D(0), "kWh", None)]


def test_assumed_units_are_agreed_beforehand_and_said_once() -> None:
    rules = replace(RULES, default_units={"electricity": "kWh"}, default_origin="report")
    table = read([["单位", "月份", "用电量"], ["甲", "2023-01", 1.0], ["甲", "2023-02", 2.0]], rules=rules)
    assert table.unit == ["kWh", "kWh"]
    assert table.origin == ["report", "report"]
    assert [note.code for note in table.notes] == ["unit_assumed"]


def test_year_column_beside_bare_months() -> None:
    rows = [
        ["单位", "年份", "月份", "用水量(吨)"],
        ["甲", 2022.0, 3.0, 1.0],
        ["甲", "2023年", "4月", 1.0],
        ["甲", 2023.0, "2022-05", 1.0],
    ]
    table = read(rows)
    assert table.period == [202203, 202304]
    assert codes(table) == [("C4", "year_conflict")]


def test_a_wide_row_with_one_fault_is_refused_whole() -> None:
    table = read(
        [["单位", "月份", "用电量(kWh)", "用水量(吨)"], ["甲", "2023-01", 1.0, -1.0], ["乙", "2023-01", 1.0, 1.0]]
    )
    assert set(table.institution_name) == {"乙"}
    assert codes(table) == [("D2", "negative_quantity")]


def test_services_can_point_at_the_cell_of_a_fact() -> None:
    table = read([["单位", "月份", "用电量(kWh)", "用水量(吨)"], ["甲", "2023-01", 1.0, 2.0]])
    assert table.problem(1, "institution_name", Fault("unknown_institution", "甲")).place == "A2"
    assert table.problem(1, "quantity", Fault("absurd_quantity", "2")).place == "D2"


def test_codes_keep_their_text_and_damaged_ones_are_refused() -> None:
    rows = [[*HEAD, "账单号"], [*one(), 12345.0], [*one(), "0012"], [*one(), 1.2345678901234568e19]]
    table = read(rows)
    assert table.bill_no == ["12345", "0012"]
    assert codes(table) == [("H4", "digits_lost")]


@pytest.mark.slow
def test_a_hundred_thousand_clean_rows_are_all_read() -> None:
    chance = random.Random(7)
    names = ["institution_code", "institution_name", "period", "carrier", "quantity", "unit", "cost", "origin",
             "building_code", "meter_code", "item", "bill_no", "note"]  # fmt: skip
    carriers = [("电", "kWh"), ("水", "吨"), ("天然气", "m³")]
    rows: list[list[Cell]] = [list(names)]
    for number in range(100_000):
        carrier, unit = carriers[number % 3]
        rows.append(
            [f"C{number // 96:05d}", f"单位{number // 96}", f"2023年{number % 12 + 1}月", carrier,
             round(chance.random() * 1e5, 2), unit, round(chance.random() * 1e5, 2), "账单", "", "", "",
             f"B{number}", ""]
        )  # fmt: skip
    assert len(read(rows)) == 100_000


def test_a_unit_beside_the_heading_of_names_is_of_all_figures_and_one_refused_is_told_once_a_row() -> None:
    head: list[Cell] = ["机构编码", "能源品种（吨标准煤）", "2023年1月", "2023年2月", "2023年3月"]
    table = read([head, ["A1", "电", 10.0, 11.0, 12.0]])
    assert codes(table) == [("C2", "unit_not_allowed")]
    assert [fault.found for fault in table.problems] == ["tce"]
    assert table.row == []
    head = ["机构编码", "能源品种（万kWh）", "2023年1月", "2023年2月"]
    table = read([head, ["A1", "电", 1.0, 2.0]])
    assert (table.unit, table.problems) == (["10MWh", "10MWh"], [])


def test_a_unit_in_the_name_of_the_sheet_is_of_all_figures() -> None:
    head: list[Cell] = ["机构编码", "月份", "能源品种", "用量"]
    table = read([head, ["A1", "2023-01", "电", 1.0]], name="用电量（万kWh）")
    assert table.unit == ["10MWh"]


def test_an_empty_month_shows_nothing_found() -> None:
    table = read([HEAD, one(period="")])
    assert [(fault.place, fault.found) for fault in table.problems] == [("B2", "")]


def test_a_year_missing_is_told_once_a_row() -> None:
    table = read([["机构编码", "能源品种（kWh）", "1月", "2月"], ["A1", "电", 1.0, 2.0]])
    assert codes(table) == [("C2", "year_missing")]
