"""Work orders (工单): who is to see to an alarm, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution
from nengtan.registry.services.writing import put
from nengtan.telemetry.models import Alarm, WorkOrder

__all__ = ["close_order", "give_order"]


@transaction.atomic
def give_order(actor: Actor, alarm: Alarm, values: Mapping[str, Any]) -> WorkOrder:
    """Have somebody (``whom``) see to an alarm: ``what`` is to be done, until ``due_on`` if that is said.

    Raises:
        ValidationError: by field; one order an alarm.
        Forbidden: the actor may correct no consumption.
    """
    _require(actor, alarm)
    problems = {
        name: _("This field is required.") for name in ("what", "whom") if not str(values.get(name) or "").strip()
    }
    if WorkOrder.objects.filter(alarm=alarm).exists():
        problems["what"] = _("There is a work order for this alarm already.")
    if problems:
        raise ValidationError(problems)
    made = WorkOrder(alarm=alarm, entered_by=actor.user)
    told = {"what": str(values["what"]).strip()[:400], "whom": str(values["whom"]).strip()[:120]}
    put(actor, "workorder", made, {**told, "due_on": values.get("due_on")}, alarm.register.meter.institution)
    return made


@transaction.atomic
def close_order(actor: Actor, order: WorkOrder, result: str) -> WorkOrder:
    """Say what was found and done.

    Raises:
        ValidationError: closed already, or no result.
    """
    _require(actor, order.alarm)
    if order.closed_at is not None:
        raise ValidationError(_("This work order was closed already."))
    if not result.strip():
        raise ValidationError({"result": _("Say what was found and done.")})
    before = snapshot(order)
    order.result, order.closed_at = result.strip()[:400], timezone.now()
    order.save(update_fields=["result", "closed_at"])
    body = order.alarm.register.meter.institution
    record(
        actor, "workorder.close", order, before=before, after=snapshot(order), region_path=body.region.path,
        institution_id=body.pk,
    )  # fmt: skip
    return order


def _require(actor: Actor, alarm: Alarm) -> None:
    actor.require(Capability.WRITE_ACTIVITY)
    mine = Institution.objects.for_actor(actor, Capability.WRITE_ACTIVITY)
    if not mine.filter(pk=alarm.register.meter.institution_id).exists():
        raise ValidationError(_("This institution is outside what you may change."))
