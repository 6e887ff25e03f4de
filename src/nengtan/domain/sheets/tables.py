"""The table of facts a sheet of figures becomes, and the rules its figures are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from .headers import Column, Layout
from .problems import Fault, Problem, Skipped

__all__ = ["FACT_FIELDS", "ActivityTable", "Rules", "locate"]

FACT_FIELDS = (
    "institution_code", "institution_name", "period", "carrier", "quantity", "unit", "cost", "origin",
    "building_code", "meter_code", "item", "bill_no", "note", "region",
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """What figures are allowed.

    `units` gives per carrier the allowed unit codes and their multiplier to the base unit; `limits` the largest
    believable month of one institution [base unit]; `default_units` the unit to assume (and say so) when the sheet
    names none; `money` the CNY in one unit of money; periods are yyyymm, inclusive.
    """

    units: Mapping[str, Mapping[str, Decimal]]
    limits: Mapping[str, Decimal] = field(default_factory=dict)
    default_units: Mapping[str, str] = field(default_factory=dict)
    default_origin: str | None = None
    first_period: int = 199001
    last_period: int = 210012
    money: Mapping[str, Decimal] = field(default_factory=lambda: {"CNY": Decimal(1), "10kCNY": Decimal(10000)})


@dataclass
class ActivityTable:
    """Facts read from one sheet, column by column; position i of every list is one fact.

    `row` is the sheet row of the fact and `cell` the 0-based column of its figure. Rows with an error are not here but
    in `problems`; `notes` say how unusual cells were understood; `skipped` are rows left out on purpose.
    Of a sheet whose headings are at fault no row is read; `rows_unread` is how many figures or records it would hold.
    """

    sheet: str
    layout: Layout
    row: list[int] = field(default_factory=list)
    cell: list[int] = field(default_factory=list)
    institution_code: list[str | None] = field(default_factory=list)
    institution_name: list[str | None] = field(default_factory=list)
    period: list[int] = field(default_factory=list)
    carrier: list[str] = field(default_factory=list)
    quantity: list[Decimal | None] = field(default_factory=list)
    unit: list[str | None] = field(default_factory=list)
    cost: list[Decimal | None] = field(default_factory=list)
    origin: list[str | None] = field(default_factory=list)
    building_code: list[str | None] = field(default_factory=list)
    meter_code: list[str | None] = field(default_factory=list)
    item: list[str | None] = field(default_factory=list)
    bill_no: list[str | None] = field(default_factory=list)
    note: list[str | None] = field(default_factory=list)
    region: list[str | None] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    rows_read: int = 0
    rows_unread: int = 0

    def __len__(self) -> int:
        """The number of facts."""
        return len(self.row)

    @property
    def bad_rows(self) -> set[int]:
        """Sheet rows with at least one error."""
        return {problem.row for problem in self.problems if problem.severity == "error"}

    def column_of(self, key: str, position: int | None = None) -> Column:
        """The sheet column behind a field of a fact; a nameless column when the sheet has none."""
        if position is not None and self.layout.values:
            figure = self.layout.columns[self.cell[position]]
            if key in ("quantity", "cost"):
                return figure
            if key in ("carrier", "period", "unit"):
                return self.layout.by_key(key) or figure
        return self.layout.by_key(key) or Column(-1, "", key)

    def problem(self, position: int, key: str, fault: Fault) -> Problem:
        """A fault of field `key` of the fact at `position` as a problem with its place in the sheet."""
        column = self.column_of(key, position)
        return locate(fault, self.row[position], column, self.sheet, key)


def locate(fault: Fault, row: int, column: Column, sheet: str, key: str = "") -> Problem:
    """Give a fault its place.

    >>> locate(Fault("x"), 3, Column(1, "Usage", "quantity"), "s").place
    'B3'
    """
    letter = column.letter if column.index >= 0 else ""
    return Problem(
        row, key or column.key or column.measure or "", column.label, letter, fault.code, fault.found, fault.allowed,
        fault.params, sheet=sheet,
    )  # fmt: skip
