"""Workbooks written for people come back as they went out, and run nothing."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from babel.messages.pofile import read_po

from nengtan.domain.sheets.activity import read_activity
from nengtan.domain.sheets.headings import read_heading
from nengtan.domain.sheets.problems import Problem
from nengtan.reference.words import sheet_words
from nengtan.ui.sheets.reader import open_table
from nengtan.ui.sheets.vocabulary import COLUMNS
from nengtan.ui.sheets.writer import ErrorTexts, Sheet, SheetColumn, mark_errors, write_csv, write_workbook
from tests.domain.sheets.cast import RULES

RISKY = ["=1+1", "+86 27", "-5", "@SUM(A1)", "\tx", '=HYPERLINK("http://x")']


def test_sheets_have_headings_drop_downs_hints_and_notes() -> None:
    columns = [
        SheetColumn("单位名称", 30, comment="全称", required=True, example="第一小学"),
        SheetColumn("能源品种", choices=("电", "水"), example="电"),
        SheetColumn("类型", choices=tuple(f"类型{number}" for number in range(60))),
        SheetColumn("用量", number_format="#,##0.00", example=Decimal("12.5")),
    ]
    data = write_workbook([Sheet("活动/数据", columns), Sheet("活动_数据", columns)], ["第一步"], "说明")
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["活动_数据", "活动_数据 2", "说明", "_lists"]
    page = book.worksheets[0]
    assert page.freeze_panes == "A2"
    assert page["A1"].font.b
    assert page["A1"].comment.text == "全称"
    assert page.column_dimensions["A"].width == 30
    assert page["D2"].number_format == "#,##0.00"
    assert {rule.formula1 for rule in page.data_validations.dataValidation} == {'"电,水"', "_lists!$A$1:$A$60"}
    assert book["_lists"].sheet_state == "hidden"


def test_text_never_becomes_a_formula() -> None:
    data = write_workbook([Sheet("s", [SheetColumn("名称")], [[text] for text in RISKY])])
    page = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert [page.cell(row, 1).data_type for row in range(2, 8)] == ["s"] * 6
    assert [row[0] for row in open_table(data, "a.xlsx")[0].rows[1:]] == RISKY
    lines = write_csv(["=x"], [[text] for text in RISKY]).decode("utf-8-sig").splitlines()
    assert all(line.lstrip('"').startswith("'") for line in lines)


def test_csv_opens_in_excel_with_chinese_and_comes_back() -> None:
    data = write_csv(["单位", "用量"], [["甲,乙", Decimal("-1.50")], [None, 3]])
    assert data.startswith(b"\xef\xbb\xbf")
    assert open_table(data, "a.csv")[0].rows == [["单位", "用量"], ["甲,乙", "-1.50"], ["", "3"]]


def test_a_written_activity_sheet_reads_back_as_the_same_facts() -> None:
    columns = [SheetColumn(heading) for heading in ("机构编码", "月份", "能源品种", "用量", "计量单位", "费用（元）")]
    rows = [["A1", "2023-01", "电", Decimal("12.5"), "kWh", Decimal("7.25")]]
    (grid,) = open_table(write_workbook([Sheet("数据", columns, rows)]), "a.xlsx")
    table = read_activity(grid, sheet_words(), RULES)
    assert (table.institution_code, table.period, table.quantity, table.cost) == (
        ["A1"],
        [202301],
        [Decimal("12.5")],
        [Decimal("7.25")],
    )


@pytest.fixture
def faulty() -> bytes:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = "数据"
    page.append(["单位", "月份", "用电量(kWh)"])
    page.append(["甲", "2023-01", -5])
    page.append(["=CMD()", "2023-01", "x"])
    page.merge_cells("A2:A3")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_faulty_cells_are_marked_in_a_copy(faulty: bytes) -> None:
    problems = [
        Problem(2, "quantity", "用电量(kWh)", "C", "negative_quantity", "-5", ("0",), sheet="数据"),
        Problem(3, "quantity", "用电量(kWh)", "C", "not_a_number", "=x()", sheet="数据"),
        Problem(3, "institution_name", "单位", "A", "unknown_institution", "甲", sheet="数据"),
        Problem(0, "cost", "", "", "missing_column", sheet="数据"),
    ]
    headings = ("表", "单元格", "列", "发现", "允许", "问题")
    data = mark_errors(faulty, ErrorTexts("问题清单", headings, [(p, "零或正数", f"{p.code}!") for p in problems]))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["问题清单", "数据"]
    page = book["数据"]
    assert page["C2"].fill.fgColor.rgb == "00F6C9C4"
    assert page["C2"].comment.text == "negative_quantity!"
    assert page["A2"].comment.text == "unknown_institution!"
    listed = list(book["问题清单"].iter_rows(values_only=True))
    assert listed[1] == ("数据", "C2", "用电量(kWh)", "-5", "零或正数", "negative_quantity!")
    assert book["问题清单"]["D3"].data_type == "s"


def test_every_heading_of_the_templates_is_recognised_in_both_languages() -> None:
    with Path("src/nengtan/ui/locale/zh_Hans/LC_MESSAGES/django.po").open("rb") as file:
        catalogue = read_po(file)
    for key, heading in COLUMNS.items():
        english = heading._args[-1]  # type: ignore[attr-defined]
        message = catalogue.get(english) or catalogue.get(english, "building")
        for word in (english, *([str(message.string)] if message is not None else [])):
            assert read_heading(word, sheet_words(), {key}).keys == (key,), (key, word)
