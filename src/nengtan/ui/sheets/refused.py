"""The refusal of a whole file, and the limits a file is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Limits", "Refused"]

_MB = 2**20


class Refused(ValueError):
    """A file that is not taken: a code, what was found and what is allowed; `wording.refusal` says it in words."""

    def __init__(
        self, code: str, found: str = "", allowed: str = "", params: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(f"{code}: found {found!r}, allowed {allowed!r}")
        self.code, self.found, self.allowed = code, found, allowed
        self.params: Mapping[str, str | int] = params or {}


@dataclass(frozen=True)
class Limits:
    """How large a file may be: bytes as sent, bytes unpacked, packing ratio, parts, rows, columns, cells.

    The ratio is only looked at once a file unpacks to more than `ratio_from` bytes.
    """

    max_bytes: int = 50 * _MB
    max_unpacked: int = 600 * _MB
    max_ratio: int = 250
    ratio_from: int = 20 * _MB
    max_parts: int = 5_000
    max_rows: int = 250_000
    max_columns: int = 500
    max_cells: int = 5_000_000
    max_merges: int = 100_000
