"""Overview pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan.dashboards.institution import InstitutionView
from nengtan.dashboards.region import SHOWN, Attention, RegionView
from nengtan.dashboards.wall import Wall, name_of
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.queries.accounts import AccountRow
from nengtan.ledger.queries.veil import OTHERS
from nengtan.registry.models import Institution, Region
from nengtan.registry.models.region import ABOVE
from nengtan.registry.queries.listing import register_is_due
from nengtan.reporting.pages.lists import late_badge, state_badge
from nengtan.reporting.queries import is_of_an_institution, waiting_for
from nengtan.reporting.wording import period_word
from nengtan.telemetry.queries.alarms import alarms_seen
from nengtan.ui.components import Change, Crumb, badge_html, change_html, peers_svg
from nengtan.ui.tables import Column, Table
from nengtan.ui.tables.columns import Text
from nengtan.ui.words import kind_word


@page(Capability.VIEW)
def home(request: ActorRequest) -> HttpResponseBase:
    """To the page of the actor's own region or institution."""
    institutions = request.actor.scope.institutions
    own_region = home_region(request.actor)
    if own_region is None and len(institutions) == 1:
        return redirect("institution", Institution.objects.get(pk__in=institutions).code)
    if own_region is None and institutions:
        return redirect("institutions")
    if own_region is None:
        return render(request, "dashboards/nothing.html")
    return redirect("region", own_region.code)


def home_region(actor: Actor) -> Region | None:
    """The region an actor begins with: the one granted, or for all-seeing ones the smallest that holds most bodies."""
    scope = actor.scope
    if scope.granted:
        return Region.objects.get(path=min(scope.granted, key=len))
    if not scope.everything:
        return None
    paths = list(Institution.objects.values_list("region__path", flat=True))
    if not paths:
        return None
    roots = [path.split("/")[1] for path in paths]
    root = max(set(roots), key=roots.count)
    inside = [path.strip("/").split("/") for path in paths if path.split("/")[1] == root]
    depth = next(
        (place for place in range(min(map(len, inside))) if len({codes[place] for codes in inside}) > 1),
        min(map(len, inside)),
    )
    return Region.objects.get(code=inside[0][depth - 1])


def _year(request: HttpRequest, name: str = "year") -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and 1990 <= int(text) <= 2100 else None


def _region_or_404(request: ActorRequest, code: str) -> Region:
    region = Region.objects.in_line().filter(code=code).first()
    if region is None:
        raise Http404(_("There is no region with this code."))
    if not request.actor.scope.reaches(region.path):
        raise Http404(_("There is no region with this code."))
    return region


def region_crumbs(actor: Actor, above: list[Region], last: str = "") -> list[Crumb]:
    """Regions from the root down, those the actor may open as links; ``last`` is the page itself if not a region."""
    crumbs = []
    for item in above:
        opens = actor.scope.reaches(item.path)
        is_here = item is above[-1] and not last
        crumbs.append(Crumb(item.label, reverse("region", args=[item.code]) if opens and not is_here else ""))
    return [*crumbs, Crumb(last)] if last else crumbs


def _percent(row: AccountRow) -> object:
    share = row.bodies.coverage.share
    return None if share is None else share * 100


def _peers(row: Attention) -> object:
    value = row.kgce_per_m2
    return peers_svg(row.peers, float(value), row.severity, "kgce/m²") if value is not None else ""


def _change(row: Attention) -> object:
    return change_html(Change(row.book.energy_tce, row.before, row.against), brief=True)


def _ratio(row: Attention) -> object:
    return Change(row.book.energy_tce, row.before, "").ratio


def _why(row: Attention) -> object:
    first = row.reasons[0]
    return format_html("{} {}", badge_html(first.severity, first.word), first.text)


Opens = Callable[[Any, str], str]
"""The address that explains a measure of a row; empty where there is none."""


def _figures(opens: Opens) -> tuple[Column, ...]:
    """The figures of a region or a kind of body, each opening down to its bills."""
    return (
        Column(
            "institutions",
            pgettext_lazy("how many", "Institutions"),
            numeric=True,
            decimals=0,
            sort=True,
            value=lambda row: row.bodies.institutions,
        ),
        _figure(opens, "energy_tce", _("Energy"), "tce", 1),
        _figure(opens, "co2_t", _("CO₂"), "tCO₂", 1),
        _figure(opens, "kgce_per_m2", _("Per area"), "kgce/m²", 2),
        _figure(opens, "kgce_per_person", _("Per person"), _("kgce/person"), 1),
        Column("coverage", _("Completeness"), unit="%", numeric=True, decimals=1, sort=True, value=_percent),
    )


def _figure(opens: Opens, measure: str, heading: Text, unit: Text, decimals: int) -> Column:
    return Column(
        measure,
        heading,
        unit=unit,
        numeric=True,
        decimals=decimals,
        sort=True,
        value=lambda row: row.measures[measure],
        href=lambda row: opens(row, measure),
        drawer=True,
    )


def _below_table(view: RegionView, request: ActorRequest) -> Table:
    """Regions below, and the bodies directly in the region, whose line opens nothing: its total is the region's."""
    own = view.region.code

    def opens(row: AccountRow, measure: str) -> str:
        return "" if row.key in (own, OTHERS) else view.lineage(measure, region=row.key)

    label = Column(
        "label",
        _("Region"),
        sort=True,
        priority=1,
        value=lambda row: row.label,
        href=lambda row: "" if row.key in (own, OTHERS) else reverse("region", args=[row.key]),
    )
    columns = (label, *_figures(opens))
    return Table(
        list(view.below), request, id="below", prefix="b_", caption=_("Regions below"), columns=columns,
        default_sort="-energy_tce",
    )  # fmt: skip


def _kind_table(view: RegionView, request: ActorRequest) -> Table:
    """Kinds of body side by side."""
    label = Column("label", _("Type"), sort=True, priority=1)
    columns = (
        label,
        *_figures(lambda row, measure: "" if row.key == OTHERS else view.lineage(measure, type=row.key)),
    )
    return Table(
        list(view.by_kind), request, id="kinds", prefix="k_", caption=_("By type of institution"), columns=columns,
        default_sort="-energy_tce",
    )  # fmt: skip


class AttentionTable(Table):
    """Institutions worth a look."""

    id = "attention"
    caption = _("Who is worth a look")
    columns = (
        Column(
            "name",
            _("Institution"),
            priority=1,
            value=lambda row: row.book.institution.name,
            href=lambda row: reverse("institution", args=[row.book.institution.code]),
        ),
        Column("kind", _("Type"), value=lambda row: kind_word(row.book.kind)),
        Column("kgce_per_m2", _("Energy per area"), unit="kgce/m²", numeric=True, decimals=1, sort=True),
        Column("peers", _("Among its peers"), render=_peers, export=lambda row: ""),
        Column("change", _("On last year"), numeric=True, render=_change, export=_ratio),
        Column(
            "why",
            _("Why"),
            whole=True,
            render=_why,
            export=lambda row: "; ".join(f"{item.word}: {item.text}" for item in row.reasons),
        ),
    )
    empty_title = _("Nobody stands out")
    empty_text = _("All institutions are close to their peers and to last year, and complete.")


def _attention_table(view: RegionView, request: ActorRequest, rows: list[Attention], prefix: str = "") -> Table:
    """The heading of the change says against what."""
    columns: tuple[Column, ...] = AttentionTable.columns
    if not view.is_on_last_year:
        heading = _("On %(year)s") % {"year": view.base}
        columns = tuple(replace(item, heading=heading) if item.key == "change" else item for item in columns)
    return AttentionTable(rows, request, prefix=prefix, columns=columns)


@page(Capability.VIEW)
def region(request: ActorRequest, code: str) -> HttpResponseBase:
    """A region's year on one screen."""
    found = _region_or_404(request, code)
    view = RegionView(request.actor, found, _year(request), timezone.localdate().year, _year(request, "base"))
    kinds = _kind_table(view, request)
    below = _below_table(view, request) if view.below else None
    attention = _attention_table(view, request, view.attention(SHOWN), "a_")
    for table in (kinds, below, attention):
        answer = table.answer() if table is not None else None
        if answer is not None:
            return answer
    context = {
        "view": view,
        "register_is_due": partial(register_is_due, request.actor, found),
        "crumbs": region_crumbs(request.actor, view.above),
        "years": view.cube.years[::-1],
        "year": view.year,
        "kinds": kinds,
        "below": below,
        "attention": attention,
    }
    return render(request, "dashboards/region.html", context)


@page(Capability.VIEW_DETAIL)
def region_map(request: ActorRequest, code: str) -> HttpResponseBase:
    """The map of a region's institutions, put into the region's page after it stands: it may have thousands of dots."""
    found = _region_or_404(request, code)
    view = RegionView(request.actor, found, _year(request), timezone.localdate().year)
    if not view.is_small:
        raise Http404(_("There are too many institutions here to draw each of them."))
    return render(request, "dashboards/map.html", {"chart": view.map_chart()})


@page(Capability.VIEW_DETAIL)
def wall(request: ActorRequest, code: str) -> HttpResponseBase:
    """A region on a large screen, that keeps itself up to date for days."""
    found = _region_or_404(request, code)
    context = {"region": found, "title": found.label, "told": Wall(request.actor, found).told()}
    return render(request, "dashboards/wall.html", context)


@page(Capability.VIEW_DETAIL)
def wall_home(request: ActorRequest) -> HttpResponseBase:
    """To the wall screen of the actor's own region."""
    own = home_region(request.actor)
    if own is None:
        raise Http404(_("There is no region with this code."))
    return redirect("wall", own.code)


AGAIN_MS = 10_000
"""How long a wall screen waits before it asks again [ms]."""

STAYS = "wall_seen"
"""In the session: when a wall screen last prolonged it [s since 1970]."""

PROLONG_S = 3600


@page(Capability.VIEW_DETAIL)
def wall_live(request: ActorRequest, code: str) -> HttpResponseBase:
    """The same figures as a server-sent event, where they have changed; the answer then ends, and the browser asks
    again. Somebody who looks at a screen all day stays signed in: it prolongs the session once an hour."""
    found = _region_or_404(request, code)
    now = timezone.now().timestamp()
    if now - request.session.get(STAYS, 0) > PROLONG_S:
        request.session[STAYS] = now
    name = name_of(found.code, alarms_seen(request.actor).filter(ended=None).order_by().count())
    text = f"retry: {AGAIN_MS}\n"
    if request.headers.get("Last-Event-ID") != name:
        told = json.dumps(Wall(request.actor, found).told(), ensure_ascii=False)
        text += f"id: {name}\ndata: {told}\n"
    response = HttpResponse(f"{text}\n", content_type="text/event-stream; charset=utf-8")
    response.headers["X-Accel-Buffering"] = "no"
    return response


@page(Capability.VIEW_DETAIL)
def attention(request: ActorRequest, code: str) -> HttpResponseBase:
    """Every institution of a region worth a look, and why."""
    found = _region_or_404(request, code)
    view = RegionView(request.actor, found, _year(request), timezone.localdate().year, _year(request, "base"))
    table = _attention_table(view, request, view.attention())
    context = {
        "view": view,
        "table": table,
        "count": len(table.source),
        "crumbs": region_crumbs(request.actor, view.above, str(_("Who is worth a look"))),
        "years": view.cube.years[::-1],
        "year": view.year,
    }
    return table.answer() or render(request, "dashboards/attention.html", context)


@page(Capability.VIEW_DETAIL)
def institution(request: ActorRequest, code: str) -> HttpResponseBase:
    """An institution's year on one screen."""
    bodies = Institution.objects.for_actor(request.actor).select_related(f"region__{ABOVE}", "superior", "host")
    found = bodies.filter(code=code).first()
    if found is None:
        raise Http404(_("There is no institution with this code."))
    view = InstitutionView(request.actor, found, _year(request), timezone.localdate().year, _year(request, "base"))
    context = {
        "view": view,
        "institution": found,
        "kind": kind_word(found.kind),
        "crumbs": region_crumbs(request.actor, view.above, found.name),
        "years": view.cube.years[::-1],
        "year": view.year,
        **_waiting(request.actor, found),
    }
    return render(request, "dashboards/institution.html", context)


def _waiting(actor: Actor, body: Institution) -> dict[str, Any]:
    """The return of a body that waits for one of its own people; nothing for others."""
    rows = waiting_for(actor).filter(institution=body) if is_of_an_institution(actor) else None
    first = rows.first() if rows is not None else None
    if first is None:
        return {}
    return {
        "waiting": first, "waiting_period": period_word(first.period), "waiting_state": state_badge(first),
        "waiting_late": late_badge(first),
    }  # fmt: skip
