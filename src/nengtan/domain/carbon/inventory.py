"""Two inventories (碳排放清单) of one set of facts: the statutory one and the extended one, by place and by market.

The statutory boundary is that of JS/T 303-2026 as far as it is known: fuels burnt, power bought, heat bought, less what
is passed on; the extended inventory is that and everything else. What the standard leaves open is a setting, and every
result carries the settings it was made with.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from nengtan.domain.exact import kilo_to_tonne, product, total
from nengtan.domain.factors import Choice, Chooser, Confidence, Factor, Kind, NoFactor, Reason, Rule, place_level

__all__ = [
    "Adjustment", "Basis", "Factors", "Gwp", "Item", "Lack", "Line", "MarketGreen", "Negative", "Part", "Remark",
    "Result", "SecondHand", "Settings", "Side", "Source", "Supply", "Treatment", "inventory",
]  # fmt: skip


class Part(StrEnum):
    """The term of the formula a source belongs to; ``OTHER`` is outside the statutory boundary."""

    DIRECT = "direct"
    ELECTRICITY = "electricity"
    HEAT = "heat"
    OTHER = "other"


class Supply(StrEnum):
    """How power or heat came or went: 外购, 绿电直连, 绿电交易, 转供, 自发自用光伏."""

    PURCHASED = "purchased"
    DIRECT_GREEN = "direct_green"
    MARKET_GREEN = "market_green"
    PASSED_ON = "passed_on"
    OWN_PV = "own_pv"


class Basis(StrEnum):
    """Whose factor: the place's average, or what was bought on the market."""

    LOCATION = "location"
    MARKET = "market"


class Treatment(StrEnum):
    """What the rule table makes of a line: times a factor, less what is passed on, nought, or no entry at all."""

    COUNTED = "counted"
    DEDUCTED = "deducted"
    ZERO = "zero"
    NO_ENTRY = "no_entry"


class MarketGreen(StrEnum):
    """Green power of the market (绿电交易) in the statutory inventory: the place's average, or nought."""

    AVERAGE = "average"
    ZERO = "zero"


class Negative(StrEnum):
    """A term below nought, more being passed on than came in: shown as nought, or kept."""

    ZERO = "zero"
    KEEP = "keep"


class Gwp(StrEnum):
    """Assessment report of the IPCC whose hundred-year global warming potentials hold."""

    AR4 = "AR4"
    AR5 = "AR5"
    AR6 = "AR6"


class SecondHand(StrEnum):
    """Factors of extended sources that were not read in their source: used and marked, or left out."""

    USED = "used"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the standard leaves open, decided for one inventory and printed with it."""

    market_green: MarketGreen = MarketGreen.AVERAGE
    negative: Negative = Negative.ZERO
    gwp: Gwp = Gwp.AR5
    second_hand: SecondHand = SecondHand.USED


@dataclass(frozen=True, slots=True)
class Source:
    """A source of emissions: quantities in ``unit``; ``units`` holds the multiplier to it by allowed unit code.

    ``carrier`` names whose factors are chosen by place and year; ``factor`` one factor by its code, in which ``{gwp}``
    stands for the set of potentials. Neither: nobody has published one.
    """

    code: str
    part: Part
    scope: int
    unit: str
    units: Mapping[str, Decimal] = field(hash=False)
    kinds: tuple[Supply, ...] = (Supply.PURCHASED,)
    carrier: str = ""
    factor: str = ""
    name_zh: str = ""
    name_en: str = ""

    @property
    def is_statutory(self) -> bool:
        return self.part is not Part.OTHER


class Factors(Chooser, Protocol):
    """Whatever knows the factors of an inventory: by place, year and basis, and by their code."""

    def by_id(self, factor_id: str) -> Factor | None: ...


@dataclass(frozen=True, slots=True)
class Item:
    """So much of a source, in its ``unit``; of passed-on supplies the quantity is positive too.

    A quantity nobody knows is None, not nought. ``chain`` says where it was used, if not where the inventory is.
    """

    source: Source
    supply: Supply
    quantity: Decimal | None
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One line by one basis [tCO2, of extended sources tCO2e]: below nought when deducted; without factor None."""

    treatment: Treatment
    t: Decimal | None
    choice: Choice | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """All of one source and supply at one place (``chain``)."""

    source: Source
    supply: Supply
    quantity: Decimal | None
    location: Side
    market: Side
    chain: tuple[str, ...] = ()

    @property
    def statutory_t(self) -> Decimal | None:
        """Its part of the statutory total; nought of an extended source, whatever its factor."""
        return self.location.t if self.source.is_statutory else Decimal(0)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What was added to a term so that it is not below nought [t]."""

    part: Part
    basis: Basis
    t: Decimal


@dataclass(frozen=True, slots=True)
class Lack:
    """A line without a figure, so that a total is too low by it."""

    source: str
    supply: Supply
    basis: Basis
    reason: Reason


class Remark(StrEnum):
    """What a reader of the inventory has to know."""

    INCOMPLETE = "incomplete"
    EARLIER_FACTOR = "earlier_factor"
    SECOND_HAND = "second_hand"
    MARKET_GREEN_OPEN = "market_green_open"
    GREEN_NEEDS_PROOF = "green_needs_proof"
    OWN_PV = "own_pv"
    PASSED_ON_EXCEEDS = "passed_on_exceeds"
    CLAMPED = "clamped"


@dataclass(frozen=True, slots=True)
class Result:
    """Both inventories [t]. A total adds what is known; ``lacks`` says what is not; None where no line is known.

    ``parts``: terms of the statutory formula by place. ``extended_t`` is the statutory inventory and ``other_t``.
    """

    lines: tuple[Line, ...]
    parts: Mapping[Part, Decimal | None]
    statutory_t: Decimal | None
    extended_t: Decimal | None
    other_t: Decimal | None
    statutory_market_t: Decimal | None
    extended_market_t: Decimal | None
    adjustments: tuple[Adjustment, ...]
    lacks: tuple[Lack, ...]
    remarks: tuple[Remark, ...]
    settings: Settings


_STATUTORY = (Part.DIRECT, Part.ELECTRICITY, Part.HEAT)


def inventory(
    items: Iterable[Item], factors: Factors, chain: Sequence[str], year: int, settings: Settings | None = None
) -> Result:
    """Both inventories of one year at one place (``chain``: region codes, nearest first).

    ``factors`` chooses by basis ``location`` and, for what is left of the grid's power, ``market``. Raises `ValueError`
    for a quantity below nought or a kind its source does not know.

    >>> from nengtan.domain.factors import FactorLibrary
    >>> grid = Factor("H23", "H23", Kind.CO2, "electricity", "420000", 2023, Decimal("0.4044"), "kgCO2", "kWh")
    >>> power = Source("electricity", Part.ELECTRICITY, 2, "kWh", {}, tuple(Supply), "electricity")
    >>> bought = Item(power, Supply.PURCHASED, Decimal(361480))
    >>> roof = Item(power, Supply.OWN_PV, Decimal(50000))
    >>> inventory([bought, roof], FactorLibrary([grid]), ("420000", "CN"), 2023).statutory_t
    Decimal('146.1825120')
    """
    settings = settings or Settings()
    rules = _Rules(factors, year, settings)
    lines = tuple(rules.line(*key, quantity) for key, quantity in _together(items, tuple(chain)).items())
    adjustments: list[Adjustment] = []

    def terms(basis: Basis) -> dict[Part, Decimal | None]:
        found: dict[Part, Decimal | None] = {}
        for part in {line.source.part: None for line in lines}:
            sum_t = total(_side(line, basis).t for line in lines if line.source.part is part)
            if sum_t is not None and sum_t < 0 and settings.negative is Negative.ZERO:
                adjustments.append(Adjustment(part, basis, -sum_t))
                sum_t = Decimal(0)
            found[part] = sum_t
        return found

    location, market = terms(Basis.LOCATION), terms(Basis.MARKET)
    return Result(
        lines=lines,
        parts={part: _sum(location, (part,)) for part in _STATUTORY},
        statutory_t=_sum(location, _STATUTORY),
        extended_t=_sum(location, tuple(Part)),
        other_t=_sum(location, (Part.OTHER,)),
        statutory_market_t=_sum(market, _STATUTORY),
        extended_market_t=_sum(market, tuple(Part)),
        adjustments=tuple(adjustments),
        lacks=tuple(_lacks(lines)),
        remarks=tuple(_remarks(lines, adjustments)),
        settings=settings,
    )


def _sum(terms: Mapping[Part, Decimal | None], parts: Sequence[Part]) -> Decimal | None:
    """What terms come to: nought where the facts hold no such source, None where they do and nothing is known."""
    held = [terms[part] for part in parts if part in terms]
    return total(held) if held else Decimal(0)


Place = tuple[str, ...]


def _together(items: Iterable[Item], chain: Place) -> dict[tuple[Source, Supply, Place], Decimal | None]:
    found: dict[tuple[Source, Supply, Place], Decimal | None] = {}
    for item in items:
        if item.quantity is not None and item.quantity < 0:
            raise ValueError(f"{item.source.code}: {item.quantity} is below 0")
        if item.supply not in item.source.kinds:
            raise ValueError(f"{item.source.code} is never {item.supply}")
        key = item.source, item.supply, item.chain or chain
        found[key] = total((found.get(key), item.quantity))
    return found


class _Rules:
    """The rule table, in one year."""

    def __init__(self, factors: Factors, year: int, settings: Settings) -> None:
        self.factors, self.year, self.settings = factors, year, settings

    def line(self, source: Source, supply: Supply, chain: Place, quantity: Decimal | None) -> Line:
        location, market = (self._side(source, supply, chain, quantity, basis) for basis in Basis)
        return Line(source, supply, quantity, location, market, chain)

    def _side(self, source: Source, supply: Supply, chain: Place, quantity: Decimal | None, basis: Basis) -> Side:
        green = self.settings.market_green is MarketGreen.ZERO or basis is Basis.MARKET
        if supply is Supply.OWN_PV:
            return Side(Treatment.NO_ENTRY, Decimal(0))
        if supply is Supply.DIRECT_GREEN or (supply is Supply.MARKET_GREEN and green):
            return Side(Treatment.ZERO, Decimal(0))
        treatment = Treatment.DEDUCTED if supply is Supply.PASSED_ON else Treatment.COUNTED
        found = self._factor(source, chain, basis)
        if isinstance(found, NoFactor):
            return Side(treatment, None, reason=found.reason)
        if quantity is None:
            return Side(treatment, None, found, Reason.NO_QUANTITY)
        signed = -quantity if treatment is Treatment.DEDUCTED else quantity
        return Side(treatment, kilo_to_tonne(product(signed, found.factor.value)), found)

    def _factor(self, source: Source, chain: Place, basis: Basis) -> Choice | NoFactor:
        if source.factor:
            return self._named(source.factor.format(gwp=self.settings.gwp), source, chain)
        if not source.carrier:
            return NoFactor(Reason.NO_FACTOR_FOR_CARRIER)
        return self.factors.choose(Kind.CO2, source.carrier, chain, self.year, basis)

    def _named(self, code: str, source: Source, chain: Place) -> Choice | NoFactor:
        """A factor by its code; of national ones none outside the nation, of a year none before it."""
        factor = self.factors.by_id(code)
        left_out = self.settings.second_hand is SecondHand.LEFT_OUT and not source.is_statutory
        if factor is None or (left_out and factor.confidence is Confidence.GENERAL_KNOWLEDGE):
            return NoFactor(Reason.NO_FACTOR_FOR_CARRIER)
        if factor.region not in chain:
            return NoFactor(Reason.NO_FACTOR_FOR_PLACE)
        if factor.year is not None and factor.year > self.year:
            return NoFactor(Reason.ONLY_LATER_YEARS)
        rule = Rule.ALWAYS if factor.year is None else Rule.LATEST_EARLIER
        return Choice(factor, Rule.EXACT_YEAR if factor.year == self.year else rule, place_level(factor.region))


def _side(line: Line, basis: Basis) -> Side:
    return line.location if basis is Basis.LOCATION else line.market


def _lacks(lines: Iterable[Line]) -> Iterable[Lack]:
    for line in lines:
        for basis in Basis:
            reason = _side(line, basis).reason
            if reason is not None:
                yield Lack(line.source.code, line.supply, basis, reason)


def _remarks(lines: Sequence[Line], adjustments: Sequence[Adjustment]) -> Iterable[Remark]:
    kinds = {line.supply for line in lines}
    choices = [side.choice for line in lines for side in (line.location, line.market) if side.choice]
    unread = [choice for choice in choices if choice.factor.confidence is Confidence.GENERAL_KNOWLEDGE]
    told: list[tuple[Remark, Callable[[], bool]]] = [
        (Remark.INCOMPLETE, lambda: any(line.location.reason for line in lines)),
        (Remark.EARLIER_FACTOR, lambda: any(not choice.exact for choice in choices)),
        (Remark.SECOND_HAND, lambda: bool(unread)),
        (Remark.MARKET_GREEN_OPEN, lambda: Supply.MARKET_GREEN in kinds),
        (Remark.GREEN_NEEDS_PROOF, lambda: bool(kinds & {Supply.MARKET_GREEN, Supply.DIRECT_GREEN})),
        (Remark.OWN_PV, lambda: Supply.OWN_PV in kinds),
        (Remark.PASSED_ON_EXCEEDS, lambda: any(_exceeds(lines, part) for part in (Part.ELECTRICITY, Part.HEAT))),
        (Remark.CLAMPED, lambda: bool(adjustments)),
    ]
    return [remark for remark, holds in told if holds()]


def _exceeds(lines: Iterable[Line], part: Part) -> bool:
    """More of it was passed on than came in, self-generated power included."""
    here = [line for line in lines if line.source.part is part]
    out = total(line.quantity for line in here if line.supply is Supply.PASSED_ON) or Decimal(0)
    came = total(line.quantity for line in here if line.supply is not Supply.PASSED_ON) or Decimal(0)
    return out > came
