"""`nengtan meters clean`: the golden cases through the door, and what is told of bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from nengtan.telemetry.marks import Mark
from nengtan.telemetry.wording import ALLOWED, MARKS, METHODS, QUALITIES, REASONS, REFUSALS, TASKS
from tests.telemetry.conftest import Clean


def listed(*values: object, minutes: int = 15) -> str:
    """Readings of one register from 2026-01-01 on."""
    rows = [
        f"2026-01-{1 + at * minutes // 1440:02}T{at * minutes // 60 % 24:02}:{at * minutes % 60:02}:00+08:00,{value}"
        for at, value in enumerate(values)
    ]
    return "\n".join(["time,value", *rows]) + "\n"


def values(found: Any) -> list[float | None]:
    return [interval["value"] for interval in found["intervals"]]


def kinds(found: Any) -> list[str]:
    return [task["kind"] for task in found["tasks"]]


def test_a_plain_step(clean: Clean) -> None:
    found = clean(listed("100.0", "101.5"))
    assert found == {
        "intervals": [
            {"time": "2026-01-01T00:00:00+08:00", "value": 1.5, "quality": "good", "method": "measured"},
        ],
        "total": 1.5,
        "tasks": [],
        "dropped": [],
    }


def test_a_roll_over(clean: Clean) -> None:
    found = clean(listed("999998.50", "3.25"), "--modulus", "1e6")
    assert (values(found), found["total"], found["tasks"]) == ([4.75], 4.75, [])


def test_a_replaced_meter(clean: Clean, tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    events.write_text("time,old_final,new_start\n2026-01-01T00:05:00+08:00,12345.67,0.12\n")
    found = clean(listed("12345.00", "3.12"), "--events", events)
    assert (values(found), found["total"]) == ([3.67], 3.67)
    assert found["intervals"][0]["method"] == "event"


def test_a_reset_nobody_recorded(clean: Clean) -> None:
    found = clean(listed("5000", "2"))
    assert (values(found), found["total"], kinds(found)) == ([None], None, ["reset"])
    assert found["tasks"][0]["row"] == 3
    assert "from 5000 to 2" in found["tasks"][0]["message"]


def test_a_catch_up_after_a_gap(clean: Clean) -> None:
    text = "time,value\n2026-01-01 00:00,38312088\n2026-01-01 06:15,38315900\n"
    found = clean(text)
    assert len(found["intervals"]) == 25
    assert sum(values(found)) == pytest.approx(3812)
    assert {interval["quality"] for interval in found["intervals"]} == {"estimated"}


def test_a_dip(clean: Clean) -> None:
    found = clean(listed("165746.0", "0.003", "0.003", "165747.2"))
    assert (found["total"], found["tasks"]) == (1.2, [])
    assert [(one["row"], one["reason"]) for one in found["dropped"]] == [(3, "dip"), (4, "dip")]


def test_a_dip_by_the_hour(clean: Clean) -> None:
    assert clean(listed("165746.0", "0.003", "0.003", "165747.2", minutes=60))["total"] == 1.2


def test_the_first_reading_is_a_base_only(clean: Clean) -> None:
    found = clean(listed("56842170"))
    assert (found["intervals"], found["total"]) == ([], None)


def test_ratio_and_cap(clean: Clean) -> None:
    found = clean(listed(100, 101, 900, 102), "--ratio", 20, "--cap", 100)
    assert found["total"] == 40
    assert kinds(found) == ["spike"]
    assert found["dropped"][0]["reason"] == "spike"


def test_a_register_read_by_the_hour(clean: Clean) -> None:
    found = clean(listed(0, 4, 8, minutes=60), "--period", 60)
    assert values(found) == [1.0] * 8
    assert {interval["quality"] for interval in found["intervals"]} == {"good"}


def test_values_that_mean_none_are_left_out_and_told(clean: Clean) -> None:
    found = clean(listed(1, "NaN", "inf", "-Infinity", "0xFFFFFFFF", "4294967.295", "", "—", 9))
    assert found["total"] == 8
    assert [(one["row"], one["value"], one["reason"]) for one in found["dropped"]] == [
        (row, value, "sentinel")
        for row, value in enumerate(["NaN", "inf", "-Infinity", "0xFFFFFFFF", "4294967.295", "", "—"], start=3)
    ]


def test_clocks_that_are_wrong_are_for_a_person(clean: Clean) -> None:
    found = clean(listed(1, 2) + "1970-01-01 08:00:00,1\n2999-01-01 08:00:00,9\n")
    assert found["total"] == 1
    assert kinds(found) == ["early", "future"]
    assert [one["reason"] for one in found["dropped"]] == ["early", "future"]


def test_repeats_and_contradictions(clean: Clean) -> None:
    again = "2026-01-01T00:15:00+08:00,2\n2026-01-01T00:15:00+08:00,7\n"
    found = clean(listed(1, 2, 3) + again)
    assert found["total"] == 2
    assert kinds(found) == ["conflict"]
    assert [one["reason"] for one in found["dropped"]] == ["duplicate", "conflict"]


def test_rows_in_any_order_come_to_the_same(clean: Clean) -> None:
    heading, *rows = listed(1, 2, 4, 8).splitlines()
    assert values(clean("\n".join([heading, *reversed(rows)]))) == [1.0, 2.0, 4.0]


def test_a_file_as_people_have_it(clean: Clean) -> None:
    text = '某楼总表\n采集时间,备注,表底读数\n2026/1/1 0:00,,１２３４．５\n2026年1月1日0时15分,,"1,236.0"\n'
    assert values(clean(text.encode("gbk"))) == [1.5]


def test_a_workbook(clean: Clean, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["time", "value"], ["2026-01-01 00:00", 1], ["2026-01-01 00:15", 2.5]):
        book.active.append(row)
    book.save(tmp_path / "made.xlsx")
    assert values(clean((tmp_path / "made.xlsx").read_bytes(), name="readings.xlsx")) == [1.5]


def test_bad_rows_are_told_with_place_and_nothing_is_cleaned(clean: Clean) -> None:
    found = clean("time,value\nsoon,1\n2026-01-01 00:00,12 kWh\n2026-02-30 00:00,5%\n", code=1)
    assert (found["intervals"], found["total"]) == ([], None)
    told = [(error["row"], error["column"], error["found"], error["code"]) for error in found["errors"]]
    assert told == [
        (2, "time", "soon", "not_a_time"),
        (3, "value", "12 kWh", "not_a_number"),
        (4, "time", "2026-02-30 00:00", "no_such_time"),
        (4, "value", "5%", "not_a_number"),
    ]
    assert all(error["allowed"] and error["message"] for error in found["errors"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_file"),
        ("time,value\n", "no_readings"),
        ("day,number\n1,2\n", "missing_column"),
        (b"\x1f\x8bxxxx", "extension_mismatch"),
    ],
)
def test_files_without_readings(clean: Clean, text: str | bytes, code: str) -> None:
    assert [error["code"] for error in clean(text, code=1)["errors"]] == [code]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("2026-01-01 00:05,,1,", "old_final", "missing_value"),
        ("2026-01-01 00:05,1,x,", "new_start", "not_a_number"),
        ("2026-01-01 00:05,1,1,0", "ratio", "not_above_zero"),
        ("never,1,1,2", "time", "not_a_time"),
    ],
)
def test_bad_events(clean: Clean, tmp_path: Path, row: str, column: str, code: str) -> None:
    events = tmp_path / "events.csv"
    events.write_text(f"time,old_final,new_start,ratio\n{row}\n")
    [error] = clean(listed(1, 2), "--events", events, code=1)["errors"]
    assert (error["file"], error["row"], error["column"], error["code"]) == ("events.csv", 2, column, code)


def test_a_change_of_ratio_alone(clean: Clean, tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    events.write_text("时间,旧表止码,新表起码,新倍率\n2026-01-01 00:05,,,10\n")
    found = clean(listed(0, 3), "--events", events)
    assert (values(found), found["intervals"][0]["quality"]) == ([21.0], "estimated")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--modulus", "0"), ("--modulus", "nan"), ("--ratio", "-1"), ("--cap", "inf"), ("--period", "0")],
)
def test_options_that_cannot_be(run: Any, tmp_path: Path, option: str, value: str) -> None:
    path = tmp_path / "readings.csv"
    path.write_text(listed(1, 2))
    code, out, err = run("meters", "clean", "--input", path, option, value)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert option in err


def test_the_table_is_in_words(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text(listed(5000, 2, 3.5))
    with translation.override("zh-hans"):
        code, out, _ = run("meters", "clean", "--input", path)
    assert code == 0
    assert "合计：1.5" in out
    assert "表底倒退" in out
    assert "请登记换表或清零" in out
    code, out, err = run("meters", "clean", "--input", path, "--format", "csv")
    assert out.splitlines()[1] == "2026-01-01T00:00:00+08:00,,missing,reset"
    assert "Total: 1.5" in err


def test_every_code_has_words() -> None:
    from nengtan.domain.metering.codes import Method, Quality, Verdict
    from nengtan.telemetry import cleaning

    assert set(QUALITIES) == {quality.name.lower() for quality in Quality}
    assert set(METHODS) == {method.name.lower() for method in Method}
    assert set(REASONS) == {verdict.name.lower() for verdict in Verdict if verdict}
    assert set(TASKS) == {*cleaning.ASKING.values(), *cleaning.DOUBTED.values(), *MARKS}
    assert set(MARKS) == {mark.name.lower() for mark in Mark if mark}
    assert set(REFUSALS) == set(ALLOWED)
