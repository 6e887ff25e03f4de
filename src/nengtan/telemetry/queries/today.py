"""A region today: its load, and each household against what is usual on such a day."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from nengtan.domain.metering.readings import Floats
from nengtan.domain.watching.expectation import Expectation, expect
from nengtan.identity.access import Actor
from nengtan.registry.models import Region
from nengtan.telemetry.inbox import open_inbox
from nengtan.telemetry.models import Register
from nengtan.telemetry.moments import EPOCH, local_offset, micros
from nengtan.telemetry.queries.looking import LIKE_DAYS
from nengtan.telemetry.queries.overview import MOST_METERS, Heard, heard, meters_seen, roots
from nengtan.telemetry.queries.series import DAY, HOUR, QUARTER, hourly, midnight, points
from nengtan.telemetry.queries.virtual import virtual_meters

__all__ = ["HouseholdToday", "Today"]

KNOWN = 0.99
"""An hour of which less is known of a household is not held against what is usual. A setting of ours."""

PRESENT = 0.9
"""The last quarter of an hour counts as arrived when so much of it is there."""

CARRIER = "electricity"

KEPT_S = 3600
"""How long what is usual is kept [s]; what came late is in it an hour later."""


@dataclass(frozen=True, slots=True)
class HouseholdToday:
    """A household up to the last full hour [kWh], and its mean load of that hour [kW]; None is not known.

    ``used`` and ``expected`` are of the same hours, those of which both are known.
    """

    code: str
    used: float | None
    expected: float | None
    load_kw: float | None

    @property
    def ratio(self) -> float | None:
        return self.used / self.expected if self.used is not None and self.expected else None


class Today:
    """Electricity of the uppermost meters of a region and what is below it; a few questions, however many meters."""

    def __init__(self, actor: Actor, region: Region, now: dt.datetime | None = None) -> None:
        """``now``: without it this moment.

        Raises:
            Forbidden: the actor may see no meters.
        """
        self.now = now or timezone.now()
        moment = micros(self.now)
        self.begin = midnight(moment, local_offset())
        self.hours = (moment - self.begin) // HOUR
        meters = meters_seen(actor).filter(institution__region__path__startswith=region.path)
        names = ("pk", "parent_id", "carrier", "institution__code")
        self._meters = list(meters.order_by("institution__code", "pk").values_list(*names)[:MOST_METERS])
        rows = Register.objects.filter(
            code="", direction=Register.Direction.IN, meter__in=[row[0] for row in self._meters]
        )
        self._registers = {meter: (pk, period) for pk, meter, period in rows.values_list("pk", "meter_id", "period_s")}

    @cached_property
    def states(self) -> dict[Heard, int]:
        """How many meters are heard of in which way, virtual ones left out."""
        latest = open_inbox().latest([pk for pk, _period in self._registers.values()])
        virtual = virtual_meters(row[0] for row in self._meters if row[0] not in self._registers)
        found = dict.fromkeys(Heard, 0)
        for meter, *_rest in self._meters:
            if meter not in virtual:
                pk, period = self._registers.get(meter, (0, 900))
                found[heard(latest.get(pk), period, micros(self.now))] += 1
        return found

    @cached_property
    def _tops(self) -> dict[str, list[tuple[int, str]]]:
        """By carrier the registers of the uppermost meters, each with the code of its household."""
        top = set(roots([row[:3] for row in self._meters]))
        found: dict[str, list[tuple[int, str]]] = {}
        for pk, _parent, kind, body in self._meters:
            if pk in top and pk in self._registers:
                found.setdefault(kind, []).append((self._registers[pk][0], body))
        return found

    @cached_property
    def _hours(self) -> dict[int, Floats]:
        """The hours of today that are over, by register of an uppermost meter; NaN where not all of one is known."""
        ids = [register for those in self._tops.values() for register, _body in those]
        value, good, estimated = hourly(ids, self.begin, self.begin + self.hours * HOUR)
        return dict(zip(ids, np.where(good + estimated > KNOWN, value, np.nan), strict=True))

    @cached_property
    def carriers(self) -> dict[str, float]:
        """What was used today up to the last full hour, by carrier, in its unit; those not known left out."""
        found = {}
        for carrier, those in self._tops.items():
            value = np.array([self._hours[register] for register, _body in those])
            if np.isfinite(value).any():
                found[carrier] = float(np.nansum(value))
        return found

    @cached_property
    def bodies(self) -> list[str]:
        """Households with an electricity meter, by code."""
        return sorted({body for _register, body in self._tops.get(CARRIER, ())})

    def _by_body(self, value: Floats) -> Floats:
        """Rows of electricity registers as rows of households; NaN where anything of one is not known."""
        place = {body: at for at, body in enumerate(self.bodies)}
        total = np.zeros((len(place), value.shape[1]))
        np.add.at(total, [place[body] for _register, body in self._tops[CARRIER]], value)
        return total

    @cached_property
    def _day(self) -> Floats:
        """Households x hours of today; NaN where not all is known, or the hour is not over."""
        found = np.full((len(self.bodies), 24), np.nan)
        found[:, : self.hours] = self._by_body(np.array([self._hours[one] for one, _body in self._tops[CARRIER]]))
        return found

    @cached_property
    def _expected(self) -> Expectation:
        """Of each household and hour of a day of today's type: columns are households x hours.

        The days before hardly change: it is worked out once an hour for the same meters.
        """
        kept: Any = cache.get_or_set(self.key("expected"), self._expect, KEPT_S)
        found: Expectation = kept
        return found

    def _expect(self) -> Expectation:
        start = self.begin - LIKE_DAYS * DAY
        value, good, estimated = hourly([one for one, _body in self._tops[CARRIER]], start, self.begin)
        history = self._by_body(np.where(good + estimated > KNOWN, value, np.nan)).reshape(-1, LIKE_DAYS, 24)
        weekend = ((np.arange(LIKE_DAYS + 1) + self._weekday - LIKE_DAYS) % 7) >= 5
        like = np.flatnonzero(weekend[:LIKE_DAYS] == weekend[-1])
        return expect(history[:, like].transpose(1, 0, 2).reshape(len(like), -1))

    def key(self, what: str) -> str:
        """By what something of these meters on this day is kept: who sees others has another one."""
        told = repr((settings.LAKE, self.begin, self._meters, sorted(self._registers.items())))
        return f"today-{what}-{hashlib.sha256(told.encode()).hexdigest()}"

    @property
    def _weekday(self) -> int:
        return timezone.localtime(EPOCH + dt.timedelta(microseconds=self.begin)).weekday()

    @cached_property
    def households(self) -> list[HouseholdToday]:
        """Each household with an electricity meter, by code."""
        if not self.bodies:
            return []
        day, usual = self._day, self._expected.mean.reshape(-1, 24)
        both = np.isfinite(day) & np.isfinite(usual)
        used = np.where(both, day, 0).sum(1)
        expected = np.where(both, usual, 0).sum(1)
        last = day[:, self.hours - 1] if self.hours else np.full(len(day), np.nan)
        return [
            HouseholdToday(
                body, float(used[at]) if both[at].any() else None, float(expected[at]) if both[at].any() else None,
                None if np.isnan(last[at]) else float(last[at]),
            )
            for at, body in enumerate(self.bodies)
        ]  # fmt: skip

    @cached_property
    def used(self) -> float | None:
        """Electricity of all up to the last full hour [kWh]; a sum of what is known."""
        return self.carriers.get(CARRIER)

    @cached_property
    def ratio(self) -> float | None:
        """What was used of what was to be expected, over the hours and households of which both are known."""
        known = [one for one in self.households if one.expected]
        total = sum(one.expected or 0 for one in known)
        return sum(one.used or 0 for one in known) / total if total else None

    @cached_property
    def band(self) -> list[tuple[float, float, float] | None]:
        """By hour what all households together should draw [kW]: at least, in the mean, at most; None if unknown."""
        if not self.bodies:
            return [None] * 24
        found = self._expected
        parts = [one.reshape(-1, 24) for one in (found.low, found.mean, found.high)]
        known = np.asarray(np.isfinite(parts[1]).any(axis=0))
        low, mean, high = (np.nansum(one, axis=0) for one in parts)
        return [
            (float(low[at]), float(mean[at]), float(high[at])) if known[at] else None for at in range(24)
        ]  # fmt: skip

    @cached_property
    def load(self) -> list[tuple[int, float]]:
        """Load by the quarter of an hour of today, those that have arrived [number of the quarter, kW]."""
        ids = [register for register, _body in self._tops.get(CARRIER, ())]
        found: list[Any] = points(ids, "quarter", self.begin, self.begin + DAY)
        most = max((1 - one.missing for one in found), default=0.0)
        shown = [one for one in found if one.value is not None and 1 - one.missing >= PRESENT * most]
        return [((one.begin - self.begin) // QUARTER, one.value * (HOUR // QUARTER)) for one in shown]
