"""Which columns of figures belong together, what a sheet of figures must say, and cells merged over several rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from .cells import Grid, is_blank
from .headers import Column, Layout
from .problems import Problem
from .rows import Body

__all__ = ["Group", "fill_merged", "groups_of", "missing_columns", "names_nobody"]


@dataclass(frozen=True)
class Group:
    """Columns that make one fact per row: a quantity, a cost or both, of one carrier or month or of the row's own."""

    quantity: Column | None
    cost: Column | None

    @property
    def any(self) -> Column:
        """The column to name in messages: that of the quantity, else of the cost."""
        return self.quantity or self.cost or Column(-1, "")


def groups_of(layout: Layout) -> Iterator[Group]:
    """Quantity and cost columns of the same carrier and month belong together.

    >>> from .context import Context
    >>> columns = (Column(1, "", "", "water", "quantity"), Column(2, "", "", "water", "cost"))
    >>> [(group.quantity.index, group.cost.index) for group in groups_of(Layout("wide", 0, 1, columns, Context()))]
    [(1, 2)]
    """
    if layout.form == "long":
        quantity, cost = layout.by_key("quantity"), layout.by_key("cost")
        if quantity or cost:
            yield Group(quantity, cost)
        return
    pairs: dict[tuple[str | None, int | None, int | None], dict[str, Column]] = {}
    for column in layout.values:
        measure = column.measure or layout.context.measure or "quantity"
        pairs.setdefault((column.carrier, column.year, column.month), {})[measure] = column
    for pair in pairs.values():
        yield Group(pair.get("quantity"), pair.get("cost"))


def missing_columns(layout: Layout, groups: Sequence[Group]) -> list[Problem]:
    """What a sheet of figures must say somewhere: institution, month, carrier, figures.

    >>> from .context import Context
    >>> layout = Layout("long", 0, 1, (Column(0, "Month", "period"),), Context())
    >>> [problem.column for problem in missing_columns(layout, [])]
    ['institution_name', 'carrier', 'quantity']
    """
    if not layout.columns:
        return []
    context, keys = layout.context, {column.key for column in layout.columns}
    absent = []
    if names_nobody(layout):
        absent.append("institution_name")
    if "period" not in keys and not context.period and not all(group.any.month for group in groups):
        absent.append("period")
    if "carrier" not in keys and not context.carrier and not (groups and all(group.any.carrier for group in groups)):
        absent.append("carrier")
    if not groups:
        absent.append("quantity")
    return [Problem(layout.body, key, "", "", "missing_column", "", (key,), {"where": layout.place}) for key in absent]


def names_nobody(layout: Layout) -> bool:
    """Whether nothing in a sheet of figures says whose they are: no column, and no line above the headings."""
    keys = {column.key for column in layout.columns}
    named = keys & {"institution_code", "institution_name", "credit_code"} or layout.context.institution
    return bool(keys) and not named


def fill_merged(grid: Grid, layout: Layout, body: Body, keys: Set[str]) -> Body:
    """Cells merged downwards in naming columns hold for every row they cover."""
    naming = {column.index for column in layout.columns if column.key in keys}
    merges = [m for m in grid.merges if m.bottom > m.top and m.bottom >= layout.body and m.left in naming]
    if not merges:
        return body
    columns = {merge.left: list(body.columns[merge.left]) for merge in merges}
    places = {number: at for at, number in enumerate(body.numbers)}
    for merge in merges:
        cells, value = columns[merge.left], grid.rows[merge.top][merge.left]
        for number in range(merge.top + 1, merge.bottom + 2):
            at = places.get(number)
            if at is not None and is_blank(cells[at]):
                cells[at] = value
    filled = [tuple(columns.get(index, cells)) for index, cells in enumerate(body.columns)]
    return Body(body.numbers, filled, body.skipped)
