"""The report as PDF: the outline with the same tags, laid out by WeasyPrint, which wants Pango of the system."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from nengtan.reference.report import TableColumn, outline, styles, tables
from nengtan.reporting.report import pango
from nengtan.reporting.report.phrasing import Phrases
from nengtan.reporting.report.shipped import SHORT, SMALL
from nengtan.reporting.report.svg import svg
from nengtan.reporting.report.tagging import Environment, filled
from nengtan.reporting.report.words import Wording

PDF_TYPE = "application/pdf"


@dataclass(frozen=True)
class Part:
    """A part of the report as the page template draws it."""

    kind: str
    text: str
    items: tuple[str, ...] = ()
    columns: tuple[dict[str, Any], ...] = ()
    rows: tuple[tuple[dict[str, Any], ...], ...] = ()
    style: str = ""
    svg: SafeString | str = ""


def render(wording: Wording, language: str | None = None) -> bytes:
    """The report as PDF.

    Raises:
        NoPdf: Pango, or what it needs, is not installed.
    """
    return laid_out(page(wording, language))


def laid_out(document: str) -> bytes:
    """An HTML page as PDF.

    Raises:
        NoPdf: Pango, or what it needs, is not installed.
    """
    fault = pango.missing()
    if fault:
        raise pango.NoPdf(fault)
    from weasyprint import HTML

    return bytes(HTML(string=document, url_fetcher=_nothing).write_pdf())


def page(wording: Wording, language: str | None = None) -> str:
    """The report as one HTML page."""
    phrases = Phrases(language)
    return as_html(wording.title, _parts(wording, phrases), phrases.language)


def as_html(title: str, parts: Iterable[Part], language: str) -> str:
    """Parts of a document as one HTML page in the styles of official documents."""
    told = {"language": language, "title": title, "styles": styles(), "blocks": list(parts)}
    return render_to_string("reporting/report/document.html", told)


def _nothing(url: str, *_rest: Any, **_more: Any) -> NoReturn:
    """Nothing is fetched: a report holds all it shows."""
    raise ValueError(url)


def _parts(wording: Wording, phrases: Phrases) -> Iterator[Part]:
    environment, tags = Environment(), filled(wording.tags, wording.charts, phrases)
    chinese = phrases.language.startswith("zh")
    for block in outline():
        if block.when and not environment.compile_expression(block.when)(**tags):
            continue
        text = block.name_zh if chinese else block.name_en
        if block.kind == "list":
            yield Part("list", "", tuple(tags[block.of]))
            continue
        said = html.unescape(environment.from_string(text).render(tags))
        if block.kind in ("table", "chart"):
            said = phrases(f"caption.{block.kind}", number=tags[f"{block.kind}_number"](), text=said)
        if block.kind == "chart":
            yield Part("chart", said, svg=svg(wording.charts[block.of]))
        elif block.kind == "table":
            yield _table(said, block.of, tags["tables"][block.of], chinese)
        else:
            yield Part(block.kind, said)


def _table(caption: str, name: str, rows: list[dict[str, str]], chinese: bool) -> Part:
    columns: tuple[TableColumn, ...] = tables()[name]
    whole = sum(column.width for column in columns)
    heads = tuple(
        {"heading": column.name_zh if chinese else column.name_en, "percent": 100 * column.width / whole}
        for column in columns
    )
    cells = tuple(tuple({"text": row[column.name], "numeric": column.numeric} for column in columns) for row in rows)
    return Part(
        "table",
        caption,
        columns=heads,
        rows=cells,
        style="small" if name in SMALL else "cell whole" if len(rows) <= SHORT else "cell",
    )
