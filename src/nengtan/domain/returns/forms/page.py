"""A printed form as boxes on a grid: what stands where, and how it looks; no program that draws it is named here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from math import ceil

from nengtan.domain.factors import Confidence
from nengtan.domain.returns.scheme import Edition, Form, Indicator, Level

__all__ = ["Box", "Cell", "Filled", "Look", "Page", "Words", "closing", "heading", "marked", "period_words"]

Cell = tuple[str, str]
"""Record (a room's code, empty elsewhere) and indicator."""

Words = Mapping[str, str]
"""What stands on a form beside its lines, by key."""

_TITLE_HEIGHT, _LINE_HEIGHT = 30.0, 14.0
_BLANK = "\u3000" * 6


class Look(StrEnum):
    """What a box is, and so how it is drawn."""

    TITLE = "title"
    LABEL = "label"
    HEAD = "head"
    NAME = "name"
    CODE = "code"
    INPUT = "input"
    FIXED = "fixed"
    FOOT = "foot"
    NOTE = "note"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Box:
    """Something on a form at a row and column (from 1), over so many rows and columns; ``cell`` is what it enters."""

    row: int
    column: int
    value: str | Decimal | None
    look: Look
    rows: int = 1
    columns: int = 1
    indent: int = 0
    cell: Cell | None = None
    unit: str = ""


@dataclass(frozen=True)
class Page:
    """One form: boxes, widths of columns [characters], heights of rows [points] that differ, what repeats on paper."""

    form: int
    boxes: Sequence[Box]
    widths: Sequence[float]
    heights: Mapping[int, float]
    landscape: bool
    repeat_rows: tuple[int, int]
    repeat_columns: int = 0
    breaks: Sequence[int] = ()
    whole: bool = True
    row_height: float = 16.0


@dataclass(frozen=True)
class Filled:
    """What a form is filled in with: texts of its fields, values of its cells, remarks below, the tag of its copy.

    ``blank`` is an empty form: whose it is and of which period is written into boxes of its header.
    """

    texts: Mapping[str, str]
    values: Mapping[Cell, Decimal | None] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    tag: str = ""
    blank: bool = False


def period_words(period: str, words: Words) -> str:
    """A period as forms write it.

    >>> period_words("2023-Q1", {"quarter": "{year} q{quarter}"}), period_words("2023-00", {"year": "year {year}"})
    ('2023 q1', 'year 2023')
    """
    year, _, rest = period.partition("-")
    if rest.startswith("Q"):
        return words["quarter"].format(year=year, quarter=rest[1:])
    return words["year"].format(year=year) if rest == "00" else words["month"].format(year=year, month=int(rest))


def heading(edition: Edition, form: Form, filled: Filled, words: Words, columns: int, right: int) -> list[Box]:
    """The title and the legal marks of a form: what cannot be left out (rows 1 to 6)."""
    own = "institution" if form.level is Level.BASE else ""
    legal = [item for item in edition.fields if item.part == "header" and item.filled_from == "edition"]
    named = [
        (item.name_zh, filled.texts.get(item.code, ""))
        for item in edition.fields
        if item.part == "header" and own and item.filled_from == own
    ] or [(words["summary_unit"], filled.texts.get("reporting_unit", ""))]
    named.append((words["period"], filled.texts.get("period", "")))
    boxes = [Box(1, 1, form.title_zh + _mark(form.confidence, words), Look.TITLE, columns=columns)]
    for row, item in enumerate(legal, 2):
        text = item.name_zh + words["colon"] + (filled.texts.get(item.code) or words["unverified"])
        boxes.append(Box(row, right, text, Look.LABEL, columns=columns - right + 1))
    for row, (name, text) in enumerate(named, 7 - len(named)):
        if filled.blank and own:
            boxes.append(Box(row, 1, name + words["colon"], Look.LABEL))
            boxes.append(Box(row, 2, None, Look.INPUT, columns=right - 2))
        else:
            boxes.append(Box(row, 1, name + words["colon"] + text, Look.LABEL, columns=right - 1))
    return boxes


def closing(
    edition: Edition, form: Form, filled: Filled, words: Words, top: int, widths: Sequence[float]
) -> tuple[list[Box], dict[int, float]]:
    """Signatures, notes and tag below a form, and the heights of its rows."""
    columns, boxes, heights = len(widths), list[Box](), {1: _TITLE_HEIGHT}
    signed = [item for item in edition.fields if item.part == "footer"]
    a_row = 5 if sum(widths) > 100 else 3
    for start in range(0, len(signed), a_row):
        fields = signed[start : start + a_row]
        texts = [item.name_zh + words["colon"] + (filled.texts.get(item.code) or _BLANK) for item in fields]
        boxes.append(Box(top, 1, "\u3000\u3000".join(texts), Look.FOOT, columns=columns))
        heights[top] = 20.0
        top += 1
    for number, note in enumerate(_notes(edition, form, filled, words), 1):
        text = f"{words['notes'] if number == 1 else ''}{number}. {note}"
        boxes.append(Box(top, 1, text, Look.NOTE, columns=columns))
        heights[top] = _LINE_HEIGHT * ceil(2 * len(text) / sum(widths))
        top += 1
    if filled.tag:
        boxes.append(Box(top, 1, words["tag"] + filled.tag, Look.TAG, columns=columns))
    return boxes, heights


def _notes(edition: Edition, form: Form, filled: Filled, words: Words) -> list[str]:
    told = [words[key] for key in _NOTES[form.number]]
    gaps = [gap.text_zh for gap in edition.gaps if form.number in gap.forms]
    return [*told, *filled.remarks, words["note_unit"], *gaps]


_NOTES = {
    1: ("note_register",),
    2: ("note_empty", "note_heat", "note_tce"),
    3: ("note_rooms", "note_empty", "note_of_which"),
    4: ("note_empty", "note_of_which"),
    5: ("note_approved",),
    6: ("note_approved",),
    7: ("note_approved", "note_of_which"),
    8: ("note_approved", "note_of_which"),
}


def _mark(confidence: Confidence, words: Words) -> str:
    return words["unverified_mark"] if confidence is Confidence.GENERAL_KNOWLEDGE else ""


def marked(lines: Iterable[Indicator], confidence: str, words: Words) -> tuple[str, frozenset[str]]:
    """The mark of a head when no line of its column is verified, else the lines to mark one by one.

    ``confidence`` names the attribute: of the name, of the code or of the unit.
    """
    held = list(lines)
    doubtful = frozenset(line.key for line in held if _mark(getattr(line, confidence), words))
    return (words["unverified_mark"], frozenset()) if len(doubtful) == len(held) else ("", doubtful)
