"""API keys (接口密钥): issued once, known afterwards by their hash only."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor, Forbidden, actor_for
from nengtan.identity.audit import record, snapshot
from nengtan.identity.models import ApiKey, AuditEvent, User
from nengtan.identity.places import Region
from nengtan.identity.queries import home_of, users_for
from nengtan.identity.roles import Capability
from nengtan.identity.services.holding import hold

PREFIX = "nt_"
LONGEST = timedelta(days=366)
SEEN_EVERY = timedelta(minutes=1)
KEPT = ("user_id", "name", "prefix", "capabilities", "region_id", "expires_at", "revoked_at")
"""What the trail says of a key; never its hash."""


@transaction.atomic
def issue_key(
    actor: Actor,
    user: User,
    name: str,
    capabilities: Sequence[str],
    expires_at: datetime,
    region: Region | None = None,
) -> tuple[ApiKey, str]:
    """A new key of ``user``, and its secret, which is never shown again.

    Anybody signed in may issue keys of their own; managers also those of users they manage. A key that issues keys
    needs the capability to manage users, and gives away no more than it has.

    Raises:
        ValidationError: by field.
        Forbidden: not one's own, and not a user the actor manages.
    """
    _require_holder(actor, user)
    holder = actor_for(user, AuditEvent.Via.API)
    problems = _check_name(name) | _check_capabilities(actor, holder, user, capabilities)
    problems |= _check_expiry(expires_at) | _check_region(actor, holder, region)
    if problems:
        raise ValidationError(problems)
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        user=user,
        name=name.strip(),
        prefix=secret[:8],
        digest=ApiKey.digest_of(secret),
        capabilities=sorted(set(capabilities)),
        region=region,
        expires_at=expires_at,
    )
    record(actor, "api_key.issue", key, after=snapshot(key, *KEPT), **home_of(user))
    return key, secret


@transaction.atomic
def revoke_key(actor: Actor, key: ApiKey) -> ApiKey:
    """End a key now; ending an ended key changes nothing."""
    _require_holder(actor, key.user)
    hold(key)
    if key.revoked_at is None:
        _end(actor, key)
    return key


def end_keys(actor: Actor, user: User, reason: str) -> None:
    """End every key of a user whose account was taken in hand; call it in the transaction of that."""
    for key in user.api_keys.select_for_update().filter(revoked_at=None):
        _end(actor, key, reason)


def _end(actor: Actor, key: ApiKey, reason: str = "") -> None:
    before = snapshot(key, *KEPT)
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    after = snapshot(key, *KEPT)
    record(actor, "api_key.revoke", key, before=before, after=after, reason=reason, **home_of(key.user))


def authenticate_key(secret: str, address: str = "") -> Actor | None:
    """The actor a secret stands for; None when unknown, expired, revoked, or its user is inactive."""
    if not secret.startswith(PREFIX):
        return None
    now = timezone.now()
    key = (
        ApiKey.objects.select_related("user", "region")
        .filter(digest=ApiKey.digest_of(secret), revoked_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if key is None:
        return None
    _note_use(key, now)
    return actor_for(key.user, AuditEvent.Via.API, address, key)


def _note_use(key: ApiKey, now: datetime) -> None:
    """Keep when the key was last used, to the minute: not a write anybody needs to trace."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_EVERY)
    if key.last_used_at is None or key.last_used_at < now - SEEN_EVERY:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _require_holder(actor: Actor, user: User) -> None:
    own = actor.user is not None and actor.user.pk == user.pk
    if own and actor.key is None:
        return
    actor.require(Capability.MANAGE_USERS)
    if not own and not users_for(actor, manageable=True).filter(pk=user.pk).exists():
        raise Forbidden(_("This user is outside what you may manage."))


def _check_name(name: str) -> dict[str, str]:
    return {} if 0 < len(name.strip()) <= 64 else {"name": _("A name of 1 to 64 characters is needed.")}


def _check_capabilities(actor: Actor, holder: Actor, user: User, wanted: Sequence[str]) -> dict[str, str]:
    if not wanted:
        return {"capabilities": _("Choose at least one.")}
    unknown = [value for value in wanted if value not in Capability.values]
    if unknown:
        return {
            "capabilities": _("Found “%(found)s”; allowed: %(allowed)s.")
            % {"found": " ".join(unknown), "allowed": " ".join(Capability.values)}
        }
    lacking = [Capability(value).label for value in wanted if not (holder.can(value) and actor.can(value))]
    if lacking:
        message = _("A key gets no right its user or its issuer lacks: %(rights)s.")
        return {"capabilities": message % {"rights": _(", ").join(map(str, lacking))}}
    return {}


def _check_expiry(expires_at: datetime) -> dict[str, str]:
    now = timezone.now()
    if expires_at <= now:
        return {"expires_at": _("The end must lie in the future.")}
    if expires_at > now + LONGEST:
        return {"expires_at": _("A key lasts %(days)s days at most.") % {"days": LONGEST.days}}
    return {}


def _check_region(actor: Actor, holder: Actor, region: Region | None) -> dict[str, str]:
    limit = actor.key.region.path if actor.key and actor.key.region else ""
    if region is None:
        return {"region": _("Your own key is limited to a region: name one within it.")} if limit else {}
    if not holder.scope.covers(region.path) or not region.path.startswith(limit):
        return {"region": _("“%(region)s” is outside what the user sees.") % {"region": region}}
    return {}
