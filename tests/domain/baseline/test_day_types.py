"""Lines by type of day: told apart where that says more, left together where it only follows noise."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math

import numpy as np
import pytest
from scipy.signal import lfilter

from nengtan.domain.baseline.day_types import LEAST_DAYS, fit_day_types, one_line
from nengtan.domain.baseline.degree_days import degrees_of, fit
from nengtan.trusteeship.calendars import calendar_of
from tests.domain.baseline.test_degree_days import DATA, WEATHER, year

BANK_HOLIDAYS = {
    "2017": "01-02 04-14 04-17 05-01 05-29 08-28 12-25 12-26",
    "2018": "01-01 03-30 04-02 05-07 05-28 08-27 12-25 12-26",
}
"""England and Wales, gov.uk."""

WORKDAY, REST, HOLIDAY = 0, 1, 2

OPENDSM = json.loads((DATA / "opendsm_1.2.7_cambridge_daily.json").read_text(encoding="utf-8"))["cvrmse"]


def types(of: str) -> np.ndarray:
    days = [day for day in sorted(WEATHER) if day.startswith(of)]
    return np.array([
        HOLIDAY if day[5:] in BANK_HOLIDAYS[of] else REST if dt.date.fromisoformat(day).weekday() >= 5 else WORKDAY
        for day in days
    ])  # fmt: skip


def next_year(building: str, split: bool) -> float:
    """CV(RMSE) of 2018 predicted from 2017, in per cent: the root of the mean square by the mean."""
    use, celsius = year(building, "2017")
    kinds, degrees = types("2017"), degrees_of(celsius)
    model = fit_day_types(use, degrees, kinds, coarser=[{HOLIDAY: REST}]) if split else one_line(use, degrees, kinds)
    seen, air = year(building, "2018")
    error = seen - model.predict(air, types("2018"))
    return 100 * float(np.sqrt(np.nanmean(error**2)) / np.nanmean(seen))


def test_real_buildings_are_predicted_better_than_by_one_line_and_by_opendsm() -> None:
    """Measured: median 16.4 % against 17.9 % (opendsm) and 23.9 % (one line); none is worse than one line."""
    errors = np.array([[next_year(building, split) for split in (False, True)] for building in OPENDSM])
    theirs = np.array(list(OPENDSM.values()))
    assert (errors[:, 1] <= errors[:, 0]).all()
    assert np.median(errors[:, 1]) < 17
    assert np.median(theirs) > 17.5
    assert (errors[:, 1] < theirs).sum() >= 11


def test_a_school_with_its_modes_is_fitted_within_18_per_cent() -> None:
    """Divided by days less all parameters, as nmecr does, whose own model with flags has 17.79 %; without: 30.5 %."""
    with (DATA / "nmecr_school_daily.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    days = [(dt.date.fromisoformat(row["date"]) - dt.date(1970, 1, 1)).days for row in rows]
    use, celsius = (np.array([float(row[key]) for row in rows]) for key in ("kwh", "mean_c"))
    found = []
    for named in ({}, {day: row["mode"] for day, row in zip(days, rows, strict=True) if row["mode"]}):
        calendar = calendar_of(days, "week", named)
        kinds = calendar.of(np.array(days))
        model = fit_day_types(use, degrees_of(celsius), kinds, coarser=calendar.coarser)
        left = use - model.predict(celsius, kinds)
        found.append(100 * float(np.sqrt(left @ left / (len(use) - model.terms)) / use.mean()))
    assert found[0] == pytest.approx(30.5, abs=0.1)
    assert found[1] == pytest.approx(17.1, abs=0.1)


def test_one_line_is_the_daily_model() -> None:
    use, celsius = year("b2", "2017")
    (part,) = one_line(use, degrees_of(celsius), types("2017")).parts
    assert part.fit == fit(use[None], celsius)[0]


def test_noise_alone_is_not_told_apart() -> None:
    rng = np.random.default_rng(3)
    celsius = 12 - 15 * np.cos(np.arange(365) / 365 * 2 * np.pi)
    kinds = (np.arange(365) % 7 >= 5).astype(np.int64)
    degrees = degrees_of(celsius)
    heated = 100 + 5 * np.maximum(15 - celsius, 0)
    splits = [len(fit_day_types(heated + 9 * rng.standard_normal(365), degrees, kinds).parts) for _meter in range(40)]
    assert splits.count(1) >= 38


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_days_that_resemble_their_neighbours_are_not_told_apart_for_it(rho: float) -> None:
    celsius = 12 - 15 * np.cos(np.arange(365) / 365 * 2 * np.pi)
    kinds, degrees = (np.arange(365) % 7 >= 5).astype(np.int64), degrees_of(celsius)
    noise = lfilter([math.sqrt(1 - rho**2)], [1, -rho], np.random.default_rng(3).standard_normal((40, 565)), axis=1)
    heated = 100 + 5 * np.maximum(15 - celsius, 0) + 9 * noise[:, 200:]
    assert [len(fit_day_types(use, degrees, kinds).parts) for use in heated].count(1) >= 38


@pytest.mark.parametrize("times", [1e-6, 1e6])
def test_what_is_told_apart_does_not_hang_on_the_unit(times: float) -> None:
    use, celsius = year("b5", "2017")
    found = [fit_day_types(use * factor, degrees_of(celsius), types("2017")).parts for factor in (1.0, times)]
    assert len({tuple(part.types for part in parts) for parts in found}) == 1


def test_a_type_of_few_days_goes_with_days_of_rest() -> None:
    kinds = np.array([HOLIDAY if day < LEAST_DAYS - 1 else (day % 7 >= 5) * 1 for day in range(365)])
    use = np.where(kinds == WORKDAY, 500.0, 200.0) + np.arange(365) % 3
    found = fit_day_types(use, degrees_of(np.linspace(-5, 30, 365)), kinds, coarser=[{HOLIDAY: REST}])
    assert {part.types for part in found.parts} == {frozenset({WORKDAY}), frozenset({REST, HOLIDAY})}


def test_a_kind_of_day_never_seen_has_no_prediction() -> None:
    kinds = (np.arange(365) % 7 >= 5).astype(np.int64)
    use = np.where(kinds == WORKDAY, 500.0, 200.0) + np.arange(365) % 3
    found = fit_day_types(use, degrees_of(np.linspace(-5, 30, 365)), kinds)
    told = found.predict(np.array([10.0, 10.0]), np.array([WORKDAY, 7]))
    assert np.isfinite(told).tolist() == [True, False]


@pytest.mark.parametrize("use", [np.full(365, np.nan), np.zeros(365), np.full(365, 7.0), -np.ones(365)])
def test_any_input_has_a_model_or_none(use: np.ndarray) -> None:
    kinds = (np.arange(365) % 7 >= 5).astype(np.int64)
    found = fit_day_types(use, degrees_of(np.linspace(-5, 30, 365)), kinds)
    assert np.nan_to_num(found.predict(np.zeros(365), kinds)) == pytest.approx(np.nan_to_num(use))
