"""What a record may name, whoever calls the service or sends a file: nothing beyond one's reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from nengtan.domain.sheets.cells import Grid
from nengtan.identity.access import Forbidden, system_actor
from nengtan.registry.models import Institution, Region
from nengtan.registry.services import (
    InstitutionInput,
    input_of,
    intake,
    record_event,
    save_asset,
    save_building,
    save_institution,
    save_meter,
    save_occupancy,
    set_attribute,
    set_notice,
)
from nengtan.registry.services.events import EventInput
from nengtan.registry.services.shares import Part, most_held
from tests.cast import Cast

SINCE = date(2021, 1, 1)
CREDIT = "91350100M000100Y43"
Make = Callable[..., Grid]


def change(cast: Cast, who: str, body: Institution, **values: Any) -> Institution:
    body = Institution.objects.get(pk=body.pk)
    return save_institution(cast.actor(who), InstitutionInput(**{**vars(input_of(body)), **values}), body)


@pytest.fixture
def city_body(cast: Cast) -> Institution:
    return save_institution(system_actor(), InstitutionInput("CITY1", "City body", "01", cast.regions["420100"]))


def test_a_superior_stands_in_sight_or_above(cast: Cast, city_body: Institution) -> None:
    school = cast.institutions["school"]
    assert change(cast, "district", school, superior=city_body).superior == city_body
    with pytest.raises(ValidationError):
        change(cast, "district", school, superior=cast.institutions["other_school"])
    with pytest.raises(Forbidden):
        change(cast, "statistician", school, superior=cast.institutions["office"])
    assert change(cast, "statistician", school, address="New street").superior == city_body


def test_whose_bills_are_divided_is_for_who_may_change_both(cast: Cast, city_body: Institution) -> None:
    shared = {"host": city_body, "utility_account": "none", "allocation": "area"}
    with pytest.raises(ValidationError):
        change(cast, "district", cast.institutions["school"], **shared)
    change(cast, "city", cast.institutions["school"], **shared)
    assert change(cast, "district", cast.institutions["school"], address="New street").host == city_body


def test_nobody_holds_the_account_of_who_holds_theirs(cast: Cast) -> None:
    school, office = cast.institutions["school"], cast.institutions["office"]
    change(cast, "district", school, host=office, utility_account="none", allocation="area")
    with pytest.raises(ValidationError):
        change(cast, "district", office, host=school, utility_account="none", allocation="area")


def test_everybody_is_in_reach_of_who_manages_everything(cast: Cast) -> None:
    assert Institution.objects.all().referable(cast.actor("admin")).count() == Institution.objects.count()
    assert not Institution.objects.all().referable(cast.actor("outsider")).exists()


def test_a_credit_code_is_never_given_twice(cast: Cast, sheet: Make) -> None:
    school = change(cast, "district", cast.institutions["school"], credit_code=CREDIT)
    record_event(system_actor(), EventInput("closed", date(2022, 1, 1), [school]))
    with pytest.raises(ValidationError):
        change(cast, "district", cast.institutions["office"], credit_code=CREDIT)
    wide = "".join(chr(ord(one) + 0xFEE0) for one in CREDIT)
    grid = sheet(("统一社会信用代码",), ("Z9", "某单位", "021", "420106", wide))
    assert [one.code for one in intake.check_registry(system_actor(), [grid]).errors] == ["duplicate_credit_code"]


def test_a_notice_is_written_within_ones_region(cast: Cast) -> None:
    set_notice(cast.actor("district"), cast.regions["420106"], "mine")
    for code in ("420100", "420111", "330106"):
        with pytest.raises(ValidationError):
            set_notice(cast.actor("district"), cast.regions[code], "theirs")
    assert not Region.objects.filter(notice="theirs").exists()


@pytest.mark.parametrize("what", ["occupancy", "meter", "upper meter", "asset"])
def test_buildings_and_meters_of_strangers_are_not_named(cast: Cast, what: str) -> None:
    other, school = cast.institutions["other_school"], cast.institutions["school"]
    house = save_building(system_actor(), other, {"code": "B1", "name": "House"})
    upper = save_meter(system_actor(), other, {"code": "M1", "carrier": "water", "building": house})
    acts: dict[str, Callable[[Any], Any]] = {
        "occupancy": lambda actor: save_occupancy(
            actor, school, {"building": house, "share": Decimal(1), "valid_from": SINCE}
        ),
        "meter": lambda actor: save_meter(actor, school, {"code": "M2", "carrier": "water", "building": house}),
        "upper meter": lambda actor: save_meter(actor, school, {"code": "M2", "carrier": "water", "parent": upper}),
        "asset": lambda actor: save_asset(actor, school, {"kind": "boiler", "name": "x", "building": house}, {}),
    }
    with pytest.raises(ValidationError):
        acts[what](cast.actor("statistician"))
    acts[what](cast.actor("nation"))


def test_a_meter_measures_what_the_meters_below_it_measure(cast: Cast) -> None:
    school = cast.institutions["school"]
    upper = save_meter(system_actor(), school, {"code": "M1", "carrier": "water"})
    save_meter(system_actor(), school, {"code": "M2", "carrier": "water", "parent": upper})
    with pytest.raises(ValidationError):
        save_meter(system_actor(), school, {"carrier": "electricity"}, upper)
    grid = Grid("表计", [["表号", "单位编码", "能源品种", "上级表号"], ["M3", "420106-S1", "电", "M2"]])
    assert [one.code for one in intake.check_registry(system_actor(), [grid]).errors] == ["meter_class"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "1e15"])
def test_a_dated_value_is_a_possible_one(cast: Cast, value: str) -> None:
    with pytest.raises(ValidationError):
        set_attribute(system_actor(), cast.institutions["school"], "area_m2", SINCE, Decimal(value))


def test_a_file_gives_no_part_of_a_building_away_twice(cast: Cast) -> None:
    house = save_building(system_actor(), cast.institutions["school"], {"code": "B1", "name": "House"})
    whole = {"building": house, "share": Decimal("0.4"), "valid_from": SINCE}
    save_occupancy(system_actor(), cast.institutions["office"], whole)
    heading = ["建筑编码", "单位编码", "占用比例", "生效日期"]
    rows = [["B1", "420106-S1", 0.5, "2021-01-01"], ["B1", "420106-H1", 0.2, "2022-01-01"]]
    plan = intake.check_registry(system_actor(), [Grid("占用", [heading, *rows])])
    assert [(one.row, one.code, one.allowed) for one in plan.errors] == [(3, "too_big", ("0.1",))]
    moved = [["B1", "420106-O1", 0.2, "2021-01-01"], *rows]  # the office gives up a half of its part
    assert not intake.check_registry(system_actor(), [Grid("占用", [heading, *moved])]).errors


def test_bodies_in_a_circle_of_accounts_are_refused(cast: Cast, sheet: Make) -> None:
    more = ("账单单位编码", "分摊方式")
    rows = [("A", "某", "021", "420106", "B", "按面积"), ("B", "某二", "021", "420106", "A", "按面积")]
    plan = intake.check_registry(system_actor(), [sheet(more, *rows)])
    assert [(one.place, one.code) for one in plan.errors] == [("E2", "cycle"), ("E3", "cycle")]


def test_a_file_may_repeat_what_is_out_of_its_senders_reach(cast: Cast, city_body: Institution, sheet: Make) -> None:
    row = ("420106-S1", "The school", "021", "420106", "CITY1", "无", "按面积")
    grid = sheet(("账单单位编码", "是否有独立户号", "分摊方式"), row)
    shared = {"host": city_body, "utility_account": "none", "allocation": "area"}
    assert [one.code for one in intake.check_registry(cast.actor("district"), [grid]).errors] == ["out_of_scope"]
    change(cast, "city", cast.institutions["school"], **shared)
    assert not intake.check_registry(cast.actor("district"), [grid]).errors


def test_parts_of_one_body_follow_each_other() -> None:
    half, year = Decimal("0.5"), date(2022, 1, 1)
    parts = [Part(1, SINCE, None, half), Part(1, year, None, Decimal("0.2")), Part(2, SINCE, date(2021, 6, 30), half)]
    assert most_held(parts, SINCE, None) == 1
    assert most_held(parts, date(2021, 7, 1), None) == half
    assert most_held(parts, year, None) == Decimal("0.2")
    assert most_held([], SINCE, None) == 0
