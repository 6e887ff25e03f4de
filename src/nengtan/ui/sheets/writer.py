"""Workbooks and CSV written for people: styled headings, drop-downs, and text that no program will run as a formula."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from nengtan.domain.sheets.problems import Problem
from nengtan.domain.text import without_unclean
from nengtan.ui.harmless import FORMULA_STARTS, safe_text

__all__ = [
    "ErrorTexts",
    "Sheet",
    "SheetColumn",
    "SheetValue",
    "mark_errors",
    "write_csv",
    "write_workbook",
]

SheetValue = str | int | float | bool | Decimal | dt.date | dt.datetime | None

_TEXT = "@"
_INLINE_CHOICES = 250  # a drop-down written into the sheet itself may hold this many characters
_VALIDATED_ROWS = 5000
_TITLE_LENGTH = 31
_HEADING_FILL = PatternFill("solid", fgColor="0B6B5D")
_REQUIRED_FILL = PatternFill("solid", fgColor="8A5A12")
_BAD_FILL = PatternFill("solid", fgColor="F6C9C4")
_EXAMPLE_FONT = Font(italic=True, color="687485")
_LINE = Border(bottom=Side(style="thin", color="E5E8ED"))


@dataclass(frozen=True)
class SheetColumn:
    """One column: heading, width [characters], number format, allowed words, hint on the heading, example."""

    heading: str
    width: float = 16
    number_format: str = ""
    choices: tuple[str, ...] = ()
    comment: str = ""
    example: SheetValue = None
    required: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: columns and rows; example values are written as a first row when there are no rows."""

    title: str
    columns: Sequence[SheetColumn]
    rows: Iterable[Sequence[SheetValue]] = field(default_factory=tuple)


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[SheetValue]]) -> bytes:
    """A CSV that Excel opens with Chinese intact (UTF-8 with its mark) and without running anything.

    >>> write_csv(["名称", "用量"], [["=1+1", Decimal("-1.50")]]).decode("utf-8-sig")
    "名称,用量\\r\\n'=1+1,-1.50\\r\\n"
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([safe_text(heading) for heading in headings])
    writer.writerows([_csv_value(value) for value in row] for row in rows)
    return codecs.BOM_UTF8 + out.getvalue().encode()


def _csv_value(value: SheetValue) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return safe_text(value) if isinstance(value, str) else str(value)


def write_workbook(sheets: Sequence[Sheet], notes: Sequence[str] = (), notes_title: str = "Notes") -> bytes:
    """An .xlsx with frozen headings, widths, formats, drop-downs and hints; `notes` become a sheet of their own."""
    book = Workbook()
    book.remove(book.active)
    lists: list[tuple[str, ...]] = []
    for sheet in sheets:
        page = book.create_sheet(_title(sheet.title, book))
        _headings(page, sheet.columns)
        _validations(page, sheet.columns, lists)
        _rows(page, sheet)
    if notes:
        _notes(book, notes, notes_title)
    if lists:
        _choice_lists(book, lists)
    return _saved(book)


def _saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _title(title: str, book: Workbook) -> str:
    """A sheet title Excel accepts and this workbook does not have yet."""
    clean = "".join("_" if letter in "[]:*?/\\" else letter for letter in title).strip("'")[:_TITLE_LENGTH] or "Sheet"
    name, count = clean, 1
    while name.casefold() in {existing.casefold() for existing in book.sheetnames}:
        count += 1
        name = f"{clean[: _TITLE_LENGTH - 4]} {count}"
    return name


def _headings(page: Worksheet, columns: Sequence[SheetColumn]) -> None:
    for index, column in enumerate(columns, start=1):
        cell = page.cell(1, index)
        _put(cell, column.heading)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = _REQUIRED_FILL if column.required else _HEADING_FILL
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        if column.comment:
            cell.comment = Comment(column.comment, "nengtan", width=320, height=120)
        page.column_dimensions[get_column_letter(index)].width = column.width
    page.row_dimensions[1].height = 30
    page.freeze_panes = "A2"
    if columns:
        page.auto_filter.ref = f"A1:{get_column_letter(len(columns))}1"


def _validations(page: Worksheet, columns: Sequence[SheetColumn], lists: list[tuple[str, ...]]) -> None:
    """Drop-downs; long lists stand on a hidden sheet, for Excel holds only short ones in place."""
    for index, column in enumerate(columns, start=1):
        if not column.choices:
            continue
        joined = ",".join(column.choices)
        if len(joined) <= _INLINE_CHOICES and not any("," in word or '"' in word for word in column.choices):
            formula = f'"{joined}"'
        else:
            if column.choices not in lists:
                lists.append(column.choices)
            letter = get_column_letter(lists.index(column.choices) + 1)
            formula = f"_lists!${letter}$1:${letter}${len(column.choices)}"
        rule = DataValidation(
            type="list", formula1=formula, allow_blank=True, showErrorMessage=True, errorStyle="warning"
        )
        letter = get_column_letter(index)
        rule.add(f"{letter}2:{letter}{_VALIDATED_ROWS}")
        page.add_data_validation(rule)


def _choice_lists(book: Workbook, lists: Sequence[Sequence[str]]) -> None:
    page = book.create_sheet("_lists")
    page.sheet_state = "hidden"
    for index, words in enumerate(lists, start=1):
        for row, word in enumerate(words, start=1):
            _put(page.cell(row, index), word)


def _rows(page: Worksheet, sheet: Sheet) -> None:
    number = 1
    for number, row in enumerate(sheet.rows, start=2):
        for index, (column, value) in enumerate(zip(sheet.columns, row, strict=False), start=1):
            _fill(page.cell(number, index), column, value)
    if number == 1 and any(column.example is not None for column in sheet.columns):
        for index, column in enumerate(sheet.columns, start=1):
            cell = page.cell(2, index)
            _fill(cell, column, column.example)
            cell.font = _EXAMPLE_FONT
    for index, column in enumerate(sheet.columns, start=1):
        if column.number_format == _TEXT:
            page.column_dimensions[get_column_letter(index)].number_format = _TEXT


def _fill(cell: Cell, column: SheetColumn, value: SheetValue) -> None:
    _put(cell, value)
    if column.number_format:
        cell.number_format = column.number_format
    cell.border = _LINE


def _put(cell: Cell, value: SheetValue) -> None:
    """Write a value; text is always text, whatever it begins with."""
    if isinstance(value, str):
        cell.value = without_unclean(value)
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA_STARTS)
    else:
        cell.value = value


def _notes(book: Workbook, notes: Sequence[str], title: str) -> None:
    page = book.create_sheet(_title(title, book))
    page.column_dimensions["A"].width = 110
    for number, note in enumerate(notes, start=1):
        cell = page.cell(number, 1)
        _put(cell, note)
        cell.alignment = Alignment(wrap_text=True, vertical="top")


@dataclass(frozen=True)
class ErrorTexts:
    """Words of the sheet that lists the problems, and how one problem is said."""

    title: str
    headings: tuple[str, str, str, str, str, str]  # sheet, cell, column, found, allowed, what is wrong
    lines: Sequence[tuple[Problem, str, str]]  # problem, allowed in words, message


def mark_errors(original: bytes, texts: ErrorTexts) -> bytes:
    """A copy of an .xlsx with the faulty cells coloured and commented, and a first sheet that lists every problem."""
    book = load_workbook(io.BytesIO(original))
    for problem, _, message in texts.lines:
        page: Any = book[problem.sheet] if problem.sheet in book.sheetnames else book.worksheets[0]
        if problem.row and problem.letter:
            _mark(page, problem, message)
    page = book.create_sheet(_title(texts.title, book), 0)
    rows = [
        (p.sheet, p.place or (str(p.row) if p.row else ""), p.label, p.found, allowed, message)
        for p, allowed, message in texts.lines
    ]
    columns = [
        SheetColumn(heading, width) for heading, width in zip(texts.headings, (16, 8, 20, 24, 30, 70), strict=True)
    ]
    _headings(page, columns)
    _rows(page, Sheet(texts.title, columns, rows))
    book.active = 0
    return _saved(book)


def _mark(page: Worksheet, problem: Problem, message: str) -> None:
    """Colour one cell; in a merged range the first cell is the one that shows."""
    place = problem.place
    for merged in page.merged_cells.ranges:
        if place in merged:
            place = merged.coord.split(":")[0]
    cell = page[place]
    cell.fill = _BAD_FILL
    text = f"{cell.comment.text}\n{message}" if cell.comment else message
    cell.comment = Comment(without_unclean(text), "nengtan", width=320, height=100)
