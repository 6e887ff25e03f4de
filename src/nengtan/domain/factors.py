"""Versioned conversion factors and the one rule that chooses among them.

Place first: the nearest place (district, city, province, grid, nation) that has any factor usable in the activity year.
Then time: the factor of that year, else the latest earlier one, else one that holds always. A later year is never
borrowed; a factor that is not a default is never chosen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

__all__ = [
    "ANY_BASIS",
    "Choice",
    "Chooser",
    "Confidence",
    "Factor",
    "FactorLibrary",
    "Kind",
    "NoFactor",
    "PlaceLevel",
    "Reason",
    "Rule",
    "choose",
    "place_level",
]

ANY_BASIS = "any"


class Kind(StrEnum):
    """What a factor turns a quantity into: coal equivalent 当量值, coal equivalent 等价值, carbon dioxide."""

    COAL_EQUIVALENT = "coal_equivalent"
    COAL_EQUIVALENT_PRIMARY = "coal_equivalent_primary"
    CO2 = "co2"


class Confidence(StrEnum):
    VERIFIED = "verified"
    GENERAL_KNOWLEDGE = "general-knowledge"
    DERIVED = "derived"
    LOCAL = "local"


class Rule(StrEnum):
    """How the year of a chosen factor relates to the activity year."""

    EXACT_YEAR = "exact_year"
    LATEST_EARLIER = "latest_earlier"
    ALWAYS = "always"


class Reason(StrEnum):
    """Why a figure has no factor, or a line no value."""

    NO_FACTOR_FOR_CARRIER = "no_factor_for_carrier"
    NO_FACTOR_FOR_PLACE = "no_factor_for_place"
    ONLY_LATER_YEARS = "only_later_years"
    NO_QUANTITY = "no_quantity"


class PlaceLevel(StrEnum):
    LOCAL = "local"
    DISTRICT = "district"
    CITY = "city"
    PROVINCE = "province"
    GRID = "grid"
    NATION = "nation"


@dataclass(frozen=True, slots=True)
class Factor:
    """A conversion factor (折算系数 / 排放因子): ``value`` in ``unit`` (kgce, kgCO2) per base unit of the carrier.

    ``stated_value`` and ``stated_unit`` keep what the source prints. ``year`` is the data year, None when it holds
    always.
    """

    id: str
    code: str
    kind: Kind
    carrier: str
    region: str
    year: int | None
    value: Decimal
    unit: str
    per_unit: str
    basis: str = ANY_BASIS
    published_on: date | None = None
    usable_from: date | None = None
    superseded_on: date | None = None
    source: str = ""
    url: str = ""
    confidence: Confidence = Confidence.VERIFIED
    default: bool = True
    added_by: str | None = None
    version: int = 1
    stated_value: Decimal | None = None
    stated_unit: str = ""
    name_zh: str = ""
    name_en: str = ""
    note: str = ""

    def is_usable(self, basis: str, as_of: date | None = None) -> bool:
        """A default of this basis that has not been superseded (on ``as_of`` when a day is given)."""
        if not self.default or self.basis not in (basis, ANY_BASIS):
            return False
        if as_of is None:
            return self.superseded_on is None
        begun = self.usable_from is None or self.usable_from <= as_of
        return begun and (self.superseded_on is None or as_of < self.superseded_on)


@dataclass(frozen=True, slots=True)
class Choice:
    """The factor chosen, by which rule of time, from which level of place."""

    factor: Factor
    rule: Rule
    place_level: PlaceLevel

    @property
    def exact(self) -> bool:
        """False when an earlier year's factor had to serve, which must be said beside the figure."""
        return self.rule is not Rule.LATEST_EARLIER


@dataclass(frozen=True, slots=True)
class NoFactor:
    reason: Reason


class Chooser(Protocol):
    """Whatever can choose a factor: the library, or a closed year that holds its frozen ones."""

    def choose(
        self, kind: Kind, carrier: str, chain: Sequence[str], year: int, basis: str = "location"
    ) -> Choice | NoFactor: ...


def place_level(region: str) -> PlaceLevel:
    """The level of place a region code stands for; a code that is not of GB/T 2260 is local.

    >>> [str(place_level(code)) for code in ("420106", "420100", "420000", "GRID_CC", "CN", "GB-CAM")]
    ['district', 'city', 'province', 'grid', 'nation', 'local']
    """
    if region == "CN":
        return PlaceLevel.NATION
    if region.startswith("GRID_"):
        return PlaceLevel.GRID
    if len(region) != 6 or not region.isdecimal():
        return PlaceLevel.LOCAL
    if region.endswith("0000"):
        return PlaceLevel.PROVINCE
    return PlaceLevel.CITY if region.endswith("00") else PlaceLevel.DISTRICT


def choose(
    factors: Iterable[Factor],
    kind: Kind,
    carrier: str,
    chain: Sequence[str],
    year: int,
    basis: str = "location",
    as_of: date | None = None,
) -> Choice | NoFactor:
    """Choose a factor for a carrier, a chain of places (nearest first) and an activity year.

    >>> def grid(region, year, value):
    ...     return Factor(f"{region}_{year}", "", Kind.CO2, "electricity", region, year, Decimal(value), "kgCO2", "kWh")
    >>> known = [grid("420000", 2021, "0.3672"), grid("420000", 2022, "0.4364"), grid("CN", 2023, "0.5306")]
    >>> wuchang = ("420106", "420100", "420000", "GRID_CC", "CN")
    >>> found = choose(known, Kind.CO2, "electricity", wuchang, 2023)
    >>> found.factor.id, str(found.rule), str(found.place_level), found.exact
    ('420000_2022', 'latest_earlier', 'province', False)
    >>> choose(known, Kind.CO2, "electricity", ("GB-CAM",), 2023).reason
    <Reason.NO_FACTOR_FOR_PLACE: 'no_factor_for_place'>
    """
    relevant = [f for f in factors if f.kind == kind and f.carrier == carrier and f.is_usable(basis, as_of)]
    if not relevant:
        return NoFactor(Reason.NO_FACTOR_FOR_CARRIER)
    only_later = False
    for place in chain:
        here = [factor for factor in relevant if factor.region == place]
        best = _best_in_time(here, year)
        if best is not None:
            return Choice(best, _rule(best, year), place_level(place))
        only_later = only_later or bool(here)
    return NoFactor(Reason.ONLY_LATER_YEARS if only_later else Reason.NO_FACTOR_FOR_PLACE)


def _best_in_time(factors: Iterable[Factor], year: int) -> Factor | None:
    usable = [factor for factor in factors if factor.year is None or factor.year <= year]
    return max(usable, key=_preference, default=None)


def _preference(factor: Factor) -> tuple[int, bool, int, date, str]:
    """Newest data year first; of one year an administrator's factor before a shipped one, then the newest version."""
    return (factor.year or 0, factor.added_by is not None, factor.version, factor.published_on or date.min, factor.id)


def _rule(factor: Factor, year: int) -> Rule:
    if factor.year is None:
        return Rule.ALWAYS
    return Rule.EXACT_YEAR if factor.year == year else Rule.LATEST_EARLIER


class FactorLibrary:
    """All factor versions, indexed; a repeated question is answered from memory.

    >>> heat = Factor("HEAT", "HEAT", Kind.CO2, "heat", "CN", None, Decimal("110"), "kgCO2", "GJ")
    >>> library = FactorLibrary([heat])
    >>> library.choose(Kind.CO2, "heat", ("420000", "CN"), 2023).factor.value
    Decimal('110')
    >>> library.by_id("HEAT") is heat
    True
    """

    def __init__(self, factors: Iterable[Factor], as_of: date | None = None) -> None:
        self._factors = tuple(factors)
        self._as_of = as_of
        self._by_id = {factor.id: factor for factor in self._factors}
        self._by_carrier: dict[tuple[Kind, str], list[Factor]] = {}
        for factor in self._factors:
            self._by_carrier.setdefault((factor.kind, factor.carrier), []).append(factor)
        self._chosen: dict[tuple[Kind, str, tuple[str, ...], int, str], Choice | NoFactor] = {}

    def __iter__(self) -> Iterator[Factor]:
        return iter(self._factors)

    def __len__(self) -> int:
        return len(self._factors)

    def by_id(self, factor_id: str) -> Factor | None:
        return self._by_id.get(factor_id)

    def of(self, kind: Kind, carrier: str) -> tuple[Factor, ...]:
        """Every version of one kind and carrier, chosen by default or not."""
        return tuple(self._by_carrier.get((kind, carrier), ()))

    def choose(
        self, kind: Kind, carrier: str, chain: Sequence[str], year: int, basis: str = "location"
    ) -> Choice | NoFactor:
        """As the function ``choose``, over this library; the answer is kept."""
        question = (kind, carrier, tuple(chain), year, basis)
        answer = self._chosen.get(question)
        if answer is None:
            answer = choose(self.of(kind, carrier), kind, carrier, chain, year, basis, self._as_of)
            self._chosen[question] = answer
        return answer
