"""What an import would do, sheet by sheet, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nengtan.domain.sheets.problems import Problem, Skipped
from nengtan.domain.sheets.tables import ActivityTable
from nengtan.ledger.services.posting import Entry

OnExisting = Literal["refuse", "correct"]
"""What to do with a row that gives other figures than the ledger holds."""


@dataclass
class SheetPlan:
    """One sheet: ``entries`` are new figures, ``corrections`` differ from stored ones and say which they replace.

    ``rows`` and ``correction_rows`` are the sheet rows they come from; ``conflicts`` tell of the corrections as
    problems, for when they are not wanted. ``prices`` are rows whose price per unit stands out, ``unusual`` those far
    from the usual months of their institution; ``notes`` tell of them together.
    """

    table: ActivityTable
    entries: list[Entry] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    corrections: list[Entry] = field(default_factory=list)
    correction_rows: list[int] = field(default_factory=list)
    conflicts: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    prices: list[Problem] = field(default_factory=list)
    unusual: list[Problem] = field(default_factory=list)
    unchanged_rows: set[int] = field(default_factory=set)
    unread: int = 0

    def errors(self, on_existing: OnExisting) -> list[Problem]:
        """Everything that refuses a row, by row."""
        found = self.problems if on_existing == "correct" else [*self.problems, *self.conflicts]
        return sorted(found, key=lambda problem: problem.row)

    def bad_rows(self, on_existing: OnExisting) -> set[int]:
        """Rows that are refused whole."""
        return {problem.row for problem in self.errors(on_existing) if problem.row > self.table.layout.body}

    def taken(self, on_existing: OnExisting) -> list[Entry]:
        """What is written when the good rows are taken."""
        bad = self.bad_rows(on_existing)
        fixes = self.corrections if on_existing == "correct" else []
        if not bad:
            return [*self.entries, *fixes]
        good = [entry for row, entry in zip(self.rows, self.entries, strict=True) if row not in bad]
        return good + [entry for row, entry in zip(self.correction_rows, fixes, strict=False) if row not in bad]

    def counts(self, on_existing: OnExisting) -> tuple[int, int, int]:
        """Rows with something to take, rows refused, rows the ledger knows already."""
        bad = self.bad_rows(on_existing)
        good = set(self.rows) | (set(self.correction_rows) if on_existing == "correct" else set())
        return len(good - bad), len(bad) + self.unread, len(self.unchanged_rows - good - bad)


class OfSheets:
    """What is told of a file out of its sheets."""

    sheets: Sequence[SheetPlan]

    @property
    def prices(self) -> list[Problem]:
        """Rows whose price per unit stands out, each by itself; notes tell of them together."""
        return [price for sheet in self.sheets for price in sheet.prices]

    @property
    def unusual(self) -> list[Problem]:
        """Rows far from the usual months of their institution, each by itself; notes tell of them together."""
        return [one for sheet in self.sheets for one in sheet.unusual]

    @property
    def skipped(self) -> Iterator[tuple[str, Skipped]]:
        """Rows left out on purpose, with their sheet."""
        return ((sheet.table.sheet, row) for sheet in self.sheets for row in sheet.table.skipped)


@dataclass
class ActivityPlan(OfSheets):
    """A checked file."""

    sheets: list[SheetPlan]
    notes: list[Problem] = field(default_factory=list)
    failures: list[Problem] = field(default_factory=list)

    def errors(self, on_existing: OnExisting = "refuse") -> list[Problem]:
        """Everything that refuses a row or the whole file."""
        return self.failures + [problem for sheet in self.sheets for problem in sheet.errors(on_existing)]

    def counts(self, on_existing: OnExisting = "refuse") -> tuple[int, int, int]:
        """Rows good, refused, already known; over all sheets."""
        each = [sheet.counts(on_existing) for sheet in self.sheets]
        good, bad, same = (sum(column) for column in zip(*each, strict=True)) if each else (0, 0, 0)
        return good, bad + len(self.failures), same

    def taken(self, on_existing: OnExisting = "refuse") -> list[Entry]:
        """What is written when the good rows are taken."""
        return [entry for sheet in self.sheets for entry in sheet.taken(on_existing)]

    @property
    def remarks(self) -> list[Problem]:
        """How unusual cells, sheets and names were understood."""
        return self.notes + [note for sheet in self.sheets for note in sheet.notes]

    @property
    def corrections(self) -> int:
        """How many rows give other figures than the ledger."""
        return sum(len(set(sheet.correction_rows) - sheet.bad_rows("correct")) for sheet in self.sheets)

    @property
    def tables(self) -> Sequence[ActivityTable]:
        """How each sheet was understood."""
        return [sheet.table for sheet in self.sheets]
