"""Energy, carbon, water and cost accounts: quantity × factor per line, lines added unrounded, intensities divided last.

Unknown is never zero: a line without factor or quantity has no value and leaves a ``Missing`` entry saying why; a total
is the sum of what is known and None when nothing is. (等价值 values the same energy a second time: doors show it only
when no line lacks its factor, ``AccountRow.primary_tce``.) Water is never in energy; memo carriers (own PV) are in no
total.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from nengtan.domain import exact
from nengtan.domain.carriers import Carrier, Carriers
from nengtan.domain.exact import kilo_to_tonne, product, ratio
from nengtan.domain.factors import Choice, Chooser, Factor, Kind, NoFactor, Reason, Rule

__all__ = [
    "FactorUse",
    "Figures",
    "Intensities",
    "Line",
    "Missing",
    "Term",
    "Use",
    "account",
    "account_lines",
    "figures_of_line",
    "intensities",
    "primary_kind",
    "sum_figures",
]


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a carrier was used in a year, in its base unit; ``chain``: region codes, nearest first."""

    carrier: str
    year: int
    chain: tuple[str, ...]
    quantity: Decimal | None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One product of a line: quantity × factor = ``value`` in tonnes; without value, ``reason`` says why."""

    kind: Kind
    value: Decimal | None
    choice: Choice | None = None
    reason: Reason | None = None

    @property
    def factor(self) -> Factor | None:
        return self.choice.factor if self.choice else None


@dataclass(frozen=True, slots=True)
class Line:
    """One use with every product made of it: the formula with numbers in it."""

    use: Use
    carrier: Carrier
    energy: Term | None
    energy_primary: Term | None
    co2: Term | None

    @property
    def terms(self) -> tuple[Term, ...]:
        return tuple(term for term in (self.energy, self.energy_primary, self.co2) if term is not None)


@dataclass(frozen=True, slots=True)
class FactorUse:
    """Which factor served which carrier, year and kind."""

    carrier: str
    kind: Kind
    year: int
    factor_id: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that is in no total, and why."""

    carrier: str
    kind: Kind
    year: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Figures:
    """The accounts of one or many lines. tce = tonnes of coal equivalent (吨标准煤); CO2 in tonnes; None is unknown.

    ``energy_tce`` is 当量值; ``energy_tce_primary`` is 等价值, a second labelled figure.
    """

    energy_tce: Decimal | None = None
    energy_tce_primary: Decimal | None = None
    co2_scope1_t: Decimal | None = None
    co2_scope2_t: Decimal | None = None
    water_m3: Decimal | None = None
    cost_cny: Decimal | None = None
    electricity_kwh: Decimal | None = None
    pv_generation_kwh: Decimal | None = None
    factors: tuple[FactorUse, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def co2_t(self) -> Decimal | None:
        return exact.total((self.co2_scope1_t, self.co2_scope2_t))

    @property
    def incomplete(self) -> frozenset[Kind]:
        """The kinds of figure that lack a part, so that a page can say so beside the number."""
        return frozenset(entry.kind for entry in self.missing)

    def __add__(self, other: "Figures") -> "Figures":
        return sum_figures((self, other))


@dataclass(frozen=True, slots=True)
class Intensities:
    """Figures per floor area (m2) and per energy user (用能人数); None where numerator or denominator is missing."""

    kgce_per_m2: Decimal | None
    kgce_per_person: Decimal | None
    m3_per_person: Decimal | None
    kgco2_per_m2: Decimal | None
    kwh_per_m2: Decimal | None


def primary_kind(carrier: Carrier) -> Kind:
    """Which factor makes the 等价值 of a carrier: bought energy has its own, a fuel burnt here the calorific one.

    >>> from nengtan.domain.carriers import Category
    >>> str(primary_kind(Carrier("coal", "煤炭", "Coal", "t", Category.ENERGY, 1, {"t": Decimal(1)}, "coal")))
    'coal_equivalent'
    """
    return Kind.COAL_EQUIVALENT_PRIMARY if carrier.scope == 2 else Kind.COAL_EQUIVALENT


def _term(kind: Kind, chosen_by: Kind, use: Use, chooser: Chooser, basis: str) -> Term:
    choice = chooser.choose(chosen_by, use.carrier, use.chain, use.year, basis)
    if isinstance(choice, NoFactor):
        return Term(kind, None, reason=choice.reason)
    if use.quantity is None:
        return Term(kind, None, choice, Reason.NO_QUANTITY)
    return Term(kind, kilo_to_tonne(product(use.quantity, choice.factor.value)), choice)


def account_lines(
    uses: Iterable[Use], carriers: Carriers, chooser: Chooser, basis: str = "location"
) -> tuple[Line, ...]:
    """Make every product of every use; only energy carriers have any.

    Parameters: ``uses`` [quantities in base units], ``basis`` of electricity CO2 factors (location or market).

    >>> from nengtan.domain.carriers import Category
    >>> from nengtan.domain.factors import FactorLibrary
    >>> heat = Carrier("heat", "热力", "Heat", "GJ", Category.ENERGY, 2, {"GJ": Decimal(1)}, "heat")
    >>> co2 = Factor("HEAT", "HEAT", Kind.CO2, "heat", "CN", None, Decimal(110), "kgCO2", "GJ")
    >>> (line,) = account_lines([Use("heat", 2023, ("CN",), Decimal(50))], Carriers([heat]), FactorLibrary([co2]))
    >>> line.co2.factor.id, line.co2.value, str(line.energy.reason)
    ('HEAT', Decimal('5.500'), 'no_factor_for_carrier')
    """
    lines = []
    for use in uses:
        carrier = carriers[use.carrier]
        if not carrier.is_energy:
            lines.append(Line(use, carrier, None, None, None))
            continue
        energy = _term(Kind.COAL_EQUIVALENT, Kind.COAL_EQUIVALENT, use, chooser, basis)
        primary = _term(Kind.COAL_EQUIVALENT_PRIMARY, primary_kind(carrier), use, chooser, basis)
        lines.append(Line(use, carrier, energy, primary, _term(Kind.CO2, Kind.CO2, use, chooser, basis)))
    return tuple(lines)


def figures_of_line(line: Line) -> Figures:
    """The figures one line contributes.

    >>> from nengtan.domain.carriers import Category
    >>> water = Carrier("water", "水", "Water", "m3", Category.WATER, None, {"m3": Decimal(1)}, "water")
    >>> line = Line(Use("water", 2023, ("CN",), Decimal(80), Decimal(276)), water, None, None, None)
    >>> figures = figures_of_line(line)
    >>> figures.water_m3, figures.cost_cny, figures.energy_tce
    (Decimal('80'), Decimal('276'), None)
    """
    use, carrier = line.use, line.carrier
    if carrier.is_memo:
        return Figures(pv_generation_kwh=use.quantity)
    if carrier.is_water:
        return Figures(water_m3=use.quantity, cost_cny=use.cost)
    co2 = line.co2.value if line.co2 else None
    return Figures(
        energy_tce=line.energy.value if line.energy else None,
        energy_tce_primary=line.energy_primary.value if line.energy_primary else None,
        co2_scope1_t=co2 if carrier.scope != 2 else None,
        co2_scope2_t=co2 if carrier.scope == 2 else None,
        cost_cny=use.cost,
        electricity_kwh=use.quantity if carrier.code == "electricity" else None,
        factors=tuple(
            FactorUse(use.carrier, term.kind, use.year, term.choice.factor.id, term.choice.rule)
            for term in line.terms
            if term.choice and term.value is not None
        ),
        missing=tuple(
            Missing(use.carrier, term.kind, use.year, term.reason) for term in line.terms if term.reason is not None
        ),
    )


def sum_figures(parts: Iterable[Figures]) -> Figures:
    """Add figures unrounded: institutions to a district, months to a year. Never average their intensities.

    >>> one, two = Figures(energy_tce=Decimal("0.1")), Figures(energy_tce=Decimal("0.2"), water_m3=Decimal(5))
    >>> both = sum_figures([one, two])
    >>> both.energy_tce, both.water_m3, both.co2_t
    (Decimal('0.3'), Decimal('5'), None)
    """
    held = tuple(parts)
    if len(held) == 1:
        return held[0]
    return Figures(
        energy_tce=exact.total(part.energy_tce for part in held),
        energy_tce_primary=exact.total(part.energy_tce_primary for part in held),
        co2_scope1_t=exact.total(part.co2_scope1_t for part in held),
        co2_scope2_t=exact.total(part.co2_scope2_t for part in held),
        water_m3=exact.total(part.water_m3 for part in held),
        cost_cny=exact.total(part.cost_cny for part in held),
        electricity_kwh=exact.total(part.electricity_kwh for part in held),
        pv_generation_kwh=exact.total(part.pv_generation_kwh for part in held),
        factors=tuple(dict.fromkeys(factor for part in held for factor in part.factors)),
        missing=tuple(dict.fromkeys(entry for part in held for entry in part.missing)),
    )


def account(uses: Iterable[Use], carriers: Carriers, chooser: Chooser, basis: str = "location") -> Figures:
    """The accounts of a set of uses.

    >>> from nengtan.domain.carriers import Category
    >>> from nengtan.domain.factors import FactorLibrary
    >>> gas = Carrier("natural_gas", "天然气", "Natural gas", "m3", Category.ENERGY, 1, {"m3": Decimal(1)}, "gas")
    >>> co2 = Factor("JST303_NATURAL_GAS", "", Kind.CO2, "natural_gas", "CN", None, Decimal("2.184"), "kgCO2", "m3")
    >>> used = [Use("natural_gas", 2023, ("420000", "CN"), Decimal(10000))]
    >>> figures = account(used, Carriers([gas]), FactorLibrary([co2]))
    >>> figures.co2_scope1_t
    Decimal('21.840000')
    >>> figures.energy_tce is None, figures.missing[0].reason
    (True, <Reason.NO_FACTOR_FOR_CARRIER: 'no_factor_for_carrier'>)
    """
    return sum_figures(figures_of_line(line) for line in account_lines(uses, carriers, chooser, basis))


def energy_tce(uses: Iterable[Use], carriers: Carriers, chooser: Chooser) -> Decimal | None:
    """The energy of a set of uses alone [tce]: what :func:`account` says of it, for charts of a hundred such sets."""
    kind = Kind.COAL_EQUIVALENT
    burnt = (use for use in uses if carriers[use.carrier].is_energy)
    return exact.total(_term(kind, kind, use, chooser, "location").value for use in burnt)


def intensities(figures: Figures, area_m2: Decimal | None, persons: Decimal | None) -> Intensities:
    """Divide what has been added up; a missing or zero denominator gives None, not zero.

    Parameters: ``area_m2`` floor area [m2], ``persons`` energy users [person].

    >>> shown = intensities(Figures(energy_tce=Decimal("28.49")), Decimal(1400), None)
    >>> shown.kgce_per_m2, shown.kgce_per_person
    (Decimal('20.35'), None)
    """
    kgce = _to_kilograms(figures.energy_tce)
    return Intensities(
        kgce_per_m2=ratio(kgce, area_m2),
        kgce_per_person=ratio(kgce, persons),
        m3_per_person=ratio(figures.water_m3, persons),
        kgco2_per_m2=ratio(_to_kilograms(figures.co2_t), area_m2),
        kwh_per_m2=ratio(figures.electricity_kwh, area_m2),
    )


def _to_kilograms(tonnes: Decimal | None) -> Decimal | None:
    return None if tonnes is None else product(tonnes, Decimal(1000))
