"""Users: who manages whom, what is kept, and what is never written down."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent, Grant, User
from nengtan.identity.queries import users_for
from nengtan.identity.services import (
    GrantInput,
    UserInput,
    change_user,
    create_user,
    deactivate,
    reset_password,
    set_active,
    set_password,
)
from tests.cast import PASSWORD, Cast

SCHOOL = {"statistician", "statistics_head", "unit_head", "verifier_one"}
DISTRICT = SCHOOL | {"district", "education", "service", "verifier", "public"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("district", DISTRICT),
        ("neighbour", {"neighbour"}),
        ("city", DISTRICT | {"neighbour", "city"}),
        ("other", {"other"}),
        ("statistician", set()),
        ("outsider", set()),
    ],
)
def test_users_seen(cast: Cast, name: str, expected: set[str]) -> None:
    seen = set(users_for(cast.actor(name)).values_list("username", flat=True))
    assert seen == expected
    manageable = set(users_for(cast.actor(name), manageable=True).values_list("username", flat=True))
    assert manageable == expected - {name}


def test_who_holds_more_elsewhere_is_seen_but_not_managed(cast: Cast) -> None:
    Grant.objects.create(user=cast.user("unit_head"), role="verifier", region=cast.regions["420111"])
    Grant.objects.create(user=cast.user("public"), role="platform_admin")
    actor = cast.actor("district")
    assert {"unit_head", "public"} <= set(users_for(actor).values_list("username", flat=True))
    for name in ("unit_head", "public"):
        with pytest.raises(Forbidden):
            reset_password(actor, cast.user(name))
        with pytest.raises(Forbidden):
            deactivate(actor, cast.user(name))
        with pytest.raises(Forbidden):
            change_user(actor, cast.user(name), UserInput(name, email="mine@example.org"))


@pytest.mark.parametrize("target", ["admin", "province", "neighbour", "other", "outsider", "district"])
def test_nobody_takes_over_who_is_out_of_reach(cast: Cast, target: str) -> None:
    actor, user = cast.actor("district"), cast.user(target)
    with pytest.raises(Forbidden):
        reset_password(actor, user)
    with pytest.raises(Forbidden):
        set_active(actor, user, False)
    with pytest.raises(Forbidden):
        set_password(cast.actor("neighbour" if target != "neighbour" else "city"), user, "tram-window-fox")
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_new_user_gets_a_one_time_password_and_a_role(cast: Cast) -> None:
    first = GrantInput("statistician", institution=cast.institutions["hospital"])
    user, password = create_user(cast.actor("district"), UserInput("liu", "Liu", "liu@example.org"), first)
    assert user.must_change_password
    assert user.check_password(password)
    assert user.grants.get().granted_by == cast.user("district")
    events = AuditEvent.objects.filter(action__in=["user.add", "grant.add"])
    assert {event.institution_id for event in events} == {cast.institutions["hospital"].pk}
    assert {event.region_path for event in events} == {cast.regions["420106"].path}


def test_a_manager_must_give_a_first_role_an_administrator_need_not(cast: Cast) -> None:
    with pytest.raises(ValidationError) as caught:
        create_user(cast.actor("district"), UserInput("liu"))
    assert "role" in caught.value.message_dict
    assert create_user(cast.actor("admin"), UserInput("liu"))[0].pk


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (UserInput("District"), "username"),
        (UserInput(""), "username"),
        (UserInput("two words"), "username"),
        (UserInput("x" * 65), "username"),
        (UserInput("liu", email="nowhere"), "email"),
        (UserInput("liu", language="xx"), "language"),
    ],
)
def test_what_is_wrong_is_told_by_field(cast: Cast, data: UserInput, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        create_user(cast.actor("admin"), data)
    assert list(caught.value.message_dict) == [field]


def test_a_change_keeps_before_and_after(cast: Cast) -> None:
    change_user(cast.actor("district"), cast.user("unit_head"), UserInput("unit_head", "New Name", "n@example.org"))
    event = AuditEvent.objects.get(action="user.change")
    assert event.before == {"name": "Unit_Head Person", "email": "unit_head@example.org"}
    assert event.after == {"name": "New Name", "email": "n@example.org"}
    assert event.institution_id == cast.institutions["school"].pk


def test_a_refused_change_leaves_the_user_as_it_was(cast: Cast) -> None:
    user = cast.user("unit_head")
    with pytest.raises(ValidationError):
        change_user(cast.actor("district"), user, UserInput("unit_head", "New Name", "nowhere"))
    assert user.name == "Unit_Head Person"


def test_one_changes_own_particulars_but_not_the_user_name(cast: Cast) -> None:
    actor, user = cast.actor("outsider"), cast.user("outsider")
    change_user(actor, user, UserInput("outsider", "Somebody"))
    with pytest.raises(ValidationError):
        change_user(actor, user, UserInput("insider", "Somebody"))


def test_locking_out_ends_sessions_and_keys_at_once(cast: Cast) -> None:
    from nengtan.identity.services import authenticate_key

    client, secret = cast.client("unit_head"), cast.key("unit_head")
    assert client.get("/account/").status_code == 200
    deactivate(cast.actor("district"), cast.user("unit_head"), "left")
    assert client.get("/account/").status_code == 302
    assert authenticate_key(secret) is None
    assert not Client().login(username="unit_head", password=PASSWORD)
    set_active(cast.actor("district"), cast.user("unit_head"), True)
    assert authenticate_key(secret) is None, "keys are issued anew"
    assert Client().login(username="unit_head", password=PASSWORD)


def test_a_reset_ends_sessions_and_forces_a_change(cast: Cast) -> None:
    client = cast.client("unit_head")
    password = reset_password(cast.actor("district"), cast.user("unit_head"))
    assert client.get("/account/").status_code == 302
    assert client.login(username="unit_head", password=password)
    assert client.get("/account/").url == "/password/"


def test_the_console_adds_the_first_administrator(db: None) -> None:
    user, _password = create_user(system_actor(), UserInput("root"), GrantInput("platform_admin"))
    event = AuditEvent.objects.get(action="user.add")
    assert (event.user, event.via) == (None, "command")
    assert event.who.startswith("system")
    assert User.objects.get(pk=user.pk).grants.get().role == "platform_admin"
