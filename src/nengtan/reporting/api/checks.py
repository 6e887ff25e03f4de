"""Joint review and spot check for programs: drawn, assigned, recorded, opened, closed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Path, Query, Router, Schema
from ninja.responses import Status

from nengtan.identity.doors import ActorRequest
from nengtan.identity.queries import users_for
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Named, Number
from nengtan.reporting.api.schemas import RegionCode
from nengtan.reporting.models import JointReview, Sampled, SpotCheck
from nengtan.reporting.reach import managed_region, overseen_region
from nengtan.reporting.services import checks
from nengtan.ui.api import Key, Line, Listed, Paging, ReadOnly, Sent, paged

router = Router()

PathKey = Annotated[Key, Path()]
CheckedYear = Annotated[int, Field(ge=1990, le=2199, description="year of the annual returns")]
OutcomeName = Literal["agrees", "corrected", "refused"]
assert {"pending", *OutcomeName.__args__} == set(Sampled.Outcome.values)  # type: ignore[attr-defined]


class ChecksOf(Schema):
    """Whose, of which year."""

    region: RegionCode
    year: CheckedYear


class DrawIn(Sent, ChecksOf):
    """A sample to draw; without a share that of the region's settings, without a seed region and year."""

    share: Decimal | None = Field(None, gt=0, le=100, decimal_places=2, description="of each type [%], rounded up")
    seed: Line = Field("", max_length=80)


class SpotCheckOut(Schema):
    """A drawn sample and what it came to so far; with the seed anybody repeats the draw."""

    id: int
    region: str
    year: int
    share: Number
    seed: str
    drawn_from: int
    drawn_by: str | None
    drawn_at: datetime
    drawn: int
    checked: int
    agrees: int
    corrected: int
    refused: int
    share_wrong: Number | None = Field(description="corrected or refused, of those checked; null: none is checked")


class SampledOut(Schema):
    """One institution of a sample: who goes there, and what was found."""

    id: int
    institution: Named
    institution_class: str
    return_id: int
    assigned_to: str | None
    outcome: str = Field(description="pending, agrees, corrected or refused")
    findings: str
    checked_on: date | None


class AssignIn(Sent):
    """Who checks which; without a user nobody does."""

    sampled: list[Key] = Field(min_length=1, max_length=500)
    user: Line | None = Field(None, description="user name")


class AssignedOut(Schema):
    """How many were given to them."""

    assigned: int


class OutcomeIn(Sent):
    """What a visit found; what is not right needs its findings in words."""

    outcome: OutcomeName
    findings: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""
    checked_on: date
    id: ReadOnly = None
    institution: ReadOnly = None
    institution_class: ReadOnly = None
    return_id: ReadOnly = None
    assigned_to: ReadOnly = None


class JointReviewIn(Sent, ChecksOf):
    """When and where the returns of a year are looked at together."""

    starts_on: date
    ends_on: date
    place: Line = Field("", max_length=120)
    note: Line = ""


class JointReviewOut(Schema):
    """A joint review; ``outcome`` is counted when it is closed."""

    id: int
    region: str
    year: int
    starts_on: date
    ends_on: date
    place: str
    note: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: dict[str, Any]


@router.get("/returns/spot-checks", response=SpotCheckOut, summary="The spot check of a year")
def spot_check(request: ActorRequest, asked: Query[ChecksOf]) -> dict[str, Any]:
    """Not found where none is drawn."""
    region = overseen_region(request.actor, asked.region)
    rows = SpotCheck.objects.select_related("region", "drawn_by")
    return _check(get_object_or_404(rows, region=region, year=asked.year))


@router.post("/returns/spot-checks", response={201: SpotCheckOut}, summary="Draw the sample of a year")
def spot_check_draw(request: ActorRequest, data: DrawIn) -> Status[Any]:
    """Once a year and region."""
    region = managed_region(request.actor, data.region)
    return Status(201, _check(checks.draw(request.actor, region, data.year, data.share, data.seed)))


def _check(held: SpotCheck) -> dict[str, Any]:
    rate = checks.rate_of(held)
    names = ("id", "year", "share", "seed", "drawn_from", "drawn_at")
    counts = ("drawn", "checked", "agrees", "corrected", "refused", "share_wrong")
    return {
        "region": held.region.code, "drawn_by": str(held.drawn_by) if held.drawn_by else None,
        **{name: getattr(held, name) for name in names}, **{name: getattr(rate, name) for name in counts},
    }  # fmt: skip


@router.get("/returns/spot-checks/{key}/sampled", response=Listed[SampledOut], summary="Institutions of a sample")
def sampled(request: ActorRequest, key: PathKey, paging: Query[Paging]) -> dict[str, Any]:
    """Those whose return you oversee, by type."""
    request.actor.require(Capability.OVERSEE_RETURNS)
    rows = Sampled.objects.for_actor(request.actor, Capability.OVERSEE_RETURNS).filter(check_of=key)
    page = paged(rows.select_related("institution", "assigned_to"), paging)
    return page | {"items": [_sampled(row) for row in page["items"]]}


def _sampled(row: Sampled) -> dict[str, Any]:
    return {
        "id": row.pk, "institution": {"code": row.institution.code, "name": row.institution.name},
        "institution_class": row.institution_kind, "return_id": row.of_id,
        "assigned_to": row.assigned_to.username if row.assigned_to else None, "outcome": row.outcome,
        "findings": row.findings, "checked_on": row.checked_on,
    }  # fmt: skip


@router.post("/returns/sampled/assignments", response=AssignedOut, summary="Say who checks sampled institutions")
def sampled_assign(request: ActorRequest, data: AssignIn) -> dict[str, Any]:
    """The person must oversee the returns there."""
    request.actor.require(Capability.REVIEW_RETURNS)
    mine = Sampled.objects.for_actor(request.actor).filter(pk__in=data.sampled)
    chosen = list(mine.select_related("check_of", "institution", "of__region"))
    if len(chosen) < len(set(data.sampled)):
        get_object_or_404(mine, pk=next(key for key in data.sampled if key not in {row.pk for row in chosen}))
    user = None if data.user is None else get_object_or_404(users_for(request.actor), username=data.user)
    return {"assigned": checks.assign(request.actor, chosen, user)}


@router.get("/returns/sampled/{key}", response=SampledOut, summary="One institution of a sample")
def sampled_one(request: ActorRequest, key: PathKey) -> dict[str, Any]:
    """Whose return you oversee."""
    return _sampled(_overseen(request, key))


@router.put("/returns/sampled/{key}", response=SampledOut, summary="Record what a check on the spot found")
def sampled_record(request: ActorRequest, key: PathKey, data: OutcomeIn) -> dict[str, Any]:
    """Written again, the last word stands and the trail keeps the others."""
    found = checks.record_outcome(request.actor, _overseen(request, key), data.outcome, data.findings, data.checked_on)
    return _sampled(found)


def _overseen(request: ActorRequest, key: int) -> Sampled:
    request.actor.require(Capability.OVERSEE_RETURNS)
    rows = Sampled.objects.for_actor(request.actor, Capability.OVERSEE_RETURNS)
    return get_object_or_404(
        rows.select_related("check_of__region", "institution", "of__region", "assigned_to"), pk=key
    )


@router.get("/returns/joint-reviews", response=JointReviewOut, summary="The joint review of a year")
def joint_review(request: ActorRequest, asked: Query[ChecksOf]) -> dict[str, Any]:
    """Not found where none is open."""
    region = overseen_region(request.actor, asked.region)
    rows = JointReview.objects.select_related("region")
    return joint_dict(get_object_or_404(rows, region=region, year=asked.year))


@router.post("/returns/joint-reviews", response={201: JointReviewOut}, summary="Open the joint review of a year")
def joint_review_open(request: ActorRequest, data: JointReviewIn) -> Status[Any]:
    """Once a year and region, of annual returns that are open."""
    region = managed_region(request.actor, data.region)
    told = data.dict(exclude={"region", "year"})
    return Status(201, joint_dict(checks.open_joint(request.actor, region, data.year, **told)))


@router.post("/returns/joint-reviews/{key}/close", response=JointReviewOut, summary="Close a joint review")
def joint_review_close(request: ActorRequest, key: PathKey) -> dict[str, Any]:
    """When all sampled institutions are checked; what it came to is kept."""
    request.actor.require(Capability.REVIEW_RETURNS)
    found = get_object_or_404(JointReview.objects.select_related("region"), pk=key)
    managed_region(request.actor, found.region.code)
    return joint_dict(checks.close_joint(request.actor, found))


def joint_dict(held: JointReview) -> dict[str, Any]:
    """As programs and the command are told it."""
    names = ("id", "year", "starts_on", "ends_on", "place", "note", "opened_at", "closed_at", "outcome")
    return {"region": held.region.code, **{name: getattr(held, name) for name in names}}
