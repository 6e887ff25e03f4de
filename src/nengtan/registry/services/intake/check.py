"""Holding a register workbook against the register; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from nengtan.domain.sheets.cells import Grid
from nengtan.domain.sheets.problems import Fault
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, Meter, Region
from nengtan.registry.services.intake import credit, events, repeats, rows, together
from nengtan.registry.services.intake.known import Known, above, load
from nengtan.registry.services.intake.plan import Progress, RegistryPlan, RowPlan, SheetPlan
from nengtan.registry.services.intake.reading import read

TOLD = 500
"""Rows between two words on progress."""

SUGGESTED = 3
SEARCHED = 50
"""For how many unknown codes of one file near ones are looked for."""

REFERENCES = {
    "institutions": {"superior_code": "institutions", "host_code": "institutions"},
    "buildings": {"institution_code": "institutions"},
    "occupancies": {"building_code": "buildings", "institution_code": "institutions"},
    "meters": {"institution_code": "institutions", "building_code": "buildings", "parent_code": "meters"},
    "assets": {"institution_code": "institutions", "building_code": "buildings"},
    "contacts": {"institution_code": "institutions"},
    "events": {"before_codes": "institutions", "after_codes": "institutions", "superior_code": "institutions"},
}
"""Which columns name a record of which sheet."""

NAMING = {
    kind: [column for column, named in columns.items() if named == "institutions"]
    for kind, columns in REFERENCES.items()
}
"""Which columns of which sheet name an institution."""

UPPER: tuple[tuple[str, str, type[Institution] | type[Meter], str], ...] = (
    ("institutions", "superior_code", Institution, "superior"),
    ("institutions", "host_code", Institution, "host"),
    ("meters", "parent_code", Meter, "parent"),
)
"""Columns that must not lead back to their row: sheet, column, and where the register keeps it."""

NAMED_BY = ("code", "name", "building_code", "event_kind")
"""The column in which a record shows that it is given twice."""

HELD = {"superior_code": "superior", "host_code": "host", "parent_code": "parent", "building_code": "building"}
"""What a record may go on naming, though it is out of reach by now."""


def check_registry(
    actor: Actor,
    grids: Sequence[Grid],
    source: str = "",
    progress: Progress | None = None,
    region: Region | None = None,
) -> RegistryPlan:
    """Read the sheets of a file and say what importing it would do; writes nothing.

    Rows may refer to later rows and other sheets. Codes the register knows are updates; blank cells leave what is
    there. ``source`` (the file's name) is kept with the dated values. ``region`` is that of new institutions whose row
    names none.

    Raises:
        Forbidden: the actor may not change the register.
    """
    actor.require(Capability.WRITE_REGISTRY)
    plan = read(grids, source, region is not None)
    if plan.sheets:
        checker = _Checker(actor, plan, progress, region)
        checker.run()
        plan.known = checker.known
    return plan


class _Checker:
    """One pass over all sheets: what is looked up is looked up once for all of them."""

    def __init__(self, actor: Actor, plan: RegistryPlan, progress: Progress | None, region: Region | None) -> None:
        self.actor, self.sheets, self.progress = actor, plan.sheets, progress
        self.done, self.total = 0, sum(len(sheet.table) for sheet in plan.sheets)
        self.note = _("Checking the rows")
        credit.settle(actor, plan.sheets, NAMING)
        self.known: Known = load(actor, plan.sheets, region)
        self.written: dict[str, dict[str, repeats.Place]] = {}
        self.refused: dict[str, set[str]] = {}
        self.searched = 0

    def run(self) -> None:
        for sheet in self.sheets:
            self._gather(sheet)
        for sheet, position, key, fault in repeats.days(self.sheets):
            sheet.fault(position, key, fault)
        for sheet in self.sheets:
            faulty = sheet.faulty
            for position, record in enumerate(sheet.table.records):
                self._row(sheet, position, record, faulty.get(sheet.table.rows[position], frozenset()))
                self._tell()
        for kind, column, model, upper in UPPER:
            self._cycles(kind, column, model, upper)
        for found in (repeats.disagreements, together.faults, events.faults):
            for sheet, plan, key, fault in list(found(self.known, self.sheets)):
                sheet.fault(plan.position, key, fault)
        self._follow()
        repeats.settle(self.known, self.sheets)

    def _tell(self) -> None:
        """How far the check is, now and then."""
        self.done += 1
        if self.progress is not None and (self.done % TOLD == 0 or self.done == self.total):
            self.progress(self.done, self.total, self.note)

    def _gather(self, sheet: SheetPlan) -> None:
        """Which codes the file itself brings; a record given twice is refused the second time."""
        held = self.written.setdefault(sheet.kind, {})
        self.refused.setdefault(sheet.kind, set()).update(sheet.refused_codes)
        for position, record in enumerate(sheet.table.records):
            code = rows.identity(sheet.kind, record)
            if not code:
                continue
            if code in held and sheet.kind not in repeats.SIZES:
                key = next(key for key in NAMED_BY if key in record)
                sheet.fault(position, key, repeats.duplicate(code, held[code], (sheet, position)))
            held.setdefault(code, (sheet, position))

    def _row(self, sheet: SheetPlan, position: int, record: Mapping[str, Any], faulty: frozenset[str]) -> None:
        """A row with cells that cannot be read is checked in the others, so that all is told at once."""
        code = rows.identity(sheet.kind, record)
        plan = RowPlan(sheet.kind, sheet.table.rows[position], position, code, dict(record), faulty=faulty)
        for column, kind in REFERENCES[sheet.kind].items():
            self._reference(sheet, plan, column, kind)
        for key, fault in rows.build(self.known, plan):
            if key not in faulty:
                sheet.fault(position, key, fault)
        sheet.rows.append(plan)

    def _reference(self, sheet: SheetPlan, plan: RowPlan, column: str, kind: str) -> None:
        """A record named in a row is in the register within reach, or in the file."""
        held = plan.given.get(column)
        for code in held if isinstance(held, tuple) else (held,):
            if code is not None:
                self._named(sheet, plan, column, kind, code)

    def _named(self, sheet: SheetPlan, plan: RowPlan, column: str, kind: str, code: str) -> None:
        if self._exists(kind, code, column) or self._held(plan, column) == code:
            return
        if code in self.written.get(kind, {}):
            plan.needs.append((kind, code, column))
        elif code in self.refused.get(kind, set()):
            sheet.fault(plan.position, column, Fault("needs_refused_row", code))
        else:
            sheet.fault(plan.position, column, self._unknown(kind, code))

    def _exists(self, kind: str, code: str, column: str) -> bool:
        known = self.known
        if kind == "institutions":
            body = known.institutions.get(code)
            if body is None:
                return False
            return body.pk in known.writable or (column == "superior_code" and body.pk in known.referable)
        if kind == "buildings":
            building = known.buildings.get(code)
            return building is not None and building.pk in known.buildings_seen
        meter = known.meters.get(code)
        return meter is not None and meter.pk in known.meters_seen

    def _held(self, plan: RowPlan, column: str) -> str | None:
        """What the record of a row names already."""
        stored: dict[str, Mapping[str, Any]] = {
            "institutions": self.known.institutions, "meters": self.known.meters,
        }  # fmt: skip
        record = stored.get(plan.sheet, {}).get(plan.code)
        named = getattr(record, HELD[column], None) if column in HELD else None
        return named.code if named else None

    def _unknown(self, kind: str, code: str) -> Fault:
        hidden = {"institutions": self.known.institutions}.get(kind, {})
        if code in hidden and hidden[code].pk in self.known.referable:
            return Fault("out_of_scope", code)
        near: list[str] = []
        if self.searched < SEARCHED:
            self.searched += 1
            near = get_close_matches(code, self.written.get(kind, {}), SUGGESTED, 0.7)
        words = {"institutions": "unknown_institution", "buildings": "unknown_building", "meters": "unknown_meter"}
        return Fault(words[kind], code, tuple(near) or (_("a code of the register or of this file"),))

    def _cycles(self, kind: str, column: str, model: type[Institution] | type[Meter], key: str) -> None:
        """Refuse rows that would stand above themselves."""
        mine = [(sheet, plan) for sheet in self.sheets if sheet.kind == kind for plan in sheet.rows]
        told = {plan.code: plan.given[column] for _sheet, plan in mine if plan.code and plan.given.get(column)}
        upper = above(model, key, set(told.values())) | told
        for sheet, plan in mine:
            if plan.given.get(column) and _loops(plan.code, upper):
                sheet.fault(plan.position, column, Fault("cycle", told[plan.code]))

    def _follow(self) -> None:
        """Refuse rows that need a refused row, and those that need these, until nothing changes."""
        changed = True
        while changed:
            changed = False
            coming = {(sheet.kind, plan.code) for sheet in self.sheets for plan in sheet.good}
            for sheet in self.sheets:
                for plan in sheet.good:
                    for kind, code, column in plan.needs:
                        if (kind, code) not in coming:
                            sheet.fault(plan.position, column, Fault("needs_refused_row", code))
                            changed = True


def _loops(start: str, upper: dict[str, str]) -> bool:
    """Whether going up from ``start`` leads back to it."""
    seen: set[str] = set()
    at: str | None = upper.get(start)
    while at is not None and at not in seen:
        if at == start:
            return True
        seen.add(at)
        at = upper.get(at)
    return False
