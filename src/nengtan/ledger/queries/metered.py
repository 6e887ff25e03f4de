"""From a fact that meters measured down to its quarters of an hour."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services.metered import register_of
from nengtan.telemetry.models import Register
from nengtan.telemetry.queries import intervals

__all__ = ["quarters_of"]


def quarters_of(fact: ActivityFact) -> Any:
    """An Arrow table, as `telemetry.queries.intervals` gives it; None for a fact of another origin."""
    register = Register.objects.filter(pk=register_of(fact) or 0).first()
    if register is None:
        return None
    year, month = divmod(fact.period, 100)
    zone = timezone.get_current_timezone()
    until = dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    return intervals(register, dt.datetime(year, month, 1, tzinfo=zone), until)
