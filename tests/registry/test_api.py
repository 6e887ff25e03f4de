"""Operations of the register: each kind of record is read and written within scope, with a trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.models import Contact, Institution, Occupancy
from nengtan.registry.services import EventInput, intake, record_event, save_building, save_contact, set_attribute
from tests.cast import Cast

Call = Callable[..., Any]
SCHOOL = "420106-S1"


@pytest.fixture
def call(cast: Cast) -> Call:
    """An operation called with a key of somebody's."""
    client, headers = cast.client("anonymous"), {}

    def asked(who: str, method: str, path: str, data: Any = None, **more: str) -> Any:
        header = headers.setdefault(who, cast.bearer(who)) | more
        return getattr(client, method)(f"/api/{path}", data, content_type="application/json", headers=header)

    def any_method(who: str, method: str, path: str, data: Any = None, **more: str) -> Any:
        if method == "get":
            header = headers.setdefault(who, cast.bearer(who)) | more
            return client.get(f"/api/{path}", headers=header)
        return asked(who, method, path, data, **more)

    return any_method


@pytest.fixture
def hall(cast: Cast) -> Any:
    """A building of the school."""
    return save_building(system_actor(), cast.institutions["school"], {"code": "B1", "name": "Hall"})


CONTACT = {"institution": SCHOOL, "role": "carbon_manager", "name": "李样例", "phone": "027-1"}
PART = {"institution": "420106-H1", "building": "B1", "share": "0.25", "valid_from": "2022-01-01"}


def test_contacts_are_added_changed_and_removed_with_a_trace(call: Call) -> None:
    made = call("statistician", "post", "contacts", CONTACT)
    assert (made.status_code, made.json() | {"id": 0}) == (201, {"id": 0, **CONTACT, "email": ""})
    changed = {**CONTACT, "email": "li@example.org"}
    assert call("district", "put", f"contacts/{made.json()['id']}", changed).json()["email"] == "li@example.org"
    listed = call("verifier", "get", "contacts?role=carbon_manager").json()
    assert (listed["count"], listed["items"][0]["name"]) == (1, "李样例")
    assert call("district", "delete", f"contacts/{made.json()['id']}").status_code == 204
    assert not Contact.objects.exists()
    trail = AuditEvent.objects.filter(action__startswith="contact.").order_by("id")
    assert [(one.action, one.via) for one in trail] == [
        ("contact.add", "api"), ("contact.change", "api"), ("contact.remove", "api"),
    ]  # fmt: skip


def test_parts_of_buildings_are_added_and_changed(call: Call, hall: Any) -> None:
    made = call("district", "post", "occupancies", PART)
    assert (made.status_code, Decimal(made.json()["share"]), made.json()["building"]) == (
        201, Decimal("0.25"), "B1",
    )  # fmt: skip
    ended = {**PART, "share": "0.3", "valid_to": "2023-12-31"}
    assert call("district", "put", f"occupancies/{made.json()['id']}", ended).json()["valid_to"] == "2023-12-31"
    listed = call("district", "get", "occupancies?building=B1").json()
    assert [one["institution"] for one in listed["items"]] == ["420106-H1"]
    assert Occupancy.objects.get().share == Decimal("0.3")
    over = call("district", "post", "occupancies", {**PART, "institution": "420106-O1", "share": "0.8"})
    assert (over.status_code, over["Content-Type"]) == (422, "application/problem+json")
    assert over.json()["errors"][0]["field"] == "share"


@pytest.mark.parametrize("who", ["neighbour", "other", "education", "verifier", "public"])
@pytest.mark.parametrize("path", ["contacts", "occupancies"])
def test_nobody_else_writes_them_or_learns_that_they_are_there(
    cast: Cast, call: Call, hall: Any, who: str, path: str
) -> None:
    data = {"contacts": {**CONTACT, "institution": "420106-H1"}, "occupancies": PART}[path]
    made = call("district", "post", path, data).json()["id"]
    written = AuditEvent.objects.filter(subject_type__startswith="registry.")
    before = written.count()
    if who != "verifier":
        assert call(who, "get", path).status_code == 403 or call(who, "get", path).json()["count"] == 0
    assert call(who, "post", path, data).status_code in {403, 422}
    assert call(who, "put", f"{path}/{made}", data).status_code in {403, 404}
    if path == "contacts":
        assert call(who, "delete", f"{path}/{made}").status_code in {403, 404}
    assert written.count() == before


def test_lists_are_paged_and_what_has_not_changed_is_not_sent_again(cast: Cast, call: Call) -> None:
    for name in ("a", "b", "c"):
        save_contact(system_actor(), cast.institutions["school"], {"role": "liaison", "name": name})
    first = call("district", "get", "contacts?page_size=2")
    assert (first.json()["count"], len(first.json()["items"])) == (3, 2)
    assert [one["name"] for one in call("district", "get", "contacts?page_size=2&page=2").json()["items"]] == ["c"]
    again = call("district", "get", "contacts?page_size=2", **{"If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_names_over_time_are_told(cast: Cast, call: Call) -> None:
    school = cast.institutions["school"]
    record_event(system_actor(), EventInput("renamed", date(2023, 7, 1), [school], name="New school"))
    told = call("district", "get", f"institutions/{SCHOOL}/names").json()
    assert [(one["valid_from"], one["name"]) for one in told] == [
        ("2023-07-01", "New school"), (None, "The school"),
    ]  # fmt: skip
    assert call("neighbour", "get", f"institutions/{SCHOOL}/names").status_code == 404


def test_who_may_exist_on_paper_only_is_listed(cast: Cast, call: Call) -> None:
    for key in ("persons", "area_m2"):
        set_attribute(system_actor(), cast.institutions["office"], key, date(2020, 1, 1), Decimal(10))
    told = call("district", "get", "institutions-in-doubt?year=2023").json()
    reasons = {one["code"]: one["reasons"] for one in told["items"]}
    assert reasons["420106-O1"] == ["no_activity"]
    assert reasons[SCHOOL] == ["no_staff", "no_area", "no_activity"]
    assert list(reasons)[-1] == "420106-O1"
    assert [one["code"] for one in call("statistician", "get", "institutions-in-doubt?year=2023").json()["items"]] == [
        SCHOOL
    ]


def test_a_notice_of_a_region_is_changed_within_ones_own(call: Call) -> None:
    data = {"notice": "CC BY 4.0"}
    assert call("district", "put", "regions/420106/notice", data).json()["notice"] == "CC BY 4.0"
    assert call("neighbour", "put", "regions/420106/notice", data).status_code == 404
    assert call("verifier", "put", "regions/420106/notice", data).status_code == 403
    assert Institution.objects.filter(region__notice="CC BY 4.0").exists()


def test_the_register_is_given_out_as_the_import_takes_it(cast: Cast, call: Call) -> None:
    given = call("statistician", "get", "exports/registry")
    plan = intake.check_file(system_actor(), "r.xlsx", given.content)
    assert ([row.code for row in plan.rows("institutions")], plan.counts["same"]) == ([SCHOOL], 1)
    save_contact(system_actor(), cast.institutions["hospital"], {"role": "liaison", "name": "=1+1"})
    people = call("district", "get", "exports/registry?sheet=contacts&region=420106").content.decode("utf-8-sig")
    assert "'=1+1" in people.splitlines()[1]
    assert len(call("neighbour", "get", "exports/registry?sheet=contacts").content.decode().splitlines()) == 1
    assert call("public", "get", "exports/registry").status_code == 403
    assert intake.check_file(system_actor(), "t.xlsx", call("district", "get", "templates/registry").content).sheets
