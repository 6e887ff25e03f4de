"""Dividing a shared bill (费用分摊) among the body that holds the account and those without one of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import allocation, overtime, periods
from nengtan.identity.access import Actor
from nengtan.ledger.models import ActivityFact, Origin
from nengtan.ledger.services import bulk
from nengtan.ledger.services.closing import closed_years
from nengtan.ledger.services.posting import Entry, home_of, homes_of, post
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
    parts = _wanted([fact for fact in facts if fact.origin == Origin.BILL and fact.allocated_from_id is None])
    divided = sum(map(bool, parts.values()))
    olds = replaced or {}
    standing = _standing_parts(olds.values())
    for pk, old in olds.items():
        parts[pk] = _in_place(parts.get(pk, []), standing[old.pk])
    post(actor, [entry for entries in parts.values() for entry in entries])
    return divided


Reading = tuple[int, str, int]
"""Whose meter, of what carrier, for which month."""


def follow_readings(actor: Actor, readings: Collection[Reading]) -> int:
    """Divide the bills that wait for these readings of sub-metered bodies, or were divided by earlier ones; how many.

    Bills of closed years stay as they are.
    """
    return _divide_anew(actor, _bills_behind(readings), _("divided anew: a sub-meter was read"))


def follow_register(actor: Actor, institutions: Collection[int]) -> int:
    """Divide anew the bills of which these bodies have a part, or would have by the register as it is now; how many.

    Bills of closed years stay as they are.
    """
    bodies = sorted(institutions)
    hosts = holders(bodies)
    for chunk in bulk.chunks(bodies):
        hosts |= set(_without_account().filter(pk__in=chunk, host__isnull=False).values_list("host_id", flat=True))
        parts = ActivityFact.objects.filter(institution_id__in=chunk, allocated_from__isnull=False, superseded_by=None)
        hosts |= set(parts.order_by().values_list("allocated_from__institution_id", flat=True).distinct())
    bills: list[ActivityFact] = []
    for chunk in bulk.chunks(sorted(hosts)):
        bills += _standing_bills(institution_id__in=chunk)
    return _divide_anew(actor, bills, _("divided anew: the register was changed"))


def _divide_anew(actor: Actor, bills: Iterable[ActivityFact], why: str) -> int:
    """Replace the parts of bills that are not what they ought to be; how many bills.

    A bill that can be divided no longer, or has nobody to share it with, goes to its holder whole: as one part.
    """
    shared = [bill for bill in bills if _is_shared(bill.carrier)]
    standing = _standing_parts(shared)
    wanted = _wanted(shared, {pk for pk, held in standing.items() if held})
    changed = {pk: parts for pk, parts in wanted.items() if parts and _said(parts) != _held(standing[pk])}
    frozen = _frozen([bill for bill in shared if bill.pk in changed], changed, standing)
    entries = [entry for pk, parts in changed.items() if pk not in frozen for entry in _in_place(parts, standing[pk])]
    for entry in entries:
        entry.note = why
    post(actor, entries)
    return len(changed) - len(frozen)


def _frozen(
    bills: Iterable[ActivityFact], parts: Mapping[int, Sequence[Entry]], standing: Mapping[int, Sequence[ActivityFact]]
) -> set[int]:
    """Those of the bills whose year is closed where they, or any of their parts, stand or would stand."""
    closed = [(closing.region.path, closing.year) for closing in closed_years()]
    if not closed:
        return set()
    homes = homes_of({entry.institution_id for entries in parts.values() for entry in entries})
    found: set[int] = set()
    for bill in bills:
        paths = {bill.region.path, *(part.region.path for part in standing[bill.pk])}
        paths |= {home_of(homes[entry.institution_id], bill.period).path for entry in parts[bill.pk]}
        if any(bill.period // 100 == year and path.startswith(above) for above, year in closed for path in paths):
            found.add(bill.pk)
    return found


def _wanted(bills: Iterable[ActivityFact], whole: Collection[int] = ()) -> dict[int, list[Entry]]:
    """What bills are divided into, by the id of each that is shared; nothing where it stays whole with its holder.

    Those of ``whole`` that stay whole are one part.
    """
    shared = [bill for bill in bills if _is_shared(bill.carrier)]
    guests = _guests({bill.institution_id for bill in shared})
    shared = [bill for bill in shared if bill.institution_id in guests or bill.pk in whole]
    sharers = {body.pk for bodies in guests.values() for body in bodies} | {bill.institution_id for bill in shared}
    lives, meters, values = _lives(sharers), _submeters(shared, guests), _values(sharers)
    found: dict[int, list[Entry]] = {}
    for bill in shared:
        there = [body for body in guests[bill.institution_id] if _lived(lives[body.pk], bill.period)]
        shares = None
        if there and _lived(lives[bill.institution_id], bill.period):
            shares = shares_of(bill, there, meters, values)
        if shares is None and bill.pk in whole:
            shares = {bill.institution_id: Decimal(1)}
        found[bill.pk] = _parts(bill, shares) if shares else []
    return found


Life = tuple[date | None, date | None]
"""The day a body was established and the day it was closed, where known."""


def _lives(bodies: set[int]) -> dict[int, Life]:
    found: dict[int, Life] = {}
    for chunk in bulk.chunks(sorted(bodies)):
        rows = Institution.objects.filter(pk__in=chunk).values_list("pk", "established_on", "closed_on")
        found |= {pk: (begun, over) for pk, begun, over in rows}
    return found


def _lived(life: Life, period: int) -> bool:
    """Whether a body existed in a month."""
    begun, over = life
    return (begun is None or periods.of_date(begun) <= period) and (over is None or period <= periods.last_before(over))


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
    bills = _standing_bills(institution_id__in=hosts, carrier__in=carriers, period__in=months)
    return [bill for bill in bills if (bill.institution_id, bill.carrier, bill.period) in wanted]


def _standing_bills(**where: Any) -> QuerySet[ActivityFact]:
    bills = ActivityFact.objects.filter(origin=Origin.BILL, allocated_from=None, superseded_by=None, **where)
    return bills.exclude(standing=ActivityFact.Standing.WITHDRAWN).select_related("region").order_by("id")


def _said(entries: Iterable[Entry]) -> dict[int, tuple[int | None, int | None]]:
    return {entry.institution_id: (entry.quantity, entry.cost) for entry in entries}


def _held(parts: Iterable[ActivityFact]) -> dict[int, tuple[int | None, int | None]]:
    return {part.institution_id: (bulk.units(part.quantity), bulk.units(part.cost)) for part in parts}


def _standing_parts(bills: Iterable[ActivityFact]) -> dict[int, list[ActivityFact]]:
    """The parts into which each bill is divided now."""
    found: dict[int, list[ActivityFact]] = {bill.pk: [] for bill in bills}
    for chunk in bulk.chunks(list(found)):
        parts = ActivityFact.objects.filter(allocated_from_id__in=chunk, superseded_by=None)
        for part in parts.select_related("region").order_by("id"):
            found[part.allocated_from_id or 0].append(part)
    return found


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
    months = {bill.period for bill in bills}
    for chunk in bulk.chunks(bodies):
        rows = ActivityFact.objects.filter(
            institution_id__in=chunk, origin=Origin.METER, superseded_by=None, item="", period__in=months
        )
        for pk, carrier, period, quantity in rows.values_list("institution_id", "carrier", "period", "quantity"):
            if quantity is not None:
                found[pk, carrier, period] += quantity
    return found


def _values(bodies: set[int]) -> dict[tuple[int, str], overtime.Series[Decimal]]:
    entries = defaultdict(list)
    for chunk in bulk.chunks(sorted(bodies)):
        rows = Attribute.objects.filter(institution_id__in=chunk)
        for pk, key, since, value in rows.values_list("institution_id", "key", "valid_from", "value"):
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


def _in_place(entries: Iterable[Entry], held: Iterable[ActivityFact]) -> list[Entry]:
    """Let each new part replace the old part of the same body; old parts without a successor are taken back."""
    old = {part.institution_id: part for part in held}
    placed = list(entries)
    for entry in placed:
        part = old.pop(entry.institution_id, None)
        if part is not None:
            entry.supersedes_id = part.pk
    gone = [
        Entry(part.institution_id, part.carrier, part.period, part.origin, supersedes_id=part.pk)
        for part in old.values()
    ]
    return placed + gone
