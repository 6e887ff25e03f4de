"""Lists of the API, a page at a time; the one form all rooms answer in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import QuerySet
from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

__all__ = ["Key", "Line", "Listed", "Paging", "ReadOnly", "Sent", "paged"]

Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$", max_length=400)]
"""A line of text as a database keeps it: no NUL."""

Key = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""The key of a record."""

Item = TypeVar("Item")


ReadOnly = Annotated[Any, Field(exclude=True, description="as GET tells it; nothing is changed by it")]
"""A field of an answer that its PUT takes and leaves alone, so that what was read can be sent back."""


class Sent(Schema):
    """What a request brings: a field that is none is refused rather than dropped."""

    model_config = ConfigDict(extra="forbid")


class Paging(Schema):
    """Which page of a list."""

    page: int = Field(1, ge=1, le=1_000_000, description="page, from 1")
    page_size: int = Field(50, ge=1, le=500, description="items a page")


class Listed(Schema, Generic[Item]):
    """One page of a list; ``count`` is of the whole."""

    count: int
    page: int
    page_size: int
    items: list[Item]


def paged(rows: QuerySet[Any] | Sequence[Any], paging: Paging) -> dict[str, Any]:
    """The page asked for; empty beyond the last."""
    start = (paging.page - 1) * paging.page_size
    count = rows.count() if isinstance(rows, QuerySet) else len(rows)
    items = list(rows[start : start + paging.page_size])
    return {"count": count, "page": paging.page, "page_size": paging.page_size, "items": items}
