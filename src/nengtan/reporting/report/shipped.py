"""The shipped Word template: a real document with Jinja tags, drawn from the outline, which an office edits in Word."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table
from docx.text.paragraph import Paragraph

from nengtan.reference.report import Block, Style, TableColumn, outline, phrases, styles, tables

_ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "justify": WD_ALIGN_PARAGRAPH.JUSTIFY,
}
_BUILT_IN = {
    "title": "Title",
    "heading": "Heading 1",
    "subheading": "Heading 2",
    "caption": "Caption",
    "text": "Normal",
}

SMALL = frozenset({"lineage", "factors"})
"""Tables of the appendix, set small."""

SHORT = 10
"""Tables of so few rows stand on one page; a longer one may run over, so that no page is left half empty."""

TEXT_WIDTH_MM = 156
CELL_MARGIN_MM = 0.9
"""Between a figure and the line beside it."""


@cache
def template(language: str) -> bytes:
    """The template in a language (zh or en) as a .docx."""
    document = styled()
    for when, blocks in groupby(outline(), key=lambda block: block.when):
        if when:
            add_line(document, "text", f"{{%p if {when} %}}")
        for block in blocks:
            _block(document, block, language)
        if when:
            add_line(document, "text", "{%p endif %}")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def styled() -> Any:
    """An empty document of the page and the styles of official documents."""
    document = Document()
    _page(document)
    for code, style in styles().items():
        _style(document, code, style)
    return document


def repeat_heading(table: Table) -> None:
    """Let the first row stand on every page the table runs over."""
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run("— ")
    _field(footer, "PAGE", "1")
    footer.add_run(" —")


def _style(document: Any, code: str, of: Style) -> None:
    name = _BUILT_IN.get(code) or f"Report {code}"
    held = document.styles
    style: ParagraphStyle = held[name] if name in held else held.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    if name != "Normal":
        style.base_style = held["Normal"]
    style.font.name, style.font.size, style.font.bold, style.font.italic = (
        of.font_en,
        Pt(float(of.size)),
        of.bold,
        False,
    )
    style.font.color.rgb = None
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), of.font_zh)
    fonts.set(qn("w:hAnsi"), of.font_en)
    for color in style.element.rPr.findall(qn("w:color")):
        style.element.rPr.remove(color)
    for border in style.element.get_or_add_pPr().findall(qn("w:pBdr")):
        style.element.pPr.remove(border)
    shape = style.paragraph_format
    shape.alignment, shape.line_spacing = _ALIGN[of.align], Pt(float(of.line))
    shape.space_before = shape.space_after = Pt(0)
    shape.first_line_indent = Pt(float(of.size) * of.indent)
    shape.keep_with_next = code in ("heading", "subheading")


def _block(document: Any, block: Block, language: str) -> None:
    text = block.name_zh if language.startswith("zh") else block.name_en
    if block.kind == "list":
        add_line(document, "text", f"{{%p for item in {block.of} %}}")
        add_line(document, "text", text)
        add_line(document, "text", "{%p endfor %}")
    elif block.kind == "table":
        _caption(document, "table", text, language)
        _table(document, block.of, language)
    elif block.kind == "chart":
        picture = add_line(document, "caption", f"{{{{ charts.{block.of} }}}}")
        picture.paragraph_format.line_spacing = 1.0
        picture.paragraph_format.keep_with_next = True
        _caption(document, "chart", text, language)
    elif block.kind == "appendix":
        add_line(document, "heading", text).insert_paragraph_before().add_run().add_break(WD_BREAK.PAGE)
    else:
        add_line(document, block.kind, text)


def add_line(document: Any, style: str, text: str) -> Paragraph:
    """A paragraph in one of the report's styles."""
    return document.add_paragraph(text, style=_BUILT_IN.get(style) or f"Report {style}")


def _caption(document: Any, kind: str, text: str, language: str) -> None:
    """A numbered caption: a field Word counts itself, filled in by the report for readers that do not."""
    before, _, after = phrases(language)[f"caption.{kind}"].partition("{number}")
    line = add_line(document, "caption", before)
    line.paragraph_format.space_before = Pt(6)
    line.paragraph_format.keep_with_next = kind == "table"
    name = "Table" if kind == "table" else "Figure"
    _field(line, f"SEQ {name} \\* ARABIC", f"{{{{ {kind}_number() }}}}")
    line.add_run(after.replace("{text}", text))


def _field(line: Paragraph, instruction: str, shown: str) -> None:
    for kind in ("begin", "instruction", "separate", "shown", "end"):
        run = line.add_run()
        if kind == "shown":
            run.text = shown
        elif kind == "instruction":
            told = OxmlElement("w:instrText")
            told.set(qn("xml:space"), "preserve")
            told.text = f" {instruction} "
            run._r.append(told)
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def _table(document: Any, name: str, language: str) -> None:
    columns = tables()[name]
    table: Table = document.add_table(rows=4, cols=len(columns))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    style = "Report small" if name in SMALL else "Report cell"
    for at, column in enumerate(columns):
        heading = column.name_zh if language.startswith("zh") else column.name_en
        _cell(table, 0, at, heading, style, column, is_heading=True)
        _cell(table, 2, at, f"{{{{ row.{column.name} }}}}", style, column)
    table.cell(1, 0).text = f"{{%tr for row in tables.{name} %}}"
    table.cell(3, 0).text = "{%tr endfor %}"
    set_widths(table, [column.width for column in columns])
    narrow_margins(table)
    repeat_heading(table)
    keep_rows(table)
    spacer = add_line(document, "text", "")
    spacer.paragraph_format.line_spacing = Pt(14)


def _cell(
    table: Table, row: int, at: int, text: str, style: str, column: TableColumn, is_heading: bool = False
) -> None:
    line = table.cell(row, at).paragraphs[0]
    line.style = style
    line.add_run(text).bold = is_heading or None
    if is_heading:
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    elif column.numeric:
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def keep_rows(table: Table) -> None:
    """Let no row run over a page's end."""
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def narrow_margins(table: Table) -> None:
    """Leave figures more room beside the lines."""
    held = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(Mm(CELL_MARGIN_MM).twips))
        margin.set(qn("w:type"), "dxa")
        held.append(margin)
    table._tbl.tblPr.append(held)


def set_widths(table: Table, widths: Sequence[int]) -> None:
    """Divide the width of the text among the columns."""
    table.autofit = False
    whole = sum(widths)
    for at, part in enumerate(widths):
        width = Mm(TEXT_WIDTH_MM * part / whole)
        table.columns[at].width = width
        for row in table.rows:
            row._tr.tc_lst[at].width = width
