"""Registry sheets: typed cells, required columns, words for choices."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from nengtan.domain.sheets.cells import Cell, Grid
from nengtan.domain.sheets.problems import Fault
from nengtan.domain.sheets.records import Field, RecordTable, read_records
from nengtan.domain.sheets.words import fold

from .cast import WORDS

D = Decimal
KINDS = {fold("国家机关"): "01", fold("教育"): "021", "01": "01", "021": "021"}
FIELDS = [
    Field("code", "code", required=True, max_length=20),
    Field("name", required=True),
    Field("kind", "choice", choices=KINDS, labels=("国家机关", "教育")),
    Field("area_m2", "number", units={"m2": D(1), "10km2": D(10000)}, minimum=D(0)),
    Field("persons", "integer", units={"person": D(1)}, minimum=D(0), maximum=D(100000)),
    Field("carriers", "choices", choices=WORDS.carriers),
    Field("established_on", "date"),
    Field("year_built", "year"),
    Field("share", "share"),
    Field("utility_account", "choice", choices=WORDS.choices["utility_account"]),
]
HEAD: list[Cell] = [
    "单位编码", "单位名称", "单位类型", "建筑面积（万㎡）", "用能人数（人）", "用能品种", "成立日期", "建成年份",
    "比例", "独立户头",
]  # fmt: skip


def records(*rows: list[Cell]) -> RecordTable:
    return read_records(Grid("单位", [HEAD, *rows]), WORDS, FIELDS)


def test_cells_become_typed_values() -> None:
    table = records([1001.0, "第一小学", "教育", "1.25", "1,200人", "电、水，天然气", "1958年", 1999.0, "40%", "有"])
    assert table.records == [
        {
            "code": "1001",
            "name": "第一小学",
            "kind": "021",
            "area_m2": D("12500"),
            "persons": 1200,
            "carriers": ("electricity", "water", "natural_gas"),
            "established_on": dt.date(1958, 1, 1),
            "year_built": 1999,
            "share": D("0.4"),
            "utility_account": "own",
        }
    ]
    assert table.problem(0, "kind", Fault("x")).place == "C2"


@pytest.mark.parametrize(
    ("at", "cell", "code"),
    [
        (0, "", "missing_value"),
        (0, "x" * 30, "too_long"),
        (2, "工厂", "not_a_choice"),
        (3, -1.0, "too_small"),
        (3, "5亩", "unknown_unit_in_cell"),
        (4, 1.5, "not_a_whole_number"),
        (4, 1e6, "too_big"),
        (5, "电，氢", "not_a_choice"),
        (6, "很久以前", "not_a_date"),
        (6, "2023-02-30", "no_such_day"),
        (7, "近年", "not_a_year"),
        (8, 40.0, "share_out_of_range"),
        (9, "也许", "not_a_choice"),
    ],
)
def test_faulty_cells_are_placed(at: int, cell: Cell, code: str) -> None:
    row: list[Cell] = ["1", "甲", "教育", 1.0, 5.0, "电", "", "", "", ""]
    row[at] = cell
    table = records(row, ["2", "乙", *[""] * 8])
    assert [(p.row, p.letter, p.code) for p in table.problems] == [(2, "ABCDEFGHIJ"[at], code)]
    assert table.rows == [3]


def test_a_wrong_choice_shows_the_allowed_words() -> None:
    table = records(["1", "甲", "工厂", *[""] * 7])
    assert table.problems[0].allowed == ("国家机关", "教育")


def test_required_columns_are_named() -> None:
    table = read_records(Grid("s", [["单位名称", "单位类型"], ["甲", "教育"]]), WORDS, FIELDS)
    assert [(p.code, p.column) for p in table.problems] == [("missing_column", "code")]


def test_booleans() -> None:
    words_row: list[Cell] = ["甲", True]
    fields = [Field("name", required=True), Field("share", "boolean")]
    table = read_records(Grid("s", [["名称", "比例"], words_row, ["乙", "否"], ["丙", "?"]]), WORDS, fields)
    assert [record["share"] for record in table.records] == [True, False]
    assert [problem.code for problem in table.problems] == ["not_yes_or_no"]
