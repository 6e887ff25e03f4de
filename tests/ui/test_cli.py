"""How commands print and fail: exact numbers in every format, one line of error, progress without a terminal."""

from __future__ import annotations

import csv
import errno
import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy, override
from hypothesis import given
from hypothesis import strategies as st

from nengtan.ui import cli
from nengtan.ui.cli import reason_of
from nengtan.ui.sheets.reader import open_table
from nengtan.ui.sheets.refused import Refused
from nengtan.ui.sheets.wording import refusal

COLUMNS = {"name": "Name", "kwh": "Electricity"}
ROWS: list[dict[str, Any]] = [
    {"name": "一小", "kwh": Decimal("1234567.890000"), "more": 1},
    {"name": "a, b", "kwh": None, "more": 2},
]


@pytest.fixture(autouse=True)
def _english() -> None:
    translation.activate("en")


def test_json_has_whole_records_with_exact_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    cli.emit(ROWS, COLUMNS, "json")
    text = capsys.readouterr().out
    assert '"kwh": 1234567.890000' in text
    assert json.loads(text, parse_float=Decimal)[0] == ROWS[0]
    assert json.loads(text)[1]["kwh"] is None
    assert "一小" in text


def test_csv_has_the_columns_shown_and_no_rounding(capsys: pytest.CaptureFixture[str]) -> None:
    cli.emit(ROWS, COLUMNS, "csv")
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [["name", "kwh"], ["一小", "1234567.890000"], ["a, b", ""]]


def test_table_is_for_reading(capsys: pytest.CaptureFixture[str]) -> None:
    cli.emit(ROWS, COLUMNS, "table")
    heading, first, second = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading == ["Name", "Electricity"]
    assert first == ["一小", "1,234,567.89"]
    assert second[-1] == "—", "unknown is not zero"


def test_one_record(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"tce": Decimal("0.1229"), "factors": ["CN-2022"], "none": None}
    cli.emit_one(record, "json")
    assert json.loads(capsys.readouterr().out) == {"tce": 0.1229, "factors": ["CN-2022"], "none": None}
    cli.emit_one(record, "csv")
    assert capsys.readouterr().out.splitlines() == ["field,value", "tce,0.1229", 'factors,"[""CN-2022""]"', "none,"]
    cli.emit_one(record, "table")
    assert "0.1229" in capsys.readouterr().out


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_a_decimal_is_written_digit_by_digit(value: Decimal) -> None:
    assert json.loads(cli.to_json({"v": value}), parse_float=Decimal, parse_int=Decimal)["v"] == value


def test_other_values_become_text() -> None:
    values = {"day": date(2023, 7, 1), "word": gettext_lazy("Waiting"), "pair": (1, True)}
    assert json.loads(cli.to_json(values)) == {"day": "2023-07-01", "word": "Waiting", "pair": [1, True]}


def test_an_error_is_one_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.die("Line one\n   line two")
    assert (ended.value.code, capsys.readouterr()) == (2, ("", "Error: Line one line two\n"))


def test_progress_without_a_terminal_is_a_line_a_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with cli.progress_bar("Reading") as step:
        for done in range(101):
            step(done, 100, "rows")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert (lines[0], lines[-1]) == ("Reading 0% rows", "Reading 100% rows")


def test_progress_on_a_terminal_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with cli.progress_bar("Reading") as step:
        step(50, 100, "")
        step(100, 100, "")
    assert "100%" in capsys.readouterr().err


def test_csv_starts_no_formula_and_leaves_numbers_alone(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": '=HYPERLINK("http://x")', "kwh": Decimal("-5")}, {"name": "@x\x01", "kwh": Decimal("-0.5")}]
    cli.emit(rows, COLUMNS, "csv")
    read = list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:]
    assert read == [['\'=HYPERLINK("http://x")', "-5"], ["'@x\ufffd", "-0.5"]]


def test_why_the_operating_system_refused_is_said_in_words() -> None:
    with override("zh-hans"):
        assert reason_of(FileNotFoundError(errno.ENOENT, "No such file or directory")) == "没有这个文件或文件夹"
        assert reason_of(PermissionError(errno.EACCES, "Permission denied")) == "没有权限"
    assert reason_of(OSError(errno.EXDEV, "Invalid cross-device link")) == "Invalid cross-device link"


def test_what_a_renamed_file_holds_is_said_in_words() -> None:
    with pytest.raises(Refused) as caught:
        open_table(b"%PDF-1.7 ...", "bills.xlsx")
    with override("zh-hans"):
        assert refusal(caught.value).startswith("文件扩展名是 .xlsx，内容却是 PDF。")
