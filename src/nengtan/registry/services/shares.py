"""Parts of a building that bodies hold for a time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple


class Part(NamedTuple):
    """A share of a building, from a day to another, both included; without the other until further notice."""

    body: Hashable
    since: date
    until: date | None
    share: Decimal


def most_held(parts: Sequence[Part], since: date, until: date | None) -> Decimal:
    """The most that is held at once between two days; a later part of a body takes the place of its earlier one."""
    changes = {part.since for part in parts if since <= part.since and (until is None or part.since <= until)}
    return max(_held_on(parts, day) for day in {since, *changes})


def _held_on(parts: Sequence[Part], day: date) -> Decimal:
    begun = sorted((part for part in parts if part.since <= day), key=lambda part: part.since)
    latest = {part.body: part for part in begun if part.until is None or part.until >= day}
    return sum((part.share for part in latest.values()), Decimal(0))
