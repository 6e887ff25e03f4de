"""Collectors that report to this centre: how they are known, what they are told. Keys are kept enciphered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.domain.collectors.collector import key_of
from nengtan.domain.collectors.profile import KEY_BYTES
from nengtan.identity.access import Actor
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.reference.links import link_profile
from nengtan.registry.models import Institution
from nengtan.registry.services.attributes import require_writable
from nengtan.telemetry.gateways.vault import conceal
from nengtan.telemetry.models import CollectorCommand, CollectorLink, Gateway
from nengtan.telemetry.services.faults import not_allowed

__all__ = [
    "COMMANDS",
    "answered",
    "check_link",
    "key_given",
    "keys_used",
    "new_link_key",
    "remove_collector",
    "require",
    "save_collector",
    "tell_collector",
    "vault_name",
]

KEPT = ("building", "number", "profile", "settings", "gateway_id")
"""What the trail says of a link; never its keys."""

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "query": (),
    "query_config": (),
    "period": ("period",),
    "ip_port": ("ip", "port"),
    "id_config": ("new_building_id", "new_gateway_id"),
    "report_mode": ("report_mode",),
    "md5_key": (),
    "aes_key": (),
    "reboot": (),
}
"""What a collector may be told, and what that says. Never `modify`, which carries SQL."""


def vault_name(kind: str, pk: int, key: str) -> str:
    """Whose key it is: ``collector`` or ``upload``, which, and what for."""
    return f"{kind} {pk} {key}"


def new_link_key() -> str:
    """A key that can be typed: 16 characters."""
    return secrets.token_urlsafe(KEY_BYTES * 3 // 4)


def key_given(problems: dict[str, str], name: str, text: str) -> bytes | None:
    """A key as people write it, 32 hexadecimal digits or 16 characters; a problem where it is neither."""
    key = key_of(text)
    if text and key is None:
        problems[name] = _("A key of %(n)s characters or %(hex)s hexadecimal digits is allowed.") % {
            "n": KEY_BYTES, "hex": 2 * KEY_BYTES,
        }  # fmt: skip
    return key if text else None


@transaction.atomic
def save_collector(
    actor: Actor, gateway: Gateway, values: Mapping[str, Any], md5_key: str | None = None, aes_key: str | None = None
) -> tuple[CollectorLink, dict[str, str]]:
    """Say by what a gateway calls itself as a collector (``building``, ``number``), and how its link is written.

    Keys that are None stay as they are; a new link is given keys of its own instead, which are returned and never
    shown again. ``aes_key`` empty: bodies are sent as they are.

    Raises:
        ValidationError: by field.
    """
    require(actor, gateway.institution)
    found = CollectorLink.objects.filter(gateway=gateway).first()
    link = found or CollectorLink(gateway=gateway)
    before = snapshot(link, *KEPT) if found else None
    for name, value in values.items():
        setattr(link, name, value)
    problems = check_link(link)
    taken = CollectorLink.objects.filter(building=link.building, number=link.number).exclude(pk=link.pk)
    if taken.exists():
        problems["number"] = _("Code %(code)s is taken.") % {"code": f"{link.building} {link.number}"}
    told = {"md5_key": md5_key, "aes_key": aes_key}
    shown = {} if found else {name: new_link_key() for name, text in told.items() if text is None}
    keys = {name: key_given(problems, name, text) for name, text in (told | shown).items() if text is not None}
    if md5_key == "":
        problems["md5_key"] = _("A key is needed.")
    if problems:
        raise ValidationError(problems)
    link.save()
    for name, key in keys.items():
        setattr(link, name, conceal(key, vault_name("collector", link.pk, name[:3])) if key else "")
        setattr(link, f"next_{name}", "")
    link.save()
    _tell(actor, "collectorlink.change" if found else "collectorlink.add", link, before)
    return link, shown


@transaction.atomic
def remove_collector(actor: Actor, link: CollectorLink) -> None:
    """Know a collector no longer; what it reported stays."""
    require(actor, link.gateway.institution)
    _tell(actor, "collectorlink.remove", link, snapshot(link, *KEPT))
    link.delete()


@transaction.atomic
def tell_collector(
    actor: Actor, link: CollectorLink, operation: str, values: Mapping[str, str], key: str = ""
) -> CollectorCommand:
    """Have a collector told something as soon as it is there; ``key`` for the two that set one, else made.

    Raises:
        ValidationError: there is no such operation, or it says something else.
    """
    require(actor, link.gateway.institution)
    allowed = COMMANDS.get(operation)
    problems: dict[str, str] = {}
    if allowed is None:
        problems["operation"] = not_allowed(operation, " ".join(COMMANDS))
    elif set(values) != set(allowed) or not all(0 < len(text) <= 64 and text.isprintable() for text in values.values()):
        problems["values"] = not_allowed(" ".join(values), " ".join(allowed) or "—")
    elif operation == "period" and not (values["period"].isdecimal() and 1 <= int(values["period"][:6]) <= 1440):
        problems["period"] = _("From 1 to 1440 minutes are allowed.")
    given = key_given(problems, "key", key)
    if problems:
        raise ValidationError(problems)
    if operation in ("md5_key", "aes_key"):
        kept = conceal(given or secrets.token_bytes(KEY_BYTES), vault_name("collector", link.pk, operation[:3]))
        setattr(link, f"next_{operation}", kept)
        link.save(update_fields=[f"next_{operation}"])
    made: CollectorCommand = CollectorCommand.objects.create(
        link=link, operation=operation, told=dict(values), entered_by=actor.user
    )
    body = link.gateway.institution
    record(
        actor, "collectorlink.tell", link, after={"operation": operation, **values}, region_path=body.region.path,
        institution_id=body.pk,
    )  # fmt: skip
    return made


@transaction.atomic
def answered(command: CollectorCommand, answer: Mapping[str, str]) -> None:
    """What a collector answered; a new name holds from now on."""
    command.answered_at, command.answer = timezone.now(), dict(answer)
    command.save(update_fields=["answered_at", "answer"])
    if command.operation == "id_config":
        CollectorLink.objects.filter(pk=command.link_id).update(
            building=command.told["new_building_id"], number=command.told["new_gateway_id"]
        )


@transaction.atomic
def keys_used(link: int, md5_key: bool, aes_key: bool) -> None:
    """A collector uses keys it was told: they hold, and the ones before no longer do."""
    found = CollectorLink.objects.select_for_update().get(pk=link)
    if md5_key and found.next_md5_key:
        found.md5_key, found.next_md5_key = found.next_md5_key, ""
    if aes_key and found.next_aes_key:
        found.aes_key, found.next_aes_key = found.next_aes_key, ""
    found.save(update_fields=["md5_key", "next_md5_key", "aes_key", "next_aes_key"])


def check_link(link: Any) -> dict[str, str]:
    """What is wrong with how a link calls itself or is written, by field."""
    problems: dict[str, str] = {}
    for name, most in (("building", 20), ("number", 12)):
        text = getattr(link, name)
        if not 0 < len(text) <= most or not text.isprintable() or text.strip() != text:
            problems[name] = _("From 1 to %(n)s characters are allowed.") % {"n": most}
    try:
        link_profile(link.profile, link.settings)
    except ValueError as error:
        found, _colon, allowed = str(error).partition("; ")
        problems["profile"] = not_allowed(found, allowed)
    return problems


def require(actor: Actor, body: Institution) -> None:
    """Raise unless the actor may say how an institution is connected."""
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, body)


def _tell(actor: Actor, action: str, link: CollectorLink, before: dict[str, Any] | None) -> None:
    body = link.gateway.institution
    record(
        actor, action, link, before=before, after=snapshot(link, *KEPT), region_path=body.region.path,
        institution_id=body.pk,
    )  # fmt: skip
