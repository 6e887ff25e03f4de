"""Numbers and months: every form people type, and what comes back is what went in."""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.sheets.cells import BadCell, Cell, column_letter
from nengtan.domain.sheets.dates import find_year, parse_date, parse_period, parse_year
from nengtan.domain.sheets.numbers import Parsed, from_float, parse_number
from nengtan.domain.sheets.problems import Fault

from .cast import WORDS

FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789.,-+()%"}
amounts = st.decimals(min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=4)


def value(cell: Cell) -> Decimal | None:
    parsed = parse_number(cell, WORDS)
    assert isinstance(parsed, Parsed), parsed
    return parsed.value


@given(amounts)
def test_what_is_written_is_read_back(amount: Decimal) -> None:
    for text in (f"{amount:f}", f"{amount:,f}", f" {amount:f} ", f"￥{amount:,f}", f"{amount:,f}元"):
        assert value(text) == amount
        assert value(text.translate(FULL_WIDTH)) == amount


@given(st.floats(min_value=-1e14, max_value=1e14).map(lambda number: float(f"{number:.15g}")))
def test_spreadsheet_numbers_have_no_binary_noise(number: float) -> None:
    assert float(from_float(number)) == number
    assert len(from_float(number).as_tuple().digits) <= 16


@given(st.text(max_size=12))
def test_any_text_is_a_number_a_blank_or_a_fault(text: str) -> None:
    assert isinstance(parse_number(text, WORDS), (Parsed, Fault))
    assert isinstance(parse_period(text, WORDS, 2023), (int, Fault, type(None)))
    assert isinstance(parse_date(text, WORDS), (dt.date, Fault, type(None)))
    assert isinstance(parse_year(text, WORDS), (int, Fault, type(None)))


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("3.5万kWh", "3.5", "10MWh"),
        ("3.5万", "35000", None),
        ("1.2亿", "120000000", None),
        ("2万元", "2", "10kCNY"),
        ("12度", "12", "kWh"),
        ("1 234,5", None, None),
        ("5 m³", "5", "m3"),
        ("1.2E+05", "120000", None),
        ("12-", "-12", None),
        ("（1,234.5）", "-1234.5", None),
        ("'12", "12", None),
        (".5", "0.5", None),
        ("５²", None, None),
        ("1.234.567,89", None, None),
        ("1,5", None, None),
        ("12 34", None, None),
        ("$5", None, None),
        ("1/2", None, None),
        ("５０％", "0.5", None),
    ],
)
def test_forms_of_numbers(text: str, number: str | None, unit: str | None) -> None:
    parsed = parse_number(text, WORDS)
    if number is None:
        assert isinstance(parsed, Fault)
    else:
        assert isinstance(parsed, Parsed)
        assert (parsed.value, parsed.unit) == (Decimal(number), unit)


@pytest.mark.parametrize("blank", ["", None, " ", "-", "—", "——", "/", "无", "N/A", "n/a", "－", "　"])
def test_blanks_are_unknown_not_zero(blank: Cell) -> None:
    assert value(blank) is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (True, "boolean_not_number"),
        (dt.date(2023, 1, 1), "date_not_number"),
        (float("nan"), "not_a_number"),
        ("#REF!", "error_cell"),
        ("=A1", "formula_text"),
        (BadCell("formula_uncached", "=A1"), "formula_uncached"),
        ("1e999", "not_a_number"),
    ],
)
def test_cells_that_are_no_numbers(cell: Cell, code: str) -> None:
    found = parse_number(cell, WORDS)
    assert isinstance(found, Fault)
    assert found.code == code


MONTH_FORMS = (
    "{y}年{m}月", "{y}年{m:02d}月", "{y}/{m}", "{y}-{m:02d}", "{y}{m:02d}", "{y}.{m:02d}", "{y}.{m}",
    "{y}年{m}月份", "{y}-{m:02d}-01", "{y}/{m}/1", "{y}年{m}月1日", "{y}-{m:02d}-01 00:00:00", "{m}/{y}",
    "{y} 年 {m} 月",
)  # fmt: skip


@given(st.integers(1990, 2100), st.integers(1, 12), st.sampled_from(MONTH_FORMS))
def test_months_come_back_from_every_form(year: int, month: int, form: str) -> None:
    text = form.format(y=year, m=month)
    assert parse_period(text, WORDS) == year * 100 + month
    assert parse_period(text.translate(FULL_WIDTH), WORDS) == year * 100 + month


@given(st.integers(1990, 2100), st.integers(1, 12))
def test_months_come_back_from_numbers_and_dates(year: int, month: int) -> None:
    period = year * 100 + month
    serial = (dt.date(year, month, 15) - dt.date(1899, 12, 30)).days
    cells: list[Cell] = [
        float(period),
        period,
        float(serial),
        serial + 0.5,
        dt.date(year, month, 2),
        dt.datetime(year, month, 2),  # noqa: DTZ001 - cells of a workbook have no zone
    ]
    assert {parse_period(cell, WORDS) for cell in cells} == {period}
    assert parse_period(f"{month}月", WORDS, year) == period
    assert parse_period(float(month), WORDS, year) == period
    assert parse_period(f"{calendar.month_abbr[month]} {year}", WORDS) == period
    assert parse_period(f"{calendar.month_name[month]}-{year % 100:02d}", WORDS) in (
        period,
        200000 + year % 100 * 100 + month,
    )


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2023年第3季度", "quarter_not_month"),
        ("三季度", "quarter_not_month"),
        ("2023Q1", "quarter_not_month"),
        ("2023年上半年", "half_year_not_month"),
        ("2023年", "year_not_month"),
        ("2023", "year_not_month"),
        (2023.0, "year_not_month"),
        ("2023年1-3月", "range_not_month"),
        ("2023.01-2023.03", "range_not_month"),
        ("1月至3月", "range_not_month"),
        ("202301~202303", "range_not_month"),
        ("2023年13月", "no_such_month"),
        ("2023-00", "no_such_month"),
        (202313.0, "no_such_month"),
        ("2023-02-30", "no_such_day"),
        ("3月", "year_missing"),
        (3.0, "year_missing"),
        (2023.1, "month_or_october"),
        ("1889-01", "year_out_of_range"),
        ("去年", "not_a_month"),
        (True, "not_a_month"),
        (1.5, "not_a_month"),
        (BadCell("error_cell", "#N/A"), "error_cell"),
    ],
)
def test_cells_that_are_no_single_month(cell: Cell, code: str) -> None:
    found = parse_period(cell, WORDS)
    assert isinstance(found, Fault), found
    assert found.code == code


def test_decimal_months_are_taken_where_only_one_reading_exists() -> None:
    assert [parse_period(cell, WORDS) for cell in (2023.01, 2023.11, 2023.2)] == [202301, 202311, 202302]


def test_years_in_titles() -> None:
    assert find_year("2023年度能耗", WORDS) == 2023
    assert find_year("2022-2023学年", WORDS) is None
    assert find_year("第2023001号", WORDS) is None


@given(st.integers(0, 20000))
def test_column_letters_count_like_a_spreadsheet(index: int) -> None:
    number = 0
    for letter in column_letter(index):
        number = number * 26 + ord(letter) - 64
    assert number == index + 1
