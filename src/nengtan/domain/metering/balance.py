"""Meters as a tree: what upper meters say against those below (平衡), the unmetered remainder (未计量), items added up.

An upper meter and those below it measure the same energy, so they are never added. What can be added are the lines of
`lines`: meters with none below, and for each upper meter the remainder that no meter below has seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.readings import Flags, Floats
from nengtan.domain.metering.virtual import Cycle

__all__ = ["Balance", "ItemTotal", "Line", "Tolerance", "Verdict", "balance", "by_item", "lines", "standing"]


class Verdict(IntEnum):
    """What a balance says."""

    FINE = 0
    WATCH = 1
    ALARM = 2
    UNDECIDED = 3  # too little is known, or nothing was used


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much may be lost between meters, as shares of the upper one; settings, ours for electricity by default.

    Up to ``fine`` either way is fine; more than ``watch``, or less than nothing by more than ``fine``, is an alarm.
    ``known``: the share of the time that must be known of every meter.
    """

    fine: float = 0.03
    watch: float = 0.10
    known: float = 0.95


@dataclass(frozen=True, slots=True)
class Balance:
    """By period: what the meters below add up to, the remainder, its share of the upper meter; NaN where unknown."""

    below: Floats
    remainder: Floats
    share: Floats
    verdict: NDArray[np.uint8]


def balance(upper: Floats, upper_known: Floats, below: Floats, below_known: Floats, tolerance: Tolerance) -> Balance:
    """Hold an upper meter against those right below it.

    Parameters: ``upper`` [periods], ``below`` [meters x periods]: consumption, NaN if missing; ``…_known``: the share
    of each period that is known. A period in which too little is known has figures and no verdict.

    >>> upper, whole = np.array([100.0, 100.0, 100.0]), np.ones(3)
    >>> found = balance(upper, whole, np.array([[98.0, 95.0, 110.0]]), whole[None], Tolerance())
    >>> found.remainder.tolist(), [Verdict(code).name for code in found.verdict]
    ([2.0, 5.0, -10.0], ['FINE', 'WATCH', 'ALARM'])
    """
    added = below.sum(axis=0)
    remainder = upper - added
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(upper > 0, remainder / upper, np.nan)
    enough = (upper_known >= tolerance.known) & (below_known >= tolerance.known).all(axis=0) & ~np.isnan(share)
    alarm = (share > tolerance.watch) | (share < -tolerance.fine)
    verdict = np.where(alarm, Verdict.ALARM, np.where(np.abs(share) > tolerance.fine, Verdict.WATCH, Verdict.FINE))
    return Balance(added, remainder, share, np.where(enough, verdict, Verdict.UNDECIDED).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Line:
    """One line that may be added to others: a meter, or with ``is_remainder`` what those below it have not seen.

    ``complete`` is false where a meter below is missing, so that its part is in the remainder.
    """

    meter: str
    is_remainder: bool
    value: Floats
    complete: Flags


def lines(parents: Mapping[str, str | None], values: Mapping[str, Floats]) -> list[Line]:
    """The lines whose sum is the sum of the uppermost meters; raises `Cycle`.

    Parameters: ``parents``: for each meter the one above it (None, or one not among them, for the uppermost);
    ``values``: consumption by period of each meter, NaN if missing. Where an upper meter is missing its remainder is
    too, and those below count by themselves.

    >>> values = {"main": np.array([10.0]), "light": np.array([4.0]), "lift": np.array([np.nan])}
    >>> [(line.meter, line.is_remainder, line.value.tolist(), line.complete.tolist())
    ...  for line in lines({"main": None, "light": "main", "lift": "main"}, values)]
    [('main', True, [6.0], [False]), ('light', False, [4.0], [True]), ('lift', False, [nan], [False])]
    """
    _refuse_cycles(parents)
    below: dict[str, list[str]] = {}
    for meter, parent in parents.items():
        if parent in parents:
            below.setdefault(str(parent), []).append(meter)
    found = []
    for meter in parents:
        value = values[meter]
        if meter in below:
            seen = np.array([values[child] for child in below[meter]])
            found.append(Line(meter, True, value - np.nansum(seen, axis=0), ~np.isnan(seen).any(axis=0)))
        else:
            found.append(Line(meter, False, value, ~np.isnan(value)))
    return found


def standing(parents: Mapping[str, str | None], inputs: Mapping[str, Collection[str]]) -> dict[str, str | None]:
    """The meters that count in a tree, each with the one above it.

    Parameters: ``inputs``: of each virtual meter those it is computed from. A virtual meter counts where it stands in
    a tree, above or below others; one that stands by itself says again what others have said. A meter that stands by
    itself does not count where a virtual meter that counts is computed from it.

    >>> parents = {"in1": None, "in2": None, "whole": None, "light": "whole", "tenant": None}
    >>> standing(parents, {"whole": ["in1", "in2"], "tenant": ["light"]})
    {'whole': None, 'light': 'whole'}
    """
    joined = {name for name, parent in parents.items() if parent in parents}
    joined |= {str(parents[name]) for name in joined}
    taken = {name for virtual, those in inputs.items() if virtual in joined for name in those}
    return {
        name: parent
        for name, parent in parents.items()
        if name in joined or (name not in inputs and name not in taken)
    }  # fmt: skip


def _refuse_cycles(parents: Mapping[str, str | None]) -> None:
    good: set[str] = set()
    for meter in parents:
        path: list[str] = []
        at: str | None = meter
        while at is not None and at in parents and at not in good:
            if at in path:
                raise Cycle([*path[path.index(at) :], at])
            path.append(at)
            at = parents[at]
        good.update(path)


@dataclass(frozen=True, slots=True)
class ItemTotal:
    """Consumption of an item (分项) by period; NaN where nothing is known; ``complete``: whether all of it is known."""

    value: Floats
    complete: Flags


def by_item(
    found: Sequence[Line], items: Mapping[str, str], item_parents: Mapping[str, str | None]
) -> dict[str, ItemTotal]:
    """Add lines up by item and by the items above; a meter without an item of the scheme stands under "".

    Parameters: ``items``: the item of each meter; ``item_parents``: the scheme, for each item the one above it. A
    remainder is of the item of its upper meter.

    >>> scheme = {"01000": None, "01A00": "01000", "01A10": "01A00"}
    >>> found = lines({"main": None, "light": "main"}, {"main": np.array([10.0]), "light": np.array([4.0])})
    >>> totals = by_item(found, {"main": "01000", "light": "01A10"}, scheme)
    >>> {item: total.value.tolist() for item, total in totals.items()}
    {'01000': [10.0], '01A10': [4.0], '01A00': [4.0]}
    """
    places: dict[str, list[int]] = {}
    for at, line in enumerate(found):
        item = items.get(line.meter, "")
        places.setdefault(item if item in item_parents else "", []).append(at)
    if not places:
        return {}
    value, complete = np.array([line.value for line in found]), np.array([line.complete for line in found])
    own = {
        item: _together(value[those], np.logical_and.reduce(complete[those], axis=0)) for item, those in places.items()
    }
    totals: dict[str, ItemTotal] = {}
    for item, mine in own.items():
        at_item: str | None = item
        while at_item is not None:
            held = totals.get(at_item)
            totals[at_item] = mine if held is None else _plus(held, mine)
            at_item = item_parents.get(at_item)
    return totals


def _together(value: Floats, complete: Flags) -> ItemTotal:
    """Lines added up by period; NaN where none is known."""
    unknown = np.isnan(value)
    total = np.where(unknown, 0.0, value).sum(axis=0)
    return ItemTotal(np.where(unknown.all(axis=0), np.nan, total), complete)


def _plus(total: ItemTotal, other: ItemTotal) -> ItemTotal:
    return _together(np.array([total.value, other.value]), total.complete & other.complete)
