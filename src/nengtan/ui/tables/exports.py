"""A table as a file: CSV streamed, XLSX written row by row; no cell of text can start a formula."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from urllib.parse import quote

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from nengtan.ui.harmless import safe_text
from nengtan.ui.tables import workbook

__all__ = ["FORMATS", "csv_response", "xlsx_response"]

FORMATS = ("xlsx", "csv")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Rows = Iterable[Sequence[Any]]


PIECE = 500
"""Rows of CSV sent at a time."""


def csv_response(headings: Sequence[str], rows: Rows, name: str) -> HttpResponseBase:
    """UTF-8 with a byte-order mark, so that Excel reads the Chinese."""
    written = chain(
        [[safe_text(heading) for heading in headings]], ([_csv_value(value) for value in row] for row in rows)
    )

    def pieces() -> Iterator[str]:
        mark = "\ufeff"
        while piece := list(islice(written, PIECE)):
            lines = io.StringIO(newline="")
            csv.writer(lines).writerows(piece)
            yield mark + lines.getvalue()
            mark = ""

    response = StreamingHttpResponse(pieces(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = _disposition(name, "csv")
    return response


def xlsx_response(
    headings: Sequence[str], rows: Rows, name: str, about: Iterable[tuple[str, str]] = ()
) -> HttpResponseBase:
    """A workbook with the rows on its first sheet and, on its second, what they are and how they were chosen."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    workbook.write(file, [workbook.Page(_sheet_name(name), rows, headings), workbook.Page("about", about)])
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


def _sheet_name(name: str) -> str:
    return "".join(" " if sign in r"[]:*?/\'" else sign for sign in name)[:31].strip() or "data"


def _disposition(name: str, ending: str) -> str:
    return f"attachment; filename=\"table.{ending}\"; filename*=UTF-8''{quote(name)}.{ending}"
