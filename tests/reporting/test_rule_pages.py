"""The pages of the review rules: shown as they stand for a region, checked while typed, tried, kept, switched, set."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from nengtan.reporting.models import Return, RuleSetting, RuleTrial, RuleVersion
from nengtan.reporting.services import CellChange, save_cells
from tests.budget import MOST_QUERIES
from tests.cast import Cast

RULE = {
    "code": "W1", "region": "420106", "severity": "explain", "scope": "return", "flag": "water_qty / persons > 3",
    "cell": "water_qty", "found": "water_qty / persons", "wording_zh": "{found}", "wording_en": "{found} a person",
    "since": "2023-01-01", "period": "2023-Q1",
}  # fmt: skip
WHY = {"region": "420106", "since": "2023-01-01", "reason": "needed"}


@pytest.fixture
def begun(cast: Cast, school: Return) -> Return:
    save_cells(cast.actor("statistician"), school, [CellChange("heat_qty", Decimal(0), 0)])
    for name in cast.names:
        cast.client(name).cookies["django_language"] = "en"
    return school


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_rule_is_typed_tried_kept_switched_on_and_off(cast: Cast, begun: Return) -> None:
    client = cast.client("district")
    assert "Add a rule" in text(client.get("/returns/rules/add/"))
    tried = client.post("/returns/rules/add/", RULE | {"try": "1"})
    assert "1 of 1 returns would be flagged" in text(tried)
    assert "3.75 a person" in text(tried)
    assert not RuleVersion.objects.exists()
    kept = client.post("/returns/rules/add/", RULE)
    assert (kept.status_code, kept["Location"]) == (302, "/returns/rules/420106-W1/?region=420106")
    early = client.post("/returns/rules/420106-W1/switch/", WHY)
    assert "Try the rule on past returns first" in text(early)
    tried = client.post("/returns/rules/420106-W1/try/", {"region": "420106", "period": "2023-Q1"})
    assert "1 of 1 returns would be flagged" in text(tried)
    assert RuleTrial.objects.count() == 1
    assert client.post("/returns/rules/420106-W1/switch/", WHY).status_code == 302
    assert RuleVersion.objects.newest().get().enabled
    assert client.post("/returns/rules/420106-W1/switch/", WHY).status_code == 302
    assert not RuleVersion.objects.newest().get().enabled
    shown = text(client.get("/returns/rules/420106-W1/?region=420106"))
    assert "Version 3" in shown
    assert "needed" in shown


def test_a_change_is_a_new_version_with_a_reason(cast: Cast, begun: Return) -> None:
    client = cast.client("district")
    client.post("/returns/rules/add/", RULE)
    form = text(client.get("/returns/rules/420106-W1/change/"))
    assert "water_qty / persons &gt; 3" in form
    refused = client.post("/returns/rules/420106-W1/change/", RULE | {"flag": "water_qty / persons > 5"})
    assert refused.status_code == 200, "a reason is missing"
    changed = RULE | {"flag": "water_qty / persons > 5", "reason": "too strict"}
    assert client.post("/returns/rules/420106-W1/change/", changed).status_code == 302
    last = RuleVersion.objects.newest().get()
    assert (last.number, last.flag, last.reason) == (2, "water_qty / persons > 5", "too strict")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "can be read in every edition"),
        ({"flag": "water_qty + area > 3"}, "Character 13"),
        ({"flag": "watr_qty > 3"}, "water_qty"),
        ({"wording_en": ""}, "still to be given: Wording in English"),
        ({"wording_en": "", "code": "", "since": "", "flag": "watr_qty > 3"}, "water_qty"),
        ({"region": "330000"}, "is no region you set rules for"),
    ],
)
def test_a_rule_is_checked_while_it_is_typed(cast: Cast, begun: Return, change: dict[str, str], words: str) -> None:
    assert words in text(cast.client("district").post("/returns/rules/check/", RULE | change))
    assert not RuleVersion.objects.exists()


def test_thresholds_are_tried_and_set_for_a_region(cast: Cast, begun: Return) -> None:
    client, typed = cast.client("district"), {"region": "420106", "price_low.elec_qty": "2", "period": "2023-Q1"}
    page = text(client.get("/returns/rules/P01/"))
    assert "Our suggestion." in page
    assert 'name="price_low.elec_qty"' in page
    unchanged = {
        name: str(value)
        for name, value in client.get("/returns/rules/P01/").context["held"].thresholds.items()
        if name not in typed
    }
    tried = text(client.post("/returns/rules/P01/try/", unchanged | typed))
    assert "1 of 1 returns would be flagged" in tried
    assert "it flags 0" in tried
    assert client.post("/returns/rules/P01/set/", unchanged | typed | WHY).status_code == 302
    setting = RuleSetting.objects.get()
    assert (setting.region.code, setting.parameters) == ("420106", {"price_low": {"elec_qty": "2"}})
    again = text(client.post("/returns/rules/P01/set/", unchanged | typed | WHY))
    assert "Nothing is changed." in again


def test_the_list_is_of_a_region_and_filtered(cast: Cast, begun: Return) -> None:
    client = cast.client("city")
    shown = text(client.get("/returns/rules/"))
    assert "32 rules for" in shown
    client.post("/returns/rules/L16/switch/", WHY | {"region": "420106"})
    assert "1 off" in text(client.get("/returns/rules/?region=420106"))
    assert ">L16<" in text(client.get("/returns/rules/?region=420106&state=off"))
    assert ">P02<" not in text(client.get("/returns/rules/?region=420106&state=off"))


def test_another_regions_manager_finds_nothing(cast: Cast, begun: Return) -> None:
    cast.client("district").post("/returns/rules/add/", RULE)
    other = cast.client("neighbour")
    for address in ("420106-W1/", "420106-W1/change/", "?region=420106", "P02/?region=420106"):
        assert other.get(f"/returns/rules/{address}").status_code == 404
    for address in ("420106-W1/switch/", "420106-W1/try/", "420106-W1/change/", "P02/set/", "P02/switch/"):
        assert other.post(f"/returns/rules/{address}", WHY | RULE).status_code == 404
    assert "is no region you set rules for" in text(other.post("/returns/rules/add/", RULE))
    assert "420106-W1" not in text(other.get("/returns/rules/"))
    assert RuleVersion.objects.count() == 1


@pytest.mark.parametrize("who", ["statistician", "unit_head", "education", "verifier", "outsider"])
def test_who_sets_no_rules_is_told_so(cast: Cast, who: str) -> None:
    for address in ("", "add/", "P02/"):
        assert cast.client(who).get(f"/returns/rules/{address}").status_code == 403


def test_a_page_asks_the_database_few_times(cast: Cast, begun: Return, django_assert_max_num_queries: Any) -> None:
    client = cast.client("district")
    for number in range(3):
        client.post("/returns/rules/add/", RULE | {"code": f"W{number}"})
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/returns/rules/")
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/returns/rules/P01/")
