"""Bills against degree days: the billing method of CalTRACK 2.0.

A bill covers the days from its reading to the next. Its use per day is set against the mean degree days of its days,
weighed by the days whose temperature is known; the candidates are those of the daily model, a term needs no least
number of bills, only its degree days in all. Bills of less than 25 days, of more than 35 (70 where meters are read
every two months), or with less than 90 % of their temperatures, are left out.

Source: openeemeter/caltrack, docs/methods.rst (CC0), 2.2.3, 3.2.2.2, 3.4.2; agreement with eemeter 2.10.11 is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.baseline.bands import BILLING, Band, guideline_14, noise_of, savings_band
from nengtan.domain.baseline.daily import Series
from nengtan.domain.baseline.day_types import Model, Part
from nengtan.domain.baseline.degree_days import (
    GRID_F,
    Fit,
    Observed,
    degrees_of,
    fit_observed,
    predict_observed,
    to_fahrenheit,
)
from nengtan.domain.baseline.findings import bill_findings, temperature_range
from nengtan.domain.baseline.savings import MONTH_DAYS, Basis, Result, Why
from nengtan.domain.baseline.sufficiency import Check, Days, Outcome, jumps, use_checks

__all__ = ["Bills", "bills_of", "measure_bills"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SHORTEST = 25
MONTHLY, BIMONTHLY = 35, 70
"""Days of the longest bill of meters read every month, or every two."""

TEMPERATURES = 0.9
"""Share of the days of a bill whose temperature must be known."""

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Bills:
    """Bills of one meter: the day each begins and the day after its last [since 1970-01-01], and what was used."""

    start: Ints
    end: Ints
    use: Floats

    def __len__(self) -> int:
        return len(self.start)

    @property
    def days(self) -> Ints:
        """How many days each covers."""
        return self.end - self.start

    @property
    def longest(self) -> int:
        """The most days a bill may have, by how often the meter is read."""
        return MONTHLY if not len(self) or float(np.median(self.days)) <= MONTHLY else BIMONTHLY

    def within(self, span: tuple[int, int]) -> Bills:
        """Those that lie wholly between the first and the last day."""
        inside = (self.start >= span[0]) & (self.end <= span[1] + 1)
        return Bills(self.start[inside], self.end[inside], self.use[inside])


def bills_of(readings: Series, months: bool = False) -> Bills:
    """Bills of the first column: each row lasts to the next, and the last row only closes; months close by themselves.

    ``readings.at``: days since 1970-01-01.

    >>> readings = Series(np.array([0, 31, 59]), np.array([[620.0, 560.0, np.nan]]), np.array([0]))
    >>> bills = bills_of(readings)
    >>> bills.days.tolist(), bills.use.tolist(), bills_of(readings, months=True).days.tolist()
    ([31, 28], [620.0, 560.0], [31, 28, 31])
    """
    start = readings.at
    if not months:
        return Bills(start[:-1], start[1:], readings.value[0, :-1])
    closing = start.astype("datetime64[D]").astype("datetime64[M]") + 1
    return Bills(start, closing.astype("datetime64[D]").astype(np.int64), readings.value[0])


def measure_bills(
    bills: Bills, spans: tuple[tuple[int, int], tuple[int, int]], celsius: tuple[Floats, Floats], basis: Basis,
    level: float = 0.9,
) -> Result:  # fmt: skip
    """What was saved by the bills that lie in the second span against those in the first.

    Parameters: ``celsius``: mean temperature of every day of each span; ``basis``, ``level`` as of days.
    """
    periods = [
        _period(bills.within(span), span, air, bills.longest, basis) for span, air in zip(spans, celsius, strict=True)
    ]
    baseline, report = periods
    checks = _checks(bills, spans, baseline, basis) + _report_checks(report, spans[1])
    checks += jumps([period.as_days() for period in periods], basis.cooling, least=1)
    checks += [temperature_range(np.concatenate(celsius)), *_findings(periods)]
    if not baseline.usable.any():
        return Result(
            None, _blank(report), _blank(report) > 0, None, None, None, None, None, tuple(checks), Why.NO_BILLS
        )
    usable = baseline.usable
    (line,) = fit_observed(
        np.where(usable, baseline.per_day, np.nan)[None], baseline.degrees, basis.cooling, least_days=0
    )
    model = Model((Part(frozenset({0}), line),), 0.0)
    predicted = predict_observed(line, report.degrees) * report.bills.days
    if not report.usable.any():
        return Result(
            model, predicted, report.usable, None, None, None, None, line.cvrmse, tuple(checks), Why.NO_REPORTED_BILLS
        )
    counterfactual = float(predicted[report.usable].sum())
    observed = float(report.bills.use[report.usable].sum())
    band = _band(line, baseline, report, level)
    told = None
    if band is not None and line.cvrmse is not None:
        count = int(report.usable.sum())
        months = float(report.bills.days[report.usable].sum()) / MONTH_DAYS
        told = guideline_14(counterfactual, line.cvrmse, band.noise.rho, line.days, count, months, level, BILLING)
    return Result(model, predicted, report.usable, counterfactual, observed, band, told, line.cvrmse, tuple(checks))


@dataclass(frozen=True, slots=True)
class _Period:
    """The bills of a span with their degree days; ``colder``, ``warmer``: share of days beyond each balance point."""

    bills: Bills
    degrees: Observed
    colder: Floats
    warmer: Floats
    warm: Flags  # temperature enough
    usable: Flags

    @property
    def per_day(self) -> Floats:
        value: Floats = self.bills.use / np.maximum(self.bills.days, 1)
        return value

    def as_days(self) -> Days:
        """As if each bill were its first day."""
        return Days(self.bills.start, self.per_day, self.per_day)

    def tangent(self, line: Fit) -> Floats:
        """Bills x parameters, per day."""
        columns = [np.ones(len(self.bills))]
        for point, degrees, beyond in (
            (line.hbp_f, self.degrees.heating, self.colder), (line.cbp_f, self.degrees.cooling, self.warmer)
        ):  # fmt: skip
            if point is not None:
                columns += [degrees[int(point - GRID_F[0])], beyond[int(point - GRID_F[0])]]
        return np.array(columns).T


def _period(bills: Bills, span: tuple[int, int], celsius: Floats, longest: int, basis: Basis) -> _Period:
    day = np.arange(span[0], span[1] + 1)
    of_bill = ((day[:, None] >= bills.start) & (day[:, None] < bills.end)).astype(float)
    known = np.isfinite(celsius)
    air = np.where(known, celsius, 0.0)
    kept = known @ of_bill
    warm = kept >= TEMPERATURES * bills.days
    share = np.where(warm, np.maximum(kept, 1), np.nan)
    daily, fahrenheit = degrees_of(air), to_fahrenheit(air)
    sums = [
        (part * known) @ of_bill / share
        for part in (daily.heating, daily.cooling, fahrenheit < GRID_F[:, None], fahrenheit > GRID_F[:, None])
    ]
    regular = (bills.days >= SHORTEST) & (bills.days <= longest)
    measured = np.isfinite(bills.use) & ~(basis.zero_is_missing & (bills.use == 0))
    degrees = Observed.of(sums[0], sums[1], kept)
    return _Period(bills, degrees, sums[2], sums[3], warm, warm & regular & measured)


def _findings(periods: Sequence[_Period]) -> list[Check]:
    """Against degree days about 15 and 22 °C."""
    pictures = [
        np.stack((np.ones(len(period.bills)), period.degrees.heating[59 - 30], period.degrees.cooling[72 - 30]), axis=1)
        for period in periods
    ]
    return bill_findings([np.where(period.usable, period.per_day, np.nan) for period in periods], pictures)


def _band(line: Fit, baseline: _Period, report: _Period, level: float) -> Band | None:
    """By bills in place of days, each weighed by the root of its days, which makes their noise alike."""
    begun, told = baseline.usable, report.usable
    roots = [np.sqrt(period.bills.days[period.usable]) for period in (baseline, report)]
    columns = [
        period.tangent(line)[period.usable] * root[:, None]
        for period, root in zip((baseline, report), roots, strict=True)
    ]
    left = (baseline.per_day - predict_observed(line, baseline.degrees))[begun] * roots[0]
    at = _places(np.concatenate((baseline.bills.start[begun], report.bills.start[told])), baseline.bills.days[begun])
    count = int(begun.sum())
    noise = noise_of(at[:count], left, columns[0])
    if noise is None:
        return None
    return savings_band(at[:count], columns[0], noise, at[count:], columns[1], level, roots[1])


def _places(start: Ints, days: Ints) -> Ints:
    """Bills counted by how often the meter is read; a period left out leaves its place empty."""
    place: Ints = np.round((start - start[0]) / float(np.median(days))).astype(np.int64)
    for at in range(1, len(place)):
        place[at] = max(place[at], place[at - 1] + 1)
    return place


def _checks(
    bills: Bills, spans: tuple[tuple[int, int], tuple[int, int]], baseline: _Period, basis: Basis
) -> list[Check]:
    found, days = baseline.bills, spans[0][1] - spans[0][0] + 1
    within = f"{len(found)}: {_day(found.start[0])} … {_day(found.end[-1] - 1)}" if len(found) else "0"
    odd = [
        f"{_day(start)} ({length} d)"
        for period in (bills.within(span) for span in spans)
        for start, length in zip(period.start, period.days, strict=True)
        if not SHORTEST <= length <= bills.longest
    ]
    covered = int(found.days[baseline.usable].sum())
    cold = int((~baseline.warm).sum())
    return [
        Check("bills", Outcome.PASS if len(found) else Outcome.FAIL, within, f"{SHORTEST}–{bills.longest} d"),
        Check(
            "off_cycle_bills",
            Outcome.FLAG if odd else Outcome.PASS,
            ", ".join(odd[:6]),
            f"{SHORTEST}–{bills.longest} d",
        ),
        Check("bills_without_temperature", Outcome.FLAG if cold else Outcome.PASS, cold, 0),
        *use_checks(found.use, baseline.usable, days, 1 - covered / days, basis.zero_is_missing),
    ]


def _report_checks(report: _Period, span: tuple[int, int]) -> list[Check]:
    days, covered = span[1] - span[0] + 1, int(report.bills.days[report.usable].sum())
    outcome = Outcome.FAIL if not covered else Outcome.FLAG if covered < 0.9 * days else Outcome.PASS
    return [Check("reported_days", outcome, covered, days)]


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=int(number))).isoformat()


def _blank(report: _Period) -> Floats:
    return np.full(len(report.bills), np.nan)
