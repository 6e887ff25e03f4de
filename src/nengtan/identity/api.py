"""API of users, roles, keys and the trail."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Path, Query, Router, Schema, Status
from pydantic import AwareDatetime

from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest
from nengtan.identity.models import ApiKey, AuditEvent, Grant, User
from nengtan.identity.paging import Key, Line, Listed, Paging, Sent, paged
from nengtan.identity.places import institutions_in_reach, regions_in_reach
from nengtan.identity.queries import events_for, grants_q, keys_for, users_for
from nengtan.identity.roles import Capability, Role
from nengtan.identity.services import (
    GrantInput,
    UserInput,
    change_user,
    create_user,
    grant_role,
    issue_key,
    reset_password,
    revoke_grant,
    revoke_key,
    set_active,
)

router = Router(tags=["identity"])

PathKey = Annotated[Key, Path()]

Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(9000, 1, 1, tzinfo=UTC))]
"""A moment that is one in every zone: the last of all days has none in some."""


class GrantOut(Schema):
    """A role and where it holds."""

    id: int
    role: str
    region: str | None = Field(None, alias="region.code", description="region code")
    system: str
    institution: str | None = Field(None, alias="institution.code", description="institution code")
    valid_until: date | None
    granted_at: datetime
    revoked_at: datetime | None


class GrantIn(Sent):
    """A role to give; which of region, system and institution it needs depends on the role."""

    role: Role
    region: Line | None = Field(None, description="region code")
    system: Line = ""
    institution: Line | None = Field(None, description="institution code")
    valid_until: date | None = Field(None, description="last day; without: no end")


class UserOut(Schema):
    """A user."""

    id: int
    username: str
    name: str
    email: str
    phone: str
    language: str
    is_active: bool
    must_change_password: bool
    last_login: datetime | None


class MeOut(UserOut):
    """Whoever asks: what they may do, and where."""

    capabilities: list[str]
    grants: list[GrantOut]


class UserIn(Sent):
    """A user to add, with a first role."""

    username: Line
    name: Line = ""
    email: Line = ""
    phone: Line = ""
    language: Line = ""
    grant: GrantIn | None = None


class UserChange(Sent):
    """What to change of a user; what is left out stays."""

    name: Line | None = None
    email: Line | None = None
    phone: Line | None = None
    language: Line | None = None
    is_active: bool | None = None


class UserAdded(Schema):
    """The new user, and the one-time password: it is not shown again."""

    user: UserOut
    password: str


class PasswordOut(Schema):
    """A one-time password: it is not shown again."""

    password: str


class KeyOut(Schema):
    """An API key, without its secret."""

    id: int
    user: str = Field(alias="user.username")
    name: str
    prefix: str
    capabilities: list[str]
    region: str | None = Field(None, alias="region.code", description="only within this region")
    expires_at: datetime
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyIn(Sent):
    """A key to issue."""

    name: Line
    capabilities: list[Capability] = Field(description="no more than the user has")
    expires_at: AwareDatetime = Field(description="at most 366 days from now")
    region: Line | None = Field(None, description="region code: only within it")
    user_id: Key | None = Field(None, description="a user you manage; without: yourself")


class KeyIssued(Schema):
    """The new key, and its secret: it is not shown again."""

    key: KeyOut
    secret: str


class EventOut(Schema):
    """One write."""

    id: int
    at: datetime
    who: str
    via: str
    address: str
    action: str
    subject_type: str
    subject_id: str
    subject: str
    institution: str | None = Field(None, alias="institution.code", description="institution code")
    before: Any = None
    after: Any = None
    reason: str


class UserFilter(Schema):
    """Which users."""

    username: Line = Field("", description="part of the user name")


class EventFilter(Schema):
    """Which events."""

    who: Line = Field("", description="part of the name")
    action: Line = Field("", description="such as fact.enter")
    subject_type: Line = Field("", description="such as registry.institution")
    subject_id: Line = ""
    institution: Line = Field("", description="institution code")
    since: Moment | None = None
    until: Moment | None = Field(None, description="before this moment")


@router.get("/me", response=MeOut, summary="Who you are, what you may do and where")
def me(request: ActorRequest) -> dict[str, Any]:
    """Cut down to what the key allows, when you come with one."""
    actor, user = request.actor, _user_of(request.actor)
    values = UserOut.from_orm(user).dict()
    return values | {"capabilities": sorted(actor.capabilities), "grants": list(actor.grants)}


@router.get("/users", response=Listed[UserOut], summary="Users you manage or see")
def users(request: ActorRequest, paging: Query[Paging], wanted: Query[UserFilter]) -> dict[str, Any]:
    """By user name."""
    request.actor.require(Capability.MANAGE_USERS)
    return paged(users_for(request.actor).filter(username__icontains=wanted.username), paging)


@router.post("/users", response={201: UserAdded}, summary="Add a user")
def user_add(request: ActorRequest, data: UserIn) -> Status[Any]:
    """Answers with a one-time password; managers of a region must give a first role."""
    request.actor.require(Capability.MANAGE_USERS)
    first = _grant_input(request.actor, data.grant) if data.grant else None
    values = data.dict(exclude={"grant"})
    user, password = create_user(request.actor, UserInput(**values), first)
    return Status(201, {"user": user, "password": password})


@router.get("/users/{key}", response=UserOut, summary="One user")
def user(request: ActorRequest, key: PathKey) -> User:
    """A user you manage or see."""
    return _managed(request, key)


@router.patch("/users/{key}", response=UserOut, summary="Change a user, lock out or let in again")
def user_change(request: ActorRequest, key: PathKey, data: UserChange) -> User:
    """What is left out stays as it is. Locking out ends sessions and keys; keys stay ended."""
    subject = _managed(request, key)
    given = data.dict(exclude_none=True)
    active = given.pop("is_active", None)
    kept = {name: getattr(subject, name) for name in ("username", "name", "email", "phone", "language")}
    with transaction.atomic():
        if given:
            change_user(request.actor, subject, UserInput(**(kept | given)))
        if active is not None:
            set_active(request.actor, subject, active)
    return subject


@router.post("/users/{key}/reset-password", response=PasswordOut, summary="Reset a user's password")
def user_reset(request: ActorRequest, key: PathKey) -> dict[str, str]:
    """A one-time password to hand over; all sessions and keys of the user end."""
    return {"password": reset_password(request.actor, _managed(request, key))}


@router.get("/users/{key}/grants", response=list[GrantOut], summary="A user's roles")
def grants(request: ActorRequest, key: PathKey) -> QuerySet[Grant]:
    """Those within what you manage, taken back ones included."""
    scope = request.actor.scope_for(Capability.MANAGE_USERS)
    known = _managed(request, key).grants.filter(grants_q(scope))
    return known.select_related("region", "institution")


@router.post("/users/{key}/grants", response={201: GrantOut}, summary="Give a role")
def grant_add(request: ActorRequest, key: PathKey, data: GrantIn) -> Status[Any]:
    """Within what you manage, and nothing you could not do yourself."""
    subject = _managed(request, key)
    return Status(201, grant_role(request.actor, subject, _grant_input(request.actor, data)))


@router.get("/grants/{key}", response=GrantOut, summary="A role somebody has or had")
def grant(request: ActorRequest, key: PathKey) -> Grant:
    """Within what you manage."""
    return get_object_or_404(_managed_grants(request), pk=key)


@router.delete("/grants/{key}", response=GrantOut, summary="Take a role back")
def grant_revoke(request: ActorRequest, key: PathKey) -> Grant:
    """It stays on record as taken back."""
    return revoke_grant(request.actor, get_object_or_404(_managed_grants(request), pk=key))


def _managed_grants(request: ActorRequest) -> QuerySet[Grant]:
    request.actor.require(Capability.MANAGE_USERS)
    within = Grant.objects.filter(grants_q(request.actor.scope_for(Capability.MANAGE_USERS)))
    return within.select_related("user", "region", "institution")


@router.get("/keys", response=Listed[KeyOut], summary="Your keys, and those of users you manage")
def keys(request: ActorRequest, paging: Query[Paging]) -> dict[str, Any]:
    """Without secrets."""
    return paged(keys_for(request.actor), paging)


@router.get("/keys/{key}", response=KeyOut, summary="A key")
def key_read(request: ActorRequest, key: PathKey) -> ApiKey:
    """Without its secret."""
    return get_object_or_404(keys_for(request.actor), pk=key)


@router.post("/keys", response={201: KeyIssued}, summary="Issue a key")
def key_issue(request: ActorRequest, data: KeyIn) -> Status[Any]:
    """The secret is in this answer only. A key issues keys only if it may manage users."""
    holder = _user_of(request.actor)
    if data.user_id is not None and data.user_id != holder.pk:
        request.actor.require(Capability.MANAGE_USERS)
        holder = get_object_or_404(users_for(request.actor, manageable=True), pk=data.user_id)
    region = _place(regions_in_reach(request.actor, Capability.VIEW), "region", data.region)
    wanted = [str(item.value) for item in data.capabilities]
    key, secret = issue_key(request.actor, holder, data.name, wanted, data.expires_at, region)
    return Status(201, {"key": key, "secret": secret})


@router.delete("/keys/{key}", response=KeyOut, summary="Revoke a key")
def key_revoke(request: ActorRequest, key: PathKey) -> ApiKey:
    """Programs that use it are refused at once; it stays on record."""
    return revoke_key(request.actor, get_object_or_404(keys_for(request.actor), pk=key))


@router.get("/audit", response=Listed[EventOut], summary="The audit trail")
def audit(request: ActorRequest, paging: Query[Paging], wanted: Query[EventFilter]) -> dict[str, Any]:
    """The latest first; as much of it as you may see."""
    request.actor.require(Capability.VIEW_AUDIT)
    return paged(_filtered(events_for(request.actor).select_related("institution"), wanted), paging)


def _filtered(events: QuerySet[AuditEvent], wanted: EventFilter) -> QuerySet[AuditEvent]:
    lookups: dict[str, Any] = {
        "who__icontains": wanted.who,
        "action": wanted.action,
        "subject_type": wanted.subject_type,
        "subject_id": wanted.subject_id,
        "institution__code": wanted.institution,
        "at__gte": wanted.since,
        "at__lt": wanted.until,
    }
    return events.filter(**{path: value for path, value in lookups.items() if value})


def _user_of(actor: Actor) -> User:
    if actor.user is None:
        raise ValueError("operations of the API run for somebody")
    return actor.user


def _managed(request: ActorRequest, key: int) -> User:
    request.actor.require(Capability.MANAGE_USERS)
    return get_object_or_404(users_for(request.actor), pk=key)


def _grant_input(actor: Actor, data: GrantIn) -> GrantInput:
    return GrantInput(
        role=data.role.value,
        region=_place(regions_in_reach(actor, Capability.MANAGE_USERS), "region", data.region),
        system=data.system,
        institution=_place(institutions_in_reach(actor, Capability.MANAGE_USERS), "institution", data.institution),
        valid_until=data.valid_until,
    )


def _place(places: QuerySet[Any], field: str, code: str | None) -> Any:
    """The place with a code; one that exists outside the actor's reach is as unknown as one that does not."""
    if code is None:
        return None
    found = places.filter(code=code).first()
    if found is None:
        raise ValidationError({field: _("No “%(code)s” within what you manage.") % {"code": code}})
    return found
