"""What a day should bring: the last days like it, the weather, and how far off is still as usual (预期区间).

A history is days x slots, the oldest day first, all of one type (workday, weekend, holiday, make-up day, term or
vacation); NaN is unknown. The rules and their figures are this project's design, and settings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nengtan.domain.metering.readings import Floats

__all__ = ["Expectation", "Settings", "Slopes", "expect", "mape", "slopes"]


@dataclass(frozen=True, slots=True)
class Settings:
    """``days``: how many like days are looked at, the last weighing most. ``band``: the least distance that counts, of
    the mean; ``spread``: that in median absolute deviations. ``warm``, ``cold``: from where on the weather counts
    [°C]; ``fit_days``: with fewer days it does not.
    """

    days: int = 5
    band: float = 0.15
    spread: float = 2.0
    warm: float = 26.0
    cold: float = 18.0
    fit_days: int = 30


@dataclass(frozen=True, slots=True)
class Slopes:
    """Use per degree and slot above ``warm`` (cooling) and below ``cold`` (heating); 0 where nothing was fitted."""

    cooling: float = 0.0
    heating: float = 0.0


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected in each slot of a day, and between what it is as usual; NaN where no like day is known."""

    mean: Floats
    low: Floats
    high: Floats
    days: int


def slopes(history: Floats, temperature: Floats, settings: Settings | None = None) -> Slopes:
    """What a degree costs, by least squares over the slots of all days against the usual of the slot.

    Parameters: ``history``, ``temperature`` [°C]: days x slots. A slope below 0 is none: weather does not save.

    >>> warm = np.array([[20.0, 27.0], [20.0, 30.0]] * 15)
    >>> slopes(10 + 2 * np.maximum(warm - 26, 0), warm)
    Slopes(cooling=2.0, heating=0.0)
    """
    rules = settings or Settings()
    if len(history) < rules.fit_days:
        return Slopes()
    degrees = np.stack([np.maximum(temperature - rules.warm, 0), np.maximum(rules.cold - temperature, 0)])
    known = np.isfinite(history) & np.isfinite(temperature)
    if not known.any():
        return Slopes()
    count = np.maximum(known.sum(0), 1)
    centred = [np.where(known, values - np.where(known, values, 0).sum(0) / count, 0) for values in (history, *degrees)]
    use, *columns = (values[known] for values in centred)
    varied = [bool(column.any()) for column in columns]
    if not any(varied):
        return Slopes()
    design = np.stack([column for column, any_of in zip(columns, varied, strict=True) if any_of], axis=1)
    found = iter(np.linalg.lstsq(design, use, rcond=None)[0])
    cooling, heating = (max(0.0, round(float(next(found)), 9)) if any_of else 0.0 for any_of in varied)
    return Slopes(cooling, heating)


def expect(
    history: Floats,
    settings: Settings | None = None,
    temperature: Floats | None = None,
    today: Floats | None = None,
    slope: Slopes | None = None,
) -> Expectation:
    """What the next day like these should bring.

    Parameters: ``history``: days x slots; ``temperature``: of the same shape, ``today``: of the day expected [°C];
    without them, or with a ``slope`` of nothing, the weather is left out.

    >>> days = np.array([[10.0], [20.0], [20.0], [20.0], [20.0], [30.0]])
    >>> found = expect(days)
    >>> found.mean.round(4).tolist(), found.low.round(4).tolist(), found.high.round(4).tolist()
    ([23.3333], [19.8333], [26.8333])
    """
    rules = settings or Settings()
    weather = slope is not None and temperature is not None and today is not None
    plain = history - _cost(temperature, slope, rules) if weather else history
    last = plain[np.isfinite(plain).any(1)][-rules.days :]
    slots = history.shape[1]
    if not len(last):
        nothing = np.full(slots, np.nan)
        return Expectation(nothing, nothing, nothing, 0)
    known = np.isfinite(last)
    weight = np.where(known, np.arange(1, len(last) + 1, dtype=np.float64)[:, None], 0)
    total = weight.sum(0)
    mean = np.divide((np.where(known, last, 0) * weight).sum(0), total, out=np.full(slots, np.nan), where=total > 0)
    if weather:
        mean = mean + _cost(today, slope, rules)
    away = np.maximum(rules.band * np.abs(mean), rules.spread * _deviation(last))
    return Expectation(mean, np.maximum(mean - away, np.minimum(mean, 0)), mean + away, len(last))


def mape(actual: Floats, expected: Floats) -> float | None:
    """The mean distance of what came from what was expected, as a share of it; None where neither is known.

    >>> mape(np.array([9.0, 12.0, np.nan]), np.array([10.0, 10.0, 10.0]))
    0.15
    """
    known = np.isfinite(actual) & np.isfinite(expected) & (expected > 0)
    if not known.any():
        return None
    return round(float(np.mean(np.abs(actual[known] - expected[known]) / expected[known])), 12)


def _cost(temperature: Floats | None, slope: Slopes | None, rules: Settings) -> Floats:
    """What the weather adds; nothing where the temperature is unknown."""
    if temperature is None or slope is None:
        return np.zeros(1)
    degrees = np.nan_to_num(temperature, nan=(rules.warm + rules.cold) / 2)
    cost: Floats = slope.cooling * np.maximum(degrees - rules.warm, 0) + slope.heating * np.maximum(
        rules.cold - degrees, 0
    )
    return cost


def _deviation(days: Floats) -> Floats:
    """The median absolute deviation of each slot, 0 where a slot is never known."""
    known = np.isfinite(days).any(0)
    found = np.zeros(days.shape[1])
    if known.any():
        part = days[:, known]
        found[known] = np.nanmedian(np.abs(part - np.nanmedian(part, axis=0)), axis=0)
    return found
