"""What the register holds of the records a file names, fetched in a fixed number of queries a few hundred codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

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
    InstitutionEvent,
    InstitutionSpan,
    Meter,
    Occupancy,
    Region,
)
from nengtan.registry.services.intake.plan import SheetPlan

SIDES = ("before_codes", "after_codes")
"""Columns with several institutions."""

CHUNK = 500
"""Values in one ``IN`` list: below every database's limit on parameters."""

Dated = dict[tuple[str, int, str], Series[Decimal]]


class Happening(NamedTuple):
    """What makes two rows the same event: its kind, its day, and the codes of the bodies before and after it."""

    kind: str
    on: date
    before: tuple[str, ...]
    after: tuple[str, ...]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Happening | None:
        """The event of a row; None where its kind or day could not be read.

        A body that is only renamed or moved may be named on both sides.
        """
        kind, on = record.get("event_kind"), record.get("effective_on")
        if not kind or not on:
            return None
        before, after = (tuple(sorted(record.get(key) or ())) for key in ("before_codes", "after_codes"))
        if kind in CHANGING and before == after:
            after = ()
        return cls(kind, on, before, after)

    def __str__(self) -> str:
        return " · ".join((self.kind, self.on.isoformat(), ",".join(self.before), ",".join(self.after)))


CHANGING = (InstitutionEvent.Kind.RENAMED, InstitutionEvent.Kind.MOVED)
"""Events after which a body is called otherwise, or belongs elsewhere."""


@dataclass(frozen=True)
class Change:
    """What an event of the file changes of a body: its day, its row, and what it says by column."""

    day: date
    event: str
    says: Mapping[str, str]


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
    events: dict[Happening, InstitutionEvent] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))
    writable: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    referable: set[int] = field(default_factory=set)
    buildings_seen: set[int] = field(default_factory=set)
    meters_seen: set[int] = field(default_factory=set)


def load(actor: Actor, sheets: Iterable[SheetPlan], region: Region | None = None) -> Known:
    """Fetch what the rows of ``sheets`` speak of."""
    sheets = list(sheets)
    known = Known(actor, region)
    texts: dict[str, set[str]] = defaultdict(set)
    for sheet in sheets:
        for record in sheet.table.records:
            for key, value in record.items():
                if isinstance(value, str):
                    texts[f"{sheet.kind}.code" if key == "code" else key].add(value)
                elif key in SIDES and isinstance(value, tuple):
                    texts["institution_code"].update(value)
    _load_institutions(known, texts)
    _load_places(known, texts)
    known.regions = _regions(actor, texts["region_code"])
    _load_events(known, [record for sheet in sheets if sheet.kind == "events" for record in sheet.table.records])
    return known


def _load_events(known: Known, records: Iterable[Mapping[str, Any]]) -> None:
    """Which of the events are on record, and what the others change."""
    told = {event: record for record in records if (event := Happening.of(record))}
    stored = InstitutionEvent.objects.prefetch_related("parties__institution")
    for one in _in(stored, "effective_on", {event.on for event in told}):
        sides: dict[str, list[str]] = {"before": [], "after": []}
        for part in one.parties.all():
            sides[part.side].append(part.institution.code)
        event = Happening(one.kind, one.effective_on, tuple(sorted(sides["before"])), tuple(sorted(sides["after"])))
        known.events[event] = one
    for event, record in sorted(told.items(), key=lambda pair: pair[0].on):
        if event.kind in CHANGING and event not in known.events and len(event.before) == 1:
            says = {column: record[key] for key, column in _says(event.kind) if record.get(key)}
            known.changes[event.before[0]].append(Change(event.on, str(event), says))


def _says(kind: str) -> list[tuple[str, str]]:
    """Columns in which an event tells what becomes of a body, with those of the institutions' list."""
    if kind == InstitutionEvent.Kind.RENAMED:
        return [("new_name", "name")]
    return [(key, key) for key in ("region_code", "superior_code", "reports_to")]


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
    kept = Institution.objects.for_actor(known.actor, Capability.KEEP_INSTITUTIONS).values_list("pk", flat=True)
    known.kept = set(_in(kept, "pk", ids))
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
