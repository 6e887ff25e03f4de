"""Which rows below the headings are data, and why the others are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from operator import itemgetter

from .cells import Cell, Grid, is_blank, shown
from .headers import Layout
from .headings import describe
from .problems import Skipped
from .words import Words, fold, is_total, plain

__all__ = ["Body", "body_rows"]

_NAMING = ("institution_name", "institution_code", "period", "carrier", "serial", "name", "code", "building_code")
_LONGEST_TOTAL = 40
_NUMBERED = re.compile(r"\W*[0-9]+\W+(?=[^0-9])")
_NO_KEYS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Body:
    """Data rows: 1-based sheet row numbers and, for each sheet column, its cells in those rows."""

    numbers: list[int]
    columns: list[tuple[Cell, ...]]
    skipped: list[Skipped]


def body_rows(grid: Grid, layout: Layout, words: Words, lone: Set[str] = _NO_KEYS) -> Body:
    """Split the body into data rows and skipped rows (blank, total, note, repeated_header, column_numbers, group).

    A text alone in its row names the group of rows below it, where it is merged over columns or stands in a column
    without a key, of serial numbers, or of a key in `lone`.

    >>> words = Words.of([("column", "name", "名称"), ("column", "code", "代码"), ("total_word", "", "合计")])
    >>> from .headers import find
    >>> grid = Grid("s", [["名称", "代码"], ["甲", "1"], ["", ""], ["合 计", 1.0]])
    >>> body = body_rows(grid, find(grid, words, {"name", "code"}), words)
    >>> body.numbers, [(row.row, row.reason) for row in body.skipped]
    ([2], [(3, 'blank'), (4, 'total')])
    """
    rows = grid.rows[layout.body :]
    rows = [row if len(row) == grid.width else [*row, *[""] * (grid.width - len(row))] for row in rows]
    if not rows:
        return Body([], [() for _ in range(grid.width)], [])
    reasons = _reasons(rows, layout, words)
    reasons |= {at: "group" for at in _groups(grid, rows, layout, words, lone) if at not in reasons}
    first = layout.body + 1
    if not reasons:
        return Body(list(range(first, first + len(rows))), _columns(rows, grid.width), [])
    skipped = [Skipped(first + at, reason, _text(rows[at])) for at, reason in sorted(reasons.items())]
    kept = [at for at in range(len(rows)) if at not in reasons]
    return Body([first + at for at in kept], _columns([rows[at] for at in kept], grid.width), skipped)


def _columns(rows: Sequence[Sequence[Cell]], width: int) -> list[tuple[Cell, ...]]:
    return [tuple(map(itemgetter(at), rows)) for at in range(width)]


def _reasons(rows: Sequence[Sequence[Cell]], layout: Layout, words: Words) -> dict[int, str]:
    """Position of each row to leave out, with the reason."""
    doubtful = [at for at, row in enumerate(rows) if not row[0] or (type(row[0]) is str and row[0].isspace())]
    reasons = {at: "blank" for at in doubtful if all(map(is_blank, rows[at]))}
    naming = {column.index: column.label for column in layout.columns if column.key in _NAMING}
    keys = {column.index: column.key for column in layout.columns}
    for index in dict.fromkeys([0, *naming]):
        cells = [row[index] for row in rows]
        meant = words.choices.get(keys.get(index, ""), {})  # a word this column is made of is no remark
        texts = {cell for cell in set(cells) if isinstance(cell, str) and fold(cell) not in meant}
        marked = _marked(texts, naming.get(index), words)
        if not marked:
            continue
        for at, cell in enumerate(cells):
            reason = marked.get(cell) if isinstance(cell, str) else None
            if reason and at not in reasons and (reason != "note" or _is_remark(rows[at])):
                reasons[at] = reason
    if rows and 0 not in reasons and _is_numbering(rows[0], words):
        reasons[0] = "column_numbers"
    return reasons


def _groups(grid: Grid, rows: Sequence[Sequence[Cell]], layout: Layout, words: Words, lone: Set[str]) -> Iterator[int]:
    """Positions of rows that only name the rows below them, as `Schools` or `II | Schools`."""
    merged = {merge.top - layout.body for merge in grid.merges if merge.right > merge.left}
    ordinals = {text for text in {row[0] for row in rows if type(row[0]) is str} if _is_ordinal(text, words)}
    places = {column.index for column in layout.columns if column.key in {"", "serial", *lone} and not column.is_value}
    for at, row in enumerate(rows):
        if row[0] and len(row) > 1 and row[1] and row[0] not in ordinals:
            continue
        filled = [(index, cell) for index, cell in enumerate(row) if not is_blank(cell)]
        text = filled[-1][1] if filled else None
        if not isinstance(text, str):
            continue
        alone = len(filled) == 1 and (at in merged or (filled[0][0] in places and not _has_number(text)))
        if alone or (len(filled) == 2 and filled[0][0] == 0 and row[0] in ordinals):
            yield at


def _has_number(text: str) -> bool:
    """Whether a text may be a code or a figure; a number that only counts the groups is none."""
    return any(letter.isdigit() for letter in _NUMBERED.sub("", plain(text), count=1))


def _is_ordinal(text: str, words: Words) -> bool:
    return fold(text).strip("().\u3001,") in words.choices.get("ordinal", {})


def _marked(texts: set[str], label: str | None, words: Words) -> dict[str, str]:
    """Which of the texts in a naming column mark a row as not data."""
    marked = {}
    for text in texts:
        if len(text) <= _LONGEST_TOTAL and not text[-1:].isdigit() and is_total(text, words):
            marked[text] = "total"
        elif plain(text).casefold().startswith(words.notes):
            marked[text] = "note"
        elif label and describe(text) in (label, label.split(" ")[-1]):
            marked[text] = "repeated_header"
    return marked


def _is_remark(row: Sequence[Cell]) -> bool:
    """A remark stands nearly alone and beside no figures."""
    filled = [cell for cell in row if not is_blank(cell)]
    return not any(isinstance(cell, (int, float)) for cell in filled) and len(filled) <= max(2, len(row) // 2)


def _is_numbering(row: Sequence[Cell], words: Words) -> bool:
    """A row that only numbers the columns (甲 乙 1 2 3 …)."""
    marks = words.choices.get("column_number", {})
    texts = [shown(cell) for cell in row if not is_blank(cell)]
    numbers = [int(text) for text in texts if text.isdigit() and len(text) <= 2]
    return (
        len(numbers) >= 3
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        and numbers[0] in (0, 1)
        and all(text.isdigit() or fold(text) in marks for text in texts)
    )


def _text(row: Sequence[Cell]) -> str:
    return next((shown(cell) for cell in row if not is_blank(cell)), "")[:80]
