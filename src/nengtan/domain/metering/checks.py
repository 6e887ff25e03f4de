"""Rules 10 and 11: what a second look at power, or at a neighbour, says of the consumption."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nengtan.domain.metering.codes import Method, Quality
from nengtan.domain.metering.intervals import Intervals
from nengtan.domain.metering.readings import Flags, Floats, Ints
from nengtan.domain.metering.rules import HOUR, SECOND, Rules

__all__ = ["contradicts", "energy", "mark", "stuck"]


def stuck(intervals: Intervals, running: Flags, rules: Rules) -> Flags:
    """Rule 10: which intervals belong to a stretch of zeros of ``stuck_s`` or more all through which something ran.

    ``running``: for each interval whether power was above ``running_share`` of the rated, or the meter above showed
    flow. Zero is a measured zero; a missing interval ends a stretch.
    """
    still: Flags = (intervals.value == 0) & running
    if not still.any():
        return still
    breaks = np.ones(len(still), np.bool_)
    breaks[1:] = (still[1:] != still[:-1]) | (intervals.register[1:] != intervals.register[:-1])
    stretch = np.cumsum(breaks) - 1
    lengths = np.bincount(stretch) * intervals.length
    long: Flags = lengths[stretch] >= rules.stuck_s * SECOND
    long &= still
    return long


def contradicts(consumption: Floats, integral: Floats, rules: Rules) -> Flags:
    """Rule 11: where consumption and the integral of power [both kWh], neither of them small, lie too far apart.

    >>> contradicts(np.array([10.0, 10.0, 0.5]), np.array([8.1, 7.9, 5.0]), Rules()).tolist()
    [False, True, False]
    """
    with np.errstate(invalid="ignore"):
        large: Flags = (consumption > rules.cross_least) & (integral > rules.cross_least)
        large &= np.abs(consumption - integral) > rules.cross_share * np.maximum(consumption, integral)
    return large


def energy(time: Ints, power: Floats, edges: Ints) -> Floats:
    """The integral of power between edges [kWh], by trapezoids; NaN where samples do not reach from edge to edge.

    Parameters: ``time`` [µs], rising; ``power`` [kW]; ``edges`` [µs], rising.

    >>> energy(np.array([0, HOUR]), np.array([2.0, 4.0]), np.array([0, HOUR // 2, HOUR, 2 * HOUR])).tolist()
    [1.25, 1.75, nan]
    """
    if len(time) < 2:
        return np.full(max(len(edges) - 1, 0), np.nan)
    hours = np.diff(time) / HOUR
    known = np.concatenate(([0.0], np.cumsum(hours * (power[1:] + power[:-1]) / 2)))
    place = np.clip(np.searchsorted(time, edges, side="right") - 1, 0, len(time) - 2)
    after = (edges - time[place]) / HOUR
    slope = (power[place + 1] - power[place]) / hours[place]
    upto = known[place] + after * (power[place] + slope * after / 2)
    upto[(edges < time[0]) | (edges > time[-1])] = np.nan
    return np.diff(upto)


def mark(intervals: Intervals, doubted: Flags, method: Method) -> Intervals:
    """The intervals with those doubted marked suspect, and why; what is worse already stays as it is."""
    found = doubted & (intervals.quality < Quality.SUSPECT)
    quality = np.where(found, np.uint8(Quality.SUSPECT), intervals.quality)
    return replace(intervals, quality=quality, method=np.where(found, np.uint8(method), intervals.method))
