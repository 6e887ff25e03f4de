"""Gateways and their keys: a key is shown once and known afterwards by its hash."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, Meter
from nengtan.registry.services.attributes import require_writable
from nengtan.registry.services.codes import code_fault
from nengtan.telemetry.gateways.mosquitto import mosquitto_hash
from nengtan.telemetry.models import Gateway, GatewayPoint, Register

__all__ = [
    "PREFIX",
    "authenticate_gateway",
    "end_gateway",
    "issue_gateway",
    "new_key",
    "remove_point",
    "set_point",
]

PREFIX = "ng_"
SEEN_EVERY = timedelta(minutes=1)
KEPT = ("code", "name", "institution_id", "prefix", "ended_at")
"""What the trail says of a gateway; never the hash of its key."""


@transaction.atomic
def issue_gateway(
    actor: Actor, body: Institution, code: str, name: str = "", meters: Sequence[Meter] = ()
) -> tuple[Gateway, str]:
    """A new gateway of an institution and its key, which is never shown again.

    Raises:
        ValidationError: by field; a meter is not one the actor may change.
    """
    _require(actor, body)
    problems: dict[str, str] = {}
    if fault := code_fault(code):
        problems["code"] = fault
    elif Gateway.objects.filter(code=code).exists():
        problems["code"] = _("Code %(code)s is taken.") % {"code": code}
    if len(name) > 120:
        problems["name"] = _("At most 120 characters are allowed.")
    mine = Meter.objects.for_actor(actor, Capability.WRITE_REGISTRY).filter(pk__in=[meter.pk for meter in meters])
    if mine.count() < len({meter.pk for meter in meters}):
        problems["meters"] = _("This is outside what you may name.")
    if problems:
        raise ValidationError(problems)
    secret = _secret()
    made = Gateway.objects.create(
        code=code, name=name, institution=body, prefix=secret[:8], digest=Gateway.digest_of(secret),
        password=mosquitto_hash(secret),
    )  # fmt: skip
    made.meters.set(meters)
    _tell(actor, "gateway.add", made, None)
    return made, secret


@transaction.atomic
def new_key(actor: Actor, gateway: Gateway) -> str:
    """Another key for a gateway; the old one ends now."""
    _require(actor, gateway.institution)
    before, secret = snapshot(gateway, *KEPT), _secret()
    gateway.prefix, gateway.digest, gateway.ended_at = secret[:8], Gateway.digest_of(secret), None
    gateway.password = mosquitto_hash(secret)
    gateway.save(update_fields=["prefix", "digest", "password", "ended_at"])
    _tell(actor, "gateway.key", gateway, before)
    return secret


@transaction.atomic
def end_gateway(actor: Actor, gateway: Gateway) -> Gateway:
    """Take nothing more from a gateway; ending an ended one changes nothing."""
    _require(actor, gateway.institution)
    if gateway.ended_at is None:
        before = snapshot(gateway, *KEPT)
        gateway.ended_at = timezone.now()
        gateway.save(update_fields=["ended_at"])
        _tell(actor, "gateway.end", gateway, before)
    return gateway


@transaction.atomic
def set_point(actor: Actor, gateway: Gateway, name: str, register: Register) -> GatewayPoint:
    """Say which register a gateway means by a name of its own; what it meant before is replaced.

    Raises:
        ValidationError: by field; the register is not one the actor may change.
    """
    _require(actor, gateway.institution)
    problems: dict[str, str] = {}
    if not 0 < len(name) <= 128 or not name.isprintable():
        problems["name"] = _("From 1 to 128 characters are allowed.")
    if not Register.objects.for_actor(actor, Capability.WRITE_REGISTRY).filter(pk=register.pk).exists():
        problems["register"] = _("This is outside what you may name.")
    if problems:
        raise ValidationError(problems)
    found = GatewayPoint.objects.filter(gateway=gateway, name=name).first()
    before = snapshot(found, "register_id") if found else None
    made, _new = GatewayPoint.objects.update_or_create(
        gateway=gateway, name=name, defaults={"register": register}
    )  # fmt: skip
    _tell_point(actor, "gatewaypoint.set", made, before)
    return made


@transaction.atomic
def remove_point(actor: Actor, point: GatewayPoint) -> None:
    """Forget a name a gateway had for a register."""
    _require(actor, point.gateway.institution)
    _tell_point(actor, "gatewaypoint.remove", point, snapshot(point, "register_id"))
    point.delete()


def _tell_point(actor: Actor, action: str, point: GatewayPoint, before: dict[str, Any] | None) -> None:
    body = point.gateway.institution
    after = {"name": point.name, "register_id": point.register_id, "gateway_id": point.gateway_id}
    record(
        actor, action, point, before=before, after=after, region_path=body.region.path, institution_id=body.pk
    )  # fmt: skip


def authenticate_gateway(secret: str) -> Gateway | None:
    """The gateway a key stands for; None when it is unknown or ended."""
    if not secret.startswith(PREFIX):
        return None
    now = timezone.now()
    found: Any = Gateway.objects.filter(digest=Gateway.digest_of(secret), ended_at=None).first()
    if found is not None and (found.seen_at is None or found.seen_at < now - SEEN_EVERY):
        stale = Q(seen_at=None) | Q(seen_at__lt=now - SEEN_EVERY)
        Gateway.objects.filter(stale, pk=found.pk).update(seen_at=now)
    return found


def _secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _require(actor: Actor, body: Institution) -> None:
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, body)


def _tell(actor: Actor, action: str, gateway: Gateway, before: dict[str, object] | None) -> None:
    after = snapshot(gateway, *KEPT) | {"meters": list(gateway.meters.order_by("code").values_list("code", flat=True))}
    body = gateway.institution
    record(
        actor, action, gateway, before=before, after=after, region_path=body.region.path, institution_id=body.pk
    )  # fmt: skip
