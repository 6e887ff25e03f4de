"""Sources of the carbon inventories, factors of both bases, and what is often taken for a factor, as shipped."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from nengtan.domain.carbon.claims import Mistake, Use
from nengtan.domain.carbon.inventory import Part, Source, Supply
from nengtan.domain.factors import Factor, FactorLibrary, Kind
from nengtan.domain.sheets.words import fold
from nengtan.reference._carriers import carriers, units
from nengtan.reference._factors import PublishedFactor, factors, published_factors
from nengtan.reference._rows import ReferenceDataError, Row, rows
from nengtan.reference.words import sheet_words

__all__ = [
    "QualityGrade",
    "carbon_grades",
    "carbon_library",
    "carbon_library_of",
    "carbon_source_of_word",
    "carbon_sources",
    "carbon_unit",
    "claim_mistakes",
    "power_factors",
    "power_factors_of",
]

_FILE = "carbon_sources.csv"
_STATED = re.compile(r"(?P<weight>kg|t)CO2e?/(?P<per>[\w-]+)")


@cache
def carbon_sources() -> Mapping[str, Source]:
    """Every source an inventory may hold, by code; what is statutory is said by its part.

    >>> carbon_sources()["electricity"].is_statutory, carbon_sources()["r410a"].is_statutory
    (True, False)
    """
    return MappingProxyType({row.text("code"): _source(row) for row in rows(_FILE)})


def _source(row: Row) -> Source:
    code, carrier = row.text("code"), row.optional("carrier")
    of = row.optional("units_of") or carrier
    held = carriers()[row.one_of("units_of" if row.optional("units_of") else "carrier", carriers())] if of else None
    named = carriers().get(code)
    row.text("source")
    row.confidence()
    return Source(
        code=code,
        part=Part(row.one_of("part", list(Part))),
        scope=int(row.one_of("scope", ("1", "2", "3"))),
        unit=held.unit if held else row.text("unit"),
        units=MappingProxyType(dict(held.units) if held else _alike(row.text("unit"))),
        kinds=tuple(Supply(kind) for kind in row.text("kinds").split("|")),
        carrier=carrier,
        factor=row.optional("factor"),
        name_zh=row.optional("name_zh") or (named.name_zh if named else row.text("name_zh")),
        name_en=row.optional("name_en") or (named.name_en if named else row.text("name_en")),
    )


def _alike(unit: str) -> dict[str, Decimal]:
    """Multipliers to a unit from those of its dimension; a unit of no other use stands alone."""
    base = units().get(unit)
    if base is None or not base.scale:
        return {unit: Decimal(1)}
    alike = (one for one in units().values() if one.dimension == base.dimension and one.scale)
    return {one.code: one.scale / base.scale for one in alike if one.scale}


@cache
def _words() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for row in rows(_FILE):
        own = [row.text("code"), row.optional("name_zh"), row.optional("name_en"), *row.optional("words").split("|")]
        for word in filter(None, map(fold, own)):
            if found.setdefault(word, row.text("code")) != row.text("code"):
                raise ReferenceDataError(_FILE, row.number, "words", word, "a word no other source has")
    known = {word: code for word, code in sheet_words().carriers.items() if code in carbon_sources()}
    return MappingProxyType(known | found)


def carbon_source_of_word(text: str) -> Source | None:
    """The source a person's word names, None when nobody knows it.

    >>> carbon_source_of_word("R-410A").code, carbon_source_of_word("\u5929\u7136\u6c14").code
    ('r410a', 'natural_gas')
    >>> carbon_source_of_word("wood") is None
    True
    """
    code = _words().get(fold(text))
    return carbon_sources()[code] if code else None


@cache
def _unit_words() -> Mapping[str, Mapping[str, str]]:
    return {
        row.text("code"): {fold(word): row.text("unit") for word in row.optional("unit_words").split("|")}
        for row in rows(_FILE)
        if row.optional("unit_words")
    }


def carbon_unit(source: Source, text: str) -> str | None:
    """The unit code a spelling names, allowed for the source or not; None when nobody knows it.

    >>> carbon_unit(carbon_sources()["metro"], "person-km"), carbon_unit(carbon_sources()["heat"], "GJ")
    ('pkm', 'GJ')
    """
    own = _unit_words().get(source.code, {}).get(fold(text))
    return own or (text if text in units() else sheet_words().units.get(fold(text)))


@cache
def carbon_library() -> FactorLibrary:
    """Factors of inventories: the shipped ones, what is left of the grid's power by basis ``market``, and those of no
    carrier by their code, in kilograms per unit of their source.

    >>> carbon_library().choose(Kind.CO2, "electricity", ("420000", "CN"), 2023, "market").factor.value
    Decimal('0.6096')
    """
    return carbon_library_of(factors())


def carbon_library_of(held: Iterable[Factor]) -> FactorLibrary:
    """The same of an installation's own factors of carriers."""
    known = [replace(factor, default=True) if _use(factor) is Use.RESIDUAL else factor for factor in held]
    codes = {factor.id for factor in known}
    others = [row for row in published_factors() if not row.carrier and row.code not in codes]
    return FactorLibrary([*known, *filter(None, map(_of_no_carrier, others))])


def _of_no_carrier(row: PublishedFactor) -> Factor | None:
    stated = _STATED.fullmatch(row.unit)
    if stated is None:  # a reduction, not an emission
        return None
    return Factor(
        id=row.code,
        code=row.code,
        kind=Kind.CO2,
        carrier=row.category,
        region=row.region,
        year=row.year,
        value=row.value * (1000 if stated["weight"] == "t" else 1),
        unit="kgCO2e" if row.unit.split("/")[0].endswith("e") else "kgCO2",
        per_unit=stated["per"],
        basis="none",
        source=row.source,
        url=row.url,
        confidence=row.confidence,
        default=False,
        stated_value=row.value,
        stated_unit=row.unit,
        name_zh=row.name_zh,
        name_en=row.name_en,
    )


@cache
def power_factors() -> tuple[tuple[Factor, Use], ...]:
    """Every shipped CO2 factor of power with what it is for."""
    return power_factors_of(factors())


def power_factors_of(held: Iterable[Factor]) -> tuple[tuple[Factor, Use], ...]:
    """The same of an installation's own factors, less those added there and retired again."""
    return tuple(
        (factor, use)
        for factor in held
        if (use := _use(factor)) is not None and not (factor.added_by and factor.superseded_on)
    )


def _use(factor: Factor) -> Use | None:
    """What a factor of power is for, shipped ones by their code, added ones by their basis; None of any other."""
    if factor.kind is not Kind.CO2 or factor.carrier != "electricity":
        return None
    added = {"market": Use.RESIDUAL, "fossil": Use.FOSSIL}.get(factor.basis, Use.AVERAGE)
    return next((use for prefix, use in _uses() if factor.code.startswith(prefix)), added)


@cache
def _uses() -> tuple[tuple[str, Use], ...]:
    return tuple((row.text("code"), Use(row.one_of("use", list(Use)))) for row in rows("factor_uses.csv"))


@cache
def claim_mistakes() -> tuple[Mistake, ...]:
    """Figures often taken for a factor of power.

    >>> [one.code for one in claim_mistakes()][:2]
    ['coal_44_12', 'folk_997']
    """
    return tuple(
        Mistake(row.text("code"), row.quotient("factor"), tuple(row.text("terms").split("|")))
        for row in rows("claim_mistakes.csv")
    )


@dataclass(frozen=True, slots=True)
class QualityGrade:
    """How well an activity figure is known: where it came from, and the half-width taken for it [share]."""

    code: str
    origins: tuple[str, ...]
    half_width: Decimal
    name_zh: str
    name_en: str


@cache
def carbon_grades() -> Mapping[str, QualityGrade]:
    """Grades of activity data, the best first.

    >>> {code: str(grade.half_width) for code, grade in carbon_grades().items()}
    {'A': '0.02', 'B': '0.05', 'C': '0.10', 'D': '0.30'}
    """
    return MappingProxyType(
        {
            row.text("code"): QualityGrade(
                row.text("code"),
                tuple(row.text("origins").split("|")),
                row.decimal("half_width_percent").scaleb(-2),
                row.text("name_zh"),
                row.text("name_en"),
            )
            for row in rows("carbon_grades.csv")
        }
    )
