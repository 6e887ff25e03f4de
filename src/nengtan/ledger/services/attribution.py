"""Where a fact is summed follows the register: after a body moves or changes kind from a date, so do its facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Max, Min

from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import bulk, rollups
from nengtan.registry.models import Institution, InstitutionSpan, Region


def out_of_place(institutions: Sequence[Institution]) -> list[Institution]:
    """Those with facts that may have to move: summed elsewhere than the body stood through their months."""
    moved: set[int] = set()
    for chunk in bulk.chunks([institution.pk for institution in institutions]):
        spans: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
        known = InstitutionSpan.objects.filter(institution_id__in=chunk).order_by("valid_from")
        for pk, since, region_id, kind in known.values_list("institution_id", "valid_from", "region_id", "kind"):
            spans[pk].append((since.year * 100 + since.month, region_id, kind))
        facts = ActivityFact.objects.filter(institution_id__in=chunk).order_by()
        homes = facts.values_list("institution_id", "region_id", "kind").annotate(Min("period"), Max("period"))
        moved |= {pk for pk, region_id, kind, *months in homes if _stood(spans[pk], *months) - {(region_id, kind)}}
    return [institution for institution in institutions if institution.pk in moved]


def _stood(spans: Sequence[tuple[int, int, str]], first: int, last: int) -> set[tuple[int, str]]:
    """Where a body stood, and as what, from one month to another."""
    begun = [at for at, span in enumerate(spans) if span[0] <= first]
    start = begun[-1] if begun else 0
    return {span[1:] for at, span in enumerate(spans) if at == start or (at > start and span[0] <= last)}


def reattribute(institution: Institution) -> int:
    """Give every fact of an institution the region and kind of its month, move the sums with it; how many moved.

    Facts of a year that is closed where they stand, or where they would go, stay where they are.
    """
    from nengtan.ledger.services.closing import closed_years

    bulk.hold_sums()
    spans = list(institution.spans.order_by("-valid_from").values_list("valid_from", "region_id", "kind"))
    if not spans:
        return 0
    closed = [(closing.year, closing.region.path) for closing in closed_years()]
    moving: dict[tuple[int, str], list[int]] = defaultdict(list)
    changes: dict[tuple[rollups.Key, int], rollups.CellChange] = defaultdict(rollups.CellChange)
    paths = dict(Region.objects.filter(pk__in=[span[1] for span in spans]).values_list("id", "path"))
    for fact in institution.facts.select_related("region"):
        home = next((span for span in spans if span[0].year * 100 + span[0].month <= fact.period), spans[-1])
        _since, region_id, kind = home
        if (fact.region_id, fact.kind) == (region_id, kind):
            continue
        if _is_closed(closed, fact.period // 100, fact.region.path, paths[region_id]):
            continue
        moving[region_id, kind].append(fact.pk)
        if fact.standing == ActivityFact.Standing.COUNTS:
            quantity, cost = bulk.units(fact.quantity), bulk.units(fact.cost)
            changes[_key(fact.region.path, fact.kind, fact), institution.pk].remove(quantity, cost)
            changes[_key(paths[region_id], kind, fact), institution.pk].add(quantity, cost)
    for (region_id, kind), facts in moving.items():
        for chunk in bulk.chunks(facts):
            ActivityFact.objects.filter(pk__in=chunk).update(region_id=region_id, kind=kind)
    rollups.move(rollups.by_key(changes))
    return sum(map(len, moving.values()))


def _is_closed(closed: list[tuple[int, str]], year: int, *paths: str) -> bool:
    return any(year == shut and path.startswith(above) for shut, above in closed for path in paths)


def _key(path: str, kind: str, fact: ActivityFact) -> rollups.Key:
    return rollups.Key(path, kind, fact.carrier, fact.period)
