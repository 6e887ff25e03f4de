"""Faults of data are named when they are there, and real buildings as recorded are left in peace."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from nengtan.domain.baseline.billing import Bills, measure_bills
from nengtan.domain.baseline.findings import findings, temperature_range
from nengtan.domain.baseline.savings import Basis
from nengtan.domain.baseline.sufficiency import Days, use_checks
from tests.domain.baseline.test_degree_days import ELECTRICITY, USE, WEATHER

GAS = Path("src/nengtan/demo/data/cambridge_daily_gas_as_recorded.csv")
EPOCH = dt.date(1970, 1, 1)
SPAN = [dt.date.fromisoformat(day) for day in sorted(WEATHER)]  # 2017 and 2018
NUMBER = np.array([(day - EPOCH).days for day in SPAN])
CELSIUS = np.array([WEATHER[day.isoformat()] for day in SPAN])
REST = np.array([int(day.weekday() >= 5) for day in SPAN])

with ELECTRICITY.open(encoding="utf-8") as file:
    BUILDINGS = next(csv.reader(file))[1:]
METERS = {
    building: np.array([float(USE[day.isoformat()][building] or "nan") for day in SPAN]) for building in BUILDINGS
}


def named(use: np.ndarray) -> dict[str, str]:
    """What is found of two years."""
    halves = slice(0, 365), slice(365, 730)
    days = [Days(NUMBER[half], use[half], CELSIUS[half]) for half in halves]
    found = findings(days[0], days[1], (REST[halves[0]], REST[halves[1]]))
    return {check.rule: str(check.found) for check in found if check.outcome != "pass"}


def a_month_late(use: np.ndarray) -> np.ndarray:
    """Every day told as the same of the next month, where there is one."""
    told = np.full(len(use), np.nan)
    place = {day: at for at, day in enumerate(SPAN)}
    for at, day in enumerate(SPAN):
        month = day.year * 12 + day.month
        try:
            told[place[dt.date(month // 12, month % 12 + 1, day.day)]] = use[at]
        except (ValueError, KeyError):
            continue
    return told


def share(found: list[bool]) -> float:
    return sum(found) / len(found)


def test_real_buildings_as_recorded_are_left_in_peace() -> None:
    assert [building for building, use in METERS.items() if named(use)] == []


def test_months_told_late_are_found() -> None:
    assert share([named(a_month_late(use)).get("shifted_months") == "+1" for use in METERS.values()]) >= 0.8


def test_years_told_as_each_other_are_found() -> None:
    swapped = [np.concatenate((use[365:], use[:365])) for use in METERS.values()]
    assert share(["swapped_years" in named(use) for use in swapped]) >= 0.6


@pytest.mark.parametrize(("times", "most"), [(0.5, 0.8), (3.0, 0.8)])
def test_another_ratio_in_the_middle_of_a_year_is_found_with_its_day(times: float, most: float) -> None:
    found = []
    for use in METERS.values():
        told = use.copy()
        told[170:365] *= times
        day, _colon, said = named(told).get("changed_meter", "").partition(": ")
        close = bool(day) and abs((dt.date.fromisoformat(day) - SPAN[170]).days) <= 21
        found.append(close and 0.75 < float(said) / times < 1.33)
    assert share(found) >= most


def test_the_change_of_scale_of_a_real_gas_meter_is_found() -> None:
    """b0 falls to a twelfth at the end of January 2018, as the archive has it."""
    with GAS.open(encoding="utf-8") as file:
        use = {row["date_utc"]: float(row["b0"]) for row in csv.DictReader(file) if row["b0"]}
    year = np.array([use.get(day.isoformat(), np.nan) for day in SPAN[365:]])
    days = Days(NUMBER[365:], year, CELSIUS[365:])
    found = {check.rule: check.found for check in findings(days, days, (REST[365:], REST[365:]))}
    assert found["changed_meter"] == "2018-01-31: 0.08"


def test_zeros_in_a_heating_season_are_named_and_a_summer_without_heat_is_not() -> None:
    season = (np.arange(730) % 365 < 120) | (np.arange(730) % 365 > 290)
    heated = np.where(season, 140 + 9 * np.maximum(15 - CELSIUS, 0), 0.0)
    assert "zeros_among_use" not in named(heated)
    heated[[20, 21, 22]] = 0
    assert named(heated)["zeros_among_use"] == "3"


def test_weekends_without_use_are_no_gaps() -> None:
    assert "zeros_among_use" not in named(np.where(REST == 1, 0.0, 50.0 + np.arange(730) % 5))


@pytest.mark.parametrize(("celsius", "outcome"), [([-30.0, 42.0], "pass"), ([20.0, 104.0], "fail"), ([np.nan], "pass")])
def test_temperatures_in_another_unit_are_named(celsius: list[float], outcome: str) -> None:
    assert temperature_range(np.array(celsius)).outcome == outcome


def test_a_sign_turned_round_is_told_from_what_is_fed_back() -> None:
    use = np.full(365, 100.0) + np.arange(365) % 9
    use[5:8] *= -1
    use[100:110] = -7.0
    found = {check.rule: check for check in use_checks(use, np.isfinite(use), 365, 0.0, zero_is_missing=True)}
    assert [(found[rule].found, found[rule].outcome) for rule in ("turned_sign", "negative_days")] == [
        (3, "fail"), (10, "flag"),
    ]  # fmt: skip


def bills(use: np.ndarray, late: int = 0) -> Bills:
    """Calendar months, told ``late`` months late."""
    month = np.array([(day.year - 2017) * 12 + day.month - 1 for day in SPAN])
    starts = np.flatnonzero(np.diff(month, prepend=-1))
    sums = np.array([np.nansum(use[month == at]) for at in range(24)])
    return Bills(NUMBER[starts], np.append(NUMBER[starts[1:]], NUMBER[-1] + 1), np.roll(sums, late))


def test_bills_told_a_month_late_are_found_where_use_follows_the_weather() -> None:
    heated = 100 + 20 * np.maximum(15 - CELSIUS, 0) + np.arange(730) % 7
    spans = (int(NUMBER[0]), int(NUMBER[364])), (int(NUMBER[365]), int(NUMBER[729]))
    air = CELSIUS[:365], CELSIUS[365:]
    for late, said in ((0, ""), (1, "+1"), (-1, "-1")):
        found = measure_bills(bills(heated, late), spans, air, Basis())
        assert next(check for check in found.checks if check.rule == "shifted_months").found == said
    for use in METERS.values():
        found = measure_bills(bills(use), spans, air, Basis())
        assert not {check.rule for check in found.checks if check.outcome != "pass"} & {
            "shifted_months", "swapped_years",
        }  # fmt: skip
