"""What a virtual meter is computed from: written a term a line, each version from its day on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.pages.forms import take_errors
from nengtan.identity.roles import Capability
from nengtan.registry.models import Meter
from nengtan.telemetry.models import Formula, Register
from nengtan.telemetry.pages.meter import POWER, crumbs_of
from nengtan.telemetry.pages.tables import unit_of
from nengtan.telemetry.services import remove_formula, set_formula
from nengtan.telemetry.tree_words import terms_of, terms_text
from nengtan.ui.widgets import DayInput

__all__ = ["formula"]


class FormulaForm(forms.Form):
    """A version of a virtual meter."""

    valid_from = forms.DateField(label=_("From"), widget=DayInput())
    terms = forms.CharField(label=_("Computed from"), required=False, widget=forms.Textarea(attrs={"rows": 5}))
    constant = forms.DecimalField(
        label=pgettext_lazy("virtual meter", "Always running"), max_digits=12, decimal_places=6, required=False
    )
    note = forms.CharField(label=_("Remark"), max_length=400, required=False)


@page(Capability.VIEW_DETAIL)
def formula(request: ActorRequest, code: str) -> HttpResponseBase:
    """Its versions, the newest first, and a form for those who may write one."""
    rows = Meter.objects.for_actor(request.actor, Capability.WRITE_REGISTRY).select_related("institution__region")
    if not request.actor.can(Capability.WRITE_REGISTRY):
        raise Http404(gettext("There is no “%(code)s” within your reach.") % {"code": code})
    found: Any = get_object_or_404(rows, code=code)
    held = list(
        Formula.objects.filter(meter=found).prefetch_related("terms__meter").order_by("-valid_from")
    )  # fmt: skip
    first = {"valid_from": timezone.localdate().replace(day=1), "terms": terms_text(held[0]) if held else ""}
    for one in held:
        one.removal = {"remove": one.pk}  # type: ignore[attr-defined]
    form = FormulaForm(initial=first)
    if request.method == "POST":
        form = FormulaForm(request.POST)
        if "remove" in request.POST:
            remove_formula(request.actor, get_object_or_404(Formula, meter=found, pk=_number(request.POST["remove"])))
            messages.success(request, gettext("The version was taken out."))
            return redirect("formula", code)
        if form.is_valid() and _write(request, found, form):
            return redirect("meter", code)
    unit = reference.carriers()[found.carrier].unit
    context = {
        "meter": found,
        "form": form,
        "formulas": held,
        "is_read": Register.objects.filter(meter=found).exists(),
        "rate": POWER.get(unit, f"{unit_of(unit)}/h"),
        "crumbs": crumbs_of(found.institution, str(found), gettext("Computed from")),
    }
    return render(request, "telemetry/formula.html", context)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _write(request: ActorRequest, found: Meter, form: FormulaForm) -> bool:
    """Do it; False with the faults in the form."""
    data = form.cleaned_data
    try:
        terms = terms_of(data["terms"])
        set_formula(request.actor, found, data["valid_from"], terms, data["constant"] or Decimal(0), data["note"])
    except ValidationError as error:
        take_errors(form, error)
        return False
    messages.success(request, gettext("Kept. Consumption is computed each time somebody looks."))
    return True
