"""Taking in a workbook of the register: send, see what would happen row by row, take all or the good rows."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.registry.pages.forms import UploadForm
from nengtan.registry.services import intake
from nengtan.registry.tasks import look
from nengtan.registry.wording import said
from nengtan.ui import drafts, sending
from nengtan.ui.components import Crumb
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.refused import Refused

PURPOSE = "registry"
LARGE = 100 * 2**10
"""Bytes (some 2,000 rows) from which a file is taken in by the worker, with progress."""

CHECKED_AT_ONCE = 2**20
"""Bytes (some 20,000 rows) up to which a file is checked while its sender waits; larger ones by the worker."""


def _crumbs(*more: str) -> list[Crumb]:
    first = Crumb(gettext("Register"), reverse("institutions"))
    second = Crumb(gettext("Import the register"), reverse("registry_import") if more else "")
    return [first, second, *(Crumb(label) for label in more)]


def _region(draft: drafts.Draft) -> Region | None:
    """The region chosen for the file."""
    return intake.region_of(draft.options.get("region", ""))


@page(Capability.WRITE_REGISTRY)
def registry_template(request: ActorRequest) -> HttpResponseBase:
    """The workbook to fill in."""
    return sending.download(intake.template(), f"{gettext('register-template')}.xlsx")


@page(Capability.WRITE_REGISTRY)
def registry_import(request: ActorRequest) -> HttpResponseBase:
    """Send a file."""
    form = UploadForm(request.actor, request.POST or None, request.FILES or None)
    if form.is_valid():
        draft = sending.keep(request, PURPOSE, form, intake.limits().max_bytes, region=form.chosen_region)
        if draft is not None:
            return redirect("registry_preview", draft.key)
    return render(request, "registry/import.html", {"form": form, "crumbs": _crumbs()})


@page(Capability.WRITE_REGISTRY)
def registry_preview(request: ActorRequest, key: str) -> HttpResponseBase:
    """What the file would do, and the choice."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    found = sending.preview(request, draft, "check.registry", look, CHECKED_AT_ONCE)
    if isinstance(found, HttpResponseBase):
        return found
    table = sending.problem_table(found.get("errors", ()), request)
    context = {
        **found,
        "can_mark": sending.can_mark(draft),
        "draft": draft,
        "region": _region(draft),
        "table": table,
        "crumbs": _crumbs(draft.filename),
    }
    return table.answer() or render(request, "registry/import_preview.html", context)


@page(Capability.WRITE_REGISTRY)
def registry_marked(request: ActorRequest, key: str) -> HttpResponseBase:
    """The file as it came, faulty cells coloured and explained."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    if not sending.can_mark(draft):
        return redirect("registry_preview", key)
    try:
        plan = intake.check_file(request.actor, draft.filename, draft.content, _region(draft))
        return sending.marked(draft, plan.errors)
    except Refused:
        return redirect("registry_preview", key)


@page(Capability.WRITE_REGISTRY)
def registry_take(request: ActorRequest, key: str) -> HttpResponseBase:
    """Take the file: all of it, or its good rows; or cancel."""
    draft = sending.draft_or_404(request, PURPOSE, key)
    choice = request.POST.get("take", "")
    if request.method != "POST" or choice not in {"all", "good", "cancel"}:
        return redirect("registry_preview", key)
    if choice == "cancel":
        drafts.drop(draft)
        messages.info(request, gettext("Nothing was stored."))
        return redirect("registry_import")
    partial = choice == "good"
    if draft.size > LARGE:
        options = {"partial": partial, "region": draft.options.get("region", "")}
        return redirect("job", sending.begin("import.registry", request.actor, draft, **options).pk)
    try:
        result = intake.import_file(request.actor, draft.filename, draft.content, partial, region=_region(draft))
    except Refused as refused:
        messages.error(request, wording.refusal(refused))
        return redirect("registry_preview", key)
    if result.errors and not result.stored:
        messages.error(request, said(result))
        return redirect("registry_preview", key)
    drafts.drop(draft)
    (messages.success if result.stored else messages.info)(request, said(result))
    return redirect("institutions")
