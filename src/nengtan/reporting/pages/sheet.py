"""One return: its forms, cell by cell."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from nengtan.domain.returns.scheme import Level
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.reporting.models import Return
from nengtan.reporting.pages.lists import late_badge, state_badge
from nengtan.reporting.queries import visible
from nengtan.reporting.wording import next_word, period_word, title_word
from nengtan.ui.components import Crumb
from nengtan.ui.words import named, unit_word


def return_or_404(actor: Actor, pk: int) -> Return:
    """A return the actor may see."""
    return get_object_or_404(visible(actor), pk=pk)


@page(Capability.VIEW_DETAIL)
def return_page(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The forms of the return's own edition."""
    of = return_or_404(request.actor, pk)
    edition = scheme.edition(of.edition)
    values = {(value.record, value.indicator): value for value in of.values.all()}
    forms = [
        (title_word(form), [(line, named(line), unit_word(line.unit), values.get(("", line.key))) for line in lines])
        for form in edition.forms.values()
        if form.level is Level.BASE and (lines := edition.lines(form.number))
    ]
    context = {
        "return": of, "period": period_word(of.period), "state": state_badge(of), "late": late_badge(of),
        "next": next_word(of.state), "forms": forms,
        "crumbs": [Crumb(_("Returns"), reverse("returns")), Crumb(f"{of.institution} {period_word(of.period)}")],
    }  # fmt: skip
    return render(request, "reporting/return.html", context)
