"""Statistical months as integers yyyymm (202307); a year is a plain integer."""

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

__all__ = [
    "PeriodError",
    "first_day",
    "label",
    "last_before",
    "last_day",
    "month",
    "months_between",
    "months_of_year",
    "of_date",
    "parse",
    "shift",
    "year",
]

_WRITTEN = re.compile(r"(\d{4})[-/.\u5e74]?(\d{1,2})\u6708?")  # with or without the characters for year and month
_FIRST_YEAR, _LAST_YEAR = 1949, 2199


class PeriodError(ValueError):
    """The text is not a month; ``found`` keeps it."""

    def __init__(self, found: object) -> None:
        self.found = found
        super().__init__(f"{found!r} is not a month; allowed: 2023-07, 202307, 2023/7")


def parse(value: int | str) -> int:
    """Read a month in one of its plain spellings.

    >>> parse("2023-07"), parse("2023年7月"), parse(202307)
    (202307, 202307, 202307)
    >>> parse("2023-13")
    Traceback (most recent call last):
    nengtan.domain.periods.PeriodError: '2023-13' is not a month; allowed: 2023-07, 202307, 2023/7
    """
    written = _WRITTEN.fullmatch(unicodedata.normalize("NFKC", str(value)).strip())
    if written is None:
        raise PeriodError(value)
    in_year, number = int(written[1]), int(written[2])
    if not (_FIRST_YEAR <= in_year <= _LAST_YEAR and 1 <= number <= 12):
        raise PeriodError(value)
    return in_year * 100 + number


def year(period: int) -> int:
    """The calendar year of a month.

    >>> year(202307)
    2023
    """
    return period // 100


def month(period: int) -> int:
    """The number of a month in its year, 1 to 12.

    >>> month(202307)
    7
    """
    return period % 100


def of_date(day: date) -> int:
    """The month a day lies in.

    >>> of_date(date(2023, 7, 31))
    202307
    """
    return day.year * 100 + day.month


def months_of_year(of_year: int) -> tuple[int, ...]:
    """The twelve months of a year.

    >>> months_of_year(2023)[0], months_of_year(2023)[-1]
    (202301, 202312)
    """
    return tuple(of_year * 100 + number for number in range(1, 13))


def shift(period: int, months: int) -> int:
    """The month so many months later (earlier when negative).

    >>> shift(202301, -1), shift(202311, 3)
    (202212, 202402)
    """
    count = year(period) * 12 + month(period) - 1 + months
    return count // 12 * 100 + count % 12 + 1


def months_between(first: int, last: int) -> tuple[int, ...]:
    """All months from first to last, both included; empty when last comes before first.

    >>> months_between(202311, 202402)
    (202311, 202312, 202401, 202402)
    """
    count = (year(last) - year(first)) * 12 + month(last) - month(first) + 1
    return tuple(shift(first, step) for step in range(count))


def last_before(day: date) -> int:
    """The last month with a day before this one: the last of a body closed on that day.

    >>> last_before(date(2023, 6, 30)), last_before(date(2024, 2, 1))
    (202306, 202401)
    """
    return of_date(day - timedelta(days=1))


def first_day(period: int) -> date:
    """The first day of a month.

    >>> first_day(202402)
    datetime.date(2024, 2, 1)
    """
    return date(year(period), month(period), 1)


@lru_cache(maxsize=4096)
def last_day(period: int) -> date:
    """The last day of a month, on which an attribute is read for the whole of it.

    >>> last_day(202402)
    datetime.date(2024, 2, 29)
    """
    return date(year(period), month(period), monthrange(year(period), month(period))[1])


def label(period: int) -> str:
    """The month as people of any language read it.

    >>> label(202307)
    '2023-07'
    """
    return f"{year(period):04d}-{month(period):02d}"
