"""What is wrong with data by the look of it: months shifted, years swapped, a meter changed, a unit of temperature.

Rules of our own. Each holds use against a plain picture of it, a level for workdays and days of rest and slopes of
degree days about 15 and 22 °C; what another order of the days, or a step in them, explains much better is named. They
say where to look, and change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.baseline.sufficiency import Check, Days, Outcome

__all__ = ["bill_findings", "findings", "temperature_range"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HEATING_C, COOLING_C = 15.0, 22.0

LEFT, LEFT_OF_BILLS = 0.7, 0.35
"""Another order of the days is named where it leaves at most this share of what the order told leaves …"""

EXPLAINS = 0.5
"""… and explains at least this share of all."""

STEP = 1.6
"""A step in use of so many times, up or down, is named where it explains most of what else is left."""

_STEP_EXPLAINS = 0.5
_LEAST = 60
"""Known days from which anything is said."""

_LEAST_BILLS = 10

_SIDE = 30
"""Known days on either side of a step."""

_AROUND, _MOSTLY = np.ones(21), 0.6

COLDEST, WARMEST = -60.0, 60.0


def findings(baseline: Days, report: Days, rest: tuple[Ints, Ints]) -> list[Check]:
    """What the days of a baseline and of a report look like.

    Parameters: ``rest``: a number for the kind of each day, 0 a workday; use with days left out that do not count.
    """
    pictures = [_picture(days.celsius, kinds) for days, kinds in zip((baseline, report), rest, strict=True)]
    uses = [baseline.use, report.use]
    moved = [_moved(baseline.day, pictures[0], months) for months in (-1, 1)]
    return [
        _shifted(uses[0], pictures[0], moved, _LEAST),
        _swapped(uses, pictures, 300, _LEAST),
        _changed(baseline, pictures[0]),
        _zeros(baseline.use, rest[0]),
    ]


def bill_findings(uses: Sequence[Floats], pictures: Sequence[Floats]) -> list[Check]:
    """The same of bills, where their number is enough to say it.

    Parameters: ``uses``: of two periods, per day, NaN for bills that do not count; ``pictures``: bills x terms.
    """
    first = pictures[0]
    moved = [np.vstack((first[1:], first[:1] * np.nan)), np.vstack((first[:1] * np.nan, first[:-1]))]
    return [
        _shifted(uses[0], first, moved[::-1], _LEAST_BILLS, LEFT_OF_BILLS),
        _swapped(uses, pictures, _LEAST_BILLS, _LEAST_BILLS),
    ]


def temperature_range(celsius: Floats) -> Check:
    """Temperatures that no place has, in a unit other than told.

    >>> temperature_range(np.array([5.0, 78.8])).found
    '5 … 78.8'
    """
    known = celsius[np.isfinite(celsius)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    outcome = Outcome.PASS if low >= COLDEST and high <= WARMEST else Outcome.FAIL
    return Check("temperature_range", outcome, f"{low:.4g} … {high:.4g}", f"{COLDEST:g} … {WARMEST:g}")


def _picture(celsius: Floats, kinds: Ints) -> Floats:
    """Days x 4."""
    return np.stack(
        (
            np.ones(len(celsius)), np.maximum(HEATING_C - celsius, 0), np.maximum(celsius - COOLING_C, 0),
            (kinds != 0).astype(float),
        ),
        axis=1,
    )  # fmt: skip


def _left(use: Floats, picture: Floats, least: int) -> tuple[float, float]:
    """Of values known in both: the share of the variance that the picture does not explain, and the variance."""
    known = np.isfinite(use) & np.isfinite(picture[:, 1])
    use, picture = use[known], picture[known]
    if len(use) < least:
        return 1.0, 0.0
    about = use - use.mean()
    total = float(about @ about)
    if not total:
        return 1.0, 0.0
    rest = about - picture @ _params(picture, about)
    return float(rest @ rest) / total, total


def _params(picture: Floats, use: Floats) -> Floats:
    """Least squares by normal equations; a term that is nothing all the time gets nothing."""
    square = picture.T @ picture
    square.flat[:: len(square) + 1] += 1e-12 * np.trace(square)
    params: Floats = np.asarray(np.linalg.solve(square, picture.T @ use), dtype=np.float64)
    return params


def _better(other: float, told: float, most: float = LEFT) -> bool:
    return other <= most * told and 1 - other >= EXPLAINS


def _shifted(use: Floats, picture: Floats, moved: Sequence[Floats], least: int, most: float = LEFT) -> Check:
    """A month told as the one after it, or before it; ``moved``: the picture of the month before, and after."""
    told = _left(use, picture, least)[0]
    other, months = min((_left(use, one, least)[0], months) for one, months in zip(moved, (1, -1), strict=True))
    return _named("shifted_months", f"{months:+d}" if _better(other, told, most) else "", most)


def _moved(day: Ints, picture: Floats, months: int) -> Floats:
    """The picture of the same day of another month; unknown beyond the ends."""
    month = day.astype("datetime64[D]").astype("datetime64[M]")
    of_month = day - month.astype("datetime64[D]").astype(np.int64)
    moved = (month + months).astype("datetime64[D]").astype(np.int64) + of_month - day[:1].sum()
    inside = (
        (moved >= 0)
        & (moved < len(day))
        & ((month + months) == (day[:1].sum() + moved).astype("datetime64[D]").astype("datetime64[M]"))
    )
    found = np.full_like(picture, np.nan)
    found[inside] = picture[moved[inside]]
    return found


def _swapped(uses: Sequence[Floats], pictures: Sequence[Floats], shortest: int, least: int) -> Check:
    """Two years told as each other: the other's days of the same date explain each better than its own."""
    count = min(map(len, uses))
    alike = count >= shortest and max(map(len, uses)) - count <= 1
    straight, crossed = (
        [_left(use[:count], picture[:count], least)[0] for use, picture in zip(uses, order, strict=True)]
        for order in (pictures, pictures[::-1])
    )
    swapped = alike and all(_better(other, told) for other, told in zip(crossed, straight, strict=True))
    return _named("swapped_years", f"{sum(crossed) / sum(straight):.2f}" if swapped else "", LEFT)


def _zeros(use: Floats, kinds: Ints) -> Check:
    """Days of nothing where most days of their kind, ten days before and after, have something: not measured?"""
    found = 0
    for kind in np.unique(kinds[use == 0]):
        here = np.isfinite(use) & (kinds == kind)
        around, something = (np.convolve(flags, _AROUND, "same") for flags in (here, here & (use != 0)))
        found += int((here & (use == 0) & (something >= _MOSTLY * around)).sum())
    return _named("zeros_among_use", str(found) if found else "", 0)


def _changed(days: Days, picture: Floats) -> Check:
    """A step: from one day on everything is so many times what it was."""
    known = np.isfinite(days.use) & np.isfinite(picture[:, 1])
    use, given, day = days.use[known], picture[known], days.day[known]
    if len(use) < max(_LEAST, 2 * _SIDE) or not (use.mean() > 0):
        return _named("changed_meter", "", STEP)
    rest = use - given @ _params(given, use)
    total = float(rest @ rest)
    if total <= 1e-12 * float(use @ use):
        return _named("changed_meter", "", STEP)
    count = np.arange(1, len(use))
    between = np.cumsum(rest)[:-1] ** 2 * len(use) / (count * (len(use) - count))
    between[: _SIDE - 1] = between[len(use) - _SIDE :] = 0
    at = int(between.argmax()) + 1
    sides = [_params(part, of) for part, of in ((given[:at], use[:at]), (given[at:], use[at:]))]
    levels = [float((given @ params).mean()) for params in sides]
    times = levels[1] / levels[0] if levels[0] > 0 else 1.0
    scaled = given * np.where(np.arange(len(use)) < at, 1.0, times)[:, None]
    left = use - scaled @ _params(scaled, use)
    large = times > 0 and not 1 / STEP < times < STEP
    named = large and 1 - float(left @ left) / total >= _STEP_EXPLAINS
    return _named("changed_meter", f"{_date(day[at])}: {times:.2f}" if named else "", STEP)


def _date(day: int) -> str:
    return str(np.datetime64(int(day), "D"))


def _named(rule: str, found: str, allowed: float) -> Check:
    return Check(rule, Outcome.FLAG if found else Outcome.PASS, found, allowed)
