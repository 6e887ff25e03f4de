"""The kept sums by region: moved by differences, never recomputed for one changed fact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from nengtan.ledger.factors import library
from nengtan.ledger.models import RegionRollup
from nengtan.ledger.places import Places
from nengtan.ledger.services import bulk
from nengtan.registry.models import Region


class Key(NamedTuple):
    """Where a fact is summed: the path of its region, kind of body, carrier, month."""

    path: str
    kind: str
    carrier: str
    period: int


@dataclass(slots=True)
class Amounts:
    """What a sum moves by, in 10^-6 units, and by how many cells with a known quantity and cost."""

    quantity: int = 0
    cost: int = 0
    cells: int = 0
    costs: int = 0

    def __neg__(self) -> Amounts:
        return Amounts(-self.quantity, -self.cost, -self.cells, -self.costs)

    def __bool__(self) -> bool:
        return bool(self.quantity or self.cost or self.cells or self.costs)


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


def by_key(cells: Mapping[tuple[Key, int], CellChange]) -> dict[Key, Amounts]:
    """Cells of many institutions, added up by where they are summed."""
    sums: dict[Key, Amounts] = defaultdict(Amounts)
    for (key, _institution), change in cells.items():
        amounts = sums[key]
        amounts.quantity += change.quantity
        amounts.cost += change.cost
        amounts.cells += bool(change.quantities_after) - bool(change.quantities_before)
        amounts.costs += bool(change.costs_after) - bool(change.costs_before)
    return {key: amounts for key, amounts in sums.items() if amounts}


def move(differences: Mapping[Key, Amounts], places: Places | None = None) -> None:
    """Add differences to the sums of each region and all above it, of the month and of its year: a fixed cost a key.

    ``places`` draws the zones the sums are kept by; as they stand now by default.
    """
    if not differences:
        return
    places = places or Places.of(library())
    chains = _chains({key.path for key in differences}, places)
    sums: dict[tuple[int, int, str, str, str], list[int]] = {}
    for (path, kind, carrier, period), amounts in differences.items():
        regions, zone = chains[path]
        moved = (amounts.quantity, amounts.cost, amounts.cells, amounts.costs)
        for region, span in product(regions, (period, period // 100)):
            held = sums.setdefault((region, span, zone, kind, carrier), [0, 0, 0, 0])
            for place, amount in enumerate(moved):
                held[place] += amount
    bulk.add(RegionRollup, _KEY, _AMOUNTS, sorted((*key, *held) for key, held in sums.items()))


def _chains(paths: Collection[str], places: Places) -> dict[str, tuple[list[int], str]]:
    """The ids of the regions from the root down each path, and its zone."""
    codes = {path: path.strip("/").split("/") for path in paths}
    regions = Region.objects.filter(code__in={code for chain in codes.values() for code in chain})
    ids = dict(regions.values_list("code", "id"))
    return {path: ([ids[code] for code in chain], places.zone(path)) for path, chain in codes.items()}


_KEY = ("region_id", "period", "zone", "kind", "carrier")
_AMOUNTS = ("quantity", "cost", "cells", "costs")
