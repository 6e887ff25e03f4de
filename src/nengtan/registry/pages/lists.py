"""Lists: institutions as table and map, buildings, meters, equipment, the check of who still exists, the search."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution
from nengtan.registry.pages.tables import (
    DOUBT_FILTERS,
    DOUBTS,
    AssetTable,
    BuildingTable,
    InstitutionTable,
    MeterTable,
    doubt_columns,
    record_url,
)
from nengtan.registry.queries import alive, listing
from nengtan.registry.queries.search import search as search_for
from nengtan.registry.services import intake
from nengtan.registry.services.intake.schema import SHEETS, titles
from nengtan.ui import charts, sending
from nengtan.ui.charts import Place
from nengtan.ui.components import Crumb, KeyFigure, Tab
from nengtan.ui.tables import Table
from nengtan.ui.words import kind_word

MAPPED = 5000
"""Institutions on a map at most."""


def _tabs(request: ActorRequest, shown: str) -> list[Tab]:
    kept = request.GET.copy()
    for key in ("page", "export"):
        kept.pop(key, None)
    query = f"?{kept.urlencode()}" if kept else ""
    words = (("institutions", gettext("List")), ("registry_map", gettext("Map")))
    return [Tab(word, reverse(name) + query, name == shown) for name, word in words]


def _table(request: ActorRequest) -> InstitutionTable:
    may = request.actor.can(Capability.WRITE_REGISTRY)
    href, action = (reverse("registry_import"), _("Import a workbook")) if may else ("", "")
    return InstitutionTable(listing.institutions(request.actor), request, empty_href=href, empty_action=action)


def _may_add(request: ActorRequest) -> bool:
    scope = request.actor.scope_for(Capability.KEEP_INSTITUTIONS)
    return scope.everything or bool(scope.regions)


@page(Capability.VIEW_DETAIL)
def institutions(request: ActorRequest) -> HttpResponseBase:
    """The register as a table."""
    table = _table(request)
    context = {
        "table": table,
        "tabs": _tabs(request, "institutions"),
        "may_write": request.actor.can(Capability.WRITE_REGISTRY),
        "may_add": _may_add(request),
        "may_export": request.actor.can(Capability.EXPORT),
        "exports": _exports(request.GET.urlencode()),
        "crumbs": [Crumb(gettext("Register"))],
    }
    return table.answer() or render(request, "registry/institutions.html", context)


@page(Capability.VIEW_DETAIL)
def registry_map(request: ActorRequest) -> HttpResponseBase:
    """The register by position; the filters of the list hold."""
    table = _table(request)
    places = [
        Place(
            body.name,
            body.lon,
            body.lat,
            body.area_held,
            "muted" if body.closed_on is None else "warn",
            kind_word(body.kind),
            record_url(body.code),
        )
        for body in table.ordered[:MAPPED]
    ]
    words = {"muted": pgettext("institution", "active"), "warn": pgettext("institution", "closed")}
    picture = charts.institution_map(gettext("Institutions by position"), gettext("floor area, m²"), places, words)
    context = {
        "chart": picture,
        "count": len(places),
        "tabs": _tabs(request, "registry_map"),
        "crumbs": [Crumb(gettext("Register"), reverse("institutions")), Crumb(gettext("Map"))],
    }
    return render(request, "registry/map.html", context)


@page(Capability.EXPORT)
def registry_export(request: ActorRequest) -> FileResponse:
    """The listed institutions with all that belongs to them, in the layout of the import."""
    request.actor.require(Capability.VIEW_DETAIL)
    table = _table(request)
    listed: Any = table.filtered
    chosen = Institution.objects.filter(pk__in=listed.order_by().values("pk"))
    history, kind = request.GET.get("history") == "1", request.GET.get("sheet", "")
    if kind in SHEETS:
        name = f"{titles()[kind]}-{timezone.localdate():%Y%m%d}.csv"
        return sending.download(intake.export_csv(chosen, kind, history), name, "text/csv")
    content = intake.export_workbook(chosen, history)
    return sending.download(content, f"{gettext('register')}-{timezone.localdate():%Y%m%d}.xlsx")


def _exports(query: str) -> list[tuple[str, str]]:
    """What the listed institutions can be taken away as: word and address."""
    kept = f"&{query}" if query else ""
    files = [(gettext("Excel, everything"), "history=0"), (gettext("Excel, with all dated values"), "history=1")]
    files += [(f"CSV: {word}", f"sheet={kind}&history=1") for kind, word in titles().items()]
    return [(word, f"{reverse('registry_export')}?{chosen}{kept}") for word, chosen in files]


def _listed(request: ActorRequest, table: Table, title: str) -> HttpResponseBase:
    context = {"table": table, "title": title, "crumbs": [Crumb(title)]}
    return table.answer() or render(request, "registry/list.html", context)


@page(Capability.VIEW_DETAIL)
def buildings(request: ActorRequest) -> HttpResponseBase:
    """All buildings in scope."""
    return _listed(request, BuildingTable(listing.buildings(request.actor), request), gettext("Buildings"))


@page(Capability.VIEW_DETAIL)
def meters(request: ActorRequest) -> HttpResponseBase:
    """All meters in scope."""
    return _listed(request, MeterTable(listing.meters(request.actor), request), gettext("Meters"))


@page(Capability.VIEW_DETAIL)
def assets(request: ActorRequest) -> HttpResponseBase:
    """All equipment in scope."""
    return _listed(request, AssetTable(listing.assets(request.actor), request), gettext("Equipment"))


@page(Capability.VIEW_DETAIL)
def alive_check(request: ActorRequest) -> HttpResponseBase:
    """Before a period begins: who has no staff, no area, no activity."""
    this = timezone.localdate().year
    text = request.GET.get("year", "")
    asked = text.isdecimal() and 2000 <= int(text) <= this
    year = int(text) if asked else alive.year_to_check(request.actor, this)
    found = alive.doubtful(request.actor, year)
    checked = alive.checked(request.actor, year).count()
    serious = sum(len(one.reasons) > 1 for one in found)
    writable, kept = (
        set(
            Institution.objects.for_actor(request.actor, capability)
            .filter(pk__in=[one.institution.pk for one in found], closed_on=None)
            .values_list("pk", flat=True)
        )
        for capability in (Capability.WRITE_REGISTRY, Capability.KEEP_INSTITUTIONS)
    )
    table = Table(
        found,
        request,
        id="alive",
        caption=_("Still alive?"),
        columns=doubt_columns(writable, kept),
        filters=DOUBT_FILTERS,
        empty_title=_("Nobody stands out") if checked else _("Nobody to check"),
        empty_text=_("Every institution of this year has staff, area and activity.")
        if checked
        else _("The register holds no institution of this year."),
    )
    context = {
        "table": table,
        "year": year,
        "years": list(range(this, this - 6, -1)),
        "checked": checked,
        "found": len(found),
        "serious": serious,
        "figures": [
            KeyFigure(
                word,
                sum(code in one.reasons for one in found),
                gettext("institutions"),
                f"?{urlencode({'year': year, 'lacks': code})}",
            )
            for code, word in DOUBTS.items()
        ],
        "crumbs": [Crumb(gettext("Still alive?"))],
    }
    return table.answer() or render(request, "registry/alive.html", context)


@page()
def search(request: ActorRequest) -> HttpResponseBase:
    """Everything in scope that bears what was typed."""
    typed = request.GET.get("q", "").strip()[:80]
    found = search_for(request.actor, typed)
    titles = {
        "institution": pgettext("sheet", "Institutions"),
        "region": gettext("Regions"),
        "building": gettext("Buildings"),
        "meter": gettext("Meters"),
    }
    groups: list[dict[str, Any]] = [
        {"title": title, "rows": [one for one in found if one.kind == kind]} for kind, title in titles.items()
    ]
    context = {
        "typed": typed,
        "count": ngettext("%(count)s found", "%(count)s found", len(found)) % {"count": len(found)},
        "found": found,
        "groups": [group for group in groups if group["rows"]],
        "crumbs": [Crumb(gettext("Search"))],
    }
    return render(request, "registry/search.html", context)
