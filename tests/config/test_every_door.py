"""Every address and API operation, as everybody: nothing leaks between regions or institutions, nothing falls over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from nengtan.domain.returns import slots
from nengtan.identity.access import system_actor
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.reporting.models import Return
from nengtan.reporting.services import open_returns
from tests.cast import Cast

VISIBLE = {
    "admin": {"school", "hospital", "office", "neighbour_school", "other_school"},
    "nation": {"school", "hospital", "office", "neighbour_school", "other_school"},
    "province": {"school", "hospital", "office", "neighbour_school"},
    "city": {"school", "hospital", "office", "neighbour_school"},
    "district": {"school", "hospital", "office"},
    "neighbour": {"neighbour_school"},
    "other": {"other_school"},
    "education": {"school"},
    "statistician": {"school"},
    "statistics_head": {"school"},
    "unit_head": {"school"},
    "service": {"school", "hospital"},
    "verifier": {"school", "hospital", "office"},
    "verifier_one": {"school"},
    "public": set(),
    "outsider": set(),
    "anonymous": set(),
}
"""The institutions each may read about by name."""

OPEN = {
    "sign_in",
    "sign_out",
    "password_reset",
    "password_reset_sent",
    "password_reset_link",
    "set_language",
    "healthz",
}
"""Addresses that need nobody signed in."""

NAMES = ("school", "hospital", "office", "neighbour_school", "other_school")


@pytest.fixture
def world(cast: Cast) -> Cast:
    """Everybody's institutions with a bill and a return each."""
    for name in NAMES:
        body = cast.institutions[name]
        enter_fact(
            system_actor(),
            FactInput(body, "electricity", 202310, Decimal(1000), "kWh", Decimal(750), bill_no=f"BILL {name}"),
        )
    open_returns(system_actor(), cast.regions["CN"], slots.month(2023, 10))
    return cast


def patterns(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name and address of every page, with its arguments as they are written."""
    for item in (resolver or get_resolver()).url_patterns:
        text = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from patterns(item, text)
        elif isinstance(item, URLPattern) and not text.startswith("api/"):
            yield item.name or "", "/" + text


def filled(address: str, world: Cast, name: str) -> str:
    """An address with the keys of one institution in it."""
    fact = world.institutions[name].facts.order_by("id").first()
    if "/returns/" in address:
        fact = Return.objects.get(institution=world.institutions[name])
    values = {
        "code": "420106" if address.startswith("/regions/") else world.institutions[name].code,
        "pk": fact.pk,
        "id": fact.pk,
        "sha256": "0" * 64,
        "cell": "elec_qty",
    }

    def value(match: re.Match[str]) -> str:
        return str(values.get(match[1].split(":")[-1], fact.pk))

    return re.sub(r"<([^>]+)>", value, address)


def names_in(content: bytes) -> set[str]:
    """Institutions of the cast that a page names, by name or by bill."""
    text = content.decode("utf-8", errors="replace")
    return {name for name in NAMES if re.search(rf"\bThe {name}\b|\bBILL {name}\b", text)}


ON_BOTH = {"nation", "statistician"}
"""Who opens every door on both databases; the others on SQLite alone."""

READERS = [pytest.param(who, marks=[] if who in ON_BOTH else [pytest.mark.any_database]) for who in sorted(VISIBLE)]


@pytest.mark.parametrize("who", READERS)
def test_no_page_shows_what_its_reader_may_not_see(world: Cast, who: str) -> None:
    client = world.client(who)
    client.raise_request_exception = False
    for url_name, address in patterns():
        if "<" in address and url_name.startswith("password_reset"):
            continue
        for name in NAMES if "<" in address else NAMES[:1]:
            url = filled(address, world, name)
            for query in (
                "",
                f"?institution={world.institutions[name].code}&region=420106&year=2023&measure=energy_tce",
            ):
                answer = client.get(url + query)
                assert answer.status_code < 500, (who, url + query, answer.status_code)
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                assert names_in(body) <= VISIBLE[who], (who, url + query)
                if who == "anonymous" and url_name not in OPEN:
                    assert answer.status_code in {302, 401, 403, 404, 405}, (url, answer.status_code)


def operations() -> Iterator[tuple[str, str]]:
    """Method and path of every API operation."""
    from nengtan.config.api import api

    for path, methods in api.get_openapi_schema()["paths"].items():
        for method in methods:
            yield method, path


@pytest.mark.parametrize("who", READERS)
def test_no_api_operation_shows_what_its_caller_may_not_see(world: Cast, who: str) -> None:
    client = world.client(who)
    client.raise_request_exception = False
    for method, path in operations():
        for name in NAMES if "{" in path else NAMES[:1]:
            url = filled(re.sub(r"\{(\w+)\}", r"<\1>", path), world, name)
            answer = call(client, method, url)
            assert answer.status_code < 500, (who, method, url, answer.status_code)
            assert names_in(answer.content) <= VISIBLE[who], (who, method, url)
            if who == "anonymous":
                assert answer.status_code in {401, 403, 404, 405, 422}, (method, url, answer.status_code)


def call(client: Any, method: str, url: str) -> Any:
    """A request with an empty body where the method takes one."""
    if method == "get":
        return client.get(url, {"year": 2023, "region": "420106", "measure": "energy_tce"})
    return client.generic(method.upper(), url, data="{}", content_type="application/json")
