"""Whether the data suffice for a baseline, rule by rule, each with what was found and what is allowed.

Rules and limits are those of CalTRACK 2.0 (openeemeter/caltrack, docs/methods.rst, section 2) unless said otherwise; a
failed rule does not keep anybody from a figure, it says what the figure is worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Check", "Days", "Outcome", "baseline_checks", "jumps", "reporting_checks", "use_checks"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

YEAR = 365
MISSING = 0.1
"""Of the days of a baseline at most this share may be unknown (37 of 365)."""

JUMP = 8.0
"""No use of a building changes so many times from one month to the next, or to the same of another year."""

_MONTH_DAYS = 10
"""Known days from which a month has a middle."""

_EPOCH_MONTH = 1970 * 12


class Outcome(StrEnum):
    """What came of a rule: ``flag`` is for somebody to look at."""

    PASS = "pass"
    FLAG = "flag"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """A rule and what it found; ``found`` and ``allowed`` are numbers, or text where numbers do not say it."""

    rule: str
    outcome: Outcome
    found: float | str
    allowed: float | str


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a period: numbers since 1970-01-01, use as recorded and mean temperature [°C]; NaN: not known."""

    day: Ints
    use: Floats
    celsius: Floats

    def __len__(self) -> int:
        return len(self.day)


def baseline_checks(days: Days, zero_is_missing: bool) -> list[Check]:
    """The rules of a baseline; ``days.use`` as recorded, before anything is left out.

    >>> day = np.arange(17_000, 17_365)
    >>> days = Days(day, np.where(day % 20 == 0, np.nan, 50.0 + day % 7), np.linspace(-5, 30, 365))
    >>> [(check.rule, str(check.outcome)) for check in baseline_checks(days, True) if check.outcome != "pass"]
    []
    """
    warm = np.isfinite(days.celsius)
    usable = np.isfinite(days.use) & ~(zero_is_missing & (days.use == 0)) & warm
    lacking, cold = (1 - float(share.mean()) if len(days) else 1.0 for share in (usable, warm))
    found = use_checks(days.use, usable, len(days), lacking, zero_is_missing)
    return [*found, _check("missing_temperature", round(cold, 4), MISSING, fail=cold > MISSING)]


def use_checks(use: Floats, usable: Flags, length: int, lacking: float, zero_is_missing: bool) -> list[Check]:
    """The rules of use by days or bills: ``length`` of the baseline [days], ``lacking``: the share of it not known.

    A negative value about as large as the others are is one whose sign was turned round; a smaller one was fed back.
    """
    known = use[np.isfinite(use)]
    zeros, negative = int((known == 0).sum()), int((known < 0).sum())
    size = float(np.median(np.abs(known[known != 0]))) if (known != 0).any() else 0.0
    turned = int(((known < -0.5 * size) & (known > -2 * size)).sum())
    extreme = _extremes(known[known > 0])
    spread = use[usable]
    flat = bool(len(spread)) and bool((spread == spread[0]).all())
    distinct = len(np.unique(spread))
    return [
        _check("baseline_length", length, YEAR, fail=length < YEAR, flag=length > YEAR + 1),
        _check("missing_days", round(lacking, 4), MISSING, fail=lacking > MISSING),
        _check("zero_days", zeros, 0, flag=zeros > 0 and zero_is_missing),
        _check("negative_days", negative - turned, 0, flag=negative > turned),
        _check("turned_sign", turned, 0, fail=turned > 0),
        _check("extreme_days", extreme, 0, flag=extreme > 0),
        _check("distinct_values", distinct, 2, flag=flat),
    ]


def reporting_checks(days: Days, usable: Flags) -> list[Check]:
    """The rules of a reporting period: on days without use or temperature nothing is said, and nothing is added up."""
    share = float(usable.mean()) if len(days) else 0.0
    return [_check("reported_days", int(usable.sum()), len(days), fail=not usable.any(), flag=share < 1 - MISSING)]


def jumps(days: Sequence[Days], within: bool = True, least: int = _MONTH_DAYS) -> list[Check]:
    """A change of unit, meter or ratio seen by the middles of months (a rule of our own).

    A month :data:`JUMP` times the one before it (``within`` one period; not where only heating is metered, which starts
    and ends so), or most months so many times the same month of the period before. One check for each jump, naming the
    month as yyyymm and how many times; one that passed where there is none. ``least``: values that make a month.

    >>> day = np.arange(17_167, 17_167 + 365)
    >>> use = np.where(day < 17_167 + 180, 120.0, 1.2) + day % 3 / 100
    >>> [(check.found, check.outcome.value) for check in jumps([Days(day, use, use)])]
    [('201707: 0.0101', 'fail')]
    """
    middles = [_middles(period, least) for period in days]
    found = list(_within(middles)) if within else []
    found += _across(middles)
    return found or [Check("unit_jump", Outcome.PASS, "", JUMP)]


def _check(rule: str, found: float | str, allowed: float | str, fail: bool = False, flag: bool = False) -> Check:
    return Check(rule, Outcome.FAIL if fail else Outcome.FLAG if flag else Outcome.PASS, found, allowed)


def _extremes(use: Floats) -> int:
    """Days above the middle by more than three times the range of the middle half."""
    if len(use) < 4:
        return 0
    low, middle, high = np.percentile(use, [25, 50, 75])
    return int((use > middle + 3 * (high - low)).sum()) if high > low else 0


def _middles(days: Days, least: int) -> dict[int, float]:
    """The median of each month that has known values enough; months are counted from year 0."""
    known = np.isfinite(days.use) & (days.use > 0)
    use, day = days.use[known], days.day[known]
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + _EPOCH_MONTH
    use = use[np.lexsort((use, months))]
    found, first, count = np.unique(months, return_index=True, return_counts=True)
    middle = (use[first + (count - 1) // 2] + use[first + count // 2]) / 2
    enough = count >= least
    return dict(zip(found[enough].tolist(), middle[enough].tolist(), strict=True))


def _within(middles: Sequence[dict[int, float]]) -> Iterator[Check]:
    for period in middles:
        for month, middle in period.items():
            before = period.get(month - 1)
            if before and not 1 / JUMP < middle / before < JUMP:
                yield _jump(month, middle / before)


def _across(middles: Sequence[dict[int, float]]) -> list[Check]:
    """Most months of a period against the same months of the one before it."""
    found = []
    for before, after in pairwise(middles):
        of_month = {month % 12: middle for month, middle in before.items()}
        times = {month: middle / of_month[month % 12] for month, middle in after.items() if month % 12 in of_month}
        if len(times) >= 2:
            middle = float(np.median(list(times.values())))
            if not 1 / JUMP < middle < JUMP:
                found.append(_jump(min(times), middle))
    return found


def _jump(month: int, times: float) -> Check:
    return Check("unit_jump", Outcome.FAIL, f"{month // 12:04d}{month % 12 + 1:02d}: {times:.3g}", JUMP)
