"""A sheet of bills or meter figures as columns of facts: long, wide and months-across sheets give the same table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter

from .cells import Grid, shown
from .figures import Block, GroupReader
from .groups import Group, fill_merged, groups_of, missing_columns
from .headers import ACTIVITY_KEYS, Layout, find
from .marks import Marks
from .problems import Fault, Skipped
from .rows import Body, body_rows
from .shared import Shared, read_shared
from .tables import FACT_FIELDS, ActivityTable, Rules
from .words import Words

__all__ = ["ActivityTable", "Rules", "read_activity"]

_FILLED = frozenset(
    (
        "institution_code", "institution_name", "period", "year", "carrier", "unit", "origin", "building_code",
        "meter_code", "region",
    )
)  # fmt: skip


def read_activity(grid: Grid, words: Words, rules: Rules, layout: Layout | None = None) -> ActivityTable:
    """Read one sheet of consumption figures.

    >>> from decimal import Decimal
    >>> words = Words.of([("column", "institution_name", "单位"), ("column", "period", "月份"), ("unit", "kWh", "kWh"),
    ...                   ("carrier", "electricity", "电"), ("measure", "quantity", "用量")])
    >>> grid = Grid("s", [["单位", "月份", "用电量(kWh)"], ["甲", "2023-01", "1,200"], ["乙", "2023-02", -3.0]])
    >>> table = read_activity(grid, words, Rules({"electricity": {"kWh": Decimal(1)}}))
    >>> table.institution_name, table.period, table.carrier, table.quantity, table.unit
    (['甲'], [202301], ['electricity'], [Decimal('1200')], ['kWh'])
    >>> [(problem.place, problem.code) for problem in table.problems]
    [('C3', 'negative_quantity')]
    """
    layout = layout or find(grid, words, ACTIVITY_KEYS)
    groups = list(groups_of(layout))
    table = ActivityTable(grid.name, layout)
    table.problems = [problem for problem in layout.problems if problem.severity == "error"]
    table.problems += [replace(one, sheet=grid.name) for one in missing_columns(layout, groups)]
    table.notes = [problem for problem in layout.problems if problem.severity != "error"]
    if table.problems:
        unread = body_rows(grid, layout, words) if layout.columns else Body([], [], [])
        table.skipped, table.rows_unread = list(unread.skipped), len(unread.numbers)
        return table
    body = fill_merged(grid, layout, body_rows(grid, layout, words), _FILLED)
    table.skipped, table.rows_read = list(body.skipped), len(body.numbers)
    marks = Marks(grid.name, body.numbers)
    _mark_merged_figures(grid, layout, groups, body, marks)
    shared = read_shared(layout, body, words, rules, marks)
    reader = GroupReader(layout, body, shared, words, rules, marks)
    blocks = [reader.read(group) for group in groups]
    _gather(table, body, shared, blocks, marks)
    table.problems, table.notes = marks.problems(), table.notes + marks.notes
    return table


def _mark_merged_figures(grid: Grid, layout: Layout, groups: Sequence[Group], body: Body, marks: Marks) -> None:
    """A figure merged over several rows belongs to none of them alone."""
    figures = {column.index: column for group in groups for column in (group.quantity, group.cost) if column}
    places = {number: at for at, number in enumerate(body.numbers)} if grid.merges else {}
    for merge in grid.merges:
        column = figures.get(merge.left)
        if column is None or merge.top == merge.bottom or merge.top < layout.body:
            continue
        value = shown(grid.rows[merge.top][merge.left])
        fault = Fault("merged_figure", value, (), {"first": merge.top + 1, "last": merge.bottom + 1})
        for number in range(merge.top + 1, merge.bottom + 2):
            if value and number in places:
                marks.fault(places[number], column, fault)


def _gather(table: ActivityTable, body: Body, shared: Shared, blocks: Sequence[Block], marks: Marks) -> None:
    """Put the good facts of all groups into the table, in the order of the sheet."""
    filled = [block.filled() for block in blocks]
    if len(blocks) == 1 and not marks.bad and len(filled[0]) == len(body.numbers):
        table.row, table.cell = body.numbers, [blocks[0].group.any.index] * len(body.numbers)
        for name in FACT_FIELDS:
            setattr(table, name, list(_column(blocks[0], shared, name)))
        return
    picked = [
        (at, block.group.any.index, which)
        for which, block in enumerate(blocks)
        for at in filled[which]
        if at not in marks.bad
    ]
    picked.sort(key=itemgetter(0, 1))
    table.row = [body.numbers[at] for at, _, _ in picked]
    table.cell = [index for _, index, _ in picked]
    for name in FACT_FIELDS:
        sources = [_column(block, shared, name) for block in blocks]
        setattr(table, name, [sources[which][at] for at, _, which in picked])
    valued = marks.bad.union(*filled)
    names = shared.texts["institution_name"]
    empty = [at for at in range(len(body.numbers)) if at not in valued]
    table.skipped += [Skipped(body.numbers[at], "no_values", names[at] or "") for at in empty]
    table.skipped.sort(key=lambda skipped: skipped.row)


def _column(block: Block, shared: Shared, name: str) -> Sequence[object]:
    """One field of every row, from the group or from the columns rows share."""
    own: dict[str, Sequence[object]] = {
        "period": block.periods, "carrier": block.carriers, "quantity": block.quantities, "unit": block.units,
        "cost": block.costs, "origin": shared.origins,
    }  # fmt: skip
    return own[name] if name in own else shared.texts[name]
