"""One code in several rows of a file: values that hold from different days, and what such rows must agree on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from nengtan.domain.sheets.cells import Grid
from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.models import Attribute, Building, Contact, Institution, InstitutionSpan
from nengtan.registry.services import intake
from nengtan.ui.sheets.wording import told
from tests.cast import Cast

Make = Callable[..., Grid]
BODY = ("A1", "第一小学", "021", "420106")
MORE = ("建筑面积", "用能人数", "生效日期")


def take(*grids: Grid, partial: bool = False) -> intake.Result:
    return intake.import_registry(system_actor(), grids, partial, "register.xlsx")


def values(key: str, **of: Any) -> list[tuple[date, Decimal]]:
    rows = Attribute.objects.filter(key=key, **of).order_by("valid_from")
    return list(rows.values_list("valid_from", "value"))


def test_rows_of_one_code_are_values_from_their_days(cast: Cast, sheet: Make) -> None:
    rows = (
        (*BODY, 5600, 320, "2023-09-01"),
        (*BODY, 5000, 300, "2021-01-01"),
        (*BODY, 5000, 310, "2022-01-01"),
    )
    result = take(sheet(MORE, *rows))
    assert (result.created, result.updated, result.errors) == (1, 2, [])
    assert values("area_m2") == [(date(2021, 1, 1), Decimal(5000)), (date(2023, 9, 1), Decimal(5600))]
    assert [value for _day, value in values("persons")] == [300, 310, 320]
    assert InstitutionSpan.objects.filter(institution__code="A1").count() == 1
    assert AuditEvent.objects.filter(action="attribute.set").count() == 5
    again = take(sheet(MORE, *rows))
    assert (again.accepted, again.unchanged) == (0, 3)


def test_a_value_comes_back_after_it_was_another(cast: Cast, sheet: Make) -> None:
    take(sheet(MORE, (*BODY, 5000, 300, "2020-01-01")))
    take(sheet(MORE, (*BODY, 6000, None, "2021-01-01"), (*BODY, 5000, None, "2022-01-01")))
    assert [value for _day, value in values("area_m2")] == [5000, 6000, 5000]


def test_buildings_too_hold_from_their_days(cast: Cast, sheet: Make) -> None:
    heading = ["编码", "名称", "单位编码", "建筑面积", "屋顶面积", "生效日期"]
    house = ["B1", "教学楼", "420106-S1"]
    rows = [heading, [*house, 4000, 900, "2021-01-01"], [*house, 4500, None, "2024-07-01"]]
    result = take(Grid("建筑", rows))
    assert (result.created, result.updated, result.errors) == (1, 1, [])
    assert Building.objects.filter(code="B1").count() == 1
    assert [value for _day, value in values("area_m2", building__code="B1")] == [4000, 4500]


@pytest.mark.parametrize(
    ("second", "place", "code", "words"),
    [
        ((*BODY, 5600, 320, "2021-01-01"), "G3", "duplicate_day", "row 2"),
        ((*BODY, 5600, 320, None), "G3", "repeated_without_day", "several rows"),
        (("A1", "第二小学", "021", "420106", 5600, 320, "2022-01-01"), "B3", "differs_from_row", "Row 2"),
        (("A1", "第一小学", "024", "420106", 5600, 320, "2022-01-01"), "C3", "differs_from_row", "Row 2"),
        (("A1", "第一小学", "021", "420111", 5600, 320, "2022-01-01"), "D3", "differs_from_row", "Row 2"),
    ],
)
def test_what_rows_of_one_code_may_not_say(
    cast: Cast, sheet: Make, second: tuple[Any, ...], place: str, code: str, words: str
) -> None:
    grid = sheet(MORE, (*BODY, 5000, 300, "2021-01-01"), second)
    plan = intake.check_registry(system_actor(), [grid])
    assert [(problem.place, problem.code) for problem in plan.errors] == [(place, code)]
    with translation.override("en"):
        explained = told(plan.errors[0])
    assert words in explained["message"]
    assert explained["allowed"]
    result = take(grid, partial=True)
    assert (result.created, result.rejected) == (1, 1)
    assert [value for _day, value in values("area_m2")] == [5000]


def test_a_region_by_code_and_by_name_is_one(cast: Cast, sheet: Make) -> None:
    named = ("A1", "第一小学", "021", cast.regions["420106"].name)
    grid = sheet(MORE, (*BODY, 5000, 300, "2021-01-01"), (*named, 5100, 300, "2022-01-01"))
    assert intake.check_registry(system_actor(), [grid]).errors == []


def test_the_first_good_row_brings_the_body(cast: Cast, sheet: Make) -> None:
    grid = sheet(
        (*MORE, "联络员"),
        (*BODY, -1, 300, "2021-01-01", "李样例"),
        (*BODY, 5100, 310, "2022-01-01", None),
        (*BODY, 5200, 320, "2023-01-01", "李样例"),
    )
    result = take(grid, partial=True)
    assert (result.created, result.updated, result.rejected) == (1, 1, 1)
    assert Contact.objects.filter(institution__code="A1").count() == 1
    assert [value for _day, value in values("area_m2")] == [5100, 5200]


def test_a_past_name_is_that_of_its_own_span(cast: Cast, sheet: Make) -> None:
    from nengtan.registry.services import EventInput, record_event

    take(sheet(MORE, (*BODY, 5000, 300, "2021-01-01")))
    body = Institution.objects.get(code="A1")
    record_event(system_actor(), EventInput("renamed", date(2022, 9, 1), [body], name="实验小学"))
    renamed = ("A1", "实验小学", "021", "420106")
    plan = intake.check_registry(
        system_actor(), [sheet(MORE, (*BODY, 5000, 300, "2021-01-01"), (*renamed, 5600, 300, "2023-01-01"))]
    )
    assert plan.errors == []
    assert [row.action for row in plan.rows("institutions")] == ["same", "update"]


def count(make: Make, rows: int, at: int) -> int:
    """Queries of an import of so many institutions with superiors, contacts and values."""
    listed = [(f"Q{at}-{n}", f"单位{n}", "021", "420106", 100 + n, 10 + n, "2021-01-01", "张三", f"Q{at}-0")
              for n in range(rows)]  # fmt: skip
    listed[0] = (*listed[0][:-1], None)
    grid = make((*MORE, "联络员", "上级单位编码"), *listed)
    with CaptureQueriesContext(connection) as captured:
        assert take(grid).created == rows
    return len(captured)


def test_queries_grow_by_batches_not_by_rows(cast: Cast, sheet: Make) -> None:
    few, many = count(sheet, 20, 1), count(sheet, 400, 2)
    assert many - few < 400 / 4
