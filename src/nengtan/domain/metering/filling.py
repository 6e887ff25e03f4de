"""What stands in for consumption nobody measured, in this order, each marked as an estimate (缺测补值).

1. late or re-read data: clean again, nothing is filled; 2. a sum measured over the gap: rule 9 shares it out;
3. a short gap in a momentary value: a straight line (`bridge`); 4. else the mean of the last like days (`fill`), scaled
to what the meter above leaves over; 5. what a person enters, with a reason.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nengtan.domain.metering.codes import Method, Quality
from nengtan.domain.metering.intervals import Intervals
from nengtan.domain.metering.readings import Flags, Floats, Ints
from nengtan.domain.metering.rules import HOUR
from nengtan.domain.metering.shapes import DAY, DayTypes

__all__ = ["LIKE_DAYS", "bridge", "fill"]

LIKE_DAYS = 4
"""How many days of the same type, the last ones before, make an estimate."""


def bridge(time: Ints, value: Floats, wanted: Ints, longest: int = HOUR) -> tuple[Floats, Flags]:
    """A momentary value (power, temperature) at wanted times, and whether it was read off a line between two others.

    Parameters: ``time`` [µs], rising, without gaps in ``value``; ``longest``: the longest gap to bridge [µs]. NaN
    beyond.

    >>> minutes = np.array([0, 30, 120]) * HOUR // 60
    >>> value, estimated = bridge(minutes, np.array([1.0, 3.0, 9.0]), np.array([0, 15, 60]) * HOUR // 60)
    >>> value.tolist(), estimated.tolist()
    ([1.0, 2.0, nan], [False, True, False])
    """
    if not len(time):
        return np.full(len(wanted), np.nan), np.zeros(len(wanted), np.bool_)
    after = np.minimum(np.searchsorted(time, wanted), len(time) - 1)
    before = np.maximum(after - 1, 0)
    exact = time[after] == wanted
    between = ~exact & (wanted > time[before]) & (wanted < time[after]) & (time[after] - time[before] <= longest)
    found = np.interp(wanted, time, value)
    return np.where(exact | between, found, np.nan), between


def fill(intervals: Intervals, days: DayTypes, left_over: Floats | None = None) -> Intervals:
    """Fill what is missing with the mean of the same time of the last `LIKE_DAYS` days of its type that were measured.

    Parameters: ``left_over``: for each interval what the meter above leaves for this one, NaN if not known; where it
    is known all through a stretch of missing intervals, they add up to it. An interval known for a part is filled up.
    Where no like day came before, it stays missing. What is filled never counts as good, and never changes a measured
    sum.
    """
    lacking = np.flatnonzero((intervals.known < 1) & np.isin(intervals.quality, (Quality.MISSING, Quality.PARTIAL)))
    usual = _usual(intervals, days, lacking)
    found = ~np.isnan(usual)
    lacking, usual = lacking[found], usual[found] * (1 - intervals.known[lacking[found]])
    if left_over is not None:
        usual = usual * _scale(intervals, lacking, usual, left_over)
    value, known = intervals.value.copy(), intervals.known.copy()
    quality, method = intervals.quality.copy(), intervals.method.copy()
    value[lacking] = np.nan_to_num(value[lacking]) + usual
    known[lacking], quality[lacking], method[lacking] = 1.0, Quality.ESTIMATED, Method.FILLED
    return replace(intervals, value=value, known=known, quality=quality, method=method)


def _usual(intervals: Intervals, days: DayTypes, lacking: Ints) -> Floats:
    """The mean at the same time of the last like days, NaN where there was none."""
    kind, after = days.of(intervals.start)
    day = (intervals.start + days.offset) // DAY
    if not len(lacking):
        return np.zeros(0)
    span = int(day.max() - day.min()) + 1
    slots = DAY // intervals.length
    alike = (intervals.register * days.kinds + kind) * slots + after // intervals.length
    place = alike * span + day - day.min()
    measured = np.flatnonzero((intervals.quality == Quality.GOOD) & (kind >= 0))
    order = measured[np.argsort(place[measured], kind="stable")]
    stop = np.searchsorted(place[order], place[lacking])
    start = np.maximum(np.searchsorted(place[order], alike[lacking] * span), stop - LIKE_DAYS)
    total, number = np.zeros(len(lacking)), stop - start
    for back in range(1, LIKE_DAYS + 1):
        there = number >= back
        total[there] += intervals.value[order[stop[there] - back]]
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where((number > 0) & (kind[lacking] >= 0), total / number, np.nan)
    return mean


def _scale(intervals: Intervals, lacking: Ints, usual: Floats, left_over: Floats) -> Floats:
    """For each filled interval by how much its stretch is to be scaled; 1 where nothing says so."""
    if not len(lacking):
        return usual
    opens = np.ones(len(lacking), np.bool_)
    opens[1:] = (np.diff(lacking) != 1) | (np.diff(intervals.register[lacking]) != 0)
    stretch = np.cumsum(opens) - 1
    wanted, estimated = np.bincount(stretch, left_over[lacking]), np.bincount(stretch, usual)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where((wanted >= 0) & (estimated > 0), wanted / estimated, 1.0)
    found: Floats = factor[stretch]
    return found
