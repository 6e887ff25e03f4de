"""Meters as trees: what upper meters say against those below, the unmetered remainder, and items added up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from django.utils import timezone

from nengtan import reference
from nengtan.domain.metering.balance import ItemTotal, Line, Verdict, balance, by_item, lines, standing
from nengtan.domain.metering.readings import Floats, Ints
from nengtan.identity.access import Actor
from nengtan.reference.balances import tolerance_of
from nengtan.telemetry.models import Register
from nengtan.telemetry.moments import local_offset, micros
from nengtan.telemetry.queries.overview import MOST_METERS, meters_seen, within
from nengtan.telemetry.queries.series import DAY, daily, midnight
from nengtan.telemetry.queries.virtual import Computed
from nengtan.ui.words import named

__all__ = ["GROUPINGS", "BalanceRow", "Grouping", "ItemRow", "Node", "Place", "TooMany", "TreeRow", "Trees", "as_dict"]

Grouping = Literal["whole", "month", "day"]
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)

NATIONAL = "mohurd2008"
LONGEST_DAYS = 3660


class TooMany(ValueError):
    """More meters than are looked at together."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which meters: of an institution, a building, or a region and what is below it, by code; all without any.

    ``path``: the path of a region, for who has it at hand.
    """

    institution: str = ""
    building: str = ""
    region: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A meter in a tree; ``parent``: the code of the one above it, None for the uppermost."""

    pk: int
    code: str
    name: str
    institution: str
    household: str
    item: str
    parent: str | None
    is_virtual: bool
    by_hand: bool


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A meter, or with ``kind`` remainder what those below it have not seen; ``share``: of the meter above it."""

    meter: str
    name: str
    institution: str
    household: str
    kind: str
    depth: int
    item: str
    value: float | None
    share: float | None
    good: float
    estimated: float
    missing: float
    verdict: str


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """An upper meter in a period, and the meters right below it together; ``share``: of the remainder in it.

    ``known``: the least share of the time known of any of them.
    """

    meter: str
    name: str
    institution: str
    household: str
    period: str
    meters: int
    upper: float | None
    below: float | None
    remainder: float | None
    share: float | None
    known: float
    verdict: str


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item in a period; with ``kind`` remainder what of it no sub-item has.

    ``complete``: whether all of it is known. ``trust``: how sure the table of items is: high, medium, low.
    """

    item: str
    name: str
    parent: str
    kind: str
    depth: int
    period: str
    value: float | None
    share: float | None
    complete: bool
    trust: str


class Trees:
    """The meters of one carrier in a place, over some days."""

    def __init__(
        self, actor: Actor, place: Place, carrier: str, first: dt.date, last: dt.date, by: Grouping = "whole"
    ) -> None:
        """``first``, ``last``: local days, both within.

        Raises:
            TooMany: more than `MOST_METERS`.
            KeyError: an unknown carrier.
            Forbidden: the actor may see no meters.
        """
        self.carrier, self.first, self.by = carrier, first, by
        self.unit = reference.carriers()[carrier].unit
        self.last = max(min(last, timezone.localdate(), first + dt.timedelta(days=LONGEST_DAYS)), first)
        rows = _rows(actor, place, carrier)
        self.virtual = Computed([row[0] for row in rows])
        self._registers, by_hand = _registers([row[0] for row in rows], self.unit)
        virtual = self.virtual.formulas
        self.nodes = [
            Node(pk, code, name, body, household, item, parent, pk in virtual, pk in by_hand)
            for pk, code, name, body, household, item, parent in rows
        ]
        self._at = {node.code: place for place, node in enumerate(self.nodes)}

    @property
    def begin(self) -> int:
        """The first midnight [µs]."""
        noon = dt.datetime.combine(self.first, dt.time(12), tzinfo=timezone.get_current_timezone())
        return midnight(micros(noon), local_offset())

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @cached_property
    def _read(self) -> tuple[Floats, Floats, Floats]:
        """Consumption by day, and the shares of it measured well and estimated: meters x days."""
        end = self.begin + self.days * DAY
        real = [place for place, node in enumerate(self.nodes) if not node.is_virtual]
        registers = self._registers
        shape = (len(self.nodes), self.days)
        value, good, estimated = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape)
        read = [place for place in real if self.nodes[place].pk in registers]
        for whole, part in zip(
            (value, good, estimated),
            daily([registers[self.nodes[place].pk] for place in read], self.begin, end),
            strict=True,
        ):
            whole[read] = part
        computed = [place for place, node in enumerate(self.nodes) if node.is_virtual]
        if computed:
            told = self.virtual.statistics("day", self.begin, end)
            at = (np.array(computed)[told.register], (told.period - self.begin) // DAY)
            value[at], good[at], estimated[at] = told.value, told.good, told.estimated
        return value, good, estimated

    @cached_property
    def _groups(self) -> tuple[list[str], Ints]:
        """The periods in words, and of each day the number of its period."""
        days = [self.first + dt.timedelta(days=at) for at in range(self.days)]
        form = {"day": "%Y-%m-%d", "month": "%Y-%m"}.get(self.by)
        whole = f"{self.first} – {self.last}"
        labels = [day.strftime(form) if form else whole for day in days]
        names = list(dict.fromkeys(labels))
        place = {name: at for at, name in enumerate(names)}
        return names, np.array([place[label] for label in labels])

    @property
    def periods(self) -> list[str]:
        return self._groups[0]

    @cached_property
    def standing(self) -> dict[str, str | None]:
        """The meters that count in a tree, each with the one above it."""
        codes = {node.pk: node.code for node in self.nodes}
        inputs = {
            codes[meter]: {codes[term.meter_id] for one in those for term in one.terms.all() if term.meter_id in codes}
            for meter, those in self.virtual.formulas.items()
            if meter in codes
        }  # fmt: skip
        return standing({node.code: node.parent for node in self.nodes}, inputs)

    @cached_property
    def below(self) -> dict[str, list[str]]:
        """The meters right below each upper one."""
        found: dict[str, list[str]] = {}
        for code, parent in self.standing.items():
            if parent in self.standing:
                found.setdefault(str(parent), []).append(code)
        return found

    @cached_property
    def lines(self) -> list[Line]:
        """What may be added, by day."""
        value = self._read[0]
        return lines(self.standing, {code: value[self._at[code]] for code in self.standing})

    def _sum(self, value: Floats) -> Floats:
        """Days to periods; NaN where nothing is known."""
        _names, group = self._groups
        size = len(self.periods)
        total = np.bincount(group, weights=np.nan_to_num(value), minlength=size)
        known = np.bincount(group, weights=~np.isnan(value), minlength=size)
        return np.where(known > 0, total, np.nan)

    def _mean(self, share: Floats) -> Floats:
        _names, group = self._groups
        size = len(self.periods)
        found: Floats = np.bincount(group, weights=share, minlength=size) / np.bincount(group, minlength=size)
        return found

    def _balance(self, code: str) -> Any:
        """Days on which the upper meter is known, held against the same days of those below it."""
        value, good, estimated = self._read
        upper = value[self._at[code]]
        rows = [self._at[one] for one in self.below[code]]
        beside = np.where(np.isnan(upper), np.nan, value[rows])
        known = np.minimum(good + estimated, 1.0)
        least = np.array([self._mean(known[row]) for row in rows])
        of_upper = self._mean(known[self._at[code]])
        together = np.nan_to_num(np.array([self._sum(one) for one in beside]))
        told = balance(self._sum(upper), of_upper, together, least, tolerance_of(self.carrier))
        return told, np.minimum(of_upper, least.min(axis=0)), self._sum(upper)

    @cached_property
    def balances(self) -> list[BalanceRow]:
        """Every upper meter in every period."""
        found = []
        for code in self.below:
            node, (told, known, upper) = self.nodes[self._at[code]], self._balance(code)
            found += [
                BalanceRow(
                    code, node.name, node.institution, node.household, period, len(self.below[code]), _told(upper[at]),
                    _told(told.below[at]), _told(told.remainder[at]), _told(told.share[at]), _share(known[at]),
                    Verdict(told.verdict[at]).name.lower(),
                )
                for at, period in enumerate(self.periods)
            ]  # fmt: skip
        return found

    @cached_property
    def tree(self) -> list[TreeRow]:
        """Uppermost meters with those below them, and last of each what none of them has seen; of the whole time."""
        remainder = {line.meter: line for line in self.lines if line.is_remainder}
        verdicts = {row.meter: row for row in self.balances} if self.by == "whole" else {}
        found: list[TreeRow] = []

        def grow(code: str, depth: int, above: float) -> None:
            row = self._row(code, depth, above)
            found.append(row)
            for child in self.below.get(code, ()):
                grow(child, depth + 1, row.value or np.nan)
            if code in remainder:
                rest, held = float(np.nansum(remainder[code].value)), verdicts.get(code)
                told = rest if not np.isnan(remainder[code].value).all() else np.nan
                share = told / row.value if row.value else np.nan
                node = self.nodes[self._at[code]]
                found.append(
                    TreeRow(
                        code, "", node.institution, node.household, "remainder", depth + 1, node.item, _told(told),
                        _told(share), row.good, row.estimated, row.missing, held.verdict if held else "",
                    )
                )  # fmt: skip

        for code, parent in self.standing.items():
            if parent not in self.standing:
                grow(code, 0, np.nan)
        return found

    def _row(self, code: str, depth: int, above: float) -> TreeRow:
        at = self._at[code]
        node, (value, good, estimated) = self.nodes[at], (part[at] for part in self._read)
        total = float(np.nansum(value)) if not np.isnan(value).all() else np.nan
        sure, guessed = float(good.mean()), float(estimated.mean())
        kind = "virtual" if node.is_virtual else "by_hand" if node.by_hand else "meter"
        return TreeRow(
            code, node.name, node.institution, node.household, kind, depth, node.item, _told(total),
            _told(total / above if above else np.nan), _share(sure), _share(guessed),
            _share(max(1 - sure - guessed, 0.0)), "",
        )  # fmt: skip

    @cached_property
    def total(self) -> float | None:
        """What the lines add up to."""
        known = [np.nansum(line.value) for line in self.lines if not np.isnan(line.value).all()]
        return _told(float(sum(known))) if known else None

    def item_of(self, code: str, scheme: str) -> str:
        """The item of a meter in a table; the whole of the class without one."""
        item = self.nodes[self._at[code]].item or reference.item_classes().get(self.carrier, "")
        return reference.item_in(scheme).get(item, item)

    def items(self, scheme: str = NATIONAL) -> list[ItemRow]:
        """Consumption by item of a table, sub-items below their items, and last of each what no sub-item has.

        Raises:
            KeyError: an unknown table.
        """
        known = reference.item_scheme(scheme)
        items = {code: self.item_of(code, scheme) for code in self.standing}
        whole = by_item(self.lines, items, {code: one.parent for code, one in known.items()})
        own = by_item(self.lines, items, dict.fromkeys(known))
        below: dict[str, list[str]] = {}
        for code in whole:
            if code:
                below.setdefault(known[code].parent or "", []).append(code)
        found: list[ItemRow] = []

        def grow(code: str, depth: int, above: Floats | None) -> None:
            found.extend(self._item_rows(code, known, "item", depth, whole[code], above))
            mine = self._sum(whole[code].value)
            for child in sorted(below.get(code, ())):
                grow(child, depth + 1, mine)
            if below.get(code) and code in own:
                found.extend(self._item_rows(code, known, "remainder", depth + 1, own[code], mine))

        for code in sorted(below.get("", ())):
            grow(code, 0, None)
        if "" in whole:
            found.extend(self._item_rows("", known, "unknown", 0, whole[""], None))
        return found

    def _item_rows(
        self, code: str, known: Mapping[str, Any], kind: str, depth: int, total: ItemTotal, above: Floats | None
    ) -> list[ItemRow]:
        value = self._sum(total.value)
        complete = self._sum(np.where(total.complete, 0.0, 1.0)) == 0
        item = known.get(code)
        name = named(item, code) if item else ""
        rows = []
        for at, period in enumerate(self.periods):
            share = value[at] / above[at] if above is not None and above[at] else np.nan
            parent = code if kind == "remainder" else (item.parent or "") if item else ""
            rows.append(
                ItemRow(
                    "" if kind == "remainder" else code, name, parent, kind, depth, period, _told(value[at]),
                    _told(share), bool(complete[at]), item.trust if item else "",
                )
            )  # fmt: skip
        return rows


def _rows(actor: Actor, place: Place, carrier: str) -> list[Any]:
    """Primary key and facts of each meter, as `Node` has them."""
    meters = within(meters_seen(actor), place.institution, place.region).filter(carrier=carrier)
    if place.building:
        meters = meters.filter(building__code=place.building)
    if place.path:
        meters = meters.filter(institution__region__path__startswith=place.path)
    names = ("pk", "code", "name", "institution__code", "institution__name", "item", "parent__code")
    rows = list(meters.values_list(*names)[: MOST_METERS + 1])
    if len(rows) > MOST_METERS:
        raise TooMany(f"meters: found more than {MOST_METERS}, allowed: a smaller region")
    return rows


def _registers(meters: Sequence[int], unit: str) -> tuple[dict[int, int], set[int]]:
    """The main register of each meter that counts in a unit, and the meters read by hand."""
    rows = list(
        Register.objects.filter(code="", direction=Register.Direction.IN, meter__in=meters).values_list(
            "meter", "pk", "unit", "by_hand"
        )
    )
    return {meter: pk for meter, pk, counted, _hand in rows if counted == unit}, {row[0] for row in rows if row[3]}


def as_dict(row: Any) -> dict[str, Any]:
    """A row as API and command tell it."""
    return {name: getattr(row, name) for name in row.__slots__}


def _told(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _share(value: float) -> float:
    return round(float(value), 6)


def remainders(rows: Sequence[TreeRow]) -> list[TreeRow]:
    """The lines of what no meter has seen that are less than nothing: a ratio or a line is wrong."""
    return [row for row in rows if row.kind == "remainder" and row.value is not None and row.value < 0]
