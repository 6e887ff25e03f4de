"""From use and temperature by day to what was saved, and how far that may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.baseline.bands import Band, guideline_14, noise_of, savings_band
from nengtan.domain.baseline.day_types import Model, fit_day_types, one_line
from nengtan.domain.baseline.degree_days import Observed, degrees_of
from nengtan.domain.baseline.findings import findings, temperature_range
from nengtan.domain.baseline.hourly import HourModel
from nengtan.domain.baseline.sufficiency import Check, Days, baseline_checks, jumps, reporting_checks

__all__ = ["MONTH_DAYS", "Basis", "Method", "Result", "Why", "measure"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MONTH_DAYS = 365.25 / 12


class Method(StrEnum):
    """How a baseline is drawn."""

    CALTRACK_DAILY = "caltrack-daily"
    CALTRACK_BILLING = "caltrack-billing"
    CALTRACK_HOURLY = "caltrack-hourly"
    DAY_TYPE = "day-type"


class Why(StrEnum):
    """Why there is no figure."""

    NO_BASELINE = "no_baseline_days"
    NO_REPORT = "no_reported_days"
    NO_BILLS = "no_baseline_bills"
    NO_REPORTED_BILLS = "no_reported_bills"
    NO_HOURS = "no_baseline_hours"
    NO_REPORTED_HOURS = "no_reported_hours"


@dataclass(frozen=True, slots=True)
class Basis:
    """What is metered: whether cooling can show in it, and whether a day of 0 is a day not measured (electricity)."""

    cooling: bool = True
    zero_is_missing: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """Avoided use [energy]: positive is saved (IPMVP); the savings of GB/T 28750 (节能量) have the opposite sign.

    ``counterfactual`` and ``observed`` are of the ``used`` days reported on which both temperature and use are known;
    ``predicted`` is the baseline of each day reported, NaN where nothing can be said. ``cvrmse`` as CalTRACK: by days
    less terms of degree days. ``guideline_14``: half-width at the level of ``band``. None where ``why`` says why.
    """

    model: Model | HourModel | None
    predicted: Floats
    usable: Flags
    counterfactual: float | None
    observed: float | None
    band: Band | None
    guideline_14: float | None
    cvrmse: float | None
    checks: tuple[Check, ...]
    why: Why | None = None

    @property
    def savings(self) -> float | None:
        """Counterfactual less observed."""
        if self.counterfactual is None or self.observed is None:
            return None
        return self.counterfactual - self.observed

    @property
    def used(self) -> int:
        """Days reported that count."""
        return int(self.usable.sum())


def measure(
    baseline: Days, report: Days, types: tuple[Ints, Ints], method: Method, basis: Basis,
    coarser: Sequence[Mapping[int, int]] = (), level: float = 0.9, degrees: Observed | None = None,
) -> Result:  # fmt: skip
    """What was saved in the days of ``report`` against the model of ``baseline``.

    Parameters: ``types``: a number for the kind of each day of both periods; ``coarser``: which of these go together
    when fewer are told apart; ``level`` of the band (0 to 1); ``degrees`` of the baseline, shared by many meters.
    """
    checks = baseline_checks(baseline, basis.zero_is_missing)
    checks += jumps([baseline, report], within=basis.cooling)
    use, reported = (_used(days, basis) for days in (baseline, report))
    checks.append(temperature_range(np.concatenate((baseline.celsius, report.celsius))))
    checks += findings(replace(baseline, use=use), replace(report, use=reported), types)
    known = np.isfinite(use) & np.isfinite(baseline.celsius)
    if not known.any():
        checks += reporting_checks(report, np.zeros(len(report), np.bool_))
        return _nothing(report, checks, Why.NO_BASELINE)
    degrees = degrees or degrees_of(baseline.celsius)
    if method is Method.DAY_TYPE:
        model = fit_day_types(use, degrees, types[0], basis.cooling, coarser)
    else:
        model = one_line(use, degrees, np.zeros(len(baseline), np.int64), basis.cooling)
        types = np.zeros(len(baseline), np.int64), np.zeros(len(report), np.int64)
    fitted, predicted = (model.predict(days.celsius, of) for days, of in zip((baseline, report), types, strict=True))
    usable = np.isfinite(predicted) & np.isfinite(reported)
    checks += reporting_checks(report, usable)
    kept = known & np.isfinite(fitted)
    residual = use[kept] - fitted[kept]
    free = int(kept.sum()) - sum(part.fit.terms for part in model.parts)
    mean = float(use[kept].mean())
    cvrmse = float(np.sqrt((residual**2).sum() / free)) / mean if free > 0 and mean > 0 else None
    if not usable.any():
        return Result(model, predicted, usable, None, None, None, None, cvrmse, tuple(checks), Why.NO_REPORT)
    counterfactual = float(predicted[usable].sum())
    columns = [model.tangent(days.celsius, of) for days, of in zip((baseline, report), types, strict=True)]
    noise = noise_of(baseline.day[kept], residual, columns[0][kept])
    band = told = None
    if noise is not None:
        band = savings_band(baseline.day[kept], columns[0][kept], noise, report.day[usable], columns[1][usable], level)
    if band and cvrmse is not None:
        reported_days = int(usable.sum())
        told = guideline_14(
            counterfactual, cvrmse, band.noise.rho, int(kept.sum()), reported_days, reported_days / MONTH_DAYS, level
        )
    observed = float(reported[usable].sum())
    return Result(model, predicted, usable, counterfactual, observed, band, told, cvrmse, tuple(checks))


def _used(days: Days, basis: Basis) -> Floats:
    """Use with days of 0 left out where they were not measured."""
    return np.where(days.use == 0, np.nan, days.use) if basis.zero_is_missing else days.use


def _nothing(report: Days, checks: list[Check], why: Why) -> Result:
    blank = np.full(len(report), np.nan)
    return Result(None, blank, np.zeros(len(report), np.bool_), None, None, None, None, None, tuple(checks), why)
