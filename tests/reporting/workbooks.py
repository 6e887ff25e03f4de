"""Workbooks of returns as their senders open, change and save them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

from openpyxl import Workbook, load_workbook

Place = tuple[str, str]
"""Sheet and cell."""


def opened_book(content: bytes) -> Any:
    return load_workbook(io.BytesIO(content))


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def edited(content: bytes, change: Callable[[Any], None]) -> bytes:
    """The workbook after somebody did something to it."""
    book = opened_book(content)
    change(book)
    return saved(book)


def sheet_of(book: Any, form: int) -> Any:
    """The sheet of a form."""
    return next(book[name] for name in book.sheetnames if name.startswith(f"表{form}"))


def cell_of(sheet: Any, code: str) -> Any:
    """The figure beside a code of a form with a figure a row."""
    for row in sheet.iter_rows():
        if str(row[2].value or "").rstrip("*") == code:
            return row[3]
    raise LookupError(code)


def typed(content: bytes, **by_code: Any) -> bytes:
    """Form 2 with other figures: ``typed(content, c110=31000, c120=None)``; form 4 by its codes from 300."""

    def change(book: Any) -> None:
        for name, value in by_code.items():
            code = name.removeprefix("c")
            sheet = sheet_of(book, 4 if code.startswith("3") else 2)
            cell = cell_of(sheet, code)
            cell.value = None
            if value is not None:
                cell.value = value

    return edited(content, change)


def texts(sheet: Any) -> set[str]:
    return {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None}


def row_of(sheet: Any, first: str) -> int:
    """The row whose first cell says something."""
    return next(row[0].row for row in sheet.iter_rows() if row[0].value == first)


def column_of(sheet: Any, heading: str, top: int = 1) -> int:
    """The column whose heading begins so."""
    return next(cell.column for cell in sheet[top] if str(cell.value or "").startswith(heading))


def cells(sheet: Any, columns: Iterable[int], row: int) -> list[Any]:
    return [sheet.cell(row, column).value for column in columns]
