"""What is wrong with a workbook is found before anything is written, and said with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nengtan.domain.sheets.cells import Grid
from nengtan.identity.access import Forbidden, system_actor
from nengtan.registry.models import Institution
from nengtan.registry.services import intake
from nengtan.ui.sheets import wording
from tests.cast import Cast

Make = Callable[..., Grid]
GOOD = ("A1", "第一小学", "021", "420106")


def codes(plan: intake.RegistryPlan) -> list[tuple[str, str]]:
    return [(problem.place, problem.code) for problem in plan.errors]


def test_a_good_row_is_to_be_added_and_nothing_is_written(cast: Cast, sheet: Make) -> None:
    plan = intake.check_registry(system_actor(), [sheet((), GOOD)])
    assert plan.counts == {"create": 1, "update": 0, "same": 0, "refused": 0}
    assert not Institution.objects.filter(code="A1").exists()


@pytest.mark.parametrize(
    ("heading", "value", "code"),
    [
        ("统一社会信用代码", "91350100M000100Y44", "bad_credit_code"),
        ("上级单位编码", "NOBODY", "unknown_institution"),
        ("账单单位编码", "NOBODY", "unknown_institution"),
        ("上级单位编码", "A1", "cycle"),
        ("账单单位编码", "A1", "cycle"),
        ("建筑面积", -5, "too_small"),
        ("用能人数", "many", "not_a_number"),
        ("所属系统", "海运", "not_a_choice"),
        ("成立日期", "someday", "not_a_date"),
        ("分摊方式", "按比例", "missing_value"),
        ("报送关系", "主管部门", "missing_value"),
    ],
)
def test_a_faulty_cell_refuses_its_row(cast: Cast, sheet: Make, heading: str, value: Any, code: str) -> None:
    plan = intake.check_registry(system_actor(), [sheet((heading,), (*GOOD, value))])
    assert [problem.code for problem in plan.errors] == [code]
    assert plan.errors[0].row == 2
    assert wording.message(plan.errors[0])
    assert wording.allowed(plan.errors[0]) or code in {"cycle"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("A1", "第一小学", "99", "420106"), ("C2", "not_a_choice")),
        (("A1", "第一小学", "021", "999999"), ("D2", "unknown_region")),
        (("A1", "", "021", "420106"), ("B2", "missing_value")),
        (("", "第一小学", "021", "420106"), ("A2", "missing_value")),
        (("A/1", "第一小学", "021", "420106"), ("A2", "bad_code")),
    ],
)
def test_the_place_of_a_fault_is_told(cast: Cast, sheet: Make, row: Any, expected: tuple[str, str]) -> None:
    assert codes(intake.check_registry(system_actor(), [sheet((), row)])) == [expected]


def test_a_code_given_twice_is_refused_the_second_time(cast: Cast, sheet: Make) -> None:
    plan = intake.check_registry(system_actor(), [sheet((), GOOD, ("A1", "第二小学", "021", "420106"))])
    assert codes(plan) == [("A3", "duplicate_code")]


def test_a_credit_code_belongs_to_one_body(cast: Cast, sheet: Make) -> None:
    code = "91350100M000100Y43"
    rows = ((*GOOD, code), ("A2", "第二小学", "021", "420106", code))
    assert codes(intake.check_registry(system_actor(), [sheet(("统一社会信用代码",), *rows)])) == [
        ("E3", "duplicate_credit_code")
    ]


def test_rows_may_refer_to_later_rows_but_not_in_a_circle(cast: Cast, sheet: Make) -> None:
    rows = [(*GOOD, "A2"), ("A2", "教育局", "01", "420106", "")]
    assert not intake.check_registry(system_actor(), [sheet(("上级单位编码",), *rows)]).errors
    rows[1] = ("A2", "教育局", "01", "420106", "A1")
    plan = intake.check_registry(system_actor(), [sheet(("上级单位编码",), *rows)])
    assert codes(plan) == [("E2", "cycle"), ("E3", "cycle")]


def test_a_circle_through_stored_bodies_is_found(cast: Cast, sheet: Make) -> None:
    first = [sheet(("上级单位编码",), (*GOOD, "A2"), ("A2", "教育局", "01", "420106", ""))]
    intake.apply_registry(system_actor(), intake.check_registry(system_actor(), first))
    plan = intake.check_registry(system_actor(), [sheet(("上级单位编码",), ("A2", "教育局", "01", "420106", "A1"))])
    assert codes(plan) == [("E2", "cycle")]


def test_who_needs_a_refused_row_is_refused_too(cast: Cast, sheet: Make) -> None:
    grid = sheet(
        ("上级单位编码",), (*GOOD, "A2"), ("A2", "教育局", "77", "420106", ""), ("A3", "三小", "021", "420106", "A1")
    )
    plan = intake.check_registry(system_actor(), [grid])
    assert codes(plan) == [("E2", "needs_refused_row"), ("C3", "not_a_choice"), ("E4", "needs_refused_row")]


def test_meters_do_not_stand_above_themselves(cast: Cast) -> None:
    grid = Grid(
        "表计",
        [
            ["表号", "单位编码", "能源品种", "上级表号"],
            ["M1", "420106-S1", "电", "M2"],
            ["M2", "420106-S1", "电", "M1"],
        ],
    )
    assert {problem.code for problem in intake.check_registry(system_actor(), [grid]).errors} == {"cycle"}


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("admin", []),
        ("province", []),
        ("district", []),
        ("neighbour", ["out_of_scope"]),
        ("other", ["out_of_scope"]),
        ("statistician", ["out_of_scope"]),
    ],
)
def test_only_rows_within_ones_scope_are_taken(cast: Cast, sheet: Make, who: str, expected: list[str]) -> None:
    plan = intake.check_registry(cast.actor(who), [sheet((), GOOD)])
    assert [problem.code for problem in plan.errors] == expected


def test_a_statistician_changes_the_own_record_and_no_other(cast: Cast, sheet: Make) -> None:
    rows = (
        ("420106-S1", "The school", "021", "420106", "新址"),
        ("420106-H1", "The hospital", "024", "420106", "新址"),
    )
    plan = intake.check_registry(cast.actor("statistician"), [sheet(("地址",), *rows)])
    assert codes(plan) == [("D3", "out_of_scope")]
    assert plan.counts["update"] == 1


def test_a_row_for_another_district_is_answered_alike_whether_its_code_is_taken_there_or_not(
    cast: Cast, sheet: Make
) -> None:
    rows = [("420111-S1", "Any name", "021", "420111"), ("420111-S9", "Any name", "021", "420111")]
    answers = [intake.check_registry(cast.actor("district"), [sheet((), row)]).errors for row in rows]
    assert [[(one.place, one.code, one.found) for one in errors] for errors in answers] == [
        [("D2", "out_of_scope", "420111")]
    ] * 2


@pytest.mark.parametrize(
    ("said", "system"),
    [("卫生", "health"), ("卫生健康", "health"), ("文化", "culture"), ("文旅", "culture"), ("公安", "public_security")],
)
def test_a_system_is_taken_by_its_short_form(cast: Cast, sheet: Make, said: str, system: str) -> None:
    plan = intake.check_registry(system_actor(), [sheet(("系统",), (*GOOD, said))])
    assert codes(plan) == []
    assert plan.sheets[0].rows[0].given["system"] == system


@pytest.mark.parametrize(
    "who", ["education", "statistics_head", "unit_head", "service", "verifier", "public", "outsider"]
)
def test_who_may_not_change_the_register_imports_nothing(cast: Cast, sheet: Make, who: str) -> None:
    with pytest.raises(Forbidden):
        intake.check_registry(cast.actor(who), [sheet((), GOOD)])


def test_a_file_without_headings_is_refused_as_a_whole(cast: Cast) -> None:
    plan = intake.check_registry(system_actor(), [Grid("x", [["hello"], ["world"]])])
    assert [problem.code for problem in plan.errors] == ["no_header"]
    assert plan.counts["refused"] == 1
