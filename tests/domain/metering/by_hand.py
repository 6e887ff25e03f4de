"""The cleaning rules once more, as they are written: one register, one reading after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from nengtan.domain.metering.codes import Step, Verdict
from nengtan.domain.metering.rules import HOUR, SECOND, Rules


@dataclass(frozen=True)
class Happened:
    time: int
    final: float
    start: float
    ratio: float = math.nan


@dataclass(frozen=True)
class Register:
    ratio: float = 1.0
    modulus: float = math.nan
    cap_kw: float = math.inf
    period: int = 900 * SECOND


@dataclass
class Told:
    """Verdict and step of every reading; consumption of the steps by the reading at their end; the grid."""

    verdict: list[int]
    step: list[int]
    delta: dict[int, float] = field(default_factory=dict)
    came_from: dict[int, int] = field(default_factory=dict)
    intervals: dict[int, list[float]] = field(default_factory=dict)


class Clerk:
    """Reads down one register's list (sorted by time) and writes beside each reading what it is."""

    def __init__(
        self,
        times: Sequence[int],
        values: Sequence[float],
        register: Register,
        events: Sequence[Happened],
        rules: Rules,
    ) -> None:
        self.times, self.values, self.register, self.rules = times, values, register, rules
        self.events = sorted(events, key=lambda event: event.time)
        self.told = Told([Verdict.KEPT] * len(times), [Step.NONE] * len(times))

    def clean(self, now: int | None = None) -> Told:
        passed = self._screen(now)
        at, base = 0, None
        while at < len(passed):
            here = passed[at]
            if base is None:
                self.told.step[here], base, at = Step.BASE, here, at + 1
                continue
            step, skip = self._judge(base, passed, at)
            if step is Step.NONE:
                down = self.values[here] < self.values[base]
                for left_out in passed[at : at + skip]:
                    self.told.verdict[left_out] = Verdict.DIP if down else Verdict.SPIKE
                at += skip
                continue
            self._take(step, base, here)
            base, at = here, at + 1
        return self.told

    def _screen(self, now: int | None) -> list[int]:
        passed: list[int] = []
        for at, (time, value) in enumerate(zip(self.times, self.values, strict=True)):
            verdict = self._is_no_reading(time, value, now)
            if verdict is Verdict.KEPT and passed and self.times[passed[-1]] == time:
                verdict = Verdict.DUPLICATE if self.values[passed[-1]] == value else Verdict.CONFLICT
            self.told.verdict[at] = verdict
            if verdict is Verdict.KEPT:
                passed.append(at)
        return passed

    def _is_no_reading(self, time: int, value: float, now: int | None) -> Verdict:
        if math.isnan(value) or math.isinf(value) or value in self.rules.sentinels:
            return Verdict.SENTINEL
        if abs(value) >= self.rules.largest or abs(value) >= self.register.modulus:
            return Verdict.OUT_OF_RANGE
        if time < self.rules.earliest:
            return Verdict.EARLY
        if now is not None and time > now + self.rules.ahead_s * SECOND:
            return Verdict.FUTURE
        return Verdict.KEPT

    def _between(self, first: int, last: int) -> list[Happened]:
        return [event for event in self.events if self.times[first] < event.time <= self.times[last]]

    def _ratio(self, at: int) -> float:
        ratio = self.register.ratio
        for event in self.events:
            if event.time <= self.times[at] and not math.isnan(event.ratio):
                ratio = event.ratio
        return ratio

    def _cap(self, first: int, last: int) -> float:
        return self.register.cap_kw * ((self.times[last] - self.times[first]) / HOUR)

    def _judge(self, base: int, passed: list[int], place: int) -> tuple[Step, int]:
        """The rule by which the step goes, or NONE and how many readings to leave out."""
        here, values = passed[place], self.values
        if self._between(base, here):
            return Step.EVENT, 0
        rise, cap = (values[here] - values[base]) * self._ratio(here), self._cap(base, here)
        if values[here] < values[base]:
            return self._down(base, passed, place, rise, cap)
        if rise <= cap:
            return Step.MEASURED, 0
        if place + 1 == len(passed):
            return Step.UNCONFIRMED, 0
        following = passed[place + 1]
        more = (values[following] - values[here]) * self._ratio(following)
        confirms = not self._between(here, following) and 0 <= more <= self._cap(here, following)
        return (Step.CATCH_UP, 0) if confirms else (Step.NONE, 1)

    def _down(self, base: int, passed: list[int], place: int, rise: float, cap: float) -> tuple[Step, int]:
        here, values = passed[place], self.values
        until = self.times[here] + self.register.period * self.rules.dip_samples + self.register.period // 2
        if values[here] == 0 or values[here] < self.rules.dip_share * values[base]:
            for skip, later in enumerate(passed[place + 1 :], start=1):
                if self._between(base, later):
                    break
                soon = self.times[later] <= until
                if values[later] >= values[base] and (
                    soon or self._jumps_back(base, here, passed[place + skip - 1], later)
                ):
                    return Step.NONE, skip
        modulus, ratio = self.register.modulus, self._ratio(here)
        if not math.isnan(modulus) and values[base] >= self.rules.rollover_share * modulus:
            most = cap if math.isfinite(cap) else self.rules.uncapped_share * modulus * ratio
            if rise + modulus * ratio <= most:
                return Step.ROLLOVER, 0
        return Step.RESET, 0

    def _jumps_back(self, base: int, here: int, before: int, later: int) -> bool:
        if self.times[later] > self.times[here] + self.rules.long_dip_s * SECOND:
            return False
        values, ratio = self.values, self._ratio(later)
        jump, above = (values[later] - values[before]) * ratio, (values[later] - values[base]) * ratio
        if math.isinf(self.register.cap_kw):
            half = (values[base] - values[here]) * ratio / 2
            return jump >= half and above <= half
        return jump > self._cap(before, later) and above <= self._cap(base, later)

    def _take(self, step: Step, base: int, here: int) -> None:
        delta = (self.values[here] - self.values[base]) * self._ratio(here)
        if step is Step.ROLLOVER:
            delta += self.register.modulus * self._ratio(here)
        if step is Step.EVENT:
            delta = self._across(base, here)
            step = Step.MISMATCH if math.isnan(delta) else step
        if step in (Step.RESET, Step.UNCONFIRMED):
            delta = math.nan
        self.told.step[here], self.told.delta[here], self.told.came_from[here] = step, delta, base
        self._share_out(base, here, delta)

    def _across(self, base: int, here: int) -> float:
        events = self._between(base, here)
        value, ratio, parts = self.values[base], self._ratio(base), []
        for event in events:
            final, start = event.final, event.start
            if len(events) == 1 and math.isnan(final) and math.isnan(start) and not math.isnan(event.ratio):
                share = (event.time - self.times[base]) / (self.times[here] - self.times[base])
                final = start = value + (self.values[here] - value) * share
            parts.append((final - value) * ratio)
            value, ratio = start, ratio if math.isnan(event.ratio) else event.ratio
        parts.append((self.values[here] - value) * ratio)
        return sum(parts) if all(part >= 0 for part in parts) else math.nan

    def _share_out(self, base: int, here: int, delta: float) -> None:
        grid, begin, end = self.rules.interval, self.times[base], self.times[here]
        slot = begin // grid
        while slot * grid < end:
            overlap = min(end, (slot + 1) * grid) - max(begin, slot * grid)
            self.told.intervals.setdefault(slot * grid, []).append(delta * overlap / (end - begin))
            slot += 1


def consumption(told: Told) -> list[tuple[int, float]]:
    """Start and sum of each interval, NaN where nothing is known."""
    found = []
    for start in sorted(told.intervals):
        known = [part for part in told.intervals[start] if not math.isnan(part)]
        found.append((start, sum(known) if known else math.nan))
    return found
