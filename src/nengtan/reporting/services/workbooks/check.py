"""Holding a workbook against what is stored: who may, which cells changed, which others changed meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from nengtan.domain import creditcode
from nengtan.domain.returns import slots, steps
from nengtan.domain.returns.forms.page import Cell
from nengtan.domain.returns.forms.seal import Seal
from nengtan.domain.sheets.numbers import as_kept
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.domain.sheets.words import fold
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.services import bulk
from nengtan.ledger.services.intake.matching import Body, Institutions, Pair, Unmatched
from nengtan.reference import scheme
from nengtan.registry.models import Institution, InstitutionSpan
from nengtan.reporting import clock
from nengtan.reporting.models import Return, Value
from nengtan.reporting.services.opening import days_of
from nengtan.reporting.services.reviewing import review
from nengtan.reporting.services.stepping import hand_of
from nengtan.reporting.services.workbooks.intake import FileRead, Sent
from nengtan.reporting.services.workbooks.plan import Change, FilePlan, ReturnPlan
from nengtan.ui.fields import PLACES, from_units, to_units

__all__ = ["check"]

ROOM_FORM = 3

Known = dict[Cell, tuple[int, Decimal | None]]
Key = tuple[str, slots.Slot]


def check(actor: Actor, read: FileRead, only: Return | None = None, *, lock: bool = False) -> FilePlan:
    """What the file would do; writes nothing. ``only``: the return it is sent for.

    ``lock`` holds all it touches for the writing that follows; what the rules say was told in the preview.

    Raises:
        Forbidden: the actor fills in returns nowhere.
    """
    actor.require(Capability.ENTER_RETURNS)
    return _Checker(actor, read, only, lock).run()


def _as_kept(value: Decimal | None) -> Decimal | None:
    """A value as it comes back out of a spreadsheet and is stored then."""
    if value is None:
        return None
    held = as_kept(value)
    exponent = held.as_tuple().exponent
    return from_units(to_units(held)) if isinstance(exponent, int) and exponent < -PLACES else held


class _Checker:
    """One file; what is looked up is looked up once for all its returns."""

    def __init__(self, actor: Actor, read: FileRead, only: Return | None, lock: bool) -> None:
        self.actor, self.read, self.only, self.lock = actor, read, only, lock
        self.told: set[tuple[tuple[str, str, str], slots.Slot, str]] = set()
        self.plan = FilePlan(problems=list(read.problems), notes=list(read.notes))

    def run(self) -> FilePlan:
        bodies = self._bodies()
        found = {body.id for body in bodies.values() if isinstance(body, Body)}
        self.returns, self.closed = self._returns(found), _closed(found)
        parts: dict[int, list[Sent]] = defaultdict(list)
        for sent in self.read.sent:
            of = self._return_of(sent, bodies[_pair(sent)])
            if of is not None:
                parts[of.pk].append(sent)
        by_id = {of.pk: of for of in self.returns.values()}
        self.held = _held(parts)
        for pk, sheets in parts.items():
            self.plan.returns.append(self._compare(by_id[pk], sheets))
        if not self.lock:
            self._review()
        return self.plan

    def _bodies(self) -> dict[Pair, Body | Unmatched]:
        pairs = {_pair(sent) for sent in self.read.sent}
        return Institutions(self.actor, pairs, Capability.ENTER_RETURNS).match()

    def _returns(self, bodies: set[int]) -> dict[tuple[int, slots.Slot], Return]:
        found: dict[tuple[int, slots.Slot], Return] = {}
        for period in {sent.period for sent in self.read.sent}:
            of_period = Return.objects.filter(year=period.year, slot=period.number, kind=period.kind).order_by("pk")
            if self.lock:
                of_period = of_period.select_for_update(of=("self",))
            for chunk in bulk.chunks(sorted(bodies)):
                rows = of_period.filter(institution__in=chunk).select_related("institution", "region")
                found |= {(of.institution_id, period): of for of in rows}
        return found

    def _return_of(self, sent: Sent, body: Body | Unmatched) -> Return | None:
        """The return a sheet or row is of; None, and told, where there is none to write to."""
        if isinstance(body, Unmatched):
            column = "institution" if body.column == "institution_name" else "code"
            self._refuse(sent, column, body.fault)
            return None
        of = self.returns.get((body.id, sent.period))
        if of is not None and (contrary := _contrary(sent, of.institution)) is not None:
            self._refuse(sent, *contrary)
            return None
        fault = self._wrong(sent, of, body)
        if fault is not None or of is None:
            self._refuse(sent, "period", fault or Fault("no_such_return"))
            return None
        return of

    def _refuse(self, sent: Sent, column: str, fault: Fault) -> None:
        """Tell why a row, or all forms of a return, cannot be taken: the forms once."""
        key = (sent.whose, sent.period, fault.code)
        if sent.row or key not in self.told:
            self.plan.problems.append(sent.problem(column, fault))
        self.told.add(key)

    def _wrong(self, sent: Sent, of: Return | None, body: Body) -> Fault | None:
        closed, first = self.closed.get(body.id), days_of(sent.period)[0]
        if closed is not None and closed <= first:
            return Fault("return_of_closed", body.name, (), {"on": closed.isoformat(), "period": str(sent.period)})
        if of is None:
            return Fault("no_such_return", body.name, (), {"period": str(sent.period)})
        if self.only is not None and of.pk != self.only.pk:
            return Fault("another_return", f"{body.name} {sent.period}", (f"{self.only}",))
        if sent.edition != of.edition:
            return Fault("wrong_edition", sent.edition, (of.edition,))
        return None

    def _compare(self, of: Return, sheets: Sequence[Sent]) -> ReturnPlan:
        plan, held = ReturnPlan(of, sheet=sheets[0].sheet), self.held[of.pk]
        seal = self.read.seals.get((of.institution.code, of.period))
        first: dict[Cell, Sent] = {}
        for sent in sheets:
            plan.problems += sent.problems
            plan.under += sent.unknown
            for cell in (*sent.cells, *sent.faults):
                if first.setdefault(cell, sent) is not sent:
                    self._twice(plan, sent, first[cell], cell)
                    break
            else:
                self._cells(plan, sent, held, seal)
        if seal is not None:
            self._rooms_gone(of, sheets, seal)
        if seal is None and plan.changes:
            self.plan.notes.append(_note("not_sealed", of.institution.name))
        self._standing(plan, sheets[0])
        return plan

    def _rooms_gone(self, of: Return, sheets: Sequence[Sent], seal: Seal) -> None:
        """A room whose row is gone from the file stays in the return as it is: that is told."""
        there = {record for sent in sheets for record, _indicator in (*sent.cells, *sent.faults)} - {""}
        drawn = {record for record, _indicator in seal.cells} - {""}
        if there or any(sent.form == ROOM_FORM for sent in sheets):
            self.plan.notes += [
                _note("room_row_gone", record, name=of.institution.name) for record in sorted(drawn - there)
            ]

    def _twice(self, plan: ReturnPlan, sent: Sent, earlier: Sent, cell: Cell) -> None:
        where = f"{earlier.sheet}!{earlier.placed(cell).place}"
        plan.problems.append(sent.problem("code", Fault("return_twice", sent.sheet, (), {"first": where})))

    def _cells(self, plan: ReturnPlan, sent: Sent, held: Known, seal: Seal | None) -> None:
        """Three ways: as the file was drawn, as it came back, as it stands now."""
        lines = scheme.edition(plan.of.edition).indicators
        for cell, fault in sent.faults.items():
            line, heading = lines[cell[1]], sent.headings.get(cell[1])
            if heading is not None and (fault.code, fault.found) == (heading.code, heading.found):
                plan.under.append(heading)
            else:
                plan.problems.append(sent.placed(cell).problem(line.key, line.name_zh, fault))
        plan.places |= {cell: sent.placed(cell) for cell in sent.cells}
        for cell, value in sent.cells.items():
            now = held.get(cell, (0, None))
            seen = now if seal is None else seal.cells.get(cell, (0, None))
            if value == seen[1] or _as_kept(value) == _as_kept(seen[1]) or (seal is None and value is None):
                plan.kept += now[0] != seen[0]
                continue
            after = _as_kept(value)
            if _as_kept(now[1]) == after:
                continue
            change = Change(cell, lines[cell[1]], seen[1], after, seen[0], sent.placed(cell), now[1], now[0])
            untouched = now[0] == seen[0] or _as_kept(now[1]) == _as_kept(seen[1])
            (plan.changes if untouched else plan.conflicts).append(change)

    def _standing(self, plan: ReturnPlan, sent: Sent) -> None:
        """Whether the return may be written now, where the file changes it."""
        of = plan.of
        if not plan.changes and not plan.conflicts:
            return
        if steps.Action.ENTER not in steps.allowed(of.standing, steps.Role.STATISTICIAN, hand_of(self.actor)):
            fault = Fault("return_in_other_hands", of.institution.name, (), {"state": str(of.get_state_display())})
            plan.problems.append(sent.problem("code", fault))
        elif of.due_on is not None and of.due_on < clock.today():
            self.plan.notes.append(_note("return_late", of.institution.name, on=of.due_on.isoformat()))

    def _review(self) -> None:
        changed = [plan for plan in self.plan.returns if plan.changes or plan.conflicts]
        instead = {
            plan.of.pk: {change.cell: change.after for change in (*plan.changes, *plan.conflicts)} for plan in changed
        }
        findings = review([plan.of for plan in changed], instead)
        for plan in changed:
            plan.findings = findings[plan.of.pk]


def _contrary(sent: Sent, body: Institution) -> tuple[str, Fault] | None:
    """In which column the sheet says it is of somebody else than its code does; former names are names."""
    stated, own = creditcode.normalise(sent.whose[1]), creditcode.normalise(body.credit_code or "")
    if stated and own and stated != own:
        told = {"name": body.name}
        return "credit_code", Fault("credit_code_mismatch", sent.whose[1], (body.credit_code or "",), told)
    if sent.named and fold(sent.named) != fold(body.name):
        former = InstitutionSpan.objects.filter(institution=body).values_list("name", flat=True)
        if fold(sent.named) not in set(map(fold, former)):
            return "institution", Fault("name_code_mismatch", sent.named, (body.name,))
    return None


def _pair(sent: Sent) -> Pair:
    code, credit_code, name = sent.whose
    return (code or credit_code or None), (name or None), None


def _closed(bodies: Iterable[int]) -> dict[int, date]:
    """The day each body was closed, of those that were."""
    found: dict[int, date] = {}
    for chunk in bulk.chunks(sorted(bodies)):
        rows = Institution.objects.filter(pk__in=chunk, closed_on__isnull=False).values_list("pk", "closed_on")
        found |= {pk: day for pk, day in rows if day is not None}
    return found


def _held(pks: Iterable[int]) -> dict[int, Known]:
    """Version and value of every cell of some returns."""
    found: dict[int, Known] = {pk: {} for pk in pks}
    for chunk in bulk.chunks(sorted(found)):
        rows = Value.objects.filter(of__in=chunk).order_by()
        for pk, record, indicator, version, value in rows.values_list(
            "of_id", "record", "indicator", "version", "value"
        ):
            found[pk][record, indicator] = (version, value)
    return found


def _note(code: str, found: str, **params: str) -> Problem:
    return Problem(0, "", "", "", code, found, (), params, "note")
