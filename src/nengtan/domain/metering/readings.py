"""Readings of many registers side by side: sorted columns with the bounds of each register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nengtan.domain.metering.rules import SECOND

__all__ = ["Events", "Flags", "Floats", "Ints", "Readings", "Registers", "arrange", "no_events"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings as received (表底读数), sorted by register, time, arrival; columns of length n.

    ``time``: when they were taken [µs since 1970 UTC]. ``value``: what the register showed, before any ratio.
    ``offsets``: register g holds ``offsets[g]`` to ``offsets[g + 1]``, so length registers + 1. ``arrived``: when each
    arrived [µs]; None if that is not known.
    """

    time: Ints
    value: Floats
    offsets: Ints
    arrived: Ints | None = None

    def __post_init__(self) -> None:
        size = len(self.time)
        if len(self.value) != size or (self.arrived is not None and len(self.arrived) != size):
            raise ValueError("time, value and arrived: found different lengths, allowed: one length")
        if (
            not len(self.offsets)
            or self.offsets[0] != 0
            or self.offsets[-1] != size
            or (np.diff(self.offsets) < 0).any()
        ):
            raise ValueError("offsets: allowed: from 0 to the number of readings, never falling")

    @property
    def registers(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of_one(cls, time: ArrayLike, value: ArrayLike, arrived: ArrayLike | None = None) -> Self:
        """The readings of one register, already sorted."""
        times = np.asarray(time, np.int64)
        came = None if arrived is None else np.asarray(arrived, np.int64)
        return cls(times, np.asarray(value, np.float64), np.array([0, len(times)], np.int64), came)


def arrange(
    register: ArrayLike, time: ArrayLike, value: ArrayLike, registers: int, arrived: ArrayLike | None = None
) -> tuple[Readings, Ints]:
    """Sort readings in any order; also where each stood before.

    Parameters: ``register`` [0 to registers - 1], ``time`` [µs], ``value``, ``arrived`` [µs]. Of several readings at
    one time the one that arrived first comes first; without ``arrived``, the one given first.

    >>> readings, came = arrange([1, 0, 0], [5, 9, 4], [7.0, 2.0, 1.0], registers=2)
    >>> readings.value.tolist(), readings.offsets.tolist(), came.tolist()
    ([1.0, 2.0, 7.0], [0, 2, 3], [2, 1, 0])
    """
    group, times = np.asarray(register, np.int64), np.asarray(time, np.int64)
    values = np.asarray(value, np.float64)
    came = None if arrived is None else np.asarray(arrived, np.int64)
    order = np.lexsort((times, group) if came is None else (came, times, group))
    offsets = np.searchsorted(group[order], np.arange(registers + 1))
    later = None if came is None else came[order]
    return Readings(times[order], values[order], offsets.astype(np.int64), later), order.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Registers:
    """What is known of each register; columns of one length.

    ``ratio`` (倍率): CT × PT before the first event, above 0. ``modulus``: where the register starts again at 0, NaN if
    unknown. ``cap_kw``: the largest power believed, after the ratio [kW, or units per hour]; infinite if unknown.
    ``period``: how often it is read [µs].
    """

    ratio: Floats
    modulus: Floats
    cap_kw: Floats
    period: Ints

    def __post_init__(self) -> None:
        if not (self.ratio > 0).all() or not np.isfinite(self.ratio).all():
            raise ValueError("ratio: allowed: finite numbers above 0")
        if (self.modulus <= 0).any() or (self.period <= 0).any() or not (self.cap_kw >= 0).all():
            raise ValueError("modulus and period: allowed: above 0; cap_kw: 0 or more")

    @classmethod
    def alike(
        cls,
        count: int,
        *,
        ratio: float = 1.0,
        modulus: float | None = None,
        cap_kw: float | None = None,
        period_s: int = 900,
    ) -> Self:
        """So many registers of one kind; None is unknown."""
        return cls(
            np.full(count, ratio),
            np.full(count, np.nan if modulus is None else modulus),
            np.full(count, np.inf if cap_kw is None else cap_kw),
            np.full(count, period_s * SECOND, np.int64),
        )

    def part(self, first: int, last: int) -> Registers:
        """The registers from ``first`` up to, not with, ``last``."""
        return Registers(
            self.ratio[first:last], self.modulus[first:last], self.cap_kw[first:last], self.period[first:last]
        )


@dataclass(frozen=True, slots=True)
class Events:
    """What happened to registers (换表、清零、变比变更), sorted by register and time; columns of one length.

    ``time`` [µs]: readings from this moment on are of the new register. ``final``: what the old one showed last.
    ``start``: what the new one showed first; both NaN for a change of ratio at a reading nobody took. ``ratio``: the
    one from then on, NaN if it stays.
    """

    register: Ints
    time: Ints
    final: Floats
    start: Floats
    ratio: Floats

    def __post_init__(self) -> None:
        if (self.ratio <= 0).any() or np.isinf(self.ratio).any():
            raise ValueError("ratio of an event: allowed: a finite number above 0, or NaN")

    def __len__(self) -> int:
        return len(self.register)

    @classmethod
    def of(
        cls, register: ArrayLike, time: ArrayLike, final: ArrayLike, start: ArrayLike, ratio: ArrayLike | None = None
    ) -> Self:
        """Events in any order."""
        group, times = np.asarray(register, np.int64), np.asarray(time, np.int64)
        order = np.lexsort((times, group))
        ratios = np.full(len(group), np.nan) if ratio is None else np.asarray(ratio, np.float64)
        finals, starts = np.asarray(final, np.float64), np.asarray(start, np.float64)
        return cls(group[order], times[order], finals[order], starts[order], ratios[order])

    def part(self, first: int, last: int) -> Events:
        """The events of the registers from ``first`` up to, not with, ``last``, counted from ``first``."""
        low, high = np.searchsorted(self.register, [first, last])
        held = slice(int(low), int(high))
        return Events(
            self.register[held] - first, self.time[held], self.final[held], self.start[held], self.ratio[held]
        )


def no_events() -> Events:
    """Nothing happened."""
    return Events.of([], [], [], [])
