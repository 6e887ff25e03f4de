"""The factor library."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.factors import add_factor, retire_factor
from nengtan.ledger.models import FactorVersion
from nengtan.ledger.pages.cells import factor_state, factor_year
from nengtan.ledger.pages.forms import FactorForm, ReasonForm, add_errors
from nengtan.ledger.pages.tables import factor_table
from nengtan.ledger.queries.factors import closings_using, years_used
from nengtan.ledger.queries.history import adders
from nengtan.ledger.words import BASES, KINDS, place_words, remark_words, source_words
from nengtan.registry.models import Region
from nengtan.ui.components import Crumb, Definition
from nengtan.ui.formats import exact
from nengtan.ui.words import carrier_word


def _crumbs(last: str = "") -> list[Crumb]:
    return [Crumb(_("Factor library"), reverse("factors") if last else ""), *([Crumb(last)] if last else [])]


@page(Capability.VIEW)
def factors(request: ActorRequest) -> HttpResponseBase:
    """Every version, shipped or added here."""
    rows = FactorVersion.objects.all()
    places = place_words(set(rows.order_by().values_list("place", flat=True).distinct()))
    table = factor_table(rows, request, places)
    context = {
        "table": table,
        "can_manage": request.actor.can(Capability.MANAGE_FACTORS),
        "crumbs": _crumbs(),
    }
    return table.answer() or render(request, "ledger/factors.html", context)


@page(Capability.VIEW)
def factor(request: ActorRequest, code: str) -> HttpResponseBase:
    """One version: value, source, where it is used; and retiring it."""
    found = get_object_or_404(FactorVersion.objects.select_related("added_by"), code=code)
    may_retire = request.actor.can(Capability.MANAGE_FACTORS) and not found.shipped and found.superseded_on is None
    form = ReasonForm(request.POST or None) if may_retire else None
    if form is not None and form.is_valid():
        retire_factor(request.actor, found, form.cleaned_data["reason"])
        messages.success(request, _("The version is retired; open figures were computed anew."))
        return redirect("factor", found.code)
    used = years_used(request.actor, found)
    context = {
        "factor": found,
        "kind": KINDS.get(found.kind, found.kind),
        "place": place_words({found.place}).get(found.place, found.place),
        "year": factor_year(found),
        "value": exact(found.number),
        "badge": factor_state(found),
        "definitions": _definitions(found),
        "used": [Definition(str(region), ", ".join(map(str, sorted(years)))) for region, years in used.items()],
        "closings": closings_using(request.actor, found),
        "form": form,
        "crumbs": _crumbs(found.label),
    }
    return render(request, "ledger/factor.html", context)


def _definitions(found: FactorVersion) -> list[Definition]:
    added = f"{adders([found])[found.pk] or _('the platform itself')} {localtime(found.added_at):%Y-%m-%d}"
    rows = [
        (_("Carrier"), carrier_word(found.carrier)),
        (_("As published"), f"{found.stated_value} {found.stated_unit}"),
        (_("Basis"), BASES.get(found.basis, found.basis)),
        (_("Source"), source_words(found.source)),
        (_("Address of the source"), found.url),
        (_("Published on"), found.published_on or ""),
        (_("Chosen by default"), _("yes") if found.default else _("no")),
        (_("Added by"), _("shipped with the platform") if found.shipped else added),
        (_("Retired on"), found.superseded_on or ""),
        (_("Remark"), remark_words(found.note)),
        (_("Code"), found.code),
    ]  # fmt: skip
    return [Definition(term, value) for term, value in rows if value]


@page(Capability.MANAGE_FACTORS)
def factor_add(request: ActorRequest) -> HttpResponseBase:
    """Add a version."""
    names = ("kind", "carrier", "place", "year")
    form = FactorForm(request.POST or None, initial={name: request.GET[name] for name in names if name in request.GET})
    form.fields["place"].widget.attrs |= {"list": "places", "autocomplete": "off"}
    if form.is_valid():
        try:
            added = add_factor(request.actor, form.factor())
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The version is in the library; open figures were computed anew."))
            return redirect("factor", added.code)
    paths = Region.objects.filter(institutions__isnull=False).values_list("path", flat=True).distinct()
    used = {code for path in paths for code in path.strip("/").split("/")}
    provinces = Region.objects.filter(level__in=("nation", "province")).values_list("code", flat=True)
    places = sorted(place_words({*used, *provinces}).items())
    return render(
        request, "ledger/factor_form.html", {"form": form, "places": places, "crumbs": _crumbs(_("Add a version"))}
    )
