"""Events of institutions told in a file: whether they can have happened, one after the other, and what they change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from nengtan.domain.sheets.problems import Fault
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, InstitutionEvent
from nengtan.registry.services.events import SIDES, arising, ending, existence_fault, form_fault, sides_fit
from nengtan.registry.services.institutions import keeper_words
from nengtan.registry.services.intake.known import Change, Happening, Known, above
from nengtan.registry.services.intake.plan import RowPlan, SheetPlan

Kind = InstitutionEvent.Kind
Faults = Iterator[tuple[str, Fault]]
Found = Iterator[tuple[SheetPlan, RowPlan, str, Fault]]

COLUMNS = {"": "event_kind", "kind": "event_kind", "name": "new_name", "region": "region_code"}
"""Where what is wrong with an event shows."""

SAID = ("document", "note")
"""What an event on record keeps for good."""


def build(known: Known, plan: RowPlan) -> Faults:
    """One event by itself: whom it takes, what it needs, and whether it is on record already."""
    told = Happening.of(plan.given)
    if told is None:
        return
    event = plan.existing = known.events.get(told)
    if event is not None:
        yield from _kept(known, plan, event, told)
        return
    sides = told.before, told.after
    for body in (known.institutions.get(code) for code in (*told.before, *told.after)):
        if body is not None and body.pk in known.writable and body.pk not in known.kept:
            yield "event_kind", Fault("not_yours", _word(told.kind), (), {"why": keeper_words(body)})
            return
    if not plan.faulty & {"before_codes", "after_codes"}:
        if not sides_fit(told.kind, *sides):
            short = len(set(told.before)) not in SIDES[told.kind][0]
            yield "before_codes" if short else "after_codes", Fault("event_sides", _word(told.kind), (_wanted(told),))
            return
        placed = bool(plan.given.get("region_code") or plan.given.get("superior_code"))
        if fault := form_fault(told.kind, told.on, *sides, plan.given.get("new_name") or "", placed):
            field, why = fault
            column = COLUMNS.get(field, field)
            yield column, _refused(told, why, plan.given.get(column))
    yield from _region(known, plan)


def _refused(told: Happening, why: str, found: Any) -> Fault:
    """An event that cannot have happened so, by the cell that shows it."""
    text = ",".join(found) if isinstance(found, tuple) else str(found or "")
    return Fault("event_refused", text, (), {"event": _word(told.kind), "why": why})


def _word(kind: str) -> str:
    return str(Kind(kind).label)


def _wanted(told: Happening) -> str:
    """How many bodies a kind of event wants before and after."""
    before, after = (_count(wanted) for wanted in SIDES[told.kind])
    return _("before: %(before)s; after: %(after)s") % {"before": before, "after": after}


def _count(wanted: range) -> str:
    if wanted.stop - wanted.start == 1:
        return str(wanted.start)
    return _("%(count)s or more") % {"count": wanted.start}


def _kept(known: Known, plan: RowPlan, event: InstitutionEvent, told: Happening) -> Faults:
    """An event on record stays as it is told there."""
    for key in SAID:
        said, held = plan.given.get(key), getattr(event, key)
        if said is not None and said != held:
            yield key, Fault("event_on_record", said, (held or _("nothing"),))
    said = plan.given.get("new_name")
    body = known.institutions.get(told.before[0]) if told.kind == Kind.RENAMED else None
    span = next((one for one in known.spans.get(body.pk, []) if one.valid_from == told.on), None) if body else None
    if said and span and span.name != said:
        yield "new_name", Fault("event_on_record", said, (span.name,))


def _region(known: Known, plan: RowPlan) -> Faults:
    code = plan.given.get("region_code")
    if not code:
        return
    region = known.regions.get(code)
    if region is None:
        yield "region_code", Fault("unknown_region", code)
    elif not known.actor.scope_for(Capability.KEEP_INSTITUTIONS).covers(region.path):
        yield "region_code", Fault("out_of_scope", code)


def differs(known: Known, plan: RowPlan, changes: Sequence[Change]) -> Faults:
    """Cells of an institution's row that say something else than the events before its day."""
    said: dict[str, Change] = {}
    for change in changes:
        said |= dict.fromkeys(change.says, change)
    for key, change in said.items():
        given, value = plan.given.get(key), change.says[key]
        if key == "region_code" and given:
            same = known.regions.get(given) == known.regions.get(value)
        else:
            same = given == value
        if given is not None and not same:
            yield key, Fault("differs_from_event", str(given), (value,), {"day": change.day.isoformat()})


@dataclass
class _Life:
    """A body's beginning and end, as the events of the file make them."""

    code: str
    name: str
    established_on: date | None
    closed_on: date | None = None


def faults(known: Known, sheets: Sequence[SheetPlan]) -> Found:
    """Events that cannot have happened after those before them; taken in the order of their days."""
    rows = [
        (told, sheet, plan)
        for sheet in sheets
        if sheet.kind == "events"
        for plan in sheet.good
        if plan.existing is None and (told := Happening.of(plan.given))
    ]
    lives, upper = _lives(known, sheets), _upper(known, sheets, [plan for _told, _sheet, plan in rows])
    for told, sheet, plan in sorted(rows, key=lambda row: row[0].on):
        if not {*told.before, *told.after} <= lives.keys():
            continue
        before, after = ([lives[code] for code in side] for side in (told.before, told.after))
        if why := existence_fault(told.kind, told.on, before, after):
            column = "before_codes" if before else "after_codes"
            yield sheet, plan, column, _refused(told, why, plan.given.get(column))
            continue
        if told.kind == Kind.MOVED:
            if fault := _moved(plan, told, upper):
                yield sheet, plan, *fault
                continue
            upper[told.before[0]] = plan.given.get("superior_code") or upper.get(told.before[0], "")
        for body in ending(told.kind, before, after):
            body.closed_on = told.on
        for body in arising(told.kind, before, after):
            if body.established_on is None or body.established_on >= told.on:
                body.established_on = told.on


def _lives(known: Known, sheets: Sequence[SheetPlan]) -> dict[str, _Life]:
    lives = {
        code: _Life(code, body.name, body.established_on, body.closed_on)
        for code, body in known.institutions.items()
        if body.pk in known.writable
    }
    for sheet in sheets:
        for plan in sheet.rows if sheet.kind == "institutions" else ():
            if plan.code:
                life = lives.setdefault(plan.code, _Life(plan.code, plan.given.get("name") or plan.code, None))
                life.established_on = plan.given.get("established_on") or life.established_on
    return lives


def _upper(known: Known, sheets: Sequence[SheetPlan], moves: Sequence[RowPlan]) -> dict[str, str]:
    """Who stands above whom before the events of the file."""
    named = {plan.given["superior_code"] for plan in moves if plan.given.get("superior_code")}
    if not named:
        return {code: body.superior.code for code, body in known.institutions.items() if body.superior}
    found = above(
        Institution, "superior", named | {code for plan in moves for code in plan.given["before_codes"] or ()}
    )
    for sheet in sheets:
        for plan in sheet.good if sheet.kind == "institutions" else ():
            if plan.given.get("superior_code"):
                found[plan.code] = plan.given["superior_code"]
    return found


def _moved(plan: RowPlan, told: Happening, upper: Mapping[str, str]) -> tuple[str, Fault] | None:
    """A move that puts a body above itself, or under a superior it does not have."""
    code, superior = told.before[0], plan.given.get("superior_code")
    if plan.given.get("reports_to") == Institution.ReportsTo.SUPERIOR and not (superior or upper.get(code)):
        return "superior_code", Fault("missing_value")
    at, seen = superior, set()
    while at and at not in seen:
        if at == code:
            return "superior_code", Fault("cycle", str(superior))
        seen.add(at)
        at = upper.get(at)
    return None


def parties(given: Mapping[str, Any]) -> set[str]:
    """Codes of all bodies of an event."""
    told = Happening.of(given)
    return {*told.before, *told.after} if told else set()
