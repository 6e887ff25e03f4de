"""The largest month of one institution that can be believed, per carrier: `data/monthly_limits.csv`.

Judgement, not statute: a figure above is asked about because its unit is probably wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from nengtan.reference._carriers import carriers
from nengtan.reference._rows import rows

__all__ = ["monthly_limits"]


@cache
def monthly_limits() -> Mapping[str, Decimal]:
    """Carrier code to the limit in the carrier's base unit.

    >>> monthly_limits()["electricity"]
    Decimal('50000000')
    """
    known = carriers()
    limits = {}
    for row in rows("monthly_limits.csv"):
        carrier = row.one_of("carrier", list(known))
        row.one_of("unit", [known[carrier].unit])
        row.text("source")
        row.confidence()
        limits[carrier] = row.decimal("limit")
    return MappingProxyType(limits)
