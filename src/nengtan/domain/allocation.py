"""Split a shared quantity (a bill for several institutions) by weights into parts that add up to it exactly."""

from collections.abc import Hashable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from nengtan.domain.exact import total as exact_total

__all__ = ["WeightsError", "split"]

K = TypeVar("K", bound=Hashable)


class WeightsError(ValueError):
    """The weights cannot share anything out: none, a negative one, or all zero."""


def split(total: Decimal, weights: Mapping[K, Decimal], places: int = 2) -> dict[K, Decimal]:
    """Share a total out by largest remainder; of equal remainders the key given first gets the last unit.

    Parameters: ``total`` [any unit, also negative], ``weights`` [areas, heads, sub-meter readings, shares], ``places``
    decimals of the parts; a total with more decimals than that is split with its own.

    >>> parts = split(Decimal("100.00"), {"a": Decimal(1), "b": Decimal(1), "c": Decimal(1)})
    >>> [str(part) for part in parts.values()]
    ['33.34', '33.33', '33.33']
    >>> split(Decimal(5), {"a": Decimal(0)})
    Traceback (most recent call last):
    nengtan.domain.allocation.WeightsError: the weights add up to nothing
    """
    if any(weight < 0 for weight in weights.values()):
        raise WeightsError("a weight is below zero")
    whole = exact_total(weights.values())
    if not whole:
        raise WeightsError("the weights add up to nothing")
    exponent = _exponent(total, places)
    units = abs(int(Fraction(total) / Fraction(10) ** exponent))
    exact = {key: units * Fraction(weight) / Fraction(whole) for key, weight in weights.items()}
    counts = {key: int(share) for key, share in exact.items()}
    by_remainder = sorted(exact, key=lambda key: counts[key] - exact[key])  # stable: first given wins a tie
    for key in by_remainder[: units - sum(counts.values())]:
        counts[key] += 1
    sign = "-" if total < 0 else ""
    return {key: Decimal(f"{sign}{count}E{exponent}") for key, count in counts.items()}


def _exponent(total: Decimal, places: int) -> int:
    exponent = total.normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        raise WeightsError("the total is not a finite number")
    return min(-places, exponent)
