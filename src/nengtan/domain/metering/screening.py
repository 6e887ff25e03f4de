"""Rules 1 to 3: which readings are none, which repeat others, whose clock is off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.codes import Verdict
from nengtan.domain.metering.readings import Flags, Floats, Ints, Readings, Registers
from nengtan.domain.metering.rules import SECOND, Rules

__all__ = ["Screened", "screen"]


@dataclass(frozen=True, slots=True)
class Screened:
    """The readings that pass, one a time: ``at`` where each stands among all, ``group`` its register.

    ``verdict`` is over all readings; ``late`` marks those that pass with a clock that is off (rule 3).
    """

    verdict: NDArray[np.uint8]
    at: Ints
    group: Ints
    time: Ints
    value: Floats
    late: Flags | None


def screen(readings: Readings, registers: Registers, rules: Rules, now: int | None) -> Screened:
    """Pass rules 1 to 3 over readings; ``now`` [µs] is the time after which nothing can have been read.

    >>> found = screen(Readings.of_one([10**15, 2 * 10**15], [1.0, float("nan")]), Registers.alike(1), Rules(), None)
    >>> found.verdict.tolist(), found.at.tolist()
    ([0, 1], [0])
    """
    group = np.repeat(np.arange(readings.registers), np.diff(readings.offsets))
    verdict = _no_readings(readings, registers, group, rules, now)
    at = np.flatnonzero(verdict == Verdict.KEPT)
    if len(at) < len(verdict):
        group, time, value = group[at], readings.time[at], readings.value[at]
    else:
        time, value = readings.time, readings.value
    again = (time[1:] == time[:-1]) & (group[1:] == group[:-1])
    if again.any():
        first = np.arange(len(at))
        first[1:][again] = 0
        np.maximum.accumulate(first, out=first)
        verdict[at[1:][again]] = np.where(value[1:] == value[first[1:]], Verdict.DUPLICATE, Verdict.CONFLICT)[again]
        kept = np.concatenate(([True], ~again))
        at, group, time, value = at[kept], group[kept], time[kept], value[kept]
    return Screened(verdict, at, group, time, value, _late(readings, at, rules))


def _no_readings(
    readings: Readings, registers: Registers, group: Ints, rules: Rules, now: int | None
) -> NDArray[np.uint8]:
    """Rule 1, and times that no clock in order can say."""
    value, time = readings.value, readings.time
    largest = np.fmin(registers.modulus, rules.largest)
    with np.errstate(invalid="ignore"):
        beyond = ~(np.abs(value) < largest[group])
    none = ~np.isfinite(value)
    for sentinel in rules.sentinels:
        none |= value == sentinel
    verdict = np.zeros(len(value), np.uint8)
    if now is not None:
        verdict[time > now + rules.ahead_s * SECOND] = Verdict.FUTURE
    verdict[time < rules.earliest] = Verdict.EARLY
    verdict[beyond] = Verdict.OUT_OF_RANGE
    verdict[none] = Verdict.SENTINEL
    return verdict


def _late(readings: Readings, at: Ints, rules: Rules) -> Flags | None:
    if readings.arrived is None:
        return None
    late: Flags = np.abs(readings.arrived[at] - readings.time[at]) > rules.clock_s * SECOND
    return late
