"""The figures of one group of columns: numbers, units, money, and whether they can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from .cells import Cell, shown
from .columns import number_reader
from .groups import Group
from .headers import Column, Layout
from .headings import Heading
from .marks import Marks
from .numbers import Parsed
from .problems import Fault, Param
from .rows import Body
from .shared import Periods, Shared, check_periods
from .tables import Rules
from .words import Words

__all__ = ["Block", "GroupReader"]

_NOTED = frozenset({"scaled", "unit_in_cell", "brackets_negative"})
Numbers = list[Decimal | None]
_UNVERIFIED = "unverified"
"""What stands for the unit of a figure whose unit nobody has verified."""
_Pair = tuple[str | None, str | None]  # carrier, unit


@dataclass(frozen=True)
class Block:
    """The facts of one group, position by position of the data rows."""

    group: Group
    carriers: Sequence[str | None]
    periods: Periods
    quantities: Numbers
    units: Sequence[str | None]
    costs: Numbers

    def filled(self) -> list[int]:
        """Positions with a quantity or a cost."""
        pairs = zip(self.quantities, self.costs, strict=True)
        return [at for at, (quantity, cost) in enumerate(pairs) if quantity is not None or cost is not None]


class GroupReader:
    """Reads the groups of one sheet, each in a few passes over whole columns."""

    def __init__(self, layout: Layout, body: Body, shared: Shared, words: Words, rules: Rules, marks: Marks) -> None:
        self.layout, self.body, self.shared = layout, body, shared
        self.words, self.rules, self.marks = words, rules, marks
        self.count = len(body.numbers)

    def read(self, group: Group) -> Block:
        """The facts of one group."""
        carriers, headings = self._carriers(group)
        periods = self._periods(group)
        quantities, cell_units = self._numbers(group.quantity)
        costs, cell_money = self._numbers(group.cost)
        for at, heading in enumerate(headings):
            if heading and heading.measure == "cost" and costs[at] is None:
                costs[at], quantities[at] = quantities[at], None
                if at in cell_units:
                    cell_money[at] = cell_units.pop(at)
        units = self._units(group, carriers, headings, quantities, cell_units)
        costs = self._money(group, headings, costs, cell_money)
        self._check_quantities(group, carriers, units, quantities)
        self._check_required(group, carriers, periods, quantities, costs)
        if None in quantities:
            units = [unit if number is not None else None for unit, number in zip(units, quantities, strict=True)]
        return Block(group, carriers, periods, quantities, units, costs)

    def _carriers(self, group: Group) -> tuple[Sequence[str | None], Sequence[Heading | None]]:
        """Carrier of each row, and the headings (`电费(元)`) some rows write in their carrier cell."""
        if group.any.carrier:
            return [group.any.carrier] * self.count, ()
        found = self.shared.carriers
        if found is None:
            return [self.layout.context.carrier] * self.count, ()
        if not {Heading, Fault} & set(map(type, found)):
            return found, ()  # type: ignore[return-value]
        headings = [entry if isinstance(entry, Heading) else None for entry in found]
        carriers = [
            entry.carrier if isinstance(entry, Heading) else entry if isinstance(entry, str) else None
            for entry in found
        ]
        return carriers, headings

    def _periods(self, group: Group) -> Periods:
        column, years = group.any, self.shared.years
        if column.month is None:
            return self.shared.periods if self.shared.periods is not None else self._said_above(column)
        if column.year is None and years is not None:
            periods: Periods = [year * 100 + column.month if isinstance(year, int) else None for year in years]
        else:
            year = column.year or self.layout.context.year
            periods = [year * 100 + column.month if year else None] * self.count
        return check_periods(periods, column, self.rules, self.marks)

    def _said_above(self, column: Column) -> Periods:
        """The month that only the sheet's name or title says, in every row."""
        period = self.layout.context.period
        return check_periods([period] * self.count, column, self.rules, self.marks) if period else [None] * self.count

    def _numbers(self, column: Column | None) -> tuple[Numbers, dict[int, str]]:
        """Numbers of a column and the units some cells carry themselves."""
        if column is None:
            return [None] * self.count, {}
        cells = self.body.columns[column.index]
        values = self.marks.take(column, cells, number_reader(self.words))
        if not {Parsed, Fault} & set(map(type, values)):
            return values, {}  # type: ignore[return-value]
        units: dict[int, str] = {}
        numbers: Numbers = []
        for at, value in enumerate(values):
            if isinstance(value, Parsed):
                taken = self._understood(at, column, cells[at], value)
                if taken and value.unit:
                    units[at] = value.unit
                numbers.append(value.value if taken else None)
            else:
                numbers.append(None if isinstance(value, Fault) else value)
        return numbers, units

    def _understood(self, at: int, column: Column, cell: Cell, parsed: Parsed) -> bool:
        """Refuse a percentage and a 万 under a heading that already says 万; say how other cells were read."""
        fault = None
        if "percent" in parsed.notes:
            fault = Fault("percent_not_allowed", shown(cell))
        elif "scaled" in parsed.notes and column.unit and column.unit.startswith("10"):
            fault = Fault("scale_twice", shown(cell), (), {"unit": column.unit})
        elif _NOTED & set(parsed.notes):
            params: dict[str, Param] = {"value": f"{parsed.value:f}", "unit": parsed.unit or ""}
            self.marks.note(at, column, Fault("read_as", shown(cell), (), params))
        if fault:
            self.marks.fault(at, column, fault)
        return fault is None

    def _units(self, group: Group, carriers: Sequence[str | None], headings: Sequence[Heading | None],
               quantities: Numbers, in_cells: dict[int, str]) -> list[str | None]:  # fmt: skip
        """The unit of each quantity: in the cell, in the row, in the carrier cell, in the heading, in the title."""
        money = self.rules.money
        stated = [group.any.unit, self.layout.context.unit]
        default = next((unit for unit in stated if unit and unit not in money), None)
        rows = self.shared.units
        units: list[str | None] = [default] * self.count
        if rows is not None:
            units = [unit if isinstance(unit, str) and unit not in money else default for unit in rows]
        for at, heading in enumerate(headings):
            if heading and heading.unit and heading.unit not in money:
                units[at] = heading.unit
        for at, unit in in_cells.items():
            said = rows[at] if rows is not None else group.any.unit
            if isinstance(said, str) and said != unit:
                self.marks.fault(at, group.any, Fault("unit_conflict", unit, (said,)))
            units[at] = unit
        if None in units:
            self._assume_units(group, carriers, units, quantities)
        return units

    def _assume_units(self, group: Group, carriers: Sequence[str | None], units: list[str | None],
                      quantities: Numbers) -> None:  # fmt: skip
        """Where the sheet names no unit: the agreed default, said once per carrier, else a problem."""
        said: set[str] = set()
        column = self.layout.by_key("unit") or group.any
        for at, (carrier, unit, quantity) in enumerate(zip(carriers, units, quantities, strict=True)):
            if unit is not None or quantity is None or carrier is None or at in self.marks.bad:
                continue
            units[at] = assumed = self.rules.default_units.get(carrier)
            if assumed is None:
                self.marks.row_fault(
                    at, column, Fault("missing_unit", "", self._offered(carrier), {"carrier": carrier})
                )
            elif carrier not in said:
                said.add(carrier)
                self.marks.note(at, column, Fault("unit_assumed", "", (), {"carrier": carrier, "unit": assumed}))

    def _money(self, group: Group, headings: Sequence[Heading | None], costs: Numbers,
               in_cells: dict[int, str]) -> Numbers:  # fmt: skip
        """Costs in CNY, nothing below zero."""
        money = self.rules.money
        column = group.cost or group.any
        stated = [column.unit, self.layout.context.unit]
        default = money[next((unit for unit in stated if unit and unit in money), "CNY")]
        named = {at: heading.unit for at, heading in enumerate(headings) if heading and heading.unit}
        factors = {at: money[unit] for at, unit in named.items() if unit in money}
        factors |= {at: money[unit] for at, unit in in_cells.items() if unit in money}
        for at, unit in in_cells.items():
            if unit not in money:
                self.marks.fault(at, column, Fault("not_money", unit, tuple(money)))
        if default != 1 or factors:
            costs = [None if cost is None else cost * factors.get(at, default) for at, cost in enumerate(costs)]
        for at, cost in enumerate(costs):
            if cost is not None and cost < 0:
                self.marks.fault(at, column, Fault("negative_cost", f"{cost:f}", ("0",)))
        return costs

    def _check_quantities(self, group: Group, carriers: Sequence[str | None], units: Sequence[str | None],
                          quantities: Numbers) -> None:  # fmt: skip
        """Unit allowed for the carrier, nothing below zero, nothing beyond belief."""
        pairs = list(zip(carriers, units, strict=True))
        limits, refused = self._limits(set(pairs))
        unit_column = self.layout.by_key("unit") or group.any
        for at, (quantity, pair) in enumerate(zip(quantities, pairs, strict=True)):
            if quantity is None:
                continue
            limit = limits[pair]
            if pair in refused:
                self.marks.row_fault(at, unit_column, self._as_written(at, refused[pair]))
            if quantity < 0:
                self.marks.fault(at, group.any, Fault("negative_quantity", f"{quantity:f}", ("0",)))
            elif limit is not None and quantity > limit:
                params: dict[str, Param] = {"carrier": str(pair[0]), "unit": str(pair[1]), "limit": f"{limit:f}"}
                self.marks.fault(at, group.any, Fault("absurd_quantity", f"{quantity:f}", (f"{limit:f}",), params))

    def _limits(self, pairs: set[_Pair]) -> tuple[dict[_Pair, Decimal | None], dict[_Pair, Fault]]:
        """Per carrier and unit: the largest believable month in that unit, and the pairs that do not go together."""
        limits: dict[_Pair, Decimal | None] = dict.fromkeys(pairs)
        refused: dict[_Pair, Fault] = {}
        for carrier, unit in pairs:
            if carrier is None or unit is None or unit == _UNVERIFIED:
                continue
            allowed = self.rules.units.get(carrier, {})
            if unit not in allowed:
                refused[carrier, unit] = Fault("unit_not_allowed", unit, self._offered(carrier), {"carrier": carrier})
            elif carrier in self.rules.limits:
                limits[carrier, unit] = self.rules.limits[carrier] / allowed[unit]
        return limits, refused

    def _offered(self, carrier: str) -> tuple[str, ...]:
        """The units of a carrier; that nobody verified one is no unit to choose."""
        return tuple(unit for unit in self.rules.units.get(carrier, ()) if unit != _UNVERIFIED)

    def _as_written(self, at: int, fault: Fault) -> Fault:
        """The refusal of a unit in the words of the row's own unit cell, where the unit comes from there."""
        column, units = self.layout.by_key("unit"), self.shared.units
        if column is None or units is None or units[at] != fault.found:
            return fault
        return replace(fault, found=shown(self.body.columns[column.index][at]))

    def _check_required(self, group: Group, carriers: Sequence[str | None], periods: Periods,
                        quantities: Numbers, costs: Numbers) -> None:  # fmt: skip
        """A figure needs its month and its carrier."""
        if None not in carriers and None not in periods:
            return
        refused = self.shared.carriers
        for at, (quantity, cost) in enumerate(zip(quantities, costs, strict=True)):
            if quantity is None and cost is None:
                continue
            if carriers[at] is None and not (refused and isinstance(refused[at], Fault)):
                self.marks.row_fault(at, self.layout.by_key("carrier") or group.any, Fault("missing_carrier"))
            if periods[at] is None and group.any.month:
                self.marks.row_fault(at, group.any, Fault("year_missing", group.any.label))
            elif periods[at] is None:
                self.marks.row_fault(at, self.layout.by_key("period") or group.any, Fault("missing_period"))
