"""How far savings may be off: a band that holds what it promises when days resemble their neighbours.

Residuals of daily use are taken as noise of first order, each ``rho`` of the day before and something new. Both
``rho`` and the spread are found from the residuals by their expected moments: a model bends after the noise it is
fitted to, so that its residuals are smaller and less alike than the noise (the moments are those of ``M R M``, where
``M`` takes the model away). The columns of the model are its tangent, balance points among them, since these are
estimated too. The variance of the sum is that of all days with their covariances, those of the baseline through the
model.

The figure of ASHRAE Guideline 14 stands beside it by name: it is what many contracts write, and it covers too little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.fft import irfft, rfft
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = [
    "BILLING", "DAILY", "HOURLY", "Band", "Noise", "guideline_14", "lags_of", "noise_from", "noise_of", "savings_band",
    "sum_band",
]  # fmt: skip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ALIKE = 0.98
"""Days are never taken to resemble each other more than this."""

DAILY = (-0.00024, 0.03535, 1.00286)
BILLING = (-0.00022, 0.03306, 0.94054)
HOURLY = (0.0, 0.0, 1.26)
"""Of Guideline 14: factors of months squared, of months, and alone (hourly: as nmecr has it)."""

_STEPS = 40


@dataclass(frozen=True, slots=True)
class Noise:
    """What a model leaves unexplained: ``sigma`` [energy a day] and its ``freedom``, ``rho`` of a day with the next."""

    sigma: float
    rho: float
    freedom: float


@dataclass(frozen=True, slots=True)
class Band:
    """``half_width`` [energy] on either side of a sum of savings at ``level`` (0 to 1)."""

    half_width: float
    level: float
    noise: Noise


def noise_of(day: Ints, residual: Floats, columns: Floats) -> Noise | None:
    """The noise behind residuals of least squares.

    Parameters: ``day``: n, rising (gaps are days that are not known); ``residual``: n [energy a day]; ``columns``:
    n x p, the tangent of the model. None where there are too few days to say (fewer than p + 3), or nothing is left.
    """
    if not len(day):
        return None
    basis = _basis(columns)
    count, terms = len(day), basis.shape[1]
    at, length = day - day[0], int(day[-1] - day[0]) + 1
    if count < terms + 3:
        return None
    grid, known, series = np.zeros((length, terms)), np.zeros(length), np.zeros(length)
    grid[at], known[at], series[at] = basis, 1.0, residual
    neighbours = _neighbours(grid) * known[:, None]
    left, cross = -_lags(grid, grid), _lags(grid, grid @ (grid.T @ neighbours)) - 2 * _lags(grid, neighbours)
    left[0] += count
    cross[1:2] += known[1:] @ known[:-1]
    return noise_from(series, left, cross)


def noise_from(series: Floats, left: Floats, cross: Floats) -> Noise | None:
    """The noise behind residuals of any linear model.

    Parameters: ``series``: residuals of consecutive days, 0 where not known; ``left`` and ``cross``: what is expected
    of their squares, and of their products with the day after, as coefficients of ``1, rho, rho ** 2 ...`` [sigma²].
    """
    square = float(series @ series)
    if square <= 0 or not np.isfinite(square):
        return None
    seen = float(series[1:] @ series[:-1]) / square
    lags = np.arange(len(left))

    def expected(rho: float) -> tuple[float, float]:
        powers = rho**lags
        return float(powers @ cross), float(powers @ left)

    rho = _solve(lambda value: _ratio(*expected(value)) - seen)
    free = expected(rho)[1]
    if free <= 0:
        return None
    return Noise(float(np.sqrt(square / free)), rho, max(free * (1 - rho**2) / (1 + rho**2), 1.0))


def lags_of(rows: Floats) -> tuple[Floats, Floats]:
    """What is expected of residuals, each a row of weights of the noise of consecutive days: ``left`` and ``cross``.

    >>> [part.round(12).tolist() for part in lags_of(np.eye(3))]
    [[3.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """
    size = rows.shape[1]
    whole = _room(size)
    turned = rfft(rows, whole, axis=1)
    left = (turned.real**2 + turned.imag**2).sum(0)
    cross = (np.conj(turned[:-1]) * turned[1:]).sum(0)
    return _both_sides(left, whole, size), _both_sides(cross, whole, size)


def _lags(one: Floats, other: Floats) -> Floats:
    """The sums of both diagonals of ``one @ other.T`` at each distance from the middle one, without it."""
    size = len(one)
    whole = _room(size)
    return _both_sides((np.conj(rfft(one, whole, axis=0)) * rfft(other, whole, axis=0)).sum(1), whole, size)


def _room(size: int) -> int:
    """A power of two that holds a series and as many zeros."""
    return 1 << (2 * size - 1).bit_length()


def _both_sides(crossed: NDArray[np.complex128] | Floats, whole: int, size: int) -> Floats:
    sums = irfft(crossed, whole)
    found: Floats = sums[:size].copy()
    found[1:] += sums[: whole - size : -1]
    return found


def _basis(columns: Floats) -> Floats:
    """An orthonormal basis of the columns, those that say nothing new left out."""
    left, size, _right = np.linalg.svd(columns, full_matrices=False)
    basis: Floats = left[:, size > size.max(initial=0.0) * 1e-10]
    return basis


def _neighbours(grid: Floats) -> Floats:
    """Half the day before and half the day after."""
    moved = np.zeros_like(grid)
    moved[1:] += grid[:-1] / 2
    moved[:-1] += grid[1:] / 2
    return moved


def _ratio(together: float, left: float) -> float:
    return together / left if left > 1e-9 else np.inf


def _solve(gap: Callable[[float], float]) -> float:
    """Where ``gap`` is nothing, between 0 and :data:`MOST_ALIKE`; days that repel each other count as strangers."""
    low, high = 0.0, MOST_ALIKE
    if gap(low) >= 0:
        return low
    if gap(high) <= 0:
        return high
    for _step in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if gap(middle) < 0 else (low, middle)
        if high - low < 1e-4:
            break
    return (low + high) / 2


def savings_band(
    baseline_day: Ints, columns: Floats, noise: Noise, report_day: Ints, report_columns: Floats, level: float = 0.9,
    times: Floats | None = None,
) -> Band:  # fmt: skip
    """The band of the sum of predicted less measured use over the days reported.

    Parameters: ``baseline_day``: n and ``report_day``: q, each rising, in one count of days; ``columns``: n x p and
    ``report_columns``: q x p, the tangent of the model on both; ``noise`` of the baseline; ``times``: q, how many times
    each reported value counts in the sum (1).
    """
    counts = np.ones(len(report_day)) if times is None else times
    weight = np.linalg.pinv(columns, rcond=1e-10).T @ (counts @ report_columns)
    return sum_band(np.concatenate((baseline_day, report_day)), np.concatenate((weight, -counts)), noise, level)


def sum_band(day: Ints, weight: Floats, noise: Noise, level: float = 0.9) -> Band:
    """The band of a sum of days, each times its weight; a day may be told more than once."""
    series = np.zeros(int(day.max() - day.min()) + 1)
    np.add.at(series, day - day.min(), weight)
    lags = _lags(series[:, None], series[:, None])
    variance = noise.sigma**2 * float(lags @ noise.rho ** np.arange(len(lags)))
    wide = float(stdtrit(noise.freedom, (1 + level) / 2))
    return Band(wide * float(np.sqrt(max(variance, 0.0))), level, noise)


def guideline_14(
    predicted: float, cvrmse: float, rho: float, days: int, reported: int, months: float, level: float = 0.9,
    polynomial: tuple[float, float, float] = DAILY,
) -> float:  # fmt: skip
    """The half-width of savings by the fractional uncertainty of Guideline 14, as CalTRACK 4.3.2.4 has it [energy].

    ``predicted``: energy predicted for the days reported; ``cvrmse`` as CalTRACK divides it; ``days`` of the baseline;
    ``reported`` days in ``months`` (or bills, of either); ``polynomial`` of months by how often the meter is read.

    >>> round(guideline_14(10_000.0, 0.20, 0.0, 365, 365, 12.0), 1)
    241.0
    """
    alike = min(max(rho, 0.0), MOST_ALIKE)
    effective = days * (1 - alike) / (1 + alike)
    wide = float(stdtrit(max(effective - 1, 1), (1 + level) / 2))
    square, slope, base = polynomial
    factor = square * months**2 + slope * months + base
    return wide * factor * cvrmse * float(np.sqrt(days / effective * (1 + 2 / effective) / reported)) * predicted
