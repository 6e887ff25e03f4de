"""``nengtan returns rules``: list, show, add, try, on, off, set."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import translation

from nengtan.reporting.commands import returns
from nengtan.reporting.models import Return, RuleSetting, RuleVersion
from nengtan.reporting.services import CellChange, save_cells
from tests.cast import Cast

ADD = ("add", "W1", "--region", "420106", "--severity", "explain", "--flag", "water_qty / persons > 3", "--cell",
       "water_qty", "--found", "water_qty / persons",
       "--wording-zh", "{found} a person", "--wording-en", "{found} a person",
       "--since", "2023-01-01")  # fmt: skip


def run(*arguments: str) -> Result:
    return CliRunner().invoke(returns, ["rules", *arguments])


def answer(*arguments: str) -> Any:
    ran = run(*arguments, "--format", "json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


@pytest.fixture
def begun(cast: Cast, school: Return) -> Return:
    save_cells(cast.actor("statistician"), school, [CellChange("heat_qty", Decimal(0), 0)])
    return school


def test_the_catalogue_is_listed_with_its_thresholds(cast: Cast) -> None:
    rules = {rule["id"]: rule for rule in answer("list")}
    assert len(rules) == 32
    assert rules["P02"]["thresholds"] == {"share": 0.1}
    assert rules["P01"]["thresholds"]["price_low.elec_qty"] == 0.3
    assert {rule["confidence"] for rule in rules.values()} == {"general-knowledge", "verified"}
    assert "P02" in run("list", "--format", "csv").output
    assert answer("list", "--off") == []


def test_a_rule_is_added_tried_and_switched_on_without_code(begun: Return) -> None:
    made = answer(*ADD)
    assert (made["id"], made["enabled"], made["region"]) == ("420106-W1", False, "420106")
    place = ("420106-W1", "--region", "420106")
    assert run("on", "420106-W1", "--reason", "needed").exit_code != 0, "not tried yet"
    trial = answer("try", *place, "--period", "2023-Q1")
    assert (trial["looked_at"], trial["flagged"], trial["flagged_now"]) == (1, 1, None)
    assert [(item["code"], item["message"]) for item in trial["examples"]] == [("420106-S1", "3.75 a person")]
    answer("on", "420106-W1", "--reason", "needed")
    assert answer("show", *place)["enabled"]
    answer("off", "420106-W1", "--reason", "enough")
    assert not answer("show", *place)["enabled"]
    assert RuleVersion.objects.count() == 3


def test_an_added_rule_is_changed_as_on_its_page(begun: Return) -> None:
    answer(*ADD)
    answer("try", "420106-W1", "--region", "420106", "--period", "2023-Q1")
    answer("on", "420106-W1", "--reason", "needed")
    told = answer("change", "420106-W1", "--wording-en", "{found} m3 a person", "--reason", "clearer")
    assert (told["version"], told["enabled"], told["checks"][0]["wording_en"]) == (3, True, "{found} m3 a person")
    assert told["checks"][0]["flag"] == "water_qty / persons > 3", "what is not given stays"
    told = answer("change", "420106-W1", "--flag", "water_qty / persons > 4", "--class", "021", "--reason", "too many")
    assert (told["version"], told["enabled"], told["checks"][0]["classes"]) == (4, False, ["021"])
    assert run("on", "420106-W1", "--reason", "needed").exit_code != 0, "it looks at something else and was not tried"
    told = answer("change", "420106-W1", "--class", "", "--reason", "all types again")
    assert told["checks"][0]["classes"] == []
    assert list(RuleVersion.objects.values_list("flag", flat=True)) == [
        *["water_qty / persons > 3"] * 3, *["water_qty / persons > 4"] * 2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("P02", "--flag", "elec_qty > 1", "--reason", "x"), "P02"),
        (("420106-W1", "--flag", "elecqty > 1", "--reason", "x"), "elecqty"),
        (("420106-W1", "--flag", "elec_qty > 1"), "--reason"),
        (("420106-W1", "--reason", "nothing"), ""),
    ],
)
def test_a_change_that_cannot_be_made_changes_nothing(cast: Cast, arguments: tuple[str, ...], words: str) -> None:
    answer(*ADD)
    ran = run("change", *arguments)
    assert ran.exit_code != 0
    assert words in ran.output or words in str(ran.exception)
    assert RuleVersion.objects.count() == 1


def test_thresholds_are_tried_set_and_taken_back(begun: Return) -> None:
    place = ("--region", "420106")
    tried = answer("try", "P01", *place, "--period", "2023-Q1", "price_low.elec_qty=2")
    assert (tried["flagged_now"], tried["flagged"]) == (0, 1)
    held = answer("set", "P01", "price_low.elec_qty=2", *place, "--reason", "tariff")
    assert held["thresholds"]["price_low.elec_qty"] == 2
    (setting,) = held["settings"]
    assert (setting["region"], setting["parameters"], setting["reason"]) == (
        "420106", {"price_low.elec_qty": 2}, "tariff",
    )  # fmt: skip
    assert answer("show", "P01")["thresholds"]["price_low.elec_qty"] == 0.3, "the nation keeps its own"
    held = answer("set", "P01", "price_low.elec_qty=", *place, "--reason", "back")
    assert held["thresholds"]["price_low.elec_qty"] == 0.3
    answer("off", "L16", *place, "--reason", "no water here")
    assert [rule["id"] for rule in answer("list", *place, "--off")] == ["L16"]
    assert RuleSetting.objects.count() == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "X99"), "X99"),
        (("set", "P02", "shore=1", "--reason", "x"), "share"),
        (("set", "P02", "share=much", "--reason", "x"), "share=much"),
        (("set", "P02", "share=1"), "--reason"),
        (("try", "P02", "--period", "some day"), "2025-Q1"),
        ((*ADD[:7], "water_qty + area > 3", *ADD[8:]), "m2"),
        (("list", "--region", "nowhere"), "nowhere"),
    ],
)
def test_bad_use_says_what_is_allowed(cast: Cast, arguments: tuple[str, ...], words: str) -> None:
    ran = run(*arguments)
    assert ran.exit_code != 0
    assert words in ran.output or words in str(ran.exception)
    assert not RuleVersion.objects.exists()
    assert not RuleSetting.objects.exists()


def test_help_explains_itself() -> None:
    for command in ("list", "show", "add", "change", "try", "set", "on", "off"):
        ran = run(command, "--help")
        assert ran.exit_code == 0
        assert "--format" in ran.output


def test_tables_are_in_words_and_files_in_codes(cast: Cast) -> None:
    with translation.override("en"):
        table, shown = run("list").output, run("show", "P02").output
    assert "general knowledge, unconfirmed" in table
    assert "general-knowledge" not in table
    assert " block" not in table
    assert "Conditions" in shown
    assert "general-knowledge" in run("list", "--format", "csv").output


def test_a_rule_that_was_added_is_printed_for_people_in_a_table(cast: Cast) -> None:
    table = run(*ADD).output
    assert "water_qty / persons > 3" in table
    assert '"flag"' not in table
    assert "[" not in table
    assert "{}" not in run("show", "P07").output
