"""Facts."""

from __future__ import annotations

from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Status

from nengtan import reference
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import CorrectionIn, FactFilter, FactIn, FactOut, MeteredOut, ReasonIn
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.queries.lineage import fact_dict, fact_dicts
from nengtan.ledger.queries.metered import quarters_of
from nengtan.ledger.services import entries
from nengtan.ledger.services.metered import post_metered
from nengtan.ledger.wording import left_out_word
from nengtan.registry.models import Building, Institution, Meter
from nengtan.telemetry.api.readings import IntervalOut, rows_as_json
from nengtan.ui.api import Key, Listed, Paging, paged

router = Router()
PathKey = Annotated[Key, Path()]


def visible(actor: Actor, capability: str = Capability.VIEW_DETAIL) -> QuerySet[ActivityFact]:
    """Facts the actor may use ``capability`` on, with what is told of them."""
    actor.require(capability)
    related = ("institution", "evidence", "entered_by", "building", "meter", "region")
    return ActivityFact.objects.for_actor(actor, capability).select_related(*related)


@router.get("/facts", response=Listed[FactOut], summary="Facts of the ledger")
def facts(request: ActorRequest, paging: Query[Paging], wanted: Query[FactFilter]) -> dict[str, Any]:
    """The latest first."""
    page = paged(visible(request.actor).filter(**_lookups(wanted)), paging)
    return page | {"items": fact_dicts(page["items"])}


def _lookups(wanted: FactFilter) -> dict[str, Any]:
    given: dict[str, Any] = {
        "institution__code": wanted.institution,
        "carrier": wanted.carrier,
        "period": wanted.period,
        "origin": wanted.origin,
        "batch_id": wanted.batch,
        "region__path__contains": f"/{wanted.region}/" if wanted.region else "",
        "period__range": (wanted.year * 100 + 1, wanted.year * 100 + 12) if wanted.year else None,
        "standing": ActivityFact.Standing[wanted.standing.upper()] if wanted.standing else None,
    }
    return {path: value for path, value in given.items() if value}


@router.get("/facts/{key}", response=FactOut, summary="One fact")
def fact(request: ActorRequest, key: PathKey) -> dict[str, Any]:
    """As entered and in base units, and whether it counts."""
    return fact_dict(get_object_or_404(visible(request.actor), pk=key))


@router.post("/facts", response={201: FactOut}, summary="Enter a fact")
def fact_add(request: ActorRequest, data: FactIn) -> Status[Any]:
    """A bill of a body that holds the account for others is divided among them."""
    request.actor.require(Capability.WRITE_ACTIVITY)
    return Status(201, fact_dict(entries.enter_fact(request.actor, _input(request.actor, data))))


@router.post("/metered-months", response=MeteredOut, summary="Enter metered months")
def facts_metered(request: ActorRequest) -> dict[str, Any]:
    """Months that are over, of meters you enter consumption for; again, only what has changed. Also done nightly."""
    done = post_metered(request.actor)
    left_out = [
        {"meter": one.meter, "period": one.period, "reason": one.reason, "message": left_out_word(one)}
        for one in done.left_out
    ]
    counts = {"entered": done.entered, "corrected": done.corrected, "unchanged": done.unchanged}
    return counts | {"left_out": left_out}


@router.get("/facts/{key}/intervals", response=list[IntervalOut], summary="What a metered fact was added up from")
def fact_intervals(request: ActorRequest, key: PathKey) -> Any:
    """The quarters of an hour of its month, as they are now; 404 for a fact that no meter measured."""
    request.actor.require(Capability.VIEW_LINEAGE)
    found = quarters_of(get_object_or_404(visible(request.actor, Capability.VIEW_LINEAGE), pk=key))
    if found is None:
        raise Http404
    return rows_as_json(found)


@router.post("/facts/{key}/corrections", response={201: FactOut}, summary="Correct a fact")
def fact_correct(request: ActorRequest, key: PathKey, data: CorrectionIn) -> Status[Any]:
    """The old fact stays, marked, with who, when and why."""
    old = get_object_or_404(visible(request.actor, Capability.WRITE_ACTIVITY), pk=key)
    made = entries.correct_fact(request.actor, old, _input(request.actor, data, old), data.reason)
    return Status(201, fact_dict(made))


@router.post("/facts/{key}/withdrawal", response={201: FactOut}, summary="Take a fact back")
def fact_withdraw(request: ActorRequest, key: PathKey, data: ReasonIn) -> Status[Any]:
    """It stays in the ledger and counts no more."""
    old = get_object_or_404(visible(request.actor, Capability.WRITE_ACTIVITY), pk=key)
    return Status(201, fact_dict(entries.withdraw_fact(request.actor, old, data.reason)))


def _input(actor: Actor, data: FactIn, old: ActivityFact | None = None) -> entries.FactInput:
    body = Institution.objects.for_actor(actor, Capability.WRITE_ACTIVITY).filter(code=data.institution).first()
    if body is None:
        words = _("“%(found)s” is not an institution you report for.") % {"found": data.institution}
        raise ValidationError({"institution": words})
    carrier = reference.carriers().get(data.carrier)
    return entries.FactInput(
        institution=body,
        carrier=data.carrier,
        period=data.period,
        quantity=data.quantity,
        unit=data.unit or (carrier.unit if carrier else ""),
        cost=data.cost_cny,
        origin=data.origin,
        building=_coded(
            Building.objects.filter(Q(institution=body) | Q(occupancies__institution=body)), "building", data.building
        ),
        meter=_coded(Meter.objects.filter(institution=body), "meter", data.meter),
        item=data.item,
        bill_no=data.bill_no,
        note=data.note,
        evidence=old.evidence if old else None,
    )


def _coded(rows: QuerySet[Any], field: str, code: str) -> Any:
    """One of the institution's own by its code; what others have under it is as unknown as what nobody has."""
    if not code:
        return None
    found = rows.filter(code=code).first()
    if found is None:
        raise ValidationError({field: _("“%(found)s” is not known.") % {"found": code}})
    return found
