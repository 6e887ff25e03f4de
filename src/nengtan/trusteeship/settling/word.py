"""A settlement as a Word document: the sheet both parties sign, and behind it every line with formula and evidence."""

from __future__ import annotations

import datetime as dt
import io
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from docx.shared import Pt

from nengtan.domain.settlement.lines import CNY, Settlement
from nengtan.domain.settlement.terms import Case
from nengtan.domain.text import without_unclean
from nengtan.reporting.report.notice import Part, word_table
from nengtan.reporting.report.shipped import add_line, styled
from nengtan.trusteeship.settling.invoice import invoice
from nengtan.trusteeship.settling.record import computed, legend, unit_shown, value_shown
from nengtan.trusteeship.settling.words import ITEM, SECTIONS, SHOWN, line_word
from nengtan.ui.words import carrier_word

__all__ = ["as_document"]


def as_document(case: Case, settled: Settlement, made_on: dt.date) -> bytes:
    """The document of a year that was settled."""
    told = invoice(case, settled, made_on)
    document = styled()
    add_line(document, "title", told.title)
    about = tuple((label, text) for label, text in told.heading)
    word_table(document, Part("", (str(ITEM), _("Content")), about, 2, (30, 70)))
    add_line(document, "cell", "")
    sums = ((what, amount, "") for what, amount in told.sums)
    numbers = map(str, range(1, len(told.amounts) + 1))
    rows = [
        (next(numbers, ""), what, value_shown(amount, CNY), clause) for what, amount, clause in (*told.amounts, *sums)
    ]
    heads = (_("No."), str(ITEM), _("Amount, CNY"), _("Clause"))
    word_table(document, Part("", heads, tuple(rows), 2, (8, 52, 22, 18)))
    add_line(document, "cell", told.in_capitals).runs[0].bold = True
    _sign(document, told.signatures)
    for line in told.notes:
        add_line(document, "cell", without_unclean(line))
    add_line(document, "subheading", str(SHOWN["lines"]))
    add_line(document, "cell", legend())
    _computed(document, settled)
    document.core_properties.title = told.title
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _sign(document: Any, signatures: tuple[tuple[str, str], ...]) -> None:
    """Room for both parties to sign, side by side."""
    table = document.add_table(rows=0, cols=2)
    for pair in signatures:
        for cell, text in zip(table.add_row().cells, pair, strict=True):
            cell.paragraphs[0].style = "Report cell"
            cell.paragraphs[0].paragraph_format.space_before = Pt(12)
            cell.paragraphs[0].add_run(text)


def _computed(document: Any, settled: Settlement) -> None:
    heads = (str(ITEM), _("Formula and figures"), _("Clause and evidence"), _("Value"))
    for section, held in groupby(settled.lines, key=lambda one: one.section):
        add_line(document, "caption", str(SECTIONS[section]))
        rows = []
        for one in held:
            of = " ".join(part for part in (one.site, carrier_word(one.carrier) if one.carrier else "") if part)
            what = f"{of} {line_word(one.code, one.about)}".strip()
            backed = _("; ").join(part for part in (one.clause, *one.evidence) if part)
            unit = f" {unit_shown(one.unit)}" if one.unit else ""
            rows.append((what, computed(one), backed, value_shown(one.value, one.unit) + unit))
        word_table(document, Part("", heads, tuple(rows), 3, (27, 36, 19, 18)))
