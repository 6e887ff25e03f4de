"""Forms 5 to 8 (综合表): what a department sums up, a row for each child or a column for each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from nengtan.domain.returns.forms.base import FIRST_ROW, line_heads, line_names, unit_rows
from nengtan.domain.returns.forms.page import Box, Filled, Look, Page, Words, closing, heading, marked
from nengtan.domain.returns.rollup import Summary
from nengtan.domain.returns.scheme import Edition, Records

__all__ = ["coverage_remarks", "summary_page"]

_NAME_WIDTHS = (33.0, 11.0, 8.0)
_CLASS_WIDTH = 14.0
_CHILD_WIDTH, _CHILD_NAME = 14.0, 22.0
_A_PAGE = 8
"""Columns of form 5 on one sheet of paper, beside the names of the children."""


def summary_page(edition: Edition, summary: Summary, names: Mapping[str, str], filled: Filled, words: Words) -> Page:
    """A summary form; ``names`` of the children by head."""
    if edition.forms[summary.form].records is Records.CHILD:
        return _by_child(edition, summary, names, filled, words)
    return _by_class(edition, summary, filled, words)


def coverage_remarks(edition: Edition, summary: Summary, names: Mapping[str, str], words: Words) -> list[str]:
    """How much of what was owed is in the sums: of all, and whose part is not complete."""
    heads = {column.code: column.name_zh for column in edition.columns} | dict(names)
    whole, *parts = summary.heads
    told = summary.coverage[whole]
    share = "—" if told.share is None else f"{told.share * 100:.1f}%"
    remarks = [words["note_coverage"].format(present=told.present, expected=told.expected, share=share)]
    short = [head for head in parts if summary.coverage[head].present < summary.coverage[head].expected]
    if short:
        listed = words["comma"].join(
            f"{heads[head]}{summary.coverage[head].present}/{summary.coverage[head].expected}" for head in short
        )
        remarks.append(words["note_partial"].format(heads=listed))
    return remarks


def _by_class(edition: Edition, summary: Summary, filled: Filled, words: Words) -> Page:
    form, lines, top = edition.forms[summary.form], edition.lines(summary.form), FIRST_ROW
    widths = (*_NAME_WIDTHS, *(_CLASS_WIDTH for _ in edition.columns))
    boxes = heading(edition, form, filled, words, len(widths), len(widths) - 2)
    boxes += [
        Box(box.row + (box.row > top), box.column, box.value, Look.HEAD, rows=2 if box.row == top else 1)
        for box in line_heads(lines, top, words)
    ]
    boxes += _class_heads(edition, top, words)
    boxes += line_names(lines, top + 3, words, summary=True)
    for column, head in enumerate(summary.heads, 4):
        boxes += [
            Box(row, column, summary.cells[head, line.key], Look.FIXED, unit=line.unit)
            for row, line in enumerate(lines, top + 3)
        ]
    last, heights = closing(edition, form, filled, words, top + 3 + len(lines), widths)
    return Page(form.number, [*boxes, *last], widths, heights, True, (top, top + 2))


def _class_heads(edition: Edition, top: int, words: Words) -> Iterator[Box]:
    """Classes side by side; a class and its kinds under one head."""
    whole = ""
    for column, item in enumerate(edition.columns, 4):
        kinds = [
            other for other in edition.columns
            if item.institution_class and other is not item and item.holds(other.institution_class or "")
        ]  # fmt: skip
        if kinds:
            whole = item.institution_class or ""
            yield Box(top, column, item.name_zh.removesuffix(words["subtotal"]), Look.HEAD, columns=len(kinds) + 1)
            yield Box(top + 1, column, words["subtotal"], Look.HEAD)
        elif whole and (item.institution_class or "").startswith(whole):
            yield Box(top + 1, column, item.name_zh, Look.HEAD)
        else:
            yield Box(top, column, item.name_zh, Look.HEAD, rows=2)
        yield Box(top + 2, column, str(column - 3), Look.HEAD)


def _by_child(edition: Edition, summary: Summary, names: Mapping[str, str], filled: Filled, words: Words) -> Page:
    """A row for each child; too wide for one sheet of paper, so that the names repeat on each.

    What stands below begins beside the names: of a text across several columns a repeated column shows the beginning.
    """
    form, lines, top = edition.forms[summary.form], edition.lines(summary.form), FIRST_ROW
    widths = (_CHILD_NAME, *(_CHILD_WIDTH for _ in lines))
    boxes = heading(edition, form, filled, words, _A_PAGE + 1, _A_PAGE - 1)
    mark, doubtful = marked(lines, "confidence", words)
    boxes += [Box(top, 1, words["indicator"] + mark, Look.HEAD), Box(top + 1, 1, words["unit"], Look.HEAD)]
    boxes += [Box(top + 2, 1, words["code"], Look.HEAD)]
    own = words["unverified_mark"]
    boxes += [
        Box(top, column, line.name_zh + (own if line.key in doubtful else ""), Look.HEAD)
        for column, line in enumerate(lines, 2)
    ]
    boxes += unit_rows(lines, top + 1, 2, words, summary=True)
    for row, head in enumerate(summary.heads, top + 3):
        boxes.append(Box(row, 1, names.get(head, head), Look.NAME, indent=1 if head else 0))
        boxes += _row([summary.cells[head, line.key] for line in lines], [line.unit for line in lines], row)
    beside = widths[1 : _A_PAGE + 1]
    last, heights = closing(edition, form, filled, words, top + 3 + len(summary.heads), beside)
    last = [replace(box, column=2) for box in last]
    breaks = tuple(range(_A_PAGE + 1, len(widths), _A_PAGE))
    return Page(
        form.number, [*boxes, *last], widths, heights | {top: 44.0}, True, (top, top + 2), 1, breaks, whole=False
    )


def _row(values: Sequence[Decimal | None], units: Sequence[str], row: int) -> Iterator[Box]:
    for column, (value, unit) in enumerate(zip(values, units, strict=True), 2):
        yield Box(row, column, value, Look.FIXED, unit=unit)
