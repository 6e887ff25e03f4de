"""Exact arithmetic."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.exact import kilo_to_tonne, product, ratio, total
from tests.domain.strategies import quantities


@given(left=quantities, right=quantities)
def test_products_are_exact(left: Decimal, right: Decimal) -> None:
    assert Fraction(product(left, right)) == Fraction(left) * Fraction(right)


@given(values=st.lists(st.none() | quantities, max_size=50))
def test_totals_are_exact_and_unknown_when_nothing_is_known(values: list[Decimal | None]) -> None:
    known = [Fraction(value) for value in values if value is not None]
    found = total(values)
    assert (None if found is None else Fraction(found)) == (sum(known) if known else None)


@given(value=quantities)
def test_tonnes_keep_every_digit(value: Decimal) -> None:
    assert Fraction(kilo_to_tonne(product(value, Decimal("0.123456")))) == Fraction(value) * Fraction(123456, 10**9)


@given(numerator=quantities, denominator=quantities)
def test_a_ratio_is_none_only_for_a_zero_denominator(numerator: Decimal, denominator: Decimal) -> None:
    assert (ratio(numerator, denominator) is None) == (denominator == 0)


def test_a_ratio_with_a_side_missing_is_missing() -> None:
    assert ratio(None, Decimal(1)) is None
    assert ratio(Decimal(1), None) is None
