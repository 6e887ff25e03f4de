"""One fault is told once, alike notes together, and what was understood and left out is said at every door."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils.translation import override
from openpyxl import Workbook

from nengtan.identity.access import system_actor
from nengtan.ledger.commands.intake import import_activity
from nengtan.ledger.services import intake
from nengtan.ledger.wording import result_dict
from nengtan.ui.sheets import wording
from tests.cast import Cast
from tests.ledger.files import LONG, workbook

WIDE = ("单位", "月份", "用电量(kWh)", "用水量(m3)", "天然气(m3)", "电费(元)")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


def preview(rows: list[tuple[Any, ...]]) -> intake.Result:
    return intake.preview_result(intake.check_file(system_actor(), "a.xlsx", workbook(rows)))


def places(result: intake.Result) -> list[tuple[str, str]]:
    return [(problem.place, problem.code) for problem in result.errors]


def test_an_unknown_institution_of_a_wide_row_is_told_once(cast: Cast) -> None:
    result = preview([WIDE, ("Nobody", "2023-01", 5, 6, 7, 8), ("Nobody", "2023-02", 5, 6, 7, 8)])
    assert places(result) == [("A2", "unknown_institution"), ("A3", "unknown_institution")]
    assert (result.accepted, result.rejected) == (0, 2)


def test_a_wide_row_repeated_is_told_once_with_both_cells(cast: Cast) -> None:
    row = ("The school", "2023-01", 5, 6, 7, 8)
    result = preview([WIDE, row, row])
    assert places(result) == [("C3", "duplicate_row")]
    told = wording.message(result.errors[0])
    assert "C2 and C3 both say 5 kWh / ¥8" in told
    assert "row 2" in told


def test_figures_that_contradict_each_other_name_both_cells_and_what_they_say(cast: Cast) -> None:
    result = preview([WIDE, ("The school", "2023-01", 5, 6, 7, 8), ("The school", "2023-01", 50, 60, 7, 8)])
    assert places(result) == [("C3", "conflicting_row"), ("D3", "conflicting_row"), ("E3", "duplicate_row")]
    told = wording.message(result.errors[0])
    assert "C3 says 50 kWh / ¥8" in told
    assert "C2 5 kWh / ¥8" in told


def test_a_row_repeated_on_another_sheet_names_the_sheet(cast: Cast) -> None:
    book = Workbook()
    for page in (book.active, book.create_sheet("Second")):
        page.append(WIDE)
        page.append(("The school", "2023-01", 5, None, None, None))
    out = io.BytesIO()
    book.save(out)
    result = intake.preview_result(intake.check_file(system_actor(), "a.xlsx", out.getvalue()))
    assert "row Sheet!2: Sheet!C2 and C2 both say 5 kWh" in wording.message(result.errors[0])


def test_cells_read_alike_are_told_once_a_column_with_the_number_of_rows(cast: Cast) -> None:
    rows: list[tuple[Any, ...]] = [
        ("420106-S1", None, f"2023-{month:02d}", "电力", 100 + month, "kWh", f"¥{month}.50", None, None)
        for month in range(1, 13)
    ]
    result = preview([LONG, *rows])
    assert [(note.place, note.code) for note in result.notes] == [("G2", "read_as")]
    assert wording.message(result.notes[0]).endswith("So in 12 rows of this column (2, 3, 4, 5, 6 …).")
    with override("zh-hans"):
        assert "12" in wording.message(result.notes[0])


def test_a_cell_read_in_its_own_way_is_told_alone(cast: Cast) -> None:
    rows = [("420106-S1", None, "2023-01", "电力", "0.5万", "kWh", None, None, None)]
    assert "rows of this column" not in wording.message(preview([LONG, *rows]).notes[0])


ROWS: list[tuple[Any, ...]] = [
    ("2023年能耗表", None, None, None, None, None, None),
    (*WIDE, "经办"),
    ("一", "教育系统", None, None, None, None, None),
    ("The school", "2023-01", 5, 6, 7, 8, "甲"),
    (None, None, None, None, None, None, None),
    ("The hospital", "2023-01", 5, 6, 7, 8, "乙"),
    ("合计", None, 10, 12, 14, 16, None),
]


def test_what_was_understood_and_left_out_is_in_the_answer(cast: Cast) -> None:
    told = result_dict(preview(ROWS), dry_run=True)
    assert (told["accepted"], told["errors"]) == (2, [])
    sheet = told["sheets"][0]
    assert (sheet["kind"], sheet["header_row"], sheet["rows"]) == ("wide", 2, 2)
    assert sheet["columns"][0] == {
        "column": "A", "heading": "单位", "key": "institution_name", "taken_for": "Institution name",
    }  # fmt: skip
    assert sheet["unread"] == [{"column": "G", "heading": "经办"}]
    assert [(row["row"], row["code"]) for row in told["skipped"]] == [(3, "group"), (5, "blank"), (7, "total")]
    assert all(row["why"] and row["sheet"] == "数据" for row in told["skipped"])


@pytest.mark.parametrize(
    ("title", "heading", "said"),
    [
        ("2023年用电量统计表（万kWh）", ["单位名称", "1月", "2月"], "2023 · Electricity · 10⁴ kWh"),
        ("2023年用电量统计表", ["单位名称", "1月(kWh)", "2月(kWh)"], "2023 · Electricity"),
        ("2023年统计表（万kWh）", ["单位名称", "月份", "用电量(kWh)"], "2023"),
        ("统计表", ["单位名称", "月份", "用电量(kWh)"], ""),
    ],
)
def test_what_only_the_title_says_is_told_too(cast: Cast, title: str, heading: list[str], said: str) -> None:
    body = "2023-01" if "月份" in heading else 1
    told = result_dict(preview([(title, None, None), tuple(heading), ("The school", body, 2)]), dry_run=True)
    assert (told["accepted"], told["errors"]) == (1, [])
    assert told["sheets"][0]["from_title"] == said


def test_the_command_says_so_too(cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(workbook(ROWS))
    told = CliRunner().invoke(import_activity, [str(file), "--dry-run"], standalone_mode=False)
    assert "Sheet “数据” was read as one column a carrier: headings in row 2, 2 rows." in told.stderr
    assert "A 单位 → Institution name" in told.stderr
    assert "left out: total row; totals are computed (1; row 7)" in told.stderr
    answer = CliRunner().invoke(import_activity, [str(file), "--dry-run", "--format", "json"], standalone_mode=False)
    assert {"accepted", "rejected", "errors", "sheets", "skipped"} <= json.loads(answer.stdout).keys()
