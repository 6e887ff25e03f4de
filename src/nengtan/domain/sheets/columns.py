"""A whole column of cells read at once: each distinct value is understood once, then looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

from .cells import BadCell, Cell, shown
from .dates import parse_period, parse_year
from .numbers import Parsed, from_float, parse_number
from .problems import Fault
from .words import Words, fold, plain

__all__ = ["convert", "number_reader", "period_reader", "text_reader", "word_reader", "year_reader"]

T = TypeVar("T")
_DIGITS_KEPT = 1e15
_ESCAPED = ("=", "+", "-", "@")


class _Memo(dict[Cell, T]):
    """A dictionary that works a missing answer out."""

    def __init__(self, read: Callable[[Cell], T]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, cell: Cell) -> T:
        """Read the cell and remember the answer."""
        answer = self[cell] = self.read(cell)
        return answer


def convert(cells: Sequence[Cell], read: Callable[[Cell], T]) -> list[T]:
    """Read each cell of a column; True and 1 stay apart though Python holds them equal.

    >>> convert([1, True, "x"], shown)
    ['1', 'TRUE', 'x']
    """
    if bool in set(map(type, cells)):
        cells = [BadCell("boolean_not_number", shown(cell)) if isinstance(cell, bool) else cell for cell in cells]
    return list(map(_Memo(read).__getitem__, cells))


def number_reader(words: Words) -> Callable[[Cell], Decimal | Parsed | Fault | None]:
    """Reads plain numbers as Decimal, blanks as None, and numbers with a unit or a note as Parsed.

    >>> number_reader(Words.of([]))(1.5)
    Decimal('1.5')
    """

    def read(cell: Cell) -> Decimal | Parsed | Fault | None:
        if type(cell) is float and cell - cell == 0:
            return from_float(cell)
        found = parse_number(cell, words)
        return found.value if isinstance(found, Parsed) and not found.notes else found

    return read


def text_reader(words: Words) -> Callable[[Cell], str | Fault | None]:
    """Reads codes, names and remarks; numbers lose their `.0`, and those too long to be exact are refused.

    >>> read = text_reader(Words.of([("blank", "", "-")]))
    >>> read(42.0), read(" a b "), read("-"), read(1.2345678901234568e17).code
    ('42', 'a b', None, 'digits_lost')
    """

    def read(cell: Cell) -> str | Fault | None:
        if isinstance(cell, str):
            text = plain(cell) if not cell.isascii() else cell.strip()
            if text[:1] == "'" and text[1:2] in _ESCAPED:
                text = text[1:]  # the apostrophe only kept a program from running the text as a formula
            return None if words.is_blank_word(text) else text
        if isinstance(cell, BadCell):
            return Fault(cell.kind, cell.text) if cell.kind != "boolean_not_number" else cell.text
        if isinstance(cell, (int, float)) and abs(cell) >= _DIGITS_KEPT:
            return Fault("digits_lost", f"{cell:.0f}")
        return shown(cell) or None

    return read


def word_reader(
    choices: Iterable[tuple[str, str]], code: str, words: Words, labels: tuple[str, ...] = ()
) -> Callable[[Cell], str | Fault | None]:
    """Reads a word from a vocabulary of (folded word, meaning), with `code` for a word it does not hold.

    >>> read = word_reader([("kwh", "kWh")], "unknown_unit", Words.of([]))
    >>> read("KWH"), read("x").code, read("")
    ('kWh', 'unknown_unit', None)
    """
    meanings = dict(choices)
    allowed = labels or tuple(dict.fromkeys(meanings.values()))

    def read(cell: Cell) -> str | Fault | None:
        if isinstance(cell, BadCell) and cell.kind != "boolean_not_number":
            return cell.fault()
        text = shown(cell)
        if (found := meanings.get(fold(text))) is not None:
            return found
        return None if words.is_blank_word(text) else Fault(code, text, allowed)

    return read


def period_reader(words: Words, year: int | None) -> Callable[[Cell], int | Fault | None]:
    """Reads months, bare ones in `year`.

    >>> period_reader(Words.of([]), 2023)(3)
    202303
    """
    return lambda cell: parse_period(cell, words, year)


def year_reader(words: Words) -> Callable[[Cell], int | Fault | None]:
    """Reads years.

    >>> year_reader(Words.of([]))("2023")
    2023
    """
    return lambda cell: parse_year(cell, words)
