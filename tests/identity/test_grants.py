"""Giving and taking roles: no way leads upwards, sideways or to oneself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from nengtan.identity.access import Forbidden
from nengtan.identity.models import AuditEvent, Grant
from nengtan.identity.services import GrantInput, UserInput, create_user, grant_role, revoke_grant, roles_for
from tests.cast import Cast


def role(cast: Cast, name: str, region: str = "", institution: str = "", system: str = "") -> GrantInput:
    return GrantInput(
        name,
        region=cast.regions[region] if region else None,
        institution=cast.institutions[institution] if institution else None,
        system=system,
    )


@pytest.mark.parametrize(
    ("giver", "given"),
    [
        ("admin", {"name": "platform_admin"}),
        ("nation", {"name": "regional_manager", "region": "420000"}),
        ("province", {"name": "regional_manager", "region": "420106"}),
        ("district", {"name": "regional_manager", "region": "420106"}),
        ("district", {"name": "statistician", "institution": "school"}),
        ("district", {"name": "system_department", "region": "420106", "system": "health"}),
        ("district", {"name": "verifier", "institution": "office"}),
        ("district", {"name": "verifier", "region": "420106"}),
        ("district", {"name": "public", "region": "420106"}),
    ],
)
def test_roles_given_within_reach(cast: Cast, giver: str, given: dict[str, str]) -> None:
    grant = grant_role(cast.actor(giver), cast.user("outsider"), role(cast, **given))
    event = AuditEvent.objects.get(action="grant.add")
    assert (event.subject_id, event.user) == (str(grant.pk), cast.user(giver))
    assert cast.actor("outsider").capabilities
    revoke_grant(cast.actor(giver), grant, "moved on")
    assert not cast.actor("outsider").capabilities
    assert AuditEvent.objects.get(action="grant.revoke").reason == "moved on"


@pytest.mark.parametrize(
    ("giver", "given"),
    [
        ("nation", {"name": "platform_admin"}),
        ("province", {"name": "regional_manager", "region": "CN"}),
        ("district", {"name": "regional_manager", "region": "420100"}),
        ("district", {"name": "regional_manager", "region": "420111"}),
        ("district", {"name": "statistician", "institution": "neighbour_school"}),
        ("district", {"name": "public", "region": "330000"}),
        ("neighbour", {"name": "statistician", "institution": "school"}),
        ("education", {"name": "statistician", "institution": "school"}),
        ("statistician", {"name": "statistician", "institution": "school"}),
        ("unit_head", {"name": "statistician", "institution": "school"}),
        ("verifier", {"name": "verifier", "region": "420106"}),
        ("outsider", {"name": "public", "region": "420106"}),
        ("anonymous", {"name": "platform_admin"}),
    ],
)
def test_roles_out_of_reach(cast: Cast, giver: str, given: dict[str, str]) -> None:
    before = Grant.objects.count()
    with pytest.raises(Forbidden):
        grant_role(cast.actor(giver), cast.user("public"), role(cast, **given))
    assert Grant.objects.count() == before
    assert not AuditEvent.objects.filter(action="grant.add").exists()


@pytest.mark.parametrize("name", ["admin", "district"])
def test_own_grants_are_untouchable(cast: Cast, name: str) -> None:
    actor = cast.actor(name)
    with pytest.raises(Forbidden):
        grant_role(actor, cast.user(name), role(cast, "statistician", institution="school"))
    with pytest.raises(Forbidden):
        revoke_grant(actor, cast.user(name).grants.get())


@pytest.mark.parametrize("target", ["admin", "nation", "city", "neighbour", "other"])
def test_roles_above_or_beside_cannot_be_taken(cast: Cast, target: str) -> None:
    with pytest.raises(Forbidden):
        revoke_grant(cast.actor("district"), cast.user(target).grants.get())
    assert cast.user(target).grants.filter(revoked_at=None).exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "nonsense"}, "role"),
        ({"name": "regional_manager"}, "region"),
        ({"name": "regional_manager", "region": "420106", "institution": "school"}, "institution"),
        ({"name": "regional_manager", "region": "420106", "system": "health"}, "system"),
        ({"name": "system_department", "region": "420106"}, "system"),
        ({"name": "system_department", "region": "420106", "system": "magic"}, "system"),
        ({"name": "statistician", "region": "420106"}, "institution"),
        ({"name": "statistician", "region": "420106", "institution": "school"}, "region"),
        ({"name": "verifier"}, "region"),
        ({"name": "verifier", "region": "420106", "institution": "school"}, "region"),
        ({"name": "platform_admin", "region": "CN"}, "region"),
    ],
)
def test_a_role_says_what_it_needs(cast: Cast, given: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        grant_role(cast.actor("admin"), cast.user("outsider"), role(cast, **given))
    assert field in caught.value.message_dict


def test_a_role_is_given_once_and_not_for_the_past(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        grant_role(cast.actor("admin"), cast.user("unit_head"), role(cast, "unit_head", institution="school"))
    past: Any = timezone.localdate() - timedelta(days=1)
    over = GrantInput("public", region=cast.regions["420106"], valid_until=past)
    with pytest.raises(ValidationError) as caught:
        grant_role(cast.actor("admin"), cast.user("outsider"), over)
    assert "valid_until" in caught.value.message_dict


def test_rights_held_elsewhere_do_not_add_up(cast: Cast) -> None:
    """A statistician in one district who manages another cannot give rights in the first."""
    Grant.objects.create(user=cast.user("neighbour"), role="statistician", institution=cast.institutions["school"])
    with pytest.raises(Forbidden):
        grant_role(cast.actor("neighbour"), cast.user("outsider"), role(cast, "unit_head", institution="school"))


def test_roles_on_offer(cast: Cast) -> None:
    assert "platform_admin" in roles_for(cast.actor("admin"))
    assert set(roles_for(cast.actor("admin"))) - set(roles_for(cast.actor("nation"))) == {"platform_admin"}
    assert roles_for(cast.actor("statistician")) == []


def test_a_first_role_out_of_reach_leaves_no_user(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        create_user(cast.actor("district"), UserInput("climber"), role(cast, "regional_manager", region="CN"))
    assert not type(cast.user("admin")).objects.filter(username="climber").exists()
