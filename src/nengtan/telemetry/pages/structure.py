"""Where the energy goes: carrier, items, sub-items or households, and what nobody measures (分类分项)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.registry.models import Building, Institution, Region
from nengtan.telemetry.pages.meter import crumbs_of
from nengtan.telemetry.pages.months import month_asked
from nengtan.telemetry.pages.tables import meter_url, unit_of
from nengtan.telemetry.queries.overview import meters_seen
from nengtan.telemetry.queries.trees import NATIONAL, ItemRow, Place, TooMany, TreeRow, Trees, remainders
from nengtan.telemetry.tree_words import JUDGED_BALANCES, TRUST, VERDICTS, item_row_word, remainder_word
from nengtan.ui import charts
from nengtan.ui.charts import Chart, Flow
from nengtan.ui.components import Crumb, KeyFigure, Tab, badge_html
from nengtan.ui.tables import Column, Table
from nengtan.ui.words import carrier_word, named

__all__ = ["structure"]

TREE_AT_ONCE = (50, 200)
ITEM_COLOURS = {"01A00": "gas", "01B00": "water", "01C00": "renewable", "01D00": "oil"}


@page(Capability.VIEW_DETAIL)
def structure(request: ActorRequest) -> HttpResponseBase:
    """Carrier, items and households as a stream, items as a table, meters as a tree with what is not metered."""
    body, building, region = _asked(request)
    place = Place(body.code if body else "", building.code if building else "", region.code if region else "")
    carriers = _carriers(request, place)
    asked = request.GET.get("carrier", "")
    carrier = asked if asked in carriers else (carriers or ["electricity"])[0]
    schemes = reference.item_schemes()
    scheme = request.GET.get("scheme", "")
    scheme = scheme if scheme in schemes else NATIONAL
    month = month_asked(request)
    where = building.name if building else body.name if body else region.label if region else ""
    owner = body or (building.institution if building else None)
    crumbs = crumbs_of(owner, gettext("Items and balance")) if owner else [
        Crumb(gettext("Live metering"), reverse("metering")), Crumb(gettext("Items and balance"))
    ]  # fmt: skip
    context: dict[str, Any] = {
        "where": where, "month": month, "carrier": carrier, "scheme": scheme, "crumbs": crumbs,
        "schemes": [(name, _scheme_word(name)) for name in schemes],
        "carriers": [Tab(carrier_word(one), _with(request, carrier=one), one == carrier) for one in carriers],
        "unit": unit_of(reference.carriers()[carrier].unit),
    }  # fmt: skip
    try:
        trees = Trees(request.actor, place, carrier, month.first, month.last)
    except TooMany:
        return render(request, "telemetry/structure.html", {**context, "too_many": True})
    items = trees.items(scheme)
    tables = (_item_table(request, items, context["unit"]), _tree_table(request, trees.tree, context["unit"]))
    for table in tables:
        answer = table.answer()
        if answer is not None:
            return answer
    wrong = remainders(trees.tree)
    context |= {
        "trees": trees, "items": tables[0], "tree": tables[1], "wrong": wrong,
        "chart": _stream(trees, items, scheme, context["unit"]) if trees.total else None,
        "figures": _figures(trees, items, context["unit"]),
        "height": 120 + 26 * max(len(trees.standing), 6) if len(trees.standing) < 24 else 700,
    }  # fmt: skip
    return render(request, "telemetry/structure.html", context)


def _asked(request: ActorRequest) -> tuple[Any, Any, Any]:
    """The institution, building or region of the address, where the actor sees it."""
    found: list[Any] = []
    for name, model, related in (("institution", Institution, "region"), ("building", Building, "institution__region"),
                                 ("region", Region, None)):  # fmt: skip
        code = request.GET.get(name, "")
        rows: Any = model.objects.for_actor(request.actor)
        rows = rows.select_related(related) if related else rows
        found.append(get_object_or_404(rows, code=code) if code else None)
    return found[0], found[1], found[2]


def _carriers(request: ActorRequest, place: Place) -> list[str]:
    rows = meters_seen(request.actor)
    for field, code in (("institution__code", place.institution), ("building__code", place.building)):
        rows = rows.filter(**{field: code}) if code else rows
    held = set(rows.order_by().values_list("carrier", flat=True).distinct())
    return [code for code in reference.carriers() if code in held]


def _with(request: ActorRequest, **changed: str) -> str:
    query = request.GET.copy()
    for name, value in changed.items():
        query[name] = value
    return f"?{query.urlencode()}"


def _scheme_word(name: str) -> str:
    words = {NATIONAL: gettext("national table of items"), "regional": gettext("regional table of items")}
    return words.get(name, name)


def _figures(trees: Trees, items: Sequence[ItemRow], unit: str) -> list[KeyFigure]:
    rest = sum(line.value or 0 for line in items if line.kind == "remainder" and line.depth == 1)
    total = trees.total
    verdicts = [row.verdict for row in trees.balances]
    bad = verdicts.count("alarm")
    return [
        KeyFigure(gettext("Used"), total, unit, reason=gettext("nothing is known of this time")),
        KeyFigure(gettext("Measured by item"), round(100 * (1 - rest / total), 6) if total else None, "%", decimals=1),
        KeyFigure(gettext("Not metered"), rest if total else None, unit, judgement="bad" if rest < 0 else "muted"),
        KeyFigure(gettext("Balances in error"), bad, gettext("of %(n)s") % {"n": len(verdicts)},
                  judgement="bad" if bad else "muted"),
    ]  # fmt: skip


def _stream(trees: Trees, items: Sequence[ItemRow], scheme: str, unit: str) -> Chart:
    """Carrier, item, then sub-items of one household, or the households of many."""
    whole = reference.item_classes().get(trees.carrier, "")
    names: dict[str, tuple[Any, str]] = {"": (carrier_word(trees.carrier), trees.carrier)}
    links: list[Flow] = []
    many = len({node.institution for node in trees.nodes}) > 1
    for row in items:
        if row.value is None or (row.item == whole and row.depth == 0):
            continue
        if many and row.depth > 1:
            continue
        key = f"{row.parent}/rest" if row.kind == "remainder" else f"item {row.item}"
        above = "" if row.depth <= 1 or row.parent in ("", whole) else f"item {row.parent}"
        names[key] = (item_row_word(row), "muted" if row.kind != "item" else ITEM_COLOURS.get(row.item, "total"))
        links.append(Flow(above, key, row.value))
    if many:
        links += _households(trees, scheme, whole, names)
    known = [link for link in links if link.source in names and link.target in names]
    return charts.flows(gettext("From the carrier to its items"), unit, names, known)


def _households(trees: Trees, scheme: str, whole: str, names: dict[str, tuple[Any, str]]) -> list[Flow]:
    """What of each first-level item each household uses."""
    held: dict[tuple[str, str], float] = {}
    tops = reference.item_scheme(scheme)
    bodies = {node.code: (node.institution, node.household) for node in trees.nodes}
    for line in trees.lines:
        item: str | None = trees.item_of(line.meter, scheme)
        while item and item in tops and tops[item].parent not in (None, whole):
            item = tops[item].parent
        code, household = bodies[line.meter]
        key = f"{whole}/rest" if item == whole or not item else f"item {item}"
        value = sum(one for one in line.value.tolist() if one == one)
        names.setdefault(
            f"body {code}", (household, "electricity" if trees.carrier == "electricity" else trees.carrier)
        )
        held[key, f"body {code}"] = held.get((key, f"body {code}"), 0.0) + value
    return [Flow(key, household, round(value, 6)) for (key, household), value in held.items()]


def _indented(depth: int, word: str, href: str = "", note: str = "") -> SafeString:
    lead = format_html('<span class="tree-lead" data-depth="{}"></span>', depth)
    name = format_html('<a href="{}">{}</a>', href, word) if href else format_html("{}", word)
    return format_html("{}{}{}", lead, name, format_html(' <span class="note">{}</span>', note) if note else "")


def _percent(value: float | None) -> float | None:
    return None if value is None else round(value * 100, 6)


def _item_table(request: ActorRequest, rows: Sequence[ItemRow], unit: str) -> Table:
    columns = (
        Column("name", _("Item"), priority=1, value=item_row_word,
               render=lambda row: _indented(row.depth, item_row_word(row), note=row.item)),
        Column("value", _("Used"), unit=unit, numeric=True, reason=_("nothing is known of this time")),
        Column("share", _("Of the item above"), unit="%", numeric=True, decimals=1,
               value=lambda row: _percent(row.share)),
        Column("complete", _("Known"), value=lambda row: gettext("whole") if row.complete else gettext("in part")),
        Column("trust", _("How sure the table is"), value=lambda row: TRUST.get(row.trust, "")),
    )  # fmt: skip
    return Table(list(rows), request, id="items", prefix="i_", caption=_("Consumption by item"), columns=columns,
                 empty_title=_("No meters of this class here"), page_sizes=(100,))  # fmt: skip


KINDS = {"virtual": pgettext_lazy("meter", "computed"), "by_hand": pgettext_lazy("meter", "read by hand")}


def _tree_table(request: ActorRequest, rows: Sequence[TreeRow], unit: str) -> Table:
    def name(row: TreeRow) -> SafeString:
        if row.kind == "remainder":
            return _indented(row.depth, remainder_word())
        return _indented(row.depth, row.name or row.meter, meter_url(row.meter), str(KINDS.get(row.kind, "")))

    def verdict(row: TreeRow) -> Any:
        return badge_html(JUDGED_BALANCES[row.verdict], VERDICTS[row.verdict]) if row.verdict else ""

    codes = reference.item_codes()
    columns = (
        Column("name", _("Meter"), priority=1, render=name,
               value=lambda row: remainder_word() if row.kind == "remainder" else row.name or row.meter),
        Column("household", _("Household")),
        Column("item", _("Item"), value=lambda row: named(codes.get(row.item), row.item) if row.item else "",
               reason=_("the whole")),
        Column("value", _("Used"), unit=unit, numeric=True, reason=_("nothing is known of this time")),
        Column("share", _("Of the upper meter"), unit="%", numeric=True, decimals=1,
               value=lambda row: _percent(row.share)),
        Column("known", _("Known"), unit="%", numeric=True, decimals=1,
               value=lambda row: _percent(row.good + row.estimated)),
        Column("verdict", _("Balance"), render=verdict,
               export=lambda row: VERDICTS[row.verdict] if row.verdict else ""),
    )  # fmt: skip
    return Table(list(rows), request, id="tree", prefix="t_", caption=_("Meters as a tree"), columns=columns,
                 empty_title=_("No meters of this class here"), page_sizes=TREE_AT_ONCE)  # fmt: skip
