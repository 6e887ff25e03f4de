"""Taking in files on pages: send, see what would happen row by row, take all or the good rows, undo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, ImportBatch
from nengtan.ledger.pages.cells import batch_badge
from nengtan.ledger.pages.forms import ReasonForm, UploadForm, add_errors
from nengtan.ledger.pages.tables import IMPORT_FILTERS, BatchTable, FactTable, price_table, unusual_table
from nengtan.ledger.queries.history import importers, visible_evidence
from nengtan.ledger.services import intake
from nengtan.ledger.services.entries import withdraw_batch
from nengtan.ledger.services.posting import YearClosed
from nengtan.ledger.tasks import look
from nengtan.ledger.wording import said
from nengtan.registry.services.intake import region_of
from nengtan.ui import drafts, sending
from nengtan.ui.components import Crumb, Definition
from nengtan.ui.sheets.refused import Refused

PURPOSE = "activity"
LARGE = 2 * 2**20
"""Bytes (some 50,000 rows) from which a file is checked and taken in by the worker, with progress."""


def _crumbs(*more: str) -> list[Crumb]:
    first = Crumb(gettext("Imports"), reverse("imports") if more else "")
    return [first, *(Crumb(label) for label in more)]


def _checked(request: ActorRequest, draft: drafts.Draft) -> intake.ActivityPlan:
    region = region_of(draft.options.get("region", ""))
    return intake.check_file(
        request.actor, draft.filename, draft.content, origin=draft.options["origin"], region=region
    )


@page(Capability.WRITE_ACTIVITY)
def activity_template(request: ActorRequest) -> HttpResponseBase:
    """The workbook to fill in, with the actor's institutions in its drop-down."""
    return sending.download(intake.template(request.actor), f"{gettext('consumption-template')}.xlsx")


@page(Capability.WRITE_ACTIVITY)
def activity_import(request: ActorRequest) -> HttpResponseBase:
    """Send a file."""
    form = UploadForm(request.actor, request.POST or None, request.FILES or None)
    if form.is_valid():
        chosen = {"origin": form.cleaned_data["origin"], "region": form.chosen_region}
        draft = sending.keep(request, PURPOSE, form, intake.limits().max_bytes, **chosen)
        if draft is not None:
            return redirect("activity_preview", draft.key)
    return render(request, "ledger/import.html", {"form": form, "crumbs": _crumbs(gettext("Import bills"))})


@page(Capability.WRITE_ACTIVITY)
def activity_preview(request: ActorRequest, key: str) -> HttpResponseBase:
    """What the file would do: problems row by row, how it was understood, and the choice."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    found = sending.preview(request, draft, "check.activity", look, LARGE)
    if isinstance(found, HttpResponseBase):
        return found
    table = sending.problem_table(found.get("errors", ()), request)
    prices = price_table(found.get("prices", ()), request)
    unusual = unusual_table(found.get("unusual", ()), request)
    region = region_of(draft.options.get("region", ""))
    context = {
        **found,
        "can_mark": sending.can_mark(draft),
        "draft": draft,
        "region": region,
        "table": table,
        "prices": prices,
        "unusual": unusual,
        "crumbs": _crumbs(draft.filename),
    }
    answer = table.answer() or prices.answer() or unusual.answer()
    return answer or render(request, "ledger/import_preview.html", context)


@page(Capability.WRITE_ACTIVITY)
def activity_marked(request: ActorRequest, key: str) -> HttpResponseBase:
    """The file as it came, faulty cells coloured and explained."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    if not sending.can_mark(draft):
        return redirect("activity_preview", key)
    try:
        plan = _checked(request, draft)
    except Refused:
        return redirect("activity_preview", key)
    return sending.marked(draft, plan.errors("refuse"))


@page(Capability.WRITE_ACTIVITY)
def activity_take(request: ActorRequest, key: str) -> HttpResponseBase:
    """Take the file: all of it, or its good rows; or cancel."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    choice = request.POST.get("take", "")
    if request.method != "POST" or choice not in {"all", "good", "cancel"}:
        return redirect("activity_preview", key)
    if choice == "cancel":
        drafts.drop(draft)
        messages.info(request, gettext("Nothing was stored."))
        return redirect("activity_import")
    options: dict[str, Any] = {
        "origin": draft.options["origin"],
        "partial": choice == "good",
        "on_existing": "correct" if request.POST.get("correct") else "refuse",
    }
    if draft.size > LARGE:
        return redirect(
            "job",
            sending.begin(
                "import.activity", request.actor, draft, **options, region=draft.options.get("region", "")
            ).pk,
        )
    try:
        region = region_of(draft.options.get("region", ""))
        result = intake.import_file(request.actor, draft.filename, draft.content, **options, region=region)
    except YearClosed as error:
        messages.error(request, str(error))
        return redirect("activity_preview", key)
    except Refused:
        return redirect("activity_preview", key)
    return _after(request, draft, result)


def _after(request: ActorRequest, draft: drafts.Draft, result: intake.Result) -> HttpResponseBase:
    if result.errors and not result.stored:
        messages.error(request, said(result))
        return redirect("activity_preview", draft.key)
    drafts.drop(draft)
    (messages.success if result.stored else messages.info)(request, said(result))
    return redirect("import_batch", result.batch.pk) if result.batch else redirect("imports")


@page(Capability.VIEW_DETAIL)
def imports(request: ActorRequest) -> HttpResponseBase:
    """Files taken in."""
    rows = ImportBatch.objects.for_actor(request.actor).select_related("evidence", "entered_by")
    may = request.actor.can(Capability.WRITE_ACTIVITY)
    table = BatchTable(
        rows, request, empty_href=reverse("activity_import") if may else "", empty_action=_("Import bills")
    )
    return table.answer() or render(
        request, "ledger/imports.html", {"table": table, "can_write": may, "crumbs": _crumbs()}
    )


@page(Capability.VIEW_DETAIL)
def import_batch(request: ActorRequest, pk: int) -> HttpResponseBase:
    """One import: what came in, and undoing it."""
    batch = get_object_or_404(
        ImportBatch.objects.for_actor(request.actor).select_related("evidence", "entered_by"), pk=pk
    )
    may = request.actor.can(Capability.WRITE_ACTIVITY) and batch.withdrawn_at is None
    form = ReasonForm(request.POST or None) if may else None
    if form is not None and form.is_valid():
        try:
            count = withdraw_batch(request.actor, batch, form.cleaned_data["reason"])
        except ValidationError as error:
            add_errors(form, error)
        except YearClosed as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, gettext("%(count)s figures no longer count.") % {"count": count})
            return redirect("import_batch", batch.pk)
    facts = ActivityFact.objects.for_actor(request.actor).filter(batch=batch)
    table = FactTable(
        facts.select_related("institution", "building", "meter", "entered_by"), request, filters=IMPORT_FILTERS
    )
    context = {
        "batch": batch,
        "badge": batch_badge(batch),
        "definitions": _definitions(batch),
        "evidence": visible_evidence(request.actor, batch.evidence),
        "table": table,
        "form": form,
        "crumbs": _crumbs(batch.evidence.name),
    }
    return table.answer() or render(request, "ledger/import_batch.html", context)


def _definitions(batch: ImportBatch) -> Sequence[Definition]:
    rows = [
        (gettext("Number"), str(batch.pk)),
        (gettext("Rows taken"), str(batch.accepted)),
        (gettext("Rows refused"), str(batch.rejected)),
        (gettext("Rows already known"), str(batch.unchanged)),
        (gettext("By"), importers([batch])[batch.pk]),
        (gettext("At"), _moment(batch.entered_at)),
        (
            pgettext("time", "Withdrawn"),
            f"{timezone.localtime(batch.withdrawn_at):%Y-%m-%d %H:%M}" if batch.withdrawn_at else "",
        ),
        (gettext("Fingerprint (SHA-256)"), batch.evidence.sha256[:16] + "…"),
    ]
    return [Definition(term, value) for term, value in rows if value]


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
