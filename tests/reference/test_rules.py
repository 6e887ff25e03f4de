"""The catalogue L01–L17, P01–P15: each check passes, fails and is tried at its edge on a return else healthy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from nengtan.domain.factors import Confidence
from nengtan.domain.returns.review.rules import Scope, Severity
from nengtan.domain.returns.slots import Kind
from nengtan.reference import ReferenceDataError, rules, scheme
from tests.reference.healthy import NOW, review, scaled

B, E, I = Severity.BLOCK, Severity.EXPLAIN, Severity.INFORM  # noqa: E741 - as the catalogue writes them
ROOM, SUMMARY, MONTH = {"scope": Scope.ROOM}, {"scope": Scope.SUMMARY}, {"kind": Kind.MONTH}
Q = Decimal


def grown(key: str, times: str) -> dict[str, Any]:
    """A quantity so many times last year's, with the cost that belongs to it."""
    last = Q(scaled("0.97")[key])
    price = Q(NOW[key.replace("_qty", "_cost")]) / Q(NOW[key])
    return {key: last * Q(times), key.replace("_qty", "_cost"): last * Q(times) * price}


SAME = {"elec_qty": scaled("0.97")["elec_qty"], "water_qty": scaled("0.97")["water_qty"]}
ROUND = {key: None for key in NOW if key.startswith(("gas", "diesel", "heat_"))}
SOLAR = {"pv_capacity": 0, "pv_generation": 0}
PETROL = {"gasoline_qty": 0, "gasoline_cost": 0, "gasoline_vehicle_qty": 0, "gasoline_vehicle_cost": 0}
DIESEL = {"diesel_qty": 500, "diesel_cost": 3750, "diesel_vehicle_qty": 0, "diesel_vehicle_cost": 0}

FAILING: list[tuple[str, str, Severity, str, dict[str, Any], dict[str, Any]]] = [
    ("L01", "required", B, "area", {"area": None}, {}),
    ("L01", "number", B, "gas_qty", {"gas_qty": None, "unreadable.gas_qty": "about 20"}, {}),
    ("L01", "negative", B, "water_cost", {"water_cost": "-0.01"}, {}),
    ("L01", "room_number", B, "room_area", {"room_area": None, "unreadable.room_area": "x"}, ROOM),
    ("L01", "room_negative", B, "room_racks", {"room_racks": -1}, ROOM),
    ("L02", "form", B, "credit_code", {"fact.code_valid": 0}, {}),
    ("L02", "unique", B, "credit_code", {"fact.code_unique": 0}, {}),
    ("L03", "parts", B, "gasoline_qty", {"gasoline_qty": "4502.02"}, {}),
    ("L03", "parts", B, "gasoline_qty", {"gasoline_qty": 1, "gasoline_other_qty": None}, {}),
    ("L03", "parts", B, "diesel_cost", {"diesel_other_cost": "3700"}, {}),
    ("L03", "parts", B, "diesel_qty", {"diesel_qty": None}, {}),
    ("L03", "unchecked", I, "gasoline_qty", {"gasoline_other_qty": None}, {}),
    ("L03", "unchecked", I, "diesel_cost", {"diesel_vehicle_cost": None, "diesel_other_cost": None}, {}),
    ("L03", "unchecked", I, "diesel_qty", {"diesel_qty": None, "diesel_other_qty": None}, {}),
    ("L04", "parts", B, "vehicles", {"vehicles": 7}, {}),
    ("L04", "unchecked", I, "vehicles", {"vehicles_new_energy": None}, {}),
    ("L05", "parts", B, "heating_area", {"heating_area_own": 900}, {}),
    ("L05", "within", E, "heating_area", {"heating_area": 10001, "heating_area_own": 5001}, {}),
    ("L05", "unchecked", I, "heating_area", {"heating_area_own": None}, {}),
    ("L06", "parts", B, "room_power", {"room_power": 91}, ROOM),
    ("L06", "unchecked", I, "room_elec", {"room_elec_supply": None}, ROOM),
    ("L06", "parts", B, "room_elec", {"room_elec_supply": 0}, ROOM),
    ("L07", "within", B, "elec_qty", {"rooms.room_elec": 792343}, {}),
    ("L08", "within", B, "heating_gas_qty", {"heating_gas_qty": 20112, "heating_gas_cost": 60336}, {}),
    ("L08", "within", B, "heating_heat_qty", {"heating_heat_qty": 3008}, {}),
    ("L09", "no_cost", E, "water_qty", {"water_cost": None}, {}),
    ("L09", "no_quantity", E, "gas_qty", {"gas_qty": None, "heating_gas_qty": None, "heating_gas_cost": None}, {}),
    ("L09", "no_heat", E, "heat_qty", {"heat_qty": 0, "heating_area_by_area": 0, "heating_area_own": 3000}, {}),
    ("L10", "petrol_no_vehicle", E, "gasoline_vehicle_qty", {"vehicles_gasoline": 0, "vehicles": 3}, {}),
    ("L10", "petrol_no_fuel", E, "vehicles_gasoline", PETROL, {}),
    ("L10", "diesel_no_vehicle", E, "diesel_vehicle_qty", {"vehicles_diesel": None, "vehicles": 5}, {}),
    ("L10", "diesel_no_fuel", E, "vehicles_diesel", DIESEL, {}),
    ("L11", "by_area", E, "heating_charge_by_area", {"heating_charge_by_area": 0}, {}),
    ("L11", "by_heat", E, "heating_heat_qty", {"heating_heat_qty": None, "heating_heat_cost": None}, {}),
    ("L12", "no_generation", E, "pv_generation", {"pv_generation": 0}, {}),
    ("L12", "no_capacity", E, "pv_capacity", {"pv_capacity": None}, {}),
    ("L13", "sum", B, "elec_qty", {"periods.elec_qty": 800000}, {}),
    ("L13", "sum", B, "water_cost", {"periods.water_cost": 27800}, {}),
    ("L14", "missing", B, "period", {"fact.missing_periods": 2}, {}),
    ("L14", "duplicate", B, "period", {"fact.duplicates": 1}, {}),
    ("L14", "room_duplicate", B, "period", {"fact.duplicates": 1}, ROOM),
    ("L15", "sum", B, "elec_qty", {"children.elec_qty": 812345.02}, SUMMARY),
    ("L15", "sum", B, "institutions", {"institutions": 4, "children.institutions": 5}, SUMMARY),
    ("L16", "zero", E, "water_qty", {"water_qty": 0, "water_cost": 0}, {}),
    ("L17", "valid", B, "class", {"fact.class_valid": 0}, {}),
    ("L17", "coarse", B, "class", {"fact.class_coarse": 1}, {}),
    ("P01", "range", E, "water_qty", {"water_cost": 9122}, {}),
    ("P01", "far", B, "gas_qty", {"gas_cost": 603340}, {}),
    ("P01", "area_charge", E, "heating_charge_by_area", {"heating_charge_by_area": 120001}, {}),
    ("P02", "change", E, "area", {"last.area": 9090}, {}),
    ("P02", "change", E, "persons", {"last.persons": 556}, {}),
    ("P03", "slight", I, "elec_qty", grown("elec_qty", "1.11"), {}),
    ("P03", "clear", E, "elec_qty", grown("elec_qty", "0.79"), {}),
    ("P03", "large", E, "gas_qty", grown("gas_qty", "1.51"), {}),
    ("P03", "slight_water", I, "water_qty", grown("water_qty", "1.11"), {}),
    ("P03", "clear_water", E, "water_qty", grown("water_qty", "1.21"), {}),
    ("P03", "large_water", E, "water_qty", grown("water_qty", "1.51"), {}),
    ("P04", "change", I, "elec_qty", {"base.elec_qty": 600000}, {}),
    ("P04", "change_water", I, "water_qty", {"base.water_qty": 14000}, {}),
    ("P05", "others", E, "area", {"area": 1499, "heating_area": 0, "last.area": 1499}, {}),
    ("P05", "schools", E, "area", {"persons": 160, "last.persons": 160}, {"of_class": "021"}),
    ("P06", "range", E, "water_qty", {"persons": 60, "last.persons": 60}, {}),
    ("P06", "quota", E, "water_qty", {}, {"thresholds": {"quota_water": 18}}),
    ("P07", "peers", E, "area", {"peers.area_intensity": "7.8"}, {}),
    ("P07", "distance", I, "area", {"peers.area_intensity": 60}, {}),
    ("P07", "constraint", E, "area", {}, {"thresholds": {"quota_constraint": 20}}),
    ("P07", "guide", E, "area", {}, {"thresholds": {"quota_guide": 30}}),
    ("P08", "peers", E, "persons", {"peers.person_intensity": 2500}, {}),
    ("P09", "petrol", E, "gasoline_vehicle_qty", {"vehicles_gasoline": 23, "vehicles": 26}, {}),
    ("P09", "diesel", E, "diesel_vehicle_qty", {"vehicles_diesel": 8, "vehicles": 13}, {}),
    ("P10", "copied", E, "elec_qty", {"previous.elec_qty": NOW["elec_qty"], "previous.gas_qty": NOW["gas_qty"]}, {}),
    ("P10", "round", E, "elec_qty", {**ROUND, "elec_qty": 812300, "water_qty": 9100}, {}),
    ("P11", "far", B, "elec_qty", {"elec_qty": "81.2345", "elec_cost": 568641}, {}),
    ("P11", "far", B, "gas_cost", {"gas_cost": 6}, {}),
    ("P11", "far", B, "area", {"last.area": 10}, {}),
    ("P11", "price", B, "elec_qty", {"elec_qty": "812", "last.elec_qty": None, "usual.elec_qty": None}, {}),
    ("P11", "near", E, "gas_qty", {"gas_qty": 201111}, {}),
    ("P12", "sudden", E, "elec_qty", {"usual.elec_qty": 160000, "last.elec_qty": 150000}, MONTH),
    ("P12", "sudden", E, "water_qty", {"water_qty": 0, "water_cost": 0}, MONTH),
    ("P13", "pue_low", B, "room_elec", {"room_elec_it": 160000}, ROOM),
    ("P13", "pue_high", E, "room_elec", {"room_elec_it": 49000}, ROOM),
    ("P13", "days_high", E, "heating_days", {"heating_days": 244}, {}),
    ("P13", "days_none", E, "heating_days", {"heating_days": None}, {}),
    ("P14", "ratio", I, "persons", {"established": 1001}, {}),
    ("P15", "metered", E, "elec_qty", {"metered.elec_qty": 770000}, {}),
]  # fmt: skip

PASSING: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("L01", "required", {"area": "0"}, {}),
    ("L01", "negative", {"gas_qty": "0", "gas_cost": "0"}, {}),
    ("L02", "form", {"fact.code_valid": 0}, {"edition": "2020"}),
    ("L02", "unique", {"fact.code_unique": None}, {}),
    ("L03", "parts", {"gasoline_qty": "4502.01"}, {}),
    ("L01", "number", {"coal_qty": None}, {}),
    ("L01", "room_number", {"room_area": None}, ROOM),
    ("L01", "room_negative", {"room_racks": "0"}, ROOM),
    ("L03", "parts", {"gasoline_qty": None, "gasoline_vehicle_qty": None, "gasoline_other_qty": None}, {}),
    ("L04", "parts", {"vehicles": 4, "vehicles_new_energy": None}, {}),
    ("L05", "parts", {"heating_area_own": "1000.01"}, {}),
    ("L05", "within", {"heating_area": 10000, "heating_area_own": 5000}, {}),
    ("L06", "parts", {"room_power": "90.01"}, ROOM),
    ("L03", "parts", {"gasoline_other_qty": None}, {}),
    ("L03", "parts", {"gasoline_vehicle_qty": None, "gasoline_other_qty": None}, {}),
    ("L06", "parts", {"room_elec_supply": None}, ROOM),
    ("L03", "unchecked", {}, {}),
    ("L03", "unchecked", {"gasoline_qty": None, "gasoline_vehicle_qty": None, "gasoline_other_qty": None}, {}),
    ("L03", "unchecked", {"gasoline_qty": 0, "gasoline_vehicle_qty": None, "gasoline_other_qty": None}, {}),
    ("L03", "unchecked", {"gasoline_qty": 1, "gasoline_other_qty": None}, {}),
    ("L04", "unchecked", {"vehicles": None, "vehicles_gasoline": None, "vehicles_diesel": None,
                          "vehicles_new_energy": 0}, {}),
    ("L05", "unchecked", {"heating_area": None, "heating_area_own": None, "heating_area_by_area": None,
                          "heating_area_by_heat": None}, {}),
    ("L06", "unchecked", {"room_elec_supply": 0}, ROOM),
    ("L07", "within", {"rooms.room_elec": 792342}, {}),
    ("L07", "within", {"rooms.room_elec": None, "heating_elec_qty": None}, {}),
    ("L08", "within", {"heating_gas_qty": 20111}, {}),
    ("L09", "no_cost", {"water_qty": 0, "water_cost": 0}, {}),
    ("L09", "no_quantity", {"gas_qty": None, "gas_cost": None}, {}),
    ("L09", "no_heat", {"heat_qty": None}, {}),
    ("L10", "petrol_no_vehicle", PETROL, {}),
    ("L10", "petrol_no_fuel", PETROL, MONTH),
    ("L10", "diesel_no_vehicle", {**DIESEL, "vehicles_diesel": 0}, {}),
    ("L10", "diesel_no_fuel", DIESEL, MONTH),
    ("L11", "by_area", {"heating_charge_by_area": 0}, MONTH),
    ("L11", "by_heat", {"heating_heat_qty": None, "heating_area_by_heat": None}, {}),
    ("L11", "by_area", {"heating_charge_by_area": 0, "heating_area_by_area": 0}, {}),
    ("L12", "no_generation", {"pv_generation": 0}, {"edition": "2020"}),
    ("L12", "no_generation", {"pv_generation": 0}, {"edition": "2025"}),
    ("L12", "no_capacity", SOLAR, {}),
    ("L13", "sum", {"elec_qty": 804000, "periods.elec_qty": 800000}, {}),
    ("L13", "sum", {"gasoline_other_qty": 1, "periods.gasoline_other_qty": 0}, {}),
    ("L13", "sum", {"periods.elec_qty": None}, {}),
    ("L13", "sum", {"periods.elec_qty": 1}, MONTH),
    ("L14", "missing", {"fact.missing_periods": None}, {}),
    ("L14", "duplicate", {"fact.duplicates": 0}, {}),
    ("L14", "room_duplicate", {"fact.duplicates": 0}, ROOM),
    ("L15", "sum", {"children.elec_qty": "812345.01"}, SUMMARY),
    ("L16", "zero", {"water_qty": 0, "water_cost": 0, "fact.active": 0}, {}),
    ("L16", "zero", {"water_qty": None}, {}),
    ("L17", "valid", {"fact.class_valid": None}, {}),
    ("L17", "coarse", {"fact.class_coarse": None}, {}),
    ("P01", "range", {"water_cost": 9123}, {}),
    ("P01", "far", {"gas_cost": 603330}, {}),
    ("P01", "far", {"gas_cost": 0}, {}),  # what is free is for L09 to ask about
    ("P01", "range", {"gas_cost": 0}, {}),
    ("P01", "range", {"gas_qty": 0, "gas_cost": 60333}, {}),
    ("P01", "area_charge", {"heating_charge_by_area": 120000}, {}),
    ("P02", "change", {"area": 1100, "last.area": 1000}, {}),
    ("P02", "change", {"last.area": 0}, {}),
    ("P03", "slight", grown("elec_qty", "1.1"), {}),
    ("P03", "clear", grown("elec_qty", "1.2"), {}),
    ("P03", "large", grown("elec_qty", "1.5"), {}),
    ("P03", "clear", {"gas_qty": 1000, "last.gas_qty": 751}, {}),
    ("P03", "clear_water", {"water_qty": 130, "last.water_qty": 99}, {}),
    ("P03", "slight_water", grown("water_qty", "1.1"), {}),
    ("P03", "clear_water", grown("water_qty", "1.2"), {}),
    ("P03", "large_water", grown("water_qty", "1.5"), {}),
    ("P04", "change", {"base.elec_qty": "624880.76923076923"}, {}),
    ("P04", "change_water", {"base.water_qty": "7017.6923076923077"}, {}),
    ("P05", "others", {"area": 1500, "last.area": 1500}, {}),
    ("P05", "others", {"persons": 160}, {"of_class": "024"}),
    ("P05", "schools", {"persons": 0}, {"of_class": "021"}),
    ("P06", "range", {"water_qty": 75000, "fact.months": 12}, {}),
    ("P06", "quota", {}, {"thresholds": {"quota_water": "18.246"}}),
    ("P07", "peers", {"peers.area_intensity": None}, {}),
    ("P07", "peers", {"peers.area_intensity": 25}, {}),
    ("P07", "distance", {"peers.area_intensity": 30, "spread.area_intensity": None}, {}),
    ("P07", "constraint", {}, {"thresholds": {"quota_constraint": 30}}),
    ("P07", "guide", {}, {"thresholds": {"quota_guide": 20}}),
    ("P08", "peers", {"persons": 0}, {}),
    ("P09", "petrol", {"vehicles_gasoline": 22}, {}),
    ("P09", "petrol", {"vehicles_gasoline": 0}, {}),
    ("P09", "diesel", {"vehicles_diesel": 7}, {}),
    ("P10", "copied", {"previous.elec_qty": NOW["elec_qty"]}, {}),
    ("P10", "copied", {"coal_qty": 0, "previous.coal_qty": 0, "lpg_qty": 0, "previous.lpg_qty": 0}, {}),
    ("P10", "round", {**ROUND, "elec_qty": 812300, "water_qty": 9101}, {}),
    ("P11", "far", {"elec_qty": 81234, "elec_cost": 56864}, {}),
    ("P11", "near", {"elec_qty": 8123450, "elec_cost": 5686415}, {}),
    ("P11", "price", {"elec_qty": "81234", "elec_cost": "56864", "last.elec_qty": None, "usual.elec_qty": None}, {}),
    ("P11", "far", {"last.elec_qty": 0, "usual.elec_qty": None}, {}),
    ("P12", "sudden", {"usual.elec_qty": 160000, "last.elec_qty": 700000}, MONTH),
    ("P12", "sudden", {"usual.elec_qty": 160000, "last.elec_qty": 150000}, {}),
    ("P13", "pue_low", {"room_elec": 100000, "room_elec_cooling": 0, "room_elec_supply": 0}, ROOM),
    ("P13", "pue_high", {"room_elec_it": 50000}, ROOM),
    ("P13", "pue_high", {"room_elec_it": 0}, ROOM),
    ("P13", "days_high", {"heating_days": 243}, {}),
    ("P13", "days_none", {"heating_days": None}, MONTH),
    ("P14", "ratio", {"established": 1000}, {}),
    ("P14", "ratio", {"established": 1001}, {"of_class": "021"}),
    ("P15", "metered", {"elec_qty": 105, "metered.elec_qty": 100}, {}),
    ("P15", "metered", {"metered.elec_qty": None}, {}),
]  # fmt: skip


@pytest.mark.parametrize("edition", ["2020", "2022", "2025"])
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("scope", Scope)
def test_nothing_is_wrong_with_the_healthy_return(edition: str, kind: Kind, scope: Scope) -> None:
    assert review({}, edition=edition, kind=kind, scope=scope) == []


@pytest.mark.parametrize(("rule", "check", "severity", "cell", "changes", "where"), FAILING)
def test_fails(
    rule: str, check: str, severity: Severity, cell: str, changes: Mapping[str, Any], where: Mapping[str, Any]
) -> None:
    found = [(one.rule, one.check, one.cell.indicator) for one in review(changes, **where)]
    assert (rule, check, cell) in found
    one = review(changes, **where)[found.index((rule, check, cell))]
    assert one.severity is severity
    for language in ("zh", "en"):
        message = one.message(language, "NAME", "UNIT")
        assert message
        assert "{" not in message


@pytest.mark.parametrize(("rule", "check", "changes", "where"), PASSING)
def test_passes(rule: str, check: str, changes: Mapping[str, Any], where: Mapping[str, Any]) -> None:
    assert (rule, check) not in [(one.rule, one.check) for one in review(changes, **where)]


def test_every_check_of_the_catalogue_is_tried() -> None:
    book = rules.rule_book()
    every = {(rule.id, check.key) for rule in book.rules for check in rule.checks}
    assert {(rule, check) for rule, check, *_ in FAILING} == every
    assert {(rule, check) for rule, check, *_ in PASSING} == every


def test_the_catalogue_is_whole() -> None:
    wanted = [f"L{number:02d}" for number in range(1, 18)] + [f"P{number:02d}" for number in range(1, 16)]
    assert [rule.id for rule in rules.rule_book().rules] == wanted


def test_only_the_most_severe_of_a_ladder_speaks() -> None:
    found = [one for one in review(grown("elec_qty", "1.6")) if one.rule == "P03"]
    assert [(one.check, one.needs_evidence) for one in found] == [("large", True)]
    prices = [one for one in review({"gas_cost": 603340}) if one.rule == "P01"]
    assert [one.check for one in prices] == ["far"]


def test_a_slip_may_be_overridden_and_says_by_which_power() -> None:
    (slip,) = [one for one in review({"elec_qty": "81.2345"}) if one.rule == "P11"]
    assert (slip.overridable, slip.params["power"], slip.found) == (True, Q(-4), Q("81.2345"))
    zh, en = slip.message("zh-hans", "\u7535", "\u5343\u74e6\u65f6"), slip.message("en", "Electricity", "kWh")
    assert "\u4e07\u5206\u4e4b\u4e00" in zh
    assert "\u586b\u6210\u4e86\u4e07\u5343\u74e6\u65f6" in zh
    assert "a ten-thousandth of the earlier" in en
    assert en.endswith("; it may be given in 10 MWh.")
    assert "{" not in zh + en


@pytest.mark.parametrize(("power", "severity"), [(1, E), (2, E), (3, B), (4, B), (-1, E), (-2, E), (-3, B), (-4, B)])
def test_every_power_of_ten_is_found_when_the_price_is_odd(power: int, severity: Severity) -> None:
    value = Q(scaled("0.97")["gas_qty"]).scaleb(power)
    found = [one for one in review({"gas_qty": value}) if one.rule == "P11" and one.cell.indicator == "gas_qty"]
    assert [(one.severity, one.params["power"]) for one in found] == [(severity, Q(power))]


def test_found_and_expected_say_both_sides() -> None:
    (one,) = [one for one in review({"vehicles": 7}) if one.rule == "L04"]
    assert (one.found, one.expected, one.period, one.institution) == (7, "6", "2024-00", "unit")
    (price,) = [one for one in review({"water_cost": 9122}) if one.rule == "P01"]
    assert price.expected == "1–12"
    assert price.message("zh", "水消费量", "立方米") == "水消费量单价 0.9999 元/立方米，不在参考范围 1–12。"
    assert price.message("en", "Water", "m3") == "Water costs 0.9999 CNY a m3, outside 1–12."


def test_a_sum_that_cannot_be_checked_names_the_parts_that_are_not_filled_in() -> None:
    (one,) = [one for one in review({"vehicles_diesel": None, "vehicles_new_energy": None}) if one.rule == "L04"]
    assert one.message("zh", "车辆数量") == "车辆数量合计未核对：柴油车、新能源汽车未填。"
    assert one.message("en", "Vehicles") == (
        "Vehicles: the sum is not checked, Diesel vehicles, New energy vehicles not filled in."
    )


def test_every_sum_has_parts_in_every_edition_that_asks_for_it() -> None:
    sums = {key for rule in rules.rule_book().rules for check in rule.checks if "all_parts" in check.flag
            for key in check.each}  # fmt: skip
    for edition in scheme.editions().values():
        assert sums & set(edition.indicators) <= set(edition.parts)


def test_text_where_a_number_should_stand_is_shown_as_it_was() -> None:
    found = review({"gas_qty": None, "unreadable.gas_qty": "2万"})
    assert [(one.check, one.found) for one in found if one.rule == "L01"] == [("number", "2万")]


def test_the_cell_of_a_room_names_its_record() -> None:
    (one,) = review({"room_power": 91}, scope=Scope.ROOM)
    assert (one.cell.indicator, one.cell.record) == ("room_power", "0001")


def test_coal_equivalents_are_those_of_the_scheme() -> None:
    kgce = rules.rule_book().constants["kgce"]
    assert isinstance(kgce, Mapping)
    assert (kgce["elec_qty"], kgce["coal_qty"], kgce["other_qty"]) == (Q("0.1229"), Q("714.3"), Q(1000))


def test_thresholds_are_marked_as_our_own() -> None:
    verified = {rule.id for rule in rules.rule_book().rules if rule.confidence is Confidence.VERIFIED}
    assert verified == {"L17", "P02"}
    assert all(rule.source for rule in rules.rule_book().rules)


def test_every_threshold_has_words_and_no_number_hides_in_an_expression() -> None:
    book = rules.rule_book()
    named = {name for rule in book.rules for name in rule.parameters} | {"price_low", "price_high"}
    assert named == set(book.words)
    plain = {"0", "1", "100", "1000"}
    for rule in book.rules:
        for check in rule.checks:
            found = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?", check.flag))
            assert found <= plain, (rule.id, check.key)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"severity": "fatal"}, "severity"),
        ({"flag": " "}, "flag"),
        ({"wording_en": "{found.__class__}{who}"}, "wording_en"),
        ({"scope": "city"}, "scope"),
        ({"kinds": ["week"]}, "kinds"),
        ({"editions": ["1999"]}, "editions"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_faulty_check_is_refused(change: dict[str, Any], field: str) -> None:
    entry = {"key": "k", "severity": "block", "flag": "value < 0", "wording_zh": "z", "wording_en": "e"}
    with pytest.raises(ReferenceDataError) as refused:
        rules.read_check({**entry, **change}, "own")
    assert refused.value.field == f"own: {field}"


def test_every_indicator_named_by_the_rules_exists_in_some_edition() -> None:
    known = {key for edition in scheme.editions().values() for key in edition.indicators}
    for rule in rules.rule_book().rules:
        for check in rule.checks:
            if isinstance(check.each, tuple):
                assert set(check.each) <= known
            else:
                assert check.each in {*rules.rule_book().groups, "all", "required", "flows", "quantities", "additive"}
