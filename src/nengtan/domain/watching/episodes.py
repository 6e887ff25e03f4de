"""When a value is too high for too long: episodes that begin, are told of, and end (告警).

``hold`` keeps a moment from raising an alarm, ``back`` keeps a value at the limit from raising it again and again
(hysteresis), ``silence`` makes one of two that follow each other closely. A value below a limit is watched by its
negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nengtan.domain.metering.readings import Floats, Ints

__all__ = ["Episode", "Watch", "episodes", "level", "merged"]


@dataclass(frozen=True, slots=True)
class Watch:
    """Above what value for how long; ``back``: at or below which it is over. Times in the unit of the series."""

    over: float
    back: float
    hold: int = 0
    silence: int = 0

    def __post_init__(self) -> None:
        if self.back > self.over:
            raise ValueError(f"back: found {self.back}; allowed: at most {self.over}")


@dataclass(frozen=True, slots=True)
class Episode:
    """A time too high: ``begun``, ``raised`` when it had lasted long enough, ``ended`` None while it lasts."""

    begun: int
    raised: int
    ended: int | None
    worst: float
    worst_at: int


def episodes(time: Ints, value: Floats, watch: Watch, gap: int) -> list[Episode]:
    """All episodes of a series that lasted at least the hold.

    Parameters: ``time``: rising; ``value``: NaN is unknown, which neither begins nor ends anything; ``gap``: after so
    long without a known value nothing is known to have lasted, and what had begun begins anew.

    >>> time = np.arange(8) * 15
    >>> value = np.array([1, 9, 9, 9, 7, 4, 9, 1.0])
    >>> [(e.begun, e.raised, e.ended, e.worst) for e in episodes(time, value, Watch(8, 5, hold=30), gap=60)]
    [(15, 45, 75, 9.0)]
    """
    known = np.isfinite(value)
    found: list[Episode] = []
    begun: int | None = None
    last = worst_at = 0
    worst = 0.0
    raised: int | None = None
    for at, shown in zip(time[known].tolist(), value[known].tolist(), strict=True):
        if begun is not None and at - last > gap:
            if raised is not None:
                found.append(Episode(begun, raised, last, worst, worst_at))
            begun = raised = None
        if begun is None and shown > watch.over:
            begun, worst, worst_at = at, shown, at
        elif begun is not None and (shown <= watch.back or (raised is None and shown <= watch.over)):
            if raised is not None:
                found.append(Episode(begun, raised, at, worst, worst_at))
            begun = raised = None
        if begun is not None:
            if shown > worst:
                worst, worst_at = shown, at
            if raised is None and at - begun >= watch.hold:
                raised = at
        last = at
    if begun is not None and raised is not None:
        found.append(Episode(begun, raised, None, worst, worst_at))
    return merged(found, watch.silence)


def merged(found: Iterable[Episode], silence: int) -> list[Episode]:
    """Episodes of which the next begins within ``silence`` of the end of the last, as one.

    >>> two = [Episode(0, 10, 20, 5.0, 10), Episode(25, 30, None, 7.0, 26)]
    >>> [(e.begun, e.raised, e.ended, e.worst) for e in merged(two, 5)]
    [(0, 10, None, 7.0)]
    """
    held: list[Episode] = []
    for item in found:
        before = held[-1] if held else None
        if before is None or before.ended is None or item.begun - before.ended > silence:
            held.append(item)
            continue
        higher = item if item.worst > before.worst else before
        held[-1] = replace(before, ended=item.ended, worst=higher.worst, worst_at=higher.worst_at)
    return held


def level(raised: int, now: int, steps: Sequence[int], answered: bool) -> int:
    """To whom an alarm has risen: 0 those nearest, one more with each step nobody answered in time.

    >>> [level(0, now, (30, 120), answered=False) for now in (0, 29, 30, 500)], level(0, 500, (30,), answered=True)
    ([0, 0, 1, 2], 0)
    """
    return 0 if answered else sum(now - raised >= step for step in steps)
