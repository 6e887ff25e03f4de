"""What a month of one institution may be: `data/monthly_limits.csv`, `data/usual_month.csv`.

The largest that can be believed, per carrier, and from when on a month is far from the institution's own others.
Judgement, not statute: a figure beyond is asked about because its unit is probably wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from nengtan.domain.usual import Thresholds
from nengtan.reference._carriers import carriers
from nengtan.reference._rows import rows

__all__ = ["monthly_limits", "usual_month"]


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


@cache
def usual_month() -> Thresholds:
    """From when on a month is far from an institution's usual ones.

    >>> usual_month().times_high
    10.0
    """
    held = {row.text("code"): row.decimal("value") for row in rows("usual_month.csv")}
    return Thresholds(
        float(held["times_high"]), float(held["times_low"]), int(held["least_months"]), int(held["whole_year"]),
        float(held["slip_tolerance"]),
    )  # fmt: skip
