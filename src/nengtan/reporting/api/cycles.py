"""Due days for programs: the calendar of a region, its own days and settings, opening a period, extensions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Path, Query, Router, Schema
from ninja.responses import Status

from nengtan.domain.returns.scheme import Task
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Number
from nengtan.reporting.api.common import slot_of
from nengtan.reporting.api.returns import PathKey, return_dict, return_of
from nengtan.reporting.api.schemas import KindName, Period, RegionCode, ReturnOut
from nengtan.reporting.deadlines import DueDay, calendar_of, cycle_of
from nengtan.reporting.models import CycleSetting, Extension, OwnDeadline
from nengtan.reporting.reach import managed_region, overseen_region
from nengtan.reporting.services import extend, open_returns
from nengtan.reporting.services.cycles import DeadlineInput, drop_deadline, set_cycle, set_deadline
from nengtan.ui.api import Key, Line, ReadOnly, Sent

router = Router()

TaskName = Literal["report", "review", "final"]
assert set(TaskName.__args__) == {str(task) for task in Task}  # type: ignore[attr-defined]

CalendarYear = Annotated[int, Field(ge=1990, le=2199)]


class CalendarIn(Schema):
    """Whose due days, of which calendar year."""

    region: RegionCode
    year: CalendarYear


class DueDayOut(Schema):
    """Something that is due on a day, and who says so."""

    due_on: date
    period: str
    task: TaskName
    region: str = Field(description="whose rule it is; CN: the scheme's, or a suggestion")
    own: int | None = Field(description="key of the rule where a region set it itself")
    document: str = Field(description="notice or source of the rule")
    verified: bool = Field(description="false: a suggestion of the platform, to be settled by the region")


class DeadlineIn(Sent):
    """A region's own day: so many days after the period, or a day of the next year, and only one of them."""

    region: RegionCode
    kind: KindName
    task: TaskName = "report"
    days_after: Annotated[int, Field(ge=1, le=366)] | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    document: Line = Field("", max_length=200)


class OwnDeadlineOut(Schema):
    """A region's own day as it is kept."""

    id: int
    region: str
    kind: KindName
    task: TaskName
    days_after: int | None
    month: int | None
    day: int | None
    document: str


class DeadlineOut(OwnDeadlineOut):
    """A region's own day, just set."""

    moved: int = Field(description="returns not handed in that are due on another day now")


class MovedOut(Schema):
    """How many returns not handed in are due on another day now."""

    moved: int


class CycleIn(Sent):
    """How a region's cycles run."""

    region: RegionCode
    opens_months: bool = False
    opens_quarters: bool = False
    opens_years: bool = False
    remind_days: int = Field(3, ge=0, le=60, description="remind so many days before")
    escalate_days: int = Field(10, ge=1, le=366, description="tell the level above after so many days late")
    spot_share: Decimal = Field(Decimal(5), gt=0, le=100, decimal_places=2, description="share to check [%]")
    set_by: ReadOnly = None


class CycleOut(Schema):
    """The settings that hold in a region."""

    region: str
    set_by: str | None = Field(description="region that set them; null: nobody, they are the platform's")
    opens_months: bool
    opens_quarters: bool
    opens_years: bool
    remind_days: int
    escalate_days: int
    spot_share: Number


class PeriodIn(Sent):
    """A period to open for a region and all below it."""

    region: RegionCode
    period: Period


class OpenedOut(Schema):
    """How many returns are new."""

    opened: int


class ExtensionIn(Sent):
    """A later day for one return, and why."""

    until: date
    reason: Line


class ExtensionOut(Schema):
    """A later day that was given."""

    until: date
    reason: str
    by: str | None
    at: datetime


@router.get("/returns/deadlines", response=list[DueDayOut], summary="What is due when in a region")
def deadlines(request: ActorRequest, asked: Query[CalendarIn]) -> list[dict[str, Any]]:
    """Every due day of a calendar year, in order, with whose rule it is."""
    region = overseen_region(request.actor, asked.region)
    return [due_dict(item) for item in calendar_of(region, date(asked.year, 1, 1), date(asked.year, 12, 31))]


def due_dict(item: DueDay) -> dict[str, Any]:
    """As programs and the command are told it."""
    return {
        "due_on": item.day, "period": str(item.period), "task": str(item.task), "region": item.rule.region,
        "own": item.own.pk if item.own else None, "document": item.own.document if item.own else item.rule.source,
        "verified": item.is_verified,
    }  # fmt: skip


@router.put("/returns/deadlines", response=DeadlineOut, summary="Set a region's own due day")
def deadline_set(request: ActorRequest, data: DeadlineIn) -> dict[str, Any]:
    """For the region and all below it that set none; returns not handed in and not extended follow."""
    region = managed_region(request.actor, data.region)
    row, moved = set_deadline(request.actor, region, DeadlineInput(**data.dict(exclude={"region"})))
    return _own(row) | {"moved": moved}


def _own(row: OwnDeadline) -> dict[str, Any]:
    names = ("id", "kind", "task", "days_after", "month", "day", "document")
    return {name: getattr(row, name) for name in names} | {"region": row.region.code}


@router.get("/returns/deadlines/{key}", response=OwnDeadlineOut, summary="A region's own due day")
def deadline(request: ActorRequest, key: Annotated[Key, Path()]) -> dict[str, Any]:
    """By its key, which the calendar tells as `own`."""
    request.actor.require(Capability.OVERSEE_RETURNS)
    held = OwnDeadline.objects.for_actor(request.actor, Capability.OVERSEE_RETURNS).select_related("region")
    return _own(get_object_or_404(held, pk=key))


@router.delete("/returns/deadlines/{key}", response=MovedOut, summary="Let a region follow the level above again")
def deadline_drop(request: ActorRequest, key: Annotated[Key, Path()]) -> dict[str, Any]:
    """Takes the region's own due day away."""
    request.actor.require(Capability.REVIEW_RETURNS)
    held = OwnDeadline.objects.for_actor(request.actor, Capability.REVIEW_RETURNS).select_related("region")
    return {"moved": drop_deadline(request.actor, get_object_or_404(held, pk=key))}


@router.get("/returns/cycle", response=CycleOut, summary="How the cycles of a region run")
def cycle(request: ActorRequest, region: Annotated[RegionCode, Query()]) -> dict[str, Any]:
    """Its own settings, else the nearest above it; whether a period opens by itself is each region's own."""
    place = overseen_region(request.actor, region)
    return cycle_dict(place.code, cycle_of(place))


@router.put("/returns/cycle", response=CycleOut, summary="Set how the cycles of a region run")
def cycle_set(request: ActorRequest, data: CycleIn) -> dict[str, Any]:
    """For the region and all below it that set nothing."""
    region = managed_region(request.actor, data.region)
    held = set_cycle(request.actor, CycleSetting(region=region, **data.dict(exclude={"region"})))
    return cycle_dict(region.code, held)


def cycle_dict(code: str, held: CycleSetting) -> dict[str, Any]:
    """As programs and the command are told it."""
    own = held.region.code == code
    opens = {name: own and getattr(held, name) for name in ("opens_months", "opens_quarters", "opens_years")}
    names = ("remind_days", "escalate_days", "spot_share")
    told = {name: getattr(held, name) for name in names}
    return {"region": code, "set_by": held.region.code if held.pk else None, **opens, **told}


@router.post("/returns/periods", response={201: OpenedOut}, summary="Open a period for a region")
def period_open(request: ActorRequest, data: PeriodIn) -> Status[Any]:
    """Every institution of the region and below then owes a return; asked again, it opens what is missing."""
    region = managed_region(request.actor, data.region)
    return Status(201, {"opened": open_returns(request.actor, region, slot_of(data.period))})


@router.get("/returns/{key}/extensions", response=list[ExtensionOut], summary="Later days given to a return")
def extensions(request: ActorRequest, key: PathKey) -> list[dict[str, Any]]:
    """The latest last."""
    held = return_of(request.actor, key).extensions.select_related("by").order_by("pk")
    return [extension_dict(row) for row in held]


def extension_dict(row: Extension) -> dict[str, Any]:
    """As programs and the command are told it."""
    return {"until": row.until, "reason": row.reason, "by": str(row.by) if row.by else None, "at": row.at}


@router.post("/returns/{key}/extensions", response={201: ReturnOut}, summary="Let a return be handed in later")
def extension_give(request: ActorRequest, key: PathKey, data: ExtensionIn) -> Status[Any]:
    """Until a later day, with the reason."""
    of = return_of(request.actor, key, Capability.REVIEW_RETURNS)
    extend(request.actor, of, data.until, data.reason)
    return Status(201, return_dict(return_of(request.actor, key, Capability.REVIEW_RETURNS)))
