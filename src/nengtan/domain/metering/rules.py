"""The numbers in the cleaning rules: settings with defaults, none of them quoted from a standard."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["HOUR", "SECOND", "Rules", "rated_kw"]

SECOND = 1_000_000
"""Times are whole microseconds since 1970-01-01 UTC."""

HOUR = 3600 * SECOND


def _no_values() -> tuple[float, ...]:
    """All ones in 24, 31 or 32 bits, plain or with up to three decimals; in 16, 63 or 64 bits plain only.

    A device without a value often sends these. Each scaled one stands as it is computed both ways (divided,
    multiplied), which may differ in the last binary place.
    """
    scaled = {
        value
        for bits in (24, 31, 32)
        for places in range(4)
        for value in ((2**bits - 1) / 10**places, (2**bits - 1) * 10.0**-places)
    }
    return tuple(sorted(scaled | {2.0**16 - 1, 2.0**63, 2.0**64}))


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds of the rules; times in seconds, shares of one.

    ``interval_s``: length of an interval. ``gap_periods``: a step longer than so many reading periods is a gap (rule
    9). ``rollover_share``: a register rolls over from at least this share of its modulus (rule 5); where no cap is
    known, by no more than ``uncapped_share`` of it. ``dip_samples``: readings a dip may last (rule 6), counted in
    reading periods; ``dip_share``: a reading under this share of the last one may be a dip (one: any that is below
    and comes back). ``long_dip_s``: how long a dip may last that ends in one jump back to where the register was.
    ``clock_s``: how far time of reading and of arrival may lie apart (rule 3). ``cap_margin``: see `rated_kw`.
    ``earliest``: no clock that is set says less [µs]; ``ahead_s``: how far a clock may run ahead. ``largest``: no
    register shows more. ``sentinels``: values that mean no value (rule 1). ``stuck_s``, ``running_share``: zero for
    so long while power is above this share of the rated (rule 10). ``cross_share``, ``cross_least``: how far a step
    may lie from the integral of power, and from how much energy on (rule 11) [kWh].
    """

    interval_s: int = 900
    gap_periods: float = 1.5
    rollover_share: float = 0.9
    uncapped_share: float = 0.1
    dip_samples: int = 3
    dip_share: float = 1.0
    long_dip_s: int = 24 * 3600
    clock_s: int = 300
    cap_margin: float = 1.2
    earliest: int = 946_684_800 * SECOND  # 2000-01-01
    ahead_s: int = 300
    largest: float = 1e15
    sentinels: tuple[float, ...] = _no_values()
    stuck_s: int = 24 * 3600
    running_share: float = 0.05
    cross_share: float = 0.2
    cross_least: float = 1.0

    def __post_init__(self) -> None:
        if self.interval_s <= 0 or 86400 % self.interval_s:
            raise ValueError(f"interval_s: found {self.interval_s}, allowed: a number that divides a day")

    @property
    def interval(self) -> int:
        """Length of an interval [µs]."""
        return self.interval_s * SECOND


def rated_kw(volts: float, amperes: float, ct: float = 1.0, pt: float = 1.0) -> float:
    """The largest power of a three-phase circuit [kW]: √3 · U [V, line to line] · I [A] · CT · PT.

    A cap of the cleaning is this times ``Rules.cap_margin``.

    >>> round(rated_kw(380, 6, ct=40), 2)
    157.96
    """
    return math.sqrt(3) * volts * amperes * ct * pt / 1000
