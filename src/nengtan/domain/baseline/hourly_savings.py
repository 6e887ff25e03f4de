"""Savings by the hourly model, with a band by days.

Residuals of hours resemble each other by the hour and by the day; their sums by day resemble the day before much as
those of a daily model do. So the noise is that of days. The model weighs each hour of the baseline in what it predicts,
which gives the variance of the sum, and what the fit took away of the noise is given back by the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.baseline.bands import HOURLY, Band, Noise, guideline_14, lags_of, noise_from, sum_band
from nengtan.domain.baseline.degree_days import to_fahrenheit
from nengtan.domain.baseline.findings import findings, temperature_range
from nengtan.domain.baseline.hourly import HourModel, Segment, hour_of_week, month_of, segments
from nengtan.domain.baseline.savings import MONTH_DAYS, Basis, Result, Why
from nengtan.domain.baseline.sufficiency import Check, Days, Outcome, baseline_checks, jumps

__all__ = ["Hours", "measure_hours"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COVERAGE = 0.9
"""Of the hours of a month and of those beside it so many must be known (CalTRACK 2.0, 2.2.3)."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a period, whole days: numbers since 1970-01-01, use as recorded, temperature [°C]; NaN: not known."""

    hour: Ints
    use: Floats
    celsius: Floats

    def days(self) -> Days:
        """The days of which half the hours are known, what lacks taken to be like the rest."""
        day = self.hour[::24] // 24
        held = [part.reshape(-1, 24) for part in (self.use, self.celsius)]
        count = [np.isfinite(part).sum(1) for part in held]
        use, celsius = (
            np.where(known >= 12, np.nansum(part, 1) / np.maximum(known, 1), np.nan)
            for part, known in zip(held, count, strict=True)
        )
        return Days(day, use * 24, celsius)


def measure_hours(baseline: Hours, report: Hours, rest: tuple[Ints, Ints], basis: Basis, level: float = 0.9) -> Result:
    """What was saved in the hours of ``report`` against the hourly model of ``baseline``.

    Parameters: ``rest``: a number for the kind of each day of both periods, 0 a workday; ``basis``, ``level`` as of
    days. Hours of 0 that are not measured are to be left out before.
    """
    days = baseline.days(), report.days()
    checks = baseline_checks(days[0], basis.zero_is_missing) + jumps(days, basis.cooling)
    checks.append(temperature_range(np.concatenate((baseline.celsius, report.celsius))))
    checks += [*findings(*days, rest), _coverage(baseline)]
    air = [to_fahrenheit(period.celsius) for period in (baseline, report)]
    known = np.isfinite(baseline.use) & np.isfinite(air[0])
    if not known.any():
        nothing = np.full(len(report.hour), np.nan)
        told = (*checks, _reported(report, nothing > 0))
        return Result(None, nothing, nothing > 0, None, None, None, None, None, told, Why.NO_HOURS)
    held = list(segments(baseline.hour, baseline.use, air[0]))
    model = HourModel(tuple(segment.model() if segment else None for segment in held))
    predicted = model.predict(report.hour, air[1])
    usable = np.isfinite(predicted) & np.isfinite(report.use)
    told = (*checks, _reported(report, usable))
    hour, use = baseline.hour[known], baseline.use[known]
    residual = use - model.predict(hour, air[0][known])
    cvrmse = _cvrmse(model, residual, float(use.mean()))
    if not usable.any():
        return Result(model, predicted, usable, None, None, None, None, cvrmse, told, Why.NO_REPORTED_HOURS)
    counterfactual, observed = float(predicted[usable].sum()), float(report.use[usable].sum())
    noise = _noise(held, hour, residual)
    band = half = None
    if noise is not None:
        band = _band(held, hour, (report.hour[usable], air[1][usable]), noise, level)
    if band is not None and cvrmse is not None:
        count, months = int(usable.sum()), float(usable.sum()) / 24 / MONTH_DAYS
        rho = _alike(hour, residual)
        half = guideline_14(counterfactual, cvrmse, rho, len(hour), count, months, level, HOURLY)
    return Result(model, predicted, usable, counterfactual, observed, band, half, cvrmse, told)


def _cvrmse(model: HourModel, residual: Floats, mean: float) -> float | None:
    """Of all months together, each by its own hours less its levels and slopes, as eemeter has it of one."""
    free = sum(month.own - month.terms for month in model.months if month is not None and month.own)
    return float(np.sqrt((residual**2).sum() / free)) / mean if free > 0 and mean > 0 else None


def _alike(hour: Ints, residual: Floats) -> float:
    """The likeness of residuals to those of the hour before."""
    beside = np.diff(hour) == 1
    square = float(residual @ residual)
    return float(residual[1:][beside] @ residual[:-1][beside]) / square if square else 0.0


def _noise(held: Sequence[Segment | None], hour: Ints, residual: Floats) -> Noise | None:
    """The noise of days; every known hour belongs to one own month."""
    day = hour // 24 - hour[0] // 24
    length = int(day[-1]) + 1
    rows = np.diag((np.bincount(day, minlength=length) > 0).astype(float))
    for segment in held:
        if segment is not None:
            own, days, weight = segment.by_day(day[segment.rows])
            rows[own[:, None], days] -= weight
    series = np.bincount(day, weights=residual, minlength=length).astype(np.float64)
    return noise_from(series, *lags_of(rows))


def _band(held: Sequence[Segment | None], hour: Ints, report: tuple[Ints, Floats], noise: Noise, level: float) -> Band:
    """An hour's weight stands for a twenty-fourth of its day's."""
    weight = np.zeros(len(hour))
    week, month = hour_of_week(report[0]), month_of(report[0])
    for at, segment in enumerate(held):
        here = month == at
        if segment is not None and here.any():
            weight[segment.rows] += segment.reach(week[here], report[1][here])
    return sum_band(
        np.concatenate((hour, report[0])) // 24, np.concatenate((weight, -np.ones(len(report[0])))) / 24, noise, level
    )


def _coverage(baseline: Hours) -> Check:
    """Months of which, or of whose neighbours, too little is known."""
    known = np.isfinite(baseline.use) & np.isfinite(baseline.celsius)
    months = baseline.hour.astype("datetime64[h]").astype("datetime64[M]")
    found, first = np.unique(months, return_index=True)
    share = np.add.reduceat(known, first, dtype=np.int64) / np.diff(first, append=len(known)) if len(first) else first
    few = [f"{month}: {part:.0%}" for month, part in zip(found.astype(str), share, strict=True) if part <= COVERAGE]
    outcome = Outcome.FAIL if few or not len(found) else Outcome.PASS
    return Check("hours_of_month", outcome, ", ".join(few[:6]), COVERAGE)


def _reported(report: Hours, usable: NDArray[np.bool_]) -> Check:
    share = float(usable.mean()) if len(usable) else 0.0
    outcome = Outcome.FAIL if not usable.any() else Outcome.FLAG if share < COVERAGE else Outcome.PASS
    return Check("reported_hours", outcome, int(usable.sum()), len(report.hour))
