"""The annual report of a region, the reports that were made, and publications."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Path, Query, Router, Schema
from ninja.responses import Status

from nengtan.domain.returns.report import Line as ReportLine
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Number
from nengtan.registry.models import Region
from nengtan.reporting.models import AnnualReport, Publication
from nengtan.reporting.reach import managed_region
from nengtan.reporting.report.gather import annual_report
from nengtan.reporting.report.published import readable
from nengtan.reporting.services import publishing
from nengtan.ui import jobs
from nengtan.ui.api import Key, Line, Listed, Paging, ReadOnly, Sent, paged
from nengtan.ui.jobs.api import JobOut

router = Router()

PathKey = Annotated[Key, Path()]
Year = Annotated[int, Field(ge=1990, le=2100)]
Code = Annotated[Line, Field(max_length=20)]
TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


class ReportIn(Schema):
    """Whose report, of which year."""

    region: Code
    year: Year
    base_year: Year | None = None


class MakeIn(Sent, ReportIn):
    """What to make."""

    format: Literal["docx", "pdf"] = "docx"


class FigureOut(Schema):
    """A figure; ``key`` opens the returns behind it."""

    key: str
    value: Number | None
    bodies: int = Field(description="institutions whose value is in it")
    last: Number | None = Field(description="the year before")
    base: Number | None = Field(description="the base year")


class LineOut(Schema):
    """The figures of the whole, a type, a system, a region below or a carrier."""

    head: str
    approved: int
    owed: int
    share: Number | None = Field(description="part of all energy")
    figures: dict[str, FigureOut]


class AnnualReportOut(Schema):
    """What the annual report of a region says, from approved returns only."""

    region: str
    year: int
    base_year: int | None
    total: LineOut
    by_type: list[LineOut]
    by_system: list[LineOut]
    by_region: list[LineOut]
    carriers: list[LineOut]


class MadeOut(Schema):
    """A report that was made."""

    id: int
    region: str
    year: int
    base_year: int | None
    format: str
    title: str
    counted: int
    owed: int
    at: datetime

    @staticmethod
    def resolve_region(item: AnnualReport) -> str:
        return item.region.code


class PublicationOut(Schema):
    """A publication in the list."""

    id: int
    region: str
    year: int
    classes: str
    number: int
    title: str
    at: datetime
    withdrawn_at: datetime | None
    reason: str

    @staticmethod
    def resolve_region(item: Publication) -> str:
        return item.region.code


class PublicationWhole(PublicationOut):
    """A publication with all it says."""

    content: dict[str, Any]


class PublishIn(Sent):
    """What to publish."""

    region: Code
    year: Year
    by: Literal["kind", "system", "child"] = "kind"
    title: Annotated[Line, Field(max_length=200)] = ""


class NamingAsked(Schema):
    """Whose publications."""

    region: Code


class NamingIn(Sent, NamingAsked):
    """What a region does not name from now on; what is left out here is named."""

    smallest_class: Annotated[int, Field(ge=1, le=100)] = Field(
        description="institutions a class needs to be shown by itself"
    )
    kinds: list[Annotated[Line, Field(max_length=3)]] = Field(default_factory=list, max_length=100)
    systems: list[Annotated[Line, Field(max_length=24)]] = Field(default_factory=list, max_length=100)
    institutions: list[Annotated[Line, Field(max_length=120)]] = Field(
        default_factory=list, max_length=200, description="codes or names"
    )
    reason: Annotated[Line, Field(max_length=400)] = ""
    set_by: ReadOnly = None


class NamingOut(Schema):
    """What a region does not name."""

    region: str
    set_by: str = Field(description="the region whose rule holds here; empty where none has set one")
    smallest_class: int
    kinds: list[str]
    systems: list[str]
    institutions: list[str] = Field(description="codes")
    reason: str


class WithdrawIn(Sent):
    """Why it is withdrawn."""

    reason: Annotated[Line, Field(min_length=1, max_length=400)]


@router.get("/returns/report", response=AnnualReportOut, summary="The annual report of a region as figures")
def report(request: ActorRequest, asked: Query[ReportIn]) -> dict[str, Any]:
    """From approved annual returns only; an unknown figure is null, never zero."""
    request.actor.require(Capability.VIEW_DETAIL)
    found = annual_report(request.actor, _region(request.actor, asked.region), asked.year, asked.base_year).report
    return {
        "region": asked.region, "year": found.year, "base_year": found.base_year, "total": _line(found.total),
        "by_type": [_line(item) for item in found.by_kind], "by_system": [_line(item) for item in found.by_system],
        "by_region": [_line(item) for item in found.by_child], "carriers": [_line(item) for item in found.carriers],
    }  # fmt: skip


@router.post("/returns/report", response={202: JobOut}, summary="Make the annual report as Word or PDF")
def report_make(request: ActorRequest, body: MakeIn) -> Any:
    """The worker makes it: follow the job under ``/jobs``; its result names the report."""
    request.actor.require(Capability.EXPORT)
    region = _region(request.actor, body.region)
    title = _("Annual report of %(region)s, %(year)s") % {"region": region, "year": body.year}
    options = {"year": body.year, "format": body.format, "base_year": body.base_year}
    return Status(202, jobs.start("report.make", request.actor, title, region=region.code, **options))


@router.get("/returns/reports", response=Listed[MadeOut], summary="Reports that were made, the latest first")
def reports(request: ActorRequest, paging: Query[Paging]) -> dict[str, Any]:
    """Those of regions the caller sees down to single institutions."""
    request.actor.require(Capability.VIEW_DETAIL)
    rows = AnnualReport.objects.for_actor(request.actor).select_related("region")
    return paged(rows.defer("content", "books"), paging)


@router.get("/returns/reports/{key}/file", summary="A made report as a file")
def report_file(request: ActorRequest, key: PathKey) -> HttpResponse:
    """Word or PDF, as it was made."""
    request.actor.require(Capability.EXPORT)
    made = get_object_or_404(AnnualReport.objects.for_actor(request.actor), pk=key)
    answer = HttpResponse(bytes(made.content), content_type=TYPES[made.format])
    answer["Content-Disposition"] = f'attachment; filename="report-{made.pk}.{made.format}"'
    return answer


@router.get("/returns/publications", response=Listed[PublicationOut], summary="Publications, the latest first")
def publications(request: ActorRequest, paging: Query[Paging]) -> dict[str, Any]:
    """Of the regions the caller may see; withdrawn ones for those who review there."""
    request.actor.require(Capability.VIEW)
    return paged(readable(request.actor).defer("content"), paging)


@router.post("/returns/publications", response={201: PublicationWhole}, summary="Publish a region's year")
def publication_make(request: ActorRequest, body: PublishIn) -> Any:
    """From approved returns; what may not be named is added up. It stands from then on."""
    request.actor.require(Capability.REVIEW_RETURNS)
    region = _region(request.actor, body.region)
    return Status(201, publishing.publish(request.actor, region, body.year, body.by, body.title))


@router.get("/returns/publications/naming", response=NamingOut, summary="What a region's publications do not name")
def naming(request: ActorRequest, asked: Query[NamingAsked]) -> dict[str, Any]:
    """Its own rule, else that of the nearest region above, else the usual one."""
    return publishing.naming_told(managed_region(request.actor, asked.region))


@router.put("/returns/publications/naming", response=NamingOut, summary="Set what a region's publications do not name")
def naming_set(request: ActorRequest, body: NamingIn) -> dict[str, Any]:
    """Replaces the rule of the region; what was published stands as it was."""
    region = managed_region(request.actor, body.region)
    bodies = publishing.institutions_meant(region, body.institutions)
    publishing.set_rule(request.actor, region, body.smallest_class, body.kinds, bodies, body.reason, body.systems)
    return publishing.naming_told(region)


@router.get("/returns/publications/{key}", response=PublicationWhole, summary="One publication")
def publication(request: ActorRequest, key: PathKey) -> Publication:
    """With all it says, frozen."""
    request.actor.require(Capability.VIEW)
    return get_object_or_404(readable(request.actor), pk=key)


@router.post("/returns/publications/{key}/withdraw", response=PublicationOut, summary="Withdraw a publication")
def publication_withdraw(request: ActorRequest, key: PathKey, body: WithdrawIn) -> Publication:
    """It stays on record with the reason."""
    request.actor.require(Capability.REVIEW_RETURNS)
    return publishing.withdraw(request.actor, get_object_or_404(readable(request.actor), pk=key), body.reason)


def _region(actor: Actor, code: str) -> Region:
    """A region the caller may see, as if no other were there."""
    return get_object_or_404(Region.objects.for_actor(actor), code=code)


def _line(line: ReportLine) -> dict[str, Any]:
    figures = {
        name: {"key": item.key, "value": item.value, "bodies": item.bodies, "last": item.last, "base": item.base}
        for name, item in line.figures.items()
    }
    held = line.coverage
    return {"head": line.head, "approved": held.present, "owed": held.expected, "share": line.share, "figures": figures}
