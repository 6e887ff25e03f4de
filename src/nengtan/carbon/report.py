"""What every carbon report is made of: a title, a finding, remarks and tables, read alike on page and in files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from nengtan.ui.formats import DASH, exact, fixed

__all__ = ["Block", "Figure", "Head", "Report", "Row", "Value", "cell_text"]

Value = str | Decimal | None
Figure = Mapping[str, str]
"""A figure of the books that can be opened: its ``measure`` and what cuts it down, as addresses of lineage name it."""


@dataclass(frozen=True)
class Head:
    """A column: what stands above it, whether it holds numbers and with how many decimals (None: every digit)."""

    title: str
    numeric: bool = False
    decimals: int | None = None
    width: int = 20


@dataclass(frozen=True)
class Row:
    """A line; ``figures`` says which cells can be opened down to their evidence."""

    cells: tuple[Value, ...]
    figures: Mapping[int, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """One table of the report."""

    code: str
    title: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """T6 Result."""
        return f"{self.code} {self.title}".strip()


def cell_text(value: Value, head: Head) -> str:
    """A cell as it is read."""
    if value is None:
        return DASH
    if isinstance(value, str):
        return value
    return exact(value) if head.decimals is None else fixed(value, head.decimals)


@dataclass(frozen=True)
class Report:
    """A report as it is read: the finding in one sentence, what a reader has to know, tables in order."""

    title: str
    headline: str
    remarks: tuple[str, ...]
    blocks: tuple[Block, ...]
