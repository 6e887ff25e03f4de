"""A sheet with a row for each return, or for each room, read for storing: every figure with its place in the sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches

from nengtan.domain.returns.forms.reading import range_fault, room_code
from nengtan.domain.returns.scheme import ROOM_CODE, Edition, Indicator, Records
from nengtan.domain.returns.sheet import COLUMNS, Headings, heading_row, is_aside, is_sum, refused_units, stated_units
from nengtan.domain.returns.slots import Slot, SlotError, parse
from nengtan.domain.returns.stated import Convert, number, other_unit
from nengtan.domain.sheets import words as vocabulary
from nengtan.domain.sheets.cells import Cell, Grid, column_letter, is_blank, shown
from nengtan.domain.sheets.problems import Fault, Problem

__all__ = ["Row", "RowsRead", "read_rows", "unknown_headings", "years_of"]


@dataclass(slots=True)
class Row:
    """A return, or a room of one, as a row gives it; ``values`` and ``faults`` by indicator."""

    row: int
    code: str
    credit_code: str
    name: str
    period: Slot
    record: str
    values: dict[str, Decimal | None] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)


@dataclass
class RowsRead:
    """The rows of one sheet, the letter of each column, and what is wrong with rows that name nothing.

    ``units`` are lines whose heading states another unit than theirs, with that unit: their figures were converted.
    ``refused`` are lines whose heading states a unit that leads nowhere: what is wrong with the heading. ``totals``
    are the rows left out because they add up others.
    """

    sheet: str
    rows: list[Row] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Problem] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)


def read_rows(grid: Grid, edition: Edition, headings: Headings, words: vocabulary.Words, convert: Convert) -> RowsRead:
    """Read one sheet as rows of an edition.

    Raises:
        SheetError: it has no row of headings with an institution, a period and an indicator.
    """
    top, columns, ignored = heading_row(grid, edition, headings)
    read = RowsRead(grid.name, ignored=list(ignored.values()))
    read.letters = {name: column_letter(at) for at, name in columns.items()}
    where = {name: at for at, name in columns.items() if name in COLUMNS}
    lines = _lines(edition, columns, rooms="record" in where)
    stated = stated_units(grid.rows[top], columns, edition, headings)
    for at, unit in refused_units(lines, stated, words, convert).items():
        line = lines[at]
        read.refused[line.key] = Problem(
            top + 1, line.key, line.name_zh, column_letter(at), "unit_not_allowed", unit, (line.unit,), sheet=grid.name
        )
    for row, cells in enumerate(grid.rows[top + 1 :], top + 2):
        texts = {name: _text(cells, at) for name, at in where.items()}
        held = [at for at in lines if at < len(cells) and not is_blank(cells[at])]
        if not held and not any(texts.get(name) for name in ("code", "credit_code", "institution")):
            continue
        if is_sum(texts, words):
            read.totals.append(row)
            continue
        found = _row(read, row, cells, texts, where)
        if found is not None:
            for at, line in lines.items():
                if (hidden := grid.hiding(row - 1, at)) is not None:
                    found.faults[line.key] = hidden
                    continue
                said = stated.get(at, "")
                _take(found, line, cells[at] if at < len(cells) else None, words, convert, said)
                unit = other_unit(said, line, words)
                if unit and found.values.get(line.key) is not None:
                    read.units[line.key] = unit
            read.rows.append(found)
    return read


def unknown_headings(grid: Grid, editions: Sequence[Edition], headings: Headings) -> list[Problem]:
    """Headings no edition knows above columns that hold something: most often one that was written over.

    ``allowed`` are the headings it may have been: those like it, of bodies or rooms as the others, that the sheet does
    not have.

    Raises:
        SheetError: the sheet has no row of headings with an institution, a period and an indicator.
    """
    read = [heading_row(grid, edition, headings) for edition in editions]
    top = read[0][0]
    nowhere = set(read[0][2]).intersection(*(ignored for _top, _columns, ignored in read))
    there = {name for _top, columns, _ignored in read for name in columns.values()}
    last = editions[-1]
    rooms = {_of_room(last, line) for key, line in last.indicators.items() if key in there} or {"record" in there}
    free = [
        line.name_zh
        for key, line in last.indicators.items()
        if line.is_entered and key not in there and _of_room(last, line) in rooms
    ]
    return [
        Problem(
            top + 1, "", "", column_letter(at), "heading_unknown", found, tuple(get_close_matches(found, free, 3, 0.3)),
            sheet=grid.name,
        )
        for at, found in sorted(read[0][2].items())
        if at in nowhere and not is_aside(found, headings) and _holds(grid, top, at)
    ]  # fmt: skip


def _holds(grid: Grid, top: int, at: int) -> bool:
    return any(at < len(cells) and not is_blank(cells[at]) for cells in grid.rows[top + 1 :])


def years_of(grid: Grid, edition: Edition, headings: Headings) -> set[int]:
    """The years of the periods a sheet of rows speaks of.

    Raises:
        SheetError: it has no row of headings with an institution, a period and an indicator.
    """
    top, columns, _ignored = heading_row(grid, edition, headings)
    at = next(column for column, name in columns.items() if name == "period")
    years = set()
    for text in {_text(cells, at) for cells in grid.rows[top + 1 :]}:
        try:
            years.add(parse(text).year)
        except SlotError:
            continue
    return years


def _lines(edition: Edition, columns: Mapping[int, str], *, rooms: bool) -> dict[int, Indicator]:
    """Column and line of what is entered: of rooms in a sheet of rooms, of the body in any other."""
    found = {}
    for at, name in columns.items():
        line = edition.indicators.get(name)
        if line is not None and _of_room(edition, line) == rooms:
            found[at] = line
    return found


def _of_room(edition: Edition, line: Indicator) -> bool:
    return edition.forms[line.form].records is Records.ROOM


def _row(
    read: RowsRead, row: int, cells: Sequence[Cell], texts: Mapping[str, str], where: Mapping[str, int]
) -> Row | None:
    room = room_code(cells[where["record"]]) if "record" in where else ""
    fault, column = _wrong(texts, room, rooms="record" in where)
    if fault is not None:
        letter = read.letters.get(column, "")
        read.problems.append(
            Problem(row, column, "", letter, fault.code, fault.found, fault.allowed, fault.params, sheet=read.sheet)
        )
        return None
    whose = (texts.get("code", ""), texts.get("credit_code", ""), texts.get("institution", ""))
    return Row(row, *whose, parse(texts["period"]), room)


def _wrong(texts: Mapping[str, str], room: str, *, rooms: bool) -> tuple[Fault | None, str]:
    """Why a row names no return, and in which column."""
    if not any(texts.get(name) for name in ("code", "credit_code", "institution")):
        return Fault("missing_institution"), "code"
    try:
        parse(texts["period"])
    except SlotError:
        return Fault("not_a_return_period", texts["period"]), "period"
    if rooms and not room:
        return Fault("room_without_code"), "record"
    if rooms and not ROOM_CODE.fullmatch(room):
        return Fault("room_code_odd", room[:40]), "record"
    return None, ""


def _text(cells: Sequence[Cell], at: int) -> str:
    return shown(cells[at]).strip() if at < len(cells) and not is_blank(cells[at]) else ""


def _take(row: Row, line: Indicator, cell: Cell, words: vocabulary.Words, convert: Convert, stated: str) -> None:
    key = line.key
    if cell is None or cell == "":
        row.values[key] = None
        return
    value = number(cell, line, words, convert, stated)
    fault = value if isinstance(value, Fault) else range_fault(value)
    if fault is not None:
        row.faults[key] = fault
    else:
        row.values[key] = value  # type: ignore[assignment]
