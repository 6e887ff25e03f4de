"""All the rules over the readings of many registers, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.codes import Step
from nengtan.domain.metering.eras import Eras
from nengtan.domain.metering.intervals import Intervals, Steps, joined, lay_out
from nengtan.domain.metering.readings import Events, Flags, Floats, Readings, Registers, no_events
from nengtan.domain.metering.rules import Rules
from nengtan.domain.metering.screening import Screened, screen
from nengtan.domain.metering.shapes import Shapes
from nengtan.domain.metering.steps import Series, Walked, walk

__all__ = ["BLOCK", "Cleaned", "clean"]

BLOCK = 1 << 16
"""Readings at a time: so many that starting an operation is cheap, so few that they stay in the processor's cache."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What the rules made of readings.

    Over all readings as they came: ``verdict`` (`Verdict`), ``step`` (`Step`: the rule by which the step that ends
    there goes), ``settled`` (whether the readings may be parted there, it standing in both parts, and come to the
    same), ``late`` (clock off, rule 3). Over intervals: ``intervals``. Over registers: ``total``, NaN where nothing
    is known.
    """

    verdict: Codes
    step: Codes
    settled: Flags
    late: Flags
    intervals: Intervals
    total: Floats


def clean(
    readings: Readings,
    registers: Registers,
    events: Events | None = None,
    rules: Rules | None = None,
    *,
    shapes: Shapes | None = None,
    now: int | None = None,
) -> Cleaned:
    """Consumption of registers from their readings, by the rules of `Rules` in their order.

    Parameters: ``shapes``: how gaps are shared out; evenly without. ``now`` [µs]: readings from later are left out.
    The intervals of a register add up to (last - first) x ratio + what events and roll-overs explain - steps not known.

    >>> quarters = [1_767_225_600_000_000 + number * 900_000_000 for number in range(3)]
    >>> found = clean(Readings.of_one(quarters, [999998.5, 3.25, 4.0]), Registers.alike(1, modulus=1e6))
    >>> found.intervals.value.tolist(), found.total.tolist()
    ([4.75, 0.75], [5.5])
    """
    rules = rules or Rules()
    happened = events if events is not None else no_events()
    if len(registers.ratio) != readings.registers:
        raise ValueError(
            f"registers: found {len(registers.ratio)}, allowed: {readings.registers}, as the readings have"
        )
    if len(happened) and not (happened.register.min() >= 0 and happened.register.max() < readings.registers):
        raise ValueError(f"register of an event: allowed: 0 to {readings.registers - 1}")
    parts = [
        _clean_block(readings, registers, happened, rules, shapes, now, first, last)
        for first, last in _blocks(readings)
    ]
    return _join(parts, rules)


def _blocks(readings: Readings) -> Iterator[tuple[int, int]]:
    """Runs of registers with about a block of readings."""
    first, offsets = 0, readings.offsets
    while first < readings.registers:
        last = int(np.searchsorted(offsets, offsets[first] + BLOCK, side="right")) - 1
        last = min(max(last, first + 1), readings.registers)
        yield first, last
        first = last


def _clean_block(
    readings: Readings, registers: Registers, events: Events, rules: Rules, shapes: Shapes | None, now: int | None,
    first: int, last: int,
) -> Cleaned:  # fmt: skip
    bounds = readings.offsets[first : last + 1]
    held = slice(int(bounds[0]), int(bounds[-1]))
    came = None if readings.arrived is None else readings.arrived[held]
    own = Readings(readings.time[held], readings.value[held], bounds - bounds[0], came)
    known = registers.part(first, last)
    found = screen(own, known, rules, now)
    series = Series(found, Eras.of(found, known, events.part(first, last)), known, rules)
    walked = walk(series)
    steps, step = _steps(series, walked)
    intervals = lay_out(steps, rules, shapes.part(first, last) if shapes else None)
    whole = Intervals(
        intervals.register + first, intervals.start, intervals.value, intervals.known, intervals.quality,
        intervals.method, intervals.length,
    )  # fmt: skip
    return _over_all(found, walked, step, whole, _totals(steps, last - first))


def _steps(series: Series, walked: Walked) -> tuple[Steps, Codes]:
    """The steps between readings taken, and the rules with the events that do not fit told apart."""
    found, rule = series.found, walked.step.copy()
    taken = np.flatnonzero(rule != Step.NONE)
    ends = rule[taken[1:]] != Step.BASE
    first, last = taken[:-1][ends], taken[1:][ends]
    delta = series.rise(first, last)
    code = rule[last]
    modulus = series.registers.modulus[found.group[last]]
    rolled = code == Step.ROLLOVER
    delta[rolled] += (modulus * series.eras.ratio[last])[rolled]
    shared = np.zeros(len(last), np.bool_)
    crossing = np.flatnonzero(code == Step.EVENT)
    if crossing.size:
        crossed = series.eras.cross(found, first[crossing], last[crossing])
        delta[crossing], shared[crossing] = crossed.delta, crossed.shared
        code[crossing[np.isnan(crossed.delta)]] = Step.MISMATCH
        rule[last] = code
    delta[(code == Step.RESET) | (code == Step.UNCONFIRMED)] = np.nan
    begin, end, group = found.time[first], found.time[last], found.group[last]
    late = np.zeros(len(last), np.bool_) if found.late is None else found.late[first] | found.late[last]
    long = (end - begin) > series.rules.gap_periods * series.registers.period[group]
    return Steps(group, found.at[first], found.at[last], begin, end, delta, code, late, shared, long), rule


def _over_all(found: Screened, walked: Walked, rule: Codes, intervals: Intervals, total: Floats) -> Cleaned:
    """Back to the readings as they came."""
    verdict = found.verdict
    verdict[found.at] = walked.verdict
    step = np.zeros(len(verdict), np.uint8)
    step[found.at] = rule
    settled = (step != Step.NONE) & (step != Step.CATCH_UP) & (step != Step.UNCONFIRMED)
    late = np.zeros(len(verdict), np.bool_)
    if found.late is not None:
        late[found.at] = found.late
    return Cleaned(verdict, step, settled, late, intervals, total)


def _totals(steps: Steps, registers: int) -> Floats:
    known = ~np.isnan(steps.delta)
    number = np.bincount(steps.register[known], minlength=registers)
    total = np.bincount(steps.register[known], weights=steps.delta[known], minlength=registers)
    return np.where(number > 0, total, np.nan)


def _join(parts: Sequence[Cleaned], rules: Rules) -> Cleaned:
    if len(parts) == 1:
        return parts[0]
    codes, flags = np.zeros(0, np.uint8), np.zeros(0, np.bool_)
    return Cleaned(
        np.concatenate([codes, *(part.verdict for part in parts)]),
        np.concatenate([codes, *(part.step for part in parts)]),
        np.concatenate([flags, *(part.settled for part in parts)]),
        np.concatenate([flags, *(part.late for part in parts)]),
        joined([part.intervals for part in parts], rules.interval),
        np.concatenate([np.zeros(0), *(part.total for part in parts)]),
    )
