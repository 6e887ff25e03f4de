"""The carbon inventories of institutions: the list of a year, the report of one, and its files."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from nengtan import reference
from nengtan.carbon.blocks import PARTS, institution_report
from nengtan.carbon.books import InstitutionInventory, institution_inventory, uncertainty
from nengtan.carbon.documents import TYPES, Format, filename, made
from nengtan.carbon.pages.showing import formats, setting_pickers, shown
from nengtan.carbon.settings import settings_from
from nengtan.carbon.words import FIGURES
from nengtan.domain.carbon.inventory import Settings
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.models import InstitutionYear
from nengtan.ledger.pages.explain import explain_url
from nengtan.ledger.words import MEASURES
from nengtan.registry.models import Institution
from nengtan.reporting.report import pango
from nengtan.ui.charts import Chart, Share, Step, ranking, waterfall
from nengtan.ui.components import Change, Crumb, KeyFigure
from nengtan.ui.formats import percent
from nengtan.ui.sending import download
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.words import choices, kind_word, named

FIRST = ("T6", "T7")
"""What is read first stands first on the page; files keep the order of the tables."""

__all__ = ["inventories", "inventory_file", "inventory_page"]


@page(Capability.VIEW_DETAIL)
def inventories(request: ActorRequest) -> HttpResponseBase:
    """Whose inventories of a year may be opened; somebody of one institution comes to it at once."""
    scope = request.actor.scope_for(Capability.VIEW_DETAIL)
    if len(scope.institutions) == 1 and not (scope.everything or scope.granted):
        body = Institution.objects.filter(pk__in=scope.institutions).first()
        if body is not None:
            return redirect("inventory", body.code)
    books = InstitutionYear.objects.filter(scope.institutions_q("institution__"))
    years = list(books.order_by("-year").values_list("year", flat=True).distinct())
    year = _year(request, years)
    table = _list(books.filter(year=year).select_related("institution__region"), request, year)
    context = {
        "table": table, "years": sorted({*years, year}, reverse=True), "year": year,
        "crumbs": [Crumb(gettext("Carbon inventories"))],
    }  # fmt: skip
    return table.answer() or render(request, "carbon/inventories.html", context)


def _year(request: ActorRequest, years: list[int]) -> int:
    """The year asked for, else the last with figures that has ended."""
    text = request.GET.get("year", "")
    if text.isdecimal() and 1990 <= int(text) <= 2100:
        return int(text)
    this = timezone.localdate().year
    return next((year for year in years if year < this), this - 1)


def _list(rows: Any, request: ActorRequest, year: int) -> Table:
    columns = (
        Column("institution", _("Institution"), value="institution__name", sort=True, priority=1,
               href=lambda row: f"{reverse('inventory', args=[row.institution.code])}?year={year}"),
        Column("kind", _("Type"), value=lambda row: kind_word(row.kind), priority=3),
        Column("region", _("Region"), value=lambda row: str(row.institution.region), priority=3),
        Column("co2_t", _("Statutory inventory"), unit="tCO₂", numeric=True, decimals=2, sort=True, total=True,
               reason=_("nothing is known of it")),
        Column("area_m2", MEASURES["area_m2"], unit="m²", numeric=True, decimals=0, sort=True, priority=3),
        Column("per_area", MEASURES["kgco2_per_m2"], unit="kgCO₂/m²", numeric=True, decimals=2, value=_per_area),
        Column("coverage", MEASURES["coverage"], unit="%", numeric=True, decimals=1, value=_coverage),
    )  # fmt: skip
    return Table(
        rows, request, id="inventories", caption=_("Carbon inventories"), columns=columns, default_sort="-co2_t",
        filters=(
            TextFilter("q", _("Search"), fields=("institution__name", "institution__code", "institution__initials")),
            ChoiceFilter("kind", _("Type"), choices=choices(reference.institution_types())),
        ),
        empty_title=_("No figures for this year"),
    )  # fmt: skip


def _per_area(row: InstitutionYear) -> Decimal | None:
    return row.co2_t * 1000 / row.area_m2 if row.co2_t is not None and row.area_m2 else None


def _coverage(row: InstitutionYear) -> Decimal | None:
    return Decimal(100) * row.present / row.expected if row.expected else None


def _found(request: ActorRequest, code: str) -> tuple[InstitutionInventory, list[int], Settings]:
    bodies = Institution.objects.for_actor(request.actor, Capability.VIEW_DETAIL).select_related("region")
    body = get_object_or_404(bodies, code=code)
    years = list(body.years.order_by("-year").values_list("year", flat=True))
    try:
        settings = settings_from(request.GET.dict())
    except ValueError as error:
        raise Http404(str(error)) from error
    return institution_inventory(request.actor, body, _year(request, years), settings), years, settings


@require_GET
@page(Capability.VIEW_DETAIL)
def inventory_page(request: ActorRequest, code: str) -> HttpResponseBase:
    """The report of an institution's year: ?year=, and what the standard leaves open."""
    found, years, settings = _found(request, code)
    report = institution_report(found)
    named_blocks = [block for block in report.blocks if block.code]
    held = sorted(named_blocks, key=lambda block: block.code not in FIRST)
    crumbs = [Crumb(gettext("Carbon inventories"), reverse("inventories")), Crumb(str(found.institution))]
    context = {
        "found": found, "headline": report.headline, "remarks": report.remarks, "year": found.year,
        "years": sorted({*years, found.year}, reverse=True), "figures": _key_figures(found, request),
        "charts": _charts(found),
        "blocks": [shown(block, request, found.selection) for block in held],
        "settings": setting_pickers(settings),
        "files": _files(request, found) if request.actor.can(Capability.EXPORT) else [], "crumbs": crumbs,
        "known": bool(found.uses),
    }  # fmt: skip
    return render(request, "carbon/inventory.html", context)


def _files(request: ActorRequest, found: InstitutionInventory) -> list[tuple[str, str]]:
    query = request.GET.copy()
    query["year"] = str(found.year)
    return [
        (word, f"{reverse('inventory_file', args=[found.institution.code, str(kind)])}?{query.urlencode()}")
        for kind, word in formats().items()
    ]


def _key_figures(found: InstitutionInventory, request: ActorRequest) -> list[KeyFigure]:
    result, alike = found.result, found.last_alike
    reason = _("nothing is known of it")
    whole = explain_url(found.selection, "co2_t") if request.actor.can(Capability.VIEW_LINEAGE) else ""
    before = alike.statutory_t if alike else None
    sure = uncertainty(found)
    figures = [
        KeyFigure(
            _("Statutory inventory"), result.statutory_t, "tCO₂", whole, decimals=2, reason=reason,
            change=Change(result.statutory_t, before, _("on last year, by the same factors"))
            if found.comparable else None,
            note="" if sure is None else f"±{percent(sure.half_width)}",
        )
    ]  # fmt: skip
    figures += [KeyFigure(word, result.parts[part], "tCO₂", decimals=2, reason=reason) for part, word in PARTS.items()]
    return [
        *figures,
        KeyFigure(FIGURES["statutory_market_t"], result.statutory_market_t, decimals=2, reason=reason),
        KeyFigure(FIGURES["extended_t"], result.extended_t, decimals=2, reason=reason),
        KeyFigure(
            MEASURES["kgco2_per_m2"], found.intensities.kgco2_per_m2, "kgCO₂/m²", decimals=2,
            reason=_("the floor area is not known"),
        ),
    ]  # fmt: skip


def _charts(found: InstitutionInventory) -> list[Chart]:
    lines = [line for line in found.result.lines if line.source.is_statutory and line.location.t]
    bars = [
        Share(line.source.code, named(line.source), line.location.t)
        for line in sorted(lines, key=lambda line: -(line.location.t or 0))
    ]
    drawn = [ranking(_("Statutory emissions by source"), "tCO₂", bars, key="sources", heading=_("Emission source"))]
    alike = found.last_alike
    if not found.comparable or alike is None or alike.statutory_t is None or found.result.statutory_t is None:
        return drawn
    now, before = _by_name(found.result.lines), _by_name(alike.lines)
    steps = [
        Step(name, moved) for name in {**before, **now}
        if (moved := now.get(name, Decimal(0)) - before.get(name, Decimal(0)))
    ]  # fmt: skip
    start = Share("total", str(found.year - 1), alike.statutory_t)
    end = Share("total", str(found.year), found.result.statutory_t)
    note = _("last year by this year's factors, so that the grid changes nothing")
    return [waterfall(_("Change by source"), "tCO₂", start, steps, end, key="change", note=note), *drawn]


def _by_name(lines: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in lines:
        if line.source.is_statutory and line.location.t is not None:
            found[named(line.source)] = found.get(named(line.source), Decimal(0)) + line.location.t
    return found


@require_GET
@page(Capability.VIEW_DETAIL)
def inventory_file(request: ActorRequest, code: str, written: str) -> HttpResponseBase:
    """The report to save: Word, PDF or Excel."""
    request.actor.require(Capability.EXPORT)
    if written not in list(Format):
        raise Http404
    found, _years, _settings = _found(request, code)
    kind = Format(written)
    try:
        report = institution_report(found)
        content = made(report, kind, timezone.localdate())
    except pango.NoPdf as error:
        raise Http404(str(error)) from error
    return download(content, filename(report, kind), TYPES[kind])
