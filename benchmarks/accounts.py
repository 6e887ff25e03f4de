"""Full accounts of a province from its facts, against adding the same rows up without factors."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.databases import Database
from benchmarks.measuring import Row, side_by_side
from benchmarks.province import PROVINCE, YEAR, province

LIMIT = 3.0
"""At most so many times the plain grouping."""

PLAIN = "SELECT region_id, kind, carrier, SUM(quantity), SUM(cost) FROM ledger_activityfact GROUP BY 1, 2, 3"


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """Region × type × carrier with factors, products and lineage keys, for every region of the tree."""
    rows = []
    for size in sizes:
        province(database, size)
        rows.append(_measure(database, size))
    return rows


def _measure(database: Database, size: int) -> Row:
    from nengtan.identity.access import system_actor
    from nengtan.ledger.queries.full import full_accounts
    from nengtan.registry.models import Region

    actor, region = system_actor(), Region.objects.get(code=PROVINCE)
    full, plain = side_by_side(lambda: full_accounts(actor, YEAR, region), _plain)
    lines = len(full_accounts(actor, YEAR, region))
    note = f"{size * 96:,} facts, {lines:,} lines"
    return Row("accounts", "full accounts from facts", database.kind, size, full, "plain GROUP BY", plain, LIMIT, note)


def _plain() -> list[tuple[object, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(PLAIN)
        return cursor.fetchall()
