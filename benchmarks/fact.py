"""One changed fact: entered, corrected; what it costs must not depend on how large the province is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count

from benchmarks.databases import Database
from benchmarks.measuring import Row, median
from benchmarks.province import YEAR, province

LIMIT = 1.5
"""At most so many times the same in the smallest province; what is above 1 is noise and deeper index trees."""

REPEATS = 25


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """Facts, standings, sums, books and the audit trail of one change, committed to disk."""
    rows: list[Row] = []
    smallest: dict[str, float] = {}
    for size in sizes:
        province(database, size)
        for what, work in _works().items():
            seconds = median(work, REPEATS)
            baseline = smallest.setdefault(what, seconds)
            name = f"the same at {sizes[0]:,}"
            rows.append(Row("fact", what, database.kind, size, seconds, name, baseline, LIMIT))
    return rows


def _works() -> dict[str, Callable[[], object]]:
    from nengtan.identity.access import system_actor
    from nengtan.ledger.services.entries import FactInput, correct_fact, enter_fact
    from nengtan.registry.models import Institution

    actor = system_actor()
    bodies = iter(list(Institution.objects.order_by("id")[: 4 * REPEATS]))
    numbers = count(1)
    latest = {}

    def data(body: Institution) -> FactInput:
        return FactInput(body, "water", YEAR * 100 + 6, Decimal(next(numbers)), "m3", Decimal(5), bill_no="late")

    def enter() -> None:
        latest["fact"] = enter_fact(actor, data(next(bodies)))

    def correct() -> None:
        fact = latest["fact"]
        latest["fact"] = correct_fact(actor, fact, data(fact.institution), "read again")

    return {"enter one fact": enter, "correct one fact": correct}
