"""Dividing a shared bill (费用分摊) among the body that holds the account and those without one of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from django.db.models import QuerySet

from nengtan import reference
from nengtan.domain import allocation, overtime
from nengtan.identity.access import Actor
from nengtan.ledger.models import ActivityFact, Origin
from nengtan.ledger.services import bulk
from nengtan.ledger.services.closing import closed_years
from nengtan.ledger.services.posting import Entry, post
from nengtan.registry.models import Attribute, Institution
from nengtan.ui.fields import PLACES, to_units

_BASIS = {Institution.Allocation.AREA: Attribute.Key.AREA, Institution.Allocation.HEADCOUNT: Attribute.Key.PERSONS}


def holders(institutions: Collection[int]) -> set[int]:
    """Those of the institutions that hold the account of others."""
    found: set[int] = set()
    for chunk in bulk.chunks(sorted(institutions)):
        found |= set(_without_account().filter(host_id__in=chunk).values_list("host_id", flat=True))
    return found


def _without_account() -> QuerySet[Institution]:
    return Institution.objects.filter(utility_account=Institution.UtilityAccount.NONE).exclude(allocation="")


def divide(actor: Actor, facts: Sequence[ActivityFact], replaced: Mapping[int, ActivityFact] | None = None) -> int:
    """Divide those of ``facts`` that are bills shared with others; how many were divided.

    Sub-metered bodies take what their meter says, agreed shares their share, and the rest goes by area or headcount
    among the others and the holder. Where a figure needed is missing the bill stays whole with its holder. ``replaced``
    gives, by the id of a fact that corrects, the bill it corrects: its parts are replaced too.
    """
    bills = [
        fact
        for fact in facts
        if fact.origin == Origin.BILL and fact.allocated_from_id is None and _is_shared(fact.carrier)
    ]
    guests = _guests({fact.institution_id for fact in bills})
    bills = [fact for fact in bills if fact.institution_id in guests]
    meters = _submeters(bills, guests)
    values = _values({body.pk for bodies in guests.values() for body in bodies} | set(guests))
    shares = {bill.pk: shares_of(bill, guests[bill.institution_id], meters, values) for bill in bills}
    parts = {bill.pk: _parts(bill, share) if (share := shares[bill.pk]) else [] for bill in bills}
    for pk, old in (replaced or {}).items():
        _replace_parts(old, parts.setdefault(pk, []))
    post(actor, [entry for entries in parts.values() for entry in entries])
    return sum(bool(share) for share in shares.values())


Reading = tuple[int, str, int]
"""Whose meter, of what carrier, for which month."""


def follow_readings(actor: Actor, readings: Collection[Reading]) -> int:
    """Divide the bills that wait for these readings of sub-metered bodies, or were divided by earlier ones; how many.

    Bills of closed years stay as they are.
    """
    bills = _bills_behind(readings)
    guests = _guests({bill.institution_id for bill in bills})
    meters = _submeters(bills, guests)
    values = _values({body.pk for bodies in guests.values() for body in bodies} | set(guests))
    changed = []
    for bill in bills:
        shares = shares_of(bill, guests[bill.institution_id], meters, values)
        if shares and _said(_parts(bill, shares)) != _standing_parts(bill):
            changed.append(bill)
    return divide(actor, changed, {bill.pk: bill for bill in changed})


def _bills_behind(readings: Collection[Reading]) -> list[ActivityFact]:
    """Standing shared bills of the bodies that hold the account of those whose meters were read."""
    wanted: set[tuple[int, str, int]] = set()
    bodies = sorted({body for body, carrier, _period in readings if _is_shared(carrier)})
    for chunk in bulk.chunks(bodies):
        metered = _without_account().filter(pk__in=chunk, allocation=Institution.Allocation.SUBMETER)
        host_of = dict(metered.exclude(host=None).values_list("pk", "host_id"))
        wanted |= {(host_of[body], carrier, period) for body, carrier, period in readings if body in host_of}
    if not wanted:
        return []
    hosts, carriers, months = ({row[at] for row in wanted} for at in range(3))
    facts = ActivityFact.objects.filter(
        institution_id__in=hosts, carrier__in=carriers, period__in=months, origin=Origin.BILL, allocated_from=None,
        standing__in=(ActivityFact.Standing.COUNTS, ActivityFact.Standing.ALLOCATED),
    )  # fmt: skip
    closed = [(closing.region.path, closing.year) for closing in closed_years()]
    return [
        fact
        for fact in facts.select_related("region").order_by("id")
        if (fact.institution_id, fact.carrier, fact.period) in wanted
        and not any(fact.region.path.startswith(path) and fact.period // 100 == year for path, year in closed)
    ]


def _said(entries: Iterable[Entry]) -> dict[int, tuple[int | None, int | None]]:
    return {entry.institution_id: (entry.quantity, entry.cost) for entry in entries}


def _standing_parts(bill: ActivityFact) -> dict[int, tuple[int | None, int | None]]:
    parts = bill.parts.filter(superseded_by=None).exclude(standing=ActivityFact.Standing.WITHDRAWN)
    return {part.institution_id: (bulk.units(part.quantity), bulk.units(part.cost)) for part in parts}


def _is_shared(carrier: str) -> bool:
    """Fuels bought by the tank are the buyer's own; what comes by a line or pipe is shared by those behind it."""
    of = reference.carriers()[carrier]
    return of.is_water or of.scope == 2 or carrier in {"natural_gas", "manufactured_gas"}


def _guests(holders: set[int]) -> dict[int, list[Institution]]:
    found: dict[int, list[Institution]] = defaultdict(list)
    for chunk in bulk.chunks(sorted(holders)):
        for body in _without_account().filter(host_id__in=chunk):
            found[body.host_id or 0].append(body)
    return found


def _submeters(
    bills: Iterable[ActivityFact], guests: Mapping[int, Sequence[Institution]]
) -> dict[tuple[int, str, int], Decimal]:
    """What the meters of sub-metered guests say, by body, carrier and month."""
    bodies = [
        body.pk for group in guests.values() for body in group if body.allocation == Institution.Allocation.SUBMETER
    ]
    found: dict[tuple[int, str, int], Decimal] = defaultdict(Decimal)
    rows = ActivityFact.objects.filter(
        institution_id__in=bodies,
        origin=Origin.METER,
        superseded_by=None,
        item="",
        period__in={bill.period for bill in bills},
    )
    for pk, carrier, period, quantity in rows.values_list("institution_id", "carrier", "period", "quantity"):
        if quantity is not None:
            found[pk, carrier, period] += quantity
    return found


def _values(bodies: set[int]) -> dict[tuple[int, str], overtime.Series[Decimal]]:
    entries = defaultdict(list)
    for pk, key, since, value in Attribute.objects.filter(institution_id__in=bodies).values_list(
        "institution_id", "key", "valid_from", "value"
    ):
        entries[pk, key].append((since, value))
    return {where: overtime.series(items) for where, items in entries.items()}


def shares_of(
    bill: ActivityFact,
    guests: Sequence[Institution],
    meters: Mapping[tuple[int, str, int], Decimal],
    values: Mapping[tuple[int, str], overtime.Series[Decimal]],
) -> dict[int, Decimal] | None:
    """The weight of the holder and of each guest in a bill, of a quantity if known, else of the cost.

    ``None`` where a sub-meter, area or headcount is missing, or the parts would exceed the whole.
    """
    whole = bill.quantity if bill.quantity is not None else bill.cost
    if not whole:
        return None
    fixed: dict[int, Decimal] = {}
    for body in guests:
        if body.allocation == Institution.Allocation.SUBMETER:
            reading = meters.get((body.pk, bill.carrier, bill.period))
            if reading is None or bill.quantity is None:
                return None
            fixed[body.pk] = reading
        elif body.allocation == Institution.Allocation.SHARE:
            fixed[body.pk] = whole * (body.share or Decimal(0))
    rest = whole - sum(fixed.values(), Decimal(0))
    if rest < 0:
        return None
    by_value = [body for body in guests if body.pk not in fixed]
    return _spread(bill, rest, by_value, values, fixed)


def _spread(
    bill: ActivityFact,
    rest: Decimal,
    guests: Sequence[Institution],
    values: Mapping[tuple[int, str], overtime.Series[Decimal]],
    fixed: dict[int, Decimal],
) -> dict[int, Decimal] | None:
    if not guests:
        return fixed | {bill.institution_id: rest}
    key = _BASIS[Institution.Allocation(guests[0].allocation)]
    weights: dict[int, Decimal] = {}
    for pk in [bill.institution_id, *(body.pk for body in guests)]:
        known = values.get((pk, key))
        value = known.month_value(bill.period) if known else None
        if value is None:
            return None
        weights[pk] = value
    try:
        return fixed | allocation.split(rest, weights, PLACES)
    except allocation.WeightsError:
        return None


def _parts(bill: ActivityFact, shares: Mapping[int, Decimal]) -> list[Entry]:
    whole = sum(shares.values(), Decimal(0))
    quantities = allocation.split(bill.quantity, shares, PLACES) if bill.quantity is not None else {}
    costs = allocation.split(bill.cost, shares, 2) if bill.cost is not None else {}
    return [
        Entry(
            pk, bill.carrier, bill.period, bill.origin,
            quantity=to_units(quantities[pk]) if quantities else None,
            cost=to_units(costs[pk]) if costs else None,
            building_id=bill.building_id if pk == bill.institution_id else None,
            item=bill.item, bill_no=bill.bill_no, source_row=bill.source_row, evidence_id=bill.evidence_id,
            allocated_from_id=bill.pk, share=to_units(weight / whole),
        )
        for pk, weight in shares.items()
    ]  # fmt: skip


def _replace_parts(old: ActivityFact, entries: list[Entry]) -> None:
    """Let each new part replace the old part of the same body; old parts without a successor are taken back."""
    standing = {part.institution_id: part for part in old.parts.filter(superseded_by=None)}
    for entry in entries:
        part = standing.pop(entry.institution_id, None)
        if part is not None:
            entry.supersedes_id = part.pk
    entries += [
        Entry(part.institution_id, part.carrier, part.period, part.origin, supersedes_id=part.pk)
        for part in standing.values()
    ]
