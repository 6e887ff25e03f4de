"""Use per hour by hour of the week and temperature: the hourly model of CalTRACK 2.0 (time of week and temperature).

Each month has a model of its own, fitted to its hours and, at half the weight, to those of the months beside it. An
hour of the week is occupied where more than 65 % of its use lies above a line of degree hours. A model has a level for
each of the 168 hours of the week, and slopes within temperature bins, one set for hours that are occupied, one for
those that are not. The levels are taken away as means, so that what remains is at most 7 slopes for each set.

Where temperatures leave a slope open (none of the occupied hours was colder than a bin's end) the smallest parameters
that fit are taken, as by the pseudo-inverse of eemeter.

Source: openeemeter/caltrack, docs/methods.rst (CC0), section 3; agreement with eemeter 2.10.11 is tested.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BINS_F", "HOURS", "HourModel", "MonthModel", "Segment", "fit_hours", "hour_of_week", "month_of", "segments",
]  # fmt: skip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

BINS_F = (30.0, 45.0, 55.0, 65.0, 75.0, 90.0)
"""Where slopes may change [°F]."""

HOURS = 168
"""Of a week."""

_LEAST_HOURS = 20
"""A bin of fewer hours goes with the one beside it."""

_OCCUPIED = 0.65
_HEATING_F, _COOLING_F = 50.0, 65.0
_NEIGHBOUR = 0.5
_RANK = 1e-10


def hour_of_week(hour: Ints) -> Ints:
    """0 to 167, from midnight of Monday, of hours since 1970-01-01 (a Thursday).

    >>> hour_of_week(np.array([0, 96])).tolist()
    [72, 0]
    """
    return (hour + 3 * 24) % HOURS


def month_of(hour: Ints) -> Ints:
    """The month of the year, 0 to 11, of hours since 1970-01-01.

    >>> month_of(np.array([0, 24 * 31])).tolist()
    [0, 1]
    """
    months: Ints = hour.astype("datetime64[h]").astype("datetime64[M]").astype(np.int64) % 12
    return months


@dataclass(frozen=True, slots=True)
class MonthModel:
    """The model of a month.

    ``level``: of each hour of the week, NaN where it was never seen; ``occupied``: of each hour of the week; ``edges``:
    of the bins [°F]; ``slope``: not occupied and occupied x bins; ``hours`` it was fitted to, ``own`` of its month.
    """

    level: Floats
    occupied: Flags
    edges: tuple[float, ...]
    slope: Floats
    hours: int
    own: int

    @property
    def terms(self) -> int:
        """Levels and slopes."""
        levels = int(np.isfinite(self.level).sum())
        return levels + int(self.slope.shape[1]) * len(np.unique(self.occupied))

    def predict(self, week: Ints, fahrenheit: Floats) -> Floats:
        """The use of hours by hour of the week and temperature."""
        value: Floats = self.level[week] + (
            pieces(fahrenheit, self.edges) * self.slope[self.occupied[week].astype(np.int64)]
        ).sum(1)
        return value


@dataclass(frozen=True, slots=True)
class HourModel:
    """Models of the twelve months, January first; None where a month and its neighbours have no known hour."""

    months: tuple[MonthModel | None, ...]

    def predict(self, hour: Ints, fahrenheit: Floats) -> Floats:
        """The use of hours since 1970-01-01 by their temperature; NaN where it, or the model, is not known."""
        value, week, month = np.full(len(hour), np.nan), hour_of_week(hour), month_of(hour)
        for at, model in enumerate(self.months):
            if model is not None:
                here = month == at
                value[here] = model.predict(week[here], fahrenheit[here])
        return value


def fit_hours(hour: Ints, use: Floats, fahrenheit: Floats) -> HourModel:
    """The model of a meter; ``hour`` since 1970-01-01 by the local clock, the others NaN where they are not known.

    >>> hour = np.arange(24 * 365)
    >>> warm = 60 + 20 * np.sin(hour / 8760 * 2 * np.pi) + 10 * np.sin(hour / 24 * 2 * np.pi)
    >>> use = 5 + (hour % 24 >= 8) * 3 + np.maximum(warm - 65, 0) / 10
    >>> bool(np.allclose(fit_hours(hour, use, warm).predict(hour, warm), use, rtol=0.02))
    True
    """
    return HourModel(tuple(held.model() if held else None for held in segments(hour, use, fahrenheit)))


def segments(hour: Ints, use: Floats, fahrenheit: Floats) -> Iterator[Segment | None]:
    """What each month's model is fitted to, January first."""
    known = np.isfinite(use) & np.isfinite(fahrenheit)
    hour, use, fahrenheit = hour[known], use[known], fahrenheit[known]
    week, month = hour_of_week(hour), month_of(hour)
    for at in range(12):
        weight = np.where(month == at, 1.0, np.where(np.isin(month, ((at - 1) % 12, (at + 1) % 12)), _NEIGHBOUR, 0.0))
        rows = np.flatnonzero(weight)
        yield _segment(rows, week[rows], use[rows], fahrenheit[rows], weight[rows]) if len(rows) else None


@dataclass(frozen=True, slots=True)
class Segment:
    """Hours of a month and its neighbours, levels taken away.

    ``rows`` among the known hours; ``inner``: hours x bins of temperature about the mean of its hour of the week;
    ``total``: weight, ``mean`` and ``inner_mean`` of each hour of the week, NaN where there are none.
    """

    rows: Ints
    week: Ints
    weight: Floats
    use: Floats
    edges: tuple[float, ...]
    occupied: Flags
    inner: Floats
    total: Floats
    mean: Floats
    inner_mean: Floats

    def model(self) -> MonthModel:
        """Least squares; of parameters that fit alike the smallest."""
        level, slope = self.mean.copy(), np.zeros((2, self.inner.shape[1]))
        root, of_row = np.sqrt(self.weight), self.occupied[self.week]
        for kind in (False, True):
            rows = of_row == kind
            if rows.any():
                found = _solved(
                    self.inner[rows] * root[rows, None], (self.use - self.mean[self.week])[rows] * root[rows]
                )
                here = (self.occupied == kind) & (self.total > 0)
                level[here], slope[int(kind)] = _smallest(self.mean[here], self.inner_mean[here], *found)
        return MonthModel(level, self.occupied, self.edges, slope, len(self.rows), int((self.weight == 1).sum()))

    def reach(self, report_week: Ints, report_f: Floats) -> Floats:
        """How much each hour the model was fitted to weighs in the sum predicted for the hours reported."""
        seen = self.total[report_week] > 0
        week, told = report_week[seen], pieces(report_f[seen], self.edges)
        count = np.bincount(week, minlength=HOURS)
        apart = told - self.inner_mean[week]
        weight = count[self.week] / self.total[self.week]
        of_row, of_report = self.occupied[self.week], self.occupied[week]
        for kind in (False, True):
            rows = of_row == kind
            weight[rows] += self.inner[rows] @ (self._solver(rows) @ apart[of_report == kind].sum(0))
        found: Floats = self.weight * weight
        return found

    def by_day(self, day: Ints) -> tuple[Ints, Ints, Floats]:
        """Own days, all days, and how much each of these weighs in the sum predicted for each of those.

        ``day``: of each row. A day's noise is taken to lie evenly on its 24 hours.
        """
        own = self.weight == 1
        days, at = np.unique(day, return_inverse=True)
        mine, to_own = np.unique(at[own], return_inverse=True)
        solved, weighed = (np.zeros((len(part), HOURS)) for part in (mine, days))
        solved[to_own, self.week[own]] = 1 / self.total[self.week[own]]
        weighed[at, self.week] = self.weight
        parts: Floats = solved @ weighed.T
        occupied = self.occupied[self.week]
        for kind in (False, True):
            rows = occupied == kind
            told = _sums(to_own[rows[own]], self.inner[rows & own], len(mine))
            of = _sums(at[rows], self.inner[rows] * self.weight[rows, None], len(days))
            parts += told @ self._solver(rows) @ of.T
        return days[mine], days, parts / 24

    def _solver(self, rows: Flags) -> Floats:
        inner = self.inner[rows]
        square = (inner * self.weight[rows, None]).T @ inner
        return np.asarray(np.linalg.pinv(square, rcond=_RANK, hermitian=True), dtype=np.float64)


def _sums(at: Ints, value: Floats, length: int) -> Floats:
    """Sums of rows by where they belong."""
    return np.array([np.bincount(at, weights=column, minlength=length) for column in value.T]).T


def _segment(rows: Ints, week: Ints, use: Floats, fahrenheit: Floats, weight: Floats) -> Segment:
    edges, occupied = _edges(fahrenheit), _occupied(week, use, fahrenheit, weight)
    inner = pieces(fahrenheit, edges)
    total = np.bincount(week, weights=weight, minlength=HOURS).astype(np.float64)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(week, weights=weight * column, minlength=HOURS) / total for column in (use, *inner.T)]
    of_inner = np.array(means[1:]).T
    return Segment(rows, week, weight, use, edges, occupied, inner - of_inner[week], total, means[0], of_inner)


def pieces(fahrenheit: Floats, edges: tuple[float, ...]) -> Floats:
    """A temperature in parts that add up to it: hours x bins, each bin from its lower end up [°F].

    >>> pieces(np.array([20.0, 50.0, 80.0]), (30.0, 65.0)).tolist()
    [[20.0, 0.0, 0.0], [30.0, 20.0, 0.0], [30.0, 35.0, 15.0]]
    """
    if not edges:
        return fahrenheit[:, None]
    ends = np.array(edges)
    above = np.maximum(fahrenheit[:, None] - ends, 0)
    above[:, :-1] = np.minimum(above[:, :-1], np.diff(ends))
    return np.hstack((np.minimum(fahrenheit, ends[0])[:, None], above))


def _edges(fahrenheit: Floats) -> tuple[float, ...]:
    """The ends of bins that hold enough hours: from the outside in, then in the middle."""
    edges = list(BINS_F)
    ordered = np.sort(fahrenheit)
    while edges:
        count = np.diff(np.searchsorted(ordered, edges, side="right"), prepend=0, append=len(ordered))
        few = count < _LEAST_HOURS
        outer = (few[0] and edges[0], few[-1] and edges[-1])
        drop = {edge for edge in outer if edge} or {edges[at] for at in range(1, len(edges)) if few[at]}
        if not drop:
            break
        edges = [edge for edge in edges if edge not in drop]
    return tuple(edges)


def _occupied(week: Ints, use: Floats, fahrenheit: Floats, weight: Floats) -> Flags:
    """Hours of the week most of whose use lies above a line of degree hours; those never seen count as occupied."""
    line = np.stack(
        (np.ones(len(use)), np.maximum(fahrenheit - _COOLING_F, 0), np.maximum(_HEATING_F - fahrenheit, 0)), axis=1
    )
    root = np.sqrt(weight)
    params = np.linalg.lstsq(line * root[:, None], use * root, rcond=None)[0]
    above = np.bincount(week, weights=use - line @ params > 0, minlength=HOURS)
    seen = np.bincount(week, minlength=HOURS)
    occupied: Flags = (above / np.maximum(seen, 1) > _OCCUPIED) | (seen == 0)
    return occupied


def _solved(inner: Floats, use: Floats) -> tuple[Floats, Floats]:
    """The smallest slopes that fit, and what may be added to them without a difference (slopes x directions)."""
    left, size, right = np.linalg.svd(inner, full_matrices=False)
    kept = size > _RANK * max(float(size.max(initial=0.0)), 1e-300)
    slopes: Floats = right[kept].T @ ((left[:, kept].T @ use) / size[kept])
    return slopes, right[~kept].T


def _smallest(mean: Floats, inner_mean: Floats, slopes: Floats, open_: Floats) -> tuple[Floats, Floats]:
    """Levels and slopes; along what is left open the smallest of both together."""
    level = mean - inner_mean @ slopes
    if not open_.shape[1]:
        return level, slopes
    both, nothing = np.concatenate((level, slopes)), np.concatenate((-inner_mean @ open_, open_))
    both = both - nothing @ np.linalg.lstsq(nothing, both, rcond=None)[0]
    return both[: len(level)], both[len(level) :]
