"""The daily model against eemeter 2.10.11 on real buildings, against least squares by hand, and on odd input."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nengtan.domain.baseline.degree_days import GRID_F, Fit, Kind, fit, predict, to_fahrenheit

DATA = Path(__file__).parent / "data"
ELECTRICITY = Path("src/nengtan/demo/data/cambridge_daily_electricity_kwh.csv")
ORACLE: list[dict[str, Any]] = json.loads((DATA / "oracle_eemeter_2.10.11_cambridge_daily.json").read_text())["results"]

TIED = "b8"
"""No day of its baseline is warmer than 75 °F: above that every heating balance point gives the same line."""


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


WEATHER = {day: float(row["mean_c"]) for day, row in table(DATA / "bedford_daily_mean_c.csv").items()}
USE = table(ELECTRICITY)


def year(building: str, of: str) -> tuple[np.ndarray, np.ndarray]:
    """Use and temperature of a year's days."""
    days = [day for day in sorted(WEATHER) if day.startswith(of)]
    use = [float(USE[day][building] or "nan") if day in USE else np.nan for day in days]
    return np.array(use), np.array([WEATHER[day] for day in days])


@pytest.fixture(scope="module")
def fits() -> dict[str, Fit]:
    use = [year(told["building"], "2017")[0] for told in ORACLE]
    found = fit(np.array(use), year("b0", "2017")[1])
    return {told["building"]: model for told, model in zip(ORACLE, found, strict=True)}


@pytest.mark.parametrize("told", ORACLE, ids=[told["building"] for told in ORACLE])
def test_a_building_is_fitted_as_by_eemeter(fits: dict[str, Fit], told: dict[str, Any]) -> None:
    model, params = fits[told["building"]], told["params"]
    assert (str(model.kind), model.days) == (told["model"], told["baseline_days"])
    assert model.r2_adjusted == pytest.approx(told["r_squared_adj"], abs=1e-12)
    assert model.cvrmse == pytest.approx(told["cvrmse_adj"], rel=1e-12)
    assert model.rho == pytest.approx(told["autocorr_resid"], abs=1e-12)
    theirs = Fit(
        model.kind, params["intercept"], params.get("beta_hdd", 0.0), params.get("beta_cdd", 0.0),
        params.get("heating_balance_point"), params.get("cooling_balance_point"), 0, 0.0, None, None,
    )  # fmt: skip
    degrees = year(told["building"], "2017")[1]
    np.testing.assert_allclose(predict(model, degrees), predict(theirs, degrees), rtol=1e-9)
    if told["building"] == TIED:
        assert (model.hbp_f, params["heating_balance_point"]) == (75, 79), "of those that fit alike, the lowest"
        return
    assert (model.hbp_f, model.cbp_f) == (params.get("heating_balance_point"), params.get("cooling_balance_point"))
    use, degrees = year(told["building"], "2018")
    known = np.isfinite(use)
    assert predict(model, degrees)[known].sum() == pytest.approx(told["counterfactual_kwh"], rel=1e-12)
    assert use[known].sum() == pytest.approx(told["observed_kwh"], rel=1e-12)


def candidates(cooling: bool) -> Iterator[tuple[float | None, float | None]]:
    yield None, None
    yield from ((hbp, None) for hbp in GRID_F)
    if cooling:
        yield from ((None, cbp) for cbp in GRID_F)
        yield from ((hbp, cbp) for hbp, cbp in product(GRID_F, GRID_F) if hbp <= cbp)


def by_hand(use: np.ndarray, celsius: np.ndarray, cooling: bool) -> tuple[float, np.ndarray]:
    """Every candidate by ordinary least squares, one after the other: the best score and its line."""
    degrees, days = to_fahrenheit(celsius), len(use)
    total = ((use - use.mean()) ** 2).sum()
    best, line = 0.0, np.full(days, use.mean())
    for hbp, cbp in candidates(cooling):
        terms = [np.maximum(hbp - degrees, 0)] if hbp is not None else []
        terms += [np.maximum(degrees - cbp, 0)] if cbp is not None else []
        if any((term > 0).sum() < 10 or term.sum() < 20 for term in terms) or not terms:
            continue
        design = np.stack([np.ones(days), *terms], axis=1)
        solved, _rest, rank, _singular = np.linalg.lstsq(design, use, rcond=None)
        if rank < design.shape[1] or (solved < 0).any():
            continue
        free = days - len(terms) - 1
        score = 1 - (((use - design @ solved) ** 2).sum() / free) / (total / (days - 1))
        if score > best:
            best, line = score, design @ solved
    return best, line


@pytest.mark.parametrize(("seed", "cooling"), [(1, True), (2, True), (3, False), (4, True)])
def test_the_best_of_all_candidates_is_found(seed: int, cooling: bool) -> None:
    random = np.random.default_rng(seed)
    celsius = random.uniform(-8, 34, 60)
    degrees = to_fahrenheit(celsius)
    use = 200 + 3 * np.maximum(55 - degrees, 0) + 2 * np.maximum(degrees - 70, 0) + random.normal(0, 15, 60)
    (model,) = fit(use[None], celsius, cooling)
    best, line = by_hand(use, celsius, cooling)
    assert model.r2_adjusted == pytest.approx(best, abs=1e-10)
    np.testing.assert_allclose(predict(model, celsius), line, rtol=1e-7)
    if not cooling:
        assert model.cbp_f is None


def test_a_building_made_of_a_model_is_that_model_again() -> None:
    """A frost below 48 °F and heat above 71 °F, known to the last digit."""
    celsius = np.linspace(-10, 35, 365)
    truth = Fit(Kind.BOTH, 120.0, 4.0, 7.0, 48.0, 71.0, 365, 1.0, 0.0, None)
    (model,) = fit(predict(truth, celsius)[None], celsius)
    assert (model.kind, model.hbp_f, model.cbp_f, model.days) == (Kind.BOTH, 48, 71, 365)
    assert [model.intercept, model.beta_hdd, model.beta_cdd] == pytest.approx([120, 4, 7])
    assert model.r2_adjusted == pytest.approx(1)


def test_meters_with_other_gaps_are_each_as_alone() -> None:
    use = np.array([year(building, "2017")[0] for building in ("b0", "b1", "b2", "b5")])
    use[1, 50:80] = np.nan
    use[2, ::9] = np.nan
    celsius = year("b0", "2017")[1].copy()
    celsius[7] = np.nan
    together = fit(use, celsius)
    assert together == [fit(one[None], celsius)[0] for one in use]
    assert together[1].days == 365 - 30 - 1


@pytest.mark.parametrize("days", [0, 1, 2, 9])
def test_too_few_days_are_no_reason_to_fall_over(days: int) -> None:
    (model,) = fit(np.arange(float(days))[None] + 5, np.linspace(0, 30, days))
    assert model.days == days
    assert model.kind is (Kind.INTERCEPT if days else Kind.NONE)
    assert model.terms == 0


def test_an_empty_meter_has_no_model_and_predicts_nothing() -> None:
    (model,) = fit(np.full((1, 365), np.nan), np.zeros(365))
    assert (model.kind, model.days, model.cvrmse) == (Kind.NONE, 0, None)
    assert np.isnan(predict(model, np.array([10.0]))).all()


@pytest.mark.parametrize("level", [0.0, 42.0])
def test_constant_use_is_its_mean_and_nothing_else(level: float) -> None:
    (model,) = fit(np.full((1, 365), level), np.linspace(-5, 30, 365))
    assert (model.kind, model.intercept, model.r2_adjusted) == (Kind.INTERCEPT, level, 0)
    assert model.cvrmse == (0 if level else None)


def test_one_temperature_all_year_explains_nothing() -> None:
    (model,) = fit(np.arange(365.0)[None], np.full(365, 12.0))
    assert model.kind is Kind.INTERCEPT


def test_use_that_falls_in_the_cold_has_no_heating_term() -> None:
    """Coefficients are never negative: what falls as it gets colder is cooling."""
    celsius = np.linspace(-5, 35, 365)
    (model,) = fit((300 + 5 * to_fahrenheit(celsius))[None], celsius)
    assert model.kind in (Kind.COOLING, Kind.INTERCEPT)
    assert model.beta_hdd == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 1000))
def test_a_model_grows_with_the_unit_of_its_use(seed: int, times: float) -> None:
    random = np.random.default_rng(seed)
    celsius = random.uniform(-10, 35, 90)
    use = random.uniform(1, 2, 90) + np.maximum(15 - celsius, 0) * random.uniform(0, 1)
    one, other = fit(np.stack([use, use * times]), celsius)
    assert other.r2_adjusted == pytest.approx(one.r2_adjusted, abs=1e-9)
    np.testing.assert_allclose(predict(other, celsius), predict(one, celsius) * times, rtol=1e-6)
