"""Queries and warm server time of every page of the demonstration, as the regional manager sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.databases import Database
from benchmarks.measuring import Row, median

LIMIT = 0.150
"""Seconds of server time of a page."""

QUERIES = 20

TYPING_LIMIT = 0.050
"""Seconds of server time of an answer while somebody types in a return."""


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """The side menu, and one page of each thing that has a page of its own."""
    from django.test import Client

    from nengtan.config.warm import warm
    from nengtan.demo.builder import DISTRICT, build_demo
    from nengtan.identity.models import Grant

    database.use("demonstration")
    build_demo(Path(database.folder) / "demonstration", lambda _done, _total, _note: None)
    manager = Grant.objects.filter(role="regional_manager", region__code=DISTRICT).select_related("user").earliest("id")
    warm()
    client = Client()
    client.force_login(manager.user)
    addresses = dict.fromkeys(_led_to(client, address) for address in _addresses(client))
    pages = [_measure(client, database, address) for address in addresses]
    return [*pages, _typing(client, database)]


def _led_to(client: object, address: str) -> str:
    """Where an address leads: a redirect is a request of its own, and no page."""
    chain = client.get(address, follow=True).redirect_chain  # type: ignore[attr-defined]
    return str(chain[-1][0]) if chain else address


def _addresses(client: object) -> Iterator[str]:
    """What the side menu leads to, and a page of each thing that has one of its own."""
    from django.urls import reverse

    from nengtan.demo.builder import DISTRICT
    from nengtan.ledger.models import ActivityFact, FactorVersion, ImportBatch
    from nengtan.registry.models import Institution
    from nengtan.reporting.models import Return

    start = client.get(reverse("region", args=[DISTRICT])).content.decode()  # type: ignore[attr-defined]
    yield reverse("region", args=[DISTRICT])
    menu = re.search(r"<aside.*?</aside>", start, re.DOTALL)
    for address in re.findall(r'href="(/[^"#]*)"', menu.group() if menu else ""):
        if "sign-out" not in address:
            yield address
    body = Institution.objects.filter(region__path__contains=DISTRICT).earliest("id")
    fact = ActivityFact.objects.filter(institution=body).earliest("id")
    yield reverse("attention", args=[DISTRICT])
    yield f"{reverse('region_map', args=[DISTRICT])}?year=2023"
    yield reverse("institution", args=[body.code])
    yield f"{reverse('explain')}?region={DISTRICT}&year=2023&measure=energy_tce"
    yield f"{reverse('explain')}?institution={body.code}&year=2023&measure=co2_t"
    yield reverse("fact", args=[fact.pk])
    yield reverse("import_batch", args=[ImportBatch.objects.filter(facts__institution=body).earliest("id").pk])
    yield reverse("factor", args=[FactorVersion.objects.earliest("id").code])
    for kind in Return.objects.order_by("kind").values_list("kind", flat=True).distinct():
        yield reverse("return", args=[Return.objects.filter(institution=body, kind=kind).latest("year", "slot").pk])
    for name in ("annual_report", "report_state", "publication_new"):
        yield f"{reverse(name)}?region={DISTRICT}&year=2022"


def _measure(client: object, database: Database, address: str) -> Row:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def get() -> Any:
        return client.get(address)  # type: ignore[attr-defined]

    status = get().status_code
    seconds = median(get)
    with CaptureQueriesContext(connection) as queries:
        get()
    many = "" if len(queries) <= QUERIES else f", more than {QUERIES}"
    answer = "" if status == 200 else ", leads on" if status == 302 else f", answers {status}"
    return Row(
        "demo-pages", address, database.kind, 115, seconds, limit=LIMIT, note=f"{len(queries)} queries{many}{answer}"
    )


def _typing(client: object, database: Database) -> Row:
    """What the rules say of a year's return with one cell changed."""
    import json

    from django.urls import reverse

    from nengtan.demo.builder import DISTRICT
    from nengtan.domain.returns import slots
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Region
    from nengtan.reporting.models import Return
    from nengtan.reporting.services import open_returns

    open_returns(system_actor(), Region.objects.get(code=DISTRICT), slots.annual(2023))
    of = Return.objects.filter(region__path__contains=DISTRICT, kind=slots.Kind.ANNUAL).earliest("id")
    address, typed = reverse("return_check", args=[of.pk]), {"cell": "elec_qty", "text": "1,234", "seen": 0}

    def check() -> int:
        body = json.dumps({"cells": [typed]})
        answer = client.post(address, body, content_type="application/json")  # type: ignore[attr-defined]
        return answer.status_code  # type: ignore[no-any-return]

    note = "" if check() == 200 else "refused"
    return Row("demo-pages", "a cell typed in a return", database.kind, 1, median(check), limit=TYPING_LIMIT, note=note)
