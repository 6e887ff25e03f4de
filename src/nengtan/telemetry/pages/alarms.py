"""Alarms: what is unusual, why, and who sees to it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.reference.alarms import alarm_rules
from nengtan.registry.models import Institution
from nengtan.telemetry.queries.alarms import (
    STATES,
    alarm_day,
    alarm_title,
    alarm_words,
    alarms_seen,
    of_state,
    order_of,
    state_of,
)
from nengtan.telemetry.services import close_order, give_order
from nengtan.ui.components import Crumb, Definition, KeyFigure, badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.widgets import DayInput
from nengtan.ui.words import choices

__all__ = ["alarm", "alarms"]

JUDGED = {"ordered": "warn", "over": "muted", "closed": "good"}


def state_html(one: Any) -> SafeString:
    """The state of an alarm; one that lasts is as bad as its rule says."""
    state = state_of(one)
    return badge_html(JUDGED.get(state, one.severity), STATES[state])


def chart_url(one: Any) -> str:
    """The chart that shows it."""
    return f"{reverse('meter', args=[one.register.meter.code])}?view=day&at={alarm_day(one)}"


def _why(one: Any) -> SafeString:
    return format_html('{} <a href="{}">{}</a>', alarm_words(one), chart_url(one), gettext("chart"))


class AlarmTable(Table):
    """Alarms."""

    id = "alarms"
    caption = _("Alarms")
    columns = (
        Column("raised", _("Since"), value="begun", sort="begun", nowrap=True),
        Column("title", _("Alarm"), value=alarm_title, priority=1, sort="rule",
               href=lambda one: reverse("alarm", args=[one.pk])),
        Column("meter", _("Meter"), value=lambda one: str(one.register.meter), sort="register__meter__code",
               href=lambda one: reverse("meter", args=[one.register.meter.code])),
        Column("institution", _("Household"), value="register__meter__institution__name",
               sort="register__meter__institution__name"),
        Column("why", _("Why"), render=_why, export=alarm_words, whole=True),
        Column("extra", _("More than usual"), numeric=True, decimals=0, sort=True),
        Column("state", _("State"), render=state_html, export=lambda one: STATES[state_of(one)]),
    )  # fmt: skip
    filters = (
        TextFilter("q", _("Search"), fields=("register__meter__name", "register__meter__code",
                                              "register__meter__institution__name")),
        ChoiceFilter("rule", _("Alarm"), choices=lambda: choices(alarm_rules()), field="rule"),
        ChoiceFilter("state", _("State"), choices=tuple(STATES.items()), where=of_state),
    )  # fmt: skip
    empty_title = _("No alarms")
    empty_text = _("What is unusual appears here by itself: nights, leaks, meters that stand still or are silent.")


@page(Capability.VIEW_DETAIL)
def alarms(request: ActorRequest) -> HttpResponseBase:
    """All alarms of the actor's meters, the latest first."""
    rows = alarms_seen(request.actor)
    table = AlarmTable(rows, request)
    answer = table.answer()
    if answer is not None:
        return answer
    counts = {state: of_state(rows, state).order_by().count() for state in STATES}
    units = pgettext("count", "alarms")
    context = {
        "table": table,
        "counts": counts,
        "figures": [KeyFigure(word, counts[state], units, f"?state={state}") for state, word in STATES.items()],
        "crumbs": [Crumb(gettext("Live metering"), reverse("metering")), Crumb(gettext("Alarms"))],
    }
    return render(request, "telemetry/alarms.html", context)


class OrderForm(forms.Form):
    """A work order."""

    what = forms.CharField(label=_("What is to be done"), max_length=400)
    whom = forms.CharField(label=_("Who is to do it"), max_length=120)
    due_on = forms.DateField(label=pgettext_lazy("work order", "Due on"), required=False, widget=DayInput())


class ResultForm(forms.Form):
    """What came of it."""

    result = forms.CharField(label=_("What was found and done"), max_length=400)


@page(Capability.VIEW_DETAIL)
def alarm(request: ActorRequest, pk: int) -> HttpResponseBase:
    """One alarm: why, its chart, its work order."""
    found: Any = get_object_or_404(alarms_seen(request.actor), pk=pk)
    order = order_of(found)
    form: forms.Form = ResultForm(request.POST or None) if order else OrderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if order is None:
                give_order(request.actor, found, form.cleaned_data)
            else:
                close_order(request.actor, order, form.cleaned_data["result"])
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("Stored."))
            return redirect("alarm", pk)
    body = found.register.meter.institution
    mine = Institution.objects.for_actor(request.actor, Capability.WRITE_ACTIVITY)
    may = request.actor.can(Capability.WRITE_ACTIVITY) and mine.filter(pk=body.pk).exists()
    metering = reverse("metering")
    context = {
        "alarm": found,
        "title": alarm_title(found),
        "words": alarm_words(found),
        "state": state_html(found),
        "order": order,
        "chart_url": chart_url(found),
        "form": form if may and (order is None or order.closed_at is None) else None,
        "definitions": [
            Definition(gettext("Meter"), str(found.register.meter)),
            Definition(gettext("Household"), body.name),
            Definition(gettext("Since"), f"{_local(found.begun)}"),
            Definition(gettext("To"), f"{_local(found.ended)}" if found.ended else STATES["lasting"]),
        ],
        "crumbs": [Crumb(gettext("Live metering"), metering), Crumb(gettext("Alarms"), reverse("alarms")),
                   Crumb(alarm_title(found))],
    }  # fmt: skip
    return render(request, "telemetry/alarm.html", context)


def _local(moment: Any) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
