"""Returns as columns: one row a return (or a room), one column for each view of an indicator and for each fact."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from nengtan.domain.returns.review.language import FACT, NOW
from nengtan.domain.returns.review.operations import Array

__all__ = ["UNREADABLE", "Cell", "Place", "ReturnRow", "Table", "table_of", "with_rooms"]

UNREADABLE = "unreadable"
"""The view that is 1 where no number stands in a cell."""

_UNKNOWN = np.full(1, np.nan)
_UNKNOWN.setflags(write=False)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where a value stands: the indicator, and the room's code on form 3."""

    indicator: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What decides which settings hold: the chain of regions, nearest first, class and system of the institution."""

    chain: tuple[str, ...] = ("CN",)
    institution_class: str = ""
    system: str = ""


@dataclass(frozen=True)
class ReturnRow:
    """One return (or one room of it) as typed or read: values by view and indicator, None for what is unknown.

    ``unreadable`` keeps what was found where a number should stand. ``facts`` by name; a truth is 1 or 0. ``texts``
    are what stands in cells that hold no figure (the credit code), or what one check says there (period.missing).
    """

    institution: Hashable
    values: Mapping[str, Decimal | None]
    views: Mapping[str, Mapping[str, Decimal | None]] = field(default_factory=dict)
    facts: Mapping[str, Decimal | int | None] = field(default_factory=dict)
    place: Place = field(default_factory=Place)
    record: str = ""
    period: str = ""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Rows to review: ``columns`` by (view, name), float64 with NaN for unknown; ``place_of`` numbers ``places``."""

    institutions: Sequence[Hashable]
    columns: Mapping[tuple[str, str], Array]
    places: Sequence[Place] = (Place(),)
    place_of: Array | None = None
    records: Sequence[str] | None = None
    periods: Sequence[str] | None = None
    unreadable: Mapping[tuple[int, str], str] = field(default_factory=dict)
    texts: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.institutions)

    def column(self, view: str, name: str) -> Array:
        """A column; one NaN where there is none, which stands for every row."""
        return self.columns.get((view, name), _UNKNOWN)

    def is_of_class(self, prefixes: tuple[str, ...]) -> Array:
        """1 or -1 for each row; 0 where the class is not known."""
        codes = [place.institution_class for place in self.places]
        return self._at_places([0 if not code else 1 if code.startswith(prefixes) else -1 for code in codes])

    def is_of_system(self, systems: tuple[str, ...]) -> Array:
        """1 or -1 for each row."""
        return self._at_places([1 if place.system in systems else -1 for place in self.places])

    def _at_places(self, truths: Sequence[int]) -> Array:
        found = np.array(truths, dtype=np.int8)
        return found[: min(1, len(found))] if self.place_of is None else found[self.place_of]

    def rows(self, rows: Array | slice, only: frozenset[tuple[str, str]] | None = None) -> Table:
        """Some of the rows (and columns), for computing; what names them stays with the whole table."""
        wanted = self.columns.keys() if only is None else self.columns.keys() & only
        columns = {key: self.columns[key][rows] for key in wanted}
        count = len(range(*rows.indices(len(self)))) if isinstance(rows, slice) else len(rows)
        place_of = None if self.place_of is None else self.place_of[rows]
        return replace(self, institutions=range(count), columns=columns, place_of=place_of, records=None, periods=None)

    def with_columns(self, columns: Mapping[tuple[str, str], Array]) -> Table:
        """The same rows with more columns."""
        return replace(self, columns={**self.columns, **columns})


def table_of(rows: Iterable[ReturnRow]) -> Table:
    """Columns from returns one by one (a form while typing, a file).

    >>> table = table_of([ReturnRow("a", {"elec_qty": Decimal(5)}), ReturnRow("b", {"elec_qty": None})])
    >>> table.column("now", "elec_qty").tolist()
    [5.0, nan]
    """
    held = list(rows)
    named: dict[tuple[str, str], dict[int, float]] = {}
    unreadable: dict[tuple[int, str], str] = {}
    texts: dict[str, dict[int, str]] = {}
    for at, row in enumerate(held):
        for view, values in ((NOW, row.values), (FACT, row.facts), *row.views.items()):
            for name, value in values.items():
                if value is not None:
                    named.setdefault((view, name), {})[at] = float(value)
        for name, text in row.unreadable.items():
            unreadable[at, name] = text
            named.setdefault((UNREADABLE, name), {})[at] = 1.0
        for name, text in row.texts.items():
            texts.setdefault(name, {})[at] = text
    places = list(dict.fromkeys(row.place for row in held))
    numbers = {place: number for number, place in enumerate(places)}
    return Table(
        institutions=[row.institution for row in held],
        columns={key: _column(values, len(held)) for key, values in named.items()},
        places=places,
        place_of=np.array([numbers[row.place] for row in held], dtype=np.intp),
        records=[row.record for row in held],
        periods=[row.period for row in held],
        unreadable=unreadable,
        texts=texts,
    )


def with_rooms(table: Table, rooms: Table, return_of: Array) -> Table:
    """The view ``rooms``: each figure added up over the rooms of a return; ``return_of`` numbers the room's return."""
    columns: dict[tuple[str, str], Array] = {}
    for (view, name), values in rooms.columns.items():
        if view != NOW:
            continue
        known = ~np.isnan(values)
        total = np.bincount(return_of[known], weights=values[known], minlength=len(table))
        count = np.bincount(return_of[known], minlength=len(table))
        columns["rooms", name] = np.where(count > 0, total, np.nan)
    return table.with_columns(columns)


def _column(values: Mapping[int, float], count: int) -> Array:
    found = np.full(count, np.nan)
    found[list(values)] = list(values.values())
    return found
