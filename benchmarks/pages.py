"""Server time of overview pages of a province, and of the reads behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.databases import Database
from benchmarks.measuring import Row, median
from benchmarks.province import PROVINCE, YEAR, province

LIMIT = 0.050
"""Seconds of server time for the page of a region."""


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """Pages of the province, a city, a district and an institution, signed in as the province's manager."""
    from nengtan.config.warm import warm

    warm()
    rows = []
    for size in sizes:
        province(database, size)
        rows += [_page(database, size, *page) for page in _pages()]
        rows += [_read(database, size, what, work) for what, work in _reads().items()]
    return rows


def _pages() -> list[tuple[str, str, float | None]]:
    from nengtan.registry.models import Institution

    body = Institution.objects.select_related("region__parent").earliest("id")
    regions = {"province": PROVINCE, "city": body.region.parent.code, "district": body.region.code}  # type: ignore[union-attr]
    pages = [(f"page: {level}", f"/regions/{code}/?year={YEAR}", LIMIT) for level, code in regions.items()]
    return [*pages, ("page: institution", f"/institutions/{body.code}/?year={YEAR}", None)]


def _page(database: Database, size: int, what: str, address: str, limit: float | None) -> Row:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(_manager())

    def get() -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")

    seconds = median(get)
    with CaptureQueriesContext(connection) as queries:
        get()
    return Row("pages", what, database.kind, size, seconds, limit=limit, note=f"{len(queries)} queries")


def _manager() -> Any:
    from nengtan.identity.models import Grant, User
    from nengtan.registry.models import Region

    user, fresh = User.objects.get_or_create(username="manager", defaults={"name": "Manager"})
    if fresh:
        Grant.objects.create(user=user, role="regional_manager", region=Region.objects.get(code=PROVINCE))
    return user


def _reads() -> dict[str, Callable[[], object]]:
    from nengtan.identity.access import system_actor
    from nengtan.ledger.queries.accounts import accounts
    from nengtan.ledger.queries.cube import cube
    from nengtan.ledger.queries.selection import Selection
    from nengtan.registry.models import Region

    actor, region = system_actor(), Region.objects.get(code=PROVINCE)

    def by(dimension: str | None) -> Callable[[], object]:
        return lambda: accounts(actor, YEAR, region=region, by=dimension)

    reads = {f"read: accounts by {name}": by(name) for name in ("type", "carrier", "month", "region")}
    whole = {"read: accounts in total": by(None)}
    return whole | reads | {"read: cube of all months": lambda: cube(actor, Selection(YEAR, region), (1990, YEAR + 3))}


def _read(database: Database, size: int, what: str, work: Callable[[], object]) -> Row:
    return Row("pages", what, database.kind, size, median(work), limit=LIMIT)
