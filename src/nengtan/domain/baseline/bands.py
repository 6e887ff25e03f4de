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
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import stdtrit

__all__ = ["BILLING", "DAILY", "HOURLY", "Band", "Noise", "guideline_14", "noise_of", "savings_band"]

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


def _alike(series: Floats, rho: float) -> Floats:
    """``R @ series`` along the first axis, where ``R[i, j] = rho ** |i - j|``."""
    before = lfilter([1.0], [1.0, -rho], series, axis=0)
    after = lfilter([1.0], [1.0, -rho], series[::-1], axis=0)[::-1]
    spread: Floats = before + after - series
    return spread


def noise_of(day: Ints, residual: Floats, columns: Floats) -> Noise | None:
    """The noise behind residuals.

    Parameters: ``day``: n, rising (gaps are days that are not known); ``residual``: n [energy a day]; ``columns``:
    n x p, the tangent of the model. None where there are too few days to say (fewer than p + 3), or nothing is left.
    """
    length = int(day[-1] - day[0]) + 1 if len(day) else 0
    at = day - day[0] if length else day
    basis = _basis(columns)
    count, terms = len(day), basis.shape[1]
    square = float(residual @ residual)
    if count < terms + 3 or square <= 0 or not np.isfinite(square):
        return None
    grid = np.zeros((length, terms))
    grid[at] = basis
    known = np.zeros(length)
    known[at] = 1.0
    series = np.zeros(length)
    series[at] = residual
    pairs = float(known[1:] @ known[:-1])
    neighbours = _neighbours(grid) * known[:, None]
    inner = grid.T @ neighbours
    seen = float(series[1:] @ series[:-1]) / square

    def expected(rho: float) -> tuple[float, float]:
        spread = _alike(np.hstack((grid, neighbours)), rho)
        within = grid.T @ spread[:, :terms]
        left = count - float(np.trace(within))
        cross = float(np.trace(grid.T @ spread[:, terms:]))
        return pairs * rho - 2 * cross + float(np.trace(within @ inner)), left

    rho = _solve(lambda value: _ratio(*expected(value)) - seen)
    left = expected(rho)[1]
    freedom = max(left * (1 - rho**2) / (1 + rho**2), 1.0)
    return Noise(float(np.sqrt(square / left)), rho, freedom)


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
    day = np.concatenate((baseline_day, report_day))
    series = np.zeros(int(day.max() - day.min()) + 1)
    np.add.at(series, day - day.min(), np.concatenate((weight, -counts)))
    variance = noise.sigma**2 * float(series @ _alike(series, noise.rho))
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
