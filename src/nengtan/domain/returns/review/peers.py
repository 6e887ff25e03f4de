"""Comparison with institutions of the same class: the middle and the usual distance, which a few wrong cannot move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np

from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.table import Place, Table

__all__ = ["LEAST", "METRICS", "PeerGroup", "Peers", "compare", "peer_groups", "with_peers", "with_peers_of"]

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
    return {name: peer_groups(engine.derive(name, table), classes, class_of, least) for name in metrics}


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


def _classes(table: Table) -> tuple[list[str], Array]:
    codes = [place.institution_class for place in table.places]
    classes = list(dict.fromkeys(codes))
    numbers = np.array([classes.index(code) for code in codes], dtype=np.intp)
    if table.place_of is None:
        return classes, np.zeros(len(table), dtype=np.intp)
    found: Array = numbers[table.place_of]
    return classes, found
