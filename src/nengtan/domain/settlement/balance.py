"""What is left of a fee once the company has paid for energy and upkeep (盈余), or lacks (超支), and who bears it."""

from __future__ import annotations

from decimal import Decimal

from nengtan.domain.settlement.lines import CNY, Figure, Line, Refused, Section, Why
from nengtan.domain.settlement.money import added, fen, times
from nengtan.domain.settlement.saving import bounded
from nengtan.domain.settlement.terms import Case, CostKind, Tier

__all__ = ["balance_lines"]


def balance_lines(case: Case, fee: Decimal) -> list[Line]:
    """What is left of the fee, or was overrun, once the company has paid for energy and upkeep, and who bears it.

    Raises `Refused` where the client shares in it and what was paid is not told.
    """
    if not case.costs:
        if case.surplus or case.overrun:
            raise Refused(Why.COST_MISSING, allowed=", ".join(CostKind))
        return []
    lines = [
        Line("cost", Section.BALANCE, fen(one.amount), CNY, "C", (Figure("C", one.amount, CNY),), about=str(one.kind),
             evidence=(one.evidence,))
        for one in case.costs
    ]  # fmt: skip
    cost = added(*(line.value for line in lines))
    left = added(fee, -cost)
    inputs = (Figure("F", fee, CNY), Figure("C", cost, CNY))
    code = "surplus" if left >= 0 else "overrun"
    lines.append(Line(code, Section.BALANCE, left, CNY, "F − C", inputs))
    for one, up_to in bounded(case.surplus if left >= 0 else case.overrun):
        lines += _borne(one, up_to, left, fee, f"{code}_share")
    return lines


def _borne(one: Tier, up_to: Decimal | None, left: Decimal, fee: Decimal, code: str) -> list[Line]:
    """The client's part of a tier: of a surplus it is paid back, of an over-run it is paid."""
    begins = fen(times(one.above, fee))
    ends = abs(left) if up_to is None else min(abs(left), fen(times(up_to, fee)))
    part = added(ends, -begins)
    if part <= 0 or not one.client_share:
        return []
    sign = -1 if left >= 0 else 1
    inputs = (Figure("R", part, CNY), Figure("b", one.client_share))
    value = sign * fen(times(part, one.client_share))
    formula = "−R × b" if sign < 0 else "R × b"
    return [Line(code, Section.BALANCE, value, CNY, formula, inputs, about=f"{one.above:f}", counts=True,
                 clause=one.clause)]  # fmt: skip
