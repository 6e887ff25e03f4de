"""The eight forms as workbooks: official layout, filled in, protected without a password, sealed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import timezone

from nengtan.domain.returns import slots
from nengtan.domain.returns.forms.seal import SealBroken, is_seal, read_seals, read_tag
from nengtan.domain.returns.steps import State
from nengtan.identity.access import Forbidden, system_actor
from nengtan.reference import scheme
from nengtan.registry.models import InstitutionEvent
from nengtan.registry.services import EventInput, record_event
from nengtan.reporting.commands import returns as command
from nengtan.reporting.models import Return
from nengtan.reporting.services import CellChange, open_returns, save_cells, workbooks
from nengtan.ui.sheets.reader import open_table
from tests.cast import Cast
from tests.reporting.desk import QUARTER
from tests.reporting.workbooks import cell_of, opened_book, sheet_of, texts


def fill(of: Return, **values: object) -> None:
    """Cells of a return; ``0001.room_elec`` is written ``r0001_room_elec``."""
    seen = {(value.record, value.indicator): value.version for value in of.values.all()}
    changes = []
    for name, value in values.items():
        record, indicator = (name[1:5], name[6:]) if name.startswith("r0") else ("", name)
        changes.append(CellChange(indicator, Decimal(str(value)), seen.get((record, indicator), 0), record))
    assert not save_cells(system_actor(), of, changes).conflicts


@pytest.fixture
def book(cast: Cast, school: Return) -> Any:
    fill(school, r0001_room_area="40.5", r0001_room_elec=400, r0002_room_area=12, heating_area=4000)
    return opened_book(workbooks.forms_of_returns(cast.actor("statistician"), [school]))


def test_a_return_is_four_forms_a_sheet_of_notes_and_a_hidden_seal(book: Any) -> None:
    assert [name[:2] for name in book.sheetnames] == ["表1", "表2", "表3", "表4", "说明", "标识"]
    assert [sheet.sheet_state for sheet in book.worksheets] == ["visible"] * 5 + ["hidden"]


def test_the_legal_marks_stand_on_every_form(book: Any) -> None:
    edition = scheme.edition("2022")
    for form in (1, 2, 3, 4):
        said = texts(sheet_of(book, form))
        assert {
            edition.forms[form].title_zh, "表号：（未核实）", "制定机关：国家机关事务管理局", "批准机关：国家统计局",
            "批准文号：（未核实）", "有效期至：（未核实）", "填报单位：The school", "报告期：2023年第1季度",
        } <= said  # fmt: skip
        foot = " ".join(said)
        assert all(f"{word}：" in foot for word in ("单位负责人", "统计负责人", "填表人", "联系电话", "报出日期"))


def test_figures_stand_beside_their_codes_and_unknown_stays_empty(book: Any) -> None:
    consumption, heating = sheet_of(book, 2), sheet_of(book, 4)
    assert [cell_of(consumption, code).value for code in ("101", "110", "111", "120", "140")] == [
        6000, 30000, 18000, 1500, 3000,
    ]  # fmt: skip
    assert cell_of(consumption, "170").value is None
    assert cell_of(heating, "301").value == 4000


def test_every_room_has_a_row_and_there_is_space_for_more(book: Any) -> None:
    sheet = sheet_of(book, 3)
    rows = {row[0].value: [cell.value for cell in row[1:3]] for row in sheet.iter_rows() if row[0].value}
    assert (rows["0001"][0], rows["0002"][0]) == (40.5, 12)
    top = next(row[0].row for row in sheet.iter_rows() if row[0].value == "0002")
    assert not sheet.cell(top + 1, 1).protection.locked
    assert sheet.cell(top + 1, 1).value is None


def test_what_is_typed_is_open_and_the_rest_is_shut_without_a_password(book: Any) -> None:
    for form in (1, 2, 3, 4):
        sheet = sheet_of(book, form)
        assert sheet.protection.sheet
        assert not sheet.protection.password
    sheet = sheet_of(book, 2)
    cell = cell_of(sheet, "110")
    assert not cell.protection.locked
    assert sheet.cell(cell.row, 1).protection.locked
    rules = {rule.type for rule in sheet.data_validations.dataValidation if cell.coordinate in rule.sqref}
    assert rules == {"decimal"}
    persons = cell_of(sheet, "102")
    assert {rule.type for rule in sheet.data_validations.dataValidation if persons.coordinate in rule.sqref} == {
        "whole"
    }


def test_it_prints_on_a4(book: Any) -> None:
    for form, orientation in ((1, "portrait"), (2, "portrait"), (3, "landscape"), (4, "portrait")):
        sheet = sheet_of(book, form)
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, orientation)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.merged_cells.ranges


def test_what_is_not_verified_is_marked(book: Any) -> None:
    sheet = sheet_of(book, 2)
    lpg = cell_of(sheet, "104")
    assert sheet.cell(lpg.row, 2).value == "千克*", "kg is assumed"
    assert sheet.cell(cell_of(sheet, "110").row, 2).value == "千瓦时"
    said = " ".join(texts(sheet))
    assert "带*的名称、代码或计量单位未与正式文本核对" in said
    assert "液化石油气、热力、功率等的计量单位未核实" in said


@pytest.mark.parametrize(("edition", "there", "gone"), [("2022", "用地面积", ""), ("2025", "建筑面积", "用地面积")])
@pytest.mark.django_db
def test_a_form_is_that_of_its_edition(edition: str, there: str, gone: str) -> None:
    said = texts(sheet_of(opened_book(workbooks.blank(scheme.edition(edition))), 2))
    assert any(text.startswith(there) for text in said)
    assert not gone or not any(text.startswith(gone) for text in said)


def test_the_seal_says_how_every_cell_stood(cast: Cast, school: Return) -> None:
    content = workbooks.forms_of_returns(cast.actor("statistician"), [school])
    (grid,) = [grid for grid in open_table(content, "a.xlsx") if is_seal(grid)]
    (seal,) = read_seals(grid)
    assert (seal.institution, seal.period, seal.edition, seal.version) == ("420106-S1", QUARTER, "2022", school.version)
    assert seal.cells["", "elec_qty"] == (1, Decimal(30000))
    broken = [list(row) for row in grid.rows]
    broken[1][4] = str(broken[1][4]).replace("30000", "30001")
    with pytest.raises(SealBroken):
        read_seals(type(grid)("seal", broken))


def test_every_form_says_whose_it_is(cast: Cast, school: Return) -> None:
    content = workbooks.forms_of_returns(cast.actor("statistician"), [school])
    tags = [tag for grid in open_table(content, "a.xlsx") if (tag := read_tag(grid))]
    assert [(tag.institution, tag.period, tag.edition, tag.form) for tag in tags] == [
        ("420106-S1", QUARTER, "2022", form) for form in (1, 2, 3, 4)
    ]


def test_only_those_who_signed_this_round_stand_below(cast: Cast, school: Return) -> None:
    school.steps.create(action="submit", role="statistician", before="entering", after="statistics_head",
                        by=cast.user("statistician"))  # fmt: skip
    said = " ".join(texts(sheet_of(opened_book(workbooks.forms_of_returns(system_actor(), [school])), 2)))
    assert "填表人：Statistician Person" in said
    school.steps.create(action="send_back", role="statistics_head", before="statistics_head", after="returned")
    said = " ".join(texts(sheet_of(opened_book(workbooks.forms_of_returns(system_actor(), [school])), 2)))
    assert "Statistician Person" not in said


@pytest.mark.parametrize("who", ["neighbour", "other", "public", "outsider"])
def test_forms_are_taken_away_by_those_who_see_the_return(cast: Cast, school: Return, who: str) -> None:
    with pytest.raises(Forbidden):
        workbooks.forms_of_returns(cast.actor(who), [school])
    with pytest.raises(Forbidden):
        workbooks.rows_of_returns(cast.actor(who), [school])
    with pytest.raises(Forbidden):
        workbooks.forms_of_region(cast.actor(who), cast.regions["420106"], QUARTER)


def test_many_returns_cost_as_many_queries_as_one(
    cast: Cast, school: Return, django_assert_max_num_queries: Any
) -> None:
    held = list(Return.objects.select_related("institution", "region", "superior"))
    assert len(held) == 3
    for draw in (workbooks.forms_of_returns, workbooks.rows_of_returns):
        with django_assert_max_num_queries(7):
            draw(cast.actor("district"), held)


def approve(*returns: Return) -> None:
    Return.objects.filter(pk__in=[item.pk for item in returns]).update(
        state=State.APPROVED, reported_at=timezone.now(), approved_at=timezone.now()
    )


def numbers(sheet: Any, name: str) -> dict[str, Any]:
    """Figures of a row of form 5 by code."""
    codes = next(row for row in sheet.iter_rows() if row[0].value == "代码")
    row = next(row for row in sheet.iter_rows() if row[0].value == name)
    return {str(code.value).rstrip("*"): cell.value for code, cell in zip(codes[1:], row[1:], strict=True)}


def test_form_5_sums_approved_returns_by_child_and_says_what_is_missing(cast: Cast, school: Return) -> None:
    open_returns(cast.actor("city"), cast.regions["420100"], QUARTER)
    neighbour = Return.objects.get(institution=cast.institutions["neighbour_school"])
    fill(neighbour, elec_qty="1000.25", area=500)
    approve(school, neighbour)
    sheet = sheet_of(opened_book(workbooks.forms_of_region(cast.actor("city"), cast.regions["420100"], QUARTER)), 5)
    whole, wuchang, hongshan = (numbers(sheet, name) for name in ("合计", "武昌区", "洪山区"))
    assert [row["110"] for row in (whole, wuchang, hongshan)] == [31000.25, 30000, 1000.25]
    assert [row["100"] for row in (whole, wuchang, hongshan)] == [2, 1, 1]
    assert hongshan["120"] is None, "nobody said anything about water there"
    said = " ".join(texts(sheet))
    assert "汇总已审核报表2份，应报4份（50.0%）" in said
    assert "武昌区1/3" in said


def test_forms_6_to_8_sum_by_class_and_rooms_are_counted(cast: Cast, school: Return) -> None:
    fill(school, r0001_room_elec=400, r0002_room_elec=100, heating_area=4000)
    approve(school)
    book = opened_book(workbooks.forms_of_region(cast.actor("district"), cast.regions["420106"], QUARTER))
    found = {}
    for form, code in ((6, "110"), (7, "200"), (7, "240"), (8, "301")):
        for row in sheet_of(book, form).iter_rows():
            if str(row[2].value or "").rstrip("*") == code:
                found[code] = [cell.value for cell in row[3:13]]
    assert [found["110"][column] for column in (0, 1, 2, 3)] == [30000, None, 30000, 30000]
    assert [found[code][0] for code in ("200", "240", "301")] == [2, 500, 4000]


def test_who_reports_through_a_superior_is_counted_with_it(cast: Cast, school: Return) -> None:
    """The school reports through an office of the neighbour district: its figures are that district's."""
    open_returns(cast.actor("city"), cast.regions["420100"], QUARTER)
    Return.objects.filter(pk=school.pk).update(superior=cast.institutions["neighbour_school"])
    approve(*Return.objects.all())
    sheet = sheet_of(opened_book(workbooks.forms_of_region(cast.actor("city"), cast.regions["420100"], QUARTER)), 5)
    assert (numbers(sheet, "武昌区")["100"], numbers(sheet, "洪山区")["100"]) == (2, 2)
    assert numbers(sheet, "洪山区")["110"] == 30000


def test_a_body_that_moved_is_summed_where_it_reported(cast: Cast, school: Return) -> None:
    move = EventInput(
        InstitutionEvent.Kind.MOVED, date(2023, 6, 1), before=[school.institution], region=cast.regions["420111"]
    )
    record_event(cast.actor("city"), move)
    approve(school)
    sheet = sheet_of(opened_book(workbooks.forms_of_region(cast.actor("city"), cast.regions["420100"], QUARTER)), 5)
    assert numbers(sheet, "武昌区")["110"] == 30000
    assert numbers(sheet, "洪山区")["100"] == 0


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments))


def test_the_commands_write_workbooks(cast: Cast, school: Return, tmp_path: Path) -> None:
    period, out = str(QUARTER), tmp_path / "out.xlsx"

    def sheets(*arguments: str) -> list[str]:
        ran = run(*arguments, str(out))
        assert ran.exit_code == 0, ran.output
        return [name.split()[0] for name in opened_book(out.read_bytes()).sheetnames]

    own = ("export", "--institution", "420106-S1", "--period", period)
    region = ("export", "--region", "420106", "--period", period)
    assert sheets(*own) == ["表1", "表2", "表3", "表4", "说明", "标识"]
    assert sheets(*own, "--form", "2") == ["表2", "说明", "标识"]
    assert sheets(*region) == ["表5", "表6", "表7", "表8", "说明"]
    assert sheets(*region, "--form", "4") == ["表4", "表4", "表4", "说明", "标识"]
    assert sheets("template", "--region", "420106", "--period", period) == ["消费与采暖", "机房", "说明", "标识"]
    assert sheets("template", "--edition", "2025") == ["表1", "表2", "表3", "表4", "说明"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "--period", "2023-Q1"),
        ("export", "--institution", "420106-S1", "--region", "420106", "--period", "2023-Q1"),
        ("export", "--institution", "420106-S1", "--period", "2023-Q1", "--form", "6"),
        ("export", "--region", "420106", "--period", "2023-Q1", "--form", "2", "--form", "6"),
        ("export", "--institution", "nobody", "--period", "2023-Q1"),
        ("export", "--region", "420106", "--period", "1999-00", "--form", "2"),
        ("template",),
        ("template", "--edition", "1999"),
        ("template", "--region", "420106"),
    ],
)
def test_bad_use_ends_with_two_and_no_file(
    cast: Cast, school: Return, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    out = tmp_path / "out.xlsx"
    assert run(*arguments, str(out)).exit_code == 2
    assert not out.exists()


def test_a_year_names_its_months(cast: Cast) -> None:
    open_returns(cast.actor("district"), cast.regions["420106"], slots.month(2023, 7))
    of = Return.objects.select_related("institution", "region", "superior").get(institution=cast.institutions["school"])
    assert "报告期：2023年7月" in texts(sheet_of(opened_book(workbooks.forms_of_returns(system_actor(), [of])), 2))
