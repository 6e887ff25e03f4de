"""Recomputing kept sums from the facts: after a factor is added, a year reopened, or to prove that they agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum

from nengtan import reference
from nengtan.identity.access import Actor, system_actor
from nengtan.ledger.factors import library
from nengtan.ledger.models import ActivityFact, InstitutionYear, RegionBooks, RegionRollup
from nengtan.ledger.places import Places
from nengtan.ledger.services import booksums, bulk, rollups
from nengtan.ledger.services.books import refresh_years
from nengtan.ledger.services.closing import closed_years
from nengtan.ledger.services.following import settle
from nengtan.registry.models import Institution, InstitutionSpan, Region

Progress = Callable[[int, int, str], None]


def rollup_differences(path: str = "") -> rollups.Sums:
    """What the sums ought to be, straight from the facts that count, of the region at ``path`` or of all."""
    facts = ActivityFact.objects.counting()
    rows = (
        (facts.filter(region__path__startswith=path) if path else facts)
        .order_by()
        .values("kind", "carrier", "period", path=F("region__path"))
        .annotate(
            quantity_sum=Sum("quantity"),
            cost_sum=Sum("cost"),
            cells=Count("institution", distinct=True, filter=Q(quantity__isnull=False)),
            costs=Count("institution", distinct=True, filter=Q(cost__isnull=False)),
        )
    )
    return {
        rollups.Key(row["path"], row["kind"], row["carrier"], row["period"]): [
            bulk.units(row["quantity_sum"]) or 0,
            bulk.units(row["cost_sum"]) or 0,
            row["cells"],
            row["costs"],
        ]
        for row in rows
    }


@transaction.atomic
def rebuild_rollups() -> int:
    """Throw the kept sums away and add them up again; how many keys."""
    bulk.hold_sums()
    RegionRollup.objects.all().delete()
    differences = rollup_differences()
    rollups.move(differences)
    return len(differences)


@transaction.atomic
def redraw(before: Places) -> None:
    """Keep the sums by the zones of now instead of those of ``before``; call with the sums held since then.

    A closing may keep zones far above its own region (its factors were those of a city closed then), so everything
    below each zone that began or ended is added up anew.
    """
    after = Places.of(library())
    changed = Region.objects.filter(code__in=before.own ^ after.own).order_by("path").values_list("path", flat=True)
    tops: list[str] = []
    for path in changed:
        if not any(path.startswith(top) for top in tops):
            tops.append(path)
    for top in tops:
        sums = rollup_differences(top)
        rollups.move({key: [-amount for amount in amounts] for key, amounts in sums.items()}, before)
        rollups.move(sums, after)
    RegionRollup.objects.filter(quantity=0, cost=0, cells=0, costs=0).delete()


def refresh_region_year(actor: Actor, region: Region, year: int, progress: Progress | None = None) -> None:
    """Rebuild one year's books of every institution that stands in a region, stood in it, or has facts there.

    Its facts go where the register has it now: what changed while the year was closed left them where they were.
    """
    months = (year * 100 + 1, year * 100 + 12)
    below = {"region__path__startswith": region.path}
    rows: tuple[QuerySet[Any], ...] = (
        InstitutionYear.objects.filter(year=year, **below),
        ActivityFact.objects.filter(period__range=months, **below),
        InstitutionSpan.objects.filter(valid_from__year__lte=year, **below),
    )
    bodies = sorted(
        {pk for found in rows for pk in found.order_by().values_list("institution_id", flat=True).distinct()}
    )
    settle(actor, bodies)
    _refresh([(pk, year) for pk in bodies], progress)


def refresh_place(place: str, progress: Progress | None = None) -> None:
    """After a factor of ``place`` changed: draw the zones anew if need be, and rebuild the open books below."""
    if _begins_or_ends_a_zone(place):
        rebuild_rollups()
    grid = reference.grids().get(place)
    roots = Region.objects.filter(code__in=grid.provinces if grid else [place])
    closed = [(closing.region.path, closing.year) for closing in closed_years()]
    pairs: dict[tuple[int, int], None] = {}
    for root in roots:
        rows = InstitutionYear.objects.filter(region__path__startswith=root.path)
        for pk, year, path in rows.values_list("institution_id", "year", "region__path"):
            if not any(year == frozen and path.startswith(above) for above, frozen in closed):
                pairs[pk, year] = None
    _refresh(list(pairs), progress)


def _begins_or_ends_a_zone(place: str) -> bool:
    """Whether sums kept of ``place`` are cut into other zones than the factors now there draw."""
    region = Region.objects.filter(code=place).first()
    if region is None:
        return False
    sums = RegionRollup.objects.filter(region=region)
    is_zone = Places.of(library()).zone(region.path) == place
    return sums.exists() and is_zone != sums.filter(zone=place).exists()


def _refresh(pairs: list[tuple[int, int]], progress: Progress | None) -> None:
    by_year: dict[int, list[int]] = defaultdict(list)
    for pk, year in pairs:
        by_year[year].append(pk)
    done = 0
    for year, bodies in by_year.items():
        for chunk in bulk.chunks(bodies):
            refresh_years((pk, year) for pk in chunk)
            done += len(chunk)
            if progress:
                progress(done, len(pairs), "")


def rebuild_everything(check_only: bool = False, progress: Progress | None = None) -> dict[str, int]:
    """Add up the kept sums and the open yearly books anew; how many there are and how many were wrong.

    With ``check_only`` what was found is told and nothing is changed.
    """
    with transaction.atomic():
        sums, books = _all_sums(), _all_books()
        settle(system_actor(), list(Institution.objects.order_by("pk").values_list("pk", flat=True)))
        rebuild_rollups()
        _refresh(_open_pairs(), progress)
        booksums.rebuild()
        found = {
            "sums": len(sums),
            "sums_differing": _differing(sums, _all_sums()),
            "books": len(books),
            "books_differing": _differing(books, _all_books()),
        }
        if check_only:
            transaction.set_rollback(True)
    return found


def _all_sums() -> dict[Any, Any]:
    """Every kept sum that holds something."""
    books = RegionBooks.objects.exclude(institutions=0).values_list(*booksums.Key._fields, *booksums.AMOUNTS)
    rows = RegionRollup.objects.exclude(cells=0, costs=0).values_list(
        "region_id", "period", "zone", "kind", "carrier", "quantity", "cost", "cells", "costs"
    )
    return {row[:5]: row[5:] for row in rows.iterator()} | {row[:6]: row[6:] for row in books.iterator()}


def _all_books() -> dict[Any, Any]:
    figures = (
        "area_m2",
        "persons",
        "energy_tce",
        "electricity_kwh",
        "co2_t",
        "water_m3",
        "cost_cny",
        "present",
        "expected",
    )
    rows = InstitutionYear.objects.values_list("institution_id", "year", "region_id", "kind", *figures)
    return {row[:2]: row[2:] for row in rows.iterator()}


def _differing(before: dict[Any, Any], after: dict[Any, Any]) -> int:
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


def _open_pairs() -> list[tuple[int, int]]:
    """Every institution's years with facts, unless they are closed."""
    closed = [(closing.region.path, closing.year) for closing in closed_years()]
    rows = (
        ActivityFact.objects.order_by().values_list("institution_id", "institution__region__path", "period").distinct()
    )
    pairs = {(pk, period // 100): path for pk, path, period in rows.iterator()}
    return [
        pair
        for pair, path in sorted(pairs.items())
        if not any(pair[1] == year and path.startswith(above) for above, year in closed)
    ]
