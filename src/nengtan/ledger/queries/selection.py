"""Which part of the books a question is about, and whether the asker may see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from django.db.models import QuerySet, prefetch_related_objects

from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, InstitutionYear
from nengtan.ledger.models.facts import FactQuerySet
from nengtan.registry.models import Institution, Region
from nengtan.registry.models.region import RegionQuerySet


@dataclass(frozen=True)
class Selection:
    """A year of a region or an institution, maybe cut down to a kind of body, a carrier, a month (1 to 12)."""

    year: int
    region: Region | None = None
    institution: Institution | None = None
    kind: str = ""
    carrier: str = ""
    month: int | None = None

    @property
    def subject(self) -> Region | Institution:
        """What the figures are of."""
        subject = self.institution or self.region
        if subject is None:
            raise ValueError("a region or an institution is needed")
        return subject

    @property
    def path(self) -> str:
        """The path of the region asked about, or the institution's."""
        return (self.region or self.subject.region).path  # type: ignore[union-attr]

    @property
    def periods(self) -> tuple[int, int]:
        """First and last month asked about."""
        if self.month:
            return self.year * 100 + self.month, self.year * 100 + self.month
        return self.year * 100 + 1, self.year * 100 + 12

    @property
    def kept_as(self) -> tuple[int, int]:
        """First and last period of the kept sums that make it up: the year's own unless a month is asked about."""
        return self.periods if self.month else (self.year, self.year)

    @cached_property
    def regions(self) -> dict[int, Region]:
        """By primary key, the region asked about, then those just below it."""
        if self.region is None:
            return {}
        prefetch_related_objects([self.region], "children")
        return {region.pk: region for region in (self.region, *self.region.children.all())}

    def of_year(self, year: int) -> Selection:
        """The same question of another year."""
        return replace(self, year=year)


def require_visible(actor: Actor, selection: Selection) -> None:
    """Raise :class:`Forbidden` where the actor may see nothing of the subject.

    A region's total is visible to those granted the region; system departments and institutions see their own part
    of any region they belong to.
    """
    if selection.institution is not None:
        allowed = (
            Institution.objects.for_actor(actor, Capability.VIEW_DETAIL).filter(pk=selection.institution.pk).exists()
        )
    else:
        allowed = sees_whole(actor, selection) or visible_bodies(actor, selection).exists()
    if not allowed:
        raise Forbidden(Capability.VIEW)


def sees_whole(actor: Actor, selection: Selection) -> bool:
    """Whether the actor may see the region's total, not only a part of it."""
    return selection.region is not None and actor.scope_for(Capability.VIEW).covers(selection.region.path)


def visible_bodies(actor: Actor, selection: Selection) -> QuerySet[Institution]:
    """The institutions of the region the actor may see one by one."""
    bodies = Institution.objects.for_actor(actor, Capability.VIEW_DETAIL)
    return bodies.filter(region__in=_within(selection))


def _within(selection: Selection) -> RegionQuerySet | list[int]:
    """The regions asked about, by which rows are looked up in an index: a comparison of paths would read them all.

    They are named one by one, so that the database knows how few they are; a nation's thousands are not.
    """
    region = selection.region
    if region is None or region.parent_id is None:
        return Region.objects.filter(path__startswith=selection.path).order_by()
    return region.within


def facts_of(
    actor: Actor, selection: Selection, counting: bool = True, span: tuple[int, int] | None = None
) -> FactQuerySet:
    """The facts behind a selection that the actor may see; of the months from ``span`` if given."""
    facts = ActivityFact.objects.for_actor(actor).filter(period__range=span or selection.periods)
    if selection.institution is not None:
        facts = facts.filter(institution=selection.institution)
    else:
        facts = facts.filter(region__in=_within(selection))
    if selection.kind:
        facts = facts.filter(kind=selection.kind)
    if selection.carrier:
        facts = facts.filter(carrier=selection.carrier)
    return facts.counting() if counting else facts


def books_of(actor: Actor, selection: Selection, since: int | None = None) -> QuerySet[InstitutionYear]:
    """The yearly books the actor may see one by one behind a selection; of the years from ``since`` on if given."""
    books = InstitutionYear.objects.filter(year__in=range(since or selection.year, selection.year + 1))
    if selection.institution is not None:
        books = books.filter(institution=selection.institution)
    else:
        books = books.filter(region__in=_within(selection))
        scope = actor.scope_for(Capability.VIEW_DETAIL)
        if not scope.covers(selection.path):
            books = books.filter(scope.institutions_q("institution__"))
    return books.filter(kind=selection.kind) if selection.kind else books
