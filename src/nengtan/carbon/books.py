"""The inventories of an institution's year, drawn from the facts that count in the ledger: nothing is typed.

The statutory inventory by place is the accounts' scope 1 and 2 told source by source: the same facts, the same factors,
those of a closed year included.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Case, Count, F, Sum, Value, When

from nengtan import __version__, reference
from nengtan.carbon.claiming import carbon_factors
from nengtan.domain.accounts import Figures, Intensities, intensities
from nengtan.domain.carbon.inventory import Basis, Item, Line, Result, Settings, Supply, inventory
from nengtan.domain.carbon.uncertainty import Interval, combined, simulate
from nengtan.domain.exact import product, ratio, total
from nengtan.domain.factors import Choice, Chooser, Factor, Kind, NoFactor
from nengtan.identity.access import Actor
from nengtan.ledger.models import InstitutionYear, YearClosing
from nengtan.ledger.queries.choosing import Choosers
from nengtan.ledger.queries.selection import Selection, facts_of, require_visible
from nengtan.registry.models import Building, Institution, Meter

__all__ = ["BookFactors", "InstitutionInventory", "MonthUse", "Peers", "institution_inventory"]

FEWEST_PEERS = 5
"""Of fewer bodies a rank would tell the figures of the others."""

MACHINE = "machine"
"""Where a figure comes from that meters measured and nobody typed; the other origins are those of the facts."""


class BookFactors:
    """The factors of one year's books: those of the accounts by place; by market what is left of the grid's power.

    What a closed year keeps are the factors by place; those by market are the library's of today.
    """

    def __init__(self, choosers: Choosers, year: int) -> None:
        self._place: Chooser = choosers.chooser(year)
        self._all = carbon_factors(choosers.library)

    def choose(
        self, kind: Kind, carrier: str, chain: Sequence[str], year: int, basis: str = "location"
    ) -> Choice | NoFactor:
        """As the library does."""
        if basis == Basis.MARKET and carrier == "electricity":
            return self._all.choose(kind, carrier, chain, year, basis)
        return self._place.choose(kind, carrier, chain, year)

    def by_id(self, factor_id: str) -> Factor | None:
        """A factor of no carrier by its code."""
        return self._all.by_id(factor_id)


@dataclass(frozen=True, slots=True)
class MonthUse:
    """What was used of a carrier in a month, as sources of one origin told it.

    ``quantity`` in the carrier's base unit, None where only costs are known; of ``records`` so many ``proved`` by a
    file.
    """

    carrier: str
    period: int
    origin: str
    quantity: Decimal | None
    records: int
    proved: int
    chain: tuple[str, ...]

    @property
    def grade(self) -> str:
        """How well the figure is known."""
        return next(code for code, grade in reference.carbon_grades().items() if self.origin in grade.origins)


@dataclass(frozen=True, slots=True)
class Peers:
    """Where a figure per area stands among bodies of its kind in its region; rank 1 is the lowest."""

    rank: int
    count: int
    middle: Decimal


@dataclass(frozen=True)
class InstitutionInventory:
    """An institution's year: both inventories, last year's by its own factors and by this year's, what they rest on.

    ``last`` and ``last_alike`` are None where nothing is known of the year before.
    """

    institution: Institution
    year: int
    uses: tuple[MonthUse, ...]
    result: Result
    last: Result | None
    last_alike: Result | None
    book: InstitutionYear | None
    last_book: InstitutionYear | None
    closing: YearClosing | None
    buildings: tuple[Building, ...]
    meters: tuple[Meter, ...]
    peers: Peers | None

    @property
    def selection(self) -> Selection:
        """The part of the books it is drawn from."""
        return Selection(self.year, institution=self.institution)

    @cached_property
    def intensities(self) -> Intensities:
        """Statutory emissions per area, with the area and headcount of the books."""
        book = self.book
        figures = Figures(co2_scope1_t=self.result.statutory_t)
        return intensities(figures, book.area_m2 if book else None, book.persons if book else None)

    @property
    def comparable(self) -> bool:
        """Whether as large a part of both years has been reported, so that a change says something."""
        book, last = self.book, self.last_book
        if book is None or last is None or self.last_alike is None:
            return False
        return book.present * last.expected == last.present * book.expected

    @property
    def fingerprint(self) -> str:
        """SHA-256 over activity data, factors, settings and the version of the program: the same again, or not."""
        lines = [
            (line.source.code, line.supply, line.chain, _text(line.quantity), *_sides(line))
            for line in self.result.lines
        ]
        told = {
            "institution": self.institution.code,
            "year": self.year,
            "uses": [
                (use.carrier, use.period, use.origin, _text(use.quantity), use.records, use.chain) for use in self.uses
            ],
            "lines": lines,
            "settings": asdict(self.result.settings),
            "version": __version__,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value.normalize(), "f")


def _sides(line: Line) -> Iterable[Any]:
    for side in (line.location, line.market):
        yield (side.choice.factor.id, _text(side.choice.factor.value)) if side.choice else None
        yield _text(side.t)


def institution_inventory(
    actor: Actor, institution: Institution, year: int, settings: Settings | None = None
) -> InstitutionInventory:
    """Both inventories of an institution's year with last year's beside them.

    Raises:
        Forbidden: the actor does not see the institution.
    """
    selection = Selection(year, institution=institution)
    require_visible(actor, selection)
    choosers = Choosers.now()
    uses = _uses(actor, selection, choosers)
    now, before = ([use for use in uses if use.period // 100 == asked] for asked in (year, year - 1))
    zone = choosers.places.chain(choosers.places.zone(institution.region.path))
    settings = settings or Settings()

    def drawn(held: Sequence[MonthUse], of: int) -> Result:
        return inventory(_items(held), BookFactors(choosers, of), zone, of, settings)

    books = {book.year: book for book in InstitutionYear.objects.filter(institution=institution, year__gte=year - 1)}
    return InstitutionInventory(
        institution,
        year,
        tuple(now),
        drawn(now, year),
        drawn(before, year - 1) if before else None,
        drawn(before, year) if before else None,
        books.get(year),
        books.get(year - 1),
        choosers.closing(institution.region.path, year),
        tuple(Building.objects.filter(institution=institution).order_by("code")),
        tuple(Meter.objects.filter(institution=institution, parent=None).order_by("carrier", "code")),
        _peers(books.get(year)),
    )


def _uses(actor: Actor, selection: Selection, choosers: Choosers) -> list[MonthUse]:
    """What counted in the year and the one before, in one query."""
    span = (selection.year - 1) * 100 + 1, selection.year * 100 + 12
    known = tuple(reference.carbon_sources())
    told = Case(When(source_row__startswith="lake:", then=Value(MACHINE)), default=F("origin"))
    rows = facts_of(actor, selection, span=span).filter(carrier__in=known).order_by("carrier", "period")
    sums = (
        rows.annotate(path=F("region__path"), told=told)
        .values("carrier", "period", "told", "path")
        .annotate(amount=Sum("quantity"), records=Count("id"), proved=Count("evidence"))
    )
    places = choosers.places
    return [
        MonthUse(
            row["carrier"], row["period"], row["told"], row["amount"], row["records"], row["proved"],
            places.chain(places.zone(row["path"])),
        )
        for row in sums.order_by("carrier", "period", "told", "path")
    ]  # fmt: skip


def _items(uses: Iterable[MonthUse]) -> list[Item]:
    """Activity data as an inventory takes them: power generated on the own roof is told apart, the rest was bought."""
    sources = reference.carbon_sources()
    return [
        Item(
            sources[use.carrier],
            Supply.OWN_PV if sources[use.carrier].kinds == (Supply.OWN_PV,) else Supply.PURCHASED,
            use.quantity,
            use.chain,
        )
        for use in uses
    ]


def _peers(book: InstitutionYear | None) -> Peers | None:
    if book is None:
        return None
    around = InstitutionYear.objects.filter(
        year=book.year, kind=book.kind, region=book.region_id, area_m2__gt=0, co2_t__isnull=False
    )
    rows = around.values_list("institution_id", "co2_t", "area_m2")
    found = {pk: per for pk, t, area in rows if (per := ratio(t, area)) is not None}
    own = found.get(book.institution_id)
    if own is None or len(found) < FEWEST_PEERS:
        return None
    ordered = sorted(found.values())
    half = len(ordered) // 2
    middle = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return Peers(1 + sum(value < own for value in ordered), len(ordered), middle * 1000)


def by_source(uses: Iterable[MonthUse]) -> dict[str, list[MonthUse]]:
    """Months by carrier."""
    found: dict[str, list[MonthUse]] = defaultdict(list)
    for use in uses:
        found[use.carrier].append(use)
    return found


def half_width(uses: Iterable[MonthUse]) -> Decimal | None:
    """The half-width of a source's quantity [share]: months of one source err alike, so widths are averaged."""
    grades = reference.carbon_grades()
    held = [(use.quantity, grades[use.grade].half_width) for use in uses if use.quantity is not None]
    return ratio(total(product(quantity, width) for quantity, width in held), total(item for item, _width in held))


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How sure the statutory total is: by propagation [share], and by draws [tCO2]; factors are taken as exact."""

    half_width: Decimal
    interval: Interval


def uncertainty(found: InstitutionInventory) -> Uncertainty | None:
    """Of the statutory inventory; None where nothing is known of it, or a source has no quantity."""
    uses = by_source(found.uses)
    parts = [
        (line.location.t, width)
        for line in found.result.lines
        if line.source.is_statutory and line.location.t and (width := half_width(uses[line.source.code])) is not None
    ]
    width = combined(parts)
    if width is None:
        return None
    amounts = np.array([[float(t) for t, _width in parts]])
    drawn = simulate(amounts, np.array([[float(one) for _t, one in parts]]), np.zeros(len(parts)))
    return Uncertainty(width, drawn.interval)


def grade_shares(uses: Iterable[MonthUse]) -> dict[str, Decimal]:
    """What part of a source's quantity each grade has; empty where no quantity is known."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for use in uses:
        held[use.grade] += use.quantity or Decimal(0)
    whole = total(held.values())
    return {code: held[code] / whole for code in reference.carbon_grades() if held.get(code)} if whole else {}
