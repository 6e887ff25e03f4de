"""The ledger at the console, under its fixed names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nengtan.config import group
from nengtan.ledger.models import ActivityFact
from tests.cast import Cast
from tests.ledger.files import bills


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command, with the verbs of the register and the ledger."""

    def go(*arguments: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            group.run([str(argument) for argument in arguments], "0", ("registry", "ledger"))
        captured = capsys.readouterr()
        return Ended(int(end.value.code or 0), captured.out, captured.err)

    return go


def printed(result: Ended) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bills.xlsx"
    rows = [
        ("420106-S1", None, "2023-01", "电力", 100, "kWh", 80, "账单", "1"),
        ("nobody", None, "2023-01", "水", 1, "m3", None, None, None),
    ]
    path.write_bytes(bills(*rows))
    return path


def test_import_says_what_became_of_the_rows(cast: Cast, run: Run, file: Path) -> None:
    tried = run("import", "activity", file, "--dry-run", "--format", "json")
    assert (tried.exit_code, printed(tried)["accepted"], printed(tried)["stored"]) == (1, 1, False)
    refused = run("import", "activity", file, "--format", "json")
    assert refused.exit_code == 1
    told = printed(refused)
    assert (told["accepted"], told["rejected"], told["stored"]) == (0, 1, False)
    (error,) = told["errors"]
    assert (error["row"], error["column"], error["found"]) == (3, "institution_code", "nobody")
    assert {"row", "column", "found", "allowed", "message"} <= error.keys()
    assert not ActivityFact.objects.exists()
    taken = run("import", "activity", file, "--partial", "--format", "json")
    assert (taken.exit_code, printed(taken)["accepted"], printed(taken)["rejected"]) == (0, 1, 1)
    again = run("import", "activity", file, "--partial", "--format", "json")
    assert printed(again)["unchanged"] == 1


def test_a_file_that_is_not_taken_is_one_error(cast: Cast, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bills.xlsm"
    path.write_bytes(b"PK\x03\x04")
    result = run("import", "activity", path, "--format", "json")
    assert (result.exit_code, printed(result)["errors"][0]["code"]) == (1, "macro_workbook")
    assert run("import", "activity", tmp_path / "absent.xlsx").exit_code == 2


def test_the_template_is_a_workbook(cast: Cast, run: Run, tmp_path: Path) -> None:
    assert run("template", "activity", tmp_path / "given.xlsx").exit_code == 0
    assert (tmp_path / "given.xlsx").stat().st_size > 5000
    assert run("template", "activity", "-o", tmp_path / "t.xlsx").exit_code == 0
    assert (tmp_path / "t.xlsx").read_bytes()[:2] == b"PK"


@pytest.mark.parametrize("format", ["table", "csv"])
def test_what_a_total_lacks_is_said_below_the_accounts(
    cast: Cast, run: Run, tmp_path: Path, format: str, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "en"
    path = tmp_path / "other.xlsx"
    path.write_bytes(
        bills(
            ("420106-S1", None, "2023-01", "电力", 100, "kWh", 80, "账单", "1"),
            ("420106-S1", None, "2023-01", "其他能源", 5, "tce", 80, "账单", "2"),
        )
    )
    run("import", "activity", path)
    for cut in ((), ("--by", "carrier")):
        told = run("accounts", "--region", "420106", "--year", "2023", *cut, "--format", format)
        assert told.stderr == (
            "The total is incomplete: Other energy: no factor for this carrier (CO₂ emission factor)\n"
        )
        assert "incomplete" not in told.stdout
    whole = run("accounts", "--region", "420106", "--year", "2023", "--carrier", "electricity", "--format", format)
    assert whole.stderr == ""


def test_accounts_and_their_lineage(cast: Cast, run: Run, file: Path) -> None:
    run("import", "activity", file, "--partial")
    (total,) = printed(run("accounts", "--region", "420106", "--year", "2023", "--format", "json"))
    assert (total["electricity_kwh"], total["cost_cny"], total["energy_tce"], total["co2_t"]) == (
        100,
        80,
        0.01229,
        0.04044,
    )
    assert {"water_m3", "coverage", "kgce_per_m2", "kgce_per_person", "m3_per_person", "kgco2_per_m2"} <= total.keys()
    for by in ("institution", "type", "carrier", "month", "region"):
        rows = printed(run("accounts", "--region", "420106", "--year", "2023", "--by", by, "--format", "json"))
        assert sum(row["electricity_kwh"] or 0 for row in rows) == 100, by
    story = printed(
        run("explain", "--institution", "420106-S1", "--year", "2023", "--measure", "co2_t", "--format", "json")
    )
    assert (story["value"], story["formula"][0]["factor"]["id"]) == (0.04044, "ELEC_AVG_420000_2023")
    assert story["facts"][0]["evidence"] == "bills.xlsx"
    tree = run("explain", "--institution", "420106-S1", "--year", "2023", "--measure", "co2_t").stdout
    assert "100 kWh × 0.4044" in tree
    assert "ELEC_AVG_420000_2023" in tree


@pytest.mark.parametrize(
    ("arguments", "tce", "tco2"),
    [
        (("electricity", "10000", "kWh", "420106", "2023"), 1.229, 4.044),
        (("electricity", "1", "万千瓦时", "420000", "2023"), 1.229, 4.044),
        (("natural_gas", "1,000", "m3", "CN", "2023"), 1.33, 2.184),
        (("heat", "1", "GJ", "CN", "2023"), 0.03412, 0.11),
    ],
)
def test_convert(cast: Cast, run: Run, arguments: tuple[str, ...], tce: float, tco2: float) -> None:
    names = ("--carrier", "--quantity", "--unit", "--region", "--year")
    options = [part for pair in zip(names, arguments, strict=True) for part in pair]
    told = printed(run("convert", *options, "--format", "json"))
    assert (told["tce"], told["tco2"]) == (tce, tco2)
    assert {factor["kind"] for factor in told["factors"]} >= {"coal_equivalent", "co2"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", "--carrier", "firewood", "--quantity", "1", "--unit", "kg"),
        ("convert", "--carrier", "coal", "--quantity", "1", "--unit", "kWh"),
        ("convert", "--carrier", "coal", "--quantity", "many", "--unit", "t"),
        ("convert", "--carrier", "coal", "--quantity", "-1", "--unit", "t"),
        ("convert", "--carrier", "coal", "--quantity", "1", "--unit", "t", "--region", "nowhere"),
        ("accounts", "--year", "2023"),
        ("accounts", "--year", "2023", "--region", "420106", "--institution", "420106-S1"),
        ("accounts", "--year", "2023", "--region", "nowhere"),
        ("accounts", "--year", "2023", "--institution", "nowhere"),
        ("accounts", "--year", "23", "--region", "420106"),
        ("explain", "--year", "2023", "--region", "420106", "--measure", "joy"),
        ("facts", "add", "--carrier", "coal"),
        ("facts", "correct", "99", "--reason", "x"),
        ("factors", "show", "NONE"),
        ("years", "close", "--region", "nowhere", "--year", "2023"),
    ],
)
def test_bad_use_ends_with_two_and_one_line(cast: Cast, run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.strip()


def test_facts_are_entered_corrected_and_withdrawn(cast: Cast, run: Run) -> None:
    stated = ("--institution", "420106-S1", "--carrier", "water", "--month", "2023-04")
    added = run("facts", "add", *stated, "--quantity", "12", "--format", "json")
    number = printed(added)["id"]
    fixed = printed(run("facts", "correct", number, "--quantity", "14", "--reason", "misread", "--format", "json"))
    assert (fixed["quantity"], fixed["supersedes"]) == (14, number)
    run("facts", "withdraw", fixed["id"], "--reason", "twice")
    listed = printed(run("facts", "list", "--carrier", "water", "--standing", "counts", "--format", "json"))
    assert listed == []


def test_years_are_closed_and_checked_and_sums_rebuilt(cast: Cast, run: Run, file: Path) -> None:
    run("import", "activity", file, "--partial")
    assert run("years", "close", "--region", "420106", "--year", "2023").exit_code == 0
    checked = run("years", "list", "--check", "--format", "json")
    assert (checked.exit_code, printed(checked)[0]["agrees"]) == (0, True)
    assert run("years", "reopen", "--region", "420106", "--year", "2023", "--reason", "late").exit_code == 0
    assert run("rebuild", "--check").exit_code == 0


def test_factors_are_listed_with_every_digit(cast: Cast, run: Run) -> None:
    text = run("factors", "list", "--place", "420000", "--carrier", "electricity").stdout
    assert "0.4044" in text
    options = ("--kind", "co2", "--carrier", "electricity", "--place", "420106", "--value", "0.51", "--unit", "kWh")
    code = printed(run("factors", "add", *options, "--source", "Notice 1", "--format", "json"))["code"]
    assert printed(run("factors", "show", code, "--format", "json"))["value"] == 0.51
    assert printed(run("factors", "retire", code, "--reason", "wrong", "--format", "json"))["retired_on"]
