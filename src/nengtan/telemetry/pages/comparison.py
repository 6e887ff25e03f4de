"""Buildings side by side, for a square metre."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.telemetry.pages.months import month_asked
from nengtan.telemetry.pages.tables import unit_of
from nengtan.telemetry.queries.comparison import ENOUGH, Compared, buildings_compared, usual_per_m2
from nengtan.telemetry.queries.overview import meters_seen
from nengtan.ui import charts, formats
from nengtan.ui.charts import Share
from nengtan.ui.components import Crumb, Tab
from nengtan.ui.tables import Column, Table, TextFilter
from nengtan.ui.words import carrier_word, choices, named

__all__ = ["comparison"]

SHOWN = 20
FAR = 1.5
"""From so many times the middle on a building stands out. A setting of ours."""


@page(Capability.VIEW_DETAIL)
def comparison(request: ActorRequest) -> HttpResponseBase:
    """What each building used for a square metre, by class, month and use."""
    held = set(
        meters_seen(request.actor).exclude(building=None).order_by().values_list("carrier", flat=True).distinct()
    )
    carriers = [code for code in reference.carriers() if code in held]
    asked = request.GET.get("carrier", "")
    carrier = asked if asked in carriers else (carriers or ["electricity"])[0]
    use = request.GET.get("use", "")
    use = use if use in reference.building_uses() else ""
    month = month_asked(request)
    rows = buildings_compared(request.actor, carrier, month.first, month.last, use)
    unit = unit_of(reference.carriers()[carrier].unit)
    table = _table(request, rows, unit)
    answer = table.answer()
    if answer is not None:
        return answer
    usual = usual_per_m2(rows)
    ranked = [one for one in rows if one.ranks]
    context = {
        "rows": rows,
        "ranked": ranked,
        "table": table,
        "month": month,
        "unit": f"{unit}/m²",
        "usual": usual,
        "first": ranked[0] if ranked else None,
        "times": ranked[0].per_m2 / usual if usual and ranked[0].per_m2 else None,
        "without_area": sum(one.area_m2 is None for one in rows),
        "chart": _chart(ranked[:SHOWN], f"{unit}/m²", usual) if ranked else None,
        "height": 60 + 26 * min(len(ranked), SHOWN),
        "carriers": [Tab(carrier_word(one), _with(request, one), one == carrier) for one in carriers],
        "use": use,
        "uses": [("", gettext("all uses")), *choices(reference.building_uses())],
        "crumbs": [Crumb(gettext("Live metering"), reverse("metering")), Crumb(gettext("Buildings compared"))],
    }
    return render(request, "telemetry/comparison.html", context)


def _with(request: ActorRequest, carrier: str) -> str:
    query = request.GET.copy()
    query["carrier"] = carrier
    return f"?{query.urlencode()}"


def _chart(rows: Sequence[Compared], unit: str, usual: float | None) -> Any:
    shares = [
        Share(
            "bad" if usual and (one.per_m2 or 0) > FAR * usual else "brand", one.building.name, one.per_m2,
            reverse("building", args=[one.building.code]),
        )
        for one in rows
    ]  # fmt: skip
    return charts.ranking(
        gettext("Used for a square metre"), unit, shares, reference=usual, reference_label=gettext("the middle")
    )


def _known(one: Compared) -> float:
    return round(one.known * 100, 6)


def _table(request: ActorRequest, rows: Sequence[Compared], unit: str) -> Table:
    uses = reference.building_uses()
    columns = (
        Column("name", _("Building"), value=lambda one: one.building.name, priority=1, sort=True,
               href=lambda one: reverse("building", args=[one.building.code])),
        Column("institution", _("Household"), value=lambda one: one.building.institution.name, sort=True),
        Column("use", _("Use"), value=lambda one: named(uses.get(one.building.use), one.building.use), sort=True),
        Column("value", _("Used"), unit=unit, numeric=True, sort=True, reason=_("nothing is known of this time")),
        Column("area", _("Floor area"), unit="m²", numeric=True, decimals=0, sort=True,
               value=lambda one: one.area_m2, reason=_("the area is not in the register")),
        Column("per_m2", _("Per m²"), unit=f"{unit}/m²", numeric=True, decimals=2, sort=True,
               reason=_("no area, or nothing known")),
        Column("known", _("Known"), unit="%", numeric=True, decimals=1, value=_known,
               help=_("less than %(share)s is in no rank") % {"share": formats.percent(ENOUGH, 0)}),
    )  # fmt: skip
    return Table(list(rows), request, id="compared", caption=_("Buildings compared"), columns=columns,
                 filters=(TextFilter("q", _("Search"), fields=("building.name", "building.institution.name")),),
                 empty_title=_("No building has meters of this class"))  # fmt: skip
