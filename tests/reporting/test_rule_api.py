"""``/api/returns/rules``: what a manager may see and set, and that another region's manager may not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from nengtan.reporting.models import Return, RuleSetting, RuleVersion
from nengtan.reporting.services import CellChange, save_cells
from tests.cast import Cast

RULE = {
    "code": "W1", "region": "420106", "severity": "explain", "flag": "water_qty / persons > 3", "cell": "water_qty",
    "found": "water_qty / persons", "wording_zh": "{found}", "wording_en": "{found} a person", "since": "2023-01-01",
}  # fmt: skip


class Door:
    """The API as somebody uses it."""

    def __init__(self, cast: Cast, who: str) -> None:
        self.headers = cast.bearer(who) | {"Accept-Language": "en"}

    def get(self, path: str = "", **query: Any) -> Any:
        return Client().get(f"/api/returns/rules{path}", query, headers=self.headers)

    def post(self, path: str, data: Any) -> Any:
        return Client().post(f"/api/returns/rules{path}", data, content_type="application/json", headers=self.headers)


@pytest.fixture
def begun(cast: Cast, school: Return) -> Return:
    save_cells(cast.actor("statistician"), school, [CellChange("heat_qty", Decimal(0), 0)])
    return school


def test_a_rule_from_draft_to_switched_on(cast: Cast, begun: Return) -> None:
    door = Door(cast, "district")
    tried = door.post("/trial", RULE | {"period": "2023-Q1"})
    assert tried.status_code == 200, tried.content
    assert tried.json()["flagged"] == 1
    assert not RuleVersion.objects.exists(), "a trial of a draft keeps nothing"
    made = door.post("", RULE)
    assert (made.status_code, made.json()["id"], made.json()["enabled"]) == (201, "420106-W1", False)
    early = door.post("/420106-W1/switch", {"on": True, "reason": "needed"})
    assert early.status_code == 422
    tried = door.post("/420106-W1/trials", {"region": "420106", "period": "2023-Q1"})
    assert [item["message"] for item in tried.json()["examples"]] == ["3.75 a person"]
    assert door.post("/420106-W1/switch", {"on": True, "reason": "needed"}).json()["enabled"]
    changed = door.post("/420106-W1/versions", RULE | {"flag": "water_qty / persons > 5", "reason": "too strict"})
    assert (changed.status_code, changed.json()["version"], changed.json()["enabled"]) == (201, 3, False)
    assert {item["id"] for item in door.get(shipped=False).json()["items"]} == {"420106-W1"}


def test_thresholds_are_tried_and_set(cast: Cast, begun: Return) -> None:
    door = Door(cast, "district")
    place = {"region": "420106", "thresholds": {"price_low.elec_qty": 2}}
    tried = door.post("/P01/trials", place | {"period": "2023-Q1"}).json()
    assert (tried["flagged_now"], tried["flagged"]) == (0, 1)
    held = door.post("/P01/settings", place | {"reason": "tariff"}).json()
    assert held["thresholds"]["price_low.elec_qty"] == 2
    assert held["settings"][0]["reason"] == "tariff"
    assert door.get("/P01").json()["thresholds"]["price_low.elec_qty"] == 2, "the district is where its manager stands"
    assert Door(cast, "neighbour").get("/P01").json()["thresholds"]["price_low.elec_qty"] == 0.3


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"flag": "water_qty + area > 3"}, "flag", "Character 13"),
        ({"flag": "watr_qty > 3"}, "flag", "water_qty"),
        ({"each": ["nothing"]}, "each", "nothing"),
        ({"editions": ["1999"]}, "editions", "2025"),
        ({"period": "some day"}, "period", "2025-Q1"),
    ],
)
def test_what_is_wrong_names_field_and_place(cast: Cast, change: dict[str, Any], field: str, words: str) -> None:
    answer = Door(cast, "district").post("/trial", RULE | {"period": "2023-Q1"} | change)
    assert answer.status_code == 422
    (fault,) = [item for item in answer.json()["errors"] if item["field"] == field]
    assert words in fault["message"]


def test_another_regions_manager_neither_sees_nor_changes(cast: Cast, begun: Return) -> None:
    mine, other = Door(cast, "district"), Door(cast, "neighbour")
    mine.post("", RULE)
    mine.post("/P02/settings", {"region": "420106", "thresholds": {"share": 0.3}, "reason": "x"})
    assert mine.get("/420106-W1").status_code == 200
    attempts = [
        other.get("/420106-W1"),
        other.get("/420106-W1", region="420106"),
        other.get(region="420106"),
        other.post("", RULE),
        other.post("/trial", RULE | {"period": "2023-Q1"}),
        other.post("/420106-W1/versions", RULE | {"region": "420111", "reason": "x"}),
        other.post("/420106-W1/trials", {"region": "420111", "period": "2023-Q1"}),
        other.post("/420106-W1/switch", {"on": True, "reason": "x"}),
        other.post("/P02/switch", {"on": False, "reason": "x", "region": "420106"}),
        other.post("/P02/settings", {"region": "420106", "thresholds": {"share": 1}, "reason": "x"}),
    ]
    assert {answer.status_code for answer in attempts} == {404}
    assert all("420106-W1" not in str(item) for item in other.get(page_size=200).json()["items"])
    assert other.get("/P02").json()["settings"] == []
    assert (RuleVersion.objects.count(), RuleSetting.objects.count()) == (1, 1)


@pytest.mark.parametrize("who", ["statistician", "education", "verifier", "unit_head"])
def test_who_sets_no_rules_is_refused(cast: Cast, who: str) -> None:
    door = Door(cast, who)
    assert {door.get().status_code, door.get("/P02").status_code, door.post("", RULE).status_code} == {403}
