"""What happens to meters: replaced, set to zero, another ratio. What follows from it is computed again."""

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
from nengtan.registry.models import Meter
from nengtan.registry.services.attributes import require_writable
from nengtan.registry.services.writing import put
from nengtan.telemetry.lake.columns import ENDLESS
from nengtan.telemetry.models import MeterEvent, RatioSpan, Register
from nengtan.telemetry.moments import micros
from nengtan.telemetry.services.faults import not_allowed
from nengtan.telemetry.services.registers import redo

__all__ = ["record_event", "set_ratio", "withdraw_event"]


@transaction.atomic
def record_event(actor: Actor, register: Register, values: Mapping[str, Any]) -> MeterEvent:
    """Record what happened to a register: ``kind``, ``at``, ``final``, ``start``, ``document``, ``note``.

    Raises:
        ValidationError: by field.
    """
    _require(actor, register.meter)
    problems = _moment("at", values["at"])
    if values["kind"] not in MeterEvent.Kind.values:
        problems["kind"] = not_allowed(values["kind"], " ".join(MeterEvent.Kind.values))
    for name in ("final", "start"):
        if values[name] < 0 or (register.modulus is not None and values[name] > register.modulus):
            problems[name] = _("The register cannot show %(found)s.") % {"found": values[name]}
    if MeterEvent.objects.filter(register=register, at=values["at"], withdrawn_at=None).exists():
        problems["at"] = _("There is an event of this moment already.")
    _settle(problems)
    made = MeterEvent(register=register, entered_by=actor.user)
    put(actor, "meterevent", made, values, register.meter.institution)
    redo(register, micros(made.at))
    return made


@transaction.atomic
def withdraw_event(actor: Actor, event: MeterEvent, reason: str) -> MeterEvent:
    """Take an event back that did not happen as recorded.

    Raises:
        ValidationError: withdrawn already, or no reason.
    """
    _require(actor, event.register.meter)
    if event.withdrawn_at is not None:
        raise ValidationError(_("This event was withdrawn already."))
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    before = snapshot(event)
    event.withdrawn_at = timezone.now()
    event.save(update_fields=["withdrawn_at"])
    body = event.register.meter.institution
    record(
        actor, "meterevent.withdraw", event, before=before, after=snapshot(event), reason=reason,
        region_path=body.region.path, institution_id=body.pk,
    )  # fmt: skip
    redo(event.register, micros(event.at))
    return event


@transaction.atomic
def set_ratio(actor: Actor, meter: Meter, values: Mapping[str, Any]) -> RatioSpan:
    """Say by what a meter's readings are multiplied from a moment on: ``since``, ``ct``, ``pt``, ``reading``,
    ``document``. Said again of the same moment, it is a correction.

    Raises:
        ValidationError: by field.
    """
    _require(actor, meter)
    problems = _moment("since", values["since"])
    for name in ("ct", "pt"):
        if not 0 < values.get(name, Decimal(1)) < Decimal(10) ** 6:
            problems[name] = _("Found %(found)s; a number above 0 is allowed.") % {"found": values[name]}
    _settle(problems)
    span = RatioSpan.objects.filter(meter=meter, since=values["since"]).first() or RatioSpan(meter=meter)
    if put(actor, "ratio", span, {**values, "entered_by": actor.user}, meter.institution):
        later = RatioSpan.objects.filter(meter=meter, since__gt=span.since).order_by("since").first()
        for register in meter.registers.all():
            redo(register, micros(span.since), micros(later.since) if later else ENDLESS)
    return span


def _require(actor: Actor, meter: Meter) -> None:
    actor.require(Capability.WRITE_REGISTRY)
    require_writable(actor, meter.institution)


def _moment(name: str, found: dt.datetime) -> dict[str, str]:
    if not dt.datetime(2000, 1, 1, tzinfo=dt.UTC) <= found <= timezone.now():
        return {name: _("Found %(found)s; a moment from 2000 until now is allowed.") % {"found": found.isoformat()}}
    return {}


def _settle(problems: Mapping[str, str]) -> None:
    if problems:
        raise ValidationError(dict(problems))
