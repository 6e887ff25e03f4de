"""Words for the codes of this room, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.accounts import Missing
from nengtan.ledger.models import ActivityFact, Origin
from nengtan.ledger.queries.lineage import UNITS, Denominator, Held
from nengtan.registry.models import Region
from nengtan.ui.components import badge_html
from nengtan.ui.words import carrier_word, named

MEASURES: dict[str, Promise | str] = {
    "energy_tce": _("Energy, by heat value"),
    "energy_tce_primary": _("Energy, by primary equivalent"),
    "co2_t": _("Carbon emissions"),
    "co2_scope1_t": _("Carbon emissions, scope 1 (fuels)"),
    "co2_scope2_t": _("Carbon emissions, scope 2 (power and heat)"),
    "water_m3": _("Water"),
    "cost_cny": _("Cost"),
    "electricity_kwh": _("Electricity"),
    "area_m2": _("Floor area"),
    "persons": _("Energy users"),
    "kgce_per_m2": _("Energy per floor area"),
    "kgce_per_person": _("Energy per person"),
    "m3_per_person": _("Water per person"),
    "kgco2_per_m2": _("Carbon emissions per floor area"),
    "kwh_per_m2": _("Electricity per floor area"),
    "coverage": _("Completeness"),
}

_UNITS: dict[str, Promise] = {
    "cost_cny": _("CNY"),
    "persons": pgettext_lazy("unit", "persons"),
    "kgce_per_person": _("kgce/person"),
    "m3_per_person": _("m³/person"),
}


def measure_unit(measure: str) -> str:
    """The unit of a measure as people write it."""
    return str(_UNITS.get(measure, UNITS[measure]))


KINDS: dict[str, Promise] = {
    "coal_equivalent": _("coal equivalent (heat value)"),
    "coal_equivalent_primary": _("coal equivalent (primary)"),
    "co2": _("CO₂ emission factor"),
}

CONFIDENCE: dict[str, tuple[str, Promise]] = {
    "verified": ("good", _("read in the source")),
    "derived": ("muted", _("derived")),
    "general-knowledge": ("warn", _("general knowledge, unconfirmed")),
    "local": ("muted", _("added here")),
}
"""Confidence of a factor: judgement and word."""

RULES: dict[str, Promise] = {
    "exact_year": _("of this very year"),
    "latest_earlier": _("the latest earlier year; none is published for this year"),
    "always": _("holds for every year"),
}

BASES: dict[str, Promise] = {
    "any": _("any"),
    "location": _("by place"),
    "market": _("by market"),
    "fossil": _("fossil power only"),
    "none": _("none"),
}

PLACE_LEVELS: dict[str, Promise] = {
    "local": _("local"),
    "district": _("district"),
    "city": _("city"),
    "province": _("province"),
    "grid": _("regional grid"),
    "nation": _("nation"),
}

REASONS: dict[str, Promise] = {
    "no_factor_for_carrier": _("no factor for this carrier"),
    "no_factor_for_place": _("no factor for this place"),
    "only_later_years": _("factors only for later years"),
    "no_quantity": _("no quantity, only a cost"),
}

_JUDGEMENT = {
    ActivityFact.Standing.COUNTS: "good",
    ActivityFact.Standing.UNVERIFIED: "warn",
    ActivityFact.Standing.AFTER_CLOSING: "warn",
    ActivityFact.Standing.WITHDRAWN: "bad",
}


def gap_words(missing: Iterable[Missing]) -> list[str]:
    """What is in no total, and why: each carrier and reason once; primary values are not told apart."""
    told = [
        f"{carrier_word(item.carrier)}: {REASONS.get(str(item.reason), item.reason)} ({KINDS[str(item.kind)]})"
        for item in missing
        if str(item.kind) != "coal_equivalent_primary"
    ]
    return list(dict.fromkeys(told))


def lacking_words(of: Denominator) -> str:
    """How many institutions a denominator lacks; empty where it has them all."""
    if not of.lacking:
        return ""
    if of.measure == "area_m2":
        words = ngettext(
            "%(n)s institution has no area; what it used counts all the same.",
            "%(n)s institutions have no area; what they used counts all the same.",
            of.lacking,
        )
    else:
        words = ngettext(
            "%(n)s institution has no headcount; what it used counts all the same.",
            "%(n)s institutions have no headcount; what they used counts all the same.",
            of.lacking,
        )
    return words % {"n": of.lacking}


def held_words(held: Held) -> str:
    """In which months of the year a dated value held: 2023-09 to 2023-12 (4 months)."""
    first, last = periods.label(held.first), periods.label(held.last)
    if held.months == 1:
        return gettext("held in %(month)s") % {"month": first}
    return gettext("held %(first)s to %(last)s (%(count)s months)") % {
        "first": first, "last": last, "count": held.months,
    }  # fmt: skip


def weight(unit: str) -> str:
    """kgCO2 as it is printed: kgCO₂."""
    return unit.replace("CO2", "CO₂")


def standing_badge(standing: int) -> SafeString:
    """Whether a fact counts, in colour and words."""
    value = ActivityFact.Standing(standing)
    return badge_html(_JUDGEMENT.get(value, "muted"), value.label)


_ORIGINS = dict(Origin.choices)


def origin_word(code: str) -> str:
    """账单 or bill."""
    return str(_ORIGINS.get(code, code))


def confidence_badge(code: str) -> SafeString:
    """How sure a factor is, in colour and words."""
    judgement, word = CONFIDENCE.get(code, ("muted", code))
    return badge_html(judgement, word)


def item_word(code: str) -> str:
    """01B00 空调用电."""
    item = reference.item_codes().get(code)
    return f"{code} {named(item)}" if item else code


def source_words(said: str) -> str:
    """The source of a factor as an official of the reader's language cites it; of factors added here as stated."""
    return named(reference.citations().get(said), said)


def remark_words(said: str) -> str:
    """What is remarked of a shipped factor, in the reader's language; of factors added here as stated."""
    return named(reference.remarks().get(said), said)


def place_words(codes: set[str]) -> Mapping[str, str]:
    """The names of factors' places, regions and grids, in one query."""
    words = {code: named(grid) for code, grid in reference.grids().items() if code in codes}
    for region in Region.objects.filter(code__in=codes - set(words)):
        words[region.code] = region.label
    return words
