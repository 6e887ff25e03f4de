"""A sheet is understood by its title and its strongest columns; how it was read, and what it lacks, is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.utils.translation import override

from nengtan.domain.sheets.cells import Grid, Merge
from nengtan.identity.access import system_actor
from nengtan.registry.services import intake
from nengtan.registry.services.intake import schema
from nengtan.registry.wording import result_dict, understood_sheets
from nengtan.ui.sheets import wording
from tests.cast import Cast

LIST = ["序号", "单位名称", "单位编码", "统一社会信用代码", "单位类型", "行政区划代码", "建筑面积", "传真"]
ROW = ["1", "第一小学", "A1", "", "021", "420106", 1200.0, "027"]
BUILDINGS = ["建筑名称", "建筑编码", "单位名称", "单位编码", "面积"]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


def plan_of(*grids: Grid) -> intake.RegistryPlan:
    return intake.check_registry(system_actor(), grids)


def without(heading: str, *rows: Sequence[Any]) -> list[list[Any]]:
    at = LIST.index(heading)
    return [[cell for index, cell in enumerate(row) if index != at] for row in (LIST, *rows)]


def kinds(plan: intake.RegistryPlan) -> list[str]:
    return [sheet.kind for sheet in plan.sheets]


@pytest.mark.parametrize("name", ["Sheet1", "公共机构名录", "武昌区公共机构建筑面积表"])
def test_a_list_of_institutions_without_regions_is_no_list_of_buildings(cast: Cast, name: str) -> None:
    plan = plan_of(Grid(name, without("行政区划代码", ROW)))
    assert kinds(plan) == ["institutions"]
    assert [(one.code, one.column) for one in plan.errors] == [("missing_region_column", "region_code")]
    told = wording.message(plan.errors[0])
    assert "Institutions" in told
    assert "Region code" in told
    assert plan.counts == {"create": 0, "update": 0, "same": 0, "refused": 1}


def test_a_list_titled_above_its_headings_is_understood(cast: Cast) -> None:
    heading = ["编码", "名称", "机构代码", "类型"]
    rows = [["武昌区公共机构名录", "", "", ""], heading, ["A1", "第一小学", "420106-S1", "021"]]
    plan = plan_of(Grid("Sheet1", rows))
    assert kinds(plan) == ["institutions"]
    assert {one.code for one in plan.errors} >= {"missing_region_column"}


def test_the_same_columns_under_another_title_are_buildings(cast: Cast) -> None:
    rows = [["编码", "名称", "机构代码"], ["B1", "主楼", "420106-S1"]]
    plan = plan_of(Grid("建筑清单", rows))
    assert (kinds(plan), plan.errors) == (["buildings"], [])


def test_buildings_named_beside_their_institution_are_buildings(cast: Cast) -> None:
    plan = plan_of(Grid("Sheet1", [BUILDINGS, ["主楼", "B1", "The school", "420106-S1", 900.0]]))
    assert (kinds(plan), plan.errors) == (["buildings"], [])
    assert plan.sheets[0].table.records[0]["name"] == "主楼"


def test_columns_that_speak_for_two_things_are_refused_with_what_is_missing_for_each(cast: Cast) -> None:
    heading = ["单位编码", "单位名称", "单位类型", "行政区划代码", "建筑名称"]
    plan = plan_of(Grid("Sheet1", [heading, ["A1", "第一小学", "021", "420106", "主楼"]]))
    assert (kinds(plan), [one.code for one in plan.errors]) == ([], ["sheet_unclear"])
    told = wording.message(plan.errors[0])
    assert "as “Institutions” it lacks nothing" in told
    assert "as “Buildings” it lacks Code" in told
    assert "Institutions, Buildings" in wording.allowed(plan.errors[0])


def test_its_title_settles_what_its_columns_leave_open(cast: Cast) -> None:
    heading = ["单位编码", "单位名称", "单位类型", "行政区划代码", "建筑名称"]
    plan = plan_of(Grid("单位名录", [heading, ["A1", "第一小学", "021", "420106", "主楼"]]))
    assert (kinds(plan), plan.errors) == (["institutions"], [])
    assert [column.heading for column in understood_sheets(plan.sheets)[0].unread] == ["建筑名称"]


def test_a_sheet_of_remarks_beside_the_register_is_left_out(cast: Cast) -> None:
    plan = plan_of(Grid("单位", [LIST, ROW]), Grid("说明", [["名称", "备注"], ["甲", "乙"]]))
    assert (kinds(plan), plan.errors) == (["institutions"], [])
    assert [note.code for note in plan.remarks if note.sheet == "说明"] == ["sheet_not_register"]


def test_rows_that_name_a_group_are_left_out_and_told(cast: Cast) -> None:
    rows = [
        LIST,
        ["一", "教育系统", *[""] * 6],
        ROW,
        ["二、卫生系统", *[""] * 7],
        ["", "其他单位", *[""] * 6],
        ["2", "第二小学", "A2", "", "021", "420106", 800.0, ""],
        ["3", "", "A3", "", "", "", "", ""],
    ]
    plan = plan_of(Grid("单位", rows))
    assert [(row.row, row.reason) for _sheet, row in plan.skipped] == [(2, "group"), (4, "group"), (5, "group")]
    assert {one.row for one in plan.errors} == {7}
    assert plan.counts["create"] == 2


def test_a_code_alone_in_its_row_is_a_faulty_row_unless_it_is_merged_over_the_others(cast: Cast) -> None:
    heading = ["编码", "名称", "单位类型", "行政区划代码"]
    rows = [heading, ["A9", "", "", ""], ["A1", "第一小学", "021", "420106"]]
    assert {one.row for one in plan_of(Grid("单位", rows)).errors} == {2}
    merged = plan_of(Grid("单位", rows, [Merge(1, 0, 1, 3)]))
    assert ([row.row for _sheet, row in merged.skipped], merged.errors) == ([2], [])


def test_how_each_sheet_was_understood_is_told(cast: Cast) -> None:
    result = intake.preview_result(plan_of(Grid("单位", [["2024年名录", *[""] * 7], LIST, ROW])))
    told = result_dict(result)["sheets"][0]
    assert (told["sheet"], told["kind"], told["read_as"]) == ("单位", "institutions", "Institutions")
    assert (told["header_row"], told["rows"]) == (2, 1)
    taken = {column["heading"]: (column["column"], column["key"]) for column in told["columns"]}
    assert taken["单位名称"] == ("B", "name")
    assert taken["单位编码"] == ("C", "code")
    assert told["unread"] == [{"column": "H", "heading": "传真"}]


def test_faults_of_cells_and_of_references_are_told_in_one_round(cast: Cast) -> None:
    heading = ["编码", "名称", "单位类型", "行政区划代码", "上级单位编码", "建筑面积"]
    rows = [
        heading,
        ["A1", "第一小学", "工厂", "999999", "NOBODY", -5.0],
        ["A2", "第二小学", "021", "420106", "A1", 5.0],
    ]
    plan = plan_of(Grid("单位", rows))
    assert [(one.place, one.code) for one in plan.errors] == [
        ("C2", "not_a_choice"),
        ("D2", "unknown_region"),
        ("E2", "unknown_institution"),
        ("F2", "too_small"),
        ("E3", "needs_refused_row"),
    ]


def test_a_missing_column_keeps_nobody_from_checking_the_others(cast: Cast) -> None:
    row = list(ROW)
    row[LIST.index("单位类型")] = "工厂"
    plan = plan_of(Grid("单位", without("行政区划代码", row)))
    assert [one.code for one in plan.errors] == ["missing_region_column", "not_a_choice"]


@pytest.mark.parametrize("kind", sorted(schema.fields()))
def test_no_missing_column_stops_the_check_of_the_others(cast: Cast, kind: str) -> None:
    entries = schema.fields()[kind]
    for left_out in [entry.key for entry in entries if entry.required]:
        keys = [entry.key for entry in entries if entry.key != left_out]
        with override("zh-hans"):
            heading = [str(wording.column_name(key)) for key in keys]
        plan = plan_of(Grid(kind, [heading, ["x"] * len(keys), ["x"] * len(keys)]))
        assert plan.errors, (kind, left_out)


@pytest.mark.parametrize(
    ("sheet", "heading", "row", "expected"),
    [
        ("建筑", ["编码", "名称", "单位编码", "层数"], ["B1", "", "NOBODY", "x"], {"B", "C", "D"}),
        ("共用", ["建筑编码", "单位编码", "比例", "起始日期"], ["NOWHERE", "", "40", "x"], {"A", "B", "C", "D"}),
        ("计量器具", ["编码", "单位编码", "上级表号", "能源品种"], ["M1", "NOBODY", "M0", "氢"], {"B", "C", "D"}),
        ("设备", ["单位编码", "建筑编码", "类型", "名称"], ["NOBODY", "B0", "火箭", ""], {"A", "B", "C", "D"}),
        ("联系人", ["单位编码", "职责", "姓名", "邮箱"], ["NOBODY", "厨师", "", "x"], {"A", "B", "C", "D"}),
    ],
)
def test_every_kind_of_row_is_checked_in_what_can_be_read(
    cast: Cast, sheet: str, heading: list[str], row: list[str], expected: set[str]
) -> None:
    plan = plan_of(Grid(sheet, [heading, row]))
    assert {one.letter for one in plan.errors} == expected
    assert plan.counts["refused"] == 1


def test_a_refused_row_takes_nothing_away_from_good_ones(cast: Cast) -> None:
    heading = ["建筑编码", "单位编码", "比例", "面积"]
    building = Grid("建筑", [["编码", "名称", "单位编码"], ["B1", "主楼", "420106-S1"]])
    rows = [heading, ["B1", "420106-S1", 0.6, "x"], ["B1", "420106-H1", 0.6, 5.0]]
    plan = plan_of(building, Grid("共用", rows))
    assert [(one.place, one.code) for one in plan.errors] == [("C2", "too_big"), ("D2", "not_a_number")]
    assert [row.row for row in plan.rows("occupancies")] == [3]


def test_a_repeated_row_says_which_row_it_repeats_and_where_they_differ(cast: Cast) -> None:
    second = ["2", "第二小学", "A1", "", "021", "420106", 1300.0, ""]
    plan = plan_of(Grid("单位", [LIST, ROW, second, ROW]))
    told = [wording.message(one) for one in plan.errors]
    assert told[0].startswith("“A1” stands in row 2 already.")
    assert "Name: there “第一小学”, here “第二小学”" in told[0]
    assert "there “1200”, here “1300”" in told[0]
    assert told[1] == "“A1” stands in row 2 already. Both say the same."


def test_meters_given_twice_say_so_alike(cast: Cast) -> None:
    heading = ["表号", "单位编码", "能源品种"]
    plan = plan_of(Grid("表计", [heading, ["M1", "420106-S1", "电"], ["M1", "420106-S1", "水"]]))
    assert [one.code for one in plan.errors] == ["duplicate_code"]
    assert "row 2" in wording.message(plan.errors[0])
    assert "“electricity”" in wording.message(plan.errors[0])
