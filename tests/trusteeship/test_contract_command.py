"""`nengtan contract settle`: either party gets the same figure, from JSON or from the workbook the other one sent."""

from __future__ import annotations

import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import translation
from docx import Document
from openpyxl import Workbook, load_workbook

from nengtan.domain.settlement.document import tables
from nengtan.domain.settlement.lines import Noted, Section, Why
from nengtan.trusteeship.contract_commands import contract
from nengtan.trusteeship.settling import words
from nengtan.trusteeship.settling.words import column

WORKED = Path(__file__).parents[1] / "domain" / "settlement" / "worked"
NAMES = ("trusteeship", "shared_savings", "guarantee")


def run(*arguments: str, language: str = "zh-hans") -> Result:
    with translation.override(language):
        return CliRunner().invoke(contract, list(arguments))


def told(path: Path) -> dict[str, Any]:
    result = run("settle", "--input", str(path), "--format", "json")
    return json.loads(result.stdout, parse_float=Decimal)  # type: ignore[no-any-return]


def changed(folder: Path, **tables: Any) -> Path:
    document = json.loads((WORKED / "trusteeship.json").read_text(encoding="utf-8")) | tables
    path = folder / "case.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_the_other_party_settles_from_the_workbook_it_was_sent(tmp_path: Path, name: str, language: str) -> None:
    out = tmp_path / "sent.xlsx"
    result = run("settle", "--input", str(WORKED / f"{name}.json"), "--format", "xlsx", "--out", str(out),
                 language=language)  # fmt: skip
    assert result.exit_code == 0, result.output
    mine, theirs = told(WORKED / f"{name}.json"), told(out)
    assert mine["settled"]
    assert theirs == mine


def test_sums_and_lines_as_json() -> None:
    found = told(WORKED / "trusteeship.json")
    assert (found["due"], found["balance"]) == (Decimal("3840837.03"), Decimal("440837.03"))
    counted = [line["value"] for line in found["lines"] if line["counts"]]
    assert sum(counted) == found["due"]
    area = next(line for line in found["lines"] if line["code"] == "adjust_area")
    assert area["inputs"]["X0"] == {"value": 22300, "unit": ""}
    assert area["clause"]
    assert area["evidence"]
    assert sum(one["amount"] for one in found["advances"]) == Decimal("3632786.56")
    assert len(found["inputs_hash"]) == len(found["result_hash"]) == 64


def test_settlement_sheet_of_the_workbook(tmp_path: Path) -> None:
    out = tmp_path / "sheet.xlsx"
    run("settle", "--input", str(WORKED / "trusteeship.json"), "--format", "xlsx", "--out", str(out))
    page = load_workbook(out).worksheets[0]
    rows = list(page.iter_rows(values_only=True))
    text = "\n".join(str(cell) for row in rows for cell in row if cell is not None)
    assert page.title == "结算单"
    assert "能源费用托管年度结算单" in text
    assert "肆拾肆万零捌佰叁拾柒元零叁分" in text
    amounts = [row[2] for row in rows if isinstance(row[0], int)]
    due = next(row[2] for row in rows if row[1] == "本年度应付金额")
    assert sum(Decimal(str(one)) for one in amounts) == Decimal(str(due)) == Decimal("3840837.03")


def test_document_can_be_read_and_holds_every_line(tmp_path: Path) -> None:
    out = tmp_path / "sheet.docx"
    result = run("settle", "--input", str(WORKED / "guarantee.json"), "--format", "docx", "--out", str(out))
    assert result.exit_code == 0, result.output
    document = Document(io.BytesIO(out.read_bytes()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    lines = told(WORKED / "guarantee.json")["lines"]
    assert all(any(line["what"] in cell for cell in cells) for line in lines)
    assert any("乙方应退还甲方：人民币 74,805.51 元" in one.text for one in document.paragraphs)
    assert zipfile.is_zipfile(out)


def test_file_is_written_beside_the_input(tmp_path: Path) -> None:
    path = changed(tmp_path)
    result = run("settle", "--input", str(path), "--format", "docx")
    assert (tmp_path / "case-settlement.docx").is_file()
    assert "case-settlement.docx" in result.stdout


def test_text_for_a_person() -> None:
    result = run("settle", "--input", str(WORKED / "shared_savings.json"))
    assert result.exit_code == 0
    assert "586,286.80" in result.stdout
    assert "服务公司分享额" in result.stdout


def test_year_that_cannot_be_settled(tmp_path: Path) -> None:
    path = changed(tmp_path, prices=[])
    result = run("settle", "--input", str(path))
    assert result.exit_code == 1
    assert "电力：缺少本年度价格。应为：price; billed, quantity。" in result.stderr
    found = told(path)
    assert (found["settled"], found["due"], found["lines"]) == (False, None, [])
    assert found["refusals"][0]["code"] == "price_missing"
    assert run("settle", "--input", str(path), "--format", "xlsx").exit_code == 1
    assert not list(tmp_path.glob("*.xlsx"))


def test_fault_of_json_says_where(tmp_path: Path) -> None:
    path = changed(tmp_path, period={"first": "2025-13-01"})
    result = run("settle", "--input", str(path), "--format", "json")
    assert result.exit_code == 1
    faults = {(one["path"], one["code"]) for one in json.loads(result.stdout)["errors"]}
    assert faults == {("period.first", "not_a_date"), ("period.last", "missing")}
    path.write_text("{", encoding="utf-8")
    assert json.loads(run("settle", "--input", str(path), "--format", "json").stdout)["errors"][0]["code"] == "not_json"


def test_fault_of_a_workbook_says_sheet_row_and_column(tmp_path: Path) -> None:
    out = tmp_path / "sent.xlsx"
    run("settle", "--input", str(WORKED / "trusteeship.json"), "--format", "xlsx", "--out", str(out))
    book = load_workbook(out)
    book["实测用量"]["E3"] = "去年"
    kind = next(row[0].row for row in book["合同"].iter_rows() if row[0].value == "合同类型")
    book["合同"].cell(kind, 2).value = "赠与"
    book["用能品种与单价"]["H1"] = "备注"
    book.create_sheet("草稿")["A1"] = "x"
    book.save(out)
    faults = told(out)["errors"]
    assert {(one.get("sheet", ""), one["row"], one["column"], one["code"]) for one in faults} == {
        ("实测用量", 3, "终止日", "not_a_date"),
        ("合同", kind, "合同类型", "not_a_choice"),
        ("用能品种与单价", 1, "备注", "unknown_column"),
        ("", 0, "草稿", "unknown_sheet"),
    }  # fmt: skip


def test_empty_template_has_every_table_and_asks_for_what_is_missing(tmp_path: Path) -> None:
    out = tmp_path / "empty.xlsx"
    assert run("template", str(out)).exit_code == 0
    assert len([sheet for sheet in load_workbook(out).worksheets if sheet.sheet_state == "visible"]) == len(tables())
    assert {(one["path"], one["code"]) for one in told(out)["errors"]} == {
        ("contract", "missing"), ("period", "missing"), ("accounts", "missing"),
    }  # fmt: skip


@pytest.mark.parametrize("sheet", ["contract", "nothing"])
def test_odd_workbooks_are_refused_in_words(tmp_path: Path, sheet: str) -> None:
    book = Workbook()
    book.active.title = sheet  # type: ignore[union-attr]
    book.active["A1"] = "=1/0"  # type: ignore[index]
    path = tmp_path / "odd.xlsx"
    book.save(path)
    assert run("settle", "--input", str(path)).exit_code == 1


def test_every_word_is_there() -> None:
    for name, (record, _many) in tables().items():
        assert all(column(name, field) for field in record.__dataclass_fields__ if field != "_")
    assert set(words.SECTIONS) == set(Section)
    assert all(words.why(one) for one in Why)
    assert set(words._NOTES) == set(Noted)


def test_two_columns_of_a_table_never_bear_one_heading() -> None:
    for language in ("zh-hans", "en"):
        with translation.override(language):
            for name, (record, _many) in tables().items():
                heads = [column(name, field) for field in record.__dataclass_fields__ if field != "_"]
                assert len(set(heads)) == len(heads), (language, name)
            titles = [str(word) for word in (*words.TABLES.values(), *words.SHOWN.values())]
            assert len(set(titles)) == len(titles)
