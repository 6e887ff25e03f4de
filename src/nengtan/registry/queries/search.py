"""Finding things by name, code or the initials of the name's pinyin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.urls import NoReverseMatch, reverse

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Building, Institution, Meter, Region

SHOWN = 30
"""How many of each kind are listed."""


@dataclass(frozen=True)
class Found:
    """Something found: its kind, code, name, where it belongs, and its page."""

    kind: str
    code: str
    name: str
    place: str
    url: str


def institutions_like(rows: QuerySet[Institution], typed: str) -> QuerySet[Institution]:
    """Institutions whose code or credit code begins with, or whose names or initials hold, what was typed."""
    typed = typed.strip()
    folded = typed.casefold()
    wanted = (
        Q(name__icontains=typed)
        | Q(code__istartswith=typed)
        | Q(initials__contains=folded)
        | Q(credit_code__istartswith=typed)
        | Q(pk__in=Institution.objects.filter(spans__name__icontains=typed).values("pk"))
    )
    rank = Case(
        When(Q(code__iexact=typed) | Q(name=typed), then=Value(0)),
        When(Q(name__istartswith=typed) | Q(initials__startswith=folded), then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return rows.filter(wanted).alias(rank=rank).order_by("rank", "code")


def search(actor: Actor, typed: str) -> list[Found]:
    """Institutions, regions, buildings and meters in the actor's scope; institutions first."""
    typed = typed.strip()[:80]
    if not typed:
        return []
    found: list[Found] = []
    if actor.can(Capability.VIEW_DETAIL):
        bodies = institutions_like(Institution.objects.for_actor(actor).select_related("region"), typed)
        found += [
            Found("institution", body.code, body.name, str(body.region), _url("institution", body.code))
            for body in bodies[:SHOWN]
        ]
    regions = Region.objects.for_actor(actor).filter(
        Q(name__icontains=typed) | Q(name_en__icontains=typed) | Q(code__istartswith=typed)
    )
    found += [
        Found("region", region.code, region.label, region.get_level_display(), _url("region", region.code))
        for region in regions[:SHOWN]
    ]
    if actor.can(Capability.VIEW_DETAIL):
        found += _places(actor, typed)
    return found


def _places(actor: Actor, typed: str) -> list[Found]:
    found: list[Found] = []
    for kind, model, tab in (("building", Building, "buildings"), ("meter", Meter, "meters")):
        rows: Any = model.objects.for_actor(actor).filter(Q(name__icontains=typed) | Q(code__istartswith=typed))
        for one in rows.select_related("institution").order_by("code")[:SHOWN]:
            url = f"{reverse('institution_record', args=[one.institution.code])}?tab={tab}"
            found.append(Found(kind, one.code, str(one), one.institution.name, url))
    return found


def _url(name: str, code: str) -> str:
    """The overview of a place, where the room of overviews is installed; else its record."""
    try:
        return reverse(name, args=[code])
    except NoReverseMatch:
        return reverse("institution_record", args=[code]) if name == "institution" else ""
