"""Returns as lists: whose, how far, how late."""

from __future__ import annotations

from django.db.models import Case, F, IntegerField, Q, When

from nengtan.domain.returns import slots
from nengtan.domain.returns.steps import TRANSITIONS, Role, State
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting.models import Return, ReturnQuerySet
from nengtan.reporting.services.stepping import RIGHTS

MOST_COUNTED = 999
"""What waits is counted so far and no further."""

TURNS: dict[Role, tuple[State, ...]] = {
    role: tuple(dict.fromkeys(state for (state, _action), arrow in TRANSITIONS.items() if arrow.role is role))
    for role in (Role.STATISTICIAN, Role.STATISTICS_HEAD, Role.UNIT_HEAD)
}
"""Whose turn it is within the institution."""


def returns_of(actor: Actor, region: Region, period: slots.Slot) -> ReturnQuerySet:
    """The returns owed for a period that the actor may see, of a region and all below it, as it stood then."""
    return (
        Return.objects.for_actor(actor)
        .owed()
        .filter(year=period.year, slot=period.number, kind=period.kind, region__path__startswith=region.path)
        .select_related("institution", "region")
        .order_by("institution__code")
    )


def visible(actor: Actor, capability: str = Capability.VIEW_DETAIL) -> ReturnQuerySet:
    """Every return the actor may use ``capability`` on, the latest period first."""
    return _latest_first(Return.objects.for_actor(actor, capability))


def _latest_first(returns: ReturnQuerySet) -> ReturnQuerySet:
    """By the end of the period; of those that end together the shorter first."""
    length = Case(
        When(kind=slots.Kind.ANNUAL, then=0),
        When(kind=slots.Kind.QUARTER, then=1),
        default=2,
        output_field=IntegerField(),
    )
    end = Case(When(slot=0, then=12), default=F("slot"), output_field=IntegerField())
    return (
        returns.select_related("institution__region", "region", "superior")
        .annotate(end=end, length=length)
        .order_by("-year", "-end", "-length", "institution__code")
    )


def waiting_for(actor: Actor) -> ReturnQuerySet:
    """The returns whose next step is the actor's, the latest period first."""
    found = Q(pk__in=[])
    for role, states in TURNS.items():
        right = RIGHTS[role]
        if actor.can(right):
            found |= Q(state__in=states) & actor.scope_for(right).institutions_q("institution__")
    return _latest_first(Return.objects.filter(found).owed())


def turn_count(actor: Actor) -> int | None:
    """How many returns wait for somebody of an institution; None for those who work for a region."""
    if not is_of_an_institution(actor):
        return None
    return _count(waiting_for(actor))


def review_count(actor: Actor) -> int | None:
    """How many reported returns wait for the actor's decision; None for those who decide on none."""
    if not actor.can(Capability.REVIEW_RETURNS):
        return None
    return _count(Return.objects.for_actor(actor, Capability.REVIEW_RETURNS).owed().filter(state=State.REPORTED))


def is_of_an_institution(actor: Actor) -> bool:
    """Whether somebody works for institutions one by one, not for a region."""
    scope = actor.scope
    return bool(scope.institutions) and not (scope.everything or scope.regions or scope.systems)


def _count(returns: ReturnQuerySet) -> int:
    """Not further than a menu shows, so that a province's menu costs no more than a district's."""
    return returns.order_by().values("pk")[: MOST_COUNTED + 1].count()
