"""A refusal that a key's limits cause names the key, the right it lacks and what it may do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from nengtan.identity.models import ApiKey
from tests.cast import Cast

FACT = {"institution": "420106-S1", "carrier": "water", "period": "2023-02", "quantity": 1}


def post(cast: Cast, url: str, body: dict[str, Any], **key: Any) -> Any:
    headers = cast.bearer("admin", **key) | {"Accept-Language": "en"}
    return Client().post(url, body, content_type="application/json", headers=headers)


def test_a_lacking_right_is_named_with_the_key(cast: Cast) -> None:
    answer = post(cast, "/api/facts", FACT, capabilities=["view", "view_detail"])
    key = ApiKey.objects.get()
    assert answer.status_code == 403
    for part in (key.name, key.prefix, "write_activity", "view view_detail"):
        assert part in answer.json()["detail"], part
    assert post(cast, "/api/facts", FACT, capabilities=["view_detail", "write_activity"]).status_code == 201


def test_a_lacking_region_is_named_with_the_key(cast: Cast) -> None:
    body = {"kind": "co2", "carrier": "electricity", "value": 9, "place": "CN", "unit": "kWh", "source": "x"}
    answer = post(cast, "/api/factors", body, region="420106")
    assert answer.status_code == 403
    for part in (ApiKey.objects.get().prefix, str(cast.regions["420106"])):
        assert part in answer.json()["detail"], part


def test_a_person_is_told_of_roles_not_of_keys(cast: Cast) -> None:
    answer = cast.client("public").get("/api/facts", headers={"Accept-Language": "en"})
    assert answer.status_code == 403
    assert "Your roles: Public" in answer.json()["detail"]


@pytest.mark.parametrize("period", ["2023-02", "202302"])
def test_a_month_is_taken_in_both_forms(cast: Cast, period: str) -> None:
    assert post(cast, "/api/facts", FACT | {"period": int(period) if period.isdecimal() else period}).status_code == 201
    client = cast.client("district")
    assert client.get("/api/facts", {"period": period}).json()["count"] == 1
    assert client.get("/api/facts", {"period": "2023-03"}).json()["count"] == 0


@pytest.mark.parametrize("period", ["2023", "2023-13", "202300", "198912", "210101", "Feb 2023", "2023-2", ""])
def test_another_form_is_refused_with_those_allowed(cast: Cast, period: str) -> None:
    answer = cast.client("district").get("/api/facts", {"period": period}, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["found"]) == ("period", period)
    assert "2023-07 or 202307" in fault["message"]


@pytest.mark.parametrize("period", [True, 202313, 20230.2, None, [202302]])
def test_a_body_with_no_month_is_refused(cast: Cast, period: object) -> None:
    answer = post(cast, "/api/facts", FACT | {"period": period})
    assert answer.status_code == 422
    assert "2023-07" in answer.json()["errors"][0]["message"]
