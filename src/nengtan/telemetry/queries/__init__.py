"""What was read and what was used: for pages, API and commands."""

from nengtan.telemetry.queries.stored import (
    GRAINS,
    LATENESS,
    MOST_ROWS,
    Consumption,
    Finding,
    Grain,
    Month,
    closed_months,
    consumption,
    findings,
    intervals,
    known_intervals,
    readings,
    refusals,
)

__all__ = [
    "GRAINS",
    "LATENESS",
    "MOST_ROWS",
    "Consumption",
    "Finding",
    "Grain",
    "Month",
    "closed_months",
    "consumption",
    "findings",
    "intervals",
    "known_intervals",
    "readings",
    "refusals",
]
