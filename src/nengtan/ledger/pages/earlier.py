"""Earlier figures beside the form that enters one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.sheets.words import plain
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.pages.cells import base_unit, carrier_html
from nengtan.ledger.pages.forms import FactForm, reported_by
from nengtan.ledger.queries import earlier as figures
from nengtan.registry.models import Institution
from nengtan.ui import formats
from nengtan.ui.components import Definition, Text, figure_html


@dataclass(frozen=True)
class Beside:
    """Whose earlier figures of which carrier, in words."""

    institution: Institution
    carrier: Text
    rows: list[Definition]


@page(Capability.WRITE_ACTIVITY)
def fact_earlier(request: ActorRequest) -> HttpResponseBase:
    """The part of the form that changes with institution, carrier and month."""
    asked = (request.GET.get(name, "") for name in ("institution", "carrier", "period"))
    return render(request, "ledger/earlier.html", {"earlier": beside(request.actor, *asked)})


def beside_form(form: FactForm) -> Beside | None:
    """Earlier figures for what the form begins with."""
    return beside(form.actor, *(form[name].value() for name in ("institution", "carrier", "period")))


def beside(actor: Actor, institution: Any, carrier: Any, period: Any) -> Beside | None:
    """Earlier figures, once institution, carrier and month are known; None before."""
    month = _month(period)
    body = reported_by(actor, plain(str(institution or ""))) if month else None
    if body is None or month is None or carrier not in reference.carriers():
        return None
    last_month, last_year = figures.earlier(actor, body, carrier, month)
    told = ((_("Last month"), last_month), (_("Same month last year"), last_year))
    return Beside(body, carrier_html(carrier), [_row(term, item, base_unit(carrier)) for term, item in told])


def _month(typed: Any) -> int | None:
    try:
        return periods.parse(plain(str(typed or "")))
    except periods.PeriodError:
        return None


def _row(term: str, item: figures.Earlier, unit: str) -> Definition:
    value = figure_html(item.quantity, unit, exact=True, reason=_("no figure"))
    price = f"{formats.fixed(item.price, 4)} {_('CNY')}/{unit}" if item.price is not None else ""
    cost = f"¥{formats.fixed(item.cost, 2)}" if item.cost is not None else ""
    return Definition(f"{term} {periods.label(item.period)}", value, " · ".join(filter(None, (price, cost))))
