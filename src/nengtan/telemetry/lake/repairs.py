"""What people decided of readings and of stretches without any, while consumption is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nengtan.domain.metering.codes import Method, Quality
from nengtan.domain.metering.intervals import Intervals
from nengtan.domain.metering.readings import Flags, Floats, Ints

__all__ = ["Edit", "Fill", "Repairs"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A reading that counts as another value, or, with None, not at all; ``time`` [µs since 1970 UTC]."""

    register: int
    time: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Fill:
    """What was used in a stretch of which nothing is known, by quarters of an hour from ``begin`` on."""

    register: int
    begin: int
    values: Floats


@dataclass(frozen=True, slots=True)
class Repairs:
    """All that is decided and was not taken back."""

    edits: Sequence[Edit] = ()
    fills: Sequence[Fill] = field(default=())

    def on_readings(self, register: Ints, time: Ints, value: Floats) -> tuple[Flags, Floats]:
        """Which readings stay, and what they count as."""
        stays, counts = np.ones(len(time), np.bool_), value
        mine = set(np.unique(register).tolist()) if self.edits else set()
        for edit in self.edits:
            if edit.register not in mine:
                continue
            here = (register == edit.register) & (time == edit.time)
            if edit.value is None:
                stays[here] = False
            elif here.any():
                counts = counts.copy()
                counts[here] = edit.value
        return stays, counts

    def on_intervals(self, found: Intervals, since: Ints, until: Ints, registers: Ints) -> Intervals:
        """Intervals with what was filled in where nothing was measured; what is measured later takes its place.

        ``registers``, ``since``, ``until``: the stretches that are computed; nothing outside them is touched.
        """
        for fill in self.fills:
            for low, high in zip(since[registers == fill.register], until[registers == fill.register], strict=True):
                found = _filled(found, fill, int(low), int(high))
        return found


def _filled(found: Intervals, fill: Fill, low: int, high: int) -> Intervals:
    """The part of a fill that lies in one stretch, laid under what is known."""
    start = fill.begin + np.arange(len(fill.values)) * found.length
    inside = (start >= low) & (start < high)
    start, use = start[inside], fill.values[inside]
    if not len(start):
        return found
    mine = np.flatnonzero(found.register == fill.register)
    place = np.full(len(start), -1)
    known_at = {int(time): int(at) for time, at in zip(found.start[mine], mine, strict=True)}
    for row, time in enumerate(start.tolist()):
        place[row] = known_at.get(time, -1)
    there = place >= 0
    value, known = found.value.copy(), found.known.copy()
    quality, method = found.quality.copy(), found.method.copy()
    open_ = there & (np.where(there, known[place], 1.0) < 1)
    at = place[open_]
    value[at] = np.nan_to_num(value[at]) + (1 - known[at]) * use[open_]
    known[at], quality[at], method[at] = 1.0, Quality.ESTIMATED, Method.FILLED
    new = ~there
    count = int(new.sum())
    columns = (
        np.concatenate([found.register, np.full(count, fill.register)]),
        np.concatenate([found.start, start[new]]),
        np.concatenate([value, use[new]]),
        np.concatenate([known, np.ones(count)]),
        np.concatenate([quality, np.full(count, Quality.ESTIMATED, np.uint8)]),
        np.concatenate([method, np.full(count, Method.FILLED, np.uint8)]),
    )
    order = np.lexsort((columns[1], columns[0]))
    register, start, value, known, quality, method = (column[order] for column in columns)
    return Intervals(register, start, value, known, quality, method, found.length)
