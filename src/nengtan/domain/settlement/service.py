"""Deductions for service below its standard (服务质量扣减): a share of the fee, or so much a case, up to a limit."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from nengtan.domain.settlement.lines import CNY, Figure, Line, Note, Noted, Refused, Section, Why
from nengtan.domain.settlement.money import added, fen, times
from nengtan.domain.settlement.terms import Case, Ladder, Measure

__all__ = ["deduction_lines"]

_TOO_LITTLE = (Measure.COMFORT, Measure.SAVING_SHARE)


def deduction_lines(case: Case, fee: Decimal, saved_share: Decimal | None) -> tuple[list[Line], list[Note]]:
    """Each measure of the ladder with what it takes off; the last line gives back what is beyond the limit.

    ``saved_share``: saved over adjusted baseline, None where not all was measured. Raises `Refused` for a measure of
    the contract nothing is told of: unknown is not as it should be.
    """
    lines: list[Line] = []
    for measure in dict.fromkeys(one.measure for one in case.ladders):
        steps = [one for one in case.ladders if one.measure is measure]
        value, evidence = _value(case, measure, saved_share)
        found = _too_little(steps, value, fee) if measure in _TOO_LITTLE else _cases(steps, value)
        if found is not None:
            step, amount, formula, inputs = found
            lines.append(Line(f"deduct_{measure}", Section.DEDUCTION, -amount, CNY, formula, inputs, counts=True,
                              clause=step.clause, evidence=evidence))  # fmt: skip
        else:
            lines.append(Line(f"deduct_{measure}", Section.DEDUCTION, Decimal(0), CNY, "0", (Figure("x", value),),
                              counts=True, clause=steps[0].clause, evidence=evidence))  # fmt: skip
    taken = -added(*(line.value for line in lines))
    most = fen(times(fee, case.contract.most_deduction))
    if taken <= most:
        return lines, []
    inputs = (Figure("D", taken, CNY), Figure("L", most, CNY))
    lines.append(Line("deduction_cap", Section.DEDUCTION, added(taken, -most), CNY, "D − L", inputs, counts=True,
                      clause=case.contract.deduction_clause))  # fmt: skip
    return lines, [Note(Noted.DEDUCTION_CAPPED, value=taken)]


_Found = tuple[Ladder, Decimal, str, tuple[Figure, ...]]


def _value(case: Case, measure: Measure, saved_share: Decimal | None) -> tuple[Decimal, tuple[str, ...]]:
    if measure is Measure.SAVING_SHARE:
        if saved_share is None:
            raise Refused(Why.USE_MISSING, found=measure)
        return saved_share, ()
    rows = [one for one in case.service if one.measure is measure]
    if not rows:
        raise Refused(Why.SERVICE_MISSING, found=measure)
    if len(rows) > 1:
        raise Refused(Why.TWICE, found=measure)
    return rows[0].value, (rows[0].evidence,)


def _too_little(steps: Iterable[Ladder], value: Decimal, fee: Decimal) -> _Found | None:
    """The lowest limit the value lies below decides, not all of them."""
    below = [one for one in steps if value < one.limit]
    if not below:
        return None
    step = min(below, key=lambda one: one.limit)
    inputs = (Figure("x", value), Figure("x0", step.limit), Figure("F", fee, CNY), Figure("s", step.share))
    return step, fen(times(fee, step.share)), "−F × s", inputs


def _cases(steps: Iterable[Ladder], value: Decimal) -> _Found | None:
    """Each case beyond the limit costs the same; of several limits the highest one passed decides."""
    above = [one for one in steps if value > one.limit]
    if not above:
        return None
    step = max(above, key=lambda one: one.limit)
    beyond = added(value, -step.limit)
    inputs = (Figure("n", value), Figure("x0", step.limit), Figure("p", step.per_case, CNY))
    return step, fen(times(beyond, step.per_case)), "−(n − x0) × p", inputs
