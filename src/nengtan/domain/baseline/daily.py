"""Days out of hours: what is needed of a day before it counts as known (CalTRACK 2.0, 2.2.2 and 2.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY", "by_day"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY = 86_400_000_000
"""Microseconds."""

LEAST = 0.5
"""A day of which less is there is not known."""


def by_day(time: Ints, value: Floats, energy: bool) -> tuple[dict[int, float], int]:
    """Known days [days since 1970-01-01] with their use (``energy``) or mean, and how many moments were told doubly.

    Parameters: ``time`` [µs, local], ``value`` (NaN: not known), in any order. A moment told twice alike is told once;
    told differently it counts as not known. What a day lacks of its intervals is taken to be like the rest of it. The
    interval is the commonest step between moments.

    >>> hours = np.arange(24) * (DAY // 24)
    >>> by_day(hours[:18], np.full(18, 2.0), True), by_day(hours[:6], np.full(6, 2.0), True)
    (({0: 48.0}, 0), ({}, 0))
    >>> by_day(np.array([0, 0, DAY]), np.array([5.0, 6.0, 7.0]), True)
    ({1: 7.0}, 1)
    """
    if not len(time):
        return {}, 0
    order = np.lexsort((value, time))
    time, value = time[order], value[order]
    moments, start = np.unique(time, return_index=True)
    low, high = np.minimum.reduceat(value, start), np.maximum.reduceat(value, start)
    differ = (low != high) & ~(np.isnan(low) & np.isnan(high))
    value = np.where(differ, np.nan, low)
    steps = np.diff(moments)
    step = int(np.median(steps)) if len(steps) else DAY
    per_day = max(round(DAY / step), 1) if step < DAY else 1
    known = np.isfinite(value)
    days, at = np.unique(moments[known] // DAY, return_inverse=True)
    count = np.bincount(at, minlength=len(days))
    mean = np.bincount(at, weights=value[known], minlength=len(days)) / np.maximum(count, 1)
    enough = count >= LEAST * per_day
    total = mean * (per_day if energy else 1)
    kept = zip(days[enough].tolist(), total[enough].tolist(), strict=True)
    return {int(day): float(amount) for day, amount in kept}, int(differ.sum())
