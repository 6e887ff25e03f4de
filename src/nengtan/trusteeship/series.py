"""Use or temperature of days, hours or bills from a file as people have it: a column of moments, one for each meter."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nengtan.domain.baseline.daily import DAY
from nengtan.domain.sheets.cells import BadCell, Cell, column_letter, is_blank, shown
from nengtan.domain.sheets.dates import parse_period
from nengtan.domain.sheets.numbers import parse_number
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.domain.sheets.times import parse_time
from nengtan.domain.sheets.words import Words, fold
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.reader import Limits, open_table

__all__ = ["Told", "read_day_names", "read_table"]

LIMITS = Limits(max_rows=1_000_000, max_columns=10_000, max_cells=20_000_000)
MOST = 1e30
"""Larger figures are looked at one by one, and refused."""

_HEADING_ROWS = 20
_OFFSET = re.compile(r"(?<=[0-9])\s*(?:z|utc|[+-][0-9]{2}:?[0-9]{2})$", re.IGNORECASE)
_OF_MOMENTS = ("date", "time")
_OF_BILLS = ("period", "valid_from")


@dataclass(frozen=True, slots=True)
class Told:
    """What a file says: moments [µs by its own clock], and columns x moments of values, NaN where blank.

    ``months``: every moment was told as a month, and is its beginning.
    """

    time: NDArray[np.int64]
    names: tuple[str, ...]
    value: NDArray[np.float64]
    months: bool = False

    def column(self, name: str) -> Told:
        """One column alone."""
        at = self.names.index(name)
        return Told(self.time, (name,), self.value[at : at + 1], self.months)


def read_table(path: Path, bills: bool = False) -> tuple[Told, list[Problem]]:
    """A file with one column of moments and one for each meter; of ``bills`` the moments may be months.

    Raises :class:`Refused` for a file that cannot be opened.
    """
    grid = open_table(path, path.name, LIMITS)[0]
    sheet, rows = grid.name, list(grid.rows)
    del grid  # a thousand meters of text are let go of, row by row, as they become numbers
    nothing = Told(np.zeros(0, np.int64), (), np.zeros((0, 0)))
    found = _heading(rows[:_HEADING_ROWS], _OF_MOMENTS, _OF_BILLS if bills else ())
    if found is None:
        return nothing, [_no_column(rows, "date")]
    first, at = found
    heads = rows[first - 1]
    places = [place for place, cell in enumerate(heads) if place != at and not is_blank(cell)]
    if not places:
        return nothing, [_no_column(rows, "value")]
    words, problems = sheet_words(), []
    times: list[int] = []
    values: list[NDArray[np.float64]] = []
    months = bills
    for number in range(first + 1, len(rows) + 1):
        row, rows[number - 1] = rows[number - 1], ()
        if all(map(is_blank, row)):
            continue
        moment = _moment(row[at], words)
        if bills and isinstance(moment, Fault):
            moment = _month(row[at], words, moment)
        else:
            months = False
        read = _values(row, places, words)
        told: dict[int, Any] = {at: moment, **(read if isinstance(read, dict) else {})}
        faults = {place: fault for place, fault in told.items() if isinstance(fault, Fault)}
        problems += [_problem(number, shown(heads[place]), place, fault) for place, fault in faults.items()]
        if not problems:
            times.append(int(moment))  # type: ignore[arg-type]
            values.append(read)  # type: ignore[arg-type]
    if problems:
        return nothing, problems
    if not times:
        return nothing, [Problem(first, "", "", "", "no_readings", sheet=sheet)]
    value = np.array(values).T
    return Told(np.array(times, np.int64), tuple(shown(heads[place]) for place in places), value, months), []


def read_day_names(path: Path) -> tuple[dict[int, str], list[Problem]]:
    """The kind of single days: a file with the columns date and type."""
    grid = open_table(path, path.name, LIMITS)[0]
    found = _heading(grid.rows[:_HEADING_ROWS], _OF_MOMENTS)
    if found is None:
        return {}, [_no_column(grid.rows, "date")]
    first, at = found
    kind = next((place for place in range(len(grid.rows[first - 1])) if place != at), None)
    if kind is None:
        return {}, [_no_column(grid.rows, "type")]
    words, days, problems = sheet_words(), {}, []
    for number, row in enumerate(grid.rows[first:], start=first + 1):
        if all(map(is_blank, row)):
            continue
        moment = _moment(row[at], words)
        name = shown(row[kind]) if kind < len(row) and not is_blank(row[kind]) else ""
        fault = moment if isinstance(moment, Fault) else None if name else Fault("missing_value")
        if fault is not None:
            place = at if isinstance(moment, Fault) else kind
            problems.append(_problem(number, shown(grid.rows[first - 1][place]), place, fault))
        elif not isinstance(moment, Fault):
            days[moment // DAY] = name
    return days, problems


def _heading(
    rows: Sequence[Sequence[Cell]], wanted: Sequence[str], columns: Sequence[str] = ()
) -> tuple[int, int] | None:
    """The row of headings (1 is the first) and the column of moments."""
    words = sheet_words()
    known = words.choices["reading_column"]
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if isinstance(cell, str) and (
                known.get(fold(cell)) in wanted or set(columns) & set(words.columns.get(fold(cell), ()))
            ):
                return number, place
    return None


def _problem(row: int, label: str, place: int, fault: Fault) -> Problem:
    return Problem(row, label, label, column_letter(place), fault.code, fault.found, fault.allowed, fault.params)


def _no_column(rows: Sequence[Sequence[Cell]], key: str) -> Problem:
    read = ", ".join(shown(cell) for cell in (rows[0] if rows else ()) if not is_blank(cell))
    return Problem(1, key, "", "", "missing_column", read[:80], (key,))


def _moment(cell: Cell, words: Words) -> int | Fault:
    """A moment by the clock of the file [µs]: an offset behind it does not move it to another day."""
    if isinstance(cell, str):
        cell = _OFFSET.sub("", cell.strip())
    return parse_time(cell, words, dt.UTC)


def _month(cell: Cell, words: Words, fault: Fault) -> int | Fault:
    """The beginning of a month [µs]."""
    month = parse_period(cell, words)
    if not isinstance(month, int):
        return fault
    return int(np.datetime64(f"{month // 100:04d}-{month % 100:02d}-01", "us").astype(np.int64))


def _values(row: Sequence[Cell], places: Sequence[int], words: Words) -> NDArray[np.float64] | dict[int, float | Fault]:
    """The values of a row; where one cannot be taken, what each is. Plain numbers are the fast way through."""
    cells = [row[place] if place < len(row) else "" for place in places]
    try:
        plain = "_" not in "".join(cells)  # type: ignore[arg-type]
        value = np.array([float(cell) if cell else math.nan for cell in cells]) if plain else None  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = None
    if value is not None and not (np.abs(value) > MOST).any():
        return value
    read = [_value(cell, words) for cell in cells]
    if any(isinstance(one, Fault) for one in read):
        return dict(zip(places, read, strict=True))
    return np.array(read, dtype=np.float64)


def _value(cell: Cell, words: Words) -> float | Fault:
    if isinstance(cell, BadCell):
        return cell.fault()
    if isinstance(cell, str) and cell.strip().casefold() in ("nan", "na", "null", "none"):
        return math.nan
    read = parse_number(cell, words)
    if isinstance(read, Fault):
        return read
    if read.unit is not None:
        return Fault("not_a_number", shown(cell))
    return math.nan if read.value is None else float(read.value)
