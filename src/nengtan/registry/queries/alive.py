"""Bodies that may exist on paper only: nobody, no area, no activity (名录核查)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, Subquery

from nengtan.domain import periods
from nengtan.identity.access import Actor
from nengtan.registry.models import Attribute, Contact, Institution, Region
from nengtan.registry.models.institution import InstitutionQuerySet
from nengtan.ui.fields import FixedPointField

GONE = (2, 6)
"""Standings of figures that were corrected or taken back."""


@dataclass(frozen=True)
class Doubt:
    """An institution and what is missing in a year; with its latest month of figures, and whom to ask."""

    institution: Institution
    persons: Decimal | None
    area_m2: Decimal | None
    active: bool
    last_period: int | None = None
    contact: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Codes of what is missing: no_staff, no_area, no_activity."""
        found = (("no_staff", not self.persons), ("no_area", not self.area_m2), ("no_activity", not self.active))
        return tuple(code for code, missing in found if missing)


def checked(actor: Actor, year: int, region: Region | None = None) -> InstitutionQuerySet:
    """Institutions in scope that existed in ``year``; with ``region`` those in it and below."""
    rows = Institution.objects.for_actor(actor)
    rows = rows.within(region) if region else rows
    return rows.exclude(closed_on__lte=date(year, 1, 1)).exclude(established_on__gt=periods.last_day(year * 100 + 12))


def year_to_check(actor: Actor, before: int) -> int:
    """The latest year before ``before`` of which anybody in scope has figures; the year before it where nobody has."""
    bodies = Institution.objects.for_actor(actor).filter(years__year__lt=before)
    found: int | None = bodies.aggregate(latest=Max("years__year"))["latest"]
    return found or before - 1


def doubtful(actor: Actor, year: int, region: Region | None = None) -> list[Doubt]:
    """Institutions in scope that existed in ``year`` and of which staff, area or activity is missing; worst first."""
    end = periods.last_day(year * 100 + 12)
    bodies = (
        checked(actor, year, region)
        .select_related("region")
        .annotate(
            persons_held=_in_force("persons", end),
            area_held=_in_force("area_m2", end),
            last_period=Subquery(
                standing_facts().filter(institution=OuterRef("pk")).order_by("-period").values("period")[:1]
            ),
            has_facts=Exists(
                standing_facts().filter(institution=OuterRef("pk"), period__range=(year * 100 + 1, year * 100 + 12))
            ),
        )
        .filter(Q(persons_held=None) | Q(persons_held=0) | Q(area_held=None) | Q(area_held=0) | Q(has_facts=False))
        .order_by("code")
    )
    people = _contacts(checked(actor, year, region))
    doubts = [
        Doubt(body, body.persons_held, body.area_held, body.has_facts, body.last_period, people.get(body.pk, ""))
        for body in bodies
    ]
    return sorted(doubts, key=lambda one: -len(one.reasons))


def _contacts(bodies: InstitutionQuerySet) -> dict[int, str]:
    """Whom to ask: the liaison officer first, else the statistician, else the carbon manager."""
    rows = Contact.objects.filter(institution__in=bodies.order_by().values("pk"))
    order = list(Contact.Role.values)
    told: dict[int, str] = {}
    for one in sorted(rows, key=lambda one: (order.index(one.role), one.pk)):
        told.setdefault(one.institution_id, f"{one.name} {one.phone}".strip())
    return told


def _in_force(key: str, day: date) -> Subquery:
    held = Attribute.objects.filter(institution=OuterRef("pk"), key=key, valid_from__lte=day).order_by("-valid_from")
    return Subquery(held.values("value")[:1], output_field=FixedPointField())


def standing_facts() -> Any:
    """Figures neither corrected nor taken back; found by the relation's name, since another room keeps them."""
    return Institution._meta.get_field("facts").related_model._default_manager.exclude(standing__in=GONE)
