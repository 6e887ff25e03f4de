"""Rule 9: consumption on an even grid of intervals, each with how sure it is and how it was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.codes import Method, Quality, Step
from nengtan.domain.metering.readings import Flags, Floats, Ints
from nengtan.domain.metering.rules import Rules
from nengtan.domain.metering.shapes import Shapes

__all__ = ["Intervals", "Steps", "joined", "lay_out"]

Codes = NDArray[np.uint8]

_BY_STEP = {
    Step.MEASURED: (Quality.GOOD, Method.MEASURED),
    Step.EVENT: (Quality.GOOD, Method.EVENT),
    Step.ROLLOVER: (Quality.GOOD, Method.ROLLOVER),
    Step.CATCH_UP: (Quality.SUSPECT, Method.CATCH_UP),
    Step.RESET: (Quality.MISSING, Method.RESET),
    Step.UNCONFIRMED: (Quality.MISSING, Method.UNCONFIRMED),
    Step.MISMATCH: (Quality.MISSING, Method.MISMATCH),
}
_WORTH = 32
"""Quality and method in one number, so that the worst quality of an interval brings its method along."""


@dataclass(frozen=True, slots=True)
class Steps:
    """From a reading taken to the next one taken; columns of one length, by register and time.

    ``register``; ``first``, ``last``: the two readings, counted among all; ``begin``, ``end`` [µs]; ``delta``:
    consumption after the ratio, NaN if not known; ``rule`` (`Step`); ``late``: one of the two was read by a clock
    that is off; ``shared``: divided between two ratios by time; ``long``: a gap, longer than the register's period
    allows.
    """

    register: Ints
    first: Ints
    last: Ints
    begin: Ints
    end: Ints
    delta: Floats
    rule: Codes
    late: Flags
    shared: Flags
    long: Flags

    def worth(self) -> NDArray[np.int64]:
        """Quality and method of each step, in one number."""
        table = np.zeros(len(Step), np.int64)
        for step, (quality, method) in _BY_STEP.items():
            table[step] = quality * _WORTH + method
        worth: NDArray[np.int64] = table[self.rule]
        guessed = (self.long | self.shared) & (worth < Quality.ESTIMATED * _WORTH)
        worth[guessed] += Quality.ESTIMATED * _WORTH
        evenly = guessed & (self.rule == Step.MEASURED)
        worth[evenly] = Quality.ESTIMATED * _WORTH + Method.LINEAR
        doubted = self.late & (worth < Quality.SUSPECT * _WORTH)
        worth[doubted] = Quality.SUSPECT * _WORTH + worth[doubted] % _WORTH
        return worth


@dataclass(frozen=True, slots=True)
class Intervals:
    """Consumption on the grid, every interval from the first reading taken to the last; columns of one length.

    ``register``; ``start`` [µs]; ``value``: NaN where nothing is known; ``known``: the share of the interval it covers,
    0 to 1; ``quality`` (`Quality`); ``method`` (`Method`). ``length`` [µs] is that of all.
    """

    register: Ints
    start: Ints
    value: Floats
    known: Floats
    quality: Codes
    method: Codes
    length: int

    def __len__(self) -> int:
        return len(self.start)


def lay_out(steps: Steps, rules: Rules, shapes: Shapes | None = None) -> Intervals:
    """Consumption of steps on the grid; the intervals of a step add up to it.

    A step within one interval goes there whole. Another is shared by time, a gap by ``shapes``, where they are known
    for all of it.
    """
    grid = rules.interval
    first, last = steps.begin // grid, (steps.end - 1) // grid
    spans = last - first
    worth = steps.worth()
    if not spans.any():
        return _gather(steps.register, first, steps.delta, steps.end - steps.begin, worth, grid)
    count = spans + 1
    step = np.repeat(np.arange(len(count)), count)
    slot = np.arange(len(step)) - np.repeat(np.cumsum(count) - count - first, count)
    overlap = np.minimum(steps.end[step], (slot + 1) * grid) - np.maximum(steps.begin[step], slot * grid)
    share = overlap / (steps.end - steps.begin)[step]
    pieces = worth[step]
    split = (spans > 0)[step]
    pieces[split & (pieces == Method.MEASURED)] = Method.PRORATED
    if shapes is not None:
        like = _like_others(steps, step, slot, overlap, shapes)
        share = np.where(np.isnan(like), share, like)
        evenly = Quality.ESTIMATED * _WORTH + Method.LINEAR
        pieces[(pieces == evenly) & ~np.isnan(like)] = Quality.ESTIMATED * _WORTH + Method.PROFILE
    value = np.where(split, steps.delta[step] * share, steps.delta[step])
    return _gather(steps.register[step], slot, value, overlap, pieces, grid)


def _like_others(steps: Steps, step: Ints, slot: Ints, overlap: Ints, shapes: Shapes) -> Floats:
    """For pieces of gaps the share by the usual course of such days; NaN where that is not known."""
    long = steps.long[step]
    weight = np.full(len(step), np.nan)
    weight[long] = shapes.weight(steps.register[step[long]], slot[long]) * overlap[long]
    whole = np.bincount(step, weights=weight, minlength=len(steps.begin))  # NaN if any of it is
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = np.where(whole[step] > 0, weight / whole[step], np.nan)
    return share


def _gather(
    register: Ints, slot: Ints, value: Floats, duration: Ints, worth: NDArray[np.int64], grid: int
) -> Intervals:
    """Add up the pieces that lie in one interval of one register; pieces come in order."""
    opens = np.ones(len(slot), np.bool_)
    opens[1:] = (slot[1:] != slot[:-1]) | (register[1:] != register[:-1])
    starts = np.flatnonzero(opens)
    unknown = np.isnan(value)
    if len(starts) < len(slot):
        covered = np.add.reduceat(np.where(unknown, 0, duration), starts)
        nothing = np.logical_and.reduceat(unknown, starts)
        value = np.add.reduceat(np.where(unknown, 0.0, value), starts)
        value[nothing] = np.nan
        worst = np.maximum.reduceat(worth, starts)
    else:
        covered, nothing, worst = np.where(unknown, 0, duration), unknown, worth.copy()
    part = ~nothing & (covered < grid)
    worst[part] = Quality.PARTIAL * _WORTH + worst[part] % _WORTH
    quality, method = np.divmod(worst.astype(np.uint8), np.uint8(_WORTH))
    return Intervals(register[starts], slot[starts] * grid, value, covered / grid, quality, method, grid)


def joined(parts: Sequence[Intervals], length: int) -> Intervals:
    """Intervals of several stretches one after the other."""
    if len(parts) == 1:
        return parts[0]
    whole, floats, codes = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.uint8)
    return Intervals(
        np.concatenate([whole, *(part.register for part in parts)]),
        np.concatenate([whole, *(part.start for part in parts)]),
        np.concatenate([floats, *(part.value for part in parts)]),
        np.concatenate([floats, *(part.known for part in parts)]),
        np.concatenate([codes, *(part.quality for part in parts)]),
        np.concatenate([codes, *(part.method for part in parts)]),
        length,
    )
