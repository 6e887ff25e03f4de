"""API keys: never more than the user, never longer than a year, known by their hash only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.models import ApiKey, AuditEvent
from nengtan.identity.queries import keys_for, users_for
from nengtan.identity.services import (
    GrantInput,
    UserInput,
    authenticate_key,
    create_user,
    deactivate,
    grant_role,
    issue_key,
    reset_password,
    revoke_key,
    set_active,
    set_password,
)
from nengtan.registry.models import Institution
from tests.cast import Cast


def soon(days: float = 30) -> object:
    return timezone.now() + timedelta(days=days)


def issue(cast: Cast, name: str, *capabilities: str, region: str = "", days: float = 30) -> tuple[ApiKey, str]:
    limit = cast.regions[region] if region else None
    return issue_key(cast.actor(name), cast.user(name), "key", capabilities, soon(days), limit)  # type: ignore[arg-type]


def actor_of(secret: str) -> Actor:
    actor = authenticate_key(secret, "192.0.2.9")
    assert actor is not None
    return actor


def test_a_key_stands_for_its_user_cut_down_to_what_it_may(cast: Cast) -> None:
    key, secret = issue(cast, "district", "view", "view_detail")
    assert secret.startswith("nt_")
    assert secret.startswith(key.prefix)
    assert secret not in (key.digest, key.prefix)
    actor = actor_of(secret)
    assert (actor.user, actor.via, actor.address) == (cast.user("district"), "api", "192.0.2.9")
    assert actor.capabilities == {"view", "view_detail"}
    assert Institution.objects.for_actor(actor).count() == 3
    assert not Institution.objects.for_actor(actor, "write_registry").exists()


def test_a_key_limited_to_a_region_sees_nothing_outside(cast: Cast) -> None:
    actor = actor_of(issue(cast, "province", "view", "view_detail", region="420106")[1])
    assert {item.code for item in Institution.objects.for_actor(actor)} == {"420106-S1", "420106-H1", "420106-O1"}
    assert not actor.scope.covers(cast.regions["420000"].path)


@pytest.mark.parametrize(
    ("who", "capabilities", "region", "days", "field"),
    [
        ("unit_head", ["write_activity"], "", 30, "capabilities"),
        ("district", ["view", "manage_factors"], "", 30, "capabilities"),
        ("district", ["fly"], "", 30, "capabilities"),
        ("district", [], "", 30, "capabilities"),
        ("district", ["view"], "420111", 30, "region"),
        ("district", ["view"], "420100", 30, "region"),
        ("statistician", ["view"], "420106", 30, "region"),
        ("district", ["view"], "", 0, "expires_at"),
        ("district", ["view"], "", 367, "expires_at"),
        ("outsider", ["view"], "", 30, "capabilities"),
    ],
)
def test_keys_that_are_refused(
    cast: Cast, who: str, capabilities: list[str], region: str, days: int, field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        issue(cast, who, *capabilities, region=region, days=days)
    assert list(caught.value.message_dict) == [field]
    assert not ApiKey.objects.exists()


def test_expired_revoked_and_unknown_keys_are_nobody(cast: Cast) -> None:
    key, secret = issue(cast, "district", "view")
    assert authenticate_key(secret + "x") is None
    assert authenticate_key("nt_") is None
    assert authenticate_key("") is None
    assert authenticate_key(key.digest) is None
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    assert authenticate_key(secret) is None
    key, secret = issue(cast, "district", "view")
    revoke_key(cast.actor("district"), key)
    assert authenticate_key(secret) is None


def test_a_key_loses_what_its_user_loses(cast: Cast) -> None:
    _key, secret = issue(cast, "district", "view", "export")
    cast.user("district").grants.update(revoked_at=timezone.now())
    assert not actor_of(secret).capabilities


def test_last_use_is_kept_to_the_minute(cast: Cast, django_assert_num_queries: object) -> None:
    key, secret = issue(cast, "district", "view")
    actor_of(secret)
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    actor_of(secret)
    key.refresh_from_db()
    assert key.last_used_at == first
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    actor_of(secret)
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.last_used_at >= first


def test_managers_issue_and_revoke_keys_of_those_they_manage(cast: Cast) -> None:
    actor = cast.actor("district")
    key, _secret = issue_key(actor, cast.user("service"), "gateway", ["view"], soon())  # type: ignore[arg-type]
    assert key in keys_for(actor)
    assert key in keys_for(cast.actor("service"))
    assert key not in keys_for(cast.actor("neighbour"))
    assert key not in keys_for(cast.actor("statistician"))
    with pytest.raises(Forbidden):
        revoke_key(cast.actor("neighbour"), key)
    with pytest.raises(Forbidden):
        revoke_key(cast.actor("statistician"), key)
    revoke_key(actor, key)
    for name in ("admin", "city", "neighbour"):
        with pytest.raises(Forbidden):
            issue_key(actor, cast.user(name), "theirs", ["view"], soon())  # type: ignore[arg-type]


def test_a_key_gives_away_no_more_than_it_has(cast: Cast) -> None:
    plain = actor_of(issue(cast, "district", "view", "view_detail")[1])
    with pytest.raises(Forbidden):
        issue_key(plain, cast.user("district"), "child", ["view"], soon())  # type: ignore[arg-type]
    managing = actor_of(issue(cast, "district", "view", "manage_users")[1])
    with pytest.raises(ValidationError):
        issue_key(managing, cast.user("district"), "child", ["write_activity"], soon())  # type: ignore[arg-type]
    assert issue_key(managing, cast.user("district"), "child", ["view"], soon())[0].pk  # type: ignore[arg-type]
    wide = GrantInput("statistician", institution=cast.institutions["school"])
    with pytest.raises(Forbidden):
        create_user(managing, UserInput("climber"), wide)
    with pytest.raises(Forbidden):
        set_password(managing, cast.user("district"), "tram-window-fox")


def test_an_administrators_limited_key_manages_only_there(cast: Cast) -> None:
    key = cast.key("admin", region="420106")
    actor = actor_of(key)
    seen = set(users_for(actor).values_list("username", flat=True))
    assert {"district", "unit_head"} <= seen
    assert not seen & {"admin", "nation", "city", "neighbour", "outsider"}
    with pytest.raises(Forbidden):
        grant_role(actor, cast.user("outsider"), GrantInput("platform_admin"))
    with pytest.raises(ValidationError):
        issue_key(actor, cast.user("admin"), "wider", ["view"], soon())  # type: ignore[arg-type]
    events = AuditEvent.objects.count()
    assert events


@pytest.mark.parametrize("act", [reset_password, deactivate])
def test_keys_end_when_an_account_is_taken_in_hand_and_stay_ended(cast: Cast, act: Any) -> None:
    """Whoever knew the password may have issued a key with it."""
    key, secret = issue(cast, "unit_head", "view")
    _other, others = issue(cast, "statistician", "view")
    act(cast.actor("district"), cast.user("unit_head"))
    assert authenticate_key(secret) is None
    set_active(cast.actor("district"), cast.user("unit_head"), True)
    assert authenticate_key(secret) is None
    assert authenticate_key(others) is not None
    event = AuditEvent.objects.get(action="api_key.revoke")
    assert (event.subject_id, event.user) == (str(key.pk), cast.user("district"))


def test_choosing_a_new_password_oneself_ends_no_keys(cast: Cast) -> None:
    _key, secret = issue(cast, "unit_head", "view")
    set_password(cast.actor("unit_head"), cast.user("unit_head"), "tram-window-fox")
    assert authenticate_key(secret) is not None
