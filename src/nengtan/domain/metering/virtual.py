"""Virtual meters (虚拟表, 计算表): sums, differences, shares and constants over other meters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.codes import Method, Quality
from nengtan.domain.metering.intervals import Intervals
from nengtan.domain.metering.readings import Floats, Ints
from nengtan.domain.metering.rules import HOUR

__all__ = [
    "Column",
    "Cycle",
    "Formula",
    "Term",
    "UnknownMeter",
    "Versions",
    "as_intervals",
    "evaluate",
    "evaluate_dated",
    "in_force",
    "ordered",
]


class Cycle(ValueError):
    """Meters that would be computed from themselves: ``path`` begins and ends with the same one."""

    def __init__(self, path: Sequence[str]) -> None:
        self.path = tuple(path)
        super().__init__(f"computed from itself: {' <- '.join(path)}")


class UnknownMeter(ValueError):
    """A formula names a meter that is not there."""

    def __init__(self, of: str, name: str) -> None:
        self.of, self.name = of, name
        super().__init__(f"{of}: found {name!r}, allowed: a meter that is known")


@dataclass(frozen=True, slots=True)
class Term:
    """One meter with its sign and share (1, -1, 0.25 …); an optional one that is missing counts as nothing."""

    meter: str
    weight: float = 1.0
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """A sum of terms, and a constant [unit an hour] for what always runs and has no meter."""

    terms: tuple[Term, ...]
    constant: float = 0.0


Versions = Sequence[tuple[int, Formula]]
"""What a meter is computed from, and since when [µs]; rising."""


@dataclass(frozen=True, slots=True)
class Column:
    """Consumption of one meter over intervals all meters share: NaN is missing; ``quality`` as `Quality`.

    ``known``: the share of each interval the value is of.
    """

    value: Floats
    quality: NDArray[np.uint8]
    known: Floats

    @classmethod
    def missing(cls, size: int) -> Self:
        """Nothing is known of so many intervals."""
        return cls(np.full(size, np.nan), np.full(size, Quality.MISSING, np.uint8), np.zeros(size))


def ordered(formulas: Mapping[str, Formula], measured: Collection[str]) -> tuple[str, ...]:
    """The virtual meters, each after those it needs; raises `Cycle` and `UnknownMeter`.

    >>> ordered({"all": Formula((Term("a"), Term("rest"))), "rest": Formula((Term("b"),))}, ["a", "b"])
    ('rest', 'all')
    """
    for name, formula in formulas.items():
        for term in formula.terms:
            if term.meter not in formulas and term.meter not in measured:
                raise UnknownMeter(name, term.meter)
    needs = {
        name: [term.meter for term in formula.terms if term.meter in formulas] for name, formula in formulas.items()
    }
    try:
        return tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise Cycle(error.args[1]) from error


def evaluate(formulas: Mapping[str, Formula], measured: Mapping[str, Column], hours: float) -> dict[str, Column]:
    """Consumption of every virtual meter over the intervals of the measured ones, each ``hours`` long.

    Quality is the worst of what went in; a missing input makes it missing, unless it is optional. Less than nothing is
    suspect: something is subtracted that is not in the sum.

    >>> good, whole = np.zeros(2, np.uint8), np.ones(2)
    >>> meters = {
    ...     "in": Column(np.array([5.0, np.nan]), good, whole), "out": Column(np.array([2.0, 1.0]), good, whole)
    ... }
    >>> found = evaluate({"net": Formula((Term("in"), Term("out", -0.5)), constant=2.0)}, meters, 0.25)
    >>> found["net"].value.tolist(), [Quality(code).name for code in found["net"].quality]
    ([4.5, nan], ['GOOD', 'MISSING'])
    """
    size = len(next(iter(measured.values())).value) if measured else 0
    return _evaluate(formulas, measured, size, hours)


def evaluate_dated(
    versions: Mapping[str, Versions], measured: Mapping[str, Column], start: Ints, length: int
) -> dict[str, Column]:
    """As `evaluate`, by definitions that hold from a moment until the next one; before the first nothing is known.

    Parameters: ``versions``: of each virtual meter the moments [µs] and what holds from them, rising; ``start``: where
    the intervals begin [µs], rising, each ``length`` long [µs].

    >>> one = {"a": Column(np.array([1.0, 1.0, 1.0]), np.zeros(3, np.uint8), np.ones(3))}
    >>> held = {"v": [(10, Formula((Term("a"),))), (20, Formula((Term("a", 0.5),)))]}
    >>> evaluate_dated(held, one, np.array([0, 10, 20]), 10)["v"].value.tolist()
    [nan, 1.0, 0.5]
    """
    moments = sorted({since for held in versions.values() for since, _formula in held})
    edges = np.unique(np.concatenate([[0], np.searchsorted(start, moments), [len(start)]])).astype(np.int64)
    parts: dict[str, list[Column]] = {name: [] for name in versions}
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        now = int(start[first])
        held = {name: found for name, those in versions.items() if (found := in_force(those, now)) is not None}
        known = {name: _part(column, first, last) for name, column in measured.items()}
        known |= {name: Column.missing(last - first) for name in versions if name not in held}
        made = _evaluate(held, known, last - first, length / HOUR)
        for name, columns in parts.items():
            columns.append(made.get(name) or Column.missing(last - first))
    return {name: _joined(those) for name, those in parts.items()}


def in_force(versions: Versions, moment: int) -> Formula | None:
    """What holds at a moment [µs]; None before the first."""
    return next((formula for since, formula in reversed(versions) if since <= moment), None)


def as_intervals(columns: Sequence[Column], start: Ints, length: int) -> Intervals:
    """Columns as intervals of the registers 0, 1 … , for `nengtan.domain.metering.statistics.roll_up`."""
    count = len(columns)
    joined = _joined(columns)
    method = np.full(len(joined.value), Method.MEASURED, np.uint8)
    register = np.repeat(np.arange(count), len(start))
    return Intervals(register, np.tile(start, count), joined.value, joined.known, joined.quality, method, length)


def _part(column: Column, first: int, last: int) -> Column:
    return Column(column.value[first:last], column.quality[first:last], column.known[first:last])


def _joined(columns: Sequence[Column]) -> Column:
    if not columns:
        return Column.missing(0)
    return Column(
        np.concatenate([one.value for one in columns]), np.concatenate([one.quality for one in columns]),
        np.concatenate([one.known for one in columns]),
    )  # fmt: skip


def _evaluate(
    formulas: Mapping[str, Formula], measured: Mapping[str, Column], size: int, hours: float
) -> dict[str, Column]:
    known = dict(measured)
    for name in ordered(formulas, measured):
        known[name] = _sum(formulas[name], known, np.full(size, formulas[name].constant * hours))
    return {name: known[name] for name in formulas}


def _sum(formula: Formula, known: Mapping[str, Column], value: Floats) -> Column:
    quality, share = np.zeros(len(value), np.uint8), np.ones(len(value))
    for term in formula.terms:
        column = known[term.meter]
        left_out = np.isnan(column.value) & term.optional
        value = value + np.where(left_out, 0.0, term.weight * column.value)
        quality = np.maximum(quality, np.where(left_out, np.uint8(Quality.PARTIAL), column.quality))
        share = np.minimum(share, np.where(left_out, 1.0, column.known))
    with np.errstate(invalid="ignore"):
        quality = np.where(value < 0, np.maximum(quality, np.uint8(Quality.SUSPECT)), quality)
    unknown = np.isnan(value)
    quality = np.where(unknown, np.uint8(Quality.MISSING), quality).astype(np.uint8)
    return Column(value, quality, np.where(unknown, 0.0, share))
