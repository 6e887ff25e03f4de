"""Empty forms that come back filled in, and headings and names somebody wrote over."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from nengtan.reference import scheme
from nengtan.reporting.models import Return
from nengtan.reporting.services import workbooks
from nengtan.ui.sheets.wording import message
from tests.cast import Cast
from tests.reporting.test_import import codes, drawn, figures, rows, take, write
from tests.reporting.workbooks import cell_of, column_of, edited, opened_book, saved, sheet_of, typed

# the empty forms of an edition, filled in


def filled_in(form: int = 2, edition: str = "2022", *, top: dict[str, Any], **by_code: Any) -> bytes:
    """The empty forms with the boxes at the top of one of them and some figures written in."""

    def write_top(book: Any) -> None:
        sheet = sheet_of(book, form)
        for row in sheet.iter_rows(max_row=7):
            label = str(row[0].value or "").rstrip("：")
            if label in top:
                row[1].value = top[label]

    return typed(edited(workbooks.blank(scheme.edition(edition)), write_top), **by_code)


@pytest.mark.parametrize("name", ["The school", "420106-S1"])
@pytest.mark.parametrize("period", ["2023-Q1", "2023年第1季度"])
def test_an_empty_form_filled_in_is_taken(cast: Cast, school: Return, name: str, period: str) -> None:
    result = take(cast, filled_in(top={"填报单位": name, "报告期": period}, c110=31000, c301=4000.5), "statistician")
    assert (result.errors, result.stored, result.cells) == ([], True, 2), "form 4 is of whom form 2 says"
    assert (figures(school)["", "elec_qty"], figures(school)["", "heating_area"]) == (31000, Decimal("4000.5"))
    assert figures(school)["", "gas_qty"] == 3000, "what was left empty stays"


@pytest.mark.parametrize(
    ("top", "told"),
    [
        ({}, {"blank_without_name": "B4", "blank_without_period": "B6"}),
        ({"填报单位": "The school"}, {"blank_without_period": "B6"}),
        ({"报告期": "2023-Q1"}, {"blank_without_name": "B4"}),
        ({"填报单位": "The school", "报告期": "spring"}, {"not_a_return_period": "B6"}),
        ({"填报单位": "Nobody", "报告期": "2023-Q1"}, {"unknown_institution": "B4"}),
        ({"填报单位": "The school", "报告期": "2023-Q3"}, {"no_such_return": "B6"}),
    ],
)
def test_an_empty_form_that_does_not_say_whose_it_is_says_which_box_is_empty(
    cast: Cast, school: Return, top: dict[str, str], told: dict[str, str]
) -> None:
    result = take(cast, filled_in(top=top, c110=31000))
    assert not result.stored
    assert {problem.code: problem.place for problem in result.errors} == told, "each once, not once a form"


def test_an_empty_form_sent_from_the_page_of_a_return_is_of_that_return(cast: Cast, school: Return) -> None:
    result = take(cast, filled_in(top={}, c110=31000), "statistician", only=school)
    assert (result.stored, result.cells) == (True, 1)
    wrong = take(cast, filled_in(top={"报告期": "2023-Q2"}, c110=32000), "statistician", only=school)
    assert codes(wrong) == ["no_such_return"]


def test_the_empty_form_of_another_edition_is_refused(cast: Cast, school: Return) -> None:
    top = {"填报单位": "The school", "报告期": "2023-Q1"}
    assert codes(take(cast, filled_in(2, "2025", top=top, c110=31000))) == ["wrong_edition"]


# headings somebody wrote over


def renamed(content: bytes, before: str, after: str) -> tuple[bytes, str]:
    """A sheet of rows with one heading written over, and where it stands."""
    book = opened_book(content)
    sheet = next(sheet for sheet in book if sheet.cell(1, 1).value == "单位编码")
    cell = next(cell for cell in sheet[1] if str(cell.value).startswith(before))
    cell.value = after
    return saved(book), cell.coordinate


def test_a_heading_written_over_is_refused_with_its_cell_and_what_may_stand_there(cast: Cast, school: Return) -> None:
    content, place = renamed(rows(cast), "电消费量", "用电总量")
    content = typed_rows(content, "水消费量", 9)
    result = take(cast, content)
    (problem,) = result.errors
    assert (problem.code, problem.place, problem.found) == ("heading_unknown", place, "用电总量")
    assert "电消费量" in problem.allowed
    assert not result.stored
    assert not take(cast, content, partial=True).stored, "no part of a sheet with such a heading is good"


def typed_rows(content: bytes, heading: str, value: float) -> bytes:
    """A figure of the first row of a sheet of rows."""
    book = opened_book(content)
    sheet = next(sheet for sheet in book if sheet.cell(1, 1).value == "单位编码")
    at = next(cell.column for cell in sheet[1] if str(cell.value).startswith(heading))
    sheet.cell(2, at).value = value
    return saved(book)


@pytest.mark.parametrize("heading", ["备注", "序号", "Remarks"])
def test_a_column_people_add_for_themselves_is_left_out(cast: Cast, school: Return, heading: str) -> None:
    book = opened_book(typed_rows(rows(cast), "水消费量", 9))
    sheet = next(sheet for sheet in book if sheet.cell(1, 1).value == "单位编码")
    sheet.cell(1, sheet.max_column + 1).value = heading
    sheet.cell(2, sheet.max_column).value = "checked"
    result = take(cast, saved(book))
    assert (result.stored, [note.found for note in result.notes if note.code == "heading_ignored"]) == (True, [heading])
    with translation.override("zh-hans"):
        assert [message(note) for note in result.notes if note.code == "heading_ignored"] == [
            f"“{heading}”不是该版本的指标，该列未导入。"
        ]


def test_an_empty_column_without_a_heading_of_ours_is_no_fault(cast: Cast, school: Return) -> None:
    book = opened_book(typed_rows(rows(cast), "水消费量", 9))
    sheet = next(sheet for sheet in book if sheet.cell(1, 1).value == "单位编码")
    sheet.cell(1, sheet.max_column + 1).value = "用电总量"
    assert take(cast, saved(book)).stored


def test_a_line_written_over_in_a_form_is_refused_where_it_stands(cast: Cast, school: Return) -> None:
    def change(book: Any) -> None:
        cell = cell_of(sheet_of(book, 2), "110")
        sheet_of(book, 2).cell(cell.row, 1).value = "用电总量"
        sheet_of(book, 2).cell(cell.row, 3).value = "999"

    (problem,) = take(cast, edited(typed(drawn(cast, school), c110=31000), change)).errors
    assert (problem.code, problem.found, problem.place[0]) == ("form_line_unknown", "用电总量", "A")


def test_a_head_written_over_in_the_form_of_rooms_is_refused_where_it_stands(cast: Cast, school: Return) -> None:
    write(school, "0001", room_elec=5)

    def change(book: Any) -> None:
        sheet = sheet_of(book, 3)
        names = next(cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("总用电量"))
        names.value = "总用水量"

    (problem,) = take(cast, edited(drawn(cast, school), change)).errors
    assert (problem.code, problem.found) == ("form_line_moved", "总用水量")


@pytest.mark.parametrize("written", ["2023年第一季度", "2023年一季度", "2023Q1", "2023年度"])
def test_the_period_of_a_row_and_of_an_empty_form_are_read_alike(cast: Cast, school: Return, written: str) -> None:
    """Of the year there is no return."""
    book = opened_book(typed_rows(rows(cast, "statistician"), "电消费量", 31000))
    sheet = next(sheet for sheet in book if sheet.cell(1, 1).value == "单位编码")
    at = next(cell.column for cell in sheet[1] if cell.value == "报告期")
    sheet.cell(2, at).value = written
    by_row, by_form = take(cast, saved(book)), take(cast, filled_in(top={"填报单位": "The school", "报告期": written}))
    if written == "2023年度":
        assert (codes(by_row), codes(by_form)) == (["no_such_return"], ["no_such_return"])
    else:
        assert (by_row.stored, by_row.cells, codes(by_form)) == (True, 1, [])


# files that were changed in ways that say something about whose figures they are


def told_of(cast: Cast, school: Return, change: Callable[[Any], None]) -> tuple[list[str], workbooks.FileResult]:
    """The errors of the school's forms after somebody changed them and typed 31,000 kWh; nothing may be stored."""
    before = list(school.values.values_list("record", "indicator", "value", "version"))
    result = take(cast, edited(typed(drawn(cast, school), c110=31000), change))
    assert list(school.values.values_list("record", "indicator", "value", "version")) == before or result.stored
    return codes(result), result


def heading_of(sheet: Any, begins: str) -> Any:
    return next(cell for row in sheet.iter_rows(max_row=8) for cell in row if str(cell.value or "").startswith(begins))


@pytest.mark.parametrize("merged", ["C{0}:D{0}", "D{1}:D{0}"])
def test_a_figure_under_a_merged_range_is_no_empty_cell(cast: Cast, school: Return, merged: str) -> None:
    def merge(book: Any) -> None:
        sheet = sheet_of(book, 2)
        row = cell_of(sheet, "110").row
        sheet.merge_cells(merged.format(row, row - 1))

    found, result = told_of(cast, school, merge)
    assert (found, result.stored) == (["merged_cell"], False)
    assert result.errors[0].place.startswith("D")


def test_merged_figures_of_rows_are_told_too(cast: Cast, school: Return) -> None:
    def merge(book: Any) -> None:
        sheet = book.worksheets[0]
        at = column_of(sheet, "电消费量")
        sheet.merge_cells(start_row=2, end_row=2, start_column=at - 1, end_column=at)

    result = take(cast, edited(rows(cast), merge))
    assert "merged_cell" in codes(result)
    assert not result.stored


@pytest.mark.parametrize("tag", [None, "nengtan/420106-S1/2023-13/2022/2"])
def test_a_form_whose_tag_is_gone_is_no_sheet_of_somebody_s_own(cast: Cast, school: Return, tag: str | None) -> None:
    def cut(book: Any) -> None:
        for cell in (cell for row in sheet_of(book, 2).iter_rows() for cell in row):
            if "nengtan/" in str(cell.value or ""):
                cell.value = tag

    assert told_of(cast, school, cut)[0] == ["form_tag_missing"]


@pytest.mark.parametrize(
    ("begins", "text", "code"),
    [
        ("填报单位", "填报单位：武昌区教育局", "name_code_mismatch"),
        ("统一社会信用代码", "统一社会信用代码：11420106DEM000022M", "credit_code_mismatch"),
        ("报告期", "报告期：2022年", "another_period"),
    ],
)
def test_a_form_that_says_it_is_of_somebody_else(cast: Cast, school: Return, begins: str, text: str, code: str) -> None:
    def rename(book: Any) -> None:
        sheet = sheet_of(book, 2)
        heading_of(sheet, begins).value = text

    type(school.institution).objects.filter(pk=school.institution_id).update(credit_code="12420106MB0000001A")
    school.institution.refresh_from_db()
    assert told_of(cast, school, rename)[0] == [code]


def test_a_row_with_the_credit_code_of_another_body_is_refused(cast: Cast, school: Return) -> None:
    type(school.institution).objects.filter(pk=school.institution_id).update(credit_code="12420106MB0000001A")

    def exchange(book: Any) -> None:
        sheet = book.worksheets[0]
        at = column_of(sheet, "统一社会信用代码")
        row = next(row for row in range(2, sheet.max_row + 1) if sheet.cell(row, at).value == "12420106MB0000001A")
        sheet.cell(row, at).value = "11420106DEM000022M"

    assert codes(take(cast, edited(rows(cast), exchange))) == ["credit_code_mismatch"]


def test_a_sheet_of_rows_without_its_periods_is_refused_and_its_total_row_left_out(cast: Cast, school: Return) -> None:
    def cut(book: Any) -> None:
        sheet = book.worksheets[0]
        sheet.delete_cols(column_of(sheet, "报告期"))

    def add(book: Any) -> None:
        sheet = book.worksheets[0]
        sheet.cell(sheet.max_row + 1, column_of(sheet, "单位名称")).value = "合计"
        sheet.cell(sheet.max_row, column_of(sheet, "电消费量")).value = 5

    assert codes(take(cast, edited(rows(cast), cut))) == ["no_period_heading"]
    result = take(cast, edited(rows(cast), add))
    assert (codes(result), "total_row" in {note.code for note in result.notes}) == ([], True)


def test_a_room_whose_row_is_emptied_stays_and_that_is_told(cast: Cast, school: Return) -> None:
    write(school, "0001", room_elec=500)

    def empty(book: Any) -> None:
        sheet = sheet_of(book, 3)
        row = next(row for row in sheet.iter_rows() if row[0].value == "0001")
        for cell in row:
            cell.value = None

    _errors, result = told_of(cast, school, empty)
    assert [(note.code, note.found) for note in result.notes if note.code == "room_row_gone"] == [
        ("room_row_gone", "0001")
    ]
    assert figures(school)["0001", "room_elec"] == 500


@pytest.mark.parametrize("name", [" ", "　"])
def test_a_sheet_named_with_blanks_is_a_sheet(cast: Cast, school: Return, name: str) -> None:
    def add(book: Any) -> None:
        book.create_sheet(name).append(["a calculation of my own", 5])

    errors, result = told_of(cast, school, add)
    assert (errors, result.stored) == ([], True)


def test_codes_may_be_typed_full_width(cast: Cast, school: Return) -> None:
    def widen(book: Any) -> None:
        sheet = sheet_of(book, 2)
        next(row[2] for row in sheet.iter_rows() if str(row[2].value or "").rstrip("*") == "110").value = "１１０"

    _errors, result = told_of(cast, school, widen)
    assert (result.stored, figures(school)["", "elec_qty"]) == (True, 31000)
