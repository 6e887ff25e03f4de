"""Months as yyyymm."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain import periods

months = st.builds(lambda y, m: y * 100 + m, st.integers(1950, 2199), st.integers(1, 12))


@pytest.mark.parametrize(
    "text", ["2023-07", "2023-7", "202307", "2023/7", "2023.07", "2023年7月", "２０２３年０７月", " 2023-07 "]
)
def test_spellings(text: str) -> None:
    assert periods.parse(text) == 202307


@pytest.mark.parametrize(
    "text", ["", "2023", "2023-13", "2023-00", "202300", "0023-01", "2023-07-01", "July 2023", "20230701"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(periods.PeriodError) as refused:
        periods.parse(text)
    assert refused.value.found == text


@given(period=months)
def test_a_label_reads_back(period: int) -> None:
    assert periods.parse(periods.label(period)) == period
    assert periods.parse(period) == period


@given(period=months, step=st.integers(-600, 600))
def test_shifting_there_and_back(period: int, step: int) -> None:
    assert periods.shift(periods.shift(period, step), -step) == period


@given(period=months)
def test_first_and_last_day_hold_the_month(period: int) -> None:
    first, last = periods.first_day(period), periods.last_day(period)
    assert periods.of_date(first) == periods.of_date(last) == period
    assert periods.of_date(last + timedelta(days=1)) == periods.shift(period, 1)
    assert (periods.year(period), periods.month(period)) == (first.year, first.month)


@given(first=months, count=st.integers(0, 40))
def test_months_between_are_counted_through(first: int, count: int) -> None:
    run = periods.months_between(first, periods.shift(first, count))
    assert len(run) == count + 1
    assert list(run) == sorted(set(run))


def test_backwards_is_empty_and_a_year_is_twelve() -> None:
    assert periods.months_between(202302, 202301) == ()
    assert periods.months_of_year(2023) == periods.months_between(202301, 202312)
    assert periods.last_day(202302) == date(2023, 2, 28)
