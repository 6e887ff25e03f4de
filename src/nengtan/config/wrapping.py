"""Help wrapped by the columns it takes on a screen: Chinese characters take two and have no spaces to break at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len

__all__ = ["wrap_text"]

_CLOSING = ("Pe", "Pf", "Po")
_OPENING = ("Ps", "Pi")


def wrap_text(
    text: str, width: int = 78, initial_indent: str = "", subsequent_indent: str = "", preserve_paragraphs: bool = False
) -> str:
    """In place of click's function of this name, with its arguments; paragraphs end at an empty line.

    >>> print(wrap_text("one two three", 9, "- ", "  "))
    - one two
      three
    """
    parts = re.split(r"\n\s*\n", text) if preserve_paragraphs else [text]
    return "\n\n".join(_filled(part, width, initial_indent, subsequent_indent) for part in parts)


def _filled(text: str, width: int, first: str, rest: str) -> str:
    lines, line, used = [], "", cell_len(first)
    for unit in _units(re.sub(r"\s*\n\s*", " ", text.strip())):
        size = cell_len(unit)
        if line.strip() and used + cell_len(unit.rstrip()) > width:
            lines.append(line.rstrip())
            unit, line, used = unit.lstrip(), "", cell_len(rest)
            size = cell_len(unit)
        line, used = line + unit, used + size
    lines.append(line.rstrip())
    return "\n".join((rest if at else first) + line for at, line in enumerate(lines))


def _units(text: str) -> Iterator[str]:
    """What may not be broken: words, and wide characters one by one, with the punctuation that clings to them."""
    unit = ""
    for sign in text:
        if unit and _breaks(unit[-1], sign):
            yield unit
            unit = ""
        unit += sign
    if unit:
        yield unit


def _breaks(before: str, sign: str) -> bool:
    if before == " ":
        return True
    if sign == " " or not (_is_wide(before) or _is_wide(sign)):
        return False
    return unicodedata.category(before) not in _OPENING and unicodedata.category(sign) not in _CLOSING


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"
