"""The accounts as a table: choose whose, of which year, listed by what; every figure opens its lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.change import Remark, coverage_remark
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.models import InstitutionYear
from nengtan.ledger.pages.explain import explain_url
from nengtan.ledger.queries.accounts import Account, AccountRow, accounts
from nengtan.ledger.queries.lineage import value_of
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.queries.veil import OTHERS, TooFew, veil_of
from nengtan.ledger.words import MEASURES, REASONS, gap_words, measure_unit
from nengtan.registry.models import Institution, Region
from nengtan.registry.queries.listing import register_is_due
from nengtan.ui.charts.base import months
from nengtan.ui.components import Change, Crumb, KeyFigure, change_html
from nengtan.ui.formats import percent
from nengtan.ui.tables import Column, Table

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
    base, month = _base(request, year, years), _month(request)
    alone = month and not actor.can(Capability.VIEW_DETAIL)  # who sees totals only is not told a month by anything
    by = request.GET.get("by", "" if alone else "carrier" if institution else "type")
    if by not in dict(BY) or (by == "institution" and not actor.can(Capability.VIEW_DETAIL)):
        by = ""
    context: dict[str, Any] = {
        "region": region, "institution": institution, "problem": problem, "years": years, "year": year, "by": by,
        "by_options": [option for option in BY if option[0] != "institution" or actor.can(Capability.VIEW_DETAIL)],
        "regions": _regions(actor), "can_detail": actor.can(Capability.VIEW_DETAIL), "institutions": _offered(actor),
        "base": base or "", "base_options": _base_options(year, years),
        "month": month or "", "month_options": _month_options(), "period": _period(year, month),
        "subject": institution or region or gettext("Energy and carbon accounts"),
        "crumbs": [Crumb(gettext("Energy and carbon accounts"))],
        "register_is_due": partial(register_is_due, actor, region),
    }  # fmt: skip
    if region is None and institution is None:
        return render(request, "ledger/accounts.html", context)
    try:
        account = accounts(
            actor, year, region=region, institution=institution, by=by or None, month=month, base_year=base
        )
    except TooFew as error:
        context |= {"problem": str(error), "offers": _offers(actor, Selection(year, region, month=month), by, context)}
        return render(request, "ledger/accounts.html", context)
    except Forbidden:
        context["problem"] = gettext("These accounts are not yours to see.")
        return render(request, "ledger/accounts.html", context)
    table = _table(account, request) if by else None
    context |= {
        "account": account,
        "table": table,
        "note": _note(account),
        "key_figures_list": [_key_figure(account, measure, actor) for measure in STRIP],
        "gaps": gap_words(account.total.figures.missing),
        "unlike": _unlike(account, base) if base else "",
    }
    return (table.answer() if table else None) or render(request, "ledger/accounts.html", context)


OFFERED = 3
"""Other views offered in the place of one that is not shown."""


def _offers(actor: Actor, wanted: Selection, by: str, context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What comes near and may be shown, in words with its address: without the list, of the whole year, of all."""
    found: dict[str, str] = {}
    for region in dict.fromkeys((wanted.region, *context["regions"][:1])):
        veil = veil_of(actor, replace(wanted, region=region))
        for month, listed in ((wanted.month, ""), (None, by), (None, "")):
            selection = replace(wanted, region=region, month=month)
            if region is not None and (veil is None or veil.permits(selection, listed)):
                asked = {"region": region.code, "year": wanted.year, "month": month or "", "by": listed}
                words = (region.label, _period(wanted.year, month), str(dict(BY)[listed]))
                found[gettext(", ").join(words)] = f"?{urlencode(asked)}"
    return list(found.items())[:OFFERED]


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
    held = InstitutionYear.objects.order_by().values_list("region__path", flat=True).distinct()
    codes = {code for path in held for code in path.strip("/").split("/")}
    regions = Region.objects.filter(code__in=codes).order_by("path")
    return [item for item in regions if actor.scope.reaches(item.path)]


def _years(actor: Actor) -> list[int]:
    return list(InstitutionYear.objects.order_by("-year").values_list("year", flat=True).distinct())


def _year(request: ActorRequest, years: Sequence[int]) -> int:
    text = request.GET.get("year", "")
    if text.isdecimal() and 1990 <= int(text) <= 2100:
        return int(text)
    from django.utils import timezone

    this = timezone.localdate().year
    return next((year for year in years if year < this), years[0] if years else this - 1)


def _month(request: ActorRequest) -> int | None:
    """The only month asked about, 1 to 12; None is the whole year."""
    text = request.GET.get("month", "")
    return int(text) if text.isdecimal() and 1 <= int(text) <= 12 else None


def _month_options() -> list[tuple[str, str]]:
    return [("", gettext("whole year")), *((str(at), name) for at, name in enumerate(months(), 1))]


def _period(year: int, month: int | None) -> str:
    """The year or the month asked about, as people write it."""
    if month is None:
        return pgettext("period", "%(year)s") % {"year": year}
    return pgettext("period", "%(month)s %(year)s") % {"year": year, "month": months()[month - 1]}


def _base(request: ActorRequest, year: int, years: Sequence[int]) -> int | None:
    """The earlier year to compare with: one with figures, if one is chosen."""
    text = request.GET.get("base", "")
    return int(text) if text.isdecimal() and int(text) in years and int(text) < year else None


def _base_options(year: int, years: Sequence[int]) -> list[tuple[str, str]]:
    earlier = [one for one in years if one < year]
    return [("", gettext("no other year")), *((str(one), _against(year, one)) for one in earlier)]


def _against(year: int, base: int) -> str:
    return gettext("on last year") if base == year - 1 else gettext("on %(year)s") % {"year": base}


def _unlike(account: Account, base: int) -> str:
    """What must be said beside a comparison of years that were not reported alike; empty where they were."""
    before = account.total.base
    now, then = account.total.bodies.coverage, before.bodies.coverage if before else None
    if then is None or coverage_remark(now, then) not in (Remark.NOW_LESS_COMPLETE, Remark.BASE_LESS_COMPLETE):
        return ""
    shares = {"base": base, "before": percent(then.share), "now": percent(now.share)}
    words = gettext(
        "%(before)s of the months of %(base)s are there, %(now)s of this year's: part of a change may be this."
    )
    return words % shares


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
        change=_change(account, account.total, measure) if account.total.base else None,
    )


def _change(account: Account, row: AccountRow, measure: str) -> Change:
    year, base = account.selection.year, account.base_year or 0
    before = value_of(row.base, measure) if row.base else None
    return Change(value_of(row, measure), before, _against(year, base), good=None if measure == "cost_cny" else "down")


def _reason(row: AccountRow, measure: str) -> str:
    """Why a figure is missing."""
    if row.figures.missing and measure.startswith(("energy", "co2", "kgce", "kgco2")):
        return str(REASONS.get(str(row.figures.missing[0].reason), ""))
    if measure.endswith("per_m2") and row.bodies.area_m2 is None:
        return gettext("the floor area is not known")
    if measure.endswith("per_person") and row.bodies.persons is None:
        return gettext("the number of persons is not known")
    return gettext("nothing is known of it")


def _table(account: Account, request: ActorRequest) -> Table:
    drawer = request.actor.can(Capability.VIEW_LINEAGE)
    columns = [
        Column("label", dict(BY)[account.by], value=lambda row: row.label or row.key, sort=True, priority=1),
        *(
            column
            for measure, decimals in LISTED
            for column in (
                Column(
                    measure, MEASURES[measure], unit=measure_unit(measure), numeric=True, decimals=decimals, sort=True,
                    value=_value(measure), href=_href(account, measure) if drawer else None, drawer=drawer,
                    reason=partial(_reason, measure=measure), priority=2 if measure in STRIP else 3,
                ),
                *_compared(account, measure, decimals, bool(request.GET.get("export"))),
            )
        ),
        Column("coverage", MEASURES["coverage"], unit="%", numeric=True, decimals=1, sort=True, value=_coverage),
    ]  # fmt: skip
    return Table(
        list(account.rows), request, id="accounts", caption=_("Energy and carbon accounts"), columns=columns,
        default_sort="label" if account.by in ("month", "") else "-energy_tce", page_sizes=(50, 100, 500),
    )  # fmt: skip


def _compared(account: Account, measure: str, decimals: int, in_file: bool) -> Iterator[Column]:
    """The change of a measure against the base year; in a file with the figure of that year."""
    base, priority = account.base_year, 2 if measure in STRIP else 3
    if base is None:
        return
    against = _against(account.selection.year, base)
    if in_file:
        yield Column(
            f"{measure}_base", f"{MEASURES[measure]} {base}", unit=measure_unit(measure), numeric=True,
            decimals=decimals, value=lambda row: value_of(row.base, measure) if row.base else None,
        )  # fmt: skip
    yield Column(
        f"{measure}_change",
        f"{MEASURES[measure]} {against}" if in_file else against,
        unit="%" if in_file else "",
        numeric=True,
        sort=True,
        value=lambda row: _change(account, row, measure).ratio,
        render=lambda row: change_html(_change(account, row, measure), brief=True),
        export=lambda row: _in_percent(_change(account, row, measure).ratio),
        priority=priority,
    )


def _in_percent(ratio: Decimal | None) -> Decimal | None:
    return None if ratio is None else round(ratio * 100, 1)


def _value(measure: str) -> Callable[[AccountRow], Any]:
    return lambda row: value_of(row, measure)


def _coverage(row: AccountRow) -> Any:
    share = row.bodies.coverage.share
    return None if share is None else share * 100


def _href(account: Account, measure: str) -> Callable[[AccountRow], str]:
    names = {"institution": "institution", "type": "type", "carrier": "carrier", "month": "month", "region": "region"}
    name = names[account.by]

    selection = account.selection
    own = selection.subject.code if name == "region" and len(selection.regions) > 1 else ""

    def href(row: AccountRow) -> str:
        if row.key in (OTHERS, own):
            return ""
        key = str(int(row.key) % 100) if name == "month" else row.key
        extra = {"region": ""} if name == "institution" else {}
        return explain_url(account.selection, measure, **extra, **{name: key})

    return href
