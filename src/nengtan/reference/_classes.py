"""Code lists: institution types, systems, items, climate zones, building uses, asset kinds, averages, sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

from nengtan.domain.factors import Confidence
from nengtan.reference._places import regions
from nengtan.reference._rows import ReferenceDataError, Row, document, rows

__all__ = [
    "AssetField",
    "AssetKind",
    "Average",
    "Code",
    "InstitutionType",
    "ItemCode",
    "Source",
    "asset_kinds",
    "averages",
    "building_uses",
    "climate_zones",
    "institution_types",
    "item_classes",
    "item_codes",
    "item_in",
    "item_scheme",
    "item_schemes",
    "item_variants",
    "sources",
    "systems",
]

_FIELD_TYPES = ("text", "number", "integer", "date", "boolean", "choice")


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of a plain code list."""

    code: str
    name_zh: str
    name_en: str
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class InstitutionType:
    """A statutory class (单位类型); one that is not ``selectable`` only heads its subclasses."""

    code: str
    parent: str | None
    name_zh: str
    name_en: str
    selectable: bool


@dataclass(frozen=True, slots=True)
class ItemCode:
    """A class or item of metering (分类分项); ``trust`` is how sure the table is: high, medium, low.

    ``scheme``: by whose table; a code may mean another thing elsewhere.
    """

    scheme: str
    level: str
    code: str
    parent: str | None
    name_zh: str
    name_en: str
    energy_class: str
    trust: str


@dataclass(frozen=True, slots=True)
class AssetField:
    key: str
    zh: str
    en: str
    type: str
    unit: str | None
    min: Decimal | None
    choices: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class AssetKind:
    """A kind of equipment in the registry and what is asked about it."""

    code: str
    zh: str
    en: str
    fields: tuple[AssetField, ...]


@dataclass(frozen=True, slots=True)
class Average:
    """A published average of peers: an orientation, not a quota (定额)."""

    region: str
    year: int
    category_zh: str
    kind: str
    indicator: str
    unit: str
    value: Decimal
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Source:
    """Where shipped data comes from and under which licence."""

    key: str
    name_zh: str
    name_en: str
    publisher: str
    url: str
    licence: str
    as_of: str
    note: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of a factor as an official cites it: document, clause, and how the value was read."""

    source: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on a factor: how its value was found, and what it is for."""

    name_zh: str
    name_en: str


def _codes(file: str) -> Mapping[str, Code]:
    found: dict[str, Code] = {}
    for row in rows(file):
        code = row.text("code")
        if code in found:
            raise row.wrong("code", "each code once")
        found[code] = Code(code, row.text("name_zh"), row.text("name_en"), row.text("source"), row.confidence())
    return MappingProxyType(found)


@cache
def systems() -> Mapping[str, Code]:
    """Government systems (条线): education, health, justice …"""
    return _codes("systems.csv")


@cache
def climate_zones() -> Mapping[str, Code]:
    """Building climate zones (建筑热工设计分区)."""
    return _codes("climate_zones.csv")


@cache
def building_uses() -> Mapping[str, Code]:
    """Uses of a building (建筑用途)."""
    return _codes("building_uses.csv")


@cache
def institution_types() -> Mapping[str, InstitutionType]:
    """Statutory classes of institutions by code, parents before children."""
    found: dict[str, InstitutionType] = {}
    for row in rows("institution_types.csv"):
        row.text("source")
        row.confidence()
        parent = row.one_of("parent", ["", *found]) or None
        found[row.text("code")] = InstitutionType(
            row.text("code"), parent, row.text("name_zh"), row.text("name_en"), row.flag("selectable")
        )
    return MappingProxyType(found)


def _items() -> tuple[ItemCode, ...]:
    return tuple(
        ItemCode(
            row.text("scheme"),
            row.text("level"),
            row.text("code"),
            row.optional("parent") or None,
            row.text("name_zh"),
            row.text("name_en"),
            row.text("energy_class"),
            row.one_of("confidence", ("high", "medium", "low")),
        )
        for row in rows("item_codes.csv")
        if row.text("source")
    )


@cache
def item_codes() -> Mapping[str, ItemCode]:
    """Classes and items of metering by code, without the variants of other tables."""
    return MappingProxyType({item.code: item for item in _items() if not item.level.endswith("_variant")})


@cache
def item_variants() -> tuple[ItemCode, ...]:
    """Other meanings some tables give to item codes."""
    return tuple(item for item in _items() if item.level.endswith("_variant"))


def item_schemes() -> tuple[str, ...]:
    """The tables of items there are, the national one first."""
    return tuple(dict.fromkeys(item.scheme for item in _items()))


@cache
def item_scheme(name: str) -> Mapping[str, ItemCode]:
    """The items of one table by code: the national ones, and what another table says otherwise; raises `KeyError`.

    >>> item_scheme("mohurd2008")["01B1A"].name_en, item_scheme("regional")["01B1A"].name_en
    ('Chilled-water pump', 'Chiller')
    """
    if name not in item_schemes():
        raise KeyError(f"scheme: found {name!r}, allowed: {', '.join(item_schemes())}")
    own = {item.code: item for item in _items() if item.scheme == name}
    return MappingProxyType({**item_codes(), **own})


@cache
def item_classes() -> Mapping[str, str]:
    """The class (分类能耗) each carrier is of: its code among the items."""
    return MappingProxyType(
        {row.text("code"): row.one_of("class", item_codes()) for row in rows("item_classes.csv") if row.confidence()}
    )


@cache
def item_in(scheme: str) -> Mapping[str, str]:
    """By what code another table calls national items, where it differs; empty for the national one.

    >>> item_in("regional")["01B1C"], len(item_in("mohurd2008"))
    ('01B1A', 0)
    """
    known = item_scheme(scheme)
    found = (row for row in rows("item_translations.csv") if row.confidence() and row.text("scheme") == scheme)
    return MappingProxyType({row.one_of("code", item_codes()): row.one_of("as", known) for row in found})


@cache
def averages() -> tuple[Average, ...]:
    """Published averages of peers by region, year and category."""
    found = []
    for row in rows("averages.csv"):
        year = row.optional_integer("year")
        if year is None:
            raise row.wrong("year", "a year")
        found.append(
            Average(
                row.one_of("region_code", regions()),
                year,
                row.text("category_zh"),
                row.one_of("kind", ["", *institution_types()]),
                row.text("indicator"),
                row.text("unit"),
                row.decimal("value"),
                row.text("source"),
                row.confidence(),
            )
        )
    return tuple(found)


@cache
def sources() -> Mapping[str, Source]:
    """Sources of shipped data by key."""
    names = ("publisher", "url", "licence", "as_of", "note")
    found: dict[str, Source] = {}
    for row in rows("sources.csv"):
        key = row.text("key")
        found[key] = Source(key, row.text("title_zh"), row.text("title_en"), *map(row.optional, names))
    return MappingProxyType(found)


@cache
def citations() -> Mapping[str, Citation]:
    """How the sources of shipped factors are cited, by what the row of the factor says of its source."""
    found: dict[str, Citation] = {}
    for row in rows("factor_sources.csv"):
        source = sources()[row.one_of("source", sources())]
        found[row.text("said")] = Citation(
            source.key, _cited(row, source.name_zh, "zh"), _cited(row, source.name_en, "en")
        )
    return MappingProxyType(found)


@cache
def remarks() -> Mapping[str, Remark]:
    """What is remarked of shipped factors in both languages, by what the row of the factor says."""
    found = {row.text("said"): Remark(row.text("note_zh"), row.text("note_en")) for row in rows("factor_notes.csv")}
    return MappingProxyType(found)


def _cited(row: Row, title: str, language: str) -> str:
    place, note = row.optional(f"where_{language}"), row.optional(f"note_{language}")
    return " · ".join(filter(None, (f"{title} {place}".strip(), note)))


@cache
def asset_kinds() -> Mapping[str, AssetKind]:
    """Kinds of equipment by code, with the fields asked about each."""
    held = document("asset_kinds.json")
    Confidence(held["confidence"])
    kinds = [
        AssetKind(kind["code"], kind["zh"], kind["en"], tuple(map(_asset_field, kind["fields"])))
        for kind in held["kinds"]
    ]
    return MappingProxyType({kind.code: kind for kind in kinds})


def _asset_field(field: dict[str, Any]) -> AssetField:
    if field["type"] not in _FIELD_TYPES:
        raise ReferenceDataError("asset_kinds.json", 0, field["key"], field["type"], ", ".join(_FIELD_TYPES))
    choices = tuple(
        Code(choice["code"], choice["zh"], choice["en"], "", Confidence.GENERAL_KNOWLEDGE)
        for choice in field.get("choices", ())
    )
    least = field.get("min")
    return AssetField(
        field["key"],
        field["zh"],
        field["en"],
        field["type"],
        field.get("unit"),
        None if least is None else Decimal(least),
        choices,
    )
