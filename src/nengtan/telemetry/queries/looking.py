"""A stretch of time one looks at, from all there is down to a day, and what was used in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan.domain.metering.readings import Floats
from nengtan.domain.watching.expectation import Expectation, expect
from nengtan.telemetry.moments import EPOCH, local_offset, micros
from nengtan.telemetry.queries.series import DAY, HOUR, QUARTER, Point, Step, midnight, points
from nengtan.telemetry.queries.virtual import Computed

__all__ = ["LEVELS", "Level", "Look", "Stretch", "stretch_of"]

Level = Literal["all", "month", "week", "day"]
LEVELS: tuple[Level, ...] = get_args(Level)

STEPS: dict[Level, Step] = {"all": "month", "month": "day", "week": "hour", "day": "quarter"}
LENGTHS = {"day": DAY, "hour": HOUR, "quarter": QUARTER}

YEARS = 10
"""How far back a look at everything goes."""

ENOUGH = 0.95
"""Of a stretch of which less is known nothing is said in comparison: a part of a month is not the month."""

HEAT_DAYS = 31
LIKE_DAYS = 35
"""How far back days of the same type are sought."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``begin`` up to ``end`` [µs since 1970 UTC]; ``day``: the local day by which it is named."""

    level: Level
    day: dt.date
    begin: int
    end: int

    @property
    def step(self) -> Step:
        """Into what periods it is divided."""
        return STEPS[self.level]

    def moved(self, back: bool) -> dt.date | None:
        """The day that names the stretch before or after; None where there is none, or the calendar ends."""
        if self.level == "all":
            return None
        day = dt.timedelta(days=1)
        try:
            if self.level == "month":
                first = self.day.replace(day=1)
                return first - day if back else (first + 31 * day).replace(day=1)
            return self.day + (7 if self.level == "week" else 1) * (-day if back else day)
        except OverflowError:
            return None


def stretch_of(level: Level, day: dt.date) -> Stretch:
    """The stretch a day lies in: its month, the seven days that end with it, or itself; with ``all``, the years."""
    if level == "all":
        first, last = dt.date(day.year - YEARS, 1, 1), dt.date(day.year, 12, 31)
    elif level == "month":
        first = day.replace(day=1)
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    else:
        first, last = day - dt.timedelta(days=6 if level == "week" else 0), day
    return Stretch(level, day, _begin(first), _begin(last) + DAY)


def _begin(day: dt.date) -> int:
    moment = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
    return micros(moment) - local_offset()


@dataclass
class Look:
    """What some registers, or one virtual meter, used together in a stretch of time."""

    registers: Sequence[int]
    stretch: Stretch
    now: dt.datetime
    virtual: Computed | None = None

    def _points(self, step: Step, begin: int, end: int) -> list[Point]:
        if self.virtual is not None:
            return self.virtual.points(step, begin, end)
        return points(self.registers, step, begin, end)

    @cached_property
    def _earlier(self) -> Stretch | None:
        """The stretch before; None where a look at everything has none."""
        day = self.stretch.moved(back=True)
        return None if day is None else stretch_of(self.stretch.level, day)

    @cached_property
    def _known(self) -> dict[int, Point]:
        """All periods that are needed, the stretch before and days of the same type included: one question."""
        begin = self._earlier.begin if self._earlier else self.stretch.begin
        if self.stretch.level == "day":
            begin = min(begin, self.stretch.begin - LIKE_DAYS * DAY)
        found = self._points(self.stretch.step, begin, self.stretch.end)
        return {one.begin: one for one in found}

    @cached_property
    def points(self) -> list[Point]:
        """Every period of the stretch up to now, those of which nothing is known, too; without the empty years
        before the first that is known."""
        found = {begin: one for begin, one in self._known.items() if begin >= self.stretch.begin}
        if not found:
            return []
        return [
            found.get(begin) or Point(begin, None, 0.0, 0.0, 1.0, "missing", False) for begin in self._begins(found)
        ]

    def _begins(self, found: dict[int, Point]) -> list[int]:
        last = min(self.stretch.end, max(micros(self.now), max(found) + 1))
        if self.stretch.step == "month":
            offset = local_offset()
            first = np.array([min(found) + offset]).view("datetime64[us]").astype("datetime64[M]")[0]
            after = np.array([last - 1 + offset]).view("datetime64[us]").astype("datetime64[M]")[0] + 1
            months = np.arange(first, after).astype("datetime64[us]").astype(np.int64) - offset
            return [int(one) for one in months]
        return list(range(self.stretch.begin, last, LENGTHS[self.stretch.step]))

    @cached_property
    def total(self) -> float | None:
        """What was used in the whole stretch, as far as it is known."""
        known = [one.value for one in self.points if one.value is not None]
        return sum(known) if known else None

    @cached_property
    def before(self) -> float | None:
        """What was used in the stretch before, up to the same moment of it; None unless nearly all of that is known."""
        earlier = self._earlier
        if earlier is None:
            return None
        passed = min(micros(self.now), self.stretch.end) - self.stretch.begin
        length = LENGTHS[self.stretch.step]
        until = min(earlier.begin + passed // length * length, earlier.end)
        found = [one for begin, one in self._known.items() if earlier.begin <= begin < until]
        known = sum((1 - one.missing) * length for one in found)
        if not found or known < ENOUGH * (until - earlier.begin):
            return None
        return sum(one.value for one in found if one.value is not None)

    @cached_property
    def shares(self) -> tuple[float, float, float]:
        """Of the time that has passed: measured well, estimated, missing."""
        if not self.points:
            return 0.0, 0.0, 1.0
        good, estimated = (float(np.mean([getattr(one, name) for one in self._past])) for name in ("good", "estimated"))
        return good, estimated, max(1 - good - estimated, 0.0)

    @property
    def _past(self) -> list[Point]:
        """Periods that are over; the one that runs, where there is no other."""
        length = LENGTHS.get(self.stretch.step, 28 * DAY)
        return [one for one in self.points if one.begin + length <= micros(self.now)] or self.points

    @cached_property
    def peak(self) -> Point | None:
        """The highest period."""
        known = [one for one in self.points if one.value is not None]
        return max(known, key=lambda one: one.value or 0.0) if known else None

    @cached_property
    def heat(self) -> list[tuple[dt.date, list[float | None]]]:
        """Days by hours, the days of the stretch or the weeks before its end: what was used each hour."""
        end = min(self.stretch.end, midnight(micros(self.now), local_offset()) + DAY)
        begin = self.stretch.begin if self.stretch.level == "month" else end - HEAT_DAYS * DAY
        known = {one.begin: one.value for one in self._points("hour", begin, end)}
        days = range(begin, end, DAY)
        rows = [(local_day(day), [known.get(day + hour * HOUR) for hour in range(24)]) for day in days]
        first = next((place for place, (_day, hours) in enumerate(rows) if any(one is not None for one in hours)), None)
        return rows[first:] if first is not None else []

    @cached_property
    def expected(self) -> Expectation | None:
        """What the day should bring, from days of its type before it; None where another stretch is looked at."""
        if self.stretch.level != "day":
            return None
        found = expect(day_history(self._known.values(), self.stretch.begin))
        return found if found.days else None


def local_day(begin: int) -> dt.date:
    """The local day a moment lies in [µs]."""
    return timezone.localtime(EPOCH + dt.timedelta(microseconds=begin)).date()


def day_history(found: Iterable[Point], begin: int, days: int = LIKE_DAYS) -> Floats:
    """Quarters of an hour of the days before one that are of its type, days x 96; NaN is unknown or incomplete."""
    wanted = local_day(begin).weekday() >= 5
    table = np.full((days, 96), np.nan)
    for one in found:
        inside = begin - days * DAY <= one.begin < begin
        if inside and one.whole and one.quality in ("good", "estimated") and one.value is not None:
            place = (one.begin - begin) // QUARTER + days * 96
            table[divmod(place, 96)] = one.value
    kinds = [(local_day(begin - (days - back) * DAY).weekday() >= 5) == wanted for back in range(days)]
    return table[np.array(kinds)]


def level_words() -> dict[Level, str]:
    """How the stretches are called."""
    return {
        "all": _("All years"),
        "month": pgettext("stretch", "Month"),
        "week": _("Seven days"),
        "day": pgettext("stretch", "Day"),
    }
