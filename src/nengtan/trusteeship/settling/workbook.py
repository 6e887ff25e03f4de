"""A settlement as a workbook: the sheet to be signed, every line, and the case itself, which can be settled again."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import MISSING, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_type_hints

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.worksheet import Worksheet

from nengtan.domain.settlement.document import tables
from nengtan.domain.settlement.lines import Settlement
from nengtan.domain.settlement.terms import Case
from nengtan.domain.text import without_unclean
from nengtan.trusteeship.settling.invoice import Invoice, invoice
from nengtan.trusteeship.settling.record import computed, unit_shown
from nengtan.trusteeship.settling.words import ITEM, SECTIONS, SHOWN, TABLES, choice, column, line_word, note
from nengtan.ui.sheets.writer import Sheet, SheetColumn, SheetValue, write_workbook
from nengtan.ui.words import carrier_word

__all__ = ["as_workbook", "template"]

_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_MONEY = "#,##0.00"


def as_workbook(case: Case, settled: Settlement, made_on: dt.date) -> bytes:
    """The settlement sheet, the lines, the notes, and a sheet for each table of the case."""
    sheets = [_lines(settled), _notes(settled), *(_table(case, name) for name in tables())]
    book = load_workbook(io.BytesIO(write_workbook([sheet for sheet in sheets if sheet is not None])))
    _draw(book.create_sheet(str(SHOWN["sheet"]), 0), invoice(case, settled, made_on))
    book.active = 0
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def template() -> bytes:
    """An empty workbook with every sheet and every column."""
    return write_workbook([_empty(name) for name in tables()])


def _lines(settled: Settlement) -> Sheet:
    columns = [
        SheetColumn(_("No."), 6), SheetColumn(_("Part"), 18), SheetColumn(_("Site"), 24), SheetColumn(_("Carrier"), 12),
        SheetColumn(str(ITEM), 30), SheetColumn(_("Value"), 18), SheetColumn(_("Unit"), 10),
        SheetColumn(_("Counts towards the sum due"), 12), SheetColumn(_("Formula and figures"), 70),
        SheetColumn(_("Clause"), 14), SheetColumn(_("Evidence"), 34),
    ]  # fmt: skip
    rows: list[list[SheetValue]] = [
        [number, str(SECTIONS[one.section]), one.site, carrier_word(one.carrier) if one.carrier else "",
         line_word(one.code, one.about), one.value, unit_shown(one.unit), _("yes") if one.counts else _("no"),
         computed(one), one.clause, _("; ").join(one.evidence)]
        for number, one in enumerate(settled.lines, 1)
    ]  # fmt: skip
    return Sheet(str(SHOWN["lines"]), columns, rows)


def _notes(settled: Settlement) -> Sheet | None:
    if not settled.notes:
        return None
    return Sheet(str(SHOWN["notes"]), [SheetColumn(str(SHOWN["notes"]), 110)], [[note(one)] for one in settled.notes])


def _table(case: Case, name: str) -> Sheet | None:
    held = getattr(case, name)
    if held is None or held == ():
        return None
    record, many = tables()[name]
    names = [field.name for field in fields(record) if field.init]
    if not many:
        rows = [[column(name, one), _cell(one, getattr(held, one))] for one in names if getattr(held, one) is not None]
        return Sheet(str(TABLES[name]), _of_one(), rows)
    return Sheet(str(TABLES[name]), _columns(name), [[_cell(one, getattr(row, one)) for one in names] for row in held])


def _empty(name: str) -> Sheet:
    record, many = tables()[name]
    if many:
        return Sheet(str(TABLES[name]), _columns(name))
    rows = [[column(name, field.name), None] for field in fields(record) if field.init]
    return Sheet(str(TABLES[name]), _of_one(), rows)


def _of_one() -> list[SheetColumn]:
    return [SheetColumn(str(ITEM), 34), SheetColumn(_("Value"), 40)]


def _columns(name: str) -> list[SheetColumn]:
    record, _many = tables()[name]
    hints = get_type_hints(record)
    return [
        SheetColumn(column(name, field.name), 18, choices=_choices(hints[field.name]),
                    required=field.default is MISSING and field.name != "site")
        for field in fields(record) if field.init
    ]  # fmt: skip


def _choices(hint: Any) -> tuple[str, ...]:
    if hint is bool:
        return _("yes"), _("no")
    return tuple(choice(one) for one in hint) if isinstance(hint, type) and issubclass(hint, StrEnum) else ()


def _cell(name: str, value: Any) -> SheetValue:
    """A value as people type it: words for choices, yes or no, one cell for several words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, StrEnum):
        return choice(value)
    if isinstance(value, tuple):
        return "; ".join(choice(one) for one in value)
    if name == "carrier" and value:
        return carrier_word(value)
    return str(value) if value is not None and not isinstance(value, (Decimal, int, dt.date)) else value


def _draw(page: Worksheet, told: Invoice) -> None:
    """The sheet to be signed: heading, parties, amounts, sums, and where to sign."""
    for letter, width in zip("ABCD", (7, 46, 22, 24), strict=True):
        page.column_dimensions[letter].width = width
    _put(page, 1, 1, told.title, Font(bold=True, size=16), "center")
    page.merge_cells("A1:D1")
    row = 2
    for label, text in told.heading:
        row += 1
        _put(page, row, 1, f"{label}{_(': ')}{text}")
        page.merge_cells(start_row=row, end_row=row, start_column=1, end_column=4)
    row += 2
    for at, head in enumerate((_("No."), str(ITEM), _("Amount, CNY"), _("Clause")), 1):
        _put(page, row, at, head, Font(bold=True), "center", box=True)
    for number, (what, amount, clause) in enumerate(told.amounts, 1):
        row += 1
        _row(page, row, number, what, amount, clause)
    for what, amount in told.sums:
        row += 1
        _row(page, row, None, what, amount, "", Font(bold=True))
    row += 1
    _put(page, row, 1, told.in_capitals, Font(bold=True), box=True)
    page.merge_cells(start_row=row, end_row=row, start_column=1, end_column=4)
    for line in told.notes:
        row += 1
        _put(page, row, 1, line, wrap=True)
        page.merge_cells(start_row=row, end_row=row, start_column=1, end_column=4)
        page.row_dimensions[row].height = 15 * (1 + len(line) // 50)
    for left, right in told.signatures:
        row += 2
        _put(page, row, 1, left)
        _put(page, row, 3, right)
    page.page_setup.paperSize, page.page_setup.orientation = 9, "portrait"
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.sheet_view.showGridLines = False


def _row(
    page: Worksheet, row: int, number: int | None, what: str, amount: Decimal, clause: str, font: Font | None = None
) -> None:
    _put(page, row, 1, number, font, "center", box=True)
    _put(page, row, 2, what, font, wrap=True, box=True)
    _put(page, row, 3, amount, font, "right", box=True)
    page.cell(row, 3).number_format = _MONEY
    _put(page, row, 4, clause, font, wrap=True, box=True)


def _put(
    page: Worksheet,
    row: int,
    at: int,
    value: Any,
    font: Font | None = None,
    align: str = "left",
    *,
    wrap: bool = False,
    box: bool = False,
) -> None:
    cell = page.cell(row, at)
    if isinstance(value, str):
        cell.value, cell.data_type = without_unclean(value), "s"
    else:
        cell.value = value
    cell.alignment = Alignment(horizontal=align, vertical="center", wrap_text=wrap)
    if font is not None:
        cell.font = font
    if box:
        cell.border = _BOX
