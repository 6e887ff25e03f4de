"""The annual report as data: its outline, its tables, its phrases and from when on something stands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from nengtan.domain.returns.report import Limits
from nengtan.reference._classes import systems
from nengtan.reference._rows import Row, rows

__all__ = [
    "Block",
    "Style",
    "TableColumn",
    "limits",
    "outline",
    "phrases",
    "smallest_class",
    "styles",
    "tables",
    "withheld_systems",
]

KINDS = ("title", "byline", "heading", "subheading", "text", "list", "table", "chart", "appendix")


@dataclass(frozen=True, slots=True)
class Block:
    """One part of the report. ``of``: the table, chart or list drawn; ``when``: the condition under which it stands.

    The words may hold Jinja tags, the same in a template edited in Word.
    """

    code: str
    kind: str
    of: str
    when: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table: the field of its rows, its heading, its relative width."""

    name: str
    name_zh: str
    name_en: str
    width: int
    numeric: bool


@cache
def outline() -> tuple[Block, ...]:
    """The parts of the report in order.

    >>> outline()[0].kind
    'title'
    """
    return tuple(_block(row) for row in rows("report_outline.csv"))


def _block(row: Row) -> Block:
    kind = row.one_of("kind", KINDS)
    of = row.one_of("of", tables()) if kind == "table" else row.optional("of")
    return Block(row.text("code"), kind, of, row.optional("when"), row.text("zh"), row.text("en"))


@cache
def tables() -> Mapping[str, tuple[TableColumn, ...]]:
    """The columns of each table.

    >>> [column.name for column in tables()["missing"]]
    ['name', 'kind', 'state']
    """
    found: dict[str, tuple[TableColumn, ...]] = {}
    for row in rows("report_tables.csv"):
        width = int(row.decimal("width"))
        column = TableColumn(row.text("name"), row.text("zh"), row.text("en"), width, row.flag("numeric"))
        table = row.text("table")
        found[table] = (*found.get(table, ()), column)
    return MappingProxyType(found)


@cache
def phrases(language: str) -> Mapping[str, str]:
    """The phrases of the report in a language, by code.

    >>> phrases("en")["level"]
    'unchanged'
    """
    name = "zh" if language.startswith("zh") else "en"
    return MappingProxyType({row.text("code"): row.text(name) for row in rows("report_phrases.csv")})


@cache
def limits() -> Limits:
    """From when on a body stands out.

    >>> limits().top
    10
    """
    held = {row.text("code"): row.decimal("value") for row in rows("report_limits.csv")}
    return Limits(
        held["change_percent"], held["peer_high"], held["peer_low"], int(held["peer_least"]), int(held["top"])
    )


@cache
def smallest_class() -> int:
    """How many bodies a class of a publication needs to be shown by itself, unless a region sets another number.

    Accounts shown to those who see no single institution keep to it too.

    >>> smallest_class()
    3
    """
    return next(int(row.decimal("value")) for row in rows("report_limits.csv") if row.text("code") == "smallest_class")


@cache
def withheld_systems() -> tuple[str, ...]:
    """The systems whose bodies no publication names, unless a region decides otherwise.

    >>> withheld_systems()
    ('public_security',)
    """
    return tuple(row.one_of("code", systems()) for row in rows("publication_withheld.csv"))


@dataclass(frozen=True, slots=True)
class Style:
    """How a part is set: font of Chinese and of Latin letters, size and line [pt], indent [characters]."""

    font_zh: str
    font_en: str
    size: Decimal
    bold: bool
    align: str
    indent: int
    line: Decimal


@cache
def styles() -> Mapping[str, Style]:
    """The styles of a report, by the kind of part.

    >>> styles()["text"].indent
    2
    """
    return MappingProxyType({row.text("code"): _style(row) for row in rows("report_styles.csv")})


def _style(row: Row) -> Style:
    return Style(
        row.text("font_zh"),
        row.text("font_en"),
        row.decimal("size"),
        row.flag("bold"),
        row.one_of("align", ("left", "center", "justify")),
        int(row.decimal("indent")),
        row.decimal("line"),
    )
