"""Every month of a region or an institution at once, so that a page draws all its figures from one query."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import chain

from django.db.models import Count, F, Sum

from nengtan import reference
from nengtan.domain.accounts import Figures, Use, account
from nengtan.domain.exact import total
from nengtan.identity.access import Actor
from nengtan.ledger.models import RegionRollup, YearClosing
from nengtan.ledger.queries.choosing import Choosers
from nengtan.ledger.queries.selection import Selection, facts_of, sees_whole
from nengtan.ledger.queries.veil import veil_of


@dataclass(frozen=True, slots=True)
class Month:
    """What a kind of body used of a carrier in a month, in one zone of factors; ``bodies`` is how many told of it."""

    period: int
    kind: str
    carrier: str
    chain: tuple[str, ...]
    quantity: Decimal | None
    cost: Decimal | None
    bodies: int = 0

    def __add__(self, other: Month) -> Month:
        """Two kinds of body together."""
        amounts = total((self.quantity, other.quantity)), total((self.cost, other.cost))
        return Month(self.period, "", self.carrier, self.chain, *amounts, self.bodies + other.bodies)


@dataclass
class Cube:
    """All months known of a subject; figures of any part of them."""

    path: str
    months: tuple[Month, ...]
    choosers: Choosers

    @cached_property
    def years(self) -> list[int]:
        """Years with figures, in order."""
        return sorted({month.period // 100 for month in self.months})

    def newest_full_year(self) -> int | None:
        """The newest year told of by at least half as many bodies as the fullest year; ``None`` without figures.

        A year's bodies are those of the month and carrier most of them told of, which one hasty file cannot raise.
        """
        told: dict[int, Counter[tuple[int, str]]] = defaultdict(Counter)
        for cell in self.months:
            told[cell.period // 100][cell.period, cell.carrier] += cell.bodies
        most = {year: max(counts.values()) for year, counts in told.items()}
        return max((year for year, count in most.items() if 2 * count >= max(most.values())), default=None)

    @cached_property
    def _cells(self) -> dict[tuple[int, str, str], list[Month]]:
        """By period, carrier and kind; an empty carrier stands for all, an empty kind for all together."""
        found: dict[tuple[int, str, str], list[Month]] = defaultdict(list)
        together: dict[tuple[int, str, tuple[str, ...]], Month] = {}
        for cell in self.months:
            key = (cell.period, cell.carrier, cell.chain)
            together[key] = together[key] + cell if key in together else replace(cell, kind="")
        for cell in (*self.months, *together.values()):
            found[cell.period, cell.carrier, cell.kind].append(cell)
            found[cell.period, "", cell.kind].append(cell)
        return found

    def closing(self, year: int) -> YearClosing | None:
        """The closing of a year, if it is closed."""
        return self.choosers.closing(self.path, year)

    def part(self, year: int, *, kind: str = "", carrier: str = "", month: int = 0) -> Iterator[Month]:
        """The months of a year that fit; unless a kind is asked for, one cell of all kinds for each."""
        periods = [year * 100 + month] if month else range(year * 100 + 1, year * 100 + 13)
        return chain.from_iterable(self._cells.get((period, carrier, kind), ()) for period in periods)

    def figures(self, year: int, **cut: str | int) -> Figures:
        """The accounts of a part of a year."""
        return self.account(year, self.part(year, **cut))  # type: ignore[arg-type]

    def account(self, year: int, months: Iterable[Month], factor_year: int | None = None) -> Figures:
        """The accounts of some months of a year, with the factors of another year if told so."""
        sums: dict[tuple[str, tuple[str, ...]], tuple[Decimal | None, Decimal | None]] = {}
        for cell in months:
            quantity, cost = sums.get((cell.carrier, cell.chain), (None, None))
            sums[cell.carrier, cell.chain] = total((quantity, cell.quantity)), total((cost, cell.cost))
        uses = [Use(carrier, factor_year or year, zones, *held) for (carrier, zones), held in sums.items()]
        return account(uses, reference.carriers(), self.choosers.chooser(factor_year or year))

    def carriers(self, *years: int) -> list[str]:
        """Carriers used in the years, in display order."""
        used = {cell.carrier for cell in self.months if not years or cell.period // 100 in years}
        return [code for code in reference.carriers() if code in used]

    def kinds(self, year: int) -> list[str]:
        """Kinds of body with figures in the year."""
        return sorted({cell.kind for cell in self.months if cell.period // 100 == year})

    def last_month(self, year: int) -> int:
        """The last month of the year with any quantity, 0 if none."""
        return max((cell.period % 100 for cell in self.part(year) if cell.quantity is not None), default=0)


def cube(actor: Actor, selection: Selection, years: tuple[int, int]) -> Cube:
    """The months of ``years`` (first, last) that the actor may see of the selection's subject.

    Kinds of too few bodies for the actor to see are one kind, and years of too few are left out.
    """
    span = (years[0] * 100 + 1, years[1] * 100 + 12)
    choosers = Choosers.now()
    places = choosers.places
    if sees_whole(actor, selection):
        rows = RegionRollup.objects.filter(region=selection.region, period__range=span).exclude(cells=0, costs=0)
        found = rows.order_by().values_list("period", "kind", "carrier", "zone", "quantity", "cost", "cells", "costs")
        veil = veil_of(actor, selection)
        months = (
            Month(
                period,
                veil.key("type", kind, period // 100) if veil else kind,
                carrier,
                places.chain(zone),
                quantity if cells else None,
                cost if costs else None,
                max(cells, costs),
            )
            for period, kind, carrier, zone, quantity, cost, cells, costs in found
            if veil is None or period // 100 not in veil.hidden
        )
        return Cube(selection.path, tuple(months), choosers)
    sums = (
        facts_of(actor, selection, span=span)
        .order_by()
        .annotate(path=F("region__path"))
        .values("period", "kind", "carrier", "path")
    )
    totals = sums.annotate(
        quantity_sum=Sum("quantity"), cost_sum=Sum("cost"), bodies=Count("institution_id", distinct=True)
    )
    return Cube(
        selection.path,
        tuple(
            Month(
                row["period"],
                row["kind"],
                row["carrier"],
                places.chain(places.zone(row["path"])),
                row["quantity_sum"],
                row["cost_sum"],
                row["bodies"],
            )
            for row in totals
        ),
        choosers,
    )
