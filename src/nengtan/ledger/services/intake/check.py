"""Holding a file against the register and the ledger: whole columns at a time, each different value once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TypeVar

from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.sheets.activity import read_activity
from nengtan.domain.sheets.cells import Grid
from nengtan.domain.sheets.headers import find
from nengtan.domain.sheets.problems import Fault, Param, Problem
from nengtan.domain.sheets.tables import ActivityTable, Rules
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services.closing import closed_years
from nengtan.ledger.services.intake import matching
from nengtan.ledger.services.intake.known import Key, Known, known
from nengtan.ledger.services.intake.matching import Body, Institutions, Unmatched
from nengtan.ledger.services.intake.plan import ActivityPlan, SheetPlan
from nengtan.ledger.services.intake.prices import odd_prices, together
from nengtan.ledger.services.intake.rules import activity_rules
from nengtan.ledger.services.intake.titles import Titles
from nengtan.ledger.services.intake.usual import Figures, alike, far_off
from nengtan.ledger.services.posting import UNVERIFIED, Entry, home_of, homes_of
from nengtan.reference.words import sheet_words
from nengtan.registry.models import Region
from nengtan.registry.services.intake import list_of
from nengtan.ui.fields import PLACES, from_units
from nengtan.ui.formats import exact
from nengtan.ui.sheets.wording import unit_name

H = TypeVar("H", bound=Hashable)
V = TypeVar("V")
Progress = Callable[[int, int, str], None]

TOLD = 5000
"""Rows between two words on progress."""

LARGEST_COST = Decimal(10) ** 11
"""CNY; no bill is larger, and the column of the database ends not far above."""

_LENGTHS = {name: getattr(ActivityFact._meta.get_field(name), "max_length", None) or 0 for name in ("bill_no", "note")}
_EXACT = Context(prec=60)
_SHEET_LENGTH = 40


def check_activity(
    actor: Actor,
    grids: Sequence[Grid],
    rules: Rules | None = None,
    region: Region | None = None,
    progress: Progress | None = None,
) -> ActivityPlan:
    """Read the sheets of a file and say what importing it would do; writes nothing.

    With ``region``, names of institutions are looked for in it alone. ``progress`` hears of rows read and rows checked.

    Raises:
        Forbidden: the actor enters consumption nowhere.
    """
    actor.require(Capability.WRITE_ACTIVITY)
    rules = rules or activity_rules()
    plan = ActivityPlan([])
    tell = _Telling(progress, sum(len(grid.rows) for grid in grids if not grid.hidden))
    titles = Titles(actor, region)
    unreadable: list[Problem] = []
    for grid in grids:
        if grid.hidden:
            plan.notes.append(_of_sheet(grid, "sheet_hidden"))
            continue
        entitled = titles.of(grid, find(grid, sheet_words()))
        table = read_activity(grid, sheet_words(), rules, entitled.layout)
        tell(len(grid.rows), _("Reading the rows"))
        if table.layout.form == "none":
            unreadable += _of_the_register(grid) or table.problems
            plan.notes.append(_of_sheet(grid, "sheet_left_out"))
            continue
        problems = [entitled.told(one) for one in table.problems]
        if any((one.code, one.column) == ("missing_column", "quantity") for one in problems):
            problems = _of_the_register(grid) or problems
        sheet = SheetPlan(table, problems=problems, notes=[*entitled.notes(grid.name), *table.notes])
        sheet.unread = table.rows_unread
        if grid.formulas:
            sheet.notes.append(replace(_of_sheet(grid, "formulas_taken"), params={"count": grid.formulas}))
        plan.sheets.append(sheet)
    if not plan.sheets:
        plan.failures, plan.notes = unreadable, []
        return plan
    _Checker(actor, plan.sheets, region, tell).run()
    tell(tell.total, _("Checking the rows"))
    return plan


class _Telling:
    """Says how far the check of a file is: every row is read once and checked once."""

    def __init__(self, progress: Progress | None, rows: int) -> None:
        self.progress, self.done, self.total = progress, 0, 2 * rows

    def __call__(self, rows: int, note: str) -> None:
        self.done = min(self.done + rows, self.total)
        if self.progress is not None:
            self.progress(self.done, self.total, note)


def _of_sheet(grid: Grid, code: str) -> Problem:
    return Problem(0, "", "", "", code, grid.name, severity="note", sheet=grid.name)


def _of_the_register(grid: Grid) -> list[Problem]:
    """That a sheet without figures is a list of the register, which goes in by another door."""
    kind = list_of(grid)
    return [replace(_of_sheet(grid, "list_of_register"), severity="error", params={"kind": kind})] if kind else []


class _Checker:
    """One pass over all sheets of a file: what is looked up is looked up once for all of them."""

    def __init__(self, actor: Actor, sheets: Sequence[SheetPlan], region: Region | None, tell: _Telling) -> None:
        self.actor, self.sheets, self.region, self.tell = actor, sheets, region, tell
        self.first: dict[Key, tuple[SheetPlan, int]] = {}

    def run(self) -> None:
        tables = [sheet.table for sheet in self.sheets]
        pairs = [
            list(zip(table.institution_code, table.institution_name, table.region, strict=True)) for table in tables
        ]
        finder = Institutions(self.actor, {pair for column in pairs for pair in column}, region=self.region)
        self.bodies, self.unknown_regions = finder.match(), finder.unknown
        ids = {body.id for body in self.bodies.values() if isinstance(body, Body)}
        self.buildings = matching.buildings(self._texts("building_code"), ids)
        self.meters = matching.meters(self._texts("meter_code"), ids)
        self.items = matching.items(self._texts("item"))
        self.closed = self._closed(ids)
        months = [period for sheet in self.sheets for period in (sheet.table.period or ())]
        self.stored = known(ids, (min(months), max(months))) if ids and months else {}
        checked = [_Sheet(self, sheet, column) for sheet, column in zip(self.sheets, pairs, strict=True)]
        for one in checked:
            one.run()
        for one, found in zip(checked, far_off([one.passing() for one in checked]), strict=False):
            one.sheet.unusual = found
            one.sheet.notes += map(together, alike(found))

    def _texts(self, name: str) -> set[str]:
        return {text for sheet in self.sheets for text in getattr(sheet.table, name) if text}

    def _closed(self, ids: set[int]) -> set[tuple[int, int]]:
        """Institution and month pairs that lie in a closed year."""
        closings = closed_years()
        if not closings:
            return set()
        homes = homes_of(ids)
        years = {closing.year for closing in closings}
        months = {period for sheet in self.sheets for period in sheet.table.period if period // 100 in years}
        return {
            (pk, period)
            for pk in ids
            for period in months
            for path in (home_of(homes[pk], period).path,)
            if any(item.year == period // 100 and path.startswith(item.region.path) for item in closings)
        }


class _Sheet:
    """The rows of one sheet."""

    def __init__(self, checker: _Checker, sheet: SheetPlan, pairs: Sequence[matching.Pair]) -> None:
        self.checker, self.sheet, self.table, self.pairs = checker, sheet, sheet.table, pairs
        self.bad: set[int] = set()
        self.told: set[tuple[object, ...]] = set()
        self.known: set[int] = set()
        self.found: list[Body | Unmatched] = []
        self.quantities: Sequence[int | None] = ()

    def run(self) -> None:
        if not len(self.table):
            return
        table, checker = self.table, self.checker
        self.found = [checker.bodies[pair] for pair in self.pairs]
        self._institutions()
        self.buildings = self._places("building_code", checker.buildings, "unknown_building")
        self.meters = self._places("meter_code", checker.meters, "unknown_meter")
        self._items()
        self._lengths()
        self._costs()
        self.quantities, costs = _figures(table)
        for same in odd_prices(table, self.quantities, costs):
            self.sheet.notes.append(together(same))
            self.sheet.prices += same
        self._compare(self._keys(), self.quantities, costs)

    def passing(self) -> Figures:
        """The quantities of the rows that are not refused."""
        at = [at for at, quantity in enumerate(self.quantities) if quantity is not None and at not in self.bad]
        bodies, carriers = self.found, self.table.carrier
        return Figures(
            self.table,
            at,
            [(body.id, carriers[one]) for one in at for body in (bodies[one],) if isinstance(body, Body)],
            [self.quantities[one] or 0 for one in at],
            {body.id: body.name for body in self.checker.bodies.values() if isinstance(body, Body)},
            self.known,
        )

    def fault(self, at: int, key: str, fault: Fault) -> None:
        """Refuse a row; one fault of a cell is told once, however many figures the row holds."""
        self.bad.add(at)
        problem = self.table.problem(at, key, fault)
        self._tell(problem, problem.letter)

    def _tell(self, problem: Problem, *what: object) -> None:
        known = problem.row, problem.code, *what
        if known not in self.told:
            self.told.add(known)
            self.sheet.problems.append(problem)

    def _institutions(self) -> None:
        refused = {pair for pair, body in self.checker.bodies.items() if isinstance(body, Unmatched)}
        told: set[matching.Pair] = set()
        for at in _where(self.pairs, refused):
            what = self.found[at]
            if isinstance(what, Unmatched):
                self.fault(at, what.column, what.fault)
        for at, body in enumerate(self.found) if _any_former(self.checker.bodies.values()) else ():
            if isinstance(body, Body) and body.former and self.pairs[at] not in told:
                told.add(self.pairs[at])
                name = self.pairs[at][1] or ""
                note = self.table.problem(at, "institution_name", Fault("former_name", name, (), {"now": body.name}))
                self.sheet.notes.append(replace(note, severity="note"))
        self._regions()
        self._months()

    def _regions(self) -> None:
        """What stands in the column of regions and is called so by no region, each once."""
        for text in sorted(self.checker.unknown_regions & set(self.table.region)):
            at = self.table.region.index(text)
            note = self.table.problem(at, "region", Fault("region_not_used", text))
            self.sheet.notes.append(replace(note, severity="warning"))

    def _months(self) -> None:
        """Months after an institution's end, and months of closed years."""
        ends = {body.last for body in self.checker.bodies.values() if isinstance(body, Body)}
        if ends and min(ends) < max(self.table.period):
            for at, (body, period) in enumerate(zip(self.found, self.table.period, strict=True)):
                if isinstance(body, Body) and period > body.last:
                    last = f"{body.last // 100}-{body.last % 100:02d}"
                    self.fault(at, "period", Fault("institution_closed", body.name, (f"≤ {last}",)))
        if self.checker.closed:
            for at, (body, period) in enumerate(zip(self.found, self.table.period, strict=True)):
                if isinstance(body, Body) and (body.id, period) in self.checker.closed:
                    self.fault(at, "period", Fault("period_closed", str(period // 100)))

    def _places(self, column: str, known_ids: dict[tuple[int, str], V], code: str) -> list[V | None]:
        texts = getattr(self.table, column)
        if not any(texts):
            return [None] * len(texts)
        found: list[V | None] = []
        for at, (body, text) in enumerate(zip(self.found, texts, strict=True)):
            place = known_ids.get((body.id, text)) if text and isinstance(body, Body) else None
            if text and place is None and isinstance(body, Body):
                allowed = sorted(known for owner, known in known_ids if owner == body.id)[:3]
                self.fault(at, column, Fault(code, text, tuple(allowed)))
            elif isinstance(place, tuple) and place[1] != self.table.carrier[at]:
                self.fault(at, column, Fault("meter_of_other_carrier", text, (), {"carrier": place[1]}))
            found.append(place)
        return found

    def _items(self) -> None:
        unknown: set[str | None] = {text for text in self.table.item if text and text not in self.checker.items}
        for at in _where(self.table.item, unknown):
            text = self.table.item[at] or ""
            self.fault(at, "item", Fault("unknown_item", text, matching.item_help(text)))

    def _lengths(self) -> None:
        for name, longest in _LENGTHS.items():
            texts = getattr(self.table, name)
            long = {text for text in set(texts) if text and len(text) > longest}
            for at in _where(texts, long):
                self.fault(at, name, Fault("too_long", texts[at][:40], (str(longest),), {"length": len(texts[at])}))

    def _costs(self) -> None:
        if any(self.table.cost):
            for at, cost in enumerate(self.table.cost):
                if cost is not None and cost > LARGEST_COST:
                    self.fault(at, "cost", Fault("too_big", f"{cost:f}", (f"{LARGEST_COST:f}",)))

    def _keys(self) -> Iterator[Key]:
        table, items = self.table, self.checker.items
        blank: list[int] = [0] * len(table)
        return map(
            Key,
            [body.id if isinstance(body, Body) else 0 for body in self.found],
            [place or 0 for place in self.buildings] if any(table.building_code) else blank,
            [place[0] if place else 0 for place in self.meters] if any(table.meter_code) else blank,
            table.carrier,
            [items.get(text, "") if text else "" for text in table.item] if any(table.item) else [""] * len(table),
            table.period,
            [origin or "" for origin in table.origin],
            [text or "" for text in table.bill_no],
        )

    def _compare(self, keys: Iterable[Key], quantities: Sequence[int | None], costs: Sequence[int | None]) -> None:
        """Against the rows above and against the ledger; what passes becomes an entry."""
        first, stored, sheet, table = self.checker.first, self.checker.stored, self.sheet, self.table
        place = f"{table.sheet[:_SHEET_LENGTH]}!"
        mine = (sheet, 0)
        for at, (key, quantity, cost) in enumerate(zip(keys, quantities, costs, strict=True)):
            if at % TOLD == TOLD - 1:
                self.checker.tell(TOLD, _("Checking the rows"))
            if at in self.bad:
                continue
            mine = (sheet, at)
            if first.setdefault(key, mine) is not mine:
                self._repeated(at, first[key])
                continue
            entry = self._entry(at, key, quantity, cost, place)
            there = stored.get(key)
            if there is None:
                sheet.entries.append(entry)
                sheet.rows.append(table.row[at])
            else:
                self._against(at, entry, there)

    def _entry(self, at: int, key: Key, quantity: int | None, cost: int | None, place: str) -> Entry:
        table = self.table
        stated = table.quantity[at]
        return Entry(
            key.institution, key.carrier, key.period, key.origin, quantity, cost,
            "" if stated is None else format(stated, "f")[:40], table.unit[at] or "",
            key.building or None, key.meter or None, key.item, key.bill_no,
            f"{place}{table.row[at]}", table.note[at] or "",
        )  # fmt: skip

    def _repeated(self, at: int, earlier: tuple[SheetPlan, int]) -> None:
        """A figure that a row above gave already, in the same words or in others."""
        sheet, where = earlier
        table = sheet.table
        before = (table.quantity[where], table.unit[where], table.cost[where])
        now = (self.table.quantity[at], self.table.unit[at], self.table.cost[at])
        above = "" if sheet is self.sheet else f"{table.sheet}!"
        params: dict[str, Param] = {
            "first": f"{above}{table.row[where]}",
            "first_place": above + table.problem(where, _figure(table, where), Fault("")).place,
            "before": _said(table, where),
        }
        self.bad.add(at)
        key = _figure(self.table, at)
        if before == now:  # a wide row that repeats another is told once, by its first figure
            self._tell(self.table.problem(at, key, Fault("duplicate_row", _said(self.table, at), (), params)), above)
        else:
            self.fault(at, key, Fault("conflicting_row", _said(self.table, at), (), params))

    def _against(self, at: int, entry: Entry, there: Sequence[Known]) -> None:
        unverified = entry.entered_unit == UNVERIFIED
        if any(item.says(entry.quantity, entry.cost, entry.entered_quantity, unverified) for item in there):
            self.sheet.unchanged_rows.add(self.table.row[at])
            self.known.add(at)
            return
        key = _figure(self.table, at)
        found = _shown(entry.carrier, entry.quantity, entry.cost) or entry.entered_quantity
        if len(there) > 1:
            self.fault(at, key, Fault("several_stored", found))
            return
        entry.supersedes_id = there[0].id
        self.sheet.corrections.append(entry)
        self.sheet.correction_rows.append(self.table.row[at])
        params = {"stored": _shown(entry.carrier, there[0].quantity, there[0].cost) or there[0].entered_quantity}
        self.sheet.conflicts.append(self.table.problem(at, key, Fault("conflicts_with_stored", found, (), params)))


def _shown(carrier: str, quantity: int | None, cost: int | None) -> str:
    """Figures as a person reads them: the quantity in its base unit, and the money."""
    unit = unit_name(reference.carriers()[carrier].unit)
    parts = [] if quantity is None else [f"{exact(from_units(quantity))} {unit}"]
    if cost is not None:
        parts.append(f"¥{exact(from_units(cost))}")
    return " / ".join(parts)


def _figure(table: ActivityTable, at: int) -> str:
    """The column that tells a row's figure."""
    return "quantity" if table.quantity[at] is not None else "cost"


def _said(table: ActivityTable, at: int) -> str:
    """The figures of a row as they stand in the file."""
    quantity, cost = table.quantity[at], table.cost[at]
    parts = [] if quantity is None else [f"{exact(quantity)} {unit_name(table.unit[at] or '')}".strip()]
    return " / ".join(parts if cost is None else [*parts, f"¥{exact(cost)}"])


def _figures(table: ActivityTable) -> tuple[list[int | None], list[int | None]]:
    """Quantities in the base unit and costs, in 10^-6 units."""
    factors: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
    carriers = reference.carriers()
    for carrier, unit in set(zip(table.carrier, table.unit, strict=True)):
        if unit and unit != UNVERIFIED:
            factors[carrier, unit] = carriers[carrier].units[unit].scaleb(PLACES)
    million = Decimal(10) ** PLACES
    times, whole = _EXACT.multiply, Decimal.to_integral_value
    quantities = [
        None if quantity is None or unit == UNVERIFIED
        else int(whole(times(quantity, factors[carrier, unit]), ROUND_HALF_EVEN))
        for quantity, carrier, unit in zip(table.quantity, table.carrier, table.unit, strict=True)
    ]  # fmt: skip
    costs = [None if cost is None else int(whole(times(cost, million), ROUND_HALF_EVEN)) for cost in table.cost]
    return quantities, costs


def _where(column: Sequence[H], wanted: set[H]) -> list[int]:
    return [at for at, value in enumerate(column) if value in wanted] if wanted else []


def _any_former(bodies: Iterable[Body | Unmatched]) -> bool:
    return any(isinstance(body, Body) and body.former for body in bodies)
