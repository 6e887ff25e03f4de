"""`nengtan mv fit` and `batch`: files as people have them in, figures with their band out, or a named reason."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import translation
from docx import Document

from nengtan.trusteeship.mv_commands import mv
from tests.domain.baseline.test_degree_days import ELECTRICITY, ORACLE, WEATHER

SPANS = ("--baseline", "2017-01-01:2017-12-31", "--report", "2018-01-01:2018-12-31")
TOLD = {told["building"]: told for told in ORACLE}


def run(*arguments: object) -> Any:
    with translation.override("en"):
        return CliRunner().invoke(mv, list(map(str, arguments)))


def write(path: Path, heads: list[str], rows: list[list[object]], encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows(rows)
    return path


@pytest.fixture
def air(tmp_path: Path) -> Path:
    return write(tmp_path / "air.csv", ["date", "value"], [[day, value] for day, value in sorted(WEATHER.items())])


@pytest.fixture
def meter(tmp_path: Path) -> Path:
    with ELECTRICITY.open(encoding="utf-8") as file:
        rows = [[row["date_utc"], row["b2"]] for row in csv.DictReader(file)]
    return write(tmp_path / "b2.csv", ["date", "value"], rows)  # type: ignore[arg-type]


def test_a_meter_as_eemeter_has_it(meter: Path, air: Path) -> None:
    answer = run("fit", "--meter", meter, "--temperature", air, "--model", "caltrack-daily", *SPANS, "--format", "json")
    told, expected = json.loads(answer.output), TOLD["b2"]
    assert told["model"] == "caltrack-daily"
    assert told["params"]["kind"] == expected["model"]
    assert told["params"]["intercept"] == pytest.approx(expected["params"]["intercept"], rel=1e-9)
    assert told["counterfactual"] == pytest.approx(expected["counterfactual_kwh"], rel=1e-9)
    assert told["observed"] == pytest.approx(expected["observed_kwh"])
    assert told["savings"] == pytest.approx(expected["metered_savings_kwh"], rel=1e-6)
    assert told["band_90"][0] < told["savings"] < told["band_90"][1]
    assert told["cvrmse"] == pytest.approx(expected["cvrmse_adj"], rel=1e-9)
    assert {check["rule"] for check in told["sufficiency"]} >= {"baseline_length", "missing_days", "unit_jump"}
    assert {check["outcome"] for check in told["sufficiency"]} <= {"pass", "flag", "fail"}


BILLS = json.loads(
    Path("tests/domain/baseline/data/oracle_eemeter_2.10.11_il_billing.json").read_text(encoding="utf-8")
)


def test_bills_as_eemeter_has_them(tmp_path: Path) -> None:
    told = BILLS["meters"]["il-electricity-cdd-hdd-billing_monthly"]
    first = dt.date.fromisoformat(BILLS["first_day"])
    degrees = [[first + dt.timedelta(days=at), value] for at, value in enumerate(BILLS["mean_f"])]
    air = write(tmp_path / "air.csv", ["date", "value"], degrees)  # type: ignore[arg-type]
    bills = write(tmp_path / "bills.csv", ["date", "value"], told["readings"])
    spans = ("--baseline", ":".join(told["baseline"]), "--report", ":".join(told["report"]))
    asked = ("--model", "caltrack-billing", "--temperature", air, "--temperature-unit", "F", *spans, "--format", "json")
    found = json.loads(run("fit", "--meter", bills, *asked).output)
    assert found["savings"] == pytest.approx(told["savings"], rel=1e-8)
    assert found["counterfactual"] == pytest.approx(sum(told["counterfactual"][:-1]), rel=1e-9)
    assert found["cvrmse"] == pytest.approx(told["cvrmse_adj"], rel=1e-9)
    assert found["band_90"][0] < found["savings"] < found["band_90"][1]
    rules = {check["rule"]: check for check in found["sufficiency"]}
    assert rules["bills"]["found"] == "11: 2016-01-22 … 2016-12-18"
    (listed,) = json.loads(run("batch", "--meters", bills, *asked).output)
    assert listed["savings"] == found["savings"]


def test_bills_by_month_are_whole_months(air: Path, tmp_path: Path) -> None:
    months = [[f"{year}年{month}月", 3100 + month % 5] for year in (2017, 2018) for month in range(1, 13)]
    bills = write(tmp_path / "账单.csv", ["月份", "用电量"], months, "gb18030")  # type: ignore[arg-type]
    asked = ("--temperature", air, "--model", "caltrack-billing", *SPANS, "--format", "json")
    told = json.loads(run("fit", "--meter", bills, *asked).output)
    assert (
        next(check for check in told["sufficiency"] if check["rule"] == "bills")["found"]
        == "12: 2017-01-01 … 2017-12-31"
    )
    assert told["observed"] == pytest.approx(sum(3100 + month % 5 for month in range(1, 13)))


def test_days_are_no_bills_and_that_is_said(meter: Path, air: Path) -> None:
    asked = ("fit", "--meter", meter, "--temperature", air, "--model", "caltrack-billing", *SPANS)
    told = json.loads(run(*asked, "--format", "json").output)
    assert (told["savings"], told["reason"]) == (None, "no_baseline_bills")
    odd = next(check for check in told["sufficiency"] if check["rule"] == "off_cycle_bills")
    assert (odd["outcome"], odd["found"][:16]) == ("flag", "2017-01-01 (1 d)")
    assert "no bill of the baseline" in run(*asked).output


def test_fahrenheit_gives_the_same(meter: Path, air: Path, tmp_path: Path) -> None:
    warm = write(
        tmp_path / "f.csv", ["date", "value"], [[day, value * 9 / 5 + 32] for day, value in sorted(WEATHER.items())]
    )
    asked = ("fit", "--meter", meter, "--model", "caltrack-daily", *SPANS, "--format", "json")
    celsius = json.loads(run(*asked, "--temperature", air).output)
    fahrenheit = json.loads(run(*asked, "--temperature", warm, "--temperature-unit", "F").output)
    assert fahrenheit["savings"] == pytest.approx(celsius["savings"], rel=1e-6)


def test_many_meters_one_answer_each(air: Path) -> None:
    asked = ("--temperature", air, "--model", "day-type", "--calendar", "week", *SPANS, "--format", "json")
    told = json.loads(run("batch", "--meters", ELECTRICITY, *asked).output)
    assert [one["meter"] for one in told] == list(TOLD)
    split = next(one for one in told if one["meter"] == "b12")
    assert [part["day_types"] for part in split["params"]] == [["workday"], ["rest"]]


def test_days_named_in_a_file_are_what_it_says(meter: Path, air: Path, tmp_path: Path) -> None:
    days = [[day, "summer school"] for day in sorted(WEATHER) if day[5:7] in ("07", "08")]
    named = write(tmp_path / "days.csv", ["date", "type"], days)  # type: ignore[arg-type]
    asked = (
        "--temperature",
        air,
        "--model",
        "day-type",
        "--calendar",
        "week",
        "--days",
        named,
        *SPANS,
        "--format",
        "json",
    )
    told = json.loads(run("fit", "--meter", meter, *asked).output)
    assert "summer school" in {kind for part in told["params"] for kind in part["day_types"]}


def test_a_report_in_word_says_all_that_is_needed(meter: Path, air: Path, tmp_path: Path) -> None:
    """Opened again: boundary, spans, every rule, the parameters, the figures, and both signs of the same savings."""
    out = tmp_path / "report.docx"
    asked = ("--meter", meter, "--temperature", air, "--calendar", "week", *SPANS, "--format", "json")
    answer = run("report", *asked, "--model", "day-type", "--out", out, "--boundary", "Building b2", "--unit", "MWh")
    told, document = json.loads(answer.output), Document(str(out))
    lines = [paragraph.text for paragraph in document.paragraphs]
    cells = {row.cells[0].text: row.cells[-1].text for table in document.tables for row in table.rows}
    assert "Building b2" in lines
    assert "All use is in MWh." in lines
    assert cells["Baseline"] == "2017-01-01:2017-12-31"
    assert cells["Measured"] == f"{told['observed']:,.0f}"
    assert cells["Avoided use"] == f"{told['savings']:,.0f}"
    assert len(document.tables[1].rows) == 1 + len(told["sufficiency"])
    assert len(document.tables[2].rows) == 1 + len(told["params"])
    signs = [line for line in lines if "saved:" in line]
    assert [line.rsplit(": ", 1)[1] for line in signs] == [
        f"{told['savings']:,.0f} MWh.",
        f"{-told['savings']:,.0f} MWh.",
    ]


@pytest.mark.parametrize("model", ["caltrack-hourly", "caltrack-billing"])
def test_a_report_without_a_figure_says_why(meter: Path, air: Path, tmp_path: Path, model: str) -> None:
    out = tmp_path / "report.docx"
    spans = ("--baseline", "1999-01-01:1999-12-31", "--report", "2018-01-01:2018-12-31")
    assert run("report", "--meter", meter, "--temperature", air, "--model", model, *spans, "--out", out).exit_code == 0
    assert any(line.text.startswith("No figure: no ") for line in Document(str(out)).paragraphs)


def test_files_as_people_send_them(air: Path, tmp_path: Path) -> None:
    """GBK, full-width digits, thousands separators, dates in words, a blank line."""
    rows: list[list[object]] = [
        [f"{day[:4]}年{int(day[5:7])}月{int(day[8:])}日", "１,２００.５"] for day in sorted(WEATHER)
    ]
    rows.insert(5, ["", ""])
    messy = write(tmp_path / "messy.csv", ["日期", "用电量"], rows, "gb18030")
    answer = run("fit", "--meter", messy, "--temperature", air, "--model", "caltrack-daily", *SPANS, "--format", "json")
    told = json.loads(answer.output)
    assert told["counterfactual"] == pytest.approx(365 * 1200.5)
    assert next(check for check in told["sufficiency"] if check["rule"] == "distinct_values")["outcome"] == "flag"


def test_a_bad_cell_is_named_and_nothing_is_computed(air: Path, tmp_path: Path) -> None:
    bad = write(tmp_path / "bad.csv", ["date", "value"], [["2017-01-01", "12"], ["2017-13-01", "about 5"]])
    answer = run("fit", "--meter", bad, "--temperature", air, "--model", "caltrack-daily", *SPANS, "--format", "json")
    assert answer.exit_code == 1
    errors = json.loads(answer.stdout)["errors"]
    assert [(error["row"], error["found"]) for error in errors] == [(3, "2017-13-01"), (3, "about 5")]


def test_no_baseline_has_a_reason(air: Path, meter: Path) -> None:
    spans = ("--baseline", "1999-01-01:1999-12-31", "--report", "2018-01-01:2018-12-31")
    asked = ("fit", "--meter", meter, "--temperature", air, "--model", "day-type", *spans)
    told = json.loads(run(*asked, "--format", "json").output)
    assert (told["savings"], told["band_90"], told["params"], told["reason"]) == (None, None, None, "no_baseline_days")
    assert run(*asked).exit_code == 0


@pytest.mark.parametrize("span", ["2017", "2018-01-01:2017-01-01", "1900-01-01:2018-01-01", "a:b"])
def test_a_span_that_is_none_is_refused(air: Path, meter: Path, span: str) -> None:
    answer = run(
        "fit", "--meter", meter, "--temperature", air, "--model", "caltrack-daily", "--baseline", span,
        "--report", "2018-01-01:2018-12-31",
    )  # fmt: skip
    assert answer.exit_code == 2
    assert span[:4] in answer.output
