"""Why emissions moved between two years (排放变动分解): activity, structure, factor and boundary, adding up exactly.

Of the bodies there in both years emissions are energy × share of each row × emissions per energy, decomposed by LMDI-I
(:mod:`nengtan.domain.lmdi`, where the limits at zero stand): activity is more or less energy, structure its shift
between kinds of body and carriers, factor a change of what a unit of energy emits. What bodies that came brought and
bodies that went took along is the boundary, and is decomposed no further.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from nengtan.domain.exact import total
from nengtan.domain.lmdi import chain, decompose

__all__ = ["EFFECTS", "Drivers", "Used", "drivers"]

K = TypeVar("K", bound=Hashable)

EFFECTS = ("activity", "structure", "factor", "boundary")


@dataclass(frozen=True, slots=True)
class Used:
    """What a row (a kind of body and a carrier) used and emitted: ``tce`` [tce], ``t`` [tCO2]."""

    tce: Decimal
    t: Decimal


@dataclass(frozen=True, slots=True)
class Drivers(Generic[K]):
    """The change from ``base`` to ``now`` [tCO2] by cause, and within the bodies of both years by row."""

    base: Decimal
    now: Decimal
    effects: Mapping[str, Decimal]
    by_row: Mapping[K, Mapping[str, Decimal]]

    @property
    def change(self) -> Decimal:
        return self.now - self.base

    @property
    def residual(self) -> Decimal:
        """What no cause explains: nought, but for the eightieth digit of a logarithm."""
        return self.change - (total(self.effects.values()) or Decimal(0))


def drivers(base: Mapping[K, Used], now: Mapping[K, Used], gone: Iterable[Used], come: Iterable[Used]) -> Drivers[K]:
    """Split the change of emissions among its causes.

    Parameters: ``base`` and ``now`` rows of the bodies there in both years, ``gone`` rows of the base year of bodies
    that are no longer there, ``come`` rows of this year of bodies that were not there. Raises
    :class:`~nengtan.domain.lmdi.NotDecomposable` for a row that emits without using energy, or for a figure below 0.

    Ten tonnes of coal equivalent become eight of the same, and a body of 5 t joins:

    >>> one = {"power": Used(Decimal(10), Decimal(30))}
    >>> two = {"power": Used(Decimal(8), Decimal(24))}
    >>> found = drivers(one, two, [], [Used(Decimal(2), Decimal(5))])
    >>> [f"{name} {effect:.6f}" for name, effect in found.effects.items()]
    ['activity -6.000000', 'structure 0.000000', 'factor 0.000000', 'boundary 5.000000']
    >>> found.change, abs(found.residual) < Decimal("1e-40")
    (Decimal('-1'), True)
    """
    keys = dict.fromkeys((*base, *now))
    split = decompose(EFFECTS[:3], _rows(base, keys), _rows(now, keys))
    joined, left = _tonnes(come), _tonnes(gone)
    return Drivers(
        _tonnes(base.values()) + left,
        _tonnes(now.values()) + joined,
        {**split.effects, "boundary": joined - left},
        split.by_row,
    )


def _rows(held: Mapping[K, Used], keys: Iterable[K]) -> dict[K, tuple[Decimal, ...]]:
    """Every row as energy of all, its share of it, emissions per energy; a row not there has no share."""
    energy = total(used.tce for used in held.values()) or Decimal(0)
    nothing = Used(Decimal(0), Decimal(0))
    return {key: chain(energy, held.get(key, nothing).tce, held.get(key, nothing).t) for key in keys}


def _tonnes(rows: Iterable[Used]) -> Decimal:
    return total(used.t for used in rows) or Decimal(0)
