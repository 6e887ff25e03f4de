"""Buildings and who is in them, meters, equipment, and whom to call."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from ninja.responses import Status

from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.api.places import named, writable
from nengtan.registry.api.schemas import (
    AssetChange,
    AssetIn,
    AssetOut,
    BuildingChange,
    BuildingIn,
    BuildingOut,
    ContactChange,
    ContactIn,
    ContactOut,
    MeterChange,
    MeterIn,
    MeterOut,
    OccupancyChange,
    OccupancyIn,
    OccupancyOut,
    PathKey,
)
from nengtan.registry.models import Asset, Building, Contact, Institution, Meter, Occupancy
from nengtan.registry.queries import listing
from nengtan.registry.services import (
    remove_contact,
    save_asset,
    save_building,
    save_contact,
    save_meter,
    save_occupancy,
)
from nengtan.ui.api import Line, Listed, Paging, paged

router = Router()


def _mine(request: ActorRequest, rows: Any) -> Any:
    request.actor.require(Capability.VIEW_DETAIL)
    return rows


def _of(rows: Any, institution: str) -> Any:
    return rows.filter(institution__code=institution) if institution else rows


def _one(request: ActorRequest, rows: Any, pk: int) -> Any:
    return get_object_or_404(_mine(request, rows), pk=pk)


def _houses(request: ActorRequest, body: Institution) -> Any:
    """Buildings a record of the body may stand in."""
    seen = Building.objects.for_actor(request.actor).values("pk")
    return Building.objects.filter(Q(pk__in=seen) | Q(occupancies__institution=body)).distinct()


@router.get("/buildings", response=Listed[BuildingOut], summary="Buildings")
def buildings(request: ActorRequest, paging: Query[Paging], institution: Line = "") -> dict[str, Any]:
    """Those you may see, or one institution's."""
    return paged(_of(_mine(request, listing.buildings(request.actor)), institution).order_by("code"), paging)


@router.get("/buildings/{pk}", response=BuildingOut, summary="A building")
def building(request: ActorRequest, pk: PathKey) -> Building:
    """By its key, as the list has it."""
    return _one(request, listing.buildings(request.actor), pk)


@router.post("/buildings", response={201: BuildingOut}, summary="Add a building")
def building_add(request: ActorRequest, data: BuildingIn) -> Status[Any]:
    """Of an institution you may change."""
    values = data.dict()
    body = named(writable(request.actor), "institution", values.pop("institution"))
    return Status(201, save_building(request.actor, body, values))


@router.put("/buildings/{pk}", response=BuildingOut, summary="Change a building")
def building_change(request: ActorRequest, pk: PathKey, data: BuildingChange) -> Building:
    """The whole record."""
    values = data.dict()
    rows = writable(request.actor)
    building = get_object_or_404(Building.objects.filter(institution__in=rows), pk=pk)
    return save_building(request.actor, named(rows, "institution", values.pop("institution")), values, building)


@router.get("/meters", response=Listed[MeterOut], summary="Meters")
def meters(request: ActorRequest, paging: Query[Paging], institution: Line = "", carrier: Line = "") -> dict[str, Any]:
    """Those you may see; by institution and class."""
    rows = _of(_mine(request, listing.meters(request.actor)), institution).order_by("code")
    return paged(rows.filter(carrier=carrier) if carrier else rows, paging)


@router.get("/meters/{pk}", response=MeterOut, summary="A meter")
def meter(request: ActorRequest, pk: PathKey) -> Meter:
    """By its key, as the list has it."""
    return _one(request, listing.meters(request.actor), pk)


@router.post("/meters", response={201: MeterOut}, summary="Add a meter")
def meter_add(request: ActorRequest, data: MeterIn) -> Status[Any]:
    """Of an institution you may change."""
    body, values = _meter(request, data)
    return Status(201, save_meter(request.actor, body, values))


@router.put("/meters/{pk}", response=MeterOut, summary="Change a meter")
def meter_change(request: ActorRequest, pk: PathKey, data: MeterChange) -> Meter:
    """The whole record."""
    meter = get_object_or_404(Meter.objects.filter(institution__in=writable(request.actor)), pk=pk)
    body, values = _meter(request, data)
    return save_meter(request.actor, body, values, meter)


def _meter(request: ActorRequest, data: MeterIn) -> tuple[Institution, dict[str, Any]]:
    values = data.dict()
    body = named(writable(request.actor), "institution", values.pop("institution"))
    values["building"] = named(_houses(request, body), "building", values["building"])
    values["parent"] = named(Meter.objects.for_actor(request.actor), "parent", values["parent"])
    return body, values


@router.get("/assets", response=Listed[AssetOut], summary="Equipment")
def assets(request: ActorRequest, paging: Query[Paging], institution: Line = "", kind: Line = "") -> dict[str, Any]:
    """What you may see; by institution and kind."""
    rows = _of(_mine(request, listing.assets(request.actor)), institution).order_by("institution__code", "pk")
    return paged(rows.filter(kind=kind) if kind else rows, paging)


@router.get("/assets/{pk}", response=AssetOut, summary="One entry of equipment")
def asset(request: ActorRequest, pk: PathKey) -> Asset:
    """By its key, as the list has it."""
    return _one(request, listing.assets(request.actor), pk)


@router.post("/assets", response={201: AssetOut}, summary="Add equipment")
def asset_add(request: ActorRequest, data: AssetIn) -> Status[Any]:
    """Of an institution you may change."""
    body, values, particulars = _asset(request, data)
    return Status(201, save_asset(request.actor, body, values, particulars))


@router.put("/assets/{pk}", response=AssetOut, summary="Change equipment")
def asset_change(request: ActorRequest, pk: PathKey, data: AssetChange) -> Asset:
    """The whole record."""
    asset = get_object_or_404(Asset.objects.filter(institution__in=writable(request.actor)), pk=pk)
    body, values, particulars = _asset(request, data)
    return save_asset(request.actor, body, values, particulars, asset)


def _asset(request: ActorRequest, data: AssetIn) -> tuple[Institution, dict[str, Any], dict[str, str]]:
    values = data.dict()
    body = named(writable(request.actor), "institution", values.pop("institution"))
    values["building"] = named(_houses(request, body), "building", values["building"])
    given = values.pop("attributes")
    words = {True: "true", False: "false"}
    return body, values, {key: words[one] if isinstance(one, bool) else str(one) for key, one in given.items()}


@router.get("/occupancies", response=Listed[OccupancyOut], summary="Who holds which part of which building")
def occupancies(
    request: ActorRequest, paging: Query[Paging], institution: Line = "", building: Line = ""
) -> dict[str, Any]:
    """Of institutions you may see; by institution and building."""
    rows = _of(_mine(request, listing.occupancies(request.actor)), institution)
    rows = rows.filter(building__code=building) if building else rows
    return paged(rows.order_by("building__code", "institution__code", "valid_from"), paging)


@router.get("/occupancies/{pk}", response=OccupancyOut, summary="One part of a building")
def occupancy(request: ActorRequest, pk: PathKey) -> Occupancy:
    """By its key, as the list has it."""
    return _one(request, listing.occupancies(request.actor), pk)


@router.post("/occupancies", response={201: OccupancyOut}, summary="Say that an institution holds part of a building")
def occupancy_add(request: ActorRequest, data: OccupancyIn) -> Status[Any]:
    """The shares of a building on a day do not exceed one."""
    body, values = _occupancy(request, data)
    return Status(201, save_occupancy(request.actor, body, values))


@router.put("/occupancies/{pk}", response=OccupancyOut, summary="Change an occupancy")
def occupancy_change(request: ActorRequest, pk: PathKey, data: OccupancyChange) -> Occupancy:
    """The whole record; `valid_to` ends it."""
    occupancy = get_object_or_404(Occupancy.objects.filter(institution__in=writable(request.actor)), pk=pk)
    body, values = _occupancy(request, data)
    return save_occupancy(request.actor, body, values, occupancy)


def _occupancy(request: ActorRequest, data: OccupancyIn) -> tuple[Institution, dict[str, Any]]:
    values = data.dict()
    body = named(writable(request.actor), "institution", values.pop("institution"))
    values["building"] = named(_houses(request, body), "building", values["building"])
    values["valid_from"] = values["valid_from"] or SINCE_ALWAYS
    return body, values


@router.get("/contacts", response=Listed[ContactOut], summary="Liaison officers, statisticians, carbon managers")
def contacts(request: ActorRequest, paging: Query[Paging], institution: Line = "", role: Line = "") -> dict[str, Any]:
    """Of institutions you may see; by institution and duty."""
    rows = _of(_mine(request, listing.contacts(request.actor)), institution)
    return paged((rows.filter(role=role) if role else rows).order_by("institution__code", "role", "name"), paging)


@router.get("/contacts/{pk}", response=ContactOut, summary="One entry of somebody to call")
def contact(request: ActorRequest, pk: PathKey) -> Contact:
    """By its key, as the list has it."""
    return _one(request, listing.contacts(request.actor), pk)


@router.post("/contacts", response={201: ContactOut}, summary="Add somebody to call")
def contact_add(request: ActorRequest, data: ContactIn) -> Status[Any]:
    """Of an institution you may change."""
    values = data.dict()
    body = named(writable(request.actor), "institution", values.pop("institution"))
    return Status(201, save_contact(request.actor, body, values))


@router.put("/contacts/{pk}", response=ContactOut, summary="Change the entry of somebody to call")
def contact_change(request: ActorRequest, pk: PathKey, data: ContactChange) -> Contact:
    """The whole record."""
    values = data.dict()
    contact = get_object_or_404(Contact.objects.filter(institution__in=writable(request.actor)), pk=pk)
    body = named(writable(request.actor), "institution", values.pop("institution"))
    return save_contact(request.actor, body, values, contact)


@router.delete("/contacts/{pk}", response={204: None}, summary="Take somebody off the list")
def contact_remove(request: ActorRequest, pk: PathKey) -> Status[None]:
    """The trail keeps who it was."""
    rows = Contact.objects.filter(institution__in=writable(request.actor)).select_related("institution__region")
    remove_contact(request.actor, get_object_or_404(rows, pk=pk))
    return Status(204, None)
