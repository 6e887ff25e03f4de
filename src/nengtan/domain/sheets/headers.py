"""Where the headings of a sheet are and what each column holds, for long, wide and months-across sheets."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

from .cells import Cell, Grid, column_letter, is_blank, shown
from .context import Context, read_context
from .headings import Heading, describe, read_group, read_heading
from .problems import Problem, Severity
from .words import Words, fold, is_total

__all__ = ["ACTIVITY_KEYS", "Column", "Layout", "find"]

ACTIVITY_KEYS = frozenset(
    (
        "institution_code", "institution_name", "period", "year", "carrier", "quantity", "unit", "cost", "origin",
        "building_code", "meter_code", "item", "bill_no", "note", "serial", "region",
        "credit_code",
    )
)  # fmt: skip
_SEARCH_ROWS, _MAX_SPAN, _SAMPLE = 25, 3, 60
_REPEATABLE = frozenset({"note", "serial", "region"})
_MEASURES = frozenset({"quantity", "cost", "unit"})
_NAMING = ACTIVITY_KEYS - {"quantity", "cost"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, or the carrier, measure, unit, year and month of the figures in it."""

    index: int
    label: str
    key: str = ""
    carrier: str | None = None
    measure: str | None = None
    unit: str | None = None
    year: int | None = None
    month: int | None = None

    @property
    def letter(self) -> str:
        """The spreadsheet letter."""
        return column_letter(self.index)

    @property
    def is_value(self) -> bool:
        """Whether the cells are figures of one carrier or one month."""
        return not self.key and (self.carrier is not None or self.month is not None)


@dataclass(frozen=True)
class Layout:
    """How a sheet is laid out: form long, wide or months; body rows start at 0-based `body`."""

    form: str
    header: int
    body: int
    columns: tuple[Column, ...]
    context: Context
    problems: list[Problem] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where the headings stand, as `A3:F4`."""
        if not self.columns:
            return ""
        return f"{self.columns[0].letter}{self.header + 1}:{self.columns[-1].letter}{self.body}"

    def by_key(self, key: str) -> Column | None:
        """The column of a key, None when the sheet has none."""
        return next((column for column in self.columns if column.key == key), None)

    @property
    def values(self) -> tuple[Column, ...]:
        """The columns of figures of a wide or months-across sheet."""
        return tuple(column for column in self.columns if column.is_value)

    @property
    def readable(self) -> bool:
        """Whether nothing about the headings stands in the way of reading rows."""
        return not any(problem.severity == "error" for problem in self.problems)


def find(grid: Grid, words: Words, keys: Set[str] = ACTIVITY_KEYS, *, figures: bool = True) -> Layout:
    """Find the heading rows and understand every column.

    `keys` are the column keys wanted; `figures` allows columns that hold a carrier or a month.

    >>> words = Words.of([("column", "institution_name", "单位"), ("column", "period", "月份"),
    ...                   ("carrier", "electricity", "电"), ("measure", "quantity", "用量"), ("unit", "kWh", "kWh"),
    ...                   ("date", "year", "年")])
    >>> layout = find(Grid("s", [["2023年能耗表", "", ""], ["单位", "月份", "用电量(kWh)"], ["甲", "1", 5.0]]), words)
    >>> layout.form, layout.body, layout.context.year, layout.columns[2].unit
    ('wide', 2, 2023, 'kWh')
    """
    start, span, labels, headings = _best(grid, words, keys, figures)
    if not span:
        problem = Problem(0, "", "", "", "no_header", "", tuple(sorted(keys)), sheet=grid.name)
        return Layout("none", 0, 0, (), Context(), [problem])
    body = start + span
    columns = _columns(grid, words, labels, headings, body)
    context = read_context(grid, start, words)
    if figures and (beside := _unit_beside(columns)):
        context = replace(context, unit=beside)
    layout = Layout(_form(columns), start, body, columns, context)
    layout.problems.extend(_unread(grid, layout, words))
    layout.problems.extend(_duplicates(grid, layout))
    return layout


def _unit_beside(columns: Sequence[Column]) -> str | None:
    """The unit in the heading of a column that holds no figures, as in `能源品种（吨标准煤）`: it is of all figures."""
    return next((column.unit for column in columns if column.key in _NAMING and column.unit), None)


def _best(grid: Grid, words: Words, keys: Set[str], figures: bool) -> tuple[int, int, list[str], list[Heading]]:
    """The start and height of the rows that read most like headings."""
    best: tuple[float, int, int, list[str], list[Heading]] = (1.5, 0, 0, [], [])
    depth = min(_SEARCH_ROWS, len(grid.rows))
    filled = _filled(grid, depth + _MAX_SPAN)
    tall = [merge for merge in grid.merges if merge.top < depth and merge.top < merge.bottom < merge.top + _MAX_SPAN]
    for start in range(depth):
        for span in range(1, min(_MAX_SPAN, len(grid.rows) - start) + 1):
            if any(m.top < edge <= m.bottom for edge in (start, start + span) for m in tall):
                continue  # headings do not begin or end inside a merged cell
            labels, headings = _joined(filled[start : start + span], words, keys, figures)
            score = _score(labels, headings) - span / 100
            if score > best[0]:
                best = (score, start, span, labels, headings)
    return best[1:]


def _score(labels: list[str], headings: list[Heading]) -> float:
    """How many different things the headings say.

    Bare numbers are weak as months, for column numbers and figures look the same; only a group heading over several
    of them makes them strong.
    """
    months = Counter(_group(label, heading) for label, heading in zip(labels, headings, strict=True))
    weights: dict[Heading, float] = {}
    for label, heading in zip(labels, headings, strict=True):
        if heading:
            group = _group(label, heading)
            said = (heading.unit is not None) + (heading.measure is not None)
            weights[heading] = 0.05 if group is not None and (not group or months[group] < 2) else 1 + said / 20
    return sum(weights.values())


def _group(label: str, heading: Heading) -> str | None:
    """What stands above a bare number read as a month; None where the heading is no such number."""
    above, _, last = label.rpartition(" ")
    bare = heading.month and last.isdigit() and len(last) <= 2
    return above if bare else None


def _filled(grid: Grid, depth: int) -> list[list[Cell]]:
    """The first rows with merged ranges filled in."""
    rows = [[*row, *[None] * (grid.width - len(row))] for row in grid.rows[:depth]]
    for merge in grid.merges:
        if merge.top >= len(rows):
            continue
        value = rows[merge.top][merge.left] if merge.left < grid.width else None
        for row in rows[merge.top : merge.bottom + 1]:
            for index in range(merge.left, min(merge.right + 1, grid.width)):
                row[index] = value
    return rows


def _joined(
    rows: Sequence[Sequence[Cell]], words: Words, keys: Set[str], figures: bool
) -> tuple[list[str], list[Heading]]:
    """Label and meaning of each column when these rows are its heading."""
    rows = [rows[0], *(_units_alone(row, words, keys) for row in rows[1:])]
    rows = [_carried(rows, depth) for depth in range(len(rows))]
    labels, headings = [], []
    for index in range(len(rows[0])):
        parts: list[Cell] = []
        for row in rows:
            if not is_blank(row[index]) and (not parts or describe(row[index]) != describe(parts[-1])):
                parts.append(row[index])
        labels.append(" ".join(map(describe, parts)))
        heading = _meaning(parts, words, keys)
        headings.append(heading if figures or heading.keys else Heading())
    return labels, headings


def _units_alone(row: Sequence[Cell], words: Words, keys: Set[str]) -> Sequence[Cell]:
    """A row of units below the headings without the word, or the dash, at its head; any other row as it is.

    As `Unit of measure | | kWh | m3`: the word would be read as a part of the heading above it.
    """
    rest: list[Cell] = []
    labelled = False
    for cell in row:
        is_unit = isinstance(cell, str) and (fold(cell) in words.units or fold(cell).strip("()") in words.units)
        rest.append(cell if is_unit else None)
        if is_unit or is_blank(cell):
            continue
        if not words.is_blank_word(shown(cell)) and "unit" not in read_heading(cell, words, keys).keys:
            return row
        labelled = True
    return rest if labelled and any(rest) else row


def _carried(rows: Sequence[Sequence[Cell]], depth: int) -> Sequence[Cell]:
    """A group heading carried to the right over the columns it stands above."""
    if depth == len(rows) - 1:
        return rows[depth]
    carried: list[Cell] = []
    for index, cell in enumerate(rows[depth]):
        below = any(not is_blank(row[index]) for row in rows[depth + 1 :])
        carried.append(carried[-1] if is_blank(cell) and below and carried else cell)
    return carried


def _meaning(parts: Sequence[Cell], words: Words, keys: Set[str]) -> Heading:
    """What a column's stacked headings say together, else what the lowest says alone."""
    if not parts:
        return Heading()
    if len(parts) == 1:
        return read_heading(parts[0], words, keys)
    heading = read_heading(" ".join(_as_text(part) for part in parts), words, keys)
    if heading:
        return heading
    last = read_heading(parts[-1], words, keys)
    measures = tuple(key for key in last.keys if key in _MEASURES)
    if last.carrier or (last.keys and not measures):
        return last
    above = read_group(" ".join(_as_text(part) for part in parts[:-1]), words, keys)
    measure = above.measure or next((key for key in ("quantity", "cost") if key in above.keys), None)
    if last.month:
        return replace(last, carrier=above.carrier, measure=measure, unit=above.unit, year=last.year or above.year)
    if measures and measure and not above.carrier and not above.month:
        return _part_of(measure, replace(last, keys=measures, unit=last.unit or above.unit))
    return Heading()


def _part_of(measure: str, part: Heading) -> Heading:
    """A column of a group that is all of one measure: its figures, or the unit beside them."""
    return part if part.keys in ((measure,), ("unit",)) else Heading()


def _as_text(cell: Cell) -> str:
    if isinstance(cell, dt.date):
        return f"{cell.year}-{cell.month:02d}"
    return shown(cell)


def _columns(grid: Grid, words: Words, labels: list[str], headings: list[Heading], body: int) -> tuple[Column, ...]:
    """Decide ambiguous headings by what is left and by what stands below them."""
    taken = {heading.keys[0] for heading in headings if len(heading.keys) == 1}
    columns = []
    for index, (label, heading) in enumerate(zip(labels, headings, strict=True)):
        key = heading.keys[0] if heading.keys else ""
        if len(heading.keys) > 1:
            key = _decide(grid, words, heading.keys, taken, index, body)
            taken.add(key)
        measure = heading.measure or ("quantity" if heading.carrier or heading.month else None)
        if not key and heading.measure and not heading.carrier and not heading.month:
            key = heading.measure
        columns.append(Column(index, label, key, heading.carrier, measure, heading.unit, heading.year, heading.month))
    return tuple(columns)


def _decide(grid: Grid, words: Words, keys: tuple[str, ...], taken: set[str], index: int, body: int) -> str:
    """A word that names an institution or a unit of measure is told by the cells below."""
    left = [key for key in keys if key not in taken] or list(keys)
    if "unit" in left and len(left) > 1:
        cells = [row[index] for row in grid.rows[body : body + _SAMPLE] if index < len(row)]
        cells = [cell for cell in cells if not is_blank(cell)]
        units = sum(isinstance(cell, str) and fold(cell) in words.units for cell in cells)
        others = [key for key in left if key != "unit"]
        return "unit" if cells and units * 2 > len(cells) else others[0]
    return left[0]


def _form(columns: Sequence[Column]) -> str:
    if any(column.is_value and column.month for column in columns):
        return "months"
    return "wide" if any(column.is_value for column in columns) else "long"


def _unread(grid: Grid, layout: Layout, words: Words) -> list[Problem]:
    """Columns with content that are not understood; they are left out and said so."""
    problems = []
    for column in layout.columns:
        if column.key or column.is_value:
            continue
        if any(column.index < len(row) and not is_blank(row[column.index]) for row in grid.rows[layout.body :]):
            code = "unknown_column" if column.label else "no_heading"
            if is_total(column.label, words):
                problems.append(_at_heading(grid, layout, column, "total_column", "note"))
            else:
                problems.append(_at_heading(grid, layout, column, code, "warning"))
    return problems


def _duplicates(grid: Grid, layout: Layout) -> list[Problem]:
    seen: dict[object, Column] = {}
    problems = []
    for column in layout.columns:
        if not (column.key or column.is_value) or column.key in _REPEATABLE:
            continue
        same: object = column.key or (column.measure, column.carrier, column.year, column.month)
        if same in seen:
            first = seen[same]
            params = {"first": first.letter, "first_label": first.label}
            problems.append(replace(_at_heading(grid, layout, column, "duplicate_column", "error"), params=params))
        seen.setdefault(same, column)
    return problems


def _at_heading(grid: Grid, layout: Layout, column: Column, code: str, severity: Severity) -> Problem:
    return Problem(
        layout.body, column.key, column.label, column.letter, code, column.label, severity=severity, sheet=grid.name
    )
