"""What the door finds in a reading: kept as received, and marked."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.readings import Floats, Ints
from nengtan.domain.metering.rules import SECOND, Rules

__all__ = ["Mark", "marks_of"]


class Mark(IntEnum):
    """Why a reading that was kept enters no consumption; by what was known when it came, and so for good."""

    NONE = 0
    SENTINEL = 1  # not a number, infinite, or a value by which devices say "no value"
    EARLY = 2  # a clock that was never set
    FUTURE = 3  # a clock that runs ahead
    CONFLICT = 4  # another value was received first for this time
    DOUBTED = 5  # who sent it says that it may be wrong


def marks_of(time: Ints, value: Floats, received: int, rules: Rules | None = None) -> NDArray[np.int8]:
    """The mark of each reading by itself; ``time``, ``received`` [µs since 1970 UTC].

    >>> marks_of(np.array([0, 10**15, 10**15, 3 * 10**15]), np.array([1.0, 2.0, np.nan, 3.0]), 2 * 10**15).tolist()
    [2, 0, 1, 3]
    """
    rules = rules or Rules()
    marks = np.zeros(len(time), np.int8)
    marks[~np.isfinite(value) | np.isin(value, rules.sentinels)] = Mark.SENTINEL
    marks[time > received + rules.ahead_s * SECOND] = Mark.FUTURE
    marks[time < rules.earliest] = Mark.EARLY
    return marks
