"""Days and hours out of what a file says: what is needed of a day before it counts (CalTRACK 2.0, 2.2.2 and 2.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY", "HOUR", "Series", "by_day", "by_hour", "once"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOUR = 3_600_000_000
"""Microseconds."""

DAY = 24 * HOUR

LEAST = 0.5
"""A day or an hour of which less is there is not known."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values of many columns at steps of time.

    ``at``: n, rising (days or hours since 1970-01-01, or moments); ``value``: columns x n, NaN where not known;
    ``repeated``: of each column how many moments were told more than once, and differently.
    """

    at: Ints
    value: Floats
    repeated: Ints

    def over(self, span: tuple[int, int]) -> Floats:
        """Columns x every step from the first to the last of ``span``, NaN where nothing is known.

        >>> held = Series(np.array([3, 5]), np.array([[1.5, 2.5]]), np.array([0]))
        >>> held.over((3, 6)).tolist()
        [[1.5, nan, 2.5, nan]]
        """
        whole = np.full((len(self.value), span[1] - span[0] + 1), np.nan)
        inside = (self.at >= span[0]) & (self.at <= span[1])
        whole[:, self.at[inside] - span[0]] = self.value[:, inside]
        return whole


def once(time: Ints, value: Floats) -> Series:
    """Moments in order, each told once; told twice and differently its value counts as not known.

    Parameters: ``time``: n, in any order; ``value``: columns x n.

    >>> once(np.array([7, 0, 0]), np.array([[7.0, 5.0, 6.0]])).value.tolist()
    [[nan, 7.0]]
    """
    order = np.argsort(time, kind="stable")
    time, value = time[order], value[:, order]
    first = np.flatnonzero(np.diff(time, prepend=time[:1] - 1))
    if len(first) == len(time):
        return Series(time, value, np.zeros(len(value), np.int64))
    low, high = np.fmin.reduceat(value, first, axis=1), np.fmax.reduceat(value, first, axis=1)
    differ = low < high
    return Series(time[first], np.where(differ, np.nan, low), differ.sum(1))


def by_day(time: Ints, value: Floats, energy: bool) -> Series:
    """Days [since 1970-01-01] with their use (``energy``) or mean.

    Parameters: ``time`` [µs, local] and ``value`` as :func:`once` takes them. What a day lacks of its intervals is
    taken to be like the rest of it. The interval is the commonest step between moments.

    >>> hours = np.arange(24) * HOUR
    >>> by_day(hours[:18], np.full((1, 18), 2.0), True).value, by_day(hours[:6], np.full((1, 6), 2.0), True).value
    (array([[48.]]), array([[nan]]))
    """
    return _by(DAY, time, value, energy)


def by_hour(time: Ints, value: Floats, energy: bool) -> Series:
    """Hours [since 1970-01-01] with their use or mean, as :func:`by_day`.

    >>> quarters = np.arange(8) * (HOUR // 4)
    >>> by_hour(quarters, np.ones((1, 8)), True).value
    array([[4., 4.]])
    """
    return _by(HOUR, time, value, energy)


def _by(step: int, time: Ints, value: Floats, energy: bool) -> Series:
    told = once(time, value)
    if not len(told.at):
        return told
    interval = int(np.median(np.diff(told.at))) if len(told.at) > 1 else step
    of_step = max(round(step / interval), 1) if interval < step else 1
    at, first = np.unique(told.at // step, return_index=True)
    known = np.isfinite(told.value)
    count = np.add.reduceat(known, first, axis=1, dtype=np.int64)
    total = np.add.reduceat(np.where(known, told.value, 0.0), first, axis=1)
    filled = total / np.maximum(count, 1) * (of_step if energy else 1)
    enough = (count > 0) & (count >= LEAST * of_step)
    return Series(at, np.where(enough, filled, np.nan), told.repeated)
