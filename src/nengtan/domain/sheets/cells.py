"""The grid a spreadsheet becomes before anything is understood: rows of plain values and the merged ranges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from .problems import Fault

__all__ = ["BadCell", "Cell", "Grid", "Merge", "column_letter", "is_blank", "shown"]


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that holds no usable value: kind error_cell (#REF!), formula_uncached, control_character, …"""

    kind: str
    text: str

    def fault(self) -> Fault:
        """The fault this cell stands for.

        >>> BadCell("error_cell", "#REF!").fault().found
        '#REF!'
        """
        return Fault(self.kind, self.text)


Cell = str | float | int | bool | dt.datetime | dt.date | dt.time | dt.timedelta | BadCell | None


class Merge(NamedTuple):
    """A merged range, 0-based and inclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def place(self) -> str:
        """The range as a spreadsheet names it.

        >>> Merge(16, 3, 17, 3).place
        'D17:D18'
        """
        return f"{column_letter(self.left)}{self.top + 1}:{column_letter(self.right)}{self.bottom + 1}"


@dataclass(frozen=True)
class Grid:
    """One sheet: rectangular rows of values (row 0 is sheet row 1), merged ranges, and how many cells are formulas."""

    name: str
    rows: Sequence[Sequence[Cell]]
    merges: Sequence[Merge] = ()
    formulas: int = 0
    hidden: bool = False
    width: int = field(default=0)

    def __post_init__(self) -> None:
        """Take the width from the rows when it is not given."""
        if not self.width and self.rows:
            object.__setattr__(self, "width", max(map(len, self.rows)))

    def hiding(self, row: int, column: int) -> Fault | None:
        """Why a cell (from 0) shows nothing of its own: it lies under the first cell of a merged range.

        >>> grid = Grid("a", [[1.0, None]], [Merge(0, 0, 0, 1)])
        >>> grid.hiding(0, 0), grid.hiding(0, 1).found
        (None, 'A1:B1')
        """
        for merge in self._merges_by_row.get(row, ()):
            if merge.left <= column <= merge.right and (row, column) != (merge.top, merge.left):
                return Fault("merged_cell", merge.place)
        return None

    @cached_property
    def _merges_by_row(self) -> dict[int, list[Merge]]:
        found: dict[int, list[Merge]] = {}
        for merge in self.merges:
            for row in range(merge.top, merge.bottom + 1):
                found.setdefault(row, []).append(merge)
        return found


def column_letter(index: int) -> str:
    """The spreadsheet letter of a 0-based column.

    >>> column_letter(0), column_letter(25), column_letter(26), column_letter(701), column_letter(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing but spaces.

    >>> is_blank(" "), is_blank(None), is_blank(0.0)
    (True, True, False)
    """
    return cell is None or (isinstance(cell, str) and not cell.strip())


def shown(cell: Cell) -> str:
    """A cell as the person sees it, for messages.

    >>> shown(3.0), shown(dt.datetime(2023, 1, 1)), shown(" a "), shown(None)
    ('3', '2023-01-01', 'a', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, BadCell):
        return cell.text
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    return str(cell).strip()[:200]
