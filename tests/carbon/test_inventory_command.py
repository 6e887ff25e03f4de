"""`nengtan carbon inventory`: files as people have them in, both inventories out, or every fault with its place."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import translation

from nengtan.carbon.commands import carbon

FACTS = """source,quantity,unit,kind
electricity,361480,kWh,purchased
electricity,10000,kWh,passed_on
electricity,5000,kWh,own_pv
natural_gas,10482,m3,purchased
gasoline,1312,L,purchased
r410a,12,kg,
"""


def run(path: Path, *more: str, region: str = "420106", year: str = "2023") -> Any:
    arguments = ["inventory", "--input", str(path), "--region", region, "--year", year, *more]
    with translation.override("en"):
        return CliRunner().invoke(carbon, arguments)


def told(path: Path, *more: str) -> dict[str, Any]:
    return json.loads(run(path, *more, "--format", "json").stdout, parse_float=Decimal)  # type: ignore[no-any-return]


def file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "facts.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_both_inventories_by_hand(tmp_path: Path) -> None:
    found = told(file(tmp_path, FACTS))
    assert found["statutory_t"] == Decimal("167.890048")  # 351,480 x 0.4044 + 10,482 x 2.184 + 1,312 x 2.179
    assert found["extended_only_t"] == Decimal("23.082")  # 12 x 1,923.5
    assert found["extended_t"] == Decimal("190.972048")
    assert found["statutory_market_t"] == Decimal("240.013744")  # 351,480 x 0.6096 + 25.751536
    assert (found["complete"], found["market_complete"], found["missing"]) == (True, True, [])
    lines = {(line["source"], line["kind"]): line for line in found["by_source"]}
    assert lines["electricity", "own_pv"]["statutory_t"] == 0
    assert lines["electricity", "own_pv"]["factor"] is None
    assert lines["electricity", "passed_on"]["statutory_t"] == Decimal("-4.044")
    assert lines["r410a", "purchased"]["statutory_t"] == 0
    factors = {factor["code"]: factor for factor in found["factors"]}
    assert factors["ELEC_AVG_420000_2023"]["value"] == Decimal("0.4044")
    assert factors["ELEC_AVG_420000_2023"]["bases"] == ["location"]
    assert factors["ELEC_RESIDUAL_CN_2023"]["bases"] == ["market"]
    assert found["settings"] == {
        "market_green": "average", "negative": "zero", "gwp": "AR5", "second_hand": "used",
    }  # fmt: skip


def test_the_same_in_chinese_full_width_gbk_and_other_units(tmp_path: Path) -> None:
    text = (
        "某单位2023年活动数据,,,\n排放源,数量,单位,供应方式\n"
        '电力,３６.１４８,万千瓦时,外购\n电,"10,000",度,转供\n光伏,5000,kWh,自发自用\n'
        '天然气,1.0482,万立方米,\n汽油,"1,312 L",,外购\nR-410A,0.012,吨,\n,,,\n'
    )
    plain, other = told(file(tmp_path, FACTS)), told(file(tmp_path, text, "gbk"))
    for key in ("statutory_t", "extended_t", "statutory_market_t", "extended_market_t", "factors", "remarks"):
        assert other[key] == plain[key]


def test_rows_of_one_source_and_kind_are_one_line(tmp_path: Path) -> None:
    rows = "source,quantity,unit,kind\n" + "electricity,100,MWh,purchased\n" * 12
    (line,) = told(file(tmp_path, rows))["by_source"]
    assert (line["quantity"], line["statutory_t"]) == (1_200_000, Decimal("485.28"))


def test_settings_change_the_figure_and_are_printed(tmp_path: Path) -> None:
    path = file(tmp_path, "source,quantity,unit,kind\nelectricity,1000,MWh,market_green\n")
    assert told(path)["statutory_t"] == Decimal("404.4")
    other = told(path, "--market-green", "zero")
    assert (other["statutory_t"], other["settings"]["market_green"]) == (0, "zero")


FAULTS = [
    ("electricity,12x,kWh,purchased", "quantity", "12x", "unknown_unit_in_cell"),
    ("electricity,,kWh,purchased", "quantity", "", "missing_value"),
    ("electricity,-3,kWh,purchased", "quantity", "-3", "negative_quantity"),
    ("electricity,5%,kWh,purchased", "quantity", "5%", "percent_not_allowed"),
    ('electricity,"1,23",kWh,purchased', "quantity", "1,23", "unclear_separators"),
    ("electricity,1e20,kWh,purchased", "quantity", "1e20", "too_big"),
    ("firewood,3,t,", "source", "firewood", "not_a_choice"),
    (",3,t,", "source", "", "missing_value"),
    ("electricity,5,t,purchased", "unit", "t", "unit_not_allowed"),
    ("electricity,5,furlong,purchased", "unit", "furlong", "unknown_unit"),
    ("heat,3,,purchased", "unit", "", "missing_unit"),
    ("electricity,5MWh,kWh,purchased", "unit", "MWh", "unit_conflict"),
    ("electricity,5,kWh,", "kind", "", "missing_kind"),
    ("electricity,5,kWh,green", "kind", "green", "not_a_choice"),
    ("natural_gas,5,m3,own_pv", "kind", "own_pv", "not_a_choice"),
    ("heat,5,GJ,direct_green", "kind", "direct_green", "not_a_choice"),
]


@pytest.mark.parametrize(("row", "column", "found", "code"), FAULTS)
def test_a_bad_row_is_refused_with_its_place(tmp_path: Path, row: str, column: str, found: str, code: str) -> None:
    path = file(tmp_path, f"source,quantity,unit,kind\nelectricity,1,kWh,purchased\n{row}\n")
    answer = run(path, "--format", "json")
    said = json.loads(answer.stdout)
    (fault,) = said["errors"]
    assert (answer.exit_code, said["statutory_t"], said["by_source"]) == (1, None, [])
    assert (fault["row"], fault["column"], fault["found"], fault["code"]) == (3, column, found, code)
    assert fault["allowed"]
    assert fault["message"]


def test_every_bad_row_is_told_at_once(tmp_path: Path) -> None:
    path = file(tmp_path, "source,quantity,unit,kind\n" + "\n".join(row for row, *_rest in FAULTS) + "\n")
    answer = run(path)
    assert answer.exit_code == 1
    assert all(f" {number} " in answer.stdout for number in range(2, len(FAULTS) + 2))
    assert "nothing was computed" in answer.stderr


@pytest.mark.parametrize(("text", "code"), [
    ("a,b\n1,2\n", "missing_column"), ("source,quantity,unit,kind\n", "no_readings"), ("", "empty"),
])  # fmt: skip
def test_a_file_without_facts_is_refused(tmp_path: Path, text: str, code: str) -> None:
    answer = run(file(tmp_path, text), "--format", "json")
    assert answer.exit_code == 1
    assert code in json.loads(answer.stdout)["errors"][0]["code"]


def test_a_table_is_in_words(tmp_path: Path) -> None:
    words = run(file(tmp_path, FACTS)).output
    for word in ("167.890", "190.972", "own solar power used on site", "no entry", "deducted", "fifth assessment"):
        assert word in words


def test_csv_has_a_line_a_source(tmp_path: Path) -> None:
    lines = run(file(tmp_path, FACTS), "--format", "csv").stdout.splitlines()
    assert len(lines) == 7
    assert lines[0].startswith("source,name,kind,")


def test_a_place_that_is_none_is_refused(tmp_path: Path) -> None:
    answer = run(file(tmp_path, FACTS), region="999999")
    assert answer.exit_code == 2
    assert "--region: found “999999”" in answer.stderr
