"""A file someone sent, as sheets of plain values: checked for what it claims to be and how large it would become."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import chain
from math import isfinite
from pathlib import Path, PurePath
from typing import cast

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from nengtan.domain.sheets.cells import BadCell, Cell, Grid, Merge
from nengtan.domain.text import unclean, without_unclean

from .archive import Archive
from .ods import check_ods
from .plain import read_plain
from .refused import Limits, Refused
from .xlsx import SheetFacts, check_extent, sheet_parts, survey

__all__ = ["EXTENSIONS", "Limits", "Refused", "open_table"]

EXTENSIONS = (".xlsx", ".xls", ".ods", ".csv", ".txt", ".tsv")
_MACRO_EXTENSIONS = (".xlsm", ".xltm", ".xlam", ".xlsb", ".xla", ".xlt")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_KINDS = {".csv": "text", ".txt": "text", ".tsv": "text", ".xlsx": "xlsx", ".xls": "xls", ".ods": "ods"}


def open_table(source: Path | bytes, filename: str, limits: Limits | None = None) -> list[Grid]:
    """The sheets of a file, worksheets with content only; raises `Refused`.

    `filename` is the name the file was sent under: its extension must tell the truth.

    >>> open_table("单位,用电量\\n甲,5\\n".encode("gbk"), "a.csv")[0].rows
    [['单位', '用电量'], ['甲', '5']]
    """
    limits = limits or Limits()
    extension = PurePath(filename).suffix.lower()
    if extension in _MACRO_EXTENSIONS:
        raise Refused("macro_workbook", extension, ".xlsx")
    if extension not in EXTENSIONS:
        raise Refused("extension_not_allowed", extension or filename, " ".join(EXTENSIONS))
    data = _bytes(source, limits)
    kind = _kind(data, limits)
    wanted = _KINDS[extension]
    if kind.name != wanted:
        raise Refused("extension_mismatch", kind.name, wanted, {"extension": extension})
    if wanted == "text":
        rows = cast(list[list[Cell]], read_plain(data, limits))
        _mark_unkept(rows)
        return [Grid(PurePath(filename).stem, rows)]
    return _workbook(data, kind.archive, limits)


def _mark_unkept(rows: list[list[Cell]]) -> None:
    """What cannot be kept is marked, so that its row is told and not taken.

    Control characters become a bad cell, and numbers that are none (NaN, beyond the largest) the text that says so.
    Each different value of a row is looked at once; rows are only gone through where there is something to mark.
    """
    if not any(map(_unkept, chain.from_iterable(map(set, rows)))):
        return
    for row in rows:
        for column, cell in enumerate(row):
            if _unkept(cell):
                row[column] = _marked(cell)


def _unkept(cell: Cell) -> bool:
    if type(cell) is str:
        return not cell.isprintable() and unclean(cell) != ""
    return type(cell) is float and not isfinite(cell)


def _marked(cell: Cell) -> Cell:
    return BadCell("control_character", without_unclean(cell)[:80]) if isinstance(cell, str) else str(cell)


_FOREIGN = {
    b"%pdf": "pdf",
    b"\x89png": "image",
    b"\xff\xd8\xff": "image",
    b"rar!": "archive",
    b"7z\xbc\xaf": "archive",
    b"\x1f\x8b": "archive",
}
"""How files begin that hold no table, in small letters."""


class _Kind:
    """What a file is by its content, with its archive when it is one."""

    def __init__(self, name: str, archive: Archive | None = None) -> None:
        self.name, self.archive = name, archive


def _bytes(source: Path | bytes, limits: Limits) -> bytes:
    """The content, refused by its size before it is read."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > limits.max_bytes:
        raise Refused("too_large", str(size), str(limits.max_bytes))
    if not size:
        raise Refused("empty_file")
    return source if isinstance(source, bytes) else source.read_bytes()


def _kind(data: bytes, limits: Limits) -> _Kind:
    if data.startswith(b"PK\x03\x04"):
        archive = Archive(data, limits)
        if "xl/workbook.xml" in archive.names:
            if b"macroEnabled" in archive.read("[Content_Types].xml"):
                raise Refused("macro_workbook", "[Content_Types].xml", ".xlsx")
            return _Kind("xlsx", archive)
        return _Kind("ods" if "content.xml" in archive.names else "zip", archive)
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Refused("encrypted")
        if "_VBA_PROJECT".encode("utf-16-le") in data:
            raise Refused("macro_workbook", "_VBA_PROJECT", ".xlsx")
        return _Kind("xls")
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")):
        return _Kind("html")
    return _Kind(next((kind for begins, kind in _FOREIGN.items() if head.startswith(begins)), "text"))


def _workbook(data: bytes, archive: Archive | None, limits: Limits) -> list[Grid]:
    facts: dict[str, SheetFacts] = {}
    if archive is not None and "xl/workbook.xml" in archive.names:
        facts = {name: survey(archive, part, limits) for name, part in sheet_parts(archive).items()}
    elif archive is not None:
        check_ods(archive, limits)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            grids = [
                _grid(book, at, facts.get(sheet.name, SheetFacts()), limits, sheet.visible != SheetVisibleEnum.Visible)
                for at, sheet in enumerate(book.sheets_metadata)
                if sheet.typ == SheetTypeEnum.WorkSheet
            ]
    except PasswordError as error:
        raise Refused("encrypted") from error
    except CalamineError as error:
        raise Refused("damaged", str(error)) from error
    grids = [grid for grid in grids if grid.rows]
    if not grids:
        raise Refused("empty_file")
    return grids


def _grid(book: CalamineWorkbook, at: int, facts: SheetFacts, limits: Limits, hidden: bool) -> Grid:
    """One sheet, with the cells the fast reader leaves empty marked for what they are."""
    sheet = book.get_sheet_by_index(at)
    if sheet.end is None:
        return Grid(sheet.name, [])
    check_extent(sheet.end[0] + 1, sheet.end[1] + 1, limits)
    rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)  # type: ignore[assignment]
    for (row, column), cell in facts.marked.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = cell
        elif row < limits.max_rows:
            _extend(rows, row, column)[row][column] = cell
    _mark_unkept(rows)
    merges = _merges(sheet.merged_cell_ranges or (), len(rows), limits)
    return Grid(sheet.name, rows, merges, facts.formulas, hidden)


def _extend(rows: list[list[Cell]], row: int, column: int) -> list[list[Cell]]:
    """Make room for a marked cell beyond the last filled one."""
    width = max(len(rows[0]) if rows else 0, column + 1)
    rows.extend([] for _ in range(row + 1 - len(rows)))
    for line in rows:
        line.extend([""] * (width - len(line)))
    return rows


def _merges(ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]], height: int, limits: Limits) -> list[Merge]:
    """Merged ranges within the sheet; so many or so tall that they overlap is an attack, not a form."""
    inside = [(top, left, bottom, right) for (top, left), (bottom, right) in ranges if top < height]
    merges = [Merge(top, left, min(bottom, height - 1), right) for top, left, bottom, right in inside]
    covered = sum(merge.bottom - merge.top + 1 for merge in merges)
    if len(merges) > limits.max_merges or covered > max(limits.max_merges, 50 * height):
        raise Refused("too_many_merges", str(len(merges)), str(limits.max_merges))
    return merges
