"""What the register holds of the records a file names, fetched in a fixed number of queries a few hundred codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from nengtan.domain import creditcode
from nengtan.domain.overtime import Series, series
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import (
    Asset,
    Attribute,
    Building,
    Contact,
    Institution,
    InstitutionSpan,
    Meter,
    Occupancy,
    Region,
)
from nengtan.registry.services.intake.plan import SheetPlan

CHUNK = 500
"""Values in one ``IN`` list: below every database's limit on parameters."""

Dated = dict[tuple[str, int, str], Series[Decimal]]


@dataclass
class Known:
    """Records by what a file calls them; ``region`` is that of new institutions whose row names none."""

    actor: Actor
    region: Region | None = None
    regions: dict[str, Region] = field(default_factory=dict)
    institutions: dict[str, Institution] = field(default_factory=dict)
    owners: dict[str, Institution] = field(default_factory=dict)
    buildings: dict[str, Building] = field(default_factory=dict)
    meters: dict[str, Meter] = field(default_factory=dict)
    occupancies: dict[tuple[int, int], list[Occupancy]] = field(default_factory=lambda: defaultdict(list))
    assets: dict[tuple[int, str, str], Asset] = field(default_factory=dict)
    contacts: dict[tuple[int, str], list[Contact]] = field(default_factory=lambda: defaultdict(list))
    spans: dict[int, list[InstitutionSpan]] = field(default_factory=lambda: defaultdict(list))
    dated: Dated = field(default_factory=dict)
    credit_codes: dict[str, str] = field(default_factory=dict)
    hidden_holders: set[str] = field(default_factory=set)
    writable: set[int] = field(default_factory=set)
    referable: set[int] = field(default_factory=set)
    buildings_seen: set[int] = field(default_factory=set)
    meters_seen: set[int] = field(default_factory=set)


def load(actor: Actor, sheets: Iterable[SheetPlan], region: Region | None = None) -> Known:
    """Fetch what the rows of ``sheets`` speak of."""
    known = Known(actor, region)
    texts: dict[str, set[str]] = defaultdict(set)
    for sheet in sheets:
        for record in sheet.table.records:
            for key, value in record.items():
                if isinstance(value, str):
                    texts[f"{sheet.kind}.code" if key == "code" else key].add(value)
    _load_institutions(known, texts)
    _load_places(known, texts)
    known.regions = _regions(actor, texts["region_code"])
    return known


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """``values`` in pieces."""
    held = list(values)
    for start in range(0, len(held), CHUNK):
        yield held[start : start + CHUNK]


def _in(rows: QuerySet[Any], column: str, values: Iterable[Any]) -> Iterator[Any]:
    for chunk in chunks(values):
        yield from rows.filter(**{f"{column}__in": chunk})


def _regions(actor: Actor, texts: set[str]) -> dict[str, Region]:
    """Regions by code; by name where one region alone of those the actor may write in bears it."""
    found = {region.code: region for region in _in(Region.objects.all(), "code", texts)}
    missing = texts - found.keys()
    by_name: dict[str, list[Region]] = defaultdict(list)
    for region in _in(Region.objects.for_actor(actor, Capability.WRITE_REGISTRY), "name", missing):
        by_name[region.name].append(region)
    return found | {name: regions[0] for name, regions in by_name.items() if len(regions) == 1}


def _load_institutions(known: Known, texts: dict[str, set[str]]) -> None:
    keys = ("institutions.code", "institution_code", "superior_code", "host_code")
    codes = set().union(*(texts[key] for key in keys))
    rows = Institution.objects.select_related("region", "superior", "host")
    known.institutions = {body.code: body for body in _in(rows, "code", codes)}
    ids = [body.pk for body in known.institutions.values()]
    scoped = Institution.objects.for_actor(known.actor, Capability.WRITE_REGISTRY).values_list("pk", flat=True)
    known.writable = set(_in(scoped, "pk", ids))
    known.referable = set(_in(Institution.objects.all().referable(known.actor).values_list("pk", flat=True), "pk", ids))
    for span in _in(
        InstitutionSpan.objects.select_related("region", "superior").order_by("valid_from"), "institution", ids
    ):
        known.spans[span.institution_id].append(span)
    for contact in _in(Contact.objects.order_by("pk"), "institution", ids):
        known.contacts[contact.institution_id, contact.role].append(contact)
    holders = Institution.objects.values_list("credit_code", "code")
    known.credit_codes = dict(
        _in(holders, "credit_code", {creditcode.normalise(text) for text in texts["credit_code"]})
    )
    seen = Institution.objects.for_actor(known.actor).values_list("code", flat=True)
    known.hidden_holders = set(known.credit_codes.values()) - set(_in(seen, "code", known.credit_codes.values()))
    _load_dated(known, "institution", ids)


def _load_dated(known: Known, owner: str, ids: list[int]) -> None:
    entries: dict[tuple[str, int, str], list[tuple[date, Decimal | None]]] = defaultdict(list)
    for one in _in(Attribute.objects.all(), owner, ids):
        entries[owner, getattr(one, f"{owner}_id"), one.key].append((one.valid_from, one.value))
    known.dated.update({key: series(values) for key, values in entries.items()})


def _load_places(known: Known, texts: dict[str, set[str]]) -> None:
    actor = known.actor
    buildings = Building.objects.select_related("institution__region", "region")
    known.buildings = {
        one.code: one for one in _in(buildings, "code", texts["buildings.code"] | texts["building_code"])
    }
    meters = Meter.objects.select_related("institution__region", "building", "parent")
    known.meters = {one.code: one for one in _in(meters, "code", texts["meters.code"] | texts["parent_code"])}
    _load_owners(known)
    ids = [one.pk for one in known.buildings.values()]
    known.buildings_seen = set(_in(Building.objects.for_actor(actor).values_list("pk", flat=True), "pk", ids))
    occupied = Occupancy.objects.for_actor(actor).values_list("building_id", flat=True)
    known.buildings_seen |= set(_in(occupied, "building", ids))
    meter_ids = [one.pk for one in known.meters.values()]
    known.meters_seen = set(_in(Meter.objects.for_actor(actor).values_list("pk", flat=True), "pk", meter_ids))
    _load_dated(known, "building", ids)
    for one in _in(Occupancy.objects.order_by("valid_from"), "building", ids):
        known.occupancies[one.building_id, one.institution_id].append(one)
    owners = [known.institutions[code].pk for code in texts["institution_code"] if code in known.institutions]
    for asset in _in(Asset.objects.select_related("building"), "institution", owners):
        known.assets[asset.institution_id, asset.kind, asset.name] = asset


def _load_owners(known: Known) -> None:
    """Whose the named buildings and meters are, and whether the actor may change what is theirs."""
    named: list[Building | Meter] = [*known.buildings.values(), *known.meters.values()]
    owners = {one.institution_id: one.institution for one in named}
    loaded = {body.pk for body in known.institutions.values()}
    scoped = Institution.objects.for_actor(known.actor, Capability.WRITE_REGISTRY).values_list("pk", flat=True)
    known.writable |= set(_in(scoped, "pk", owners.keys() - loaded))
    known.owners = {body.code: body for body in owners.values()} | known.institutions


def above(model: type[Institution] | type[Meter], column: str, codes: set[str]) -> dict[str, str]:
    """Each code's upper code, and so on to the top."""
    found: dict[str, str] = {}
    frontier = set(codes)
    while frontier:
        pairs: dict[str, str] = {}
        for chunk in chunks(frontier):
            rows = model.objects.filter(code__in=chunk, **{f"{column}__isnull": False})
            pairs |= dict(rows.values_list("code", f"{column}__code"))
        found |= pairs
        frontier = set(pairs.values()) - found.keys()
    return found
