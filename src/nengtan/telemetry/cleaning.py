"""The rules over the readings of one register, and what came of it in the order of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nengtan.domain.metering.cleaning import Cleaned, clean
from nengtan.domain.metering.codes import Method, Quality, Step, Verdict
from nengtan.domain.metering.readings import Events, Ints, Registers, arrange
from nengtan.domain.metering.rules import HOUR, Rules
from nengtan.domain.metering.shapes import DayTypes, usual
from nengtan.telemetry.files import EventRow, ReadingRow

__all__ = ["ASKING", "DOUBTED", "Dropped", "Interval", "Outcome", "Task", "clean_register"]

DECIMALS = 6
"""Of what is told: finer than any register shows after its ratio."""

_DAY = 24 * HOUR
ASKING = {
    Step.RESET: "reset",
    Step.CATCH_UP: "catch_up",
    Step.UNCONFIRMED: "unconfirmed",
    Step.MISMATCH: "mismatch",
}
DOUBTED = {
    Verdict.OUT_OF_RANGE: "out_of_range",
    Verdict.EARLY: "early",
    Verdict.FUTURE: "future",
    Verdict.CONFLICT: "conflict",
    Verdict.SPIKE: "spike",
}


@dataclass(frozen=True, slots=True)
class Interval:
    """Consumption from ``time`` [µs] on, None if not known."""

    time: int
    value: float | None
    quality: str
    method: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A reading left out of the consumption, and by what reason."""

    reading: ReadingRow
    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """What a person must look at: a reading, and the last one taken before it."""

    kind: str
    reading: ReadingRow
    before: ReadingRow | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Consumption of one register; ``total`` None where nothing is known."""

    intervals: list[Interval]
    total: float | None
    tasks: list[Task]
    dropped: list[Dropped]


def clean_register(
    rows: Sequence[ReadingRow], registers: Registers, events: Sequence[EventRow], now: int, offset: int
) -> Outcome:
    """Clean the readings of one register, given in the order in which they arrived.

    A gap is shared out like other workdays or weekends of the register, evenly where too few are known. ``now``,
    ``offset`` [µs]: the time after which nothing can have been read, and what local time is ahead of UTC.
    """
    readings, order = arrange(
        np.zeros(len(rows), np.int64), [row.time for row in rows], [row.value for row in rows], 1
    )  # fmt: skip
    happened = Events.of(
        np.zeros(len(events), np.int64), [event.time for event in events], [event.final for event in events],
        [event.start for event in events], [event.ratio for event in events],
    )  # fmt: skip
    rules = Rules()
    first = clean(readings, registers, happened, rules, now=now)
    days = _weeks(first.intervals.start, offset)
    shapes = usual(first.intervals, days, 1)
    found = clean(readings, registers, happened, rules, shapes=shapes, now=now)
    ordered = [rows[place] for place in order]
    return Outcome(_intervals(found), _told(float(found.total[0])), _tasks(found, ordered), _dropped(found, ordered))


def _weeks(start: Ints, offset: int) -> DayTypes:
    """Workdays and weekends as the week has them; days moved by holidays are in no file of readings."""
    if not len(start):
        return DayTypes(0, np.zeros(0, np.int64), 2, offset)
    first, last = ((int(time) + offset) // _DAY for time in (start[0], start[-1]))
    weekday = (np.arange(first, last + 1) + 3) % 7  # day 0 was a Thursday
    return DayTypes(first, (weekday >= 5).astype(np.int64), 2, offset)


def _told(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DECIMALS)


def _intervals(found: Cleaned) -> list[Interval]:
    qualities = [quality.name.lower() for quality in Quality]
    methods = [method.name.lower() for method in Method]
    columns = (found.intervals.start, found.intervals.value, found.intervals.quality, found.intervals.method)
    return [
        Interval(time, _told(value), qualities[quality], methods[method])
        for time, value, quality, method in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _tasks(found: Cleaned, rows: Sequence[ReadingRow]) -> list[Task]:
    """In order of time; the reading before is the last one taken."""
    taken = np.where(found.step != Step.NONE, np.arange(len(rows)), -1)
    latest = np.maximum.accumulate(taken) if len(taken) else taken
    tasks = []
    for place in np.flatnonzero(np.isin(found.step, list(ASKING)) | np.isin(found.verdict, list(DOUBTED))):
        before = int(latest[place - 1]) if place else -1
        kind = ASKING.get(Step(found.step[place])) or DOUBTED[Verdict(found.verdict[place])]
        tasks.append(Task(kind, rows[int(place)], rows[before] if before >= 0 else None))
    return tasks


def _dropped(found: Cleaned, rows: Sequence[ReadingRow]) -> list[Dropped]:
    left_out = np.flatnonzero(found.verdict != Verdict.KEPT)
    return [Dropped(rows[int(place)], Verdict(found.verdict[place]).name.lower()) for place in left_out]
