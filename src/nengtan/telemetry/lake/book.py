"""What is known of registers while their readings are cleaned: by register id, and in force at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nengtan.domain.metering.readings import Events, Flags, Ints, Registers
from nengtan.domain.metering.rules import SECOND, Rules
from nengtan.telemetry.lake.repairs import Repairs

__all__ = ["Book"]


@dataclass(frozen=True, slots=True)
class Book:
    """Cumulative registers by rising ``id``, with what `Registers` says of each, and their events.

    ``events.register`` is the id; a change of ratio (倍率) is an event with a ratio. ``repairs``: what
    people decided of readings in doubt.
    """

    id: Ints
    registers: Registers
    events: Events
    repairs: Repairs = field(default_factory=Repairs)

    def known(self, ids: Ints) -> Flags:
        """Which of some ids are cumulative registers."""
        flags: Flags = np.isin(ids, self.id)
        return flags

    def at(self, ids: Ints, since: Ints) -> tuple[Registers, Events]:
        """Registers as they were at a moment each [µs], and their events after it, counted as ``ids`` stand."""
        place = np.searchsorted(self.id, ids)
        ratio = self.registers.ratio[place].copy()
        low = np.searchsorted(self.events.register, ids)
        count = np.searchsorted(self.events.register, ids, side="right") - low
        span = np.repeat(np.arange(len(ids)), count)
        event = np.arange(len(span)) - np.repeat(np.cumsum(count) - count - low, count)
        past = self.events.time[event] <= since[span]
        told = past & np.isfinite(self.events.ratio[event])
        ratio[span[told]] = self.events.ratio[event[told]]  # in order of time: the last one stays
        registers = Registers(
            ratio, self.registers.modulus[place], self.registers.cap_kw[place], self.registers.period[place]
        )
        return registers, self._events(span[~past], event[~past])

    def reach(self, ids: Ints, rules: Rules) -> Ints:
        """How long after a step down of each of some registers it may still turn out to have been a dip [µs]."""
        period = self.registers.period[np.searchsorted(self.id, ids)]
        reach: Ints = np.maximum(rules.long_dip_s * SECOND, period * rules.dip_samples + period // 2)
        return reach

    def _events(self, span: Ints, event: Ints) -> Events:
        return Events.of(
            span, self.events.time[event], self.events.final[event], self.events.start[event], self.events.ratio[event]
        )
