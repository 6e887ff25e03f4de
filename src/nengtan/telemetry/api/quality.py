"""How well meters are read, and what people decide of readings in doubt."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from ninja.responses import Status
from pydantic import AwareDatetime

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.api.places import named
from nengtan.registry.api.schemas import Code, Note, PathKey
from nengtan.registry.models import Meter
from nengtan.telemetry.api.meters import Figure, RegisterCode
from nengtan.telemetry.models import Repair
from nengtan.telemetry.queries.quality import late_readings, quality_dict, quality_of
from nengtan.telemetry.services import repair, undo_repair
from nengtan.ui.api import Line, Listed, Paging, Sent, paged

router = Router()

Days = Annotated[int, Field(ge=1, le=90)]


class MeterQualityOut(Schema):
    meter: str
    name: str
    institution: str
    carrier: str
    good: float = Field(description="share of the time measured well")
    estimated: float
    missing: float
    gaps: int = Field(description="stretches of hours of which nothing is known")
    longest_gap_h: int
    stuck_h: int = Field(description="longest time without a step, from eight hours on")
    doubts: dict[str, int] = Field(description="readings nobody has decided on, by kind")


class LateOut(Schema):
    """Readings that came more than a day late, together."""

    meter: str
    count: int
    first: dt.datetime
    last: dt.datetime
    received: dt.datetime
    source: str


class RepairIn(Sent):
    meter: Code
    register_code: RegisterCode = Field("", description="empty: the main register")
    kind: Literal["accept", "leave_out", "edit", "estimate"]
    since: AwareDatetime = Field(description="time of the reading; of an estimate where it begins")
    until: AwareDatetime | None = Field(None, description="of an estimate, where it ends")
    value: Figure | None = Field(
        None, description="edit: what the register should read; estimate: what was used, null: as on like days"
    )
    reason: Note


class RepairOut(Schema):
    id: int
    meter: str = Field(alias="register.meter.code")
    register_code: str = Field(alias="register.code")
    kind: str
    since: dt.datetime
    until: dt.datetime | None
    value: Decimal | None
    reason: str
    entered_at: dt.datetime
    undone_at: dt.datetime | None


class UndoIn(Sent):
    reason: Note


@router.get("/metering/quality", response=list[MeterQualityOut], summary="How well meters are read")
def metering_quality(request: ActorRequest, days: Days = 7) -> list[dict[str, Any]]:
    """All meters you may see, the worst first, over the last days."""
    request.actor.require(Capability.VIEW_DETAIL)
    return [quality_dict(one) for one in quality_of(request.actor, days)]


@router.get("/metering/late", response=list[LateOut], summary="Readings that came late")
def metering_late(request: ActorRequest, days: Days = 7, meter: Line = "") -> list[Any]:
    """More than a day after they were taken; what was told of that time has changed since."""
    request.actor.require(Capability.VIEW_DETAIL)
    return late_readings(request.actor, days, meter)


@router.get("/metering/repairs", response=Listed[RepairOut], summary="What was decided of readings")
def metering_repairs(request: ActorRequest, paging: Query[Paging], meter: Line = "") -> dict[str, Any]:
    """Those undone included, the latest first."""
    request.actor.require(Capability.VIEW_DETAIL)
    rows = Repair.objects.for_actor(request.actor).select_related("register__meter").order_by("-entered_at", "-pk")
    return paged(rows.filter(register__meter__code=meter) if meter else rows, paging)


@router.post("/metering/repairs", response={201: RepairOut}, summary="Decide on a reading, or estimate")
def metering_repair(request: ActorRequest, data: RepairIn) -> Status[Any]:
    """A reading is never changed; what is decided stands beside it, and its time is computed again."""
    request.actor.require(Capability.WRITE_ACTIVITY)
    values = data.dict()
    mine = Meter.objects.for_actor(request.actor, Capability.WRITE_ACTIVITY)
    meter = named(mine, "meter", values.pop("meter"))
    held = meter.registers.select_related("meter__institution__region")
    register = get_object_or_404(held, code=values.pop("register_code"))
    return Status(201, repair(request.actor, register, values))


@router.post("/metering/repairs/{pk}/undo", response=RepairOut, summary="Undo what was decided")
def metering_repair_undo(request: ActorRequest, pk: PathKey, data: UndoIn) -> Any:
    """The readings speak for themselves again."""
    mine = Repair.objects.for_actor(request.actor, Capability.WRITE_ACTIVITY)
    made: Any = get_object_or_404(mine.select_related("register__meter__institution__region"), pk=pk)
    return undo_repair(request.actor, made, data.reason)
