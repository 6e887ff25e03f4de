"""Forms 5 to 8 from approved returns (汇总): sums by child and by class, coverage beside every total, two years.

Only unrounded parts are added. Forms 3 and 4 are detail of form 2 (其中): a summary adds up the lines of its own base
form and of no other. What does not add up over institutions (heating days) stays unknown. A contribution is one
approved return or, from a database, the sums of many.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from nengtan.domain.change import Change, Coverage, change
from nengtan.domain.exact import product, ratio, total
from nengtan.domain.returns.scheme import Edition, Indicator, Measure, Records
from nengtan.domain.returns.slots import Slot

K = TypeVar("K", bound=Hashable)
Ordered = TypeVar("Ordered", int, str)

__all__ = [
    "Comparison",
    "Contribution",
    "Joined",
    "Summary",
    "compare",
    "comparison_groups",
    "in_two_years",
    "of_year",
    "summarise",
    "without",
]

COUNTS = {"institutions": "institutions", "rooms": "rooms"}
"""Lines the summaries count themselves: the indicator and the field of a contribution."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What goes into a summary: values by indicator, with the child (region or department) and class they belong to.

    ``institution`` is set when it is one return; ``institutions`` and ``rooms`` say how many it stands for, ``known``
    how many values stand in the sum of an indicator.
    """

    child: str
    institution_class: str
    values: Mapping[str, Decimal | None]
    institutions: int = 1
    rooms: int = 0
    institution: str = ""
    known: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """A summary form: ``cells`` by head (child or column code) and indicator, ``coverage`` of returns by head."""

    form: int
    edition: str
    heads: tuple[str, ...]
    lines: tuple[str, ...]
    cells: Mapping[tuple[str, str], Decimal | None]
    coverage: Mapping[str, Coverage]


@dataclass(frozen=True)
class Comparison:
    """Two years side by side: all institutions, and those in both years (同口径), by indicator."""

    all_units: Mapping[str, Change]
    same_units: Mapping[str, Change]
    in_both: int
    only_now: int
    only_base: int


@dataclass
class _Sum:
    """A sum in the making."""

    parts: list[Contribution] = field(default_factory=list)

    def of(self, line: Indicator) -> Decimal | None:
        if line.key in COUNTS:
            return Decimal(sum(getattr(part, COUNTS[line.key]) for part in self.parts))
        return total(part.values.get(line.key) for part in self.parts) if line.adds else None


def summarise(
    edition: Edition,
    form: int,
    contributions: Iterable[Contribution],
    *,
    children: Sequence[str] = (),
    expected: Mapping[tuple[str, str], int] | None = None,
) -> Summary:
    """Form 5, 6, 7 or 8. ``children``: the rows of form 5 in order; ``expected``: returns owed by child and class.

    Form 5 begins with the total of all children under the head "" and keeps a child without returns, with a count of 0.
    """
    held = list(contributions)
    members = _by_child(held, children) if edition.forms[form].records is Records.CHILD else _by_class(edition, held)
    lines = edition.lines(form)
    cells = {(head, line.key): found.of(line) for head, found in members.items() for line in lines}
    coverage = {head: _coverage(edition, form, head, found, expected or {}) for head, found in members.items()}
    return Summary(form, edition.code, tuple(members), tuple(line.key for line in lines), cells, coverage)


def of_year(measure: Measure, parts: Sequence[tuple[Slot, Decimal | None]]) -> Decimal | None:
    """A year's figure from its periods: flows and costs added; of a stock the mean weighted by months, of the known.

    >>> from nengtan.domain.returns.slots import quarter
    >>> parts = [(quarter(2025, 1), Decimal(1000)), (quarter(2025, 2), Decimal(1200)), (quarter(2025, 3), None)]
    >>> of_year(Measure.STOCK, parts), of_year(Measure.FLOW, parts)
    (Decimal('1100'), Decimal('2200'))
    """
    known = [(len(slot.months), value) for slot, value in parts if value is not None]
    if measure is not Measure.STOCK:
        return total(value for _, value in known)
    weighted = total(product(Decimal(months), value) for months, value in known)
    return ratio(weighted, Decimal(sum(months for months, _ in known)))


def comparison_groups(events: Iterable[tuple[Ordered, Ordered]]) -> dict[Ordered, Ordered]:
    """Institutions that must be compared together because one became another (merged, split), each with its group.

    >>> groups = comparison_groups([("a", "c"), ("b", "c"), ("x", "y")])
    >>> groups["a"] == groups["b"] == groups["c"] != groups["x"] == groups["y"]
    True
    """
    above: dict[Ordered, Ordered] = {}

    def top(name: Ordered) -> Ordered:
        while above.setdefault(name, name) != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    for one, other in events:
        first, second = sorted((top(one), top(other)))
        above[second] = first
    return {name: top(name) for name in list(above)}


@dataclass(frozen=True)
class Joined(Generic[K]):
    """Bodies that became one another between two years, each with the group it is compared in.

    The groups ``apart`` cannot be compared: somebody's return of one of the years is not counted, so that the two sides
    would not be the same bodies.
    """

    groups: Mapping[K, K] = field(default_factory=dict)
    apart: frozenset[K] = frozenset()

    def group(self, body: K) -> K:
        """What a body is compared in: itself, where it became nothing else."""
        return self.groups.get(body, body)

    def same(self, now: Collection[K], base: Collection[K]) -> tuple[set[K], set[K], tuple[int, int, int]]:
        """The bodies to compare of each year; how many groups are in both, only in this, only in the last.

        >>> found = Joined({"a": "a", "b": "a", "c": "a"}).same(["c", "new"], ["a", "b", "closed"])
        >>> sorted(found[0]), sorted(found[1]), found[2]
        (['c'], ['a', 'b'], (1, 1, 1))
        """
        here, there = ({self.group(body) for body in bodies} for bodies in (now, base))
        both = (here & there) - self.apart
        kept, before = ({body for body in bodies if self.group(body) in both} for bodies in (now, base))
        return kept, before, (len(both), len(here - both), len(there - both))


def compare(
    edition: Edition,
    form: int,
    now: Iterable[Contribution],
    base: Iterable[Contribution],
    groups: Mapping[str, str] | None = None,
) -> Comparison:
    """The lines of a form in two years, of all institutions and of those in both; every contribution is one return.

    Institutions that merged or split between the years count as one (``groups`` of `comparison_groups`).
    """
    here, there, joined = list(now), list(base), groups or {}
    group_now = {joined.get(part.institution, part.institution) for part in here}
    group_base = {joined.get(part.institution, part.institution) for part in there}
    both = group_now & group_base

    def same(parts: Sequence[Contribution]) -> Iterator[Contribution]:
        return (part for part in parts if joined.get(part.institution, part.institution) in both)

    counts = len(both), len(group_now - group_base), len(group_base - group_now)
    return in_two_years(edition, form, (here, there), ([*same(here)], [*same(there)]), counts)


def in_two_years(
    edition: Edition,
    form: int,
    whole: tuple[Sequence[Contribution], Sequence[Contribution]],
    same: tuple[Sequence[Contribution], Sequence[Contribution]],
    counts: tuple[int, int, int],
) -> Comparison:
    """The lines of a form this year and last: of all institutions and of the ``same``.

    ``counts``: how many institutions are in both years, only in this, only in the last.
    """
    (now, base), (same_now, same_base) = map(_Sum, map(list, whole)), map(_Sum, map(list, same))
    lines = edition.lines(form)
    return Comparison(
        {line.key: change(now.of(line), base.of(line)) for line in lines},
        {line.key: change(same_now.of(line), same_base.of(line)) for line in lines},
        *counts,
    )


def without(whole: Iterable[Contribution], left_out: Iterable[Contribution]) -> Contribution:
    """Sums less those of a part: what is known of nobody who remains is unknown, and no difference of zero.

    >>> whole = Contribution("", "01", {"elec": Decimal(9), "gas": Decimal(4)}, 3, known={"elec": 3, "gas": 1})
    >>> part = Contribution("", "01", {"elec": Decimal(2), "gas": Decimal(4)}, 1, known={"elec": 1, "gas": 1})
    >>> rest = without([whole], [part])
    >>> rest.institutions, rest.values
    (2, {'elec': Decimal('7')})
    """
    held, less = list(whole), list(left_out)
    known = {key: _known(held, key) - _known(less, key) for part in held for key in part.known}
    remaining = {key: count for key, count in known.items() if count > 0}
    return Contribution(
        "", "", {key: _amount(held, key) - _amount(less, key) for key in remaining},
        sum(part.institutions for part in held) - sum(part.institutions for part in less),
        sum(part.rooms for part in held) - sum(part.rooms for part in less), "", remaining,
    )  # fmt: skip


def _known(parts: Iterable[Contribution], key: str) -> int:
    return sum(part.known.get(key, 0) for part in parts)


def _amount(parts: Iterable[Contribution], key: str) -> Decimal:
    return total(part.values.get(key) for part in parts) or Decimal(0)


def _by_child(held: Sequence[Contribution], children: Sequence[str]) -> dict[str, _Sum]:
    members = {"": _Sum(list(held)), **{child: _Sum() for child in children}}
    for part in held:
        if part.child not in members:
            raise ValueError(f"child: found {part.child!r}, allowed: {', '.join(children)}")
        if part.child:
            members[part.child].parts.append(part)
    return members


def _by_class(edition: Edition, held: Sequence[Contribution]) -> dict[str, _Sum]:
    return {
        column.code: _Sum([part for part in held if column.holds(part.institution_class)]) for column in edition.columns
    }


def _coverage(edition: Edition, form: int, head: str, found: _Sum, expected: Mapping[tuple[str, str], int]) -> Coverage:
    """How many returns are in the sum, and how many there should be."""
    present = sum(part.institutions for part in found.parts)
    if edition.forms[form].records is Records.CHILD:
        owed = sum(count for (child, _), count in expected.items() if head in ("", child))
    else:
        column = next(column for column in edition.columns if column.code == head)
        owed = sum(count for (_, kind), count in expected.items() if column.holds(kind))
    return Coverage(present, owed)
