"""Buildings side by side: what each used for a square metre, by the area it had then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone

from nengtan import reference
from nengtan.identity.access import Actor
from nengtan.registry.models import Attribute, Building
from nengtan.telemetry.models import Register
from nengtan.telemetry.moments import local_offset, micros
from nengtan.telemetry.queries.overview import MOST_METERS, meters_seen, roots, within
from nengtan.telemetry.queries.series import DAY, daily, midnight

__all__ = ["ENOUGH", "Compared", "buildings_compared", "compared_dict", "usual_per_m2"]

ENOUGH = 0.95
"""A building of which less of the time is known stands in the list and in no rank. A setting of ours."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A building over some days: consumption of its uppermost meters, floor area at their end [m²], unit per m².

    ``known``: the share of the time known of all its meters. None is not known.
    """

    building: Any
    meters: int
    value: float | None
    known: float
    area_m2: float | None

    @property
    def per_m2(self) -> float | None:
        return self.value / self.area_m2 if self.value is not None and self.area_m2 else None

    @property
    def ranks(self) -> bool:
        """Whether it may be held against others."""
        return self.per_m2 is not None and self.known >= ENOUGH


def buildings_compared(
    actor: Actor, carrier: str, first: dt.date, last: dt.date, use: str = "", region: str = ""
) -> list[Compared]:
    """Buildings with meters of a carrier, the largest user for its size first, those that cannot be ranked last.

    ``first``, ``last``: local days, both within; what is to come is left out. ``use``: one use of buildings only.

    Raises:
        Forbidden: the actor may see no meters.
    """
    meters = within(meters_seen(actor), region=region).filter(carrier=carrier).exclude(building=None)
    if use:
        meters = meters.filter(building__use=use)
    rows = list(meters.order_by("pk").values_list("pk", "parent", "building")[:MOST_METERS])
    registers = _registers(carrier, meters)
    last = max(min(last, timezone.localdate()), first)
    noon = dt.datetime.combine(first, dt.time(12), tzinfo=timezone.get_current_timezone())
    begin = midnight(micros(noon), local_offset())
    tops: dict[int, list[int]] = {}
    houses = {pk: house for pk, _parent, house in rows}
    for pk in roots([(pk, parent, str(house)) for pk, parent, house in rows]):
        if pk in registers:
            tops.setdefault(houses[pk], []).append(registers[pk])
    ids = [one for those in tops.values() for one in those]
    value, good, estimated = daily(ids, begin, begin + ((last - first).days + 1) * DAY)
    place = {register: at for at, register in enumerate(ids)}
    areas = _areas(list(tops), last)
    known = np.minimum(good + estimated, 1.0)
    buildings: Any = Building.objects.filter(pk__in=tops).select_related("institution")
    found = []
    for building in buildings:
        at = [place[register] for register in tops[building.pk]]
        used = None if np.isnan(value[at]).all() else float(np.nansum(value[at]))
        found.append(Compared(building, len(at), used, float(known[at].mean()), areas.get(building.pk)))
    return sorted(found, key=lambda one: (not one.ranks, -(one.per_m2 or 0), one.building.code))


def _registers(carrier: str, meters: QuerySet[Any]) -> dict[int, int]:
    rows = Register.objects.filter(
        code="", direction=Register.Direction.IN, unit=reference.carriers()[carrier].unit,
        meter__in=meters.order_by().values("pk"),
    )  # fmt: skip
    return dict(rows.values_list("meter", "pk"))


def _areas(buildings: Sequence[int], day: dt.date) -> dict[int, float]:
    """The floor area each had on a day [m²]."""
    rows = Attribute.objects.filter(building__in=buildings, key="area_m2", valid_from__lte=day).order_by("valid_from")
    return {building: float(area) for building, area in rows.values_list("building", "value") if area}


def usual_per_m2(rows: Sequence[Compared]) -> float | None:
    """The middle of those that rank; None of fewer than three."""
    known = [one.per_m2 for one in rows if one.ranks and one.per_m2 is not None]
    return median(known) if len(known) >= 3 else None


def compared_dict(one: Compared) -> dict[str, Any]:
    """A building as API and command tell it."""
    figures = {"value": one.value, "known": one.known, "area_m2": one.area_m2, "per_m2": one.per_m2}
    return {
        "building": one.building.code, "name": one.building.name, "institution": one.building.institution.code,
        "use": one.building.use, "meters": one.meters, "ranks": one.ranks,
        **{name: None if figure is None else round(figure, 6) for name, figure in figures.items()},
    }  # fmt: skip
