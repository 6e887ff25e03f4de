"""Forms 5 to 8 of a region from its approved returns: by region, by system, by superior body, and against last year."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from nengtan.domain.returns.rollup import (
    Comparison,
    Contribution,
    Summary,
    in_two_years,
    summarise,
    without,
)
from nengtan.domain.returns.scheme import Edition, Records
from nengtan.domain.returns.slots import Slot
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, Region
from nengtan.reporting.models import Return, ReturnQuerySet, Value
from nengtan.reporting.same import joined
from nengtan.reporting.totals import BY, NONE, Counted, Lying, edition_among, know_bodies
from nengtan.ui.words import named, system_word

__all__ = ["BY", "FORMS", "NONE", "Behind", "Rollup"]

FORMS = (5, 6, 7, 8)


@dataclass(frozen=True)
class Behind:
    """One return behind a figure, with what it adds to it."""

    of: Return
    value: Decimal | None


class Rollup:
    """What the actor may see of a region's approved returns of a period, added up in the database.

    ``system`` and ``kind`` narrow what is added.

    Raises:
        Forbidden: the actor may use ``capability`` on nothing of the region.
    """

    def __init__(
        self, actor: Actor, region: Region, period: Slot, by: str = "region", system: str = "", kind: str = "",
        capability: str = Capability.OVERSEE_RETURNS,
    ) -> None:  # fmt: skip
        self.actor, self.region, self.period, self.by = actor, region, period, by
        self.system, self.kind = system, kind
        self.is_partial = not actor.scope_for(capability).covers(region.path)
        within = _scope_q(actor, region, capability)
        within &= Q(system=system) if system else Q()
        within &= Q(institution_kind__startswith=kind) if kind else Q()
        years = period, period.last_year
        self._lying = lying = Lying(*years)
        self.counted, self.last_year = (Counted(region, slot, by, within, lying) for slot in years)

    @cached_property
    def edition(self) -> Edition:
        """The edition the returns of the period are of; of several the last."""
        return edition_among(self._lying.editions(self.period), self.period.year)

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the region, by region: what the level above is given."""
        return self.by == "region" and not (self.is_partial or self.system or self.kind)

    def returns(self) -> ReturnQuerySet:
        """Every return owed for the period."""
        return self.counted.returns

    def approved(self) -> ReturnQuerySet:
        """Those that count."""
        return self.counted.approved

    @cached_property
    def children(self) -> list[tuple[str, str]]:
        """The rows of form 5: key and name, in order; what belongs to none last."""
        found = self._regions() if self.by == "region" else self._groups()
        used = {key for key, _kind in self.counted.owed}
        return [*found, *([(NONE, self._none_word())] if NONE in used else [])]

    def summary(self, form: int) -> Summary:
        """One of the forms 5 to 8, with how many returns of how many owed stand behind each head."""
        children = [key for key, _name in self.children]
        held, owed = self.counted.contributions, self.counted.owed
        return summarise(self.edition, form, held, children=children, expected=owed)

    def head_word(self, form: int, head: str) -> str:
        """The name of a row of form 5 or a column of the others."""
        if self.edition.forms[form].records is Records.CHILD:
            return dict(self.children).get(head) or _("Total")
        column = next(column for column in self.edition.columns if column.code == head)
        return named(column)

    def comparison(self, form: int) -> Comparison:
        """The lines of a form this year and last: of all institutions, and of those in both years."""
        know_bodies(self.counted, self.last_year)
        now, base = self.counted.bodies, self.last_year.bodies
        here, there, counts = joined(self.period, self.period.last_year, now, base).same(now, base)
        same = _of_bodies(self.counted, here), _of_bodies(self.last_year, there)
        return in_two_years(self.edition, form, (self.counted.total, self.last_year.total), same, counts)

    def behind(self, form: int, head: str, indicator: str) -> list[Behind]:
        """The approved returns a figure was added up from, the largest first."""
        rows = self.approved().select_related("institution", "region").order_by("institution__code")
        chosen = [of for of in rows if self._is_under(form, head, of)]
        held = Value.objects.filter(of__in=self.approved().order_by().values("pk"), indicator=indicator)
        values = dict(held.order_by().values_list("of_id").annotate(Sum("value")))
        found = [Behind(of, values.get(of.pk)) for of in chosen]
        return sorted(found, key=lambda item: (item.value is None, -(item.value or 0)))

    def _is_under(self, form: int, head: str, of: Return) -> bool:
        if self.edition.forms[form].records is Records.CHILD:
            return not head or self.counted.child(of.region_id, of.superior_id, of.system) == head
        return next(column for column in self.edition.columns if column.code == head).holds(of.institution_kind)

    def _regions(self) -> list[tuple[str, str]]:
        """The regions below that owe returns, have institutions or were added here."""
        below = Institution.objects.filter(region__path__startswith=self.region.path).order_by()
        depth = len(self.region.codes)
        paths = below.values_list("region__path", flat=True).distinct()
        used = {key for key, _kind in self.counted.owed}
        used |= {codes[depth] for path in paths if len(codes := path.strip("/").split("/")) > depth}
        rows = Region.objects.filter(parent=self.region).order_by("code")
        return [(child.code, child.label) for child in rows if child.code in used or not child.shipped]

    def _groups(self) -> list[tuple[str, str]]:
        if self.by == "superior":
            return sorted(self.counted.superiors.values())
        codes = sorted({key for key, _kind in self.counted.owed} - {NONE})
        return [(code, system_word(code)) for code in codes]

    def _none_word(self) -> str:
        words = {"region": _("directly in %(region)s") % {"region": self.region.label}, "system": _("of no system"),
                 "superior": _("reporting to the region itself")}  # fmt: skip
        return words[self.by]


def _of_bodies(counted: Counted, kept: Collection[int]) -> Sequence[Contribution]:
    """The sums of some bodies: added up, or the whole without the others where these are fewer."""
    left_out = counted.bodies.difference(kept)
    if len(left_out) < len(kept):
        return [without(counted.total, counted.of_bodies(left_out))]
    return counted.of_bodies(kept)


def _scope_q(actor: Actor, region: Region, capability: str) -> Q:
    """Returns by where they stood: of regions overseen, and of systems guided."""
    scope = actor.scope_for(capability)
    if scope.covers(region.path):
        return Q()
    wanted = Q(pk__in=[])
    for path, system in scope.systems:
        wanted |= Q(region__path__startswith=path, system=system)
    for path in scope.regions:
        wanted |= Q(region__path__startswith=path)
    if not any(region.path.startswith(path) or path.startswith(region.path) for path in scope.granted):
        raise Forbidden(capability)
    return wanted & Q(region__path__startswith=scope.limit) if scope.limit else wanted
