"""What is used in a building, by carrier: its meters at the top of their trees together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.identity.access import Actor
from nengtan.registry.models import Building
from nengtan.telemetry.models import Register
from nengtan.telemetry.moments import EPOCH
from nengtan.telemetry.queries.looking import Level, Look, stretch_of
from nengtan.telemetry.queries.overview import meters_seen, roots

__all__ = ["building_carriers", "building_consumption", "building_meters", "building_registers"]

FIRST_YEAR, LAST_YEAR = 1990, 2100

Rows = Sequence[tuple[int, int | None, str]]


def building_meters(actor: Actor, building: Building) -> Rows:
    """Primary key, upper meter and carrier of each meter in a building."""
    meters = meters_seen(actor).filter(building=building)
    return list(meters.order_by().values_list("pk", "parent_id", "carrier"))


def building_carriers(rows: Rows) -> list[str]:
    """Carriers that are metered, in the order of the reference data."""
    return sorted({carrier for _pk, _parent, carrier in rows}, key=list(reference.carriers()).index)


def building_registers(rows: Rows, carrier: str) -> list[int]:
    """Main registers, in the unit of the carrier, of the meters at the top of their trees."""
    kinds = {pk: kind for pk, _parent, kind in rows}
    top = [pk for pk in roots(rows) if kinds[pk] == carrier]
    found = Register.objects.filter(
        code="", direction=Register.Direction.IN, meter__in=top, unit=reference.carriers()[carrier].unit
    )
    return list(found.order_by("pk").values_list("pk", flat=True))


def building_consumption(
    actor: Actor, building: Building, carrier: str, level: Level, day: dt.date | None = None
) -> list[dict[str, Any]]:
    """Consumption by the periods of a stretch, as API and command tell it; none for a carrier that is not metered.

    Raises:
        ValidationError: a day of which no readings are kept.
    """
    if day is not None and not FIRST_YEAR <= day.year < LAST_YEAR:
        raise ValidationError({"at": _("Found %(found)s; a day from 1990 to 2099 is allowed.") % {"found": day}})
    rows = building_meters(actor, building)
    if carrier not in building_carriers(rows):
        return []
    now = timezone.now()
    stretch = stretch_of(level, day or timezone.localtime(now).date())
    return [
        {
            "period": timezone.localtime(EPOCH + dt.timedelta(microseconds=one.begin)).isoformat(timespec="minutes"),
            "value": None if one.value is None else round(one.value, 6),
            "good": round(one.good, 6), "estimated": round(one.estimated, 6), "missing": round(one.missing, 6),
            "quality": one.quality, "whole": one.whole,
        }
        for one in Look(building_registers(rows, carrier), stretch, now).points
    ]  # fmt: skip
