"""The real campus: monthly sums of what was received, nothing filled in."""

import csv
from calendar import monthrange
from decimal import Decimal
from importlib.resources import files

from nengtan.demo import campus
from nengtan.demo.tables import Row


def daily(name: str) -> list[dict[str, str]]:
    text = files("nengtan.demo").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def activity(carrier: str) -> list[Row]:
    return [row for row in campus.activity_rows() if row["carrier"] == carrier]


def test_twelve_buildings_stand_outside_china() -> None:
    sheets = campus.registry_rows()
    assert len(sheets["institutions"]) == len(sheets["buildings"]) == 12
    assert {row["region_code"] for row in sheets["institutions"]} == {"GB-CAM"}
    assert campus.region()["parent_code"] is None
    assert "MIT" in str(campus.region()["notice"])
    assert sum(Decimal(str(row["area_m2"])) for row in sheets["institutions"]) == Decimal("87954.0")


def test_months_add_up_to_the_days() -> None:
    for carrier, name in (
        ("electricity", "cambridge_daily_electricity_kwh.csv"),
        ("natural_gas", "cambridge_daily_gas_as_recorded.csv"),
    ):
        days = daily(name)
        received = sum(Decimal(row[key]) for row in days for key in row if key != "date_utc" and row[key])
        assert sum(Decimal(str(row["quantity"])) for row in activity(carrier)) == received


def test_an_incomplete_month_says_how_many_days_it_has() -> None:
    days = daily("cambridge_daily_electricity_kwh.csv")
    for row in activity("electricity"):
        year, month = divmod(int(str(row["period"])), 100)
        name = str(row["institution_code"]).removeprefix("CAM-").lower()
        present = sum(day["date_utc"].startswith(f"{year}-{month:02d}") and day[name] != "" for day in days)
        length = monthrange(year, month)[1]
        assert present > 0
        assert row["note"] is None if present == length else f"{present} of {length} days present" in str(row["note"])


def test_gas_keeps_its_unverified_unit() -> None:
    gas = activity("natural_gas")
    assert {row["unit"] for row in gas} == {"unverified"}
    assert {int(str(row["period"])) // 100 for row in gas} == {2018, 2019}
    assert {row["origin"] for row in campus.activity_rows()} == {"meter"}


def test_the_source_travels_with_the_data() -> None:
    assert "10.5281/zenodo.10955332" in campus.source_text()
    assert "MIT, (c) 2023 Energy Efficient Cities Initiative, University of Cambridge" in campus.source_text()
