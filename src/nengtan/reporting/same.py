"""Which bodies of two periods are compared with each other: the same, and those that became one another (同口径)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import TypeVar

from django.db.models import F, FilteredRelation, Q

from nengtan.domain import periods
from nengtan.domain.returns.rollup import Joined, comparison_groups
from nengtan.domain.returns.slots import Slot
from nengtan.registry.models import EventParty, InstitutionEvent
from nengtan.reporting.models import owed_months

__all__ = ["joined"]

_BECAME = (InstitutionEvent.Kind.MERGED, InstitutionEvent.Kind.SPLIT)


Body = TypeVar("Body", int, str)


def joined(
    now: Slot, base: Slot, here: Collection[Body], there: Collection[Body], key: str = "institution_id"
) -> Joined[Body]:
    """What became what from the first day of ``base`` to the last of ``now``; one query.

    ``here`` and ``there`` are the bodies, by ``key``, whose returns of the periods are counted. A body that was merged
    before both periods or after them is compared with itself.
    """
    owed = FilteredRelation(
        "institution__returns",
        condition=Q(
            institution__returns__year__in=[now.year, base.year],
            institution__returns__slot=now.number,
            institution__returns__kind=now.kind,
        ),
    )
    first, last = _first_day(base), periods.last_day(now.months[-1])
    rows = (
        EventParty.objects.filter(event__kind__in=_BECAME, event__effective_on__gt=first, event__effective_on__lte=last)
        .annotate(owed=owed)
        .order_by("event_id", "id")
        .values_list("event_id", key, F("owed__year"), "institution__closed_on")
    )
    members: dict[int, dict[Body, set[int]]] = defaultdict(lambda: defaultdict(set))
    for event, body, year, closed in rows:
        owes = year is not None and owed_months(Slot(year, now.number, now.kind), closed)
        members[event][body] |= {year} if owes else set()
    groups = comparison_groups((next(iter(held)), body) for held in members.values() for body in held)
    counted = {(body, now.year) for body in here} | {(body, base.year) for body in there}
    apart = {
        groups[body]
        for held in members.values()
        for body, years in held.items()
        if any((body, year) not in counted for year in years)
    }
    return Joined(groups, frozenset(apart))


def _first_day(period: Slot) -> date:
    return date(period.months[0] // 100, period.months[0] % 100, 1)
