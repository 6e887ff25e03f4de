"""Text on its way into a file that a spreadsheet opens."""

from __future__ import annotations

from typing import Any

from nengtan.domain.text import without_unclean

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def safe_text(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it; everything else as it is.

    A character no file can hold becomes a mark: one bad record must not keep all others from leaving.

    >>> safe_text("=1+1"), safe_text("-"), safe_text("school"), safe_text(-5), safe_text("a\\x01") == "a\\ufffd"
    ("'=1+1", '-', 'school', -5, True)
    """
    if not isinstance(value, str):
        return value
    text = without_unclean(value)
    return f"'{text}" if len(text) > 1 and text.startswith(FORMULA_STARTS) else text
