"""Grants (授权): who may give which role over what. No way leads upwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record, snapshot
from nengtan.identity.models import Grant, User
from nengtan.identity.places import Institution, Region
from nengtan.identity.queries import place_of
from nengtan.identity.roles import CAPABILITIES, NEEDS_INSTITUTION, NEEDS_REGION, SIGNATURES, Capability, Role
from nengtan.identity.services.holding import hold

KEPT = ("user_id", "role", "region_id", "system", "institution_id", "valid_until", "revoked_at")


@dataclass(frozen=True)
class GrantInput:
    """A role, and where it holds."""

    role: str
    region: Region | None = None
    system: str = ""
    institution: Institution | None = None
    valid_until: date | None = None

    @property
    def path(self) -> str:
        """The region the grant lies in; empty for the whole platform."""
        if self.institution is not None:
            return str(self.institution.region.path)
        return str(self.region.path) if self.region is not None else ""


@transaction.atomic
def grant_role(actor: Actor, user: User, data: GrantInput) -> Grant:
    """Give a role.

    Raises:
        ValidationError: by field: the role needs a region, a system, an institution, or does not take one.
        Forbidden: to oneself; over what the actor does not manage; a right the actor lacks.
    """
    hold(user)
    problems = check_grant(actor, user, data)
    if problems:
        raise ValidationError(problems)
    return add_grant(actor, user, data)


def check_grant(actor: Actor, user: User, data: GrantInput) -> dict[str, list[str]]:
    """What is wrong with a grant by field; raises :class:`Forbidden` where the actor may not give it at all."""
    actor.require(Capability.MANAGE_USERS)
    if data.role not in Role.values:
        return {
            "role": [
                _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": data.role, "allowed": " ".join(Role.values)}
            ]
        }
    problems = _shape_problems(data)
    if data.valid_until is not None and data.valid_until < timezone.localdate():
        problems["valid_until"] = [_("The last day must not lie in the past.")]
    if problems:
        return problems
    _require_within(actor, user, data.role, data.path)
    if user.pk and _same(user, data).exists():
        problems["role"] = [_("The user has this role already.")]
    return problems


def add_grant(actor: Actor, user: User, data: GrantInput) -> Grant:
    """Write a grant that :func:`check_grant` found in order, and its audit event."""
    grant = Grant.objects.create(
        user=user,
        role=data.role,
        region=data.region,
        system=data.system,
        institution=data.institution,
        valid_until=data.valid_until,
        granted_by=actor.user,
    )
    record(
        actor,
        "grant.add",
        grant,
        after=snapshot(grant, *KEPT),
        region_path=data.path,
        institution_id=data.institution.pk if data.institution else None,
    )
    return grant


@transaction.atomic
def revoke_grant(actor: Actor, grant: Grant, reason: str = "") -> Grant:
    """Take a role back; it stays on record. Taking it twice changes nothing."""
    actor.require(Capability.MANAGE_USERS)
    _require_within(actor, grant.user, grant.role, place_of(grant))
    hold(grant)
    if grant.revoked_at is not None:
        return grant
    before = snapshot(grant, *KEPT)
    grant.revoked_at = timezone.now()
    grant.save(update_fields=["revoked_at"])
    record(
        actor,
        "grant.revoke",
        grant,
        before=before,
        after=snapshot(grant, *KEPT),
        region_path=place_of(grant),
        institution_id=grant.institution_id,
        reason=reason,
    )
    return grant


def roles_for(actor: Actor) -> list[Role]:
    """The roles the actor may give: those that can do nothing the actor cannot."""
    if not actor.can(Capability.MANAGE_USERS):
        return []
    return [role for role in Role if _may_give(actor, role)]


def _may_give(actor: Actor, role: str) -> bool:
    if role == Role.PLATFORM_ADMIN and not actor.scope_for(Capability.MANAGE_USERS).whole:
        return False
    return _weighed(role) <= actor.capabilities


def _weighed(role: str) -> frozenset[str]:
    """What a role can do, signatures aside: who appoints an institution's heads does not sign in their place."""
    return CAPABILITIES[role] - SIGNATURES


def _require_within(actor: Actor, user: User, role: str, path: str) -> None:
    """Own grants, roles above one's own, and places outside are out of reach."""
    if actor.user is not None and actor.user.pk == user.pk:
        raise Forbidden(_("Nobody changes their own roles; ask another administrator."))
    if not _may_give(actor, role):
        raise Forbidden(
            _("You cannot give or take the role “%(role)s”: it can do more than you.") % {"role": Role(role).label}
        )
    if not _covers(actor, role, path):
        raise Forbidden(_("This place is outside what you manage."))


def _covers(actor: Actor, role: str, path: str) -> bool:
    """Whether every right of ``role`` is the actor's own at ``path``: rights held elsewhere do not count."""
    wanted = _weighed(role) | {Capability.MANAGE_USERS}
    return all(actor.scope_for(capability).covers(path) for capability in wanted)


def _shape_problems(data: GrantInput) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    either = data.role == Role.VERIFIER
    if data.role in NEEDS_INSTITUTION and data.institution is None:
        problems["institution"] = [_("This role needs an institution.")]
    if data.role in NEEDS_REGION and data.region is None and not (either and data.institution):
        problems["region"] = [_("This role needs a region.")]
    if data.institution and data.role not in NEEDS_INSTITUTION and not either:
        problems["institution"] = [_("This role takes no institution.")]
    if data.region and (data.role not in NEEDS_REGION or (either and data.institution)):
        problems["region"] = [_("This role takes no region.")]
    return problems | _system_problems(data)


def _system_problems(data: GrantInput) -> dict[str, list[str]]:
    if data.role != Role.SYSTEM_DEPARTMENT:
        return {"system": [_("This role takes no system.")]} if data.system else {}
    systems = reference.systems()
    if data.system in systems:
        return {}
    allowed = {"found": data.system, "allowed": " ".join(systems)}
    return {
        "system": [
            _("Found “%(found)s”; allowed: %(allowed)s.") % allowed if data.system else _("This role needs a system.")
        ]
    }


def _same(user: User, data: GrantInput) -> QuerySet[Grant]:
    return user.grants.filter(
        role=data.role, region=data.region, system=data.system, institution=data.institution, revoked_at=None
    )
