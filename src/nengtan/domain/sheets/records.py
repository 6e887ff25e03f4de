"""A sheet of records (institutions, buildings, meters …) as typed values by column key, after a small schema."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from .cells import Cell, Grid, shown
from .columns import text_reader, word_reader, year_reader
from .dates import parse_date, parse_since
from .groups import fill_merged
from .headers import Column, Layout, find
from .marks import Marks
from .numbers import parse_number
from .problems import Fault, Problem, Skipped
from .rows import body_rows
from .tables import locate
from .words import Words

__all__ = ["Field", "RecordTable", "Value", "read_records"]

Kind = Literal[
    "text", "code", "number", "integer", "date", "since", "year", "choice", "choices", "codes", "boolean", "share"
]
Value = str | int | bool | Decimal | dt.date | tuple[str, ...] | None
_CODES = re.compile(r"[,;\u3001\uff0c\uff1b\n]+")
_LIST = re.compile(r"[,;\u3001\uff0c\uff1b/\s]+")


@dataclass(frozen=True)
class Field:
    """What a column may hold.

    `choices` maps folded words to codes; `units` the unit codes a heading or cell may name to their multiplier;
    a share is 0 … 1 and may be written as a percentage. `labels` are the allowed words to show for a wrong choice.
    """

    key: str
    kind: Kind = "text"
    required: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, Decimal] = field(default_factory=dict)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    max_length: int = 500
    labels: tuple[str, ...] = ()


@dataclass
class RecordTable:
    """Records of one sheet: `records[i]` comes from sheet row `rows[i]`.

    Rows with an error are only in `problems`, unless they were asked to be kept.
    """

    sheet: str
    layout: Layout
    rows: list[int] = field(default_factory=list)
    records: list[dict[str, Value]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    rows_read: int = 0

    def __len__(self) -> int:
        """The number of records."""
        return len(self.rows)

    @property
    def bad_rows(self) -> set[int]:
        """Sheet rows with at least one error."""
        return {problem.row for problem in self.problems if problem.severity == "error"}

    def problem(self, position: int, key: str, fault: Fault) -> Problem:
        """A fault of field `key` of a record as a problem with its place in the sheet."""
        column = self.layout.by_key(key) or Column(-1, "", key)
        return locate(fault, self.rows[position], column, self.sheet, key)


def read_records(
    grid: Grid, words: Words, fields: Sequence[Field], layout: Layout | None = None, *, keep_faulty: bool = False
) -> RecordTable:
    """Read one sheet of records.

    With `keep_faulty` the rows with an error stand among the records, None in their faulty cells, so that the rest of
    them can be checked too; and a missing column keeps nobody from reading the others.

    >>> words = Words.of([("column", "name", "名称"), ("column", "area_m2", "面积"), ("unit", "10km2", "万㎡")])
    >>> fields = [Field("name", required=True), Field("area_m2", "number", units={"10km2": Decimal(10000)})]
    >>> table = read_records(Grid("s", [["名称", "面积（万㎡）"], ["甲", 1.2], ["", 3.0]]), words, fields)
    >>> table.records, [(problem.place, problem.code) for problem in table.problems]
    ([{'name': '甲', 'area_m2': Decimal('12000.0')}], [('A3', 'missing_value')])
    """
    layout = layout or find(grid, words, {entry.key for entry in fields}, figures=False)
    table = RecordTable(grid.name, layout)
    table.problems = [problem for problem in layout.problems if problem.severity == "error"]
    table.notes = [problem for problem in layout.problems if problem.severity != "error"]
    absent = _absent(layout, fields, grid.name)
    table.problems += absent
    if table.problems and not (keep_faulty and table.problems == absent):
        return table
    keys = {entry.key for entry in fields}
    body = fill_merged(grid, layout, body_rows(grid, layout, words, lone=keys), keys)
    marks = Marks(grid.name, body.numbers)
    values: dict[str, list[Value]] = {}
    for entry in fields:
        column = layout.by_key(entry.key)
        if column is not None:
            cells = body.columns[column.index]
            values[entry.key] = _values(entry, column, cells, words, marks)
    kept = [at for at in range(len(body.numbers)) if keep_faulty or at not in marks.bad]
    table.rows = [body.numbers[at] for at in kept]
    table.records = [{key: column_values[at] for key, column_values in values.items()} for at in kept]
    table.skipped, table.rows_read = body.skipped, len(body.numbers)
    table.problems, table.notes = absent + marks.problems(), table.notes + marks.notes
    return table


def _absent(layout: Layout, fields: Sequence[Field], sheet: str) -> list[Problem]:
    if not layout.columns:
        return []
    keys = {column.key for column in layout.columns}
    absent = [entry.key for entry in fields if entry.required and entry.key not in keys]
    params = {"where": layout.place}
    return [Problem(layout.body, key, "", "", "missing_column", "", (key,), params, sheet=sheet) for key in absent]


def _values(entry: Field, column: Column, cells: Sequence[Cell], words: Words, marks: Marks) -> list[Value]:
    """The cells of one column as values; faults are marked and stand as None."""
    read = marks.take(column, cells, _reader(entry, column, words))
    values: list[Value] = [None if isinstance(value, Fault) else value for value in read]
    if entry.required and None in values:
        for at, value in enumerate(values):
            if value is None and not isinstance(read[at], Fault):
                marks.fault(at, column, Fault("missing_value"))
    return values


def _reader(entry: Field, column: Column, words: Words) -> Callable[[Cell], Value | Fault]:
    """The way to read one cell of a field."""
    match entry.kind:
        case "number" | "integer" | "share":
            return lambda cell: _number(cell, entry, column.unit, words)
        case "date" | "since":
            parse = parse_date if entry.kind == "date" else parse_since
            return lambda cell: parse(cell, words)
        case "year":
            return year_reader(words)
        case "choice":
            return word_reader(entry.choices.items(), "not_a_choice", words, entry.labels)
        case "choices":
            return lambda cell: _several(cell, entry, words)
        case "codes":
            return lambda cell: _codes(cell, entry, words)
        case "boolean":
            return lambda cell: cell if isinstance(cell, bool) else _boolean(cell, words)
        case "text" | "code":
            return lambda cell: _text(cell, entry, words)


def _number(cell: Cell, entry: Field, heading_unit: str | None, words: Words) -> Value | Fault:
    found = parse_number(cell, words)
    if isinstance(found, Fault) or found.value is None:
        return found if isinstance(found, Fault) else None
    value = found.value
    if "percent" in found.notes and entry.kind != "share":
        return Fault("percent_not_allowed", shown(cell))
    unit = found.unit or heading_unit
    if unit is not None:
        if unit not in entry.units:
            return Fault("unit_not_allowed", unit, tuple(entry.units), {"carrier": ""})
        value *= entry.units[unit]
    if entry.kind == "share":
        return _share(value, cell)
    return _bounded(value, entry, cell)


def _share(value: Decimal, cell: Cell) -> Value | Fault:
    """A part of one; 50 without a percent sign could be either, so it is refused."""
    return value if 0 <= value <= 1 else Fault("share_out_of_range", shown(cell), ("0", "1"))


def _bounded(value: Decimal, entry: Field, cell: Cell) -> Value | Fault:
    if entry.minimum is not None and value < entry.minimum:
        return Fault("too_small", shown(cell), (f"{entry.minimum:f}",))
    if entry.maximum is not None and value > entry.maximum:
        return Fault("too_big", shown(cell), (f"{entry.maximum:f}",))
    if entry.kind == "integer":
        return int(value) if value == value.to_integral_value() else Fault("not_a_whole_number", shown(cell))
    return value


def _boolean(cell: Cell, words: Words) -> Value | Fault:
    found = word_reader(words.choices.get("boolean", {}).items(), "not_yes_or_no", words)(cell)
    return found == "true" if isinstance(found, str) else found


def _several(cell: Cell, entry: Field, words: Words) -> Value | Fault:
    text = shown(cell)
    if words.is_blank_word(text):
        return ()
    read = word_reader(entry.choices.items(), "not_a_choice", words, entry.labels)
    found = [read(part) for part in _LIST.split(text) if part]
    fault = next((one for one in found if isinstance(one, Fault)), None)
    return fault or tuple(dict.fromkeys(one for one in found if isinstance(one, str)))


def _codes(cell: Cell, entry: Field, words: Words) -> Value | Fault:
    """Several codes of records; nothing is known of them here."""
    found = _text(cell, replace(entry, max_length=10**4), words)
    if not isinstance(found, str):
        return found
    parts = [part for text in _CODES.split(found) if (part := text.strip())]
    long = next((part for part in parts if len(part) > entry.max_length), None)
    return tuple(dict.fromkeys(parts)) if long is None else _too_long(long, entry)


def _too_long(text: str, entry: Field) -> Fault:
    return Fault("too_long", text[:40], (str(entry.max_length),), {"length": len(text)})


def _text(cell: Cell, entry: Field, words: Words) -> Value | Fault:
    found = text_reader(words)(cell)
    if isinstance(found, str) and len(found) > entry.max_length:
        return _too_long(found, entry)
    return found
