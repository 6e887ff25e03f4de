"""What taking a workbook in would do: each return with its changes, its conflicts and its faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from nengtan.domain.returns.forms.page import Cell
from nengtan.domain.returns.forms.reading import Placed
from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.scheme import Indicator
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.reporting.models import Return

__all__ = ["Change", "FilePlan", "ReturnPlan"]


@dataclass(frozen=True, slots=True)
class Change:
    """A cell somebody changed: what was there when the file was drawn (or is there now), what the file says.

    ``version`` is the one the sender saw; ``held`` is what stands there now, other than ``before`` in a conflict.
    """

    cell: Cell
    line: Indicator
    before: Decimal | None
    after: Decimal | None
    version: int
    placed: Placed
    held: Decimal | None = None
    held_version: int = 0

    def conflict(self) -> Problem:
        """That somebody else changed the cell meanwhile."""
        now = "—" if self.held is None else f"{self.held:f}"
        found = "—" if self.after is None else f"{self.after:f}"
        fault = Fault("cell_changed_meanwhile", found, (), {"now": now})
        return self.placed.problem(self.line.key, self.line.name_zh, fault)


@dataclass
class ReturnPlan:
    """One return and what the file would do to it; ``kept`` counts cells others changed and the file left alone.

    ``places`` says where the file gives each cell, changed or not; ``sheet`` is the first that speaks of the return.
    ``under`` are headings that make its figures unreadable; they are told once for all returns below them.
    """

    of: Return
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    kept: int = 0
    places: dict[Cell, Placed] = field(default_factory=dict)
    sheet: str = ""
    under: list[Problem] = field(default_factory=list)

    def is_good(self, overwrite: bool) -> bool:
        """Whether its changes can be stored."""
        return not self.problems and not self.under and (overwrite or not self.conflicts)

    def taken(self, overwrite: bool) -> list[Change]:
        """The changes that would be stored."""
        if not self.is_good(overwrite):
            return []
        return [*self.changes, *self.conflicts] if overwrite else self.changes


@dataclass
class FilePlan:
    """A whole file: its returns, rows that name none, and what else is worth saying."""

    returns: list[ReturnPlan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def errors(self, overwrite: bool = False) -> list[Problem]:
        """Everything that is not taken, and why, from the top of the file down."""
        headings = dict.fromkeys(problem for item in self.returns for problem in item.under)
        found = [*self.problems, *headings, *(problem for item in self.returns for problem in item.problems)]
        if not overwrite:
            found += [change.conflict() for item in self.returns for change in item.conflicts]
        return found

    def bad(self, overwrite: bool = False) -> int:
        """Returns, and rows that name none, which are not taken."""
        rows = {(problem.sheet, problem.row) for problem in self.problems}
        return len(rows) + sum(not item.is_good(overwrite) for item in self.returns)

    def good(self, overwrite: bool = False) -> list[ReturnPlan]:
        """Returns whose changes would be stored."""
        return [item for item in self.returns if item.taken(overwrite)]

    def same(self, overwrite: bool = False) -> int:
        """Returns the file changes nothing of."""
        return sum(item.is_good(overwrite) and not item.taken(overwrite) for item in self.returns)

    def changes(self) -> Iterator[tuple[ReturnPlan, Change, bool]]:
        """Every changed cell, with its return and whether it is a conflict."""
        for item in self.returns:
            for conflicts, changes in ((False, item.changes), (True, item.conflicts)):
                for change in changes:
                    yield item, change, conflicts

    @property
    def findings(self) -> Sequence[tuple[ReturnPlan, Finding]]:
        """What the rules find in the returns as they would be."""
        return [(item, finding) for item in self.returns for finding in item.findings]
