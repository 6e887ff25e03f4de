"""Values that hold from a date: floor area, headcount, a name. A month takes what is in force on its last day."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Generic, TypeVar

from nengtan.domain import periods
from nengtan.domain.exact import ratio, total

__all__ = ["SINCE_ALWAYS", "Series", "series", "year_mean"]

SINCE_ALWAYS: Final = date(1949, 10, 1)
"""Stands for the beginning of what has always held, or since nobody knows when; people read it in words."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Series(Generic[T]):
    """Values by the day they begin to hold, in order of that day; a value None ends what held before."""

    days: tuple[date, ...]
    values: tuple[T | None, ...]

    def value_on(self, day: date) -> T | None:
        """What holds on a day; None before the first entry."""
        position = bisect_right(self.days, day)
        return self.values[position - 1] if position else None

    def month_value(self, period: int) -> T | None:
        """What holds on the last day of a month."""
        return self.value_on(periods.last_day(period))


def series(entries: Iterable[tuple[date, T | None]]) -> Series[T]:
    """Put dated entries in order; of two for one day the later given wins.

    >>> area = series([(date(2023, 7, 15), Decimal(2400)), (date(2020, 1, 1), Decimal(2000))])
    >>> area.value_on(date(2023, 7, 14)), area.month_value(202307)
    (Decimal('2000'), Decimal('2400'))
    >>> area.value_on(date(2019, 12, 31)) is None
    True
    """
    ordered = sorted(dict(entries).items())
    return Series(tuple(day for day, _ in ordered), tuple(value for _, value in ordered))


def year_mean(values: Series[Decimal], year: int, months: Iterable[int] | None = None) -> Decimal | None:
    """The mean of a year's month values over the active months (all twelve unless told), leaving out those without one.

    >>> area = series([(date(2020, 1, 1), Decimal(2000)), (date(2023, 7, 1), Decimal(2400))])
    >>> year_mean(area, 2023)
    Decimal('2200')
    >>> year_mean(area, 2023, months=[202311, 202312])
    Decimal('2400')
    >>> year_mean(area, 2019) is None
    True
    """
    active = periods.months_of_year(year) if months is None else months
    known = [value for value in map(values.month_value, active) if value is not None]
    return ratio(total(known), Decimal(len(known)))
