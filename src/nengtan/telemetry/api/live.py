"""Meters as they are now, and buildings."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.models import Building
from nengtan.telemetry.queries.buildings import building_consumption
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
    state: str = Field(description="live, late, silent, or never heard of")
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
    state: Literal["", "live", "late", "silent", "never"] = ""


class BuildingPeriodOut(Schema):
    """Consumption of a building by its meters at the top of their trees."""

    period: str
    value: float | None = Field(description="null: not known")
    good: float = Field(description="share of the time of all meters measured well")
    estimated: float
    missing: float
    quality: str
    whole: bool = Field(description="every meter has a part in it")


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
