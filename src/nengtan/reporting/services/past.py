"""Returns of one period as columns, straight from the database: only what is read, for one return or for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Cast

from nengtan.domain.returns import slots, steps
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.table import Place, Table
from nengtan.domain.returns.scheme import Measure
from nengtan.ledger.models import ActivityFact, Origin
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.reporting.models import Return, Value
from nengtan.reporting.services.facts import body_facts
from nengtan.reporting.services.prefill import booked
from nengtan.ui.fields import PLACES

__all__ = ["BEGUN", "Units", "past"]

BEGUN = [state for state in steps.State if state is not steps.State.EMPTY]
_UNITS = 10**PLACES
_MONTHS_OF_USUAL = 12

Wanted = frozenset[tuple[str, str]]
Columns = dict[tuple[str, str], Array]


@dataclass(frozen=True)
class _Heads:
    """Which returns, each with its body; ``rows`` is their query, for joining."""

    rows: QuerySet[Return]
    period: slots.Slot
    pks: Array
    bodies: Array
    held: list[tuple[Any, ...]]

    def place(self, keys: Array, *, by_body: bool) -> Array:
        """Where the returns with these ids, or of these bodies, stand."""
        known = self.bodies if by_body else self.pks
        order = np.argsort(known)
        found: Array = order[np.searchsorted(known, keys, sorter=order)]
        return found


def past(rows: QuerySet[Return], period: slots.Slot, wanted: Wanted, *, rooms: bool = False) -> Table:
    """The returns of ``rows`` (all of one period) with the columns ``wanted``; with ``rooms``, one row a room.

    What was not handed in, or never held here, is unknown.
    """
    fields = ("pk", "institution_id", "region__path", "institution_kind", "system",
              "institution__status", "institution__credit_code", "edition")  # fmt: skip
    held = list(rows.order_by("pk").values_list(*fields))
    heads = _Heads(rows, period, _numbers(row[0] for row in held), _numbers(row[1] for row in held), held)
    if rooms:
        return _rooms(heads, wanted)
    columns: Columns = {}
    missing = _missing(heads) if ("fact", "missing_periods") in wanted else {}
    if held:
        by_view = _by_view(wanted)
        for view, names in by_view.items():
            if view in _VIEWS:
                columns |= {(view, name): column for name, column in _VIEWS[view](heads, names).items()}
        if ("fact", "missing_periods") in wanted:
            columns["fact", "missing_periods"] = np.array(
                [float(len(missing.get(row, ()))) for row in range(len(held))]
            )
        columns |= _earlier(heads, {view: names for view, names in by_view.items() if view in _EARLIER})
    return replace(_table(heads, columns), texts=_texts(heads, missing))


def _texts(heads: _Heads, missing: Mapping[int, Sequence[slots.Slot]]) -> dict[str, dict[int, str]]:
    """What stands in cells that hold no figure, by row: for the words of a finding."""
    return {
        "class": {row: kind for row, (_pk, _body, _path, kind, *_) in enumerate(heads.held)},
        "credit_code": {row: code for row, (*_, code, _edition) in enumerate(heads.held) if code},
        "period.missing": {row: " ".join(map(str, absent)) for row, absent in missing.items()},
    }


def _table(heads: _Heads, columns: Columns) -> Table:
    places, number_of = _places(heads)
    return Table(heads.pks.tolist(), columns, places, number_of, periods=[str(heads.period)] * len(heads.held))


def _places(heads: _Heads) -> tuple[list[Place], Array]:
    at: dict[tuple[str, str, str], int] = {}
    numbers = _numbers(
        at.setdefault((path, kind, system), len(at)) for _pk, _body, path, kind, system, *_ in heads.held
    )
    places = [Place(tuple(reversed(path.strip("/").split("/"))), kind, system) for path, kind, system in at]
    return places or [Place()], numbers


def _rooms(heads: _Heads, wanted: Wanted) -> Table:
    names = _by_view(wanted).get("now", [])
    cells = Value.objects.filter(of__in=heads.rows.order_by().values("pk"), indicator__in=names).exclude(record="")
    found = list(cells.order_by("of_id", "record").values_list("of_id", "record", "indicator", _UNIT_NUMBER))
    at = {key: number for number, key in enumerate(dict.fromkeys((of, record) for of, record, *_ in found))}
    columns = {("now", name): np.full(len(at), np.nan) for name in names}
    for of, record, name, value in found:
        if value is not None:
            columns["now", name][at[of, record]] = value / _UNITS
    whole = _table(heads, {})
    numbers = heads.place(_numbers(of for of, _record in at), by_body=False)
    place_of = whole.place_of[numbers] if whole.place_of is not None else None
    return replace(
        whole, institutions=[of for of, _record in at], columns=columns, place_of=place_of,
        records=[record for _of, record in at], periods=[str(heads.period)] * len(at),
    )  # fmt: skip


def _by_view(wanted: Wanted) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for view, name in sorted(wanted):
        if view in _VIEWS or view in _EARLIER:
            found.setdefault(view, []).append(name)
    return found


class Units(Cast):
    """A figure as the whole number it is kept as, just as the database hands it over: no Decimal, no conversion."""

    def __init__(self, name: str) -> None:
        super().__init__(F(name), BigIntegerField())

    @property
    def convert_value(self) -> Callable[..., Any]:
        """What Django would do to each number: nothing, which it knows by this function."""
        return BaseExpression._convert_value_noop  # type: ignore[attr-defined]


_UNIT_NUMBER = Units("value")


_DATED = ("of__year", "of__slot", "of__institution_id", "indicator", _UNIT_NUMBER)
"""A cell of another period, and of which."""


def _now(heads: _Heads, names: list[str]) -> Mapping[str, Array]:
    cells = Value.objects.filter(of__in=heads.rows.order_by().values("pk"), record="", indicator__in=names)
    return _spread(heads, names, cells.order_by().values_list("of_id", "indicator", _UNIT_NUMBER), by_body=False)


def _cells(heads: _Heads, names: Iterable[str], *slots_of: slots.Slot) -> QuerySet[Value]:
    """What the same bodies reported in other periods, all read together."""
    periods = Q(pk__in=[])
    for kind, year in dict.fromkeys((slot.kind, slot.year) for slot in slots_of):
        numbers = [slot.number for slot in slots_of if (slot.kind, slot.year) == (kind, year)]
        periods |= Q(of__kind=kind, of__year=year, of__slot__in=numbers)
    return Value.objects.filter(
        periods, of__institution__in=heads.rows.order_by().values("institution"), of__state__in=BEGUN, record="",
        indicator__in=names, value__isnull=False,
    ).order_by()  # fmt: skip


def _base(period: slots.Slot) -> slots.Slot | None:
    year = scheme.base_year(period.year)
    return None if year is None else replace(period, year=year)


_EARLIER: Mapping[str, Callable[[slots.Slot], slots.Slot | None]] = {
    "last": lambda period: period.last_year,
    "previous": lambda period: period.previous,
    "base": _base,
}
"""The views that are the same cells of another period."""


def _earlier(heads: _Heads, views: Mapping[str, list[str]]) -> Columns:
    """Last year, the period before, the base year; those that are the same period are read once."""
    slot_of = {view: slot for view in views if (slot := _EARLIER[view](heads.period)) is not None}
    names: dict[slots.Slot, set[str]] = {}
    for view, slot in slot_of.items():
        names.setdefault(slot, set()).update(views[view])
    if not names:
        return {}
    read: dict[tuple[int, int], list[tuple[int, str, int | None]]] = {}
    cells = _cells(heads, set().union(*names.values()), *names)
    for year, number, body, name, value in cells.values_list(*_DATED):
        read.setdefault((year, number), []).append((body, name, value))
    found = {}
    for slot, wanted in names.items():
        held = (cell for cell in read.get((slot.year, slot.number), ()) if cell[1] in wanted)
        found[slot] = _spread(heads, wanted, held, by_body=True)
    columns = {(view, name): found[slot][name] for view, slot in slot_of.items() for name in views[view]}
    return columns | _last_booked(heads, views.get("last", ()), columns)


def _last_booked(heads: _Heads, names: Sequence[str], columns: Columns) -> Columns:
    """The columns of last year, with bills and register in them for bodies that have no return of then."""
    period = heads.period.last_year
    silent = np.array([np.isnan(columns["last", name]) for name in names]).all(axis=0) if names else _NOBODY
    bodies = _without_return(heads.bodies[silent].tolist(), period) if silent.any() else []
    if not bodies:
        return {}
    editions: dict[str, list[int]] = {}
    missing = frozenset(bodies)
    for _pk, body, *_others, edition in heads.held:
        if body in missing:
            editions.setdefault(edition, []).append(body)
    found: Columns = {("last", name): columns["last", name].copy() for name in names}
    for edition, members in editions.items():
        for body, cells in booked(members, period, scheme.edition(edition)).items():
            row = heads.place(_numbers([body]), by_body=True)
            for (record, name), value in cells.items():
                if not record and ("last", name) in found:
                    found["last", name][row] = float(value)
    return found


_NOBODY = np.zeros(0, dtype=bool)


def _without_return(bodies: Sequence[int], period: slots.Slot) -> list[int]:
    """The bodies that have no return of a period, or one that nobody began."""
    begun = {
        body
        for chunk in bulk.chunks(bodies)
        for body in Return.objects.filter(
            institution__in=chunk, kind=period.kind, year=period.year, slot=period.number, state__in=BEGUN
        ).values_list("institution_id", flat=True)
    }
    return [body for body in bodies if body not in begun]


def _parts(heads: _Heads, names: list[str]) -> Mapping[str, Array]:
    """Quarters (else months) added where every one of them is known."""
    parts = {kind: heads.period.parts(kind) for kind in (slots.Kind.QUARTER, slots.Kind.MONTH)}
    found: dict[str, Array] = {name: np.full(len(heads.held), np.nan) for name in names}
    if not any(parts.values()):
        return found
    cells = _cells(heads, names, *(slot for members in parts.values() for slot in members))
    sums = cells.values_list("of__kind", "of__institution_id", "indicator").annotate(
        total=Sum(_UNIT_NUMBER), known=Count("value")
    )
    read = list(sums)
    for kind, members in parts.items():
        whole = ((body, name, total) for of, body, name, total, known in read if of == kind and known == len(members))
        for name, column in _spread(heads, names, whole, by_body=True).items():
            found[name] = np.where(np.isnan(found[name]), column, found[name])
    return found


def _usual(heads: _Heads, names: list[str]) -> Mapping[str, Array]:
    """The median of the twelve months before, of those known."""
    if heads.period.kind is not slots.Kind.MONTH:
        return {}
    months, before = [], heads.period
    for _number in range(_MONTHS_OF_USUAL):
        before = before.previous
        months.append(before)
    stacks: dict[str, list[Array]] = {name: [] for name in names}
    read: dict[tuple[int, int], list[tuple[int, str, int | None]]] = {}
    for year, number, body, name, value in _cells(heads, names, *months).values_list(*_DATED):
        read.setdefault((year, number), []).append((body, name, value))
    for held in read.values():
        for name, column in _spread(heads, names, held, by_body=True).items():
            stacks[name].append(column)
    return {name: _median(np.array(columns)) for name, columns in stacks.items() if columns}


def _median(stack: Array) -> Array:
    known = ~np.isnan(stack).all(axis=0)
    found = np.full(stack.shape[1], np.nan)
    found[known] = np.nanmedian(stack[:, known], axis=0)
    return found


def _metered(heads: _Heads, names: list[str]) -> Mapping[str, Array]:
    """What the meters read in every month of the period; of a shared meter the share that its bills were divided by."""
    lines = [line for edition in scheme.editions().values() for line in edition.lines(2, platform=True)]
    carriers = {
        line.carrier: line.key
        for line in lines
        if line.carrier and line.measure is Measure.FLOW and not line.parent and line.key in names
    }
    months = heads.period.months
    standing = ActivityFact.Standing
    of_meter = Q(origin=Origin.METER, item="") & ~Q(standing__in=(standing.WITHDRAWN, standing.DETAIL))
    shared = Q(origin=Origin.BILL, standing=standing.ALLOCATED)
    share = Q(origin=Origin.BILL, standing=standing.COUNTS, allocated_from__isnull=False)
    read = (
        ActivityFact.objects.filter(
            of_meter | shared | share,
            institution__in=heads.rows.order_by().values("institution"), carrier__in=list(carriers),
            quantity__isnull=False, period__range=(months[0], months[-1]), superseded_by=None,
        )
        .order_by()
        .values_list("institution_id", "carrier")
        .annotate(
            total=Sum("quantity", filter=of_meter), months=Count("period", distinct=True, filter=of_meter),
            pool=Sum("quantity", filter=shared), own=Sum("quantity", filter=share),
        )
    )  # fmt: skip
    whole = (
        (body, carriers[carrier], int(total * _UNITS * (own or 0) / pool if pool else total * _UNITS))
        for body, carrier, total, count, pool, own in read
        if count == len(months)
    )
    return _spread(heads, names, whole, by_body=True)


def _of_rooms(heads: _Heads, names: list[str]) -> Mapping[str, Array]:
    cells = Value.objects.filter(
        of__in=heads.rows.order_by().values("pk"), indicator__in=names, value__isnull=False
    ).exclude(record="")
    sums = cells.order_by().values_list("of_id", "indicator").annotate(total=Sum(_UNIT_NUMBER))
    return _spread(heads, names, sums, by_body=False)


def _facts(heads: _Heads, names: list[str]) -> Mapping[str, Array]:
    told = [body_facts(edition, kind, status, code) for *_, kind, _system, status, code, edition in heads.held]
    found = {
        name: np.array([np.nan if (fact := facts[name]) is None else float(fact) for facts in told])
        for name in names
        if told and name in told[0]
    }
    size = len(heads.held)
    plain = {"months": float(len(heads.period.months)), "duplicates": 0.0}
    found |= {name: np.full(size, value) for name, value in plain.items() if name in names}
    return found


def _missing(heads: _Heads) -> dict[int, list[slots.Slot]]:
    """The earlier periods of the year somebody owes and never began, by row."""
    earlier = [slot.number for slot in heads.period.sequence if slot != heads.period]
    owed = Return.objects.filter(
        institution__in=heads.rows.order_by().values("institution"), year=heads.period.year, kind=heads.period.kind,
        slot__in=earlier, state=steps.State.EMPTY,
    ).order_by()  # fmt: skip
    found: dict[int, list[slots.Slot]] = {}
    for body, slot in owed.order_by("slot").values_list("institution_id", "slot") if heads.held else ():
        row = int(heads.place(_numbers([body]), by_body=True)[0])
        found.setdefault(row, []).append(replace(heads.period, number=slot))
    return found


def _spread(
    heads: _Heads, names: Iterable[str], cells: Iterable[tuple[int, str, int | None]], *, by_body: bool
) -> dict[str, Array]:
    """A column for each name from cells in any order; values are whole numbers of 10^-6."""
    found = {name: np.full(len(heads.held), np.nan) for name in names}
    keys: dict[str, list[int]] = {name: [] for name in found}
    values: dict[str, list[float]] = {name: [] for name in found}
    for key, name, value in cells:
        if value is not None:
            keys[name].append(key)
            values[name].append(value / _UNITS)
    for name, column in found.items():
        if keys[name]:
            column[heads.place(_numbers(keys[name]), by_body=by_body)] = values[name]
    return found


def _numbers(values: Iterable[int]) -> Array:
    return np.fromiter(values, dtype=np.int64)


_VIEWS: Mapping[str, Callable[[_Heads, list[str]], Mapping[str, Array]]] = {
    "now": _now,
    "fact": _facts,
    "periods": _parts,
    "usual": _usual,
    "metered": _metered,
    "rooms": _of_rooms,
}
