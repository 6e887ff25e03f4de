"""The accounts as a table: choose whose, of which year, listed by what; every figure opens its lineage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.models import InstitutionYear
from nengtan.ledger.pages.explain import explain_url
from nengtan.ledger.queries.accounts import Account, AccountRow, accounts
from nengtan.ledger.queries.lineage import value_of
from nengtan.ledger.words import KINDS, MEASURES, REASONS, measure_unit
from nengtan.registry.models import Institution, Region
from nengtan.ui.components import Crumb, KeyFigure
from nengtan.ui.formats import percent
from nengtan.ui.tables import Column, Table
from nengtan.ui.words import carrier_word

STRIP = ("energy_tce", "co2_t", "kgce_per_m2", "kgce_per_person", "water_m3", "cost_cny")
LISTED = (
    ("energy_tce", 2), ("energy_tce_primary", 2), ("co2_t", 2), ("co2_scope1_t", 2), ("co2_scope2_t", 2),
    ("water_m3", 0), ("cost_cny", 0), ("electricity_kwh", 0), ("kgce_per_m2", 2), ("kgce_per_person", 1),
    ("m3_per_person", 2), ("kgco2_per_m2", 2),
)  # fmt: skip
BY = (
    ("", _("total only")),
    ("institution", _("institution")),
    ("type", _("type of institution")),
    ("carrier", _("carrier")),
    ("month", _("month")),
    ("region", _("region below")),
)


@page(Capability.VIEW)
def accounts_page(request: ActorRequest) -> HttpResponseBase:
    """Accounts of a region or an institution."""
    actor = request.actor
    region, institution, problem = _subject(request)
    years = _years(actor)
    year = _year(request, years)
    by = request.GET.get("by", "carrier" if institution else "type")
    if by not in dict(BY) or (by == "institution" and not actor.can(Capability.VIEW_DETAIL)):
        by = ""
    context: dict[str, Any] = {
        "region": region, "institution": institution, "problem": problem, "years": years, "year": year, "by": by,
        "by_options": [option for option in BY if option[0] != "institution" or actor.can(Capability.VIEW_DETAIL)],
        "regions": _regions(actor), "can_detail": actor.can(Capability.VIEW_DETAIL), "institutions": _offered(actor),
        "subject": institution or region or gettext("Energy and carbon accounts"),
        "crumbs": [Crumb(gettext("Energy and carbon accounts"))],
    }  # fmt: skip
    if region is None and institution is None:
        return render(request, "ledger/accounts.html", context)
    try:
        account = accounts(actor, year, region=region, institution=institution, by=by or None)
    except Forbidden:
        context["problem"] = gettext("These accounts are not yours to see.")
        return render(request, "ledger/accounts.html", context)
    table = _table(account, request) if by else None
    context |= {
        "account": account,
        "table": table,
        "note": _note(account),
        "key_figures_list": [_key_figure(account, measure, actor) for measure in STRIP],
        "gaps": _gaps(account),
    }
    return (table.answer() if table else None) or render(request, "ledger/accounts.html", context)


def _subject(request: ActorRequest) -> tuple[Region | None, Institution | None, str]:
    actor, text = request.actor, request.GET.get("institution", "").strip()
    if text:
        bodies = Institution.objects.for_actor(actor)
        found = bodies.filter(code=text).first() or bodies.filter(name=text).first()
        problem = "" if found else gettext("“%(found)s” is not an institution you may see.") % {"found": text[:40]}
        return None, found, problem
    regions = _regions(actor)
    code = request.GET.get("region", "")
    chosen = next((item for item in regions if item.code == code), None)
    if code and chosen is None:
        return None, None, gettext("“%(found)s” is not a region you may see.") % {"found": code[:40]}
    if chosen is None and not regions and len(actor.scope.institutions) == 1:
        return None, Institution.objects.for_actor(actor).first(), ""
    return chosen or (regions[0] if regions else None), None, ""


def _regions(actor: Actor) -> list[Region]:
    """Regions with figures, of which the actor sees the whole or a part; the largest the actor was granted first."""
    scope = actor.scope
    paths = [*scope.regions, *(path for path, _system in scope.systems)]
    held = InstitutionYear.objects.order_by().values_list("region__path", flat=True).distinct()
    codes = {code for path in held for code in path.strip("/").split("/")}
    regions = Region.objects.filter(code__in=codes).order_by("path")
    return [item for item in regions if scope.everything or any(item.path.startswith(path) for path in paths)]


def _years(actor: Actor) -> list[int]:
    return list(InstitutionYear.objects.order_by("-year").values_list("year", flat=True).distinct())


def _year(request: ActorRequest, years: Sequence[int]) -> int:
    text = request.GET.get("year", "")
    if text.isdecimal() and 1990 <= int(text) <= 2100:
        return int(text)
    from django.utils import timezone

    this = timezone.localdate().year
    return next((year for year in years if year < this), years[0] if years else this - 1)


def _offered(actor: Actor) -> list[Institution]:
    if not actor.can(Capability.VIEW_DETAIL):
        return []
    return list(Institution.objects.for_actor(actor).only("code", "name")[:1000])


def _note(account: Account) -> str:
    bodies = account.total.bodies
    counts = {"count": bodies.institutions, "share": percent(bodies.coverage.share)}
    return gettext("%(count)s institutions · completeness %(share)s") % counts


def _key_figure(account: Account, measure: str, actor: Actor) -> KeyFigure:
    href = explain_url(account.selection, measure) if actor.can(Capability.VIEW_LINEAGE) else ""
    value = value_of(account.total, measure)
    return KeyFigure(
        MEASURES[measure],
        value,
        unit=measure_unit(measure),
        href=href if value is not None else "",
        reason=_reason(account.total, measure),
    )


def _reason(row: AccountRow, measure: str) -> str:
    """Why a figure is missing."""
    if row.figures.missing and measure.startswith(("energy", "co2", "kgce", "kgco2")):
        return str(REASONS.get(str(row.figures.missing[0].reason), ""))
    if measure.endswith("per_m2") and row.bodies.area_m2 is None:
        return gettext("the floor area is not known")
    if measure.endswith("per_person") and row.bodies.persons is None:
        return gettext("the number of persons is not known")
    return gettext("nothing is known of it")


def _gaps(account: Account) -> list[str]:
    """What is in no total, and why."""
    told = [
        f"{carrier_word(item.carrier)}: {REASONS.get(str(item.reason), item.reason)} ({KINDS[str(item.kind)]})"
        for item in account.total.figures.missing
        if str(item.kind) != "coal_equivalent_primary"
    ]
    return list(dict.fromkeys(told))


def _table(account: Account, request: ActorRequest) -> Table:
    drawer = request.actor.can(Capability.VIEW_LINEAGE)
    columns = [
        Column("label", dict(BY)[account.by], value=lambda row: row.label or row.key, sort=True, priority=1),
        *(
            Column(
                measure, MEASURES[measure], unit=measure_unit(measure), numeric=True, decimals=decimals, sort=True,
                value=_value(measure), href=_href(account, measure) if drawer else None, drawer=drawer,
                reason=partial(_reason, measure=measure), priority=2 if measure in STRIP else 3,
            )
            for measure, decimals in LISTED
        ),
        Column("coverage", MEASURES["coverage"], unit="%", numeric=True, decimals=1, sort=True, value=_coverage),
    ]  # fmt: skip
    return Table(
        list(account.rows), request, id="accounts", caption=_("Energy and carbon accounts"), columns=columns,
        default_sort="label" if account.by in ("month", "") else "-energy_tce", page_sizes=(50, 100, 500),
    )  # fmt: skip


def _value(measure: str) -> Callable[[AccountRow], Any]:
    return lambda row: value_of(row, measure)


def _coverage(row: AccountRow) -> Any:
    share = row.bodies.coverage.share
    return None if share is None else share * 100


def _href(account: Account, measure: str) -> Callable[[AccountRow], str]:
    names = {"institution": "institution", "type": "type", "carrier": "carrier", "month": "month", "region": "region"}
    name = names[account.by]

    def href(row: AccountRow) -> str:
        key = str(int(row.key) % 100) if name == "month" else row.key
        extra = {"region": ""} if name == "institution" else {}
        return explain_url(account.selection, measure, **extra, **{name: key})

    return href
