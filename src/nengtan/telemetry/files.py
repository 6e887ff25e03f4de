"""The readings, or the events, of one register from a file as people have it."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nengtan.domain.sheets.cells import BadCell, Cell, Grid, column_letter, is_blank, shown
from nengtan.domain.sheets.numbers import Parsed, parse_number
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.domain.sheets.times import parse_time
from nengtan.domain.sheets.words import Words, fold, plain
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.reader import Limits, open_table

__all__ = ["EventRow", "MeterReadingRow", "ReadingRow", "read_events", "read_meter_readings", "read_readings"]

LIMITS = Limits(max_rows=2_000_000, max_cells=10_000_000)
_HEADING_ROWS = 20
_NO_VALUE = re.compile(r"[+-]?(?:nan|inf|infinity|\u221e)|0xf+")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")

Parse = Callable[[Cell], float | Fault]


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One line: its row, when [µs since 1970 UTC], what the register showed (NaN: no value), both as written."""

    row: int
    time: int
    value: float
    time_text: str
    value_text: str


@dataclass(frozen=True, slots=True)
class MeterReadingRow:
    """One line of a file of many meters: its row, meter and register by code, when [µs], what was shown (NaN: none)."""

    row: int
    meter: str
    register: str
    time: int
    value: float


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event: when [µs], last reading of the old register, first of the new, ratio after it; NaN where not told."""

    row: int
    time: int
    final: float
    start: float
    ratio: float


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The rows below the headings, and where each column stands."""

    grid: Grid
    first: int
    columns: Mapping[str, int]

    def rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        for number, row in enumerate(self.grid.rows[self.first :], start=self.first + 1):
            if not all(map(is_blank, row)):
                yield number, row

    def cell(self, row: Sequence[Cell], key: str) -> Cell:
        return row[self.columns[key]] if key in self.columns else None

    def problem(self, row: int, key: str, fault: Fault) -> Problem:
        column = self.columns[key]
        label = shown(self.grid.rows[self.first - 1][column])
        return Problem(
            row, key, label, column_letter(column), fault.code, fault.found, fault.allowed, fault.params
        )  # fmt: skip


def read_readings(path: Path, zone: dt.tzinfo) -> tuple[list[ReadingRow], list[Problem]]:
    """Readings in the order of the file, and what is wrong with it; raises `Refused` for a file that cannot be opened.

    A cell without a value, or with one that means none (NaN, 0xFFFF…), is a reading without a value: the rules say so.
    """
    words = sheet_words()
    sheet = _open(path, ("time", "value"), ())
    if isinstance(sheet, Problem):
        return [], [sheet]
    found, problems = [], []
    for number, row in sheet.rows():
        moment, value = sheet.cell(row, "time"), sheet.cell(row, "value")
        time, reading = parse_time(moment, words, zone), _reading(value, words)
        problems += [
            sheet.problem(number, key, read)
            for key, read in (("time", time), ("value", reading))
            if isinstance(read, Fault)
        ]
        if not isinstance(time, Fault) and not isinstance(reading, Fault):
            found.append(ReadingRow(number, time, reading, shown(moment), shown(value)))
    if not found and not problems:
        problems.append(Problem(sheet.first, "", "", "", "no_readings", sheet=sheet.grid.name))
    return found, problems


def read_meter_readings(path: Path, zone: dt.tzinfo) -> tuple[list[MeterReadingRow], list[Problem]]:
    """Readings of many meters as `read_readings` reads those of one."""
    words = sheet_words()
    sheet = _open(path, ("meter", "time", "value"), ("register",))
    if isinstance(sheet, Problem):
        return [], [sheet]
    found: list[MeterReadingRow] = []
    problems: list[Problem] = []
    for number, row in sheet.rows():
        told = {
            "meter": _code(sheet.cell(row, "meter")),
            "time": parse_time(sheet.cell(row, "time"), words, zone),
            "value": _reading(sheet.cell(row, "value"), words),
        }
        faults = {key: read for key, read in told.items() if isinstance(read, Fault)}
        problems += [sheet.problem(number, key, fault) for key, fault in faults.items()]
        if not faults:
            register = "" if is_blank(sheet.cell(row, "register")) else plain(shown(sheet.cell(row, "register")))
            time, value = (_number(told[key]) for key in ("time", "value"))  # type: ignore[arg-type]
            found.append(MeterReadingRow(number, str(told["meter"]), register, int(time), value))
    if not found and not problems:
        problems.append(Problem(sheet.first, "", "", "", "no_readings", sheet=sheet.grid.name))
    return found, problems


def _code(cell: Cell) -> str | Fault:
    """The code of a meter, full-width forms made plain."""
    if isinstance(cell, BadCell):
        return cell.fault()
    return Fault("missing_value") if is_blank(cell) else plain(shown(cell))


def read_events(path: Path, zone: dt.tzinfo) -> tuple[list[EventRow], list[Problem]]:
    """Events in the order of the file, and what is wrong with it; raises `Refused` for a file that cannot be opened.

    An event tells the last reading of the old register and the first of the new one, or a ratio, or all three.
    """
    words = sheet_words()
    sheet = _open(path, ("time", "old_final", "new_start"), ("ratio",))
    if isinstance(sheet, Problem):
        return [], [sheet]
    found, problems = [], []
    for number, row in sheet.rows():
        told = {
            "time": parse_time(sheet.cell(row, "time"), words, zone),
            "old_final": _told(sheet.cell(row, "old_final"), words),
            "new_start": _told(sheet.cell(row, "new_start"), words),
            "ratio": _ratio(sheet.cell(row, "ratio"), words),
        }
        faults = {key: read for key, read in told.items() if isinstance(read, Fault)} or _lacking(told)
        problems += [sheet.problem(number, key, fault) for key, fault in faults.items()]
        if not faults:
            time, final, start, ratio = (_number(told[key]) for key in ("time", "old_final", "new_start", "ratio"))
            found.append(EventRow(number, int(time), final, start, ratio))
    return found, problems


def _number(read: float | Fault) -> float:
    return math.nan if isinstance(read, Fault) else read


def _lacking(told: Mapping[str, float | Fault]) -> dict[str, Fault]:
    """The cells an event needs and does not have."""
    blank = [key for key in ("old_final", "new_start") if math.isnan(_number(told[key]))]
    alone = len(blank) == 2 and not math.isnan(_number(told["ratio"]))
    return {} if alone else {key: Fault("missing_value") for key in blank}


def _open(path: Path, needed: Sequence[str], more: Sequence[str]) -> _Sheet | Problem:
    """The first sheet with its headings found."""
    grid = open_table(path, path.name, LIMITS)[0]
    best: dict[str, int] = {}
    for number, row in enumerate(grid.rows[:_HEADING_ROWS], start=1):
        columns = _columns(row, (*needed, *more))
        if all(key in columns for key in needed):
            return _Sheet(grid, number, columns)
        best = columns if len(columns) > len(best) else best
    missing = tuple(key for key in needed if key not in best)
    read = ", ".join(shown(cell) for cell in (grid.rows[0] if grid.rows else ()) if not is_blank(cell))
    return Problem(1, missing[0], "", "", "missing_column", read[:80], missing)


def _columns(row: Sequence[Cell], wanted: Sequence[str]) -> dict[str, int]:
    """Where each wanted column stands; of two that mean the same, the first."""
    known = sheet_words().choices["reading_column"]
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        key = known.get(fold(cell)) if isinstance(cell, str) else None
        if key in wanted:
            found.setdefault(str(key), place)
    return found


def _reading(cell: Cell, words: Words) -> float | Fault:
    if isinstance(cell, str):
        if _PLAIN_NUMBER.fullmatch(cell):
            return float(cell)
        if _NO_VALUE.fullmatch(plain(cell).casefold()):
            return math.nan
    return _told(cell, words)


def _told(cell: Cell, words: Words) -> float | Fault:
    """A bare number; NaN for an empty cell."""
    if isinstance(cell, BadCell):
        return cell.fault()
    read = parse_number(cell, words)
    if isinstance(read, Fault):
        return read
    return Fault("not_a_number", shown(cell)) if _is_more_than_a_number(read) else _float(read)


def _is_more_than_a_number(read: Parsed) -> bool:
    """A unit, a percent sign or a word for ten thousand stands beside it."""
    return read.unit is not None or bool({"percent", "scaled"} & set(read.notes))


def _float(read: Parsed) -> float:
    return math.nan if read.value is None else float(read.value)


def _ratio(cell: Cell, words: Words) -> float | Fault:
    read = _told(cell, words)
    return Fault("not_above_zero", shown(cell)) if not isinstance(read, Fault) and read <= 0 else read
