"""Forms 5 to 8 of a region from its approved returns: by region, by system, by superior body, and against last year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from nengtan.domain.change import change
from nengtan.domain.returns.rollup import Comparison, Contribution, Summary, comparison_groups, summarise
from nengtan.domain.returns.scheme import Edition, Level, Records, edition_of
from nengtan.domain.returns.slots import Slot
from nengtan.domain.returns.steps import State
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.registry.models import EventParty, Institution, InstitutionEvent, Region
from nengtan.reporting.models import Return, ReturnQuerySet, Value
from nengtan.reporting.totals import collectors
from nengtan.ui.words import named, system_word

__all__ = ["BY", "FORMS", "NONE", "Behind", "Rollup"]

FORMS = (5, 6, 7, 8)
BY = ("region", "system", "superior")
"""What the rows of form 5 are: regions below, systems (departments), or the bodies returns are collected by."""

NONE = "-"
"""The row of what belongs to no child: directly in the region, of no system, under no superior body."""

_HOME = ("region_id", "superior_id", "system")
_BECAME = (InstitutionEvent.Kind.MERGED, InstitutionEvent.Kind.SPLIT)


@dataclass(frozen=True)
class Behind:
    """One return behind a figure, with what it adds to it."""

    of: Return
    value: Decimal | None


class Rollup:
    """What the actor may see of a region's approved returns of a period, added up in the database.

    A return belongs where its institution stood on the period's last day, or where the body that collects it did.
    ``system`` and ``kind`` narrow what is added.

    Raises:
        Forbidden: the actor oversees nothing of the region.
    """

    def __init__(
        self, actor: Actor, region: Region, period: Slot, by: str = "region", system: str = "", kind: str = ""
    ) -> None:
        self.actor, self.region, self.period, self.by = actor, region, period, by
        self.system, self.kind = system, kind
        self.edition: Edition = edition_of(period.year, scheme.editions().values())
        self._scope = _scope_q(actor, region)
        self._collectors: dict[Slot, dict[int, str]] = {}

    # Which returns

    def returns(self, period: Slot | None = None) -> ReturnQuerySet:
        """Every return owed for the period."""
        asked = period or self.period
        rows = Return.objects.filter(
            self._scope, self._counts_here(asked), year=asked.year, slot=asked.number, kind=asked.kind
        )
        rows = rows.filter(system=self.system) if self.system else rows
        return rows.filter(institution_kind__startswith=self.kind) if self.kind else rows

    def approved(self, period: Slot | None = None) -> ReturnQuerySet:
        """Those that count."""
        return self.returns(period).filter(state=State.APPROVED)

    @property
    def is_partial(self) -> bool:
        """Whether the actor sees only a part of the region."""
        return not self.actor.scope_for(Capability.OVERSEE_RETURNS).covers(self.region.path)

    # The forms

    @cached_property
    def children(self) -> list[tuple[str, str]]:
        """The rows of form 5: key and name, in order; what belongs to none last."""
        found = self._regions() if self.by == "region" else self._groups()
        used = {key for key, _kind in self._owed}
        return [*found, *([(NONE, self._none_word())] if NONE in used else [])]

    def summary(self, form: int) -> Summary:
        """One of the forms 5 to 8, with how many returns of how many owed stand behind each head."""
        children = [key for key, _name in self.children]
        return summarise(self.edition, form, self._contributions, children=children, expected=self._owed)

    def head_word(self, form: int, head: str) -> str:
        """The name of a row of form 5 or a column of the others."""
        if self.edition.forms[form].records is Records.CHILD:
            return dict(self.children).get(head) or _("Total")
        column = next(column for column in self.edition.columns if column.code == head)
        return named(column)

    def comparison(self, form: int) -> Comparison:
        """The lines of a form this year and last: of all institutions, and of those in both years."""
        now, base = (self._bodies(period) for period in (self.period, self.period.last_year))
        groups = _groups_of_events()
        both = {groups.get(body, body) for body in now} & {groups.get(body, body) for body in base}
        sums = [
            self._compared(period, {body for body in bodies if groups.get(body, body) not in both}, form)
            for period, bodies in ((self.period, now), (self.period.last_year, base))
        ]
        lines = [line.key for line in self.edition.lines(form)]
        (whole_now, same_now), (whole_base, same_base) = sums
        return Comparison(
            {key: change(whole_now.get(key), whole_base.get(key)) for key in lines},
            {key: change(same_now.get(key), same_base.get(key)) for key in lines},
            len(both),
            len({groups.get(body, body) for body in now} - both),
            len({groups.get(body, body) for body in base} - both),
        )

    def behind(self, form: int, head: str, indicator: str) -> list[Behind]:
        """The approved returns a figure was added up from, the largest first."""
        rows = self.approved().select_related("institution", "region").order_by("institution__code")
        chosen = [of for of in rows if self._is_under(form, head, of)]
        values: dict[int, Decimal | None] = {}
        held = Value.objects.filter(of__in=self.approved().order_by().values("pk"), indicator=indicator)
        for row in held.order_by().values("of_id").annotate(sum=Sum("value")):
            values[row["of_id"]] = row["sum"]
        found = [Behind(of, values.get(of.pk)) for of in chosen]
        return sorted(found, key=lambda item: (item.value is None, -(item.value or 0)))

    # How it is worked out

    @cached_property
    def _owed(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = defaultdict(int)
        for row in self._grouped(self.returns()).annotate(count=Count("pk")):
            found[self._child(row), row["institution_kind"]] += row["count"]
        return dict(found)

    @cached_property
    def _contributions(self) -> list[Contribution]:
        """One a child and class: what the database added up."""
        sums: dict[tuple[str, str], dict[str, Decimal | None]] = defaultdict(dict)
        for row in self._sums():
            held = sums[self._child(row, "of__"), row["of__institution_kind"]]
            if row["sum"] is not None:
                held[row["indicator"]] = (held.get(row["indicator"]) or Decimal(0)) + row["sum"]
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for row in self._grouped(self.approved()).annotate(count=Count("pk")):
            counts[self._child(row), row["institution_kind"]] += row["count"]
        rooms = self._rooms()
        return [
            Contribution(child, kind, sums[child, kind], count, rooms[child, kind])
            for (child, kind), count in counts.items()
        ]

    def _counts_here(self, period: Slot) -> Q:
        """What lies in the region and is not collected elsewhere, and what a body of the region collects elsewhere."""
        collected = self._collected(period)
        inside = [body for body, path in collected.items() if path.startswith(self.region.path)]
        outside = [body for body in collected if body not in set(inside)]
        lies_here = Q(region__path__startswith=self.region.path)
        return (lies_here & (Q(superior=None) | ~Q(superior__in=outside))) | Q(superior__in=inside)

    def _collected(self, period: Slot) -> dict[int, str]:
        if period not in self._collectors:
            rows = Return.objects.filter(year=period.year, slot=period.number, kind=period.kind)
            self._collectors[period] = collectors(rows)
        return self._collectors[period]

    def _grouped(self, rows: QuerySet[Any]) -> QuerySet[Any, dict[str, Any]]:
        return rows.order_by().values("region_id", "superior_id", "system", "institution_kind")

    def _sums(self) -> QuerySet[Any, dict[str, Any]]:
        values = Value.objects.filter(of__in=self.approved().order_by().values("pk"), value__isnull=False)
        home = (f"of__{name}" for name in _HOME)
        return values.order_by().values(*home, "of__institution_kind", "indicator").annotate(sum=Sum("value"))

    def _rooms(self) -> dict[tuple[str, str], int]:
        """How many rooms there are: a room is what has a record of its own."""
        rows = Value.objects.filter(of__in=self.approved().order_by().values("pk")).exclude(record="").order_by()
        home = (f"of__{name}" for name in _HOME)
        held = rows.values(*home, "of__institution_kind", "of_id", "record").annotate(Max("pk"))
        found: dict[tuple[str, str], int] = defaultdict(int)
        for row in held:
            found[self._child(row, "of__"), row["of__institution_kind"]] += 1
        return found

    def _child(self, row: Mapping[str, Any], prefix: str = "") -> str:
        return self._key(*(row[prefix + name] for name in _HOME))

    def _key(self, region_id: int, superior: int | None, system: str) -> str:
        """The row of form 5 a return stands in: by region, where the body that collects it counts."""
        if self.by == "superior":
            return self._superiors.get(superior or 0, (NONE, ""))[0]
        if self.by == "system":
            return system or NONE
        path = self._collected(self.period).get(superior or 0) or self._paths[region_id]
        below = path[len(self.region.path) :].split("/")[0]
        return below or NONE

    def _is_under(self, form: int, head: str, of: Return) -> bool:
        if self.edition.forms[form].records is Records.CHILD:
            return not head or self._key(of.region_id, of.superior_id, of.system) == head
        return next(column for column in self.edition.columns if column.code == head).holds(of.institution_kind)

    @cached_property
    def _paths(self) -> dict[int, str]:
        return dict(self.returns().order_by().values_list("region_id", "region__path").distinct())

    def _regions(self) -> list[tuple[str, str]]:
        held = {key for key, _kind in self._owed}
        return [
            (child.code, child.label)
            for child in Region.objects.filter(parent=self.region).order_by("code")
            if child.code in held or not child.shipped
        ]

    @cached_property
    def _superiors(self) -> dict[int, tuple[str, str]]:
        keys = self.returns().order_by().values("superior_id")
        rows = Institution.objects.filter(pk__in=keys)
        return {pk: (code, name) for pk, code, name in rows.values_list("pk", "code", "name")}

    def _groups(self) -> list[tuple[str, str]]:
        if self.by == "superior":
            return sorted(self._superiors.values())
        codes = sorted({key for key, _kind in self._owed} - {NONE})
        return [(code, system_word(code)) for code in codes]

    def _none_word(self) -> str:
        words = {"region": _("directly in %(region)s") % {"region": self.region.label}, "system": _("of no system"),
                 "superior": _("reporting to the region itself")}  # fmt: skip
        return words[self.by]

    def _bodies(self, period: Slot) -> set[int]:
        return set(self.approved(period).order_by().values_list("institution_id", flat=True))

    def _compared(
        self, period: Slot, left_out: set[int], form: int
    ) -> tuple[dict[str, Decimal | None], dict[str, Decimal | None]]:
        """The sums of a period of all institutions, and without those that are in one year only."""
        whole, whole_known = self._totals(period, None)
        part, part_known = self._totals(period, left_out)
        adds = {line.key for line in self.edition.lines(form) if line.adds and line.level is not Level.SUMMARY}
        same = {
            key: (whole[key] or Decimal(0)) - (part.get(key) or Decimal(0))
            for key in adds
            if key in whole and whole_known[key] > part_known.get(key, 0)
        }
        count = self.approved(period).count()
        everyone: dict[str, Decimal | None] = {key: whole.get(key) for key in adds}
        return {**everyone, "institutions": Decimal(count)}, {**same, "institutions": Decimal(count - len(left_out))}

    def _totals(self, period: Slot, bodies: Iterable[int] | None) -> tuple[dict[str, Decimal], dict[str, int]]:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        known: dict[str, int] = defaultdict(int)
        rows = Value.objects.filter(of__in=self.approved(period).order_by().values("pk"), value__isnull=False)
        parts = [rows] if bodies is None else [
            rows.filter(of__institution__in=chunk) for chunk in bulk.chunks(sorted(bodies))
        ]  # fmt: skip
        for part in parts:
            for row in part.order_by().values("indicator").annotate(sum=Sum("value"), known=Count("pk")):
                sums[row["indicator"]] += row["sum"]
                known[row["indicator"]] += row["known"]
        return dict(sums), dict(known)


def _scope_q(actor: Actor, region: Region) -> Q:
    """Returns by where they stood: of regions overseen, and of systems guided."""
    scope = actor.scope_for(Capability.OVERSEE_RETURNS)
    if scope.covers(region.path):
        return Q()
    wanted = Q(pk__in=[])
    for path, system in scope.systems:
        wanted |= Q(region__path__startswith=path, system=system)
    for path in scope.regions:
        wanted |= Q(region__path__startswith=path)
    places = [*scope.regions, *(path for path, _system in scope.systems)]
    if not any(region.path.startswith(path) or path.startswith(region.path) for path in places):
        raise Forbidden(Capability.OVERSEE_RETURNS)
    return wanted & Q(region__path__startswith=scope.limit) if scope.limit else wanted


def _groups_of_events() -> dict[Any, Any]:
    """Institutions that became one another, each with its group."""
    rows = EventParty.objects.filter(event__kind__in=_BECAME).order_by("event_id", "id")
    parties: dict[int, list[str]] = defaultdict(list)
    for event, body in rows.values_list("event_id", "institution_id"):
        parties[event].append(str(body))
    pairs = [(members[0], other) for members in parties.values() for other in members[1:]]
    groups = comparison_groups(pairs)
    return {int(body): int(group) for body, group in groups.items()}
