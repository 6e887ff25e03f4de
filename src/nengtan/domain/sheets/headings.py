"""One heading understood: which column it is, or which carrier, measure, unit and month its cells hold."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Set
from dataclasses import dataclass, replace

from .cells import Cell, shown
from .dates import parse_period, tokens
from .words import Words, fold, plain

__all__ = ["Heading", "read_group", "read_heading"]

_BRACKETS = re.compile(r"[(\[\u3010\u3014{]([^()\[\]\u3010\u3011\u3014\u3015{}]*)[)\]\u3011\u3015}]")
_MONTH_START = re.compile(r"(?:(?P<y>(?:19|20)[0-9]{2})(?:Y|[-/.]))?(?P<m>1[0-2]|0?[1-9])M[-/.]?(?P<rest>.*)")
_MONTH_END = re.compile(r"(?P<rest>.+?)[-/.]?(?:(?P<y>(?:19|20)[0-9]{2})(?:Y|[-/.]))?(?P<m>1[0-2]|0?[1-9])M")
_YEAR_START = re.compile(r"(?P<y>(?:19|20)[0-9]{2})Y(?P<rest>.+)")
MONEY = frozenset({"CNY", "10kCNY"})


@dataclass(frozen=True, slots=True)
class Heading:
    """What a heading says.

    `keys` are the column keys it may stand for (several when the word is ambiguous); otherwise carrier, measure
    (quantity or cost), unit, year and month say what the cells below hold.
    """

    keys: tuple[str, ...] = ()
    carrier: str | None = None
    measure: str | None = None
    unit: str | None = None
    year: int | None = None
    month: int | None = None

    @property
    def is_value(self) -> bool:
        """Whether cells below are figures of a carrier or of a month."""
        return not self.keys and (self.carrier is not None or self.month is not None)

    def __bool__(self) -> bool:
        """Whether anything was understood."""
        return bool(self.keys or self.carrier or self.measure or self.unit or self.month)


def read_heading(cell: Cell, words: Words, keys: Set[str]) -> Heading:
    """Understand one heading cell; `keys` are the column keys wanted in this kind of sheet.

    >>> words = Words.of([
    ...     ("column", "cost", "费用"), ("carrier", "electricity", "电"), ("measure", "quantity", "用量"),
    ...     ("unit", "10MWh", "万kWh"), ("date", "month", "月"), ("measure", "cost", "费")])
    >>> read_heading("用电量（万kWh）", words, {"cost"})
    Heading(keys=(), carrier='electricity', measure='quantity', unit='10MWh', year=None, month=None)
    >>> read_heading("1月电费", words, set()).month, read_heading("费用", words, {"cost"}).keys
    (1, ('cost',))
    """
    if isinstance(cell, dt.date):
        return Heading(year=cell.year, month=cell.month)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _number_heading(cell, words)
    if not isinstance(cell, str) or not (text := plain(cell)):
        return Heading()
    return _text_heading(text, words, keys)


def read_group(text: str, words: Words, keys: Set[str]) -> Heading:
    """Understand what stands above several columns, which may begin with their year.

    >>> words = Words.of([("carrier", "electricity", "电"), ("measure", "quantity", "用量"), ("unit", "kWh", "度"),
    ...                   ("date", "year", "年")])
    >>> read_group("2023年用电量(度)", words, set())
    Heading(keys=(), carrier='electricity', measure='quantity', unit='kWh', year=2023, month=None)
    """
    found = read_heading(text, words, keys)
    match = None if found else _YEAR_START.fullmatch(tokens(text, words))
    return replace(read_heading(match["rest"], words, keys), year=int(match["y"])) if match else found


def _number_heading(cell: float, words: Words) -> Heading:
    """A number as a heading: 202301, a date serial, or 1 … 12."""
    found = parse_period(cell, words, 1)
    if not isinstance(found, int):
        return Heading()
    return Heading(year=found // 100 if found >= 190000 else None, month=found % 100)


def _text_heading(text: str, words: Words, keys: Set[str]) -> Heading:
    if exact := _keys(text, words, keys):
        return Heading(keys=exact)
    base, unit = split_unit(text, words)
    if not fold(base):
        return Heading(unit=unit) if unit else Heading()
    if exact := _keys(base, words, keys):
        return Heading(keys=exact, unit=unit)
    for found in (_value(base, words), _monthly(base, words)):
        if found is not None:
            return _settle(replace(found, unit=found.unit or unit))
    return _settle(_trailing_unit(base, words, keys)) if unit is None else Heading()


def _settle(heading: Heading) -> Heading:
    """Money can only be a cost; a carrier with any other unit and no measure is a quantity."""
    if heading.measure is None and heading.unit:
        return replace(heading, measure="cost" if heading.unit in MONEY else "quantity")
    return heading


def _keys(text: str, words: Words, keys: Set[str]) -> tuple[str, ...]:
    return tuple(key for key in words.columns.get(fold(text), ()) if key in keys)


def split_unit(text: str, words: Words) -> tuple[str, str | None]:
    """A heading without its bracketed or slashed unit, and that unit's code.

    >>> words = Words.of([("unit", "10kCNY", "万元"), ("unit", "m3", "m³"), ("unit_prefix", "", "单位")])
    >>> split_unit("电费/万元", words), split_unit("用水量(单位：m³)", words), split_unit("用水量 m³", words)
    (('电费', '10kCNY'), ('用水量', 'm3'), ('用水量', 'm3'))
    """
    text, unit = plain(text), None
    for inside in _BRACKETS.findall(text):
        unit = unit or _unit(inside, words)
    base = _BRACKETS.sub("", text).strip()
    if unit is None:
        for separator in ("/", ",", "\u3001", "-", ":", " ", "\n"):
            left, found, right = base.rpartition(separator)
            if found and left.strip() and (unit := _unit(right, words)):
                base = left
                break
    return base.strip(" ,/-:\n"), unit


def _unit(text: str, words: Words) -> str | None:
    name = fold(text)
    for prefix in words.unit_prefixes:
        if name.startswith(prefix) and name[len(prefix) :] in words.units:
            return words.units[name[len(prefix) :]]
    return words.units.get(name)


def _value(text: str, words: Words) -> Heading | None:
    """Carrier and measure from one compound word; what is left beside the carrier must be a measure word or nothing."""
    name = fold(text).replace("-", "").replace("/", "")
    if name in words.carriers:
        return Heading(carrier=words.carriers[name])
    if name in words.measures:
        return Heading(measure=words.measures[name])
    for carrier in words.carrier_order:
        at = name.find(carrier)
        if at < 0:
            continue
        measure = words.measures.get(name[:at] + name[at + len(carrier) :])
        if measure:
            return Heading(carrier=words.carriers[carrier], measure=measure)
    return None


def _monthly(text: str, words: Words) -> Heading | None:
    """A month, alone or before or after a carrier and measure."""
    period = parse_period(text, words, 1)
    if isinstance(period, int):
        return Heading(year=period // 100 if period >= 190000 else None, month=period % 100)
    marked = tokens(text, words)
    for pattern in (_MONTH_START, _MONTH_END):
        match = pattern.fullmatch(marked)
        rest = match["rest"].strip("-/,. ") if match else ""
        if match and rest:
            unit = _unit(rest, words)
            found = Heading(unit=unit) if unit else _value(rest, words)
            if found is not None:
                return replace(found, month=int(match["m"]), year=int(match["y"]) if match["y"] else None)
    return None


def _trailing_unit(text: str, words: Words, keys: Set[str]) -> Heading:
    """A unit glued to the end of a heading, as in `用电量kWh`."""
    name = fold(text)
    for spelling in words.unit_order:
        if name.endswith(spelling) and len(name) > len(spelling):
            base = name[: -len(spelling)]
            if exact := _keys(base, words, keys):
                return Heading(keys=exact, unit=words.units[spelling])
            if (found := _value(base, words) or _monthly(base, words)) is not None:
                return replace(found, unit=words.units[spelling])
    return Heading()


def describe(cell: Cell) -> str:
    """A heading as one line of text.

    >>> describe(" Use\\n(kWh) ")
    'Use (kWh)'
    """
    return " ".join(shown(cell).split())
