"""The statutory inventory of every institution of a region at once: one grouping by the database, then the products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, Min, Q, Sum

from nengtan import reference
from nengtan.carbon.books import BookFactors
from nengtan.domain.carbon.inventory import Part, Supply
from nengtan.domain.exact import kilo_to_tonne, product, total
from nengtan.domain.factors import Kind, NoFactor
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, RegionRollup
from nengtan.ledger.queries.choosing import Choosers
from nengtan.ledger.services import bulk
from nengtan.registry.models import Institution, Region

__all__ = ["BodyTotal", "names_of", "statutory_totals"]


@dataclass(slots=True)
class BodyTotal:
    """The terms of one institution's statutory inventory by place [tCO2]; ``lacking`` carriers are in none of them."""

    institution: int
    direct_t: Decimal | None = None
    electricity_t: Decimal | None = None
    heat_t: Decimal | None = None
    lacking: tuple[str, ...] = ()

    @property
    def statutory_t(self) -> Decimal | None:
        """All terms together; None where nothing is known."""
        return total((self.direct_t, self.electricity_t, self.heat_t))


_TERMS = {Part.DIRECT: "direct_t", Part.ELECTRICITY: "electricity_t", Part.HEAT: "heat_t"}

Used = tuple[int, int, list[tuple[str, Decimal | None]]]
"""Institution, the region it stood in, and the quantity of each carrier it used there."""


def statutory_totals(actor: Actor, region: Region, year: int) -> list[BodyTotal]:
    """Every institution of a region with figures in a year, as its own inventory has it.

    Raises:
        Forbidden: the actor does not see every institution of the region.
    """
    if not actor.scope_for(Capability.VIEW_DETAIL).covers(region.path):
        raise Forbidden(Capability.VIEW_DETAIL)
    choosers = Choosers.now()
    factors, parts = BookFactors(choosers, year), _parts()
    paths = dict(Region.objects.filter(pk__in=region.within).values_list("pk", "path"))
    chosen: dict[tuple[int, str], Decimal | None] = {}
    found: dict[int, BodyTotal] = {}
    for body, place, amounts in _used(region, year, _in_use(region, year, parts)):
        held = found.setdefault(body, BodyTotal(body))
        for carrier, amount in amounts:
            key = place, carrier
            if key not in chosen:
                chain = choosers.places.chain(choosers.places.zone(paths[place]))
                choice = factors.choose(Kind.CO2, carrier, chain, year)
                chosen[key] = None if isinstance(choice, NoFactor) else choice.factor.value
            factor = chosen[key]
            if factor is None or amount is None:
                held.lacking = (*held.lacking, carrier)
                continue
            term, t = _TERMS[parts[carrier]], kilo_to_tonne(product(amount, factor))
            before = getattr(held, term)
            setattr(held, term, t if before is None else total((before, t)))
    return list(found.values())


def _parts() -> dict[str, Part]:
    """The carriers of the statutory inventory with the term each belongs to."""
    sources = reference.carbon_sources()
    return {
        code: sources[code].part
        for code in reference.carriers()
        if code in sources and sources[code].is_statutory and sources[code].kinds != (Supply.OWN_PV,)
    }


def _in_use(region: Region, year: int, carriers: Iterable[str]) -> list[str]:
    """Those of the carriers that the region used, or paid for, in the year."""
    kept = RegionRollup.objects.filter(region=region, period=year).order_by().values_list("carrier", flat=True)
    there = set(kept.distinct())
    return [carrier for carrier in carriers if carrier in there]


def _used(region: Region, year: int, carriers: Sequence[str]) -> Iterator[Used]:
    """What counts by institution, place and carrier.

    Facts lie by institution, so that a sum for each carrier of each institution needs no sorting; the few bodies that
    moved within the year are asked about again, place by place.
    """
    facts = ActivityFact.objects.counting().filter(
        region__in=region.within, period__range=(year * 100 + 1, year * 100 + 12)
    )
    each = {code: Sum("quantity", filter=Q(carrier=code)) for code in carriers}
    rows = (
        facts.order_by().values_list("institution_id").annotate(first=Min("region_id"), last=Max("region_id"), **each)
    )
    moved: list[int] = []
    for body, first, last, *amounts in rows:
        if first != last:
            moved.append(body)
            continue
        if used := [pair for pair in zip(carriers, amounts, strict=True) if pair[1] is not None]:
            yield body, first, used
    known = facts.filter(carrier__in=carriers).order_by().values_list("institution_id", "region_id", "carrier")
    for chunk in bulk.chunks(moved):
        for body, place, carrier, amount in known.filter(institution__in=chunk).annotate(amount=Sum("quantity")):
            yield body, place, [(carrier, amount)]
    unknown = facts.filter(quantity=None, carrier__in=carriers).values("institution_id")
    costs = known.filter(institution__in=unknown).exclude(institution__in=moved).annotate(amount=Sum("quantity"))
    for body, place, carrier, amount in costs:
        if amount is None:
            yield body, place, [(carrier, None)]


def names_of(rows: Iterable[BodyTotal]) -> dict[int, tuple[str, str]]:
    """Code and name of the institutions, by key."""
    wanted = {row.institution for row in rows}
    known = Institution.objects.order_by().values_list("pk", "code", "name")
    return {pk: (code, name) for pk, code, name in known.iterator(chunk_size=10_000) if pk in wanted}
