"""What a workbook says of itself (标识): which returns it was drawn from, and how each cell stood then.

With it a file that comes back tells what its sender changed from what others changed meanwhile. The sheet carries a
checksum, so that a seal somebody wrote into is told from one that only travelled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from nengtan.domain.returns.forms.page import Cell as CellName
from nengtan.domain.returns.slots import Slot, SlotError, parse
from nengtan.domain.sheets.cells import Cell, Grid, shown

__all__ = [
    "Blank",
    "Seal",
    "SealBroken",
    "Tag",
    "blank_tag",
    "is_seal",
    "read_blank",
    "read_seals",
    "read_tag",
    "seal_rows",
    "tag_of",
]

_MAGIC, _VERSION = "nengtan-returns", "1"
_CHUNK = 30_000
"""Characters in one cell; a spreadsheet holds 32 767."""

_TAG = re.compile(r"nengtan/(.+)/(\d{4}-(?:\d\d|Q[1-4]))/(\w+)/(\d+)")
_BLANK = re.compile(r"nengtan/blank/(\w+)/(\d+)")
_TAG_ROWS, _TAG_COLUMNS = 400, 3


class SealBroken(ValueError):
    """The sheet that says what the workbook is was changed by hand, or cut off."""


@dataclass(frozen=True)
class Seal:
    """One return as it stood when the workbook was drawn: of each cell its version and value."""

    institution: str
    period: Slot
    edition: str
    version: int
    cells: Mapping[CellName, tuple[int, Decimal | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blank:
    """What an empty form is: of which edition, which form; ``row`` is where it says so."""

    edition: str
    form: int
    row: int = 0


@dataclass(frozen=True, slots=True)
class Tag:
    """What one sheet is: whose, of which period and edition, which form; ``row`` is where it says so."""

    institution: str
    period: Slot
    edition: str
    form: int
    row: int = 0


def tag_of(institution: str, period: Slot, edition: str, form: int) -> str:
    """The tag of a sheet, as printed below it.

    >>> from nengtan.domain.returns.slots import quarter
    >>> tag_of("420106-S1", quarter(2023, 1), "2022", 2)
    'nengtan/420106-S1/2023-Q1/2022/2'
    """
    return f"nengtan/{institution}/{period}/{edition}/{form}"


def read_tag(grid: Grid) -> Tag | None:
    """The tag of a sheet, wherever rows were put in or taken out; None where it has none.

    >>> read_tag(Grid("a", [["x"], ["id: nengtan/a/b/2023-00/2022/4"]])).institution
    'a/b'
    """
    for row, cells in enumerate(grid.rows[:_TAG_ROWS], 1):
        for cell in cells[:_TAG_COLUMNS]:
            found = _TAG.search(cell) if isinstance(cell, str) else None
            if found:
                try:
                    return Tag(found[1], parse(found[2]), found[3], int(found[4]), row)
                except SlotError:
                    return None
    return None


def blank_tag(edition: str, form: int) -> str:
    """The tag of a form nobody's name is on yet.

    >>> blank_tag("2022", 2)
    'nengtan/blank/2022/2'
    """
    return f"nengtan/blank/{edition}/{form}"


def read_blank(grid: Grid) -> Blank | None:
    """What an empty form says of itself; None where the sheet is none.

    >>> read_blank(Grid("a", [["x"], ["id: nengtan/blank/2022/4"]]))
    Blank(edition='2022', form=4, row=2)
    """
    for row, cells in enumerate(grid.rows[:_TAG_ROWS], 1):
        for cell in cells[:_TAG_COLUMNS]:
            found = _BLANK.search(cell) if isinstance(cell, str) else None
            if found:
                return Blank(found[1], int(found[2]), row)
    return None


def seal_rows(seals: Iterable[Seal]) -> list[list[str]]:
    """The rows of the sheet that seals a workbook.

    >>> from nengtan.domain.returns.slots import annual
    >>> cells = {("", "elec_qty"): (2, Decimal("1.50")), ("01", "room_elec"): (1, None)}
    >>> held = Seal("a", annual(2023), "2022", 3, cells)
    >>> read_seals(Grid("seal", seal_rows([held]))) == [held]
    True
    """
    rows = []
    for seal in seals:
        text = _cells(seal.cells)
        chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
        rows.append([seal.institution, str(seal.period), seal.edition, str(seal.version), *chunks])
    return [[_MAGIC, _VERSION, _checksum(rows)], *rows]


def is_seal(grid: Grid) -> bool:
    """Whether a sheet is one that seals a workbook."""
    return bool(grid.rows and grid.rows[0]) and shown(grid.rows[0][0]) == _MAGIC


def read_seals(grid: Grid) -> list[Seal]:
    """What the workbook was drawn from.

    Raises:
        SealBroken: the sheet is not as it was written.
    """
    head, *body = [[_text(cell) for cell in row] for row in grid.rows]
    rows = [_trimmed(row) for row in body if any(row)]
    if head[1:2] != [_VERSION] or head[2:3] != [_checksum(rows)]:
        raise SealBroken
    return [_seal(row) for row in rows]


def _text(cell: Cell) -> str:
    """A cell of the seal as it was written; programs may have made numbers of digits."""
    return cell if isinstance(cell, str) else shown(cell)


def _trimmed(row: Sequence[str]) -> list[str]:
    held = list(row)
    while held and not held[-1]:
        held.pop()
    return held


def _checksum(rows: Sequence[Sequence[str]]) -> str:
    return hashlib.sha256("\n".join("\t".join(row) for row in rows).encode()).hexdigest()


def _cells(cells: Mapping[CellName, tuple[int, Decimal | None]]) -> str:
    told = {
        f"{record}.{indicator}": [version, None if value is None else f"{value.normalize():f}"]
        for (record, indicator), (version, value) in sorted(cells.items())
    }
    return json.dumps(told, separators=(",", ":"))


def _seal(row: Sequence[str]) -> Seal:
    try:
        institution, period, edition, version, *chunks = row
        told = json.loads("".join(chunks))
        cells = {
            (name.rpartition(".")[0], name.rpartition(".")[2]): (int(seen), None if value is None else Decimal(value))
            for name, (seen, value) in told.items()
        }
        return Seal(institution, parse(period), edition, int(version), cells)
    except (ValueError, ArithmeticError, AttributeError) as error:
        raise SealBroken from error
