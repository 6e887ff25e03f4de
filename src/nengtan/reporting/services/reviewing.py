"""Holding returns against the rules of the scheme: the same engine for one while it is typed and for a whole region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import isnan, nan

import numpy as np
from django.db.models import Q

from nengtan.domain.returns import slots, steps
from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.findings import Finding, Hit, Hits
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.rules import Rule, Scope, Severity
from nengtan.domain.returns.review.table import Place, ReturnRow, Table, table_of, with_rooms
from nengtan.domain.returns.scheme import Measure
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.reporting.models import Explanation, Return, Value
from nengtan.reporting.services.past import past
from nengtan.reporting.services.peering import among_peers
from nengtan.reporting.services.prefill import booked
from nengtan.reporting.services.rulebook import History, Rules, engine_of

Values = Mapping[str, Decimal | None]
Cells = dict[tuple[str, str], Decimal | None]

AT_ONCE = 1000
"""Returns looked up together: few queries a return, and no list of keys too long for a database."""

BEGUN = [state for state in steps.State if state is not steps.State.EMPTY]


def review(returns: Sequence[Return], instead: Mapping[int, Cells] | None = None) -> dict[int, list[Finding]]:
    """The findings of each return, by its id, the gravest first; a few queries for all of them.

    ``instead`` are cells of returns as they would be, before anything is stored.
    What the platform does not hold (a year before it was set up, a quota nobody loaded) is unknown and flags nothing.
    """
    found: dict[int, list[Finding]] = {item.pk: [] for item in returns}
    for members, period, edition, rules in _alike(returns):
        for finding in _read(members, period, edition, rules, instead or {}).findings():
            found[_key(finding.institution)].append(finding)
    return {pk: _gravest_first(items) for pk, items in found.items()}


@dataclass
class Flags:
    """What the rules find in many returns: by return the hits, the gravest first, and the figures it was held against.

    ``lacking`` are the rules of which a part compared some of the returns with nothing, for no quota is known there.
    """

    hits: dict[int, list[Hit]]
    against: dict[int, Against] = field(default_factory=dict)
    lacking: dict[str, Rule] = field(default_factory=dict)


def review_flagged(returns: Sequence[Return]) -> Flags:
    """What `review` finds, before figures and words are made of it: for long lists of which a page is shown."""
    flags = Flags({item.pk: [] for item in returns})
    for members, period, edition, rules in _alike(returns):
        held = _read(members, period, edition, rules, {}, frozenset(("metered", key) for key in _metered_keys(edition)))
        flags.against |= {_key(pk): Against(held.whole, row) for row, pk in enumerate(held.whole.institutions)}
        flags.lacking |= _lacking(held.engine, held.whole.places, rules)
        for hits in sorted(held.hits(), key=lambda item: item.severity.rank):
            for at, row in enumerate(hits.rows.tolist()):
                flags.hits[_key(hits.table.institutions[row])].append(Hit(hits, at))
    return flags


def lacking_quota(returns: Sequence[Return]) -> list[Rule]:
    """The rules of which a part compares some of the returns with nothing: no quota is known there."""
    found: dict[str, Rule] = {}
    for members, period, edition, rules in _alike(returns):
        engine = engine_of(edition, period.kind, Scope.RETURN, rules)
        found |= _lacking(engine, {_place(item) for item in members}, rules)
    return list(found.values())


def _lacking(engine: Engine, places: Iterable[Place], rules: Rules) -> dict[str, Rule]:
    lacking = engine.lacking(places)
    return {rule.id: rule for rule in rules.book.rules if rule.id in lacking}


def _key(institution: object) -> int:
    """The id of a return, which is what a table has for an institution here."""
    return institution if isinstance(institution, int) else int(str(institution))


@dataclass(frozen=True, slots=True)
class Against:
    """One return among those that were read, and the figures the rules held it against."""

    table: Table
    row: int

    def view(self, name: str) -> View:
        """Its figures ``now``, of the ``last`` year, of the ``base`` year, or as ``metered``."""
        return View(self.table, self.row, name)


@dataclass(frozen=True, slots=True)
class View:
    """Figures of one return by indicator, out of the columns they were read into."""

    table: Table
    row: int
    name: str

    def __contains__(self, indicator: str) -> bool:
        """Whether a figure was read, be it known or not."""
        return (self.name, indicator) in self.table.columns

    def get(self, indicator: str) -> Decimal | None:
        """A figure; None where it is not known."""
        column = self.table.columns.get((self.name, indicator))
        value = nan if column is None else float(column[self.row])
        return None if isnan(value) else Decimal(int(value)) if value.is_integer() else Decimal(repr(value))


@dataclass(frozen=True)
class Reviewed:
    """One return held against the rules, with what its cells were held against; ``metered`` by indicator.

    ``booked`` is what bills and register say of last year: it stands for ``last`` where there is no return of then.
    """

    findings: Sequence[Finding]
    stored: Mapping[tuple[str, str], Value]
    cells: Cells
    last: Cells
    previous: Cells
    base: Cells
    metered: Values
    booked: Mapping[tuple[str, str], Decimal]


def review_typed(of: Return, typed: Cells | None = None) -> Reviewed:
    """One return as it would stand with ``typed`` in its cells: what a page asks while somebody types."""
    keys = _metered_keys(of.edition)
    shown = frozenset(("metered", key) for key in keys)
    stored = {(value.record, value.indicator): value for value in of.values.select_related("entered_by")}
    cells = {place: value.value for place, value in stored.items()} | (typed or {})
    year = scheme.base_year(of.year)
    periods = {"last": of.period.last_year, "previous": of.period.previous}
    periods |= {"base": replace(of.period, year=year)} if year else {}
    others = _other_periods(of, list(periods.values()))
    views = {"now": cells, **{view: others.get(period, {}) for view, period in periods.items()}}
    last, books = views["last"], {} if of.period.last_year in others else _booked(of)
    views["last"] = last or dict(books)
    held = _read([of], of.period, of.edition, History().of(of), {of.pk: cells}, shown, views=views)
    metered = Against(held.whole, 0).view("metered")
    return Reviewed(
        _gravest_first(held.findings()), stored, cells, last, views["previous"], views.get("base", {}),
        {key: metered.get(key) for key in keys}, books,
    )  # fmt: skip


def _booked(of: Return) -> Mapping[tuple[str, str], Decimal]:
    """What bills and register say of last year, of a body that has no return of then."""
    edition = scheme.edition(of.edition)
    return booked([of.institution_id], of.period.last_year, edition).get(of.institution_id, {})


def _gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda item: item.severity.rank)


def _alike(returns: Sequence[Return]) -> Iterator[tuple[Sequence[Return], slots.Slot, str, Rules]]:
    """Returns of one period and edition under the same rules, so many at once as are looked up together."""
    groups: dict[tuple[slots.Slot, str, Rules], list[Return]] = defaultdict(list)
    history = History()
    for item in returns:
        groups[item.period, item.edition, history.of(item)].append(item)
    for (period, edition, rules), members in groups.items():
        for piece in bulk.chunks(members, AT_ONCE):
            yield piece, period, edition, rules


def _metered_keys(edition: str) -> list[str]:
    """The quantities meters are read for."""
    lines = scheme.edition(edition).lines(2, platform=True)
    return [line.key for line in lines if line.carrier and line.measure is Measure.FLOW and line.parent is None]


@dataclass(frozen=True)
class _Tables:
    """Returns as the engine reads them, and their rooms."""

    whole: Table
    rooms: Table
    engine: Engine
    room_engine: Engine

    def hits(self) -> Iterator[Hits]:
        yield from self.engine.review(self.whole).hits
        if len(self.rooms):
            yield from self.room_engine.review(self.rooms).hits

    def findings(self) -> Iterator[Finding]:
        return (finding for hits in self.hits() for finding in hits)


def _read(
    members: Sequence[Return], period: slots.Slot, edition: str, rules: Rules, instead: Mapping[int, Cells],
    shown: frozenset[tuple[str, str]] = frozenset(), *, views: Mapping[str, Cells] | None = None,
) -> _Tables:  # fmt: skip
    """The columns the rules read (and those ``shown``), with ``instead`` in place of what is stored.

    ``views`` are all cells of a single return, as it is and of other periods, where they were read already.
    """
    engine = engine_of(edition, period.kind, Scope.RETURN, rules)
    wanted = frozenset(column for column in engine.columns() if column[0] != "rooms") | shown
    read = wanted if views is None else frozenset(column for column in wanted if column[0] not in _OF_CELLS)
    whole = past(Return.objects.filter(pk__in=[item.pk for item in members]), period, read)
    whole = whole if views is None else _with_columns(whole, views, wanted - read)
    places = {_key(pk): row for row, pk in enumerate(whole.institutions)}
    for pk, cells in instead.items():
        for (record, indicator), value in cells.items():
            column = whole.columns.get(("now", indicator))
            if pk in places and not record and column is not None:
                column[places[pk]] = nan if value is None else float(value)
    rooms, return_of = _rooms(members, period, instead, places, _room_cells(members) if views is None else {})
    if len(rooms):
        whole = with_rooms(whole, rooms, return_of)
    whole = among_peers(whole, period, edition, engine)
    return _Tables(whole, rooms, engine, engine_of(edition, period.kind, Scope.ROOM, rules))


_OF_CELLS = ("now", "last", "previous", "base")
"""The views of a return that are nothing but cells of a period."""


def _with_columns(table: Table, views: Mapping[str, Cells], wanted: Iterable[tuple[str, str]]) -> Table:
    """The table of one return with the columns ``wanted`` of ``views``."""
    found = {
        (view, name): np.array([nan if (value := views[view].get(("", name))) is None else float(value)])
        for view, name in wanted
        if view in views
    }
    return replace(table, columns={**table.columns, **found})


def _room_cells(members: Sequence[Return]) -> dict[int, Cells]:
    """What is stored of the rooms of returns."""
    found: dict[int, Cells] = defaultdict(dict)
    stored = Value.objects.filter(of__in=[item.pk for item in members], record__gt="").order_by()
    for pk, record, indicator, value in stored.values_list("of_id", "record", "indicator", "value"):
        found[pk][record, indicator] = value
    return found


def _rooms(
    members: Sequence[Return], period: slots.Slot, instead: Mapping[int, Cells], places: Mapping[int, int],
    stored: Mapping[int, Cells],
) -> tuple[Table, Array]:  # fmt: skip
    """The rooms of all returns, a row each, and the row of the return each belongs to."""
    held: dict[int, dict[str, dict[str, Decimal | None]]] = defaultdict(lambda: defaultdict(dict))
    for item in members:
        for (record, indicator), value in (stored.get(item.pk, {}) | instead.get(item.pk, {})).items():
            if record:
                held[item.pk][record][indicator] = value
    rows = [
        (places[item.pk], ReturnRow(item.pk, values, place=_place(item), record=record, period=str(period)))
        for item in members
        if item.pk in held
        for record, values in sorted(held[item.pk].items())
    ]
    return table_of(row for _at, row in rows), np.array([at for at, _row in rows], dtype=np.int64)


def weigh(of: Return, findings: Iterable[Finding]) -> tuple[int, int]:
    """How many findings of a return still block it, and how many still want an explanation.

    An explanation settles what asks for one, and what blocks where the rule lets itself be overruled.
    """
    return weigh_all([of], {of.pk: list(findings)})[of.pk]


def weigh_all(returns: Sequence[Return], findings: Mapping[int, Sequence[Finding]]) -> dict[int, tuple[int, int]]:
    """What `weigh` says of each return, by its id."""
    told: dict[int, dict[tuple[str, str, str], bool]] = defaultdict(dict)
    for chunk in bulk.chunks([item.pk for item in returns]):
        rows = Explanation.objects.filter(of__in=chunk, stands=True).order_by()
        for pk, rule, record, indicator, evidence in rows.values_list(
            "of_id", "rule", "record", "indicator", "evidence_id"
        ):
            told[pk][rule, record, indicator] = evidence is not None
    return {item.pk: _weighed(findings.get(item.pk, ()), told[item.pk]) for item in returns}


def is_settled(finding: Finding | Hit, told: Mapping[tuple[str, str, str], bool]) -> bool:
    """Whether what the institution said (with a file or without) settles a finding."""
    proved = told.get((finding.rule, finding.cell.record, finding.cell.indicator))
    said = proved is not None and (proved or not finding.needs_evidence)
    return said and (finding.severity is not Severity.BLOCK or finding.overridable)


def _weighed(findings: Iterable[Finding], told: Mapping[tuple[str, str, str], bool]) -> tuple[int, int]:
    standing = [item.severity for item in findings if not is_settled(item, told)]
    return standing.count(Severity.BLOCK), standing.count(Severity.EXPLAIN)


def _other_periods(of: Return, periods: Sequence[slots.Slot]) -> dict[slots.Slot, Cells]:
    """Values of the same institution in the other periods that it began to report, be they none."""
    wanted = Q(pk__in=[])
    for period in periods:
        wanted |= Q(year=period.year, slot=period.number, kind=period.kind)
    rows = Return.objects.filter(wanted, institution=of.institution_id, state__in=BEGUN).order_by()
    found: dict[slots.Slot, Cells] = {}
    names = ("kind", "year", "slot", "values__record", "values__indicator", "values__value")
    for kind, year, slot, record, indicator, value in rows.values_list(*names):
        cells = found.setdefault(slots.Slot(year, slot, slots.Kind(kind)), {})
        if indicator is not None:
            cells[record, indicator] = value
    return found


def _place(item: Return) -> Place:
    return Place(tuple(reversed(item.region.codes)), item.institution_kind, item.system)
