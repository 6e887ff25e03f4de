"""From a file of readings to the consumption of a month, as a person does it at the console."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nengtan.identity.models import AuditEvent
from nengtan.telemetry.models import Register
from tests.cast import Cast
from tests.telemetry.lakes import START

Run = Callable[..., tuple[int, str, str]]

HOUR = """meter,time,value
E-1,2026-01-01T00:00:00+08:00,100
E-1,2026-01-01T00:15:00+08:00,101.5
E-1,2026-01-01T00:30:00+08:00,103
E-1,2026-01-01T00:45:00+08:00,104
E-1,2026-01-01T01:00:00+08:00,106
"""


@pytest.fixture
def ingest(run: Run, tmp_path: Path, meter: Any) -> Callable[..., Any]:
    def call(text: str | bytes, name: str = "readings.csv", code: int = 0) -> Any:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        ended, out, _err = run("ingest", path, "--format", "json")
        assert ended == code, out
        return json.loads(out)

    return call


@pytest.fixture
def used(run: Run) -> Callable[..., list[dict[str, Any]]]:
    """What a meter used, after a roll-up."""

    def call(*options: object, meter: str = "E-1") -> list[dict[str, Any]]:
        assert run("rollup", "--format", "json")[0] == 0
        ended, out, _err = run("meters", "consumption", "--meter", meter, "--format", "json", *options)
        assert ended == 0
        found: list[dict[str, Any]] = json.loads(out)
        return found

    return call


def test_an_hour_of_readings(ingest: Any, used: Any) -> None:
    assert ingest(HOUR) == {"accepted": 5, "marked": {}, "repeated": False, "errors": [], "errors_omitted": 0}
    (hour,) = used("--by", "hour")
    assert hour == {
        "period": "2026-01-01T00:00+08:00", "value": 6.0, "good": 1.0, "estimated": 0.0, "missing": 0.0,
        "quality": "good",
    }  # fmt: skip
    (day,) = used("--by", "day")
    assert (day["period"], day["value"], day["quality"]) == ("2026-01-01", 6.0, "partial")
    assert (day["good"], day["missing"]) == (pytest.approx(1 / 24, abs=1e-6), pytest.approx(23 / 24, abs=1e-6))
    (month,) = used()
    assert (month["period"], month["value"]) == ("2026-01", 6.0)
    assert month["missing"] == pytest.approx(1 - 1 / 744, abs=1e-6)


def test_periods_without_readings_are_missing_not_zero(ingest: Any, used: Any) -> None:
    ingest(HOUR)
    told = used("--by", "hour", "--from", "2025-12-31T23:00+08:00", "--to", "2026-01-01T02:00+08:00")
    assert [(one["period"], one["value"], one["missing"]) for one in told] == [
        ("2025-12-31T23:00+08:00", None, 1.0), ("2026-01-01T00:00+08:00", 6.0, 0.0),
        ("2026-01-01T01:00+08:00", None, 1.0),
    ]  # fmt: skip
    days = used("--by", "day", "--from", "2026-01-01", "--to", "2026-01-03")
    assert [one["period"] for one in days] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert [one["quality"] for one in days] == ["partial", "missing", "missing"]


def test_the_same_file_again_changes_nothing(ingest: Any, used: Any) -> None:
    ingest(HOUR)
    before = used("--by", "hour")
    assert ingest(HOUR)["repeated"]
    assert ingest(HOUR + "E-1,2026-01-01T01:15:00+08:00,107\n", "more.csv")["accepted"] == 6
    assert used("--by", "hour")[:1] == before
    assert used("--by", "day")[0]["value"] == 7.0


def test_the_ratio_of_the_register_of_meters_counts_and_may_change(ingest: Any, used: Any, meter: Any) -> None:
    meter.ratio = 40
    meter.save()
    ingest(HOUR)
    assert used()[0]["value"] == 240.0
    meter.ratio = 30
    meter.save()
    assert used()[0]["value"] == 180.0


def test_of_two_values_of_one_time_the_first_counts_and_both_are_kept(ingest: Any, used: Any, run: Run) -> None:
    ingest(HOUR)
    ingest("meter,time,value\nE-1,2026-01-01T00:15:00+08:00,102.5\n")
    assert used("--by", "hour")[0]["value"] == 6.0
    from nengtan.telemetry.lake import open_lake
    from tests.telemetry.lakes import raw

    assert [(value, mark) for _register, _time, value, mark in raw(open_lake()) if value in (101.5, 102.5)] == [
        (101.5, 0), (102.5, 4),
    ]  # fmt: skip


def test_values_that_mean_none_and_clocks_that_are_off_are_kept_and_marked(ingest: Any, used: Any) -> None:
    told = ingest(
        HOUR.replace("101.5", "NaN").replace(",103\n", ",4294967295\n")
        + "E-1,1970-01-01T08:00:00+08:00,106\nE-1,2099-01-01T00:00:00+08:00,9999\n"
    )
    assert told["accepted"] == 7
    assert told["marked"] == {"sentinel": 2, "early": 1, "future": 1}
    (hour,) = used("--by", "hour")
    assert (hour["value"], hour["good"], hour["estimated"]) == (6.0, 0.25, 0.75)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_files_as_people_have_them(ingest: Any, used: Any, encoding: str) -> None:
    text = "\u8868\u8ba1\u7f16\u7801,\u65f6\u95f4,\u8bfb\u6570\n" + "".join(
        f"\uff25\uff0d\uff11,2026\u5e741\u67081\u65e5 00\uff1a{minute:02}:00,\uff11\uff10{minute // 15}\n"
        for minute in (0, 15, 30, 45)
    )
    assert ingest(text.encode(encoding))["accepted"] == 4
    assert used("--by", "hour")[0]["value"] == 3.0


def test_parquet(ingest: Any, used: Any, tmp_path: Path) -> None:
    moments = pa.array([START * 1 + quarter * 900_000_000 for quarter in range(5)], pa.int64())
    table = pa.table({"meter": ["E-1"] * 5, "time": moments.cast(pa.timestamp("us", "UTC")), "value": [0, 1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "made.parquet")
    assert ingest((tmp_path / "made.parquet").read_bytes(), "readings.parquet")["accepted"] == 5
    assert used("--by", "hour")[0]["value"] == 4.0
    wrong = ingest(b"PAR1 and no more", "broken.parquet", code=1)
    assert wrong["errors"][0]["message"] == "This is no Parquet file."


@pytest.mark.parametrize(
    ("line", "row", "column", "found"),
    [
        ("E-9,2026-01-01T02:00:00+08:00,1", 7, "meter", "E-9"),
        ("E-1,soon,1", 7, "time", "soon"),
        ("E-1,2026-01-01T02:00:00+08:00,many", 7, "value", "many"),
        (",2026-01-01T02:00:00+08:00,1", 7, "meter", ""),
        ("E-1,2150-01-01T02:00:00+08:00,1", 7, "time", "2149-12-31T18:00:00Z"),
    ],
)
def test_one_bad_row_and_nothing_is_kept(ingest: Any, used: Any, line: str, row: int, column: str, found: str) -> None:
    told = ingest(HOUR + line + "\n", code=1)
    (error,) = told["errors"]
    assert (error["row"], error["column"], error["found"]) == (row, column, found)
    assert error["allowed"]
    assert error["message"]
    assert told["accepted"] == 0
    assert used() == []


def test_a_file_without_the_columns(ingest: Any) -> None:
    (error,) = ingest("time,value\n2026-01-01T02:00:00+08:00,1\n", code=1)["errors"]
    assert "meter" in error["message"]


def test_a_meter_gets_its_main_register_once(ingest: Any, meter: Any) -> None:
    ingest(HOUR)
    ingest(HOUR.replace("106", "107"), "more.csv")
    register = Register.objects.get()
    assert (register.meter, register.code, register.unit, register.period_s) == (meter, "", "kWh", 900)
    assert AuditEvent.objects.filter(action="register.add").count() == 1


def test_a_meter_nobody_knows(run: Run, cast: Cast) -> None:
    ended, _out, err = run("meters", "consumption", "--meter", "E-404")
    assert ended == 2
    assert "E-404" in err
