"""Forms 5 to 8 of a region, coverage beside every total, last year beside this, and the returns behind a figure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from nengtan import reference
from nengtan.domain.change import Change
from nengtan.domain.returns.rollup import Comparison, Summary
from nengtan.domain.returns.scheme import Indicator, Records
from nengtan.domain.returns.slots import Kind, Slot
from nengtan.identity.access import Forbidden
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.reporting.models import RegionReport
from nengtan.reporting.pages.headers import marks_of
from nengtan.reporting.pages.lists import return_url
from nengtan.reporting.pages.places import (
    manager_tabs,
    period_asked,
    period_choices,
    region_asked,
    region_choices,
)
from nengtan.reporting.queries.rollup import BY, FORMS, Rollup
from nengtan.reporting.services.summaries import decide, is_as_reported, report_up
from nengtan.reporting.wording import line_unit, period_word, title_word
from nengtan.ui import formats
from nengtan.ui.components import Crumb, badge_html
from nengtan.ui.formats import to_decimal
from nengtan.ui.tables import Column, Table
from nengtan.ui.tables.columns import Text
from nengtan.ui.words import choices, kind_word, named

_BY_WORDS: dict[str, Text] = {
    "region": _("by region"),
    "system": _("by system"),
    "superior": _("by superior body"),
}


@dataclass(frozen=True)
class Row:
    """A line of a summary as shown: a child in form 5, an indicator in the others, with its cells by column key."""

    key: str
    label: str
    unit: str
    cells: dict[str, Decimal | None]
    coverage: str = ""


@dataclass(frozen=True)
class Compared:
    """One line in two years, of all institutions and of those in both."""

    line: Indicator
    whole: Change
    same: Change


def _asked(request: ActorRequest) -> tuple[Rollup, int]:
    """The roll-up and the form the address asks for."""
    region = region_asked(request)
    period = period_asked(request, region)
    by = request.GET.get("by", "")
    system, kind = request.GET.get("system", ""), request.GET.get("type", "")
    form = request.GET.get("form", "")
    known_system = system if system in reference.systems() else ""
    known_kind = kind if kind in reference.institution_types() else ""
    try:
        rollup = Rollup(request.actor, region, period, by if by in BY else "region", known_system, known_kind)
    except Forbidden as error:
        raise Http404 from error
    return rollup, int(form) if form in map(str, FORMS) else 5


@page(Capability.OVERSEE_RETURNS)
def rollup_page(request: ActorRequest) -> HttpResponseBase:
    """One summary form, and the two years side by side."""
    rollup, form = _asked(request)
    summary = rollup.summary(form)
    table = _table(rollup, form, summary, request)
    years = rollup.comparison(form)
    compared = _compared_table(rollup, years, request, is_full=summary.coverage[summary.heads[0]].is_full)
    for item in (table, compared):
        if (answer := item.answer()) is not None:
            return answer
    region, period = rollup.region, rollup.period
    report, below = _reports(request, rollup)
    whole = summary.coverage[summary.heads[0]]
    context = {
        "rollup": rollup, "region": region, "period": str(period), "period_word": period_word(period), "form": form,
        "title": title_word(rollup.edition.forms[form]), "table": table, "compared": compared, "whole": whole,
        "marks": marks_of(rollup.edition, [form]),
        "compared_words": comparison_words(years),
        "forms": [(number, title_word(rollup.edition.forms[number])) for number in FORMS], "by": rollup.by,
        "bys": list(_BY_WORDS.items()), "energy": _headline(rollup),
        "systems": [("", gettext("all systems")), *choices(reference.systems())], "system": rollup.system,
        "kinds": [("", gettext("all types")), *choices(reference.institution_types())], "kind": rollup.kind,
        "regions": region_choices(request.actor, region), "periods": period_choices(request.actor, region, period),
        "tabs": manager_tabs(region, period, "rollup"), "crumbs": [Crumb(gettext("Roll-up"))], "report": report,
        "as_reported": is_as_reported(report, rollup) if report and rollup.is_whole else None,
        "may_report": request.actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path) and region.parent_id,
        "below": below,
    }  # fmt: skip
    return render(request, "reporting/rollup.html", context)


@page(Capability.OVERSEE_RETURNS)
def rollup_behind(request: ActorRequest) -> HttpResponseBase:
    """The approved returns a figure of a summary was added up from."""
    rollup, form = _asked(request)
    head, key = request.GET.get("head", ""), request.GET.get("line", "")
    summary = rollup.summary(form)
    line = rollup.edition.indicators.get(key)
    if line is None or key not in summary.lines or head not in summary.heads:
        raise Http404(_("This form has no such figure."))
    total = summary.cells[head, key]
    table = Table(
        rollup.behind(form, head, key), request, id="behind", caption=_("Returns behind the figure"),
        columns=(
            Column("institution", _("Institution"), value="of__institution__name", sort=True, priority=1,
                   href=lambda item: return_url(item.of)),
            Column("code", _("Code"), value="of__institution__code", sort=True, priority=3),
            Column("kind", _("Type"), value=lambda item: kind_word(item.of.institution_kind)),
            Column("region", _("Region"), value=lambda item: item.of.region.label),
            Column("value", named(line), unit=line_unit(line), numeric=True, sort=True, total=True, exact=True,
                   reason=_("not applicable or not measured")),
        ),
    )  # fmt: skip
    back = f"{reverse('rollup')}?{_query(rollup, form)}"
    context = {
        "table": table, "line": named(line), "unit": line_unit(line), "head": rollup.head_word(form, head),
        "total": total, "coverage": summary.coverage[head], "period_word": period_word(rollup.period),
        "region": rollup.region,
        "crumbs": [Crumb(gettext("Roll-up"), back), Crumb(named(line))],
    }  # fmt: skip
    return table.answer() or render(request, "reporting/rollup_behind.html", context)


@page(Capability.OVERSEE_RETURNS)
def rollup_reported(request: ActorRequest, pk: int) -> HttpResponseBase:
    """A region's forms as they were handed in, whatever is approved since."""
    reports = RegionReport.objects.for_actor(request.actor, Capability.OVERSEE_RETURNS)
    report = get_object_or_404(reports.select_related("region", "reported_by"), pk=pk)
    edition, chosen = scheme.edition(report.edition), request.GET.get("form", "")
    form = int(chosen) if chosen in report.forms else FORMS[0]
    held = report.forms[str(form)]
    rows = [Row("", gettext("Approved / owed"), "", {})]
    for key in held["lines"]:
        cells = {head: to_decimal(held["cells"][head].get(key)) for head, _name in held["heads"]}
        line = edition.indicators[key]
        if any(value is not None for value in cells.values()):
            rows.append(Row(key, named(line), line_unit(line), cells))

    def column(head: str, name: str) -> Column:
        cover = " / ".join(map(str, held["coverage"][head]))
        return Column(
            f"h{head}", name, numeric=True, value=lambda row: row.cells[head] if row.key else cover,
            render=lambda row: formats.plain(row.cells[head]) if row.key else cover,
            reason=_("no return has this figure"),
        )  # fmt: skip

    title = title_word(edition.forms[form])
    table = Table(
        rows, request, id="reported", caption=title, cards=False, dense=True, page_sizes=(500,),
        stays=lambda row: not row.key,
        columns=(
            Column("label", _("Indicator"), priority=1, nowrap=True), Column("unit", _("Unit of measure")),
            *(column(head, name) for head, name in held["heads"]),
        ),
    )  # fmt: skip
    period = Slot(report.year, report.slot, Kind(report.kind))
    back = f"{reverse('rollup')}?region={report.region.code}&period={period}"
    context = {
        "report": report, "period_word": period_word(period), "table": table, "title": title, "form": form,
        "forms": [(number, title_word(edition.forms[number])) for number in FORMS],
        "crumbs": [Crumb(gettext("Roll-up"), back), Crumb(gettext("As handed in"))],
    }  # fmt: skip
    return table.answer() or render(request, "reporting/rollup_reported.html", context)


@page(Capability.REVIEW_RETURNS)
@require_POST
def rollup_report(request: ActorRequest) -> HttpResponseBase:
    """Hand the roll-up in to the level above."""
    region = region_asked(request)
    period = period_asked(request, region)
    try:
        report_up(request.actor, region, period, request.POST.get("note", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, gettext("Handed in to the level above."))
    return redirect(f"{reverse('rollup')}?region={region.code}&period={period}")


@page(Capability.REVIEW_RETURNS)
@require_POST
def rollup_decide(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Approve what the level below handed in, or send it back."""
    reports = RegionReport.objects.for_actor(request.actor, Capability.REVIEW_RETURNS)
    report = get_object_or_404(reports.select_related("region__parent"), pk=pk)
    approve = request.POST.get("action") != "send_back"
    try:
        decide(request.actor, report, approve, request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, gettext("Approved.") if approve else gettext("Sent back."))
    region = report.region.parent or report.region
    period = Slot(report.year, report.slot, Kind(report.kind))
    return redirect(f"{reverse('rollup')}?region={region.code}&period={period}")


def _query(rollup: Rollup, form: int, **more: str) -> str:
    asked = {
        "region": rollup.region.code, "period": str(rollup.period), "form": str(form), "by": rollup.by,
        "system": rollup.system, "type": rollup.kind, **more,
    }  # fmt: skip
    return urlencode({key: value for key, value in asked.items() if value or key in more})


def _behind_url(rollup: Rollup, form: int, head: str, line: str) -> str:
    return f"{reverse('rollup_behind')}?{_query(rollup, form, head=head, line=line)}"


def _headline(rollup: Rollup) -> list[tuple[str, Decimal | None, str]]:
    """What the sentence says: electricity, water and their like of the whole region."""
    summary = rollup.summary(5)
    return [
        (named(line), summary.cells["", line.key], line_unit(line))
        for line in rollup.edition.lines(5)
        if line.key in {"elec_qty", "water_qty", "gas_qty"} and summary.cells["", line.key] is not None
    ]


def _covered(summary: Summary, head: str) -> str:
    cover = summary.coverage[head]
    return f"{cover.present} / {cover.expected}"


def _table(rollup: Rollup, form: int, summary: Summary, request: ActorRequest) -> Table:
    if rollup.edition.forms[form].records is Records.CHILD:
        return _child_table(rollup, form, summary, request)
    return _class_table(rollup, form, summary, request)


def _child_table(rollup: Rollup, form: int, summary: Summary, request: ActorRequest) -> Table:
    """Form 5: a row a child, the total first."""
    lines = [line for line in rollup.edition.lines(form) if _is_known(summary, line.key)]
    rows = [
        Row(head, rollup.head_word(form, head), "", {line.key: summary.cells[head, line.key] for line in lines},
            _covered(summary, head))
        for head in summary.heads
    ]  # fmt: skip

    def column(line: Indicator) -> Column:
        return Column(
            line.key, named(line), unit=line_unit(line), numeric=True, value=lambda row: row.cells[line.key],
            href=lambda row: _behind_url(rollup, form, row.key, line.key), sort=True,
            reason=_("no return has this figure"),
        )  # fmt: skip

    return Table(
        rows, request, id="summary", prefix="s_", caption=title_word(rollup.edition.forms[form]), cards=False,
        dense=True, page_sizes=(100, 500), stays=lambda row: not row.key,
        columns=(
            Column("label", _BY_WORDS[rollup.by], priority=1, nowrap=True),
            Column("coverage", _("Approved / owed"), nowrap=True),
            *map(column, lines),
        ),
    )  # fmt: skip


def _class_table(rollup: Rollup, form: int, summary: Summary, request: ActorRequest) -> Table:
    """Forms 6 to 8: a row a line, a column a class; the first row says how many returns stand behind each column."""
    first = Row("", gettext("Approved / owed"), "", {})
    rows = [
        Row(line.key, named(line), line_unit(line), {head: summary.cells[head, line.key] for head in summary.heads})
        for line in rollup.edition.lines(form)
        if _is_known(summary, line.key)
    ]

    def column(head: str) -> Column:
        def value(row: Row) -> Any:
            return row.cells[head] if row.key else _covered(summary, head)

        def shown(row: Row) -> str:
            return formats.plain(row.cells[head]) if row.key else _covered(summary, head)

        return Column(
            head, rollup.head_word(form, head), numeric=True, value=value, render=shown,
            href=lambda row: _behind_url(rollup, form, head, row.key) if row.key else "",
            reason=_("no return has this figure"),
        )  # fmt: skip

    return Table(
        [first, *rows], request, id="summary", prefix="s_", caption=title_word(rollup.edition.forms[form]), cards=False,
        dense=True, page_sizes=(100, 500), stays=lambda row: not row.key,
        columns=(
            Column("label", _("Indicator"), priority=1, nowrap=True),
            Column("unit", _("Unit of measure")),
            *map(column, summary.heads),
        ),
    )  # fmt: skip


def _is_known(summary: Summary, key: str) -> bool:
    return any(summary.cells[head, key] is not None for head in summary.heads)


def _compared_table(rollup: Rollup, found: Comparison, request: ActorRequest, *, is_full: bool) -> Table:
    """``is_full``: every return owed is approved; one that is not is no saving."""
    indicators = rollup.edition.indicators
    rows = [
        Compared(indicators[key], whole, found.same_units[key])
        for key, whole in found.all_units.items()
        if whole.now is not None or whole.base is not None
    ]
    return Table(
        rows, request, id="compared", prefix="y_", caption=_("This year and last"), page_sizes=(100, 500),
        columns=(
            Column("line", _("Indicator"), priority=1,
                   value=lambda row: f"{named(row.line)} ({line_unit(row.line)})"),
            *_two_years("whole", _("all"), compared=is_full),
            *_two_years("same", _("same institutions")),
        ),
    )  # fmt: skip


def _two_years(key: str, word: Text, *, compared: bool = True) -> tuple[Column, ...]:
    """Figures of a line in two years; the change only where the years are of the same bodies."""
    change, reason = (
        (f"{key}__percent", _("nothing to compare with"))
        if compared
        else ("", _("not all returns of this year are approved: see the same institutions"))
    )
    return (
        Column(f"{key}_now", _in_words(word, _("this year")), value=f"{key}__now", numeric=True, sort=True),
        Column(f"{key}_base", _in_words(word, _("last year")), value=f"{key}__base", numeric=True, sort=True),
        Column(f"{key}_change", _in_words(word, _("change")), unit="%", value=change or (lambda row: None),
               numeric=True, decimals=1, sort=compared, reason=reason),
    )  # fmt: skip


def _in_words(who: Text, what: Text) -> str:
    return gettext("%(what)s, %(who)s") % {"what": what, "who": who}


def comparison_words(found: Comparison) -> str:
    """How many institutions stand in both years, and in one only."""
    words = gettext(
        "%(both)s institutions approved in both years, %(now)s only this year, %(base)s only last year"
        " (not approved this year, or no longer owed)"
    )
    return words % {"both": found.in_both, "now": found.only_now, "base": found.only_base}


def _reports(request: ActorRequest, rollup: Rollup) -> tuple[RegionReport | None, list[tuple[RegionReport, Any, str]]]:
    """What the region handed in last; what the level below handed in, with its state."""
    period, region = rollup.period, rollup.region
    seen = RegionReport.objects.for_actor(request.actor, Capability.OVERSEE_RETURNS).filter(region__parent=region)
    rows = RegionReport.objects.filter(
        Q(region=region) | Q(pk__in=seen.order_by().values("pk")),
        year=period.year, slot=period.number, kind=period.kind,
    ).select_related("region", "reported_by", "decided_by").order_by("region__code", "-pk")  # fmt: skip
    judged = {"reported": "warn", "approved": "good", "returned": "bad"}
    found = list(rows)
    own = next((row for row in found if row.region_id == region.pk), None)
    return own, [
        (row, badge_html(judged[row.state], row.get_state_display()), row.reason)
        for row in found
        if row.region_id != region.pk
    ]
