"""The settlement of a year (年度清算): the same case gives the same lines, sums and hashes, whoever computes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from nengtan.domain.allocation import split
from nengtan.domain.settlement.adjusting import adjusted_lines, concerns
from nengtan.domain.settlement.balance import balance_lines
from nengtan.domain.settlement.baselines import baseline_line, version_on
from nengtan.domain.settlement.document import digest, ordered
from nengtan.domain.settlement.fees import Held, base_fee, trusteeship_lines, upkeep_lines
from nengtan.domain.settlement.lease import rent_lines
from nengtan.domain.settlement.lines import (
    CNY,
    Figure,
    Line,
    Note,
    Noted,
    Refusal,
    Refused,
    Section,
    Settlement,
    Why,
    sum_of,
)
from nengtan.domain.settlement.metered import measured_line, price_line
from nengtan.domain.settlement.money import added, fen, quotient, rounded, times
from nengtan.domain.settlement.saving import guarantee_lines, savings_lines, shared_lines
from nengtan.domain.settlement.service import deduction_lines
from nengtan.domain.settlement.terms import Account, Case, Kind, Tax

__all__ = ["RULES", "advances", "settle", "year_of"]

RULES = "1"
"""Version of these rules; part of the hashes, so that a later version of the program does not pass for this one."""

_DAY = timedelta(days=1)
_NO_METER_NEEDED = (Kind.TRUSTEESHIP, Kind.LEASE)

T = TypeVar("T")


def year_of(case: Case) -> int:
    """Which year of the contract the period is, 1 the first; raises `Refused` where it is none of its years.

    >>> from nengtan.domain.settlement.terms import Contract, Period
    >>> contract = Contract("T1", Kind.TRUSTEESHIP, date(2024, 7, 1), date(2034, 6, 30))
    >>> year_of(Case(contract, Period(date(2025, 7, 1), date(2026, 6, 30)), ()))
    2
    """
    first, period = case.contract.year_one or case.contract.starts, case.period
    if period.first < case.contract.starts or period.last > case.contract.ends:
        found = f"{period.first}:{period.last}"
        raise Refused(Why.PERIOD_OUTSIDE_TERM, found=found, allowed=f"{case.contract.starts}:{case.contract.ends}")
    year = period.first.year - first.year + 1
    wanted = _anniversary(first, year - 1), _anniversary(first, year) - _DAY
    if year < 1 or (period.first, period.last) != wanted:
        raise Refused(Why.PERIOD_NOT_A_YEAR, found=f"{period.first}:{period.last}", allowed=f"{wanted[0]}:{wanted[1]}")
    return year


def settle(case: Case) -> Settlement:
    """Settle a year, or say everything that keeps it from being settled.

    >>> from nengtan.domain.settlement.document import read
    >>> year = {"first": "2025-01-01", "last": "2025-12-31"}
    >>> rule = {"carrier": "electricity", "version": "1", "holds_from": "2025-01-01", "rule": "latest_year"}
    >>> power = {"carrier": "electricity", "unit": "kWh", "base_price": "0.75"}
    >>> found = settle(read({
    ...     "contract": {"number": "T1", "kind": "trusteeship", "starts": "2025-01-01", "ends": "2029-12-31"},
    ...     "period": year, "accounts": [power], "baselines": [rule],
    ...     "baseline_years": [{"carrier": "electricity", "year": 2023, "use": 1000}]})[0])
    >>> found.due, [str(note.what) for note in found.notes]
    (Decimal('750.00'), ['not_measured'])
    """
    case = ordered(case)
    work = _Work(case)
    work.run()
    inputs = digest({"rules": RULES, "case": case})
    if work.refusals:
        return Settlement(work.year, (), (), tuple(dict.fromkeys(work.refusals)), inputs_hash=inputs)
    return work.settlement(inputs)


def advances(case: Case) -> list[tuple[int, Decimal]]:
    """What is paid ahead month by month [CNY]: the base fee of the year times the share agreed, shared out exactly.

    Months are those of the period in their order, by weight where weights are agreed. Raises `Refused` where there is
    no base fee.
    """
    year, held = year_of(case), []
    for account in case.accounts:
        line = _baseline(case, account)
        held.append(Held(account, line.value, line.value, account.base_price))
    whole = fen(times(base_fee(case, held, year), case.contract.advance_share))
    months = [(case.period.first.month - 1 + at) % 12 + 1 for at in range(12)]
    weights = {one.month: one.weight for one in case.advances}
    parts = split(whole, {month: weights.get(month, Decimal(0)) if weights else Decimal(1) for month in months})
    return list(parts.items())


def _anniversary(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February of a year that has none
        return date(day.year + years, 3, 1)


def _baseline(case: Case, account: Account) -> Line:
    key = account.site, account.carrier
    version = version_on([one for one in case.baselines if (one.site, one.carrier) == key], case.period.first)
    if version is None:
        raise Refused(Why.NO_BASELINE, *key)
    years = [one for one in case.baseline_years if (one.site, one.carrier) == key]
    if len({one.year for one in years}) < len(years):
        raise Refused(Why.TWICE, *key, "baseline_years")
    return baseline_line(account, version, years, case.contract.use_places)


class _Work:
    """A settlement in the making: steps that cannot be taken are gathered, so that all is told at once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.year: int | None = None
        self.lines: list[Line] = []
        self.notes: list[Note] = []
        self.refusals: list[Refusal] = []
        self.held: list[Held] = []
        self.saved_share: Decimal | None = None

    def run(self) -> None:
        self.year = self.tried(lambda: year_of(self.case))
        self.refusals += _misplaced(self.case)
        for account in self.case.accounts:
            self.tried(lambda account=account: self.account(account))  # type: ignore[misc]
        if not self.refusals:
            self.tried(self.money)

    def tried(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except Refused as refused:
            self.refusals.append(refused.refusal)
            return None

    def take(self, found: tuple[list[Line], list[Note]]) -> list[Line]:
        self.lines += found[0]
        self.notes += found[1]
        return found[0]

    def account(self, account: Account) -> None:
        """From baseline to adjusted and measured use, and the price; each may be refused for itself."""
        case = self.case
        baseline = self.tried(lambda: _baseline(case, account))
        price = self.tried(lambda: price_line(case, account))
        measured = self.tried(lambda: measured_line(case, account))
        adjusted = self.tried(lambda: adjusted_lines(case, account, baseline.value if baseline else Decimal(0)))
        if baseline is None or price is None or measured is None or adjusted is None:
            return
        if measured[0] is None and case.contract.kind not in _NO_METER_NEEDED:
            raise Refused(Why.USE_MISSING, account.site, account.carrier)
        self.lines += [baseline]
        self.take(adjusted)
        self.lines += [line for line in (measured[0], price) if line]
        self.notes += measured[1]
        value = measured[0].value if measured[0] else None
        steps = adjusted[0][:-1]
        self.held.append(Held(account, baseline.value, adjusted[0][-1].value, price.value, steps, value))

    def money(self) -> None:
        """Fee, savings, deductions, single sums, balance, tax, payments."""
        case, year = self.case, self.year or 1
        savings = self.take(savings_lines(case, self.held))
        self.saved_share = self.share_saved()
        kind = case.contract.kind
        if kind is Kind.TRUSTEESHIP:
            self.take(trusteeship_lines(case, self.held, year))
        elif kind is Kind.SHARED_SAVINGS:
            self.take(shared_lines(case, savings, year))
        elif kind is Kind.LEASE:
            self.lines += rent_lines(case)
        if kind is Kind.GUARANTEE or (kind is Kind.LEASE and case.guarantee is not None):
            self.take(guarantee_lines(case, self.held, savings))
        self.lines += upkeep_lines(case)
        fee = max(sum_of(self.lines, Section.FEE), Decimal(0))
        self.take(deduction_lines(case, fee, self.saved_share))
        self.lines += [
            Line("extra", Section.EXTRA, fen(one.amount), CNY, "X", (Figure("X", one.amount, CNY),),
                 about=f"{one.code} {one.title}".strip(), counts=True, clause=one.clause, evidence=(one.evidence,))
            for one in case.extras
        ]  # fmt: skip
        if kind is Kind.TRUSTEESHIP:
            self.lines += balance_lines(case, sum_of(self.lines))
        self.reopened()

    def share_saved(self) -> Decimal | None:
        """Saved over adjusted baseline at this year's prices; None where an account was not measured."""
        missing = [one.account for one in self.held if one.measured is None]
        self.notes += [Note(Noted.NOT_MEASURED, one.site, one.carrier) for one in missing]
        whole = added(*(times(one.adjusted, one.price) for one in self.held))
        if missing or whole <= 0:
            return None
        used = added(*(times(one.measured or Decimal(0), one.price) for one in self.held))
        share = rounded(quotient(added(whole, -used), whole), 6)
        promised = self.case.contract.promised_share
        inputs = (Figure("Ca", fen(whole), CNY), Figure("C", fen(used), CNY),
                  *([Figure("g", promised)] if promised is not None else []))  # fmt: skip
        self.lines.append(Line("saved_share", Section.SAVINGS, share, "", "(Ca − C) / Ca", inputs))
        if promised is not None and share < promised:
            self.notes.append(Note(Noted.BELOW_PROMISE, value=share))
        return share

    def reopened(self) -> None:
        """What changes against the settlement that is taken up again."""
        again = self.case.reopening
        if again is None:
            return
        if again.of == digest({"rules": RULES, "case": replace(self.case, reopening=None)}):
            raise Refused(Why.REOPENING_CHANGES_NOTHING, found=again.of[:12])
        due = sum_of(self.lines)
        inputs = (Figure("F", due, CNY), Figure("F′", again.due, CNY))
        evidence = (again.evidence,) if again.evidence else ()
        self.lines.append(Line("reopened", Section.PAYMENT, added(due, -again.due), CNY, "F − F′", inputs,
                               about=again.of[:12], evidence=evidence))  # fmt: skip
        self.notes.append(Note(Noted.REOPENED, about=again.reason, value=added(due, -again.due)))

    def settlement(self, inputs: str) -> Settlement:
        due = sum_of(self.lines)
        net, tax, gross = _taxed(self.case, due)
        rate = self.case.contract.tax_rate
        if self.case.contract.tax is not Tax.EXEMPT and rate:
            base = net if self.case.contract.tax is Tax.ADDED else gross
            formula = "N × t" if self.case.contract.tax is Tax.ADDED else "F − F / (1 + t)"
            figures = (Figure("N" if self.case.contract.tax is Tax.ADDED else "F", base, CNY), Figure("t", rate))
            self.lines.append(
                Line("tax", Section.TAX, tax, CNY, formula, figures, clause=self.case.contract.tax_clause)
            )
        self.lines += [
            Line("payment", Section.PAYMENT, one.amount, CNY, "Z", (Figure("Z", one.amount, CNY),), about=f"{one.on}",
                 evidence=(one.evidence,))
            for one in sorted(self.case.payments, key=lambda one: one.on)
        ]  # fmt: skip
        paid = added(*(fen(one.amount) for one in self.case.payments))
        order = list(Section)
        lines = tuple(sorted(self.lines, key=lambda line: order.index(line.section)))
        balance = added(gross, -paid)
        told: dict[str, Any] = {
            "inputs": inputs,
            "lines": [(line.code, line.site, line.carrier, line.value, line.unit, line.counts) for line in lines],
            "sums": [due, net, tax, gross, paid, balance],
        }
        return Settlement(
            self.year, lines, tuple(dict.fromkeys(self.notes)), (), due, net, tax, gross, paid, balance,
            self.saved_share, inputs, digest(told),
        )  # fmt: skip


def _taxed(case: Case, due: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Net, tax and gross [CNY]; net and tax add up to gross."""
    rate, how = case.contract.tax_rate, case.contract.tax
    if how is Tax.EXEMPT or not rate:
        return due, Decimal("0.00"), due
    if how is Tax.ADDED:
        tax = fen(times(due, rate))
        return due, tax, added(due, tax)
    net = fen(quotient(due, added(Decimal(1), rate)))
    return net, added(due, -net), due


def _misplaced(case: Case) -> Iterable[Refusal]:
    """Accounts told twice, and rows about an account the contract does not have."""
    keys = [(one.site, one.carrier) for one in case.accounts]
    for key in dict.fromkeys(key for key in keys if keys.count(key) > 1):
        yield Refusal(Why.TWICE, *key, "accounts")
    exact: list[tuple[str, Iterable[Any]]] = [
        ("baselines", case.baselines), ("baseline_years", case.baseline_years), ("guaranteed", case.guaranteed),
        ("uses", case.uses), ("prices", case.prices), ("bands", case.bands),
    ]  # fmt: skip
    known = set(keys)
    for name, rows in exact:
        for one in rows:
            if (one.site, one.carrier) not in known:
                yield Refusal(Why.UNKNOWN_ACCOUNT, one.site, one.carrier, name)
    wide: list[tuple[str, Iterable[Any]]] = [
        ("adjustments", case.adjustments), ("drivers", case.drivers), ("events", case.events),
    ]  # fmt: skip
    for name, rows in wide:
        for one in rows:
            if not any(concerns(one.site, one.carrier, account) for account in case.accounts):
                yield Refusal(Why.UNKNOWN_ACCOUNT, one.site, one.carrier, name)
