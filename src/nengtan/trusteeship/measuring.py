"""Savings of meters from files: what was read, how it was fitted, what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.baseline.billing import bills_of, measure_bills
from nengtan.domain.baseline.daily import DAY, Series, by_day, by_hour, once
from nengtan.domain.baseline.day_types import Model, Part
from nengtan.domain.baseline.degree_days import Fit, degrees_of, to_celsius
from nengtan.domain.baseline.hourly import HourModel, MonthModel
from nengtan.domain.baseline.hourly_savings import Hours, measure_hours
from nengtan.domain.baseline.savings import Basis, Method, Result, measure
from nengtan.domain.baseline.sufficiency import Check, Days, Outcome
from nengtan.trusteeship.calendars import Calendar
from nengtan.trusteeship.series import Told

__all__ = ["BASES", "Question", "answers", "record"]

BASES = {
    "electricity": Basis(),
    "natural_gas": Basis(cooling=False, zero_is_missing=False),
    "heat": Basis(cooling=False, zero_is_missing=False),
    "cold": Basis(zero_is_missing=False),
    "water": Basis(zero_is_missing=False),
}
"""By what is metered: gas and heat have no cooling terms, a day of 0 is a day not measured of electricity alone."""

Span = tuple[int, int]
"""First and last day [since 1970-01-01]."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each meter; ``air``: the temperature [°C] as its file tells it."""

    method: Method
    carrier: str
    baseline: Span
    report: Span
    air: Told
    calendar: Calendar

    @property
    def spans(self) -> tuple[Span, Span]:
        return self.baseline, self.report


def answers(question: Question, told: Told) -> Iterator[tuple[str, Result]]:
    """What each meter of a file saved."""
    asked = {Method.CALTRACK_BILLING: _of_bills, Method.CALTRACK_HOURLY: _of_hours}.get(question.method, _of_days)
    for name, found, repeated in asked(question, told):
        checks = [*found.checks, Check("repeated_moments", Outcome.FLAG if repeated else Outcome.PASS, repeated, 0)]
        if question.method is Method.DAY_TYPE:
            years = ", ".join(map(str, question.calendar.unknown))
            checks.append(Check("calendar", Outcome.FLAG if years else Outcome.PASS, years, ""))
        yield name, replace(found, checks=tuple(checks))


def _air(question: Question) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean temperature of every day of both spans."""
    held = by_day(question.air.time, question.air.value, energy=False)
    return held.over(question.baseline)[0], held.over(question.report)[0]


def _of_days(question: Question, told: Told) -> Iterator[tuple[str, Result, int]]:
    value, zeros = _measured(question, told)
    held, air = by_day(told.time, value, energy=True), _air(question)
    day = [np.arange(first, last + 1) for first, last in question.spans]
    types, degrees = (question.calendar.of(day[0]), question.calendar.of(day[1])), degrees_of(air[0])
    used = [held.over(span) for span in question.spans]
    for at, name in enumerate(told.names):
        baseline, report = (Days(days, use[at], celsius) for days, use, celsius in zip(day, used, air, strict=True))
        found = measure(
            baseline, report, types, question.method, BASES[question.carrier], question.calendar.coarser,
            degrees=degrees,
        )  # fmt: skip
        yield name, _with_zeros(found, int(zeros[at])), int(held.repeated[at])


def _of_hours(question: Question, told: Told) -> Iterator[tuple[str, Result, int]]:
    value, zeros = _measured(question, told)
    spans = [(first * 24, last * 24 + 23) for first, last in question.spans]
    rest = [question.calendar.of(np.arange(first, last + 1)) for first, last in question.spans]
    air = by_hour(question.air.time, question.air.value, energy=False)
    degrees, hour = [air.over(span)[0] for span in spans], [np.arange(first, last + 1) for first, last in spans]
    held = by_hour(told.time, value, energy=True)
    used = [held.over(span) for span in spans]
    for at, name in enumerate(told.names):
        baseline, report = (Hours(hour[part], used[part][at], degrees[part]) for part in (0, 1))
        found = measure_hours(baseline, report, (rest[0], rest[1]), BASES[question.carrier])
        yield name, _with_zeros(found, int(zeros[at])), int(held.repeated[at])


def _with_zeros(found: Result, zeros: int) -> Result:
    check = Check("zero_moments", Outcome.FLAG if zeros else Outcome.PASS, zeros, 0)
    return replace(found, checks=(*found.checks, check))


def _measured(question: Question, told: Told) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values with zeros of parts of a day taken as not measured where they are so; how many of each column."""
    steps = np.diff(np.unique(told.time))
    short = len(steps) > 0 and float(np.median(steps)) < DAY
    if not (short and BASES[question.carrier].zero_is_missing):
        return told.value, np.zeros(len(told.value), np.int64)
    zero = told.value == 0
    return np.where(zero, np.nan, told.value), zero.sum(1)


def _of_bills(question: Question, told: Told) -> Iterator[tuple[str, Result, int]]:
    held, air = once(told.time // DAY, told.value), _air(question)
    for at, name in enumerate(told.names):
        bills = bills_of(Series(held.at, held.value[at : at + 1], held.repeated), told.months)
        found = measure_bills(bills, question.spans, air, BASES[question.carrier])
        yield name, found, int(held.repeated[at])


def record(question: Question, found: Result) -> dict[str, Any]:
    """An answer as the API and the command print it [energy in the unit of the file]."""
    savings, band = found.savings, found.band
    half = band.half_width if band else None
    return {
        "model": str(question.method),
        "params": _params(found.model, question.calendar.names, question.method),
        "counterfactual": found.counterfactual,
        "observed": found.observed,
        "savings": savings,
        "band_90": None if savings is None or half is None else [savings - half, savings + half],
        "guideline_14_90": found.guideline_14,
        "cvrmse": found.cvrmse,
        "autocorrelation": band.noise.rho if band else None,
        **_counts(question.method, found),
        "reason": str(found.why) if found.why else None,
        "sufficiency": [
            {"rule": check.rule, "outcome": str(check.outcome), "found": check.found, "allowed": check.allowed}
            for check in found.checks
        ],
    }


def _counts(method: Method, found: Result) -> dict[str, int]:
    """How many days, bills or hours the baseline was fitted to, and how many were reported."""
    of = {Method.CALTRACK_BILLING: "bills", Method.CALTRACK_HOURLY: "hours"}.get(method, "days")
    if isinstance(found.model, HourModel):
        fitted = sum(month.own for month in found.model.months if month)
    else:
        fitted = sum(part.fit.days for part in found.model.parts) if found.model else 0
    return {f"baseline_{of}": fitted, f"reported_{of}": found.used}


def _params(model: Model | HourModel | None, names: tuple[str, ...], method: Method) -> Any:
    if model is None:
        return None
    if isinstance(model, HourModel):
        return [_month(at, month) for at, month in enumerate(model.months, start=1) if month]
    if method is not Method.DAY_TYPE:
        return _line(model.parts[0].fit)
    return [_part(part, names) for part in model.parts]


def _month(number: int, model: MonthModel) -> dict[str, Any]:
    """A month: levels at 0 °C by hour of the week from midnight of Monday, slopes within bins of temperature."""
    slopes = dict(zip(("unoccupied", "occupied"), model.slope * 9 / 5, strict=True))
    levels = model.level + 32 * model.slope[model.occupied.astype(np.int64), 0]
    return {
        "month": number, "hours": model.hours, "levels": [_known(level) for level in levels.tolist()],
        "occupied": np.flatnonzero(model.occupied).tolist(), "bins_c": [to_celsius(edge) for edge in model.edges],
        **{f"{kind}_slopes_per_c": slope.tolist() for kind, slope in slopes.items()},
    }  # fmt: skip


def _part(part: Part, names: tuple[str, ...]) -> dict[str, Any]:
    return {"day_types": [names[kind] for kind in sorted(part.types)], **_line(part.fit)}


def _line(fit: Fit) -> dict[str, Any]:
    """A line per degree Celsius, and per degree Fahrenheit as the published method has it."""
    told: dict[str, Any] = {"kind": str(fit.kind), "intercept": _known(fit.intercept)}
    for name, slope, point in (("hdd", fit.beta_hdd, fit.hbp_f), ("cdd", fit.beta_cdd, fit.cbp_f)):
        if point is not None:
            which = "heating" if name == "hdd" else "cooling"
            told |= {
                f"{which}_balance_point_c": to_celsius(point), f"beta_{name}_per_c": slope * 9 / 5,
                f"{which}_balance_point_f": point, f"beta_{name}_per_f": slope,
            }  # fmt: skip
    return told | {"days": fit.days, "r2_adjusted": fit.r2_adjusted, "cvrmse": fit.cvrmse}


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
