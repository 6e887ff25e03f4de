"""Which returns of a period count towards a region, and what they add up to.

The one source of forms 5 to 8 on pages, in workbooks and for programs, of the report to the level above, and of whose
returns the annual report and publications are drawn from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import BigIntegerField, BooleanField, Count, ExpressionWrapper, Q, QuerySet, Sum
from django.db.models.functions import Cast

from nengtan.domain.returns.rollup import Contribution
from nengtan.domain.returns.slots import Slot
from nengtan.domain.returns.steps import State
from nengtan.ledger.services import bulk
from nengtan.registry.models import Institution, Region
from nengtan.reporting.models import Return, ReturnQuerySet, Value
from nengtan.ui.fields import from_units

__all__ = ["BY", "NONE", "Counted"]

BY = ("region", "system", "superior")
"""What the returns are told apart by: regions below, systems (departments), or the bodies they are collected by."""

_UNITS = Cast("value", BigIntegerField())
_PLACE = ("institution_id", "superior_id", "region__path")

NONE = "-"
"""The child of what belongs to none: directly in the region, of no system, under no superior body."""


class Counted:
    """The returns of a period that count towards a region, and their sums by child and class.

    A return counts where its institution stood on the period's last day, or where the body that collects it does.
    ``within`` narrows which are counted; its fields are those of a return.
    """

    def __init__(self, region: Region, period: Slot, by: str = "region", within: Q | None = None) -> None:
        self.region, self.period, self.by = region, period, by
        self._within = Q() if within is None else within
        self._all = Return.objects.filter(year=period.year, slot=period.number, kind=period.kind)

    @cached_property
    def returns(self) -> ReturnQuerySet:
        """Every return owed."""
        inside = [key for key, path in self._paths.items() if path.startswith(self.region.path)]
        here, (fetching, losing) = Q() if len(inside) == len(self._paths) else Q(region__in=inside), self._crossing
        if losing:
            here &= Q(superior=None) | ~Q(superior__in=losing)
        return self._all.filter(self._within, here | Q(superior__in=fetching) if fetching and here else here)

    @cached_property
    def approved(self) -> ReturnQuerySet:
        """Those that are added up."""
        return self.returns.filter(state=State.APPROVED)

    @cached_property
    def owed(self) -> dict[tuple[str, str], int]:
        """How many returns are owed, by child and class."""
        return self._counts(self.returns)

    @cached_property
    def contributions(self) -> list[Contribution]:
        """What is approved, one contribution a child and class, added up by the database."""
        return self._added(self.approved)

    @cached_property
    def bodies(self) -> set[int]:
        """The institutions whose returns are approved."""
        return set(self.approved.order_by().values_list("institution_id", flat=True))

    def of_bodies(self, bodies: Collection[int]) -> list[Contribution]:
        """What the approved returns of some institutions add up to."""
        chunks = bulk.chunks(sorted(bodies))
        return [part for chunk in chunks for part in self._added(self.approved.filter(institution__in=chunk))]

    def child(self, region_id: int, superior: int | None, system: str = "") -> str:
        """The child a return counts in; by region, that in which the body that collects it counts, else it lies in."""
        if self.by == "superior":
            return self.superiors.get(superior or 0, (NONE, ""))[0]
        if self.by == "system":
            return system or NONE
        path = self._collectors.get(superior or 0) or self._paths[region_id]
        return path[len(self.region.path) :].split("/")[0] or NONE

    @cached_property
    def superiors(self) -> dict[int, tuple[str, str]]:
        """Code and name of the bodies that collect returns."""
        keys = self.returns.order_by().values("superior_id")
        rows = Institution.objects.filter(pk__in=keys)
        return {pk: (code, name) for pk, code, name in rows.values_list("pk", "code", "name")}

    # How it is worked out

    @cached_property
    def _collected(self) -> list[tuple[int, int, str]]:
        """Body, superior and path of the region of every return that is collected by another body."""
        if not any(collected for _key, _path, collected in self._places):
            return []
        held = self._all.exclude(superior=None).order_by()
        return [(body, superior or 0, path) for body, superior, path in held.values_list(*_PLACE)]

    @cached_property
    def _collectors(self) -> dict[int, str]:
        """The path of the region in which each body that collects returns counts itself."""
        if not self._collected:
            return {}
        above = {body: (superior, path) for body, superior, path in self._collected}
        superiors = {superior for _body, superior, _path in self._collected}
        own = self._all.filter(superior=None, institution__in=self._all.exclude(superior=None).values("superior"))
        at = {body: path for body, _superior, path in own.order_by().values_list(*_PLACE)}
        return {body: path for body in superiors if (path := _counts_at(body, above, at))}

    @cached_property
    def _crossing(self) -> tuple[list[int], list[int]]:
        """The bodies that collect returns from outside into the region, and those that collect out of it."""
        fetching: set[int] = set()
        losing: set[int] = set()
        for _body, superior, path in self._collected:
            home, here = self._collectors.get(superior, path), self.region.path
            if home.startswith(here) != path.startswith(here):
                (fetching if home.startswith(here) else losing).add(superior)
        return sorted(fetching), sorted(losing)

    @cached_property
    def _paths(self) -> dict[int, str]:
        """Where returns of the period lie: a database plans better with these regions than with the start of a path."""
        return {key: path for key, path, _collected in self._places}

    @cached_property
    def _places(self) -> list[tuple[int, str, bool]]:
        """Regions with returns of the period, their paths, and whether the returns are collected by another body."""
        collected = ExpressionWrapper(Q(superior__isnull=False), BooleanField())
        rows = self._all.order_by().annotate(collected=collected)
        return list(rows.values_list("region_id", "region__path", "collected").distinct())

    @cached_property
    def _home(self) -> tuple[str, ...]:
        """The columns that say where a return counts: no more of them than tell returns apart."""
        if self.by == "system":
            return ("system",)
        if self.by == "superior":
            return ("superior_id",)
        return ("region_id", "superior_id") if self._collectors else ("region_id",)

    def _group(self, row: Mapping[str, Any], prefix: str = "") -> tuple[str, str]:
        home = {name: row[prefix + name] for name in self._home}
        child = self.child(home.get("region_id", 0), home.get("superior_id"), home.get("system", ""))
        return child, row[f"{prefix}institution_kind"]

    def _added(self, rows: ReturnQuerySet) -> list[Contribution]:
        counts, rooms, (sums, known) = self._counts(rows), self._rooms(rows), self._sums(rows)
        return [
            Contribution(*group, sums.get(group, {}), count, rooms.get(group, 0), known=known.get(group, {}))
            for group, count in counts.items()
        ]

    def _counts(self, rows: ReturnQuerySet) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = defaultdict(int)
        for row in rows.order_by().values(*self._home, "institution_kind").annotate(count=Count("pk")):
            found[self._group(row)] += row["count"]
        return dict(found)

    def _sums(
        self, rows: ReturnQuerySet
    ) -> tuple[dict[tuple[str, str], dict[str, Decimal | None]], dict[tuple[str, str], dict[str, int]]]:
        """Sums by indicator, and how many values stand in each; what nobody gave is in neither.

        Whole numbers are added as they are kept, and made Decimals when they are few.
        """
        units: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        known: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        columns = (*(f"of__{name}" for name in self._home), "of__institution_kind")
        grouped = self._cells(rows).values_list(*columns, "indicator").annotate(sum=Sum(_UNITS), known=Count("value"))
        groups: dict[tuple[Any, ...], tuple[str, str]] = {}
        for *home, line, amount, count in grouped:
            if count:
                key = tuple(home)
                group = groups.get(key) or groups.setdefault(
                    key, self._group(dict(zip(columns, key, strict=True)), "of__")
                )
                units[group][line] += int(amount)
                known[group][line] += count
        sums: dict[tuple[str, str], dict[str, Decimal | None]] = {
            group: {line: from_units(amount) for line, amount in held.items()} for group, held in units.items()
        }
        return sums, dict(known)

    def _rooms(self, rows: ReturnQuerySet) -> dict[tuple[str, str], int]:
        """How many rooms there are: a room is what has a record of its own."""
        held = self._cells(rows).filter(record__gt="")
        home = (f"of__{name}" for name in self._home)
        found: dict[tuple[str, str], int] = defaultdict(int)
        for row in held.values(*home, "of__institution_kind", "of_id", "record").distinct():
            found[self._group(row, "of__")] += 1
        return dict(found)

    @staticmethod
    def _cells(rows: ReturnQuerySet) -> QuerySet[Value]:
        return Value.objects.filter(of__in=rows.order_by().values("pk")).order_by()


def _counts_at(body: int, above: Mapping[int, tuple[int, str]], at: Mapping[int, str]) -> str:
    """The path of the region of the body at the top; of the last one known where they stand in a ring."""
    seen, path = {body}, ""
    while body in above:
        body, path = above[body]
        if body in seen:
            return path
        seen.add(body)
    return at.get(body, path)
