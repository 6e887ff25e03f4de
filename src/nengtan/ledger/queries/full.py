"""Full accounts of a region and all below it in one pass over the facts, each line with the factors it used.

What :mod:`~nengtan.ledger.queries.accounts` reads from kept sums is added up here from the facts themselves: one
grouping by the database, then one factor choice a zone and carrier, exact products, and sums up the tree by adding.
It proves the kept sums and is the reference for how fast accounts can be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, Sum

from nengtan import reference
from nengtan.domain.exact import kilo_to_tonne, product
from nengtan.domain.factors import Choice, Chooser, Factor, Kind
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.places import Places
from nengtan.ledger.queries.choosing import Choosers
from nengtan.registry.models import Region


@dataclass(frozen=True, slots=True)
class FullRow:
    """What bodies of one kind in a region and all below it used of a carrier in a year, in one zone of factors.

    ``quantity`` in the carrier's base unit, ``cost`` in CNY, ``tce`` and ``co2_t`` in tonnes; ``None`` is unknown.
    ``coal_factor`` and ``co2_factor`` are the ids of the factor versions used, "" where there is none.
    """

    region: str
    kind: str
    carrier: str
    zone: str
    quantity: Decimal | None
    cost: Decimal | None
    tce: Decimal | None
    co2_t: Decimal | None
    coal_factor: str
    co2_factor: str


Group = tuple[str, str, str, str]
"""Region, kind, carrier, zone."""


def full_accounts(actor: Actor, year: int, region: Region | None = None) -> list[FullRow]:
    """The accounts of every region in ``region`` (everywhere by default) by kind of body and carrier, from the facts.

    Raises:
        Forbidden: the actor does not see every institution of it.
    """
    if not actor.scope_for(Capability.VIEW_DETAIL).covers(region.path if region else "/"):
        raise Forbidden(Capability.VIEW_DETAIL)
    choosers = Choosers.now()
    factors = YearFactors(choosers.chooser(year), choosers.places, year)
    sums = _up_the_tree(_from_facts(year, region), region, choosers.places)
    return [_row(group, quantity, cost, factors) for group, (quantity, cost) in sums.items()]


Added = tuple[str, str, str, Decimal | None, Decimal | None]
"""Path of a region, kind, carrier, quantity, cost."""


def _from_facts(year: int, region: Region | None) -> Iterator[Added]:
    """What counts, added up by the regions the facts are of. The tree is small; the facts are read once, without it."""
    below = Region.objects.filter(path__startswith=region.path if region else "/")
    path_of = dict(below.values_list("id", "path"))
    inside = Q(region__in=path_of) if region and len(path_of) <= _FEW else Q()
    rows = (
        ActivityFact.objects.counting()
        .filter(inside, period__range=(year * 100 + 1, year * 100 + 12))
        .order_by()
        .values_list("region_id", "kind", "carrier")
        .annotate(Sum("quantity"), Sum("cost"))
    )
    # Fetched at once: PostgreSQL gives a query read through a cursor one process instead of several.
    return ((path_of[pk], *rest) for pk, *rest in rows if pk in path_of)


_FEW = 500
"""So many regions are named to the database; of more, all facts of the year are grouped and the others left out."""


def _up_the_tree(rows: Iterable[Added], region: Region | None, places: Places) -> dict[Group, list[Decimal | None]]:
    """The quantity and cost of each group in every region from where the facts are up to ``region``."""
    above = len(region.codes) - 1 if region else 0
    chains: dict[str, tuple[str, list[str]]] = {}
    sums: dict[Group, list[Decimal | None]] = defaultdict(lambda: [None, None])
    for path, kind, carrier, *amounts in rows:
        if path not in chains:
            chains[path] = places.zone(path), path.strip("/").split("/")[above:]
        zone, codes = chains[path]
        for code in codes:
            held = sums[code, kind, carrier, zone]
            for place, amount in enumerate(amounts):
                if amount is not None:
                    held[place] = amount + (held[place] or 0)
    return sums


class YearFactors:
    """The factors of a year by zone and carrier, each asked for once; ``known`` are those asked for so far."""

    def __init__(self, chooser: Chooser, places: Places, year: int) -> None:
        self.chooser, self.places, self.year = chooser, places, year
        self.known: dict[tuple[str, str], tuple[Factor | None, Factor | None]] = {}

    def of(self, zone: str, carrier: str) -> tuple[Factor | None, Factor | None]:
        """The coal equivalent and the CO2 factor."""
        found = self.known.get((zone, carrier))
        if found is None:
            coal, co2 = (self._choose(kind, zone, carrier) for kind in (Kind.COAL_EQUIVALENT, Kind.CO2))
            found = self.known[zone, carrier] = coal, co2
        return found

    def _choose(self, kind: Kind, zone: str, carrier: str) -> Factor | None:
        if not reference.carriers()[carrier].is_energy:
            return None
        choice = self.chooser.choose(kind, carrier, self.places.chain(zone), self.year)
        return choice.factor if isinstance(choice, Choice) else None


def _row(group: Group, quantity: Decimal | None, cost: Decimal | None, factors: YearFactors) -> FullRow:
    region, kind, carrier, zone = group
    coal, co2 = factors.of(zone, carrier)
    return FullRow(
        region, kind, carrier, zone, quantity, cost,
        _times(quantity, coal), _times(quantity, co2), coal.id if coal else "", co2.id if co2 else "",
    )  # fmt: skip


def _times(quantity: Decimal | None, factor: Factor | None) -> Decimal | None:
    return None if quantity is None or factor is None else kilo_to_tonne(product(quantity, factor.value))
