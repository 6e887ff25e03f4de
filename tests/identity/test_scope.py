"""What everybody sees and may do, worked out once for the whole cast."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from nengtan.identity.models import Grant
from nengtan.identity.roles import SIGNATURES, Capability
from nengtan.registry.models import Institution, Region
from tests.cast import Cast

DISTRICT = {"school", "hospital", "office"}
HUBEI = DISTRICT | {"neighbour_school"}
ALL = HUBEI | {"other_school"}

SEES: dict[str, tuple[set[str], str]] = {
    "admin": (ALL, "GB-CAM CN 420106 330106"),
    "nation": (ALL, "CN 420106 330106"),
    "province": (HUBEI, "420000 420106 420111"),
    "city": (HUBEI, "420100 420106"),
    "district": (DISTRICT, "420106"),
    "neighbour": ({"neighbour_school"}, "420111"),
    "other": ({"other_school"}, "330000 330106"),
    "education": ({"school"}, ""),
    "statistician": ({"school"}, ""),
    "statistics_head": ({"school"}, ""),
    "unit_head": ({"school"}, ""),
    "service": ({"school", "hospital"}, ""),
    "verifier": (DISTRICT, "420106"),
    "verifier_one": ({"school"}, ""),
    "public": (set(), "420106"),
    "outsider": (set(), ""),
    "anonymous": (set(), ""),
}
"""Institutions in detail, and some of the regions whose totals are seen."""

MAY: dict[str, str] = {
    "admin": " ".join(set(Capability.values) - SIGNATURES),
    "province": " ".join(set(Capability.values) - SIGNATURES - {"manage_factors", "manage_scheme"}),
    "education": "view view_detail view_lineage export oversee_returns view_audit",
    "statistician": "view view_detail view_lineage export write_registry write_activity enter_returns view_audit",
    "statistics_head": "view view_detail view_lineage export write_activity sign_as_statistics_head view_audit",
    "unit_head": "view view_detail view_lineage export sign_as_unit_head sign_settlements view_audit",
    "service": "view view_detail view_lineage export settle_contracts sign_settlements",
    "verifier": "view view_detail view_lineage export oversee_returns view_audit",
    "public": "view",
    "outsider": "",
    "anonymous": "",
}


@pytest.mark.parametrize("name", SEES)
def test_institutions_in_detail(cast: Cast, name: str) -> None:
    seen = set(Institution.objects.for_actor(cast.actor(name)))
    assert seen == {cast.institutions[key] for key in SEES[name][0]}


@pytest.mark.parametrize("name", SEES)
def test_regions_whose_totals_are_seen(cast: Cast, name: str) -> None:
    seen = set(Region.objects.for_actor(cast.actor(name)).values_list("code", flat=True))
    asked = {"CN", "420000", "420100", "420106", "420111", "330000", "330106"}
    expected = set(SEES[name][1].split()) - {"GB-CAM"}
    assert expected <= seen
    if not expected:
        assert not seen
    if name not in {"admin", "nation"}:
        top = min((cast.regions[code].path for code in expected), key=len, default="none")
        assert {code for code in asked if cast.regions[code].path.startswith(top)} == seen & asked


@pytest.mark.parametrize("name", MAY)
def test_capabilities(cast: Cast, name: str) -> None:
    assert cast.actor(name).capabilities == set(MAY[name].split())


def test_a_right_held_in_one_place_is_not_held_in_another(cast: Cast) -> None:
    user = cast.user("public")
    Grant.objects.create(user=user, role="statistician", institution=cast.institutions["neighbour_school"])
    actor = cast.actor("public")
    writable = Institution.objects.for_actor(actor, Capability.WRITE_REGISTRY)
    assert list(writable) == [cast.institutions["neighbour_school"]]
    assert not actor.scope_for(Capability.WRITE_REGISTRY).covers(cast.regions["420106"].path)


@pytest.mark.parametrize("name", SEES)
def test_one_institution_is_within_reach_where_the_question_to_the_database_finds_it(cast: Cast, name: str) -> None:
    actor = cast.actor(name)
    for capability in (Capability.VIEW, Capability.VIEW_DETAIL, Capability.WRITE_REGISTRY):
        scope = actor.scope_for(capability)
        found = set(Institution.objects.filter(scope.institutions_q()))
        held = Institution.objects.select_related("region")
        assert {one for one in held if scope.includes(one.pk, one.region.path, one.system)} == found


def test_the_sister_with_the_longer_code_is_not_below(cast: Cast) -> None:
    """Paths end in a slash, so that 4201 is no parent of 42010."""
    scope = cast.actor("district").scope
    assert not scope.covers("/CN/420000/420100/4201061/")


@pytest.mark.parametrize("field", ["valid_until", "revoked_at"])
def test_grants_end(cast: Cast, field: str) -> None:
    ended = {"valid_until": timezone.localdate() - timedelta(days=1), "revoked_at": timezone.now()}
    Grant.objects.filter(user=cast.user("district")).update(**{field: ended[field]})
    actor = cast.actor("district")
    assert not actor.capabilities
    assert not Institution.objects.for_actor(actor).exists()


def test_a_grant_holds_through_its_last_day(cast: Cast) -> None:
    Grant.objects.filter(user=cast.user("district")).update(valid_until=timezone.localdate())
    assert cast.actor("district").can(Capability.VIEW)
