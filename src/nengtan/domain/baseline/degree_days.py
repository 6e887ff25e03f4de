"""Use per day against degree days: the daily model of CalTRACK 2.0, for many meters at once.

``use = intercept + beta_hdd * max(hbp - t, 0) + beta_cdd * max(t - cbp, 0)``, with balance points on a grid of whole
degrees Fahrenheit from 30 to 90, the cooling one not below the heating one: 1 + 61 + 61 + 1,891 candidates. The best is
that of the highest adjusted R² among those without a negative coefficient; it is found in closed form from moments, not
by fitting each. Where several fit alike to 1e-12 the lowest heating, then the lowest cooling balance point is taken.

Source: openeemeter/caltrack, docs/methods.rst (CC0), section 3; agreement with eemeter 2.10.11 is tested.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GRID_F", "Fit", "Kind", "Observed", "degrees_of", "fit", "fit_observed", "predict", "predict_observed",
    "to_celsius", "to_fahrenheit",
]  # fmt: skip

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

GRID_F = np.arange(30.0, 91.0)
"""Balance points tried [°F]."""

_ORDERED = GRID_F[:, None] <= GRID_F

LEAST_DAYS = 10
"""A degree-day term needs so many days on which it is not nothing …"""

LEAST_DEGREES = 20.0
"""… and so many degree days in all [°F d]."""

TIE = 1e-12

_COLLINEAR = 1e-12
"""Below this share of the product of both variances two terms cannot be told apart."""


class Kind(StrEnum):
    """Which terms a model has."""

    NONE = "none"  # too few days to say anything
    INTERCEPT = "intercept_only"
    HEATING = "hdd_only"
    COOLING = "cdd_only"
    BOTH = "cdd_hdd"


@dataclass(frozen=True, slots=True)
class Fit:
    """The model of one meter; a term it does not have is 0 and its balance point None [°F, use per day and °F].

    ``days``: how many were known; ``r2_adjusted``; ``cvrmse``: the root of the mean squared residual, divided by days
    less degree-day terms as CalTRACK does, by the mean use; ``rho``: the correlation of residuals with those of the day
    before. None where they cannot be known.
    """

    kind: Kind
    intercept: float
    beta_hdd: float
    beta_cdd: float
    hbp_f: float | None
    cbp_f: float | None
    days: int
    r2_adjusted: float
    cvrmse: float | None
    rho: float | None

    @property
    def terms(self) -> int:
        """How many degree-day terms it has."""
        return (self.hbp_f is not None) + (self.cbp_f is not None)


def to_fahrenheit(celsius: Floats) -> Floats:
    """Degrees Celsius in degrees Fahrenheit.

    >>> to_fahrenheit(np.array([0.0, 26.0])).tolist()
    [32.0, 78.8]
    """
    return celsius * 9 / 5 + 32


def to_celsius(fahrenheit: float) -> float:
    """A balance point in degrees Celsius.

    >>> to_celsius(59.0)
    15.0
    """
    return (fahrenheit - 32) * 5 / 9


@dataclass(frozen=True, slots=True)
class Observed:
    """Degree days of observations (days, or the mean day of each billing period) and how much each observation weighs.

    ``heating``, ``cooling``: grid x observations [°F d per day], 0 where not ``known``; ``weight``: of observations
    [days]. Made once, they serve any number of meters. ``crossed``: both terms of one observation may be more than
    nothing; of a day they may not, where the cooling balance point is not below the heating one.
    """

    heating: Floats
    cooling: Floats
    weight: Floats
    known: Flags
    squares: tuple[Floats, Floats]
    beyond: tuple[Floats, Floats]
    crossed: bool

    @classmethod
    def of(cls, heating: Floats, cooling: Floats, weight: Floats, crossed: bool = True) -> Observed:
        """From degree days, NaN where they are not known."""
        known = np.isfinite(heating[0])
        heats, cools = np.where(known, heating, 0.0), np.where(known, cooling, 0.0)
        beyond = (heats > 0).astype(float), (cools > 0).astype(float)
        return cls(heats, cools, np.where(known, weight, 0.0), known, (heats**2, cools**2), beyond, crossed)


def degrees_of(celsius: Floats) -> Observed:
    """Degree days of days by their mean temperature.

    >>> degrees_of(np.array([0.0, 35.0])).heating[[0, 30]].tolist()
    [[0.0, 0.0], [28.0, 0.0]]
    """
    apart = GRID_F[:, None] - to_fahrenheit(celsius)
    return Observed.of(np.maximum(apart, 0), np.maximum(-apart, 0), np.ones(len(celsius)), crossed=False)


def fit(use: Floats, celsius: Floats, cooling: bool = True) -> list[Fit]:
    """The model of each meter.

    Parameters: ``use``: meters x days [energy a day], NaN where it is not known; ``celsius``: days [mean temperature];
    ``cooling`` False leaves cooling terms out (gas). Meters with the same known days share most of the work.

    >>> degrees = np.linspace(-5, 30, 365)
    >>> heated = 100 + 2 * np.maximum(60 - to_fahrenheit(degrees), 0)
    >>> (found,) = fit(heated[None], degrees)
    >>> str(found.kind), round(found.intercept, 6), round(found.beta_hdd, 6), found.hbp_f
    ('hdd_only', 100.0, 2.0, 60.0)
    """
    return fit_observed(use, degrees_of(celsius), cooling)


def fit_observed(use: Floats, degrees: Observed, cooling: bool = True, least_days: int = LEAST_DAYS) -> list[Fit]:
    """The model of each meter from degree days; parameters as :func:`fit`.

    ``least_days``: observations on which a term must not be nothing.
    """
    known = np.isfinite(use) & degrees.known
    alike: dict[bytes, list[int]] = defaultdict(list)
    for meter in range(len(use)):
        alike[known[meter].tobytes()].append(meter)
    found: dict[int, Fit] = {}
    for meters in alike.values():
        fits = _fit_alike(use[meters], degrees, known[meters[0]], cooling, least_days)
        found.update(zip(meters, fits, strict=True))
    return [found[meter] for meter in range(len(use))]


def predict(model: Fit, celsius: Floats) -> Floats:
    """The use of days by their mean temperature; NaN where it, or the model, is not known.

    >>> model = Fit(Kind.BOTH, 10.0, 1.0, 2.0, 50.0, 60.0, 365, 0.9, 0.1, 0.0)
    >>> predict(model, np.array([0.0, 20.0, np.nan])).tolist()
    [28.0, 26.0, nan]
    """
    fahrenheit = to_fahrenheit(celsius)
    value = np.where(np.isfinite(fahrenheit), model.intercept, np.nan)
    if model.hbp_f is not None:
        value = value + model.beta_hdd * np.maximum(model.hbp_f - fahrenheit, 0)
    if model.cbp_f is not None:
        value = value + model.beta_cdd * np.maximum(fahrenheit - model.cbp_f, 0)
    return value


def predict_observed(model: Fit, degrees: Observed) -> Floats:
    """The use per day of observations by their degree days; NaN where they, or the model, are not known."""
    value = np.where(degrees.known, model.intercept, np.nan)
    if model.hbp_f is not None:
        value = value + model.beta_hdd * degrees.heating[int(model.hbp_f - GRID_F[0])]
    if model.cbp_f is not None:
        value = value + model.beta_cdd * degrees.cooling[int(model.cbp_f - GRID_F[0])]
    return value


@dataclass(frozen=True, slots=True)
class _Moments:
    """What meters with the same known observations share: weighed means of degree days, products about them.

    Grid, or heating x cooling balance point.
    """

    heating_mean: Floats
    cooling_mean: Floats
    hh: Floats
    cc: Floats
    hc: Floats
    bound: Floats  # hh cc - hc²
    heating_usable: Flags
    cooling_usable: Flags
    both_usable: Flags


def _moments(degrees: Observed, known: Flags, weight: Floats, cooling: bool, least_days: int) -> _Moments:
    count, whole = known.astype(float), float(weight.sum())
    sums = degrees.heating @ weight, degrees.cooling @ weight
    of_h, of_c = (
        (beyond @ count >= least_days) & (total >= LEAST_DEGREES)
        for beyond, total in zip(degrees.beyond, sums, strict=True)
    )
    of_c = of_c & cooling
    h_mean, c_mean = (total / whole for total in sums)
    hh, cc = (
        square @ weight - total * mean
        for square, total, mean in zip(degrees.squares, sums, (h_mean, c_mean), strict=True)
    )
    hc = -np.outer(sums[0], c_mean)
    if degrees.crossed:
        hc += (degrees.heating * weight) @ degrees.cooling.T
    product = np.outer(hh, cc)
    bound = product - hc**2
    both = _ORDERED & of_h[:, None] & of_c & (bound > _COLLINEAR * product)
    return _Moments(h_mean, c_mean, hh, cc, hc, bound, of_h, of_c, both)


def _fit_alike(use: Floats, degrees: Observed, known: Flags, cooling: bool, least_days: int) -> Iterator[Fit]:
    """The models of meters with the same ``known`` observations."""
    meters, count = len(use), int(known.sum())
    if not count:
        yield from [Fit(Kind.NONE, np.nan, 0.0, 0.0, None, None, 0, 0.0, None, None)] * meters
        return
    weight = np.where(known, degrees.weight, 0.0)
    held = _moments(degrees, known, weight, cooling, least_days)
    filled = np.where(known, use, 0.0)
    mean = filled @ weight / weight.sum()
    centred = np.where(known, filled - mean[:, None], 0.0)
    weighed = centred * weight
    total = (centred * weighed).sum(1)
    hy, cy = weighed @ degrees.heating.T, weighed @ degrees.cooling.T
    one_h = _single(hy, held.hh, mean, held.heating_mean, held.heating_usable)
    one_c = _single(cy, held.cc, mean, held.cooling_mean, held.cooling_usable)
    for meter in range(meters):
        both = _pairs(held, hy[meter], cy[meter], float(mean[meter]))
        slopes = one_h[meter], one_c[meter], both
        explained = (
            slopes[0] * hy[meter], slopes[1] * cy[meter], both[0] * hy[meter, :, None] + both[1] * cy[meter]
        )  # fmt: skip
        scores = [
            _adjusted(part, float(total[meter]), count, terms) for part, terms in zip(explained, (1, 1, 2), strict=True)
        ]
        yield _best(degrees, known, centred[meter], float(mean[meter]), scores, slopes)


def _single(xy: Floats, xx: Floats, mean: Floats, x_mean: Floats, usable: Flags) -> Floats:
    """Slopes of one term, meters x grid; NaN where it may not be used, or it or the intercept is negative."""
    slope = np.divide(xy, xx, out=np.full_like(xy, np.nan), where=usable & (xx > 0))
    slope[(slope < 0) | (mean[:, None] - slope * x_mean < 0)] = np.nan
    return slope


def _pairs(held: _Moments, hy: Floats, cy: Floats, mean: float) -> tuple[Floats, Floats]:
    """Slopes of both terms together, heating x cooling balance point; NaN where they may not be."""
    nothing = np.full(held.hc.shape, np.nan)
    usable, hot = held.both_usable, hy[:, None]
    heats = np.divide(held.cc * hot - held.hc * cy, held.bound, out=nothing.copy(), where=usable)
    cools = np.divide(held.hh[:, None] * cy - held.hc * hot, held.bound, out=nothing, where=usable)
    base = mean - heats * held.heating_mean[:, None] - cools * held.cooling_mean
    wrong = (heats < 0) | (cools < 0) | (base < 0)
    heats[wrong] = cools[wrong] = np.nan
    return heats, cools


def _best(
    degrees: Observed, known: Flags, centred: Floats, mean: float, scores: list[Floats],
    slopes: tuple[Floats, Floats, tuple[Floats, Floats]],
) -> Fit:  # fmt: skip
    """The candidate of the highest adjusted R²; the intercept alone counts as 0."""
    best = max(0.0, *(float(np.max(score)) for score in scores))
    h, c, (of_h, of_c) = _lowest(scores, best, slopes) if best > 0 else (None, None, (0.0, 0.0))
    line = np.zeros(len(centred))
    if h is not None:
        line += of_h * degrees.heating[h]
    if c is not None:
        line += of_c * degrees.cooling[c]
    weight = degrees.weight[known]
    offset = float(weight @ line[known]) / float(weight.sum())
    residual, count = centred[known] - line[known] + offset, len(weight)
    hbp, cbp = (None if at is None else float(GRID_F[at]) for at in (h, c))
    free, plain = count - (h is not None) - (c is not None), mean + float(centred[known].mean())
    cvrmse = float(np.sqrt(residual @ residual / free)) / plain if free > 0 and plain > 0 else None
    rho = _autocorrelation(residual)
    return Fit(_kind(hbp, cbp), mean - offset, of_h, of_c, hbp, cbp, count, best, cvrmse, rho)


def _adjusted(explained: Floats, total: float, days: int, terms: int) -> Floats:
    """Adjusted R² of candidates; below everything where there is none."""
    free = days - terms - 1
    if free <= 0 or total <= 0:
        return np.full(explained.shape, -np.inf)
    score = 1 - ((total - explained) / free) / (total / (days - 1))
    return np.where(np.isnan(score), -np.inf, score)


def _lowest(
    scores: list[Floats], best: float, slopes: tuple[Floats, Floats, tuple[Floats, Floats]]
) -> tuple[int | None, int | None, tuple[float, float]]:
    """Of the candidates that fit alike the one of fewest terms, then of the lowest balance points (their places)."""
    alike = [np.argwhere(score >= best - TIE) for score in scores]
    if len(alike[0]):
        at = int(alike[0][0, 0])
        return at, None, (float(slopes[0][at]), 0.0)
    if len(alike[1]):
        at = int(alike[1][0, 0])
        return None, at, (0.0, float(slopes[1][at]))
    h, c = (int(place) for place in alike[2][0])
    return h, c, (float(slopes[2][0][h, c]), float(slopes[2][1][h, c]))


def _kind(hbp: float | None, cbp: float | None) -> Kind:
    if hbp is not None:
        return Kind.HEATING if cbp is None else Kind.BOTH
    return Kind.INTERCEPT if cbp is None else Kind.COOLING


def _autocorrelation(residual: Floats) -> float | None:
    """The correlation of a series with itself one day later."""
    if len(residual) < 3:
        return None
    before, after = residual[:-1] - residual[:-1].mean(), residual[1:] - residual[1:].mean()
    spread = float(before @ before) * float(after @ after)
    return float(before @ after) / float(np.sqrt(spread)) if spread > 0 else None
