"""What importing a register workbook would do, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from nengtan.domain.sheets.problems import Fault, Problem, Skipped
from nengtan.domain.sheets.records import RecordTable
from nengtan.registry.models import Asset, Building, Contact, Institution, InstitutionEvent, Meter, Occupancy

if TYPE_CHECKING:
    from nengtan.registry.services.intake.known import Known

Progress = Callable[[int, int, str], None]
"""Done, total, what is being done."""

Record = Institution | Building | Occupancy | Meter | Asset | Contact | InstitutionEvent
Need = tuple[str, str, str]
"""Sheet and code of a record that only this file brings, and the column that names it."""


@dataclass
class RowPlan:
    """One good row: the record it means, what would change, and whom it needs.

    ``values`` are columns of the record, other records named by code; ``dated`` are attributes with their day, and
    ``first_day`` is since when the first of them hold where the row names none. ``lead`` is the row that brings a new
    record into being, if another one does. ``named`` is what the row says of names and places after events of the file
    that come before its day. ``faulty`` are columns whose cells could not be read.
    """

    sheet: str
    row: int
    position: int
    code: str
    given: dict[str, Any]
    existing: Record | None = None
    values: dict[str, Any] = field(default_factory=dict)
    dated: dict[str, tuple[date, Decimal]] = field(default_factory=dict)
    contacts: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    needs: list[Need] = field(default_factory=list)
    span_from: date | None = None
    span: dict[str, Any] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)
    first_day: date | None = None
    lead: RowPlan | None = None
    faulty: frozenset[str] = frozenset()

    @property
    def action(self) -> Literal["create", "update", "same"]:
        """What would become of the row."""
        if self.existing is None and self.lead is None:
            return "create"
        return "update" if any((self.values, self.span, self.named, self.dated, self.contacts)) else "same"


@dataclass
class SheetPlan:
    """One sheet as read, and its rows as planned."""

    kind: str
    table: RecordTable
    refused_codes: set[str] = field(default_factory=set)
    rows: list[RowPlan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def fault(self, position: int, key: str, fault: Fault) -> None:
        """Refuse a row for one of its cells."""
        self.problems.append(self.table.problem(position, key, fault))

    @property
    def bad_rows(self) -> set[int]:
        """Sheet rows that are not taken."""
        return {problem.row for problem in self.problems}

    @property
    def blocked(self) -> bool:
        """Whether the headings keep every row out."""
        return any(problem.row <= self.table.layout.body for problem in self.problems)

    @property
    def good(self) -> list[RowPlan]:
        """Rows that can be taken."""
        if self.blocked:
            return []
        bad = self.bad_rows
        return [row for row in self.rows if row.row not in bad]

    @property
    def refused(self) -> int:
        """How many rows are not taken; a sheet whose headings cannot be used counts at least once."""
        return max(len(self.table), 1) if self.blocked else len(self.bad_rows)

    @property
    def faulty(self) -> dict[int, frozenset[str]]:
        """By sheet row, the columns in which something is wrong."""
        found: dict[int, set[str]] = {}
        for problem in self.problems:
            found.setdefault(problem.row, set()).add(problem.column)
        return {row: frozenset(keys) for row, keys in found.items()}


@dataclass
class RegistryPlan:
    """A whole file held against the register."""

    sheets: list[SheetPlan]
    failures: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    source: str = ""
    known: Known | None = None

    @property
    def errors(self) -> list[Problem]:
        """Everything that keeps a row or the file out, in the order of the file."""
        return self.failures + [
            problem
            for sheet in self.sheets
            for problem in sorted(sheet.problems, key=lambda item: (item.row, item.letter))
        ]

    @property
    def remarks(self) -> list[Problem]:
        """How unusual cells and sheets were understood."""
        return self.notes + [note for sheet in self.sheets for note in sheet.table.notes]

    @property
    def skipped(self) -> Iterator[tuple[str, Skipped]]:
        """Rows left out on purpose, with their sheet."""
        return ((sheet.table.sheet, row) for sheet in self.sheets for row in sheet.table.skipped)

    def rows(self, kind: str, action: str = "") -> list[RowPlan]:
        """Good rows of one kind of record, of one action or all."""
        return [
            row
            for sheet in self.sheets
            if sheet.kind == kind
            for row in sheet.good
            if not action or row.action == action
        ]

    @property
    def counts(self) -> dict[str, int]:
        """Rows to create, to update, that change nothing, and that are refused."""
        found = {"create": 0, "update": 0, "same": 0}
        for sheet in self.sheets:
            for row in sheet.good:
                found[row.action] += 1
        return found | {"refused": sum(sheet.refused for sheet in self.sheets) + len(self.failures)}
