"""What is due when in a region, who set it, and what of it is late; deadlines, cycles, opening and extensions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan.domain.returns.scheme import Task
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.deadlines import DueDay, calendar_of, cycle_of
from nengtan.reporting.lateness import HANDED_IN, deadline
from nengtan.reporting.models import KINDS, TASKS, CycleSetting, OwnDeadline, Return
from nengtan.reporting.pages.lists import return_url, state_badge
from nengtan.reporting.pages.places import manager_tabs, period_asked, region_asked, region_choices
from nengtan.reporting.services import extend, open_returns
from nengtan.reporting.services.cycles import DeadlineInput, drop_deadline, set_cycle, set_deadline
from nengtan.reporting.services.opening import days_of
from nengtan.reporting.services.reminding import Waiting, escalated, is_configured, waiting
from nengtan.reporting.wording import period_word
from nengtan.ui.components import Crumb, badge_html
from nengtan.ui.tables import Column, Table
from nengtan.ui.tables.columns import Text
from nengtan.ui.widgets import DayInput

_TASKS: dict[str, Text] = dict(TASKS)


@dataclass(frozen=True)
class Line:
    """One line of the calendar: what is due, and how far it is."""

    due: DueDay
    owed: int
    handed_in: int
    approved: int
    opens: bool

    @property
    def done(self) -> int:
        """What counts as done for this task."""
        return self.handed_in if self.due.task is Task.REPORT else self.approved

    @property
    def is_late(self) -> bool:
        """Whether its day has passed and not all is done."""
        return bool(self.owed) and self.done < self.owed and self.due.day < clock.today()


class DeadlineForm(forms.Form):
    """A region's own day for what is due."""

    kind = forms.ChoiceField(label=_("Period"), choices=KINDS)
    task = forms.ChoiceField(label=_("What is due"), choices=TASKS)
    days_after = forms.IntegerField(label=_("Days after the period"), required=False, min_value=1, max_value=366)
    month = forms.IntegerField(label=_("or month of the next year"), required=False, min_value=1, max_value=12)
    day = forms.IntegerField(label=_("and day"), required=False, min_value=1, max_value=31)
    document = forms.CharField(label=pgettext_lazy("document", "Notice"), required=False, max_length=200)


class CycleForm(forms.Form):
    """How the region's cycles run."""

    opens_months = forms.BooleanField(label=_("Open months by themselves"), required=False)
    opens_quarters = forms.BooleanField(label=_("Open quarters by themselves"), required=False)
    opens_years = forms.BooleanField(label=_("Open years by themselves"), required=False)
    remind_days = forms.IntegerField(label=_("Remind so many days before"), min_value=0, max_value=60)
    escalate_days = forms.IntegerField(
        label=_("Tell the level above after so many days late"), min_value=1, max_value=366
    )
    spot_share = forms.DecimalField(
        label=_("Share to check on the spot [%]"), max_digits=5, decimal_places=2, min_value=0, max_value=100,
        help_text=_("The scheme asks for at least 5 % (texts of 2015 and 2022)."),
    )  # fmt: skip


class ExtendForm(forms.Form):
    """A later day for one return, and why."""

    until = forms.DateField(label=_("New day"), widget=DayInput())
    reason = forms.CharField(label=_("Reason"), max_length=400)


@page(Capability.OVERSEE_RETURNS)
def calendar(request: ActorRequest) -> HttpResponseBase:
    """The year's due days, who is late, and for managers of the region the forms that change them."""
    region = region_asked(request)
    period = period_asked(request, region)
    may = request.actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path)
    if may and request.method == "POST" and (answer := _act(request, region)) is not None:
        return answer
    year = _year(request)
    lines = _lines(request, region, year)
    late = _late(request, region)
    table, late_table = _table(lines, request, region, may), _late_table(late, request, may)
    for item in (table, late_table):
        if (answer := item.answer()) is not None:
            return answer
    context = {
        "region": region, "period": str(period), "year": year, "years": range(clock.today().year + 1, 2019, -1),
        "table": table, "late_table": late_table, "late": sum(1 for item in late if item.days_late > 0),
        "escalated": len(escalated(late)), "next": _next(lines), "may": may, "mail": is_configured(),
        "deadline_form": _bound(request, "deadline", DeadlineForm), "cycle_form": _cycle_form(request, region),
        "own": OwnDeadline.objects.filter(region=region), "unverified": _unverified(lines),
        "regions": region_choices(request.actor, region), "tabs": manager_tabs(region, period, "returns_calendar"),
        "crumbs": [Crumb(gettext("Deadlines"))], "today": clock.today(),
    }  # fmt: skip
    return render(request, "reporting/calendar.html", context)


@page(Capability.REVIEW_RETURNS)
def return_extend(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Let one return be handed in later, with the reason."""
    rows = Return.objects.for_actor(request.actor, Capability.REVIEW_RETURNS).select_related("institution", "region")
    of = get_object_or_404(rows, pk=pk)
    form = ExtendForm(request.POST or None)
    back = f"{reverse('returns_calendar')}?region={of.region.code}"
    if form.is_valid():
        try:
            extend(request.actor, of, form.cleaned_data["until"], form.cleaned_data["reason"])
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("%(of)s is due on %(day)s now.") % {
                "of": of.institution.name, "day": form.cleaned_data["until"],
            })  # fmt: skip
            return redirect(back)
    context = {
        "of": of, "form": form, "period": period_word(of.period), "extensions": of.extensions.select_related("by"),
        "day": deadline(of),
        "crumbs": [Crumb(gettext("Deadlines"), back), Crumb(gettext("Extend"))],
    }  # fmt: skip
    return render(request, "reporting/extend.html", context)


def _act(request: ActorRequest, region: Region) -> HttpResponseBase | None:
    """Do what was posted; None where a form has to be shown again with its faults."""
    acts = {"deadline": _set_deadline, "cycle": _set_cycle, "drop": _drop_deadline, "open": _open}
    act = acts.get(request.POST.get("act", ""))
    if act is None or not act(request, region):
        return None
    return redirect(f"{reverse('returns_calendar')}?region={region.code}&year={_year(request)}")


def _set_deadline(request: ActorRequest, region: Region) -> bool:
    form = _bound(request, "deadline", DeadlineForm)
    if not form.is_valid():
        return False
    try:
        _row, moved = set_deadline(request.actor, region, DeadlineInput(**form.cleaned_data))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return True
    words = ngettext("Kept; %(n)s return is due on another day.", "Kept; %(n)s returns are due on another day.", moved)
    messages.success(request, words % {"n": moved})
    return True


def _set_cycle(request: ActorRequest, region: Region) -> bool:
    form = _cycle_form(request, region)
    if not form.is_valid():
        return False
    try:
        set_cycle(request.actor, CycleSetting(region=region, **form.cleaned_data))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, gettext("Saved."))
    return True


def _drop_deadline(request: ActorRequest, region: Region) -> bool:
    key = request.POST.get("own", "")
    row = get_object_or_404(OwnDeadline, region=region, pk=int(key) if key.isdecimal() and len(key) < 18 else 0)
    drop_deadline(request.actor, row)
    messages.success(request, gettext("The rule of the level above holds again."))
    return True


def _open(request: ActorRequest, region: Region) -> bool:
    try:
        count = open_returns(request.actor, region, period_asked(request, region))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        words = ngettext("%(n)s return opened.", "%(n)s returns opened.", count)
        messages.success(request, words % {"n": count})
    return True


def _bound(request: ActorRequest, act: str, form: type[DeadlineForm]) -> DeadlineForm:
    return form(request.POST if request.POST.get("act") == act else None)


def _cycle_form(request: ActorRequest, region: Region) -> CycleForm:
    """Filled with what holds here; whether a period opens by itself is each region's own."""
    held = cycle_of(region)
    initial = {name: getattr(held, name) for name in ("remind_days", "escalate_days")}
    initial["spot_share"] = f"{held.spot_share.normalize():f}"
    if held.region_id == region.pk:
        initial |= {name: getattr(held, name) for name in ("opens_months", "opens_quarters", "opens_years")}
    return CycleForm(request.POST if request.POST.get("act") == "cycle" else None, initial=initial)


def _year(request: ActorRequest) -> int:
    text = request.GET.get("year", "")
    return int(text) if text.isdecimal() and 1990 <= int(text) <= 2199 else clock.today().year


def _lines(request: ActorRequest, region: Region, year: int) -> list[Line]:
    days = calendar_of(region, date(year, 1, 1), date(year, 12, 31))
    rows = Return.objects.for_actor(request.actor).owed()
    rows = rows.filter(region__path__startswith=region.path, year__gte=year - 2)
    counts = {
        (row["year"], row["slot"], row["kind"]): row
        for row in rows.order_by().values("year", "slot", "kind").annotate(
            owed=Count("pk"), handed_in=Count("pk", filter=Q(state__in=HANDED_IN)),
            approved=Count("pk", filter=Q(state="approved")),
        )
    }  # fmt: skip
    none = {"owed": 0, "handed_in": 0, "approved": 0}
    found = []
    for due in days:
        row = counts.get((due.period.year, due.period.number, str(due.period.kind)), none)
        opens = not row["owed"] and due.task is Task.REPORT and days_of(due.period)[1] < clock.today()
        found.append(Line(due, row["owed"], row["handed_in"], row["approved"], opens))
    return found


def _next(lines: list[Line]) -> Line | None:
    return next((line for line in lines if line.owed and line.done < line.owed and not line.is_late), None)


def _unverified(lines: list[Line]) -> bool:
    return any(not line.due.is_verified for line in lines)


def _table(lines: list[Line], request: ActorRequest, region: Region, may: bool) -> Table:
    def opens(line: Line) -> SafeString | str:
        return _open_button(line, region)

    return Table(
        lines, request, id="calendar", prefix="c_", caption=_("What is due when"), page_sizes=(50, 100),
        columns=(
            Column("day", _("Due on"), value="due__day", sort=True, priority=1, nowrap=True),
            Column("period", _("Period"), value=lambda line: period_word(line.due.period),
                   href=lambda line: _bench_url(region, line) if line.owed else ""),
            Column("task", _("What is due"), value=lambda line: _TASKS[line.due.task]),
            Column("done", _("Done"), render=_done, export=lambda line: f"{line.done}/{line.owed}"),
            Column("state", _("State"), render=_line_state, export=_line_word),
            Column("whose", _("Set by"), render=_whose, export=_whose_word),
            *((Column("act", "", render=opens, export=lambda line: ""),) if may else ()),
        ),
    )  # fmt: skip


def _bench_url(region: Region, line: Line) -> str:
    return f"{reverse('workbench')}?region={region.code}&period={line.due.period}"


def _done(line: Line) -> str:
    return f"{line.done} / {line.owed}" if line.owed else ""


def _line_word(line: Line) -> str:
    if not line.owed:
        return gettext("to be opened") if line.opens else gettext("not open yet")
    if line.done >= line.owed:
        return gettext("complete")
    return gettext("late") if line.is_late else gettext("under way")


def _line_state(line: Line) -> SafeString:
    judgement = "bad" if line.is_late else "good" if line.owed and line.done >= line.owed else "muted"
    return badge_html(judgement, _line_word(line))


def _whose_word(line: Line) -> str:
    own = line.due.own
    if own is not None:
        return f"{own.region.label} {own.document}".strip()
    return line.due.rule.source


def _whose(line: Line) -> SafeString:
    if line.due.is_verified:
        return format_html("{}", _whose_word(line))
    return badge_html("warn", gettext("suggestion, to be settled"))


def _open_button(line: Line, region: Region) -> SafeString | str:
    if not line.opens:
        return ""
    return format_html(
        '<button type="submit" class="btn" form="open-period" formaction="?region={}&amp;period={}">{}</button>',
        region.code, line.due.period, gettext("Open"),
    )  # fmt: skip


def _late(request: ActorRequest, region: Region) -> list[Waiting]:
    scope = request.actor.scope_for(Capability.OVERSEE_RETURNS)
    within = Q(region__path__startswith=region.path) & scope.institutions_q("institution__")
    return sorted(waiting(clock.today(), within), key=lambda item: -item.days_late)


def _late_table(items: list[Waiting], request: ActorRequest, may: bool) -> Table:
    too_late = {item.of.pk for item in escalated(items)}

    def told(item: Waiting) -> SafeString | str:
        return badge_html("bad", gettext("on the list of the level above")) if item.of.pk in too_late else ""

    def act(item: Waiting) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("return_extend", args=[item.of.pk]), gettext("Extend"))

    return Table(
        items, request, id="late", prefix="l_", caption=_("Late, or due soon"),
        columns=(
            Column("institution", _("Institution"), value="of__institution__name", sort=True, priority=1,
                   href=lambda item: return_url(item.of)),
            Column("region", _("Region"), value=lambda item: item.of.region.label, priority=3),
            Column("period", _("Period"), value=lambda item: period_word(item.of.period)),
            Column("state", _("State"), render=lambda item: state_badge(item.of),
                   export=lambda item: item.of.get_state_display()),
            Column("due_on", _("Due on"), value="day", sort=True, nowrap=True),
            Column("days", _("Days late"), value="days_late", numeric=True, decimals=0, sort=True),
            Column("told", _("Escalated"), render=told, export=lambda item: item.of.pk in too_late),
            *((Column("act", "", render=act, export=lambda item: ""),) if may else ()),
        ),
        empty_title=_("Nobody is late"),
        empty_text=_("Everything that was due is handed in."),
    )  # fmt: skip
