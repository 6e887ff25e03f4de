"""Empty forms that come back filled in, and headings and names somebody wrote over."""

from __future__ import annotations

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
from tests.reporting.workbooks import cell_of, edited, opened_book, saved, sheet_of, typed

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
