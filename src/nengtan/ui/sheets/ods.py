"""How far the cells of an OpenDocument sheet reach once its repetitions are written out, and which hold errors."""

from __future__ import annotations

import io
from xml.etree import ElementTree

from .archive import Archive
from .refused import Limits, Refused
from .xlsx import check_extent

__all__ = ["check_ods"]

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")


def check_ods(archive: Archive, limits: Limits) -> None:
    """Refuse a document whose filled cells repeat beyond the limits."""
    if any(name.lower().startswith(("basic/", "scripts/")) for name in archive.names):
        raise Refused("macro_workbook", "Basic")
    try:
        content = io.BytesIO(archive.read("content.xml"))
        rows = columns = 0
        for event, element in ElementTree.iterparse(content, events=("start", "end")):
            if element.tag == f"{_TABLE}table" and event == "start":
                rows = columns = 0
            elif element.tag == f"{_TABLE}table-row" and event == "end":
                width, filled = _width(element)
                repeat = int(element.get(f"{_TABLE}number-rows-repeated", "1"))
                if filled:
                    rows, columns = rows + repeat, max(columns, width)
                    check_extent(rows, columns, limits)
                element.clear()
    except (KeyError, ValueError, ElementTree.ParseError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused("damaged", "content.xml") from error


def _width(row: ElementTree.Element) -> tuple[int, bool]:
    """Columns up to the last filled cell of a row, and whether there is one."""
    at = width = 0
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        at += int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        if cell.get(f"{_OFFICE}value-type") or len(cell):
            width = at
    return width, width > 0
