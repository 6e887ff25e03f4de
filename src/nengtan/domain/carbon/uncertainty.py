"""How sure a total is: error propagation and Monte Carlo, with intervals that need not be symmetric.

A half-width is that of the 95 % interval as a share of the value. Sources: IPCC Guidelines 2006, volume 1, chapter 3,
approach 1 (propagation) and approach 2 (Monte Carlo), by general knowledge; which half-width an activity figure has is
a placeholder of ours (``reference/data/carbon_grades.csv``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from nengtan.domain.exact import product, ratio, total

__all__ = ["Interval", "Simulated", "combined", "of_product", "simulate"]

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
SIGMAS = 1.959963984540054
"""Half of the 95 % interval of a normal distribution, in standard deviations."""

SKEWED_FROM = 0.3
"""Half-widths from here on are drawn from a lognormal distribution, which has no values below nought."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The 95 % interval of a figure, in its unit."""

    low: float
    high: float

    def shares(self, value: float) -> tuple[float, float]:
        """How far it reaches below and above a value, as shares of it.

        >>> Interval(80.0, 130.0).shares(100.0)
        (-0.2, 0.3)
        """
        return round(self.low / value - 1, 12), round(self.high / value - 1, 12)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What draws came to [unit of the emissions]: the mean and interval of the total, and of each body a line."""

    mean: float
    interval: Interval
    bodies: Floats


def of_product(activity: Decimal, factor: Decimal) -> Decimal:
    """The half-width of activity × factor: √(U_AD² + U_EF²).

    >>> of_product(Decimal("0.03"), Decimal("0.04"))
    Decimal('0.05')
    """
    return (product(activity, activity) + product(factor, factor)).sqrt()


def combined(parts: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """The half-width of a sum of independent figures: √Σ(E·U)² / ΣE; None where they come to nought.

    >>> combined([(Decimal(30), Decimal("0.1")), (Decimal(40), Decimal("0.1"))])
    Decimal('0.07142857142857142857142857143')
    """
    held = list(parts)
    squares = total(product(product(value, width), product(value, width)) for value, width in held)
    whole = total(abs(value) for value, _width in held)
    return None if squares is None else ratio(squares.sqrt(), whole)


def simulate(emissions: Floats, activity: Floats, factor: Floats, draws: int = 10_000, seed: int = 303) -> Simulated:
    """Draw activity and factors at random and see how far totals scatter; the same seed draws the same.

    Parameters: ``emissions`` [n bodies × s sources], ``activity`` half-widths of the same shape, drawn for each figure
    by itself, ``factor`` half-widths [s], drawn once for all bodies, since they share the factor. Bodies of the answer:
    [n × 2], low and high. Raises `ValueError` where shapes differ or a half-width is below nought.

    >>> found = simulate(np.array([[100.0]]), np.array([[0.05]]), np.array([0.0]))
    >>> low, high = found.interval.shares(100.0)
    >>> abs(low + 0.05) < 0.003 and abs(high - 0.05) < 0.003
    True
    """
    if emissions.shape != activity.shape or factor.shape != emissions.shape[1:]:
        raise ValueError(f"shapes {emissions.shape}, {activity.shape}, {factor.shape}")
    if (activity < 0).any() or (factor < 0).any():
        raise ValueError("a half-width is not below 0")
    generator = np.random.default_rng(seed)
    bodies = np.zeros((emissions.shape[0], draws))
    for source in range(emissions.shape[1]):
        drawn = generator.standard_normal((emissions.shape[0], draws))
        spread = _spread(drawn, activity[:, source, None])
        spread *= _spread(generator.standard_normal(draws), factor[source])
        spread *= emissions[:, source, None]
        bodies += spread
    sums = bodies.sum(axis=0)
    edges = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    low, high = np.quantile(sums, edges)
    return Simulated(float(sums.mean()), Interval(float(low), float(high)), np.quantile(bodies, edges, axis=1).T)


def _spread(drawn: Floats, half_width: Floats) -> Floats:
    """Multipliers around 1 from draws of a standard normal: normal where the half-width is small, else lognormal."""
    plain = 1 + drawn * (half_width / SIGMAS)
    skewed = np.asarray(half_width >= SKEWED_FROM)
    if not skewed.any():
        return plain
    sigma = np.log1p(half_width) / SIGMAS
    return np.where(skewed, np.exp(drawn * sigma), plain)
