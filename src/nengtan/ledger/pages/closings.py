"""Closing and reopening years."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.models import YearClosing
from nengtan.ledger.pages.cells import who
from nengtan.ledger.pages.forms import CloseForm, ReasonForm, add_errors
from nengtan.ledger.queries.closings import closings_for, facts_exist, figures_agree
from nengtan.ledger.queries.history import closers
from nengtan.ledger.services.closing import close_year, reopen_year
from nengtan.registry.queries.listing import register_is_due
from nengtan.ui.components import Crumb, badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.tables.filters import Rows


def _state(closing: YearClosing) -> SafeString:
    return badge_html("muted", gettext("reopened")) if closing.reopened_at else badge_html("good", gettext("closed"))


def _acts(closing: YearClosing, actor: Actor) -> SafeString | str:
    if closing.reopened_at:
        return ""
    check = format_html('<a href="?check={}">{}</a>', closing.pk, gettext("Check the digest"))
    if not actor.scope_for(Capability.CLOSE_YEAR).covers(closing.region.path):
        return check
    return format_html(
        '{} · <a href="{}">{}</a>', check, reverse("closing_reopen", args=[closing.pk]), pgettext("year", "Reopen")
    )


def _in_state(rows: Rows, value: str) -> Rows:
    return rows.filter(reopened_at__isnull=value == "closed") if isinstance(rows, QuerySet) else rows


class ClosingTable(Table):
    """Closed years, with whoever closed and reopened them."""

    def prepare(self, rows: Sequence[Any]) -> None:
        """Names, for commands from the trail."""
        names = closers(rows)
        for closing in rows:
            closed, reopened = names[closing.pk]
            closing.closer = closed or who(None)
            closing.reopener = (reopened or who(None)) if closing.reopened_at else None


def _table(request: ActorRequest) -> Table:
    return ClosingTable(
        closings_for(request.actor),
        request,
        id="closings",
        caption=_("Closed years"),
        default_sort="-year",
        columns=(
            Column("region", _("Region"), value=lambda row: str(row.region), sort="region__path", priority=1),
            Column("year", _("Year"), value=lambda row: str(row.year), sort="year"),
            Column(
                "state",
                _("State"),
                render=_state,
                export=lambda row: gettext("reopened") if row.reopened_at else gettext("closed"),
            ),
            Column("closed_by", _("Closed by"), value="closer"),
            Column("closed_at", _("Closed at"), sort=True, nowrap=True),
            Column(
                "reopened_by",
                _("Reopened by"),
                value="reopener",
                priority=3,
            ),
            Column("reopened_at", _("Reopened at"), priority=3, nowrap=True),
            Column("reason", _("Reason"), priority=3),
            Column("digest", _("Digest"), value=lambda row: row.digest[:12], export=lambda row: row.digest, priority=3),
            Column("acts", "", render=lambda row: _acts(row, request.actor), export=lambda row: ""),
        ),
        filters=(
            TextFilter(
                "q",
                _("Search"),
                fields=("region__name", "region__code", "year", "closed_by__name", "reopened_by__name", "reason"),
            ),
            ChoiceFilter(
                "state", _("State"), choices=[("closed", _("closed")), ("reopened", _("reopened"))], where=_in_state
            ),
        ),
        empty_title=_("No year is closed yet"),
        empty_text=_("Close a year below when its figures are complete: figures and factors then stand.")
        if request.actor.can(Capability.CLOSE_YEAR)
        else _(
            "The manager of the region closes a year when its figures are complete: figures and factors then stand."
        ),
    )


@page(Capability.VIEW)
def closings(request: ActorRequest) -> HttpResponseBase:
    """Closed years of the actor's regions, and closing another."""
    may = request.actor.can(Capability.CLOSE_YEAR)
    table = _table(request)
    nothing = not table.count and not table.is_filtered and not facts_exist(request.actor)
    form = CloseForm(request.actor, request.POST or None) if may and not nothing else None
    if form is not None and form.is_valid():
        try:
            closing = close_year(request.actor, form.cleaned_data["region"], form.cleaned_data["year"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(
                request, gettext("%(year)s of %(region)s is closed.") % {"year": closing.year, "region": closing.region}
            )
            return redirect("closings")
    context = {
        "table": table,
        "form": form,
        "nothing_to_close": nothing,
        "register_is_due": partial(register_is_due, request.actor),
        "crumbs": [Crumb(gettext("Closed years"))],
        **_checked(request),
    }
    return table.answer() or render(request, "ledger/closings.html", context)


def _checked(request: ActorRequest) -> dict[str, Any]:
    text = request.GET.get("check", "")
    closing = closings_for(request.actor).filter(pk=int(text)).first() if text.isdecimal() and len(text) < 18 else None
    if closing is None:
        return {}
    return {"checked": f"{closing.region} {closing.year}.", "agrees": figures_agree(closing)}


@page(Capability.CLOSE_YEAR)
def closing_reopen(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Reopen, with the reason."""
    closing = get_object_or_404(closings_for(request.actor), pk=pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            reopen_year(request.actor, closing, form.cleaned_data["reason"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(
                request,
                gettext("%(year)s of %(region)s is open again.") % {"year": closing.year, "region": closing.region},
            )
            return redirect("closings")
    crumbs = [Crumb(gettext("Closed years"), reverse("closings")), Crumb(pgettext("year", "Reopen"))]
    return render(request, "ledger/closing_reopen.html", {"form": form, "closing": closing, "crumbs": crumbs})
