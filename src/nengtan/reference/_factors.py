"""Shipped factors, normalised to kilograms per base unit of their carrier; what the source prints is kept beside."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from nengtan.domain.factors import Confidence, Factor, FactorLibrary, Kind
from nengtan.reference._carriers import carriers
from nengtan.reference._rows import Row, rows

__all__ = ["PublishedFactor", "factor_library", "factors", "published_factors"]

_STATED_UNIT = re.compile(r"(?P<weight>kg|t)CO2e?/(?P<per>\w+)")
_BASES = ("location", "market", "fossil", "any", "none")


@dataclass(frozen=True, slots=True)
class PublishedFactor:
    """A row of the factor table as printed, of whatever category: power, fuel, refrigerant, waste, transport, food …"""

    code: str
    category: str
    carrier: str
    region: str
    year: int | None
    value: Decimal
    unit: str
    name_zh: str
    name_en: str
    source: str
    url: str
    confidence: Confidence


@cache
def published_factors() -> tuple[PublishedFactor, ...]:
    """Every row of factors.csv, also those that belong to no carrier."""
    return tuple(
        PublishedFactor(
            code=row.text("code"),
            category=row.text("category"),
            carrier=row.optional("carrier"),
            region=row.text("region_code"),
            year=row.optional_integer("year"),
            value=row.decimal("value"),
            unit=row.text("unit"),
            name_zh=row.text("name_zh"),
            name_en=row.text("name_en"),
            source=row.text("source"),
            url=row.optional("url"),
            confidence=row.confidence(),
        )
        for row in rows("factors.csv")
    )


@cache
def factors() -> tuple[Factor, ...]:
    """Every shipped factor of a carrier: CO2 and coal equivalents; its id is its code."""
    co2 = [_co2(row) for row in rows("factors.csv") if row.optional("carrier")]
    coal = [
        _coal_equivalent(row)
        for row in rows("coal_equivalent.csv")
        if row.optional("carrier") and row.optional_decimal("kgce_per_unit") is not None
    ]
    return (*coal, *co2)


@cache
def factor_library() -> FactorLibrary:
    """The library of shipped factors.

    >>> library = factor_library()
    >>> library.choose(Kind.CO2, "electricity", ("420000", "CN"), 2023).factor.value
    Decimal('0.4044')
    """
    return FactorLibrary(factors())


def _co2(row: Row) -> Factor:
    stated = _STATED_UNIT.fullmatch(row.text("unit"))
    if stated is None:
        raise row.wrong("unit", "kgCO2 or tCO2 per unit of the carrier")
    kilograms = row.decimal("value") * (1000 if stated["weight"] == "t" else 1)
    return _factor(row, Kind.CO2, kilograms, stated["per"], "kgCO2", row.one_of("basis", _BASES))


def _coal_equivalent(row: Row) -> Factor:
    kind = Kind(row.one_of("kind", [Kind.COAL_EQUIVALENT, Kind.COAL_EQUIVALENT_PRIMARY]))
    return _factor(row, kind, row.decimal("kgce_per_unit"), row.text("unit"), "kgce", "any")


def _factor(row: Row, kind: Kind, kilograms: Decimal, per: str, unit: str, basis: str) -> Factor:
    carrier = carriers()[row.one_of("carrier", carriers())]
    if per not in carrier.units:
        raise row.wrong("unit", ", ".join(carrier.units))
    is_co2 = kind is Kind.CO2
    return Factor(
        id=row.text("code"),
        code=row.text("code"),
        kind=kind,
        carrier=carrier.code,
        region=row.text("region_code"),
        year=row.optional_integer("year") if is_co2 else None,
        value=_per_base_unit(kilograms, carrier.units[per]),
        unit=unit,
        per_unit=carrier.unit,
        basis=basis,
        published_on=row.optional_date("published_on") if is_co2 else None,
        usable_from=row.optional_date("usable_from") if is_co2 else None,
        superseded_on=row.optional_date("superseded_on"),
        source=row.text("source"),
        url=row.optional("url") if is_co2 else "",
        confidence=row.confidence(),
        default=row.flag("default"),
        stated_value=row.decimal("value" if is_co2 else "kgce_per_unit"),
        stated_unit=row.text("unit") if is_co2 else f"kgce/{per}",
        name_zh=row.text("name_zh"),
        name_en=row.text("name_en"),
        note="" if is_co2 else row.optional("note"),
    )


def _per_base_unit(per_unit: Decimal, multiplier: Decimal) -> Decimal:
    """Twelve decimals, far below any printed digit, so that a density's endless quotient leaves no tail."""
    value = (per_unit / multiplier).quantize(Decimal("1e-12")).normalize()
    return value if value.as_tuple().exponent in range(-12, 1) else value.quantize(Decimal(1))
