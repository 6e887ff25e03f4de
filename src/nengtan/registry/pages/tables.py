"""Tables of the register."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.registry.models import Asset, Institution, Region
from nengtan.registry.pages.forms import selectable_kinds
from nengtan.registry.queries.search import institutions_like
from nengtan.registry.services.equipment import particulars_words
from nengtan.registry.services.intake.schema import asset_word
from nengtan.registry.wording import DOUBTS
from nengtan.ui.components import badge_html
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.tables.filters import Rows
from nengtan.ui.words import carrier_word, choices, kind_word, named, system_word


def record_url(code: str, tab: str = "") -> str:
    """The record of an institution, on one of its tabs."""
    return reverse("institution_record", args=[code]) + (f"?tab={tab}" if tab else "")


def state_html(body: Institution) -> SafeString:
    """Whether it still exists, in a word."""
    if body.closed_on or body.status == Institution.Status.CLOSED:
        return badge_html("muted", pgettext("institution", "closed"))
    return badge_html("good", pgettext("institution", "active"))


@dataclass(frozen=True)
class NameFilter(TextFilter):
    """Name, former name, code, credit code or pinyin initials."""

    def apply(self, rows: Rows, chosen: Mapping[str, str]) -> Rows:
        """The rows that bear what was typed."""
        typed = chosen.get(self.key, "").strip()[:80]
        return institutions_like(rows, typed) if typed else rows  # type: ignore[arg-type]


@dataclass(frozen=True)
class RegionFilter(TextFilter):
    """A region's code or name: everything below it counts."""

    prefix: str = "region__"

    def apply(self, rows: Rows, chosen: Mapping[str, str]) -> Rows:
        """The rows within the region."""
        typed = chosen.get(self.key, "").strip()[:64]
        if not typed:
            return rows
        words = typed.split()
        found = Region.objects.filter(code=words[0]).first() or Region.objects.filter(name=typed).first()
        path = found.path if found else "-"
        return rows.filter(**{f"{self.prefix}path__startswith": path})  # type: ignore[union-attr]


NAME = NameFilter("q", _("Search"), placeholder=_("Name, code, pinyin initials"))
REGION = RegionFilter("region", _("Region and below"), placeholder=_("code or name"))


class InstitutionTable(Table):
    """The register."""

    id = "institutions"
    caption = _("Register")
    default_sort = "code"
    columns = (
        Column("name", _("Institution"), sort=True, priority=1, href=lambda body: record_url(body.code)),
        Column("code", _("Code"), sort=True, nowrap=True),
        Column("kind", _("Type"), value=lambda body: kind_word(body.kind), sort="kind"),
        Column("region", _("Region"), value=lambda body: str(body.region), sort="region__path"),
        Column("system", _("System"), value=lambda body: system_word(body.system), sort="system", priority=3),
        Column("area_m2", _("Floor area"), unit="m²", value="area_held", numeric=True, decimals=0, sort="area_held",
               total=True, reason=_("not reported")),
        Column("persons", _("Persons"), value="persons_held", numeric=True, decimals=0, sort="persons_held", total=True,
               reason=_("not reported")),
        Column("credit_code", _("Credit code"), sort=True, priority=3, nowrap=True, reason=_("not reported")),
        Column("status", _("Status"), render=state_html, sort=True,
               export=lambda body: body.get_status_display()),
    )  # fmt: skip
    filters = (
        NAME,
        ChoiceFilter("kind", _("Type"), choices=selectable_kinds, field="kind"),
        REGION,
        ChoiceFilter("system", _("System"), choices=lambda: choices(reference.systems()), field="system"),
        ChoiceFilter("status", _("Status"), choices=Institution.Status.choices, field="status"),
    )
    empty_title = _("No institutions yet")
    empty_text = _("Import a workbook of institutions, or add them one by one.")


def _owner(row: Any) -> str:
    return record_url(row.institution.code)


class BuildingTable(Table):
    """Buildings."""

    id = "buildings"
    caption = _("Buildings")
    default_sort = "code"
    columns = (
        Column("name", _("Building"), sort=True, priority=1,
               href=lambda row: record_url(row.institution.code, "buildings")),
        Column("code", _("Code"), sort=True, nowrap=True),
        Column("institution", _("Responsible body"), value="institution__name", sort="institution__name", href=_owner),
        Column("use", _("Use"), value=lambda row: named(reference.building_uses().get(row.use), row.use), sort="use"),
        Column("area_m2", _("Floor area"), unit="m²", value="area_held", numeric=True, decimals=0, sort="area_held",
               total=True, reason=_("not reported")),
        Column("year_built", _("Year built"), value=lambda row: str(row.year_built or ""), sort="year_built",
               priority=3),
        Column("climate_zone", _("Climate zone"), sort=True, priority=3,
               value=lambda row: named(reference.climate_zones().get(row.climate_zone), row.climate_zone)),
        Column("floors", _("Floors"), numeric=True, decimals=0, sort=True, priority=3),
        Column("bodies", _("Bodies in it"), numeric=True, decimals=0, sort=True),
    )  # fmt: skip
    filters = (
        TextFilter("q", _("Search"), fields=("name", "code", "institution__name", "institution__initials")),
        ChoiceFilter("use", _("Use"), choices=lambda: choices(reference.building_uses()), field="use"),
        REGION,
    )
    empty_title = _("No buildings yet")
    empty_text = _("Buildings come with the register workbook, or from the page of an institution.")


class MeterTable(Table):
    """Meters."""

    id = "meters"
    caption = _("Meters")
    default_sort = "code"
    columns = (
        Column("name", _("Meter"), value=str, sort="name", priority=1,
               href=lambda row: record_url(row.institution.code, "meters")),
        Column("code", _("Code"), sort=True, nowrap=True),
        Column("institution", _("Household"), value="institution__name", sort="institution__name", href=_owner),
        Column("building", _("Building"), value="building__name", sort="building__name", priority=3),
        Column("carrier", _("Class"), value=lambda row: carrier_word(row.carrier), sort="carrier"),
        Column("item", _("Item"), value=lambda row: named(reference.item_codes().get(row.item), row.item), sort="item",
               reason=_("the whole")),
        Column("parent", _("Upper meter"), value="parent__code", sort="parent__code", reason=_("top of its tree")),
        Column("ratio", _("Ratio"), numeric=True, priority=3),
        Column("account_no", _("Account number"), priority=3),
    )  # fmt: skip
    filters = (
        TextFilter("q", _("Search"),
                   fields=("name", "code", "account_no", "institution__name", "institution__initials")),
        ChoiceFilter("carrier", _("Class"), choices=lambda: choices(reference.carriers()), field="carrier"),
        RegionFilter("region", _("Region and below"), placeholder=_("code or name"), prefix="institution__region__"),
    )  # fmt: skip
    empty_title = _("No meters yet")
    empty_text = _("Meters come with the register workbook, or from the page of an institution.")


def _asset_kinds() -> list[tuple[str, str]]:
    return [(code, asset_word(code)) for code in reference.asset_kinds()]


def particulars_text(asset: Asset) -> str:
    """What is known of a piece of equipment, in one line."""
    kind = reference.asset_kinds().get(asset.kind)
    return particulars_words(asset.attributes, kind.fields if kind else ())


class AssetTable(Table):
    """Equipment."""

    id = "assets"
    caption = _("Equipment")
    default_sort = "institution"
    columns = (
        Column("name", _("Equipment"), sort=True, priority=1,
               href=lambda row: record_url(row.institution.code, "assets")),
        Column("kind", _("Kind"), value=lambda row: asset_word(row.kind), sort="kind"),
        Column("pieces", _("Count"), value="count", numeric=True, decimals=0, sort="count", total=True),
        Column("institution", _("Institution"), value="institution__name", sort="institution__code", href=_owner),
        Column("building", _("Building"), value="building__name", sort="building__name", priority=3),
        Column("particulars", _("Technical particulars"), value=particulars_text, whole=True),
        Column("in_use_on", _("In use since"), sort=True, priority=3),
    )  # fmt: skip
    filters = (
        TextFilter("q", _("Search"),
                   fields=("name", "institution__name", "institution__code", "institution__initials")),
        ChoiceFilter("kind", _("Kind"), choices=_asset_kinds, field="kind"),
        RegionFilter("region", _("Region and below"), placeholder=_("code or name"), prefix="institution__region__"),
    )  # fmt: skip
    empty_title = _("No equipment yet")
    empty_text = _("Vehicles, roofs, kitchens, boilers, data rooms, chargers, photovoltaics and storage stand here.")


def doubts_html(row: Any) -> SafeString:
    """What is missing, a badge each; two or more are serious."""
    judgement = "bad" if len(row.reasons) > 1 else "warn"
    return format_html("{}", SafeString(" ".join(badge_html(judgement, str(DOUBTS[code])) for code in row.reasons)))


def _lacking(rows: Rows, reason: str) -> Rows:
    return [row for row in rows if reason in row.reasons]


DOUBT_FILTERS = (
    TextFilter("q", _("Search"), fields=("institution.name", "institution.code", "institution.initials")),
    ChoiceFilter("lacks", _("Missing"), choices=tuple(DOUBTS.items()), where=_lacking),
)


def doubt_columns(writable: Container[int], kept: Container[int]) -> tuple[Column, ...]:
    """Columns of the check; the next steps for institutions (keys) the reader may change, or deregister."""

    def act(row: Any) -> SafeString | str:
        code, steps = row.institution.code, []
        if row.institution.pk in writable and set(row.reasons) & {"no_staff", "no_area"}:
            steps.append((reverse("institution_part_add", args=[code, "value"]), gettext("Complete")))
        if row.institution.pk in kept:
            steps.append((f"{reverse('institution_event', args=[code])}?kind=closed", gettext("Deregister")))
        return format_html_join(" · ", '<a href="{}">{}</a>', steps)

    return (
        Column("name", _("Institution"), value="institution.name", sort=True, priority=1,
               href=lambda row: record_url(row.institution.code)),
        Column("code", _("Code"), value="institution.code", sort=True),
        Column("region", _("Region"), value=lambda row: str(row.institution.region), sort=True, priority=3),
        Column("reasons", _("Missing"), render=doubts_html, whole=True,
               export=lambda row: gettext(", ").join(str(DOUBTS[code]) for code in row.reasons)),
        Column("persons", _("Persons"), numeric=True, decimals=0, sort=True, reason=_("not reported")),
        Column("area_m2", _("Floor area"), unit="m²", numeric=True, decimals=0, sort=True, reason=_("not reported")),
        Column("last", _("Latest figures"), value=lambda row: _month(row.last_period), sort="last_period", nowrap=True,
               reason=_("never any")),
        Column("contact", _("Whom to ask"), reason=_("no contact")),
        Column("act", _("Next step"), nowrap=True, render=act, export=lambda row: ""),
    )  # fmt: skip


def _month(period: int | None) -> str:
    return f"{period // 100}-{period % 100:02d}" if period else ""


__all__ = [
    "DOUBTS",
    "DOUBT_FILTERS",
    "AssetTable",
    "BuildingTable",
    "InstitutionTable",
    "MeterTable",
    "doubt_columns",
    "particulars_text",
    "record_url",
    "state_html",
]
