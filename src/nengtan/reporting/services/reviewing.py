"""Holding returns against the rules of the scheme: the same engine for one while it is typed and for a whole region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

import numpy as np
from django.db.models import Q

from nengtan import reference
from nengtan.domain import creditcode
from nengtan.domain.returns import slots, steps
from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.peers import with_peers
from nengtan.domain.returns.review.rules import Scope, Severity
from nengtan.domain.returns.review.table import Place, ReturnRow, Table, table_of, with_rooms
from nengtan.domain.returns.scheme import Measure
from nengtan.ledger.models import ActivityFact, Origin
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.registry.models import Institution
from nengtan.reporting.models import Explanation, Return, Value
from nengtan.reporting.services.peering import peers_of
from nengtan.reporting.services.rulebook import History, Rules, engine_of

Values = Mapping[str, Decimal | None]
Cells = dict[tuple[str, str], Decimal | None]

BEGUN = [state for state in steps.State if state is not steps.State.EMPTY]


def review(returns: Sequence[Return], instead: Mapping[int, Cells] | None = None) -> dict[int, list[Finding]]:
    """The findings of each return, by its id, the gravest first; a few queries for all of them.

    ``instead`` are cells of returns as they would be, before anything is stored.
    What the platform does not hold (a year before it was set up, a quota nobody loaded) is unknown and flags nothing.
    """
    return review_against(returns, instead)[0]


def review_against(
    returns: Sequence[Return], instead: Mapping[int, Cells] | None = None
) -> tuple[dict[int, list[Finding]], dict[int, ReturnRow]]:
    """`review`, and of each return the figures it was held against: last year's, the base year's, those of meters."""
    found: dict[int, list[Finding]] = {item.pk: [] for item in returns}
    rows: dict[int, ReturnRow] = {}
    groups: dict[tuple[slots.Slot, str, Rules], list[Return]] = defaultdict(list)
    history = History()
    for item in returns:
        groups[item.period, item.edition, history.of(item)].append(item)
    for (period, edition, rules), members in groups.items():
        held = _Held(members, period)
        for item in members:
            held.cells[item.pk].update((instead or {}).get(item.pk, {}))
        rows |= {item.pk: held.row(item) for item in members}
        for finding in _findings(held, period, edition, rules):
            found[int(str(finding.institution))].append(finding)
    return {pk: sorted(items, key=lambda item: item.severity.rank) for pk, items in found.items()}, rows


@dataclass(frozen=True)
class Reviewed:
    """One return held against the rules, with what its cells were held against; ``metered`` by indicator."""

    findings: Sequence[Finding]
    cells: Cells
    last: Cells
    previous: Cells
    base: Cells
    metered: Values


def review_typed(of: Return, typed: Cells | None = None) -> Reviewed:
    """One return as it would stand with ``typed`` in its cells: what a page asks while somebody types."""
    held, body = _Held([of], of.period), of.institution_id
    held.cells[of.pk].update(typed or {})
    findings = sorted(_findings(held, of.period, of.edition, History().of(of)), key=lambda item: item.severity.rank)
    last, previous, base = (items.get(body, {}) for items in (held.last, held.previous, held.base))
    return Reviewed(findings, held.cells[of.pk], last, previous, base, held.metered.get(body, {}))


def _findings(held: _Held, period: slots.Slot, edition: str, rules: Rules) -> Iterator[Finding]:
    rooms = held.rooms()
    whole = table_of(held.row(item) for item in held.members)
    if len(rooms):
        whole = with_rooms(whole, rooms, held.return_of_room)
    whole = with_peers(whole, peers_of(held.members, period, edition))
    yield from engine_of(edition, period.kind, Scope.RETURN, rules).review(whole)
    if len(rooms):
        yield from engine_of(edition, period.kind, Scope.ROOM, rules).review(rooms)


def weigh(of: Return, findings: Iterable[Finding]) -> tuple[int, int]:
    """How many findings of a return still block it, and how many still want an explanation.

    An explanation settles what asks for one, and what blocks where the rule lets itself be overruled.
    """
    return weigh_all([of], {of.pk: list(findings)})[of.pk]


def weigh_all(returns: Sequence[Return], findings: Mapping[int, Sequence[Finding]]) -> dict[int, tuple[int, int]]:
    """What `weigh` says of each return, by its id."""
    told: dict[int, dict[tuple[str, str, str], bool]] = defaultdict(dict)
    for chunk in bulk.chunks([item.pk for item in returns]):
        rows = Explanation.objects.filter(of__in=chunk).order_by()
        for pk, rule, record, indicator, evidence in rows.values_list(
            "of_id", "rule", "record", "indicator", "evidence_id"
        ):
            told[pk][rule, record, indicator] = evidence is not None
    return {item.pk: _weighed(findings.get(item.pk, ()), told[item.pk]) for item in returns}


def is_settled(finding: Finding, told: Mapping[tuple[str, str, str], bool]) -> bool:
    """Whether what the institution said (with a file or without) settles a finding."""
    proved = told.get((finding.rule, finding.cell.record, finding.cell.indicator))
    said = proved is not None and (proved or not finding.needs_evidence)
    return said and (finding.severity is not Severity.BLOCK or finding.overridable)


def _weighed(findings: Iterable[Finding], told: Mapping[tuple[str, str, str], bool]) -> tuple[int, int]:
    standing = [item.severity for item in findings if not is_settled(item, told)]
    return standing.count(Severity.BLOCK), standing.count(Severity.EXPLAIN)


class _Held:
    """What returns of one period are held against, looked up once for all of them."""

    def __init__(self, members: Sequence[Return], period: slots.Slot) -> None:
        self.members, self.period = members, period
        self.bodies = [item.institution_id for item in members]
        self.cells = _cells_of(members)
        self.last = self._of_period(period.last_year)
        same = period.previous == period.last_year
        self.previous = self.last if same else self._of_period(period.previous)
        year = scheme.base_year(period.year)
        self.base = self._of_period(replace(period, year=year)) if year else {}
        self.usual = self._usual()
        self.parts = self._parts()
        self.metered = self._metered()
        rows = Institution.objects.filter(pk__in=self.bodies).select_related("region")
        self.institutions = {body.pk: body for body in rows}
        self.sequence = self._sequence()
        self.return_of_room = np.array([], dtype=np.int64)

    def row(self, item: Return) -> ReturnRow:
        """A return as the engine reads it."""
        body = self.institutions[item.institution_id]
        return ReturnRow(
            item.pk,
            _whole(self.cells[item.pk]),
            views={
                "last": _whole(self.last.get(body.pk, {})),
                "previous": _whole(self.previous.get(body.pk, {})),
                "base": _whole(self.base.get(body.pk, {})),
                "usual": self.usual.get(body.pk, {}),
                "periods": self.parts.get(body.pk, {}),
                "metered": self.metered.get(body.pk, {}),
            },
            facts=self._facts(item, body),
            place=_place(item),
            period=str(self.period),
        )

    def rooms(self) -> Table:
        """The rooms of all returns, a row each."""
        rows: list[ReturnRow] = []
        of: list[int] = []
        for at, item in enumerate(self.members):
            by_room: dict[str, dict[str, Decimal | None]] = defaultdict(dict)
            for (record, indicator), value in self.cells[item.pk].items():
                if record:
                    by_room[record][indicator] = value
            for record, values in sorted(by_room.items()):
                rows.append(ReturnRow(item.pk, values, place=_place(item), record=record, period=str(self.period)))
                of.append(at)
        self.return_of_room = np.array(of, dtype=np.int64)
        return table_of(rows)

    def _facts(self, item: Return, body: Institution) -> dict[str, Decimal | int | None]:
        edition = scheme.edition(item.edition)
        code_known = bool(body.credit_code)
        has_code = code_known and creditcode.is_valid(body.credit_code or "")
        kinds = reference.institution_types()
        return {
            "active": int(body.status == Institution.Status.ACTIVE),
            "class_valid": int(item.institution_kind in kinds),
            "class_coarse": int(item.institution_kind == "02"),
            "code_valid": int(has_code) if code_known or not edition.org_code_allowed else None,
            "code_unique": int(code_known) or None,
            "duplicates": 0,
            "months": len(self.period.months),
            "missing_periods": self.sequence.get(body.pk),
        }

    def _of_period(self, period: slots.Slot) -> dict[int, Cells]:
        """Values of the same institutions in another period, where they reported it."""
        others = list(
            Return.objects.filter(
                institution__in=self.bodies, year=period.year, slot=period.number, kind=period.kind, state__in=BEGUN
            )
        )
        cells = _cells_of(others)
        return {other.institution_id: cells[other.pk] for other in others}

    def _usual(self) -> dict[int, dict[str, Decimal | None]]:
        """The median of the twelve months before a month, of those known, where a rule asks for it."""
        if self.period.kind is not slots.Kind.MONTH:
            return {}
        asked = engine_of(self.members[0].edition, self.period.kind, Scope.RETURN).columns()
        year, number = self.period.year, self.period.number
        rows = Value.objects.filter(
            Q(of__year=year, of__slot__lt=number) | Q(of__year=year - 1, of__slot__gte=number),
            of__institution__in=self.bodies, of__kind=self.period.kind, of__state__in=BEGUN, record="",
            indicator__in=[name for view, name in asked if view == "usual"], value__isnull=False,
        ).order_by()  # fmt: skip
        known: dict[tuple[int, str], list[Decimal]] = defaultdict(list)
        for body, indicator, value in rows.values_list("of__institution_id", "indicator", "value"):
            if value is not None:
                known[body, indicator].append(value)
        found: dict[int, dict[str, Decimal | None]] = defaultdict(dict)
        for (body, indicator), values in known.items():
            found[body][indicator] = median(values)
        return found

    def _parts(self) -> dict[int, dict[str, Decimal | None]]:
        """Flows and costs of the quarters (or months) that make the period up, added, where all were reported."""
        for kind in (slots.Kind.QUARTER, slots.Kind.MONTH):
            parts = self.period.parts(kind)
            if not parts:
                continue
            others = list(
                Return.objects.filter(
                    institution__in=self.bodies, year=self.period.year, kind=kind,
                    slot__in=[part.number for part in parts], state__in=BEGUN,
                )
            )  # fmt: skip
            reported: dict[int, list[Return]] = defaultdict(list)
            for other in others:
                reported[other.institution_id].append(other)
            whole = {body: items for body, items in reported.items() if len(items) == len(parts)}
            if whole:
                cells = _cells_of([item for items in whole.values() for item in items])
                return {body: _sums([cells[item.pk] for item in items]) for body, items in whole.items()}
        return {}

    def _metered(self) -> dict[int, dict[str, Decimal | None]]:
        """What the meters read in every month of the period, by quantity."""
        keys = {
            line.carrier: line.key
            for line in scheme.edition(self.members[0].edition).lines(2, platform=True)
            if line.carrier and line.measure is Measure.FLOW and line.parent is None
        }
        months = self.period.months
        rows = ActivityFact.objects.filter(
            institution__in=self.bodies, origin=Origin.METER, item="", carrier__in=keys, quantity__isnull=False,
            period__range=(months[0], months[-1]), superseded_by=None,
        ).exclude(standing__in=(ActivityFact.Standing.WITHDRAWN, ActivityFact.Standing.DETAIL))  # fmt: skip
        read: dict[tuple[int, str], dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for body, carrier, month, quantity in rows.order_by().values_list(
            "institution_id", "carrier", "period", "quantity"
        ):
            read[body, carrier][month] += quantity or 0
        found: dict[int, dict[str, Decimal | None]] = defaultdict(dict)
        for (body, carrier), by_month in read.items():
            if len(by_month) == len(months):
                found[body][keys[carrier]] = sum(by_month.values(), Decimal(0))
        return found

    def _sequence(self) -> dict[int, int]:
        """How many earlier periods of the year each body owes a return for and has not begun it."""
        earlier = [slot.number for slot in self.period.sequence if slot != self.period]
        if not earlier:
            return dict.fromkeys(self.bodies, 0)
        owed = Return.objects.filter(
            institution__in=self.bodies, year=self.period.year, kind=self.period.kind, slot__in=earlier
        )
        missing = dict.fromkeys(self.bodies, 0)
        for body in owed.filter(state=steps.State.EMPTY).values_list("institution_id", flat=True):
            missing[body] += 1
        return missing


def _whole(cells: Cells) -> dict[str, Decimal | None]:
    """The cells of the body itself, without those of its rooms."""
    return {indicator: value for (record, indicator), value in cells.items() if not record}


def _place(item: Return) -> Place:
    return Place(tuple(reversed(item.region.codes)), item.institution_kind, item.system)


def _cells_of(returns: Sequence[Return]) -> dict[int, Cells]:
    found: dict[int, Cells] = {item.pk: {} for item in returns}
    rows = Value.objects.filter(of__in=list(found)).order_by()
    for pk, record, indicator, value in rows.values_list("of_id", "record", "indicator", "value"):
        found[pk][record, indicator] = value
    return found


def _sums(parts: Sequence[Cells]) -> dict[str, Decimal | None]:
    """Each cell of several periods added; unknown where one of them is."""
    keys = {name for cells in parts for room, name in cells if not room}
    return {
        key: None if any(cells.get(("", key)) is None for cells in parts)
        else sum((cells["", key] or Decimal(0) for cells in parts), Decimal(0))
        for key in keys
    }  # fmt: skip
