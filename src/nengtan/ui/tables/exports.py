"""A table as a file: CSV streamed, XLSX written row by row; no cell of text can start a formula."""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from nengtan.domain.text import without_unclean
from nengtan.ui.harmless import safe_text

__all__ = ["FORMATS", "csv_response", "xlsx_response"]

FORMATS = ("xlsx", "csv")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Rows = Iterable[Sequence[Any]]


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_response(headings: Sequence[str], rows: Rows, name: str) -> HttpResponseBase:
    """UTF-8 with a byte-order mark, so that Excel reads the Chinese."""
    writer = csv.writer(_Line())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow([safe_text(heading) for heading in headings])
        for row in rows:
            yield writer.writerow([_csv_value(value) for value in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = _disposition(name, "csv")
    return response


def xlsx_response(
    headings: Sequence[str], rows: Rows, name: str, about: Iterable[tuple[str, str]] = ()
) -> HttpResponseBase:
    """A workbook with the rows on its first sheet and, on its second, what they are and how they were chosen."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(name))
    sheet.freeze_panes = "A2"
    sheet.append([_heading(sheet, heading) for heading in headings])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    notes = book.create_sheet("about")
    for pair in about:
        notes.append([_cell(notes, text) for text in pair])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    book.save(file)
    file.seek(0)
    response = FileResponse(file, content_type=XLSX_TYPE)
    response.headers["Content-Disposition"] = _disposition(name, "xlsx")
    return response


def _csv_value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat(" ") if isinstance(value, datetime) else safe_text(value)


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=without_unclean(value))
    cell.data_type = "s"  # openpyxl would write text that begins with "=" as a formula
    return cell


def _heading(sheet: Any, text: str) -> Any:
    cell = _cell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _sheet_name(name: str) -> str:
    return "".join(" " if sign in r"[]:*?/\'" else sign for sign in name)[:31].strip() or "data"


def _disposition(name: str, ending: str) -> str:
    return f"attachment; filename=\"table.{ending}\"; filename*=UTF-8''{quote(name)}.{ending}"
