"""Contracts: the list, one contract with its terms and settlements, and putting one on record or amending it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution
from nengtan.reporting import clock
from nengtan.trusteeship import services
from nengtan.trusteeship.models import KINDS, Contract, Settlement
from nengtan.trusteeship.pages.forms import AddForm, AmendForm, FileForm, StepForm
from nengtan.trusteeship.queries import promised_share, state_words, terms_told, two_sides
from nengtan.ui.components import Crumb, Judgement, KeyFigure, Step, badge_html
from nengtan.ui.formats import fixed, percent
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter

__all__ = ["add", "amend_page", "contract", "contracts"]

_JUDGED: dict[str, Judgement] = {"operating": "good", "handed_over": "good", "ended": "bad", "building": "warn"}


@page(Capability.VIEW_DETAIL)
def contracts(request: ActorRequest) -> HttpResponseBase:
    """Contracts within reach, each with its state and its latest settlement."""
    mine = Contract.objects.for_actor(request.actor)
    latest = Settlement.objects.filter(replaced_by=None).order_by("-first").prefetch_related("answers")
    rows = mine.select_related("institution").prefetch_related(Prefetch("settlements", latest, "current"))
    table = _table(rows, request)
    if (answer := table.answer()) is not None:
        return answer
    states = state_words(mine)
    count = sum(states.values())
    words = ngettext("%(n)s contract on record.", "%(n)s contracts on record.", count) % {"n": count}
    context = {
        "table": table, "finding": words, "may": request.actor.can(Capability.MANAGE_CONTRACTS),
        "states": [KeyFigure(label, number, decimals=0) for label, number in states.items()],
        "crumbs": [Crumb(gettext("Contracts"))],
    }  # fmt: skip
    return render(request, "trusteeship/contracts.html", context)


def _table(rows: Any, request: ActorRequest) -> Table:
    return Table(
        rows, request, id="contracts", caption=_("Contracts"),
        empty_title=_("No contracts are on record here."),
        columns=(
            Column("number", _("Number of the contract"), sort=True, priority=1,
                   href=lambda row: reverse("contract", args=[row.pk])),
            Column("institution", _("Institution"), value="institution__name", sort="institution__code"),
            Column("kind", _("Kind"), value=lambda row: row.get_kind_display(), sort="kind"),
            Column("company", _("Service company"), value="company"),
            Column("term", _("Term"), value=lambda row: f"{row.starts} – {row.ends}", sort="starts", nowrap=True),
            Column("state", _("State"), sort=True, export=lambda row: row.get_state_display(),
                   render=lambda row: badge_html(_JUDGED.get(row.state, "muted"), row.get_state_display())),
            Column("settled", _("Last year settled"), value=lambda row: _of_latest(row, "first"), nowrap=True,
                   reason=pgettext_lazy("contract", "none yet")),
            Column("due", _("Due"), unit=_("CNY"), value=lambda row: _of_latest(row, "due"), numeric=True, decimals=2,
                   reason=pgettext_lazy("contract", "none yet")),
            Column("saved", _("Share saved"), value=lambda row: _of_latest(row, "saved_share"), numeric=True,
                   render=lambda row: _share(_of_latest(row, "saved_share")), reason=_("not computed")),
            Column("agreed", _("Parties"), value=lambda row: two_sides(row.current[0]) if row.current else None,
                   reason=pgettext_lazy("contract", "none yet"), whole=True),
        ),
        filters=(
            TextFilter("q", _("Search"), fields=("number", "title", "company", "institution__name")),
            ChoiceFilter("state", _("State"), choices=Contract.State.choices),
            ChoiceFilter("kind", _("Kind"), choices=KINDS),
        ),
    )  # fmt: skip


def _of_latest(row: Any, name: str) -> Any:
    return getattr(row.current[0], name) if row.current else None


def _share(value: Any) -> str | None:
    return None if value is None else percent(value)


@page(Capability.MANAGE_CONTRACTS)
def add(request: ActorRequest) -> HttpResponseBase:
    """Put a contract on record from a settlement file."""
    form = AddForm(request.POST or None, request.FILES or None, actor=request.actor)
    if form.is_valid():
        try:
            made = services.add_contract(request.actor, form.cleaned_data["institution"], form.case)
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("On record: %(contract)s.") % {"contract": made})
            return redirect("contract", pk=made.pk)
    crumbs = [Crumb(gettext("Contracts"), reverse("contracts")), Crumb(gettext("Put a contract on record"))]
    return render(request, "trusteeship/add.html", {"form": form, "crumbs": crumbs})


@page(Capability.VIEW_DETAIL)
def contract(request: ActorRequest, pk: int) -> HttpResponseBase:
    """One contract: its path, its terms, its settlements; what may be done next."""
    found = _found(request, pk)
    may = _may(request, found)
    posted = request.POST.get("act") if request.method == "POST" else None
    forms = {
        "settle": FileForm(request.POST, request.FILES) if posted == "settle" else FileForm(),
        "step": StepForm(request.POST) if posted == "step" else StepForm(initial=_next(found)),
    }
    if posted in forms and may[posted] and forms[posted].is_valid():
        try:
            return _act(request, found, posted, forms[posted])
        except ValidationError as error:
            take_errors(forms[posted], error)
    settlements = list(
        found.settlements.select_related("terms", "by", "replaced_by").prefetch_related("answers").order_by("-id")
    )
    context = {
        "contract": found, "may": may, "forms": forms, "steps": _path(found), "settlements": settlements,
        "told": [(one, two_sides(one)) for one in settlements], "versions": list(found.versions.select_related("by")),
        "terms": terms_told(found), "promised": promised_share(found), "log": list(found.steps.select_related("by")),
        "crumbs": [Crumb(gettext("Contracts"), reverse("contracts")), Crumb(found.number)],
        "finding": _finding(found, settlements),
    }  # fmt: skip
    return render(request, "trusteeship/contract.html", context)


@page(Capability.MANAGE_CONTRACTS)
def amend_page(request: ActorRequest, pk: int) -> HttpResponseBase:
    """New terms of a contract from a day on."""
    found = get_object_or_404(
        Contract.objects.for_actor(request.actor, Capability.MANAGE_CONTRACTS).select_related("institution__region"),
        pk=pk,
    )
    form = AmendForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            services.amend(request.actor, found, form.case, data["holds_from"], data["reason"])
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, gettext("The new terms are kept."))
            return redirect("contract", pk=found.pk)
    crumbs = [
        Crumb(gettext("Contracts"), reverse("contracts")),
        Crumb(found.number, reverse("contract", args=[found.pk])),
        Crumb(gettext("Amend the terms")),
    ]
    return render(request, "trusteeship/amend.html", {"form": form, "contract": found, "crumbs": crumbs})


def _found(request: ActorRequest, pk: int) -> Contract:
    return get_object_or_404(Contract.objects.for_actor(request.actor).select_related("institution__region"), pk=pk)


def _may(request: ActorRequest, found: Contract) -> dict[str, bool]:
    def reaches(capability: str) -> bool:
        held = Institution.objects.for_actor(request.actor, capability)
        return request.actor.can(capability) and held.filter(pk=found.institution_id).exists()

    return {"settle": reaches(Capability.SETTLE_CONTRACTS), "step": reaches(Capability.MANAGE_CONTRACTS)}


def _act(request: ActorRequest, found: Contract, posted: str, form: Any) -> HttpResponseBase:
    if posted == "settle":
        made = services.settle_year(request.actor, found, form.case)
        messages.success(request, gettext("The year is settled and put forward to both parties."))
        return redirect("settlement", pk=made.pk)
    services.step(request.actor, found, **form.cleaned_data)
    messages.success(request, gettext("Kept."))
    return redirect("contract", pk=found.pk)


def _next(found: Contract) -> dict[str, Any]:
    order = list(Contract.State)
    at = order.index(Contract.State(found.state))
    return {"state": order[min(at + 1, len(order) - 1)], "on": clock.today()}


def _path(found: Contract) -> list[Step]:
    """The states of a contract in their order, those behind it done."""
    order: list[Contract.State] = [one for one in Contract.State if one is not Contract.State.ENDED]
    if found.state == Contract.State.ENDED:
        order.append(Contract.State.ENDED)
    at = order.index(Contract.State(found.state))
    return [
        Step(one.label, "done" if place < at else "current" if place == at else "todo")
        for place, one in enumerate(order)
    ]


def _finding(found: Contract, settlements: list[Settlement]) -> str:
    values: dict[str, Any] = {"institution": found.institution.name, "kind": found.get_kind_display(),
              "state": found.get_state_display()}  # fmt: skip
    current = next((one for one in settlements if not one.is_replaced), None)
    if current is None:
        return gettext("%(institution)s, %(kind)s: %(state)s; no year is settled yet.") % values
    values |= {"year": current.year, "due": fixed(current.due, 2)}
    return gettext("%(institution)s, %(kind)s: %(state)s; year %(year)s comes to CNY %(due)s.") % values
