"""Nobody overwrites what somebody else changed meanwhile, if they ask not to."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from nengtan.config.api import api
from nengtan.identity.access import system_actor
from nengtan.registry.models import Institution
from nengtan.registry.services import save_building, save_contact, save_meter, save_occupancy
from nengtan.telemetry.services import save_register
from nengtan.ui.api import PROBLEM_TYPE
from tests.cast import Cast

ENGLISH = {"Accept-Language": "en"}


class Keyholder:
    """A program with somebody's key."""

    def __init__(self, cast: Cast, role: str) -> None:
        self.client, self.headers = Client(), {"Authorization": f"Bearer {cast.key(role)}", **ENGLISH}

    def get(self, address: str) -> Any:
        return self.client.get(address, headers=self.headers)

    def send(self, method: str, address: str, body: dict[str, Any], **conditions: str) -> Any:
        told = {name.replace("_", "-"): value for name, value in conditions.items()}
        call = getattr(self.client, method)
        return call(address, json.dumps(body), content_type="application/json", headers=self.headers | told)


@pytest.fixture
def manager(cast: Cast) -> Keyholder:
    return Keyholder(cast, "district")


@pytest.fixture
def school(cast: Cast) -> str:
    return f"/api/institutions/{cast.institutions['school'].code}"


def record_of(school: Any, **changed: str) -> dict[str, Any]:
    """What a form sends back: what it was given, with changes."""
    names = ("code", "name", "kind", "region", "system", "carriers", "note")
    return {name: school[name] for name in names} | changed


def test_a_write_with_the_current_etag_is_carried_out(manager: Keyholder, school: str) -> None:
    read = manager.get(school)
    answer = manager.send("put", school, record_of(read.json(), note="north gate"), If_Match=read.headers["ETag"])
    assert (answer.status_code, answer.json()["note"]) == (200, "north gate")


def test_a_write_with_an_old_etag_changes_nothing(manager: Keyholder, school: str) -> None:
    read = manager.get(school)
    manager.send("put", school, record_of(read.json(), note="by a colleague"))
    late = manager.send("put", school, record_of(read.json(), note="by me"), If_Match=read.headers["ETag"])
    assert (late.status_code, late.headers["Content-Type"]) == (412, PROBLEM_TYPE)
    assert late.json()["type"] == "urn:nengtan:problem:changed-meanwhile"
    assert "Somebody changed this" in late.json()["detail"]
    now = manager.get(school)
    assert (now.json()["note"], late.headers["ETag"]) == ("by a colleague", now.headers["ETag"])


@pytest.mark.parametrize("said", ["*", '"another", {tag}', "W/{tag}"])
def test_any_of_several_a_weakened_or_whatever_there_is(manager: Keyholder, school: str, said: str) -> None:
    read = manager.get(school)
    condition = said.format(tag=read.headers["ETag"])
    assert manager.send("put", school, record_of(read.json(), note="x"), If_Match=condition).status_code == 200


def test_without_a_condition_the_last_one_wins(manager: Keyholder, school: str) -> None:
    body = record_of(manager.get(school).json())
    assert manager.send("put", school, {**body, "note": "one"}).status_code == 200
    assert manager.send("put", school, {**body, "note": "two"}).status_code == 200


def test_the_address_is_that_of_the_get_with_its_query(manager: Keyholder) -> None:
    address = "/api/returns/cycle?region=420106"
    body = {"region": "420106", "remind_days": 5}
    tag = manager.get(address).headers["ETag"]
    assert manager.send("put", address, body, If_Match=tag).status_code == 200
    assert manager.send("put", address, body, If_Match=tag).status_code == 412
    unasked = manager.send("put", "/api/returns/cycle", body, If_Match=tag)
    assert (unasked.status_code, "gives no ETag" in unasked.json()["detail"]) == (412, True)


def test_who_may_not_see_it_learns_nothing_from_a_condition(cast: Cast, school: str) -> None:
    stranger = Keyholder(cast, "other")
    there = stranger.send("put", school, {"note": "x"}, If_Match="*")
    nowhere = stranger.send("put", "/api/institutions/nobody", {"note": "x"}, If_Match="*")
    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
    assert there.status_code == 404


def test_a_refused_write_leaves_no_trace(manager: Keyholder, school: str, cast: Cast) -> None:
    read = manager.get(school)
    answer = manager.send("put", school, record_of(read.json(), kind="no such"), If_Match=read.headers["ETag"])
    assert answer.status_code == 422
    assert Institution.objects.get(code=cast.institutions["school"].code).kind == read.json()["kind"]


SCHOOL = "420106-S1"


@pytest.fixture
def records(cast: Cast) -> dict[str, tuple[str, dict[str, Any]]]:
    """One record of each kind the school has: its address, and what a form sends back."""
    body, root = cast.institutions["school"], system_actor()
    hall = save_building(root, body, {"code": "B1", "name": "Hall"})
    meter = save_meter(root, body, {"code": "M1", "carrier": "electricity"})
    who = {"role": "liaison", "name": "Li"}
    part = {"building": hall, "share": Decimal("0.5"), "valid_from": date(2022, 1, 1)}
    kinds = {"buildings": hall, "meters": meter, "contacts": save_contact(root, body, who)}
    kinds["occupancies"] = save_occupancy(root, body, part)
    kinds["registers"] = save_register(root, meter, {"unit": "kWh"})
    told: dict[str, dict[str, Any]] = {
        "buildings": {"institution": SCHOOL, "code": "B1", "name": "Hall"},
        "meters": {"institution": SCHOOL, "code": "M1", "carrier": "electricity"},
        "contacts": {"institution": SCHOOL, **who},
        "occupancies": {"institution": SCHOOL, "building": "B1", "share": "0.5", "valid_from": "2022-01-01"},
        "registers": {"unit": "kWh"},
    }
    return {name: (f"/api/{name}/{held.pk}", told[name]) for name, held in kinds.items()}


CHANGES = {
    "buildings": {"name": "Great hall"},
    "meters": {"name": "Main"},
    "contacts": {"phone": "027-1"},
    "occupancies": {"share": "0.6"},
    "registers": {"by_hand": True},
}


@pytest.mark.parametrize("kind", CHANGES)
def test_each_record_is_read_by_its_key_and_written_if_it_stands(
    manager: Keyholder, records: dict[str, tuple[str, dict[str, Any]]], kind: str
) -> None:
    address, body = records[kind]
    read = manager.get(address)
    assert (read.status_code, read.json()) == (200, listed(manager, address))
    tag = read.headers["ETag"]
    ((name, value),) = CHANGES[kind].items()
    written = manager.send("put", address, body | CHANGES[kind], If_Match=tag)
    assert (written.status_code, written.json()[name]) == (200, value)
    assert manager.get(address).json() == written.json()
    late = manager.send("put", address, body, If_Match=tag)
    assert (late.status_code, manager.get(address).json()) == (412, written.json())


def listed(who: Keyholder, address: str) -> Any:
    """The same record in the list of its kind."""
    kind, key = address.rsplit("/", 1)
    (found,) = [one for one in who.get(kind).json()["items"] if one["id"] == int(key)]
    return found


@pytest.mark.parametrize("who", ["neighbour", "other", "public", "outsider"])
@pytest.mark.parametrize("kind", CHANGES)
def test_a_record_of_others_is_as_unknown_as_one_of_nobody(
    cast: Cast, records: dict[str, tuple[str, dict[str, Any]]], kind: str, who: str
) -> None:
    client = cast.client(who)
    theirs, nobodys = (client.get(address, headers=ENGLISH) for address in (records[kind][0], f"/api/{kind}/999999999"))
    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)
    assert theirs.status_code in {403, 404}


def test_somebody_to_call_is_taken_off_the_list_only_as_read(
    manager: Keyholder, records: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    address, body = records["contacts"]
    tag = manager.get(address).headers["ETag"]
    manager.send("put", address, body | {"phone": "027-2"})
    assert manager.send("delete", address, {}, If_Match=tag).status_code == 412
    assert manager.send("delete", address, {}, If_Match=manager.get(address).headers["ETag"]).status_code == 204


def test_whatever_can_be_changed_can_be_read_at_the_same_address() -> None:
    paths = api.get_openapi_schema()["paths"]
    guarded = {"put", "patch", "delete"}
    assert [path for path, methods in paths.items() if guarded & set(methods) and "get" not in methods] == []


def test_the_description_tells_of_every_condition() -> None:
    paths = api.get_openapi_schema()["paths"]
    guarded = {"put", "patch", "delete"}
    both = {path: methods for path, methods in paths.items() if "get" in methods and guarded & set(methods)}
    assert {"/api/institutions/{code}", "/api/users/{key}", "/api/returns/cycle"} <= set(both)
    for methods in paths.values():
        if "get" in methods:
            assert "If-None-Match" in headers(methods["get"])
            assert "304" in methods["get"]["responses"]
    for methods in both.values():
        for method in guarded & set(methods):
            assert "If-Match" in headers(methods[method])
            assert PROBLEM_TYPE in methods[method]["responses"]["412"]["content"]


def headers(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation["parameters"] if one["in"] == "header"}
