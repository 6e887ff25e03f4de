"""Single facts: list, one fact with its history, entering, correcting, taking back, evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.domain import periods
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact, Evidence
from nengtan.ledger.pages.cells import base_unit, base_unit_code, carrier_html, fact_url, part_words
from nengtan.ledger.pages.earlier import beside_form
from nengtan.ledger.pages.forms import CorrectionForm, FactForm, ReasonForm, add_errors, initial_of
from nengtan.ledger.pages.tables import FactTable, fact_filters
from nengtan.ledger.queries.history import chain_of, neighbours_of, tellers, visible_evidence
from nengtan.ledger.services import entries
from nengtan.ledger.services.evidence import keep_evidence, path_of, safe_media_type
from nengtan.ledger.services.posting import UNVERIFIED, YearClosed
from nengtan.ledger.words import item_word, origin_word, standing_badge
from nengtan.registry.models import Institution
from nengtan.registry.queries.listing import register_is_due
from nengtan.ui.components import Crumb, Definition
from nengtan.ui.words import carrier_word, kind_word, unit_word

RELATED = ("institution", "building", "meter", "entered_by", "evidence", "batch__evidence", "region")


def crumbs(*more: tuple[str, str]) -> list[Crumb]:
    """The way from the ledger to a page."""
    return [Crumb(_("Ledger"), reverse("facts") if more else ""), *(Crumb(label, url) for label, url in more)]


@page(Capability.VIEW_DETAIL)
def facts(request: ActorRequest) -> HttpResponseBase:
    """Every fact the actor may see."""
    rows = ActivityFact.objects.for_actor(request.actor).select_related(
        "institution", "building", "meter", "entered_by"
    )
    table = FactTable(
        rows,
        request,
        filters=fact_filters(request.actor),
        empty_href=reverse("activity_import") if request.actor.can(Capability.WRITE_ACTIVITY) else "",
        empty_action=_("Import bills"),
    )
    if not table.count and not table.is_filtered and register_is_due(request.actor):
        table.empty_title = gettext_lazy("There are no institutions yet")
        table.empty_text = gettext_lazy("Import the register of your institutions, then their bills.")
        table.empty_href, table.empty_action = reverse("registry_import"), _("Import the register")
    context = {"table": table, "can_write": request.actor.can(Capability.WRITE_ACTIVITY), "crumbs": crumbs()}
    return table.answer() or render(request, "ledger/facts.html", context)


def fact_or_404(actor: Actor, pk: int, capability: str = Capability.VIEW_DETAIL) -> ActivityFact:
    """A fact of an institution the actor may use ``capability`` on."""
    return get_object_or_404(ActivityFact.objects.for_actor(actor, capability).select_related(*RELATED), pk=pk)


@page(Capability.VIEW_DETAIL)
def fact(request: ActorRequest, pk: int) -> HttpResponseBase:
    """One fact: as entered, what became of it, what it became part of, and what proves it."""
    found = fact_or_404(request.actor, pk)
    chain = chain_of(request.actor, found)
    cell = neighbours_of(found)
    latest = chain[-1]
    writable = (
        request.actor.can(Capability.WRITE_ACTIVITY)
        and ActivityFact.objects.for_actor(request.actor, Capability.WRITE_ACTIVITY).filter(pk=found.pk).exists()
    )
    context = {
        "fact": found,
        "standing": standing_badge(found.standing),
        "carrier": carrier_html(found.carrier),
        "unit": base_unit(found.carrier),
        "month": periods.label(found.period),
        "definitions": _definitions(found),
        "chain": _named(chain) if len(chain) > 1 else [],
        "latest": latest,
        "parts": found.parts.select_related("institution").order_by("institution__code", "id"),
        "cell": [(item, part_words(item), standing_badge(item.standing)) for item in cell] if len(cell) > 1 else [],
        "entered": _entered(found),
        "can_change": writable and latest == found and found.allocated_from_id is None
        and found.standing not in (ActivityFact.Standing.WITHDRAWN, ActivityFact.Standing.SUPERSEDED),
        "evidence": visible_evidence(request.actor, found),
        "crumbs": crumbs((f"{found.institution} {periods.label(found.period)}", "")),
    }  # fmt: skip
    return render(request, "ledger/fact.html", context)


def _named(chain: list[ActivityFact]) -> list[tuple[ActivityFact, str]]:
    names = tellers(chain)
    return [(item, names[item.pk]) for item in chain]


def _definitions(found: ActivityFact) -> list[Definition]:
    price = found.cost / found.quantity if found.cost is not None and found.quantity else None
    entered = f"{found.entered_quantity} {_unit(found.entered_unit)}" if found.entered_quantity else ""
    rows = [
        (_("As entered"), entered),
        (_("Unit price"), f"{price:.4f} {_('CNY')}/{base_unit(found.carrier)}" if price is not None else ""),
        (_("Source"), origin_word(found.origin)),
        (_("Building, meter or item"), part_words(found)),
        (_("Sub-item"), item_word(found.item)),
        (_("Bill number"), found.bill_no),
        (_("Region and type in that month"), f"{found.region} · {kind_word(found.kind)}"),
        (_("Place in the file"), found.source_row),
        (_("Remark"), found.note),
        (_("Share of the bill"), f"{found.share * 100:.4f} %" if found.share is not None else ""),
    ]
    return [Definition(term, value) for term, value in rows if value]


def _entered(found: ActivityFact) -> list[Definition]:
    number = found.batch_id
    batch = format_html('<a href="{}">#{}</a>', reverse("import_batch", args=[number]), number) if number else ""
    rows = [
        (_("Entered by"), tellers([found])[found.pk]),
        (_("Entered at"), f"{timezone.localtime(found.entered_at):%Y-%m-%d %H:%M}"),
        (_("Import"), batch),
    ]
    return [Definition(term, value) for term, value in rows if value]


def _unit(code: str) -> str:
    return _("(unit not verified)") if code == UNVERIFIED else unit_word(code)


@page(Capability.WRITE_ACTIVITY)
def fact_add(request: ActorRequest) -> HttpResponseBase:
    """Enter one fact."""
    initial = {
        name: request.GET[name] for name in ("institution", "period", "carrier", "origin") if name in request.GET
    }
    unit = base_unit_code(initial.get("carrier", "electricity"))
    form = FactForm(request.actor, request.POST or None, request.FILES or None, initial={"unit": unit, **initial})

    def write() -> ActivityFact:
        return entries.enter_fact(request.actor, _with_evidence(request.actor, form))

    done = _attempt(form, write)
    if done is not None:
        messages.success(request, _("The figure is in the ledger."))
        return redirect("fact", done.pk)
    context = {
        "form": form,
        "earlier": beside_form(form),
        "institutions": _offered(request.actor),
        "crumbs": crumbs((_("Enter a figure"), "")),
    }
    return render(request, "ledger/fact_form.html", context)


@page(Capability.WRITE_ACTIVITY)
def fact_correct(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Replace a fact by a new one."""
    found = fact_or_404(request.actor, pk, Capability.WRITE_ACTIVITY)
    form = CorrectionForm(request.actor, request.POST or None, request.FILES or None, initial=initial_of(found))

    def write() -> ActivityFact:
        data = _with_evidence(request.actor, form, found.evidence)
        return entries.correct_fact(request.actor, found, data, form.cleaned_data["reason"])

    done = _attempt(form, write)
    if done is not None:
        messages.success(request, _("The correction is in the ledger; the earlier figure stays visible."))
        return redirect("fact", done.pk)
    context = {
        "form": form,
        "fact": found,
        "earlier": beside_form(form),
        "institutions": _offered(request.actor),
        "crumbs": crumbs((str(found.institution), fact_url(found)), (_("Correct"), "")),
    }
    return render(request, "ledger/fact_form.html", context)


@page(Capability.WRITE_ACTIVITY)
def fact_withdraw(request: ActorRequest, pk: int) -> HttpResponseBase:
    """Take a fact back."""
    found = fact_or_404(request.actor, pk, Capability.WRITE_ACTIVITY)
    form = ReasonForm(request.POST or None)
    done = _attempt(form, lambda: entries.withdraw_fact(request.actor, found, form.cleaned_data["reason"]))
    if done is not None:
        messages.success(request, _("The figure no longer counts; it stays in the history."))
        return redirect("fact", found.pk)
    context = {
        "form": form,
        "fact": found,
        "carrier": carrier_word(found.carrier),
        "unit": base_unit(found.carrier),
        "month": periods.label(found.period),
        "crumbs": crumbs((str(found.institution), fact_url(found)), (_("Withdraw"), "")),
    }
    return render(request, "ledger/fact_withdraw.html", context)


def _with_evidence(actor: Actor, form: FactForm, kept: Evidence | None = None) -> Any:
    file = form.cleaned_data.get("evidence")
    if file is not None:
        kept = keep_evidence(actor, file.name, file.read(), safe_media_type(file.name))
    return replace(form.fact(), evidence=kept)


def _attempt(form: Any, write: Callable[[], ActivityFact]) -> ActivityFact | None:
    """Write if the form is right; what the service refuses is shown in the form."""
    if not form.is_valid():
        return None
    try:
        with transaction.atomic():
            return write()
    except ValidationError as error:
        add_errors(form, error)
    except YearClosed as error:
        form.add_error(None, str(error))
    return None


def _offered(actor: Actor) -> list[Institution]:
    """Institutions offered while typing, as long as they are few enough to send along."""
    bodies = Institution.objects.for_actor(actor, Capability.WRITE_ACTIVITY).filter(status=Institution.Status.ACTIVE)
    return list(bodies.only("code", "name")[:1000])


@page(Capability.VIEW_LINEAGE)
def evidence(request: ActorRequest, sha256: str) -> HttpResponseBase:
    """The file behind facts or an import, exactly as it came in; never shown inside the site."""
    found = get_object_or_404(Evidence, sha256=sha256)
    if not visible_evidence(request.actor, found):
        raise Http404(_("There is no such file, or it holds figures of others."))
    return evidence_file(found)


def evidence_file(found: Evidence) -> FileResponse:
    """A kept file as a download that no browser runs."""
    path = path_of(found)
    if not path.is_file():
        raise Http404(_("The file is missing from the store; restore it from the backup."))
    response = FileResponse(
        path.open("rb"), as_attachment=True, filename=found.name, content_type=safe_media_type(found.name)
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
