"""A sheet with a row for each return: what a district is filled in with at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from nengtan.domain.returns.scheme import Edition, Indicator, Level
from nengtan.domain.sheets.numbers import as_kept
from nengtan.domain.text import without_unclean
from nengtan.reference import scheme
from nengtan.reporting.models import Return
from nengtan.reporting.services.workbooks.drawing import number_format, sheet_title
from nengtan.reporting.services.workbooks.gathering import Gathered, names_of
from nengtan.ui.harmless import FORMULA_STARTS

__all__ = ["add_rooms_sheet", "add_wide_sheet"]

_HEAD_FILL = PatternFill("solid", fgColor="0B6B5D")
_FIXED_FILL = PatternFill("solid", fgColor="687485")
_WIDTHS = (20.0, 30.0, 22.0, 11.0)
_FIGURE_WIDTH = 13.0

Progress = Callable[[int, int, str], None]
Row = list[str | Decimal | None]


def add_wide_sheet(
    book: Workbook, edition: Edition, returns: Sequence[Return], gathered: Gathered, progress: Progress | None = None
) -> None:
    """Forms 2 and 4 side by side."""
    words, lines = scheme.form_words(), [*edition.lines(2), *edition.lines(4)]
    fixed = [words[key] for key in ("institution_code", "institution", "credit_code", "period")]
    sheet = _sheet(book, f"{words['consumption_sheet']} {edition.code}", fixed, edition, lines)
    names = names_of(returns)
    for done, item in enumerate(returns, 1):
        values = gathered.values(item)
        _add(sheet, [*_who(item, names), *(values.get(("", line.key)) for line in lines)])
        if progress and done % 200 == 0:
            progress(done, len(returns), item.institution.name)


def add_rooms_sheet(book: Workbook, edition: Edition, returns: Sequence[Return], gathered: Gathered) -> None:
    """Form 3, a row for each room."""
    words, lines = scheme.form_words(), edition.lines(3)
    fixed = [words[key] for key in ("institution_code", "institution", "credit_code", "period", "room_code")]
    sheet = _sheet(book, f"{words['rooms_sheet']} {edition.code}", fixed, edition, lines)
    names = names_of(returns)
    for item in returns:
        values = gathered.values(item)
        for room in sorted({record for record, _indicator in values if record}):
            _add(sheet, [*_who(item, names), room, *(values.get((room, line.key)) for line in lines)])


def _who(item: Return, names: dict[int, str]) -> list[str]:
    return [item.institution.code, names[item.pk], item.institution.credit_code or "", str(item.period)]


def _sheet(book: Workbook, title: str, fixed: Sequence[str], edition: Edition, lines: Sequence[Indicator]) -> Worksheet:
    sheet: Worksheet = book.create_sheet(sheet_title(book, title))
    headings = [*fixed, *_headings(edition, lines)]
    sheet.append(headings)
    for column, heading in enumerate(headings, 1):
        cell: Any = sheet.cell(1, column, heading)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = _FIXED_FILL if column <= len(fixed) else _HEAD_FILL
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = _WIDTHS[column - 1] if column <= len(_WIDTHS) else _FIGURE_WIDTH
        if column > len(fixed):
            sheet.column_dimensions[letter].number_format = number_format(lines[column - len(fixed) - 1].unit)
    sheet.row_dimensions[1].height = 48
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.print_title_rows, sheet.print_title_cols = "1:1", "A:B"
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{max(sheet.max_row, 1)}"
    return sheet


def _headings(edition: Edition, lines: Sequence[Indicator]) -> Iterator[str]:
    """Name and unit; the form first where two forms have lines of one name."""
    words = scheme.form_words()
    entered = [line for line in edition.indicators.values() if line.level is not Level.SUMMARY]
    times = Counter(line.name_zh for line in entered)
    for line in lines:
        before = words.get(f"form_{line.form}", "") if times[line.name_zh] > 1 else ""
        yield f"{before}{line.name_zh}\uff08{line.unit_zh}\uff09"


def _add(sheet: Worksheet, row: Row) -> None:
    sheet.append([as_kept(value) if isinstance(value, Decimal) else value for value in row])
    number = sheet.max_row
    for column, value in enumerate(row, 1):
        if isinstance(value, str):
            cell: Any = sheet.cell(number, column)
            cell.value, cell.data_type = without_unclean(value), "s"
            cell.quotePrefix = value.startswith(FORMULA_STARTS)
