"""Periods: what they cover, what comes before, what makes them up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.returns.slots import Kind, Slot, SlotError, annual, month, parse, quarter
from nengtan.reference.scheme import form_words

years = st.integers(1950, 2198)
slots = st.one_of(
    st.builds(annual, years),
    st.builds(quarter, years, st.integers(1, 4)),
    st.builds(month, years, st.integers(1, 12)),
)


def test_the_fourth_quarter_stands_in_the_slot_of_december_and_covers_three_months() -> None:
    held = quarter(2025, 4)
    assert (held.number, held.period_id, held.months) == (12, 202512, (202510, 202511, 202512))
    assert held != month(2025, 12)


def test_a_year_is_slot_zero() -> None:
    assert (annual(2025).period_id, len(annual(2025).months)) == (202500, 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-00", annual(2025)),
        ("202507", month(2025, 7)),
        ("2025-12", month(2025, 12)),
        ("2025-12Q", quarter(2025, 4)),
        (" 2025-q1 ", quarter(2025, 1)),
        ("2025/3", month(2025, 3)),
        ("2025/12", month(2025, 12)),
        ("2025-03-01", month(2025, 3)),
        ("2025/3/1", month(2025, 3)),
        ("2025年3月", month(2025, 3)),
        ("2025年03月份", month(2025, 3)),
        ("２０２５年 12 月", month(2025, 12)),
        ("2025年第一季度", quarter(2025, 1)),
        ("2025年一季度", quarter(2025, 1)),
        ("2025年第4季度", quarter(2025, 4)),
        ("2025年4季度", quarter(2025, 4)),
        ("2025年Q2", quarter(2025, 2)),
        ("2025年", annual(2025)),
        ("2025年度", annual(2025)),
        ("2025全年", annual(2025)),
        ("2025年全年", annual(2025)),
    ],
)
def test_reading(text: str, expected: Slot) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025",
        "2025-13",
        "2025-02Q",
        "2025-Q5",
        "1025-00",
        "25-01",
        "2025-1",
        "2025.1",
        "2025/0",
        "2025/13",
        "2025-03-02",
        "2025年13月",
        "2025年第五季度",
        "2025年上半年",
        "25年3月",
    ],
)
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(SlotError) as refused:
        parse(text)
    assert refused.value.found == text


@pytest.mark.parametrize(("number", "kind"), [(0, Kind.MONTH), (13, Kind.MONTH), (4, Kind.QUARTER), (12, Kind.ANNUAL)])
def test_a_slot_fits_its_kind(number: int, kind: Kind) -> None:
    with pytest.raises(SlotError):
        Slot(2025, number, kind)


@given(slots)
def test_written_and_read_again(slot: Slot) -> None:
    assert parse(str(slot)) == slot
    words = form_words()
    number = slot.number // 3 if slot.kind is Kind.QUARTER else slot.number
    printed = words[{Kind.ANNUAL: "year"}.get(slot.kind, str(slot.kind))]
    assert parse(printed.format(year=slot.year, month=number, quarter=number)) == slot, "as forms print it"


@given(slots)
def test_the_previous_period_ends_where_this_one_begins(slot: Slot) -> None:
    before = slot.previous
    assert before.kind is slot.kind
    last, first = before.months[-1], slot.months[0]
    assert (first // 100 * 12 + first % 100) - (last // 100 * 12 + last % 100) == 1


@given(slots, st.sampled_from(Kind))
def test_parts_cover_the_period_once(slot: Slot, kind: Kind) -> None:
    parts = slot.parts(kind)
    assert not parts or tuple(at for part in parts for at in part.months) == slot.months


@given(slots)
def test_a_sequence_runs_from_the_start_of_the_year_to_here(slot: Slot) -> None:
    assert slot.sequence[-1] == slot
    assert slot.sequence[0].months[0] == slot.year * 100 + 1
    assert all(later.previous == earlier for earlier, later in zip(slot.sequence, slot.sequence[1:], strict=False))
