"""Whom publications of a year never name, so that what may not be named cannot be worked out from them (不予公开).

A publication sums up classes: types, systems or regions below, and one class of all that are too small. Whoever
subtracts the named lines of any publication from any sum has the sums of those not named. These are therefore the same
in every classification: the bodies that may not be named, and enough others beside them that no sum, and no sum less
other sums, is that of fewer than a least number of bodies. What was published before is reckoned with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypeVar

import numpy as np

from nengtan.domain.confidentiality import folded
from nengtan.domain.returns.report import CUTS, Reporter, measure_of

__all__ = ["SHOWN", "Body", "Earlier", "classes", "given_away", "kept_back", "telling"]

SHOWN = ("energy_tce", "water_m3", "kgce_per_m2", "kgce_per_person", "m3_per_person")
"""What a publication says of a body or class: tce, m3, kgce/m2, kgce and m3 a person."""

_NEARLY_ONE = 1 - 1e-9
_NOT_ZERO = 1e-6


class Body(Protocol):
    """What has a code and stands in classes: by type, system and region below."""

    @property
    def code(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def system(self) -> str: ...
    @property
    def child(self) -> str: ...


B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the publications of a year have told so far, by the codes of bodies.

    ``named``: with figures of their own. ``kept``: kept back. ``sums``: by figure, of each class that was told of those
    that have it and were not named in it.
    """

    named: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    sums: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Told:
    """A figure: the bodies that have it, and which of them stand in each sum that is told, and in each told before."""

    bodies: frozenset[str]
    rows: tuple[frozenset[str], ...]
    before: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Derived:
    """Bodies whose sum alone can be worked out, and how: each told sum with the number it is to be taken times."""

    codes: tuple[str, ...]
    times: Mapping[frozenset[str], float]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Who may be kept back besides: all bodies, how readily by their size, what is told of them."""

    every: Mapping[str, Body]
    size: Mapping[str, tuple[bool, Decimal]]
    told: tuple[_Told, ...]
    earlier: Earlier
    least: int

    def ordered(self, codes: Iterable[str], like: Collection[str]) -> list[str]:
        """Those not named before first, then those most like some others, the known and small before the large."""
        alike, unsized = _likeness([self.every[code] for code in like if code in self.every]), (True, Decimal(0))
        return sorted(
            codes,
            key=lambda code: (
                code in self.earlier.named, *alike(self.every[code]), *self.size.get(code, unsized), code,
            ),
        )  # fmt: skip


def classes(items: Sequence[B], by: str, least: int) -> list[tuple[tuple[str, ...], list[B]]]:
    """The classes large enough, and last one of all others; it takes in the smallest of the large while too small."""
    members: dict[str, list[B]] = defaultdict(list)
    for item in items:
        members[getattr(item, by)].append(item)
    small = folded({head: (len(held),) for head, held in members.items()}, least)
    found: list[tuple[tuple[str, ...], list[B]]] = [
        ((head,), members[head]) for head in sorted(members) if head not in small
    ]
    if small:
        heads = ("", *sorted(small))
        found.append((heads, [item for head in sorted(small) for item in members[head]]))
    return found


def kept_back(
    reporters: Sequence[Reporter], owed: Sequence[Body], hidden: Collection[str], least: int, earlier: Earlier
) -> frozenset[str]:
    """Whom no publication of the year names: ``hidden``, whom earlier ones kept back, and those who cover them.

    ``owed`` are all bodies whose reporting is told of. In every class of every classification that holds one of them
    there are at least ``least`` that were not named before, and no sum of fewer follows, as far as there are bodies for
    it (:func:`given_away` tells). Those are taken first that were not named, have all figures, stand in the classes of
    bodies kept back already, and use the least energy.

    >>> bodies = [Reporter(code, code, "01", "", "x", {"energy_tce": Decimal(at)}) for at, code in enumerate("abcde")]
    >>> sorted(kept_back(bodies, bodies, {"e"}, 3, Earlier()))
    ['a', 'b', 'e']
    >>> sorted(kept_back(bodies, bodies, {"e"}, 3, Earlier(named=frozenset("ab"))))
    ['c', 'd', 'e']
    """
    every: dict[str, Body] = {item.code: item for item in (*owed, *reporters)}
    told = (*_figures(reporters, CUTS, least, earlier), _Told(frozenset(every), _sums(owed, CUTS, least)))
    of = _Choice(every, {item.code: _size(item) for item in reporters}, told, earlier, least)
    kept = {code for code in every if code in hidden or code in earlier.kept}
    while more := _covering(of, kept) or _confusing(of, kept):
        kept |= more
    return frozenset(kept)


def given_away(
    reporters: Sequence[Reporter],
    by: str,
    kept: Collection[str],
    hidden: Collection[str],
    least: int,
    earlier: Earlier,
) -> frozenset[str]:
    """Whose figures follow from this publication and the earlier ones, and did not follow from those alone.

    Of ``hidden`` those not named before, and of the bodies earlier ones kept back those that are not in this one.

    >>> bodies = [Reporter(code, code, "01", "", "x", {"energy_tce": Decimal(1)}) for code in "abcd"]
    >>> three = Earlier(frozenset(), frozenset("abc"), {"energy_tce": (frozenset("abc"),)})
    >>> sorted(given_away(bodies, "kind", {"a", "b", "c", "d"}, {"d"}, 3, three))
    ['d']
    """
    minded = frozenset(hidden) | (earlier.kept - {item.code for item in reporters})
    found: set[str] = set()
    for figure in _figures(reporters, (by,), least, earlier):
        unknown = (frozenset(kept) | earlier.kept) - earlier.named
        now = _few((*figure.rows, *figure.before), unknown, least)
        if now & minded:
            found |= now - _few(figure.before, frozenset().union(*figure.before) - earlier.named, least)
    return frozenset(found & minded)


def telling(reporters: Sequence[Reporter], by: str, kept: frozenset[str], least: int) -> Earlier:
    """What a publication is to be remembered by."""
    found = classes(reporters, by, least)
    named = frozenset(item.code for heads, held in found if len(heads) == 1 for item in held) - kept
    rest = [row for _heads, held in found if (row := frozenset(item.code for item in held) - named)]
    return Earlier(named, kept, {name: _within(rest, bodies) for name, bodies in _having(reporters).items()})


def _having(reporters: Sequence[Reporter]) -> dict[str, frozenset[str]]:
    """Who has each figure."""
    return {
        name: frozenset(item.code for item in reporters if measure_of(item.amounts, name) is not None)
        for name in SHOWN
    }  # fmt: skip


def _figures(reporters: Sequence[Reporter], by: Iterable[str], least: int, earlier: Earlier) -> list[_Told]:
    """Every figure that is published; those that the same bodies have once."""
    rows = _sums(reporters, by, least)
    having = _having(reporters).items()
    return list(dict.fromkeys(_Told(of, _within(rows, of), earlier.sums.get(name, ())) for name, of in having))


def _within(rows: Iterable[frozenset[str]], bodies: frozenset[str]) -> tuple[frozenset[str], ...]:
    return tuple(dict.fromkeys(row & bodies for row in rows if row & bodies))


def _sums(items: Sequence[Body], by: Iterable[str], least: int) -> tuple[frozenset[str], ...]:
    """The smallest first: who covers a body in a small class mostly does so in a large one too."""
    found = (frozenset(item.code for item in held) for name in by for _heads, held in classes(items, name, least))
    return tuple(sorted(found, key=len))


def _size(item: Reporter) -> tuple[bool, Decimal]:
    """First those with all figures, then by energy [tce]."""
    unknown = any(measure_of(item.amounts, measure) is None for measure in SHOWN)
    return unknown, item.amounts.get("energy_tce") or Decimal(0)


def _likeness(held: Collection[Body]) -> Callable[[Body], tuple[bool, int]]:
    """How far a body is from some others: not of type, system and region with one of them; less the classes shared."""
    cells = {(item.kind, item.system, item.child) for item in held}
    heads = [{cell[at] for cell in cells} for at in range(len(CUTS))]

    def like(item: Body) -> tuple[bool, int]:
        cell = item.kind, item.system, item.child
        return cell not in cells, -sum(head in known for head, known in zip(cell, heads, strict=True))

    return like


def _covering(of: _Choice, kept: Collection[str]) -> set[str]:
    """Who is to be kept back besides, so that those of each sum are enough."""
    found = set(kept)
    for figure in of.told:
        for row in (*figure.rows, *figure.before):
            held = row & figure.bodies
            inside = held & found
            if inside and len(inside - of.earlier.named) < of.least and (free := held - found):
                found |= _enough(of.ordered(free, found), inside, of.earlier.named, of.least)
    return found - set(kept)


def _enough(ordered: Sequence[str], inside: Collection[str], named: Collection[str], least: int) -> set[str]:
    """The first that suffice; of those named before, who cover little, only as many as make up the number."""
    fresh = sum(code not in named for code in inside)
    found: set[str] = set()
    for code in ordered:
        if fresh >= least or (code in named and len(inside) + len(found) >= least):
            break
        found.add(code)
        fresh += code not in named
    return found


def _confusing(of: _Choice, kept: Collection[str]) -> set[str]:
    """Who is to be kept back besides, so that the sums of too few that follow from the sums told no longer do."""
    found: set[str] = set()
    for figure in of.told:
        free = figure.bodies - of.earlier.named - set(kept)
        unknown = (frozenset(kept) | of.earlier.kept) - of.earlier.named
        for one in _derived((*figure.rows, *figure.before), unknown, of.least):
            found |= set(of.ordered(_mixed_in(one, free), one.codes)[:1])
    return found


def _few(told: Sequence[frozenset[str]], unknown: frozenset[str], least: int) -> set[str]:
    return {code for one in _derived(told, unknown, least) for code in one.codes}


def _derived(told: Sequence[frozenset[str]], unknown: frozenset[str], least: int) -> list[_Derived]:
    """The sums of fewer than ``least`` unknown bodies that follow from the sums told.

    Bodies that stand in the same sums are one unknown. One is determined if it lies in the space its sums span: where
    the diagonal of the projection onto that space is one.
    """
    rows = [row for row in told if row & unknown]
    standing: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        for code in row & unknown:
            standing[code].append(at)
    cells: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for code, places in standing.items():
        cells[tuple(places)].append(code)
    if not any(len(held) < least for held in cells.values()):
        return []
    matrix = np.zeros((len(rows), len(cells)))
    for column, at_rows in enumerate(cells):
        matrix[list(at_rows), column] = 1
    left, strength, right = np.linalg.svd(matrix, full_matrices=False)
    rank = int((strength > strength[0] * max(matrix.shape) * np.finfo(float).eps).sum())
    left, strength, right = left[:, :rank], strength[:rank], right[:rank]
    sure = (right**2).sum(axis=0) > _NEARLY_ONE
    found = []
    for column, held in enumerate(cells.values()):
        if sure[column] and len(held) < least:
            times = left @ (right[:, column] / strength)
            used = {rows[at]: float(times[at]) for at in np.flatnonzero(np.abs(times) > _NOT_ZERO)}
            found.append(_Derived(tuple(sorted(held)), used))
    return found


def _mixed_in(one: _Derived, free: Collection[str]) -> list[str]:
    """Who of ``free`` would, if kept back, remain in what was worked out, so that it says nothing any more."""
    times: dict[str, float] = defaultdict(float)
    for row, factor in one.times.items():
        for code in row:
            times[code] += factor
    return [code for code in free if abs(times[code]) > _NOT_ZERO]
