"""What kind of day it is: workday, day of rest, statutory holiday (法定节假日), or a kind somebody has named.

Days of rest worked in exchange for a holiday (调休) are workdays. The days of the State Council's notices come with
`chinesecalendar`; of years it does not know weekends are days of rest, and that is said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import chinese_calendar
import numpy as np
from numpy.typing import NDArray

__all__ = ["CALENDARS", "HOLIDAY", "REST", "WORKDAY", "Calendar", "calendar_of"]

WORKDAY, REST, HOLIDAY = 0, 1, 2
FIRST_NAMED = 3
CALENDARS = ("cn", "week")
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Kinds of some days: ``kinds`` has a number a day, ``names`` the name of each number.

    ``unknown``: years of which no holidays are known.
    """

    kinds: Mapping[int, int]
    names: tuple[str, ...]
    unknown: tuple[int, ...]

    @property
    def coarser(self) -> list[dict[int, int]]:
        """Kinds that go together when fewer are told apart, in all ways that are tried.

        Holidays with days of rest or not; days of rest that were named with them, or with those of their name.
        """
        named = {at + 1: at for at in range(FIRST_NAMED, len(self.names), 2)}
        resting = [dict.fromkeys(named, REST), named] if named else [{}]
        return [{HOLIDAY: REST, **one} for one in resting] + (resting if named else [])

    def of(self, days: NDArray[np.int64]) -> NDArray[np.int64]:
        """The kinds of days."""
        return np.array([self.kinds[day] for day in days.tolist()], dtype=np.int64)


def calendar_of(days: Sequence[int], name: str, named: Mapping[int, str]) -> Calendar:
    """The kinds of ``days`` [since 1970-01-01] by the calendar of China (``cn``) or of the week alone (``week``).

    ``named`` days have the kind they are called, one of those known (workday, rest, holiday) or one of its own, which
    is two: days of rest of that name are told from the others.
    """
    names = ["workday", "rest", "holiday"]
    for kind in dict.fromkeys(named.values()):
        if kind not in names:
            names += [kind, f"{kind} (rest)"]
    kinds: dict[int, int] = {}
    unknown: set[int] = set()
    for day in days:
        date = _EPOCH + dt.timedelta(days=day)
        kinds[day], known = _chinese(date) if name == "cn" else (_weekly(date), True)
        if day in named:
            at = names.index(named[day])
            kinds[day] = at + (at >= FIRST_NAMED and kinds[day] != WORKDAY)
        elif not known:
            unknown.add(date.year)
    return Calendar(kinds, tuple(names), tuple(sorted(unknown)))


def _weekly(date: dt.date) -> int:
    return REST if date.weekday() >= 5 else WORKDAY


def _chinese(date: dt.date) -> tuple[int, bool]:
    try:
        off, holiday = chinese_calendar.get_holiday_detail(date)
    except NotImplementedError:
        return _weekly(date), False
    return (HOLIDAY if holiday else REST) if off else WORKDAY, True
