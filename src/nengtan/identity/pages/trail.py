"""The audit trail, as much of it as the reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.identity import wording
from nengtan.identity.diffs import Change, changes, text
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.models import AuditEvent
from nengtan.identity.queries import events_for
from nengtan.identity.roles import Capability
from nengtan.ui.components import Crumb
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.tables.filters import RangeFilter, Rows

SHOWN = 3
"""Changed fields a line of the table shows; the drawer shows all."""


@dataclass(frozen=True)
class PeriodFilter(RangeFilter):
    """From a day to a day, both counted in; 2023-07 means the first or the last day of that month."""

    def apply(self, rows: Rows, chosen: Mapping[str, str]) -> Rows:
        """The rows of the period; what is no date limits nothing."""
        first, last = (chosen.get(key, "") for key in self.keys)
        begin, end = first_day(first), last_day(last)
        field = self.field or self.key
        if begin is not None:
            rows = rows.filter(**{f"{field}__gte": _midnight(begin)})  # type: ignore[union-attr]
        if end is not None:
            rows = rows.filter(**{f"{field}__lt": _midnight(end + timedelta(days=1))})  # type: ignore[union-attr]
        return rows


def first_day(typed: str) -> date | None:
    """``2023-07-05``, or the first day of ``2023-07`` or ``2023``."""
    return _day(typed, "-01", "-01-01")


def last_day(typed: str) -> date | None:
    """``2023-07-05``, or the last day of ``2023-07`` or ``2023``."""
    if len(typed) == 7 and (begin := _day(typed, "-01", "")):
        return (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return _day(typed, "", "-12-31")


def _day(typed: str, month_ending: str, year_ending: str) -> date | None:
    text = typed.strip().replace("/", "-")
    text += {7: month_ending, 4: year_ending}.get(len(text), "")
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class AuditTable(Table):
    """Events, the latest first, with what they changed."""

    id = "audit"
    caption = gettext_lazy("Audit trail")
    default_sort = "-at"
    filters = (
        TextFilter("q", gettext_lazy("Who or what"), fields=("who", "subject", "reason")),
        ChoiceFilter("action", gettext_lazy("Action"), choices=wording.actions),
        ChoiceFilter("kind", gettext_lazy("Kind of record"), choices=wording.kinds, field="subject_type"),
        TextFilter("body", gettext_lazy("Institution"), fields=("institution__name", "institution__code")),
        PeriodFilter("on", gettext_lazy("Dates"), field="at", placeholder="2026-01"),
    )
    empty_title = gettext_lazy("Nothing was written yet")
    empty_text = gettext_lazy("Every change of the register, the ledger, factors, users and keys will stand here.")

    columns = (
        Column("at", gettext_lazy("When"), sort="id", nowrap=True, drawer=True,
               href=lambda event: reverse("audit_event", args=[event.pk])),
        Column("who", gettext_lazy("Who"), value=wording.who, sort="who"),
        Column("action", gettext_lazy("Action"), value=lambda event: wording.action(event.action), sort="action"),
        Column("subject", gettext_lazy("Subject"), sort=True,
               href=lambda event: wording.link(event.subject_type, event.subject_id)),
        Column("changed", gettext_lazy("What changed"), render=lambda event: diff_html(event.changes), whole=True,
               export=lambda event: text(changes([event])[event.pk])),
        Column("reason", gettext_lazy("Reason"), priority=3),
        Column("institution", gettext_lazy("Institution"), value="institution__name", sort="institution__name",
               priority=3),
        Column("via", gettext_lazy("Through"), value="get_via_display", sort="via", priority=3),
        Column("address", gettext_lazy("From address"), priority=3),
    )  # fmt: skip

    @cached_property
    def rows(self) -> list[Any]:
        """The page's events, each with its changes in words."""
        events = list(self.page.object_list)
        found = changes(events)
        for event in events:
            event.changes = found[event.pk]
        return events


def diff_html(found: list[Change]) -> SafeString:
    """The first few changes in one cell."""
    lines = format_html_join("", '<div class="diff-line">{}</div>', ((_line(item),) for item in found[:SHOWN]))
    more = len(found) - SHOWN
    rest = (
        format_html('<div class="text-muted">{}</div>', _("and %(count)s more") % {"count": more}) if more > 0 else ""
    )
    return format_html("{}{}", lines, rest)


def _line(item: Change) -> SafeString:
    old, new = (Truncator(text).chars(60) for text in (item.before, item.after))
    if not item.before or not item.after:
        return format_html('<span class="text-muted">{}</span> {}', item.label, new or old)
    return format_html('<span class="text-muted">{}</span> <del>{}</del> → {}', item.label, old, new)


@page(Capability.VIEW_AUDIT)
def audit(request: ActorRequest) -> HttpResponseBase:
    """The trail."""
    table = AuditTable(events_for(request.actor).select_related("institution"), request)
    return table.answer() or render(
        request, "identity/audit.html", {"table": table, "crumbs": [Crumb(_("Audit trail"))]}
    )


@page(Capability.VIEW_AUDIT)
def audit_event(request: ActorRequest, pk: int) -> HttpResponseBase:
    """One event with everything it changed: a drawer, or a page of its own."""
    event = get_object_or_404(events_for(request.actor).select_related("institution"), pk=pk)
    context = {
        "event": event,
        "changes": changes([event])[event.pk],
        "action": wording.action(event.action),
        "facts": _facts(event),
        "link": wording.link(event.subject_type, event.subject_id),
        "crumbs": [Crumb(_("Audit trail"), reverse("audit")), Crumb(str(event.pk))],
    }
    return render(request, "identity/audit_event.html", context)


def _facts(event: AuditEvent) -> list[tuple[str, str]]:
    facts = [
        (_("When"), f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}"),
        (_("Who"), wording.who(event)),
        (_("Through"), event.get_via_display()),
        (_("From address"), event.address),
        (_("Kind of record"), wording.kind(event.subject_type)),
        (_("Institution"), str(event.institution) if event.institution else ""),
        (_("Reason"), event.reason),
    ]
    return [(term, value) for term, value in facts if value]
