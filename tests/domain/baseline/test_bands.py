"""The band of 90 % holds the truth nine times of ten, also when days resemble their neighbours; hand-computed cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.baseline.bands import Noise, guideline_14, noise_of, savings_band
from nengtan.domain.baseline.day_types import Model, Part
from nengtan.domain.baseline.degree_days import fit, to_fahrenheit
from tests.domain.baseline.test_degree_days import WEATHER

METERS = 1000
LENGTHS = (90, 365)


def air(year: str) -> np.ndarray:
    return np.array([value for day, value in sorted(WEATHER.items()) if day.startswith(year)])


def made_up(rho: float, days: int, rng: np.random.Generator) -> np.ndarray:
    """Meters x days of noise of first order and spread 1."""
    noise = rng.standard_normal((METERS, days))
    for day in range(1, days):
        noise[:, day] = rho * noise[:, day - 1] + math.sqrt(1 - rho**2) * noise[:, day]
    return noise


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6, 0.8])
def test_nine_bands_of_ten_hold_the_truth(rho: float) -> None:
    """A building with heating and cooling that saves nothing, over a year of real temperatures; one seed."""
    celsius = np.concatenate((air("2017"), air("2018")))
    fahrenheit = to_fahrenheit(celsius)
    truth = 100 + 2 * np.maximum(58 - fahrenheit, 0) + 1.5 * np.maximum(fahrenheit - 62, 0)
    use = truth + 25 * made_up(rho, len(celsius), np.random.default_rng(20260101))
    types, before = np.zeros(365, dtype=np.int64), np.arange(365)
    held = dict.fromkeys(LENGTHS, 0)
    for of_meter, found in zip(use, fit(use[:, :365], celsius[:365]), strict=True):
        model = Model((Part(frozenset({0}), found),), 0.0)
        columns = model.tangent(celsius[:365], types), model.tangent(celsius[365:], types)
        predicted = model.predict(celsius[365:], types)
        noise = noise_of(before, of_meter[:365] - model.predict(celsius[:365], types), columns[0])
        assert noise is not None
        for days in LENGTHS:
            band = savings_band(before, columns[0], noise, np.arange(365, 365 + days), columns[1][:days])
            savings = float((predicted[:days] - of_meter[365 : 365 + days]).sum())
            held[days] += abs(savings) <= band.half_width
    shares = {days: count / METERS for days, count in held.items()}
    assert all(0.88 <= share <= 0.92 for share in shares.values()), shares


def test_independent_days_about_a_mean_have_the_band_of_a_textbook() -> None:
    """With an intercept alone: t * s * sqrt(q + q² / n), here n = 400 days and q = 100, s of n - 1."""
    rng = np.random.default_rng(4)
    use = 50 + rng.standard_normal(400)
    residual, day = use - use.mean(), np.arange(400)
    ones = np.ones((400, 1))
    spread = float(np.sqrt((residual**2).sum() / 399))
    band = savings_band(day, ones, Noise(spread, 0.0, 399.0), np.arange(400, 500), ones[:100])
    assert band.half_width == pytest.approx(1.64868 * spread * math.sqrt(100 + 100**2 / 400), rel=1e-4)


def test_neighbours_that_resemble_each_other_widen_the_band() -> None:
    """For many days the variance of a sum grows by (1 + rho) / (1 - rho): with rho = 0.5 threefold."""
    day, ones = np.arange(4000), np.ones((4000, 1))
    report = np.arange(4000, 4100), np.ones((100, 1))
    alone, alike = (savings_band(day, ones, Noise(1.0, rho, 1000.0), *report).half_width for rho in (0.0, 0.5))
    assert alike / alone == pytest.approx(math.sqrt(3), rel=0.02)


def test_gaps_do_not_count_as_neighbours() -> None:
    """Every other day is known: nothing can be said of neighbours, so that they are taken for strangers."""
    rng = np.random.default_rng(1)
    noise = noise_of(np.arange(0, 400, 2), rng.standard_normal(200), np.ones((200, 1)))
    assert noise is not None
    assert noise.rho == 0


@pytest.mark.parametrize("residual", [np.zeros(50), np.ones(3), np.array([]), np.full(50, np.nan)])
def test_nothing_is_said_where_nothing_can_be(residual: np.ndarray) -> None:
    assert noise_of(np.arange(len(residual)), residual, np.ones((len(residual), 1))) is None


@given(scale=st.floats(min_value=1e-6, max_value=1e6))
def test_a_band_has_the_unit_of_the_use(scale: float) -> None:
    rng = np.random.default_rng(2)
    residual, day, ones = rng.standard_normal(200), np.arange(200), np.ones((200, 1))
    widths = []
    for of in (residual, residual * scale):
        noise = noise_of(day, of, ones)
        assert noise is not None
        widths.append(savings_band(day, ones, noise, np.arange(200, 230), ones[:30]).half_width)
    assert widths[1] == pytest.approx(widths[0] * scale, rel=1e-6)


def test_the_figure_of_guideline_14_by_hand() -> None:
    """P = 300, rho = 0.25: P' = 180; Q = 90 in 3 months: 1.00286 + 0.10605 - 0.00216 = 1.10675; t(179) = 1.6534.

    1.6534 * 1.10675 * 0.2 * sqrt(300 / 180 * (1 + 2 / 180) / 90) * 5000 = 250.4.
    """
    assert guideline_14(5000.0, 0.2, 0.25, 300, 90, 3.0) == pytest.approx(250.4, abs=0.1)
