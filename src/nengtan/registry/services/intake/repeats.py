"""Rows of one file that speak of one record: what each holds from its own day, and what they must agree on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.domain.overtime import Series, series
from nengtan.domain.sheets.problems import Fault
from nengtan.registry.services.intake.known import Known
from nengtan.registry.services.intake.plan import RowPlan, SheetPlan
from nengtan.registry.since import since_word
from nengtan.ui.sheets.wording import column_name

Found = Iterator[tuple[SheetPlan, RowPlan, str, Fault]]
Place = tuple[SheetPlan, int]
"""A sheet, and the position of a row in it."""

SIZES = {
    "institutions": ("institution", ("area_m2", "persons", "establishment")),
    "buildings": ("building", ("area_m2", "roof_area_m2")),
}
"""Sheets whose rows hold from a day: whose the figures are, and which."""

REPEATED = {"duplicate_code", "duplicate_day"}
DIFFERING = 5
"""Differing cells told of a repeated row at most."""

NAMED = {"name", "kind", "region_code", "system", "superior_code", "reports_to"}
"""Columns in which a body may differ before and after an event."""


def days(sheets: Sequence[SheetPlan]) -> Iterator[tuple[SheetPlan, int, str, Fault]]:
    """Rows that repeat a code without a day of their own; positions and faults."""
    first: dict[tuple[str, str], dict[date | None, tuple[SheetPlan, int]]] = defaultdict(dict)
    for sheet in sheets:
        if sheet.kind not in SIZES:
            continue
        faulty = sheet.faulty
        for position, record in enumerate(sheet.table.records):
            if not record.get("code") or "valid_from" in faulty.get(sheet.table.rows[position], ()):
                continue
            held, day = first[sheet.kind, str(record["code"])], record.get("valid_from")
            since = day if isinstance(day, date) else None
            if since not in held:
                held[since] = sheet, position
            elif since is None:
                yield sheet, position, "code", duplicate(str(record["code"]), held[since], (sheet, position))
            else:
                fault = duplicate(since_word(since), held[since], (sheet, position), "duplicate_day")
                yield sheet, position, "valid_from", fault
    for (_kind, code), held in first.items():
        if None in held and len(held) > 1:
            yield *held[None], "valid_from", Fault("repeated_without_day", code)


def duplicate(found: str, first: Place, again: Place, code: str = "duplicate_code") -> Fault:
    """A row that repeats another: which one, and what both say where they differ."""
    (sheet, at), (other, position) = first, again
    place = str(sheet.table.rows[at]) if sheet is other else f"{sheet.table.sheet}!{sheet.table.rows[at]}"
    before, now = sheet.table.records[at], other.table.records[position]
    differing = [key for key in now if key in before and before[key] != now[key]]
    told = [
        _("%(column)s: there “%(before)s”, here “%(now)s”")
        % {"column": column_name(key), "before": _shown(before[key]), "now": _shown(now[key])}
        for key in differing[:DIFFERING]
    ]
    differences = _("; ").join(told) if told else _("Both say the same.")
    return Fault(code, found, (), {"first": place, "differences": differences})


def disagreements(known: Known, sheets: Sequence[SheetPlan]) -> Found:
    """Rows of one code that say different things of what does not hold from a day."""
    for group in _groups(sheets, every=True):
        if len(group) == 1:
            continue
        said: dict[tuple[str, date | None], tuple[Any, RowPlan]] = {}
        for sheet, plan in group:
            _owner, sizes = SIZES[sheet.kind]
            for key, value in plan.given.items():
                if value in (None, ()) or key in sizes or key == "valid_from":
                    continue
                meant = known.regions.get(value, value) if key == "region_code" else value
                held, first = said.setdefault((key, plan.span_from if key in NAMED else None), (meant, plan))
                if held != meant:
                    told = {"first": first.row}
                    yield sheet, plan, key, Fault("differs_from_row", _shown(value), (_shown(first.given[key]),), told)


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return ",".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def settle(known: Known, sheets: Sequence[SheetPlan]) -> None:
    """Plan the dated values of the good rows in the order of their days; one row a record says the rest."""
    new_year = timezone.localdate().replace(month=1, day=1)
    for group in _groups(sheets):
        ordered = sorted((plan for _sheet, plan in group), key=lambda plan: plan.given.get("valid_from") or date.min)
        _plan_values(known, ordered[0].sheet, ordered, new_year)
        _follow(*ordered)


def _follow(lead: RowPlan, *others: RowPlan) -> None:
    """What a record is besides its dated values is written once, with the row of its first day."""
    for plan in others:
        lead.contacts = {**plan.contacts, **lead.contacts}
        plan.contacts = {}
        if plan.existing is None:
            plan.lead = lead
            said = {key: value for key, value in plan.values.items() if key not in plan.named}
            lead.values = {**said, **lead.values}
            plan.values = {}


def _plan_values(known: Known, kind: str, ordered: Sequence[RowPlan], new_year: date) -> None:
    """Values that differ from what is in force on the row's day, earlier rows of the file included.

    Without a day, a first value holds since the record's first day; a later one since 1 January of this year.
    """
    owner, keys = SIZES[kind]
    for key in keys:
        record = ordered[0].existing
        held: Series[Decimal] | None = known.dated.get((owner, record.pk, key)) if record else None
        for plan in ordered:
            value, day = plan.given.get(key), plan.given.get("valid_from")
            if value is None:
                continue
            since = day or (new_year if held else plan.first_day or new_year)
            in_force = (held.value_on(since) if day else held.values[-1]) if held else None
            if in_force != value:
                plan.dated[key] = since, Decimal(value)
                before = zip(held.days, held.values, strict=True) if held else ()
                held = series([*before, (since, Decimal(value))])


def _groups(sheets: Sequence[SheetPlan], every: bool = False) -> list[list[tuple[SheetPlan, RowPlan]]]:
    """Good rows by the record they speak of; with ``every`` refused ones too, but for those that repeat another."""
    groups: dict[tuple[str, str], list[tuple[SheetPlan, RowPlan]]] = defaultdict(list)
    for sheet in sheets:
        if sheet.kind in SIZES:
            repeated = {problem.row for problem in sheet.problems if problem.code in REPEATED}
            for plan in [row for row in sheet.rows if row.code and row.row not in repeated] if every else sheet.good:
                groups[sheet.kind, plan.code].append((sheet, plan))
    return list(groups.values())
