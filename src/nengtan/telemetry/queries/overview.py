"""Meters at a glance: the last reading of each, whether it is heard of, what was used today."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from nengtan.domain.metering.rules import SECOND
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.reference import carriers
from nengtan.registry.models import Meter, Region
from nengtan.telemetry.inbox import Latest, open_inbox
from nengtan.telemetry.models import Formula, Register
from nengtan.telemetry.moments import EPOCH, local_offset, micros
from nengtan.telemetry.queries.series import DAY, HOUR, Point, by_register, midnight, points
from nengtan.telemetry.queries.virtual import Computed, virtual_meters

__all__ = [
    "MOST_METERS",
    "Heard",
    "Overview",
    "Seen",
    "heard",
    "meters_seen",
    "now_dict",
    "overview",
    "roots",
    "seen",
    "with_state",
    "within",
]

LATE_PERIODS = 3
"""A register read every quarter of an hour is late when it was not heard of for three of them. A setting of ours."""

SILENT = 24 * HOUR
"""One that was not heard of for so long [µs] is silent, unless it is read less often."""

MOST_METERS = 20_000
"""Of more meters than this no sum of today is made on a page: theirs are the regions below."""

WEEK = 7


class Heard(TextChoices):
    """Whether a meter is heard of."""

    LIVE = "live", pgettext_lazy("meter", "in time")
    LATE = "late", pgettext_lazy("meter", "late")
    SILENT = "silent", pgettext_lazy("meter", "silent")
    NEVER = "never", pgettext_lazy("meter", "not connected")
    COMPUTED = "computed", pgettext_lazy("meter", "computed")


def heard(latest: Latest | None, period_s: int, now: int) -> Heard:
    """What the age of the last reading says [now: µs since 1970 UTC].

    >>> [str(heard(Latest(1, 0, 0.0, 0), 900, minutes * 60 * SECOND)) for minutes in (45, 46, 1441)]
    ['live', 'late', 'silent']
    >>> str(heard(None, 900, 0))
    'never'
    """
    if latest is None:
        return Heard.NEVER
    age, allowed = now - latest.time, LATE_PERIODS * period_s * SECOND
    if age <= allowed:
        return Heard.LIVE
    return Heard.LATE if age <= max(SILENT, 2 * allowed) else Heard.SILENT


@dataclass(frozen=True, slots=True)
class Seen:
    """A meter's main register as it is now: what it showed last and when, what was used today and the days before.

    ``week``: consumption of the last seven days, the last of them today; None where nothing is known.
    """

    state: Heard
    unit: str = ""
    value: float | None = None
    time: dt.datetime | None = None
    received: dt.datetime | None = None
    today: Point | None = None
    week: tuple[float | None, ...] = ()
    decimals: int = 2


def meters_seen(actor: Actor) -> QuerySet[Any]:
    """Meters the actor may see, those that were taken away left out."""
    actor.require(Capability.VIEW_DETAIL)
    rows = Meter.objects.for_actor(actor).filter(removed_on=None)
    return rows.select_related("institution__region", "building", "parent").order_by("institution__code", "code")


def within(meters: QuerySet[Any], institution: str = "", region: str = "") -> QuerySet[Any]:
    """Those of some meters that belong to an institution, or to a region and what is below it, by code."""
    if institution:
        meters = meters.filter(institution__code=institution)
    if region:
        path = Region.objects.filter(code=region).values_list("path", flat=True).first() or "-"
        meters = meters.filter(institution__region__path__startswith=path)
    return meters


def now_dict(meter: Meter, found: Seen) -> dict[str, Any]:
    """A meter as it is now, as API and command tell it."""
    today = found.today
    return {
        "meter": meter.code, "name": meter.name, "institution": meter.institution.code,
        "building": meter.building.code if meter.building else None,
        "parent": meter.parent.code if meter.parent else None, "carrier": meter.carrier, "item": meter.item,
        "state": str(found.state), "value": found.value, "unit": found.unit, "time": found.time,
        "received": found.received, "today": None if today is None or today.value is None else round(today.value, 6),
        "today_good": round(today.good, 6) if today else None,
        "today_estimated": round(today.estimated, 6) if today else None,
    }  # fmt: skip


def seen(meters: Sequence[Meter], now: dt.datetime | None = None) -> dict[int, Seen]:
    """Each of some meters as it is now, by primary key; three questions, however many meters."""
    moment = micros(now or timezone.now())
    registers = {one.meter_id: one for one in Register.objects.filter(code="", meter__in=[one.pk for one in meters])}
    ids = [one.pk for one in registers.values()]
    latest = open_inbox().latest(ids)
    begin = midnight(moment, local_offset())
    days = by_register(ids, "day", begin - (WEEK - 1) * DAY, begin + DAY)
    told = {meter.pk: _seen(registers.get(meter.pk), latest, days, begin, moment) for meter in meters}
    return told | _computed([meter for meter in meters if meter.pk not in registers], begin)


def _computed(meters: Sequence[Meter], begin: int) -> dict[int, Seen]:
    """Those of some meters that are virtual, with what they used in the last days."""
    virtual = virtual_meters(meter.pk for meter in meters) if meters else set()
    if not virtual:
        return {}
    mine = [meter for meter in meters if meter.pk in virtual]
    days = Computed([meter.pk for meter in mine]).by_meter("day", begin - (WEEK - 1) * DAY, begin + DAY)
    return {
        meter.pk: Seen(
            Heard.COMPUTED, carriers()[meter.carrier].unit, today=days[meter.pk].get(begin),
            week=_week(days[meter.pk], begin),
        )
        for meter in mine
    }  # fmt: skip


def _week(days: Mapping[int, Point], begin: int) -> tuple[float | None, ...]:
    return tuple(days[at].value if (at := begin - back * DAY) in days else None for back in range(WEEK - 1, -1, -1))


def _seen(
    register: Register | None, latest: Mapping[int, Latest], days: Mapping[int, Mapping[int, Point]], begin: int,
    now: int,
) -> Seen:  # fmt: skip
    if register is None:
        return Seen(Heard.NEVER)
    last, mine = latest.get(register.pk), days.get(register.pk, {})
    return Seen(
        heard(last, register.period_s, now), register.unit, last.value if last else None,
        _moment(last.time) if last else None, _moment(last.received) if last else None, mine.get(begin),
        _week(mine, begin), register.decimals,
    )  # fmt: skip


def _moment(time: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=time)


def with_state(meters: QuerySet[Any], state: str) -> QuerySet[Any]:
    """Those of some meters that are heard of in a way."""
    now, latest = micros(timezone.now()), open_inbox().latest()
    rows = Register.objects.filter(code="").values_list("pk", "meter_id", "period_s")
    known = {meter: heard(latest.get(pk), period, now) for pk, meter, period in rows}
    virtual = Formula.objects.values("meter")
    if state == Heard.COMPUTED:
        return meters.filter(pk__in=virtual)
    if state == Heard.NEVER:
        others = [meter for meter, how in known.items() if how != Heard.NEVER]
        return meters.exclude(pk__in=others).exclude(pk__in=virtual)
    return meters.filter(pk__in=[meter for meter, how in known.items() if how == state])


@dataclass
class Overview:
    """Some meters together: how many are heard of, what was used today by carrier, and by when yesterday.

    ``today``, ``yesterday``: by carrier, of meters that stand at the top of their tree, up to the hour that is over.
    ``load``: of electricity by hour, of both days [kWh an hour]; None where nothing is known.
    """

    meters: int = 0
    states: Counter[str] = field(default_factory=Counter)
    newest: dt.datetime | None = None
    today: dict[str, float] = field(default_factory=dict)
    yesterday: dict[str, float] = field(default_factory=dict)
    load: dict[str, list[float | None]] = field(default_factory=dict)
    hours: int = 0

    @property
    def connected(self) -> int:
        """Those that ever sent a reading."""
        return self.meters - self.states[Heard.NEVER]


def overview(meters: QuerySet[Any], now: dt.datetime | None = None) -> Overview:
    """Some meters together, virtual ones left out; of more than `MOST_METERS` only their number."""
    meters = meters.exclude(pk__in=Formula.objects.values("meter"))
    told = Overview(meters.order_by().count())
    if told.meters > MOST_METERS or not told.meters:
        return told
    moment = micros(now or timezone.now())
    rows = list(meters.order_by().values_list("pk", "parent_id", "carrier"))
    registers = {
        meter: (pk, period)
        for pk, meter, period in Register.objects.filter(
            code="", direction=Register.Direction.IN, meter__in=meters.order_by().values("pk")
        ).values_list("pk", "meter_id", "period_s")
    }
    latest = open_inbox().latest([pk for pk, _period in registers.values()])
    for meter, _parent, _carrier in rows:
        pk, period = registers.get(meter, (0, 900))
        told.states[heard(latest.get(pk), period, moment)] += 1
    told.newest = _moment(max(one.time for one in latest.values())) if latest else None
    _sum_up(told, {pk: registers[pk][0] for pk in roots(rows) if pk in registers}, rows, moment)
    return told


def roots(rows: Iterable[tuple[int, int | None, str]]) -> list[int]:
    """Meters of which none above them is of the same carrier among these: what they show adds up without doubles."""
    known = {pk: (parent, carrier) for pk, parent, carrier in rows}

    def is_root(pk: int) -> bool:
        above, carrier = known[pk]
        return above not in known or known[above][1] != carrier

    return [pk for pk in known if is_root(pk)]


def _sum_up(told: Overview, top: Mapping[int, int], rows: Collection[tuple[int, int | None, str]], now: int) -> None:
    """Consumption of both days by the hour, of the hours that are over today."""
    begin = midnight(now, local_offset())
    told.hours = (now - begin) // HOUR
    carriers = {pk: carrier for pk, _parent, carrier in rows}
    for carrier in sorted({carriers[pk] for pk in top}):
        ids = [register for pk, register in top.items() if carriers[pk] == carrier]
        found = points(ids, "hour", begin - DAY, begin + DAY)
        for name, start in (("today", begin), ("yesterday", begin - DAY)):
            known = [one.value for one in found if start <= one.begin < start + told.hours * HOUR]
            values = [value for value in known if value is not None]
            if values:
                getattr(told, name)[carrier] = sum(values)
        if carrier == "electricity":
            told.load = {
                "today": _hours(found, begin, told.hours), "yesterday": _hours(found, begin - DAY, 24)
            }  # fmt: skip


def _hours(found: Sequence[Point], begin: int, count: int) -> list[float | None]:
    known = {one.begin: one.value for one in found}
    return [known.get(begin + hour * HOUR) if hour < count else None for hour in range(24)]
