"""What rows of a file must say together, with each other and with the register."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from nengtan.domain.sheets.problems import Fault
from nengtan.registry.services.intake.known import Known
from nengtan.registry.services.intake.plan import RowPlan, SheetPlan
from nengtan.registry.services.shares import Part, most_held

Rows = list[tuple[SheetPlan, RowPlan]]
Found = Iterator[tuple[SheetPlan, RowPlan, str, Fault]]


def faults(known: Known, sheets: Sequence[SheetPlan]) -> Found:
    """Rows that do not go together: sub-meters of another class, buildings given away more than once."""
    yield from _classes(known, sheets)
    yield from _shares(known, sheets)


def _rows(sheets: Sequence[SheetPlan], kind: str) -> tuple[Rows, Rows]:
    """The good rows, and those refused already: these are held against the good ones, and keep none of them out."""
    mine = [sheet for sheet in sheets if sheet.kind == kind]
    good = [(sheet, plan) for sheet in mine for plan in sheet.good]
    taken = {id(plan) for _sheet, plan in good}
    return good, [(sheet, plan) for sheet in mine for plan in sheet.rows if id(plan) not in taken]


def _classes(known: Known, sheets: Sequence[SheetPlan]) -> Found:
    """A sub-meter measures what the meter above it measures."""
    carriers = {code: meter.carrier for code, meter in known.meters.items()}
    good, refused = _rows(sheets, "meters")
    carriers |= {plan.code: plan.given["carrier"] for _sheet, plan in good}
    rows = good + [pair for pair in refused if pair[1].code and pair[1].given.get("carrier")]
    carriers = {plan.code: plan.given["carrier"] for _sheet, plan in reversed(rows)} | carriers
    for sheet, plan in rows:
        held: Any = plan.existing
        above = plan.given.get("parent_code") or (held.parent.code if held and held.parent else None)
        measured = carriers.get(above, held.parent.carrier if held and held.parent else None) if above else None
        if measured is not None and measured != plan.given["carrier"]:
            yield sheet, plan, "carrier", Fault("meter_class", plan.given["carrier"], (measured,))


def _shares(known: Known, sheets: Sequence[SheetPlan]) -> Found:
    """Nobody holds what another holds; rows are taken in the order of the file."""
    good, refused = _rows(sheets, "occupancies")
    replaced = {plan.existing.pk for _sheet, plan in good if plan.existing is not None}
    codes = {building.pk: code for code, building in known.buildings.items()}
    parts: dict[str, list[Part]] = defaultdict(list)
    for (house, body), held in known.occupancies.items():
        parts[codes[house]] += [
            Part(body, one.valid_from, one.valid_to, one.share)
            for one in held
            if one.share is not None and one.pk not in replaced
        ]
    for sheet, plan in good + [pair for pair in refused if pair[1].code and pair[1].existing is None]:
        part = _part(known, plan)
        if part is None:
            continue
        others = parts[plan.given["building_code"]]
        over = most_held([*others, part], part.since, part.until) - 1
        if over > 0:
            free = max(part.share - over, Decimal(0))
            yield sheet, plan, "share", Fault("too_big", f"{part.share.normalize():f}", (f"{free.normalize():f}",))
        else:
            others.append(part)


def _part(known: Known, plan: RowPlan) -> Part | None:
    held: Any = plan.existing
    share = plan.given.get("share")
    if share is None:
        share = held.share if held else None
    since: date | None = plan.values.get("valid_from") or (held.valid_from if held else None)
    if share is None or since is None:
        return None
    body = known.institutions.get(plan.given["institution_code"])
    until = plan.given.get("valid_to") or (held.valid_to if held else None)
    return Part(body.pk if body else plan.given["institution_code"], since, until, share)
