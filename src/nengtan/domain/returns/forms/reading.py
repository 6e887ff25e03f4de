"""A form that came back: its figures are found by heads and codes, not by place, so that a moved row is read right."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches

from nengtan.domain.returns.forms.page import Cell, Words
from nengtan.domain.returns.scheme import ROOM_CODE, Edition, Indicator, Records
from nengtan.domain.returns.sheet import refused_units
from nengtan.domain.returns.stated import Convert, number, other_unit
from nengtan.domain.sheets import words as vocabulary
from nengtan.domain.sheets.cells import Cell as Content
from nengtan.domain.sheets.cells import Grid, column_letter, is_blank, shown
from nengtan.domain.sheets.problems import Fault, Problem

__all__ = ["FormRead", "Placed", "is_form", "range_fault", "read_form", "room_code"]

_LOOK_DOWN = 25


@dataclass(frozen=True, slots=True)
class Placed:
    """What stands in a cell of a file: where (sheet, row from 1, letter), its value, or why that is none."""

    sheet: str
    row: int
    letter: str
    value: Decimal | None
    fault: Fault | None = None

    @property
    def place(self) -> str:
        """The address, as `D5`."""
        return f"{self.letter}{self.row}"

    def problem(self, indicator: str, label: str, fault: Fault | None = None) -> Problem:
        """What is wrong with this cell."""
        told = fault or self.fault or Fault("not_a_number")
        return Problem(
            self.row, indicator, label, self.letter, told.code, told.found, told.allowed, told.params, sheet=self.sheet
        )


@dataclass
class FormRead:
    """The figures of one form, and what is wrong with the form itself; ``missing`` lines are not in it any more.

    ``units`` are lines given in another unit than theirs, with that unit: their figures were converted.
    """

    cells: dict[Cell, Placed] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)


def read_form(
    grid: Grid, edition: Edition, form: int, words: Words, sheet_words: vocabulary.Words, convert: Convert
) -> FormRead:
    """Read one sheet of a form that is filled in by institutions; form 1 has no figures."""
    reader = _Reader(grid, edition, form, words, sheet_words, convert)
    if form != 1:
        (reader.rooms if edition.forms[form].records is Records.ROOM else reader.lines)()
    return reader.read


def room_code(cell: Content) -> str:
    """The code of a room; four digits where a spreadsheet made a number of it.

    >>> room_code("0001"), room_code(1.0), room_code(" A1 "), room_code(None)
    ('0001', '0001', 'A1', '')
    """
    text = shown(cell)
    return text.zfill(4) if isinstance(cell, (int, float)) and text.isdigit() else text


class _Reader:
    """One sheet being read."""

    def __init__(
        self,
        grid: Grid,
        edition: Edition,
        form: int,
        words: Words,
        sheet_words: vocabulary.Words,
        convert: Convert,
    ) -> None:
        self.grid, self.edition, self.form, self.words = grid, edition, form, words
        self.sheet_words, self.convert, self.read = sheet_words, convert, FormRead()
        self.mark = words["unverified_mark"]
        self.of_form = edition.lines(form)

    def lines(self) -> None:
        """One figure a row: by the code, or by the name where a line has none; name and code must agree."""
        heads = self._heads()
        if heads is None:
            self._refuse("form_heads_missing", ", ".join(self.words[key] for key in ("indicator", "code", "amount")))
            return
        top, name_at, code_at, value_at = heads
        units = [self._plain(shown(cell)) for cell in self.grid.rows[top]]
        unit_at = units.index(self.words["unit"]) if self.words["unit"] in units else len(units)
        by_code = {_code(line.base_code): line for line in self.of_form if line.base_code}
        by_name = {self._plain(line.name_zh): line for line in self.of_form}
        for row, cells in enumerate(self.grid.rows[top + 1 :], top + 2):
            name, code = self._plain(self._at(cells, name_at)), _code(self._at(cells, code_at).rstrip(self.mark))
            line = by_code.get(code) if code else by_name.get(name)
            if line is None:
                if name != self.words["ordinal_a"] and value_at < len(cells) and not is_blank(cells[value_at]):
                    self._unknown(row, name_at, self._at(cells, name_at) or self._at(cells, code_at))
                continue
            if self._plain(line.name_zh) != name:
                moved = Fault("form_line_moved", self._at(cells, name_at), (line.name_zh,), {"code": code})
                self._told(row, name_at, line, moved)
            else:
                stated = self._at(cells, unit_at) if unit_at < len(units) else ""
                self._figure(row, value_at, cells, ("", line.key), line, stated)
        self._doubles_and_gaps({line.key for line in self.of_form})

    def rooms(self) -> None:
        """One room a row, one line a column: by the row of codes."""
        top, columns = self._codes()
        units = self._units(top)
        if not columns:
            self._refuse("form_heads_missing", ", ".join((self.words["room_code"], self.words["code"])))
            return
        self._room_heads(top, columns)
        ends = tuple(item.name_zh for item in self.edition.fields if item.part == "footer")
        rooms: Counter[str] = Counter()
        stated = {at: self._at(units, at).rstrip(self.mark) for at in columns}
        wrong = refused_units(columns, stated, self.sheet_words, self.convert)
        figures: Counter[int] = Counter()
        for row, cells in enumerate(self.grid.rows[top + 1 :], top + 2):
            room = room_code(cells[0]) if cells else ""
            if room.startswith(ends):
                break
            held = [at for at in columns if at < len(cells) and not is_blank(cells[at])]
            if not room and not held:
                continue
            rooms[room] += 1
            fault = self._wrong_room(cells[0], room, rooms)
            if fault is not None:
                self._told(row, 0, None, fault)
                continue
            figures.update(held)
            for at, line in columns.items():
                if at not in wrong:
                    self._figure(row, at, cells, (room, line.key), line, stated[at])
        for at, unit in wrong.items():  # once a column, not once a room
            if figures[at]:
                fault = Fault("unit_not_allowed", unit, (columns[at].unit,), {"figures": figures[at]})
                self._told(top, at, columns[at], fault)
        known = {line.key for line in self.of_form} - {columns[at].key for at in wrong}
        self._doubles_and_gaps(known if rooms else set(), by_room=True)

    def _room_heads(self, top: int, columns: Mapping[int, Indicator]) -> None:
        """Above each code stands the name of its line, in the second row of heads for a part; none stands alone."""
        names, units = self.grid.rows[max(top - 3, 0) : max(top - 1, 0)], self._units(top)
        codes = self.grid.rows[top]
        for at in range(1, len(codes)):
            texts = [self._at(cells, at) for cells in names]
            if at in columns:
                plain = {self._plain(text) for text in texts}
                if units and self._plain(columns[at].name_zh) not in plain:
                    found = next((text for text in reversed(texts) if text not in ("", self.words["sum"])), "")
                    moved = Fault("form_line_moved", found, (columns[at].name_zh,), {"code": self._at(codes, at)})
                    self._told(top - 1, at, columns[at], moved)
            elif self._at(codes, at) and any(
                at < len(row) and not is_blank(row[at]) for row in self.grid.rows[top + 1 :]
            ):
                self._unknown(top + 1, at, self._at(codes, at))

    def _unknown(self, row: int, at: int, found: str) -> None:
        """A line the form does not have, with a figure: what it may have been."""
        names = [line.name_zh for line in self.of_form]
        near = tuple(get_close_matches(self._plain(found), names, 3, 0.3))
        self.read.problems.append(
            Problem(row, "", "", column_letter(at), "form_line_unknown", found, near, sheet=self.grid.name)
        )

    def _wrong_room(self, cell: Content, room: str, rooms: Mapping[str, int]) -> Fault | None:
        if not room:
            return Fault("room_without_code", shown(cell))
        if not ROOM_CODE.fullmatch(room):
            return Fault("room_code_odd", room[:40])
        return Fault("room_twice", room) if rooms[room] > 1 else None

    def _units(self, top: int) -> Sequence[Content]:
        """The row of units above the row of codes."""
        above = self.grid.rows[top - 1] if top else []
        return above if above and self._plain(shown(above[0])) == self.words["unit"] else []

    def _figure(
        self, row: int, at: int, cells: Sequence[Content], cell: Cell, line: Indicator, stated: str = ""
    ) -> None:
        content, stated = cells[at] if at < len(cells) else None, stated.rstrip(self.mark)
        hidden = self.grid.hiding(row - 1, at)
        value = hidden or number(content, line, self.sheet_words, self.convert, stated)
        if isinstance(value, Decimal) and (unit := other_unit(stated, line, self.sheet_words)):
            self.read.units[line.key] = unit
        fault = value if isinstance(value, Fault) else range_fault(value)
        placed = Placed(self.grid.name, row, column_letter(at), None if fault else value, fault)  # type: ignore[arg-type]
        if cell in self.read.cells:
            first = self.read.cells[cell]
            self._told(row, at, line, Fault("form_line_twice", line.name_zh, (), {"first": first.place}))
        else:
            self.read.cells[cell] = placed

    def _heads(self) -> tuple[int, int, int, int] | None:
        """Row of the heads and where the name, the code and the figure of a line stand."""
        return _heads_of(self.grid, self.words)

    def _codes(self) -> tuple[int, dict[int, Indicator]]:
        """Row of the codes, and the line of each column."""
        by_code = {_code(line.base_code): line for line in self.of_form if line.base_code}
        for top, cells in enumerate(self.grid.rows[:_LOOK_DOWN]):
            if cells and self._plain(shown(cells[0])) == self.words["code"]:
                texts = {at: _code(self._at(cells, at).rstrip(self.mark)) for at in range(1, len(cells))}
                return top, {at: by_code[text] for at, text in texts.items() if text in by_code}
        return 0, {}

    def _doubles_and_gaps(self, wanted: set[str], *, by_room: bool = False) -> None:
        there = {indicator for _record, indicator in self.read.cells}
        self.read.missing = sorted(wanted - there) if not by_room or there else []

    def _at(self, cells: Sequence[Content], at: int) -> str:
        return shown(cells[at]).strip() if at < len(cells) else ""

    def _plain(self, text: str) -> str:
        return _plain(text, self.words)

    def _refuse(self, code: str, allowed: str) -> None:
        self.read.problems.append(Problem(0, "", "", "", code, self.grid.name, (allowed,), sheet=self.grid.name))

    def _told(self, row: int, at: int, line: Indicator | None, fault: Fault) -> None:
        label = line.name_zh if line else self.words["room_code"]
        placed = Placed(self.grid.name, row, column_letter(at), None, fault)
        self.read.problems.append(placed.problem(line.key if line else "record", label))


def is_form(grid: Grid, words: Words) -> bool:
    """Whether a sheet has the heads of a form with a line a row, or the row of codes of one with a room a row."""
    codes = (cells for cells in grid.rows[:_LOOK_DOWN] if cells and _plain(shown(cells[0]), words) == words["code"])
    return _heads_of(grid, words) is not None or any(len(cells) - sum(map(is_blank, cells)) > 2 for cells in codes)


def _heads_of(grid: Grid, words: Words) -> tuple[int, int, int, int] | None:
    wanted = [words[key] for key in ("indicator", "code", "amount")]
    for top, cells in enumerate(grid.rows[:_LOOK_DOWN]):
        texts = [_plain(shown(cell), words) for cell in cells]
        if all(texts.count(word) == 1 for word in wanted):
            name, code, value = (texts.index(word) for word in wanted)
            return top, name, code, value
    return None


def _plain(text: str, words: Words) -> str:
    return "".join(text.split()).removeprefix(words["of_which"]).rstrip(words["unverified_mark"])


def _code(text: str) -> str:
    """A code as compared: a spreadsheet may have made a number of 009, a person typed full-width digits."""
    return unicodedata.normalize("NFKC", text).lstrip("0")


def range_fault(value: Decimal | None) -> Fault | None:
    """Why a figure cannot stand on a form: below nought, or beyond what is kept.

    >>> range_fault(Decimal(-1)).code, range_fault(Decimal(0))
    ('too_small', None)
    """
    if value is None:
        return None
    if value < 0:
        return Fault("too_small", f"{value:f}", ("0",))
    return Fault("too_big", f"{value:f}", ("999999999999",)) if value >= Decimal(10) ** 12 else None
