"""What figures a file may hold."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.sheets.tables import Rules
from nengtan.ledger.models import Origin
from nengtan.ledger.services.posting import UNVERIFIED
from nengtan.reference.limits import monthly_limits

ASK_UNIT = frozenset({"lpg"})
"""Carriers whose customary unit is not certain: a sheet that names none is asked, nothing is assumed."""


def activity_rules(origin: str = Origin.BILL) -> Rules:
    """The rules of today: months up to this one, units and limits as shipped; ``origin`` where a file says none."""
    carriers = reference.carriers().values()
    return Rules(
        units={carrier.code: {**carrier.units, UNVERIFIED: Decimal(1)} for carrier in carriers},
        limits=monthly_limits(),
        default_units={carrier.code: carrier.unit for carrier in carriers if carrier.code not in ASK_UNIT},
        default_origin=origin,
        last_period=periods.of_date(timezone.localdate()),
    )
