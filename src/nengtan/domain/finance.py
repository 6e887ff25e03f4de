"""What an investment in saving energy brings: paybacks, present value, rate of return, cost of a unit.

Years are whole: ``capex`` is paid at the beginning, at the end of year k comes ``flows[k - 1]``, the net saving of that
year. Money in any one unit, rates as shares (0.06 is six per cent a year). What has no answer is None, never a number.
Formulas: Blank & Tarquin, Engineering Economy; the terms of Chinese feasibility studies (建设项目经济评价方法与参数).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import exp, fsum, isfinite

__all__ = [
    "NoRate",
    "Rate",
    "Scenario",
    "cost_of_saved_unit",
    "dynamic_payback",
    "irr",
    "levelised_cost",
    "npv",
    "sensitivity",
    "static_payback",
]


class NoRate(StrEnum):
    """Why a cash flow has no rate of return."""

    NOTHING_PAID = "nothing_paid"
    NEVER_BACK = "never_back"
    SEVERAL = "several"  # its sign changes more than once: no, one or many rates, none of which says anything


@dataclass(frozen=True, slots=True)
class Rate:
    """An internal rate of return (内部收益率), or why there is none."""

    value: float | None
    reason: NoRate | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What becomes of value and rate if one assumption is ``change`` (a share) off; ``of``: capex, flows or rate."""

    of: str
    change: float
    npv: float
    irr: Rate


def npv(capex: float, flows: Sequence[float], rate: float) -> float:
    """The net present value (财务净现值): what is paid is not discounted, the first year's saving by one year.

    >>> round(npv(1_200_000, [280_000] * 8, 0.06), 2)
    538742.27
    """
    _check(capex, flows, rate)
    return fsum([-capex, *_discounted(flows, rate)])


def static_payback(capex: float, flows: Sequence[float]) -> float | None:
    """Years until the savings have brought back what was paid (静态投资回收期), even within a year; None if never.

    >>> round(static_payback(1_200_000, [280_000] * 8), 4), static_payback(1_200_000, [280_000] * 4)
    (4.2857, None)
    """
    _check(capex, flows, 0)
    return _recovered(capex, flows)


def dynamic_payback(capex: float, flows: Sequence[float], rate: float) -> float | None:
    """The same of savings at their present value (动态投资回收期).

    >>> round(dynamic_payback(1_200_000, [280_000] * 8, 0.06), 4)
    5.104
    """
    _check(capex, flows, rate)
    return _recovered(capex, _discounted(flows, rate))


def irr(capex: float, flows: Sequence[float]) -> Rate:
    """The rate at which the present value is nothing; none where nothing is paid, nothing comes back, or signs change
    more than once (by Descartes there is one rate exactly where they change once).

    >>> round(irr(1_200_000, [280_000] * 8).value, 6), str(irr(100, [300, -250]).reason)
    (0.164179, 'several')
    """
    _check(capex, flows, 0)
    signs = [value > 0 for value in (-capex, *flows) if value]
    changes = sum(before != after for before, after in pairwise(signs))
    if changes > 1:
        return Rate(None, NoRate.SEVERAL)
    if not capex:
        return Rate(None, NoRate.NOTHING_PAID)
    if not changes:
        return Rate(None, NoRate.NEVER_BACK)
    return Rate(1 / _root([-capex, *flows]) - 1)


def levelised_cost(capex: float, upkeep: Sequence[float], amounts: Sequence[float], rate: float) -> float | None:
    """What a unit costs over the whole life (平准化成本, LCOE): all that is paid by all that comes, at present value.

    Parameters: ``upkeep`` [money a year], ``amounts`` [kWh a year], of one length.

    >>> amounts = [110_000 * 0.995**year for year in range(25)]
    >>> round(levelised_cost(350_000, [5_000] * 25, amounts, 0.06), 5)
    0.30787
    """
    _check(capex, upkeep, rate)
    _check(0, amounts, rate)
    if len(upkeep) != len(amounts):
        raise ValueError(f"amounts: found {len(amounts)} years; allowed: {len(upkeep)}")
    came = fsum(_discounted(amounts, rate))
    return fsum([capex, *_discounted(upkeep, rate)]) / came if came > 0 else None


def cost_of_saved_unit(capex: float, saved: float, rate: float, years: int) -> float | None:
    """What a saved unit costs (单位节能成本), the investment spread evenly over its life by the recovery factor.

    >>> round(cost_of_saved_unit(1000, 500, 0.05, 10), 6), cost_of_saved_unit(1000, 500, 0, 10)
    (0.259009, 0.2)
    """
    _check(capex, [saved], rate)
    if years < 1:
        raise ValueError(f"years: found {years}; allowed: 1 or more")
    factor = rate / (1 - (1 + rate) ** -years) if rate else 1 / years
    return capex * factor / saved if saved > 0 else None


def sensitivity(
    capex: float, flows: Sequence[float], rate: float, changes: Iterable[float] = (-0.2, -0.1, 0.1, 0.2)
) -> list[Scenario]:
    """Value and rate of return with the investment, the savings, the discount rate each by itself a share off.

    >>> [(one.of, one.change, round(one.npv)) for one in sensitivity(100, [60, 60], 0.1, [0.5])]
    [('capex', 0.5, -46), ('flows', 0.5, 56), ('rate', 0.5, -2)]
    """
    found = []
    for change in changes:
        more = 1 + change
        varied = [value * more for value in flows]
        found += [
            Scenario("capex", change, npv(capex * more, flows, rate), irr(capex * more, flows)),
            Scenario("flows", change, npv(capex, varied, rate), irr(capex, varied)),
            Scenario("rate", change, npv(capex, flows, rate * more), irr(capex, flows)),
        ]
    return found


def _check(capex: float, flows: Sequence[float], rate: float) -> None:
    """Raise `ValueError` for what is no investment."""
    if not isfinite(capex) or capex < 0:
        raise ValueError(f"capex: found {capex}; allowed: 0 or more")
    if not len(flows) or not all(isfinite(value) for value in flows):
        raise ValueError("flows: allowed: a number for each year, at least one")
    if not isfinite(rate) or rate <= -1:
        raise ValueError(f"rate: found {rate}; allowed: above -1")


def _discounted(flows: Iterable[float], rate: float) -> list[float]:
    return [value / (1 + rate) ** year for year, value in enumerate(flows, 1)]


def _recovered(capex: float, flows: Iterable[float]) -> float | None:
    left = capex
    if left <= 0:
        return 0.0
    for year, value in enumerate(flows):
        if value >= left:
            return year + left / value
        left -= value
    return None


def _root(coefficients: Sequence[float]) -> float:
    """The one x above 0 at which the polynomial, lowest power first and negative at 0, is 0.

    By halving in log x: each half has the root for certain, whatever the flows. Above 1 the polynomial is looked at
    divided by its highest power, so that no power grows beyond all bounds.
    """
    held = {power: value for power, value in enumerate(coefficients) if value}
    highest = max(held)

    def value(at: float) -> float:
        off = highest if at > 0 else 0
        return fsum(number * exp((power - off) * at) for power, number in held.items())

    low, high = -1.0, 1.0
    while value(low) > 0:
        low *= 2
    while value(high) < 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if value(middle) < 0 else (low, middle)
    return exp((low + high) / 2)
