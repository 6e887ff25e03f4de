"""``nengtan returns review --file``: every rule that needs other rows finds them in the file, by hand-made rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nengtan.reporting.commands import returns

HEADINGS = (
    "单位名称,单位编码,统一社会信用代码,区划代码,报告期,单位类型,机房代码,"
    "建筑面积,用能人数,电消费量,电费用,水消费量,水费用,机房总用电量"
)
Found = list[dict[str, Any]]
Review = Callable[..., Found]


def ran(tmp_path: Path, *rows: str, headings: str = HEADINGS, form: str = "json") -> Result:
    path = tmp_path / "returns.csv"
    path.write_text("\n".join([headings, *rows]) + "\n", "utf-8")
    return CliRunner().invoke(returns, ["review", "--edition", "2025", "--file", str(path), "--format", form])


@pytest.fixture
def review(tmp_path: Path) -> Review:
    def found(*rows: str, rule: str = "") -> Found:
        items: Found = json.loads(ran(tmp_path, *rows).stdout)
        return [item for item in items if rule in ("", item["rule"])]

    return found


def row(
    period: str, elec: object = 20001, *, body: str = "A", kind: str = "021", area: object = 1000,
    persons: object = 50, water: object = 501, region: str = "420106", cost: object = "", room: str = "",
    room_elec: object = "",
) -> str:  # fmt: skip
    return f"校{body},{body},,{region},{period},{kind},{room},{area},{persons},{elec},{cost},{water},,{room_elec}"


def gaps(found: Found) -> list[tuple[str, str]]:
    return [(item["period"], item["found"]) for item in found if item["cell"] == "period"]


@pytest.mark.parametrize(
    ("periods", "missing"),
    [
        (["2025-01", "2025-02", "2025-03", "2025-05", "2025-06"], [("2025-05", "2025-04")]),
        (["2025-Q1", "2025-Q2", "2025-Q4"], [("2025-Q4", "2025-Q3")]),
        (["2025-02", "2025-03"], [("2025-02", "2025-01")]),
        ([*(f"2025-{number:02d}" for number in range(1, 12)), "2025-00"], [("2025-00", "2025-12")]),
        (["2025-Q1", "2025-Q4", "2025-00"], [("2025-Q4", "2025-Q2 2025-Q3")]),
        (["2025-01", "2025-03", "2025-Q2", "2025-Q3"], [("2025-03", "2025-02")]),  # not the first quarter as well
        (["2025-03", "2025-07", "2025-Q1", "2025-Q3"], [("2025-07", "2025-04 2025-05 2025-06")]),
        (
            [*(f"2025-{number:02d}" for number in range(1, 7)), "2025-Q1", "2025-Q2", "2025-00"],
            [("2025-00", "2025-Q3 2025-Q4")],
        ),
        # nothing is missing
        (["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2025-00"], []),
        (["2025-01", "2025-02", "2025-03"], []),
        (["2025-06"], []),
        (["2025-00", "2025-Q4"], []),
        (["2025-Q1", "2025-04", "2025-05", "2025-06"], []),
        (["2024-12", "2025-01"], []),
    ],
)
def test_l14_months_and_quarters_that_are_missing_are_named_once(
    review: Review, periods: list[str], missing: list[tuple[str, str]]
) -> None:
    """A sheet with one period of a kind collects that period; a quarter stands for its months."""
    found = review(*(row(period) for period in periods), rule="L14")
    assert gaps(found) == missing
    assert all(item["severity"] == "block" and item["found"] in item["message"] for item in found)


def test_l14_a_body_that_leaves_out_what_others_of_the_sheet_report_is_told(review: Review) -> None:
    found = review(row("2025-01"), row("2025-02"), row("2025-02", body="B"), rule="L14")
    assert [(item["institution"].split()[0], item["found"]) for item in found] == [("B", "2025-01")]


def test_l14_a_return_given_twice_is_told_once_with_how_many(review: Review) -> None:
    (found,) = review(row("2025-00"), row("2025-00"), rule="L14")
    assert (found["found"], found["expected"], found["period"]) == ("2", "1", "2025-00")


@pytest.mark.parametrize("second", [11000, 12000])
def test_l14_a_room_given_twice_is_told_and_added_once(review: Review, second: int) -> None:
    """20,001 kWh hold one room of 11,000, not two."""
    rooms = [row("2025-00", "", area="", persons="", water="", room="0001", room_elec=kwh) for kwh in (11000, second)]
    found = review(row("2025-00"), *rooms)
    doubles = [item for item in found if item["rule"] == "L14"]
    assert [(item["cell"], item["found"], item["severity"]) for item in doubles] == [("period@0001", "2", "block")]
    assert "L07" not in {item["rule"] for item in found}


def test_l14_two_rooms_are_no_doubles(review: Review) -> None:
    rooms = [row("2025-00", "", area="", persons="", water="", room=code, room_elec=11000) for code in ("0001", "0002")]
    found = review(row("2025-00"), *rooms)
    assert {item["rule"] for item in found} & {"L14", "L07"} == {"L07"}, "22,000 kWh are more than 20,001"


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        ({"elec": 0}, ["elec_qty"]),
        ({"water": 0}, ["water_qty"]),
        ({"elec": 0, "water": 0}, ["elec_qty", "water_qty"]),
        ({"elec": 5}, []),
        ({"elec": ""}, []),  # not filled in is L01
        ({"elec": 0, "water": 0, "area": 0, "persons": 0}, []),  # nothing says that it is active
    ],
)
def test_l16_no_electricity_or_water_of_a_body_that_reports_anything_else(
    review: Review, given: dict[str, Any], cells: list[str]
) -> None:
    found = review(row("2025-00", **given), rule="L16")
    assert ([item["cell"] for item in found], {item["severity"] for item in found} <= {"explain"}) == (cells, True)


@pytest.mark.parametrize(
    ("base", "now", "flagged"),
    [
        (20000, 26001, True),  # 30.005 % more
        (20000, 26000, False),  # 30 %
        (20000, 13999, True),
        (8000, 20000, False),  # 8,000 kWh are 0.983 tce, below the 1 tce from which it is compared
    ],
)
def test_p04_the_base_year_is_found_in_the_file(review: Review, base: int, now: int, *, flagged: bool) -> None:
    found = review(row("2020-00", base), row("2025-00", now), rule="P04")
    assert [item["period"] for item in found] == (["2025-00"] if flagged else [])
    assert not review(row("2020-00", base, body="B"), row("2025-00", now), rule="P04"), "of another body"


@pytest.mark.parametrize(
    ("months", "now", "flagged"),
    [
        (12, 5001, True),  # above five times 1,000
        (12, 5000, False),
        (12, 199, True),
        (12, 200, False),
        (1, 5001, True),  # of those known
        (0, 5001, False),
    ],
)
def test_p12_twelve_months_before_are_found_in_the_file(
    review: Review, months: int, now: int, *, flagged: bool
) -> None:
    before = [row(f"2024-{number:02d}", 1000) for number in range(13 - months, 13)]
    found = review(*before, row("2025-01", now), rule="P12")
    assert [(item["period"], item["cell"]) for item in found] == ([("2025-01", "elec_qty")] if flagged else [])


def test_p12_is_of_the_last_twelve_months_only(review: Review) -> None:
    """The median of 2024 is 1,000; with the years before, of 10,000 a month, it would be more."""
    before = [row(f"{year}-{number:02d}", 10000 if year < 2024 else 1000)
              for year in (2022, 2023, 2024) for number in range(1, 13)]  # fmt: skip
    (found,) = [item for item in review(*before, row("2025-01", 5001), rule="P12") if item["period"] == "2025-01"]
    assert found["expected"] == "200–5000"


def peers(*kwh: int, **given: Any) -> list[str]:
    return [row("2025-00", value, body=f"B{number}", **given) for number, value in enumerate(kwh)]


@pytest.mark.parametrize(
    ("kwh", "flagged"),
    [
        (40001, ["P07", "P08"]),  # six schools: the median of 9, 10, 12, 14, 15 and 40 thousand is 13 thousand
        (39000, []),  # three times that
        (2600, []),  # a fifth of the median 11 thousand is 2.2 thousand
        (2000, ["P07", "P08"]),
    ],
)
@pytest.mark.parametrize("region", ["420106", "420107", "420106001000"])
def test_p07_p08_peers_are_the_rows_of_the_same_province_class_and_year(
    review: Review, kwh: int, flagged: list[str], region: str
) -> None:
    others = peers(9000, 10000, 12000, 14000, 15000, region=region)
    found = [item for item in review(*others, row("2025-00", kwh)) if item["severity"] == "explain"]
    of_peers = [(item["institution"].split()[0], item["rule"]) for item in found if item["rule"] in ("P07", "P08")]
    assert of_peers == [("A", rule) for rule in flagged]


@pytest.mark.parametrize(("kwh", "flagged"), [(36001, True), (36000, False), (2399, True), (2400, False)])
def test_p07_p08_peers_of_the_year_before_go_before_those_of_the_year(review: Review, kwh: int, flagged: bool) -> None:
    """The median of 2024 is 12 thousand kWh, three times and a fifth of it are the bounds; of 2025 it is 120."""
    before = [item.replace("2025-00", "2024-00") for item in peers(9000, 10000, 12000, 14000, 15000)]
    now = [row("2025-00", value * 10, body=f"C{at}") for at, value in enumerate((9000, 10000, 12000, 14000, 15000))]
    found = review(*before, *now, row("2025-00", kwh))
    of_mine = {item["rule"] for item in found if item["institution"].startswith("A") and item["severity"] == "explain"}
    assert ({"P07", "P08"} <= of_mine) is flagged


@pytest.mark.parametrize(
    "others",
    [
        peers(9000, 10000, 12000),  # with itself four: too few
        peers(9000, 10000, 12000, 14000, 15000, kind="024"),
        peers(9000, 10000, 12000, 14000, 15000, region="430102"),
        peers(9000, 10000, 12000, 14000, 15000, region=""),
        [item.replace("2025-00", "2023-00") for item in peers(9000, 10000, 12000, 14000, 15000)],
    ],
)
def test_p07_p08_others_are_no_peers(review: Review, others: list[str]) -> None:
    found = {item["rule"] for item in review(*others, row("2025-00", 90001)) if item["institution"].startswith("A")}
    assert not found & {"P07", "P08"}


def test_p07_p08_bodies_without_a_class_have_no_peers(review: Review) -> None:
    found = review(*peers(9000, 10000, 12000, 14000, 15000, kind=""), row("2025-00", 90001, kind=""))
    assert not {item["rule"] for item in found} & {"P07", "P08"}


@pytest.mark.parametrize("wrong", ["abc", "-5", "5 t"])
def test_a_cell_that_is_refused_is_left_out_of_other_rules(review: Review, wrong: str) -> None:
    """A cost of 30 CNY: neither a quantity without a cost, nor a price, nor a change, nor peers speak of the cell."""
    others = peers(9000, 10000, 12000, 14000, 15000)
    found = review(*others, row("2024-00", 10000, cost=6000), row("2025-00", wrong, cost=30))
    cells = [(item["rule"], item["found"]) for item in found
             if (item["institution"], item["period"], item["cell"]) == ("A", "2025-00", "elec_qty")]  # fmt: skip
    assert cells == [("L01", wrong)]
    assert not {"P07", "P08"} & {item["rule"] for item in found if item["institution"] == "A"}


def test_other_cells_of_a_return_with_a_refused_one_are_reviewed(review: Review) -> None:
    found = review(row("2025-00", "abc", water=0))
    assert {item["cell"] for item in found if item["rule"] == "L16"} == {"water_qty"}


def test_a_year_is_not_held_against_months_one_of_which_is_refused(review: Review) -> None:
    quarters = [row(f"2025-Q{number}", elec) for number, elec in enumerate((100, 100, 100, -100), 1)]
    assert not [item for item in review(*quarters, row("2025-00", 400), rule="L13") if item["cell"] == "elec_qty"]
    quarters[3] = row("2025-Q4", 50)
    (found,) = [item for item in review(*quarters, row("2025-00", 400), rule="L13") if item["cell"] == "elec_qty"]
    assert (found["found"], found["expected"]) == ("400", "350")


@pytest.mark.parametrize(
    ("rows", "rule", "cell", "found", "expected"),
    [
        ([row("2024-00", area=1000), row("2025-00", area=1200)], "P02", "area", "1200", "900–1100"),
        ([row("2024-00", 20000), row("2025-00", 31000)], "P03", "elec_qty", "31000", "10000–30000"),
        ([row("2020-00", 20000), row("2025-00", 31000)], "P04", "elec_qty", "31000", "14000–26000"),
        ([row("2024-00", 20001), row("2025-00", 20001)], "P10", "elec_qty", "2", "≤1"),  # water is the same too
        ([row("2025-00", 20000, water=500)], "P10", "elec_qty", "2", "≤1"),
        ([row("2024-00", 20000), row("2025-00", 20000000)], "P11", "elec_qty", "20000000", "20000"),
        ([row("2025-00", 20001)], "L09", "elec_qty", "20001", "电费用 > 0"),
        ([row("2025-00", "", cost=500)], "L09", "elec_qty", None, "电消费量 > 0"),
        ([row("2025-00", 0)], "L16", "elec_qty", "0", "电消费量 > 0"),
        ([row("2025-00", kind="02")], "L17", "class", "02", ""),
        ([row("2025-00", kind="99")], "L17", "class", "99", ""),
    ],
)
def test_a_finding_says_what_was_found_and_what_was_expected(
    review: Review, rows: list[str], rule: str, cell: str, found: str | None, expected: str
) -> None:
    (item,) = [item for item in review(*rows, rule=rule) if item["cell"] == cell]
    assert (item["found"], item["expected"]) == (found, expected)


def test_a_tiny_price_is_told_as_it_is(review: Review) -> None:
    """1 yuan for 20,000 kWh is 0.00005 yuan a kWh, not 0."""
    (found,) = review(row("2025-03", 20_000, cost=1), rule="P01")
    assert (found["found"], "0.00005" in found["message"]) == ("0.00005", True)


@pytest.mark.parametrize("brackets", ["()", "（）"])
def test_names_that_differ_in_their_brackets_are_told_apart(tmp_path: Path, brackets: str) -> None:
    """District heating by area and by heat: 4,000 and 6,000 of 5,000 m2, so that the two parts are too much."""
    left, right = brackets
    headings = f"单位编码,报告期,采暖面积,集中供暖面积{left}按面积收费{right},集中供暖面积{left}按热量收费{right}"
    found = json.loads(ran(tmp_path, "A,2025-00,5000,4000,6000", headings=headings).stdout)
    assert ("heating_area_by_heat", "6000") in {(item["cell"], item["found"]) for item in found} or any(
        item["cell"] == "heating_area" for item in found
    )
    assert not any("按热量收费" in str(item["found"]) for item in found)
    short = ran(tmp_path, "A,2025-00,5000,4000", headings="单位编码,报告期,采暖面积,集中供暖面积")
    assert "集中供暖面积" in short.stdout, "which of the two is meant nobody knows"


def test_l02_names_the_code_that_is_wrong_or_given_to_two(tmp_path: Path) -> None:
    """The last character of the first is no check digit; the second is right, and stands for two bodies."""
    codes = ("12420106MB0000001Z", "91350100M000100Y43", "91350100M000100Y43")
    rows = [f"校{number},S{number},{code},,2025-00,021,,1000,50,5,,5,," for number, code in enumerate(codes)]
    items = [item for item in json.loads(ran(tmp_path, *rows).stdout) if item["rule"] == "L02"]
    assert [(item["institution"], item["found"]) for item in items] == list(zip(("S0", "S1", "S2"), codes, strict=True))
    assert all(item["found"] in item["message"] for item in items)


@pytest.mark.parametrize(
    ("headings", "given", "label"),
    [
        ("单位编码,统一社会信用代码,单位名称", "A1,91350100M000100Y43,甲学校", "A1"),
        ("统一社会信用代码,单位名称", "91350100M000100Y43,甲学校", "91350100M000100Y43"),
        ("单位名称", "甲学校", "甲学校"),
    ],
)
def test_an_institution_is_its_code_else_its_credit_code_else_its_name(
    tmp_path: Path, headings: str, given: str, label: str
) -> None:
    result = ran(tmp_path, f"{given},2025-00,5", f"{given},someday,5", headings=f"{headings},报告期,电消费量")
    found = json.loads(result.stdout)
    assert {item["institution"] for item in found} == {label}
    assert all(item["message"].startswith("甲学校：") for item in found)


def not_run(result: Result) -> str:
    """What standard error says of rules, besides that no quota is known."""
    return "\n".join(line for line in result.stderr.splitlines() if "\u5b9a\u989d" not in line)


def test_rules_that_were_not_run_are_told_beside_the_findings(tmp_path: Path) -> None:
    """Meters (P15) and summaries (L15) are in no file; last year, the base year and quarters may be."""
    alone = not_run(ran(tmp_path, row("2025-00")))
    told = {rule for rule in ("L13", "L15", "P02", "P03", "P04", "P07", "P08", "P12", "P15") if f"{rule} " in alone}
    assert told == {"L13", "L15", "P02", "P03", "P04", "P07", "P08", "P12", "P15"}
    assert "P01" not in alone
    rows = [row("2025-00"), row("2024-00"), row("2020-00"), *(row(f"2025-Q{number}") for number in (1, 2, 3, 4))]
    more = not_run(ran(tmp_path, *rows, *peers(9000, 10000, 12000, 14000)))
    assert {rule for rule in told if f"{rule} " in more} == {"L15", "P12", "P15"}


@pytest.mark.parametrize(
    ("region", "years", "lacking", "over"),
    [
        ("420106", (2022, 2025), ["P06", "P07"], []),
        ("370102", (2022, 2025), ["P07"], ["2022-00", "2025-00"]),
        ("370102", (2021, 2022), ["P06", "P07"], ["2022-00"]),
    ],
)
def test_that_no_quota_is_known_is_told_and_where_one_is_there_it_holds(
    tmp_path: Path, region: str, years: tuple[int, ...], lacking: list[str], over: list[str]
) -> None:
    """DB37/T 4452-2021: 25 m3 a person and year in offices of Shandong from 2022; elsewhere nobody set one."""
    rows = [row(f"{year}-00", kind="01", region=region, persons=100, water=2501) for year in years]
    result = ran(tmp_path, *rows)
    (line,) = [line for line in result.stderr.splitlines() if "\u5b9a\u989d" in line]
    assert re.findall(r"P\d\d", line) == lacking
    assert [item["period"] for item in json.loads(result.stdout) if item["rule"] == "P06"] == over


# headings and periods as people write them


def test_a_heading_written_over_is_a_finding_with_its_cell_and_a_column_of_ones_own_a_note(tmp_path: Path) -> None:
    headings = HEADINGS.replace("水消费量", "用水总量") + ",备注,用气总量"
    told = ran(tmp_path, row("2025-00") + ",已核对,", headings=headings)
    (found,) = [item for item in json.loads(told.stdout) if item["found"] == "用水总量"]
    assert (found["rule"], found["severity"], found["cell"], found["institution"]) == ("L01", "block", "L1", "")
    assert "水消费量" in found["expected"]
    assert "用水总量" in found["message"]
    assert told.exit_code == 2, "a column was not reviewed"
    assert "备注" in told.stderr, "told, and left out"
    assert "用水总量" not in told.stderr
    assert "用气总量" in told.stderr, "nothing stands below it"
    plain = ran(tmp_path, row("2025-00") + ",已核对", headings=HEADINGS + ",备注")
    assert (plain.exit_code, [item for item in json.loads(plain.stdout) if item["cell"].endswith("1")]) == (0, [])


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("2025年3月", "2025-03"), ("2025/3", "2025-03"), ("2025年第一季度", "2025-Q1"), ("2025年一季度", "2025-Q1"),
        ("2025年度", "2025-00"), ("2025全年", "2025-00"),
    ],
)  # fmt: skip
def test_periods_of_rows_are_read_as_people_write_them(review: Review, written: str, period: str) -> None:
    found = review(row(written, water=""), rule="L01")
    assert {(item["period"], item["cell"]) for item in found} == {(period, "water_qty")}
