"""The seven sheets of a register workbook: which columns each has and what they may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from django.db.models import Model
from django.utils import translation
from django.utils.translation import pgettext

from nengtan import reference
from nengtan.domain.sheets.records import Field
from nengtan.domain.sheets.words import fold
from nengtan.reference.words import sheet_words
from nengtan.registry.models import Asset, Building, Contact, Institution, InstitutionEvent, Meter
from nengtan.ui.words import Named, carrier_word, named

SHEETS = ("institutions", "buildings", "occupancies", "meters", "assets", "contacts", "events")
"""In the order they are written: what is referred to stands first."""

AREA = {"m2": Decimal(1), "10km2": Decimal(10000)}
PERSONS = {"person": Decimal(1)}
LARGEST_AREA = Decimal(10) ** 8
MOST_PERSONS = Decimal(10) ** 7

CONTACTS = {
    "liaison": ("liaison_name", "liaison_phone"),
    "statistician": ("statistician_name", "statistician_phone"),
    "carbon_manager": ("carbon_manager_name", "carbon_manager_phone"),
}
"""Columns of name and telephone by duty."""


def titles() -> dict[str, str]:
    """What each sheet is called in the reader's language."""
    return {
        "institutions": pgettext("sheet", "Institutions"),
        "buildings": pgettext("sheet", "Buildings"),
        "occupancies": pgettext("sheet", "Occupancies"),
        "meters": pgettext("sheet", "Meters"),
        "assets": pgettext("sheet", "Equipment"),
        "contacts": pgettext("sheet", "Contacts"),
        "events": pgettext("sheet", "Events of institutions"),
    }


def fields(region: bool = False) -> dict[str, tuple[Field, ...]]:
    """The columns of each sheet, in order; with ``region`` institutions need not name theirs."""
    return {
        "institutions": _institutions(region_needed=not region),
        "buildings": _buildings(),
        "occupancies": _occupancies(),
        "meters": _meters(),
        "assets": _assets(),
        "contacts": _contacts(),
        "events": _events(),
    }


def _institutions(region_needed: bool) -> tuple[Field, ...]:
    text = _texts(Institution)
    kinds = {code: kind for code, kind in reference.institution_types().items() if kind.selectable}
    return (
        Field("code", "code", required=True, max_length=text["code"]),
        Field("credit_code", "code"),
        Field("name", required=True, max_length=text["name"]),
        _choice("kind", kinds, required=True),
        Field("region_code", "code", required=region_needed),
        _choice("system", reference.systems()),
        Field("superior_code", "code"),
        _listed("reports_to", Institution.ReportsTo),
        Field("address", max_length=text["address"]),
        *_position(),
        *_sizes("area_m2", "persons", "establishment"),
        Field("valid_from", "since"),
        _listed("occupancy", Institution.Occupancy),
        _listed("utility_account", Institution.UtilityAccount),
        _listed("allocation", Institution.Allocation),
        Field("host_code", "code"),
        Field("share", "share"),
        _carriers("carriers", "choices"),
        Field("established_on", "date"),
        *(Field(key, max_length=64 if key.endswith("name") else 32) for pair in CONTACTS.values() for key in pair),
        Field("note", max_length=text["note"]),
    )


def _buildings() -> tuple[Field, ...]:
    text = _texts(Building)
    return (
        Field("code", "code", required=True, max_length=text["code"]),
        Field("name", required=True, max_length=text["name"]),
        Field("institution_code", "code", required=True),
        _choice("use", reference.building_uses()),
        Field("year_built", "year"),
        *_sizes("area_m2"),
        Field("valid_from", "since"),
        _choice("climate_zone", reference.climate_zones()),
        Field("floors", "integer", minimum=Decimal(0), maximum=Decimal(300)),
        Field("address", max_length=text["address"]),
        *_position(),
        *_sizes("roof_area_m2"),
        Field("out_of_use_on", "date"),
    )


def _occupancies() -> tuple[Field, ...]:
    return (
        Field("building_code", "code", required=True),
        Field("institution_code", "code", required=True),
        Field("share", "share"),
        *_sizes("area_m2"),
        Field("valid_from", "since"),
        Field("valid_to", "date"),
    )


def _meters() -> tuple[Field, ...]:
    text = _texts(Meter)
    return (
        Field("code", "code", required=True, max_length=text["code"]),
        Field("name", max_length=text["name"]),
        Field("institution_code", "code", required=True),
        Field("building_code", "code"),
        Field("parent_code", "code"),
        _carriers("carrier", "choice", required=True),
        _choice("item", reference.item_codes()),
        Field("ratio", "number", minimum=Decimal("0.000001"), maximum=Decimal(10) ** 6),
        Field("utility_account_no", "code", max_length=text["account_no"]),
        Field("removed_on", "date"),
    )


def _assets() -> tuple[Field, ...]:
    words = dict(sheet_words().choices.get("asset_kind", {}))
    for kind in reference.asset_kinds().values():
        words |= {fold(word): kind.code for word in (kind.code, kind.zh, kind.en)}
    labels = tuple(asset_word(code) for code in reference.asset_kinds())
    return (
        Field("institution_code", "code", required=True),
        Field("building_code", "code"),
        Field("kind", "choice", required=True, choices=words, labels=labels),
        Field("name", required=True, max_length=_texts(Asset)["name"]),
        Field("count", "integer", minimum=Decimal(0), maximum=Decimal(10) ** 6),
        Field("in_use_on", "date"),
        Field("out_of_use_on", "date"),
    )


def _contacts() -> tuple[Field, ...]:
    text = _texts(Contact)
    role = _listed("role", Contact.Role)
    return (
        Field("institution_code", "code", required=True),
        Field("role", "choice", required=True, choices=role.choices, labels=role.labels),
        Field("name", required=True, max_length=text["name"]),
        Field("phone", max_length=text["phone"]),
        Field("email", max_length=text["email"]),
    )


def _events() -> tuple[Field, ...]:
    text, code = _texts(InstitutionEvent), _texts(Institution)["code"]
    return (
        replace(_listed("event_kind", InstitutionEvent.Kind), required=True),
        Field("effective_on", "date", required=True),
        Field("before_codes", "codes", max_length=code),
        Field("after_codes", "codes", max_length=code),
        Field("new_name", max_length=_texts(Institution)["name"]),
        Field("region_code", "code"),
        Field("superior_code", "code"),
        _listed("reports_to", Institution.ReportsTo),
        Field("document", max_length=text["document"]),
        Field("note", max_length=text["note"]),
    )


def asset_word(code: str) -> str:
    """A kind of equipment in the reader's language."""
    kind = reference.asset_kinds().get(code)
    if kind is None:
        return code
    return kind.en if (translation.get_language() or "").startswith("en") else kind.zh


def _texts(model: type[Model]) -> dict[str, int]:
    """The longest text each column takes."""
    return {item.name: item.max_length or 0 for item in model._meta.concrete_fields}


def _sizes(*keys: str) -> Iterable[Field]:
    for key in keys:
        if key.endswith("m2"):
            yield Field(key, "number", units=AREA, minimum=Decimal(0), maximum=LARGEST_AREA)
        else:
            yield Field(key, "integer", units=PERSONS, minimum=Decimal(0), maximum=MOST_PERSONS)


def _position() -> tuple[Field, Field]:
    return (
        Field("lat", "number", minimum=Decimal(-90), maximum=Decimal(90)),
        Field("lon", "number", minimum=Decimal(-180), maximum=Decimal(180)),
    )


def _choice(key: str, entries: Mapping[str, Named], required: bool = False) -> Field:
    """A choice of a code list: the code, both names, and what the sheets' vocabulary has besides are understood."""
    words = {fold(word): code for code, entry in entries.items() for word in (entry.name_zh, entry.name_en) if word}
    words |= {word: code for word, code in sheet_words().choices.get(key, {}).items() if code in entries}
    words |= {fold(code): code for code in entries}
    labels = tuple(named(entry, code) for code, entry in entries.items())
    return Field(key, "choice", required=required, choices=words, labels=labels)


def _listed(key: str, enum: type) -> Field:
    """A choice of a model: what the sheets' vocabulary knows, and our own words in every language."""
    words = dict(sheet_words().choices.get(key, {}))
    for language in ("zh-hans", "en"):
        with translation.override(language):
            words |= {fold(str(label)): value for value, label in enum.choices}  # type: ignore[attr-defined]
    words |= {fold(value): value for value in enum.values}  # type: ignore[attr-defined]
    return Field(key, "choice", choices=words, labels=tuple(str(label) for label in enum.labels))  # type: ignore[attr-defined]


def _carriers(key: str, kind: str, required: bool = False) -> Field:
    entries = reference.carriers()
    words = {fold(word): code for word, code in sheet_words().carriers.items()}
    words |= {fold(word): code for code, entry in entries.items() for word in (code, entry.name_zh, entry.name_en)}
    labels = tuple(carrier_word(code) for code in entries)
    return Field(key, kind, required=required, choices=words, labels=labels)  # type: ignore[arg-type]
