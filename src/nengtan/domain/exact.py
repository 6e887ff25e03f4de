"""Exact decimal arithmetic: products and sums keep every digit; only a division rounds, and only in the 28th place."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

__all__ = ["kilo_to_tonne", "product", "ratio", "total"]

# 60 digits hold the product of any two 30-digit numbers, far beyond a nation's kilowatt-hours to the millionth.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
_RATIO = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


def product(left: Decimal, right: Decimal) -> Decimal:
    """Multiply without rounding.

    >>> product(Decimal("361480"), Decimal("0.4044"))
    Decimal('146182.5120')
    """
    return _EXACT.multiply(left, right)


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """Add what is known without rounding; None when nothing is known.

    >>> total([Decimal("0.1"), None, Decimal("0.2")])
    Decimal('0.3')
    >>> total([None]) is None
    True
    """
    known: Decimal | None = None
    for value in values:
        if value is not None:
            known = value if known is None else _EXACT.add(known, value)
    return known


def ratio(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    """Divide to 28 digits; None when either side is missing or the denominator is zero.

    >>> ratio(Decimal(1), Decimal(8))
    Decimal('0.125')
    >>> ratio(Decimal(1), Decimal(0)) is None
    True
    """
    if numerator is None or denominator is None or not denominator:
        return None
    return _RATIO.divide(numerator, denominator)


def kilo_to_tonne(kilograms: Decimal) -> Decimal:
    """Kilograms to tonnes by moving the point.

    >>> kilo_to_tonne(Decimal("171934.048"))
    Decimal('171.934048')
    """
    return kilograms.scaleb(-3, _EXACT)
