"""Writing a workbook: all or nothing, twice is once, and what goes out comes in again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from nengtan.demo.workbooks import registry_workbook
from nengtan.domain.sheets.cells import Grid
from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.models import Asset, Attribute, Building, Contact, Institution, InstitutionSpan, Meter, Occupancy
from nengtan.registry.services import EventInput, intake, record_event
from nengtan.ui.sheets.reader import open_table
from tests.cast import Cast

Make = Callable[..., Grid]
SHEETS: dict[str, list[dict[str, Any]]] = {
    "institutions": [
        {
            "code": "A1",
            "name": "第一小学",
            "kind": "021",
            "region_code": "420106",
            "superior_code": "A2",
            "area_m2": 5000,
            "persons": 300,
            "valid_from": date(2021, 1, 1),
            "utility_account": "none",
            "host_code": "A2",
            "allocation": "share",
            "share": Decimal("0.25"),
            "carriers": "electricity natural_gas water",
            "liaison_name": "李样例",
            "liaison_phone": "027-0000-0001",
        },
        {
            "code": "A2",
            "name": "教育局",
            "kind": "01",
            "region_code": "420106",
            "valid_from": date(2021, 1, 1),
            "persons": 40,
        },
    ],
    "buildings": [
        {
            "code": "B1",
            "name": "教学楼",
            "institution_code": "A1",
            "use": "teaching",
            "year_built": 1999,
            "area_m2": 4000,
            "valid_from": date(2021, 1, 1),
            "floors": 4,
            "roof_area_m2": 900,
        },
    ],
    "occupancies": [
        {"building_code": "B1", "institution_code": "A2", "share": Decimal("0.1"), "valid_from": date(2021, 1, 1)},
    ],
    "meters": [
        {
            "code": "M2",
            "name": "照明",
            "institution_code": "A1",
            "building_code": "B1",
            "parent_code": "M1",
            "carrier": "electricity",
            "item": "01A00",
            "ratio": 1,
        },
        {
            "code": "M1",
            "name": "总表",
            "institution_code": "A1",
            "building_code": "B1",
            "carrier": "electricity",
            "ratio": 40,
        },
    ],
    "assets": [
        {
            "institution_code": "A1",
            "kind": "boiler",
            "name": "锅炉",
            "count": 2,
            "fuel": "natural_gas",
            "power_mw": Decimal("1.05"),
        },
        {
            "institution_code": "A1",
            "kind": "charger",
            "name": "充电桩",
            "count": 3,
            "power_kw": 7,
            "current": "ac",
            "public": "否",
        },
    ],
}


def take(content: bytes, partial: bool = False) -> intake.Result:
    return intake.import_file(system_actor(), "register.xlsx", content, partial)


@pytest.fixture
def taken(cast: Cast) -> bytes:
    content = registry_workbook(SHEETS)
    result = take(content)
    assert (result.created, result.rejected, result.errors) == (8, 0, [])
    return content


def test_every_kind_of_record_arrives(taken: bytes) -> None:
    school = Institution.objects.select_related("superior", "host").get(code="A1")
    assert (school.superior.code, school.host.code, school.share) == ("A2", "A2", Decimal("0.25"))
    assert school.carriers == ["electricity", "natural_gas", "water"]
    assert school.initials == "dyxx"
    assert school.contacts.get().phone == "027-0000-0001"
    assert InstitutionSpan.objects.get(institution=school).name == "第一小学"
    held = {(one.key, one.value, one.valid_from) for one in Attribute.objects.filter(institution=school)}
    assert held == {("area_m2", 5000, date(2021, 1, 1)), ("persons", 300, date(2021, 1, 1))}
    building = Building.objects.get(code="B1")
    assert {one.key: one.value for one in building.attributes.all()} == {"area_m2": 4000, "roof_area_m2": 900}
    assert Occupancy.objects.get(building=building).institution.code == "A2"
    assert Meter.objects.get(code="M2").parent.code == "M1"
    assert Asset.objects.get(kind="boiler").attributes == {"fuel": "natural_gas", "power_mw": 1.05}
    assert Asset.objects.get(kind="charger").attributes == {"power_kw": 7, "current": "ac", "public": False}


def test_the_same_file_again_changes_nothing(taken: bytes) -> None:
    events = AuditEvent.objects.count()
    result = take(taken)
    assert (result.accepted, result.unchanged, result.stored) == (0, 8, False)
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_goes_out_comes_in_again(taken: bytes, language: str) -> None:
    with translation.override(language):
        content = intake.export_workbook(Institution.objects.filter(code__startswith="A"))
    result = take(content)
    assert (result.errors, result.accepted, result.unchanged) == ([], 0, 9)


def test_an_empty_cell_leaves_what_is_there(taken: bytes, sheet: Make) -> None:
    plan = intake.check_registry(
        system_actor(), [sheet(("地址", "建筑面积"), ("A1", "第一小学", "021", "420106", "新路1号", ""))]
    )
    result = intake.apply_registry(system_actor(), plan)
    school = Institution.objects.get(code="A1")
    assert (result.updated, school.address, school.share) == (1, "新路1号", Decimal("0.25"))
    assert Attribute.objects.filter(institution=school, key="area_m2").count() == 1


def test_a_later_value_stands_beside_the_earlier(taken: bytes, sheet: Make) -> None:
    row = ("A1", "第一小学", "021", "420106", 6000, "2023-09-01")
    intake.apply_registry(system_actor(), intake.check_registry(system_actor(), [sheet(("建筑面积", "生效日期"), row)]))
    held = Attribute.objects.filter(institution__code="A1", key="area_m2").order_by("valid_from")
    assert [(one.valid_from, one.value) for one in held] == [(date(2021, 1, 1), 5000), (date(2023, 9, 1), 6000)]


def test_a_name_of_the_past_mends_the_past_only(taken: bytes, sheet: Make) -> None:
    school = Institution.objects.get(code="A1")
    record_event(system_actor(), EventInput("renamed", date(2022, 6, 1), [school], name="新名小学"))
    row = ("A1", "第一小学", "021", "420106", "2021-05-01", 310)
    plan = intake.check_registry(system_actor(), [sheet(("生效日期", "用能人数"), row)])
    intake.apply_registry(system_actor(), plan)
    school.refresh_from_db()
    assert school.name == "新名小学"
    assert list(school.spans.order_by("valid_from").values_list("name", flat=True)) == ["第一小学", "新名小学"]


def test_nothing_is_written_where_one_row_is_faulty_unless_asked(cast: Cast, sheet: Make) -> None:
    grid = sheet((), ("A1", "第一小学", "021", "420106"), ("A2", "教育局", "99", "420106"))
    refused = intake.apply_registry(system_actor(), intake.check_registry(system_actor(), [grid]))
    assert (refused.accepted, refused.rejected, refused.stored) == (0, 1, False)
    assert not Institution.objects.filter(code="A1").exists()
    partial = intake.import_registry(system_actor(), [grid], partial=True)
    assert (partial.accepted, partial.rejected, partial.stored) == (1, 1, True)
    assert Institution.objects.filter(code="A1").exists()


def test_every_write_leaves_a_trace(taken: bytes) -> None:
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {
        "institution.add",
        "building.add",
        "occupancy.add",
        "meter.add",
        "asset.add",
        "contact.add",
        "attribute.set",
    } <= actions


def test_the_template_is_understood_by_the_import(cast: Cast) -> None:
    for language in ("zh-hans", "en"):
        with translation.override(language):
            content = intake.template()
            plan = intake.check_registry(system_actor(), open_table(content, "template.xlsx"))
            assert plan.errors == []
            assert [sheet.kind for sheet in plan.sheets] == [
                "institutions",
                "buildings",
                "occupancies",
                "meters",
                "assets",
                "contacts",
                "events",
            ]


def csv_of(kind: str, history: bool = False) -> bytes:
    return intake.export_csv(Institution.objects.filter(code__startswith="A"), kind, history)


def test_every_sheet_goes_out_as_csv_and_comes_in_again(taken: bytes) -> None:
    rows = {"institutions": 2, "buildings": 1, "occupancies": 1, "meters": 2, "assets": 2, "contacts": 1}
    for kind, count in rows.items():
        result = intake.import_file(system_actor(), f"{kind}.csv", csv_of(kind))
        assert (result.errors, result.accepted, result.unchanged) == ([], 0, count), kind


def test_all_dated_values_go_out_and_come_in_again(taken: bytes, sheet: Make) -> None:
    record_event(
        system_actor(), EventInput("renamed", date(2022, 6, 1), [Institution.objects.get(code="A1")], name="实验小学")
    )
    row = ("A1", "实验小学", "021", "420106", 6000, "2023-01-01")
    intake.import_registry(system_actor(), [sheet(("建筑面积", "生效日期"), row)])
    lines = csv_of("institutions", history=True).decode("utf-8-sig").splitlines()
    assert [line.split(",")[2] for line in lines[1:3]] == ["第一小学", "实验小学"]
    before = list(Attribute.objects.order_by("pk").values_list("pk", "value", "valid_from"))
    content = intake.export_workbook(Institution.objects.filter(code__startswith="A"), history=True)
    result = take(content)
    assert (result.errors, result.accepted, result.unchanged) == ([], 0, 12)
    Attribute.objects.filter(institution__code="A1", valid_from__lt=date(2023, 1, 1)).delete()
    assert take(content).updated == 1
    after = Attribute.objects.order_by("pk").values_list("value", "valid_from")
    assert sorted(after) == sorted((value, day) for _pk, value, day in before)


def test_people_have_a_sheet_of_their_own(taken: bytes) -> None:
    heading = ["单位编码", "职责", "姓名", "电话", "电子邮箱"]
    rows = [
        ["A1", "联络员", "李样例", None, "li@example.org"],
        ["A1", "联络员", "王样例", "027-2", None],
        ["A2", "碳排放管理员", "赵样例", None, "no address"],
        ["A2", "厨师", "赵样例", None, None],
    ]
    plan = intake.check_registry(system_actor(), [Grid("联系人", [heading, *rows])])
    assert [(problem.place, problem.code) for problem in plan.errors] == [("E4", "bad_email"), ("B5", "not_a_choice")]
    result = intake.apply_registry(system_actor(), plan, partial=True)
    assert (result.created, result.updated, result.rejected) == (1, 1, 2)
    people = Contact.objects.filter(institution__code="A1").order_by("name")
    assert [(one.name, one.phone, one.email) for one in people] == [
        ("李样例", "027-0000-0001", "li@example.org"), ("王样例", "027-2", ""),
    ]  # fmt: skip


def test_who_stands_in_two_sheets_is_one_person(cast: Cast, sheet: Make) -> None:
    body = sheet(
        ("联络员", "碳排放管理员", "碳排放管理员电话"), ("A1", "第一小学", "021", "420106", "李样例", "赵样例", "027-3")
    )
    people = Grid("联系人", [["单位编码", "职责", "姓名", "邮箱"], ["A1", "联络员", "李样例", "li@example.org"]])
    intake.import_registry(system_actor(), [body, people])
    found = Contact.objects.order_by("role").values_list("role", "name", "phone", "email")
    assert list(found) == [("carbon_manager", "赵样例", "027-3", ""), ("liaison", "李样例", "", "li@example.org")]
