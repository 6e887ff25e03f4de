"""Unit prices that stand out in a file: a figure in another unit than its heading says shows by its price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from nengtan import reference
from nengtan.domain.sheets.problems import Fault, Problem
from nengtan.domain.sheets.tables import ActivityTable

TIMES = 10
"""How many times dearer or cheaper than the file's median a price is pointed out."""

FEWEST = 5
"""Prices of a carrier in a file below which nothing can be said."""


NAMED = 5
"""Rows named of those that stand out alike."""


def odd_prices(
    table: ActivityTable, quantities: Sequence[int | None], costs: Sequence[int | None]
) -> Iterator[list[Problem]]:
    """Rows whose price per unit is far from that of the other rows, those of a carrier dear or cheap together.

    The rows are taken; each is told by a warning.
    """
    prices: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for at, (carrier, quantity, cost) in enumerate(zip(table.carrier, quantities, costs, strict=True)):
        if quantity and cost:
            prices[carrier].append((at, cost / quantity))
    for carrier, found in prices.items():
        if len(found) < FEWEST:
            continue
        usual = median(price for _at, price in found)
        params = {"usual": f"{usual:.3g}", "unit": reference.carriers()[carrier].unit, "carrier": carrier}
        for code, alike in (
            ("price_high", [(at, price) for at, price in found if price > usual * TIMES]),
            ("price_low", [(at, price) for at, price in found if price < usual / TIMES]),
        ):
            faults = ((at, Fault(code, f"{price:.4g}", (), params)) for at, price in alike)
            told = [replace(table.problem(at, "quantity", fault), severity="warning") for at, fault in faults]
            if told:
                yield told


def together(alike: Sequence[Problem]) -> Problem:
    """One warning for rows that stand out alike, by the first of them."""
    first = alike[0]
    if len(alike) == 1:
        return first
    rows = ", ".join(str(one.row) for one in alike[:NAMED])
    count = len({one.row for one in alike})
    return replace(first, code=f"{first.code}_rows", params={**first.params, "count": count, "named": rows})
