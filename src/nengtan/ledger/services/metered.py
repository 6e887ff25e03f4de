"""Months that meters measured, as facts of the ledger: entered once, and again where consumption has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction

from nengtan.identity.access import Actor
from nengtan.identity.audit import event, keep
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, Origin
from nengtan.ledger.services import bulk
from nengtan.ledger.services.closing import closed_years
from nengtan.ledger.services.entries import FactInput, check, entry_of
from nengtan.ledger.services.posting import Entry, home_of, homes_of, post
from nengtan.ledger.services.sharing import follow_readings
from nengtan.telemetry.models import Register
from nengtan.telemetry.queries import Month, closed_months

__all__ = ["LEAST_KNOWN", "LeftOut", "Posted", "post_metered", "register_of"]

LEAST_KNOWN = Decimal("0.98")
"""A month of which less is known enters no account: a part of a month is not the month. A setting of ours."""

PLACES = 6
_ORIGIN = "lake:"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A month that was not entered, and why: ``missing`` (its share), ``by_hand``, ``closed_year``, or a field."""

    meter: str
    period: int
    reason: str
    found: str = ""


@dataclass
class Posted:
    """How many months were entered, corrected, or in the ledger already as they are."""

    entered: int = 0
    corrected: int = 0
    unchanged: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


def post_metered(actor: Actor) -> Posted:
    """Enter every closed month of every main register of the actor's institutions; done again, nothing more happens.

    Consumption drawn only: what a meter delivers is another matter. A figure a person entered for a meter stays.

    Raises:
        Forbidden: the actor may enter no consumption.
    """
    actor.require(Capability.WRITE_ACTIVITY)
    mine = Register.objects.for_actor(actor, Capability.WRITE_ACTIVITY).filter(
        code="", kind=Register.Kind.CUMULATIVE, direction=Register.Direction.IN
    )
    registers = {
        one.pk: one for one in mine.select_related("meter__institution__region", "meter__building").order_by("pk")
    }
    done = Posted()
    with transaction.atomic():
        bulk.hold_sums()
        _post(actor, registers, closed_months(registers), done)
    return done


def _post(actor: Actor, registers: dict[int, Register], months: Iterable[Month], done: Posted) -> None:
    held = _held({one.meter_id for one in registers.values()})
    closed = _closed({one.meter.institution_id for one in registers.values()})
    entries: list[Entry] = []
    old: list[ActivityFact | None] = []
    for month in months:
        register = registers[month.register]
        known = held.get((register.meter_id, register.meter.carrier, month.period))
        entry = _entry(register, month, known, closed, done)
        if entry is not None:
            entries.append(entry)
            old.append(known)
    ids = post(actor, entries)
    follow_readings(actor, {(entry.institution_id, entry.carrier, entry.period) for entry in entries})
    _tell(actor, ids, old)
    done.corrected = sum(known is not None for known in old)
    done.entered = len(entries) - done.corrected


def _entry(
    register: Register, month: Month, known: ActivityFact | None, closed: set[tuple[int, int]], done: Posted
) -> Entry | None:
    """What is to be entered for a month, if anything."""
    meter = register.meter
    if known is not None and not known.source_row.startswith(_ORIGIN):
        done.left_out.append(LeftOut(meter.code, month.period, "by_hand"))
        return None
    if month.value is None or Decimal(1) - Decimal(str(month.missing)) < LEAST_KNOWN:
        done.left_out.append(LeftOut(meter.code, month.period, "missing", f"{month.missing:.6f}"))
        return None
    quantity = Decimal(str(round(month.value, PLACES))).normalize()
    if known is not None and known.entered_quantity == format(quantity, "f") and known.entered_unit == register.unit:
        done.unchanged += 1
        return None
    if (meter.institution_id, month.period) in closed:
        done.left_out.append(LeftOut(meter.code, month.period, "closed_year"))
        return None
    data = FactInput(
        meter.institution, meter.carrier, month.period, quantity, register.unit, origin=Origin.METER,
        building=meter.building, meter=meter, item=meter.item,
    )  # fmt: skip
    if wrong := check(data):
        done.left_out.append(LeftOut(meter.code, month.period, *next(iter(wrong.items()))))
        return None
    entry = entry_of(data, known)
    entry.source_row = f"{_ORIGIN}register={register.pk};revision={month.revision}"
    entry.note = f"{month.good:.2%} + {month.estimated:.2%} + {month.missing:.2%}"
    return entry


def register_of(fact: ActivityFact) -> int | None:
    """The register whose quarters of an hour a fact was added up from; None for a fact of another origin."""
    told = dict(part.split("=", 1) for part in fact.source_row.removeprefix(_ORIGIN).split(";") if "=" in part)
    return int(told["register"]) if fact.source_row.startswith(_ORIGIN) else None


def _held(meters: set[int]) -> dict[tuple[int, str, int], ActivityFact]:
    """The latest fact of each meter, carrier and month of this origin; one that was withdrawn stands for itself."""
    found: dict[tuple[int, str, int], ActivityFact] = {}
    for chunk in bulk.chunks(sorted(meters)):
        rows = ActivityFact.objects.filter(origin=Origin.METER, meter__in=chunk, superseded_by=None)
        found |= {(one.meter_id or 0, one.carrier, one.period): one for one in rows.order_by("pk")}
    return found


def _closed(bodies: set[int]) -> set[tuple[int, int]]:
    """Institutions and months of years that are closed where the institution then stood."""
    homes, closings = homes_of(bodies), closed_years()
    return {
        (body, year * 100 + month)
        for body in bodies
        for year in {closing.year for closing in closings}
        for month in range(1, 13)
        for path in [home_of(homes[body], year * 100 + month).path]
        if any(closing.year == year and path.startswith(closing.region.path) for closing in closings)
    }


def _tell(actor: Actor, ids: Sequence[int], old: Sequence[ActivityFact | None]) -> None:
    """Into the trail, as figures entered one by one are."""
    replaced = dict(zip(ids, old, strict=True))
    events = []
    for chunk in bulk.chunks(list(ids)):
        for fact in ActivityFact.objects.filter(pk__in=chunk).select_related("region"):
            known = replaced[fact.pk]
            before: Any = _said(known) if known else None
            events.append(
                event(
                    actor, "fact.correct" if known else "fact.enter", fact, before=before, after=_said(fact),
                    region_path=fact.region.path, institution_id=fact.institution_id,
                )
            )  # fmt: skip
    keep(events)


def _said(fact: ActivityFact) -> dict[str, object]:
    names = ("carrier", "period", "quantity", "entered_quantity", "entered_unit", "origin", "source_row", "note")
    return {name: getattr(fact, name) for name in names}
