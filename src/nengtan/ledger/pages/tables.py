"""The lists of the ledger: facts, imports, factors, closings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest
from nengtan.ledger.models import ActivityFact, FactorVersion, InstitutionYear, Origin
from nengtan.ledger.pages.cells import (
    base_unit,
    batch_badge,
    batch_word,
    carrier_html,
    fact_url,
    factor_state,
    factor_year,
    part_words,
)
from nengtan.ledger.queries.history import importers, tellers
from nengtan.ledger.words import CONFIDENCE, KINDS, origin_word, source_words, standing_badge
from nengtan.registry.models import Institution, Region
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.tables.filters import Filter, Rows
from nengtan.ui.words import carrier_word, choices


@dataclass(frozen=True)
class NumberFilter(Filter):
    """Exactly one number, such as the number of an import."""

    field: str = ""

    def apply(self, rows: Rows, chosen: Mapping[str, str]) -> Rows:
        """The rows with the number; anything else fits nothing."""
        text = chosen.get(self.key, "").lstrip("#")
        if not text or not isinstance(rows, QuerySet):
            return rows
        return rows.filter(**{self.field: int(text)}) if text.isdecimal() and len(text) < 18 else rows.none()


class FactTable(Table):
    """Facts, newest first."""

    id = "facts"
    caption = _("Facts of the ledger")
    columns = (
        Column(
            "institution",
            _("Institution"),
            value="institution__name",
            sort="institution__name",
            priority=1,
            href=fact_url,
        ),
        Column("period", _("Month"), value=lambda fact: periods.label(fact.period), sort="period", nowrap=True),
        Column(
            "carrier",
            _("Carrier"),
            render=lambda fact: carrier_html(fact.carrier),
            sort="carrier",
            export=lambda fact: carrier_word(fact.carrier),
        ),
        Column(
            "quantity",
            _("Quantity"),
            numeric=True,
            exact=True,
            sort=True,
            reason=_("unknown, or its unit is not verified"),
        ),
        Column("unit", _("Unit of measure"), value=lambda fact: base_unit(fact.carrier)),
        Column("cost", _("Cost"), unit=_("CNY"), numeric=True, decimals=2, sort=True, reason=_("not stated")),
        Column("origin", _("Source"), value=lambda fact: origin_word(fact.origin), sort="origin"),
        Column(
            "standing",
            _("Standing"),
            render=lambda fact: standing_badge(fact.standing),
            sort="standing",
            export=lambda fact: str(ActivityFact.Standing(fact.standing).label),
        ),
        Column("part", _("Building, meter or item"), value=part_words, priority=3),
        Column("bill_no", _("Bill number"), priority=3, nowrap=True),
        Column(
            "entered_by",
            _("Entered by"),
            value="teller",
            priority=3,
        ),
        Column("entered_at", _("Entered at"), sort=True, priority=3, nowrap=True),
    )
    empty_title = _("No facts yet")
    empty_text = _("Import a file of bills, or enter the first month by hand.")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Who entered them."""
        names = tellers(rows)
        for fact in rows:
            fact.teller = names[fact.pk]


_BODY = TextFilter(
    "institution", _("Institution"), fields=("institution__name", "institution__code"), placeholder=_("name or code")
)
_CARRIER = ChoiceFilter("carrier", _("Carrier"), choices=lambda: choices(reference.carriers()))
_STANDING = ChoiceFilter("standing", _("Standing"), choices=ActivityFact.Standing.choices)
_PAPER = TextFilter("q", _("Bill number or remark"), fields=("bill_no", "note"))

IMPORT_FILTERS = (_BODY, _CARRIER, _STANDING, _PAPER)
"""The filters of one import's facts: region, year and source seldom differ within a file."""


def fact_filters(actor: Actor) -> Sequence[Filter]:
    """The filters of the list; what can be chosen is what the actor sees."""
    bodies = Institution.objects.for_actor(actor)
    regions = [(region.code, region.label) for region in Region.objects.filter(pk__in=bodies.values("region"))]
    years = _years(actor)
    return (
        _BODY,
        ChoiceFilter("region", _("Region"), choices=regions, field="region__code"),
        _CARRIER,
        ChoiceFilter("year", _("Year"), choices=[(year, str(year)) for year in years], where=_in_year),
        ChoiceFilter(
            "month", _("Month"), choices=[(month, str(month)) for month in range(1, 13)], where=_in_month(years)
        ),
        ChoiceFilter("origin", _("Source"), choices=Origin.choices),
        _STANDING,
        NumberFilter("import", _("Import number"), field="batch_id"),
        _PAPER,
    )


def _years(actor: Actor) -> list[int]:
    books = InstitutionYear.objects.filter(actor.scope_for("view_detail").institutions_q("institution__"))
    return list(books.order_by("-year").values_list("year", flat=True).distinct())


def _in_year(rows: Rows, value: str) -> Rows:
    year = int(value)
    return rows.filter(period__range=(year * 100 + 1, year * 100 + 12)) if isinstance(rows, QuerySet) else rows


def _in_month(years: Sequence[int]) -> Any:
    def where(rows: Rows, value: str) -> Rows:
        months = [year * 100 + int(value) for year in years]
        return rows.filter(period__in=months) if isinstance(rows, QuerySet) else rows

    return where


class BatchTable(Table):
    """Imports, newest first."""

    id = "imports"
    caption = _("Imports")
    columns = (
        Column(
            "file",
            _("File"),
            value="evidence__name",
            sort="evidence__name",
            priority=1,
            href=lambda batch: reverse("import_batch", args=[batch.pk]),
        ),
        Column("pk", _("Number"), numeric=True, decimals=0, sort="id"),
        Column("accepted", _("Rows taken"), numeric=True, decimals=0, sort=True),
        Column("rejected", _("Rows refused"), numeric=True, decimals=0, sort=True),
        Column("unchanged", _("Rows already known"), numeric=True, decimals=0, sort=True, priority=3),
        Column("entered_by", _("By"), value="teller"),
        Column("entered_at", _("At"), sort=True, nowrap=True),
        Column("state", _("State"), render=batch_badge, export=batch_word),
    )
    filters = (TextFilter("q", _("File"), fields=("evidence__name",)),)
    empty_title = _("Nothing imported yet")
    empty_text = _("Import a year of bills; the file is kept as evidence of every figure in it.")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Who took them in."""
        names = importers(rows)
        for batch in rows:
            batch.teller = names[batch.pk]


def price_table(told: Iterable[Mapping[str, Any]], request: ActorRequest) -> Table:
    """Rows of a sent file whose price per unit stands out."""
    return Table(
        list(told),
        request,
        id="prices",
        prefix="p_",
        caption=_("Unit prices that stand out"),
        columns=(
            Column("sheet", _("Sheet"), sort=True, priority=1),
            Column("row", _("Row"), numeric=True, decimals=0, sort=True),
            Column("place", _("Cell"), nowrap=True),
            Column("message", _("What stands out"), whole=True),
        ),
        page_sizes=(20, 200, 1000),
    )


def unusual_table(told: Iterable[Mapping[str, Any]], request: ActorRequest) -> Table:
    """Rows of a sent file far from the usual months of their institution."""
    return Table(
        list(told),
        request,
        id="unusual",
        prefix="u_",
        caption=_("Quantities far from the usual months"),
        columns=(
            Column("sheet", _("Sheet"), sort=True, priority=2),
            Column("row", _("Row"), numeric=True, decimals=0, sort=True),
            Column("label", _("Column"), priority=2),
            Column("found", _("Found"), nowrap=True),
            Column("allowed", _("Usual"), nowrap=True),
            Column("message", _("What stands out"), whole=True),
        ),
        page_sizes=(20, 200, 1000),
    )


def _in_short(factor: FactorVersion) -> str:
    return Truncator(source_words(factor.source)).chars(50)


def factor_table(factors: QuerySet[FactorVersion], request: Any, places: Mapping[str, str]) -> Table:
    """The library, with the places in words."""
    return Table(
        factors,
        request,
        id="factors",
        caption=_("Factor library"),
        default_sort="carrier",
        columns=(
            Column(
                "name",
                _("Factor"),
                value=lambda row: row.label,
                sort="name",
                priority=1,
                href=lambda row: reverse("factor", args=[row.code]),
            ),
            Column("kind", _("Kind"), value=lambda row: KINDS.get(row.kind, row.kind), sort="kind"),
            Column(
                "carrier",
                _("Carrier"),
                render=lambda row: carrier_html(row.carrier),
                sort="carrier",
                export=lambda row: carrier_word(row.carrier),
            ),
            Column("place", _("Place"), value=lambda row: places.get(row.place, row.place), sort="place"),
            Column("year", _("Data year"), value=factor_year, sort="year", nowrap=True),
            Column("value", _("Value"), numeric=True, render=lambda row: row.value, export=lambda row: row.number),
            Column("unit", _("Unit of measure"), value=lambda row: row.unit, nowrap=True),
            Column(
                "confidence",
                _("Confidence"),
                render=factor_state,
                sort="confidence",
                export=lambda row: str(CONFIDENCE.get(row.confidence, ("", row.confidence))[1]),
            ),
            Column("default", _("Chosen by default"), value="default", sort="default", priority=3),
            Column("source", _("Source"), priority=3, render=_in_short, export=lambda row: source_words(row.source)),
        ),
        filters=(
            TextFilter("q", _("Search"), fields=("code", "name", "name_en", "source")),
            ChoiceFilter("kind", _("Kind"), choices=list(KINDS.items())),
            ChoiceFilter("carrier", _("Carrier"), choices=choices(reference.carriers())),
            ChoiceFilter("place", _("Place"), choices=sorted(places.items(), key=lambda item: item[0])),
            ChoiceFilter("year", _("Data year"), choices=factor_years),
            ChoiceFilter(
                "confidence", _("Confidence"), choices=[(code, word) for code, (_judgement, word) in CONFIDENCE.items()]
            ),
            ChoiceFilter(
                "default", _("Chosen by default"), choices=[("1", _("yes")), ("0", _("no"))], where=_by_default
            ),
        ),
    )


def factor_years() -> list[tuple[int, str]]:
    """Data years there are factors of, latest first."""
    years = FactorVersion.objects.exclude(year=None).order_by("-year").values_list("year", flat=True).distinct()
    return [(year, str(year)) for year in years if year]


def _by_default(rows: Rows, value: str) -> Rows:
    return rows.filter(default=value == "1") if isinstance(rows, QuerySet) else rows
