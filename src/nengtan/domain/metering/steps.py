"""Rules 4 to 8: from reading to reading, which are left out, and by which rule each remaining step goes.

The rules read on from the last reading taken, so they are told one after the other. Nearly every step is plain, though
(no event, not down, not above the cap), and then nothing depends on what came before. Only where a step is not plain
are the rules followed, for all such places at once, each from the last reading that is certainly taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.codes import Step, Verdict
from nengtan.domain.metering.eras import Eras
from nengtan.domain.metering.readings import Flags, Floats, Ints, Registers
from nengtan.domain.metering.rules import HOUR, SECOND, Rules
from nengtan.domain.metering.screening import Screened

__all__ = ["Series", "Walked", "walk"]

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Series:
    """Screened readings with what each register is known by."""

    found: Screened
    eras: Eras
    registers: Registers
    rules: Rules

    def cap(self, first: Ints | slice, last: Ints | slice) -> Floats:
        """The most that can have been used from one reading to another [unit after ratio]."""
        group, time = self.found.group[last], self.found.time
        cap: Floats = self.registers.cap_kw[group] * ((time[last] - time[first]) / HOUR)
        return cap

    def rise(self, first: Ints | slice, last: Ints | slice) -> Floats:
        """How much the register went up from one reading to another [unit after ratio]."""
        value = self.found.value
        rise: Floats = (value[last] - value[first]) * self.eras.ratio[last]
        return rise


@dataclass(frozen=True, slots=True)
class Walked:
    """For each screened reading its verdict, and the rule of the step that ends there (`Step`)."""

    verdict: Codes
    step: Codes


@dataclass(slots=True)
class _Walkers:
    """Places being looked at: from the reading last taken (``base``) to the one in question (``at``).

    ``stop``: where the next walker starts; ``end``: past the last reading of the register.
    """

    base: Ints
    at: Ints
    stop: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.at)

    def only(self, kept: Flags) -> Self:
        return type(self)(self.base[kept], self.at[kept], self.stop[kept], self.end[kept])


def walk(series: Series) -> Walked:
    """Follow rules 4 to 8 over all registers at once."""
    group = series.found.group
    size = len(group)
    verdict = np.zeros(size, np.uint8)
    step = np.full(size, Step.MEASURED, np.uint8)
    first = np.ones(size, np.bool_)
    first[1:] = group[1:] != group[:-1]
    step[first] = Step.BASE
    plain = _plain(series)
    trouble = np.flatnonzero(~plain & ~first)
    if trouble.size:
        walkers = _start(series, trouble)
        trouble = np.append(trouble, size)
        while len(walkers):  # once for each decision of the place that needs most
            walkers = _decide(series, walkers, plain, trouble, verdict, step)
    return Walked(verdict, step)


def _plain(series: Series) -> Flags:
    """Whether the step that ends at a reading, from the one right before, needs no rule."""
    before, here = slice(None, -1), slice(1, None)
    number, group = series.eras.number, series.found.group
    plain = np.zeros(len(group), np.bool_)
    with np.errstate(invalid="ignore"):  # at the bounds of registers, which are left out
        rise = series.rise(before, here)
        plain[1:] = (rise >= 0) & (rise <= series.cap(before, here))
    plain[1:] &= (group[here] == group[before]) & (number[here] == number[before])
    return plain


def _window(series: Series, at: Ints) -> Ints:
    """How long after a reading a dip that begins there may last, however it ends [µs]."""
    period: Ints = series.registers.period[series.found.group[at]]
    return period * series.rules.dip_samples + period // 2


def _reach(series: Series, at: Ints) -> Ints:
    """How long after a reading a dip that begins there may last at all [µs]."""
    return np.maximum(_window(series, at), series.rules.long_dip_s * SECOND)


def _start(series: Series, trouble: Ints) -> _Walkers:
    """One walker for each stretch of places so near each other that one may decide over the next."""
    time, group = series.found.time, series.found.group
    alone = np.ones(len(trouble), np.bool_)
    reach = time[trouble[:-1]] + _reach(series, trouble[:-1])
    alone[1:] = (group[trouble[1:]] != group[trouble[:-1]]) | (time[trouble[1:] - 1] > reach)
    at = trouble[alone]
    end = np.searchsorted(group, group[at], side="right")
    return _Walkers(at - 1, at, np.append(at[1:], len(group)), end)


def _decide(series: Series, walkers: _Walkers, plain: Flags, trouble: Ints, verdict: Codes, step: Codes) -> _Walkers:
    """One decision for every walker; those that go on are returned."""
    came_back = _came_back(series, walkers)
    rule, skip_to = _judge(series, walkers, plain, came_back)
    taken = rule != Step.NONE
    step[walkers.at[taken]] = rule[taken]
    _leave_out(walkers.only(~taken), skip_to[~taken], came_back[~taken] > 0, verdict, step)
    following = trouble[np.searchsorted(trouble, walkers.at, side="right").clip(max=len(trouble) - 1)]
    base = np.where(taken, following - 1, walkers.base)
    at = np.where(taken, following, skip_to)
    going = np.where(taken, at < walkers.stop, at < walkers.end)
    return _Walkers(base, at, walkers.stop, walkers.end).only(going)


def _judge(series: Series, walkers: _Walkers, plain: Flags, came_back: Ints) -> tuple[Codes, Ints]:
    """The rule each step goes by, `Step.NONE` where its reading is left out; and where to go on then."""
    base, at = walkers.base, walkers.at
    value, number, rules = series.found.value, series.eras.number, series.rules
    rise, cap = series.rise(base, at), series.cap(base, at)
    rule = np.full(len(at), Step.MEASURED, np.uint8)
    above = rise > cap
    last = at + 1 >= walkers.end
    confirmed = ~last & plain[np.minimum(at + 1, len(plain) - 1)]
    rule[above] = np.where(confirmed, Step.CATCH_UP, np.where(last, Step.UNCONFIRMED, Step.NONE))[above]
    down = value[at] < value[base]
    rule[down] = Step.RESET
    modulus, ratio = series.registers.modulus[series.found.group[at]], series.eras.ratio[at]
    most = np.where(np.isinf(cap), rules.uncapped_share * modulus * ratio, cap)
    rolls = down & (value[base] >= rules.rollover_share * modulus) & (rise + modulus * ratio <= most)
    rule[rolls] = Step.ROLLOVER
    rule[down & (came_back > 0)] = Step.NONE
    rule[number[at] != number[base]] = Step.EVENT
    return rule, np.maximum(came_back, at + 1)


def _came_back(series: Series, walkers: _Walkers) -> Ints:
    """Where a register that went down is back at its old reading within the time of a dip; 0 where it is not.

    After longer, only if it came back in one jump to near where it was: a register that was reset climbs there.
    """
    time, value, number = series.found.time, series.found.value, series.eras.number
    base, at = walkers.base, walkers.at
    found = np.zeros(len(at), np.int64)
    low = (value[at] < value[base]) & ((value[at] == 0) | (value[at] < series.rules.dip_share * value[base]))
    looking = np.flatnonzero(low & (number[at] == number[base]))
    soon, until = time[at] + _window(series, at), time[at] + _reach(series, at)
    place = at + 1
    while looking.size:  # once for each reading within the time of a dip
        here = np.minimum(place[looking], len(time) - 1)
        inside = (place[looking] < walkers.end[looking]) & (time[here] <= until[looking])
        inside &= number[here] == number[base[looking]]
        back = inside & (value[here] >= value[base[looking]])
        late = np.flatnonzero(back & (time[here] > soon[looking]))
        back[late] = _jumps_back(series, base[looking[late]], at[looking[late]], here[late])
        found[looking[back]] = here[back]
        looking = looking[inside & ~back]
        place[looking] += 1
    return found


def _jumps_back(series: Series, base: Ints, at: Ints, here: Ints) -> Flags:
    """Whether the step to a reading is more than can have been used, and ends near where the register fell from.

    Without a cap: whether it makes up for half of the fall, and ends above by less than that.
    """
    half = (series.found.value[base] - series.found.value[at]) * series.eras.ratio[here] / 2
    cap, whole = series.cap(here - 1, here), series.cap(base, here)
    open_ = np.isinf(cap)
    jump = np.where(open_, series.rise(here - 1, here) >= half, series.rise(here - 1, here) > cap)
    near: Flags = series.rise(base, here) <= np.where(open_, half, whole)
    return jump & near


def _leave_out(walkers: _Walkers, skip_to: Ints, dips: Flags, verdict: Codes, step: Codes) -> None:
    """Mark the readings from each walker up to where it goes on."""
    lengths = skip_to - walkers.at
    places = np.repeat(walkers.at - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    verdict[places] = np.repeat(np.where(dips, Verdict.DIP, Verdict.SPIKE), lengths)
    step[places] = Step.NONE
