"""Text that can be kept: what XML, and so every spreadsheet and document, has no way to write is none."""

from __future__ import annotations

import re

__all__ = ["unclean", "without_unclean"]

_UNCLEAN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters but tab and line ends, halves of surrogate pairs, and the two that are no characters (XML 1.0)."""


def unclean(text: str) -> str:
    r"""The first character of a text that cannot be kept; "" if all can.

    >>> unclean("a\tb\n"), unclean("a\x0bb"), unclean("\ud800") == "\ud800"
    ('', '\x0b', True)
    """
    if text.isprintable():
        return ""
    found = _UNCLEAN.search(text)
    return found.group() if found else ""


def without_unclean(text: str) -> str:
    r"""The text with a mark (U+FFFD) in the place of every character that cannot be kept.

    >>> without_unclean("a\x01b") == "a\ufffdb"
    True
    """
    return text if text.isprintable() else _UNCLEAN.sub("\ufffd", text)
