"""The carbon report of a region's year, drawn from the sums the ledger keeps: R1 to R7, trends, why emissions moved.

Totals by place are those of the accounts. Where bodies below were computed with factors of different sets, that is told
with the total of each: they are never added silently.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Sum, Value, When

from nengtan import reference
from nengtan.carbon.books import BookFactors
from nengtan.domain.carbon.drivers import Drivers, Used, drivers
from nengtan.domain.carbon.inventory import Item, Line, Result, Settings, Source, Supply, inventory
from nengtan.domain.exact import kilo_to_tonne, product, ratio, total
from nengtan.domain.factors import Choice, Factor, Kind, NoFactor
from nengtan.domain.lmdi import NotDecomposable
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, InstitutionYear, RegionRollup
from nengtan.ledger.queries.accounts import AccountRow, accounts
from nengtan.ledger.queries.bodies import Bodies, counted, together
from nengtan.ledger.queries.choosing import Choosers
from nengtan.ledger.queries.selection import Selection
from nengtan.registry.models import Region

__all__ = [
    "FactorSet",
    "RegionInventory",
    "TrendYear",
    "per_area",
    "per_person",
    "region_inventory",
    "sees_region",
]

YEARS = 6
"""Years of a trend, this one the last."""

USUAL_BASE = 2020
"""Year the fourteenth plan counts from; the first with figures where there are none of it."""

LARGEST = 10


@dataclass(frozen=True, slots=True)
class TrendYear:
    """A year of the statutory inventory: by its own factors, and by those of the base year [tCO2]."""

    year: int
    current: Result
    constant: Result
    bodies: Bodies


@dataclass(frozen=True, slots=True)
class FactorSet:
    """Factors of one carrier from one source and data year, and what was computed with them [tCO2]."""

    carrier: str
    source: str
    year: int | None
    choice: Choice
    factors: tuple[Factor, ...]
    t: Decimal | None


@dataclass(frozen=True, slots=True)
class Use:
    """What bodies of a kind used of a carrier in a zone in a year."""

    year: int
    zone: str
    kind: str
    carrier: str
    quantity: Decimal | None
    chain: tuple[str, ...]


@dataclass(frozen=True)
class RegionInventory:
    """A region's year. ``drivers`` says why emissions moved since ``base_year``, None where that cannot be split."""

    region: Region
    year: int
    base_year: int
    result: Result
    by_kind: tuple[AccountRow, ...]
    by_region: tuple[AccountRow, ...]
    trend: tuple[TrendYear, ...]
    drivers: Drivers[tuple[str, str]] | None
    undecomposed: str
    largest: tuple[InstitutionYear, ...]
    bodies: Bodies
    reporting: int
    complete: int
    uses: tuple[Use, ...]
    years: tuple[int, ...]

    @cached_property
    def sets(self) -> tuple[FactorSet, ...]:
        """The factors by place that were used, by carrier, source and data year."""
        found: dict[tuple[str, str, int | None], list[Line]] = defaultdict(list)
        for line in self.result.lines:
            choice = line.location.choice
            if choice is not None and line.source.is_statutory:
                cited = reference.citations().get(choice.factor.source)
                held = cited.source if cited else choice.factor.source
                found[line.source.code, held, choice.factor.year].append(line)
        return tuple(
            FactorSet(
                carrier, source, year, lines[0].location.choice,  # type: ignore[arg-type]
                tuple({line.location.choice.factor.id: line.location.choice.factor  # type: ignore[union-attr]
                       for line in lines}.values()),
                total(line.location.t for line in lines),
            )
            for (carrier, source, year), lines in found.items()
        )  # fmt: skip

    @property
    def mixed(self) -> tuple[FactorSet, ...]:
        """Sets of carriers of which more than one was used; empty where every carrier has one."""
        carriers = [one.carrier for one in self.sets]
        return tuple(one for one in self.sets if carriers.count(one.carrier) > 1)

    @property
    def base(self) -> TrendYear | None:
        """The base year of the trend."""
        return next((item for item in self.trend if item.year == self.base_year), None)

    @property
    def last(self) -> TrendYear | None:
        """The year before."""
        return next((item for item in self.trend if item.year == self.year - 1), None)

    @property
    def now(self) -> TrendYear:
        """This year."""
        return self.trend[-1]


def sees_region(actor: Actor, region: Region) -> bool:
    """Whether the actor sees every institution of a region: only then are its largest named and its totals whole."""
    return actor.scope_for(Capability.VIEW_DETAIL).covers(region.path)


def region_inventory(
    actor: Actor,
    region: Region,
    year: int | None,
    base_year: int | None = None,
    settings: Settings | None = None,
    this_year: int = 0,
) -> RegionInventory:
    """The report of a region's year against ``base_year``, usually 2020 or the first with figures.

    Without a year it is the last with figures before ``this_year``; a base year without figures is none.

    Raises:
        Forbidden: the actor does not see every institution of the region.
    """
    if not sees_region(actor, region):
        raise Forbidden(Capability.VIEW_DETAIL)
    choosers, settings = Choosers.now(), settings or Settings()
    uses = _uses(region, choosers)
    years = sorted({use.year for use in uses})
    if year is None:
        year = next((at for at in reversed(years) if at < this_year), this_year - 1)
    known = [at for at in years if at <= year]
    usual = next((at for at in known if at >= USUAL_BASE), year)
    base = base_year if base_year in known else usual
    shown = sorted({*range(year - YEARS + 1, year + 1), base} & {*known, year, base})
    choosers.read(shown)
    books = {row["year"]: row for row in counted(actor, Selection(year, region), "year", veil=None, since=shown[0])}

    def drawn(of: int, factors_of: int) -> Result:
        held = [use for use in uses if use.year == of]
        return inventory(_items(held), BookFactors(choosers, factors_of), (), factors_of, settings)

    trend = tuple(
        TrendYear(at, drawn(at, at), drawn(at, base), together([books[at]] if at in books else [])) for at in shown
    )
    found, why = _drivers(actor, region, base, year, uses, choosers)
    within = InstitutionYear.objects.filter(year=year, region__in=region.within)
    asked = {"region": region, "choosers": choosers}
    reported = within.aggregate(
        some=Count("id", filter=Q(present__gt=0)),
        every=Count("id", filter=Q(present__gte=F("expected"), expected__gt=0)),
    )
    return RegionInventory(
        region,
        year,
        base,
        trend[-1].current,
        accounts(actor, year, by="type", **asked).rows,  # type: ignore[arg-type]
        accounts(actor, year, by="region", **asked).rows,  # type: ignore[arg-type]
        trend,
        found,
        why,
        tuple(within.filter(co2_t__isnull=False).select_related("institution__region").order_by("-co2_t")[:LARGEST]),
        trend[-1].bodies,
        reported["some"],
        reported["every"],
        tuple(use for use in uses if use.year == year),
        tuple(years),
    )


def _uses(region: Region, choosers: Choosers) -> list[Use]:
    """What was used in every year, from the sums kept by year."""
    rows = RegionRollup.objects.filter(region=region, period__lt=10_000, carrier__in=tuple(reference.carbon_sources()))
    known = rows.filter(cells__gt=0).order_by("period", "carrier", "zone", "kind")
    return [
        Use(period, zone, kind, carrier, quantity, choosers.places.chain(zone))
        for period, zone, kind, carrier, quantity in known.values_list("period", "zone", "kind", "carrier", "quantity")
    ]


def _source(carrier: str) -> tuple[Source, Supply]:
    source = reference.carbon_sources()[carrier]
    return source, Supply.OWN_PV if source.kinds == (Supply.OWN_PV,) else Supply.PURCHASED


def _items(uses: Iterable[Use]) -> list[Item]:
    return [Item(*_source(use.carrier), use.quantity, use.chain) for use in uses]


def _drivers(
    actor: Actor, region: Region, base: int, year: int, uses: Sequence[Use], choosers: Choosers
) -> tuple[Drivers[tuple[str, str]] | None, str]:
    """Why emissions moved, and the reason where that cannot be said: ``same_year``, ``no_base``, ``no_energy``."""
    if base == year:
        return None, "same_year"
    held = {at: [use for use in uses if use.year == at] for at in (base, year)}
    if not held[base] or not held[year]:
        return None, "no_base"
    moved = _moved(region, base, year, choosers)
    whole = {at: _by_row(held[at], at, choosers) for at in (base, year)}
    apart = {at: _by_row([use for use in moved if use.year == at], at, choosers) for at in (base, year)}
    same = {at: _less(whole[at], apart[at]) for at in (base, year)}
    try:
        return drivers(same[base], same[year], apart[base].values(), apart[year].values()), ""
    except NotDecomposable:
        return None, "no_energy"


def _moved(region: Region, base: int, year: int, choosers: Choosers) -> list[Use]:
    """What bodies used that emitted in one of the two years only: of the base year those gone, of this those come."""
    rows = ActivityFact.objects.counting().filter(region__in=region.within).filter(
        Q(period__range=(base * 100 + 1, base * 100 + 12), institution__in=_only(region, base, year))
        | Q(period__range=(year * 100 + 1, year * 100 + 12), institution__in=_only(region, year, base))
    )  # fmt: skip
    told = Case(When(period__gt=year * 100, then=Value(year)), default=Value(base), output_field=IntegerField())
    sums = (
        rows.order_by()
        .annotate(told=told, path=F("region__path"))
        .values("told", "path", "kind", "carrier")
        .annotate(amount=Sum("quantity"))
    )
    places = choosers.places
    found = []
    for row in sums:
        if row["carrier"] in reference.carbon_sources() and row["amount"] is not None:
            zone = places.zone(row["path"])
            found.append(Use(row["told"], zone, row["kind"], row["carrier"], row["amount"], places.chain(zone)))
    return found


def _only(region: Region, there: int, absent: int) -> QuerySet[InstitutionYear, Any]:
    """Bodies of the region with emissions in one year and none in the other."""
    books = InstitutionYear.objects.filter(year=there, co2_t__isnull=False, region__in=region.within)
    other = InstitutionYear.objects.filter(
        institution=OuterRef("institution"), year=absent, co2_t__isnull=False, region__in=region.within
    )
    return books.exclude(Exists(other)).values("institution")


def _by_row(uses: Iterable[Use], year: int, choosers: Choosers) -> dict[tuple[str, str], Used]:
    """Energy and statutory emissions by kind of body and carrier; carriers without a factor are in no total."""
    place, found = BookFactors(choosers, year), dict[tuple[str, str], Used]()
    for use in uses:
        source, supply = _source(use.carrier)
        if not source.is_statutory or supply is Supply.OWN_PV or use.quantity is None:
            continue
        co2 = place.choose(Kind.CO2, use.carrier, use.chain, year)
        coal = place.choose(Kind.COAL_EQUIVALENT, use.carrier, use.chain, year)
        if isinstance(co2, NoFactor):
            continue
        tce = Decimal(0) if isinstance(coal, NoFactor) else kilo_to_tonne(product(use.quantity, coal.factor.value))
        before = found.get((use.kind, use.carrier), Used(Decimal(0), Decimal(0)))
        t = kilo_to_tonne(product(use.quantity, co2.factor.value))
        found[use.kind, use.carrier] = Used(_sum(before.tce, tce), _sum(before.t, t))
    return found


def _less(whole: dict[tuple[str, str], Used], part: dict[tuple[str, str], Used]) -> dict[tuple[str, str], Used]:
    """Rows without a part of them; what is left of them all went or came."""
    left = {}
    for key, used in whole.items():
        taken = part.get(key, Used(Decimal(0), Decimal(0)))
        rest = Used(_sum(used.tce, -taken.tce), _sum(used.t, -taken.t))
        if rest.tce or rest.t:
            left[key] = rest
    return left


def _sum(one: Decimal, other: Decimal) -> Decimal:
    return total((one, other)) or Decimal(0)


def per_area(t: Decimal | None, bodies: Bodies) -> Decimal | None:
    """kgCO2 per m²."""
    return ratio(None if t is None else t * 1000, bodies.area_m2)


def per_person(t: Decimal | None, bodies: Bodies) -> Decimal | None:
    """kgCO2 per energy user."""
    return ratio(None if t is None else t * 1000, bodies.persons)
