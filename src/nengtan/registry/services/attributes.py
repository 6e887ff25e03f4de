"""Figures that hold from a date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Attribute, Building, Institution
from nengtan.registry.services.writing import Writing

MOST = Decimal(10) ** 9
"""Beyond every area and headcount."""

Listener = Callable[[Actor, Sequence[Institution]], None]
_listeners: list[Listener] = []


def on_institution_change(listener: Listener) -> Listener:
    """Register what must follow when institutions' dated facts change; rooms below the register use it."""
    _listeners.append(listener)
    return listener


def announce(actor: Actor, *institutions: Institution) -> None:
    """Tell the listeners that the actor has changed what the register says of institutions."""
    for listener in _listeners:
        listener(actor, institutions)


def require_writable(actor: Actor, institution: Institution) -> None:
    """Refuse what belongs to an institution outside the actor's scope.

    Raises:
        ValidationError: it is.
    """
    if not Institution.objects.for_actor(actor, Capability.WRITE_REGISTRY).filter(pk=institution.pk).exists():
        raise ValidationError(_("This institution is outside what you may change."))


@transaction.atomic
def set_attribute(
    actor: Actor, subject: Institution | Building, key: str, valid_from: date, value: Decimal, source: str = ""
) -> Attribute:
    """Say that ``key`` of ``subject`` is ``value`` from ``valid_from`` until the next value.

    Raises:
        ValidationError: the value is no possible one, or the key unknown.
        Forbidden: the actor may not change the register.
    """
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, subject if isinstance(subject, Institution) else subject.institution)
    if key not in Attribute.Key.values:
        raise ValidationError({"key": _("Unknown attribute “%(key)s”.") % {"key": key}})
    if not value.is_finite() or not 0 <= value <= MOST:
        raise ValidationError({"value": _("Found %(value)s; a value of 0 or more is allowed.") % {"value": value}})
    attribute = put_attribute(actor, subject, key, valid_from, value, source)
    announce(actor, subject if isinstance(subject, Institution) else subject.institution)
    return attribute


def put_attribute(
    actor: Actor, subject: Institution | Building, key: str, valid_from: date, value: Decimal, source: str = ""
) -> Attribute:
    """Write a checked value and its trace; whoever calls announces the change when all is written."""
    held = Attribute.objects.filter(**_of(subject), key=key, valid_from=valid_from).first()
    writing = Writing(actor)
    attribute = stage_attribute(writing, subject, key, valid_from, value, source, held)
    writing.flush()
    return attribute


def stage_attribute(
    writing: Writing,
    subject: Institution | Building,
    key: str,
    valid_from: date,
    value: Decimal,
    source: str,
    held: Attribute | None,
) -> Attribute:
    """A checked value with its trace, to be written with others; ``held`` is the value of that day so far."""
    old = {key: held.value if held else None, "source": held.source if held else ""}
    attribute = held or Attribute(**_of(subject), key=key, valid_from=valid_from)
    said = {"value": value, "source": source, "entered_by": writing.actor.user, "entered_at": timezone.now()}
    for name, one in said.items():
        setattr(attribute, name, one)

    def told() -> dict[str, Any]:
        owner = subject if isinstance(subject, Institution) else subject.institution
        return {
            "action": "attribute.set",
            "subject": subject,
            "before": old,
            "after": {key: value, "valid_from": valid_from, "source": source},
            "region_path": owner.region.path,
            "institution_id": owner.pk,
        }

    writing.stage(attribute, set(said), told)
    return attribute


def _of(subject: Institution | Building) -> dict[str, Institution | Building]:
    return {"institution" if isinstance(subject, Institution) else "building": subject}
