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


def odd_prices(
    table: ActivityTable, quantities: Sequence[int | None], costs: Sequence[int | None]
) -> Iterator[Problem]:
    """A warning for each row whose price per unit is far from that of the other rows; the rows are taken."""
    prices: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for at, (carrier, quantity, cost) in enumerate(zip(table.carrier, quantities, costs, strict=True)):
        if quantity and cost:
            prices[carrier].append((at, cost / quantity))
    for carrier, found in prices.items():
        if len(found) < FEWEST:
            continue
        usual = median(price for _at, price in found)
        unit = reference.carriers()[carrier].unit
        for at, price in found:
            if not usual / TIMES <= price <= usual * TIMES:
                params = {"usual": f"{usual:.3g}", "unit": unit, "carrier": carrier}
                told = table.problem(at, "quantity", Fault("unit_price", f"{price:.4g}", (), params))
                yield replace(told, severity="warning")
