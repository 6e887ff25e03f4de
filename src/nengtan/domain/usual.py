"""Months far from those an institution usually has of a carrier: a figure in a wrong unit shows by its size.

Whole columns at once. A series is one institution's carrier, numbered by whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray

__all__ = ["Far", "Months", "Thresholds", "far_from_usual", "slip_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SPAN = 1_000_000
"""More than any period (yyyymm): a series and a period make one number."""

_SLIPS = (1_000, 10_000)
"""kWh as MWh, kg as t, L as m3; kWh as 10^4 kWh, m3 as 10^4 m3."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on a month is far from the usual ones.

    ``times_high`` and ``times_low`` [1] times above and below the median of the others; nothing is said with fewer
    than ``least_months`` others; ``whole_year`` months of the ledger suffice without those of the file; a slip of a
    unit may be off by ``slip_tolerance`` [1] times and is still called one.
    """

    times_high: float = 10.0
    times_low: float = 500.0
    least_months: int = 3
    whole_year: int = 12
    slip_tolerance: float = 3.0


@dataclass(frozen=True, slots=True)
class Months:
    """Quantities by series and period (yyyymm): columns of one length, in one unit a series."""

    series: Ints
    period: Ints
    quantity: Floats

    @classmethod
    def of(cls, series: Sequence[int], period: Sequence[int], quantity: Sequence[float]) -> Months:
        """From columns of any numbers."""
        return cls(
            np.asarray(series, dtype=np.int64), np.asarray(period, dtype=np.int64),
            np.asarray(quantity, dtype=np.float64),
        )  # fmt: skip

    @property
    def keys(self) -> Ints:
        """Series and period as one number."""
        return self.series * _SPAN + self.period


@dataclass(frozen=True, slots=True)
class Far:
    """Row ``at`` is ``times`` the ``usual`` month of its series (below 1 where it is lower)."""

    at: int
    usual: float
    times: float


def far_from_usual(
    rows: Months, ledger: Months, source: Sequence[int] | Ints = (), thresholds: Thresholds | None = None
) -> list[Far]:
    """Rows of a file far from the median of the other months of their series, in the order of the rows.

    The other months are those of the ledger where they make a whole year, else those of file and ledger together, the
    file's where both have one; months without use say nothing of what is usual. Rows of a month add up within one
    ``source`` (a number a row; a bill and a reading of one month are not added), the largest of them is the month's. A
    row is held to be low only where it is alone in its month, as one of several bills may be small. What the same
    month a year earlier or later makes likely is not far.

    >>> year = Months.of([1] * 5, [202301, 202302, 202303, 202304, 202305], [110.0, 90.0, 100.0, 3_500_000.0, 120.0])
    >>> far_from_usual(year, Months.of([], [], []))
    [Far(at=3, usual=105.0, times=33333.333333333336)]
    """
    limits = thresholds or Thresholds()
    if not len(rows.series):
        return []
    file = _by_month(rows, np.asarray(source, dtype=np.int64) if len(source) else np.zeros_like(rows.series))
    stored = _used(ledger)
    fresh = ~np.isin(stored.keys, file.keys)
    together = Months(
        *(np.concatenate((getattr(file, name), getattr(stored, name)[fresh])) for name in Months.__slots__)
    )
    all_usual, all_count = _median_of_others(_used(together), rows)
    own_usual, own_count = _median_of_others(stored, rows)
    whole = own_count >= limits.whole_year
    usual = np.where(whole, own_usual, np.where(all_count >= limits.least_months, all_usual, np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):
        times = rows.quantity / usual
        high = times >= limits.times_high
        low = (times > 0) & (times <= 1 / limits.times_low) & _alone(rows)
    found = np.flatnonzero(high | low)
    likely = _same_month(together, rows, found, limits)
    return [Far(int(at), float(usual[at]), float(times[at])) for at in found[~likely]]


def slip_of(times: float, thresholds: Thresholds | None = None) -> int | None:
    """The slip of a unit a ratio looks like, 1000 or 10000 either way; None where it looks like neither.

    >>> slip_of(9_600), slip_of(1 / 1_100), slip_of(40)
    (10000, 1000, None)
    """
    if times <= 0:
        return None
    size = abs(log10(times))
    nearest = min(_SLIPS, key=lambda slip: abs(size - log10(slip)))
    near = abs(size - log10(nearest)) <= log10((thresholds or Thresholds()).slip_tolerance)
    return nearest if near else None


def _used(months: Months) -> Months:
    """Months in which anything was used."""
    used = months.quantity > 0
    return Months(months.series[used], months.period[used], months.quantity[used])


def _by_month(rows: Months, source: Ints) -> Months:
    """One quantity a series and month: the largest of the sums of each source."""
    pairs, at = np.unique(np.stack((rows.keys, source)), axis=1, return_inverse=True)
    sums = np.bincount(at.ravel(), weights=rows.quantity)
    keys, first = np.unique(pairs[0], return_index=True)
    return Months(keys // _SPAN, keys % _SPAN, np.maximum.reduceat(sums, first))


def _median_of_others(known: Months, rows: Months) -> tuple[Floats, Ints]:
    """For each row, the median of its series without the row's own month, and of how many months it is.

    ``known`` has one quantity a series and month. The month left out is not taken away: its place among the sorted
    quantities is stepped over.
    """
    order = np.lexsort((known.quantity, known.series))
    series, quantity, keys = known.series[order], known.quantity[order], known.keys[order]
    start = np.searchsorted(series, rows.series, "left")
    count = np.searchsorted(series, rows.series, "right") - start
    if not len(keys):
        return np.full(len(rows.series), np.nan), count
    by_key = np.argsort(keys)
    near = by_key[np.minimum(np.searchsorted(keys, rows.keys, sorter=by_key), len(keys) - 1)]
    mine = keys[near] == rows.keys
    others = count - mine
    place = np.where(mine, near - start, count)

    def ranked(rank: Ints) -> Floats:
        at: Ints = np.minimum(start + rank + (rank >= place), len(quantity) - 1)
        return quantity[at]

    median = (ranked(np.maximum(others - 1, 0) // 2) + ranked(others // 2)) / 2
    return np.where(others > 0, median, np.nan), others


def _alone(rows: Months) -> NDArray[np.bool_]:
    """Whether a row is the only one of its series and month."""
    _keys, at, counts = np.unique(rows.keys, return_inverse=True, return_counts=True)
    return np.asarray(counts[at.ravel()] == 1)


def _same_month(known: Months, rows: Months, asked: Ints, limits: Thresholds) -> NDArray[np.bool_]:
    """Whether a row is about what the same month a year before or after was: its season, not its unit."""
    likely = np.zeros(len(asked), dtype=np.bool_)
    if not len(asked):
        return likely
    order = np.argsort(known.keys)
    keys, quantity = known.keys[order], known.quantity[order]
    for year in (-100, 100):
        wanted = rows.keys[asked] + year
        near = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        base = np.where(keys[near] == wanted, quantity[near], np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = rows.quantity[asked] / base
            likely |= (ratio < limits.times_high) & (ratio > 1 / limits.times_low)
    return likely
