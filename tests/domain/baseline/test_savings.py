"""From days to savings: no change is no saving, a known cut is found, and what is wrong with data has a name."""

from __future__ import annotations

import numpy as np
import pytest

from nengtan.domain.baseline.daily import HOUR, by_day
from nengtan.domain.baseline.savings import Basis, Method, Why, measure
from nengtan.domain.baseline.sufficiency import Days, Outcome, baseline_checks, jumps
from tests.domain.baseline.test_degree_days import ORACLE, TIED, WEATHER, year

FIRST = 17_167  # 2017-01-01
NO_TYPES = np.zeros(365, np.int64), np.zeros(365, np.int64)


def period(use: np.ndarray, celsius: np.ndarray, first: int = FIRST) -> Days:
    return Days(np.arange(first, first + len(use)), use, celsius)


def of(building: str, when: str, first: int) -> Days:
    return period(*year(building, when), first)


def outcomes(checks: object) -> dict[str, str]:
    return {check.rule: str(check.outcome) for check in checks}  # type: ignore[attr-defined]


@pytest.mark.parametrize("told", ORACLE, ids=[told["building"] for told in ORACLE])
def test_savings_of_a_building_as_by_eemeter(told: dict) -> None:
    found = measure(
        of(told["building"], "2017", FIRST), of(told["building"], "2018", FIRST + 365), NO_TYPES, Method.CALTRACK_DAILY,
        Basis(),
    )  # fmt: skip
    off = (1e-4 if told["building"] == TIED else 1e-9) * told["observed_kwh"]
    assert found.counterfactual == pytest.approx(told["counterfactual_kwh"], abs=off)
    assert found.savings == pytest.approx(told["metered_savings_kwh"], abs=off)
    assert found.cvrmse == pytest.approx(told["cvrmse_adj"], rel=1e-9)


@pytest.mark.parametrize("cut", [0.0, 0.1])
def test_what_was_cut_is_found_within_the_band(cut: float) -> None:
    rng = np.random.default_rng(11)
    celsius = np.array([value for _day, value in sorted(WEATHER.items())][: 3 * 365])
    whole = 400 + 9 * np.maximum(15 - celsius, 0) + 25 * rng.standard_normal(len(celsius))
    report = period((1 - cut) * whole[365:730], celsius[365:730], FIRST + 365)
    found = measure(period(whole[:365], celsius[:365]), report, NO_TYPES, Method.CALTRACK_DAILY, Basis())
    assert found.band is not None
    assert found.savings == pytest.approx(cut * whole[365:730].sum(), abs=found.band.half_width)
    assert found.band.half_width < 0.02 * whole[365:730].sum()


def test_days_without_use_or_temperature_are_not_added_up() -> None:
    use, celsius = year("b2", "2017")
    seen = use.copy()
    seen[:30] = np.nan
    air = celsius.copy()
    air[40:50] = np.nan
    found = measure(period(use, celsius), period(seen, air, FIRST + 365), NO_TYPES, Method.CALTRACK_DAILY, Basis())
    assert found.used == 365 - 40
    assert outcomes(found.checks)["reported_days"] == "flag"
    assert found.observed == pytest.approx(np.nansum(np.where(np.isnan(air), np.nan, seen)))


@pytest.mark.parametrize(
    ("use", "why"),
    [(np.full(365, np.nan), Why.NO_BASELINE), (np.zeros(365), Why.NO_BASELINE), (np.array([]), Why.NO_BASELINE)],
)
def test_no_figure_has_a_reason(use: np.ndarray, why: Why) -> None:
    blank = np.zeros(len(use), np.int64)
    report = of("b2", "2018", FIRST + 365)
    found = measure(
        period(use, np.linspace(0, 20, len(use))), report, (blank, NO_TYPES[1]), Method.CALTRACK_DAILY, Basis()
    )
    assert (found.savings, found.why) == (None, why)
    assert outcomes(found.checks)["missing_days"] == "fail"


def test_a_zero_of_gas_is_a_day_without_use_and_of_electricity_a_day_not_measured() -> None:
    celsius = np.linspace(0, 20, 365)
    use = np.where(np.arange(365) < 50, 0.0, 100.0 + np.arange(365) % 5)
    days = [
        measure(period(use, celsius), period(use, celsius, FIRST + 365), NO_TYPES, Method.CALTRACK_DAILY, basis).used
        for basis in (Basis(), Basis(cooling=False, zero_is_missing=False))
    ]
    assert days == [315, 365]


@pytest.mark.parametrize(
    ("use", "rule", "outcome"),
    [
        (np.full(300, 5.0), "baseline_length", "fail"),
        (np.where(np.arange(365) < 40, np.nan, 5.0 + np.arange(365) % 3), "missing_days", "fail"),
        (np.where(np.arange(365) < 36, np.nan, 5.0 + np.arange(365) % 3), "missing_days", "pass"),
        (np.where(np.arange(365) == 4, -3.0, 5.0 + np.arange(365) % 3), "negative_days", "flag"),
        (np.where(np.arange(365) == 4, 900.0, 5.0 + np.arange(365) % 3), "extreme_days", "flag"),
        (np.full(365, 5.0), "distinct_values", "flag"),
        (np.where(np.arange(365) == 4, 0.0, 5.0), "zero_days", "flag"),
    ],
)
def test_rules_of_a_baseline(use: np.ndarray, rule: str, outcome: str) -> None:
    found = baseline_checks(period(use, np.linspace(0, 20, len(use))), zero_is_missing=True)
    assert outcomes(found)[rule] == outcome


def test_a_meter_that_changes_its_unit_between_years_is_named() -> None:
    before, after = np.full(365, 1035.0), np.full(365, 76.0)
    months = [period(before, before), period(after, after, FIRST + 365)]
    (found,) = jumps(months, within=False)
    assert (found.outcome, found.found) == (Outcome.FAIL, "201801: 0.0734")


def test_a_heating_season_is_no_jump() -> None:
    use = np.where(np.arange(365) < 120, 900.0, 20.0)
    (found,) = jumps([period(use, use), period(use, use, FIRST + 365)], within=False)
    assert found.outcome is Outcome.PASS


def test_hours_become_days_and_doubled_ones_that_differ_are_left_out() -> None:
    hours = np.arange(48) * HOUR
    value = np.where(np.arange(48) < 24, 1.0, 2.0)[None]
    assert by_day(hours, value, energy=True).value.tolist() == [[24.0, 48.0]]
    assert by_day(hours, value, energy=False).value.tolist() == [[1.0, 2.0]]
    twice = by_day(np.append(hours, hours[3]), np.append(value, [[9.0]], axis=1), energy=True)
    assert twice.value.tolist() == [[24.0, 48.0]], "the hour told twice is like the rest of its day"
    assert twice.repeated.tolist() == [1]


def test_an_hour_told_twice_once_blank_is_what_the_other_says() -> None:
    told = by_day(np.array([0, 0]), np.array([[np.nan, 7.0]]), energy=True)
    assert (told.value.tolist(), told.repeated.tolist()) == ([[7.0]], [0])


def test_the_hour_the_clock_repeats_in_autumn_is_not_known_and_the_day_is() -> None:
    """25 hours, of which one is told twice: 23 known ones stand for 24."""
    hours = np.sort(np.append(np.arange(24), 1)) * HOUR
    value = np.ones((1, 25))
    value[0, 2] = 3.0
    told = by_day(hours, value, energy=True)
    assert (told.value.tolist(), told.repeated.tolist()) == ([[24.0]], [1])


def test_every_day_of_a_span_stands_in_it() -> None:
    days = by_day(np.array([4, 6]) * 24 * HOUR, np.array([[2.0, 5.0]]), energy=True).over((3, 6))
    assert np.isnan(days).tolist() == [[True, False, True, False]]
    assert days[0, 1] == 2
