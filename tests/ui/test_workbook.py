"""A table as a workbook: what is written is what a spreadsheet reads, and no text becomes a formula."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from nengtan.domain.text import without_unclean
from nengtan.ui.tables.workbook import Page, write


def written(*pages: Page) -> io.BytesIO:
    file = io.BytesIO()
    write(file, pages)
    file.seek(0)
    return file


def read(*rows: tuple[Any, ...], headings: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    book = load_workbook(written(Page("data", rows, headings)))
    return list(book["data"].iter_rows(values_only=True))


def test_headings_are_bold_and_stay_in_view() -> None:
    book = load_workbook(written(Page("用电", [("a", 1)], ("名称", "数量")), Page("about", [("x", "y")])))
    assert book.sheetnames == ["用电", "about"]
    sheet = book["用电"]
    assert [cell.value for cell in sheet[1]] == ["名称", "数量"]
    assert (sheet["A1"].font.b, sheet["A2"].font.b, sheet.freeze_panes) == (True, False, "A2")
    assert book["about"].freeze_panes is None


def test_numbers_days_and_moments_keep_their_kind() -> None:
    moment = datetime.fromisoformat("2026-11-21T08:30:15")
    row = (Decimal("1234567.250000"), 7, 0.5, Decimal("1E+3"), date(2026, 11, 21), moment, "007", None, "end")
    (found,) = read(row)
    assert found == (1234567.25, 7, 0.5, 1000, datetime.fromisoformat("2026-11-21"), moment, "007", None, "end")
    cells = load_workbook(written(Page("data", [row])))["data"][1]
    assert [cells[place].is_date for place in (0, 4, 5)] == [False, True, True]


def test_what_is_no_number_is_an_empty_cell() -> None:
    assert read((float("nan"), float("inf"), Decimal("NaN"), "x")) == [(None, None, None, "x")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "<b>&amp;</b>", " padded ", "two\nlines", '"quoted"'])
def test_text_is_text_whatever_it_begins_with(text: str) -> None:
    (cells,) = load_workbook(written(Page("data", [(text,)])))["data"].iter_rows()
    assert (cells[0].data_type, cells[0].value) == ("s", text)


texts = st.text(st.characters(exclude_characters="\r"), min_size=1, max_size=60)


@given(st.lists(st.tuples(texts, st.decimals(-(10**12), 10**12, places=3)), min_size=1, max_size=20))
def test_every_row_comes_back(rows: list[tuple[str, Decimal]]) -> None:
    book = CalamineWorkbook.from_filelike(written(Page("data", rows, ("a", "b"))))
    found = book.get_sheet_by_name("data").to_python(skip_empty_area=False)
    assert [row[0] for row in found] == ["a", *(without_unclean(text) for text, _number in rows)]
    assert [Decimal(str(row[1])) for row in found[1:]] == [number for _text, number in rows]


def test_a_text_is_kept_once_however_often_it_stands() -> None:
    with zipfile.ZipFile(written(Page("data", [("the same",)] * 1000))) as archive:
        assert archive.read("xl/sharedStrings.xml").count(b"the same") == 1


def test_a_text_too_long_for_a_cell_is_cut() -> None:
    assert len(read(("x" * 40_000,))[0][0]) == 32_767
