"""Returns as lists: whose, how far, how late."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from nengtan.domain.returns import slots
from nengtan.domain.returns.steps import State
from nengtan.identity.access import Actor
from nengtan.registry.models import Region
from nengtan.reporting.models import Return, ReturnQuerySet

HANDED_IN = (State.REPORTED, State.APPROVED)


def returns_of(actor: Actor, region: Region, period: slots.Slot) -> ReturnQuerySet:
    """The returns of a period the actor may see, of a region and all below it, as it stood then."""
    return (
        Return.objects.for_actor(actor)
        .filter(year=period.year, slot=period.number, kind=period.kind, region__path__startswith=region.path)
        .select_related("institution", "region")
        .order_by("institution__code")
    )


def is_late(of: Return, today: date | None = None) -> bool:
    """Whether a return is due and not handed in, or was handed in after the day it was due."""
    if of.due_on is None:
        return False
    if of.state not in HANDED_IN or of.reported_at is None:
        return (today or timezone.localdate()) > of.due_on
    return timezone.localdate(of.reported_at) > of.due_on
