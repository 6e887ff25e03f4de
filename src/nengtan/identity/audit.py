"""The append-only trail: this module alone writes it, the database refuses to change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db.models import Model

from nengtan.identity import texts
from nengtan.identity.access import Actor
from nengtan.identity.models import AuditEvent

SECRET = frozenset({("identity.user", "password"), ("identity.apikey", "digest")})
"""Fields that never enter the trail, whoever asks for them."""


def plain(value: Any) -> Any:
    """A value as JSON keeps it: numbers and dates as text, records as their key."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Model):
        return str(value.pk)
    return value


def snapshot(record: Model, *names: str) -> dict[str, Any]:
    """The named fields of a record (all concrete fields by default), ready for the trail."""
    wanted = names or tuple(item.attname for item in record._meta.concrete_fields)
    label = record._meta.label_lower
    return {name: plain(getattr(record, name)) for name in wanted if (label, name) not in SECRET}


class Told(TypedDict, total=False):
    """What an event tells besides who did what to which record."""

    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    region_path: str
    institution_id: int | None
    reason: str


def event(actor: Actor, action: str, subject: Model, **told: Unpack[Told]) -> AuditEvent:
    """An event that is not written yet; with both ``before`` and ``after`` only what differs is kept.

    Raises:
        ValidationError: what was written holds text that cannot be kept; the write is taken back with its transaction.
    """
    texts.require({**(told.get("after") or {}), "reason": told.get("reason", "")})
    before, after = told.get("before"), told.get("after")
    if before is not None and after is not None:
        old, new = plain(before), plain(after)
        changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        before, after = {key: old.get(key) for key in changed}, {key: new.get(key) for key in changed}
    return AuditEvent(
        user=actor.user,
        who=actor.label[:80],
        via=actor.via,
        address=actor.address,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        subject=str(subject)[:200],
        region_path=told.get("region_path", ""),
        institution_id=told.get("institution_id"),
        before=plain(before) if before is not None else None,
        after=plain(after) if after is not None else None,
        reason=told.get("reason", "")[:400],
    )


def record(actor: Actor, action: str, subject: Model, **told: Unpack[Told]) -> AuditEvent:
    """Write one event, told as :func:`event` takes it. Call it inside the transaction of the write it tells of."""
    made = event(actor, action, subject, **told)
    made.save(force_insert=True)
    return made


def keep(events: Sequence[AuditEvent]) -> None:
    """Write many events at once."""
    AuditEvent.objects.bulk_create(events)
