"""The report as a Word document, from the shipped template or an office's own; checking what an office sends."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from docxtpl import DocxTemplate
from jinja2 import TemplateError
from jinja2.exceptions import SecurityError
from lxml import etree

from nengtan.domain.text import without_unclean
from nengtan.reporting.report.charts import ChartData
from nengtan.reporting.report.drawing import put_chart
from nengtan.reporting.report.phrasing import Phrases
from nengtan.reporting.report.shipped import SHORT
from nengtan.reporting.report.tagging import MARK, Environment, filled, unknown_names
from nengtan.reporting.report.words import Wording, sample

WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LARGEST = 5 * 2**20
UNPACKED = 60 * 2**20
_MARKED = re.compile(f"{MARK}(\\w+){MARK}")
_MACROS = re.compile(r"vbaProject|macroEnabled|/activeX/|oleObject", re.IGNORECASE)
FIELDS = frozenset(
    {"", "DATE", "FILENAME", "HYPERLINK", "NUMPAGES", "PAGE", "PAGEREF", "REF", "SECTION", "SECTIONPAGES", "SEQ",
     "STYLEREF", "TIME", "TITLE", "TOC"}
)  # fmt: skip
"""The fields an office's template may have; others fetch, run or ask for something when the report is opened."""


class TemplateFault(Exception):
    """Why a template is not taken: ``kind`` of fault, and what was found."""

    def __init__(self, kind: str, found: str = "") -> None:
        self.kind, self.found = kind, found
        super().__init__(f"{kind}: {found}")


def render(template: bytes, wording: Wording, language: str | None = None) -> bytes:
    """The report as a .docx.

    Raises:
        TemplateFault: the template names what the report does not have.
    """
    tags = filled(_clean(wording.tags), wording.charts, Phrases(language))
    made = DocxTemplate(io.BytesIO(template))
    with _faults_told():
        made.render(tags, Environment(), autoescape=True)
    document: Any = made.docx
    _draw(document, wording.charts)
    for table in document.tables:
        _keep_together(table)
    document.core_properties.title = wording.title
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


_TAIL = 4
"""Of a table that runs over a page so many rows stay together at its end."""


def _keep_together(table: Any) -> None:
    """Leave no row or two of a table alone on a page: its heading row says that it is one of the report's."""
    rows = table.rows
    heading = rows[0]._tr.trPr
    if heading is None or heading.find(qn("w:tblHeader")) is None:
        return
    count = len(rows)
    kept = range(count - 1) if count <= SHORT + 1 else [0, 1, *range(count - _TAIL, count - 1)]
    for at in kept:
        for line in rows[at]._tr.iter(qn("w:p")):
            Paragraph(line, table).paragraph_format.keep_with_next = True


def check(content: bytes) -> None:
    """Whether an office's template can be used: a Word document without macros that names only tags there are.

    Raises:
        TemplateFault: with every unknown name, or the first other fault.
    """
    _check_package(content)
    undefined, unknown = unknown_names()
    made = DocxTemplate(io.BytesIO(content))
    with _faults_told():
        _check_closed(made)
        made.render(filled(sample(), {}, Phrases()), Environment(undefined), autoescape=True)
    if unknown:
        raise TemplateFault("unknown", ", ".join(unknown))


@contextmanager
def _faults_told() -> Iterator[None]:
    """What goes wrong in a template as its fault: a tag can fail in as many ways as the language it is written in."""
    try:
        yield
    except SecurityError as error:
        raise TemplateFault("unsafe", str(error)) from error
    except (KeyError, PackageNotFoundError, etree.XMLSyntaxError) as error:
        raise TemplateFault("not_word") from error
    except (
        TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, SyntaxError,
        TypeError, ValueError,
    ) as error:  # fmt: skip
        raise TemplateFault("tag", str(error)[:200]) from error


def _check_package(content: bytes) -> None:
    if len(content) > LARGEST:
        raise TemplateFault("too_large", str(len(content)))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if sum(item.file_size for item in package.infolist()) > UNPACKED:
                raise TemplateFault("too_large", str(UNPACKED))
            parts = {item.filename: package.read(item) for item in package.infolist()}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise TemplateFault("not_word") from error
    if "word/document.xml" not in parts:
        raise TemplateFault("not_word")
    types = parts.get("[Content_Types].xml", b"").decode("utf-8", "replace")
    if _MACROS.search(types) or any(_MACROS.search(name) for name in parts):
        raise TemplateFault("macros")
    for name, part in parts.items():
        if not name.endswith((".xml", ".rels")):
            continue
        root = _parsed(part)
        if root.getroottree().docinfo.doctype:
            raise TemplateFault("not_word")
        if name.endswith(".rels") and _reaches_out(root):
            raise TemplateFault("external")
        odd = sorted(set(_fields_of(root)) - FIELDS)
        if odd:
            raise TemplateFault("field", ", ".join(odd)[:200])


def _check_closed(made: Any) -> None:
    """A tag left open would swallow the text up to the next one's end."""
    made.init_docx()
    for line in made.docx.element.body.iter(qn("w:p")):
        text = "".join(piece.text or "" for piece in line.iter(qn("w:t")))
        if any(text.count(opened) != text.count(closed) for opened, closed in (("{{", "}}"), ("{%", "%}"))):
            raise TemplateFault("tag", text[:80])


def _parsed(part: bytes) -> Any:
    try:
        return etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise TemplateFault("not_word") from error


def _reaches_out(held: Any) -> bool:
    """Whether something outside would be fetched when the document is opened; a link one clicks on is not."""
    return any(
        item.get("TargetMode") == "External" and not str(item.get("Type", "")).endswith("/hyperlink") for item in held
    )


def _fields_of(root: Any) -> Iterator[str]:
    """The names of the fields Word would work out, also of those written in several pieces."""
    code: list[str] | None = None
    for item in root.iter(qn("w:fldSimple"), qn("w:fldChar"), qn("w:instrText")):
        if item.tag == qn("w:fldSimple"):
            yield _field_name(item.get(qn("w:instr"), ""))
        elif item.tag == qn("w:instrText"):
            code = [*(code or []), item.text or ""]
        elif code is not None:  # the code ends where its result begins, or where another field does
            yield _field_name("".join(code))
            code = None
    if code is not None:
        yield _field_name("".join(code))


def _field_name(code: str) -> str:
    return (code.split() or [""])[0].upper()


def _clean(value: Any) -> Any:
    """Texts without what no file may hold."""
    if isinstance(value, str):
        return without_unclean(value)
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def _draw(document: Any, charts: Mapping[str, ChartData]) -> None:
    """Each chart in the place of its mark; a paragraph whose chart has no figures goes."""
    for number, line in enumerate(list(_marked(document)), 1):
        found = _MARKED.search(line.text)
        if found is not None and found[1] in charts:
            put_chart(document, line, charts[found[1]], number)


def _marked(document: Any) -> Iterator[Paragraph]:
    yield from (line for line in document.paragraphs if MARK in line.text)
    for table in document.tables:
        for row in table.rows:
            for cell in row.cells:
                yield from (line for line in cell.paragraphs if MARK in line.text)
