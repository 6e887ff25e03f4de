"""Values that hold from a date."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.overtime import series, year_mean
from nengtan.domain.periods import last_day, months_of_year

days = st.dates(min_value=date(2000, 1, 1), max_value=date(2035, 12, 31))
values = st.none() | st.decimals(min_value=0, max_value=1000000, places=2)
entries = st.lists(st.tuples(days, values), max_size=8, unique_by=lambda entry: entry[0])
area = series([(date(2020, 1, 1), Decimal(2000)), (date(2023, 7, 15), Decimal(2400)), (date(2024, 1, 1), None)])


def test_a_value_holds_from_its_day_until_the_next() -> None:
    assert area.value_on(date(2019, 12, 31)) is None
    assert area.value_on(date(2020, 1, 1)) == 2000
    assert area.value_on(date(2023, 7, 14)) == 2000
    assert area.value_on(date(2023, 7, 15)) == 2400
    assert area.value_on(date(2024, 5, 1)) is None


def test_a_month_takes_what_holds_on_its_last_day() -> None:
    assert [area.month_value(month) for month in (202306, 202307, 202312, 202401)] == [2000, 2400, 2400, None]


def test_a_year_is_the_mean_of_its_active_months() -> None:
    assert year_mean(area, 2023) == Decimal(2200)
    assert year_mean(area, 2023, months=[202301, 202302]) == 2000
    assert year_mean(area, 2024) is None
    assert year_mean(area, 2023, months=[]) is None


def test_months_without_a_value_are_left_out_of_the_mean() -> None:
    opened = series([(date(2023, 10, 1), Decimal(900))])
    assert year_mean(opened, 2023) == 900


@given(held=entries, day=days)
def test_the_latest_entry_not_after_the_day_holds(held: list[tuple[date, Decimal | None]], day: date) -> None:
    earlier = [entry for entry in sorted(held) if entry[0] <= day] if held else []
    assert series(held).value_on(day) == (earlier[-1][1] if earlier else None)


@given(held=entries, year=st.integers(min_value=2000, max_value=2035))
def test_a_mean_lies_within_the_month_values(held: list[tuple[date, Decimal | None]], year: int) -> None:
    found = series(held)
    known = [v for v in (found.value_on(last_day(month)) for month in months_of_year(year)) if v is not None]
    mean = year_mean(found, year)
    assert (mean is None) == (not known)
    if mean is not None:
        assert min(known) - Decimal("1e-15") <= mean <= max(known) + Decimal("1e-15")


@given(held=entries, extra=days)
def test_a_later_entry_changes_no_earlier_day(held: list[tuple[date, Decimal | None]], extra: date) -> None:
    before = extra - timedelta(days=1)
    assert series([*held, (extra, Decimal(1))]).value_on(before) == series(held).value_on(before)
