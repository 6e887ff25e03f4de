"""Daily models by type of day: workdays, days of rest and whatever else is told apart have each a line of their own.

Each part is the daily model of CalTRACK 2.0 (:mod:`.degree_days`) of the days of its types. Whether to tell the types
apart at all is decided by the Bayesian information criterion with as many independent days as the likeness of
neighbouring days leaves (Schwarz 1978; effective days as in ASHRAE Guideline 14): a split that only follows noise costs
more than it explains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.baseline.degree_days import Fit, fit, predict, to_fahrenheit

__all__ = ["LEAST_DAYS", "Model", "Part", "fit_day_types", "one_line"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_DAYS = 20
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
            days = np.isin(types, list(part.types))
            value[days] = predict(part.fit, celsius[days])
        return value

    def tangent(self, celsius: Floats, types: Ints) -> Floats:
        """Days x parameters: how the prediction of each day moves with each parameter, balance points among them."""
        fahrenheit = to_fahrenheit(celsius)
        columns = []
        for part in self.parts:
            here = np.isin(types, list(part.types)).astype(float)
            columns.append(here)
            if part.fit.hbp_f is not None:
                columns += [here * np.maximum(part.fit.hbp_f - fahrenheit, 0), here * (fahrenheit < part.fit.hbp_f)]
            if part.fit.cbp_f is not None:
                columns += [here * np.maximum(fahrenheit - part.fit.cbp_f, 0), here * (fahrenheit > part.fit.cbp_f)]
        return np.array(columns).T.reshape(len(celsius), len(columns))


def one_line(use: Floats, celsius: Floats, types: Ints, cooling: bool = True) -> Model:
    """The same line for days of all types: plain CalTRACK. Parameters as :func:`fit_day_types`."""
    return _fitted(use, celsius, types, [frozenset(np.unique(types).tolist())], cooling)


def fit_day_types(
    use: Floats, celsius: Floats, types: Ints, cooling: bool = True, coarser: Mapping[int, int] | None = None
) -> Model:
    """The best of: one line for all days; a line for each of the ``coarser`` types; a line for each type.

    Parameters: ``use`` [energy a day], ``celsius`` [mean temperature], ``types`` (a number a day): days, NaN where not
    known; ``coarser`` tells which types belong together when fewer are told apart (a holiday is a day of rest).

    >>> celsius = np.tile(np.linspace(-5, 30, 73), 5)
    >>> types = (np.arange(365) % 7 >= 5).astype(np.int64)
    >>> use = np.where(types == 0, 500.0, 200.0) + np.sin(np.arange(365) * 12.9898) * 5
    >>> [(sorted(part.types), round(part.fit.intercept)) for part in fit_day_types(use, celsius, types).parts]
    [([0], 500), ([1], 200)]
    """
    known = np.isfinite(use) & np.isfinite(celsius)
    counts = {int(kind): int((known & (types == kind)).sum()) for kind in np.unique(types)}
    offered = [[frozenset(counts)], _large_enough(_grouped(counts, coarser or {}), counts)]
    offered.append(_large_enough([frozenset({kind}) for kind in counts], counts))
    tried = {tuple(groups): _fitted(use, celsius, types, groups, cooling) for groups in offered}
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


def _fitted(use: Floats, celsius: Floats, types: Ints, groups: Sequence[frozenset[int]], cooling: bool) -> Model:
    parts = []
    for group in groups:
        days = np.isin(types, list(group))
        (found,) = fit(use[days][None], celsius[days], cooling)
        parts.append(Part(group, found))
    model = Model(tuple(parts), inf)
    residual = use - model.predict(celsius, types)
    left = residual[np.isfinite(residual)]
    return Model(model.parts, _criterion(left, _rho(residual), model.terms))


def _rho(residual: Floats) -> float:
    """The likeness of a day's residual to the day before's, 0 where it cannot be known."""
    before, after = residual[:-1], residual[1:]
    both = np.isfinite(before) & np.isfinite(after)
    square = float(np.nanmean(residual**2)) if both.any() else 0.0
    return min(max(float((before[both] * after[both]).mean()) / square, 0.0), 0.95) if square > 0 else 0.0


def _criterion(left: Floats, rho: float, terms: int) -> float:
    square = float(left @ left)
    if not len(left):
        return inf
    effective = len(left) * (1 - rho) / (1 + rho)
    return effective * log(max(square / len(left), 1e-300)) + terms * log(max(effective, 2.0))
