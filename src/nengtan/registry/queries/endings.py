"""Bodies that ended: what came of them, and the months told of after their end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from nengtan.domain import periods
from nengtan.registry.models import EventParty, Institution, InstitutionEvent
from nengtan.registry.queries.alive import standing_facts

_BECAME = (InstitutionEvent.Kind.MERGED, InstitutionEvent.Kind.SPLIT)


def heirs_of(bodies: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The names of what came of each of the bodies by merging or splitting; two queries."""
    became: dict[int, list[int]] = defaultdict(list)
    ended = EventParty.objects.filter(
        side=EventParty.Side.BEFORE, institution__in=bodies, event__kind__in=_BECAME
    ).values_list("event_id", "institution_id")
    for event, body in ended:
        became[event].append(body)
    found: dict[int, list[str]] = defaultdict(list)
    after = EventParty.objects.filter(side=EventParty.Side.AFTER, event__in=became)
    for event, name in after.order_by("event_id", "id").values_list("event_id", "institution__name"):
        for body in became[event]:
            found[body].append(name)
    return {body: tuple(dict.fromkeys(names)) for body, names in found.items()}


def months_after(bodies: Iterable[Institution]) -> dict[str, int]:
    """How many months after their end figures are held of, by the code of each body that has any; one query."""
    ends = {body.pk: (body.code, periods.last_before(body.closed_on)) for body in bodies if body.closed_on}
    if not ends:
        return {}
    first = min(last for _code, last in ends.values())
    held = standing_facts().filter(institution__in=ends, period__gt=first)
    months = held.order_by().values_list("institution_id", "period").distinct()
    return dict(Counter(ends[pk][0] for pk, period in months if period > ends[pk][1]))
