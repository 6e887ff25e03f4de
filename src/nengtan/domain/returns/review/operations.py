"""What the operations of the rule language mean, over columns of numbers and of truths.

A number is float64 with NaN for what is unknown; a truth is 1, 0 for what cannot be known, or -1 (Kleene's logic, as
in SQL). Arithmetic with an unknown is unknown; so is a division by zero. Numbers closer than 1 in 10^12 are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLOSE", "NUMBERS", "TRUTHS", "Array"]

Array = NDArray[Any]  # float64 for numbers, int8 for truths; of length one where it is the same for every row
CLOSE = 1e-12
_POWERS = 4


def _truth(holds: Array, fails: Array) -> Array:
    found: Array = holds.view(np.int8) - fails.view(np.int8)
    return found


def _lower(bound: Array) -> Array:
    return np.asarray(bound - np.abs(bound) * CLOSE)


def _upper(bound: Array) -> Array:
    return np.asarray(bound + np.abs(bound) * CLOSE)


def _less(left: Array, low: Array) -> Array:
    return _truth(left < low, left >= low)


def _more(left: Array, high: Array) -> Array:
    return _truth(left > high, left <= high)


def _at_least(left: Array, low: Array) -> Array:
    return _truth(left >= low, left < low)


def _at_most(left: Array, high: Array) -> Array:
    return _truth(left <= high, left > high)


def _equal(left: Array, low: Array, high: Array) -> Array:
    return _truth((left >= low) & (left <= high), (left < low) | (left > high))


def _divide(left: Array, right: Array) -> Array:
    return np.asarray(left / np.where(right == 0, np.nan, right))


def _positive(value: Array) -> Array:
    return np.where(value > 0, value, np.nan)


def _either(left: Array, right: Array) -> Array:
    return np.where(np.isnan(left), right, left)


def _sum(*parts: Array) -> Array:
    """What is known added; unknown only where nothing is known."""
    return reduce(lambda left, right: np.where(np.isnan(left), right, left + _either(right, np.zeros(1))), parts)


def _count(*conditions: Array) -> Array:
    return reduce(np.add, [(condition == 1).astype(np.float64) for condition in conditions])


def _log10(value: Array) -> Array:
    return np.asarray(np.log10(_positive(value)))


def _multiple(value: Array, step: Array) -> Array:
    rest = np.asarray(value / step - np.rint(value / step))
    return _truth(np.abs(rest) <= CLOSE, np.abs(rest) > CLOSE)


def _slip(times: Array, tolerance: Array) -> Array:
    """The power of ten, 1 to 4 either way, by which a figure is off, or 0; unknown where ``times`` is."""
    times = np.atleast_1d(times)
    nearest = 10.0 ** (1 - np.max(tolerance))
    found = times * 0.0
    (rows,) = np.nonzero((times >= nearest) | (times <= 1 / nearest))
    exponent = np.log10(times[rows])
    power = np.rint(exponent)
    found[rows] = np.where((np.abs(exponent - power) <= tolerance) & (np.abs(power) <= _POWERS), power, 0.0)
    return found


def _given(value: Array) -> Array:
    known = ~np.isnan(value)
    return _truth(known, ~known)


NUMBERS: Mapping[str, Callable[..., Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": _divide,
    "over": np.divide,
    "negative": np.negative,
    "abs": np.abs,
    "least": np.minimum,
    "greatest": np.maximum,
    "lower": _lower,
    "upper": _upper,
    "positive": _positive,
    "either": _either,
    "sum": _sum,
    "count": _count,
    "log10": _log10,
    "slip": _slip,
}
"""Operations whose outcome is a number."""

TRUTHS: Mapping[str, Callable[..., Array]] = {
    "less": _less,
    "at_most": _at_most,
    "more": _more,
    "at_least": _at_least,
    "equal": _equal,
    "and": np.minimum,
    "or": np.maximum,
    "not": np.negative,
    "given": _given,
    "multiple": _multiple,
}
"""Operations whose outcome is a truth."""
