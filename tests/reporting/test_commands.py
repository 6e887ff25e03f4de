"""``nengtan returns``: a file reviewed without a database, and the returns of a region."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from nengtan.domain.returns import slots
from nengtan.identity.access import system_actor
from nengtan.reporting.commands import returns
from nengtan.reporting.models import Return
from nengtan.reporting.services import explain, open_returns, review, workbooks
from tests.cast import Cast
from tests.reporting.desk import QUARTER, bill, register

HEADINGS = (
    "单位名称,统一社会信用代码,报告期,单位类型,建筑面积(m2),用能人数,电消费量,电费用,水消费量,水费用,"
    "车辆数量,汽油车,柴油车,新能源汽车\n"
)
ROWS = """甲学校,,2024-00,021,5000,400,301234,180740,5123,15369,3,1,1,1
甲学校,,2025-00,021,5000,400,"３０.５ 万kWh",183000,5220,15660,4,1,1,1
乙医院,,2025-00,024,,20,abc,5,1,,,,,
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(returns, list(arguments))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "returns.csv"
    path.write_bytes((HEADINGS + ROWS).encode("gbk"))
    return path


def test_a_file_is_reviewed_by_itself(file: Path) -> None:
    ran = run("review", "--edition", "2025", "--file", str(file), "--format", "json")
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    assert set(found[0]) == {
        "institution", "period", "rule", "severity", "cell", "found", "expected", "message",
    }  # fmt: skip
    blocked = {(item["institution"], item["rule"], item["cell"]) for item in found if item["severity"] == "block"}
    assert blocked == {
        ("甲学校", "L04", "vehicles"),
        ("乙医院", "L01", "area"),
        ("乙医院", "L01", "elec_qty"),
    }
    (four,) = [item for item in found if item["rule"] == "L04"]
    assert (four["period"], four["found"], four["expected"]) == ("2025-00", "4", "3")


@pytest.mark.parametrize("drawn", ["forms_of_returns", "rows_of_returns"])
def test_the_platforms_own_workbooks_are_reviewed_by_themselves(cast: Cast, tmp_path: Path, drawn: str) -> None:
    """Data rooms stand on a sheet of their own and are held against the form all the same."""
    open_returns(system_actor(), cast.regions["420106"], slots.annual(2025))
    of = Return.objects.get(institution=cast.institutions["school"])
    cells = {("", "area"): 1000, ("", "persons"): 100, ("", "elec_qty"): 50, ("0001", "room_elec"): 70}
    for (record, indicator), value in cells.items():
        of.values.update_or_create(
            record=record, indicator=indicator, defaults={"value": Decimal(value), "provenance": "typed"}
        )
    path = tmp_path / "drawn.xlsx"
    path.write_bytes(getattr(workbooks, drawn)(system_actor(), [of]))
    ran = run("review", "--edition", "2025", "--file", str(path), "--format", "json")
    assert ran.exit_code == 0, ran.output
    found = {(item["rule"], item["cell"]) for item in json.loads(ran.stdout)}
    assert ("L07", "elec_qty") in found, "the room uses more than the whole"
    assert ("L01", "water_qty") in found
    other = run("review", "--edition", "2022", "--file", str(path), "--format", "json")
    assert other.exit_code == 2, "a form is of its own edition"


@pytest.mark.parametrize(
    "arguments",
    [
        ("review",),
        ("review", "--edition", "2025"),
        ("review", "--region", "420106"),
        ("review", "--period", "2025-00"),
        ("review", "--period", "sometime", "--region", "420106"),
        ("review", "--edition", "2025", "--file", "FILE", "--region", "420106", "--period", "2025-00"),
        ("review", "--edition", "1999", "--file", "FILE"),
    ],
)
def test_bad_use_ends_with_two(file: Path, arguments: tuple[str, ...]) -> None:
    ran = run(*(str(file) if item == "FILE" else item for item in arguments))
    assert ran.exit_code == 2


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"a,b\n1,2\n"), ("a.xlsm", b"x"), ("a.xlsx", b"no zip")])
def test_a_foreign_file_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    ran = run("review", "--edition", "2025", "--file", str(path))
    assert ran.exit_code == 2
    assert name in ran.output


def test_a_region_opens_and_is_followed(cast: Cast) -> None:
    register(cast, "school", 1)
    bill(cast, "school", "electricity", 202301, "5", "MWh", "3000")
    opened = run("open", "--region", "420106", "--period", str(QUARTER), "--format", "json")
    assert json.loads(opened.output)["opened"] == 3
    listed = json.loads(run("status", "--region", "420106", "--period", "2023-Q1", "--format", "json").output)
    assert {(item["code"], item["state"], item["late"]) for item in listed} == {
        ("420106-S1", "empty", True), ("420106-H1", "empty", True), (cast.institutions["office"].code, "empty", True),
    }  # fmt: skip
    found = json.loads(run("review", "--region", "420106", "--period", "2023-Q1", "--format", "json").output)
    assert ("420106-H1", "L01", "area") in {(item["institution"], item["rule"], item["cell"]) for item in found}
    assert any(item["message"].startswith("The hospital") for item in found)


def test_cells_are_filled_and_steps_taken(cast: Cast) -> None:
    register(cast, "school", 1)
    run("open", "--region", "420106", "--period", "2023-Q1")
    place = ("--institution", "420106-S1", "--period", "2023-Q1")
    ran = run("fill", *place, "elec_qty=30000", "elec_cost=18000", "heat_qty=", "--format", "json")
    assert json.loads(ran.output) == {"stored": 3, "same": 0, "conflicts": 0}
    of = Return.objects.get(institution__code="420106-S1")
    assert (of.state, of.values.get(indicator="elec_qty").value) == ("entering", 30000)
    assert run("fill", *place, "elec_qty").exit_code == 2
    assert run("fill", *place, "elec_qty=many").exit_code == 2
    assert run("fill", "--institution", "nobody", "--period", "2023-Q1", "elec_qty=1").exit_code == 2
    refused = run("step", *place, "submit")
    assert refused.exit_code != 0
    of.refresh_from_db()
    assert of.state == "entering", "water is missing"


@pytest.mark.parametrize("state", ["statistics_head", "unit_head"])
def test_the_console_submits_and_signs_for_nobody(cast: Cast, school: Return, state: str) -> None:
    place = ("--institution", school.institution.code, "--period", str(school.period))
    run("fill", *place, "water_qty=1500", "gas_qty=0", "gas_cost=0")
    for finding in review([school])[school.pk]:
        explain(
            system_actor(), school, finding.rule, "as billed",
            record=finding.cell.record, indicator=finding.cell.indicator,
        )  # fmt: skip
    told = json.loads(run("submit", *place, "--format", "json").output)
    assert told["state"] == "statistics_head"
    Return.objects.filter(pk=school.pk).update(state=state, hands=[])
    for action in ("pass", "send_back"):
        refused = run("step", *place, action, "--reason", "r")
        assert refused.exit_code != 0
    school.refresh_from_db()
    assert school.state == state


def test_a_workbook_is_taken_in_by_command(cast: Cast, tmp_path: Path) -> None:
    register(cast, "school", 1)
    run("open", "--region", "420106", "--period", "2023-Q1")
    path = tmp_path / "rows.csv"
    path.write_text("单位编码,报告期,电消费量,水消费量\n420106-S1,2023-Q1,31000,many\n420106-H1,2023-Q1,5,6\n", "utf-8")
    of = Return.objects.get(institution__code="420106-H1")
    refused = CliRunner().invoke(returns, ["fill", "--file", str(path), "--format", "json"], standalone_mode=False)
    told = json.loads(refused.stdout)
    assert (refused.return_value, told["stored"], [error["place"] for error in told["errors"]]) == (1, False, ["D2"])
    dry = run("fill", "--file", str(path), "--dry-run", "--partial", "--format", "json")
    told = json.loads(dry.stdout)
    assert (dry.exit_code, told["dry_run"], told["changed"], told["cells"]) == (0, True, 1, 2)
    assert {(change["code"], change["cell"], change["after"]) for change in told["changes"]} >= {
        ("420106-H1", "elec_qty", 5), ("420106-S1", "elec_qty", 31000),
    }  # fmt: skip
    assert not of.values.filter(provenance="file").exists()
    table = run("fill", "--file", str(path), "--partial")
    assert table.exit_code == 0, table.output
    assert of.values.get(indicator="water_qty").value == 6


@pytest.mark.parametrize(
    "arguments",
    [
        ("fill",),
        ("fill", "--institution", "420106-S1"),
        ("fill", "--file", "FILE", "--period", "2023-Q1", "elec_qty=1"),
    ],
)
def test_a_file_or_cells_are_named(file: Path, arguments: tuple[str, ...]) -> None:
    ran = run(*(str(file) if item == "FILE" else item for item in arguments))
    assert ran.exit_code == 2


def test_a_foreign_workbook_is_not_taken_in(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    ran = run("fill", "--file", str(path))
    assert ran.exit_code == 1
    assert "a.csv" in ran.output


def test_two_bodies_of_one_name_in_a_file_are_no_doubles(tmp_path: Path) -> None:
    path = tmp_path / "returns.csv"
    path.write_text("单位编码,单位名称,报告期,电消费量\nA1,甲学校,2025-00,100\nA2,甲学校,2025-00,70\n", "utf-8")
    found = json.loads(run("review", "--edition", "2025", "--file", str(path), "--format", "json").stdout)
    assert "L14" not in {item["rule"] for item in found if item["severity"] == "block"}
    assert {item["institution"] for item in found} == {"A1", "A2"}
    assert all(item["message"].startswith("甲学校：") for item in found)


def test_rows_drawn_for_another_edition_are_refused(cast: Cast, school: Return, tmp_path: Path) -> None:
    path = tmp_path / "rows.xlsx"
    path.write_bytes(workbooks.rows_of_returns(cast.actor("district"), [school]))
    ran = run("review", "--edition", "2025", "--file", str(path))
    assert (ran.exit_code, "2022" in ran.output, "2025" in ran.output) == (2, True, True)


@pytest.mark.parametrize("renamed", ["Sheet1", "csv"])
def test_rows_of_another_edition_are_known_by_their_headings(
    cast: Cast, school: Return, tmp_path: Path, renamed: str
) -> None:
    """Edition 2022 asks for the land area, which edition 2025 does not; no title says which it is."""
    content = workbooks.rows_of_returns(cast.actor("district"), [school])
    book = load_workbook(io.BytesIO(content))
    sheet = next(sheet for sheet in book.worksheets if sheet.max_column > 20)
    path = tmp_path / f"rows.{'csv' if renamed == 'csv' else 'xlsx'}"
    if renamed == "csv":
        lines = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        path.write_text("\n".join(",".join(line) for line in lines), "utf-8")
    else:
        sheet.title = renamed
        book.save(path)
    ran = run("review", "--edition", "2025", "--file", str(path))
    assert ran.exit_code == 2
    assert "是2022版制度的报表，不是2025版" in ran.output
    assert "--edition 2022" in ran.output
    assert run("review", "--edition", "2022", "--file", str(path)).exit_code == 0


def test_years_of_another_edition_are_pointed_out(tmp_path: Path) -> None:
    path = tmp_path / "returns.csv"
    path.write_text("单位名称,报告期,电消费量\n甲学校,2023-00,100\n", "utf-8")
    ran = run("review", "--edition", "2025", "--file", str(path), "--format", "json")
    assert ran.exit_code == 0
    assert "2023 年的报表执行2022版制度，现按2025版审核" in ran.stderr
    path.write_text("单位名称,报告期,电消费量\n甲学校,2023-00,100\n甲学校,2025-00,100\n", "utf-8")
    assert "版制度" not in run("review", "--edition", "2025", "--file", str(path)).stderr


def test_a_row_that_cannot_be_reviewed_stands_in_the_output(tmp_path: Path) -> None:
    path = tmp_path / "returns.csv"
    path.write_text("单位名称,报告期,电消费量\n甲学校,someday,100\n乙学校,2025-00,70\n", "utf-8")
    ran = run("review", "--edition", "2025", "--file", str(path), "--format", "json")
    assert ran.exit_code == 2
    first, *others = json.loads(ran.stdout)
    assert (first["institution"], first["rule"], first["severity"], first["cell"], first["found"]) == (
        "甲学校", "L14", "block", "period", "someday")  # fmt: skip
    assert {item["institution"] for item in others} == {"乙学校"}


def test_a_unit_nobody_knows_in_a_heading_is_one_fault_of_its_column(tmp_path: Path) -> None:
    path = tmp_path / "returns.csv"
    rows = "".join(f"学校{number},2025-00,100,50\n" for number in range(5))
    path.write_text("单位名称,报告期,电消费量（马力）,水消费量（立方米）\n" + rows, "utf-8")
    ran = run("review", "--edition", "2025", "--file", str(path), "--format", "json")
    found = json.loads(ran.stdout)
    assert ran.exit_code == 2
    assert [(item["rule"], item["found"]) for item in found if item["cell"] == "elec_qty"] == [("L01", "马力")]
    assert "5" in found[0]["message"]
