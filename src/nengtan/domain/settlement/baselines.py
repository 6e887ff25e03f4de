"""The baseline use of an account (能源基准): by its latest year, the mean of three, or what people decided.

JS/T 301-2024, 4.3 as it is known second hand: where use falls every year the latest year is taken, where the years lie
within 10 % the mean of three. Of what the 10 % are, and what holds where both or neither apply, is not known to us:
here it is 10 % of the mean, ``both`` is a term of the contract, and of neither people decide. The text of the standard
goes before this reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from nengtan.domain.settlement.lines import Figure, Line, Refused, Section, Why
from nengtan.domain.settlement.money import added, quotient, rounded, times
from nengtan.domain.settlement.terms import Account, Baseline, BaselineYear, Rule

__all__ = ["Found", "baseline_line", "chosen_rule", "version_on"]


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that holds, and the years it takes, newest first."""

    rule: Rule
    years: tuple[BaselineYear, ...]


def version_on(versions: Sequence[Baseline], day: date) -> Baseline | None:
    """The version that holds on a day: the newest that began by then.

    >>> old = Baseline("", "gas", "1", date(2024, 1, 1), Rule.LATEST_YEAR)
    >>> new = Baseline("", "gas", "2", date(2026, 1, 1), Rule.LATEST_YEAR)
    >>> version_on([new, old], date(2025, 7, 1)).version
    '1'
    """
    begun = [one for one in versions if one.holds_from <= day]
    return max(begun, key=lambda one: one.holds_from, default=None)


def chosen_rule(baseline: Baseline, years: Sequence[BaselineYear]) -> Found:
    """The rule that holds and the years it takes; raises `Refused` where people have to decide.

    >>> history = [BaselineYear("", "gas", 2021 + at, Decimal(use)) for at, use in enumerate((120, 110, 80))]
    >>> found = chosen_rule(Baseline("", "gas", "1", date(2024, 1, 1), Rule.AUTOMATIC), history)
    >>> str(found.rule), found.years[0].use
    ('latest_year', Decimal('80'))
    """
    newest = tuple(sorted(years, key=lambda one: -one.year))
    rule = _automatic(baseline, newest) if baseline.rule is Rule.AUTOMATIC else baseline.rule
    if rule is Rule.DECISION:
        return Found(rule, newest)
    wanted = 3 if rule is Rule.THREE_YEAR_MEAN else 1
    if not _run(newest, wanted):
        raise _refused(Why.NO_BASELINE_YEAR, baseline, _told(newest), str(wanted))
    return Found(rule, newest[:wanted])


def baseline_line(account: Account, baseline: Baseline, years: Sequence[BaselineYear], places: int) -> Line:
    """The line of the baseline use; raises `Refused` without the years or the decision it needs."""
    found = chosen_rule(baseline, years)
    if found.rule is Rule.DECISION:
        return _decided(account, baseline)
    figures = tuple(Figure(f"E{one.year}", one.use, account.unit) for one in found.years)
    value = quotient(added(*(one.use for one in found.years)), Decimal(len(found.years)))
    if found.rule is Rule.THREE_YEAR_MEAN:
        value = rounded(value, places)
        formula = f"({' + '.join(figure.symbol for figure in figures)}) / 3"
    else:
        formula = figures[0].symbol
    evidence = tuple(dict.fromkeys(text for one in found.years if (text := one.evidence)))
    return _line(account, baseline, value, formula, figures, evidence, found.rule)


def _decided(account: Account, baseline: Baseline) -> Line:
    if baseline.decided_use is None or not baseline.decided_by or baseline.decided_on is None or not baseline.evidence:
        raise _refused(Why.BASELINE_NEEDS_DECISION, baseline, "", "decided_use, decided_by, decided_on, evidence")
    figure = Figure("B", baseline.decided_use, account.unit)
    return _line(account, baseline, baseline.decided_use, "B", (figure,), (), Rule.DECISION)


def _line(
    account: Account,
    baseline: Baseline,
    value: Decimal,
    formula: str,
    inputs: tuple[Figure, ...],
    evidence: tuple[str, ...],
    rule: Rule,
) -> Line:
    return Line(
        "baseline_use", Section.USE, value, account.unit, formula, inputs, account.site, account.carrier,
        about=f"{rule}:{baseline.version}", clause=baseline.clause,
        evidence=tuple(dict.fromkeys([*evidence, *([baseline.evidence] if baseline.evidence else [])])),
    )  # fmt: skip


def _automatic(baseline: Baseline, newest: Sequence[BaselineYear]) -> Rule:
    three = newest[:3]
    if not _run(three, 3):
        raise _refused(Why.NO_BASELINE_YEAR, baseline, _told(newest), "3")
    uses = [one.use for one in three]
    falls = all(later < earlier for later, earlier in pairwise(uses))
    bound = times(baseline.within, added(*uses))
    within = all(abs(times(use, Decimal(3)) - added(*uses)) <= bound for use in uses)
    if falls and within:
        if baseline.both is Rule.DECISION and baseline.decided_use is None:
            raise _refused(Why.BASELINE_NEEDS_DECISION, baseline, "latest_year, three_year_mean")
        return baseline.both if baseline.both is not Rule.AUTOMATIC else Rule.DECISION
    if falls:
        return Rule.LATEST_YEAR
    return Rule.THREE_YEAR_MEAN if within else Rule.DECISION


def _run(newest: Sequence[BaselineYear], wanted: int) -> bool:
    """So many years are told of, one after the other."""
    taken = newest[:wanted]
    return len(taken) == wanted and all(later.year == earlier.year + 1 for later, earlier in pairwise(taken))


def _refused(why: Why, baseline: Baseline, found: str, allowed: str = "") -> Refused:
    return Refused(why, baseline.site, baseline.carrier, found, allowed)


def _told(years: Sequence[BaselineYear]) -> str:
    return ", ".join(str(one.year) for one in years)
