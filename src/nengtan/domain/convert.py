"""One quantity of one carrier to coal equivalent and CO2, with the factors used: what ``nengtan convert`` shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from nengtan.domain.accounts import Line, Missing, Use, account_lines, figures_of_line
from nengtan.domain.carriers import Carriers, to_base
from nengtan.domain.factors import Chooser, Confidence, Kind, PlaceLevel, Rule

__all__ = ["Conversion", "FactorUsed", "convert"]


@dataclass(frozen=True, slots=True)
class FactorUsed:
    """A factor as a conversion shows it: value per base unit, whose it is, by which rule it was chosen."""

    kind: Kind
    id: str
    code: str
    name_zh: str
    name_en: str
    value: Decimal
    unit: str
    per_unit: str
    region: str
    place_level: PlaceLevel
    year: int | None
    rule: Rule
    source: str
    url: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a quantity amounts to; None where no factor holds, with the reason in ``missing``."""

    carrier: str
    quantity: Decimal
    unit: str
    base_quantity: Decimal
    base_unit: str
    tce: Decimal | None
    tce_primary: Decimal | None
    tco2: Decimal | None
    factors: tuple[FactorUsed, ...]
    missing: tuple[Missing, ...]


def convert(
    carriers: Carriers, chooser: Chooser, carrier: str, quantity: Decimal, unit: str, chain: Sequence[str], year: int
) -> Conversion:
    """Convert a quantity at a place (``chain``: region codes, nearest first) in an activity year.

    >>> from nengtan.domain.carriers import Carrier, Category
    >>> from nengtan.domain.factors import Factor, FactorLibrary
    >>> units = {"m3": Decimal(1), "10km3": Decimal(10000)}
    >>> gas = Carrier("natural_gas", "天然气", "Natural gas", "m3", Category.ENERGY, 1, units, "gas")
    >>> co2 = Factor("NG", "NG", Kind.CO2, "natural_gas", "CN", None, Decimal("2.184"), "kgCO2", "m3")
    >>> done = convert(Carriers([gas]), FactorLibrary([co2]), "natural_gas", Decimal(1), "10km3", ("CN",), 2023)
    >>> done.base_quantity, done.tco2, done.tce
    (Decimal('10000'), Decimal('21.840000'), None)
    >>> [(str(used.rule), str(used.place_level)) for used in done.factors]
    [('always', 'nation')]
    """
    of = carriers[carrier]
    base_quantity = to_base(of, quantity, unit)
    (line,) = account_lines([Use(carrier, year, tuple(chain), base_quantity)], carriers, chooser)
    figures = figures_of_line(line)
    return Conversion(
        carrier=carrier,
        quantity=quantity,
        unit=unit,
        base_quantity=base_quantity,
        base_unit=of.unit,
        tce=figures.energy_tce,
        tce_primary=figures.energy_tce_primary,
        tco2=figures.co2_t,
        factors=_factors_used(line),
        missing=figures.missing,
    )


def _factors_used(line: Line) -> tuple[FactorUsed, ...]:
    return tuple(
        FactorUsed(
            kind=term.kind,
            id=factor.id,
            code=factor.code,
            name_zh=factor.name_zh,
            name_en=factor.name_en,
            value=factor.value,
            unit=factor.unit,
            per_unit=factor.per_unit,
            region=factor.region,
            place_level=term.choice.place_level,
            year=factor.year,
            rule=term.choice.rule,
            source=factor.source,
            url=factor.url,
            confidence=factor.confidence,
        )
        for term in line.terms
        if term.choice is not None
        for factor in (term.choice.factor,)
    )
