"""The hourly model against eemeter 2.10.11 on a sample and a real building, by hand, and its band."""

from __future__ import annotations

import gzip
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter

from nengtan.domain.baseline.degree_days import to_fahrenheit
from nengtan.domain.baseline.hourly import BINS_F, HourModel, fit_hours, hour_of_week, segments
from nengtan.domain.baseline.hourly_savings import Hours, measure_hours
from nengtan.domain.baseline.savings import Basis, Result, Why

ORACLE: dict[str, Any] = json.loads(
    gzip.decompress((Path(__file__).parent / "data" / "oracle_eemeter_2.10.11_hourly.json.gz").read_bytes())
)
EVERY = ORACLE["every"]
REST = np.zeros(365, np.int64)
FIRST = 17_167 * 24  # 2017-01-01


def hours(moment: str, count: int) -> np.ndarray:
    first = np.datetime64(moment[:13].replace(" ", "T"), "h").astype(np.int64)
    return np.arange(first, first + count)


def column(told: dict[str, Any], key: str) -> np.ndarray:
    return np.array(told[key], dtype=float)


@pytest.fixture(scope="module", params=ORACLE["meters"])
def case(request: pytest.FixtureRequest) -> tuple[dict[str, Any], np.ndarray, HourModel]:
    told = ORACLE["meters"][request.param]
    use = column(told, "use")
    hour = hours(told["baseline_start"], len(use))
    return told, hour, fit_hours(hour, use, column(told, "baseline_f"))


def test_occupied_hours_and_bins_are_those_of_eemeter(case: Any) -> None:
    told, _hour, model = case
    assert [int(month.occupied.sum()) for month in model.months] == told["occupied"]
    assert [list(month.edges) for month in model.months] == told["bins"]


def test_hours_are_predicted_as_by_eemeter(case: Any) -> None:
    """Every 37th hour one by one, all of them by their sum; the year after has temperatures the fit never saw."""
    told, hour, model = case
    fitted = model.predict(hour, column(told, "baseline_f"))
    np.testing.assert_allclose(fitted[::EVERY], column(told, "fitted"), rtol=1e-9)
    assert np.nansum(fitted) == pytest.approx(told["fitted_sum"], rel=1e-11)
    after = column(told, "report_f")
    predicted = model.predict(hours(told["report_start"], len(after)), after)
    np.testing.assert_allclose(predicted[::EVERY], column(told, "predicted"), rtol=1e-9)
    assert predicted.sum() == pytest.approx(told["predicted_sum"], rel=1e-11)


def weather() -> np.ndarray:
    """Two years of hours: the year's wave, the day's, and noise of some days [°C]."""
    random, hour = np.random.default_rng(8), np.arange(730 * 24)
    noise = lfilter([0.3], [1, -0.98], random.standard_normal(len(hour)))
    wave: np.ndarray = 11 - 10 * np.cos(2 * np.pi * hour / 8760) - 4 * np.cos(2 * np.pi * hour / 24) + 2 * noise
    return wave


CELSIUS = weather()
HOUR = FIRST + np.arange(len(CELSIUS))
OPEN = (hour_of_week(HOUR) < 120) & (HOUR % 24 >= 8) & (HOUR % 24 < 18)
TRUTH = (
    20 + 30 * OPEN + 0.5 * np.maximum(55 - to_fahrenheit(CELSIUS), 0) + 0.6 * np.maximum(to_fahrenheit(CELSIUS) - 65, 0)
)
YEAR = 365 * 24


def period(use: np.ndarray, first: int = 0, length: int = YEAR, celsius: np.ndarray = CELSIUS) -> Hours:
    here = slice(first, first + length)
    return Hours(HOUR[here], use[here], celsius[here])


def of(use: np.ndarray, length: int = YEAR) -> Result:
    return measure_hours(period(use), period(use, YEAR, length), (REST, REST[: length // 24]), Basis())


def test_by_least_squares_with_all_dummies() -> None:
    """One month's model by its full design: 168 dummies, bins of hours occupied and not, weights one and a half."""
    use = TRUTH + np.random.default_rng(2).normal(0, 2, len(HOUR))
    fahrenheit = to_fahrenheit(CELSIUS[:YEAR])
    model = fit_hours(HOUR[:YEAR], use[:YEAR], fahrenheit).months[3]
    assert model is not None
    month = HOUR[:YEAR].astype("datetime64[h]").astype("datetime64[M]").astype(int) % 12
    weight = np.where(month == 3, 1.0, np.where((month == 2) | (month == 4), 0.5, 0.0))
    here, ends = weight > 0, [-np.inf, *model.edges, np.inf]
    week, warm = hour_of_week(HOUR[:YEAR][here]), fahrenheit[here]
    bins = []
    for at, (low, high) in enumerate(pairwise(ends)):
        bins.append(np.minimum(warm, high) if at == 0 else np.clip(warm, low, high) - low)
    busy = model.occupied[week]
    design = np.column_stack([np.eye(168)[week], *(part * kind for part in bins for kind in (busy, ~busy))])
    root = np.sqrt(weight[here])
    solved = np.linalg.lstsq(design * root[:, None], use[:YEAR][here] * root, rcond=None)[0]
    np.testing.assert_allclose(model.predict(week, warm), design @ solved, rtol=1e-9)


def test_bins_of_few_hours_go_with_their_neighbours() -> None:
    model = fit_hours(HOUR[:YEAR], TRUTH[:YEAR], np.full(YEAR, 60.0))
    assert {month.edges for month in model.months if month} == {()}
    wide = fit_hours(HOUR[:YEAR], TRUTH[:YEAR], np.linspace(0, 120, YEAR)[np.random.default_rng(1).permutation(YEAR)])
    assert {month.edges for month in wide.months if month} == {BINS_F}


def test_an_hour_of_the_week_never_seen_is_not_predicted() -> None:
    use = np.where(hour_of_week(HOUR) == 5, np.nan, TRUTH)[:YEAR]
    fahrenheit = to_fahrenheit(CELSIUS[:YEAR])
    told = fit_hours(HOUR[:YEAR], use, fahrenheit).predict(HOUR[:YEAR], fahrenheit)
    assert (np.isnan(told) == (hour_of_week(HOUR[:YEAR]) == 5)).all()


def test_a_month_without_data_beside_it_has_no_model() -> None:
    fahrenheit = to_fahrenheit(CELSIUS[:744])
    model = fit_hours(HOUR[:744], TRUTH[:744], fahrenheit)
    assert [at for at, month in enumerate(model.months) if month] == [0, 1, 11]
    assert len(list(segments(HOUR[:744], TRUTH[:744], fahrenheit))) == 12


@pytest.mark.parametrize("cut", [0.0, 0.1])
def test_what_was_cut_is_found_within_the_band(cut: float) -> None:
    use = TRUTH + np.random.default_rng(4).normal(0, 3, len(HOUR))
    use[YEAR:] *= 1 - cut
    found = of(use)
    assert found.band is not None
    assert found.guideline_14 is not None
    assert found.savings == pytest.approx(use[YEAR:].sum() / (1 - cut) * cut, abs=found.band.half_width)
    assert found.band.half_width < 0.02 * use[YEAR:].sum()


@pytest.mark.parametrize("rho", [0.7])
def test_nine_bands_of_ten_hold_the_truth(rho: float) -> None:
    """Days resemble their neighbours by ``rho``, hours have noise of their own; nothing is saved."""
    random, meters, held = np.random.default_rng(7), 100, {90: 0, 365: 0}
    daily = lfilter([math.sqrt(1 - rho**2)], [1, -rho], random.standard_normal((meters, 830)), axis=1)[:, 100:]
    for of_meter in daily:
        use = TRUTH + np.repeat(4 * of_meter, 24) + random.normal(0, 3, len(HOUR))
        for days in held:
            found = of(use, 24 * days)
            assert found.band is not None
            assert found.savings is not None
            held[days] += abs(found.savings) <= found.band.half_width
    assert all(0.84 <= count / meters <= 0.96 for count in held.values()), held


@pytest.mark.parametrize(
    ("use", "why"),
    [
        (np.full(len(HOUR), np.nan), Why.NO_HOURS),
        (np.where(np.arange(len(HOUR)) < YEAR, TRUTH, np.nan), Why.NO_REPORTED_HOURS),
    ],
)  # fmt: skip
def test_no_figure_has_a_reason(use: np.ndarray, why: Why) -> None:
    found = of(use)
    assert (found.savings, found.why) == (None, why)


def test_months_with_hours_missing_are_named() -> None:
    use = TRUTH.copy()
    use[31 * 24 : 37 * 24] = np.nan
    (check,) = [check for check in of(use).checks if check.rule == "hours_of_month"]
    assert (check.outcome, check.found) == ("fail", "2017-02: 79%")
