"""Numbers as people type them: full-width digits, 1,234.5, ¥, a unit inside the cell, brackets for negative."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from .cells import BadCell, Cell, shown
from .problems import Fault
from .words import Words, fold, plain

__all__ = ["Parsed", "as_kept", "from_float", "parse_number"]

_NUMBER = re.compile(r"(?P<head>[^0-9.+\-]*)(?P<sign>[+-]?)(?P<mid>[^0-9.+\-]*)(?P<digits>[0-9.][0-9.,' ]*)"
                     r"(?:[eE](?P<exp>[+-]?[0-9]{1,3}))?(?P<tail>.*)", re.DOTALL)  # fmt: skip
_GROUPED = re.compile(r"[0-9]{1,3}(?:[, '][0-9]{3})+(?:\.[0-9]*)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_ERRORS = ("#ref!", "#n/a", "#value!", "#div/0!", "#name?", "#null!", "#num!", "#spill!", "#calc!", "#getting_data")
_EXPONENT_LIMIT = 30
_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Parsed:
    """A number read from a cell: value (None = blank), the unit written beside it, and how it was understood.

    Notes: scaled (a 万 or 亿 was multiplied in), unit_in_cell, percent, brackets_negative.
    """

    value: Decimal | None
    unit: str | None = None
    notes: tuple[str, ...] = ()


def from_float(value: float) -> Decimal:
    """The decimal a spreadsheet shows for its binary number (15 significant digits, as spreadsheets keep).

    >>> from_float(0.1 + 0.2), from_float(1234.5), from_float(1e21)
    (Decimal('0.3'), Decimal('1234.5'), Decimal('1E+21'))
    """
    text = repr(value)
    if len(text) > 16:
        text = format(value, ".15g")
    return Decimal(text[:-2] if text.endswith(".0") else text)


def as_kept(value: Decimal) -> Decimal:
    """A value as it comes back out of a spreadsheet, which keeps fifteen digits of it.

    >>> as_kept(Decimal("123456789012.123456")), as_kept(Decimal("1.50"))
    (Decimal('123456789012.123'), Decimal('1.50'))
    """
    return from_float(float(format(value, ".15g"))) if len(value.as_tuple().digits) > _DIGITS else value


def parse_number(cell: Cell, words: Words) -> Parsed | Fault:
    """Read one cell as a number.

    >>> words = Words.of([("scale", "10000", "万"), ("unit", "10MWh", "万kWh"), ("unit", "CNY", "元"),
    ...                   ("blank", "", "—")])
    >>> parse_number("\uff11\uff0c234.50 元", words)
    Parsed(value=Decimal('1234.50'), unit='CNY', notes=('unit_in_cell',))
    >>> parse_number("3.5万kWh", words).unit, parse_number("3.5万", words).value, parse_number("—", words).value
    ('10MWh', Decimal('35000.0'), None)
    >>> parse_number("(12)", words).value, parse_number("about 12", words).code
    (Decimal('-12'), 'not_a_number')
    """
    if cell is None or cell == "":
        return Parsed(None)
    if isinstance(cell, str):
        return _from_text(cell, words)
    if isinstance(cell, bool):
        return Fault("boolean_not_number", shown(cell))
    if isinstance(cell, int):
        return Parsed(Decimal(cell))
    if isinstance(cell, float):
        return Parsed(from_float(cell)) if math.isfinite(cell) else Fault("not_a_number", str(cell))
    if isinstance(cell, BadCell):
        return cell.fault()
    return Fault("date_not_number", shown(cell))


def _from_text(cell: str, words: Words) -> Parsed | Fault:
    text = plain(cell).lstrip("'")
    if words.is_blank_word(text):
        return Parsed(None)
    if text.startswith("="):
        return Fault("formula_text", shown(cell))
    if text.casefold() in _ERRORS:
        return Fault("error_cell", shown(cell))
    notes: list[str] = []
    if text.startswith("(") and text.endswith(")"):
        text, notes = "-" + text[1:-1].strip(), ["brackets_negative"]
    elif text.endswith("-") and text[:1].isdigit():
        text = "-" + text[:-1]
    match = _NUMBER.fullmatch(text)
    if match is None:
        return Fault("not_a_number", shown(cell))
    digits = match["digits"].strip()
    if not _GROUPED.fullmatch(digits):
        return Fault("unclear_separators" if "," in digits or "." in digits else "not_a_number", shown(cell))
    value = Decimal(re.sub(r"[, ']", "", digits))
    if match["exp"]:
        value = value.scaleb(int(match["exp"]))
    if value and abs(value.adjusted()) > _EXPONENT_LIMIT:
        return Fault("not_a_number", shown(cell))
    if match["sign"] == "-":
        value = -value
    return _with_unit(cell, value, match["head"] + match["mid"], match["tail"], words, notes)


def _with_unit(cell: str, value: Decimal, head: str, tail: str, words: Words, notes: list[str]) -> Parsed | Fault:
    """Join a number with the currency sign before it and the unit or scale after it."""
    before, after = fold(head), fold(tail)
    if after == "%" and not before:
        return Parsed(value / 100, None, (*notes, "percent"))
    unit: str | None = None
    if before:
        if (unit := words.units.get(before)) is None:
            return Fault("not_a_number", shown(cell))
        notes.append("unit_in_cell")
    if after and (known := words.units.get(after)) is not None:
        if unit not in (None, known) and {unit, known} != {"CNY", "10kCNY"}:
            return Fault("unknown_unit_in_cell", shown(cell), tuple(words.units))
        unit, notes = known, list(dict.fromkeys([*notes, "unit_in_cell"]))
        return Parsed(value, unit, tuple(notes))
    if after:
        scale = next((word for word in sorted(words.scales, key=len, reverse=True) if after.startswith(word)), None)
        rest = after[len(scale):] if scale else after  # fmt: skip
        if rest and (words.units.get(rest) is None or not scale):
            return Fault("unknown_unit_in_cell", shown(cell), (), {"unit": tail.strip()})
        if scale:
            value, unit = value * words.scales[scale], words.units.get(rest) or unit
            notes += ["scaled", "unit_in_cell"] if rest else ["scaled"]
    return Parsed(value, unit, tuple(dict.fromkeys(notes)))
