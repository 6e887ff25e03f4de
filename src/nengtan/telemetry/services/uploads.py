"""Other centres this one reports to: how they are reached, what is called how there, and how far they have come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.telemetry.gateways.vault import conceal
from nengtan.telemetry.models import Register, UploadLink, UploadPoint
from nengtan.telemetry.services.faults import host_fault, not_allowed, own_code_fault
from nengtan.telemetry.services.links import check_link, key_given, require, vault_name

__all__ = ["end_upload", "remove_upload_point", "save_upload", "set_upload_point", "told_key", "upload_kept"]

KEPT = (
    "code", "institution_id", "host", "port", "building", "number", "profile", "settings", "content", "acknowledges",
    "since", "ended_at",
)  # fmt: skip

QUARTER = dt.timedelta(minutes=15)


@transaction.atomic
def save_upload(
    actor: Actor, values: Mapping[str, Any], md5_key: str | None = None, aes_key: str | None = None,
    link: UploadLink | None = None,
) -> UploadLink:  # fmt: skip
    """Add a centre to report to, or change how it is reached; keys that are None stay as they are.

    Raises:
        ValidationError: by field.
    """
    made = UploadLink.objects.get(pk=link.pk) if link else UploadLink()
    before = snapshot(made, *KEPT) if link else None
    for name, value in values.items():
        setattr(made, name, value)
    require(actor, made.institution)
    made.ended_at = None
    problems = check_link(made) | _problems(made)
    given = {
        name: key_given(problems, name, text)
        for name, text in (("md5_key", md5_key), ("aes_key", aes_key))
        if text is not None
    }
    if not link and not given.get("md5_key"):
        problems["md5_key"] = _("A key is needed.")
    if problems:
        raise ValidationError(problems)
    made.save()
    for name, key in given.items():
        setattr(made, name, conceal(key, vault_name("upload", made.pk, name[:3])) if key else "")
    made.save()
    _tell(actor, "uploadlink.change" if link else "uploadlink.add", made, before)
    return made


def _problems(made: UploadLink) -> dict[str, str]:
    problems: dict[str, str] = {}
    if fault := own_code_fault(made):
        problems["code"] = fault
    if fault := host_fault(made.host):
        problems["host"] = fault
    if made.content not in UploadLink.Content.values:
        problems["content"] = not_allowed(made.content, " ".join(UploadLink.Content.values))
    if made.since.timestamp() % QUARTER.total_seconds():
        problems["since"] = _("A whole quarter of an hour is allowed.")
    return problems


@transaction.atomic
def end_upload(actor: Actor, link: UploadLink) -> None:
    """Report to a centre no longer."""
    require(actor, link.institution)
    before = snapshot(link, *KEPT)
    link.ended_at = timezone.now()
    link.save(update_fields=["ended_at"])
    _tell(actor, "uploadlink.end", link, before)


@transaction.atomic
def set_upload_point(
    actor: Actor, link: UploadLink, register: Register, meter: str, function: str = "1", coding: str = ""
) -> UploadPoint:
    """Say what a register is called at the other centre.

    Raises:
        ValidationError: by field; the register is not one the actor may change, or a name is taken.
    """
    require(actor, link.institution)
    problems: dict[str, str] = {}
    for name, text, least in (("meter", meter, 1), ("function", function, 1), ("coding", coding, 0)):
        if not least <= len(text) <= 32 or not text.isprintable():
            problems[name] = _("From 1 to %(n)s characters are allowed.") % {"n": 32}
    if not Register.objects.for_actor(actor, Capability.WRITE_REGISTRY).filter(pk=register.pk).exists():
        problems["register"] = _("This is outside what you may name.")
    elif register.kind != Register.Kind.CUMULATIVE:
        problems["register"] = _("Consumption is known of cumulative registers only.")
    others = UploadPoint.objects.filter(link=link).exclude(register=register)
    if others.filter(meter=meter, function=function).exists():
        problems["meter"] = _("Code %(code)s is taken.") % {"code": f"{meter}/{function}"}
    if problems:
        raise ValidationError(problems)
    made, _new = UploadPoint.objects.update_or_create(
        link=link, register=register, defaults={"meter": meter, "function": function, "coding": coding}
    )
    after = {"meter": meter, "function": function, "coding": coding, "register_id": register.pk}
    _tell_point(actor, "uploadpoint.set", made, after)
    return made


@transaction.atomic
def remove_upload_point(actor: Actor, point: UploadPoint) -> None:
    """Report a register to a centre no longer."""
    require(actor, point.link.institution)
    _tell_point(actor, "uploadpoint.remove", point, {"meter": point.meter, "function": point.function})
    point.delete()


@transaction.atomic
def upload_kept(link: int, until: dt.datetime, totals: Mapping[int, Decimal]) -> None:
    """The other centre keeps everything up to a moment: how far each point has come, together with that."""
    for point, total in totals.items():
        UploadPoint.objects.filter(pk=point).update(total=total, total_until=until)
    UploadLink.objects.filter(pk=link).update(sent_until=until, seen_at=timezone.now(), fault="")


def told_key(link: int, name: str, key: bytes) -> None:
    """The other centre has set a key; it holds from the next connection."""
    UploadLink.objects.filter(pk=link).update(**{name: conceal(key, vault_name("upload", link, name[:3]))})


def _tell(actor: Actor, action: str, link: UploadLink, before: dict[str, Any] | None) -> None:
    body = link.institution
    record(
        actor, action, link, before=before, after=snapshot(link, *KEPT), region_path=body.region.path,
        institution_id=body.pk,
    )  # fmt: skip


def _tell_point(actor: Actor, action: str, point: UploadPoint, after: dict[str, Any]) -> None:
    body = point.link.institution
    record(actor, action, point, after=after, region_path=body.region.path, institution_id=body.pk)
