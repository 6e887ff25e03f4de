"""How much may be lost between an upper meter and those below it, by carrier."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from nengtan.domain.metering.balance import Tolerance
from nengtan.reference._rows import rows

__all__ = ["balance_limits", "tolerance_of"]


@cache
def balance_limits() -> Mapping[str, Tolerance]:
    """Tolerances by carrier; settings of ours, no standard's."""
    return MappingProxyType(
        {
            row.text("code"): Tolerance(float(row.decimal("fine")), float(row.decimal("watch")),
                                        float(row.decimal("known")))
            for row in rows("balance_limits.csv")
            if row.text("source") and row.confidence()
        }
    )  # fmt: skip


def tolerance_of(carrier: str) -> Tolerance:
    """What holds for a carrier; electricity's for those without a line of their own.

    >>> tolerance_of("water").watch, tolerance_of("diesel").watch
    (0.2, 0.1)
    """
    return balance_limits().get(carrier, Tolerance())
