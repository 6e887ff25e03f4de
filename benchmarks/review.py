"""Every review rule over a province's annual returns, held as columns and from the database; one return while typing.

Held as columns the measure is reading those once; from the database, fetching the same returns' cells as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.databases import Database
from benchmarks.measuring import Row, median, side_by_side
from benchmarks.province import YEAR
from benchmarks.rollup import returns_of
from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.peers import compare, with_peers
from nengtan.domain.returns.review.rules import Scope
from nengtan.domain.returns.review.table import Place, Table
from nengtan.domain.returns.slots import Kind
from nengtan.reference import rules, scheme

LIMIT = 10.0
"""At most so many times one pass over the columns that are read."""

TYPING_LIMIT = 0.05
"""At most so many seconds for one return."""

EDITION = "2022"
CLASSES = ("01", "021", "022", "023", "024", "025", "026", "03")
VIEWS = {"now": 1.0, "last": 0.98, "previous": 0.98, "base": 1.04, "periods": 1.0, "metered": 1.01}
FACTS = {"active": 1, "class_valid": 1, "class_coarse": 0, "code_valid": 1, "code_unique": 1, "duplicates": 0,
         "missing_periods": 0, "months": 12}  # fmt: skip
PRICES = {
    "elec": 0.7, "water": 3.0, "coal": 900.0, "gas": 3.0, "gasoline": 8.0, "diesel": 7.5, "lpg": 7.0, "heat": 60.0,
}  # fmt: skip


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """All checks with the figures of every message, and the smallest review there is."""
    engine = Engine(rules.rule_book(), scheme.edition(EDITION), Kind.ANNUAL)
    rows = [_bulk(engine, size) for size in sizes]
    one = _returns(engine, 1)
    seconds = median(lambda: list(engine.review(one)))
    rows.append(Row("review", "one return while typing", "in memory", 1, seconds, limit=TYPING_LIMIT))
    return [*rows, *(row for size in sizes for row in _stored(database, size))]


def _stored(database: Database, size: int) -> list[Row]:
    """Approved annual returns of a province, read and reviewed; one as a page asks while it is typed."""
    from nengtan.domain.returns import slots
    from nengtan.reporting.models import Return
    from nengtan.reporting.services.past import past
    from nengtan.reporting.services.peering import among_peers
    from nengtan.reporting.services.reviewing import review_typed
    from nengtan.reporting.services.rulebook import engine_of

    count = returns_of(database, size)
    rows, period = Return.objects.filter(year=YEAR, kind=Kind.ANNUAL), slots.annual(YEAR)
    one = rows.select_related("region", "institution").order_by("pk")[size // 2]
    engine = engine_of(one.edition, Kind.ANNUAL, Scope.RETURN)

    def read_and_reviewed() -> None:
        table = past(rows, period, engine.columns())
        _review(engine, among_peers(table, period, one.edition, engine))

    whole, plain = side_by_side(read_and_reviewed, _fetched)
    typing = median(lambda: review_typed(one))
    note = f"{count:,} cells"
    return [
        Row("review", "every rule, read and reviewed", database.kind, size, whole, "cells fetched", plain, LIMIT, note),
        Row("review", "one return while typing, stored", database.kind, size, typing, limit=TYPING_LIMIT),
    ]


def _fetched() -> list[tuple[object, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT of_id, record, indicator, value FROM reporting_value")
        return cursor.fetchall()


def _bulk(engine: Engine, size: int) -> Row:
    table = _returns(engine, size)
    read = [table.columns[key] for key in sorted(engine.columns()) if key in table.columns]
    whole, scan = side_by_side(lambda: _review(engine, table), lambda: [_pass(column) for column in read])
    now = sum(key[0] == "now" for key in table.columns)
    found = engine.review(table)
    note = f"{now} indicators, {len(read)} columns read, {len(found):,} findings"
    baseline = "one pass over the columns"
    return Row("review", "every rule, with figures", "in memory", size, whole, baseline, scan, LIMIT, note)


def _review(engine: Engine, table: Table) -> None:
    for hits in engine.review(table).hits:
        len(hits.figures)


def _pass(column: Array) -> tuple[float, int]:
    """What any look at a column costs: its sum and how many are known."""
    known = ~np.isnan(column)
    return float(column.sum(where=known)), int(known.sum())


def _returns(engine: Engine, size: int) -> Table:
    """Returns by whole-number arithmetic: three quarters complete, every fiftieth figure far from last year's."""
    number = np.arange(size, dtype=np.int64)
    columns: dict[tuple[str, str], Array] = {}
    lines = [line for line in scheme.edition(EDITION).indicators.values() if line.is_entered and line.form in (2, 4)]
    for at, line in enumerate(lines):
        base = (number * 7919 + at * 104_729) % 90_000 + 10_000.0
        if line.cost_of and (price := PRICES.get(line.key.removeprefix("heating_").split("_")[0])):
            base = columns["now", line.cost_of] * price
        for view, share in VIEWS.items():
            moved = np.where((number + at) % 50 == 0, 1.6, 1.0) if view == "now" and not line.cost_of else 1.0
            columns[view, line.key] = np.where((number * 31 + at) % 4 == 0, np.nan, base * share * moved)
    for name, value in FACTS.items():
        columns["fact", name] = np.full(size, float(value))
    places = [Place(("420106", "420100", "420000", "CN"), kind) for kind in CLASSES]
    table = Table(range(size), columns, places, (number % len(CLASSES)).astype(np.intp))
    return with_peers(table, compare(engine, table))
