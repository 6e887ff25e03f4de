"""The kept sums by region: moved by differences, never recomputed for one changed fact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from nengtan.ledger.factors import library
from nengtan.ledger.models import RegionRollup
from nengtan.ledger.places import Places
from nengtan.ledger.services import bulk
from nengtan.registry.models import Region

AMOUNTS = ("quantity", "cost", "cells", "costs")
"""What a sum moves by: two amounts in 10^-6 units, and the cells whose quantity and whose cost are known."""

Sums = dict["Key", list[int]]
"""What each sum moves by, in the order of :data:`AMOUNTS`."""


MANY = 500
"""Sums moved at once from which on it is worth asking which regions and months have none yet."""

K = TypeVar("K")


class Key(NamedTuple):
    """Where a fact is summed: the path of its region, kind of body, carrier, month."""

    path: str
    kind: str
    carrier: str
    period: int


@dataclass(slots=True)
class CellChange:
    """One institution's cell before and after: what its sum moves by, and whether it became known or unknown."""

    quantity: int = 0
    cost: int = 0
    quantities_before: int = 0
    quantities_after: int = 0
    costs_before: int = 0
    costs_after: int = 0

    def remove(self, quantity: int | None, cost: int | None) -> None:
        """A fact that counted before."""
        self.quantity -= quantity or 0
        self.cost -= cost or 0
        self.quantities_before += quantity is not None
        self.costs_before += cost is not None

    def add(self, quantity: int | None, cost: int | None) -> None:
        """A fact that counts now."""
        self.quantity += quantity or 0
        self.cost += cost or 0
        self.quantities_after += quantity is not None
        self.costs_after += cost is not None

    @property
    def amounts(self) -> tuple[int, int, int, int]:
        """What the sum of the cell moves by."""
        cells = bool(self.quantities_after) - bool(self.quantities_before)
        return self.quantity, self.cost, cells, bool(self.costs_after) - bool(self.costs_before)


def by_key(cells: Mapping[tuple[Key, int], CellChange]) -> Sums:
    """Cells of many institutions, added up by where they are summed."""
    sums: Sums = {}
    for (key, _institution), change in cells.items():
        add(sums, key, change.amounts)
    return sums


def add(sums: dict[K, list[int]], key: K, amounts: Sequence[int]) -> None:
    """Add amounts to what a sum moves by.

    >>> sums = {"a": [1, 2, 3, 4]}
    >>> add(sums, "a", (10, 0, 1, 0)), add(sums, "b", (5, 5, 1, 1)), sums
    (None, None, {'a': [11, 2, 4, 4], 'b': [5, 5, 1, 1]})
    """
    held = sums.get(key)
    if held is None:
        sums[key] = list(amounts)
        return
    quantity, cost, cells, costs = amounts
    held[0] += quantity
    held[1] += cost
    held[2] += cells
    held[3] += costs


def move(differences: Mapping[Key, Sequence[int]], places: Places | None = None) -> None:
    """Add differences to the sums of each region and all above it, of the month and of its year.

    ``places`` draws the zones the sums are kept by; as they stand now by default.
    """
    moves = Moves(places)
    moves.know({key.path for key in differences})
    moves.take(differences)
    moves.write()


class Moves:
    """Differences on their way into the sums; each level of regions is added up from the one below it."""

    def __init__(self, places: Places | None = None) -> None:
        self._places = places
        self._chains: dict[str, list[int]] = {}
        self._zones: dict[str, str] = {}
        self._above: dict[int, int] = {}
        self._sums: dict[_Row, list[int]] = {}

    def know(self, paths: Set[str]) -> None:
        """Look up the regions and zones of paths, before anything of theirs is taken."""
        if not (new := paths - self._chains.keys()):
            return
        self._places = self._places or Places.of(library())
        self._zones |= {path: self._places.zone(path) for path in new}
        self._chains |= _chains(new)
        self._above |= {region: parent for path in new for parent, region in pairwise(self._chains[path])}

    def take(self, differences: Mapping[Key, Sequence[int]]) -> None:
        """Carry differences up to the root; asks the database nothing."""
        levels: dict[int, dict[_Row, list[int]]] = defaultdict(dict)
        for (path, kind, carrier, period), amounts in differences.items():
            chain, zone = self._chains[path], self._zones[path]
            level, region = levels[len(chain)], chain[-1]
            add(level, (region, period, zone, kind, carrier), amounts)
            add(level, (region, period // 100, zone, kind, carrier), amounts)
        for depth in range(max(levels, default=0), 0, -1):
            for row, amounts in levels[depth].items():
                add(self._sums, row, amounts)
                if depth > 1:
                    add(levels[depth - 1], (self._above[row[0]], *row[1:]), amounts)

    def write(self) -> None:
        """Move the sums."""
        rows = sorted((*row, *amounts) for row, amounts in self._sums.items() if any(amounts))
        if len(rows) > MANY:
            begun = _begun(rows)
            bulk.insert(RegionRollup, (*_KEY, *AMOUNTS), [row for row in rows if row[:2] not in begun])
            rows = [row for row in rows if row[:2] in begun]
        bulk.add(RegionRollup, _KEY, AMOUNTS, rows)


def _begun(rows: Sequence[tuple[Any, ...]]) -> set[tuple[int, int]]:
    """The regions and spans of the rows that have sums already; all others can be inserted as they are."""
    found: set[tuple[int, int]] = set()
    spans = {row[1] for row in rows}
    for chunk in bulk.chunks(sorted({row[0] for row in rows})):
        sums = RegionRollup.objects.filter(region_id__in=chunk, period__in=spans).order_by()
        found |= set(sums.values_list("region_id", "period").distinct())
    return found


def _chains(paths: Collection[str]) -> dict[str, list[int]]:
    """The ids of the regions from the root down each path."""
    codes = {path: path.strip("/").split("/") for path in paths}
    regions = Region.objects.filter(code__in={code for chain in codes.values() for code in chain})
    ids = dict(regions.values_list("code", "id"))
    return {path: [ids[code] for code in chain] for path, chain in codes.items()}


_KEY = ("region_id", "period", "zone", "kind", "carrier")
_Row = tuple[int, int, str, str, str]
"""The values of :data:`_KEY`."""
