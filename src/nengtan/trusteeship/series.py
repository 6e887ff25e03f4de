"""Use or temperature of days or hours from a file as people have it: one column of moments, one for each meter."""

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

from nengtan.domain.baseline.daily import DAY, by_day
from nengtan.domain.sheets.cells import BadCell, Cell, column_letter, is_blank, shown
from nengtan.domain.sheets.numbers import parse_number
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.domain.sheets.times import parse_time
from nengtan.domain.sheets.words import Words, fold
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.reader import Limits, open_table

__all__ = ["DayTable", "read_day_names", "read_days"]

LIMITS = Limits(max_rows=1_000_000, max_cells=20_000_000)
HOUR = DAY // 24
_HEADING_ROWS = 20
_OFFSET = re.compile(r"(?<=[0-9])\s*(?:z|utc|[+-][0-9]{2}:?[0-9]{2})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DayTable:
    """Series by the day [days since 1970-01-01, as the file writes it], by the heading of their column.

    ``repeated``: days (or hours) told more than once with different values, which count as not known, of each column.
    """

    series: dict[str, dict[int, float]]
    repeated: dict[str, int]


def read_days(path: Path, energy: bool) -> tuple[DayTable, list[Problem]]:
    """Daily values, or hourly ones made daily: ``energy`` adds up, else the mean is taken.

    A day of which less than half is there is not known. Raises :class:`Refused` for a file that cannot be opened.
    """
    grid = open_table(path, path.name, LIMITS)[0]
    found = _heading(grid.rows[:_HEADING_ROWS], ("date", "time"))
    if found is None:
        return DayTable({}, {}), [_no_column(grid.rows, "date")]
    first, at = found
    names = {
        place: shown(cell) for place, cell in enumerate(grid.rows[first - 1]) if place != at and not is_blank(cell)
    }
    if not names:
        return DayTable({}, {}), [_no_column(grid.rows, "value")]
    words, problems = sheet_words(), []
    moments: list[int] = []
    values: dict[int, list[float]] = {place: [] for place in names}
    for number, row in enumerate(grid.rows[first:], start=first + 1):
        if all(map(is_blank, row)):
            continue
        moment = _moment(row[at], words)
        read = {place: _value(row[place] if place < len(row) else None, words) for place in names}
        told: dict[int, Any] = {at: moment, **read}
        faults = {place: fault for place, fault in told.items() if isinstance(fault, Fault)}
        for place, fault in faults.items():
            label = shown(grid.rows[first - 1][place])
            problems.append(
                Problem(
                    number, label, label, column_letter(place), fault.code, fault.found, fault.allowed, fault.params
                )
            )
        if not faults:
            moments.append(int(moment))  # type: ignore[arg-type]
            for place, value in read.items():
                values[place].append(float(value))  # type: ignore[arg-type]
    if not moments and not problems:
        problems.append(Problem(first, "", "", "", "no_readings", sheet=grid.name))
    return _daily(moments, {names[place]: held for place, held in values.items()}, energy), problems


def read_day_names(path: Path) -> tuple[dict[int, str], list[Problem]]:
    """The kind of single days: a file with the columns date and type."""
    grid = open_table(path, path.name, LIMITS)[0]
    found = _heading(grid.rows[:_HEADING_ROWS], ("date", "time"))
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


def _heading(rows: Sequence[Sequence[Cell]], wanted: Sequence[str]) -> tuple[int, int] | None:
    """The row of headings (1 is the first) and the column of moments."""
    known = sheet_words().choices["reading_column"]
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            if isinstance(cell, str) and known.get(fold(cell)) in wanted:
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


def _daily(moments: Sequence[int], values: dict[str, list[float]], energy: bool) -> DayTable:
    time: NDArray[np.int64] = np.asarray(moments, dtype=np.int64)
    series, repeated = {}, {}
    for name, held in values.items():
        days, doubled = by_day(time, np.asarray(held, dtype=np.float64), energy)
        series[name], repeated[name] = days, doubled
    return DayTable(series, repeated)
