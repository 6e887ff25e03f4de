"""Meters as they are now, and buildings."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from nengtan import reference
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.models import Building
from nengtan.telemetry.api.trees import Day
from nengtan.telemetry.queries.buildings import building_consumption
from nengtan.telemetry.queries.comparison import buildings_compared, compared_dict
from nengtan.telemetry.queries.overview import meters_seen, now_dict, seen, with_state, within
from nengtan.ui.api import Line, Listed, Paging, paged

router = Router()


class LiveMeterOut(Schema):
    """A meter with its last reading."""

    meter: str
    name: str
    institution: str
    building: str | None
    parent: str | None
    carrier: str
    item: str = Field(description="empty: the whole")
    state: str = Field(description="live, late, silent, never heard of, or computed")
    value: float | None = Field(description="what its main register showed last, before the ratio")
    unit: str
    time: dt.datetime | None = Field(description="when that was")
    received: dt.datetime | None
    today: float | None = Field(description="used today, after the ratio; null: not known")
    today_good: float | None = Field(description="share of the day measured well")
    today_estimated: float | None


class LiveFilter(Schema):
    institution: Line = Field("", description="code")
    region: Line = Field("", description="code: everything below it")
    state: Literal["", "live", "late", "silent", "never", "computed"] = ""


class BuildingPeriodOut(Schema):
    """Consumption of a building by its meters at the top of their trees."""

    period: str
    value: float | None = Field(description="null: not known")
    good: float = Field(description="share of the time of all meters measured well")
    estimated: float
    missing: float
    quality: str
    whole: bool = Field(description="every meter has a part in it")


class ComparedBuildingOut(Schema):
    """A building over some days."""

    building: str
    name: str
    institution: str
    use: str
    meters: int
    value: float | None = Field(description="null: not known")
    known: float = Field(description="share of the time known of all its meters")
    area_m2: float | None = Field(description="at the end of the time; null: not known")
    per_m2: float | None
    ranks: bool = Field(description="known well enough to be held against others")


class ComparedFilter(Schema):
    carrier: Line = "electricity"
    use: Line = Field("", description="code of a use of buildings; empty: all")
    region: Line = Field("", description="code: everything below it")
    since: Day | None = Field(None, description="first day; without it the first of the month")
    until: Day | None = Field(None, description="last day; without it today")


@router.get("/metering/meters", response=Listed[LiveMeterOut], summary="Meters as they are now")
def meters_live(request: ActorRequest, paging: Query[Paging], wanted: Query[LiveFilter]) -> dict[str, Any]:
    """Those you may see by household, class and item, with last reading and consumption of today."""
    rows = within(meters_seen(request.actor), wanted.institution, wanted.region)
    told = paged(with_state(rows, wanted.state) if wanted.state else rows, paging)
    meters = list(told["items"])
    found = seen(meters)
    return {**told, "items": [now_dict(meter, found[meter.pk]) for meter in meters]}


@router.get(
    "/metering/buildings/{code}/consumption", response=list[BuildingPeriodOut], summary="Consumption of a building"
)
def building_consumption_list(
    request: ActorRequest, code: str, carrier: Line = "electricity",
    view: Literal["all", "month", "week", "day"] = "month", at: dt.date | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """By month, day, hour or 15 minutes: of all years, or of the month, the seven days or the day ``at`` lies in."""
    request.actor.require(Capability.VIEW_DETAIL)
    found: Any = get_object_or_404(Building.objects.for_actor(request.actor), code=code)
    return building_consumption(request.actor, found, carrier, view, at)


@router.get("/metering/buildings", response=list[ComparedBuildingOut], summary="Buildings side by side")
def buildings_side_by_side(request: ActorRequest, wanted: Query[ComparedFilter]) -> list[dict[str, Any]]:
    """What each used for a square metre of the area it had then, the most first."""
    request.actor.require(Capability.VIEW_DETAIL)
    for name, allowed in (("carrier", reference.carriers()), ("use", {"": None, **reference.building_uses()})):
        if getattr(wanted, name) not in allowed:
            said = {"found": getattr(wanted, name), "allowed": " ".join(allowed)}
            raise ValidationError({name: _("Found “%(found)s”; allowed: %(allowed)s.") % said})
    last = wanted.until or timezone.localdate()
    first = wanted.since or last.replace(day=1)
    rows = buildings_compared(request.actor, wanted.carrier, first, last, wanted.use, wanted.region)
    return [compared_dict(one) for one in rows]
