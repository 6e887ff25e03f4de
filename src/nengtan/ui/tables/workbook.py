"""A workbook of plain rows, written as it is read: ECMA-376 parts by hand, ten times as fast as cell objects.

Text is text whatever it begins with (a shared string is never a formula); numbers keep every digit.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

from nengtan.domain.text import without_unclean

__all__ = ["Page", "write"]

PIECE = 500
"""Rows written at a time."""

LONGEST = 32_767
"""Characters a cell holds."""

_NS = "http://schemas.openxmlformats.org"
_MAIN = f'xmlns="{_NS}/spreadsheetml/2006/main"'
_REL = f"{_NS}/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_BOLD, _DAY, _MOMENT = 1, 2, 3
_STYLES = (
    f"{_HEAD}<styleSheet {_MAIN}>"
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_FROZEN = (
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" '
    'state="frozen"/></sheetView></sheetViews>'
)


@dataclass(frozen=True)
class Page:
    """One sheet: its title, its rows, and its headings in bold, which stay in view; none where it has no headings."""

    title: str
    rows: Iterable[Sequence[Any]]
    headings: Sequence[str] = ()


class _Texts:
    """The shared strings of a workbook: each different text once, a number in the cells."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        found = self.numbers.get(text)
        if found is None:
            found = self.numbers[text] = len(self.numbers)
        return found

    def parts(self) -> Iterator[str]:
        """The part that holds them."""
        yield f'{_HEAD}<sst {_MAIN} uniqueCount="{len(self.numbers)}">'
        for text in self.numbers:
            kept = escape(without_unclean(text)[:LONGEST]).replace("\r", "&#13;")
            yield f'<si><t xml:space="preserve">{kept}</t></si>'
        yield "</sst>"


def write(file: IO[bytes], pages: Sequence[Page]) -> None:
    """Write a workbook of these sheets; rows hold text, numbers, days and moments, None is an empty cell."""
    texts = _Texts()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for number, page in enumerate(pages, 1):
            _put(archive, f"xl/worksheets/sheet{number}.xml", _sheet(page, texts))
        _put(archive, "xl/sharedStrings.xml", texts.parts())
        archive.writestr("xl/styles.xml", _STYLES)
        for name, part in _frame([page.title for page in pages]).items():
            archive.writestr(name, _HEAD + part)


def _put(archive: zipfile.ZipFile, name: str, parts: Iterator[str]) -> None:
    with archive.open(name, "w", force_zip64=True) as part:
        while piece := "".join(islice(parts, PIECE)):
            part.write(piece.encode())


def _sheet(page: Page, texts: _Texts) -> Iterator[str]:
    yield f"{_HEAD}<worksheet {_MAIN}>{_FROZEN if page.headings else ''}<sheetData>"
    letters = [get_column_letter(place) for place in range(1, len(page.headings) + 1)]
    first = 1
    if page.headings:
        cells = (f'<c r="{at}1" s="{_BOLD}" t="s"><v>{texts.number(text)}</v></c>'
                 for at, text in zip(letters, page.headings, strict=True))  # fmt: skip
        yield f'<row r="1">{"".join(cells)}</row>'
        first = 2
    for number, row in enumerate(page.rows, first):
        if len(row) > len(letters):
            letters = [get_column_letter(place) for place in range(1, len(row) + 1)]
        cells = (_cell(f"{at}{number}", value, texts)
                 for at, value in zip(letters, row, strict=False) if value is not None)  # fmt: skip
        yield f'<row r="{number}">{"".join(cells)}</row>'
    yield "</sheetData></worksheet>"


def _cell(place: str, value: Any, texts: _Texts) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="s"><v>{texts.number(value)}</v></c>' if value else ""
    if isinstance(value, date):
        style = _MOMENT if isinstance(value, datetime) else _DAY
        return f'<c r="{place}" s="{style}"><v>{to_excel(value)}</v></c>'
    if isinstance(value, Decimal):
        return f'<c r="{place}"><v>{value:f}</v></c>' if value.is_finite() else ""
    if isinstance(value, float) and not float("-inf") < value < float("inf"):
        return ""
    return f'<c r="{place}"><v>{value!r}</v></c>'


def _frame(titles: Sequence[str]) -> dict[str, str]:
    """The parts that hold the sheets together."""
    numbers = range(1, len(titles) + 1)
    quoted = [escape(title, {'"': "&quot;"}) for title in titles]
    sheets = "".join(f'<sheet name="{title}" sheetId="{at}" r:id="rId{at}"/>' for at, title in enumerate(quoted, 1))
    more = {"styles": len(titles) + 1, "sharedStrings": len(titles) + 2}
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{_REL}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in numbers
    ) + "".join(f'<Relationship Id="rId{at}" Type="{_REL}/{kind}" Target="{kind}.xml"/>' for kind, at in more.items())
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for at in numbers
    ) + "".join(f'<Override PartName="/xl/{kind}.xml" ContentType="{_TYPE}.{kind}+xml"/>' for kind in more)
    package = f"{_NS}/package/2006"
    return {
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_REL}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{relations}</Relationships>',
        "_rels/.rels": (
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{_REL}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>'
        ),
        "[Content_Types].xml": (
            f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>{parts}</Types>'
        ),
    }
