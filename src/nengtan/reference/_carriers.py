"""Carriers and units as shipped."""

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from nengtan.domain.carriers import Carrier, Carriers, Category, Unit
from nengtan.reference._rows import ReferenceDataError, Row, rows

__all__ = ["carriers", "normal_spelling", "unit_of_spelling", "unit_spellings", "units"]


@cache
def units() -> Mapping[str, Unit]:
    """All units by code: of carriers, money, area and persons."""
    return MappingProxyType({row.text("code"): _unit(row) for row in rows("units.csv")})


def _unit(row: Row) -> Unit:
    row.text("source")
    row.confidence()
    return Unit(
        code=row.text("code"),
        symbol=row.text("symbol"),
        dimension=row.text("dimension"),
        name_zh=row.text("name_zh"),
        name_en=row.text("name_en"),
        scale=row.decimal("scale"),
        spellings=tuple(row.text("spellings").split("|")),
    )


def normal_spelling(text: str) -> str:
    """A spelling without width, case, superscripts and spaces, as the table of spellings keeps it."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@cache
def unit_spellings() -> Mapping[str, str]:
    """Unit code by normal spelling; one spelling never names two units."""
    found: dict[str, str] = {}
    for row in rows("units.csv"):
        code = row.text("code")
        for spelling in (code, row.text("symbol"), *row.text("spellings").split("|")):
            if found.setdefault(normal_spelling(spelling), code) != code:
                raise ReferenceDataError(row.file, row.number, "spellings", spelling, "a spelling no other unit has")
    return MappingProxyType(found)


def unit_of_spelling(text: str) -> str | None:
    """The unit code a person's spelling names, None when nobody knows it.

    >>> unit_of_spelling("万千瓦时"), unit_of_spelling("furlong")
    ('10MWh', None)
    """
    return unit_spellings().get(normal_spelling(text))


@cache
def _multipliers() -> Mapping[str, Mapping[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = {}
    for row in rows("carrier_units.csv"):
        row.text("source")
        row.confidence()
        of_carrier = found.setdefault(row.text("carrier"), {})
        unit = row.one_of("unit", units())
        if unit in of_carrier:
            raise row.wrong("unit", "each unit of a carrier once")
        of_carrier[unit] = row.quotient("multiplier")
    return found


@cache
def carriers() -> Carriers:
    """All carriers, in display order.

    >>> carriers()["natural_gas"].unit
    'm3'
    """
    loaded = [_carrier(row) for row in rows("carriers.csv")]
    unknown = _multipliers().keys() - {carrier.code for carrier in loaded}
    if unknown:
        raise ReferenceDataError("carrier_units.csv", 0, "carrier", sorted(unknown), "codes of carriers.csv")
    return Carriers(loaded)


def _carrier(row: Row) -> Carrier:
    row.text("source")
    row.confidence()
    code, unit = row.text("code"), row.one_of("unit", units())
    multipliers = _multipliers().get(code, {})
    if multipliers.get(unit) != 1:
        raise row.wrong("unit", "a base unit that carrier_units.csv lists with multiplier 1")
    return Carrier(
        code=code,
        name_zh=row.text("name_zh"),
        name_en=row.text("name_en"),
        unit=unit,
        category=Category(row.one_of("category", [str(category) for category in Category])),
        scope={"": None, "1": 1, "2": 2}[row.one_of("scope", ("", "1", "2"))],
        units=MappingProxyType(dict(multipliers)),
        colour=row.text("colour"),
        indicator_zh=row.text("indicator_zh"),
        indicator_en=row.text("indicator_en"),
    )
