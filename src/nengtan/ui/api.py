"""What the API of every room is made of: lists a page at a time, and the form errors are answered in."""

from __future__ import annotations

from typing import Any

from ninja import Field, Schema

from nengtan.identity.paging import Key, Line, Listed, Paging, paged

__all__ = ["Fault", "Key", "Line", "Listed", "Paging", "Problem", "paged"]

PROBLEM_TYPE = "application/problem+json"
"""Media type of errors (RFC 9457)."""


class Fault(Schema):
    """One thing wrong with a request."""

    location: str = Field(description="where: body, query, path, header, or empty")
    field: str = Field(description="name of the field, dots between levels; empty: the whole")
    message: str
    found: Any = Field(default=None, description="what was sent, where it is short")


class Problem(Schema):
    """Why a request was not done (RFC 9457)."""

    type: str = Field(description="stable name of the kind of problem")
    title: str
    status: int
    detail: str = ""
    errors: list[Fault] = Field(default_factory=list)
