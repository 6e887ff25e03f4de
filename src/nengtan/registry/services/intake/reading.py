"""Which sheet is which, and its rows as records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from nengtan import reference
from nengtan.domain.sheets.cells import Grid, shown
from nengtan.domain.sheets.headers import Column, Layout
from nengtan.domain.sheets.problems import Problem
from nengtan.domain.sheets.records import Field, RecordTable, read_records
from nengtan.domain.sheets.words import fold
from nengtan.reference.words import sheet_words
from nengtan.registry.services.intake import schema
from nengtan.registry.services.intake.plan import RegistryPlan, SheetPlan
from nengtan.registry.services.intake.recognising import CREDIT_CODE, Reading, recognise, words_for

PARTICULAR = "particular:"
"""Begins the key of a column that holds a particular of equipment."""


def read(grids: Sequence[Grid], source: str = "", region: bool = False) -> RegistryPlan:
    """The sheets of a file as records; nothing is held against the register yet.

    With ``region`` the file has one, and institutions need not name theirs.
    """
    plan = RegistryPlan([], source=source)
    left_out: list[Problem] = []
    specs, titles = schema.fields(region), schema.titles()
    for grid in grids:
        if grid.hidden:
            if not grid.name.startswith("_"):  # lists of drop-downs are nobody's data
                plan.notes.append(_of_sheet(grid, "sheet_hidden"))
            continue
        found = recognise(grid, specs, titles)
        if found is None:
            left_out.append(_of_sheet(grid, "sheet_not_register"))
        elif isinstance(found, Problem):
            plan.failures.append(found)
        else:
            plan.sheets.append(_sheet(grid, found, specs[found.kind], titles[found.kind]))
    if plan.sheets or plan.failures:
        plan.notes += left_out
    else:
        keys = tuple(entry.key for entry in specs["institutions"] if entry.required)
        plan.failures = [Problem(0, "", "", "", "no_header", "", keys, sheet=item.sheet) for item in left_out]
        plan.failures = plan.failures or [Problem(0, "", "", "", "no_header", "", keys)]
    return plan


def list_of(grid: Grid) -> str:
    """What of the register a sheet lists, as people call it; empty where it is no list of the register."""
    titles = schema.titles()
    found = recognise(grid, schema.fields(), titles)
    return titles[found.kind] if isinstance(found, Reading) else ""


def _of_sheet(grid: Grid, code: str) -> Problem:
    return Problem(0, "", "", "", code, grid.name, severity="note", sheet=grid.name)


def _sheet(grid: Grid, found: Reading, entries: Sequence[Field], title: str) -> SheetPlan:
    kind, layout, fields = found.kind, found.layout, tuple(entries)
    if kind != "institutions" and layout.by_key(CREDIT_CODE):
        fields += (Field(CREDIT_CODE, "code"),)
    if kind == "assets":
        layout = _with_particulars(layout)
        fields += tuple(Field(column.key) for column in layout.columns if column.key.startswith(PARTICULAR))
    table = read_records(grid, words_for(kind), fields, layout, keep_faulty=True)
    problems = [_lacking(problem, title) for problem in table.problems]
    return SheetPlan(kind, table, refused_codes(table, grid), problems=problems)


def _lacking(problem: Problem, title: str) -> Problem:
    """A missing column, with what the sheet was read as."""
    if problem.code != "missing_column":
        return problem
    code = "missing_region_column" if problem.column == "region_code" else "missing_column_of"
    return replace(problem, code=code, params={**problem.params, "kind": title})


@cache
def _particulars() -> dict[str, str]:
    """Key of a particular by each of its names, without unit."""
    found: dict[str, str] = {}
    for kind in reference.asset_kinds().values():
        for entry in kind.fields:
            for word in (entry.key, entry.zh, entry.en):
                found.setdefault(_bare(word), entry.key)
    return found


def _particular(label: str) -> str | None:
    """The particular a heading names, by a name of its own or by a common word for it."""
    known = _particulars()
    common = (key for key in sheet_words().columns.get(_bare(label), ()) if key in known.values())
    return known.get(_bare(label)) or next(common, None)


def _bare(heading: str) -> str:
    return fold(heading).split("(")[0]


def _with_particulars(layout: Layout) -> Layout:
    """Columns that name a particular of equipment get its key; of two headings alike the second is the particular.

    Kinds share keys under several names (roof and floor area), so a key may stand over several columns.
    """
    columns: list[Column] = []
    seen: set[str] = set()
    for column in layout.columns:
        key, particular = column.key, _particular(column.label)
        if particular and (not key or key in seen):
            key = PARTICULAR + particular
            while key in seen:
                key += "+"
        seen.add(key)
        columns.append(replace(column, key=key))
    known = {column.letter for column in columns if column.key.startswith(PARTICULAR)}
    problems = [problem for problem in layout.problems if problem.letter not in known]
    return replace(layout, columns=tuple(columns), problems=problems)


def particulars(record: dict[str, object]) -> dict[str, str]:
    """The particulars a row of equipment gives, by key."""
    found: dict[str, str] = {}
    for key, value in record.items():
        if key.startswith(PARTICULAR) and value is not None:
            found.setdefault(key.removeprefix(PARTICULAR).rstrip("+"), str(value))
    return found


def refused_codes(table: RecordTable, grid: Grid) -> set[str]:
    """Codes of rows that could not be read, so that rows that name them can be told why."""
    column = table.layout.by_key("code")
    if column is None:
        return set()
    rows = (grid.rows[row - 1] for row in table.bad_rows if 0 < row <= len(grid.rows))
    return {shown(row[column.index]) for row in rows if column.index < len(row)}
