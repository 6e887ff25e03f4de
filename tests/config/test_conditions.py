"""Nobody overwrites what somebody else changed meanwhile, if they ask not to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from nengtan.config.api import api
from nengtan.registry.models import Institution
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
