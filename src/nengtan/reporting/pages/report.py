"""The annual report of a region: what it says, making it, what was made, its template, the returns behind a figure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from nengtan.domain.returns.report import Reporter
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.reference.report import tables
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.models import AnnualReport, Return
from nengtan.reporting.report import books, office, opening, pdf, shipped, word
from nengtan.reporting.report.gather import years_with_returns
from nengtan.reporting.report.opening import Opening
from nengtan.reporting.report.phrasing import Phrases, number
from nengtan.reporting.report.tables import figure_unit
from nengtan.reporting.report.tagging import CHARTS
from nengtan.reporting.report.words import sample
from nengtan.reporting.services.reports import drop_template, keep_template, no_pdf, template_of
from nengtan.ui import jobs
from nengtan.ui.components import Change, Crumb, KeyFigure
from nengtan.ui.sending import download
from nengtan.ui.tables import Column, Table
from nengtan.ui.words import kind_word

__all__ = ["annual_report", "asked", "region_and_year", "regions_of", "report_figure", "report_file", "report_template"]

TYPES = {AnnualReport.Format.DOCX: word.WORD_TYPE, AnnualReport.Format.PDF: pdf.PDF_TYPE}


class MakeForm(forms.Form):
    """What to make."""

    format = forms.ChoiceField(label=_("Format"), choices=AnnualReport.Format.choices)
    base_year = forms.TypedChoiceField(label=_("Base year"), required=False, coerce=int, empty_value=None)

    def __init__(self, years: list[int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("none")), *((str(year), str(year)) for year in years)]
        self.fields["base_year"].choices = choices  # type: ignore[attr-defined]


class TemplateForm(forms.Form):
    """An office's own template."""

    file = forms.FileField(label=_("Word template"), widget=forms.FileInput(attrs={"accept": ".docx"}))


def regions_of(actor: Actor, capability: str = Capability.VIEW_DETAIL) -> QuerySet[Region]:
    """Regions the actor may use ``capability`` on as a whole that owe annual returns, themselves or below."""
    mine = Region.objects.for_actor(actor, capability)
    owing = mine.filter(Exists(Return.objects.filter(region=OuterRef("pk")).order_by()))
    codes = {code for path in owing.order_by().values_list("path", flat=True) for code in path.strip("/").split("/")}
    return mine.filter(code__in=codes).order_by("path")


def region_asked(request: ActorRequest, regions: Iterable[Region]) -> Region | None:
    """The region asked for, else the first with returns."""
    code = request.GET.get("region", "")
    region = next((item for item in regions if code in ("", item.code)), None)
    if code and region is None:
        raise Http404
    return region


def asked(request: ActorRequest, regions: Iterable[Region]) -> tuple[Region | None, int, list[int]]:
    """The region and year asked for, else the first with returns and its latest year; and its years."""
    region = region_asked(request, regions)
    years = years_with_returns(region) if region else []
    return region, _year(request) or (years[0] if years else clock.today().year - 1), years


def region_and_year(request: ActorRequest, regions: Iterable[Region]) -> tuple[Region | None, int]:
    """The same without its years, which are looked up only where no year is asked for."""
    year = _year(request)
    if year is None:
        return asked(request, regions)[:2]
    return region_asked(request, regions), year


def _year(request: ActorRequest) -> int | None:
    text = request.GET.get("year", "")
    return int(text) if text.isdecimal() and 1990 <= int(text) <= 2100 else None


@page(Capability.VIEW_DETAIL)
def annual_report(request: ActorRequest) -> HttpResponseBase:
    """The main findings and figures of a region's year, and what can be done with them."""
    regions = regions_of(request.actor)
    region, year, years = asked(request, regions)
    context: dict[str, Any] = {
        "regions": regions, "region": region, "year": year, "years": sorted({*years, year}, reverse=True),
        "crumbs": [Crumb(gettext("Annual analysis report"))],
    }  # fmt: skip
    if region is None:
        return render(request, "reporting/report/page.html", context)
    form = MakeForm([item for item in years if item < year], request.POST or None)
    upload = TemplateForm()
    if request.method == "POST":
        answer, upload = _acted(request, region, year, form)
        if answer is not None:
            return answer
    found = opening.known(request.actor, region, year)
    if found is None:
        title = gettext("Figures of the annual report of %(region)s, %(year)s") % {"region": region, "year": year}
        job = opening.waited_for(request.actor, region, year, title)
        found = opening.known(request.actor, region, year) if job.is_finished else None
        context["waiting"] = jobs.shown(job)
    made = _made_table(request, region, year)
    if (answer := made.answer()) is not None:
        return answer
    context |= {
        "opening": found, "figures": _key_figures(found) if found else [], "lists": _lists(found) if found else [],
        "form": form, "upload": upload, "made": made, "template": template_of(region),
        "may_make": request.actor.can(Capability.EXPORT), "no_pdf": no_pdf(),
        "pdf_from_template": bool(office.program()),
        "shipped_fields": {"act": "shipped"},
        "state_url": f"{reverse('report_state')}?region={region.code}&year={year}",
        "may_edit": request.actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path), "tag_names": _tag_names(),
    }  # fmt: skip
    return render(request, "reporting/report/page.html", context)


def _address(region: Region, year: int) -> str:
    return f"{reverse('annual_report')}?region={region.code}&year={year}"


def _acted(
    request: ActorRequest, region: Region, year: int, form: MakeForm
) -> tuple[HttpResponseBase | None, TemplateForm]:
    """What was asked for with a button: making the report, a new template, or the shipped one again."""
    here = _address(region, year)
    upload = TemplateForm(request.POST, request.FILES) if request.POST.get("act") == "template" else TemplateForm()
    if request.POST.get("act") == "shipped":
        if drop_template(request.actor, region):
            messages.success(request, gettext("The template of the level above, or the shipped one, is used again."))
        return redirect(here), upload
    if request.POST.get("act") == "template":
        return (redirect(here) if _kept(request, region, upload) else None), upload
    if form.is_valid():
        request.actor.require(Capability.EXPORT)
        title = gettext("Annual report of %(region)s, %(year)s") % {"region": region, "year": year}
        options = {"format": form.cleaned_data["format"], "base_year": form.cleaned_data["base_year"]}
        return redirect(
            jobs.start("report.make", request.actor, title, region=region.code, year=year, **options)
        ), upload
    return None, upload


def _kept(request: ActorRequest, region: Region, upload: TemplateForm) -> bool:
    if not upload.is_valid():
        return False
    file = upload.cleaned_data["file"]
    content = file.read(word.LARGEST + 1)
    try:
        keep_template(request.actor, region, file.name, content)
    except ValidationError as error:
        take_errors(upload, error)
        return False
    messages.success(request, gettext("Reports of %(region)s are made from this template now.") % {"region": region})
    return True


def _key_figures(found: Opening) -> list[KeyFigure]:
    phrases = Phrases()
    return [
        KeyFigure(
            phrases(f"measure.{item.measure}"), item.value, unit=phrases(f"unit.{item.measure}"),
            change=None if item.note else Change(item.value, item.last, _("on the year before")), note=item.note,
            reason=gettext("no approved return has it"),
        )
        for item in found.figures
    ]  # fmt: skip


def _lists(found: Opening) -> list[tuple[str, list[str]]]:
    """The parts of the report that are sentences."""
    headings = {
        "findings": gettext("Main findings"), "causes": gettext("Why it changed"),
        "problems": gettext("Problems of the year"), "tasks": gettext("Next steps"),
    }  # fmt: skip
    return [(heading, found.lists[name]) for name, heading in headings.items()]


def _tag_names() -> list[str]:
    """Every tag a template may use."""
    found = []
    for name, value in sample().items():
        if isinstance(value, dict) and name != "tables":
            found += [f"{name}.{part}" for part in value]
        elif name != "tables":
            found.append(name)
    columns = [f"tables.{table}: {', '.join(item.name for item in held)}" for table, held in tables().items()]
    counters = ("chapter()", "section()", "table_number()", "chart_number()")
    return [*found, *(f"charts.{name}" for name in CHARTS), *counters, *columns]


def _made_table(request: ActorRequest, region: Region, year: int) -> Table:
    rows = AnnualReport.objects.for_actor(request.actor).filter(region=region, year=year)
    return Table(
        list(rows.defer("content", "books").select_related("by", "template")), request, id="made",
        caption=_("Reports that were made"),
        columns=(
            Column("title", _("Report"), priority=1, href=lambda row: reverse("report_file", args=[row.pk])),
            Column("format", _("Format"), value=lambda row: row.get_format_display()),
            Column("base_year", _("Base year"), value=lambda row: str(row.base_year or "")),
            Column("counted", _("Approved / owed"), value=lambda row: f"{row.counted} / {row.owed}"),
            Column("template", _("Report template"), value=_template_word, priority=3),
            Column("by", _("Made by"), value=lambda row: str(row.by or gettext("the system"))),
            Column("at", _("Made at"), sort=True, nowrap=True),
            Column("figures", "", render=_figures_link, export=lambda row: ""),
        ),
        default_sort="-at",
        empty_title=_("No report of this year was made yet"),
    )  # fmt: skip


def _template_word(row: AnnualReport) -> str:
    return row.template.name if row.template else gettext("shipped")


def _figures_link(row: AnnualReport) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>', reverse("report_figure", args=[row.pk]), gettext("Where figures come from")
    )


def _report(request: ActorRequest, pk: int) -> AnnualReport:
    rows = AnnualReport.objects.for_actor(request.actor).filter(region__in=regions_of(request.actor).order_by())
    return get_object_or_404(rows.select_related("region"), pk=pk)


@require_GET
@page(Capability.VIEW_DETAIL)
def report_file(request: ActorRequest, pk: int) -> FileResponse:
    """A made report, to save."""
    request.actor.require(Capability.EXPORT)
    made = _report(request, pk)
    return download(bytes(made.content), made.filename, TYPES[AnnualReport.Format(made.format)])


@require_GET
@page(Capability.VIEW_DETAIL)
def report_template(request: ActorRequest) -> FileResponse:
    """The template in force for a region, or the shipped one."""
    regions = regions_of(request.actor)
    region = get_object_or_404(regions, code=request.GET["region"]) if request.GET.get("region") else None
    own = template_of(region) if region else None
    if own is not None:
        return download(bytes(own.content), own.name, word.WORD_TYPE)
    language = translation.get_language() or "zh-hans"
    return download(shipped.template(language), f"{Phrases()('template')}.docx", word.WORD_TYPE)


@require_GET
@page(Capability.VIEW_LINEAGE)
def report_figure(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The returns behind a figure of a made report, as they were then."""
    made = _report(request, pk)
    key = request.GET.get("key", "") or "energy_tce"
    try:
        parts = books.parts_of(bytes(made.books), key)
        unit = figure_unit(key, Phrases())
    except KeyError as error:
        raise Http404 from error
    table = _parts_table(request, key, parts)
    figures = books.figures_of(bytes(made.books))
    context = {
        "made": made, "key": key, "unit": unit, "table": table,
        "figures": [(one, f"{at} {name}") for at, (one, name) in enumerate(figures.items(), 1)] or [(key, key)],
        "crumbs": [
            Crumb(gettext("Annual analysis report"), _address(made.region, made.year)), Crumb(made.title, ""),
        ],
    }  # fmt: skip
    return table.answer() or render(request, "reporting/report/figure.html", context)


def _return_url(row: dict[str, Any]) -> str:
    return reverse("return", args=[row["of"]])


def _parts_table(request: ActorRequest, key: str, parts: list[tuple[Reporter, Any]]) -> Table:
    measure = key.partition(":")[0]
    return Table(
        [{"name": item.name, "code": item.code, "kind": kind_word(item.kind), "value": value, "of": item.of,
          "text": number(value, measure)} for item, value in parts],
        request, id="behind", caption=_("Returns behind the figure"),
        columns=(
            Column("name", _("Institution"), sort=True, priority=1, href=_return_url),
            Column("code", _("Code"), sort=True),
            Column("kind", _("Type"), sort=True),
            Column("value", _("Value"), numeric=True, decimals=2, sort=True),
        ),
        default_sort="-value", page_sizes=(50, 200, 1000),
    )  # fmt: skip
