"""Sums of approved returns, kept until one of the returns they were made from changes.

A province adds up millions of cells for one page; what it approved yesterday is the same today. Kept are the sums of
each part of a region by themselves (a district, a system), so that an approval has only its own part added up again.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import connection

__all__ = ["LEAST", "Marks", "kept", "kept_rows"]

T = TypeVar("T")

LEAST = 5000
"""So many approved returns are added up at once; the sums of more are kept."""

DAY = 86_400

Marks = Mapping[Hashable, Sequence[tuple[Any, ...]]]
"""What tells whether the returns of a part are still the same: how many, their ids and versions, added up."""

Row = tuple[Any, ...]


def kept_rows(question: str, marks: Marks, ask: Callable[[Sequence[Hashable]], Iterable[Row]]) -> list[Row]:
    """The rows of ``question``, of every part of ``marks``; ``ask`` answers for the parts that changed since.

    The first column of a row says of which part it is.
    """
    keys = {part: _key(question, {part: held}) for part, held in marks.items()}
    found: dict[str, list[Row]] = cache.get_many(keys.values())
    missing = [part for part, key in keys.items() if key not in found]
    if missing:
        fresh: dict[Hashable, list[Row]] = defaultdict(list)
        for row in ask(missing):
            fresh[row[0]].append(row)
        made = {keys[part]: fresh[part] for part in missing}
        cache.set_many(made, DAY)
        found |= made
    return [row for key in keys.values() for row in found[key]]


def kept(question: str, marks: Marks, make: Callable[[], T]) -> T:
    """What ``make`` makes of all the parts of ``marks`` together, made again when one of them changed."""
    key = _key(question, marks)
    found: T | None = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, DAY)
    return found


def _key(question: str, marks: Marks) -> str:
    told = sorted((repr(part), sorted(held)) for part, held in marks.items())
    text = f"{connection.settings_dict['NAME']} {question} {told}"
    return f"reporting.sums.{hashlib.sha256(text.encode()).hexdigest()}"
