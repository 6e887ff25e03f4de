"""Filling a return in from what the platform knows: bills and readings, the register, the assets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from nengtan import reference
from nengtan.domain import overtime, periods
from nengtan.domain.returns import slots
from nengtan.domain.returns.scheme import Edition, Measure
from nengtan.ledger.models import ActivityFact, Origin
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.registry.models import Asset, Attribute
from nengtan.reporting import clock
from nengtan.reporting.models import Return, Value
from nengtan.reporting.services.explanations import unsettle

Cell = tuple[str, str]
"""Record (a room's code, empty elsewhere) and indicator."""

KEPT = frozenset({Value.Provenance.TYPED, Value.Provenance.FILE})
"""What somebody entered is never filled over."""

_ATTRIBUTES = {
    Attribute.Key.AREA: "area",
    Attribute.Key.PERSONS: "persons",
    Attribute.Key.ESTABLISHMENT: "established",
}
_VEHICLES = {
    "gasoline": "vehicles_gasoline",
    "diesel": "vehicles_diesel",
    "electric": "vehicles_new_energy",
    "hybrid": "vehicles_new_energy",
}
_ROOMS = {
    "area_m2": "room_area",
    "racks": "room_racks",
    "it_power_kw": "room_power_it",
    "cooling_power_kw": "room_power_cooling",
    "ups_kva": "room_ups",
}
_ORIGINS = {
    Origin.BILL: Value.Provenance.BILL,
    Origin.METER: Value.Provenance.METER,
    Origin.REPORT: Value.Provenance.REPORT,
    Origin.ESTIMATE: Value.Provenance.ESTIMATE,
}


@dataclass
class Found:
    """What is known of a cell, and from where."""

    value: Decimal
    provenance: str
    source: dict[str, Any] = field(default_factory=dict)


def prefill(returns: Sequence[Return]) -> int:
    """Fill in returns from what is known now, cells somebody entered left alone; how many cells changed.

    A sum of months some of which are missing is filled in and says so in its source: ``months`` of ``of``.
    """
    changed = 0
    groups: dict[tuple[slots.Slot, str], list[Return]] = defaultdict(list)
    for item in returns:
        groups[item.period, item.edition].append(item)
    for (period, edition), members in groups.items():
        for chunk in bulk.chunks(members):
            changed += _fill(chunk, period, scheme.edition(edition))
    return changed


def booked(bodies: Sequence[int], period: slots.Slot, edition: Edition) -> dict[int, dict[Cell, Decimal]]:
    """What bills and register say of a period of which every month is known, by body.

    It stands for last year where a body has no return of then: pages show it, rules hold a return against it.
    """
    found: dict[int, dict[Cell, Decimal]] = defaultdict(dict)
    day = periods.last_day(period.months[-1])
    for chunk in bulk.chunks(bodies):
        for source in (_of_facts(chunk, period, edition), _of_register(chunk, day)):
            for body, cell, what in source:
                if cell[1] in edition.indicators and what.source.get("months") == what.source.get("of"):
                    found[body][cell] = what.value
    return found


def _fill(returns: Sequence[Return], period: slots.Slot, edition: Edition) -> int:
    known = _known([item.institution_id for item in returns], period, edition)
    held: dict[int, dict[Cell, Value]] = defaultdict(dict)
    for value in Value.objects.filter(of__in=[item.pk for item in returns]):
        held[value.of_id][value.record, value.indicator] = value
    now = clock.now()
    fresh: list[Value] = []
    moved: list[Value] = []
    for item in returns:
        found, cells = known[item.institution_id], held[item.pk]
        fresh += [
            Value(
                of=item, record=record, indicator=indicator, value=cell.value, provenance=cell.provenance,
                source=cell.source, entered_at=now,
            )
            for (record, indicator), cell in found.items()
            if (record, indicator) not in cells
        ]  # fmt: skip
        moved += [value for cell, value in cells.items() if _follows(value, found.get(cell))]
    for value in moved:
        value.version, value.entered_at, value.entered_by = value.version + 1, now, None
    changed: dict[int, list[Cell]] = defaultdict(list)
    for value in moved:
        changed[value.of_id].append((value.record, value.indicator))
    unsettle(changed, edition)
    Value.objects.bulk_create(fresh, batch_size=500)
    Value.objects.bulk_update(
        moved, ["value", "provenance", "source", "version", "entered_at", "entered_by"], batch_size=200
    )
    return len(fresh) + len(moved)


def _follows(value: Value, cell: Found | None) -> bool:
    """Let a value that was filled in follow what is known now; whether it moved."""
    if value.provenance in KEPT:
        return False
    before = (value.value, value.provenance, value.source)
    if cell is None:
        value.value, value.source = None, {}
    else:
        value.value, value.provenance, value.source = cell.value, cell.provenance, cell.source
    return (value.value, value.provenance, value.source) != before


def _known(bodies: Sequence[int], period: slots.Slot, edition: Edition) -> dict[int, dict[Cell, Found]]:
    """Everything known of each body for the cells of an edition."""
    found: dict[int, dict[Cell, Found]] = defaultdict(dict)
    day = periods.last_day(period.months[-1])
    for source in (_of_facts(bodies, period, edition), _of_register(bodies, day), _of_assets(bodies, day)):
        for body, cell, what in source:
            indicator = edition.indicators.get(cell[1])
            if indicator is not None and indicator.is_entered:
                found[body][cell] = what
    return found


def _of_facts(bodies: Sequence[int], period: slots.Slot, edition: Edition) -> Iterator[tuple[int, Cell, Found]]:
    lines = {
        line.carrier: line
        for line in edition.lines(2, platform=True)
        if line.carrier and line.measure is Measure.FLOW and line.parent is None
    }
    costs = edition.costs
    rows: Iterable[Any] = (
        ActivityFact.objects.counting()
        .filter(institution_id__in=bodies, period__range=(period.months[0], period.months[-1]), carrier__in=lines)
        .order_by()
        .values("institution_id", "carrier")
        .annotate(
            quantity_sum=Sum("quantity"),
            cost_sum=Sum("cost"),
            facts=Count("id"),
            quantities=Count("period", distinct=True, filter=Q(quantity__isnull=False)),
            payments=Count("period", distinct=True, filter=Q(cost__isnull=False)),
            **{str(origin): Count("id", filter=Q(origin=origin)) for origin in Origin.values},
        )
    )
    carriers = reference.carriers()
    for row in rows:
        line = lines[row["carrier"]]
        origins = [_ORIGINS[Origin(origin)] for origin in Origin.values if row[origin]]
        provenance = origins[0] if len(origins) == 1 else Value.Provenance.MIXED
        told = {"facts": row["facts"], "of": len(period.months)}
        if row["quantity_sum"] is not None:
            quantity = row["quantity_sum"] / carriers[line.carrier or ""].units[line.unit]
            found = Found(quantity.quantize(Decimal("0.000001")), provenance, told | {"months": row["quantities"]})
            yield row["institution_id"], ("", line.key), found
        if row["cost_sum"] is not None and line.key in costs:
            cost = Found(row["cost_sum"], provenance, told | {"months": row["payments"]})
            yield row["institution_id"], ("", costs[line.key]), cost


def _of_register(bodies: Sequence[int], day: date) -> Iterator[tuple[int, Cell, Found]]:
    entries: dict[tuple[int, str], list[tuple[date, Decimal | None]]] = defaultdict(list)
    rows = Attribute.objects.filter(institution_id__in=bodies, key__in=_ATTRIBUTES, valid_from__lte=day)
    for body, key, since, value in rows.order_by("valid_from").values_list(
        "institution_id", "key", "valid_from", "value"
    ):
        entries[body or 0, key].append((since, value))
    for (body, key), values in entries.items():
        there = overtime.series(values).value_on(day)
        if there is not None:
            since = max(start for start, _value in values)
            cell = ("", _ATTRIBUTES[Attribute.Key(key)])
            yield body, cell, Found(there, Value.Provenance.REGISTER, {"valid_from": since.isoformat()})


def _of_assets(bodies: Sequence[int], day: date) -> Iterator[tuple[int, Cell, Found]]:
    assets: dict[int, list[Asset]] = defaultdict(list)
    kinds = ("vehicle", "charger", "data_room")
    for asset in Asset.objects.filter(institution_id__in=bodies, kind__in=kinds).order_by("id"):
        assets[asset.institution_id].append(asset)
    for body, owned in assets.items():
        yield from ((body, cell, found) for cell, found in _counts(_in_use(owned, day)))
        rooms = [asset for asset in owned if asset.kind == "data_room"]
        for place, room in enumerate(rooms, 1):
            if _used(room, day):
                yield from ((body, (f"{place:04d}", key), found) for key, found in _room(room))


def _used(asset: Asset, day: date) -> bool:
    return (asset.in_use_on is None or asset.in_use_on <= day) and (
        asset.out_of_use_on is None or asset.out_of_use_on > day
    )


def _in_use(assets: Iterable[Asset], day: date) -> list[Asset]:
    return [asset for asset in assets if _used(asset, day)]


def _counts(assets: Sequence[Asset]) -> Iterator[tuple[Cell, Found]]:
    """Vehicles by fuel and chargers, where the register keeps any: none kept is unknown, not none."""
    counts: dict[str, int] = {}
    for asset in assets:
        if asset.kind == "vehicle":
            counts |= {key: counts.get(key, 0) for key in (*_VEHICLES.values(), "vehicles")}
            key = _VEHICLES.get(asset.attributes.get("fuel", ""))
            for indicator in (key, "vehicles") if key else ():
                counts[indicator] += asset.count
        elif asset.kind == "charger":
            counts["chargers"] = counts.get("chargers", 0) + asset.count
    for indicator, count in counts.items():
        yield ("", indicator), Found(Decimal(count), Value.Provenance.REGISTER, {"assets": len(assets)})


def _room(room: Asset) -> Iterator[tuple[str, Found]]:
    for name, indicator in _ROOMS.items():
        value = room.attributes.get(name)
        if value not in (None, ""):
            yield indicator, Found(Decimal(str(value)), Value.Provenance.REGISTER, {"asset": room.pk})
