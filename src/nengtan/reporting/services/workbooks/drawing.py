"""Forms as sheets of a workbook: borders, merged heads, what may be typed and what may not, print set-up."""

from __future__ import annotations

import io
from collections.abc import Hashable, Iterable, Mapping, Sequence
from copy import copy
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.pagebreak import Break, ColBreak
from openpyxl.worksheet.worksheet import Worksheet

from nengtan.domain.returns.forms.page import Box, Look, Page
from nengtan.domain.sheets.numbers import as_kept
from nengtan.domain.text import without_unclean
from nengtan.reference import scheme
from nengtan.ui.harmless import FORMULA_STARTS

__all__ = ["add_notes", "add_page", "add_seal", "number_format", "protect", "saved", "sheet_title", "typed_numbers"]

Styles = dict[Hashable, Any]
"""Styles of a sheet by what they are of: working one out costs more than the cell it is for."""

_SONG, _HEI = "SimSun", "SimHei"
_THIN = Side(style="thin", color="000000")
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_INPUT_FILL = PatternFill("solid", fgColor="F3F8F1")
_WHOLE_UNITS = frozenset({"person", "vehicle", "count", "day"})
_LONGEST_TITLE = 31
_FONTS: Mapping[Look, Font] = {
    Look.TITLE: Font(name=_HEI, size=16, bold=True),
    Look.HEAD: Font(name=_SONG, size=10, bold=True),
    Look.NOTE: Font(name=_SONG, size=9),
    Look.TAG: Font(name=_SONG, size=7, color="8C8C8C"),
}
_BODY = Font(name=_SONG, size=10)
_IN_GRID = frozenset({Look.HEAD, Look.NAME, Look.CODE, Look.INPUT, Look.FIXED})
_LARGEST, _LARGEST_WHOLE = "999999999999.999999", "999999999999"


def number_format(unit: str) -> str:
    """How a figure of a unit is shown; the cell keeps all its places."""
    return "#,##0" if unit in _WHOLE_UNITS else "#,##0.00"


def sheet_title(book: Workbook, wanted: str) -> str:
    """A title of a sheet that spreadsheets take and this workbook does not have yet."""
    clean = "".join("_" if letter in "[]:*?/\\" else letter for letter in wanted).strip("'")[:_LONGEST_TITLE]
    title, count = clean, 1
    while title.casefold() in {name.casefold() for name in book.sheetnames}:
        count += 1
        title = f"{clean[: _LONGEST_TITLE - 5]} {count}"
    return title


def add_page(book: Workbook, page: Page, title: str) -> Worksheet:
    """Draw a form as a sheet."""
    sheet: Worksheet = book.create_sheet(sheet_title(book, title))
    for column, width in enumerate(page.widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    for row, height in page.heights.items():
        sheet.row_dimensions[row].height = height
    styles: Styles = {}
    for box in page.boxes:
        _draw(sheet, box, styles)
    _print_setup(sheet, page)
    typed_numbers(sheet, ((box.row, box.column, box.unit) for box in page.boxes if box.cell and box.cell[1]))
    _room_codes(sheet, page.boxes)
    sheet.sheet_format.defaultRowHeight = page.row_height
    sheet.sheet_format.customHeight = True
    sheet.freeze_panes = f"{get_column_letter(max(page.repeat_columns, 1) + 1)}{page.repeat_rows[1] + 1}"
    protect(sheet)
    return sheet


def protect(sheet: Worksheet) -> None:
    """Keep what is no input from being typed over by chance; there is no password."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False


def _draw(sheet: Worksheet, box: Box, styles: Styles) -> None:
    if box.rows > 1 or box.columns > 1:
        if box.look in _IN_GRID:
            _outline(sheet, box, styles)
        last_row, last_column = box.row + box.rows - 1, box.column + box.columns - 1
        sheet.merge_cells(start_row=box.row, start_column=box.column, end_row=last_row, end_column=last_column)
    cell: Any = sheet.cell(box.row, box.column)
    _put(cell, box.value)
    key = (
        box.look,
        box.indent,
        box.unit,
        bool(box.cell and not box.cell[1]),
        isinstance(box.value, str),
        cell.quotePrefix,
    )
    if key not in styles:
        _style(cell, box)
        styles[key] = cell._style
    else:
        cell._style = copy(styles[key])


def _outline(sheet: Worksheet, box: Box, styles: Styles) -> None:
    """A border around every cell of a merged range; programs draw only what each cell has."""
    for row in range(box.row, box.row + box.rows):
        for column in range(box.column, box.column + box.columns):
            cell: Any = sheet.cell(row, column)
            if "grid" not in styles:
                cell.border = _GRID
                styles["grid"] = cell._style
            cell._style = copy(styles["grid"])


def _style(cell: Any, box: Box) -> None:
    cell.font = _FONTS.get(box.look, _BODY)
    cell.alignment = _alignment(box)
    if box.look in _IN_GRID:
        cell.border = _GRID
    if box.look in (Look.INPUT, Look.FIXED) and not isinstance(box.value, str):
        cell.number_format = number_format(box.unit) if box.unit else "@"
    if box.look is Look.INPUT:
        cell.protection = Protection(locked=False)
        cell.fill = _INPUT_FILL
        if box.cell and not box.cell[1]:
            cell.number_format = "@"


def _put(cell: Any, value: str | Decimal | None) -> None:
    """Write a value; text is always text, whatever it begins with."""
    if isinstance(value, str):
        cell.value = without_unclean(value)
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA_STARTS)
    else:
        cell.value = None if value is None else as_kept(value)


def _alignment(box: Box) -> Alignment:
    across = {Look.TITLE: "center", Look.HEAD: "center", Look.CODE: "center", Look.INPUT: "right"}.get(box.look, "left")
    if box.look is Look.INPUT and box.cell is None:
        across = "left"
    if box.cell and not box.cell[1]:
        across = "center"
    if box.look is Look.FIXED and not isinstance(box.value, str):
        across = "right"
    wrap = box.look in (Look.HEAD, Look.NOTE, Look.NAME)
    return Alignment(horizontal=across, vertical="center", wrap_text=wrap, indent=box.indent)


def typed_numbers(sheet: Worksheet, cells: Iterable[tuple[int, int, str]]) -> None:
    """Let only figures from nought up be typed; whole ones where persons or vehicles are counted."""
    by_kind: dict[bool, list[str]] = {True: [], False: []}
    for row, column, unit in cells:
        by_kind[unit in _WHOLE_UNITS].append(f"{get_column_letter(column)}{row}")
    for whole, places in by_kind.items():
        if places:
            rule = DataValidation(
                type="whole" if whole else "decimal", operator="between", formula1="0", allow_blank=True,
                formula2=_LARGEST_WHOLE if whole else _LARGEST, showErrorMessage=True, showInputMessage=True,
            )  # fmt: skip
            rule.errorTitle = _("Not a figure of this form")
            rule.error = _("A number from 0 up; leave the cell empty where nothing was measured.")
            rule.sqref = " ".join(places)
            sheet.add_data_validation(rule)


def _room_codes(sheet: Worksheet, boxes: Sequence[Box]) -> None:
    places = [f"{get_column_letter(box.column)}{box.row}" for box in boxes if box.cell and not box.cell[1]]
    if places:
        rule = DataValidation(
            type="textLength", operator="between", formula1="1", formula2="4", allow_blank=True, showErrorMessage=True
        )
        rule.error = _("The code of a room has up to 4 characters.")
        rule.sqref = " ".join(places)
        sheet.add_data_validation(rule)


def _print_setup(sheet: Worksheet, page: Page) -> None:
    """A4; a form on one sheet of paper, a wide one on several with its names on each."""
    setup: Any = sheet.page_setup
    setup.paperSize = sheet.PAPERSIZE_A4
    setup.orientation = "landscape" if page.landscape else "portrait"
    sheet.print_options.horizontalCentered = True
    margins: Any = sheet.page_margins
    margins.left = margins.right = 0.5
    margins.top = margins.bottom = 0.6
    margins.header = margins.footer = 0.3
    top, bottom = page.repeat_rows
    if page.whole:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        setup.fitToWidth, setup.fitToHeight = 1, 0 if page.landscape else 1
        sheet.print_title_rows = f"{top}:{bottom}"
    else:
        setup.scale = 82
        sheet.print_title_cols = f"A:{get_column_letter(page.repeat_columns)}"
        sheet.print_title_rows = f"{top}:{bottom}"
        sheet.col_breaks = ColBreak()
        for column in page.breaks:
            sheet.col_breaks.append(Break(id=column))
    sheet.oddFooter.center.text = "&P / &N"


def add_notes(book: Workbook, title: str, notes: Sequence[str]) -> None:
    """A sheet to be read: how to fill in, and what of the scheme is not known."""
    sheet: Worksheet = book.create_sheet(sheet_title(book, title))
    sheet.column_dimensions["A"].width = 100
    for row, note in enumerate(notes, 1):
        cell: Any = sheet.cell(row, 1)
        _put(cell, note)
        cell.font = _BODY
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0
    protect(sheet)


def add_seal(book: Workbook, rows: Iterable[Sequence[str]]) -> None:
    """The hidden sheet that says what the workbook was drawn from."""
    sheet: Worksheet = book.create_sheet(sheet_title(book, scheme.form_words()["seal_sheet"]))
    for number, texts in enumerate(rows, 1):
        for column, text in enumerate(texts, 1):
            cell: Any = sheet.cell(number, column)
            cell.value, cell.data_type = text, "s"
    sheet.sheet_state = "hidden"
    protect(sheet)


def saved(book: Workbook) -> bytes:
    """The workbook as a file."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
