"""Lists with the values in force today."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Asset, Attribute, Building, Contact, Institution, Meter, Occupancy, Region
from nengtan.ui.fields import FixedPointField


def in_force(owner: str, key: str, day: date) -> Subquery:
    """The value of an attribute on a day."""
    held = Attribute.objects.filter(**{owner: OuterRef("pk")}, key=key, valid_from__lte=day).order_by("-valid_from")
    return Subquery(held.values("value")[:1], output_field=FixedPointField())


def institutions(actor: Actor, day: date | None = None) -> QuerySet[Institution]:
    """Institutions in scope with ``area_held`` and ``persons_held``."""
    day = day or timezone.localdate()
    rows = Institution.objects.for_actor(actor).select_related("region")
    return rows.annotate(
        area_held=in_force("institution", "area_m2", day), persons_held=in_force("institution", "persons", day)
    )


def register_is_due(actor: Actor, region: Region | None = None) -> bool:
    """Whether the actor's part of the register, or of a region, is empty and theirs to fill: without bodies no bill
    has a place.
    """
    if not actor.can(Capability.WRITE_REGISTRY):
        return False
    bodies = Institution.objects.for_actor(actor)
    if region is not None:
        if not actor.scope_for(Capability.WRITE_REGISTRY).covers(region.path):
            return False
        bodies = bodies.filter(region__path__startswith=region.path)
    return not bodies.exists()


def buildings(actor: Actor) -> QuerySet[Any]:
    """Buildings in scope with ``area_held`` and the number of ``bodies`` in each."""
    rows = Building.objects.for_actor(actor).select_related("institution", "region")
    return rows.annotate(
        area_held=in_force("building", "area_m2", timezone.localdate()),
        bodies=Count("occupancies__institution", distinct=True),
    )


def meters(actor: Actor) -> QuerySet[Any]:
    """Meters in scope."""
    return Meter.objects.for_actor(actor).select_related("institution", "building", "parent")


def assets(actor: Actor) -> QuerySet[Any]:
    """Equipment in scope."""
    return Asset.objects.for_actor(actor).select_related("institution", "building")


def occupancies(actor: Actor) -> QuerySet[Any]:
    """Parts of buildings held by institutions in scope."""
    return Occupancy.objects.for_actor(actor).select_related("institution", "building")


def contacts(actor: Actor) -> QuerySet[Contact]:
    """Whom to call at institutions in scope."""
    mine = Institution.objects.for_actor(actor).order_by().values("pk")
    return Contact.objects.filter(institution__in=mine).select_related("institution")
