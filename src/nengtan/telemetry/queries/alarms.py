"""Alarms and their work orders, with why in words."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.reference.alarms import alarm_rules
from nengtan.telemetry.models import Alarm, WorkOrder
from nengtan.ui import formats
from nengtan.ui.words import named, unit_word

__all__ = [
    "STATES",
    "alarm_day",
    "alarm_dict",
    "alarm_title",
    "alarm_words",
    "alarms_seen",
    "of_state",
    "order_of",
    "state_of",
]

STATES: dict[str, Promise] = {
    "lasting": pgettext_lazy("alarm", "lasting"),
    "ordered": pgettext_lazy("alarm", "work order given"),
    "over": pgettext_lazy("alarm", "over"),
    "closed": pgettext_lazy("alarm", "seen to"),
}

WHY: dict[str, Promise] = {
    "silent": gettext_lazy("No reading since %(begun)s, for %(found)s h. Check power and line of the meter."),
    "incomplete": gettext_lazy("%(found)s %% of the last day is missing. Check the line of the meter."),
    "stuck": gettext_lazy(
        "The register has not moved for %(found)s h since %(begun)s; at such hours it usually counts %(usual)s "
        "%(unit)s."
    ),
    "night": gettext_lazy(
        "At night up to %(found)s %(rate)s ran, where %(usual)s %(rate)s is usual; %(extra)s %(unit)s more than usual "
        "since %(begun)s. Look for what was not switched off."
    ),
    "above": gettext_lazy(
        "Up to %(found)s %(rate)s, where at most %(usual)s %(rate)s is usual at that hour; %(extra)s %(unit)s more "
        "than on like days since %(begun)s."
    ),
    "leak": gettext_lazy(
        "From 02:00 to 04:00 the water did not stop in three nights in a row, at least %(found)s %(rate)s. Look for a "
        "leak or a running tap."
    ),
}


def alarms_seen(actor: Actor, state: str = "") -> QuerySet[Any]:
    """Alarms of meters the actor may see, the latest first; of one state, where it is named."""
    actor.require(Capability.VIEW_DETAIL)
    rows = Alarm.objects.for_actor(actor).select_related("register__meter__institution__region", "order")
    return of_state(rows, state).order_by("-raised", "-pk")


def of_state(rows: Any, state: str) -> Any:
    """Those of some alarms that are in a state."""
    if state == "lasting":
        return rows.filter(ended=None, order=None)
    if state == "ordered":
        return rows.filter(order__closed_at=None).exclude(order=None)
    if state == "over":
        return rows.exclude(ended=None).filter(order=None)
    return rows.exclude(order__closed_at=None).exclude(order=None) if state == "closed" else rows


def order_of(alarm: Alarm) -> WorkOrder | None:
    """Its work order, if one was given."""
    return getattr(alarm, "order", None)


def state_of(alarm: Alarm) -> str:
    """Which of `STATES` an alarm is in."""
    order = order_of(alarm)
    if order is not None:
        return "closed" if order.closed_at else "ordered"
    return "over" if alarm.ended else "lasting"


def alarm_title(alarm: Alarm) -> str:
    """What kind of alarm it is."""
    return named(alarm_rules().get(alarm.rule), alarm.rule)


def alarm_words(alarm: Alarm) -> str:
    """Why, and what to look for, as a sentence or two."""
    unit = unit_word(alarm.register.unit)
    values = {
        "begun": f"{timezone.localtime(alarm.begun):%m-%d %H:%M}", "unit": unit,
        "rate": {"kWh": "kW"}.get(alarm.register.unit, f"{unit}/h"), "found": formats.plain(alarm.found),
        "usual": formats.plain(alarm.usual), "extra": formats.plain(alarm.extra),
    }  # fmt: skip
    return str(WHY[alarm.rule]) % values if alarm.rule in WHY else _("An alarm of an unknown rule.")


def alarm_day(alarm: Alarm) -> dt.date:
    """The day whose chart shows it."""
    return timezone.localtime(alarm.begun if alarm.rule in ("silent", "incomplete") else alarm.raised).date()


def alarm_dict(alarm: Alarm) -> dict[str, Any]:
    """An alarm as API and command tell it."""
    order = order_of(alarm)
    return {
        "id": alarm.pk, "rule": alarm.rule, "title": alarm_title(alarm), "severity": alarm.severity,
        "state": state_of(alarm), "meter": alarm.register.meter.code,
        "institution": alarm.register.meter.institution.code, "begun": timezone.localtime(alarm.begun),
        "raised": timezone.localtime(alarm.raised), "ended": alarm.ended and timezone.localtime(alarm.ended),
        "found": alarm.found, "usual": alarm.usual, "extra": alarm.extra, "why": alarm_words(alarm),
        "order": None if order is None else {
            "what": order.what, "whom": order.whom, "due_on": order.due_on, "result": order.result,
            "closed_at": order.closed_at,
        },
    }  # fmt: skip
