"""Every month of a region or an institution at once, so that a page draws all its figures from one query."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import chain

from django.db.models import Case, Count, F, Q, Sum, Value, When
from django.db.models.functions import Greatest

from nengtan import reference
from nengtan.domain.accounts import Figures, Use, account, energy_tce
from nengtan.domain.exact import total
from nengtan.identity.access import Actor
from nengtan.ledger.models import RegionRollup, YearClosing
from nengtan.ledger.places import Places
from nengtan.ledger.queries.choosing import Choosers
from nengtan.ledger.queries.selection import Selection, facts_of, sees_whole
from nengtan.ledger.queries.veil import OTHERS, Veil, veil_of


@dataclass(frozen=True, slots=True)
class Month:
    """What was used of a carrier in a month by bodies of all kinds, or in a year (``period`` is yyyy) by one kind.

    One zone of factors each; ``bodies`` is how many told of it.
    """

    period: int
    kind: str
    carrier: str
    chain: tuple[str, ...]
    quantity: Decimal | None
    cost: Decimal | None
    bodies: int = 0

    def __add__(self, other: Month) -> Month:
        """Two of the same period, kind, carrier and zone together."""
        amounts = total((self.quantity, other.quantity)), total((self.cost, other.cost))
        return replace(self, quantity=amounts[0], cost=amounts[1], bodies=self.bodies + other.bodies)


@dataclass
class Cube:
    """All months known of a subject, and its years by kind of body; figures of any part of them.

    Under a ``veil`` carriers that may not be shown by themselves are one, and single months of too few have no figures.
    """

    path: str
    months: tuple[Month, ...]
    by_kind: tuple[Month, ...]
    choosers: Choosers
    veil: Veil | None = None

    @cached_property
    def years(self) -> list[int]:
        """Years with figures, in order."""
        return sorted({month.period // 100 for month in self.months})

    def newest_full_year(self) -> int | None:
        """The newest year told of by at least half as many bodies as the fullest year; ``None`` without figures.

        A year's bodies are those of the month and carrier most of them told of, which one hasty file cannot raise.
        """
        most = {year: self.told(year) for year in self.years}
        return max((year for year, count in most.items() if 2 * count >= max(most.values())), default=None)

    def told(self, year: int, last_month: int = 12) -> int:
        """How many bodies told of a year, up to a month of it: in the month and of the carrier most of them told of."""
        told: Counter[tuple[int, str]] = Counter()
        for cell in self.part(year):
            if cell.period % 100 <= last_month:
                told[cell.period, cell.carrier] += cell.bodies
        return max(told.values(), default=0)

    @cached_property
    def _cells(self) -> dict[tuple[int, str, str], list[Month]]:
        """By period, carrier and kind; an empty carrier stands for all."""
        found: dict[tuple[int, str, str], list[Month]] = defaultdict(list)
        for cell in (*self.months, *self.by_kind):
            found[cell.period, self._shown_as(cell), cell.kind].append(cell)
            found[cell.period, "", cell.kind].append(cell)
        return found

    def _shown_as(self, cell: Month) -> str:
        return cell.carrier if self.veil is None else self.veil.key("carrier", cell.carrier, 0)

    def closing(self, year: int) -> YearClosing | None:
        """The closing of a year, if it is closed."""
        return self.choosers.closing(self.path, year)

    def part(self, year: int, *, carrier: str = "", month: int = 0) -> Iterator[Month]:
        """The months of a year that fit."""
        if month and self.veil is not None and year * 100 + month not in self.veil.months:
            return iter(())
        periods = [year * 100 + month] if month else range(year * 100 + 1, year * 100 + 13)
        return chain.from_iterable(self._cells.get((period, carrier, ""), ()) for period in periods)

    def figures(self, year: int, **cut: str | int) -> Figures:
        """The accounts of a part of a year."""
        return self.account(year, self.part(year, **cut))  # type: ignore[arg-type]

    def figures_of(self, year: int, kind: str) -> Figures:
        """The accounts of a kind of body."""
        return self.account(year, self._cells.get((year, "", kind), ()))

    def account(self, year: int, months: Iterable[Month], factor_year: int | None = None) -> Figures:
        """The accounts of some months of a year, with the factors of another year if told so."""
        of = factor_year or year
        return account(_uses(months, of), reference.carriers(), self.choosers.chooser(of))

    def energy_tce(self, year: int, **cut: str | int) -> Decimal | None:
        """The energy of a part of a year alone [tce], as :meth:`figures` has it."""
        months = self.part(year, **cut)  # type: ignore[arg-type]
        return energy_tce(_uses(months, year), reference.carriers(), self.choosers.chooser(year))

    def electricity_kwh(self, year: int, **cut: str | int) -> Decimal | None:
        """The electricity of a part of a year alone, as :meth:`figures` has it."""
        months = self.part(year, **cut)  # type: ignore[arg-type]
        return total(cell.quantity for cell in months if cell.carrier == "electricity")

    def carriers(self, *years: int) -> list[str]:
        """Carriers used in the years, in display order."""
        used = {self._shown_as(cell) for cell in self.months if not years or cell.period // 100 in years}
        return [code for code in (*reference.carriers(), OTHERS) if code in used]

    def kinds(self, year: int) -> list[str]:
        """Kinds of body with figures in the year."""
        return sorted({cell.kind for cell in self.by_kind if cell.period == year})

    def last_month(self, year: int) -> int:
        """The last month of the year with any quantity, 0 if none."""
        return max((cell.period % 100 for cell in self.part(year) if cell.quantity is not None), default=0)


def _uses(months: Iterable[Month], year: int) -> list[Use]:
    """Months added up, one use for each carrier and zone, at the factors of a year."""
    sums: dict[tuple[str, tuple[str, ...]], tuple[Decimal | None, Decimal | None]] = {}
    for cell in months:
        quantity, cost = sums.get((cell.carrier, cell.chain), (None, None))
        sums[cell.carrier, cell.chain] = total((quantity, cell.quantity)), total((cost, cell.cost))
    return [Use(carrier, year, zones, *held) for (carrier, zones), held in sums.items()]


def cube(actor: Actor, selection: Selection, years: tuple[int, int]) -> Cube:
    """The months of ``years`` (first, last) that the actor may see of the selection's subject.

    Kinds of too few bodies for the actor to see are one kind, and years of too few are left out.
    """
    choosers = Choosers.now()
    if not sees_whole(actor, selection):
        return Cube(selection.path, *_from_facts(actor, selection, years, choosers.places), choosers)
    veil = veil_of(actor, selection)
    return Cube(selection.path, *_from_sums(selection, years, choosers.places, veil), choosers, veil)


Cells = tuple[tuple[Month, ...], tuple[Month, ...]]
"""Months of all kinds together, and years by kind."""


def _span(years: tuple[int, int]) -> tuple[int, int]:
    return years[0] * 100 + 1, years[1] * 100 + 12


def _from_sums(selection: Selection, years: tuple[int, int], places: Places, veil: Veil | None) -> Cells:
    """From the sums kept of the region, which know of every year as of every month."""
    kind = Case(When(period__lt=10_000, then="kind"), default=Value(""))
    rows = (
        RegionRollup.objects.filter(Q(period__range=_span(years)) | Q(period__range=years), region=selection.region)
        .exclude(cells=0, costs=0)
        .order_by()
        .annotate(of=kind)
        .values_list("period", "of", "carrier", "zone")
        .annotate(Sum("quantity"), Sum("cost"), Sum("cells"), Sum("costs"), told=Sum(Greatest("cells", "costs")))
    )
    months, by_kind = [], []
    for period, of, carrier, zone, quantity, cost, cells, costs, told in rows:
        amounts = quantity if cells else None, cost if costs else None
        year = period if of else period // 100
        if veil is not None and year in veil.hidden:
            continue
        if of:
            held = veil.key("type", of, year) if veil else of
            by_kind.append(Month(period, held, carrier, places.chain(zone), *amounts, told))
        else:
            months.append(Month(period, "", carrier, places.chain(zone), *amounts, told))
    return tuple(months), tuple(by_kind)


def _from_facts(actor: Actor, selection: Selection, years: tuple[int, int], places: Places) -> Cells:
    """From the facts themselves, of an institution or of the part of a region that the actor sees."""
    rows = (
        facts_of(actor, selection, span=_span(years))
        .order_by()
        .annotate(path=F("region__path"))
        .values_list("period", "kind", "carrier", "path")
        .annotate(Sum("quantity"), Sum("cost"), Count("institution_id", distinct=True))
    )
    cells = [
        Month(period, kind, carrier, places.chain(places.zone(path)), quantity, cost, bodies)
        for period, kind, carrier, path, quantity, cost, bodies in rows
    ]
    by_kind = (replace(cell, period=cell.period // 100) for cell in cells)
    return _together(replace(cell, kind="") for cell in cells), _together(by_kind)


def _together(cells: Iterable[Month]) -> tuple[Month, ...]:
    """One for each period, kind, carrier and zone."""
    found: dict[tuple[int, str, str, tuple[str, ...]], Month] = {}
    for cell in cells:
        key = (cell.period, cell.kind, cell.carrier, cell.chain)
        found[key] = found[key] + cell if key in found else cell
    return tuple(found.values())
