"""What somebody may not see, they are not told exists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from nengtan.identity.access import system_actor
from nengtan.registry.services import save_building, save_meter
from tests.cast import Cast


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("district", {"420106-S1", "420106-H1", "420106-O1"}),
        ("education", {"420106-S1"}),
        ("statistician", {"420106-S1"}),
        ("public", set()),
        ("outsider", set()),
    ],
)
def test_suggestions_name_what_may_be_seen_one_by_one(cast: Cast, who: str, seen: set[str]) -> None:
    answer = cast.client(who).get("/users/places/", {"kind": "institution", "field": "x", "x": "4201"})
    assert set(re.findall(r"4201\d\d-\w+", answer.content.decode())) == seen


@pytest.mark.parametrize("field", ["building", "meter"])
def test_codes_of_others_are_as_unknown_as_those_of_nobody(cast: Cast, field: str) -> None:
    for name in ("school", "other_school"):
        body = cast.institutions[name]
        save_building(system_actor(), body, {"code": f"{name}-building", "name": "Hall"})
        save_meter(system_actor(), body, {"code": f"{name}-meter", "carrier": "electricity"})
    headers = cast.bearer("statistician")

    def enter(code: str) -> Any:
        fact = {"institution": "420106-S1", "carrier": "electricity", "period": 202301, "quantity": 5, field: code}
        return Client().post("/api/facts", fact, content_type="application/json", headers=headers)

    assert enter(f"school-{field}").status_code == 201
    theirs, nobodys = enter(f"other_school-{field}"), enter(f"absent-{field}")
    assert theirs.status_code == nobodys.status_code == 422
    assert (
        theirs.json()["errors"][0]["message"].replace("other_school", "absent")
        == nobodys.json()["errors"][0]["message"]
    )
