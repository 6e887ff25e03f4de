"""The board of data quality, and the bench on which readings in doubt are put right."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution
from nengtan.telemetry.models import Register, Repair
from nengtan.telemetry.moments import EPOCH
from nengtan.telemetry.pages.charts import consumption_chart, register_chart
from nengtan.telemetry.pages.meter import View, crumbs_of, source_words
from nengtan.telemetry.pages.tables import seen_words
from nengtan.telemetry.queries import readings
from nengtan.telemetry.queries.overview import meters_seen
from nengtan.telemetry.queries.quality import Late, Quality, late_readings, open_findings, quality_of
from nengtan.telemetry.services import repair, undo_repair
from nengtan.telemetry.wording import finding_dict
from nengtan.ui import formats
from nengtan.ui.components import Crumb, KeyFigure, badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.words import carrier_word

__all__ = ["bench", "bench_undo", "quality"]

SPANS = (1, 7, 30)
ENOUGH = 0.95
MOST_DOUBTS = 20
"""Readings in doubt that are shown at once; a meter that has more has one cause, to be righted at the meter."""

LOOKED_BACK = 30
"""Days in which the bench seeks what is in doubt."""


@page(Capability.VIEW_DETAIL)
def quality(request: ActorRequest) -> HttpResponseBase:
    """All meters of the actor, the worst read first."""
    asked = request.GET.get("days", "7")
    days = int(asked) if asked.isdecimal() and int(asked) in SPANS else 7
    found = quality_of(request.actor, days)
    table = _board(request, found)
    answer = table.answer()
    if answer is not None:
        return answer
    late = late_readings(request.actor, days)
    context = {
        "found": found,
        "table": table,
        "days": days,
        "spans": [(one, ngettext("%(n)s day", "%(n)s days", one) % {"n": one}) for one in SPANS],
        "figures": _figures(found),
        "short": sum(one.good + one.estimated < ENOUGH for one in found),
        "doubts": sum(sum(one.doubts.values()) for one in found),
        "late": [_late(one) for one in late[:20]],
        "late_more": max(len(late) - 20, 0),
        "crumbs": [Crumb(gettext("Live metering"), reverse("metering")), Crumb(gettext("Data quality"))],
    }
    return render(request, "telemetry/quality.html", context)


def _figures(found: list[Quality]) -> list[KeyFigure]:
    count = len(found) or 1
    shares = {name: sum(getattr(one, name) for one in found) / count * 100 for name in ("good", "estimated", "missing")}
    return [
        KeyFigure(pgettext("metering", "Measured"), round(shares["good"], 3), "%", decimals=1,
                  judgement="good" if shares["good"] >= ENOUGH * 100 else "warn"),
        KeyFigure(gettext("Estimated"), round(shares["estimated"], 3), "%", decimals=1),
        KeyFigure(pgettext("share of time", "missing"), round(shares["missing"], 3), "%", decimals=1),
        KeyFigure(gettext("Meters with gaps"), sum(bool(one.gaps) for one in found), pgettext("count", "meters")),
        KeyFigure(gettext("Meters that stood still"), sum(bool(one.stuck) for one in found),
                  pgettext("count", "meters")),
        KeyFigure(gettext("Readings in doubt"), sum(sum(one.doubts.values()) for one in found)),
    ]  # fmt: skip


def _late(one: Late) -> dict[str, str]:
    """A notice of readings that came late, in words."""
    local = [timezone.localtime(moment) for moment in (one.first, one.last)]
    words = ngettext(
        "%(n)s reading of %(first)s – %(last)s came at %(received)s (%(source)s); consumption was computed again.",
        "%(n)s readings of %(first)s – %(last)s came at %(received)s (%(source)s); consumption was computed again.",
        one.count,
    )
    text = words % {
        "n": one.count, "first": f"{local[0]:%m-%d %H:%M}", "last": f"{local[1]:%m-%d %H:%M}",
        "received": seen_words(one.received), "source": source_words(one.source),
    }  # fmt: skip
    return {"meter": one.meter, "text": text}


def _share(value: float) -> SafeString:
    return badge_html("good" if value >= ENOUGH else "warn" if value >= 0.8 else "bad", formats.percent(value))


def _gaps(one: Quality) -> str:
    if not one.gaps:
        return "0"
    words = ngettext("%(n)s, %(hours)s h", "%(n)s, the longest %(hours)s h", one.gaps)
    return words % {"n": one.gaps, "hours": one.longest_gap}


def _states(rows: Any, wanted: str) -> Any:
    tests = {
        "gaps": lambda one: one.gaps, "stuck": lambda one: one.stuck, "doubts": lambda one: sum(one.doubts.values()),
    }  # fmt: skip
    return [one for one in rows if tests[wanted](one)]


def _board(request: ActorRequest, found: list[Quality]) -> Table:
    columns = (
        Column("meter", _("Meter"), value=lambda one: str(one.meter), priority=1, sort=True,
               href=lambda one: reverse("bench", args=[one.meter.code])),
        Column("institution", _("Household"), value=lambda one: one.meter.institution.name, sort=True),
        Column("carrier", _("Class"), value=lambda one: carrier_word(one.meter.carrier), sort=True),
        Column("complete", _("Completeness"), numeric=True, value=lambda one: one.good + one.estimated, sort=True,
               render=lambda one: _share(one.good + one.estimated)),
        Column("estimated", pgettext("share of time", "estimated"), unit="%", numeric=True, decimals=1, sort=True,
               value=lambda one: round(one.estimated * 100, 4)),
        Column("missing", pgettext("share of time", "missing"), unit="%", numeric=True, decimals=1, sort=True,
               value=lambda one: round(one.missing * 100, 4)),
        Column("gaps", _("Gaps"), numeric=True, value=lambda one: one.gaps, render=_gaps, sort=True),
        Column("stuck", _("Stood still"), unit="h", numeric=True, decimals=0, sort=True),
        Column("jumps", _("Jumps"), numeric=True, decimals=0, sort=True),
        Column("others", _("Other doubts"), numeric=True, decimals=0, sort=True),
    )  # fmt: skip
    filters = (
        TextFilter("q", _("Search"), fields=("meter.code", "meter.name", "meter.institution.name")),
        ChoiceFilter("has", _("With"), choices=(("gaps", _("Gaps")), ("stuck", _("Stood still")),
                                                 ("doubts", _("Readings in doubt"))), where=_states),
    )  # fmt: skip
    return Table(found, request, id="quality", caption=_("Data quality by meter"), columns=columns, filters=filters,
                 empty_title=_("No readings yet"))  # fmt: skip


class RepairForm(forms.Form):
    """What somebody decides."""

    kind = forms.ChoiceField(choices=Repair.Kind.choices)
    since = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M"])
    until = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M"], required=False)
    value = forms.DecimalField(required=False, max_digits=18, decimal_places=6)
    reason = forms.CharField(max_length=400)


@page(Capability.VIEW_DETAIL)
def bench(request: ActorRequest, code: str) -> HttpResponseBase:
    """What was read, why it is in doubt, and what is to become of it."""
    meters = meters_seen(request.actor)
    found: Any = get_object_or_404(meters, code=code)
    register = Register.objects.filter(meter=found, code="").select_related("meter__institution__region").first()
    form = RepairForm()
    if request.method == "POST":
        form = RepairForm(request.POST)
        if register is not None and form.is_valid() and _decide(request, register, form):
            return redirect(f"{reverse('bench', args=[code])}?{request.GET.urlencode()}")
    now = timezone.now()
    doubts = open_findings(request.actor, now - dt.timedelta(days=LOOKED_BACK), now, code) if register else []
    query = request.GET.copy()
    query["view"] = "day"
    if "at" not in query and doubts:
        query["at"] = timezone.localtime(doubts[0].time).date().isoformat()
    request.GET = query  # type: ignore[assignment]
    view = View(request, [register.pk] if register else [], found.carrier, register.unit if register else "", now)
    begin, end = (EPOCH + dt.timedelta(microseconds=one) for one in (view.stretch.begin, view.stretch.end))
    raw = readings(register, begin, end).to_pylist() if register else []
    rows = Repair.objects.filter(register=register).select_related("entered_by").order_by("-entered_at")[:50]
    context = {
        "meter": found,
        "register": register,
        "view": view,
        "form": form,
        "may": _may(request, found),
        "doubts": [_doubt(one) for one in doubts if not one.register][:MOST_DOUBTS],
        "doubted": sum(not one.register for one in doubts),
        "chart": consumption_chart(view.look, found.carrier, view.unit, view.opens),
        "raw": register_chart(raw, doubts, begin, view.unit) if raw else None,
        "missing": _missing(view),
        "rows": rows,
        "notices": [_late(one)["text"] for one in late_readings(request.actor, LOOKED_BACK, code)[:5]],
        "crumbs": crumbs_of(found.institution, str(found), gettext("Repair bench")),
    }
    return render(request, "telemetry/bench.html", context)


def _may(request: ActorRequest, meter: Any) -> bool:
    rows = Institution.objects.for_actor(request.actor, Capability.WRITE_ACTIVITY)
    return request.actor.can(Capability.WRITE_ACTIVITY) and rows.filter(pk=meter.institution_id).exists()


def _decide(request: ActorRequest, register: Register, form: RepairForm) -> bool:
    """Do it; False with the faults in the form."""
    data = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    try:
        made = repair(request.actor, register, data)
    except ValidationError as error:
        take_errors(form, error)
        return False
    messages.success(
        request,
        gettext("%(what)s: kept. Consumption follows within a minute.") % {"what": made.get_kind_display()},
    )
    return True


def _doubt(one: Any) -> dict[str, Any]:
    told = finding_dict(one)
    return {
        "message": told["message"], "since": one.time.isoformat(timespec="microseconds"),
        "time": f"{timezone.localtime(one.time):%Y-%m-%d %H:%M:%S}", "day": timezone.localtime(one.time).date(),
        "found": one.found,
    }  # fmt: skip


def _missing(view: View) -> dict[str, str] | None:
    """The first stretch of the day of which nothing is known, as the form of an estimate begins."""
    open_ = [one for one in view.look.points if one.missing > 0.001]
    if not open_:
        return None
    first = last = open_[0].begin
    for one in open_[1:]:
        if one.begin != last + 900_000_000:
            break
        last = one.begin
    local = [timezone.localtime(EPOCH + dt.timedelta(microseconds=at)) for at in (first, last + 900_000_000)]
    return {"since": f"{local[0]:%Y-%m-%dT%H:%M}", "until": f"{local[1]:%Y-%m-%dT%H:%M}"}


@require_POST
@page(Capability.VIEW_DETAIL)
def bench_undo(request: ActorRequest, code: str, pk: int) -> HttpResponseBase:
    """Take back what was decided."""
    meters = meters_seen(request.actor)
    rows = Repair.objects.select_related("register__meter__institution__region")
    made = get_object_or_404(rows.filter(register__meter__in=meters.filter(code=code)), pk=pk)
    try:
        undo_repair(request.actor, made, request.POST.get("reason", ""))
        messages.success(request, gettext("Undone. Consumption follows within a minute."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("bench", code)
