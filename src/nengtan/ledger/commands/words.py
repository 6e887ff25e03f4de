"""Headings of the ledger's tables at the console, and codes in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nengtan import reference
from nengtan.domain import periods
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.words import BASES, CONFIDENCE, KINDS, RULES, origin_word, place_words, remark_words, source_words
from nengtan.ui.cli import Words, one_of
from nengtan.ui.words import Named, carrier_word, choices, named, unit_word

FACT_HEADINGS: dict[str, Promise] = {
    "id": _("Number"),
    "institution": _("Institution code"),
    "name": _("Institution"),
    "period": _("Month"),
    "carrier": _("Carrier"),
    "quantity": _("Quantity"),
    "unit": _("Unit of measure"),
    "entered_quantity": _("Quantity as entered"),
    "entered_unit": _("Unit as entered"),
    "cost_cny": _("Cost, CNY"),
    "origin": _("Source"),
    "bill_no": _("Bill number"),
    "standing": _("Standing"),
    "evidence": _("Evidence"),
    "source_row": _("Place in the file"),
    "entered_by": _("Entered by"),
    "entered_at": _("Entered at"),
    "supersedes": _("Corrects number"),
    "allocated_from": _("Part of number"),
    "note": _("Remark"),
}

FACTOR_HEADINGS: dict[str, Promise] = {
    "code": _("Code"),
    "name_zh": _("Chinese name"),
    "name_en": _("English name"),
    "kind": _("Kind"),
    "carrier": _("Carrier"),
    "place": _("Place"),
    "region": _("Place"),
    "year": _("Data year"),
    "rule": _("How the year was chosen"),
    "basis": _("Basis"),
    "value": _("Value"),
    "unit": _("Unit of measure"),
    "stated_value": _("Value as published"),
    "stated_unit": _("Unit as published"),
    "source": _("Source"),
    "url": pgettext_lazy("web", "Address"),
    "confidence": _("Confidence"),
    "default": _("Chosen by default"),
    "shipped": _("Shipped"),
    "published_on": _("Published on"),
    "retired_on": _("Retired on"),
    "added_by": _("Added by"),
    "added_at": _("Added at"),
    "note": _("Remark"),
}

CONVERSION_HEADINGS: dict[str, Promise] = {
    "carrier": _("Carrier"),
    "quantity": _("Quantity"),
    "unit": _("Unit of measure"),
    "region": _("Place"),
    "base_quantity": _("Quantity in the base unit"),
    "base_unit": _("Base unit"),
    "tce": _("Coal equivalent by heat value, tce"),
    "tce_primary": _("Primary coal equivalent, tce"),
    "tco2": _("CO₂, t"),
}

CLOSING_HEADINGS: dict[str, Promise] = {
    "id": _("Number"),
    "region": _("Region code"),
    "name": _("Region"),
    "year": _("Year"),
    "closed_at": _("Closed at"),
    "closed_by": _("Closed by"),
    "reopened_at": _("Reopened at"),
    "reopened_by": _("Reopened by"),
    "reason": _("Reason"),
    "digest": _("Digest of the figures"),
    "agrees": _("Figures agree"),
}

REBUILD_HEADINGS: dict[str, Promise] = {
    "sums": _("Kept sums"),
    "sums_differing": _("Kept sums that differed"),
    "books": _("Yearly books"),
    "books_differing": _("Yearly books that differed"),
    "files_swept": _("Files removed that belong to nothing"),
}


def standing_word(name: str) -> str:
    """COUNTS, as the commands write it, in words."""
    return str(ActivityFact.Standing[name.upper()].label)


def moment(written: str) -> str:
    """An ISO date and time as people read it here."""
    at = parse_datetime(written)
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else written


FACT_WORDS: Words = {
    "period": periods.label,
    "carrier": carrier_word,
    "unit": unit_word,
    "entered_unit": unit_word,
    "origin": origin_word,
    "standing": standing_word,
    "entered_at": moment,
}


def confidence_word(code: str) -> str:
    """How sure a factor is."""
    return str(CONFIDENCE[code][1]) if code in CONFIDENCE else code


def factor_words(places: Iterable[str]) -> Words:
    """Words for the codes of factors of these places."""
    known = places_named(set(places))
    return {
        "kind": lambda code: KINDS.get(code, code),
        "carrier": carrier_word,
        "place": lambda code: place_word(code, known),
        "region": lambda code: place_word(code, known),
        "basis": lambda code: BASES.get(code, code),
        "confidence": confidence_word,
        "source": source_words,
        "note": remark_words,
        "rule": lambda code: RULES.get(code, code),
    }


def place_word(code: str, known: Mapping[str, str]) -> str:
    """A place by code and name: the code is what one types."""
    return f"{code} {known[code]}" if code in known else code


def places_named(codes: set[str]) -> Mapping[str, str]:
    """The names of places; the database is asked only for those that are not shipped, for there may be none."""
    shipped: dict[str, Named] = {**reference.regions(), **reference.grids()}
    words = {code: named(shipped[code]) for code in codes if code in shipped}
    return {**words, **place_words(codes - set(words))} if codes - set(words) else words


def carriers_named(help: str) -> str:
    """The help of an option that takes a kind of energy or water."""
    return one_of(help, choices(reference.carriers()))
