"""What the API of every room is made of: lists a page at a time, and the form errors are answered in."""

from __future__ import annotations

from typing import Any

from ninja import Field, Schema

from nengtan.identity.paging import Key, Line, Listed, Paging, ReadOnly, Sent, paged

__all__ = ["Fault", "Key", "Line", "Listed", "Paging", "Problem", "ReadOnly", "Sent", "SheetOut", "SkippedOut", "paged"]

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


class ColumnOut(Schema):
    """A column of a sent sheet that was understood."""

    column: str = Field(description="its letter")
    heading: str
    key: str = Field(description="what it holds, as a stable name; empty for a figure without one")
    taken_for: str = Field(description="the same in words")


class UnreadOut(Schema):
    """A column of a sent sheet that was left out."""

    column: str = Field(description="its letter")
    heading: str


class SheetOut(Schema):
    """How a sheet of a sent file was understood."""

    sheet: str
    kind: str = Field(description="what it was read as, as a stable name")
    read_as: str = Field(description="the same in words")
    header_row: int = Field(description="the last row of headings")
    rows: int = Field(description="rows of data")
    from_title: str = Field(description="what no column says and the lines above the headings do, in words")
    columns: list[ColumnOut]
    unread: list[UnreadOut]


class SkippedOut(Schema):
    """A row of a sent file that was left out on purpose."""

    sheet: str
    row: int
    code: str = Field(description="why, as a stable name")
    why: str
    text: str = Field(description="what its first filled cell says")
