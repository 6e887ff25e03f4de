"""Why a total changed: the logarithmic mean Divisia index (对数平均迪氏分解), additive and multiplicative, LMDI-I.

A total is a sum over rows (types, carriers, regions) of a product of factors, such as persons × area per person ×
energy per area. Its change is split among the factors without a remainder.

Sources: B. W. Ang, Energy Policy 33 (2005) 867-871, eq. 4-6; the limits at zero: Ang, Zhang, Choi, Energy 23 (1998)
489-495, and Wood, Lenzen, Energy Policy 34 (2006) 1326-1331. Where several factors of a row are zero at once the limit
is not unique: the whole term then goes to the first of them in the chain (structure before intensity).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from itertools import pairwise
from typing import Generic, TypeVar

__all__ = ["Decomposition", "NotDecomposable", "chain", "chained", "decompose", "logarithmic_mean"]

K = TypeVar("K", bound=Hashable)
Rows = Mapping[K, Sequence[Decimal]]

# Far more digits than any input has, so that differences of nearly equal logarithms keep enough of them.
_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
_ZERO = Decimal(0)
_NEAR = Decimal("1e-15")


class NotDecomposable(ValueError):
    """A row cannot be split: ``row`` and ``factor`` say where, ``found`` what stands there."""

    def __init__(self, row: object, factor: str, found: object) -> None:
        self.row, self.factor, self.found = row, factor, found
        super().__init__(f"row {row!r}, {factor}: found {found!r}, allowed: a number from 0 upwards for each factor")


@dataclass(frozen=True, slots=True)
class Decomposition(Generic[K]):
    """The change of a total by factor, in the unit of the total; ``by_row`` holds the same for each row."""

    base: Decimal
    now: Decimal
    effects: Mapping[str, Decimal]
    by_row: Mapping[K, Mapping[str, Decimal]]

    @property
    def change(self) -> Decimal:
        return _WIDE.subtract(self.now, self.base)

    @property
    def multipliers(self) -> Mapping[str, Decimal] | None:
        """How many times each factor made the total: their product is now / base; None where one year is zero."""
        if not self.base or not self.now:
            return None
        weight = logarithmic_mean(self.now, self.base)
        return {name: _WIDE.exp(_WIDE.divide(effect, weight)) for name, effect in self.effects.items()}


def chain(*amounts: Decimal) -> tuple[Decimal, ...]:
    """Amounts as a chain of factors: the first, then each per the one before; their product is the last.

    A part of the chain that is zero makes the rest zero; `NotDecomposable` where something stands on nothing.

    >>> chain(Decimal(500), Decimal(10000), Decimal(200000))
    (Decimal('500'), Decimal('20'), Decimal('20'))
    """
    found = [amounts[0]]
    for before, after in pairwise(amounts):
        if not before and after:
            raise NotDecomposable(amounts, "chain", before)
        found.append(_WIDE.divide(after, before) if before else _ZERO)
    return tuple(found)


def logarithmic_mean(left: Decimal, right: Decimal) -> Decimal:
    """(a - b) / ln(a / b), which is a where both are equal and 0 where one is zero.

    Of amounts that differ in their last digits alone the logarithm has no digits left: there the series
    m (1 - d² / 3 - …) stands, with m half the sum and d the difference by the sum.

    >>> round(logarithmic_mean(Decimal(20), Decimal(10)), 6)
    Decimal('14.426950')
    >>> logarithmic_mean(Decimal(5), Decimal(5)), logarithmic_mean(Decimal(5), Decimal(0))
    (Decimal('5'), Decimal('0'))
    """
    if left == right:
        return left
    if not left or not right:
        return _ZERO
    total, apart = _WIDE.add(left, right), _WIDE.subtract(left, right)
    distance = _WIDE.divide(apart, total)
    if abs(distance) < _NEAR:
        bent = _WIDE.subtract(Decimal(3), _WIDE.multiply(distance, distance))
        return _WIDE.divide(_WIDE.multiply(total, bent), Decimal(6))
    return _WIDE.divide(apart, _WIDE.ln(_WIDE.divide(left, right)))


def decompose(factors: Sequence[str], base: Rows[K], now: Rows[K]) -> Decomposition[K]:
    """Split the change between two years among the factors, given in the order of the chain.

    A row absent from one year is a row of zeros in it (a type that appeared); an unknown figure is refused, since a
    missing report is not a zero.

    Persons 10 → 20, kgce a person 2 → 1: nothing changes in total, the two effects cancel.

    >>> found = decompose(["persons", "per_person"], {"a": [Decimal(10), Decimal(2)]}, {"a": [Decimal(20), Decimal(1)]})
    >>> {name: round(effect, 6) for name, effect in found.effects.items()}
    {'persons': Decimal('13.862944'), 'per_person': Decimal('-13.862944')}
    """
    absent = (_ZERO,) * len(factors)
    by_row = {
        key: _row_effects(key, factors, base.get(key, absent), now.get(key, absent))
        for key in dict.fromkeys((*base, *now))
    }
    effects = {name: _sum(row[name] for row in by_row.values()) for name in factors}
    return Decomposition(_value_of(base), _value_of(now), effects, by_row)


def chained(factors: Sequence[str], years: Sequence[Rows[K]]) -> Decomposition[K]:
    """The change from the first to the last year, decomposed from year to year and added up (逐年链式).

    >>> def year(persons: int, each: int) -> dict[str, list[Decimal]]:
    ...     return {"a": [Decimal(persons), Decimal(each)]}
    >>> found = chained(["persons", "per_person"], [year(10, 2), year(10, 3), year(20, 3)])
    >>> {name: round(effect, 6) for name, effect in found.effects.items()}
    {'persons': Decimal('30.000000'), 'per_person': Decimal('10.000000')}
    """
    steps = [decompose(factors, before, after) for before, after in pairwise(years)]
    keys = dict.fromkeys(key for step in steps for key in step.by_row)
    by_row = {
        key: {name: _sum(step.by_row[key][name] for step in steps if key in step.by_row) for name in factors}
        for key in keys
    }
    effects = {name: _sum(step.effects[name] for step in steps) for name in factors}
    return Decomposition(_value_of(years[0]), _value_of(years[-1]), effects, by_row)


def _row_effects(
    key: object, names: Sequence[str], base: Sequence[Decimal], now: Sequence[Decimal]
) -> dict[str, Decimal]:
    for values in (base, now):
        _check(key, names, values)
    before, after = _product(base), _product(now)
    if before and after:
        weight = logarithmic_mean(after, before)
        return {
            name: _WIDE.multiply(weight, _WIDE.ln(_WIDE.divide(x_now, x_base)))
            for name, x_base, x_now in zip(names, base, now, strict=True)
        }
    effects = dict.fromkeys(names, _ZERO)
    zeros = [name for name, value in zip(names, base if after else now, strict=True) if not value]
    effects[zeros[0]] = _WIDE.subtract(after, before)
    return effects


def _check(key: object, names: Sequence[str], values: Sequence[Decimal | None]) -> None:
    if len(values) != len(names):
        raise NotDecomposable(key, ", ".join(names), tuple(values))
    for name, value in zip(names, values, strict=True):
        if value is None or not value.is_finite() or value < 0:
            raise NotDecomposable(key, name, value)


def _product(values: Sequence[Decimal]) -> Decimal:
    found = Decimal(1)
    for value in values:
        found = _WIDE.multiply(found, value)
    return found


def _value_of(rows: Mapping[K, Sequence[Decimal]]) -> Decimal:
    return _sum(_product(values) for values in rows.values())


def _sum(values: Iterable[Decimal]) -> Decimal:
    found = _ZERO
    for value in values:
        found = _WIDE.add(found, value)
    return found
