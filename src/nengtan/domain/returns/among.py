"""What rows of one sheet say of each other: earlier periods, the parts of a year, gaps and doubles.

So a sheet can be reviewed without any other source, by the rules a region's returns are reviewed by.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from nengtan.domain import creditcode
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.table import Place, ReturnRow, Table
from nengtan.domain.returns.sheet import ReturnSheet, Typed
from nengtan.domain.returns.slots import Kind, Slot, annual

__all__ = ["MONTHS_OF_USUAL", "missing_periods", "numbered", "rows_of", "with_earlier"]

MONTHS_OF_USUAL = 12
"""A month is usual by the median of so many before it."""

_YEAR = 100
"""Slots of a year in a serial number: as wide as the two digits of a slot."""

Held = Mapping[tuple[str, Slot], Typed]


def rows_of(
    sheet: ReturnSheet, kind: Kind, classes: Iterable[str], chain_of: Callable[[str], tuple[str, ...]]
) -> tuple[list[ReturnRow], list[ReturnRow], list[int]]:
    """The returns of one kind of period as the engine reads them, their rooms, and whose each room is.

    ``chain_of`` gives a region of the sheet with those above it, nearest first. A room belongs to no return (-1) where
    there is none of its period, or where the room stands there already: what is given twice is not added twice.
    """
    known = frozenset(classes)

    def place(typed: Typed) -> Place:
        return Place(chain_of(typed.region), typed.institution_class)

    bodies = [typed for typed in sheet.rows if not typed.record and typed.period.kind is kind]
    held: Held = {(typed.institution, typed.period): typed for typed in sheet.rows if not typed.record}
    missing = missing_periods(held)
    times = Counter((typed.institution, typed.period) for typed in bodies)
    users: dict[str, set[str]] = defaultdict(set)
    for typed in bodies:
        users[typed.credit_code].add(typed.institution)
    rows = [
        ReturnRow(
            typed.institution,
            typed.values,
            views=_views(typed, held),
            facts={
                **_facts(typed, users, known),
                "duplicates": times[typed.institution, typed.period] - 1,
                "missing_periods": len(missing.get((typed.institution, typed.period), ())),
            },
            place=place(typed),
            period=str(typed.period),
            unreadable=typed.unreadable,
            texts=_texts(typed, missing.get((typed.institution, typed.period), ())),
        )
        for typed in bodies
    ]
    rooms, of = _rooms(sheet, kind, {(typed.institution, typed.period): at for at, typed in enumerate(bodies)}, place)
    return rows, rooms, of


def _rooms(
    sheet: ReturnSheet, kind: Kind, at: Mapping[tuple[str, Slot], int], place: Callable[[Typed], Place]
) -> tuple[list[ReturnRow], list[int]]:
    found = [typed for typed in sheet.rows if typed.record and typed.period.kind is kind]
    times = Counter((typed.institution, typed.period, typed.record) for typed in found)
    rows, of, seen = [], [], set[tuple[str, Slot, str]]()
    for typed in found:
        key = (typed.institution, typed.period, typed.record)
        rows.append(
            ReturnRow(
                typed.institution, typed.values, facts={"duplicates": times[key] - 1}, place=place(typed),
                record=typed.record, period=str(typed.period), unreadable=typed.unreadable,
            )
        )  # fmt: skip
        of.append(-1 if key in seen else at.get(key[:2], -1))
        seen.add(key)
    return rows, of


def missing_periods(held: Collection[tuple[str, Slot]]) -> dict[tuple[str, Slot], list[Slot]]:
    """Months and quarters that are not there, by the return before which they are missing: each gap once.

    A year begins with its first period. What is missing at its end is missing before the annual return, and is not
    asked for where there is none: it may not be due. A sheet with a single period of a kind in a year collects that
    period, so nothing is missing; nor is a month whose quarter is there, or a quarter all of whose months are, or whose
    months are told as missing.

    >>> from nengtan.domain.returns.slots import quarter
    >>> missing = missing_periods([("a", quarter(2025, 1)), ("a", quarter(2025, 4))])
    >>> [(body, str(slot), [str(one) for one in absent]) for (body, slot), absent in missing.items()]
    [('a', '2025-Q4', ['2025-Q2', '2025-Q3'])]
    """
    there: dict[tuple[str, int], dict[Kind, set[int]]] = defaultdict(lambda: defaultdict(set))
    collected: dict[tuple[int, Kind], set[int]] = defaultdict(set)
    for body, slot in held:
        if slot.kind is not Kind.ANNUAL:
            there[body, slot.year][slot.kind].add(slot.number)
            collected[slot.year, slot.kind].add(slot.number)
    found: dict[tuple[str, Slot], list[Slot]] = {}
    for (body, year), kinds in there.items():
        ends = []
        told: set[int] = set()
        for kind in (Kind.MONTH, Kind.QUARTER):
            if kind in kinds and len(collected[year, kind]) > 1:
                gaps = _gaps(year, kind, kinds)
                ends.append(gaps.pop(annual(year)))
                fresh = {slot: [one for one in absent if told.isdisjoint(one.months)] for slot, absent in gaps.items()}
                told |= {one for absent in fresh.values() for part in absent for one in part.months}
                found |= {(body, slot): absent for slot, absent in fresh.items() if absent}
        if ends and all(ends) and (body, annual(year)) in held:
            found[body, annual(year)] = min(ends, key=len)
    return found


def _gaps(year: int, kind: Kind, kinds: Mapping[Kind, set[int]]) -> dict[Slot, list[Slot]]:
    """What is missing before each period that is there, and at the end of the year (under the year)."""
    months, quarters = kinds.get(Kind.MONTH, set()), kinds.get(Kind.QUARTER, set())
    found: dict[Slot, list[Slot]] = {}
    absent: list[Slot] = []
    for slot in annual(year).parts(kind):
        if slot.number in kinds[kind]:
            if absent:
                found[slot] = absent
            absent = []
        elif kind is Kind.MONTH:
            if -(-slot.number // 3) * 3 not in quarters:
                absent.append(slot)
        elif not {slot.number - 2, slot.number - 1, slot.number} <= months:
            absent.append(slot)
    return {**found, annual(year): absent}


def _views(typed: Typed, held: Held) -> dict[str, Mapping[str, Decimal | None]]:
    views: dict[str, Mapping[str, Decimal | None]] = {}
    for view, period in (("last", typed.period.last_year), ("previous", typed.period.previous)):
        other = held.get((typed.institution, period))
        if other is not None:
            views[view] = other.sound
    for kind in (Kind.QUARTER, Kind.MONTH):
        parts = [held.get((typed.institution, part)) for part in typed.period.parts(kind)]
        there = [part.sound for part in parts if part is not None]
        if parts and len(there) == len(parts) and "periods" not in views:
            views["periods"] = {name: _sum([values.get(name) for values in there]) for name in typed.values}
    return views


def _sum(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if len(known) == len(values) else None


def _facts(typed: Typed, users: Mapping[str, set[str]], classes: frozenset[str]) -> dict[str, Decimal | int | None]:
    """What a row says of the body behind it: one that reports anything above zero is active."""
    code = typed.credit_code
    return {
        "active": 1 if any(value is not None and value > 0 for value in typed.values.values()) else None,
        "code_valid": int(creditcode.is_valid(code)) if code else None,
        "code_unique": int(len(users[code]) == 1) if code else None,
        "class_valid": int(typed.institution_class in classes) if typed.institution_class else None,
        "class_coarse": int(typed.institution_class == "02") if typed.institution_class else None,
        "months": len(typed.period.months),
    }


def _texts(typed: Typed, missing: Sequence[Slot]) -> dict[str, str]:
    """What stands in cells that hold no figure."""
    told = {
        "credit_code": typed.credit_code,
        "class": typed.institution_class,
        "period.missing": " ".join(map(str, missing)),
    }
    return {name: text for name, text in told.items() if text}


def with_earlier(
    table: Table, rows: Sequence[ReturnRow], periods: Sequence[Slot], wanted: Collection[tuple[str, str]],
    base_year: Callable[[int], int | None],
) -> Table:  # fmt: skip
    """The table with the views ``base`` and (of months) ``usual`` it is asked for, from other rows of the same body.

    ``periods`` are those of the rows, all of one kind. A figure below zero is as good as unknown.
    """
    names = {view: sorted(name for of, name in wanted if of == view) for view in ("base", "usual")}
    bodies = numbered(row.institution for row in rows)
    years = np.array([period.year for period in periods], dtype=np.int64)
    numbers = np.array([period.number for period in periods], dtype=np.int64)
    bases = {year: base_year(year) for year in set(years.tolist())}
    of_base = np.array([bases[year] or 0 for year in years.tolist()], dtype=np.int64)
    find = _Finder(bodies, years * _YEAR + numbers)
    columns: dict[tuple[str, str], Array] = {}
    at = find.rows(of_base * _YEAR + numbers)
    if (at >= 0).any():
        columns |= {("base", name): _taken(table, name, at) for name in names["base"]}
    if periods and periods[0].kind is Kind.MONTH:
        find = _Finder(bodies, years * 12 + numbers)
        before = [find.rows(years * 12 + numbers - lag) for lag in range(1, MONTHS_OF_USUAL + 1)]
        for name in names["usual"]:
            columns["usual", name] = _median(np.array([_taken(table, name, at) for at in before]))
    return table.with_columns({key: column for key, column in columns.items() if not np.isnan(column).all()})


class _Finder:
    """Where the row of a body and a period stands; of doubles the first."""

    def __init__(self, bodies: Array, serials: Array) -> None:
        self._bodies, self._width = bodies, int(serials.max(initial=0)) + 1
        self._keys, self._at = np.unique(bodies * self._width + serials, return_index=True)

    def rows(self, serials: Array) -> Array:
        """For each row that of its body with this serial number; -1 where there is none."""
        wanted = np.where((serials >= 0) & (serials < self._width), self._bodies * self._width + serials, -1)
        found = np.searchsorted(self._keys, wanted).clip(max=len(self._keys) - 1)
        return np.where(self._keys[found] == wanted, self._at[found], -1)


def _taken(table: Table, name: str, at: Array) -> Array:
    column = np.broadcast_to(table.column("now", name), (len(table),))
    held = column[at]
    return np.where((at >= 0) & (held >= 0), held, np.nan)


def _median(stack: Array) -> Array:
    known = ~np.isnan(stack).all(axis=0)
    found = np.full(stack.shape[1], np.nan)
    found[known] = np.nanmedian(stack[:, known], axis=0)
    return found


def numbered(names: Iterable[object]) -> Array:
    """Equal names by equal numbers.

    >>> numbered(["a", "b", "a"]).tolist()
    [0, 1, 0]
    """
    known: dict[object, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
