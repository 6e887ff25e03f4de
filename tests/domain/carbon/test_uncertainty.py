"""How sure totals are: by hand, draws against propagation, lopsided intervals, shared factors, speed."""

from __future__ import annotations

import time
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.carbon.uncertainty import combined, of_product, simulate


def test_a_sum_by_hand() -> None:
    parts = [(Decimal("109.05"), Decimal("0.05")), (Decimal("23.59"), Decimal("0.10"))]
    by_hand = ((109.05 * 0.05) ** 2 + (23.59 * 0.10) ** 2) ** 0.5 / (109.05 + 23.59)
    assert float(combined(parts) or 0) == pytest.approx(by_hand, rel=1e-12)
    assert of_product(Decimal("0.05"), Decimal(0)) == Decimal("0.05")
    assert combined([]) is None
    assert combined([(Decimal(0), Decimal("0.1"))]) is None


@given(st.lists(st.tuples(st.decimals("0.1", "1000", places=2), st.decimals("0", "0.5", places=3)), min_size=1))
def test_a_sum_is_never_less_sure_than_its_worst_part(parts: list[tuple[Decimal, Decimal]]) -> None:
    assert (combined(parts) or 0) <= max(width for _value, width in parts) + Decimal("1e-20")


def test_draws_agree_with_propagation_where_widths_are_small() -> None:
    emissions, activity = np.array([[60.0, 30.0, 10.0]]), np.array([[0.02, 0.05, 0.10]])
    found = simulate(emissions, activity, np.zeros(3), draws=200_000)
    width = combined([(Decimal(60), Decimal("0.02")), (Decimal(30), Decimal("0.05")), (Decimal(10), Decimal("0.1"))])
    low, high = found.interval.shares(100.0)
    assert (-low, high) == (pytest.approx(float(width or 0), abs=3e-4), pytest.approx(float(width or 0), abs=3e-4))


def test_wide_intervals_are_lopsided_and_never_below_nought() -> None:
    found = simulate(np.array([[100.0]]), np.array([[1.0]]), np.zeros(1))
    low, high = found.interval.shares(100.0)
    assert high == pytest.approx(1.0, abs=0.06)
    assert low == pytest.approx(-0.5, abs=0.03)
    assert found.bodies.min() > 0


def test_a_shared_factor_does_not_average_out_and_own_meters_do() -> None:
    many = np.full((100, 1), 1.0)
    shared = simulate(many, np.zeros((100, 1)), np.array([0.1])).interval.shares(100.0)
    own = simulate(many, np.full((100, 1), 0.1), np.zeros(1)).interval.shares(100.0)
    assert shared[1] == pytest.approx(0.1, abs=0.005)
    assert own[1] == pytest.approx(0.01, abs=0.001)


def test_the_same_seed_draws_the_same_and_what_is_sure_stays() -> None:
    emissions, widths = np.array([[5.0, 7.0]]), np.array([[0.1, 0.4]])
    first, second = (simulate(emissions, widths, np.zeros(2)) for _ in range(2))
    assert first.interval == second.interval
    sure = simulate(emissions, np.zeros((1, 2)), np.zeros(2))
    assert (sure.interval.low, sure.interval.high) == (12.0, 12.0)


@pytest.mark.parametrize(("activity", "factor"), [
    (np.zeros((2, 2)), np.zeros(2)), (np.zeros((1, 2)), np.zeros(3)), (np.full((1, 2), -0.1), np.zeros(2)),
])  # fmt: skip
def test_what_does_not_fit_is_refused(activity: np.ndarray, factor: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"shapes|below 0"):
        simulate(np.ones((1, 2)), activity, factor)


def test_a_district_of_ten_thousand_draws_takes_less_than_two_seconds_of_one_core() -> None:
    generator = np.random.default_rng(1)
    emissions, activity = generator.random((115, 10)) * 100, generator.choice([0.02, 0.05, 0.1, 0.3], (115, 10))
    begun = time.process_time()
    simulate(emissions, activity, np.full(10, 0.05))
    assert time.process_time() - begun < 2
