"""The billing model against eemeter 2.10.11 on its samples, weighted least squares by hand, and odd bills."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter

from nengtan.domain.baseline.billing import Bills, bills_of, measure_bills
from nengtan.domain.baseline.daily import Series
from nengtan.domain.baseline.degree_days import (
    GRID_F,
    Kind,
    Observed,
    degrees_of,
    fit_observed,
    predict_observed,
    to_fahrenheit,
)  # fmt: skip
from nengtan.domain.baseline.savings import Basis, Result, Why
from tests.domain.baseline.test_degree_days import WEATHER, candidates

ORACLE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "oracle_eemeter_2.10.11_il_billing.json").read_text(encoding="utf-8")
)
EPOCH = dt.date(1970, 1, 1)
GAS = Basis(cooling=False, zero_is_missing=False)


def number(day: str) -> int:
    return (dt.date.fromisoformat(day) - EPOCH).days


FIRST = number(ORACLE["first_day"])
CELSIUS = (np.array(ORACLE["mean_f"], dtype=float) - 32) * 5 / 9


def air(span: tuple[int, int]) -> np.ndarray:
    return CELSIUS[span[0] - FIRST : span[1] - FIRST + 1]


def measured(name: str, bills: Bills | None = None) -> Result:
    told = ORACLE["meters"][name]
    at, value = zip(*told["readings"], strict=True)
    readings = Series(np.array([number(day) for day in at]), np.array([value], dtype=float), np.zeros(1, np.int64))
    baseline, report = (tuple(map(number, told[key])) for key in ("baseline", "report"))
    basis = GAS if "gas" in name else Basis(zero_is_missing=False)
    return measure_bills(bills or bills_of(readings), (baseline, report), (air(baseline), air(report)), basis)


@pytest.mark.parametrize("name", ORACLE["meters"])
def test_bills_are_fitted_as_by_eemeter(name: str) -> None:
    told, found = ORACLE["meters"][name], measured(name)
    assert found.model is not None
    line, params = found.model.parts[0].fit, told["params"]
    assert str(line.kind) == told["model"]
    assert (line.hbp_f, line.cbp_f) == (params.get("heating_balance_point"), params.get("cooling_balance_point"))
    assert line.intercept == pytest.approx(params["intercept"], rel=1e-9)
    assert line.beta_hdd == pytest.approx(params.get("beta_hdd", 0), rel=1e-9)
    assert line.beta_cdd == pytest.approx(params.get("beta_cdd", 0), rel=1e-9)
    assert line.r2_adjusted == pytest.approx(told["r_squared_adj"], abs=1e-11)
    assert line.cvrmse == pytest.approx(told["cvrmse_adj"], rel=1e-9)
    assert found.predicted.tolist() == pytest.approx(told["counterfactual"][:-1], rel=1e-9)
    assert found.observed == pytest.approx(sum(told["observed"][:-1]))
    assert found.savings == pytest.approx(told["savings"], rel=1e-8)


def by_hand(use: np.ndarray, degrees: Observed, cooling: bool) -> tuple[float, np.ndarray]:
    """Every candidate by weighted least squares, one after the other: the best score and its line."""
    count, root = len(use), np.sqrt(degrees.weight)
    middle = np.average(use, weights=degrees.weight)
    total = (degrees.weight * (use - middle) ** 2).sum()
    best, line = 0.0, np.full(count, middle)
    for hbp, cbp in candidates(cooling):
        terms = [degrees.heating[int(hbp - GRID_F[0])]] if hbp is not None else []
        terms += [degrees.cooling[int(cbp - GRID_F[0])]] if cbp is not None else []
        if any((term * degrees.weight).sum() < 20 for term in terms) or not terms:
            continue
        design = np.stack([np.ones(count), *terms], axis=1)
        solved, _rest, rank, _singular = np.linalg.lstsq(design * root[:, None], use * root, rcond=None)
        if rank < design.shape[1] or (solved < 0).any():
            continue
        left = (degrees.weight * (use - design @ solved) ** 2).sum()
        score = 1 - (left / (count - len(terms) - 1)) / (total / (count - 1))
        if score > best:
            best, line = score, design @ solved
    return best, line


@pytest.mark.parametrize(("seed", "cooling"), [(1, True), (2, True), (3, False)])
def test_the_best_of_all_candidates_is_found(seed: int, cooling: bool) -> None:
    random = np.random.default_rng(seed)
    daily = degrees_of(random.uniform(-8, 34, (400)))
    months = np.split(np.arange(400), np.sort(random.choice(np.arange(20, 380), 12, replace=False)))
    heating, cooled = (
        np.stack([part[:, days].mean(1) for days in months], 1) for part in (daily.heating, daily.cooling)
    )
    degrees = Observed.of(heating, cooled, np.array([float(len(days)) for days in months]))
    use = 200 + 3 * heating[25] + 2 * cooled[40] + random.normal(0, 15, len(months))
    (model,) = fit_observed(use[None], degrees, cooling, least_days=0)
    best, line = by_hand(use, degrees, cooling)
    assert model.r2_adjusted == pytest.approx(best, abs=1e-9)
    np.testing.assert_allclose(predict_observed(model, degrees), line, rtol=1e-7)


def bills(use: list[float], length: int = 30, first: int = FIRST + 40) -> Bills:
    start = first + length * np.arange(len(use))
    return Bills(start, start + length, np.array(use, dtype=float))


def of(held: Bills, basis: Basis = GAS) -> Result:
    half = int(held.start[len(held) // 2]) if len(held) else FIRST + 200
    spans = (FIRST + 30, half - 1), (half, min(half + 364, FIRST + len(CELSIUS) - 1))
    return measure_bills(held, spans, (air(spans[0]), air(spans[1])), basis)


def check(found: Result, rule: str) -> Any:
    return next(one for one in found.checks if one.rule == rule)


def test_a_month_told_as_such_closes_by_itself() -> None:
    start = np.array([number(f"2017-{month:02d}-01") for month in (1, 2, 12)])
    held = bills_of(Series(start, np.array([[1.0, 2.0, 3.0]]), np.zeros(1, np.int64)), months=True)
    assert held.days.tolist() == [31, 28, 31]
    assert held.use.tolist() == [1, 2, 3]


def test_bills_too_short_or_too_long_are_left_out_and_named() -> None:
    use = [900.0 + at % 5 for at in range(24)]
    held = bills(use)
    held.end[3] = held.start[4] = held.start[4] - 6  # 24 and 36 days
    found = of(held)
    assert found.model is not None
    assert found.model.parts[0].fit.days == 10
    told = check(found, "off_cycle_bills")
    assert (told.outcome, told.found.count(" d)")) == ("flag", 2)
    assert "(24 d)" in told.found


def test_a_meter_read_every_two_months_may_have_bills_of_seventy_days() -> None:
    held = bills([900.0 + at % 5 for at in range(12)], length=61)
    assert (held.longest, check(of(held), "off_cycle_bills").outcome) == (70, "pass")


def test_a_bill_without_temperature_is_not_used() -> None:
    held = bills([900.0 + at % 5 for at in range(24)])
    half = int(held.start[12])
    spans = (FIRST + 30, half - 1), (half, half + 364)
    cold = air(spans[0]).copy()
    cold[10:14] = np.nan  # four of the thirty days of the first bill
    found = measure_bills(held, spans, (cold, air(spans[1])), GAS)
    assert found.model is not None
    assert found.model.parts[0].fit.days == 11
    assert check(found, "bills_without_temperature").found == 1


def test_what_was_cut_is_found_within_the_band() -> None:
    random = np.random.default_rng(5)
    start = FIRST + 15 + 30 * np.arange(26)
    use = []
    for at, day in enumerate(start):
        degrees = np.maximum(15 - air((day, day + 29)), 0).mean()
        use.append(30 * (50 + 6 * degrees + random.normal(0, 2)) * (0.9 if at >= 13 else 1))
    held = Bills(start, start + 30, np.array(use))
    spans = (int(start[0]), int(start[13]) - 1), (int(start[13]), int(start[-1]) + 29)
    found = measure_bills(held, spans, (air(spans[0]), air(spans[1])), GAS)
    assert found.band is not None
    assert found.guideline_14 is not None
    truth = sum(use[13:]) / 9
    assert found.savings == pytest.approx(truth, abs=found.band.half_width)
    assert found.band.half_width < 0.05 * sum(use[13:])


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_nine_bands_of_ten_hold_the_truth(rho: float) -> None:
    """A year of calendar months, then half a year without a saving; days resemble their neighbours by ``rho``."""
    celsius, random = np.array([value for _day, value in sorted(WEATHER.items())][:730]), np.random.default_rng(1)
    degrees = to_fahrenheit(celsius)
    truth = 100 + 2 * np.maximum(58 - degrees, 0) + 1.5 * np.maximum(degrees - 62, 0)
    start = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31, 30, 31, 30])
    day = number("2017-01-01")
    spans, held, meters = ((day, day + 364), (day + 365, day + 729)), 0, 300
    years = celsius[:365], celsius[365:]
    noise = lfilter([math.sqrt(1 - rho**2)], [1, -rho], random.standard_normal((meters, 830)), axis=1)[:, 100:]
    for of_meter in noise:
        use = np.add.reduceat((truth + 25 * of_meter)[: start[-1]], start[:-1])
        found = measure_bills(Bills(day + start[:-1], day + start[1:], use), spans, years, Basis())
        assert found.band is not None
        assert found.savings is not None
        held += abs(found.savings) <= found.band.half_width
    assert 0.86 <= held / meters <= 0.94


@pytest.mark.parametrize(
    ("use", "why"),
    [
        ([], Why.NO_BILLS), ([math.nan] * 24, Why.NO_BILLS), ([0.0] * 24, Why.NO_BILLS),
        ([5.0] * 12 + [math.nan] * 12, Why.NO_REPORTED_BILLS),
    ],
)  # fmt: skip
def test_no_figure_has_a_reason(use: list[float], why: Why) -> None:
    found = of(bills(use), Basis())
    assert (found.savings, found.why) == (None, why)


@pytest.mark.parametrize("count", range(1, 8))
def test_few_bills_are_no_reason_to_fall_over(count: int) -> None:
    held = bills([50.0 + at for at in range(2 * count)])
    found = of(held)
    assert found.model is not None
    assert found.model.parts[0].fit.kind is not Kind.NONE
    assert np.isfinite(found.predicted[found.usable]).all()
