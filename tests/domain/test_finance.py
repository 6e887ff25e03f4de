"""Investments: two published worked cases, cases by hand, and what must hold of any cash flow."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nengtan.domain.finance import (
    NoRate,
    cost_of_saved_unit,
    dynamic_payback,
    irr,
    levelised_cost,
    npv,
    sensitivity,
    static_payback,
)

EIGHT_YEARS = [280_000.0] * 8
money = st.floats(0.01, 1e7).map(lambda value: round(value, 2))


def test_the_worked_case_of_a_retrofit() -> None:
    """1.2 million that saves 280,000 a year for eight years at 6 %, checked with numpy-financial beforehand."""
    assert static_payback(1_200_000, EIGHT_YEARS) == pytest.approx(4.2857, abs=5e-5)
    assert dynamic_payback(1_200_000, EIGHT_YEARS, 0.06) == pytest.approx(5.1040, abs=5e-5)
    assert npv(1_200_000, EIGHT_YEARS, 0.06) == pytest.approx(538_742.27, abs=0.005)
    assert irr(1_200_000, EIGHT_YEARS).value == pytest.approx(0.164179, abs=5e-7)


def test_the_worked_case_of_photovoltaics() -> None:
    """100 kWp: 350,000, upkeep of 5,000 a year, 110,000 kWh falling by half a per cent a year, 25 years, 6 %."""
    amounts = [110_000 * 0.995**year for year in range(25)]
    assert levelised_cost(350_000, [5_000] * 25, amounts, 0.06) == pytest.approx(0.30787, abs=5e-6)


def test_uneven_years_by_hand() -> None:
    """100 paid; 30, 50, 40 back: 20 are left after two years, half of the third year's 40."""
    flows = [30.0, 50.0, 40.0]
    assert static_payback(100, flows) == 2.5
    # 30/1.1 + 50/1.21 + 40/1.331 = 27.272727 + 41.322314 + 30.052592 = 98.647633
    assert npv(100, flows, 0.1) == pytest.approx(-1.352367, abs=1e-6)
    assert dynamic_payback(100, flows, 0.1) is None
    assert irr(100, [110]).value == pytest.approx(0.1, abs=1e-12)
    assert irr(100, [0, 121]).value == pytest.approx(0.1, abs=1e-12)
    assert irr(100, [50, 0, 0]).value == pytest.approx(-0.5, abs=1e-12)


def test_a_loss_in_between_is_made_up_first() -> None:
    assert static_payback(100, [60, -20, 40, 40]) == 3.5


def test_nothing_invested_is_back_at_once() -> None:
    assert static_payback(0, [1]) == 0
    assert irr(0, [1]).reason is NoRate.NOTHING_PAID


def test_a_cash_flow_without_a_rate_says_why() -> None:
    assert irr(100, [-1, -1]).reason is NoRate.NEVER_BACK
    assert irr(100, [0.0]).reason is NoRate.NEVER_BACK
    assert irr(100, [230, -132]).reason is NoRate.SEVERAL, "10 % and 20 % both bring it to nothing"


def test_a_rate_is_found_however_far_off_it_lies() -> None:
    assert irr(1e-6, [1e9]).value == pytest.approx(1e15)
    assert irr(1e12, [1e-6]).value == pytest.approx(-1, abs=1e-15)
    assert irr(1, [0.0] * 99 + [1e9]).value == pytest.approx(1e9 ** (1 / 100) - 1)


def test_a_saved_kilowatt_hour_costs_the_annuity() -> None:
    """1,000 at 5 % over ten years is 129.5046 a year; 500 kWh a year are saved by it."""
    assert cost_of_saved_unit(1000, 500, 0.05, 10) == pytest.approx(129.5046 / 500, abs=1e-6)
    assert cost_of_saved_unit(1000, 0, 0.05, 10) is None


def test_each_assumption_is_varied_by_itself() -> None:
    """60 in two years at 10 %: 104.1322; half the investment more is 50 less, at 15 % 97.5425."""
    values = {one.of: one.npv for one in sensitivity(100, [60, 60], 0.1, [0.5])}
    assert values["capex"] == pytest.approx(4.1322 - 50, abs=1e-4)
    assert values["flows"] == pytest.approx(104.1322 * 1.5 - 100, abs=1e-3)
    assert values["rate"] == pytest.approx(97.5425 - 100, abs=1e-4)


@pytest.mark.parametrize("capex", [-1, nan, inf])
def test_an_investment_below_nothing_is_refused(capex: float) -> None:
    with pytest.raises(ValueError, match="capex: found"):
        npv(capex, [1], 0.06)


@pytest.mark.parametrize("flows", [[], [nan], [1, inf]])
def test_a_year_without_a_number_is_refused(flows: list[float]) -> None:
    with pytest.raises(ValueError, match="flows: allowed"):
        irr(1, flows)


@pytest.mark.parametrize("rate", [-1, -2, nan])
def test_a_rate_that_discounts_to_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate: found"):
        npv(1, [1], rate)


def test_years_of_cost_and_amount_are_as_many() -> None:
    with pytest.raises(ValueError, match="amounts: found 1 years; allowed: 2"):
        levelised_cost(1, [1, 1], [1], 0.06)


@given(money, st.lists(money, min_size=1, max_size=40))
def test_at_the_rate_of_return_nothing_is_left(capex: float, flows: list[float]) -> None:
    rate = irr(capex, flows).value
    assert rate is not None
    assume(rate > -0.9)
    assert npv(capex, flows, rate) == pytest.approx(0, abs=1e-7 * (capex + sum(flows)))


@given(money, st.lists(money, min_size=1, max_size=40), st.floats(0, 0.5))
def test_discounted_savings_are_never_back_earlier(capex: float, flows: list[float], rate: float) -> None:
    plain, discounted = static_payback(capex, flows), dynamic_payback(capex, flows, rate)
    if discounted is not None:
        assert plain is not None
        assert plain <= discounted + 1e-9
        assert npv(capex, flows, rate) >= -1e-6 * capex
    if plain is None:
        assert sum(flows) < capex * (1 + 1e-9)


@given(money, st.lists(money, min_size=1, max_size=20), st.floats(0.1, 100))
def test_rates_and_years_do_not_depend_on_the_currency(capex: float, flows: list[float], times: float) -> None:
    scaled = [value * times for value in flows]
    one, other = irr(capex, flows).value, irr(capex * times, scaled).value
    assert one == pytest.approx(other, rel=1e-6, abs=1e-9)
