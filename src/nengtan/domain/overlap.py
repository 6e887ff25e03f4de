"""Which facts of one cell (institution, carrier, month) count: one rule, so that overlapping origins never count twice.

1. Superseded or withdrawn facts never count, nor those whose unit nobody has verified, nor a shared bill already split
   into parts, nor those of months after the body was closed.
2. Only facts of the best origin present count: bill, then meter, then report, then estimate.
3. A fact of an item (分项) counts only where no fact of the whole, or of an item above it, is there.
4. Bills otherwise add up, each being a document; of meters, reports and estimates only the coarsest level present
   counts (whole institution, else building, else meter, a meter above before those below it), and facts of that level
   add up.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = ["Fact", "Origin", "Standing", "standings"]


class Origin(StrEnum):
    """Where a fact comes from, best first."""

    BILL = "bill"
    METER = "meter"
    REPORT = "report"
    ESTIMATE = "estimate"


class Standing(IntEnum):
    """Whether a fact counts, else why it does not."""

    COUNTS = 1
    SUPERSEDED = 2
    OUTRANKED = 3
    DETAIL = 4
    ALLOCATED = 5
    WITHDRAWN = 6
    UNIT_UNVERIFIED = 7
    AFTER_CLOSING = 8


@dataclass(frozen=True, slots=True)
class Fact:
    """What the rule needs to know of an activity fact of the cell.

    ``supersedes`` is the id this fact replaces; ``superseded`` is set by the caller when the replacing fact lies in
    another cell; ``allocated`` when the fact was split into parts for other institutions; ``after_closing`` when the
    body existed no longer in that month; ``meters_above`` are the meters upstream of ``meter``.
    """

    id: Hashable
    origin: Origin
    item: str = ""
    building: Hashable | None = None
    meter: Hashable | None = None
    supersedes: Hashable | None = None
    withdrawn: bool = False
    unit_verified: bool = True
    superseded: bool = False
    allocated: bool = False
    after_closing: bool = False
    meters_above: tuple[Hashable, ...] = ()


def standings(facts: Iterable[Fact]) -> dict[Hashable, Standing]:
    """Give each fact of one cell its standing; the order of the facts does not matter.

    >>> bills = [Fact(2, Origin.BILL), Fact(3, Origin.BILL, supersedes=2), Fact(4, Origin.BILL, item="01A00")]
    >>> cell = [Fact(1, Origin.REPORT), *bills]
    >>> {fact_id: standing.name for fact_id, standing in standings(cell).items()}
    {1: 'OUTRANKED', 2: 'SUPERSEDED', 3: 'COUNTS', 4: 'DETAIL'}
    """
    held = tuple(facts)
    result = _out_of_play(held)
    live = [fact for fact in held if fact.id not in result]
    if live:
        best = min((fact.origin for fact in live), key=list(Origin).index)
        result |= {fact.id: Standing.OUTRANKED for fact in live if fact.origin is not best}
        result |= _within_origin([fact for fact in live if fact.origin is best], best)
    return {fact.id: result[fact.id] for fact in held}


def _out_of_play(facts: tuple[Fact, ...]) -> dict[Hashable, Standing]:
    replaced = {fact.supersedes for fact in facts if fact.supersedes not in (None, fact.id)}
    checks: tuple[tuple[Standing, Callable[[Fact], bool]], ...] = (
        (Standing.WITHDRAWN, lambda fact: fact.withdrawn),
        (Standing.SUPERSEDED, lambda fact: fact.superseded or fact.id in replaced),
        (Standing.UNIT_UNVERIFIED, lambda fact: not fact.unit_verified),
        (Standing.ALLOCATED, lambda fact: fact.allocated),
        (Standing.AFTER_CLOSING, lambda fact: fact.after_closing),
    )
    result = {}
    for fact in facts:
        standing = next((standing for standing, applies in checks if applies(fact)), None)
        if standing is not None:
            result[fact.id] = standing
    return result


def _within_origin(facts: list[Fact], origin: Origin) -> dict[Hashable, Standing]:
    items = {fact.item for fact in facts}
    counting = [fact for fact in facts if not any(_is_item_above(item, fact.item) for item in items)]
    if origin is not Origin.BILL:
        coarsest = min(_level(fact) for fact in counting)
        meters = {fact.meter for fact in counting if fact.meter is not None}
        counting = [f for f in counting if _level(f) == coarsest and meters.isdisjoint(f.meters_above)]
    counted = {fact.id for fact in counting}
    return {fact.id: Standing.COUNTS if fact.id in counted else Standing.DETAIL for fact in facts}


def _is_item_above(above: str, item: str) -> bool:
    """Item codes nest by filling trailing zeros: "" holds 01A00 holds 01A10 holds 01A1B."""
    if not above:
        return bool(item)
    return len(above) == len(item) and above != item and item.startswith(above.rstrip("0"))


def _level(fact: Fact) -> int:
    if fact.meter is not None:
        return 2
    return 1 if fact.building is not None else 0
