"""Trees of meters, balances, items, and what virtual meters are computed from."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from nengtan import reference
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.api.places import named
from nengtan.registry.api.schemas import Code, Note, PathKey
from nengtan.registry.models import Meter
from nengtan.telemetry.models import Formula
from nengtan.telemetry.queries.trees import Grouping, Place, TooMany, Trees, as_dict
from nengtan.telemetry.services import TermInput, remove_formula, set_formula
from nengtan.telemetry.tree_words import formula_dict, too_many_meters
from nengtan.ui.api import Line, Listed, Paging, Sent, paged

router = Router()

Day = Annotated[dt.date, Field(ge=dt.date(1990, 1, 1), lt=dt.date(2100, 1, 1))]
Weight = Annotated[Decimal, Field(gt=-(10**6), lt=10**6, decimal_places=6)]


class TreeFilter(Schema):
    """Which meters, of what carrier, and the days looked at, both within."""

    institution: Line = Field("", description="code")
    building: Line = Field("", description="code")
    region: Line = Field("", description="code: everything below it")
    carrier: Line = "electricity"
    since: Day | None = Field(None, description="without it the first of the month")
    until: Day | None = Field(None, description="without it today")


class TreeRowOut(Schema):
    """A meter, or what those below it have not seen."""

    meter: str
    name: str
    institution: str
    household: str
    kind: Literal["meter", "virtual", "by_hand", "remainder"]
    depth: int
    item: str = Field(description="empty: the whole")
    value: float | None = Field(description="null: not known")
    share: float | None = Field(description="of the meter above it")
    good: float = Field(description="share of the time measured well")
    estimated: float
    missing: float
    verdict: str = Field(description="of a remainder: fine, watch, alarm, undecided")


class BalanceOut(Schema):
    """An upper meter held against those right below it."""

    meter: str
    name: str
    institution: str
    household: str
    period: str
    meters: int
    upper: float | None
    below: float | None
    remainder: float | None = Field(description="less than nothing is an error of a ratio or a line")
    share: float | None
    known: float = Field(description="least share of the time known of any of them")
    verdict: Literal["fine", "watch", "alarm", "undecided"]


class ItemTotalOut(Schema):
    """Consumption by item."""

    item: str = Field(description="empty: what of the parent no sub-item has, or of no item of the table")
    name: str
    parent: str
    kind: Literal["item", "remainder", "unknown"]
    depth: int
    period: str
    value: float | None
    share: float | None = Field(description="of the item above it")
    complete: bool = Field(description="all of it is known")
    trust: str = Field(description="how sure the table of items is: high, medium, low")


class FormulaTermIn(Sent):
    meter: Code
    weight: Weight = Field(Decimal(1), description="sign and share")
    optional: bool = Field(False, description="may be missing; then it counts as nothing")


class FormulaIn(Sent):
    meter: Code = Field(description="the virtual meter")
    valid_from: Day
    terms: Annotated[list[FormulaTermIn], Field(max_length=500)] = []
    constant: Weight = Field(Decimal(0), description="what always runs and has no meter, units an hour")
    note: Note | Literal[""] = ""


class FormulaTermOut(Schema):
    meter: str
    weight: Decimal
    optional: bool


class FormulaOut(Schema):
    id: int
    meter: str
    valid_from: dt.date
    terms: list[FormulaTermOut]
    constant: Decimal
    note: str


@router.get("/metering/tree", response=list[TreeRowOut], summary="Meters as a tree")
def metering_tree(request: ActorRequest, wanted: Query[TreeFilter]) -> list[dict[str, Any]]:
    """Uppermost meters with those below them, and last of each upper one what is not metered."""
    return [as_dict(row) for row in _trees(request, wanted).tree]


@router.get("/metering/balances", response=list[BalanceOut], summary="Balances of meters")
def metering_balances(
    request: ActorRequest, wanted: Query[TreeFilter], by: Grouping = "whole"
) -> list[dict[str, Any]]:  # fmt: skip
    """Every upper meter, of the whole time or by month or day."""
    return [as_dict(row) for row in _trees(request, wanted, by).balances]


@router.get("/metering/items", response=list[ItemTotalOut], summary="Consumption by item")
def metering_items(
    request: ActorRequest, wanted: Query[TreeFilter], by: Grouping = "whole", scheme: Line = "mohurd2008"
) -> list[dict[str, Any]]:
    """By the national table of items or a regional one."""
    if scheme not in reference.item_schemes():
        raise ValidationError({"scheme": _wrong(scheme, reference.item_schemes())})
    return [as_dict(row) for row in _trees(request, wanted, by).items(scheme)]


def _wrong(found: str, allowed: Any) -> str:
    return _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": found, "allowed": " ".join(allowed)}


def _trees(request: ActorRequest, wanted: TreeFilter, by: Grouping = "whole") -> Trees:
    if wanted.carrier not in reference.carriers():
        raise ValidationError({"carrier": _wrong(wanted.carrier, reference.carriers())})
    last = wanted.until or timezone.localdate()
    first = wanted.since or last.replace(day=1)
    if first > last:
        raise ValidationError({"since": _("The first day is after the last.")})
    place = Place(wanted.institution, wanted.building, wanted.region)
    try:
        return Trees(request.actor, place, wanted.carrier, first, last, by)
    except TooMany as error:
        raise ValidationError({"region": too_many_meters()}) from error


@router.get("/meter-formulas", response=Listed[FormulaOut], summary="Virtual meters")
def meter_formulas(request: ActorRequest, paging: Query[Paging], meter: Line = "") -> dict[str, Any]:
    """What virtual meters are computed from, and since when."""
    rows = _formulas(request).order_by("meter__code", "valid_from")
    told = paged(rows.filter(meter__code=meter) if meter else rows, paging)
    return {**told, "items": [formula_dict(one) for one in told["items"]]}


@router.get("/meter-formulas/{pk}", response=FormulaOut, summary="A version of a virtual meter")
def meter_formula(request: ActorRequest, pk: PathKey) -> dict[str, Any]:
    """By its key, as the list has it."""
    return formula_dict(get_object_or_404(_formulas(request), pk=pk))


def _formulas(request: ActorRequest) -> QuerySet[Formula]:
    request.actor.require(Capability.VIEW_DETAIL)
    return Formula.objects.for_actor(request.actor).select_related("meter").prefetch_related("terms__meter")


@router.post("/meter-formulas", response={201: FormulaOut}, summary="Say what a virtual meter is computed from")
def meter_formula_set(request: ActorRequest, data: FormulaIn) -> Status[Any]:
    """From a day on; of the same day again, it is a correction. A meter that is read cannot be virtual."""
    request.actor.require(Capability.WRITE_REGISTRY)
    mine = Meter.objects.for_actor(request.actor, Capability.WRITE_REGISTRY).select_related("institution__region")
    terms = [TermInput(one.meter, one.weight, one.optional) for one in data.terms]
    made = set_formula(
        request.actor, named(mine, "meter", data.meter), data.valid_from, terms, data.constant, data.note
    )  # fmt: skip
    return Status(201, formula_dict(made))


@router.delete("/meter-formulas/{pk}", response={204: None}, summary="Take a version of a virtual meter out")
def meter_formula_remove(request: ActorRequest, pk: PathKey) -> Status[None]:
    """What held before holds on."""
    mine = Formula.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    remove_formula(request.actor, get_object_or_404(mine.select_related("meter__institution__region"), pk=pk))
    return Status(204, None)
