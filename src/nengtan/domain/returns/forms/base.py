"""Forms 1 to 4 (基层表): what an institution fills in, one record a form, or a row for each of its rooms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from nengtan.domain.returns.forms.page import Box, Filled, Look, Page, Words, closing, heading, marked
from nengtan.domain.returns.scheme import Edition, Indicator, Records

__all__ = ["FIRST_ROW", "base_page", "indents"]

FIRST_ROW = 7
"""The row below the legal marks."""

_LINE_WIDTHS = (36.0, 13.0, 10.0, 24.0)
_BASICS_WIDTHS = (30.0, 22.0, 10.0, 24.0)
_BLANK_WIDTH = 34.0
"""Of the last column of an empty form: the boxes of its header leave the legal marks no other."""
_ROOM_WIDTH, _FIRST_WIDTH = 13.0, 11.0
_ROOM_ROWS, _SPARE_ROOMS = 8, 3


def base_page(edition: Edition, form: int, filled: Filled, words: Words) -> Page:
    """A form of one institution, filled in with what is known."""
    if form == 1:
        return _basics(edition, filled, words)
    if edition.forms[form].records is Records.ROOM:
        return _rooms(edition, form, filled, words)
    return _lines(edition, form, filled, words)


def indents(lines: Sequence[Indicator]) -> dict[str, int]:
    """How far below its whole each line stands."""
    depth: dict[str, int] = {}
    for line in lines:
        depth[line.key] = depth.get(line.parent, 0) + 1 if line.parent in depth else 0
    return depth


def _basics(edition: Edition, filled: Filled, words: Words) -> Page:
    form, top, widths = edition.forms[1], FIRST_ROW, _widths(_BASICS_WIDTHS, filled)
    boxes = heading(edition, form, filled, words, 4, 4 if filled.blank else 3)
    boxes += [Box(top, 1, words["item"], Look.HEAD), Box(top, 2, words["content"], Look.HEAD, columns=3)]
    fields = [item for item in edition.fields if item.part == "form1"]
    for row, item in enumerate(fields, top + 1):
        boxes += [
            Box(row, 1, item.name_zh, Look.NAME),
            Box(row, 2, filled.texts.get(item.code, ""), Look.FIXED, columns=3),
        ]
    last, heights = closing(edition, form, filled, words, top + len(fields) + 1, widths)
    return Page(1, [*boxes, *last], widths, heights, False, (top, top), row_height=22.0)


def _lines(edition: Edition, number: int, filled: Filled, words: Words) -> Page:
    form, lines, top = edition.forms[number], edition.lines(number), FIRST_ROW
    widths = _widths(_LINE_WIDTHS, filled)
    boxes = heading(edition, form, filled, words, 4, 4 if filled.blank else 3)
    boxes += line_heads(lines, top, words)
    boxes += [Box(top, 4, words["amount"], Look.HEAD), Box(top + 1, 4, "1", Look.HEAD)]
    boxes += line_names(lines, top + 2, words)
    boxes += [
        Box(row, 4, filled.values.get(("", line.key)), Look.INPUT, cell=("", line.key), unit=line.unit)
        for row, line in enumerate(lines, top + 2)
    ]
    last, heights = closing(edition, form, filled, words, top + 2 + len(lines), widths)
    return Page(number, [*boxes, *last], widths, heights, False, (top, top + 1))


def _widths(usual: tuple[float, ...], filled: Filled) -> tuple[float, ...]:
    return (*usual[:-1], _BLANK_WIDTH) if filled.blank else usual


def line_heads(lines: Sequence[Indicator], top: int, words: Words) -> list[Box]:
    """Heads and ordinals of the columns that name a line: indicator, unit, code."""
    heads = [("indicator", "confidence"), ("unit", "unit_confidence"), ("code", "code_confidence")]
    boxes: list[Box] = []
    for column, ((key, trust), ordinal) in enumerate(zip(heads, "abc", strict=True), 1):
        boxes.append(Box(top, column, words[key] + marked(lines, trust, words)[0], Look.HEAD))
        boxes.append(Box(top + 1, column, words[f"ordinal_{ordinal}"], Look.HEAD))
    return boxes


def line_names(lines: Sequence[Indicator], top: int, words: Words, *, summary: bool = False) -> Iterator[Box]:
    """Name, unit and code of each line."""
    mark, depth = words["unverified_mark"], indents(lines)
    names, units, codes = (
        marked(lines, trust, words)[1] for trust in ("confidence", "unit_confidence", "code_confidence")
    )
    above = 0
    for row, line in enumerate(lines, top):
        deep = depth[line.key]
        first = words["of_which"] if deep > above else ""
        above = deep
        code = line.sum_code if summary else line.base_code
        yield Box(row, 1, first + line.name_zh + (mark if line.key in names else ""), Look.NAME, indent=deep)
        yield Box(row, 2, line.unit_zh + (mark if line.key in units else ""), Look.CODE)
        yield Box(row, 3, code + (mark if code and line.key in codes else ""), Look.CODE)


def _rooms(edition: Edition, number: int, filled: Filled, words: Words) -> Page:
    """A row for each room; a whole and its parts stand under one head."""
    form, lines, top = edition.forms[number], edition.lines(number), FIRST_ROW
    widths = (_FIRST_WIDTH, *(_ROOM_WIDTH for _ in lines))
    boxes = heading(edition, form, filled, words, len(widths), len(widths) - 2)
    boxes += [Box(top, 1, words["room_code"], Look.HEAD, rows=2)]
    boxes += grouped_heads(edition, lines, top, 2, words)
    boxes += [Box(top + 2, 1, words["unit"], Look.HEAD), Box(top + 3, 1, words["code"], Look.HEAD)]
    boxes += unit_rows(lines, top + 2, 2, words)
    rooms: list[str] = sorted({record for record, _ in filled.values if record})
    rows = max(len(rooms) + _SPARE_ROOMS, _ROOM_ROWS)
    for at in range(rows):
        boxes += _room(lines, rooms[at] if at < len(rooms) else "", top + 4 + at, filled)
    last, heights = closing(edition, form, filled, words, top + 4 + rows, widths)
    heights |= {top: 30.0, top + 1: 30.0}
    return Page(number, [*boxes, *last], widths, heights, True, (top, top + 3), row_height=18.0)


def _room(lines: Sequence[Indicator], room: str, row: int, filled: Filled) -> Iterator[Box]:
    yield Box(row, 1, room or None, Look.INPUT, cell=(room, ""), unit="")
    for column, line in enumerate(lines, 2):
        value: Decimal | None = filled.values.get((room, line.key)) if room else None
        yield Box(row, column, value, Look.INPUT, cell=(room, line.key), unit=line.unit)


def grouped_heads(edition: Edition, lines: Sequence[Indicator], top: int, left: int, words: Words) -> Iterator[Box]:
    """Heads over two rows: a whole over its parts, which follow it."""
    mark, keys = marked(lines, "confidence", words)
    shown = {line.key for line in lines}
    for column, line in enumerate(lines, left):
        name = line.name_zh + (mark if line.key in keys else "")
        parts = [part for part in edition.parts.get(line.key, ()) if part in shown]
        if parts:
            yield Box(top, column, name, Look.HEAD, columns=len(parts) + 1)
            yield Box(top + 1, column, words["sum"], Look.HEAD)
        elif line.parent in shown:
            yield Box(top + 1, column, name, Look.HEAD)
        else:
            yield Box(top, column, name, Look.HEAD, rows=2)


def unit_rows(lines: Sequence[Indicator], top: int, left: int, words: Words, *, summary: bool = False) -> Iterator[Box]:
    """Units, and below them codes, of lines that stand side by side."""
    mark = words["unverified_mark"]
    for column, line in enumerate(lines, left):
        code = line.sum_code if summary else line.base_code
        unit = mark if marked([line], "unit_confidence", words)[0] else ""
        yield Box(top, column, line.unit_zh + unit, Look.HEAD)
        doubtful = mark if code and marked([line], "code_confidence", words)[0] else ""
        yield Box(top + 1, column, code + doubtful, Look.HEAD)
