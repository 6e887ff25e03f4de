"""What was saved and who has it: shared savings (节能效益分享) and guaranteed savings (节能量保证)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from nengtan.domain.settlement.fees import Held
from nengtan.domain.settlement.lines import CNY, Figure, Line, Note, Noted, Refused, Section, Why
from nengtan.domain.settlement.money import added, fen, times
from nengtan.domain.settlement.terms import Case

__all__ = ["bounded", "guarantee_lines", "saved_amount", "savings_lines", "shared_lines"]


class _Step(Protocol):
    @property
    def above(self) -> Decimal: ...


S = TypeVar("S", bound=_Step)


def bounded(steps: Sequence[S]) -> list[tuple[S, Decimal | None]]:
    """Steps, lowest first, each with where the next begins; None after the last.

    >>> from nengtan.domain.settlement.terms import Tier
    >>> [bound for _step, bound in bounded([Tier(Decimal(0), Decimal(0)), Tier(Decimal("0.05"), Decimal("0.5"))])]
    [Decimal('0.05'), None]
    """
    ordered = sorted(steps, key=lambda one: one.above)
    ends: list[Decimal | None] = [one.above for one in ordered[1:]]
    return list(zip(ordered, [*ends, None], strict=False))


def savings_lines(case: Case, held: Sequence[Held]) -> tuple[list[Line], list[Note]]:
    """What each account avoided and what that is worth; accounts that were not measured are left out."""
    lines: list[Line] = []
    notes: list[Note] = []
    for one in held:
        if one.measured is None:
            continue
        site, carrier, unit = one.account.site, one.account.carrier, one.account.unit
        saved = added(one.adjusted, -one.measured)
        inputs = (Figure("Ba", one.adjusted, unit), Figure("E", one.measured, unit))
        lines.append(Line("avoided_use", Section.SAVINGS, saved, unit, "Ba − E", inputs, site, carrier))
        worth = (Figure("S", saved, unit), Figure("P", one.price, f"{CNY}/{unit}"))
        value = fen(times(saved, one.price))
        lines.append(Line("saved_amount", Section.SAVINGS, value, CNY, "S × P", worth, site, carrier))
        if saved <= 0:
            notes.append(Note(Noted.SAVINGS_NEGATIVE, site, carrier, value=saved))
        for band in case.bands:
            if (band.site, band.carrier) == (site, carrier):
                ends = (Figure("L", band.low, unit), Figure("H", band.high, unit))
                width = added(band.high, -band.low)
                lines.append(Line("band_90", Section.SAVINGS, width, unit, "H − L", ends, site, carrier,
                                  evidence=(band.evidence,)))  # fmt: skip
                if band.low <= 0 <= band.high:
                    notes.append(Note(Noted.BAND_HOLDS_NOUGHT, site, carrier))
    return lines, notes


def saved_amount(lines: Sequence[Line]) -> Decimal:
    """What all accounts saved [CNY]."""
    return added(*(line.value for line in lines if line.code == "saved_amount"))


def shared_lines(case: Case, savings: Sequence[Line], year: int) -> tuple[list[Line], list[Note]]:
    """The company's share of the savings of a year, tier by tier; raises `Refused` without shares for the year."""
    begun = [one.from_year for one in case.sharing if one.from_year <= year]
    tiers = sorted((one for one in case.sharing if begun and one.from_year == max(begun)), key=lambda one: one.above)
    if not tiers or tiers[0].above:
        raise Refused(Why.SHARING_MISSING, found=str(year), allowed="from_year, above 0")
    saved = saved_amount(savings)
    if saved <= 0:
        return [], [Note(Noted.NO_SAVINGS, value=saved)]
    lines = []
    for one, up_to in bounded(tiers):
        part = added(min(saved, up_to) if up_to is not None else saved, -one.above)
        if part > 0:
            inputs = (Figure("S", part, CNY), Figure("a", one.company_share))
            value = fen(times(part, one.company_share))
            lines.append(Line("shared_amount", Section.FEE, value, CNY, "S × a", inputs, about=f"{one.above:f}",
                              counts=True, clause=one.clause))  # fmt: skip
    return lines, []


def guarantee_lines(case: Case, held: Sequence[Held], savings: Sequence[Line]) -> tuple[list[Line], list[Note]]:
    """The fee, what the company makes good where less was saved than guaranteed, its part of what is beyond."""
    terms = case.guarantee
    if terms is None or (terms.share is None and not case.guaranteed):
        raise Refused(Why.GUARANTEE_MISSING)
    lines, notes = [], []
    if terms.fee:
        lines.append(Line("guarantee_fee", Section.FEE, fen(terms.fee), CNY, "G", (Figure("G", terms.fee, CNY),),
                          counts=True, clause=terms.clause))  # fmt: skip
    promised = _promised(case, held)
    lines.append(promised)
    saved = saved_amount(savings)
    missing = added(promised.value, -saved)
    inputs: tuple[Figure, ...] = (Figure("Sg", promised.value, CNY), Figure("S", saved, CNY))
    if missing > 0:
        value = missing if terms.most is None else min(missing, fen(terms.most))
        formula, figures = "−(Sg − S)", inputs
        if value < missing and terms.most is not None:
            notes.append(Note(Noted.COMPENSATION_CAPPED, value=missing))
            formula, figures = "−min(Sg − S, L)", (*inputs, Figure("L", terms.most, CNY))
        lines.append(Line("shortfall", Section.FEE, -value, CNY, formula, figures, counts=True, clause=terms.clause))
    elif missing < 0 and terms.excess_share:
        value = fen(times(-missing, terms.excess_share))
        lines.append(Line("excess_share", Section.FEE, value, CNY, "(S − Sg) × a", (*inputs,
                          Figure("a", terms.excess_share)), counts=True, clause=terms.clause))  # fmt: skip
    return lines, notes


def _promised(case: Case, held: Sequence[Held]) -> Line:
    """What is guaranteed to be saved [CNY]: a share of the adjusted baseline at its price, or amounts at theirs."""
    terms = case.guarantee
    if terms is not None and terms.share is not None:
        whole = added(*(fen(times(one.adjusted, one.price)) for one in held))
        inputs = (Figure("C", whole, CNY), Figure("g", terms.share))
        value, formula, clause = fen(times(whole, terms.share)), "C × g", terms.clause
        return Line("guaranteed_amount", Section.SAVINGS, value, CNY, formula, inputs, clause=clause)
    prices = {(one.account.site, one.account.carrier): one for one in held}
    figures: list[Figure] = []
    amounts: list[Decimal] = []
    for at, one in enumerate(case.guaranteed, 1):
        of = prices[one.site, one.carrier]
        figures += [Figure(f"S{at}", one.use, of.account.unit), Figure(f"P{at}", of.price, f"{CNY}/{of.account.unit}")]
        amounts.append(fen(times(one.use, of.price)))
    formula = " + ".join(f"S{at} × P{at}" for at in range(1, len(amounts) + 1))
    clause = "; ".join(dict.fromkeys(one.clause for one in case.guaranteed if one.clause))
    return Line("guaranteed_amount", Section.SAVINGS, added(*amounts), CNY, formula, tuple(figures), clause=clause)
