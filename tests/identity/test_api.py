"""The API of the room, with keys and with sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from nengtan.identity.models import ApiKey, AuditEvent, User
from tests.cast import GRANTS, PASSWORD, Cast
from tests.identity.test_pages import MANAGERS, READERS

pytestmark = pytest.mark.urls("tests.identity.api_urls")


def call(cast: Cast, name: str, method: str, path: str, data: Any = None) -> Any:
    headers = cast.bearer(name) if cast.actor(name).capabilities else {}
    arguments: dict[str, Any] = {} if data is None else {"data": data, "content_type": "application/json"}
    return getattr(Client(headers=headers), method)(f"/api/identity{path}", **arguments)


def test_without_a_key_or_a_session_nothing_opens(cast: Cast) -> None:
    for path in ("/me", "/users", "/keys", "/audit"):
        assert Client().get(f"/api/identity{path}").status_code == 401
        assert Client(headers={"Authorization": "Bearer nt_made-up"}).get(f"/api/identity{path}").status_code == 401
        assert Client(headers={"Authorization": "Basic eDp5"}).get(f"/api/identity{path}").status_code == 401


@pytest.mark.parametrize(
    ("path", "allowed"), [("/users", MANAGERS), ("/audit", READERS), ("/keys", set(GRANTS) - {"outsider"})]
)
def test_who_lists_what(cast: Cast, path: str, allowed: set[str]) -> None:
    found = {name: call(cast, name, "get", path).status_code for name in cast.names}
    assert found == {name: 200 if name in allowed else 401 if name == "outsider" else 403 for name in cast.names}


def test_me_says_what_the_key_may(cast: Cast) -> None:
    client = Client(headers=cast.bearer("district", capabilities=["view"]))
    me = client.get("/api/identity/me").json()
    assert (me["username"], me["capabilities"]) == ("district", ["view"])
    assert me["grants"][0]["region"] == "420106"
    assert "password" not in me


def test_a_session_reads_at_once_and_writes_with_the_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.user("district"))
    assert client.get("/api/identity/me").status_code == 200
    data = {"username": "liu", "grant": {"role": "public", "region": "420106"}}
    refused = client.post("/api/identity/users", data, content_type="application/json")
    assert refused.status_code == 403
    client.get("/sign-in/?next=/")
    client.get("/account/")
    token = {"X-CSRFToken": client.cookies["csrftoken"].value}
    done = client.post("/api/identity/users", data, content_type="application/json", headers=token)
    assert done.status_code == 201
    assert AuditEvent.objects.get(action="user.add").via == "api"


def test_a_session_with_a_due_password_change_is_refused(cast: Cast) -> None:
    User.objects.filter(username="district").update(must_change_password=True)
    client = Client()
    client.force_login(User.objects.get(username="district"))
    assert client.get("/api/identity/me").status_code == 403


def test_a_user_is_added_changed_locked_and_reset(cast: Cast) -> None:
    data = {"username": "liu", "name": "Liu", "grant": {"role": "statistician", "institution": "420106-H1"}}
    added = call(cast, "district", "post", "/users", data)
    assert added.status_code == 201
    user = User.objects.get(username="liu")
    assert user.check_password(added.json()["password"])
    path = f"/users/{user.pk}"
    changed = call(cast, "district", "patch", path, {"name": "Liu Wei", "is_active": False}).json()
    assert (changed["name"], changed["is_active"]) == ("Liu Wei", False)
    fresh = call(cast, "district", "post", f"{path}/reset-password").json()["password"]
    user.refresh_from_db()
    assert user.check_password(fresh)
    assert call(cast, "neighbour", "get", path).status_code == 404
    listed = call(cast, "district", "get", "/users?page_size=2&page=2").json()
    assert (listed["count"], listed["page"], len(listed["items"])) == (10, 2, 2)
    assert call(cast, "district", "get", "/users?page=9999").json()["items"] == []
    assert call(cast, "district", "get", "/users?page_size=0").status_code == 422


def test_roles_are_given_and_taken(cast: Cast) -> None:
    path = f"/users/{cast.user('unit_head').pk}/grants"
    given = call(cast, "district", "post", path, {"role": "verifier", "region": "420106"})
    assert given.status_code == 201
    assert len(call(cast, "district", "get", path).json()) == 2
    assert call(cast, "neighbour", "get", path).status_code == 404
    assert call(cast, "neighbour", "delete", f"/grants/{given.json()['id']}").status_code == 404
    assert call(cast, "district", "delete", f"/grants/{given.json()['id']}").json()["revoked_at"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"role": "platform_admin"}, 403),
        ({"role": "regional_manager", "region": "420100"}, 422),
        ({"role": "regional_manager", "region": "999999"}, 422),
        ({"role": "statistician", "institution": "420111-S1"}, 422),
        ({"role": "statistician"}, 422),
        ({"role": "king"}, 422),
        ({"role": "public", "region": "420\u0000106"}, 422),
    ],
)
def test_escalation_is_refused(cast: Cast, data: dict[str, str], status: int) -> None:
    path = f"/users/{cast.user('unit_head').pk}/grants"
    assert call(cast, "district", "post", path, data).status_code == status
    assert cast.user("unit_head").grants.count() == 1


def test_keys_are_issued_listed_and_revoked(cast: Cast) -> None:
    until = (timezone.now() + timedelta(days=9)).isoformat()
    data = {"name": "gateway", "capabilities": ["view"], "expires_at": until, "region": "420106"}
    issued = call(cast, "district", "post", "/keys", data)
    assert issued.status_code == 201
    secret, key = issued.json()["secret"], issued.json()["key"]
    assert (key["region"], key["user"]) == ("420106", "district")
    listed = call(cast, "district", "get", "/keys").content.decode()
    assert "gateway" in listed
    assert secret not in listed
    assert ApiKey.digest_of(secret) not in listed
    assert call(cast, "neighbour", "delete", f"/keys/{key['id']}").status_code == 404
    assert call(cast, "district", "delete", f"/keys/{key['id']}").json()["revoked_at"]
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/identity/me").status_code == 401
    assert call(cast, "statistician", "post", "/keys", data).status_code == 422
    assert call(cast, "statistician", "post", "/keys", data | {"region": None}).status_code == 403
    naive = data | {"expires_at": "2030-01-01T00:00:00"}
    assert call(cast, "district", "post", "/keys", naive).status_code == 422
    theirs = data | {"user_id": cast.user("service").pk, "region": None}
    assert call(cast, "district", "post", "/keys", theirs).json()["key"]["user"] == "service"
    assert call(cast, "district", "post", "/keys", data | {"user_id": cast.user("admin").pk}).status_code == 404


def test_the_trail_is_filtered_and_scoped(cast: Cast) -> None:
    issued = call(
        cast, "district", "post", "/users", {"username": "liu", "grant": {"role": "public", "region": "420106"}}
    )
    assert issued.status_code == 201
    found = call(cast, "district", "get", "/audit?action=user.add").json()
    assert [item["subject"] for item in found["items"]] == ["liu"]
    assert call(cast, "neighbour", "get", "/audit?action=user.add").json()["count"] == 0
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert call(cast, "admin", "get", f"/audit?since={tomorrow}").json()["count"] == 0
    assert call(cast, "admin", "get", "/audit?institution=420106-S1&who=system").json()["count"] == 1


def test_huge_and_absurd_numbers_are_no_accident(cast: Cast) -> None:
    for key in ("0", "-1", str(2**63), "9" * 40, "x"):
        assert call(cast, "admin", "get", f"/users/{key}").status_code == 422
    assert call(cast, "admin", "get", f"/users/{2**63 - 1}").status_code == 404
    assert Client().login(username="admin", password=PASSWORD)
