"""What the API takes: nothing unknown, and what it told itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from nengtan.config.api import api
from nengtan.identity.access import system_actor
from nengtan.ledger.models import ActivityFact
from nengtan.registry.models import Institution
from nengtan.registry.services import save_asset, save_building, save_contact, save_meter, save_occupancy
from nengtan.telemetry.services.registers import save_register
from tests.cast import Cast

Call = Callable[..., Any]
RECORD = "institutions/420106-S1"


@pytest.fixture
def call(cast: Cast) -> Call:
    client, header = cast.client("anonymous"), cast.bearer("admin")

    def asked(method: str, path: str, data: Any = None, **more: str) -> Any:
        body = {} if data is None else {"data": data, "content_type": "application/json"}
        return getattr(client, method)(f"/api/{path}", headers={**header, "Accept-Language": "en", **more}, **body)

    return asked


@pytest.fixture
def resources(cast: Cast) -> dict[str, str]:
    """An address of each resource that is read and put, by its address in the description."""
    actor, school = system_actor(), cast.institutions["school"]
    house = save_building(actor, school, {"code": "B1", "name": "Hall"})
    meter = save_meter(actor, school, {"code": "M1", "carrier": "electricity", "building": house})
    asset = save_asset(actor, school, {"kind": "vehicle", "name": "Cars", "count": 2}, {"fuel": "diesel"})
    part = save_occupancy(actor, school, {"building": house, "share": 1, "valid_from": date(2020, 1, 1)})
    person = save_contact(actor, school, {"role": "liaison", "name": "Somebody"})
    register = save_register(actor, meter, {"code": "2", "unit": "kWh"})
    return {
        "/api/regions/{code}/notice": "regions/420106/notice",
        "/api/institutions/{code}": RECORD,
        "/api/buildings/{pk}": f"buildings/{house.pk}",
        "/api/meters/{pk}": f"meters/{meter.pk}",
        "/api/assets/{pk}": f"assets/{asset.pk}",
        "/api/occupancies/{pk}": f"occupancies/{part.pk}",
        "/api/contacts/{pk}": f"contacts/{person.pk}",
        "/api/registers/{pk}": f"registers/{register.pk}",
        "/api/returns/publications/naming": "returns/publications/naming?region=420106",
        "/api/returns/cycle": "returns/cycle?region=420106",
    }


ELSEWHERE = {"/api/returns/headers", "/api/returns/deadlines", "/api/returns/sampled/{key}"}
"""GET tells lists, or what nobody has decided yet."""


def test_every_resource_takes_what_it_told(resources: dict[str, str], call: Call) -> None:
    described = {
        path for path, methods in api.get_openapi_schema()["paths"].items() if {"get", "put"} <= methods.keys()
    }
    assert described == resources.keys() | ELSEWHERE
    for path in resources.values():
        told = call("get", path).json()
        bare = path.partition("?")[0]
        answer = call("put", bare, told)
        assert answer.status_code == 200, (path, told, answer.content.decode())
        assert call("get", path).json() | {"set_by": ""} == told | {"set_by": ""}


def test_a_put_tells_the_new_tag(call: Call, resources: dict[str, str]) -> None:
    first = call("get", RECORD)
    changed = call("put", RECORD, {**first.json(), "address": "1 New Street"}, **{"If-Match": first.headers["ETag"]})
    again = call("get", RECORD)
    assert (changed.status_code, changed.headers["ETag"]) == (200, again.headers["ETag"])
    assert changed.headers["ETag"] != first.headers["ETag"]
    late = call("put", RECORD, again.json(), **{"If-Match": first.headers["ETag"]})
    assert late.status_code == 412


@pytest.mark.parametrize("sent", [{"status": "closed"}, {"closed_on": "2024-01-01"}])
def test_status_follows_from_events_alone(call: Call, sent: dict[str, str]) -> None:
    answer = call("put", RECORD, {**call("get", RECORD).json(), **sent})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(sent)))
    assert Institution.objects.get(code="420106-S1").status == "active"


def test_an_unknown_field_is_refused_with_those_allowed(call: Call) -> None:
    fact = {"institution": "420106-S1", "carrier": "electricity", "period": "2023-07", "quantity": 1000}
    (fault,) = call("post", "facts", {**fact, "price": 800}).json()["errors"]
    assert (fault["field"], fault["found"]) == ("data.price", 800)
    assert "Allowed: institution, carrier, period, quantity, unit, cost_cny," in fault["message"]
    assert not ActivityFact.objects.exists()
    made = call("post", "facts", {**fact, "cost_cny": 800})
    assert (made.status_code, made.json()["cost_cny"]) == (201, 800)


def test_an_unknown_parameter_is_refused_with_those_allowed(call: Call) -> None:
    (fault,) = call("get", "institutions?regoin=420106").json()["errors"]
    assert (fault["location"], fault["field"], fault["found"]) == ("query", "regoin", "420106")
    assert fault["message"] == "There is no such parameter. Allowed: page, page_size, region, kind, status, q."
    (fault,) = call("get", f"{RECORD}?year=2023").json()["errors"]
    assert fault["message"] == "There is no such parameter; this address takes none."


def test_who_asks_comes_before_what_is_asked(cast: Cast) -> None:
    assert cast.client("anonymous").get("/api/institutions?regoin=420106").status_code == 401


def test_what_is_allowed_reads_as_a_list(call: Call) -> None:
    event = {"kind": "gone", "effective_on": "2024-01-01"}
    (fault,) = call("post", "institution-events", event, **{"Accept-Language": "zh-hans"}).json()["errors"]
    assert fault["message"] == "允许：added、closed、merged、split、renamed、moved。"
