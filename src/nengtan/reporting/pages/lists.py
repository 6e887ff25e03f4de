"""The returns somebody may see, what waits for them first."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.reporting.closing import closed_short
from nengtan.reporting.lateness import is_overdue
from nengtan.reporting.models import Return
from nengtan.reporting.models.returns import KINDS, STATES
from nengtan.reporting.queries import is_of_an_institution, visible, waiting_for
from nengtan.reporting.wording import lateness_word, next_word, period_word, state_judgement
from nengtan.ui.components import Crumb, badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.tables.filters import Rows

__all__ = ["late_badge", "return_url", "returns", "state_badge"]


def return_url(of: Return) -> str:
    """The page of a return."""
    return reverse("return", args=[of.pk])


def state_badge(of: Return) -> SafeString:
    """Where a return stands, in colour and word; and that its body was closed."""
    badge = badge_html(state_judgement(of.state), of.get_state_display())
    closed = closed_short(of)
    return format_html("{} {}", badge, badge_html("muted", closed)) if closed else badge


def late_badge(of: Return) -> SafeString | str:
    """How late a return is, or how many days are left."""
    word = lateness_word(of)
    return badge_html("bad" if is_overdue(of) else "muted", word) if word else ""


@page(Capability.VIEW_DETAIL)
def returns(request: ActorRequest) -> HttpResponseBase:
    """Every return the actor may see."""
    rows = visible(request.actor)
    table = _table(rows, request)
    if (answer := table.answer()) is not None:
        return answer
    waiting = waiting_for(request.actor) if is_of_an_institution(request.actor) else Return.objects.none()
    first = waiting.first()
    context = {
        "table": table,
        "first": first,
        "more": max(waiting.count() - 1, 0) if first else 0,
        "period": period_word(first.period) if first else "",
        "state": state_badge(first) if first else "",
        "late": late_badge(first) if first else "",
        "next": next_word(first.state) if first else "",
        "can_send": request.actor.can(Capability.ENTER_RETURNS),
        "crumbs": [Crumb(gettext("Returns"))],
    }
    return render(request, "reporting/returns.html", context)


def _table(rows: QuerySet[Return], request: ActorRequest) -> Table:
    return Table(
        rows,
        request,
        id="returns",
        caption=_("Returns"),
        columns=(
            Column("period", _("Period"), value=lambda row: period_word(row.period), priority=1, href=return_url),
            Column("institution", _("Institution"), value="institution__name", sort="institution__name"),
            Column("region", _("Region"), value=lambda row: str(row.region), sort="region__path", priority=3),
            Column("state", _("State"), render=state_badge, export=_state_word, sort="state"),
            Column("due_on", _("Due on"), sort=True, nowrap=True),
            Column("late", _("Punctuality"), render=late_badge, export=lateness_word),
            Column("next", _("What is next, and whose turn"), value=lambda row: next_word(row.state)),
            Column("reported_at", _("Reported at"), sort=True, nowrap=True, priority=3),
        ),
        filters=(
            TextFilter("q", _("Institution"), fields=("institution__name", "institution__code")),
            ChoiceFilter("state", _("State"), choices=STATES),
            ChoiceFilter("kind", _("Period"), choices=KINDS),
            ChoiceFilter("year", _("Year"), choices=_years(request.actor)),
            ChoiceFilter("turn", _("Turn"), choices=[("mine", _("mine"))], where=_mine(request.actor)),
        ),
        empty_title=_("No return yet"),
        empty_text=_("The department above opens a period once it has ended; the return then stands here, filled in."),
    )


def _state_word(of: Return) -> str:
    return str(of.get_state_display())


def _years(actor: Actor) -> Callable[[], list[tuple[int, str]]]:
    def years() -> list[tuple[int, str]]:
        found = Return.objects.for_actor(actor).order_by("-year").values_list("year", flat=True).distinct()
        return [(year, str(year)) for year in found]

    return years


def _mine(actor: Actor) -> Callable[[Rows, str], Rows]:
    def mine(rows: Rows, _value: str) -> Rows:
        keys = waiting_for(actor).order_by().values("pk")
        return rows.filter(pk__in=keys) if isinstance(rows, QuerySet) else rows

    return mine
