"""The yearly spot check (抽查): a share of the institutions of each class, drawn so that anybody can repeat it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import ROUND_CEILING, Decimal
from hashlib import sha256
from typing import TypeVar

__all__ = ["spot_check"]

K = TypeVar("K", bound=Hashable)


def spot_check(classes: Mapping[K, str], share: Decimal, seed: str) -> dict[str, list[K]]:
    """Institutions to check by class: the share of each class rounded up, in the order of a hash.

    The seed (say region and year, fixed before the returns are in) makes the draw reproducible and nobody's choice.

    >>> drawn = spot_check({f"i{n}": "021" if n < 21 else "01" for n in range(30)}, Decimal("0.05"), "420106/2025")
    >>> {kind: len(names) for kind, names in drawn.items()}
    {'01': 1, '021': 2}
    """
    if not 0 < share <= 1:
        raise ValueError(f"share: found {share}, allowed: above 0 up to 1")
    by_class: dict[str, list[K]] = {}
    for institution, kind in classes.items():
        by_class.setdefault(kind, []).append(institution)
    return {kind: _draw(kind, by_class[kind], share, seed) for kind in sorted(by_class)}


def _draw(kind: str, members: list[K], share: Decimal, seed: str) -> list[K]:
    count = int((share * len(members)).to_integral_value(ROUND_CEILING))
    return sorted(members, key=lambda member: sha256(f"{seed}|{kind}|{member}".encode()).digest())[:count]
