"""Which events lie between two readings, what a step across them comes to, which ratio holds (rule 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from nengtan.domain.metering.readings import Events, Flags, Floats, Ints, Registers
from nengtan.domain.metering.screening import Screened

__all__ = ["Crossing", "Eras"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Steps across events: ``delta`` after the ratios, NaN where event and readings contradict each other.

    ``shared`` marks those whose ratio changed at a reading nobody took: shared between the ratios by time.
    """

    delta: Floats
    shared: Flags


@dataclass(frozen=True, slots=True)
class Eras:
    """The events that count, and for each reading how many of all registers' lie at or before it.

    Two readings of one register with the same ``number`` have no event between them. ``ratio`` is the one at each
    reading. ``events`` have the ratio that holds after each; ``told`` marks those that changed it.
    """

    number: Ints
    ratio: Floats
    events: Events
    told: Flags

    @classmethod
    def of(cls, found: Screened, registers: Registers, events: Events) -> Self:
        """Put events between readings; one after the last reading waits for the next."""
        base = registers.ratio[found.group]
        if not len(events):
            return cls(np.zeros(len(found.time), np.int64), base, events, np.zeros(0, np.bool_))
        bounds = np.searchsorted(found.group, np.arange(len(registers.ratio) + 1))
        place = _first_at_or_after(found.time, bounds[events.register], bounds[events.register + 1], events.time)
        counts = place < bounds[events.register + 1]
        kept = Events(
            events.register[counts], events.time[counts], events.final[counts], events.start[counts],
            _held(events, registers)[counts],
        )  # fmt: skip
        number = np.cumsum(np.bincount(place[counts], minlength=len(found.time)))
        told = np.isfinite(events.ratio[counts])
        if not len(kept):
            return cls(number, base, kept, told)
        last = np.maximum(number - 1, 0)
        of_own = (number > 0) & (kept.register[last] == found.group)
        return cls(number, np.where(of_own, kept.ratio[last], base), kept, told)

    def cross(self, found: Screened, first: Ints, last: Ints) -> Crossing:
        """Consumption from reading ``first`` to reading ``last`` of one register, with at least one event between.

        (F - r₀)·k₀ + the parts between events + (r₁ - S)·k₁; a negative part contradicts the event.
        """
        event, stop = self.number[first], self.number[last]
        shared = self._is_shared(event, stop)
        final = np.where(shared, self._between(found, first, last, event), self.events.final[event])
        delta = (final - found.value[first]) * self.ratio[first]
        fits = delta >= 0
        start = np.where(shared, final, self.events.start[event])
        ratio = self.events.ratio[event]
        going = np.flatnonzero(event + 1 < stop)
        while going.size:  # once for each further event of the step that has most
            event[going] += 1
            here = event[going]
            part = (self.events.final[here] - start[going]) * ratio[going]
            fits[going] &= part >= 0
            delta[going] += part
            start[going], ratio[going] = self.events.start[here], self.events.ratio[here]
            going = going[here + 1 < stop[going]]
        rest = (found.value[last] - start) * ratio
        fits &= rest >= 0
        return Crossing(np.where(fits, delta + rest, np.nan), shared & fits)

    def _is_shared(self, event: Ints, stop: Ints) -> Flags:
        """A single change of ratio without a reading."""
        alone: Flags = (stop - event == 1) & np.isnan(self.events.final[event]) & np.isnan(self.events.start[event])
        return alone & self.told[event]

    def _between(self, found: Screened, first: Ints, last: Ints, event: Ints) -> Floats:
        """What the register would have shown at the event, had it run evenly."""
        share = (self.events.time[event] - found.time[first]) / (found.time[last] - found.time[first])
        between: Floats = found.value[first] + (found.value[last] - found.value[first]) * share
        return between


def _held(events: Events, registers: Registers) -> Floats:
    """The ratio after each event, those that leave it filled with the one before."""
    place = np.arange(len(events))
    told = np.isfinite(events.ratio)
    first = np.searchsorted(events.register, events.register)  # of the same register
    latest = np.maximum.accumulate(np.where(told, place, -1))
    ratio: Floats = np.where(latest >= first, events.ratio[latest], registers.ratio[events.register])
    return ratio


def _first_at_or_after(time: Ints, low: Ints, high: Ints, wanted: Ints) -> Ints:
    """For each wanted time the first place in ``time[low:high]`` that is not before it; ``high`` if there is none."""
    low, high = low.copy(), high.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        before = open_ & (time[np.minimum(middle, len(time) - 1)] < wanted)
        low = np.where(before, middle + 1, low)
        high = np.where(open_ & ~before, middle, high)
    return low
