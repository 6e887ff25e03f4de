"""A list may name an institution by its unified social credit code; the code itself comes first."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from nengtan.domain.sheets.cells import Grid
from nengtan.identity.access import system_actor
from nengtan.registry.models import Building, Contact, Institution, Meter
from nengtan.registry.services import intake
from nengtan.ui.sheets import wording
from tests.cast import Cast

CREDIT = "91350100M000100Y43"
OTHER = "12100000400010275N"

pytestmark = pytest.mark.django_db


@pytest.fixture
def school(cast: Cast) -> Institution:
    found = cast.institutions["school"]
    Institution.objects.filter(pk=found.pk).update(credit_code=CREDIT)
    return Institution.objects.get(pk=found.pk)


def plan_of(*grids: Grid, actor: Any = None) -> intake.RegistryPlan:
    return intake.check_registry(actor or system_actor(), grids)


def codes(plan: intake.RegistryPlan) -> list[tuple[str, str]]:
    return [(one.place, one.code) for one in plan.errors]


def buildings(*rows: list[Any], heading: str = "单位编码") -> Grid:
    return Grid("建筑", [["编码", "名称", heading], *rows])


@pytest.mark.parametrize("heading", ["单位编码", "统一社会信用代码", "信用代码"])
def test_lists_take_credit_codes(school: Institution, heading: str) -> None:
    houses = buildings(["B1", "主楼", CREDIT], ["B2", "副楼", CREDIT.lower()], heading=heading)
    meters = Grid("表计", [["编码", "能源品种", heading, "建筑编码"], ["M1", "电", CREDIT, "B1"]])
    people = Grid("联系人", [[heading, "职责", "姓名"], [CREDIT, "联络员", "甲"]])
    result = intake.import_registry(system_actor(), [houses, meters, people])
    assert (result.errors, result.stored) == ([], True)
    assert {one.institution_id for one in Building.objects.filter(code__in=["B1", "B2"])} == {school.pk}
    assert Meter.objects.get(code="M1").institution_id == school.pk
    assert Contact.objects.get(name="甲").institution_id == school.pk


def test_the_preview_says_so_once_a_column(school: Institution) -> None:
    plan = plan_of(buildings(*[[f"B{at}", "楼", CREDIT] for at in range(1, 9)]))
    notes = [note for note in plan.remarks if note.code == "credit_code_taken"]
    assert [note.place for note in notes] == ["C2"]
    with override("en"):
        told = wording.message(notes[0])
    assert told.startswith(f"“{CREDIT}” is the unified social credit code of “{school.name}”; its code {school.code}")
    assert "8 rows" in told
    assert "2, 3, 4, 5, 6" in told


def test_a_code_comes_first(cast: Cast, school: Institution) -> None:
    office = cast.institutions["office"]
    Institution.objects.filter(pk=office.pk).update(code=CREDIT)
    plan = plan_of(buildings(["B1", "主楼", CREDIT]))
    assert (plan.errors, [note.code for note in plan.remarks]) == ([], [])
    assert plan.sheets[0].rows[0].values["institution"] == CREDIT


def test_a_credit_code_of_a_row_of_the_file_names_it(cast: Cast) -> None:
    bodies = Grid(
        "单位",
        [["编码", "名称", "单位类型", "行政区划代码", "统一社会信用代码"], ["A1", "新校", "021", "420106", OTHER]],
    )
    result = intake.import_registry(system_actor(), [bodies, buildings(["B1", "主楼", OTHER])])
    assert (result.errors, result.stored) == ([], True)
    assert Building.objects.get(code="B1").institution.code == "A1"


def test_two_rows_with_one_credit_code_name_nobody(cast: Cast) -> None:
    heading = ["编码", "名称", "单位类型", "行政区划代码", "统一社会信用代码"]
    rows = [["A1", "甲校", "021", "420106", OTHER], ["A2", "乙校", "021", "420106", OTHER]]
    plan = plan_of(Grid("单位", [heading, *rows]), buildings(["B1", "主楼", OTHER]))
    assert codes(plan) == [("E3", "duplicate_credit_code"), ("C2", "ambiguous_credit_code")]
    with override("en"):
        assert "A1" in wording.allowed(plan.errors[1])


def test_a_credit_code_out_of_sight_is_unknown(cast: Cast) -> None:
    other = cast.institutions["other_school"]
    Institution.objects.filter(pk=other.pk).update(credit_code=CREDIT)
    plan = plan_of(buildings(["B1", "主楼", CREDIT]), actor=cast.actor("district"))
    assert codes(plan) == [("C2", "unknown_institution")]
    assert other.code not in str(plan.errors)
    assert plan_of(buildings(["B1", "主楼", CREDIT])).errors == []


def test_both_may_stand_in_a_list_if_they_agree(cast: Cast, school: Institution) -> None:
    heading = ["编码", "名称", "单位编码", "统一社会信用代码"]
    office = cast.institutions["office"].code
    rows = [["B1", "主楼", school.code, CREDIT], ["B2", "副楼", office, CREDIT], ["B3", "侧楼", office, ""]]
    assert codes(plan_of(Grid("建筑", [heading, *rows]))) == [("D3", "credit_code_of_other")]


def test_the_list_of_institutions_takes_the_registers_credit_codes_too(school: Institution) -> None:
    rows = [["编码", "名称", "单位类型", "行政区划代码", "地址"], [CREDIT, school.name, "021", "420106", "新街一号"]]
    result = intake.import_registry(system_actor(), [Grid("单位", rows)])
    assert (result.created, result.updated, result.errors) == (0, 1, [])
    assert Institution.objects.get(pk=school.pk).address == "新街一号"
    assert not Institution.objects.filter(code=CREDIT).exists()
