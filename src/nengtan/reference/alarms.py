"""What is watched in metering and from when on it is an alarm: `data/alarm_rules.csv`.

Settings of this project, none of them quoted from a standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from nengtan.reference._carriers import carriers
from nengtan.reference._rows import rows

__all__ = ["AlarmRule", "alarm_rules"]


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """One rule (告警规则). ``limit`` in ``unit``; ``hold_h``: how long it must last [h]; ``silence_h``: one that begins
    so soon after the last ended is the same [h]; ``carrier`` is empty for all.
    """

    code: str
    name_zh: str
    name_en: str
    carrier: str
    limit: float
    unit: str
    hold_h: int
    silence_h: int
    severity: str


@cache
def alarm_rules() -> Mapping[str, AlarmRule]:
    """By code.

    >>> alarm_rules()["leak"].limit
    3.0
    """
    found = {}
    for row in rows("alarm_rules.csv"):
        row.text("source")
        row.confidence()
        carrier = row.optional("carrier")
        if carrier:
            row.one_of("carrier", list(carriers()))
        found[row.text("code")] = AlarmRule(
            row.text("code"), row.text("name_zh"), row.text("name_en"), carrier, float(row.decimal("limit")),
            row.text("unit"), int(row.decimal("hold_h")), int(row.decimal("silence_h")),
            row.one_of("severity", ("bad", "warn")),
        )  # fmt: skip
    return MappingProxyType(found)
