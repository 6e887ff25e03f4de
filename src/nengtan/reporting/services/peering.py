"""What institutions of a class usually use a m2 and a person: last year's figures of the province, kept for an hour."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.peers import LEAST, METRICS, Peers, compare
from nengtan.domain.returns.review.rules import Scope
from nengtan.reporting.models import Return, ReturnQuerySet
from nengtan.reporting.services.past import past
from nengtan.reporting.services.rulebook import HANDED_IN, engine_of

__all__ = ["peers_of"]

HOUR = 3600


def peers_of(members: Sequence[Return], period: slots.Slot, edition: str) -> Peers:
    """The peers annual returns are held against, from what was handed in for the year before; none for other periods.

    This year's figures would not do: they are few while they come in, and change under the statistician's eyes.
    """
    if period.kind is not slots.Kind.ANNUAL:
        return {}
    heads = {tuple(item.region.codes[:2]) for item in members}
    codes = heads.pop() if len(heads) == 1 else next(iter(heads))[:1]
    rows = Return.objects.filter(
        kind=period.kind, year=period.year - 1, state__in=HANDED_IN,
        region__path__startswith=f"/{'/'.join(codes)}/",
    )  # fmt: skip
    count = rows.count()
    if count < LEAST:
        return {}
    key = f"reporting.peers.{edition}.{period}.{codes[-1]}.{count}"
    found: Peers | None = cache.get(key)
    if found is None:
        found = _worked_out(rows, period.last_year, edition)
        cache.set(key, found, HOUR)
    return found


def _worked_out(rows: ReturnQuerySet, period: slots.Slot, edition: str) -> Peers:
    engine = engine_of(edition, period.kind, Scope.RETURN)
    wanted = frozenset[tuple[str, str]]().union(*(engine.columns_of(name) for name in METRICS))
    return compare(engine, past(rows, period, wanted))
