"""What somebody wrote at the top of an empty form (空白表): whose it is, and of which period."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from nengtan.domain.returns.forms.page import Words
from nengtan.domain.returns.scheme import Edition
from nengtan.domain.returns.slots import Slot, SlotError, parse
from nengtan.domain.sheets.cells import Cell, Grid, column_letter, shown

__all__ = ["Head", "heads_of", "period_written", "read_head"]

_LOOK_DOWN = 25
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_FIELDS = {
    "reporting_unit": "institution",
    "credit_code": "credit_code",
    "organisation_code": "code",
    "period": "period",
}
"""The fields of a header, and what a return is found by."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the header of a form says by what a return is found by; ``places`` are row (from 1) and letter of each."""

    texts: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def whose(self) -> tuple[str, str, str]:
        """Code, credit code and name; a code where the name should stand is taken for one."""
        name, code = self.texts.get("institution", ""), self.texts.get("code", "")
        if not code and _CODE.fullmatch(name):
            return name, "", ""
        return code, self.texts.get("credit_code", ""), name


def heads_of(forms: Sequence[tuple[Grid, Edition]], words: Words) -> list[Head]:
    """What the header of each empty form of a workbook says; what it leaves empty the first that fills it in says."""
    own = [read_head(grid, edition, words) for grid, edition in forms]
    whole = reduce(lambda held, one: {**one.texts, **held}, own, dict[str, str]())
    return [replace(head, texts={**whole, **head.texts}) for head in own]


def read_head(grid: Grid, edition: Edition, words: Words) -> Head:
    """The fields above the figures: behind the colon of their name, or in the next cell of the row."""
    legal = [item.name_zh for item in edition.fields if item.part == "header"]
    named = {
        item.name_zh: _FIELDS[item.code] for item in edition.fields if item.part == "header" and item.code in _FIELDS
    }
    head = Head({}, {})
    for row, cells in enumerate(grid.rows[:_LOOK_DOWN], 1):
        for at, cell in enumerate(cells):
            name, found = _after(cell, named, words)
            if not name:
                continue
            key, place = named[name], at
            if not found:
                beside = [(one, shown(cells[one]).strip()) for one in range(at + 1, len(cells))]
                place, found = next(((one, text) for one, text in beside if text), (at + 1, ""))
                if _after(found, legal, words)[0]:
                    place, found = at + 1, ""
            if key not in head.places:
                texts = {**head.texts, key: found} if found else head.texts
                head = replace(head, texts=texts, places={**head.places, key: (row, column_letter(place))})
    return head


def _after(cell: Cell, names: Sequence[str] | Mapping[str, str], words: Words) -> tuple[str, str]:
    """The name a cell begins with before a colon, and what stands behind it."""
    text = shown(cell).strip()
    for name in names:
        rest = text.removeprefix(name)
        if rest != text and rest[:1] in (words["colon"], ":"):
            return name, rest[1:].strip()
    return "", ""


def period_written(text: str) -> Slot | None:
    """The period a form says it is of; None where that is none.

    >>> str(period_written("2025-03-01")), period_written("spring")
    ('2025-03', None)
    """
    try:
        return parse(text)
    except SlotError:
        return None
