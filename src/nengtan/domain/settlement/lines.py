"""What a settlement answers: lines with formula, figures, clause and evidence; notes; or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from nengtan.domain.settlement.money import added

__all__ = ["CNY", "Figure", "Line", "Note", "Noted", "Refusal", "Refused", "Section", "Settlement", "Why"]

CNY = "CNY"


class Section(StrEnum):
    """Where a line stands, in the order shown."""

    USE = "use"
    FEE = "fee"
    SAVINGS = "savings"
    DEDUCTION = "deduction"
    EXTRA = "extra"
    BALANCE = "balance"
    TAX = "tax"
    PAYMENT = "payment"


class Why(StrEnum):
    """Why a year cannot be settled."""

    PERIOD_NOT_A_YEAR = "period_not_a_year"
    PERIOD_OUTSIDE_TERM = "period_outside_term"
    UNKNOWN_ACCOUNT = "unknown_account"
    TWICE = "twice"
    NO_BASELINE = "no_baseline"
    NO_BASELINE_YEAR = "no_baseline_year"
    BASELINE_NEEDS_DECISION = "baseline_needs_decision"
    DRIVER_TWICE = "driver_twice"
    DRIVER_MISSING = "driver_missing"
    NOT_A_ROUTINE_DRIVER = "not_a_routine_driver"
    EVENT_WITHOUT_AMOUNT = "event_without_amount"
    EVENT_OUTSIDE_PERIOD = "event_outside_period"
    PRICE_MISSING = "price_missing"
    INDEX_MISSING = "index_missing"
    USE_MISSING = "use_missing"
    METER_GAP = "meter_gap"
    METER_OVERLAP = "meter_overlap"
    READING_RUNS_BACK = "reading_runs_back"
    SERVICE_MISSING = "service_missing"
    COST_MISSING = "cost_missing"
    SHARING_MISSING = "sharing_missing"
    GUARANTEE_MISSING = "guarantee_missing"
    LEASE_MISSING = "lease_missing"
    REOPENING_CHANGES_NOTHING = "reopening_changes_nothing"


class Noted(StrEnum):
    """What a reader has to know of a settlement that was made."""

    DRIVER_CHANGED = "driver_changed"
    WITHIN_DEAD_BAND = "within_dead_band"
    METER_REPLACED = "meter_replaced"
    EVENT_NOT_CONFIRMED = "event_not_confirmed"
    BASE_FEE_DIFFERS = "base_fee_differs"
    NO_SAVINGS = "no_savings"
    BELOW_PROMISE = "below_promise"
    NOT_MEASURED = "not_measured"
    BAND_HOLDS_NOUGHT = "band_holds_nought"
    DEDUCTION_CAPPED = "deduction_capped"
    COMPENSATION_CAPPED = "compensation_capped"
    SAVINGS_NEGATIVE = "savings_negative"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no settlement: of which account, what was found, what is allowed."""

    why: Why
    site: str = ""
    carrier: str = ""
    found: str = ""
    allowed: str = ""


class Refused(ValueError):
    """Raised by a step that cannot be taken; the settlement gathers them."""

    def __init__(self, why: Why, site: str = "", carrier: str = "", found: str = "", allowed: str = "") -> None:
        super().__init__(why)
        self.refusal = Refusal(why, site, carrier, found, allowed)


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know, of which account, and the figure it is about."""

    what: Noted
    site: str = ""
    carrier: str = ""
    about: str = ""
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a formula by its symbol; the unit is that of a share or factor where it is blank."""

    symbol: str
    value: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``value`` in ``unit`` by ``formula`` from ``inputs``. What ``counts`` adds up to what is due."""

    code: str
    section: Section
    value: Decimal
    unit: str
    formula: str = ""
    inputs: tuple[Figure, ...] = ()
    site: str = ""
    carrier: str = ""
    about: str = ""
    counts: bool = False
    clause: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """A year settled, or why it is not (``refusals``); then there are no lines and no sums.

    ``due``: what the client owes for the year without tax on top; ``gross``: with tax; ``net`` and ``tax`` add up to
    it; ``paid`` is taken off, and ``balance`` is left to pay (below nought: to pay back) [CNY].
    """

    year: int | None
    lines: tuple[Line, ...]
    notes: tuple[Note, ...]
    refusals: tuple[Refusal, ...]
    due: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    paid: Decimal | None = None
    balance: Decimal | None = None
    saved_share: Decimal | None = None
    inputs_hash: str = ""
    result_hash: str = ""

    @property
    def is_settled(self) -> bool:
        return not self.refusals


def sum_of(lines: list[Line], *sections: Section) -> Decimal:
    """What counts of some sections [CNY]; of all when none is named."""
    return added(*(line.value for line in lines if line.counts and (not sections or line.section in sections)))
