"""Forms 5 to 8 of a region for programs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Field, Path, Query, Router, Schema
from ninja.responses import Status

from nengtan.domain.returns.slots import Kind, Slot
from nengtan.identity.access import Forbidden
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Number
from nengtan.registry.models import Region
from nengtan.reporting.api.common import slot_of
from nengtan.reporting.models import RegionReport
from nengtan.reporting.queries.rollup import Rollup
from nengtan.reporting.reach import managed_region
from nengtan.reporting.services.summaries import decide, report_up
from nengtan.ui.api import Key, Line, Listed, Paging, Sent, paged

router = Router()

"""A figure on its way out."""


class RollupIn(Schema):
    """Which form of which region and period, and what its rows are."""

    region: Annotated[Line, Field(min_length=1, max_length=20)]
    period: Annotated[Line, Field(max_length=10, description="2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)")]
    form: Annotated[int, Field(ge=5, le=8)] = 5
    by: Literal["region", "system", "superior"] = "region"
    system: Annotated[Line, Field(max_length=24)] = ""
    type: Annotated[Line, Field(max_length=3)] = ""


class HeadOut(Schema):
    """A row of form 5 or a column of the others, with how many of the returns owed are approved and in it."""

    key: str
    name: str
    approved: int
    owed: int
    values: dict[str, Number | None] = Field(description="by indicator; null: no return has the figure")


class YearChangeOut(Schema):
    """A figure this year and last; null where not known."""

    now: Number | None
    base: Number | None
    percent: Number | None


class ComparedOut(Schema):
    """One line in two years."""

    indicator: str
    all: YearChangeOut
    same: YearChangeOut = Field(description="of the institutions in both years only")


class RollupOut(Schema):
    """One summary form, added up from approved returns."""

    region: str
    period: str
    edition: str
    form: int
    heads: list[HeadOut]
    in_both_years: int
    only_now: int
    only_last_year: int
    compared: list[ComparedOut]


class RegionReportIn(Sent):
    """A region's own return to hand in to the level above: forms 5 to 8 as they add up now."""

    region: Annotated[Line, Field(min_length=1, max_length=20)]
    period: Annotated[Line, Field(max_length=10)]
    note: Line = ""


class RegionReportOut(Schema):
    """What a region handed in, and what the level above made of it."""

    id: int
    region: str
    period: str
    edition: str
    state: Literal["reported", "approved", "returned"]
    approved: int = Field(description="returns it was added up from")
    owed: int
    note: str
    reason: str
    reported_by: str | None
    reported_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class DecisionIn(Sent):
    """Approved, or sent back with the reason."""

    approve: bool
    reason: Line = ""


@router.get("/returns/rollup", response=RollupOut, summary="Forms 5 to 8 of a region from its approved returns")
def rollup(request: ActorRequest, asked: Query[RollupIn]) -> dict[str, Any]:
    """Totals of the approved returns alone; how many of the returns owed that is stands beside each."""
    request.actor.require(Capability.OVERSEE_RETURNS)
    region, period = get_object_or_404(Region, code=asked.region), slot_of(asked.period)
    try:
        found = Rollup(request.actor, region, period, asked.by, asked.system, asked.type)
    except Forbidden as error:
        raise Http404 from error
    return rollup_dict(found, asked.form)


def rollup_dict(found: Rollup, form: int) -> dict[str, Any]:
    """A roll-up as programs get it, from the API and the command alike."""
    summary, compared = found.summary(form), found.comparison(form)
    return {
        "region": found.region.code, "period": str(found.period), "edition": summary.edition, "form": form,
        "heads": [
            {
                "key": head, "name": found.head_word(form, head), "approved": summary.coverage[head].present,
                "owed": summary.coverage[head].expected,
                "values": {line: summary.cells[head, line] for line in summary.lines},
            }
            for head in summary.heads
        ],
        "in_both_years": compared.in_both, "only_now": compared.only_now, "only_last_year": compared.only_base,
        "compared": [
            {"indicator": line, "all": _change(compared.all_units[line]), "same": _change(compared.same_units[line])}
            for line in summary.lines
        ],
    }  # fmt: skip


def _change(found: Any) -> dict[str, Decimal | None]:
    return {"now": found.now, "base": found.base, "percent": found.percent}


@router.post("/returns/region-reports", response={201: RegionReportOut}, summary="Hand a region's forms 5 to 8 in")
def region_report(request: ActorRequest, data: RegionReportIn) -> Status[Any]:
    """To the level above, frozen as they add up now."""
    region = managed_region(request.actor, data.region)
    return Status(201, region_report_dict(report_up(request.actor, region, slot_of(data.period), data.note)))


@router.get("/returns/region-reports", response=Listed[RegionReportOut], summary="What regions handed in")
def region_reports(request: ActorRequest, paging: Query[Paging], region: Line = "") -> dict[str, Any]:
    """Of the regions you oversee as a whole, the latest period first."""
    request.actor.require(Capability.OVERSEE_RETURNS)
    rows = RegionReport.objects.for_actor(request.actor, Capability.OVERSEE_RETURNS)
    rows = rows.filter(region__path__contains=f"/{region}/") if region else rows
    page = paged(rows.select_related("region", "reported_by", "decided_by"), paging)
    return page | {"items": [region_report_dict(row) for row in page["items"]]}


@router.post("/returns/region-reports/{key}/decision", response=RegionReportOut, summary="Decide on a region's forms")
def region_report_decide(request: ActorRequest, key: Annotated[Key, Path()], data: DecisionIn) -> dict[str, Any]:
    """By the level above, and not by who handed them in."""
    request.actor.require(Capability.REVIEW_RETURNS)
    rows = RegionReport.objects.for_actor(request.actor, Capability.REVIEW_RETURNS)
    held = get_object_or_404(rows.select_related("region__parent"), pk=key)
    return region_report_dict(decide(request.actor, held, data.approve, data.reason))


def region_report_dict(held: RegionReport) -> dict[str, Any]:
    """What a region handed in, as programs get it, from the API and the command alike."""
    names = ("id", "edition", "state", "note", "reason", "reported_at", "decided_at")
    return {
        "region": held.region.code, "period": str(Slot(held.year, held.slot, Kind(held.kind))),
        "approved": held.present, "owed": held.expected, **{name: getattr(held, name) for name in names},
        "reported_by": str(held.reported_by) if held.reported_by else None,
        "decided_by": str(held.decided_by) if held.decided_by else None,
    }  # fmt: skip
