"""Records named by code in requests: what is outside the actor's reach is as unknown as what does not exist."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution


def named(rows: QuerySet[Any], field: str, code: str | None) -> Any:
    """The record with a code, or None where none is named."""
    if not code:
        return None
    found = rows.filter(code=code).first()
    if found is None:
        raise ValidationError({field: _("There is no “%(code)s” within your reach.") % {"code": code}})
    return found


def writable(actor: Actor) -> QuerySet[Institution]:
    """Institutions the actor may change; Forbidden for who may change none."""
    actor.require(Capability.WRITE_REGISTRY)
    return Institution.objects.for_actor(actor, Capability.WRITE_REGISTRY).select_related("region")


def readable(actor: Actor) -> QuerySet[Institution]:
    """Institutions the actor may see."""
    actor.require(Capability.VIEW_DETAIL)
    return Institution.objects.for_actor(actor).select_related("region", "superior", "host")


def body_of(actor: Actor, code: str, write: bool = False) -> Institution:
    """An institution by code, or 404."""
    return get_object_or_404(writable(actor) if write else readable(actor), code=code)
