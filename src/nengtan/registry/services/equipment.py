"""Particulars of equipment: what each kind asks is reference data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext

from nengtan import reference
from nengtan.domain.sheets.dates import parse_date
from nengtan.domain.sheets.numbers import parse_number
from nengtan.domain.sheets.problems import Fault
from nengtan.domain.sheets.words import fold
from nengtan.reference import AssetField
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.wording import unit_name
from nengtan.ui.words import named

Wrong = tuple[str, str, tuple[str, ...]]
"""Key, what was found, what is allowed."""


def field_word(entry: AssetField) -> str:
    """A particular's name in the reader's language."""
    return entry.en if (get_language() or "").startswith("en") else entry.zh


def particulars_words(values: Mapping[str, Any], fields: Iterable[AssetField] | None = None) -> str:
    """Particulars in one line; without the fields of its kind, by those of any kind."""
    asked = fields if fields is not None else _all_fields().values()
    told = []
    for entry in asked:
        value = values.get(entry.key)
        if value not in (None, ""):
            told.append(
                f"{field_word(entry)} {_value_word(entry, value)}{' ' + unit_name(entry.unit) if entry.unit else ''}"
            )
    return gettext("; ").join(told)


def _all_fields() -> dict[str, AssetField]:
    return {entry.key: entry for kind in reference.asset_kinds().values() for entry in kind.fields}


def _value_word(entry: AssetField, value: Any) -> str:
    if entry.type == "choice":
        choices = [
            entry.choices,
            *(other.choices for kind in reference.asset_kinds().values() for other in kind.fields),
        ]
        return next((named(one, one.code) for group in choices for one in group if one.code == str(value)), str(value))
    if entry.type == "boolean":
        return gettext("yes") if value else gettext("no")
    return str(value)


def read_particulars(kind: str, given: Mapping[str, str]) -> tuple[dict[str, Any], list[Wrong]]:
    """Texts as the values of a kind's particulars, and what is wrong with them."""
    known = {entry.key: entry for entry in reference.asset_kinds()[kind].fields}
    found: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for key, text in given.items():
        if sheet_words().is_blank_word(text):
            continue
        if key not in known:
            wrong.append((key, text, ()))
            continue
        value, allowed = _value(known[key], text)
        if value is None:
            wrong.append((key, text, allowed))
        else:
            found[key] = value
    return found, wrong


def _value(entry: AssetField, text: str) -> tuple[Any, tuple[str, ...]]:
    """The value, or None and what is allowed."""
    match entry.type:
        case "text":
            return text[:200], ()
        case "number" | "integer":
            return _number(entry, text)
        case "date":
            day = parse_date(text, sheet_words())
            return (day.isoformat(), ()) if isinstance(day, date) else (None, ("2023-01-31",))
        case "boolean":
            word = sheet_words().choices["boolean"].get(fold(text))
            return (word == "true" if word else None), ("true", "false")
    choices = {fold(word): one.code for one in entry.choices for word in (one.name_zh, one.name_en, one.code)}
    return choices.get(fold(text)), tuple(one.code for one in entry.choices)


def _number(entry: AssetField, text: str) -> tuple[int | float | None, tuple[str, ...]]:
    read = parse_number(text, sheet_words())
    least = entry.min if entry.min is not None else Decimal(0)
    allowed = (f"≥ {least}",)
    if isinstance(read, Fault) or read.value is None or read.value < least:
        return None, allowed
    whole = read.value == read.value.to_integral_value()
    if entry.type == "integer" and not whole:
        return None, allowed
    return (int(read.value) if whole else float(read.value)), ()
