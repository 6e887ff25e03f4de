"""Twelve real university buildings, metered 2016-2019, as monthly rows of the import workbooks.

References:
    Langtry and Choudhary, Cambridge University Estates building energy usage archive v2.1,
    doi:10.5281/zenodo.10955332 (MIT, (c) 2023 Energy Efficient Cities Initiative, University of Cambridge).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from nengtan.demo.tables import Row, Sheets, table, text, word
from nengtan.domain import periods

__all__ = ["REGION", "activity_rows", "region", "registry_rows", "source_text"]

REGION = "GB-CAM"
FROM = date(2016, 1, 1)
"""The day from which the published areas are taken to hold."""
UNVERIFIED = "unverified"
"""Unit of the gas figures, which are as recorded: the archive does not say in what."""

_FILES = (
    ("electricity", "cambridge_daily_electricity_kwh", "kWh", "E"),
    ("natural_gas", "cambridge_daily_gas_as_recorded", UNVERIFIED, "G"),
)
_DATE = "date_utc"


def region() -> Row:
    """The campus as a region of its own: no Chinese region is above it, so no Chinese factor reaches it."""
    return {
        "code": REGION,
        "name": word("campus.region"),
        "name_en": word("campus.region_en"),
        "parent_code": None,
        "level": "custom",
        "lat": Decimal("52.2053"),
        "lon": Decimal("0.1218"),
        "notice": word("campus.notice"),
    }


def source_text() -> str:
    """Origin, changes and licence of the files, to be shown and to travel with them."""
    return text("SOURCE.md")


def registry_rows() -> Sheets:
    """The twelve buildings, each as an institution with one building and its meters."""
    buildings = table("cambridge_buildings")
    return {
        "institutions": [_institution(row["building_id"], row["gross_internal_area_m2"]) for row in buildings],
        "buildings": [_building(row) for row in buildings],
        "occupancies": [],
        "meters": [_meter(name, carrier, mark) for carrier, file, _, mark in _FILES for name in _names(file)],
        "assets": [],
    }


def activity_rows() -> Iterator[Row]:
    """Monthly sums of the days received; a month without any day is absent, never zero."""
    for carrier, file, unit, mark in _FILES:
        for name in _names(file):
            for period, (days, total) in _months(file, name).items():
                yield _activity(name, carrier, unit, mark, period, days, total)


def _names(file: str) -> list[str]:
    return [column for column in table(file)[0] if column != _DATE]


def _code(name: str) -> str:
    return f"CAM-{name.upper()}"


def _building_code(name: str) -> str:
    return f"{_code(name)}-H"


def _carriers(name: str) -> str:
    return " ".join(carrier for carrier, file, _, _ in _FILES if name in _names(file))


def _institution(name: str, area: str) -> Row:
    return {
        "code": _code(name),
        "name": word("campus.building", name=name),
        "kind": "021",
        "region_code": REGION,
        "system": "education",
        "reports_to": "region",
        "area_m2": Decimal(area),
        "valid_from": FROM,
        "occupancy": "own",
        "utility_account": "own",
        "carriers": _carriers(name),
        "note": word("campus.note"),
    }


def _building(row: Mapping[str, str]) -> Row:
    name = row["building_id"]
    return {
        "code": _building_code(name),
        "name": word("campus.building", name=name),
        "institution_code": _code(name),
        "area_m2": Decimal(row["gross_internal_area_m2"]),
        "valid_from": FROM,
        "floors": int(row["floors"]),
        "roof_area_m2": Decimal(row["approx_roof_area_m2"]),
    }


def _meter(name: str, carrier: str, mark: str) -> Row:
    return {
        "code": f"{_code(name)}-{mark}",
        "name": word(f"campus.meter_{carrier}", name=name),
        "institution_code": _code(name),
        "building_code": _building_code(name),
        "parent_code": None,
        "carrier": carrier,
        "item": None,
        "ratio": 1,
        "utility_account_no": None,
    }


def _months(file: str, name: str) -> dict[int, tuple[int, Decimal]]:
    """Days received and their sum, by month."""
    found: dict[int, tuple[int, Decimal]] = {}
    for row in table(file):
        if row[name]:
            period = periods.of_date(date.fromisoformat(row[_DATE]))
            days, total = found.get(period, (0, Decimal(0)))
            found[period] = days + 1, total + Decimal(row[name])
    return found


def _activity(name: str, carrier: str, unit: str, mark: str, period: int, days: int, total: Decimal) -> Row:
    of = periods.last_day(period).day
    return {
        "institution_code": _code(name),
        "institution_name": word("campus.building", name=name),
        "period": period,
        "carrier": carrier,
        "quantity": total,
        "unit": unit,
        "cost": None,
        "origin": "meter",
        "building_code": _building_code(name),
        "meter_code": f"{_code(name)}-{mark}",
        "item": None,
        "bill_no": None,
        "note": None if days == of else word("campus.partial", days=days, of=of),
    }
