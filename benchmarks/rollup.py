"""Forms 5 to 8 of a province from its approved annual returns, against adding the same rows up in plain SQL."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.databases import Database, without_indexes
from benchmarks.measuring import Row, median, side_by_side
from benchmarks.province import PROVINCE, YEAR, institutions

LIMIT = 3.0
"""At most so many times the plain sum."""

PLAIN = (
    "SELECT r.region_id, r.institution_kind, v.indicator, SUM(v.value) FROM reporting_value v "
    "JOIN reporting_return r ON r.id = v.of_id WHERE r.state = 'approved' GROUP BY 1, 2, 3"
)
ROOMS = 20
"""One body in so many has a data room."""


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """All four forms, by district and by class, with coverage: added up, and as they were kept."""
    return [row for size in sizes for row in _measure(database, size)]


def _measure(database: Database, size: int) -> list[Row]:
    from django.core.cache import cache

    from nengtan.domain.returns import slots
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Region
    from nengtan.reporting.queries.rollup import FORMS, Rollup

    count = returns_of(database, size)
    actor, region, period = system_actor(), Region.objects.get(code=PROVINCE), slots.annual(YEAR)

    def forms() -> None:
        found = Rollup(actor, region, period)
        for form in FORMS:
            found.summary(form)

    def anew() -> None:
        cache.clear()
        forms()

    rolled, plain = side_by_side(anew, _plain)
    note = f"{count:,} cells, {count // size} a return"
    return [
        Row("rollup", "forms 5 to 8", database.kind, size, rolled, "plain GROUP BY", plain, LIMIT, note),
        Row("rollup", "forms 5 to 8, as kept", database.kind, size, median(forms)),
    ]


def returns_of(database: Database, size: int) -> int:
    """Connect to a province with ``size`` approved annual returns, built on first use; how many cells they have."""
    if not database.use(f"returns_{size}"):
        return _count()
    institutions(size)
    count = _returns()
    _settle()
    return count


def _plain() -> list[tuple[object, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(PLAIN)
        return cursor.fetchall()


def _returns() -> int:
    """An approved annual return of everybody, every cell of forms 2 and 4 given, a room with one in twenty."""
    from django.db import connection, transaction

    from nengtan.domain.returns.scheme import edition_of
    from nengtan.reference import scheme

    edition = edition_of(YEAR, scheme.editions().values())
    lines = [line for line in edition.indicators.values() if line.is_entered]
    body = " UNION ALL ".join(
        f"SELECT {at} AS at, '{line.key}' AS indicator" for at, line in enumerate(lines) if line.form in (2, 4)
    )
    room = " UNION ALL ".join(
        f"SELECT {at} AS at, '{line.key}' AS indicator" for at, line in enumerate(lines) if line.form == 3
    )
    with without_indexes("reporting_value"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reporting_return (institution_id, year, slot, kind, edition, state, hands, rounds, version, "
            "region_id, institution_kind, system, opened_at) "
            f"SELECT id, {YEAR}, 0, 'annual', '{edition.code}', 'approved', '[]', 0, 1, region_id, kind, '', "
            "CURRENT_TIMESTAMP FROM registry_institution ORDER BY id"
        )
        cursor.execute(_cells(body, "''", "1 = 1"))
        cursor.execute(_cells(room, "'0001'", f"r.id % {ROOMS} = 0"))
    return _count()


def _cells(lines: str, record: str, where: str) -> str:
    return (
        "INSERT INTO reporting_value (of_id, record, indicator, value, provenance, source, version, entered_at) "
        f"SELECT r.id, {record}, l.indicator, (r.id * 7919 + l.at * 104729) % 90000 * 1000000, 'typed', '{{}}', 1, "
        f"CURRENT_TIMESTAMP FROM reporting_return r CROSS JOIN ({lines}) l WHERE {where} ORDER BY r.id, l.indicator"
    )


def _count() -> int:
    from nengtan.reporting.models import Value

    return Value.objects.count()


def _settle() -> None:
    """What autovacuum does on a server in service."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
