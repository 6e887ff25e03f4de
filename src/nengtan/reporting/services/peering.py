"""The peers of stored returns, kept for an hour: who they are is settled in `nengtan.domain.returns.review.peers`.

Wherever rules are run, for one return while it is typed, for a region or for a trial, a return has the same peers.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.peers import LEAST, Peers, compare, metrics_of, province_of, with_peers_of
from nengtan.domain.returns.review.rules import Scope
from nengtan.domain.returns.review.table import Place, Table
from nengtan.reporting.lateness import HANDED_IN
from nengtan.reporting.models import Return
from nengtan.reporting.services.past import past
from nengtan.reporting.services.rulebook import engine_of

__all__ = ["among_peers"]

HOUR = 3600


def among_peers(table: Table, period: slots.Slot, edition: str, engine: Engine) -> Table:
    """Annual returns with the peers the rules of ``engine`` ask for."""
    metrics = metrics_of(engine)
    if period.kind is not slots.Kind.ANNUAL or not metrics or not len(table):
        return table
    found: dict[tuple[str, ...], Peers] = {}

    def of_place(place: Place) -> Peers:
        province = province_of(place)
        if province not in found:
            found[province] = _kept(province, period.last_year, edition, metrics)
        return found[province]

    return with_peers_of(table, of_place)


def _kept(chain: Sequence[str], period: slots.Slot, edition: str, metrics: Sequence[str]) -> Peers:
    """The peers of a province in a year, worked out anew each hour and when twice as many have handed in."""
    rows = Return.objects.filter(
        kind=period.kind, year=period.year, state__in=HANDED_IN,
        region__path__startswith=f"/{'/'.join(reversed(chain))}/",
    )  # fmt: skip
    count = rows.count()
    if count < LEAST:
        return {}
    told = (edition, period, chain[0], count.bit_length(), *metrics)
    key = f"reporting.peers.{'.'.join(map(str, told))}"
    found: Peers | None = cache.get(key)
    if found is None:
        reader = engine_of(edition, period.kind, Scope.RETURN)
        wanted = frozenset[tuple[str, str]]().union(*(reader.columns_of(name) for name in metrics))
        found = compare(reader, past(rows, period, wanted), metrics)
        cache.set(key, found, HOUR)
    return found
