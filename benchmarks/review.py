"""Every review rule over a province's annual returns, against reading its columns once; one return while typing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.databases import Database
from benchmarks.measuring import Row, median, side_by_side
from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.operations import Array
from nengtan.domain.returns.review.peers import compare, with_peers
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


def run(sizes: Sequence[int], _database: Database) -> list[Row]:
    """All checks with the figures of every message, and the smallest review there is."""
    engine = Engine(rules.rule_book(), scheme.edition(EDITION), Kind.ANNUAL)
    rows = [_bulk(engine, size) for size in sizes]
    one = _returns(engine, 1)
    seconds = median(lambda: list(engine.review(one)))
    return [*rows, Row("review", "one return while typing", "in memory", 1, seconds, limit=TYPING_LIMIT)]


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
