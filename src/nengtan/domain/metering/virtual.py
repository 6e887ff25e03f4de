"""Virtual meters (虚拟表, 计算表): sums, differences, shares and constants over other meters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.codes import Quality
from nengtan.domain.metering.readings import Floats

__all__ = ["Column", "Cycle", "Formula", "Term", "UnknownMeter", "evaluate", "ordered"]


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


@dataclass(frozen=True, slots=True)
class Column:
    """Consumption of one meter over intervals all meters share: NaN is missing; ``quality`` as `Quality`."""

    value: Floats
    quality: NDArray[np.uint8]


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
    suspect: something is subtracted that is not in the sum. Definitions hold from a date: call once for each stretch.

    >>> good = np.zeros(2, np.uint8)
    >>> meters = {"in": Column(np.array([5.0, np.nan]), good), "out": Column(np.array([2.0, 1.0]), good)}
    >>> found = evaluate({"net": Formula((Term("in"), Term("out", -0.5)), constant=2.0)}, meters, 0.25)
    >>> found["net"].value.tolist(), [Quality(code).name for code in found["net"].quality]
    ([4.5, nan], ['GOOD', 'MISSING'])
    """
    size = len(next(iter(measured.values())).value) if measured else 0
    known = dict(measured)
    for name in ordered(formulas, measured):
        known[name] = _sum(formulas[name], known, np.full(size, formulas[name].constant * hours))
    return {name: known[name] for name in formulas}


def _sum(formula: Formula, known: Mapping[str, Column], value: Floats) -> Column:
    quality = np.zeros(len(value), np.uint8)
    for term in formula.terms:
        column = known[term.meter]
        left_out = np.isnan(column.value) & term.optional
        value = value + np.where(left_out, 0.0, term.weight * column.value)
        quality = np.maximum(quality, np.where(left_out, np.uint8(Quality.PARTIAL), column.quality))
    with np.errstate(invalid="ignore"):
        quality = np.where(value < 0, np.maximum(quality, np.uint8(Quality.SUSPECT)), quality)
    return Column(value, np.where(np.isnan(value), np.uint8(Quality.MISSING), quality).astype(np.uint8))
