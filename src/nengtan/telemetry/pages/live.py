"""The overview of meters, and the stream that keeps it up to date."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from nengtan import reference
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, Region
from nengtan.telemetry.lake import open_lake
from nengtan.telemetry.moments import micros
from nengtan.telemetry.pages.tables import LiveTable, live_cells, seen_words
from nengtan.telemetry.queries.overview import Heard, Overview, meters_seen, overview, seen, within
from nengtan.ui import charts
from nengtan.ui.charts import Chart, Series
from nengtan.ui.components import Change, Crumb, Judgement, KeyFigure
from nengtan.ui.words import carrier_word, unit_word

__all__ = ["metering", "metering_live"]

MOST_WATCHED = 100
"""Meters one stream tells of: those of a page of the table."""

AGAIN_MS = 5000
"""How long a browser waits before it asks again [ms]."""

SHOWN = ("electricity", "natural_gas", "water", "heat")


@page(Capability.VIEW_DETAIL)
def metering(request: ActorRequest) -> HttpResponseBase:
    """Meters by household, class and item, with what they show now."""
    body = _institution(request)
    region = _region(request) if body is None else None
    meters = _selected(request, body, region)
    table = LiveTable(meters, request)
    answer = table.answer()
    if answer is not None:
        return answer
    told = overview(meters)
    context = {
        "table": table,
        "told": told,
        "body": body,
        "region": region,
        "where": body.name if body else region.label if region else "",
        "figures": _figures(told),
        "chart": _load(told) if told.load else None,
        "notices": [body.region.notice] if body and body.region.notice else [],
        "newest": seen_words(told.newest),
        "crumbs": _crumbs(body, region),
        "live_url": reverse("metering_live"),
    }
    return render(request, "telemetry/metering.html", context)


def _institution(request: ActorRequest) -> Institution | None:
    code = request.GET.get("institution", "")
    bodies = Institution.objects.for_actor(request.actor).select_related("region")
    return get_object_or_404(bodies, code=code) if code else None


def _region(request: ActorRequest) -> Region | None:
    code = request.GET.get("region", "")
    return get_object_or_404(Region.objects.for_actor(request.actor), code=code) if code else None


def _selected(request: ActorRequest, body: Institution | None, region: Region | None) -> QuerySet[Any]:
    meters = meters_seen(request.actor)
    return within(meters, body.code if body else "", region.code if region else "")


def _crumbs(body: Institution | None, region: Region | None) -> list[Crumb]:
    place = body.name if body else region.label if region else ""
    crumbs = [Crumb(_("Live metering"), reverse("metering") if place else "")]
    return [*crumbs, Crumb(place)] if place else crumbs


def _figures(told: Overview) -> list[KeyFigure]:
    """What was used today, by carrier, and how many meters are heard of."""
    against = _("on yesterday")
    used = [
        KeyFigure(
            _("%(carrier)s today") % {"carrier": carrier_word(carrier)},
            round(told.today[carrier], 1) if carrier in told.today else None,
            unit_word(reference.carriers()[carrier].unit),
            change=Change(told.today.get(carrier), told.yesterday.get(carrier), against),
            reason=_("no hour of today is computed yet"),
        )
        for carrier in SHOWN
        if carrier in told.today or carrier in told.yesterday
    ]
    judged: tuple[tuple[Heard, Judgement], ...] = (
        (Heard.LIVE, "good"), (Heard.LATE, "warn"), (Heard.SILENT, "bad"), (Heard.NEVER, "muted"),
    )  # fmt: skip
    states = [
        KeyFigure(
            state.label, told.states[state], pgettext("count", "meters"), f"?state={state}",
            judgement=judgement if told.states[state] else "muted",
        )
        for state, judgement in judged
    ]  # fmt: skip
    return [*used, *states]


def _load(told: Overview) -> Chart:
    """Electricity of today beside yesterday's."""
    series = [
        Series("electricity", pgettext("day", "today"), told.load["today"]),
        Series("yesterday", pgettext("day", "yesterday"), told.load["yesterday"], dashed=True),
    ]
    hours = [f"{hour:02d}:00" for hour in range(24)]
    return charts.trend(_("Electric load by hour"), "kW", hours, series, heading=_("Hour"), key="load")


@page(Capability.VIEW_DETAIL)
def metering_live(request: ActorRequest) -> HttpResponseBase:
    """What some meters show now, as server-sent events.

    An answer is one event at most and then ends: a browser asks again by itself after `AGAIN_MS`, and says what it
    has seen. So a screen that is open for days holds no thread of the server, and finds back after it was restarted.
    """
    codes = [code for code in request.GET.get("meters", "").split(",") if code.isprintable() and code][:MOST_WATCHED]
    meters = list(meters_seen(request.actor).filter(code__in=codes)) if codes else []
    found = seen(meters)
    moments = [micros(moment) for one in found.values() for moment in (one.received, one.time) if moment]
    name = f"{sum(moments)}-{open_lake().statistics.version()}-{timezone.localtime():%H%M}"
    text = f"retry: {AGAIN_MS}\n"
    if request.headers.get("Last-Event-ID") != name:
        told = {meter.code: live_cells(found[meter.pk]) for meter in meters}
        text += f"id: {name}\ndata: {json.dumps(told, ensure_ascii=False)}\n"
    response = HttpResponse(f"{text}\n", content_type="text/event-stream; charset=utf-8")
    response.headers["X-Accel-Buffering"] = "no"
    return response
