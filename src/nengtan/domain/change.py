"""Change against last year (同比) or a base year (定比), and whether the two years may be compared at all."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from nengtan.domain.exact import product, ratio, total

__all__ = ["Change", "Coverage", "LikeForLike", "Remark", "change", "coverage_remark", "like_for_like"]

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure against an earlier one: ``absolute`` in its unit, ``percent`` of the earlier; None where not known."""

    now: Decimal | None
    base: Decimal | None
    absolute: Decimal | None
    percent: Decimal | None


def change(now: Decimal | None, base: Decimal | None) -> Change:
    """How a figure changed; no percent of a base that is missing, zero or negative.

    >>> found = change(Decimal("28.8"), Decimal("30"))
    >>> found.absolute, found.percent
    (Decimal('-1.2'), Decimal('-4.00'))
    >>> change(Decimal(3), Decimal(0)).percent is None
    True
    """
    if now is None or base is None:
        return Change(now, base, None, None)
    absolute = total((now, base.copy_negate()))
    part = ratio(absolute, base) if base > 0 else None
    return Change(now, base, absolute, None if part is None else product(part, Decimal(100)))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the expected months are present (完整率)."""

    present: int
    expected: int

    @property
    def share(self) -> Decimal | None:
        return ratio(Decimal(self.present), Decimal(self.expected))

    @property
    def is_full(self) -> bool:
        return self.expected > 0 and self.present >= self.expected


class Remark(StrEnum):
    """What must be said beside a comparison of two years."""

    COMPARABLE = "comparable"
    NOW_LESS_COMPLETE = "now_less_complete"
    BASE_LESS_COMPLETE = "base_less_complete"
    BOTH_INCOMPLETE = "both_incomplete"
    NO_BASE = "no_base"


def coverage_remark(now: Coverage, base: Coverage) -> Remark:
    """Whether the two years were reported alike; a difference in what was reported is not a saving.

    >>> str(coverage_remark(Coverage(9, 12), Coverage(12, 12)))
    'now_less_complete'
    >>> str(coverage_remark(Coverage(12, 12), Coverage(0, 12)))
    'no_base'
    """
    if base.share is None or not base.present:
        return Remark.NO_BASE
    if now.is_full and base.is_full:
        return Remark.COMPARABLE
    here, there = now.share or Decimal(0), base.share
    if here == there:
        return Remark.BOTH_INCOMPLETE
    return Remark.NOW_LESS_COMPLETE if here < there else Remark.BASE_LESS_COMPLETE


@dataclass(frozen=True, slots=True)
class LikeForLike:
    """The change of all units, and of those that have a figure in both years."""

    all_units: Change
    same_units: Change
    units_in_both: int
    only_now: int
    only_base: int


def like_for_like(now: Mapping[K, Decimal | None], base: Mapping[K, Decimal | None]) -> LikeForLike:
    """Compare two years of many units, once as they stand and once over the same units.

    >>> shown = like_for_like({"a": Decimal(90), "b": Decimal(50)}, {"a": Decimal(100)})
    >>> shown.all_units.percent, shown.same_units.percent, shown.only_now
    (Decimal('40.0'), Decimal('-10.0'), 1)
    """
    here = {key for key, value in now.items() if value is not None}
    there = {key for key, value in base.items() if value is not None}
    both = here & there
    return LikeForLike(
        all_units=change(total(now.values()), total(base.values())),
        same_units=change(total(now[key] for key in both), total(base[key] for key in both)),
        units_in_both=len(both),
        only_now=len(here - there),
        only_base=len(there - here),
    )
