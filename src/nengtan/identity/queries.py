"""Which users, keys and audit events an actor may look at."""

from __future__ import annotations

from typing import TypedDict

from django.db.models import Exists, OuterRef, Q, QuerySet

from nengtan.identity.access import Actor, Scope
from nengtan.identity.models import ApiKey, AuditEvent, Grant, User
from nengtan.identity.roles import Capability, Role


class Home(TypedDict):
    """Where a user belongs, as the trail keeps it."""

    region_path: str
    institution_id: int | None


def users_for(actor: Actor, *, manageable: bool = False) -> QuerySet[User]:
    """Users with a grant within what the actor manages; with ``manageable`` those who hold nothing beyond it.

    A manager so never resets the password of somebody who can do more, or elsewhere. Oneself is listed, never
    manageable.
    """
    scope = actor.scope_for(Capability.MANAGE_USERS)
    users = User.objects.all()
    if not scope.whole:
        users = users.filter(Exists(Grant.objects.filter(grants_q(scope), user=OuterRef("pk"))))
    if not manageable:
        return users
    if not scope.whole:
        beyond = Grant.objects.filter(user=OuterRef("pk"), revoked_at=None).exclude(grants_q(scope))
        users = users.exclude(Exists(beyond))
    return users.exclude(pk=actor.user.pk) if actor.user else users


def grants_q(scope: Scope) -> Q:
    """Grants whose region or institution lies within ``scope``."""
    if scope.whole:
        return Q(pk__isnull=False)
    wanted = Q(pk__in=[])
    for path in [scope.limit] if scope.everything else scope.regions:
        wanted |= Q(region__path__startswith=path) | Q(institution__region__path__startswith=path)
    if scope.limit:
        wanted &= Q(region__path__startswith=scope.limit) | Q(institution__region__path__startswith=scope.limit)
    return wanted & ~Q(role=Role.PLATFORM_ADMIN)


def keys_for(actor: Actor) -> QuerySet[ApiKey]:
    """One's own keys, and those of the users one manages."""
    own = Q(user=actor.user) if actor.user else Q(pk__in=[])
    if actor.can(Capability.MANAGE_USERS):
        own |= Q(user__in=users_for(actor, manageable=True))
    return ApiKey.objects.filter(own).select_related("user", "region")


def events_for(actor: Actor) -> QuerySet[AuditEvent]:
    """The part of the trail the actor may read: what happened in their regions, systems and institutions."""
    scope = actor.scope_for(Capability.VIEW_AUDIT)
    wanted = Q() if scope.everything else Q(pk__in=[])
    for path in scope.regions:
        wanted |= Q(region_path__startswith=path)
    for path, system in scope.systems:
        wanted |= Q(institution__region__path__startswith=path, institution__system=system)
    if scope.institutions:
        wanted |= Q(institution_id__in=scope.institutions)
    if scope.limit:
        wanted &= Q(region_path__startswith=scope.limit)
    return AuditEvent.objects.filter(wanted)


def home_of(user: User) -> Home:
    """Where the trail files what concerns ``user``: the smallest region all their grants lie in."""
    grants = user.grants.filter(revoked_at=None).select_related("region", "institution__region")
    places = [place_of(grant) for grant in grants]
    institutions = {grant.institution_id for grant in grants}
    only = institutions.pop() if len(institutions) == 1 else None
    return {"region_path": _common(places), "institution_id": only}


def place_of(grant: Grant) -> str:
    """The path of the region a grant lies in; empty for the whole platform."""
    if grant.institution is not None:
        return grant.institution.region.path
    return grant.region.path if grant.region is not None else ""


def _common(paths: list[str]) -> str:
    """The deepest path above all of ``paths``."""
    if not paths:
        return ""
    shared: list[str] = []
    for codes in zip(*(path.strip("/").split("/") for path in paths), strict=False):
        if len(set(codes)) > 1:
            break
        shared.append(codes[0])
    return f"/{'/'.join(shared)}/" if any(shared) else ""
