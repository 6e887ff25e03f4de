"""Parts of a shared bill add up to it to the last digit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nengtan.domain.allocation import WeightsError, split
from tests.domain.strategies import quantities

weights = st.dictionaries(
    st.text(max_size=3), st.decimals(min_value=0, max_value=Decimal("1e7"), places=3), min_size=1, max_size=12
)


@given(total=quantities, shares=weights, places=st.integers(min_value=0, max_value=6))
def test_parts_sum_exactly(total: Decimal, shares: dict[str, Decimal], places: int) -> None:
    assume(any(shares.values()))
    parts = split(total, shares, places)
    assert sum(map(Fraction, parts.values())) == Fraction(total)
    assert parts.keys() == shares.keys()


@given(total=quantities, shares=weights)
def test_each_part_is_within_one_unit_of_its_share(total: Decimal, shares: dict[str, Decimal]) -> None:
    assume(any(shares.values()))
    whole = sum(map(Fraction, shares.values()))
    for key, part in split(total, shares, 6).items():
        assert abs(Fraction(part) - Fraction(total) * Fraction(shares[key]) / whole) < Fraction(1, 10**6)


@given(total=quantities, shares=weights)
def test_a_zero_weight_gets_nothing(total: Decimal, shares: dict[str, Decimal]) -> None:
    assume(any(shares.values()))
    assert all(part == 0 for key, part in split(total, shares, 6).items() if not shares[key])


def test_equal_remainders_go_to_those_given_first() -> None:
    thirds = split(Decimal("0.02"), {"a": Decimal(1), "b": Decimal(1), "c": Decimal(1)})
    assert [str(part) for part in thirds.values()] == ["0.01", "0.01", "0.00"]


def test_a_credit_note_is_split_like_a_bill() -> None:
    assert split(Decimal(-10), {"a": Decimal(3), "b": Decimal(1)}, 1) == {"a": Decimal("-7.5"), "b": Decimal("-2.5")}


@pytest.mark.parametrize("shares", [{}, {"a": Decimal(0)}, {"a": Decimal(2), "b": Decimal(-1)}])
def test_weights_that_share_nothing_are_refused(shares: dict[str, Decimal]) -> None:
    with pytest.raises(WeightsError):
        split(Decimal(1), shares)
