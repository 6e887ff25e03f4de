"""Institutions, sub-items and months said in other ways than the template asks, and what the refusal of one offers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.utils.translation import override
from openpyxl import Workbook

from nengtan.identity.access import system_actor
from nengtan.ledger.services import intake
from nengtan.ledger.wording import result_dict
from nengtan.registry.models import Institution
from nengtan.registry.services import EventInput, record_event
from nengtan.ui.sheets import wording
from tests.cast import Cast
from tests.ledger.files import workbook


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


LONG = ("单位名称", "月份", "能源品种", "用量", "计量单位", "分项")


def preview(cast: Cast, *rows: tuple[Any, ...], who: str = "district", head: tuple[str, ...] = LONG) -> intake.Result:
    content = workbook([head, *rows])
    return intake.preview_result(intake.check_file(cast.actor(who), "a.xlsx", content))


def named_sheet(name: str, rows: list[tuple[Any, ...]]) -> bytes:
    book = Workbook()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("空调", "01B00"), ("空调用电", "01B00"), ("照明", "01A00"), ("照明插座用电", "01A00"), ("电梯", "01C10"),
        ("食堂", "01D30"), ("数据机房", "01D10"), ("Air conditioning", "01B00"), ("01b10", "01B10"),
    ],
)  # fmt: skip
def test_an_item_is_taken_by_its_name_or_a_usual_word(cast: Cast, said: str, code: str) -> None:
    plan = intake.check_file(
        system_actor(), "a.xlsx", workbook([LONG, ("The school", "2023-01", "电力", 5, "kWh", said)])
    )
    assert plan.errors() == []
    assert [entry.item for entry in plan.sheets[0].entries] == [code]


def test_an_unknown_item_is_answered_with_codes_and_names(cast: Cast) -> None:
    with override("zh-hans"):
        (problem,) = preview(cast, ("The school", "2023-01", "电力", 5, "kWh", "不明")).errors
        assert problem.place == "F2"
        assert wording.allowed(problem) == (
            "分项的编码或名称，例如 01A00 照明插座用电、01B00 空调用电、01C00 动力用电、01D00 特殊用电"
        )
        (near,) = preview(cast, ("The school", "2023-01", "电力", 5, "kWh", "冷却泵房")).errors
        assert near.allowed[0] == "01B1B 冷却泵"


def test_whether_a_body_of_another_district_exists_is_not_told(cast: Cast) -> None:
    there, nowhere = cast.institutions["neighbour_school"], "The neighbour_schoom"
    others = ("单位编码", "单位名称", "月份", "能源品种", "用量", "计量单位")
    answers = [
        preview(cast, (code, name, "2023-01", "电力", 5, "kWh"), head=others).errors
        for code, name in [
            (None, there.name), (None, nowhere), (there.code, None), ("420111-S9", None), (there.code, "Other"),
            ("420111-S9", "Other"),
        ]
    ]  # fmt: skip
    told = [[(one.code, one.column, one.allowed) for one in errors] for errors in answers]
    assert told[0] == told[1] == [("unknown_institution", "institution_name", ("The school",))]
    assert told[2] == told[3]
    assert told[4] == told[5]
    for errors, found in zip(answers, [there.name, nowhere], strict=False):
        assert wording.message(errors[0]) == f"The register you are responsible for has no institution “{found}”."


def test_two_bodies_of_one_name_elsewhere_are_not_told_either(cast: Cast) -> None:
    Institution.objects.filter(code__in=["420111-S1", "330106-S1"]).update(name="Twin school")
    (problem,) = preview(cast, ("Twin school", "2023-01", "电力", 5, "kWh", None)).errors
    assert problem.code == "unknown_institution"


def test_a_refused_institution_says_what_is_allowed_and_what_is_near(cast: Cast) -> None:
    def allowed(name: str) -> str:
        return wording.allowed(preview(cast, (name, "2023-01", "电力", 5, "kWh", None)).errors[0])

    general = "full name, code or unified social credit code of an institution of your register"
    assert allowed("zzz") == general
    assert allowed("The schol").startswith(f"{general}; near: The school")
    assert "420106-S1 The school" in allowed("420106-S7")


@pytest.mark.parametrize("said", ["420106-S1", "12420106MB0000001X"])
def test_a_code_where_the_name_should_stand_is_taken(cast: Cast, said: str) -> None:
    Institution.objects.filter(code="420106-S1").update(credit_code="12420106MB0000001X")
    result = preview(cast, (said, "2023-01", "电力", 5, "kWh", None))
    assert (result.accepted, result.errors) == (1, [])


def test_a_name_where_the_code_should_stand_is_taken(cast: Cast) -> None:
    head = ("单位编码", "月份", "能源品种", "用量", "计量单位")
    assert preview(cast, ("The school", "2023-01", "电力", 5, "kWh"), head=head).accepted == 1


WIDE = ("单位名称", "用电量(kWh)", "用水量(m3)")
FIGURES: list[tuple[Any, ...]] = [WIDE, ("The school", 5, 6), ("The hospital", 7, 8), ("合计", 12, 14)]


@pytest.mark.parametrize(
    ("sheet", "above"),
    [("2024年5月", ()), ("2024-05", ()), ("2024.5月", ()), ("5月", ("2024年能耗表",)), ("Sheet", ("2024年5月能耗表",))],
)
def test_the_month_may_stand_in_the_name_of_the_sheet_or_the_title(
    cast: Cast, sheet: str, above: tuple[str, ...]
) -> None:
    rows = [(line, None, None) for line in above] + FIGURES
    result = intake.preview_result(intake.check_file(cast.actor("district"), "a.xlsx", named_sheet(sheet, rows)))
    assert (result.accepted, result.rejected, result.errors) == (2, 0, [])
    assert {period for view in result.sheets for period in view.table.period} == {202405}
    assert result_dict(result)["sheets"][0]["from_title"] == "2024-05"


def test_a_sheet_without_a_month_says_where_and_counts_rows_of_figures_alone(cast: Cast) -> None:
    told = result_dict(
        intake.preview_result(intake.check_file(cast.actor("district"), "a.xlsx", named_sheet("账单", FIGURES)))
    )
    (error,) = told["errors"]
    assert (error["code"], error["sheet"], error["row"]) == ("missing_column", "账单", 1)
    assert error["message"].endswith("Looked for among the headings in A1:C1 of the sheet “账单”.")
    assert (told["accepted"], told["rejected"]) == (0, 2)
    assert [(row["row"], row["code"]) for row in told["skipped"]] == [(4, "total")]


MONTHS = [("月份", "用电量(kWh)", "费用(元)"), ("2023-01", 100, 60), ("2023-02", 110, 66)]


def of_title(cast: Cast, title: str, sheet: str = "Sheet1", who: str = "district") -> dict[str, Any]:
    content = named_sheet(sheet, [(title, None, None), *MONTHS])
    return result_dict(intake.preview_result(intake.check_file(cast.actor(who), "a.xlsx", content)), True)


def test_an_institution_named_in_the_title_alone_is_the_one_of_all_rows(cast: Cast) -> None:
    Institution.objects.filter(code="420106-S1").update(name="武昌区样例小学")
    title = "武昌区样例小学2023年用电量统计表"
    told = of_title(cast, title)
    assert (told["accepted"], told["rejected"], told["errors"]) == (2, 0, [])
    assert told["sheets"][0]["from_title"] == "武昌区样例小学 · 2023"
    (note,) = told["notes"]
    assert note["code"] == "institution_from_title"
    assert note["message"] == (
        f"No column names an institution: by the title “{title}” all rows are taken for “武昌区样例小学”."
    )
    plan = intake.check_file(cast.actor("district"), "a.xlsx", named_sheet("a", [(title, None, None), *MONTHS]))
    bodies = {entry.institution_id for entry in plan.sheets[0].entries}
    assert bodies == {cast.institutions["school"].pk}


def test_a_former_name_in_the_title_is_understood_and_told(cast: Cast) -> None:
    event = EventInput("renamed", date(2023, 7, 1), before=[cast.institutions["school"]], name="New school")
    record_event(system_actor(), event)
    told = of_title(cast, "The school 2023")
    assert told["accepted"] == 2
    assert [note["code"] for note in told["notes"]] == ["institution_from_title", "former_name"]


def test_the_name_of_the_sheet_counts_where_the_title_says_nothing(cast: Cast) -> None:
    told = of_title(cast, "2023 electricity", sheet="The school 2023")
    assert (told["accepted"], told["sheets"][0]["from_title"]) == (2, "The school · 2023")


def test_the_longest_name_in_a_title_is_meant(cast: Cast) -> None:
    Institution.objects.filter(code="420106-S1").update(name="样例小学")
    Institution.objects.filter(code="420106-H1").update(name="样例小学附属医院")
    assert of_title(cast, "样例小学附属医院2023年用电量")["sheets"][0]["from_title"] == "样例小学附属医院 · 2023"
    assert of_title(cast, "样例小学2023年用电量")["sheets"][0]["from_title"] == "样例小学 · 2023"


@pytest.mark.parametrize(
    ("title", "code", "found"),
    [
        ("The school and The hospital", "several_in_title", "The hospital, The school"),
        ("The neighbour_school 2023", "no_institution", ""),
        ("The schooling of 2023", "no_institution", ""),
        ("2023", "no_institution", ""),
    ],
)
def test_a_title_that_does_not_say_whose_is_refused_with_what_to_do(
    cast: Cast, title: str, code: str, found: str
) -> None:
    told = of_title(cast, title)
    (error,) = told["errors"]
    assert (error["code"], told["accepted"], told["rejected"]) == (code, 0, 2)
    assert found in error["message"]
    assert "Institution name: …" in error["allowed"]
    assert error["message"].endswith("Looked for among the headings in A2:C2 of the sheet “Sheet1”.")


def test_only_who_reports_for_an_institution_may_name_it_in_a_title(cast: Cast) -> None:
    told = of_title(cast, "The hospital 2023", who="statistician")
    assert [error["code"] for error in told["errors"]] == ["no_institution"]
    assert of_title(cast, "The school 2023", who="statistician")["accepted"] == 2


def test_a_list_of_the_register_is_sent_to_the_register(cast: Cast) -> None:
    head = ("编码", "名称", "单位类型", "行政区划代码", "建筑面积")
    result = preview(cast, ("W1", "The new school", "021", "420106", 5), head=head)
    assert [fault.code for fault in result.errors] == ["list_of_register"]
    assert "like a list of the register: Institutions" in wording.message(result.errors[0])
    assert "imported in the register" in wording.allowed(result.errors[0])
