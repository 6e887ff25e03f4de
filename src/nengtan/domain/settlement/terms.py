"""A case (结算资料): what a contract says and what a year brought, as flat tables; a workbook has one sheet for each.

Rows speak of an account, a carrier of a site (用能单位). Of adjustments, drivers and events a blank site or carrier
means all of them. Money is CNY, a share 0.06 is six per cent, days are the first and the last that count.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, MISSING, dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

__all__ = [
    "Account", "Adjustment", "AdvanceWeight", "Band", "Baseline", "BaselineYear", "Beyond", "Case", "Contract", "Cost",
    "CostKind", "Discount", "Driver", "DriverValue", "Event", "Extra", "Guarantee", "GuaranteedUse", "Index", "Kind",
    "Ladder", "Lease", "Measure", "Payment", "Period", "Price", "PriceRule", "Reopening", "Rule", "Service", "Share",
    "Tax", "Tier", "Use",
]  # fmt: skip


class Kind(StrEnum):
    """Forms of energy performance contracting (GB/T 24915-2020): 能源费用托管、节能效益分享、节能量保证、融资租赁."""

    TRUSTEESHIP = "trusteeship"
    SHARED_SAVINGS = "shared_savings"
    GUARANTEE = "guarantee"
    LEASE = "lease"


class Rule(StrEnum):
    """Which years make the baseline; ``AUTOMATIC`` as JS/T 301-2024, 4.3 is known: see `baselines`."""

    LATEST_YEAR = "latest_year"
    THREE_YEAR_MEAN = "three_year_mean"
    AUTOMATIC = "automatic"
    DECISION = "decision"


class Driver(StrEnum):
    """What moves use, in the order in which adjustments are made."""

    WEATHER = "weather"
    AREA = "area"
    PERSONS = "persons"
    HOURS = "hours"
    VOLUME = "volume"
    EQUIPMENT = "equipment"
    OTHER = "other"


class Beyond(StrEnum):
    """What counts once a change is beyond its dead band: all of it, or what is beyond."""

    WHOLE = "whole"
    EXCESS = "excess"


class PriceRule(StrEnum):
    """Who bears the price: fixed by contract, what the supplier asks, or by an index."""

    FIXED = "fixed"
    PASS_THROUGH = "pass_through"
    INDEXED = "indexed"


class CostKind(StrEnum):
    """What the company paid."""

    ENERGY = "energy"
    UPKEEP = "upkeep"


class Measure(StrEnum):
    """What a ladder of deductions looks at.

    Too little of it costs a share of the fee: ``comfort`` (share of occupied time within limits), ``saving_share``
    (saved over adjusted baseline, computed). Too much costs so much a case: the others.
    """

    COMFORT = "comfort"
    SAVING_SHARE = "saving_share"
    LATE_RESPONSES = "late_responses"
    OUTAGE_HOURS = "outage_hours"
    COMPLAINTS = "complaints"


class Tax(StrEnum):
    """Whether the sums of the contract hold the tax, bear it on top, or are free of it."""

    INCLUDED = "included"
    ADDED = "added"
    EXEMPT = "exempt"


def _number(
    default: Any = MISSING, *, least: str | None = None, most: str | None = None, above: str | None = None
) -> Any:
    """A field of a number within limits; the decoder holds them."""
    limits = {"least": least, "most": most, "above": above}
    metadata = {name: Decimal(text) for name, text in limits.items() if text is not None}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def _amount(default: Any = MISSING) -> Any:
    return _number(default, least="0")


def _share(default: Any = MISSING) -> Any:
    return _number(default, least="0", most="1")


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract. ``year_one``: first day of the first year settled, the term's first unless told otherwise.

    ``base_fee`` [CNY a year]: the fee for energy as agreed, in place of baseline times price. ``upkeep_fee`` [CNY a
    year]: operation and maintenance, by the index ``upkeep_index`` where one is named. ``promised_share``: of the
    adjusted baseline to be saved. ``most_deduction``: share of the fee at most deducted.
    """

    number: str
    kind: Kind
    starts: date
    ends: date
    _: KW_ONLY
    title: str = ""
    client: str = ""
    company: str = ""
    version: str = "1"
    year_one: date | None = None
    base_fee: Decimal | None = _amount(None)
    base_fee_clause: str = ""
    upkeep_fee: Decimal = _amount(Decimal(0))
    upkeep_index: str = ""
    upkeep_clause: str = ""
    promised_share: Decimal | None = _share(None)
    most_deduction: Decimal = _share(Decimal(1))
    deduction_clause: str = ""
    tax: Tax = Tax.INCLUDED
    tax_rate: Decimal = _number(Decimal(0), least="0", most="0.5")
    tax_clause: str = ""
    advance_share: Decimal = _share(Decimal(1))
    advance_clause: str = ""
    factor_places: int = _number(6, least="2", most="10")
    use_places: int = _number(2, least="0", most="6")


@dataclass(frozen=True, slots=True)
class Period:
    """The year settled: first and last day."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Account:
    """A carrier of a site and its price: ``base_price`` [CNY a unit] of the contract, and who bears a change."""

    site: str
    carrier: str
    unit: str
    base_price: Decimal = _amount()
    _: KW_ONLY
    price_rule: PriceRule = PriceRule.FIXED
    price_index: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A version of an account's baseline rule, from the day it holds.

    ``within``: how far the years may lie from their mean for it to be taken; ``both``: what is taken where use fell
    every year and the years are within it too, which the standard as we know it leaves open.
    """

    site: str
    carrier: str
    version: str
    holds_from: date
    rule: Rule
    _: KW_ONLY
    within: Decimal = _share(Decimal("0.10"))
    both: Rule = Rule.DECISION
    decided_use: Decimal | None = _amount(None)
    decided_by: str = ""
    decided_on: date | None = None
    evidence: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class BaselineYear:
    """What an account used in a year before the project."""

    site: str
    carrier: str
    year: int = _number(least="1990", most="2100")
    use: Decimal = _amount()
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A routine adjustment (常规调整): ``base`` is the driver in the baseline year.

    ``weight``: of weather, the share of use that follows it; of others the elasticity, 1 for use in proportion. A
    change of at most ``dead_band`` (a share) is none.
    """

    site: str
    carrier: str
    driver: Driver
    weight: Decimal = _share()
    base: Decimal = _number(Decimal(1), above="0")
    _: KW_ONLY
    dead_band: Decimal = _share(Decimal(0))
    beyond: Beyond = Beyond.WHOLE
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Discount:
    """The discount on energy promised to the client, from a year of the contract on."""

    from_year: int = _number(least="1", most="50")
    share: Decimal = _share()
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """The company's share of savings above so much [CNY] in the year, from a year of the contract on."""

    from_year: int = _number(least="1", most="50")
    above: Decimal = _amount()
    company_share: Decimal = _share()
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    """The client's share of a surplus or an over-run beyond a share of the fee."""

    above: Decimal = _amount()
    client_share: Decimal = _share()
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """Savings the company answers for: a share of the adjusted baseline at its price, or the amounts of
    `GuaranteedUse`. ``fee`` [CNY a year] is due when they are reached, ``excess_share`` of what is saved beyond is the
    company's; compensation is at most ``most`` [CNY].
    """

    share: Decimal | None = _share(None)
    fee: Decimal = _amount(Decimal(0))
    excess_share: Decimal = _share(Decimal(0))
    most: Decimal | None = _amount(None)
    clause: str = ""


@dataclass(frozen=True, slots=True)
class GuaranteedUse:
    """How much of an account is guaranteed to be saved in a year, in its unit."""

    site: str
    carrier: str
    use: Decimal = _amount()
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """Rent in arrears as an annuity: ``principal`` [CNY] at ``rate`` a period over ``periods`` of ``months`` each."""

    principal: Decimal = _number(above="0")
    rate: Decimal = _number(least="0", most="1")
    periods: int = _number(least="1", most="600")
    months: int = _number(least="1", most="12")
    _: KW_ONLY
    first_due: date
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """A step of deductions: with less than ``limit`` a ``share`` of the fee; beyond it ``per_case`` [CNY] each."""

    measure: Measure
    limit: Decimal = _amount()
    share: Decimal = _share(Decimal(0))
    per_case: Decimal = _amount(Decimal(0))
    clause: str = ""


@dataclass(frozen=True, slots=True)
class AdvanceWeight:
    """What part of the year's advances a month has; without any they are equal."""

    month: int = _number(least="1", most="12")
    weight: Decimal = _amount()


@dataclass(frozen=True, slots=True)
class Use:
    """What a meter measured over some days: ``use``, or (``end`` less ``start``) times ``ratio``."""

    site: str
    carrier: str
    meter: str
    first: date
    last: date
    _: KW_ONLY
    start: Decimal | None = _amount(None)
    end: Decimal | None = _amount(None)
    ratio: Decimal = _number(Decimal(1), above="0")
    use: Decimal | None = None
    evidence: str


@dataclass(frozen=True, slots=True)
class Price:
    """The price of the year: ``price`` [CNY a unit], or bills less penalties (力调、超限额) by what they bill."""

    site: str
    carrier: str
    _: KW_ONLY
    price: Decimal | None = _amount(None)
    billed: Decimal | None = _amount(None)
    penalties: Decimal = _amount(Decimal(0))
    quantity: Decimal | None = _number(None, above="0")
    evidence: str


@dataclass(frozen=True, slots=True)
class Index:
    """An index of the year over its base, such as of wages: 1.03 is three per cent up."""

    code: str
    value: Decimal = _number(above="0")
    _: KW_ONLY
    evidence: str


@dataclass(frozen=True, slots=True)
class DriverValue:
    """A driver from a day on, until the next day told of. Of weather: what the model says of this year over the base.

    ``explains``: other drivers the weather model already accounts for.
    """

    site: str
    carrier: str
    driver: Driver
    since: date
    value: Decimal = _amount()
    _: KW_ONLY
    explains: tuple[Driver, ...] = ()
    evidence: str


@dataclass(frozen=True, slots=True)
class Event:
    """A non-routine change (非常规调整): ``use`` more or less [unit of the carrier], or ``kw`` x ``hours`` x ``load``.

    Counts only where both parties have confirmed it. ``driver``: what it comes from.
    """

    code: str
    site: str
    carrier: str
    since: date
    _: KW_ONLY
    title: str = ""
    driver: Driver = Driver.EQUIPMENT
    use: Decimal | None = None
    kw: Decimal | None = None
    hours: Decimal | None = _amount(None)
    load: Decimal | None = _share(None)
    by_client: bool = False
    by_company: bool = False
    evidence: str
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """The 90% band of an account's avoided use, as the model tells it."""

    site: str
    carrier: str
    low: Decimal
    high: Decimal
    evidence: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What the company paid in the year [CNY]."""

    kind: CostKind
    amount: Decimal = _amount()
    _: KW_ONLY
    evidence: str


@dataclass(frozen=True, slots=True)
class Service:
    """What a measure of service came to in the year."""

    measure: Measure
    value: Decimal = _amount()
    _: KW_ONLY
    evidence: str


@dataclass(frozen=True, slots=True)
class Extra:
    """A sum on its own: a reward, a penalty below nought, a single item [CNY]."""

    code: str
    amount: Decimal
    evidence: str
    title: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """What the client has paid for the year [CNY]; what was paid back is below nought."""

    on: date
    amount: Decimal
    evidence: str


@dataclass(frozen=True, slots=True)
class Reopening:
    """An earlier settlement of this year that is settled anew: its hash of inputs, and what it came to [CNY]."""

    of: str
    due: Decimal
    reason: str
    by: str
    on: date
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a settlement needs."""

    contract: Contract
    period: Period
    accounts: tuple[Account, ...]
    baselines: tuple[Baseline, ...] = ()
    baseline_years: tuple[BaselineYear, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    discounts: tuple[Discount, ...] = ()
    sharing: tuple[Share, ...] = ()
    surplus: tuple[Tier, ...] = ()
    overrun: tuple[Tier, ...] = ()
    guarantee: Guarantee | None = None
    guaranteed: tuple[GuaranteedUse, ...] = ()
    lease: Lease | None = None
    ladders: tuple[Ladder, ...] = ()
    advances: tuple[AdvanceWeight, ...] = ()
    uses: tuple[Use, ...] = ()
    prices: tuple[Price, ...] = ()
    indices: tuple[Index, ...] = ()
    drivers: tuple[DriverValue, ...] = ()
    events: tuple[Event, ...] = ()
    bands: tuple[Band, ...] = ()
    costs: tuple[Cost, ...] = ()
    service: tuple[Service, ...] = ()
    extras: tuple[Extra, ...] = ()
    payments: tuple[Payment, ...] = ()
    reopening: Reopening | None = None
