"""The vocabulary of spreadsheets (headings, units, carriers, dates, totals) that parsers are given as data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

__all__ = ["Words", "fold", "is_total", "plain"]

_DROP = re.compile(r"[\s_*:\u00b7\u2022\u22c5\u200b-\u200f\u2060\ufeff]+")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20, 0x2009: 0x20, 0x202F: 0x20}
_WIDE |= {0x2212: 0x2D, 0x2013: 0x2D, 0xFFE5: 0xA5, 0x200B: None, 0xFEFF: None}  # type: ignore[dict-item]


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """A text as words are compared: compatibility forms unified, case, spaces and decoration dropped.

    >>> fold(" Unit\u3000Name： *"), fold("\u33a1"), fold("m\u00b3"), fold("kW·h")
    ('unitname', 'm2', 'm3', 'kwh')
    """
    return _DROP.sub("", unicodedata.normalize("NFKC", text).casefold())


def plain(text: str) -> str:
    """A text with full-width forms, odd spaces and odd minus signs made plain, and trimmed.

    >>> plain("\uff11\uff0c234\uff0e5\u3000"), plain("\u22125")
    ('1,234.5', '-5')
    """
    return text.translate(_WIDE).strip()


@dataclass(frozen=True)
class Words:
    """Folded word → meaning, by kind; built once from reference data with `Words.of`."""

    columns: Mapping[str, tuple[str, ...]]
    carriers: Mapping[str, str]
    measures: Mapping[str, str]
    units: Mapping[str, str]
    scales: Mapping[str, Decimal]
    blanks: frozenset[str]
    totals: frozenset[str]
    notes: tuple[str, ...]
    unit_prefixes: frozenset[str]
    required: frozenset[str]
    choices: Mapping[str, Mapping[str, str]]
    date_tokens: Mapping[str, str]
    date_pattern: re.Pattern[str]
    carrier_order: tuple[str, ...]
    unit_order: tuple[str, ...]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str]]) -> Words:
        """Build from (kind, key, word) rows.

        >>> words = Words.of([("unit", "10MWh", "万kWh"), ("column", "cost", "费用"), ("date", "month", "月")])
        >>> words.units["万kwh"], words.columns["费用"], words.date_tokens["月"]
        ('10MWh', ('cost',), 'M')
        """
        kinds: dict[str, list[tuple[str, str]]] = {}
        for kind, key, word in rows:
            kinds.setdefault(kind, []).append((key, word))
        folded = {kind: {fold(word): key for key, word in pairs} for kind, pairs in kinds.items()}
        tokens = _date_tokens(kinds)
        return cls(
            columns=_columns(kinds.get("column", ())),
            carriers=folded.get("carrier", {}),
            measures=folded.get("measure", {}),
            units=folded.get("unit", {}),
            scales={word: Decimal(key) for word, key in folded.get("scale", {}).items()},
            blanks=frozenset(plain(word).casefold() for _, word in kinds.get("blank", ())),
            totals=frozenset(folded.get("total_word", ())),
            notes=tuple(plain(word).casefold() for _, word in kinds.get("note_word", ())),
            unit_prefixes=frozenset(folded.get("unit_prefix", ())),
            required=frozenset(folded.get("required_word", ())),
            choices=folded,
            date_tokens=tokens,
            date_pattern=re.compile("|".join(re.escape(word) for word in _longest(tokens)) or r"(?!)"),
            carrier_order=_longest(folded.get("carrier", {})),
            unit_order=_longest(folded.get("unit", {})),
        )

    def is_blank_word(self, text: str) -> bool:
        """Whether a text means "nothing here" (a dash, N/A …).

        >>> Words.of([("blank", "", "-")]).is_blank_word(" - ")
        True
        """
        text = plain(text).casefold()
        return not text or text in self.blanks


def is_total(text: str, words: Words) -> bool:
    """Whether a text names a total: a total word alone, or one (not Latin) at the end of a longer name.

    >>> words = Words.of([("total_word", "", "合计"), ("total_word", "", "sum")])
    >>> is_total("合 计", words), is_total("教育系统合计", words), is_total("Museum", words)
    (True, True, False)
    """
    name = fold(text).rstrip(")").split("(")[0]
    return name in words.totals or any(not word.isascii() and name.endswith(word) for word in words.totals)


def _longest(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def _columns(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    columns: dict[str, tuple[str, ...]] = {}
    for key, word in pairs:
        name = fold(word)
        if key not in columns.get(name, ()):
            columns[name] = (*columns.get(name, ()), key)
    return columns


def _date_tokens(kinds: Mapping[str, list[tuple[str, str]]]) -> dict[str, str]:
    """Date words to one-letter marks: month names become `1M`, quarters `1Q`."""
    letters = {"year": "Y", "month": "M", "day": "D", "quarter": "Q", "half": "H", "span": "~", "whole": "W"}
    tokens = {fold(word): letters[key] for key, word in kinds.get("date", ())}
    tokens |= {fold(word): f"{key}M" for key, word in kinds.get("month", ())}
    tokens |= {fold(word): f"{key}Q" for key, word in kinds.get("quarter", ())}
    return tokens
