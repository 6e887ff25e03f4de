"""Which returns of a period count towards a region, and what they add up to.

The one source of forms 5 to 8 on pages, in workbooks and for programs, of the report to the level above, and of whose
returns the annual report and publications are drawn from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import BigIntegerField, CharField, Count, F, Max, Q, QuerySet, Sum
from django.db.models import Value as Constant
from django.db.models.functions import Cast, Concat

from nengtan.domain.returns.rollup import Contribution
from nengtan.domain.returns.scheme import Edition, edition_of
from nengtan.domain.returns.slots import Kind, Slot
from nengtan.domain.returns.steps import State
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.registry.models import Institution, Region
from nengtan.reporting import kept
from nengtan.reporting.models import Return, ReturnQuerySet, Value
from nengtan.ui.fields import from_units

__all__ = ["BY", "NONE", "Counted", "Lying", "edition_among", "know_bodies"]

BY = ("region", "system", "superior")
"""What the returns are told apart by: regions below, systems (departments), or the bodies they are collected by."""

_UNITS = Cast("value", BigIntegerField())
_ROOM = Concat(Cast("of_id", CharField()), Constant(" "), "record", output_field=CharField())
_PERIOD = ("year", "slot", "kind")

NONE = "-"
"""The child of what belongs to none: directly in the region, of no system, under no superior body."""


def edition_among(codes: Collection[str], year: int) -> Edition:
    """The edition some returns of a year are of: of several the last, of none that of the year as shipped."""
    return scheme.edition(max(codes)) if codes else edition_of(year, scheme.editions().values())


class Lying:
    """Where the returns of some periods lie, and where those count that are collected by another body.

    Two queries for all periods together, the second only where a body collects returns.
    """

    def __init__(self, *periods: Slot) -> None:
        self.periods = periods

    def places(self, period: Slot) -> set[tuple[int, str, int | None]]:
        """Regions with returns of the period, their paths, and the bodies that collect returns there."""
        return {place for place, _edition in self._found[period]}

    def editions(self, period: Slot) -> set[str]:
        """The editions the returns of the period are of; one, unless a first year was changed while it was opened."""
        return {edition for _place, edition in self._found[period]}

    def collectors(self, period: Slot) -> dict[int, str]:
        """The path of the region in which each body that collects returns counts itself."""
        own = self._own[period]
        superiors = {superior for _region, _path, superior in self.places(period) if superior is not None}
        return {body: path for body in superiors if (path := _counts_at(body, own))}

    @cached_property
    def _returns(self) -> ReturnQuerySet:
        wanted = Q(pk__in=[])
        for kind, number in dict.fromkeys((period.kind, period.number) for period in self.periods):
            years = [period.year for period in self.periods if (period.kind, period.number) == (kind, number)]
            wanted |= Q(kind=kind, slot=number, year__in=years)
        return Return.objects.filter(wanted).order_by()

    @cached_property
    def _found(self) -> dict[Slot, set[tuple[tuple[int, str, int | None], str]]]:
        found: dict[Slot, set[tuple[tuple[int, str, int | None], str]]] = {period: set() for period in self.periods}
        rows = self._returns.values_list(*_PERIOD, "region_id", "region__path", "superior_id", "edition").distinct()
        for year, number, kind, region, path, superior, edition in rows:
            found[Slot(year, number, Kind(kind))].add(((region, path, superior), edition))
        return found

    @cached_property
    def _own(self) -> dict[Slot, dict[int, tuple[int | None, str]]]:
        """Of every body that collects returns its own: who collects it, and the path of the region it lies in."""
        found: dict[Slot, dict[int, tuple[int | None, str]]] = {period: {} for period in self.periods}
        if any(superior for period in self.periods for _region, _path, superior in self.places(period)):
            above = self._returns.exclude(superior=None).values("superior")
            rows = self._returns.filter(institution__in=above)
            names = (*_PERIOD, "institution_id", "superior_id", "region__path")
            for year, number, kind, body, superior, path in rows.values_list(*names):
                found[Slot(year, number, Kind(kind))][body] = superior, path
        return found


class Counted:
    """The returns of a period that count towards a region, and their sums by child and class.

    A return counts where its institution stood on the period's last day, or where the body that collects it does; of a
    body closed before the period nowhere, for it owes none.
    ``within`` narrows which are counted; its fields are those of a return. ``lying`` is shared by the periods that are
    asked about together.
    """

    def __init__(
        self, region: Region, period: Slot, by: str = "region", within: Q | None = None, lying: Lying | None = None
    ) -> None:
        self.region, self.period, self.by = region, period, by
        self._within = Q() if within is None else within
        self._lying = lying or Lying(period)
        self._all = Return.objects.owed().filter(year=period.year, slot=period.number, kind=period.kind)

    @cached_property
    def returns(self) -> ReturnQuerySet:
        """Every return owed."""
        inside = sorted(key for key, path in self._paths.items() if path.startswith(self.region.path))
        here, (fetching, losing) = Q() if len(inside) == len(self._paths) else Q(region__in=inside), self._crossing
        if losing:
            here &= Q(superior=None) | ~Q(superior__in=losing)
        return self._all.filter(self._within, here | Q(superior__in=fetching) if fetching and here else here)

    @cached_property
    def approved(self) -> ReturnQuerySet:
        """Those that are added up."""
        return self.returns.filter(state=State.APPROVED)

    @property
    def owed(self) -> dict[tuple[str, str], int]:
        """How many returns are owed, by child and class."""
        return {group: owed for group, (owed, _approved) in self._counts.items()}

    @cached_property
    def contributions(self) -> list[Contribution]:
        """What is approved, one contribution a child and class, added up by the database, or as it was kept."""
        if sum(approved for _owed, approved in self._counts.values()) < kept.LEAST:
            return self._added(_cells_and_rooms(self.approved, self._columns))
        return kept.kept(f"groups {self._question}", self._marks, lambda: self._added(self._parts()))

    def _added(self, cells: Iterable[tuple[Any, ...]]) -> list[Contribution]:
        sums, known, rooms = self._sums(cells, self._home)
        return [
            Contribution(*group, sums.get(group, {}), approved, rooms.get(group, 0), known=known.get(group, {}))
            for group, (_owed, approved) in self._counts.items()
            if approved
        ]

    @cached_property
    def bodies(self) -> set[int]:
        """The institutions whose returns are approved."""
        return set(self.approved.order_by().values_list("institution_id", flat=True))

    @cached_property
    def total(self) -> list[Contribution]:
        """What is approved, added up over all children and classes."""
        if "contributions" in self.__dict__:
            return self.contributions
        if len(self.bodies) < kept.LEAST:
            return [self._whole(self.approved, len(self.bodies))]
        return kept.kept(f"whole {self._question}", self._marks, lambda: [self._whole(self.approved, len(self.bodies))])

    def of_bodies(self, bodies: Collection[int]) -> list[Contribution]:
        """What the approved returns of some of `bodies` add up to."""
        chunks = bulk.chunks(sorted(bodies))
        return [self._whole(self.approved.filter(institution__in=chunk), len(chunk)) for chunk in chunks]

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
    def _collectors(self) -> dict[int, str]:
        return self._lying.collectors(self.period)

    @cached_property
    def _crossing(self) -> tuple[list[int], list[int]]:
        """The bodies that collect returns from outside into the region, and those that collect out of it."""
        fetching: set[int] = set()
        losing: set[int] = set()
        for _region, path, superior in self._lying.places(self.period):
            if superior is None:
                continue
            home, here = self._collectors.get(superior, path), self.region.path
            if home.startswith(here) != path.startswith(here):
                (fetching if home.startswith(here) else losing).add(superior)
        return sorted(fetching), sorted(losing)

    @cached_property
    def _paths(self) -> dict[int, str]:
        """Where returns of the period lie: a database plans better with these regions than with the start of a path."""
        return {key: path for key, path, _superior in self._lying.places(self.period)}

    @cached_property
    def _home(self) -> tuple[str, ...]:
        """The columns that say where a return counts: no more of them than tell returns apart."""
        if self.by == "system":
            return ("system",)
        if self.by == "superior":
            return ("superior_id",)
        return ("region_id", "superior_id") if self._collectors else ("region_id",)

    def _group(self, home: Sequence[str], row: Sequence[Any]) -> tuple[str, str]:
        """The child and class of a row that begins with its ``home``."""
        at = dict(zip(home, row, strict=False))
        child = self.child(at.get("region_id", 0), at.get("superior_id"), at.get("system", "")) if home else ""
        return child, row[len(home)] if home else ""

    @cached_property
    def _counts(self) -> dict[tuple[str, str], tuple[int, int]]:
        """How many returns are owed, and how many are approved, by child and class."""
        found: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for *at, owed, approved, _pks, _marks, _last in self._told:
            group = self._group(self._home, at)
            before = found[group]
            found[group] = before[0] + owed, before[1] + approved
        return dict(found)

    @cached_property
    def _told(self) -> list[tuple[Any, ...]]:
        """By ``_home`` and class: returns owed and approved, and what changes with any write to an approved one."""
        approved = Q(state=State.APPROVED)
        rows = self.returns.order_by().values_list(*self._home, "institution_kind")
        return list(
            rows.annotate(
                owed=Count("pk"), approved=Count("pk", filter=approved), pks=Sum("pk", filter=approved),
                marks=Sum(F("pk") * F("version"), filter=approved, output_field=BigIntegerField()),
                last=Max("approved_at", filter=approved),
            )
        )  # fmt: skip

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*(f"of__{name}" for name in self._home), "of__institution_kind")

    @cached_property
    def _question(self) -> str:
        return f"{self.region.code} {self._columns} {self.approved.order_by().query}"

    @cached_property
    def _marks(self) -> dict[Hashable, list[tuple[Any, ...]]]:
        """By the first of ``_home`` what tells that no approved return of it was written to since."""
        found: dict[Hashable, list[tuple[Any, ...]]] = defaultdict(list)
        for part, *rest, _owed, approved, pks, mark, last in self._told:
            if approved:
                found[part].append((*map(str, rest), approved, pks, mark, str(last)))
        return found

    def _parts(self) -> list[tuple[Any, ...]]:
        """The sums by ``_home`` and class; those of parts that changed are added up by the database anew."""

        def ask(parts: Sequence[Hashable]) -> Iterable[tuple[Any, ...]]:
            if len(parts) == len(self._marks):
                return _cells_and_rooms(self.approved, self._columns)
            known = Q(**{f"{self._home[0]}__in": [part for part in parts if part is not None]})
            none = Q(**{self._home[0]: None}) if None in parts else Q(pk__in=[])
            return _cells_and_rooms(self.approved.filter(known | none), self._columns)

        return kept.kept_rows(f"parts {self._question}", self._marks, ask)

    def _whole(self, rows: ReturnQuerySet, count: int) -> Contribution:
        """What ``count`` returns add up to, told apart by nothing."""
        (sums, known, rooms), nothing = self._sums(_cells_and_rooms(rows, ()), ()), ("", "")
        return Contribution(*nothing, sums.get(nothing, {}), count, rooms.get(nothing, 0), known=known.get(nothing, {}))

    def _sums(
        self, cells: Iterable[tuple[Any, ...]], home: tuple[str, ...]
    ) -> tuple[
        dict[tuple[str, str], dict[str, Decimal | None]],
        dict[tuple[str, str], dict[str, int]],
        dict[tuple[str, str], int],
    ]:
        """Sums by indicator, how many values stand in each, and how many rooms there are, by child and class.

        ``cells`` are those of :func:`_cells_and_rooms`. What nobody gave is in neither; a room is what has a record of
        its own. Whole numbers are added as they are kept, and made Decimals when they are few.
        """
        units: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        known: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        rooms: dict[tuple[str, str], int] = defaultdict(int)
        groups: dict[tuple[Any, ...], tuple[str, str]] = {}
        for *at, line, amount, count in cells:
            if count:
                key = tuple(at)
                group = groups.get(key) or groups.setdefault(key, self._group(home, key))
                if line:
                    units[group][line] += int(amount or 0)
                    known[group][line] += count
                else:
                    rooms[group] += count
        sums: dict[tuple[str, str], dict[str, Decimal | None]] = {
            group: {line: from_units(amount) for line, amount in held.items()} for group, held in units.items()
        }
        return sums, dict(known), rooms


def know_bodies(now: Counted, base: Counted) -> None:
    """Whose returns of two years are approved, asked in one query."""
    first, second = (held.approved.order_by().values_list("year", "institution_id") for held in (now, base))
    found: dict[int, set[int]] = defaultdict(set)
    for year, body in first.union(second, all=True):
        found[year].add(body)
    now.bodies, base.bodies = (found[held.period.year] for held in (now, base))


def _cells_and_rooms(rows: ReturnQuerySet, columns: tuple[str, ...]) -> QuerySet[Value, tuple[Any, ...]]:
    """By ``columns``: a row an indicator with the sum and the number of its values, and one with the number of rooms.

    The row of the rooms names no indicator.
    """
    cells = Value.objects.filter(of__in=rows.order_by().values("pk")).order_by()
    sums = cells.values_list(*columns, "indicator").annotate(sum=Sum(_UNITS), number=Count("value"))
    nothing = Constant("", output_field=CharField())
    rooms = cells.filter(record__gt="").annotate(nothing=nothing).values_list(*columns, "nothing")
    return sums.union(rooms.annotate(sum=Count("pk"), number=Count(_ROOM, distinct=True)), all=True)


def _counts_at(body: int, own: Mapping[int, tuple[int | None, str]]) -> str:
    """The path of the region of the body at the top; of the last one known where they stand in a ring."""
    seen, path = {body}, ""
    while body in own:
        superior, path = own[body]
        if superior is None or superior in seen:
            return path
        body = superior
        seen.add(body)
    return path
