"""Hours, days, months from intervals: the sum of what is known, and beside it how much of the time that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.codes import Method, Quality
from nengtan.domain.metering.intervals import Intervals
from nengtan.domain.metering.readings import Floats, Ints
from nengtan.domain.metering.rules import HOUR, SECOND

__all__ = ["Statistics", "add_up", "days", "hours", "months", "roll_up"]

DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Statistics:
    """Consumption by register and period; columns of one length.

    ``register``; ``period``: its number (see `hours`, `days`, `months`); ``value``: the sum of what is known, NaN if
    nothing is; ``good``, ``estimated``, ``missing``: shares of the length of the period, which add up to 1 (what is
    suspect is not good: it counts as estimated); ``quality``: the worst (`Quality`; partial, if some is missing).
    """

    register: Ints
    period: Ints
    value: Floats
    good: Floats
    estimated: Floats
    missing: Floats
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.period)


def hours(time: Ints, offset: int) -> tuple[Ints, Ints]:
    """For each time the number of its local hour since 1970, and how long an hour is [µs].

    ``offset``: what local time is ahead of UTC [µs], a whole number of intervals.

    >>> hours(np.array([HOUR - 1, HOUR]), 8 * HOUR)[0].tolist()
    [8, 9]
    """
    number = (time + offset) // HOUR
    return number, np.full(len(time), HOUR)


def days(time: Ints, offset: int) -> tuple[Ints, Ints]:
    """For each time the number of its local day since 1970, and how long a day is [µs].

    >>> days(np.array([16 * HOUR - 1, 16 * HOUR]), 8 * HOUR)[0].tolist()
    [0, 1]
    """
    number = (time + offset) // DAY
    return number, np.full(len(time), DAY)


def months(time: Ints, offset: int) -> tuple[Ints, Ints]:
    """For each time its local month as yyyymm, and how long that month is [µs].

    >>> number, length = months(np.array([0, 31 * DAY]), 0)
    >>> number.tolist(), (length // DAY).tolist()
    ([197001, 197002], [31, 28])
    """
    local = (time + offset) // SECOND
    month = local.view("datetime64[s]").astype("datetime64[M]")
    number = month.astype(np.int64)
    length = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64) * DAY
    return (1970 + number // 12) * 100 + number % 12 + 1, length


def roll_up(intervals: Intervals, period: Ints, length: Ints) -> Statistics:
    """Add intervals up by register and period.

    Parameters: ``period``, ``length``: for each interval the number of its period and how long that is [µs], as
    `hours`, `days` and `months` give them.

    >>> quarter = HOUR // 4
    >>> half = Intervals(
    ...     np.zeros(2, np.int64), np.array([0, quarter]), np.array([1.5, np.nan]), np.array([1.0, 0.0]),
    ...     np.array([Quality.GOOD, Quality.MISSING], np.uint8), np.array([Method.MEASURED, Method.RESET], np.uint8),
    ...     quarter,
    ... )
    >>> told = roll_up(half, *hours(half.start, 0))
    >>> told.value.tolist(), told.good.tolist(), told.missing.tolist(), Quality(told.quality[0]).name
    ([1.5], [0.25], [0.75], 'PARTIAL')
    """
    register, value = intervals.register, intervals.value
    opens = np.ones(len(period), np.bool_)
    opens[1:] = (period[1:] != period[:-1]) | (register[1:] != register[:-1])
    starts = np.flatnonzero(opens)
    if not len(starts):
        none, no_share = np.zeros(0, np.int64), np.zeros(0)
        return Statistics(none, none, no_share, no_share, no_share, no_share, np.zeros(0, np.uint8))
    unknown = np.isnan(value)
    total = np.add.reduceat(np.where(unknown, 0.0, value), starts)
    nothing = np.logical_and.reduceat(unknown, starts)
    total[nothing] = np.nan
    whole = length[starts]
    covered = intervals.known * intervals.length
    sure = (intervals.quality == Quality.GOOD) | (
        (intervals.quality == Quality.PARTIAL) & (intervals.method <= Method.EVENT)
    )
    good = np.add.reduceat(np.where(sure, covered, 0.0), starts) / whole
    known = np.minimum(np.add.reduceat(covered, starts) / whole, 1.0)
    partial = ~nothing & (np.add.reduceat(np.rint(covered), starts) < whole)
    quality = np.maximum.reduceat(np.where(unknown, np.uint8(0), intervals.quality), starts)
    quality[partial] = Quality.PARTIAL
    quality[nothing] = Quality.MISSING
    estimated = np.maximum(known - good, 0.0)
    missing = np.maximum(1 - good - estimated, 0.0)
    return Statistics(register[starts], period[starts], total, good, estimated, missing, quality)


def add_up(parts: Statistics, lengths: Ints, period: Ints, length: Ints) -> Statistics:
    """Add statistics up to longer periods, days to months; a part that is not there is missing.

    Parameters: for each part its own length [µs], the number of the longer period, and how long that is [µs].

    >>> shares = np.array([1.0, 0.5]), np.zeros(2), np.array([0.0, 0.5])
    >>> quality = np.array([Quality.GOOD, Quality.PARTIAL], np.uint8)
    >>> two = Statistics(np.zeros(2, np.int64), np.array([0, 1]), np.array([1.5, 2.0]), *shares, quality)
    >>> told = add_up(two, np.full(2, DAY), np.zeros(2, np.int64), np.full(2, 4 * DAY))
    >>> told.value.tolist(), told.good.tolist(), told.missing.tolist(), Quality(told.quality[0]).name
    ([3.5], [0.375], [0.625], 'PARTIAL')
    """
    if not len(parts):
        return parts
    opens = np.ones(len(period), np.bool_)
    opens[1:] = (period[1:] != period[:-1]) | (parts.register[1:] != parts.register[:-1])
    starts = np.flatnonzero(opens)
    unknown, whole = np.isnan(parts.value), length[starts]
    total = np.add.reduceat(np.where(unknown, 0.0, parts.value), starts)
    nothing = np.logical_and.reduceat(unknown, starts)
    total[nothing] = np.nan
    good = np.add.reduceat(parts.good * lengths, starts) / whole
    estimated = np.add.reduceat(parts.estimated * lengths, starts) / whole
    missing = np.maximum(1 - good - estimated, 0.0)
    quality = np.maximum.reduceat(np.where(unknown, np.uint8(0), parts.quality), starts)
    quality[~nothing & (np.rint(missing * whole) > 0)] = Quality.PARTIAL
    quality[nothing] = Quality.MISSING
    return Statistics(parts.register[starts], period[starts], total, good, estimated, missing, quality)
