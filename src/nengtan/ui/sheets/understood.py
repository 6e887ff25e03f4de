"""How the sheets of a file were understood and which rows were left out, for the person who sent it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from nengtan.domain.sheets.headers import Column, Layout
from nengtan.domain.sheets.problems import Skipped
from nengtan.ui.words import carrier_word

from .wording import MOST_TOLD, column_name, skipped_reason, unit_name

__all__ = [
    "ColumnView",
    "SheetView",
    "lines",
    "sheet_dict",
    "skipped_dicts",
    "skipped_lines",
    "understood",
    "view_dict",
]

_ROWS_NAMED = 10


@dataclass(frozen=True)
class ColumnView:
    """A column: letter, heading as it stands there, its key, and what it was taken for; empty if it was left out."""

    letter: str
    heading: str
    key: str
    meaning: str


@dataclass(frozen=True)
class SheetView:
    """A sheet: its name, what it was read as (code and word), its last row of headings, its columns and rows.

    ``from_title`` is what no column says and the sheet's name or the lines above the headings do, in words; empty if
    there is nothing.
    """

    name: str
    kind: str
    read_as: str
    header_row: int
    columns: tuple[ColumnView, ...]
    rows: int
    from_title: str = ""

    @property
    def taken(self) -> list[ColumnView]:
        """Columns that were understood."""
        return [column for column in self.columns if column.meaning]

    @property
    def unread(self) -> list[ColumnView]:
        """Columns that were left out."""
        return [column for column in self.columns if not column.meaning]


def understood(name: str, layout: Layout, kind: str, read_as: str, rows: int) -> SheetView:
    """What a sheet was taken for."""
    columns = tuple(
        ColumnView(column.letter, column.label, _key(column), _meaning(column))
        for column in layout.columns
        if column.label
    )
    return SheetView(name, kind, read_as, layout.body, columns, rows, _from_title(layout))


def view_dict(sheet: SheetView) -> dict[str, Any]:
    """A sheet as its preview shows it, fit for JSON."""
    told = asdict(sheet)
    return told | {"columns": list(told["columns"]), "unread": [column.letter for column in sheet.unread]}


def _key(column: Column) -> str:
    return column.key or column.measure or ""


def _meaning(column: Column) -> str:
    named, _, particular = column.key.partition(":")
    if particular:
        return f"{column_name(named)}: {column.label}"
    parts = [
        column_name(column.key) if column.key and not column.measure else "",
        carrier_word(column.carrier) if column.carrier else "",
        column_name(column.measure) if column.measure else "",
        _month(column),
        unit_name(column.unit) if column.unit else "",
    ]
    return " · ".join(part for part in parts if part)


def _from_title(layout: Layout) -> str:
    """What the sheet's name and the lines above the headings say of every figure, where the headings leave it open."""
    said, keys = layout.context, {column.key for column in layout.columns}
    figures = [column for column in layout.columns if column.is_value or column.key == "quantity"]
    if not figures:
        return ""
    bare = "year" not in keys and (any(one.month and not one.year for one in figures) or "period" in keys)
    parts = [
        said.institution if said.institution and not keys & {"institution_code", "institution_name"} else "",
        str(said.year) if said.year and bare else "",
        _period(said.period) if said.period and "period" not in keys and not any(one.month for one in figures) else "",
        carrier_word(said.carrier)
        if said.carrier and "carrier" not in keys and not all(one.carrier for one in figures)
        else "",
        unit_name(said.unit) if said.unit and "unit" not in keys and not all(one.unit for one in figures) else "",
    ]
    return " · ".join(part for part in parts if part)


def _period(period: int) -> str:
    return f"{period // 100}-{period % 100:02d}"


def _month(column: Column) -> str:
    if not column.month:
        return ""
    if column.year:
        return f"{column.year}-{column.month:02d}"
    return _("month %(month)s") % {"month": column.month}


def sheet_dict(sheet: SheetView) -> dict[str, Any]:
    """A sheet as the command and the API tell it."""
    return {
        "sheet": sheet.name,
        "kind": sheet.kind,
        "read_as": sheet.read_as,
        "header_row": sheet.header_row,
        "rows": sheet.rows,
        "from_title": sheet.from_title,
        "columns": [
            {"column": one.letter, "heading": one.heading, "key": one.key, "taken_for": one.meaning}
            for one in sheet.taken
        ],
        "unread": [{"column": one.letter, "heading": one.heading} for one in sheet.unread],
    }


def lines(sheets: Iterable[SheetView]) -> Iterator[str]:
    """Each sheet in a few lines of text."""
    for sheet in sheets:
        yield _("Sheet “%(sheet)s” was read as %(read_as)s: headings in row %(header)s, %(rows)s rows.") % {
            "sheet": sheet.name, "read_as": sheet.read_as, "header": sheet.header_row, "rows": sheet.rows,
        }  # fmt: skip
        if sheet.from_title:
            yield "  " + _(
                "Where cells and headings say nothing: %(said)s (name of the sheet, lines above the headings)"
            ) % {"said": sheet.from_title}
        for column in sheet.taken:
            yield f"  {column.letter} {column.heading} → {column.meaning}"
        if sheet.unread:
            left = _(", ").join(f"{column.letter} {column.heading}" for column in sheet.unread)
            yield "  " + _("Columns left out: %(columns)s") % {"columns": left}


def skipped_dicts(skipped: Iterable[tuple[str, Skipped]]) -> list[dict[str, Any]]:
    """Rows left out on purpose, as the command and the API tell them; the first thousand."""
    return [
        {"sheet": sheet, "row": row.row, "code": row.reason, "why": skipped_reason(row.reason), "text": row.text}
        for _at, (sheet, row) in zip(range(MOST_TOLD), skipped, strict=False)
    ]


def skipped_lines(skipped: Iterable[tuple[str, Skipped]]) -> Iterator[str]:
    """Rows left out on purpose in lines of text: one a sheet and reason."""
    found: dict[tuple[str, str], list[int]] = {}
    for sheet, row in skipped:
        found.setdefault((sheet, row.reason), []).append(row.row)
    for (sheet, reason), rows in found.items():
        named = _(", ").join(map(str, rows[:_ROWS_NAMED])) + (" …" if len(rows) > _ROWS_NAMED else "")
        yield _("Sheet “%(sheet)s”, left out: %(reason)s (%(count)s; row %(rows)s)") % {
            "sheet": sheet, "reason": skipped_reason(reason), "count": len(rows), "rows": named,
        }  # fmt: skip
