"""The words of spreadsheets: `data/sheet_words.csv` (kind, key, word) as `nengtan.domain.sheets.words.Words`."""

from __future__ import annotations

from functools import cache

from nengtan.domain.sheets.words import Words
from nengtan.reference._rows import rows

__all__ = ["KINDS", "sheet_words", "word_rows"]

KINDS = frozenset(
    (
        "column", "measure", "carrier", "unit", "scale", "blank", "total_word", "note_word", "unit_prefix",
        "required_word", "origin", "boolean", "date", "month", "quarter", "occupancy", "utility_account", "allocation",
        "kind", "reports_to", "asset_kind", "column_number", "since", "ordinal", "entity", "sheet", "event_kind",
        "clock", "reading_column", "item", "system", "carbon_column", "carbon_kind",
    )
)  # fmt: skip


def word_rows() -> list[tuple[str, str, str]]:
    """Every (kind, key, word) of the file, checked.

    >>> ("unit", "MWh", "MWh") in word_rows()
    True
    """
    return [
        (row.one_of("kind", sorted(KINDS)), row.optional("key"), row.text("word")) for row in rows("sheet_words.csv")
    ]


@cache
def sheet_words() -> Words:
    """The vocabulary, read once.

    >>> sheet_words().units["kwh"]
    'kWh'
    """
    return Words.of(word_rows())
