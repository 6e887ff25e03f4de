"""Units as people state them, in a heading, in the column of units or beside a figure, against the unit of the line."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from nengtan.domain.returns.scheme import Indicator
from nengtan.domain.sheets import words as vocabulary
from nengtan.domain.sheets.cells import Cell, shown
from nengtan.domain.sheets.numbers import parse_number
from nengtan.domain.sheets.problems import Fault

__all__ = ["Convert", "number", "other_unit"]

Convert = Callable[[Decimal, str, Indicator], Decimal | None]
"""A value, the unit written beside it, the line: the value in the unit of the line, None where none leads there."""


def other_unit(stated: str, line: Indicator, words: vocabulary.Words) -> str:
    """The unit stated where it is not that of the line: its code, or the text where nobody knows it; else ""."""
    told = vocabulary.fold(stated)
    if told in ("", vocabulary.fold(line.unit), vocabulary.fold(line.unit_zh)):
        return ""
    unit = words.units.get(told, stated.strip())
    return "" if unit == line.unit else unit


def number(
    cell: Cell, line: Indicator, words: vocabulary.Words, convert: Convert, stated: str = ""
) -> Decimal | Fault | None:
    """A figure as people type it, in the unit of the line; ``stated`` is the unit its heading or row gives.

    A unit written beside the figure itself goes before that of the heading.
    """
    parsed = parse_number(cell, words)
    if isinstance(parsed, Fault) or parsed.value is None:
        return parsed if isinstance(parsed, Fault) else None
    if "percent" in parsed.notes:
        return Fault("percent_not_allowed", shown(cell))
    unit = parsed.unit or other_unit(stated, line, words)
    if unit in ("", line.unit):
        return parsed.value
    value = convert(parsed.value, unit, line)
    return Fault("unit_not_allowed", unit, (line.unit,)) if value is None else value
