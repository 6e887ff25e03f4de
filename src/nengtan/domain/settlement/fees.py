"""The fee of a trusteeship (托管费) and the fee for upkeep: what the contract says, then what each change comes to.

Each amount is rounded to the 分 on its line, and what is due is the sum of the lines that count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from nengtan.domain.settlement.lines import CNY, Figure, Line, Note, Noted, Refused, Section, Why
from nengtan.domain.settlement.money import added, fen, times
from nengtan.domain.settlement.terms import Account, Case

__all__ = ["Held", "base_fee", "discount_on", "trusteeship_lines", "upkeep_lines"]


@dataclass(slots=True)
class Held:
    """What is known of an account in the period: its lines so far and the figures taken from them."""

    account: Account
    baseline: Decimal
    adjusted: Decimal
    price: Decimal
    steps: list[Line] = field(default_factory=list)
    measured: Decimal | None = None

    @property
    def base_amount(self) -> Decimal:
        """The baseline at the price of the contract, before any discount, unrounded."""
        return times(self.baseline, self.account.base_price)


def discount_on(case: Case, year: int) -> tuple[Decimal, str]:
    """The discount of a year of the contract and its clause; nought where none is agreed."""
    begun = [one for one in case.discounts if one.from_year <= year]
    found = max(begun, key=lambda one: one.from_year, default=None)
    return (found.share, found.clause) if found else (Decimal(0), "")


def base_fee(case: Case, held: Sequence[Held], year: int) -> Decimal:
    """The fee of a year in which nothing has changed: for energy, and for upkeep as agreed [CNY]."""
    return added(*(line.value for line in _base_lines(case, held, year)), fen(case.contract.upkeep_fee))


def trusteeship_lines(case: Case, held: Sequence[Held], year: int) -> tuple[list[Line], list[Note]]:
    """The fee for energy: the base fee, then what each change of use and of price comes to."""
    discount, _clause = discount_on(case, year)
    lines = _base_lines(case, held, year)
    notes: list[Note] = []
    agreed = case.contract.base_fee
    if agreed is not None:
        computed = added(*(fen(times(one.base_amount, 1 - discount)) for one in held))
        if computed != agreed:
            notes.append(Note(Noted.BASE_FEE_DIFFERS, value=computed))
    for one in held:
        lines += [_step_amount(one, step, discount) for step in one.steps if step.value]
        if one.price != one.account.base_price:
            lines.append(_price_amount(one, discount))
    return lines, notes


def _base_lines(case: Case, held: Sequence[Held], year: int) -> list[Line]:
    discount, clause = discount_on(case, year)
    agreed = case.contract.base_fee
    if agreed is not None:
        figures = (Figure("F0", agreed, CNY),)
        return [Line("base_fee", Section.FEE, agreed, CNY, "F0", figures, counts=True,
                     clause=case.contract.base_fee_clause)]  # fmt: skip
    return [_money("base_fee", one, "B × P0 × (1 − d)", (Figure("B", one.baseline, one.account.unit),
                   Figure("P0", one.account.base_price, f"{CNY}/{one.account.unit}"), Figure("d", discount)),
                   times(one.base_amount, 1 - discount), clause or one.account.clause)
            for one in held]  # fmt: skip


def _step_amount(one: Held, step: Line, discount: Decimal) -> Line:
    unit = f"{CNY}/{one.account.unit}"
    inputs = (
        Figure("ΔE", step.value, one.account.unit), Figure("P0", one.account.base_price, unit), Figure("d", discount),
    )  # fmt: skip
    value = times(step.value, one.account.base_price, 1 - discount)
    about = step.about if step.code == "event" else ""
    line = _money(f"fee_{step.code}", one, "ΔE × P0 × (1 − d)", inputs, value, step.clause)
    return Line(
        line.code, line.section, line.value, CNY, line.formula, inputs, line.site, line.carrier, about, True,
        step.clause, step.evidence,
    )  # fmt: skip


def _price_amount(one: Held, discount: Decimal) -> Line:
    unit = f"{CNY}/{one.account.unit}"
    inputs = (
        Figure("Ba", one.adjusted, one.account.unit), Figure("P", one.price, unit),
        Figure("P0", one.account.base_price, unit), Figure("d", discount),
    )  # fmt: skip
    value = times(one.adjusted, added(one.price, -one.account.base_price), 1 - discount)
    return _money("fee_price", one, "Ba × (P − P0) × (1 − d)", inputs, value, one.account.clause)


def _money(code: str, one: Held, formula: str, inputs: tuple[Figure, ...], value: Decimal, clause: str) -> Line:
    return Line(
        code, Section.FEE, fen(value), CNY, formula, inputs, one.account.site, one.account.carrier, counts=True,
        clause=clause,
    )  # fmt: skip


def upkeep_lines(case: Case) -> list[Line]:
    """The fee for operation and maintenance, and what its index adds; raises `Refused` without the index."""
    contract = case.contract
    if not contract.upkeep_fee:
        return []
    amount, clause = fen(contract.upkeep_fee), contract.upkeep_clause
    figure = Figure("M0", amount, CNY)
    lines = [Line("upkeep_fee", Section.FEE, amount, CNY, "M0", (figure,), counts=True, clause=clause)]
    if contract.upkeep_index:
        index = next((one for one in case.indices if one.code == contract.upkeep_index), None)
        if index is None:
            raise Refused(Why.INDEX_MISSING, found=contract.upkeep_index)
        value = fen(times(amount, added(index.value, Decimal(-1))))
        inputs = (figure, Figure("I", index.value))
        lines.append(Line("fee_index", Section.FEE, value, CNY, "M0 × (I − 1)", inputs, about=index.code, counts=True,
                          clause=clause, evidence=(index.evidence,)))  # fmt: skip
    return lines
