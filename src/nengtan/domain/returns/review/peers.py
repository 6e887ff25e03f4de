"""Comparison with institutions of the same class: the middle and the usual distance, which a few wrong cannot move.

Who is a peer is settled here, for a return while it is typed, a region, a trial of a rule and a file alike: the annual
returns of institutions of the same class in the same province, of the year before. This year's would not do: they are
few while they come in, and what passed yesterday would be flagged today. Only a file has all its rows at once: where it
holds fewer than `LEAST` of a class of the year before (as one that holds a single year), its rows of the same year are
the peers. Counted are the returns that were handed in (of a file, its rows), each body once, with a figure above zero
of which no cell is refused. A body without a class, a month and a quarter have no peers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np

from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.language import NOW
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.table import UNREADABLE, Place, Table

__all__ = [
    "LEAST",
    "METRICS",
    "PeerGroup",
    "Peers",
    "compare",
    "metrics_of",
    "peer_groups",
    "province_of",
    "sound_figures",
    "with_peers",
    "with_peers_among",
    "with_peers_of",
]

METRICS = ("area_intensity", "person_intensity")
LEAST = 5
"""Fewer than so many known figures make no comparison."""

_MAD_TO_SIGMA = 1.4826  # the median absolute deviation of a normal distribution times this is its standard deviation
_NARROWEST = log10(1.3) / 3  # so that among equal peers a small difference is not made large


@dataclass(frozen=True, slots=True)
class PeerGroup:
    """The ``median`` of a figure among its peers, their ``spread`` [decades, like a standard deviation], how many."""

    median: float
    spread: float
    count: int


Peers = Mapping[str, Mapping[str, PeerGroup]]
"""By figure and class of institution."""

_VIEWS = ("peers", "spread")


def metrics_of(engine: Engine) -> list[str]:
    """The figures rules compare with those of peers."""
    return sorted({name for view, name in engine.columns() if view in _VIEWS})


def province_of(place: Place) -> tuple[str, ...]:
    """Where peers are looked for: the province and the nation; what lies directly below the nation stands for one.

    >>> province_of(Place(("420106", "420100", "420000", "CN"))), province_of(Place(("CN",)))
    (('420000', 'CN'), ('CN',))
    """
    return place.chain[-2:]


def sound_figures(engine: Engine, name: str, table: Table) -> Array:
    """A derived figure of every row, unknown where a cell it is made of is refused: no number, or below zero."""
    refused = np.zeros(len(table), dtype=bool)
    for view, cell in engine.columns_of(name):
        if view == NOW:
            refused |= (table.column(NOW, cell) < 0) | (table.column(UNREADABLE, cell) == 1)
    return np.where(refused, np.nan, engine.derive(name, table))


def peer_groups(values: Array, classes: Sequence[str], class_of: Array, least: int = LEAST) -> dict[str, PeerGroup]:
    """The peers of each class; ``class_of`` numbers into ``classes``. Only figures above zero are compared.

    >>> groups = peer_groups(np.array([8.0, 9, 10, 11, 1000, np.nan]), ["021"], np.zeros(6, dtype=np.intp))
    >>> groups["021"].median, groups["021"].count
    (10.0, 5)
    """
    known = values > 0
    order = np.argsort(class_of[known], kind="stable")
    numbers, figures = class_of[known][order], values[known][order]
    bounds = np.searchsorted(numbers, np.arange(len(classes) + 1))
    found = {}
    for number, name in enumerate(classes):
        group = figures[bounds[number] : bounds[number + 1]]
        if len(group) >= least:
            middle = float(np.median(group))
            spread = _MAD_TO_SIGMA * float(np.median(np.abs(np.log10(group / middle))))
            found[name] = PeerGroup(middle, max(spread, _NARROWEST), len(group))
    return found


def compare(engine: Engine, table: Table, metrics: Sequence[str] = METRICS, least: int = LEAST) -> Peers:
    """The peers of every class in a table, for figures the rules derive: kept to judge one return while it is typed."""
    classes, class_of = _classes(table)
    return {name: peer_groups(sound_figures(engine, name, table), classes, class_of, least) for name in metrics}


def with_peers(table: Table, peers: Peers) -> Table:
    """The table with the views ``peers`` and ``spread`` of each figure, unknown for classes with too few."""
    return with_peers_of(table, lambda _place: peers)


def with_peers_of(table: Table, peers_of: Callable[[Place], Peers]) -> Table:
    """`with_peers` where places have peers of their own, such as those of their province."""
    held = [peers_of(place) for place in table.places]
    place_of = np.zeros(len(table), dtype=np.intp) if table.place_of is None else table.place_of
    columns: dict[tuple[str, str], Array] = {}
    for name in dict.fromkeys(name for peers in held for name in peers):
        groups = [peers.get(name, {}).get(at.institution_class) for peers, at in zip(held, table.places, strict=True)]
        columns["peers", name] = np.array([group.median if group else np.nan for group in groups])[place_of]
        columns["spread", name] = np.array([group.spread if group else np.nan for group in groups])[place_of]
    return table.with_columns(columns)


def with_peers_among(table: Table, bodies: Array, years: Array, engine: Engine) -> Table:
    """The table of a file with the peers its own rows are; ``bodies`` numbers whose each row is, ``years`` of when."""
    metrics = metrics_of(engine)
    if not metrics or not len(table):
        return table
    place_of = np.zeros(len(table), dtype=np.intp) if table.place_of is None else table.place_of
    homes: dict[tuple[tuple[str, ...], str], int] = {}
    numbers = [homes.setdefault((province_of(at), at.institution_class), len(homes)) for at in table.places]
    serials = np.array(numbers, dtype=np.int64)[place_of] * _YEARS + years
    keys, group_of = np.unique(serials, return_inverse=True)
    _bodies, first = np.unique(bodies * _YEARS + years, return_index=True)
    counted = np.zeros(len(table), dtype=bool)
    counted[first] = True
    counted &= np.array([bool(place.institution_class) for place in table.places])[place_of]
    columns: dict[tuple[str, str], Array] = {}
    for name in metrics:
        groups = peer_groups(
            np.where(counted, sound_figures(engine, name, table), np.nan), [*map(str, keys.tolist())], group_of
        )
        held = [groups.get(str(key - 1)) or groups.get(str(key)) for key in keys.tolist()]
        if groups:
            columns["peers", name] = np.array([group.median if group else np.nan for group in held])[group_of]
            columns["spread", name] = np.array([group.spread if group else np.nan for group in held])[group_of]
    return table.with_columns(columns)


_YEARS = 10_000
"""So many years lie between the serial numbers of two homes."""


def _classes(table: Table) -> tuple[list[str], Array]:
    codes = [place.institution_class for place in table.places]
    classes = list(dict.fromkeys(codes))
    numbers = np.array([classes.index(code) for code in codes], dtype=np.intp)
    if table.place_of is None:
        return classes, np.zeros(len(table), dtype=np.intp)
    found: Array = numbers[table.place_of]
    return classes, found
