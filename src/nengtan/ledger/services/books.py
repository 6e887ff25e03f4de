"""Each institution's yearly books, refreshed from its facts whenever they, its record, or the factors change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from nengtan import reference
from nengtan.domain import overtime, periods
from nengtan.domain.accounts import Figures, Use, account
from nengtan.domain.factors import Chooser, Kind
from nengtan.ledger.factors import library
from nengtan.ledger.models import ActivityFact, InstitutionYear, RegionRollup
from nengtan.ledger.places import Places
from nengtan.ledger.services import booksums, bulk
from nengtan.registry.models import Attribute, Institution, InstitutionSpan, Region

Pair = tuple[int, int]
"""Institution id, year."""

_UPDATED = [
    item.name for item in InstitutionYear._meta.concrete_fields if item.name not in {"id", "institution", "year"}
]


@transaction.atomic
def refresh_years(pairs: Iterable[Pair]) -> None:
    """Rebuild the books of the given institution-years and move their sums, a fixed number of queries a few hundred."""
    bulk.hold_sums()
    years: dict[int, list[int]] = defaultdict(list)
    for institution, year in sorted(set(pairs)):
        years[year].append(institution)
    chooser = library()
    places = Places.of(chooser)
    for year, institutions in years.items():
        for chunk in bulk.chunks(institutions):
            _refresh(year, chunk, chooser, places)


def booked(institutions: Sequence[Institution]) -> dict[int, dict[int, str]]:
    """The path of the region in each of their yearly books."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for chunk in bulk.chunks([institution.pk for institution in institutions]):
        rows = InstitutionYear.objects.filter(institution_id__in=chunk)
        for pk, year, path in rows.values_list("institution_id", "year", "region__path"):
            found[pk][year] = path
    return found


def root_of(path: str) -> str:
    """The code at the top of a region path."""
    return path.strip("/").split("/")[0]


def open_years(root: str) -> set[int]:
    """Years that have figures anywhere below a root: every body there has books of them, with or without figures."""
    years = RegionRollup.objects.filter(region__code=root, period__lt=10_000).order_by()
    return set(years.values_list("period", flat=True).distinct())


def bodies_of(root: str) -> list[int]:
    """Every institution below a root."""
    return list(Institution.objects.filter(region__path__startswith=f"/{root}/").values_list("id", flat=True))


def closed_for(institutions: Sequence[Institution]) -> dict[int, set[int]]:
    """The years closed over where each stands in its books, or stood by its record of that year."""
    from nengtan.ledger.services.closing import closed_years

    years: dict[int, set[int]] = {institution.pk: set() for institution in institutions}
    closings = closed_years()
    if not closings:
        return years
    held_in, spans = booked(institutions), _spans(institutions)
    for institution in institutions:
        for closing in closings:
            held = [path for since, path in spans[institution.pk] if since.year <= closing.year]
            stood = held[-1] if held else institution.region.path
            homes = {held_in[institution.pk].get(closing.year, stood), stood}
            if any(path.startswith(closing.region.path) for path in homes):
                years[institution.pk].add(closing.year)
    return years


def _spans(institutions: Sequence[Institution]) -> dict[int, list[tuple[date, str]]]:
    """Since when each stands in which region, in order of the day."""
    found: dict[int, list[tuple[date, str]]] = defaultdict(list)
    for chunk in bulk.chunks([institution.pk for institution in institutions]):
        rows = InstitutionSpan.objects.filter(institution_id__in=chunk).order_by("valid_from")
        for pk, since, path in rows.values_list("institution_id", "valid_from", "region__path"):
            found[pk].append((since, path))
    return found


def active_months(established: date | None, closed: date | None, year: int, today: date) -> tuple[int, ...]:
    """The months of a year a body existed in and that have ended: what it can be expected to have reported.

    >>> active_months(date(2023, 3, 15), date(2023, 7, 1), 2023, date(2024, 5, 2))
    (202303, 202304, 202305, 202306)
    """
    first = periods.of_date(established) if established else 0
    last = min(periods.last_before(closed) if closed else 999999, periods.shift(periods.of_date(today), -1))
    return tuple(period for period in periods.months_of_year(year) if first <= period <= last)


def _refresh(year: int, institutions: Sequence[int], chooser: Chooser, places: Places) -> None:
    uses, present = _uses(year, institutions, places)
    series = _series(institutions)
    homes = _homes(year, institutions)
    now = timezone.now()
    today = timezone.localdate(now)
    rows: list[InstitutionYear] = []
    gone: list[int] = []
    for body in Institution.objects.filter(pk__in=institutions):
        months = active_months(body.established_on, body.closed_on, year, today)
        if not months and body.pk not in uses:
            gone.append(body.pk)
            continue
        months = months or periods.months_of_year(year)[:1]
        figures = account(uses[body.pk], reference.carriers(), chooser)
        region_id, kind = homes.get(body.pk, (body.region_id, body.kind))
        rows.append(
            InstitutionYear(
                institution=body,
                year=year,
                region_id=region_id,
                kind=kind,
                first_period=months[0],
                last_period=months[-1],
                months=len(months),
                area_m2=overtime.year_mean(series[body.pk, Attribute.Key.AREA], year, months),
                persons=overtime.year_mean(series[body.pk, Attribute.Key.PERSONS], year, months),
                carriers=" ".join(sorted(body.carriers)),
                expected=len(months) * len(body.carriers),
                present=sum(min(present[body.pk, carrier], len(months)) for carrier in body.carriers),
                drawn_at=now,
                **_columns(figures),
            )
        )
    before = list(InstitutionYear.objects.filter(year=year, institution_id__in=institutions))
    if gone:
        InstitutionYear.objects.filter(year=year, institution_id__in=gone).delete()
    InstitutionYear.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["institution", "year"], update_fields=_UPDATED, batch_size=200
    )
    booksums.move(booksums.differences(before, rows))


def _columns(figures: Figures) -> dict[str, Decimal | int | None]:
    gaps = {kind: {missing.carrier for missing in figures.missing if missing.kind == kind} for kind in Kind}
    return {
        "energy_tce": figures.energy_tce,
        "electricity_kwh": figures.electricity_kwh,
        "co2_t": figures.co2_t,
        "water_m3": figures.water_m3,
        "cost_cny": figures.cost_cny,
        "energy_gaps": len(gaps[Kind.COAL_EQUIVALENT]),
        "co2_gaps": len(gaps[Kind.CO2]),
    }


def _uses(
    year: int, institutions: Sequence[int], places: Places
) -> tuple[dict[int, list[Use]], dict[tuple[int, str], int]]:
    facts = ActivityFact.objects.counting().filter(
        institution_id__in=institutions, period__range=(year * 100 + 1, year * 100 + 12)
    )
    rows = (
        facts.order_by()
        .values("institution_id", "carrier", "region_id")
        .annotate(
            quantity_sum=Sum("quantity"),
            cost_sum=Sum("cost"),
            months=Count("period", distinct=True, filter=Q(quantity__isnull=False)),
        )
    )
    uses: dict[int, list[Use]] = defaultdict(list)
    present: dict[tuple[int, str], int] = defaultdict(int)
    held = list(rows)
    paths = dict(Region.objects.filter(pk__in={row["region_id"] for row in held}).values_list("id", "path"))
    chains = {pk: places.chain(places.zone(path)) for pk, path in paths.items()}
    for row in held:
        chain = chains[row["region_id"]]
        uses[row["institution_id"]].append(Use(row["carrier"], year, chain, row["quantity_sum"], row["cost_sum"]))
        present[row["institution_id"], row["carrier"]] += row["months"]
    return uses, present


def _series(institutions: Sequence[int]) -> dict[tuple[int, str], overtime.Series[Decimal]]:
    entries: dict[tuple[int, str], list[tuple[date, Decimal | None]]] = defaultdict(list)
    rows = Attribute.objects.filter(institution_id__in=institutions).order_by("valid_from")
    for pk, key, since, value in rows.values_list("institution_id", "key", "valid_from", "value"):
        entries[pk or 0, key].append((since, value))
    found: dict[tuple[int, str], overtime.Series[Decimal]] = defaultdict(lambda: overtime.series([]))
    found.update({where: overtime.series(values) for where, values in entries.items()})
    return found


def _homes(year: int, institutions: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Region and kind at the end of the year."""
    spans = InstitutionSpan.objects.filter(institution_id__in=institutions, valid_from__lte=date(year, 12, 31))
    rows = spans.order_by("institution_id", "valid_from").values_list("institution_id", "region_id", "kind")
    return {pk: (region_id, kind) for pk, region_id, kind in rows}
