"""Moments as devices and people write them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.sheets.cells import BadCell
from nengtan.domain.sheets.problems import Fault
from nengtan.domain.sheets.times import parse_time
from nengtan.reference.words import sheet_words

CHINA = ZoneInfo("Asia/Shanghai")
QUARTER_PAST_EIGHT = 1_767_572_100_000_000  # 2026-01-05 08:15 in China


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T08:15:00+08:00",
        "2026-01-05T00:15:00Z",
        "2026-01-05 00:15:00.000 UTC",
        "2026-01-04T19:15:00-0500",
        "2026-01-05 08:15",
        " 2026/1/5  8:15:00 ",
        "2026.1.5 8:15",
        "２０２６－０１－０５　０８：１５",
        "2026年1月5日8时15分",
        "2026年1月5日 8点15分00秒",
        "20260105081500",
        "202601050815",
        "1767572100",
        "1767572100000",
        dt.datetime(2026, 1, 5, 8, 15),  # noqa: DTZ001 - a spreadsheet's
    ],
)
def test_one_moment_in_many_ways(text: str | dt.datetime) -> None:
    assert parse_time(text, sheet_words(), CHINA) == QUARTER_PAST_EIGHT


def test_days_begin_and_end() -> None:
    words = sheet_words()
    begin = parse_time("2026-01-05", words, CHINA)
    assert begin == parse_time("2026-01-04 24:00", words, CHINA) == parse_time(dt.date(2026, 1, 5), words, CHINA)
    assert begin == parse_time("2026年1月5日", words, CHINA)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing_value"),
        ("soon", "not_a_time"),
        ("12", "not_a_time"),
        ("2026-01", "not_a_time"),
        ("2026-02-30 08:00", "no_such_time"),
        ("2026-01-05 25:00", "no_such_time"),
        ("2026-01-05 24:01", "no_such_time"),
        ("0000-01-05 08:00", "no_such_time"),
        ("9999-12-31 24:00", "no_such_time"),
        ("2026-01-05 08:00+99:00", "no_such_time"),
        (BadCell("error_cell", "#REF!"), "error_cell"),
        (True, "not_a_time"),
    ],
)
def test_what_is_no_time_is_told(text: str, code: str) -> None:
    found = parse_time(text, sheet_words(), CHINA)
    assert isinstance(found, Fault)
    assert found.code == code


@given(
    text=st.one_of(st.text(max_size=30), st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9:.]{0,14}[+-]?[0-9]{0,4}"))
)
def test_any_text_is_a_time_or_a_fault(text: str) -> None:
    assert isinstance(parse_time(text, sheet_words(), CHINA), int | Fault)


@given(moment=st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2999, 1, 1)))  # noqa: DTZ001 - given its zone below
def test_what_is_written_is_read(moment: dt.datetime) -> None:
    told = moment.replace(tzinfo=dt.UTC)
    since = (told - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    assert parse_time(told.isoformat(), sheet_words(), CHINA) == since
