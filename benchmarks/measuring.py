"""Times, ratios and growth."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

REPEATS = 5


@dataclass(frozen=True)
class Row:
    """One measured thing at one size.

    ``seconds`` and ``baseline_seconds`` are medians of warm repeats in one run; ``limit`` is the most the ratio (or,
    without a baseline, the seconds) may be.
    """

    benchmark: str
    what: str
    database: str
    size: int
    seconds: float
    baseline: str = ""
    baseline_seconds: float | None = None
    limit: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the baseline."""
        return self.seconds / self.baseline_seconds if self.baseline_seconds else None

    @property
    def kept(self) -> bool | None:
        """Whether the limit holds, where there is one."""
        if self.limit is None:
            return None
        return (self.ratio if self.baseline_seconds else self.seconds) <= self.limit  # type: ignore[operator]


def once(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median seconds of warm runs."""
    work()
    return statistics.median(once(work) for _ in range(repeats))


def side_by_side(*works: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Median warm seconds of each, run in turn so that a slow moment of the machine falls on all."""
    for work in works:
        work()
    times = [[once(work) for work in works] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def growth(rows: Iterable[Row]) -> float | None:
    """The exponent e of time ~ size^e between the smallest and the largest size of one measured thing."""
    held: Sequence[Row] = sorted(rows, key=lambda row: row.size)
    if len(held) < 2 or held[0].size == held[-1].size or not held[0].seconds:
        return None
    return math.log(held[-1].seconds / held[0].seconds) / math.log(held[-1].size / held[0].size)
