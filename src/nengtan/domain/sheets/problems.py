"""What is wrong with a cell, a row or a file, as a code with parameters; rooms put it into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Fault", "Param", "Problem", "Severity", "Skipped"]

Param = str | int
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one cell cannot be taken: what was found and what is allowed there.

    >>> Fault("percent_not_allowed", "12%").code
    'percent_not_allowed'
    """

    code: str
    found: str = ""
    allowed: tuple[str, ...] = ()
    params: Mapping[str, Param] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault with its place: sheet row (1 = first line of the sheet), column key, heading and letter.

    `severity` is "error" (the row is not taken), "warning" (taken, somebody should look) or "note" (how the cell was
    understood). `row` 0 means the whole sheet, `letter` "" the whole row.

    >>> Problem(5, "quantity", "Usage", "D", "negative_quantity", "-3").place
    'D5'
    """

    row: int
    column: str
    label: str
    letter: str
    code: str
    found: str = ""
    allowed: tuple[str, ...] = ()
    params: Mapping[str, Param] = field(default_factory=dict, hash=False)
    severity: Severity = "error"
    sheet: str = ""

    @property
    def place(self) -> str:
        """The spreadsheet address, as `D5`, or "" for the whole sheet."""
        return f"{self.letter}{self.row}" if self.row else self.letter


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row left out on purpose: reason blank, total, note, repeated_header, group or no_values.

    >>> Skipped(17, "total", "Total").reason
    'total'
    """

    row: int
    reason: str
    text: str = ""
