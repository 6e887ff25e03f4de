"""What the fast reader does not tell of an .xlsx: how far cells reach, which are errors or formulas without a value."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from nengtan.domain.sheets.cells import BadCell

from .archive import Archive
from .refused import Limits, Refused

__all__ = ["SheetFacts", "sheet_parts", "survey"]

_HEAD = 4096
_ROW = re.compile(rb'<row r="(\d+)"')
_FAR_CELL = re.compile(rb'<c r="([A-Z]{2,})\d')
_ATTRIBUTES = rb'(?:\s+[A-Za-z:0-9]+="[^"<>]*")*\s*'
_BLANK_CELL = re.compile(rb'<c r="[A-Z]+\d+"' + _ATTRIBUTES + rb"(?:/>|></c>)")
_BLANK_ROW = re.compile(rb'<row r="\d+"' + _ATTRIBUTES + rb"(?:/>|>\s*</row>)")
"""Cells and rows with a form and nothing in them: colouring a column to its end leaves a million."""
_FORMULA = re.compile(rb"<c\s([^>]*)>\s*<f\b[^>]*?(?:/>|>([^<]*)</f>)\s*(?:<v[^>]*>([^<]*)</)?")
_ERROR = re.compile(rb'<c\s([^>]*\bt="e"[^>]*)(?<!/)>.*?<v[^>]*>([^<]*)</')
_REFERENCE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_RELATIONS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)


@dataclass
class SheetFacts:
    """Cells to mark by 0-based (row, column), and the number of formulas taken with their stored value."""

    marked: dict[tuple[int, int], BadCell] = field(default_factory=dict)
    formulas: int = 0


def sheet_parts(archive: Archive) -> dict[str, str]:
    """Sheet name → part name, for the worksheets of a workbook."""
    try:
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    except (KeyError, ElementTree.ParseError) as error:
        raise Refused("damaged", "xl/workbook.xml") from error
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    parts = {}
    for sheet in book.iter():
        if sheet.tag not in (f"{_MAIN}sheet", f"{_STRICT}sheet"):
            continue
        identity = next((sheet.get(name) for name in _RELATIONS if sheet.get(name)), None)
        target = targets.get(identity, "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
        if target and path in archive.names:
            parts[sheet.get("name", "")] = path
    return parts


def survey(archive: Archive, part: str, limits: Limits) -> SheetFacts:
    """Check how far a sheet reaches and find its error cells and formulas."""
    data = archive.read(part)
    numbers = _ROW.findall(data)
    if not _is_usual(data, len(numbers)):
        data = b"".join(_usual(data, part))
        numbers = _ROW.findall(data)
    rows, columns = _extent(data, numbers)
    if rows > limits.max_rows or columns > limits.max_columns or rows * columns > limits.max_cells:
        filled = _BLANK_ROW.sub(b"", _BLANK_CELL.sub(b"", data))
        rows, columns = _extent(filled, _ROW.findall(filled))
    check_extent(rows, columns, limits)
    facts = SheetFacts()
    if b't="e"' in data:
        for attributes, text in _ERROR.findall(data):
            facts.marked[_place(attributes, part)] = BadCell("error_cell", text.decode("utf-8", "replace"))
    if b"<f" in data:
        _formulas(data, part, facts)
    return facts


def _extent(data: bytes, numbers: Iterable[bytes]) -> tuple[int, int]:
    """The last row and column of a sheet."""
    return max(map(int, numbers), default=0), max(map(_number, set(_FAR_CELL.findall(data))), default=26)


def _formulas(data: bytes, part: str, facts: SheetFacts) -> None:
    """Count formulas with a stored result; one without was never calculated by a spreadsheet program."""
    for attributes, formula, value in _FORMULA.findall(data):
        if value.strip() or b't="str"' in attributes:
            facts.formulas += b't="e"' not in attributes
        else:
            text = "=" + formula.decode("utf-8", "replace")
            facts.marked[_place(attributes, part)] = BadCell("formula_uncached", text[:80])


def check_extent(rows: int, columns: int, limits: Limits) -> None:
    """Refuse a sheet that reaches too far; a reader would reserve room for every cell of the rectangle."""
    if rows > limits.max_rows:
        raise Refused("too_many_rows", str(rows), str(limits.max_rows))
    if columns > limits.max_columns:
        raise Refused("too_many_columns", str(columns), str(limits.max_columns))
    if rows * columns > limits.max_cells:
        raise Refused("too_many_cells", str(rows * columns), str(limits.max_cells))


def _place(attributes: bytes, part: str) -> tuple[int, int]:
    match = _REFERENCE.search(attributes)
    if match is None:
        raise Refused("damaged", part)
    return int(match[2]) - 1, _number(match[1]) - 1


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _is_usual(data: bytes, rows: int) -> bool:
    """Whether rows and cells are written the way spreadsheet programs do, so that plain searches find them all."""
    start, end = data.find(b"<sheetData"), data.rfind(b"</sheetData")
    return (
        data.count(b"<row", start, end) == rows
        and data.count(b"<c", start, end) == data.count(b'<c r="', start, end)
        and b"<![CDATA[" not in data
        and data.find(b"xmlns:", _HEAD) < 0
        and b":worksheet" not in data[:_HEAD]
    )


def _usual(data: bytes, part: str) -> Iterator[bytes]:
    """The cells of a sheet with unusual markup (other quotes, prefixes, character references), in the usual form."""
    try:
        for _, element in ElementTree.iterparse(io.BytesIO(data)):
            name = element.tag.rpartition("}")[2]
            if name not in ("c", "row"):
                continue
            if name == "row":
                yield f'<row r="{element.get("r", "0")}">'.encode()
                element.clear()
                continue
            children = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
            inside = "".join(f"<{tag}>{_plain(children[tag])}</{tag}>" for tag in ("f", "v") if tag in children)
            yield f'<c r="{element.get("r", "")}" t="{element.get("t", "")}">{inside}</c>'.encode()
    except ElementTree.ParseError as error:
        raise Refused("damaged", part) from error


def _plain(text: str) -> str:
    return text.replace("&", "").replace("<", "").replace(">", "")
