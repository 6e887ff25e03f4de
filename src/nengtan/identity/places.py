"""Regions and institutions, as this room knows them: by name only, for the room that keeps them stands above."""

from __future__ import annotations

from typing import Any, TypeAlias

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor

Region: TypeAlias = Any
"""A ``registry.Region``."""

Institution: TypeAlias = Any
"""A ``registry.Institution``."""


def regions_in_reach(actor: Actor, capability: str) -> QuerySet[Any]:
    """Regions the actor may use ``capability`` on as a whole."""
    return apps.get_model("registry", "Region").objects.for_actor(actor, capability)


def institutions_in_reach(actor: Actor, capability: str) -> QuerySet[Any]:
    """Institutions the actor may use ``capability`` on."""
    return apps.get_model("registry", "Institution").objects.for_actor(actor, capability)


def find(places: QuerySet[Any], typed: str) -> Any:
    """The one place meant by a code, by ``code name`` as suggestions write it, or by a part of its name.

    Raises:
        ValidationError: none or several; says which.
    """
    typed = typed.strip()
    words = typed.split()
    exact = places.filter(code=words[0]).first() if words else None
    if exact is not None:
        return exact
    found = list(places.filter(name=typed)[:2])
    if len(found) != 1:
        found = list(suggestions(places, typed)[:6])
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValidationError(
            _("Nothing called “%(typed)s” within what you manage. Type a code or a name.") % {"typed": typed}
        )
    named = _(", ").join(f"{place.code} {place}" for place in found[:5])
    raise ValidationError(_("Several fit: %(found)s … Type the code.") % {"found": named})


def suggestions(places: QuerySet[Any], typed: str) -> QuerySet[Any]:
    """Places whose code begins with, or whose name holds, what was typed."""
    named = Q(name__icontains=typed) | Q(code__istartswith=typed)
    english = Q(name_en__icontains=typed) if _has_english(places) else Q(initials__startswith=typed.casefold())
    return places.filter(named | english)


def _has_english(places: QuerySet[Any]) -> bool:
    return any(field.name == "name_en" for field in places.model._meta.get_fields())
