"""Events by workbook: told a row each, checked one after the other, and given out so that history comes in again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from nengtan.domain.sheets.cells import Grid
from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.models import Attribute, Institution, InstitutionEvent, InstitutionSpan
from nengtan.registry.services import EventInput, InstitutionInput, intake, record_event, save_institution
from nengtan.registry.services import set_attribute as set_size
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.reader import open_table
from tests.cast import Cast

HEADING = [
    "变动类型",
    "变动日期",
    "变动前单位编码",
    "变动后单位编码",
    "新名称",
    "行政区划代码",
    "上级单位编码",
    "依据文件",
]
BODIES = ["编码", "名称", "单位类型", "行政区划代码", "生效日期", "建筑面积", "成立日期"]
SCHOOL, HOSPITAL, OFFICE = "420106-S1", "420106-H1", "420106-O1"
NEAR, FAR = "420111-S1", "330106-S1"


def events(*rows: Sequence[Any]) -> Grid:
    return Grid("机构变动", [HEADING, *[[*row, *[""] * (len(HEADING) - len(row))] for row in rows]])


def bodies(*rows: Sequence[Any]) -> Grid:
    return Grid("单位", [BODIES, *[[*row, *[""] * (len(BODIES) - len(row))] for row in rows]])


def plan_of(*grids: Grid, actor: Any = None) -> intake.RegistryPlan:
    return intake.check_registry(actor or system_actor(), grids)


def faults(plan: intake.RegistryPlan) -> list[tuple[str, str]]:
    return [(one.place, one.code) for one in plan.errors]


def take(*grids: Grid, partial: bool = False) -> intake.Result:
    return intake.import_registry(system_actor(), grids, partial)


def body(code: str) -> Institution:
    return Institution.objects.get(code=code)


def names(code: str) -> list[tuple[date, str, str]]:
    spans = InstitutionSpan.objects.filter(institution__code=code).order_by("valid_from")
    return [(span.valid_from, span.name, span.region.code) for span in spans]


def test_each_kind_of_event_is_recorded_by_the_service(cast: Cast) -> None:
    grid = events(
        ["新增", "2021-01-01", "", "N1"],
        ["更名", "2022-03-01", SCHOOL, "", "实验学校", "", "", "武编〔2022〕1号"],
        ["合并", "2023-01-01", f"{SCHOOL}、{HOSPITAL}", "N1"],
        ["分立", "2024-01-01", "N1", "N2,N3"],
        ["隶属变更", "2024-02-01", OFFICE, "", "", "420111", "N2"],
        ["注销", "2024-03-01", FAR],
    )
    made = bodies(*[[f"N{at}", f"新校{at}", "021", "420106"] for at in (1, 2, 3)])
    result = take(made, grid)
    assert (result.errors, result.created) == ([], 9)
    assert names(SCHOOL)[-1] == (date(2022, 3, 1), "实验学校", "420106")
    assert (body(SCHOOL).closed_on, body(HOSPITAL).closed_on) == (date(2023, 1, 1), date(2023, 1, 1))
    assert (body("N1").established_on, body("N1").closed_on) == (date(2021, 1, 1), date(2024, 1, 1))
    assert body("N2").established_on == date(2024, 1, 1)
    moved = body(OFFICE)
    assert (moved.region.code, moved.superior, moved.status) == ("420111", body("N2"), "active")
    assert body(FAR).status == "closed"
    assert InstitutionEvent.objects.get(kind="renamed").document == "武编〔2022〕1号"
    assert AuditEvent.objects.filter(action="event.merged").exists()
    again = take(made, grid)
    assert (again.errors, again.accepted, again.unchanged) == ([], 0, 9)


@pytest.mark.parametrize(
    ("row", "place", "code"),
    [
        (["搬家", "2022-01-01", SCHOOL], "A2", "not_a_choice"),
        (["更名", "someday", SCHOOL, "", "新"], "B2", "not_a_date"),
        (["更名", "2022-01-01", "NOBODY", "", "新"], "C2", "unknown_institution"),
        (["更名", "2022-01-01", SCHOOL], "E2", "event_refused"),
        (["更名", "2022-01-01", "", "", "新"], "C2", "event_sides"),
        (["合并", "2022-01-01", f"{SCHOOL},{HOSPITAL}", ""], "D2", "event_sides"),
        (["隶属变更", "2022-01-01", SCHOOL], "F2", "event_refused"),
        (["隶属变更", "2022-01-01", SCHOOL, "", "", "999999"], "F2", "unknown_region"),
        (["隶属变更", "2022-01-01", OFFICE, "", "", "", OFFICE], "G2", "cycle"),
        (["注销", "2023-06-01", FAR], "C2", "event_refused"),
        (["注销", timezone.localdate() + timedelta(days=2), SCHOOL], "B2", "event_refused"),
    ],
)
def test_what_cannot_have_happened_is_told_with_its_cell(cast: Cast, row: list[Any], place: str, code: str) -> None:
    record_event(system_actor(), EventInput("closed", date(2022, 6, 1), [body(FAR)]))
    plan = plan_of(events(row))
    assert faults(plan) == [(place, code)]
    with override("en"):
        assert wording.message(plan.errors[0])
        assert wording.allowed(plan.errors[0]) or code in {"unknown_institution"}
    assert InstitutionEvent.objects.count() == 1


def test_events_of_one_file_follow_each_other(cast: Cast) -> None:
    grid = events(["更名", "2023-01-01", SCHOOL, "", "新"], ["注销", "2022-01-01", SCHOOL])
    assert faults(plan_of(grid)) == [("C2", "event_refused")]
    twice = events(["注销", "2022-01-01", SCHOOL], ["注销", "2022-01-01", SCHOOL])
    assert faults(plan_of(twice)) == [("A3", "duplicate_code")]
    result = take(grid, partial=True)
    assert (result.created, result.rejected, body(SCHOOL).status) == (1, 1, "closed")


def test_nobody_tells_of_bodies_beyond_their_reach(cast: Cast) -> None:
    plan = plan_of(events(["注销", "2022-01-01", NEAR]), actor=cast.actor("district"))
    assert faults(plan) == [("C2", "unknown_institution")]
    plan = plan_of(events(["隶属变更", "2022-01-01", SCHOOL, "", "", "420111"]), actor=cast.actor("district"))
    assert faults(plan) == [("F2", "out_of_scope")]
    assert plan_of(events(["注销", "2022-01-01", SCHOOL]), actor=cast.actor("district")).errors == []


def test_a_row_that_already_bears_the_new_name_keeps_the_old_one_for_the_past(cast: Cast) -> None:
    for day in ("", "2021-01-01"):  # the day of the area lies before the renaming
        take(bodies([SCHOOL, "新校", "021", "420106", day, 900]), events(["更名", "2023-05-01", SCHOOL, "", "新校"]))
        assert [name for _day, name, _region in names(SCHOOL)] == ["The school", "新校"]
        assert body(SCHOOL).name == "新校"


def test_a_row_that_contradicts_an_event_of_the_file_is_refused(cast: Cast) -> None:
    happened = events(["更名", "2023-05-01", SCHOOL, "", "新校"])
    plan = plan_of(bodies([SCHOOL, "老校", "021", "420106"]), happened)
    assert ("B2", "differs_from_event") in faults(plan)


def test_what_an_event_on_record_says_stays(cast: Cast) -> None:
    take(events(["更名", "2023-05-01", SCHOOL, "", "新校", "", "", "甲文"]))
    assert plan_of(events(["更名", "2023-05-01", SCHOOL, "", "新校"])).counts["same"] == 1
    plan = plan_of(events(["更名", "2023-05-01", SCHOOL, "", "别校", "", "", "乙文"]))
    assert faults(plan) == [("E2", "event_on_record"), ("H2", "event_on_record")]


def test_credit_codes_name_the_bodies_of_events(cast: Cast) -> None:
    Institution.objects.filter(code=SCHOOL).update(credit_code="91350100M000100Y43")
    assert take(events(["合并", "2022-01-01", f"91350100M000100Y43,{HOSPITAL}", OFFICE])).errors == []
    assert (body(SCHOOL).status, body(HOSPITAL).status) == ("closed", "closed")


@pytest.fixture
def history(cast: Cast) -> list[str]:
    """Bodies renamed twice, moved, mended afterwards, merged and split, with areas of several days."""
    actor, regions = system_actor(), cast.regions
    made = [
        save_institution(
            actor, InstitutionInput(f"H{at}", f"Body {at}", "021", regions["420106"], superior=above, system="health")
        )
        for at, above in ((1, None), (2, body(OFFICE)), (3, None), (4, None), (5, None))
    ]
    one, two, three, four, five = made
    for subject, day, area in ((one, 2019, 900), (one, 2024, 950), (two, 2021, 400), (three, 2020, 70)):
        set_size(actor, subject, "area_m2", date(day, 1, 1), Decimal(area))
    for data in (
        EventInput("renamed", date(2020, 6, 1), [one], name="Body one", document="No. 1"),
        EventInput("renamed", date(2023, 6, 1), [one], name="The one"),
        EventInput("moved", date(2022, 3, 1), [two], region=regions["420111"], superior=three),
        EventInput("merged", date(2023, 1, 1), [three, four], [four], document="No. 2", note="taken in"),
        EventInput("added", date(2018, 1, 1), [], [five]),
    ):
        record_event(actor, data)
    save_institution(actor, InstitutionInput("H1", "The one", "024", regions["420106"]), body("H1"))  # the last span
    save_institution(actor, InstitutionInput("H2", "Body 2", "021", regions["420111"]), body("H2"))
    return [item.code for item in made]


def state(codes: Sequence[str], prefix: str = "") -> dict[str, Any]:
    """What an outsider could ask of the bodies, codes without the prefix."""
    found: dict[str, Any] = {}
    for one in Institution.objects.filter(code__in=[prefix + code for code in codes]).order_by("code"):
        spans = one.spans.order_by("valid_from").values_list(
            "valid_from", "name", "kind", "region__code", "superior__code", "reports_to", "system"
        )
        sizes = Attribute.objects.filter(institution=one).order_by("valid_from").values_list("valid_from", "value")
        parts = one.event_parts.order_by("event__effective_on", "event__kind", "side").values_list(
            "event__kind", "event__effective_on", "event__document", "event__note", "side"
        )
        today = [one.name, one.initials, one.kind, one.region.code, one.status, one.established_on, one.closed_on]
        plain = [[str(cell or "").removeprefix(prefix) for cell in span] for span in spans]
        plain[0][0] = "first"  # what held first held always
        found[one.code.removeprefix(prefix)] = [today, plain, list(sizes), list(parts)]
    return found


def renamed(content: bytes, codes: Sequence[str], prefix: str) -> list[Grid]:
    """The workbook as if of other bodies: their codes begin with a prefix."""

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return ",".join(prefix + part if part in codes else part for part in value.split(","))

    return [
        Grid(grid.name, [[cell(value) for value in row] for row in grid.rows], grid.merges, hidden=grid.hidden)
        for grid in open_table(content, "register.xlsx")
    ]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_history_comes_in_again_as_it_went_out(history: list[str], language: str) -> None:
    with override(language):
        content = intake.export_workbook(Institution.objects.filter(code__in=history), history=True)
        result = take(*open_table(content, "register.xlsx"))
        assert (result.errors, result.accepted) == ([], 0)
        result = take(*renamed(content, history, "X"))
        assert (result.errors, result.stored) == ([], True)
        assert state(history, "X") == state(history)
        again = intake.export_workbook(Institution.objects.filter(code__in=[f"X{code}" for code in history]), True)
        before, after = (
            [[row for row in grid.rows if any(row)] for grid in grids if not grid.hidden]
            for grids in (renamed(content, history, "X"), open_table(again, "again.xlsx"))
        )
        assert after == before


def test_a_plain_export_of_renamed_bodies_changes_nothing_either(history: list[str]) -> None:
    before = state(history)
    content = intake.export_workbook(Institution.objects.filter(code__in=history))
    result = take(*open_table(content, "register.xlsx"))
    assert (result.errors, result.accepted) == ([], 0)
    assert state(history) == before


def test_names_over_time_without_their_events_are_refused(history: list[str]) -> None:
    content = intake.export_workbook(Institution.objects.filter(code__in=history), history=True)
    grids = [grid for grid in renamed(content, history, "X") if "变动" not in grid.name and "vent" not in grid.name]
    plan = plan_of(*grids)
    assert "differs_from_row" in {one.code for one in plan.errors}
    assert plan.counts["refused"]
