"""The facts of an inventory from a file as people have it: source, quantity, unit and, for power and heat, kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from nengtan import reference
from nengtan.domain.carbon.inventory import Item, Source, Supply
from nengtan.domain.exact import product
from nengtan.domain.sheets.cells import BadCell, Cell, column_letter, is_blank, shown
from nengtan.domain.sheets.numbers import Parsed, parse_number
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.domain.sheets.words import fold
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.reader import Limits, open_table

__all__ = ["read_items"]

LIMITS = Limits(max_rows=100_000, max_columns=200)
LARGEST = Decimal(10) ** 15
COLUMNS = ("source", "quantity", "unit", "kind")
_REQUIRED = ("source", "quantity", "unit")
_HEADING_ROWS = 20

T = TypeVar("T")


def read_items(path: Path) -> tuple[list[Item], list[Problem]]:
    """What a file holds and what is wrong with it; raises `Refused` for a file that cannot be opened."""
    grid = open_table(path, path.name, LIMITS)[0]
    first, columns = _headings(grid.rows[:_HEADING_ROWS])
    lacking = [key for key in _REQUIRED if key not in columns]
    if lacking:
        read = ", ".join(shown(cell) for cell in (grid.rows[0] if grid.rows else ()) if not is_blank(cell))
        return [], [Problem(1, key, "", "", "missing_column", read[:80], (key,)) for key in lacking]
    items: list[Item] = []
    problems: list[Problem] = []
    heads = grid.rows[first - 1]
    for number, row in enumerate(grid.rows[first:], start=first + 1):
        if all(map(is_blank, row)):
            continue
        read_row = _Row({key: row[at] if at < len(row) else None for key, at in columns.items()})
        item = read_row.item()
        if item is not None:
            items.append(item)
        for key, fault in read_row.faults.items():
            at = columns.get(key)
            label, letter = ("", "") if at is None else (shown(heads[at]), column_letter(at))
            problems.append(Problem(number, key, label, letter, fault.code, fault.found, fault.allowed, fault.params))
    if not items and not problems:
        problems.append(Problem(first, "", "", "", "no_readings", sheet=grid.name))
    return items, problems


def _headings(rows: Sequence[Sequence[Cell]]) -> tuple[int, Mapping[str, int]]:
    """The row of headings (1 is the first) and where each column stands: the row that names most of them."""
    known = sheet_words().choices["carbon_column"]
    best: tuple[int, dict[str, int]] = (1, {})
    for number, row in enumerate(rows, start=1):
        found: dict[str, int] = {}
        for at, cell in enumerate(row):
            if isinstance(cell, str) and fold(cell) in known:
                found.setdefault(known[fold(cell)], at)
        if len(found) > len(best[1]):
            best = number, found
    return best


class _Row:
    """One row, cell by cell; faults by column."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self.cells = cells
        self.faults: dict[str, Fault] = {}

    def item(self) -> Item | None:
        """What the row says, None where it cannot be taken."""
        source = self._read("source", self._source)
        amount = self._read("quantity", self._amount)
        supply = self._read("kind", lambda: self._supply(source)) if source else None
        unit = self._read("unit", lambda: self._unit(source, amount)) if source and amount else None
        if self.faults or source is None or supply is None or unit is None or amount is None or amount.value is None:
            return None
        return Item(source, supply, product(amount.value, source.units[unit]))

    def _read(self, key: str, read: Callable[[], T | Fault]) -> T | None:
        cell = self.cells.get(key)
        found = cell.fault() if isinstance(cell, BadCell) else read()
        if isinstance(found, Fault):
            self.faults[key] = found
            return None
        return found

    def _source(self) -> Source | Fault:
        cell = self.cells["source"]
        if is_blank(cell):
            return Fault("missing_value")
        return reference.carbon_source_of_word(shown(cell)) or _not_of(shown(cell), reference.carbon_sources())

    def _amount(self) -> Parsed | Fault:
        cell = self.cells["quantity"]
        found = parse_number(cell, sheet_words())
        if isinstance(found, Fault):
            return found
        if found.value is None:
            return Fault("missing_value", shown(cell))
        if "percent" in found.notes:
            return Fault("percent_not_allowed", shown(cell))
        if found.value < 0:
            return Fault("negative_quantity", shown(cell))
        return Fault("too_big", shown(cell), (f"{LARGEST:,f}",)) if found.value > LARGEST else found

    def _supply(self, source: Source) -> Supply | Fault:
        """The kind; left out it is bought, where a source can only be bought."""
        cell = self.cells.get("kind")
        if is_blank(cell):
            return source.kinds[0] if len(source.kinds) == 1 else Fault("missing_kind", "", source.kinds)
        kind = sheet_words().choices["carbon_kind"].get(fold(shown(cell)))
        return Supply(kind) if kind in source.kinds else _not_of(shown(cell), source.kinds)

    def _unit(self, source: Source, amount: Parsed) -> str | Fault:
        cell = self.cells["unit"]
        written = None if is_blank(cell) else reference.carbon_unit(source, shown(cell))
        if not is_blank(cell) and written is None:
            return Fault("unknown_unit", shown(cell), tuple(source.units))
        unit = written or amount.unit
        if unit is None:
            return Fault("missing_unit", "", tuple(source.units))
        if amount.unit not in (None, unit):
            return Fault("unit_conflict", str(amount.unit), (unit,))
        return unit if unit in source.units else Fault("unit_not_allowed", unit, tuple(source.units))


def _not_of(found: str, allowed: Sequence[str] | Mapping[str, object]) -> Fault:
    return Fault("not_a_choice", found[:80], tuple(map(str, allowed)))
