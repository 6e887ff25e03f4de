"""The usual course of a day by its type (日类型): how a gap is shared out when the days around it are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.codes import Quality
from nengtan.domain.metering.readings import Floats, Ints
from nengtan.domain.metering.rules import SECOND

if TYPE_CHECKING:
    from nengtan.domain.metering.intervals import Intervals

__all__ = ["DayTypes", "Shapes", "usual"]

DAY = 86400 * SECOND


@dataclass(frozen=True, slots=True)
class DayTypes:
    """The type of each local day (workday, weekend, holiday …) from ``first`` [day number since 1970] on.

    ``types``: 0 to ``kinds`` - 1, or -1 for a day like no other. ``offset``: what local time is ahead of UTC [µs].
    """

    first: int
    types: NDArray[np.int64]
    kinds: int
    offset: int

    def of(self, time: Ints) -> tuple[Ints, Ints]:
        """For each time the type of its day, -1 outside of what is known, and how long after midnight it is [µs]."""
        day, after = np.divmod(time + self.offset, DAY)
        place = day - self.first
        inside = (place >= 0) & (place < len(self.types))
        if not len(self.types):
            return np.full(len(time), -1), after
        kind: Ints = np.where(inside, self.types[np.clip(place, 0, len(self.types) - 1)], -1)
        return kind, after


@dataclass(frozen=True, slots=True)
class Shapes:
    """Mean consumption by register, type of day and interval of the day; NaN where too little was measured.

    ``mean``: registers x types of day x intervals of a day.
    """

    mean: Floats
    days: DayTypes
    interval: int

    def weight(self, register: Ints, slot: Ints) -> Floats:
        """What is usual in intervals of the grid (``slot``: interval number since 1970)."""
        kind, after = self.days.of(slot * self.interval)
        usual: Floats = self.mean[register, np.maximum(kind, 0), after // self.interval]
        return np.where(kind < 0, np.nan, usual)

    def part(self, first: int, last: int) -> Shapes:
        """Those of the registers from ``first`` up to, not with, ``last``."""
        return Shapes(self.mean[first:last], self.days, self.interval)


def usual(intervals: Intervals, days: DayTypes, registers: int, least: int = 3) -> Shapes:
    """What is usual at each time of each type of day, over intervals that were measured well.

    Fewer than ``least`` days [ours] make nothing usual.
    """
    slots = DAY // intervals.length
    kind, after = days.of(intervals.start)
    counts = (intervals.quality == Quality.GOOD) & (kind >= 0)
    place = ((intervals.register * days.kinds + kind) * slots + after // intervals.length)[counts]
    size = registers * days.kinds * slots
    number = np.bincount(place, minlength=size)
    total = np.bincount(place, weights=intervals.value[counts], minlength=size)
    mean = np.where(number >= least, total / np.maximum(number, 1), np.nan)
    return Shapes(mean.reshape(registers, days.kinds, slots), days, intervals.length)
