"""Daily models by type of day: workdays, days of rest and whatever else is told apart have each a line of their own.

Each part is the daily model of CalTRACK 2.0 (:mod:`.degree_days`) of the days of its types. Whether to tell the types
apart at all is decided by the Bayesian information criterion (Schwarz 1978), of what is new in the residual of each day
when it is taken as noise of first order: a split that only follows noise costs more than it explains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.baseline.degree_days import Fit, Observed, fit_observed, predict, predict_observed, to_fahrenheit

__all__ = ["LEAST_DAYS", "Model", "Part", "fit_day_types", "one_line"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAST_DAYS = 15
"""A type of fewer known days has no line of its own; it goes with the type before it in the order given."""


@dataclass(frozen=True, slots=True)
class Part:
    """The line of some types of day."""

    types: frozenset[int]
    fit: Fit


@dataclass(frozen=True, slots=True)
class Model:
    """A baseline of days: a part for each group of types; ``criterion``: what was compared, smaller is better."""

    parts: tuple[Part, ...]
    criterion: float

    @property
    def terms(self) -> int:
        """Parameters fitted: intercepts, slopes and balance points."""
        return sum(1 + 2 * part.fit.terms for part in self.parts)

    def predict(self, celsius: Floats, types: Ints) -> Floats:
        """The use of days by mean temperature [°C] and type; NaN where there is no line or no temperature."""
        value = np.full(len(celsius), np.nan)
        for part in self.parts:
            days = _of_types(types, part.types)
            value[days] = predict(part.fit, celsius[days])
        return value

    def tangent(self, celsius: Floats, types: Ints) -> Floats:
        """Days x parameters: how the prediction of each day moves with each parameter, balance points among them."""
        fahrenheit = to_fahrenheit(celsius)
        columns = []
        for part in self.parts:
            here = _of_types(types, part.types).astype(float)
            columns.append(here)
            if part.fit.hbp_f is not None:
                columns += [here * np.maximum(part.fit.hbp_f - fahrenheit, 0), here * (fahrenheit < part.fit.hbp_f)]
            if part.fit.cbp_f is not None:
                columns += [here * np.maximum(fahrenheit - part.fit.cbp_f, 0), here * (fahrenheit > part.fit.cbp_f)]
        return np.array(columns).T.reshape(len(celsius), len(columns))


def one_line(use: Floats, degrees: Observed, types: Ints, cooling: bool = True) -> Model:
    """The same line for days of all types: plain CalTRACK. Parameters as :func:`fit_day_types`."""
    return _Fitting(use, degrees, types, cooling).model([frozenset(np.unique(types).tolist())])


def fit_day_types(
    use: Floats, degrees: Observed, types: Ints, cooling: bool = True, coarser: Sequence[Mapping[int, int]] = ()
) -> Model:
    """The best of: one line for all days; a line for each type of one of the ``coarser`` ones; a line for each type.

    Parameters: ``use`` [energy a day, NaN where not known], ``degrees``, ``types`` (a number a day): of days;
    ``coarser`` tells which types belong together when fewer are told apart (a holiday is a day of rest).

    >>> from nengtan.domain.baseline.degree_days import degrees_of
    >>> celsius = np.tile(np.linspace(-5, 30, 73), 5)
    >>> types = (np.arange(365) % 7 >= 5).astype(np.int64)
    >>> use = np.where(types == 0, 500.0, 200.0) + np.sin(np.arange(365) * 12.9898) * 5
    >>> found = fit_day_types(use, degrees_of(celsius), types)
    >>> [(sorted(part.types), round(part.fit.intercept)) for part in found.parts]
    [([0], 500), ([1], 200)]
    """
    known = np.isfinite(use) & degrees.known
    counts = {int(kind): int((known & (types == kind)).sum()) for kind in np.unique(types)}
    offered = [_large_enough(_grouped(counts, which), counts) for which in (*coarser, {})]
    offered.insert(0, [frozenset(counts)])
    fitting = _Fitting(use, degrees, types, cooling)
    tried = {tuple(groups): fitting.model(groups) for groups in offered}
    return min(tried.values(), key=lambda model: model.criterion)


def _grouped(counts: Mapping[int, int], coarser: Mapping[int, int]) -> list[frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for kind in counts:
        groups.setdefault(coarser.get(kind, kind), set()).add(kind)
    return [frozenset(group) for _name, group in sorted(groups.items())]


def _large_enough(groups: Sequence[frozenset[int]], counts: Mapping[int, int]) -> list[frozenset[int]]:
    """Groups of enough days each; a smaller one goes with the one before it, the first with the one after."""
    found: list[frozenset[int]] = []
    for group in groups:
        small = sum(counts[kind] for kind in group) < LEAST_DAYS
        if found and (small or sum(counts[kind] for kind in found[-1]) < LEAST_DAYS):
            found[-1] |= group
        else:
            found.append(group)
    return found


class _Fitting:
    """Models of the same days, each group of types fitted once."""

    def __init__(self, use: Floats, degrees: Observed, types: Ints, cooling: bool) -> None:
        self.use, self.degrees, self.types, self.cooling = use, degrees, types, cooling
        self.parts: dict[frozenset[int], tuple[Part, Floats]] = {}

    def model(self, groups: Sequence[frozenset[int]]) -> Model:
        """A line for each group."""
        residual = np.full(len(self.use), np.nan)
        parts = []
        for group in groups:
            part, left = self._part(group)
            parts.append(part)
            residual = np.where(np.isnan(left), residual, left)
        model = Model(tuple(parts), inf)
        return Model(model.parts, _criterion(residual[np.isfinite(residual)], _rho(residual), model.terms))

    def _part(self, group: frozenset[int]) -> tuple[Part, Floats]:
        if group not in self.parts:
            use = np.where(_of_types(self.types, group), self.use, np.nan)
            (found,) = fit_observed(use[None], self.degrees, self.cooling)
            self.parts[group] = Part(group, found), use - predict_observed(found, self.degrees)
        return self.parts[group]


def _of_types(types: Ints, group: frozenset[int]) -> Flags:
    """Which days are of a group; few groups, so that comparing is the fastest."""
    days = np.zeros(len(types), np.bool_)
    for kind in group:
        days |= types == kind
    return days


def _rho(residual: Floats) -> float:
    """The likeness of a day's residual to the day before's, 0 where it cannot be known."""
    before, after = residual[:-1], residual[1:]
    both = np.isfinite(before) & np.isfinite(after)
    left = residual[np.isfinite(residual)]
    square = float(left @ left) / len(left) if both.any() else 0.0
    return min(max(float((before[both] * after[both]).mean()) / square, 0.0), 0.95) if square > 0 else 0.0


def _criterion(left: Floats, rho: float, terms: int) -> float:
    """Schwarz's, of residuals that are noise of first order: what is new each day is ``1 - rho²`` of their square."""
    count = len(left)
    if not count:
        return inf
    return count * log(max(float(left @ left) / count * (1 - rho**2), 1e-300)) + terms * log(count)
