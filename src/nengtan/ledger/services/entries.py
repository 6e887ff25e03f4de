"""Entering, correcting and taking back single facts, and taking back a whole import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import carriers as units
from nengtan.domain import periods
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, Evidence, ImportBatch, Origin
from nengtan.ledger.services import bulk
from nengtan.ledger.services.posting import UNVERIFIED, Entry, post
from nengtan.ledger.services.sharing import divide, follow_readings
from nengtan.registry.models import Building, Institution, Meter
from nengtan.ui.fields import from_units, to_units
from nengtan.ui.words import unit_word


@dataclass(frozen=True)
class FactInput:
    """One fact as a person or a program states it; ``None`` is unknown, never zero.

    The unit may be spelled as people write it: its code and its symbol are the same unit.
    """

    institution: Institution
    carrier: str
    period: int
    quantity: Decimal | None
    unit: str
    cost: Decimal | None = None
    origin: str = Origin.BILL
    building: Building | None = None
    meter: Meter | None = None
    item: str = ""
    bill_no: str = ""
    note: str = ""
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        if self.unit not in reference.units():
            object.__setattr__(self, "unit", reference.unit_of_spelling(self.unit) or self.unit)


def check(data: FactInput) -> dict[str, str]:
    """What is wrong with ``data`` by itself, by field."""
    problems = _check_amounts(data)
    if data.carrier not in reference.carriers():
        return problems | {"carrier": _found(data.carrier, reference.carriers())}
    carrier = reference.carriers()[data.carrier]
    if data.unit not in carrier.units and data.unit != UNVERIFIED:
        problems["unit"] = _found(unit_word(data.unit), map(unit_word, carrier.units))
    if data.origin not in Origin.values:
        problems["origin"] = _found(data.origin, Origin.values)
    if data.item and data.item not in reference.item_codes():
        problems["item"] = _("Unknown item “%(found)s”.") % {"found": data.item}
    if (
        data.building
        and data.building.institution_id != data.institution.pk
        and not data.building.occupancies.filter(institution=data.institution).exists()
    ):
        problems["building"] = _("This building is not one of the institution's.")
    if data.meter and data.meter.institution_id != data.institution.pk:
        problems["meter"] = _("This meter is not one of the institution's.")
    return problems | _check_period(data)


def _check_amounts(data: FactInput) -> dict[str, str]:
    problems: dict[str, str] = {}
    if data.quantity is None and data.cost is None:
        problems["quantity"] = _("A quantity or a cost is needed.")
    for name in ("quantity", "cost"):
        value = getattr(data, name)
        if value is not None and (not value.is_finite() or value < 0 or value >= Decimal(10) ** 12):
            problems[name] = _("Found %(value)s; a value from 0 to 10^12 is allowed.") % {"value": value}
    return problems


def _check_period(data: FactInput) -> dict[str, str]:
    try:
        periods.parse(data.period)
    except periods.PeriodError:
        return {"period": _("Found %(found)s; a month such as 202307 is allowed.") % {"found": data.period}}
    if data.period > periods.of_date(timezone.localdate()):
        return {"period": _("%(found)s has not begun yet.") % {"found": periods.label(data.period)}}
    closed = data.institution.closed_on
    if closed and data.period > periods.last_before(closed):
        return {"period": _("The institution was closed on %(day)s.") % {"day": closed}}
    return {}


def _found(found: str, allowed: Iterable[str]) -> str:
    return _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": found, "allowed": " ".join(allowed)}


def entry_of(data: FactInput, supersedes: ActivityFact | None = None) -> Entry:
    """What is stated, in base units."""
    quantity = None
    if data.quantity is not None and data.unit != UNVERIFIED:
        quantity = to_units(units.to_base(reference.carriers()[data.carrier], data.quantity, data.unit))
    return Entry(
        institution_id=data.institution.pk,
        carrier=data.carrier,
        period=data.period,
        origin=data.origin,
        quantity=quantity,
        cost=None if data.cost is None else to_units(data.cost),
        entered_quantity="" if data.quantity is None else format(data.quantity, "f"),
        entered_unit=data.unit if data.quantity is not None else "",
        building_id=data.building.pk if data.building else None,
        meter_id=data.meter.pk if data.meter else None,
        item=data.item,
        bill_no=data.bill_no,
        note=data.note,
        evidence_id=data.evidence.pk if data.evidence else None,
        supersedes_id=supersedes.pk if supersedes else None,
    )


def may_write(actor: Actor, institution: Institution) -> None:
    """Raise :class:`Forbidden` unless the actor may enter consumption of the institution."""
    if not Institution.objects.for_actor(actor, Capability.WRITE_ACTIVITY).filter(pk=institution.pk).exists():
        raise Forbidden(Capability.WRITE_ACTIVITY)


@transaction.atomic
def enter_fact(actor: Actor, data: FactInput) -> ActivityFact:
    """Enter one fact; a bill of a body that holds the account for others is divided among them.

    Raises:
        ValidationError: by field, or the ledger holds this figure already.
        YearClosed, Forbidden: nothing is written.
    """
    may_write(actor, data.institution)
    bulk.hold_sums()
    return _write(actor, data, None, "fact.enter", "")


@transaction.atomic
def correct_fact(actor: Actor, fact: ActivityFact, data: FactInput, reason: str) -> ActivityFact:
    """Replace a fact by a new one; the old one stays, marked, with who, when and why.

    Raises:
        ValidationError: by field, or the fact was replaced already, or no reason is given.
        YearClosed, Forbidden: nothing is written.
    """
    _check_replaceable(actor, fact, reason)
    may_write(actor, data.institution)
    return _write(actor, data, fact, "fact.correct", reason)


@transaction.atomic
def withdraw_fact(actor: Actor, fact: ActivityFact, reason: str) -> ActivityFact:
    """Take a fact back: it stays in the ledger and counts no more. To undo, enter it again.

    Raises:
        ValidationError: it was replaced already, or no reason is given.
        YearClosed, Forbidden: nothing is written.
    """
    _check_replaceable(actor, fact, reason)
    parts = list(fact.parts.filter(superseded_by=None))
    ids = post(actor, [withdrawal(item, reason) for item in [fact, *parts]])
    follow_readings(actor, [reading for reading in [_reading(fact)] if reading])
    record(
        actor, "fact.withdraw", fact, before=_told(fact), after=None, reason=reason,
        region_path=fact.region.path, institution_id=fact.institution_id,
    )  # fmt: skip
    return ActivityFact.objects.get(pk=ids[0])


def withdrawal(fact: ActivityFact, note: str) -> Entry:
    """The entry that takes a fact back."""
    return Entry(
        fact.institution_id, fact.carrier, fact.period, fact.origin, building_id=fact.building_id,
        meter_id=fact.meter_id, item=fact.item, bill_no=fact.bill_no, note=note[:400], supersedes_id=fact.pk,
    )  # fmt: skip


@transaction.atomic
def withdraw_batch(actor: Actor, batch: ImportBatch, reason: str) -> int:
    """Undo an import: its facts that still stand count no more, and figures it corrected hold again; how many facts.

    Raises:
        ValidationError: withdrawn already, or no reason.
        YearClosed, Forbidden: nothing is written.
    """
    bulk.hold_sums()
    batch.refresh_from_db(fields=["withdrawn_at"])
    if batch.withdrawn_at:
        raise ValidationError(_("This import was withdrawn already."))
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    facts = list(batch.facts.filter(superseded_by=None).select_related("supersedes"))
    _require_all(actor, {fact.institution_id for fact in facts})
    corrections = [fact for fact in facts if fact.supersedes is not None]
    parts = ActivityFact.objects.filter(allocated_from__batch=batch, superseded_by=None)
    whole = {fact.pk for fact in corrections}
    post(
        actor,
        [withdrawal(fact, reason) for fact in facts if fact.pk not in whole]
        + [withdrawal(part, reason) for part in parts if part.allocated_from_id not in whole],
    )
    _restore(actor, corrections, reason)
    follow_readings(actor, {reading for fact in facts if (reading := _reading(fact))})
    batch.withdrawn_at = timezone.now()
    batch.save(update_fields=["withdrawn_at"])
    record(
        actor, "import.withdraw", batch, before={"facts": len(facts)}, after=None, reason=reason,
        region_path=batch.region_path, institution_id=batch.institution_id,
    )  # fmt: skip
    return len(facts)


def _require_all(actor: Actor, bodies: set[int]) -> None:
    """Raise :class:`Forbidden` unless the actor may enter consumption of every one of the institutions."""
    actor.require(Capability.WRITE_ACTIVITY)
    allowed = Institution.objects.for_actor(actor, Capability.WRITE_ACTIVITY)
    if sum(allowed.filter(pk__in=chunk).count() for chunk in bulk.chunks(sorted(bodies))) < len(bodies):
        raise Forbidden(Capability.WRITE_ACTIVITY)


def _restore(actor: Actor, corrections: Sequence[ActivityFact], reason: str) -> None:
    """Enter what each of the facts had corrected once more, in its place."""
    entries = [_again(fact.supersedes, fact, reason) for fact in corrections if fact.supersedes]
    ids = post(actor, entries)
    again: list[ActivityFact] = []
    for chunk in bulk.chunks(list(ids)):
        again += ActivityFact.objects.filter(pk__in=chunk)
    replaced = {fact.pk: fact for fact in corrections}
    divide(actor, again, {fact.pk: replaced[fact.supersedes_id or 0] for fact in again})


def _again(old: ActivityFact, instead: ActivityFact, reason: str) -> Entry:
    return Entry(
        old.institution_id, old.carrier, old.period, old.origin, bulk.units(old.quantity), bulk.units(old.cost),
        old.entered_quantity, old.entered_unit, old.building_id, old.meter_id, old.item, old.bill_no, old.source_row,
        reason[:400], old.evidence_id, instead.pk,
    )  # fmt: skip


def _check_replaceable(actor: Actor, fact: ActivityFact, reason: str) -> None:
    may_write(actor, fact.institution)
    bulk.hold_sums()
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    if ActivityFact.objects.filter(supersedes=fact).exists():
        raise ValidationError(_("This figure was already corrected; correct the latest one."))
    if fact.allocated_from_id:
        raise ValidationError(_("This figure is a part of a shared bill; correct the bill."))


def _write(actor: Actor, data: FactInput, old: ActivityFact | None, action: str, reason: str) -> ActivityFact:
    problems = check(data)
    if problems:
        raise ValidationError(problems)
    entry = entry_of(data, old)
    entry.note = (reason or entry.note)[:400]
    (pk,) = post(actor, [entry])
    _refuse_repeated(entry, pk)
    fact = ActivityFact.objects.select_related("region", "institution").get(pk=pk)
    divide(actor, [fact], {fact.pk: old} if old else None)
    follow_readings(actor, [reading for reading in map(_reading, (fact, old)) if reading])
    record(
        actor, action, fact, before=_told(old) if old else None, after=_told(fact), reason=reason,
        region_path=fact.region.path, institution_id=fact.institution_id,
    )  # fmt: skip
    fact.refresh_from_db()
    return fact


def _refuse_repeated(entry: Entry, pk: int) -> None:
    """A form sent twice, or a bill entered twice, is one figure: call after it was written, to take it back whole."""
    same = ActivityFact.objects.filter(
        institution=entry.institution_id, building=entry.building_id, meter=entry.meter_id, carrier=entry.carrier,
        item=entry.item, period=entry.period, origin=entry.origin, bill_no=entry.bill_no, allocated_from=None,
        entered_quantity=entry.entered_quantity, entered_unit=entry.entered_unit,
    )  # fmt: skip
    cost: Any = None if entry.cost is None else from_units(entry.cost)
    same = same.filter(cost=cost).exclude(pk=pk)
    if same.exclude(standing__in=(ActivityFact.Standing.SUPERSEDED, ActivityFact.Standing.WITHDRAWN)).exists():
        raise ValidationError(
            _(
                "The ledger holds this very figure already. A second bill of the same month and amount needs its "
                "bill number, building, meter or sub-item."
            )
        )


def _reading(fact: ActivityFact | None) -> tuple[int, str, int] | None:
    """Whose bills may be divided by this fact."""
    if fact is None or fact.origin != Origin.METER:
        return None
    return (fact.institution_id, fact.carrier, fact.period)


def _told(fact: ActivityFact) -> dict[str, object]:
    names = ("carrier", "period", "quantity", "cost", "entered_quantity", "entered_unit", "origin", "bill_no", "note")
    return {"institution_id": fact.institution_id} | {name: getattr(fact, name) for name in names}
