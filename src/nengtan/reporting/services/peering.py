"""What institutions of a class usually use a m2 and a person: last year's figures of the province, kept for an hour.

Wherever rules are run, for one return while it is typed, for a region or for a trial, a return has the same peers.
"""

from __future__ import annotations

from collections.abc import Collection

from django.core.cache import cache

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.peers import LEAST, Peers, compare, with_peers_of
from nengtan.domain.returns.review.rules import Scope
from nengtan.domain.returns.review.table import Place, Table
from nengtan.reporting.lateness import HANDED_IN
from nengtan.reporting.models import Return, ReturnQuerySet
from nengtan.reporting.services.past import past
from nengtan.reporting.services.rulebook import engine_of

__all__ = ["among_peers"]

HOUR = 3600
_VIEWS = ("peers", "spread")


def among_peers(table: Table, period: slots.Slot, edition: str, engine: Engine) -> Table:
    """Annual returns with the peers the rules of ``engine`` ask for: those of the province, as handed in a year before.

    This year's figures would not do: they are few while they come in, and change under the statistician's eyes.
    """
    metrics = {name for view, name in engine.columns() if view in _VIEWS}
    if period.kind is not slots.Kind.ANNUAL or not metrics or not len(table):
        return table
    found: dict[tuple[str, ...], Peers] = {}

    def of_place(place: Place) -> Peers:
        province = place.chain[-2:]
        if province not in found:
            found[province] = _of_province(province, period, edition, metrics)
        return found[province]

    return with_peers_of(table, of_place)


def _of_province(chain: tuple[str, ...], period: slots.Slot, edition: str, metrics: Collection[str]) -> Peers:
    rows = Return.objects.filter(
        kind=period.kind, year=period.year - 1, state__in=HANDED_IN,
        region__path__startswith=f"/{'/'.join(reversed(chain))}/",
    )  # fmt: skip
    count = rows.count()
    if count < LEAST:
        return {}
    key = f"reporting.peers.{edition}.{period}.{chain[0]}.{count}.{'+'.join(sorted(metrics))}"
    found: Peers | None = cache.get(key)
    if found is None:
        found = _worked_out(rows, period.last_year, edition, metrics)
        cache.set(key, found, HOUR)
    return found


def _worked_out(rows: ReturnQuerySet, period: slots.Slot, edition: str, metrics: Collection[str]) -> Peers:
    engine = engine_of(edition, period.kind, Scope.RETURN)
    wanted = frozenset[tuple[str, str]]().union(*(engine.columns_of(name) for name in metrics))
    return compare(engine, past(rows, period, wanted), sorted(metrics))
