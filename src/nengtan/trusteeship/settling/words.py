"""Words of settlement: tables and their columns, choices, lines, notes, refusals."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from nengtan.domain.settlement.lines import Note, Noted, Refusal, Section, Why
from nengtan.ui.formats import exact
from nengtan.ui.words import carrier_word

__all__ = [
    "CHOICES",
    "FIELDS",
    "ITEM",
    "SECTIONS",
    "SHOWN",
    "TABLES",
    "choice",
    "column",
    "line_word",
    "note",
    "refusal",
    "why",
]


TABLES: dict[str, Promise] = {
    "contract": pgettext_lazy("settlement", "Contract"),
    "period": pgettext_lazy("settlement", "Year settled"),
    "accounts": pgettext_lazy("settlement", "Carriers and prices"),
    "baselines": pgettext_lazy("settlement", "Baseline rules"),
    "baseline_years": pgettext_lazy("settlement", "Baseline years"),
    "adjustments": pgettext_lazy("settlement", "Routine adjustments"),
    "discounts": pgettext_lazy("settlement", "Discounts"),
    "sharing": pgettext_lazy("settlement", "Sharing of savings"),
    "surplus": pgettext_lazy("settlement", "Surplus"),
    "overrun": pgettext_lazy("settlement", "Over-run"),
    "guarantee": pgettext_lazy("settlement", "Guarantee"),
    "guaranteed": pgettext_lazy("settlement", "Guaranteed amounts"),
    "lease": pgettext_lazy("settlement", "Lease"),
    "ladders": pgettext_lazy("settlement", "Service standard and deductions"),
    "advances": pgettext_lazy("settlement", "Advances by month"),
    "uses": pgettext_lazy("settlement", "Measured use"),
    "prices": pgettext_lazy("settlement", "Prices billed"),
    "indices": pgettext_lazy("settlement", "Indices"),
    "drivers": pgettext_lazy("settlement", "Drivers"),
    "events": pgettext_lazy("settlement", "Single changes"),
    "bands": pgettext_lazy("settlement", "Bands of savings"),
    "costs": pgettext_lazy("settlement", "What the company paid"),
    "service": pgettext_lazy("settlement", "Service as measured"),
    "extras": pgettext_lazy("settlement", "Single sums"),
    "payments": pgettext_lazy("settlement", "Payments"),
    "reopening": pgettext_lazy("settlement", "Settled anew"),
}

SHOWN: dict[str, Promise] = {
    "sheet": pgettext_lazy("settlement", "Settlement sheet"),
    "lines": pgettext_lazy("settlement", "How it was computed"),
    "notes": pgettext_lazy("settlement", "What to know"),
}
"""Sheets of a workbook that show what came out; they are not read."""

ITEM = pgettext_lazy("settlement", "Item")

FIELDS: dict[str, Promise] = {
    "number": pgettext_lazy("settlement", "Number of the contract"),
    "kind": pgettext_lazy("settlement", "Form of the contract"),
    "costs.kind": pgettext_lazy("settlement", "Kind of cost"),
    "starts": pgettext_lazy("settlement", "First day of the term"),
    "ends": pgettext_lazy("settlement", "Last day of the term"),
    "title": pgettext_lazy("settlement", "Title of the contract"),
    "events.title": pgettext_lazy("settlement", "What it is"),
    "extras.title": pgettext_lazy("settlement", "What it is"),
    "client": pgettext_lazy("settlement", "Client"),
    "company": pgettext_lazy("settlement", "Company"),
    "version": pgettext_lazy("settlement", "Version"),
    "year_one": pgettext_lazy("settlement", "First day settled"),
    "base_fee": pgettext_lazy("settlement", "Base fee for energy agreed, CNY a year"),
    "base_fee_clause": pgettext_lazy("settlement", "Clause of the base fee"),
    "upkeep_fee": pgettext_lazy("settlement", "Fee for upkeep, CNY a year"),
    "upkeep_index": pgettext_lazy("settlement", "Index of the fee for upkeep"),
    "upkeep_clause": pgettext_lazy("settlement", "Clause of the fee for upkeep"),
    "promised_share": pgettext_lazy("settlement", "Share promised to be saved"),
    "most_deduction": pgettext_lazy("settlement", "Deductions at most, share of the fee"),
    "deduction_clause": pgettext_lazy("settlement", "Clause of the limit of deductions"),
    "tax": pgettext_lazy("settlement", "How tax is borne"),
    "tax_rate": pgettext_lazy("settlement", "Rate of tax"),
    "tax_clause": pgettext_lazy("settlement", "Clause of tax"),
    "advance_share": pgettext_lazy("settlement", "Share paid ahead"),
    "advance_clause": pgettext_lazy("settlement", "Clause of advances"),
    "factor_places": pgettext_lazy("settlement", "Decimals of factors"),
    "use_places": pgettext_lazy("settlement", "Decimals of use"),
    "first": pgettext_lazy("settlement", "First day"),
    "last": pgettext_lazy("settlement", "Last day"),
    "site": pgettext_lazy("settlement", "Site"),
    "carrier": pgettext_lazy("settlement", "Carrier"),
    "unit": pgettext_lazy("settlement", "Unit"),
    "base_price": pgettext_lazy("settlement", "Price of the contract, CNY a unit"),
    "price_rule": pgettext_lazy("settlement", "Price rule"),
    "price_index": pgettext_lazy("settlement", "Index of the price"),
    "clause": pgettext_lazy("settlement", "Clause"),
    "holds_from": pgettext_lazy("settlement", "Holds from"),
    "rule": pgettext_lazy("settlement", "Baseline rule"),
    "within": pgettext_lazy("settlement", "Within of the mean"),
    "both": pgettext_lazy("settlement", "Where both hold"),
    "decided_use": pgettext_lazy("settlement", "Use decided on"),
    "decided_by": pgettext_lazy("settlement", "Decided by"),
    "decided_on": pgettext_lazy("settlement", "Decided on"),
    "evidence": pgettext_lazy("settlement", "Evidence"),
    "year": pgettext_lazy("settlement", "Year"),
    "use": pgettext_lazy("settlement", "Use"),
    "guaranteed.use": pgettext_lazy("settlement", "Savings guaranteed"),
    "events.use": pgettext_lazy("settlement", "Use more (+) or less (-)"),
    "driver": pgettext_lazy("settlement", "Driver"),
    "weight": pgettext_lazy("settlement", "Weight"),
    "adjustments.weight": pgettext_lazy("settlement", "Share that follows (weather), elasticity (others)"),
    "base": pgettext_lazy("settlement", "Driver in the baseline"),
    "dead_band": pgettext_lazy("settlement", "No change up to"),
    "beyond": pgettext_lazy("settlement", "What counts beyond"),
    "from_year": pgettext_lazy("settlement", "From year of the contract"),
    "share": pgettext_lazy("settlement", "Discount"),
    "guarantee.share": pgettext_lazy("settlement", "Share guaranteed to be saved"),
    "ladders.share": pgettext_lazy("settlement", "Share of the fee deducted"),
    "above": pgettext_lazy("settlement", "Beyond, share of the fee"),
    "sharing.above": pgettext_lazy("settlement", "Savings beyond, CNY"),
    "company_share": pgettext_lazy("settlement", "Share of the company"),
    "client_share": pgettext_lazy("settlement", "Share of the client"),
    "fee": pgettext_lazy("settlement", "Fee for service, CNY a year"),
    "excess_share": pgettext_lazy("settlement", "Company's share of what is beyond"),
    "most": pgettext_lazy("settlement", "Compensation at most, CNY"),
    "principal": pgettext_lazy("settlement", "Principal, CNY"),
    "rate": pgettext_lazy("settlement", "Interest of a period"),
    "periods": pgettext_lazy("settlement", "Number of periods"),
    "months": pgettext_lazy("settlement", "Months of a period"),
    "first_due": pgettext_lazy("settlement", "First rent due on"),
    "measure": pgettext_lazy("settlement", "Measure of service"),
    "limit": pgettext_lazy("settlement", "Limit"),
    "per_case": pgettext_lazy("settlement", "CNY a case"),
    "month": pgettext_lazy("settlement", "Month"),
    "meter": pgettext_lazy("settlement", "Meter"),
    "start": pgettext_lazy("settlement", "Reading at the start"),
    "end": pgettext_lazy("settlement", "Reading at the end"),
    "ratio": pgettext_lazy("settlement", "Ratio"),
    "price": pgettext_lazy("settlement", "Price of the year, CNY a unit"),
    "billed": pgettext_lazy("settlement", "Billed, CNY"),
    "penalties": pgettext_lazy("settlement", "Of it penalties, CNY"),
    "quantity": pgettext_lazy("settlement", "Quantity billed"),
    "code": pgettext_lazy("settlement", "Code"),
    "value": pgettext_lazy("settlement", "Value"),
    "since": pgettext_lazy("settlement", "Since"),
    "explains": pgettext_lazy("settlement", "Drivers the model explains"),
    "kw": pgettext_lazy("settlement", "Power, kW"),
    "hours": pgettext_lazy("settlement", "Hours of the year"),
    "load": pgettext_lazy("settlement", "Load factor"),
    "by_client": pgettext_lazy("settlement", "Confirmed by the client"),
    "by_company": pgettext_lazy("settlement", "Confirmed by the company"),
    "low": pgettext_lazy("settlement", "Low end"),
    "high": pgettext_lazy("settlement", "High end"),
    "amount": pgettext_lazy("settlement", "Amount, CNY"),
    "on": pgettext_lazy("settlement", "Day"),
    "of": pgettext_lazy("settlement", "Fingerprint of the earlier settlement"),
    "due": pgettext_lazy("settlement", "Due by the earlier settlement, CNY"),
    "reason": pgettext_lazy("settlement", "Reason"),
    "by": pgettext_lazy("settlement", "By whom"),
}

CHOICES: dict[str, Promise] = {
    "trusteeship": pgettext_lazy("settlement", "Energy-cost trusteeship"),
    "shared_savings": pgettext_lazy("settlement", "Shared savings"),
    "guarantee": pgettext_lazy("settlement", "Guaranteed savings"),
    "lease": pgettext_lazy("settlement", "Finance lease"),
    "latest_year": pgettext_lazy("settlement", "latest year"),
    "three_year_mean": pgettext_lazy("settlement", "mean of three years"),
    "automatic": pgettext_lazy("settlement", "by the course of the years"),
    "decision": pgettext_lazy("settlement", "decided by the parties"),
    "weather": pgettext_lazy("settlement", "weather"),
    "area": pgettext_lazy("settlement", "floor area"),
    "persons": pgettext_lazy("settlement", "energy users"),
    "hours": pgettext_lazy("settlement", "hours of operation"),
    "volume": pgettext_lazy("settlement", "volume of business"),
    "equipment": pgettext_lazy("settlement", "equipment"),
    "other": pgettext_lazy("settlement", "other"),
    "whole": pgettext_lazy("settlement", "all of the change"),
    "excess": pgettext_lazy("settlement", "what is beyond"),
    "fixed": pgettext_lazy("settlement", "fixed"),
    "pass_through": pgettext_lazy("settlement", "as billed"),
    "indexed": pgettext_lazy("settlement", "by an index"),
    "energy": pgettext_lazy("settlement", "energy"),
    "upkeep": pgettext_lazy("settlement", "upkeep"),
    "comfort": pgettext_lazy("settlement", "share of time with comfort"),
    "saving_share": pgettext_lazy("settlement", "share saved"),
    "late_responses": pgettext_lazy("settlement", "late responses"),
    "outage_hours": pgettext_lazy("settlement", "hours of outage"),
    "complaints": pgettext_lazy("settlement", "complaints upheld"),
    "included": pgettext_lazy("settlement", "included"),
    "added": pgettext_lazy("settlement", "on top"),
    "exempt": pgettext_lazy("settlement", "exempt"),
}

SECTIONS: dict[str, Promise] = {
    Section.USE: pgettext_lazy("settlement", "From baseline to adjusted use"),
    Section.FEE: pgettext_lazy("settlement", "Fee"),
    Section.SAVINGS: pgettext_lazy("settlement", "Savings"),
    Section.DEDUCTION: pgettext_lazy("settlement", "Deductions"),
    Section.EXTRA: pgettext_lazy("settlement", "Single sums"),
    Section.BALANCE: pgettext_lazy("settlement", "Surplus or over-run"),
    Section.TAX: pgettext_lazy("settlement", "Tax"),
    Section.PAYMENT: pgettext_lazy("settlement", "Payments"),
}

LINES: dict[str, Promise] = {
    "baseline_use": pgettext_lazy("settlement", "Baseline use"),
    "adjust_weather": pgettext_lazy("settlement", "Adjustment for weather"),
    "adjust_area": pgettext_lazy("settlement", "Adjustment for floor area"),
    "adjust_persons": pgettext_lazy("settlement", "Adjustment for energy users"),
    "adjust_hours": pgettext_lazy("settlement", "Adjustment for hours of operation"),
    "adjust_volume": pgettext_lazy("settlement", "Adjustment for volume of business"),
    "event": pgettext_lazy("settlement", "Single change"),
    "adjusted_use": pgettext_lazy("settlement", "Adjusted use"),
    "measured_use": pgettext_lazy("settlement", "Measured use"),
    "price": pgettext_lazy("settlement", "Price settled at"),
    "base_fee": pgettext_lazy("settlement", "Base fee"),
    "fee_adjust_weather": pgettext_lazy("settlement", "Fee for the adjustment for weather"),
    "fee_adjust_area": pgettext_lazy("settlement", "Fee for the adjustment for floor area"),
    "fee_adjust_persons": pgettext_lazy("settlement", "Fee for the adjustment for energy users"),
    "fee_adjust_hours": pgettext_lazy("settlement", "Fee for the adjustment for hours of operation"),
    "fee_adjust_volume": pgettext_lazy("settlement", "Fee for the adjustment for volume of business"),
    "fee_event": pgettext_lazy("settlement", "Fee for a single change"),
    "fee_price": pgettext_lazy("settlement", "Fee for the change of price"),
    "upkeep_fee": pgettext_lazy("settlement", "Fee for upkeep"),
    "fee_index": pgettext_lazy("settlement", "Change of the fee for upkeep by its index"),
    "avoided_use": pgettext_lazy("settlement", "Use avoided"),
    "saved_amount": pgettext_lazy("settlement", "Savings in money"),
    "band_90": pgettext_lazy("settlement", "Width of the 90% band of the use avoided"),
    "saved_share": pgettext_lazy("settlement", "Share saved"),
    "shared_amount": pgettext_lazy("settlement", "Company's share of the savings"),
    "guarantee_fee": pgettext_lazy("settlement", "Fee for service"),
    "guaranteed_amount": pgettext_lazy("settlement", "Savings guaranteed in money"),
    "shortfall": pgettext_lazy("settlement", "Compensation for savings not reached"),
    "excess_share": pgettext_lazy("settlement", "Company's share of savings beyond"),
    "rent": pgettext_lazy("settlement", "Rent"),
    "cost": pgettext_lazy("settlement", "Paid by the company"),
    "surplus": pgettext_lazy("settlement", "Surplus of the year"),
    "overrun": pgettext_lazy("settlement", "Over-run of the year"),
    "surplus_share": pgettext_lazy("settlement", "Surplus returned to the client"),
    "overrun_share": pgettext_lazy("settlement", "Over-run borne by the client"),
    "deduct_comfort": pgettext_lazy("settlement", "Deduction for comfort"),
    "deduct_saving_share": pgettext_lazy("settlement", "Deduction for savings below the standard"),
    "deduct_late_responses": pgettext_lazy("settlement", "Deduction for late responses"),
    "deduct_outage_hours": pgettext_lazy("settlement", "Deduction for outage"),
    "deduct_complaints": pgettext_lazy("settlement", "Deduction for complaints"),
    "deduction_cap": pgettext_lazy("settlement", "Given back above the limit of deductions"),
    "extra": pgettext_lazy("settlement", "Single sum"),
    "tax": pgettext_lazy("settlement", "Tax"),
    "payment": pgettext_lazy("settlement", "Paid by the client"),
    "reopened": pgettext_lazy("settlement", "Against the earlier settlement"),
}

_WHY: dict[str, Promise] = {
    Why.PERIOD_NOT_A_YEAR: pgettext_lazy("settlement", "The period is no year of the contract."),
    Why.PERIOD_OUTSIDE_TERM: pgettext_lazy("settlement", "The period is outside the term of the contract."),
    Why.UNKNOWN_ACCOUNT: pgettext_lazy("settlement", "A row is about a site or carrier the contract does not have."),
    Why.TWICE: pgettext_lazy("settlement", "The same is told twice."),
    Why.NO_BASELINE: pgettext_lazy("settlement", "No baseline rule holds on the first day of the year."),
    Why.NO_BASELINE_YEAR: pgettext_lazy("settlement", "A year of the baseline is missing."),
    Why.BASELINE_NEEDS_DECISION: pgettext_lazy(
        "settlement", "The rule does not say which baseline holds: the parties decide, in writing."
    ),
    Why.DRIVER_TWICE: pgettext_lazy("settlement", "A driver would be adjusted for twice."),
    Why.DRIVER_MISSING: pgettext_lazy(
        "settlement", "A driver the contract adjusts for is not known from the first day of the year."
    ),
    Why.NOT_A_ROUTINE_DRIVER: pgettext_lazy("settlement", "This driver has no routine adjustment."),
    Why.EVENT_WITHOUT_AMOUNT: pgettext_lazy("settlement", "A single change has no amount."),
    Why.EVENT_OUTSIDE_PERIOD: pgettext_lazy("settlement", "A single change begins after the year."),
    Why.PRICE_MISSING: pgettext_lazy("settlement", "The price of the year is missing."),
    Why.INDEX_MISSING: pgettext_lazy("settlement", "An index the contract names is missing."),
    Why.USE_MISSING: pgettext_lazy("settlement", "The measured use is missing."),
    Why.METER_GAP: pgettext_lazy("settlement", "Days of the year are not measured."),
    Why.METER_OVERLAP: pgettext_lazy("settlement", "Days are measured twice, or lie outside the year."),
    Why.READING_RUNS_BACK: pgettext_lazy("settlement", "A reading runs back; was the meter replaced?"),
    Why.SERVICE_MISSING: pgettext_lazy("settlement", "A measure of service the contract deducts by is missing."),
    Why.COST_MISSING: pgettext_lazy(
        "settlement", "What the company paid is missing, and the client has a share in surplus or over-run."
    ),
    Why.SHARING_MISSING: pgettext_lazy("settlement", "No share from 0 on is agreed for this year of the contract."),
    Why.GUARANTEE_MISSING: pgettext_lazy("settlement", "The contract does not say what is guaranteed."),
    Why.LEASE_MISSING: pgettext_lazy("settlement", "The contract has no terms of lease."),
    Why.REOPENING_CHANGES_NOTHING: pgettext_lazy(
        "settlement", "The year is opened again, and nothing differs from the earlier settlement."
    ),
}

_NOTES: dict[str, Promise] = {
    Noted.DRIVER_CHANGED: pgettext_lazy(
        "settlement", "Changed within the year: %(about)s; the mean by days is %(value)s."
    ),
    Noted.WITHIN_DEAD_BAND: pgettext_lazy(
        "settlement", "The change is within the limit of the contract and is not adjusted for: %(about)s, %(value)s."
    ),
    Noted.METER_REPLACED: pgettext_lazy("settlement", "The meter was replaced (%(about)s); both are added up."),
    Noted.EVENT_NOT_CONFIRMED: pgettext_lazy(
        "settlement", "Single change %(about)s is not confirmed by both parties and does not count."
    ),
    Noted.BASE_FEE_DIFFERS: pgettext_lazy(
        "settlement", "The base fee is as agreed; baseline times price would be %(value)s CNY."
    ),
    Noted.NO_SAVINGS: pgettext_lazy("settlement", "Nothing was saved in the year (%(value)s CNY): nothing is shared."),
    Noted.BELOW_PROMISE: pgettext_lazy("settlement", "The share saved, %(value)s, is below what was promised."),
    Noted.NOT_MEASURED: pgettext_lazy("settlement", "No measured use: savings are not computed."),
    Noted.BAND_HOLDS_NOUGHT: pgettext_lazy(
        "settlement", "The 90% band of the use avoided holds nought: the savings are not beyond doubt."
    ),
    Noted.DEDUCTION_CAPPED: pgettext_lazy(
        "settlement", "Deductions of %(value)s CNY are beyond the limit of the contract and were cut to it."
    ),
    Noted.COMPENSATION_CAPPED: pgettext_lazy(
        "settlement", "Savings of %(value)s CNY are missing; compensation is limited by the contract."
    ),
    Noted.SAVINGS_NEGATIVE: pgettext_lazy("settlement", "More was used than the adjusted baseline: %(value)s."),
    Noted.REOPENED: pgettext_lazy(
        "settlement", "The year was opened again (%(about)s); the difference is %(value)s CNY."
    ),
}


def column(table: str, name: str) -> str:
    """The heading of a column of a table."""
    return str(FIELDS.get(f"{table}.{name}") or FIELDS[name])


def choice(code: str) -> str:
    """The word of a choice; the text itself where it is none."""
    return str(CHOICES.get(code, code))


def line_word(code: str, about: str = "") -> str:
    """What a line is; of single changes, sums, rents, costs and payments with what it is about."""
    word = str(LINES[code])
    if code in ("event", "fee_event", "extra", "rent", "cost", "payment") and about:
        return _("%(what)s (%(about)s)") % {"what": word, "about": choice(about)}
    return word


def note(one: Note) -> str:
    """A note in a sentence, with the site and carrier it is about."""
    values = {"about": choice(one.about), "value": "" if one.value is None else exact(one.value)}
    return _of(one.site, one.carrier) + str(_NOTES[one.what]) % values


def why(code: str) -> str:
    """Why a year cannot be settled."""
    return str(_WHY[code])


def refusal(one: Refusal) -> str:
    """Why a year cannot be settled, of what, what was found and what is needed."""
    found = ", ".join(choice(part) for part in one.found.split(", "))
    text = _of(one.site, one.carrier) + why(one.why)
    if one.found:
        text += _(" Found: %(found)s.") % {"found": found}
    return text + (_(" Needed: %(allowed)s.") % {"allowed": one.allowed} if one.allowed else "")


def _of(site: str, carrier: str) -> str:
    told = [part for part in (site, carrier_word(carrier) if carrier else "") if part]
    return _("%(of)s: ") % {"of": " ".join(told)} if told else ""
