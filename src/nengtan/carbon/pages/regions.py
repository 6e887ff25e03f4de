"""The carbon report of a region's year, and its files."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from nengtan.carbon.documents import TYPES, Format, filename, made
from nengtan.carbon.pages.showing import formats, setting_pickers, shown
from nengtan.carbon.regional import RegionInventory, per_area, region_inventory
from nengtan.carbon.regional_blocks import EFFECT_SHORT, region_report
from nengtan.carbon.settings import settings_from
from nengtan.carbon.words import FIGURES
from nengtan.domain.carbon.inventory import Settings
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.models import RegionBooks
from nengtan.ledger.pages.explain import explain_url
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.words import MEASURES
from nengtan.registry.models import Region
from nengtan.reporting.report import pango
from nengtan.ui.charts import Chart, Series, Share, Step, ranking, trend, waterfall
from nengtan.ui.components import Change, Crumb, KeyFigure
from nengtan.ui.sending import download
from nengtan.ui.words import kind_word

__all__ = ["region_file", "region_page", "regions_for"]


def regions_for(actor: Actor) -> list[Region]:
    """Regions with figures of which the actor sees every institution."""
    covered = Region.objects.filter(actor.scope_for(Capability.VIEW_DETAIL).regions_q())
    return list(covered.filter(pk__in=RegionBooks.objects.values("region")).order_by("path"))


def _asked(request: ActorRequest, regions: list[Region]) -> tuple[RegionInventory | None, Settings]:
    """The report the address asks for, of the first region where it names none; None where there is no region."""
    code = request.GET.get("region", "")
    region = next((item for item in regions if code in ("", item.code)), None)
    if code and region is None:
        raise Http404(gettext("There is no such region, or not all of it is yours to see."))
    try:
        settings = settings_from(request.GET.dict())
    except ValueError as error:
        raise Http404(str(error)) from error
    if region is None:
        return None, settings
    year, base = _whole(request, "year"), _whole(request, "base")
    this_year = timezone.localdate().year
    return region_inventory(request.actor, region, year, base, settings, this_year), settings


def _whole(request: ActorRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and 1990 <= int(text) <= 2100 else None


@require_GET
@page(Capability.VIEW_DETAIL)
def region_page(request: ActorRequest) -> HttpResponseBase:
    """?region=, year, base, and what the standard leaves open."""
    regions = regions_for(request.actor)
    found, settings = _asked(request, regions)
    context: dict[str, Any] = {"regions": regions, "crumbs": [Crumb(gettext("Regional carbon report"))]}
    if found is None:
        return render(request, "carbon/region.html", context)
    report, selection = region_report(found), Selection(found.year, found.region)
    earlier = [item for item in found.years if item < found.year]
    context |= {
        "found": found, "region": found.region, "year": found.year,
        "years": sorted({*found.years, found.year}, reverse=True), "headline": report.headline,
        "remarks": report.remarks, "base": found.base_year, "bases": earlier or [found.base_year],
        "figures": _key_figures(found, request), "charts": _charts(found), "known": bool(found.uses),
        "blocks": [shown(block, request, selection) for block in report.blocks if block.code],
        "settings": setting_pickers(settings), "files": _files(request, found),
    }  # fmt: skip
    return render(request, "carbon/region.html", context)


def _files(request: ActorRequest, found: RegionInventory) -> list[tuple[str, str]]:
    if not request.actor.can(Capability.EXPORT):
        return []
    query = request.GET.copy()
    query["region"], query["year"] = found.region.code, str(found.year)
    return [
        (word, f"{reverse('region_carbon_file', args=[str(kind)])}?{query.urlencode()}")
        for kind, word in formats().items()
    ]


def _key_figures(found: RegionInventory, request: ActorRequest) -> list[KeyFigure]:
    result, last = found.result, found.last
    reason = _("nothing is known of it")
    whole = (
        explain_url(Selection(found.year, found.region), "co2_t") if request.actor.can(Capability.VIEW_LINEAGE) else ""
    )
    before = last.current.statutory_t if last else None
    area = per_area(result.statutory_t, found.bodies)
    area_before = per_area(before, last.bodies) if last else None
    return [
        KeyFigure(_("Statutory inventory"), result.statutory_t, "tCO₂", whole, decimals=2, reason=reason,
                  change=Change(result.statutory_t, before, _("on last year, by each year's factors"))),
        KeyFigure(FIGURES["statutory_market_t"], result.statutory_market_t, decimals=2, reason=reason),
        KeyFigure(MEASURES["kgco2_per_m2"], area, "kgCO₂/m²", decimals=2, reason=_("the floor area is not known"),
                  change=Change(area, area_before, _("on last year, by each year's factors"))),
        KeyFigure(_("By constant factors"), found.now.constant.statutory_t, "tCO₂", decimals=2, reason=reason,
                  note=gettext("factors of %(year)s") % {"year": found.base_year}),
        KeyFigure(FIGURES["extended_t"], result.extended_t, decimals=2, reason=reason),
    ]  # fmt: skip


def _charts(found: RegionInventory) -> list[Chart]:
    labels = [str(item.year) for item in found.trend]
    series = [
        Series("total", _("By the year's factors"), [item.current.statutory_t for item in found.trend]),
        Series("constant", _("By constant factors"), [item.constant.statutory_t for item in found.trend], dashed=True),
    ]
    drawn = [
        trend(_("Trend by both factor bases"), "tCO₂", labels, series, heading=_("Year"), key="trend",
              note=_("where the lines part, the grid changed and not the institutions")),
    ]  # fmt: skip
    if found.drivers is not None:
        steps = [Step(EFFECT_SHORT[name], effect) for name, effect in found.drivers.effects.items()]
        start = Share("total", str(found.base_year), found.drivers.base)
        end = Share("total", str(found.year), found.drivers.now)
        drawn.append(waterfall(_("Why emissions moved"), "tCO₂", start, steps, end, key="causes"))
    bars = sorted(
        (Share("brand", kind_word(row.key), row.figures.co2_t) for row in found.by_kind if row.figures.co2_t),
        key=lambda bar: -(bar.value or 0),
    )
    return [*drawn, ranking(_("Emissions by type of institution"), "tCO₂", bars, key="kinds", heading=_("Type"))]


@require_GET
@page(Capability.VIEW_DETAIL)
def region_file(request: ActorRequest, written: str) -> HttpResponseBase:
    """The report to save: Word, PDF or Excel."""
    request.actor.require(Capability.EXPORT)
    if written not in list(Format):
        raise Http404
    found, _settings = _asked(request, regions_for(request.actor))
    if found is None:
        raise Http404
    kind, report = Format(written), region_report(found)
    try:
        content = made(report, kind, timezone.localdate())
    except pango.NoPdf as error:
        raise Http404(str(error)) from error
    return download(content, filename(report, kind), TYPES[kind])
