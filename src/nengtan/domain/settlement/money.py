"""Rounding, and the only places where it happens.

A factor is rounded to the places the contract names, a step of use likewise, an amount of money to the 分; halves go
away from nought (四舍五入). A sum is the sum of the rounded amounts shown above it. Where one sum is shared out, the
parts are those of `allocation.split`, which leave nothing over.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from nengtan.domain.exact import product, total

__all__ = ["FEN", "added", "compounded", "fen", "power", "quotient", "rounded", "times"]

FEN = Decimal("0.01")
_WORK = Context(prec=50)


def rounded(value: Decimal, places: int) -> Decimal:
    """A figure to so many decimals, halves away from nought.

    >>> rounded(Decimal("0.125"), 2), rounded(Decimal("-0.125"), 2)
    (Decimal('0.13'), Decimal('-0.13'))
    """
    held = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_WORK)
    return held if held else abs(held)


def fen(value: Decimal) -> Decimal:
    """An amount of money to the 分.

    >>> fen(Decimal("1.005"))
    Decimal('1.01')
    """
    return rounded(value, 2)


def quotient(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient with 50 digits, to be rounded by whoever asks; raises for a denominator of nought.

    >>> quotient(Decimal(1), Decimal(8))
    Decimal('0.125')
    """
    return _WORK.divide(numerator, denominator)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """A number of 0 or more to a power from 0 to 1; what is to the power of 0 or 1 is exact.

    >>> power(Decimal("1.1"), Decimal(1)), power(Decimal("1.21"), Decimal("0.5"))
    (Decimal('1.1'), Decimal('1.1'))
    """
    if exponent in (0, 1) or base in (0, 1):
        return Decimal(1) if not exponent or base == 1 else base
    found = _WORK.power(base, exponent)
    return rounded(found, 40).normalize()


def compounded(rate: Decimal, periods: int) -> Decimal:
    """What 1 grows to at a rate over whole periods, with 50 digits.

    >>> compounded(Decimal("0.1"), 2)
    Decimal('1.21')
    """
    return _WORK.power(added(Decimal(1), rate), Decimal(periods))


def times(*factors: Decimal) -> Decimal:
    """The product of figures, exactly.

    >>> times(Decimal("1.5"), Decimal(2), Decimal("0.1"))
    Decimal('0.30')
    """
    found = Decimal(1)
    for factor in factors:
        found = product(found, factor)
    return found


def added(*values: Decimal) -> Decimal:
    """The sum of figures, exactly.

    >>> added(Decimal("0.10"), Decimal("0.20"))
    Decimal('0.30')
    """
    found = total(values)
    return Decimal(0) if found is None else found
