"""The manager's workbench: one region, one period, everything that wants a decision."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from nengtan import reference
from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.slots import Slot
from nengtan.domain.returns.steps import Action, State
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.catalogue import no_quota_words
from nengtan.reporting.lateness import usual_again
from nengtan.reporting.models import STATES, Return
from nengtan.reporting.pages.lists import late_badge, return_url, state_badge
from nengtan.reporting.pages.places import (
    manager_tabs,
    period_asked,
    period_choices,
    region_asked,
    region_choices,
)
from nengtan.reporting.queries import overview as overviews
from nengtan.reporting.queries import returns_of
from nengtan.reporting.queries.bench import Bench, BenchRow, Flagged
from nengtan.reporting.queries.overview import ChildRow, Overview
from nengtan.reporting.reach import chosen_returns
from nengtan.reporting.services import NotAll, Outcome, take_steps
from nengtan.reporting.wording import lateness_word, line_unit, period_word
from nengtan.ui.components import Change, Crumb, KeyFigure, badge_html, change_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.tables.columns import Text
from nengtan.ui.tables.filters import Rows
from nengtan.ui.words import choices, kind_word, named

MOST = 2000
"""Returns decided in one act."""

_SEVERITIES: dict[str, tuple[str, Text]] = {
    Severity.BLOCK: ("bad", _("error")),
    Severity.EXPLAIN: ("warn", _("warning")),
    Severity.INFORM: ("muted", _("note")),
}


@page(Capability.OVERSEE_RETURNS)
def workbench(request: ActorRequest) -> HttpResponseBase:
    """Counts, who is missing, what is wrong and against what, and the act that approves or sends back."""
    region = region_asked(request)
    period = period_asked(request, region)
    held = list(returns_of(request.actor, region, period)[: overviews.LARGE + 1])
    if len(held) > overviews.LARGE and (overview := Overview(request.actor, region, period)).is_large:
        return _large(request, overview, period)
    bench = Bench(request.actor, region, period, returns=held if len(held) <= overviews.LARGE else None)
    may = request.actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path)
    table, values = _returns_table(bench, request, may), _values_table(bench, request)
    for item in (table, values):
        if (answer := item.answer()) is not None:
            return answer
    context = {
        "bench": bench, "region": region, "period": str(period), "period_word": period_word(period), "may": may,
        "table": table, "values": values, "figures": _figures(bench, table), "ready": len(bench.in_order),
        "explained": sum(bool(row.explained) for row in bench.in_order),
        "today": clock.today(), "again_by": usual_again(), "no_quota": no_quota_words(bench.lacking_quota),
        "may_set_rules": request.actor.can(Capability.MANAGE_RULES),
        "regions": region_choices(request.actor, region), "periods": period_choices(request.actor, region, period),
        "tabs": manager_tabs(region, period, "workbench"), "crumbs": [Crumb(gettext("Workbench"))],
        "back": request.get_full_path(),
    }  # fmt: skip
    return render(request, "reporting/workbench.html", context)


def _large(request: ActorRequest, overview: Overview, period: Slot) -> HttpResponseBase:
    """Of a province: which of the regions below has how much outstanding, and the way to its own workbench."""
    region, whole = overview.region, overview.total

    def open_it(row: ChildRow) -> str:
        return f"{reverse('workbench')}?region={row.code}&period={period}" if row.code else ""

    def count(key: str, heading: Text) -> Column:
        return Column(key, heading, numeric=True, decimals=0, sort=True)

    table = Table(
        overview.rows, request, id="below", caption=_("Regions below"), page_sizes=(100, 500),
        columns=(
            Column("label", _("Region"), sort=True, priority=1, href=open_it),
            count("owed", _("Owed")), count("handed_in", _("Handed in")), count("missing", _("Outstanding")),
            count("late", _("late")),
            Column("waiting", _("Waiting for review"), numeric=True, decimals=0,
                   value=lambda row: row.states[State.REPORTED]),
            Column("approved", _("Approved"), numeric=True, decimals=0,
                   value=lambda row: row.states[State.APPROVED]),
        ),
    )  # fmt: skip
    context = {
        "region": region, "period": str(period), "period_word": period_word(period), "whole": whole, "table": table,
        "figures": [KeyFigure(word, whole.states[state]) for state, word in STATES if whole.states[state]],
        "regions": region_choices(request.actor, region), "periods": period_choices(request.actor, region, period),
        "tabs": manager_tabs(region, period, "workbench"), "crumbs": [Crumb(gettext("Workbench"))],
    }  # fmt: skip
    return table.answer() or render(request, "reporting/workbench_large.html", context)


@page(Capability.REVIEW_RETURNS)
@require_POST
def workbench_act(request: ActorRequest) -> HttpResponseBase:
    """Approve or send back one or many, with all or with none; who refuses is told one by one."""
    region = region_asked(request)
    period = period_asked(request, region)
    back = f"{reverse('workbench')}?{_as_seen(request, region, period)}"
    action = Action.SEND_BACK if request.POST.get("action") == Action.SEND_BACK else Action.APPROVE
    reason, day = request.POST.get("reason", ""), request.POST.get("again_by", "")
    try:
        again_by = forms.DateField(required=False).clean(day) if action is Action.SEND_BACK else None
        chosen = _chosen(request, region, period)
        done = take_steps(request.actor, chosen, action, reason, again_by)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(back)
    except NotAll as error:
        context = {**_refused(error.outcomes), "action": action, "back": back, "reason": reason, "again_by": day,
                   "region": region, "period": str(period),
                   "crumbs": [Crumb(gettext("Workbench"), back), Crumb(gettext("Not all of them"))]}  # fmt: skip
        return render(request, "reporting/workbench_refused.html", context, status=422)
    messages.success(request, _done(action, len(done)))
    return redirect(back)


def _as_seen(request: ActorRequest, region: Region, period: Slot) -> str:
    """The query of the page that was acted on, with its filters and its place in the lists."""
    asked = request.GET.copy()
    asked["region"], asked["period"] = region.code, str(period)
    return asked.urlencode()


def _chosen(request: ActorRequest, region: Region, period: Any) -> Sequence[Return]:
    if request.POST.get("all") == "in-order":
        return [row.of for row in Bench(request.actor, region, period).in_order]
    keys = [int(text) for text in request.POST.getlist("of")[:MOST] if text.isdecimal() and len(text) < 18]
    return chosen_returns(request.actor, keys)


def _refused(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    refused = [item for item in outcomes if item.refused]
    return {"refused": refused, "others": [item for item in outcomes if not item.refused]}


def _done(action: Action, count: int) -> str:
    if action is Action.APPROVE:
        return ngettext("%(n)s return approved.", "%(n)s returns approved.", count) % {"n": count}
    return ngettext("%(n)s return sent back.", "%(n)s returns sent back.", count) % {"n": count}


def _figures(bench: Bench, table: Table) -> list[KeyFigure]:
    """How many returns stand where; a click narrows the list."""
    return [
        KeyFigure(word, bench.states[state], href=table.address(state=state, page=None) + "#bench")
        for state, word in STATES
        if bench.states[state]
    ]


def _returns_table(bench: Bench, request: ActorRequest, may: bool) -> Table:
    choose = Column(
        "choose", "", render=_choice, export=lambda row: "", help=_("Choose for approval or sending back")
    )  # fmt: skip
    columns = (
        Column("institution", _("Institution"), value="of__institution__name", sort=True, priority=1,
               href=lambda row: return_url(row.of)),
        Column("code", _("Code"), value="of__institution__code", sort=True, priority=3),
        Column("kind", _("Type"), value=lambda row: kind_word(row.of.institution_kind), priority=3),
        Column("region", _("Region"), value=lambda row: row.of.region.label, priority=3),
        Column("state", _("State"), render=lambda row: state_badge(row.of), sort="of__state",
               export=lambda row: row.of.get_state_display()),
        Column("late", _("Punctuality"), render=lambda row: late_badge(row.of), sort="days_late",
               export=lambda row: lateness_word(row.of)),
        _count("errors", _("Errors"), "bad"),
        _count("warnings", _("Warnings"), "warn"),
        _count("explained", pgettext_lazy("flagged values", "Explained"), "muted"),
    )  # fmt: skip
    return Table(
        bench.rows, request, id="bench", prefix="r_", caption=_("Returns"),
        columns=(*columns[:1], *((choose,) if may else ()), *columns[1:]),
        filters=(
            TextFilter("q", _("Institution"), fields=("of__institution__name", "of__institution__code")),
            ChoiceFilter("state", _("State"), choices=STATES, field="of__state"),
            ChoiceFilter("kind", _("Type"), choices=lambda: choices(reference.institution_types()),
                         field="of__institution_kind"),
            ChoiceFilter("look", _("Only"), choices=_LOOKS, where=_look),
        ),
        empty_title=_("This period is not open here"),
        empty_text=_("Open it under deadlines; every institution of the region then owes a return."),
        empty_href=f"{reverse('returns_calendar')}?region={bench.region.code}&period={bench.period}",
        empty_action=_("Deadlines"),
    )  # fmt: skip


_LOOKS = (
    ("missing", pgettext_lazy("return", "not reported")),
    ("late", _("late")),
    ("errors", _("with errors")),
    ("warnings", _("with warnings")),
    ("ready", _("reported and in order")),
)


def _look(rows: Rows, value: str) -> Rows:
    tests = {
        "missing": lambda row: row.of.state not in (State.REPORTED, State.APPROVED),
        "late": lambda row: row.late,
        "errors": lambda row: row.errors,
        "warnings": lambda row: row.warnings,
        "ready": lambda row: row.of.state == State.REPORTED and not row.errors and not row.warnings,
    }
    return [row for row in rows if tests[value](row)]


def _choice(row: BenchRow) -> SafeString:
    """A box only where something can be decided: reported, or approved and to be reopened elsewhere."""
    if row.of.state != State.REPORTED:
        return SafeString("")
    label = gettext("choose %(institution)s") % {"institution": row.of.institution.name}
    return format_html(
        '<input class="form-check-input" type="checkbox" name="of" value="{}" form="bench-act" aria-label="{}">',
        row.of.pk, label,
    )  # fmt: skip


def _count(key: str, heading: Text, judgement: str) -> Column:
    def shown(row: BenchRow) -> SafeString | str:
        count = getattr(row, key)
        return badge_html(judgement, str(count)) if count else ""

    return Column(key, heading, numeric=True, decimals=0, sort=True, render=shown, export=lambda row: getattr(row, key))


class _Values(Table):
    """Values worth a look: what those of a page are held against is looked up together."""

    bench: Bench | None = None

    def prepare(self, rows: Sequence[Any]) -> None:
        """Only of what is shown."""
        if self.bench is not None:
            self.bench.prepare(rows)


def _values_table(bench: Bench, request: ActorRequest) -> Table:
    base = gettext("Base year %(year)s") % {"year": bench.base_year or ""}
    return _Values(
        bench.flagged, request, bench=bench, id="values", prefix="v_", caption=_("Values worth a look"),
        page_sizes=(15, 50, 200),
        columns=(
            Column("institution", _("Institution"), value=lambda item: item.row.of.institution.name, priority=1,
                   href=lambda item: return_url(item.row.of)),
            Column("severity", _("Severity"), render=_severity, sort="rule",
                   export=lambda item: f"{_SEVERITIES[item.severity][1]} {item.rule}"),
            Column("indicator", _("Indicator"), value=_name),
            Column("value", _("Value"), numeric=True, render=_value, export=lambda item: item.value),
            Column("last", _("Last year"), numeric=True, sort=True),
            Column("change", _("On last year"), numeric=True, render=_change, export=_ratio),
            Column("base", base, numeric=True, sort=True, reason=_("nothing reported that year")),
            Column("price", _("Unit price"), numeric=True, decimals=2, sort=True, unit=_("CNY")),
            Column("own", _("Per m² or person"), numeric=True, value="own_share", decimals=2),
            Column("peers", _("Peers' median"), numeric=True, decimals=2,
                   reason=_("fewer than five of its type have a figure")),
            Column("metered", _("Metered"), numeric=True, reason=_("the meters do not cover the whole period")),
            Column("message", _("What was found, and the explanation of the institution"), render=_found, whole=True,
                   export=_found_text),
        ),
        filters=(
            TextFilter("q", _("Institution"),
                       fields=("row__of__institution__name", "row__of__institution__code", "rule")),
            ChoiceFilter("severity", _("Severity"), choices=[(key, word) for key, (_j, word) in _SEVERITIES.items()]),
            ChoiceFilter("said", _("Explanation"), choices=[("yes", _("given")), ("no", _("missing"))], where=_said),
        ),
        empty_title=_("Nothing stands out"),
        empty_text=_("No rule flags a value of these returns."),
    )  # fmt: skip


def _said(rows: Rows, value: str) -> Rows:
    return [item for item in rows if bool(item.explanation) is (value == "yes")]


def _severity(item: Flagged) -> SafeString:
    judgement, word = _SEVERITIES[item.severity]
    return badge_html("muted" if item.settled else judgement, f"{word} {item.rule}")


def _name(item: Flagged) -> str:
    if item.indicator is None:
        return ""
    room = f" {item.hit.cell.record}" if item.hit.cell.record else ""
    return f"{named(item.indicator)}{room} ({line_unit(item.indicator)})"


def _value(item: Flagged) -> Any:
    shown = item.value if item.value is not None else item.finding.found
    return shown if isinstance(shown, Decimal) or shown is None else str(shown)


def _change(item: Flagged) -> SafeString:
    return change_html(Change(item.value, item.last, gettext("on last year")), brief=True)


def _ratio(item: Flagged) -> Decimal | None:
    return Change(item.value, item.last, "").ratio


def _message(item: Flagged) -> str:
    name = named(item.indicator) if item.indicator else ""
    unit = line_unit(item.indicator) if item.indicator else ""
    return item.finding.message(get_language() or "zh-hans", name, unit)


def _found(item: Flagged) -> SafeString:
    return format_html("{}<br>{}", _message(item), _explanation(item))


def _found_text(item: Flagged) -> str:
    said = item.explanation.text if item.explanation else ""
    return f"{_message(item)} {said}".strip()


def _explanation(item: Flagged) -> SafeString | str:
    if item.explanation is None:
        return badge_html("warn", gettext("none yet")) if item.severity == Severity.EXPLAIN else ""
    proof = format_html(" · {}", gettext("with a file")) if item.explanation.evidence_id else ""
    return format_html('<span class="text-muted">{}{}</span>', item.explanation.text, proof)
