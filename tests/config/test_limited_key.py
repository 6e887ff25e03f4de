"""A key limited to a region reaches no further than that region, whatever its user may do everywhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.services import authenticate_key
from nengtan.ledger.factors import FactorInput, add_factor, retire_factor
from nengtan.registry.models import Region
from nengtan.ui.jobs import jobs_for
from nengtan.ui.jobs.models import Job
from tests.cast import Cast

HERE = "420106"


@pytest.fixture
def limited(cast: Cast) -> dict[str, str]:
    """Header of a key of the administrator's, with every right, limited to one district."""
    return cast.bearer("admin", region=HERE)


@pytest.fixture
def unlimited(cast: Cast) -> dict[str, str]:
    return cast.bearer("admin")


def factor(place: str) -> dict[str, Any]:
    return {
        "kind": "co2", "carrier": "electricity", "value": 9, "place": place, "unit": "kWh", "year": 2022, "source": "x",
    }  # fmt: skip


def version(place: str) -> FactorInput:
    return FactorInput(**{**factor(place), "value": Decimal(9)})


def post(url: str, body: dict[str, Any], headers: dict[str, str]) -> int:
    return Client().post(url, body, content_type="application/json", headers=headers).status_code


@pytest.mark.parametrize(("place", "status"), [("CN", 403), ("GRID_CC", 403), ("420111", 403), (HERE, 201)])
def test_factors_are_added_within_it_only(
    limited: dict[str, str], unlimited: dict[str, str], place: str, status: int
) -> None:
    assert post("/api/factors", factor(place), limited) == status
    assert post("/api/factors", factor(place), unlimited) == 201


def test_factors_are_retired_within_it_only(cast: Cast, limited: dict[str, str]) -> None:
    for place, status in (("CN", 403), (HERE, 200)):
        added = add_factor(system_actor(), version(place))
        assert post(f"/api/factors/{added.code}/retirement", {"reason": "wrong"}, limited) == status
    key = authenticate_key(cast.key("admin", region=HERE))
    assert key is not None
    nationwide = add_factor(system_actor(), version("CN"))
    with pytest.raises(Forbidden):
        retire_factor(key, nationwide, "wrong")


def test_it_makes_no_root_of_another_tree(limited: dict[str, str], unlimited: dict[str, str]) -> None:
    root = {"code": "ROOT1", "name": "Another tree"}
    assert post("/api/regions", root, limited) == 403
    assert post("/api/regions", root | {"parent": "420111"}, limited) == 422
    assert not Region.objects.filter(code="ROOT1").exists()
    assert post("/api/regions", root | {"code": "BELOW1", "parent": HERE}, limited) == 201
    assert post("/api/regions", root, unlimited) == 201


def test_it_watches_the_jobs_it_started_itself(cast: Cast) -> None:
    key = authenticate_key(cast.key("admin", region=HERE))
    assert key is not None
    elsewhere = Job.objects.create(kind="x", title="x", owner=cast.user("admin"), via="page")
    own = Job.objects.create(kind="x", title="x", owner=cast.user("admin"), via="api", key=key.key)
    assert list(jobs_for(key)) == [own]
    assert set(jobs_for(cast.actor("admin"))) == {own, elsewhere}
