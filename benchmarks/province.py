"""A made-up province: institutions spread over the districts of one province, with a year of facts of eight carriers.

Every figure follows from the institution's number, the month and the carrier by whole-number arithmetic, so that each
database holds the same province. Facts are loaded set-based; the sums are built by the project's own rebuild.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from benchmarks.databases import Database, without_indexes

PROVINCE = "420000"
YEAR = 2023
CARRIERS = ("electricity", "coal", "natural_gas", "gasoline", "diesel", "lpg", "heat", "water")
SEASON = (130, 110, 95, 85, 80, 105, 125, 130, 100, 85, 95, 125)
"""Percent of a usual month."""
KINDS = ("01", "021", "022", "023", "024", "025", "026", "03")
SINCE = date(1990, 1, 1)


def province(database: Database, size: int) -> None:
    """Connect to the province with ``size`` institutions, built on first use."""
    if not database.use(f"province_{size}"):
        return
    institutions(size)
    with without_indexes("ledger_activityfact"):
        _facts()
    _sums()
    _settle()


def institutions(size: int) -> None:
    """The register alone: ``size`` bodies with area and headcount, spread over districts and types."""
    from django.db import transaction

    from nengtan.registry.models import Attribute, Institution, InstitutionSpan, Region

    root = Region.objects.get(code=PROVINCE)
    districts = list(Region.objects.below(root).filter(level="district").order_by("code").values_list("id", flat=True))
    with transaction.atomic():
        bodies = Institution.objects.bulk_create(
            (Institution(**_body(number, districts), carriers=_expected(number)) for number in range(size)),
            batch_size=500,
        )
        spans = (
            InstitutionSpan(
                institution=body, valid_from=SINCE, name=body.name, kind=body.kind, region_id=body.region_id
            )
            for body in bodies
        )
        InstitutionSpan.objects.bulk_create(spans, batch_size=500)
        figures = (
            Attribute(institution=body, key=key, valid_from=SINCE, value=(body.pk * 7919 % 5000 + 400) * percent // 100)
            for number, body in enumerate(bodies)
            for key, percent in ((Attribute.Key.AREA, 80 + number % 41), (Attribute.Key.PERSONS, 4 + number % 3))
        )
        Attribute.objects.bulk_create(figures, batch_size=500)


def _body(number: int, districts: list[int]) -> dict[str, Any]:
    kind = KINDS[number // len(districts) % len(KINDS)]
    return {
        "code": f"BENCH-{number:06d}",
        "name": f"Institution {number:06d}",
        "kind": kind,
        "region_id": districts[number % len(districts)],
        "established_on": SINCE,
        "lat": 29.2 + number % 997 / 270,
        "lon": 108.5 + number % 991 / 135,
    }


def _expected(number: int) -> list[str]:
    """All carriers are used; one in five records expects one of them less."""
    left_out = CARRIERS[number % len(CARRIERS)] if number % 5 == 0 else ""
    return [carrier for carrier in CARRIERS if carrier != left_out]


def _facts() -> None:
    from django.db import connection, transaction

    months = " UNION ALL ".join(f"SELECT {month} AS month" for month in range(1, 13))
    carriers = " UNION ALL ".join(f"SELECT {at} AS at, '{name}' AS carrier" for at, name in enumerate(CARRIERS))
    season = " ".join(f"WHEN {month} THEN {percent}" for month, percent in enumerate(SEASON, start=1))
    amount = f"((b.id * 7919 % 5000 + 400) * (c.at + 2) * (CASE m.month {season} END + b.id * m.month % 7))"
    statement = (
        "INSERT INTO ledger_activityfact (institution_id, carrier, item, period, quantity, cost, entered_quantity, "
        "entered_unit, origin, bill_no, source_row, note, entered_at, standing, region_id, kind) "
        f"SELECT b.id, c.carrier, '', {YEAR * 100} + m.month, {amount} * 2000, {amount} * 1300, '', '', 'bill', '', "
        "'', '', CURRENT_TIMESTAMP, 1, b.region_id, b.kind "
        f"FROM ({months}) m CROSS JOIN registry_institution b CROSS JOIN ({carriers}) c ORDER BY m.month, b.id"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def _sums() -> None:
    from django.db import transaction

    from nengtan.ledger.services.books import refresh_years
    from nengtan.ledger.services.rebuild import rebuild_rollups
    from nengtan.registry.models import Institution

    with transaction.atomic():
        rebuild_rollups()
        refresh_years((pk, YEAR) for pk in Institution.objects.values_list("id", flat=True))


def _settle() -> None:
    """What autovacuum does on a server in service."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
