"""Institutions, their dated values and events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field

from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.api.places import body_of, named, readable
from nengtan.registry.api.schemas import (
    AttributeIn,
    AttributeOut,
    DoubtOut,
    EventIn,
    InstitutionChange,
    InstitutionEventOut,
    InstitutionIn,
    InstitutionOut,
    SpanOut,
)
from nengtan.registry.models import Attribute, Building, EventParty, Institution, InstitutionEvent, Region
from nengtan.registry.queries import alive
from nengtan.registry.queries.endings import months_after
from nengtan.registry.queries.search import institutions_like
from nengtan.registry.services import (
    ENDING,
    EventInput,
    InstitutionInput,
    record_event,
    save_institution,
    set_attribute,
)
from nengtan.ui.api import Line, Listed, Paging, paged

router = Router()


@router.get("/institutions", response=Listed[InstitutionOut], summary="Institutions")
def institutions(
    request: ActorRequest, paging: Query[Paging], region: Line = "", kind: Line = "", status: Line = "", q: Line = ""
) -> dict[str, Any]:
    """Those you may see; `region` takes all below it, `q` a name, a code or pinyin initials."""
    rows = readable(request.actor).order_by("code")
    if region:
        top = named(Region.objects.all(), "region", region)
        rows = rows.filter(region__path__startswith=top.path)
    if kind:
        rows = rows.filter(kind=kind)
    if status:
        rows = rows.filter(status=status)
    return paged(institutions_like(rows, q) if q.strip() else rows, paging)


@router.get("/institutions-in-doubt", response=Listed[DoubtOut], summary="Institutions that may exist on paper only")
def in_doubt(
    request: ActorRequest, paging: Query[Paging], year: Annotated[int, Field(ge=2000, le=2100)]
) -> dict[str, Any]:
    """Those of a year that lack staff, floor area or activity; those that lack most first."""
    request.actor.require(Capability.VIEW_DETAIL)
    return paged(alive.doubtful(request.actor, year), paging)


@router.get("/institutions/{code}", response=InstitutionOut, summary="An institution")
def institution(request: ActorRequest, code: str) -> Institution:
    """By its code."""
    return body_of(request.actor, code)


@router.post("/institutions", response={201: InstitutionOut}, summary="Add an institution")
def institution_add(request: ActorRequest, data: InstitutionIn) -> Status[Any]:
    """In a region you manage."""
    request.actor.require(Capability.KEEP_INSTITUTIONS)
    return Status(201, save_institution(request.actor, _input(request, data)))


@router.put("/institutions/{code}", response=InstitutionOut, summary="Mend the record of an institution")
def institution_change(request: ActorRequest, code: str, data: InstitutionChange) -> Institution:
    """The whole record; what happened on a day is an event. Its own people may not change what it is, only managers."""
    body = body_of(request.actor, code, write=True)
    _unmoved(data, body)
    return save_institution(request.actor, _input(request, data, body), body)


def _unmoved(data: InstitutionChange, body: Institution) -> None:
    """Status and closing, where they are sent, are as they are."""
    for key in data.model_fields_set & {"status", "closed_on"}:
        if getattr(data, key) != getattr(body, key):
            raise ValidationError({key: _("This follows from events alone: record one under /institution-events.")})


def _input(request: ActorRequest, data: InstitutionIn, body: Institution | None = None) -> InstitutionInput:
    values = data.dict(exclude={"status", "closed_on"})
    values["credit_code"] = data.credit_code or ""
    regions = Region.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    if body is not None:
        regions |= Region.objects.filter(pk=body.region_id)
    values["region"] = named(regions, "region", data.region or "-")
    known = Institution.objects.all().referable(request.actor)
    if body is not None:
        known |= Institution.objects.filter(pk__in=[pk for pk in (body.superior_id, body.host_id) if pk])
    for key in ("superior", "host"):
        values[key] = named(known, key, values[key])
    return InstitutionInput(**values)


@router.get("/institutions/{code}/names", response=list[SpanOut], summary="Names, types and parents over time")
def names(request: ActorRequest, code: str) -> Any:
    """Each from its day until the next; the latest first."""
    spans = body_of(request.actor, code).spans.select_related("region", "superior")
    return list(spans.order_by("-valid_from"))


@router.get("/institutions/{code}/attributes", response=list[AttributeOut], summary="Area and headcount over time")
def attributes(request: ActorRequest, code: str) -> Any:
    """Of the institution and its buildings, in order of the day."""
    body = body_of(request.actor, code)
    rows = Attribute.objects.filter(institution=body) | Attribute.objects.filter(building__institution=body)
    return list(rows.select_related("building").order_by("key", "building__code", "valid_from"))


@router.post("/institutions/{code}/attributes", response={201: AttributeOut}, summary="Say what holds from a day")
def attribute_set(request: ActorRequest, code: str, data: AttributeIn) -> Status[Any]:
    """A value of the same day is replaced; earlier ones stay."""
    body = body_of(request.actor, code, write=True)
    building = named(Building.objects.filter(institution=body), "building", data.building)
    made = set_attribute(
        request.actor, building or body, data.key, data.valid_from or SINCE_ALWAYS, data.value, data.source
    )
    return Status(201, made)


@router.get(
    "/institutions/{code}/events", response=list[InstitutionEventOut], summary="What happened to an institution"
)
def events(request: ActorRequest, code: str) -> list[dict[str, Any]]:
    """The latest first."""
    rows = InstitutionEvent.objects.filter(parties__institution=body_of(request.actor, code)).distinct()
    told = list(rows.prefetch_related("parties__institution"))
    late = months_after(body for event in told for body in _ended(event))
    return [_told(event, late) for event in told]


@router.post("/institution-events", response={201: InstitutionEventOut}, summary="Record an event of institutions")
def event_record(request: ActorRequest, data: EventIn) -> Status[Any]:
    """Added, closed, merged, split, renamed or moved; the register follows from its day. For managers of regions."""
    request.actor.require(Capability.KEEP_INSTITUTIONS)
    rows = Institution.objects.for_actor(request.actor, Capability.KEEP_INSTITUTIONS).select_related("region")
    regions = Region.objects.for_actor(request.actor, Capability.KEEP_INSTITUTIONS)
    event = record_event(
        request.actor,
        EventInput(
            data.kind,
            data.effective_on,
            [named(rows, "before", code) for code in data.before],
            [named(rows, "after", code) for code in data.after],
            document=data.document,
            note=data.note,
            name=data.name,
            region=named(regions, "region", data.region),
            superior=named(Institution.objects.all().referable(request.actor), "superior", data.superior),
            reports_to=data.reports_to,
        ),
    )
    return Status(201, _told(event, months_after(_ended(event))))


def _ended(event: InstitutionEvent) -> list[Institution]:
    """Those that may have ended with an event."""
    if event.kind not in ENDING:
        return []
    return [part.institution for part in event.parties.all() if part.side == EventParty.Side.BEFORE]


def _told(event: InstitutionEvent, late: Mapping[str, int]) -> dict[str, Any]:
    sides: dict[str, list[str]] = {"before": [], "after": []}
    for part in event.parties.all():
        sides[part.side].append(part.institution.code)
    return {
        "id": event.pk,
        "kind": event.kind,
        "effective_on": event.effective_on,
        "document": event.document,
        "note": event.note,
        **sides,
        "months_after": {body.code: late[body.code] for body in _ended(event) if body.code in late},
    }
