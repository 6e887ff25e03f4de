"""Periods of returns (报告期): a year with a slot of two digits, as the national system keys them.

Slot 01-12 is a month; a quarter stands in the slot of its last month (03, 06, 09, 12), so that the fourth quarter is
entered in slot 12 and covers all three months; slot 00 is the year.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Kind", "Slot", "SlotError", "annual", "month", "parse", "quarter"]

_WRITTEN = re.compile(r"(\d{4})-?(?:(\d{2})(Q?)|Q([1-4]))")
_MONTH = re.compile(r"(\d{4})(?:/(\d{1,2})|[-/](\d{1,2})[-/]0?1(?:T?00:00(?::00)?)?|\u5e74(\d{1,2})\u6708\u4efd?)")
"""2025/3, the first day a spreadsheet made of it, and year and month with their words (nian, yue, yuefen)."""
_QUARTER = re.compile(r"(\d{4})\u5e74?(?:\u7b2c?([1-4\u4e00\u4e8c\u4e09\u56db])\u5b63\u5ea6?|Q([1-4]))")
"""Year, ordinal in digits or in words, and quarter (jidu), with and without the sign of ordinals (di)."""
_YEAR = re.compile(r"(\d{4})(?:\u5e74\u5ea6?|\u5e74?\u5168\u5e74)")
"""Year (nian, niandu), or the whole of it (quannian)."""
_ORDINALS = {word: number for number, word in enumerate("\u4e00\u4e8c\u4e09\u56db", 1)}
_FIRST_YEAR, _LAST_YEAR = 1949, 2199


class Kind(StrEnum):
    """How long a return covers."""

    MONTH = "month"
    QUARTER = "quarter"
    ANNUAL = "annual"


class SlotError(ValueError):
    """No such period; ``found`` keeps what was given."""

    def __init__(self, found: object) -> None:
        self.found = found
        super().__init__(f"{found!r} is not a period; allowed: 2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)")


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One period of one kind; two kinds may stand in one slot of a year (a month and a quarter)."""

    year: int
    number: int
    kind: Kind

    def __post_init__(self) -> None:
        allowed = {Kind.ANNUAL: {0}, Kind.QUARTER: {3, 6, 9, 12}, Kind.MONTH: set(range(1, 13))}[self.kind]
        if not (_FIRST_YEAR <= self.year <= _LAST_YEAR and self.number in allowed):
            raise SlotError((self.year, self.number, str(self.kind)))

    @property
    def period_id(self) -> int:
        """The key of the national system: year and two digits.

        >>> annual(2025).period_id, quarter(2025, 4).period_id
        (202500, 202512)
        """
        return self.year * 100 + self.number

    @property
    def months(self) -> tuple[int, ...]:
        """The months covered, as yyyymm.

        >>> quarter(2025, 4).months
        (202510, 202511, 202512)
        """
        last = self.number or 12
        count = {Kind.ANNUAL: 12, Kind.QUARTER: 3, Kind.MONTH: 1}[self.kind]
        return tuple(self.year * 100 + number for number in range(last - count + 1, last + 1))

    @property
    def last_year(self) -> Slot:
        """The same period of the year before, for 同比."""
        return Slot(self.year - 1, self.number, self.kind)

    @property
    def previous(self) -> Slot:
        """The period just before, for 环比.

        >>> str(month(2025, 1).previous), str(quarter(2025, 1).previous), str(annual(2025).previous)
        ('2024-12', '2024-Q4', '2024-00')
        """
        if self.kind is Kind.ANNUAL:
            return self.last_year
        step = 3 if self.kind is Kind.QUARTER else 1
        return (
            Slot(self.year - 1, 12, self.kind)
            if self.number == step
            else Slot(self.year, self.number - step, self.kind)
        )

    @property
    def sequence(self) -> tuple[Slot, ...]:
        """Every period of this kind from the start of the year up to this one, which must all be there (L14).

        >>> [str(slot) for slot in quarter(2025, 2).sequence]
        ['2025-Q1', '2025-Q2']
        """
        if self.kind is Kind.ANNUAL:
            return (self,)
        step = 3 if self.kind is Kind.QUARTER else 1
        return tuple(Slot(self.year, number, self.kind) for number in range(step, self.number + 1, step))

    def parts(self, kind: Kind) -> tuple[Slot, ...]:
        """The shorter periods of a kind that make this one up; empty when they do not.

        >>> [str(slot) for slot in annual(2025).parts(Kind.QUARTER)]
        ['2025-Q1', '2025-Q2', '2025-Q3', '2025-Q4']
        >>> month(2025, 3).parts(Kind.QUARTER)
        ()
        """
        step = {Kind.MONTH: 1, Kind.QUARTER: 3, Kind.ANNUAL: 12}[kind]
        if step >= len(self.months):
            return ()
        ends = [yyyymm % 100 for yyyymm in self.months][step - 1 :: step]
        return tuple(Slot(self.year, end, kind) for end in ends)

    def __str__(self) -> str:
        if self.kind is Kind.QUARTER:
            return f"{self.year}-Q{self.number // 3}"
        return f"{self.year}-{self.number:02d}"


def annual(year: int) -> Slot:
    """The year.

    >>> str(annual(2025))
    '2025-00'
    """
    return Slot(year, 0, Kind.ANNUAL)


def quarter(year: int, number: int) -> Slot:
    """A quarter, 1 to 4.

    >>> quarter(2025, 4)
    Slot(year=2025, number=12, kind=<Kind.QUARTER: 'quarter'>)
    """
    return Slot(year, number * 3, Kind.QUARTER)


def month(year: int, number: int) -> Slot:
    """A month, 1 to 12.

    >>> str(month(2025, 7))
    '2025-07'
    """
    return Slot(year, number, Kind.MONTH)


def parse(text: str) -> Slot:
    """Read a period: 2025-00, 202500, 2025-Q4, 2025-12Q (the slot of a quarter), 2025-07, or as people write it.

    A bare year is none, for beside it a month may stand in a column of its own; nor is 2025.1, which a spreadsheet
    makes of 2025.10.

    >>> parse("2025-12Q") == parse("2025Q4") == quarter(2025, 4), parse("202500") == annual(2025)
    (True, True)
    >>> parse("2025-13")
    Traceback (most recent call last):
    nengtan.domain.returns.slots.SlotError: '2025-13' is not a period; ...
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    written = _WRITTEN.fullmatch(plain)
    try:
        if written is None:
            return _as_people_write(plain)
        year, number, is_quarter, ordinal = int(written[1]), int(written[2] or 0), bool(written[3]), written[4]
        if ordinal:
            return quarter(year, int(ordinal))
        if is_quarter:
            return Slot(year, number, Kind.QUARTER)
        return month(year, number) if number else annual(year)
    except SlotError:
        raise SlotError(text) from None


def _as_people_write(plain: str) -> Slot:
    if found := _MONTH.fullmatch(plain):
        return month(int(found[1]), int(found[2] or found[3] or found[4]))
    if found := _QUARTER.fullmatch(plain):
        ordinal = found[2] or found[3]
        return quarter(int(found[1]), _ORDINALS.get(ordinal) or int(ordinal))
    if found := _YEAR.fullmatch(plain):
        return annual(int(found[1]))
    raise SlotError(plain)
