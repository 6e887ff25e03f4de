"""Files to try the import with: a sheet as people really send it, with faults put in on purpose."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from nengtan.demo.tables import text

__all__ = ["FaultyRow", "faulty_rows", "faulty_workbook"]

_WIDTHS = (30, 14, 12, 16, 12, 14, 14, 28)


@dataclass(frozen=True)
class FaultyRow:
    """One row of the sheet: its number, what is wrong ("" nothing, "skipped" no data), what looks wrong."""

    number: int
    fault: str
    suspicious: str
    cells: tuple[str | int | float | None, ...]


def _sheet() -> Mapping[str, object]:
    loaded: Mapping[str, object] = json.loads(text("faulty_workbook.json"))
    return loaded


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError("faulty_workbook.json")
    return value


def faulty_rows() -> list[FaultyRow]:
    """The rows under the heading, with what is wrong in each."""
    sheet = _sheet()
    first = len(_list(sheet["header"])) + 1
    return [
        FaultyRow(number, row["fault"], row.get("suspicious", ""), tuple(row["cells"]))
        for number, row in enumerate(_list(sheet["rows"]), first)
        if isinstance(row, dict)
    ]


def faulty_workbook() -> bytes:
    """An .xlsx with a title, a merged two-row heading, odd numbers, and rows an import must refuse."""
    sheet = _sheet()
    book = Workbook()
    page = book.active
    if not isinstance(page, Worksheet):
        raise TypeError("worksheet")
    page.title = str(sheet["title"])
    for row in _list(sheet["header"]):
        page.append(list(_list(row)))
    for entry in faulty_rows():
        page.append(list(entry.cells))
    for merged in _list(sheet["merges"]):
        page.merge_cells(str(merged))
    _style(page, len(_list(sheet["header"])))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _style(page: Worksheet, header_rows: int) -> None:
    for row in page.iter_rows(min_row=1, max_row=header_rows):
        for cell in row:
            cell.font = Font(bold=True)
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for letter, width in zip("ABCDEFGH", _WIDTHS, strict=True):
        page.column_dimensions[letter].width = width
