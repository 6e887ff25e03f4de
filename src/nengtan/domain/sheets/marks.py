"""The faults and notes met while a sheet is read, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from .cells import Cell
from .columns import convert
from .headers import Column
from .problems import Fault, Problem
from .tables import locate

__all__ = ["Marks"]

T = TypeVar("T")
_NAMED = 5  # rows named of those read alike


class Marks:
    """Collects what is wrong (`fault`) and how unusual cells were understood (`note`), by position of the data row."""

    def __init__(self, sheet: str, numbers: Sequence[int]) -> None:
        self.sheet, self.numbers = sheet, numbers
        self.bad: set[int] = set()
        self._notes: dict[tuple[object, ...], list[tuple[int, Column, Fault]]] = {}
        self._faults: dict[tuple[int, int, str], tuple[Column, Fault]] = {}
        self._rows: set[tuple[int, str, object]] = set()

    def fault(self, at: int, column: Column, fault: Fault) -> None:
        """The row at this position cannot be taken."""
        self._faults.setdefault((at, column.index, fault.code), (column, fault))
        self.bad.add(at)

    def row_fault(self, at: int, column: Column, fault: Fault) -> None:
        """The same of what holds for all figures of a row, such as its unit: told once, by the first of them."""
        alike = at, fault.code, fault.params.get("carrier")
        if alike not in self._rows:
            self._rows.add(alike)
            self.fault(at, column, fault)

    def note(self, at: int, column: Column, fault: Fault) -> None:
        """The row is taken; the person is told how."""
        alike = column.index, fault.code, fault.params.get("carrier"), fault.params.get("unit")
        self._notes.setdefault(alike, []).append((at, column, fault))

    def take(self, column: Column, cells: Sequence[Cell], read: Callable[[Cell], T | Fault]) -> list[T | Fault]:
        """Convert a column; cells that cannot be read are marked and stay as faults."""
        values = convert(cells, read)
        if Fault in set(map(type, values)):
            for at, value in enumerate(values):
                if isinstance(value, Fault):
                    self.fault(at, column, value)
        return values

    @property
    def notes(self) -> list[Problem]:
        """How unusual cells were understood: cells of a column read alike are told once, by the first of them."""
        return [self._told_once(cells) for cells in self._notes.values()]

    def _told_once(self, cells: Sequence[tuple[int, Column, Fault]]) -> Problem:
        at, column, fault = cells[0]
        note = replace(locate(fault, self.numbers[at], column, self.sheet), severity="note")
        if len(cells) == 1:
            return note
        first = ", ".join(str(self.numbers[at]) for at, _, _ in cells[:_NAMED])
        return replace(note, params={**fault.params, "rows": len(cells), "first_rows": first})

    def problems(self) -> list[Problem]:
        """Every fault with its place, by row and column."""
        found = sorted(self._faults.items(), key=lambda entry: entry[0][:2])
        return [locate(fault, self.numbers[at], column, self.sheet) for (at, _, _), (column, fault) in found]
