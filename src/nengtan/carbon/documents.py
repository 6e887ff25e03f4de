"""Carbon reports as files: Word, PDF and a workbook, all from the same tables."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from nengtan import __version__
from nengtan.carbon.report import Block, Report, cell_text
from nengtan.domain.text import without_unclean
from nengtan.reporting.report import notice, pdf, shipped, word
from nengtan.ui.sheets.writer import Sheet, SheetColumn, write_workbook

__all__ = ["TYPES", "Format", "filename", "made"]


class Format(StrEnum):
    """What a report can be saved as."""

    DOCX = "docx"
    PDF = "pdf"
    XLSX = "xlsx"


TYPES = {
    Format.DOCX: word.WORD_TYPE,
    Format.PDF: pdf.PDF_TYPE,
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SMALL_FROM = 7
"""Tables of so many columns are set small."""


def filename(report: Report, kind: Format) -> str:
    """What the file is called."""
    return f"{report.title}.{kind}"


def made(report: Report, kind: Format, today: date) -> bytes:
    """The report as a file.

    Raises:
        NoPdf: the machine cannot lay out PDF.
    """
    make = {Format.DOCX: _as_word, Format.PDF: _as_pdf, Format.XLSX: _as_workbook}[kind]
    return make(report, today)


def _byline(today: date) -> str:
    return _("made on %(day)s with nengtan %(version)s") % {"day": today, "version": __version__}


def _as_word(report: Report, today: date) -> bytes:
    document = shipped.styled()
    title = without_unclean(report.title)
    shipped.add_line(document, "title", title)
    shipped.add_line(document, "byline", _byline(today))
    for line in (report.headline, *report.remarks):
        shipped.add_line(document, "text", without_unclean(line))
    for block in report.blocks:
        shipped.add_line(document, "subheading", block.heading)
        if block.rows:
            notice.word_table(document, _part(block))
        for line in _notes(block):
            shipped.add_line(document, "text", without_unclean(line))
    document.core_properties.title = title
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _notes(block: Block) -> Sequence[str]:
    return block.notes if block.rows else (*block.notes, _("Nothing is recorded."))


def _part(block: Block) -> notice.Part:
    rows = tuple(tuple(map(cell_text, row.cells, block.heads)) for row in block.rows)
    titles = tuple(head.title for head in block.heads)
    numbers = tuple(at for at, head in enumerate(block.heads) if head.numeric)
    widths = tuple(head.width for head in block.heads)
    return notice.Part(block.heading, titles, rows, len(titles), widths, numbers)


def _as_pdf(report: Report, today: date) -> bytes:
    return pdf.laid_out(pdf.as_html(report.title, _pdf_parts(report, today), get_language() or "zh-hans"))


def _pdf_parts(report: Report, today: date) -> Iterator[pdf.Part]:
    yield pdf.Part("title", report.title)
    yield pdf.Part("byline", _byline(today))
    yield pdf.Part("list", "", (report.headline, *report.remarks))
    for block in report.blocks:
        yield pdf.Part("subheading", block.heading)
        if block.rows:
            yield _pdf_table(block)
        yield pdf.Part("list", "", tuple(_notes(block)))


def _pdf_table(block: Block) -> pdf.Part:
    whole = sum(head.width for head in block.heads)
    columns = tuple({"heading": head.title, "percent": 100 * head.width / whole} for head in block.heads)
    rows = tuple(
        tuple({"text": cell_text(cell, head), "numeric": head.numeric} for cell, head in zip(row.cells, block.heads,
                                                                                            strict=True))
        for row in block.rows
    )  # fmt: skip
    style = "small" if len(block.heads) >= SMALL_FROM else "cell"
    return pdf.Part("table", "", columns=columns, rows=rows, style=style)


def _as_workbook(report: Report, today: date) -> bytes:
    sheets = [_sheet(block) for block in report.blocks]
    notes = [report.title, _byline(today), report.headline, *report.remarks]
    notes += [f"{block.heading}: {line}" for block in report.blocks for line in block.notes]
    return write_workbook(sheets, notes, _("Notes"))


def _sheet(block: Block) -> Sheet:
    columns = [SheetColumn(head.title, max(10, head.width)) for head in block.heads]
    return Sheet(block.heading, columns, [list(row.cells) for row in block.rows])
