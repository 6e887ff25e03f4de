"""What forms 5 to 8 are summed up from: the approved returns of a region, by child and class, in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from nengtan.domain.returns import slots
from nengtan.domain.returns.rollup import Contribution, Summary, summarise
from nengtan.domain.returns.scheme import Edition, Level, edition_of
from nengtan.domain.returns.steps import State
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.registry.models import Region
from nengtan.reporting.models import Return, Value

__all__ = ["RegionForms", "region_forms"]

Home = tuple[int, int | None]
"""Region of a return, and the superior body that collects it where it has one."""


@dataclass(frozen=True)
class RegionForms:
    """The summary forms of a region and period, with the names of the children in order."""

    region: Region
    period: slots.Slot
    edition: Edition
    names: Mapping[str, str]
    forms: Sequence[Summary]


def region_forms(
    actor: Actor, region: Region, period: slots.Slot, numbers: Sequence[int] = (), *, own_level: str, whole: str
) -> RegionForms:
    """Forms 5 to 8 (or some of them) of a region: only approved returns; who reports through a superior counts there.

    ``own_level`` names what stands directly under the region, ``whole`` the line of all.

    Raises:
        Forbidden: the actor may not take the totals of the region away.
    """
    if not actor.scope_for(Capability.EXPORT).covers(region.path):
        raise Forbidden(Capability.EXPORT)
    edition = edition_of(period.year, scheme.editions().values())
    children = {child.code: child for child in region.children.order_by("code")}
    tree = _Tree(region, period, set(children))
    names = {"": whole, region.code: own_level, **{code: child.name for code, child in children.items()}}
    held, expected = tree.contributions(edition), tree.expected()
    if not any(part.child == region.code for part in held) and not any(child == region.code for child, _ in expected):
        del names[region.code]
    wanted = numbers or [form.number for form in edition.forms.values() if form.level is Level.SUMMARY]
    forms = [
        summarise(edition, number, held, children=[code for code in names if code], expected=expected)
        for number in wanted
    ]
    return RegionForms(region, period, edition, names, forms)


def collectors(rows: QuerySet[Return]) -> dict[int, str]:
    """Of a period's returns, the path of the region each superior body's own return counts in."""
    at: dict[int, tuple[int | None, str]] = {
        body: (superior, path)
        for body, superior, path in rows.filter(
            Q(superior__isnull=False) | Q(institution__in=rows.exclude(superior=None).values("superior"))
        ).values_list("institution_id", "superior_id", "region__path")
    }
    found = {}
    for body in at:
        seen, above = {body}, body
        while (superior := at[above][0]) is not None and superior in at and superior not in seen:
            seen.add(superior)
            above = superior
        found[body] = at[above][1]
    return found


class _Tree:
    """The returns of a period that count towards a region, wherever they lie."""

    def __init__(self, region: Region, period: slots.Slot, children: set[str]) -> None:
        self.region, self.children = region, children
        rows: QuerySet[Return] = Return.objects.filter(year=period.year, slot=period.number, kind=period.kind)
        self.collected = collectors(rows)
        self.rows = rows.filter(Q(region__path__startswith=region.path) | Q(superior__isnull=False))
        self.paths = dict(self.rows.order_by().values_list("region_id", "region__path").distinct())

    def child_of(self, home: Home) -> str | None:
        """The child a return counts in; the region's own code for what stands directly under it, None outside it."""
        region_id, superior = home
        path = self.collected.get(superior or 0) or self.paths[region_id]
        if not path.startswith(self.region.path):
            return None
        below = path[len(self.region.path) :].split("/")[0]
        return below if below in self.children else self.region.code

    def contributions(self, edition: Edition) -> list[Contribution]:
        """Sums by child and class."""
        approved = self.rows.filter(state=State.APPROVED)
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for home, kind, count in self._by_home(approved.values_list("region_id", "superior_id", "institution_kind")
                                               .annotate(count=Count("pk")).order_by()):  # fmt: skip
            counts[home, kind] += count
        cells = Value.objects.filter(of__in=approved, value__isnull=False, indicator__in=list(edition.indicators))
        sums: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        grouped = cells.values_list("of__region_id", "of__superior_id", "of__institution_kind", "indicator")
        for region_id, superior, kind, indicator, amount in grouped.annotate(amount=Sum("value")).order_by():
            child = self.child_of((region_id, superior))
            if child is not None:
                sums[child, kind][indicator] += amount
        rooms = self._rooms(cells)
        return [
            Contribution(child, kind, sums[child, kind], count, rooms[child, kind])
            for (child, kind), count in counts.items()
        ]

    def _rooms(self, cells: QuerySet[Value]) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = defaultdict(int)
        rows = cells.filter(record__gt="").values_list("of__region_id", "of__superior_id", "of__institution_kind")
        for region_id, superior, kind, _of, _record in rows.values_list(
            "of__region_id", "of__superior_id", "of__institution_kind", "of_id", "record"
        ).distinct().order_by():  # fmt: skip
            child = self.child_of((region_id, superior))
            if child is not None:
                found[child, kind] += 1
        return found

    def expected(self) -> dict[tuple[str, str], int]:
        """Returns owed by child and class."""
        owed: dict[tuple[str, str], int] = defaultdict(int)
        grouped = self.rows.values_list("region_id", "superior_id", "institution_kind")
        for child, kind, count in self._by_home(grouped.annotate(count=Count("pk")).order_by()):
            owed[child, kind] += count
        return dict(owed)

    def _by_home(self, grouped: Iterable[Any]) -> Iterator[tuple[str, str, int]]:
        for region_id, superior, kind, count in grouped:
            child = self.child_of((region_id, superior))
            if child is not None:
                yield child, kind, count
