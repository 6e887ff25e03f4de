"""What a region may publish (通报、公示): rankings by class, who reported in time; what may not be named is added up.

A class with too few bodies goes into one class of all such. Within a class, bodies kept back are one line of others;
who is kept back is the same in every classification (`undisclosed`). Totals are those of all bodies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from nengtan.domain.change import change
from nengtan.domain.returns.report import Reporter, before_of, sum_of
from nengtan.domain.returns.rollup import Joined
from nengtan.domain.returns.undisclosed import SHOWN, classes

__all__ = ["Filing", "Group", "Handed", "Named", "Notice", "Published", "Row", "Tally", "notices", "publish", "unnamed"]

RANKED_BY = "kgce_per_m2"


class Handed(StrEnum):
    """How a body handed its return in; ``AGAIN``: sent back, and not in again by the day set for it."""

    IN_TIME = "in_time"
    LATE = "late"
    OUTSTANDING = "outstanding"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Filing:
    """How one body reported: in time, late or not yet, and how often its return was sent back.

    ``days_late`` [d] run to the day it was first handed in, else to the day of counting; None: in time, or not due yet.
    ``days_again`` [d] run likewise from the day a return sent back was to be in again; None: in time, or none set.
    """

    code: str
    name: str
    kind: str
    system: str
    child: str
    handed: Handed
    sent_back: int = 0
    days_late: int | None = None
    days_again: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a ranking: a named body, or with an empty name the others or the total of ``bodies``."""

    name: str
    bodies: int
    values: Mapping[str, Decimal | None]
    change_percent: Decimal | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One class: its ranking, its others, its total. ``heads``: the class, or "" and several too small."""

    heads: tuple[str, ...]
    named: tuple[Row, ...]
    others: Row | None
    total: Row


@dataclass(frozen=True, slots=True)
class Tally:
    """How a class reported: owed, by how it was handed in, how many were sent back at least once."""

    heads: tuple[str, ...]
    owed: int
    handed: Mapping[Handed, int]
    sent_back: int


@dataclass(frozen=True, slots=True)
class Named:
    """A body that is named, and how many days late it is [d]."""

    name: str
    days_late: int | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Bodies to be named for being late, the latest first; how many more there are that may not be named.

    ``not_due`` have not reported either, and need not have yet: they are counted and never named.
    """

    handed: Handed
    named: tuple[Named, ...]
    others: int
    not_due: int = 0


@dataclass(frozen=True, slots=True)
class Published:
    """Everything one publication says."""

    groups: tuple[Group, ...]
    tallies: tuple[Tally, ...]
    notices: tuple[Notice, ...]
    total: Row


def publish(
    reporters: Sequence[Reporter],
    last: Sequence[Reporter],
    filings: Sequence[Filing],
    by: str,
    kept: Collection[str],
    least: int,
    joined: Joined[str] | None = None,
) -> Published:
    """Rankings and notices by ``by`` (kind, system or child); bodies of ``kept`` (codes) are never named.

    ``joined`` are the bodies that became one another since ``last``: what was merged is compared with all its parts.
    """
    before = before_of(reporters, last, RANKED_BY, joined or Joined())
    found = classes(reporters, by, least)
    groups = tuple(_group(heads, members, kept, before) for heads, members in found)
    nameable = {item.code for heads, members in found if len(heads) == 1 for item in members}
    tallies = tuple(_tally(heads, members) for heads, members in classes(filings, by, least))
    small = unnamed(filings, by, least)
    told = notices(filings, {*kept, *small, *({item.code for item in reporters} - nameable)})
    return Published(groups, tallies, told, _row("", reporters, before))


def unnamed(filings: Sequence[Filing], by: str, least: int) -> set[str]:
    """The bodies of classes too small to be named in."""
    return {item.code for heads, members in classes(filings, by, least) if len(heads) > 1 for item in members}


def notices(filings: Iterable[Filing], hidden: Collection[str]) -> tuple[Notice, ...]:
    """Who was late, who has not reported though it was due, and who did not mend in time what was sent back.

    >>> late = [Filing(code, code.upper(), "01", "", "", Handed.LATE, days_late=3) for code in ("a", "b")]
    >>> early = Filing("c", "C", "01", "", "", Handed.OUTSTANDING)
    >>> for item in notices([*late, early], {"b"}):
    ...     print(item.handed, [(one.name, one.days_late) for one in item.named], item.others, item.not_due)
    late [('A', 3)] 1 0
    outstanding [] 0 1
    """
    held = list(filings)
    late, missing = ([item for item in held if item.handed is handed] for handed in (Handed.LATE, Handed.OUTSTANDING))
    again = [(item, item.days_again) for item in held if item.days_again]
    return (
        _notice(Handed.LATE, [(item, item.days_late) for item in late], hidden),
        _notice(Handed.OUTSTANDING, [(item, item.days_late) for item in missing], hidden),
        *([_notice(Handed.AGAIN, again, hidden)] if again else []),
    )


def _notice(handed: Handed, of: Sequence[tuple[Filing, int | None]], hidden: Collection[str]) -> Notice:
    due = sorted(((item, days) for item, days in of if days), key=lambda pair: (-pair[1], pair[0].code))
    named = tuple(Named(item.name, days) for item, days in due if item.code not in hidden)
    return Notice(handed, named, len(due) - len(named), len(of) - len(due))


def _group(
    heads: tuple[str, ...],
    members: Sequence[Reporter],
    kept: Collection[str],
    before: Mapping[str, Decimal | None],
) -> Group:
    whole = _row("", members, before)
    if len(heads) > 1:
        return Group(heads, (), None, whole)
    shown = [_row(item.name, [item], before) for item in members if item.code not in kept]
    others = [item for item in members if item.code in kept]
    return Group(heads, tuple(_ranked(shown)), _row("", others, before) if others else None, whole)


def _row(name: str, items: Sequence[Reporter], before: Mapping[str, Decimal | None]) -> Row:
    values = {measure: sum_of(items, measure) for measure in SHOWN}
    moved = change(values[RANKED_BY], before.get(items[0].code)).percent if name and items else None
    return Row(name, len(items), values, moved)


def _ranked(rows: Iterable[Row]) -> list[Row]:
    """From the lowest intensity up; equal ones share a rank, unknown ones stand last without."""
    known = [(row.values[RANKED_BY], row) for row in rows]
    ordered = sorted(((value, row) for value, row in known if value is not None), key=lambda pair: pair[0])
    firsts: dict[Decimal, int] = {}
    for place, (value, _) in enumerate(ordered, 1):
        firsts.setdefault(value, place)
    ranked = [Row(row.name, row.bodies, row.values, row.change_percent, firsts[value]) for value, row in ordered]
    return [*ranked, *(row for value, row in known if value is None)]


def _tally(heads: tuple[str, ...], members: Sequence[Filing]) -> Tally:
    handed = {way: sum(item.handed is way for item in members) for way in Handed}
    return Tally(heads, len(members), handed, sum(item.sent_back > 0 for item in members))
