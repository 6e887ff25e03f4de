"""Writing facts: the one way into the ledger, for one bill as for a hundred thousand rows.

In one transaction: refuse closed years, give each fact the region and kind its institution had that month, let the
overlap rule say which facts of each touched cell count, and move the kept sums by the difference. Set-based: a fixed
number of statements, whatever the number of facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.domain import overlap, periods
from nengtan.identity.access import Actor
from nengtan.ledger.models import ActivityFact, Evidence, ImportBatch
from nengtan.ledger.services import bulk, rollups
from nengtan.ledger.services.books import Pair, bodies_of, open_years, refresh_years, root_of
from nengtan.ledger.services.closing import closed_years
from nengtan.registry.models import Institution, InstitutionSpan, Meter

UNVERIFIED = "unverified"
"""The unit of a quantity whose unit nobody has verified: kept as received, never counted."""

_COUNTS = int(overlap.Standing.COUNTS)
_UNVERIFIED = int(overlap.Standing.UNIT_UNVERIFIED)

Cell = tuple[int, str, int]
"""Institution id, carrier, period."""


@dataclass(slots=True)
class Entry:
    """One fact about to be written; ``quantity``, ``cost``, ``share`` in 10^-6 units (``ui.fields.to_units``)."""

    institution_id: int
    carrier: str
    period: int
    origin: str
    quantity: int | None = None
    cost: int | None = None
    entered_quantity: str = ""
    entered_unit: str = ""
    building_id: int | None = None
    meter_id: int | None = None
    item: str = ""
    bill_no: str = ""
    source_row: str = ""
    note: str = ""
    evidence_id: int | None = None
    supersedes_id: int | None = None
    allocated_from_id: int | None = None
    share: int | None = None

    @property
    def withdraws(self) -> bool:
        """A correction that says nothing takes the corrected fact back."""
        return (
            self.supersedes_id is not None and self.quantity is None and self.cost is None and not self.entered_quantity
        )


class YearClosed(ValueError):
    """A fact would enter a closed year; ``years`` are (region, year) as people read them."""

    def __init__(self, years: Collection[tuple[str, int]]) -> None:
        self.years = sorted(years)
        listed = ", ".join(f"{region} {year}" for region, year in self.years)
        super().__init__(_("Closed years take no more figures: %(years)s. Reopen the year first.") % {"years": listed})


@dataclass(slots=True)
class _Held:
    """A fact of a touched cell, old or new, with what the rule and the sums need."""

    id: int
    entry: Entry
    cell: Cell
    region_id: int
    path: str
    kind: str
    standing: int
    superseded: bool = False
    allocated: bool = False
    late: bool = False
    fresh: bool = False


_Cells = dict[Cell, list[_Held]]
_Moved = Sequence[tuple[_Held, int]]
"""Old facts whose standing changes, with the one they had."""


@dataclass(slots=True)
class Home:
    """Where an institution stood from a month on."""

    since: int
    region_id: int
    path: str
    kind: str


@transaction.atomic
def post(
    actor: Actor,
    entries: Sequence[Entry],
    evidence: Evidence | None = None,
    batch: ImportBatch | None = None,
    unsettled: Unsettled | None = None,
) -> range:
    """Write facts; their ids, in order.

    Who writes piece by piece gives ``unsettled``, and settles it in the same transaction when all is written.

    Raises:
        YearClosed: nothing is written.
    """
    if not entries:
        return range(0)
    homes = homes_of({entry.institution_id for entry in entries})
    first = bulk.reserve_ids(ActivityFact, len(entries))
    fresh = [_fresh(first + place, entry, homes) for place, entry in enumerate(entries)]
    _refuse_closed(fresh)
    cells = _cells(fresh)
    moved = _judge(cells, fresh)
    written = Unsettled() if unsettled is None else unsettled
    written.moves.know({held.path for members in cells.values() for held in members})
    with bulk.inserting(ActivityFact, _INSERTED, _rows(actor, fresh, evidence, batch)):
        written.take(fresh, cells, moved)
    _restand(moved)
    if unsettled is None:
        written.settle()
    return range(first, first + len(entries))


@dataclass
class Unsettled:
    """Facts written whose sums have not been moved yet: by how much, the years begun under each root, and the books.

    Sums moved once for many pieces touch each row once.
    """

    moves: rollups.Moves = field(default_factory=rollups.Moves)
    years: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    books: set[Pair] = field(default_factory=set)

    def take(self, fresh: Sequence[_Held], cells: _Cells, moved: _Moved) -> None:
        """Add facts just written."""
        self.moves.take(_differences(cells, moved))
        self.books.update((body, period // 100) for body, _carrier, period in cells)
        for path, year in {(held.path, held.entry.period // 100) for held in fresh}:
            self.years[root_of(path)].add(year)

    def settle(self) -> None:
        """Move the sums of regions and refresh the books.

        The first figure of a year opens books of it for every body of the tree, since all are expected to report.
        """
        for root, years in self.years.items():
            begun = years - open_years(root)
            self.books.update((body, year) for body in (bodies_of(root) if begun else ()) for year in begun)
        self.moves.write()
        refresh_years(self.books)


def homes_of(institutions: Collection[int]) -> dict[int, list[Home]]:
    """Where each institution stood, latest first."""
    found: dict[int, list[Home]] = defaultdict(list)
    for chunk in bulk.chunks(sorted(institutions)):
        rows = InstitutionSpan.objects.filter(institution_id__in=chunk).order_by("institution_id", "-valid_from")
        for pk, since, region_id, path, kind in rows.values_list(
            "institution_id", "valid_from", "region_id", "region__path", "kind"
        ):
            found[pk].append(Home(since.year * 100 + since.month, region_id, path, kind))
    return found


def home_of(homes: list[Home], period: int) -> Home:
    """Where it stood in a month."""
    for home in homes:
        if home.since <= period:
            return home
    return homes[-1]


def _fresh(pk: int, entry: Entry, homes: dict[int, list[Home]]) -> _Held:
    home = home_of(homes[entry.institution_id], entry.period)
    standing = _UNVERIFIED if entry.entered_unit == UNVERIFIED else _COUNTS
    cell = (entry.institution_id, entry.carrier, entry.period)
    return _Held(pk, entry, cell, home.region_id, home.path, home.kind, standing, fresh=True)


def _refuse_closed(fresh: Iterable[_Held]) -> None:
    closed = closed_years()
    if not closed:
        return
    hit = {
        (closing.region.name, closing.year)
        for closing in closed
        for path in {held.path for held in fresh if held.entry.period // 100 == closing.year}
        if path.startswith(closing.region.path)
    }
    if hit:
        raise YearClosed(hit)


def _cells(fresh: Sequence[_Held]) -> _Cells:
    """The touched cells with all their facts: old ones first, also those of cells a corrected fact stands in."""
    cells: _Cells = {}
    for held in _existing({held.cell for held in fresh}, fresh):
        cells.setdefault(held.cell, []).append(held)
    for held in fresh:
        cells.setdefault(held.cell, []).append(held)
    return cells


def _existing(cells: set[Cell], fresh: Sequence[_Held]) -> Iterator[_Held]:
    corrected = [held.entry.supersedes_id for held in fresh if held.entry.supersedes_id]
    for chunk in bulk.chunks(corrected):
        cells |= set(ActivityFact.objects.filter(pk__in=chunk).values_list("institution_id", "carrier", "period"))
    periods = {period for _body, _carrier, period in cells}
    for chunk in bulk.chunks(sorted({body for body, _carrier, _period in cells})):
        rows = ActivityFact.objects.filter(institution_id__in=chunk, period__range=(min(periods), max(periods)))
        yield from (held for held in map(_held, rows.values_list(*_COLUMNS)) if held.cell in cells)


_COLUMNS = (
    "id", "institution_id", "carrier", "period", "origin", "quantity", "cost", "entered_quantity", "entered_unit",
    "building_id", "meter_id", "item", "supersedes_id", "region_id", "region__path", "kind", "standing",
    "superseded_by__id",
)  # fmt: skip


def _held(row: tuple[Any, ...]) -> _Held:
    (pk, institution, carrier, period, origin, quantity, cost, entered, unit, building, meter, item, supersedes,
     region, path, kind, standing, successor) = row  # fmt: skip
    entry = Entry(
        institution, carrier, period, origin, bulk.units(quantity), bulk.units(cost), entered, unit, building, meter,
        item, supersedes_id=supersedes,
    )  # fmt: skip
    allocated = standing == overlap.Standing.ALLOCATED
    cell = (institution, carrier, period)
    return _Held(pk, entry, cell, region, path, kind, standing, successor is not None, allocated)


@transaction.atomic
def restand(institutions: Collection[int]) -> None:
    """Let facts of months after their body was closed count no more; those of closed years stay as they are."""
    ends = ends_of(institutions)
    closed = [(closing.region.path, closing.year) for closing in closed_years()]
    late = int(overlap.Standing.AFTER_CLOSING)
    live = (_COUNTS, int(overlap.Standing.OUTRANKED), int(overlap.Standing.DETAIL))
    wrong: set[Cell] = set()
    for chunk in bulk.chunks(sorted(institutions)):
        after = Q(institution_id__in=ends.keys() & set(chunk), period__gt=min(ends.values(), default=0))
        rows = ActivityFact.objects.filter(after & Q(standing__in=live) | Q(institution_id__in=chunk, standing=late))
        columns = ("institution_id", "carrier", "period", "standing", "region__path")
        for body, carrier, period, standing, path in rows.values_list(*columns):
            frozen = any(path.startswith(above) and period // 100 == year for above, year in closed)
            if not frozen and (standing == late) != (period > ends.get(body, period)):
                wrong.add((body, carrier, period))
    if not wrong:
        return
    cells: _Cells = defaultdict(list)
    for held in _existing(wrong, []):
        cells[held.cell].append(held)
    moved = _judge(cells, [])
    unsettled = Unsettled()
    unsettled.moves.know({held.path for members in cells.values() for held in members})
    unsettled.take([], cells, moved)
    _restand(moved)
    unsettled.settle()


def ends_of(institutions: Collection[int]) -> dict[int, int]:
    """The last month of each of the institutions that was closed."""
    found: dict[int, int] = {}
    for chunk in bulk.chunks(sorted(institutions)):
        rows = Institution.objects.filter(pk__in=chunk, closed_on__isnull=False)
        found |= {pk: periods.last_before(on) for pk, on in rows.values_list("pk", "closed_on") if on}
    return found


def _judge(cells: _Cells, fresh: Sequence[_Held]) -> _Moved:
    """Set the standing of every fresh fact; the old facts whose standing changes, with their old one.

    A cell that holds a single fresh fact needs no rule: it keeps the standing it was made with.
    """
    ends = ends_of({body for body, _carrier, _period in cells})
    replaced = {held.entry.supersedes_id for held in fresh if held.entry.supersedes_id}
    split = {held.entry.allocated_from_id for held in fresh if held.entry.allocated_from_id}
    crowded: list[_Held] = []
    for (body, _carrier, period), members in cells.items():
        late = period > ends.get(body, period)
        for held in members:
            held.superseded = held.superseded or held.id in replaced
            held.allocated = held.allocated or held.id in split
            held.late = late
        only = members[0]
        if late or len(members) > 1 or not only.fresh or only.allocated or only.superseded or only.entry.withdraws:
            crowded += members
    above = _meters_above({held.entry.meter_id for held in crowded if held.entry.meter_id is not None})
    old = {held.id: held.standing for held in crowded}
    by_cell: dict[Cell, list[overlap.Fact]] = defaultdict(list)
    for held in crowded:
        by_cell[held.cell].append(_as_fact(held, above))
    verdict = {pk: int(standing) for facts in by_cell.values() for pk, standing in overlap.standings(facts).items()}
    for held in crowded:
        held.standing = verdict[held.id]
    return [(held, old[held.id]) for held in crowded if not held.fresh and held.standing != old[held.id]]


def _as_fact(held: _Held, above: dict[int, tuple[int, ...]]) -> overlap.Fact:
    entry = held.entry
    return overlap.Fact(
        held.id,
        overlap.Origin(entry.origin),
        item=entry.item,
        building=entry.building_id,
        meter=entry.meter_id,
        supersedes=entry.supersedes_id,
        withdrawn=entry.withdraws,
        unit_verified=entry.entered_unit != UNVERIFIED,
        superseded=held.superseded,
        allocated=held.allocated,
        after_closing=held.late,
        meters_above=above.get(entry.meter_id or 0, ()),
    )


def _meters_above(meters: set[int]) -> dict[int, tuple[int, ...]]:
    if not meters:
        return {}
    owners = set(Meter.objects.filter(pk__in=meters).values_list("institution_id", flat=True))
    parents = dict(Meter.objects.filter(institution_id__in=owners).values_list("id", "parent_id"))
    result: dict[int, tuple[int, ...]] = {}
    for meter in meters:
        chain: list[int] = []
        parent = parents.get(meter)
        while parent and parent not in chain:
            chain.append(parent)
            parent = parents.get(parent)
        result[meter] = tuple(chain)
    return result


def _rows(
    actor: Actor, fresh: Sequence[_Held], evidence: Evidence | None, batch: ImportBatch | None
) -> Iterator[tuple[Any, ...]]:
    """The facts column by column; see :data:`_INSERTED`."""
    now = timezone.now()
    who = actor.user.pk if actor.user else None
    proof, lot = evidence.pk if evidence else None, batch.pk if batch else None
    return (
        (
            held.id, e.institution_id, e.building_id, e.meter_id, e.carrier, e.item, e.period, e.quantity, e.cost,
            e.entered_quantity, e.entered_unit, e.origin, e.bill_no, e.evidence_id or proof, e.source_row, lot, who,
            now, e.supersedes_id, e.allocated_from_id, e.share, e.note, held.standing, held.region_id, held.kind,
        )
        for held in fresh
        for e in (held.entry,)
    )  # fmt: skip


_INSERTED = (
    "id", "institution_id", "building_id", "meter_id", "carrier", "item", "period", "quantity", "cost",
    "entered_quantity", "entered_unit", "origin", "bill_no", "evidence_id", "source_row", "batch_id",
    "entered_by_id", "entered_at", "supersedes_id", "allocated_from_id", "share", "note", "standing", "region_id",
    "kind",
)  # fmt: skip


def _restand(moved: _Moved) -> None:
    table = connection.ops.quote_name(ActivityFact._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET standing = %s WHERE id = %s",  # noqa: S608
            [(held.standing, held.id) for held, _old in moved],
        )


def _differences(cells: _Cells, moved: _Moved) -> rollups.Sums:
    """How the sums move: by cell, what counts now less what counted before."""
    sums: rollups.Sums = {}
    was = {held.id: old for held, old in moved}
    changes: dict[tuple[rollups.Key, int], rollups.CellChange] = defaultdict(rollups.CellChange)
    for members in cells.values():
        if len(members) == 1 and members[0].fresh:
            _count_alone(sums, members[0])
            continue
        for held in members:
            change = changes[_key(held), held.entry.institution_id]
            if not held.fresh and was.get(held.id, held.standing) == _COUNTS:
                change.remove(held.entry.quantity, held.entry.cost)
            if held.standing == _COUNTS:
                change.add(held.entry.quantity, held.entry.cost)
    for key, amounts in rollups.by_key(changes).items():
        rollups.add(sums, key, amounts)
    return sums


def _count_alone(sums: rollups.Sums, held: _Held) -> None:
    """A fact that is the first of its cell and the only one."""
    quantity, cost = held.entry.quantity, held.entry.cost
    if held.standing == _COUNTS:
        rollups.add(sums, _key(held), (quantity or 0, cost or 0, int(quantity is not None), int(cost is not None)))


def _key(held: _Held) -> rollups.Key:
    return rollups.Key(held.path, held.kind, held.entry.carrier, held.entry.period)
