"""A district of five institutions through all eight forms, every total computed by hand.

The district (420106, in the city 420100 with its neighbour 420111) has an office, a school, a hospital, a clinic and a
library. On 1 April 2024 the clinic merges into the hospital and the library is closed; on 1 July 2024 the school moves
to the neighbour district, where another school owes returns and files none.

The year 2024, as reported ("-": the cell is empty, which is not zero):

=========== ========= ========== ======= ======= ====== ======= ========================= ==================
institution elec kWh  cost CNY   water   gas m3  area   persons rooms: kWh / IT / m2      heating m2/d/kWh
=========== ========= ========== ======= ======= ====== ======= ========================= ==================
office      300000.5  210000     4000    8000    5000   200     40000 / 25000 / 60        4000 / 120 / 10000
school      420000.25 252000     30000   -       12000  1500    none                      12000 / 115 / -
hospital    2400000   1680000    90000   150000  20000  900     70000 / 45000 / 80        -
                                                                20000.5 / 15000 / -
clinic      12000     8400       300     0       800    40      none                      -
library     20000     14000      150     -       -      30      none                      -    (not approved)
=========== ========= ========== ======= ======= ====== ======= ========================= ==================

In the district on the last day of 2024 count office, hospital and clinic, approved, and the library, only reported:
3 of 4.

* elec  300000.5 + 2400000 + 12000 = 2712000.5; of it rooms 40000 + 70000 + 20000.5 = 130000.5 and heating 10000,
  which are part of it and not added
* cost  210000 + 1680000 + 8400 = 1898400; water 4000 + 90000 + 300 = 94300; gas 8000 + 150000 + 0 = 158000
* area  5000 + 20000 + 800 = 25800; persons 200 + 900 + 40 = 1140
* room area 60 + 80 = 140, of two rooms of three; IT 25000 + 45000 + 15000 = 85000
* the city adds the school: elec 3132000.75, water 124300, area 37800, heating 4000 + 12000 = 16000; 4 of 6

The year 2023, all in the district and approved: elec office 280000, school 400000, hospital 2300000, clinic 48000,
library 90000 = 3118000; gas 8100, -, 140000, -, 0 = 148100; one room each of office and
hospital, 39000 + 65000 = 104000.

Like for like in the district: office, and hospital with clinic as one; 2712000.5 against 280000 + 2300000 + 48000 =
2628000. In the city also the school: 3132000.75 against 3028000.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nengtan.domain.returns import slots
from nengtan.domain.returns.rollup import Summary
from nengtan.domain.returns.steps import State
from nengtan.identity.access import system_actor
from nengtan.registry.models import InstitutionEvent
from nengtan.registry.services import EventInput, InstitutionInput, record_event, save_institution
from nengtan.reporting.models import Return, Value
from nengtan.reporting.queries.rollup import Rollup
from nengtan.reporting.report.gather import annual_report
from nengtan.reporting.services import open_returns, publishing, workbooks
from nengtan.reporting.services.summaries import report_up
from tests.cast import Cast
from tests.reporting.english import _in_english
from tests.reporting.workbooks import cell_of, opened_book, sheet_of

__all__ = ["_in_english"]

Figures = Mapping[str, str]

YEAR: Mapping[str, Figures] = {
    "office": {
        "elec_qty": "300000.5", "elec_cost": "210000", "water_qty": "4000", "gas_qty": "8000", "area": "5000",
        "persons": "200", "0001.room_elec": "40000", "0001.room_elec_it": "25000", "0001.room_area": "60",
        "heating_area": "4000", "heating_days": "120", "heating_elec_qty": "10000",
    },
    "school": {
        "elec_qty": "420000.25", "elec_cost": "252000", "water_qty": "30000", "area": "12000", "persons": "1500",
        "heating_area": "12000", "heating_days": "115",
    },
    "hospital": {
        "elec_qty": "2400000", "elec_cost": "1680000", "water_qty": "90000", "gas_qty": "150000", "area": "20000",
        "persons": "900", "0001.room_elec": "70000", "0001.room_elec_it": "45000", "0001.room_area": "80",
        "0002.room_elec": "20000.5", "0002.room_elec_it": "15000",
    },
    "clinic": {
        "elec_qty": "12000", "elec_cost": "8400", "water_qty": "300", "gas_qty": "0", "area": "800", "persons": "40",
    },
    "library": {"elec_qty": "20000", "elec_cost": "14000", "water_qty": "150", "persons": "30"},
}  # fmt: skip
LAST_YEAR: Mapping[str, Figures] = {
    "office": {"elec_qty": "280000", "gas_qty": "8100", "0001.room_elec": "39000"},
    "school": {"elec_qty": "400000"},
    "hospital": {"elec_qty": "2300000", "gas_qty": "140000", "0001.room_elec": "65000"},
    "clinic": {"elec_qty": "48000"},
    "library": {"elec_qty": "90000", "gas_qty": "0"},
}
JANUARY: Mapping[str, Figures] = {"office": {"elec_qty": "25000"}, "school": {"elec_qty": "35000.5"}}
FIRST_QUARTER: Mapping[str, Figures] = {
    "office": {"elec_qty": "75000"}, "school": {"elec_qty": "105000"}, "hospital": {"elec_qty": "600000"},
    "clinic": {"elec_qty": "12000"}, "library": {"elec_qty": "20000"},
}  # fmt: skip
THIRD_QUARTER: Mapping[str, Figures] = {
    "office": {"elec_qty": "70000"}, "school": {"elec_qty": "90000"}, "hospital": {"elec_qty": "610000"},
}  # fmt: skip

ANNUAL = slots.annual(2024)
WHOLE = "S001"


@pytest.fixture
def five(cast: Cast) -> Cast:
    """The district, its events, and five periods of it."""
    for name, kind, system in (("clinic", "024", "health"), ("library", "023", "culture")):
        told = InstitutionInput(
            code=f"420106-{name[0].upper()}5", name=f"The {name}", kind=kind, region=cast.regions["420106"],
            system=system,
        )  # fmt: skip
        cast.institutions[name] = save_institution(system_actor(), told)
    body, kinds = cast.institutions, InstitutionEvent.Kind
    body["hospital"].established_on = date(1990, 1, 1)
    body["hospital"].save()
    for told in (
        EventInput(kinds.MERGED, date(2024, 4, 1), before=[body["clinic"]], after=[body["hospital"]]),
        EventInput(kinds.CLOSED, date(2024, 4, 1), before=[body["library"]]),
        EventInput(kinds.MOVED, date(2024, 7, 1), before=[body["school"]], region=cast.regions["420111"]),
    ):
        record_event(system_actor(), told)
    for period, cells in (
        (slots.annual(2023), LAST_YEAR), (ANNUAL, YEAR), (slots.month(2024, 1), JANUARY),
        (slots.quarter(2024, 1), FIRST_QUARTER), (slots.quarter(2024, 3), THIRD_QUARTER),
    ):  # fmt: skip
        open_returns(system_actor(), cast.regions["420100"], period)
        for name, figures in cells.items():
            _file(cast, name, period, figures)
    return_of(cast, "library", ANNUAL, state=State.REPORTED)
    return cast


def _file(cast: Cast, name: str, period: slots.Slot, figures: Figures) -> None:
    of = return_of(cast, name, period, state=State.APPROVED)
    Value.objects.bulk_create(
        Value(of=of, record=record, indicator=key, value=Decimal(text), provenance="typed")
        for cell, text in figures.items()
        for record, _dot, key in [cell.rpartition(".")]
    )


def return_of(cast: Cast, name: str, period: slots.Slot, state: str = "") -> Return:
    rows = Return.objects.filter(year=period.year, slot=period.number, kind=period.kind)
    of = rows.select_related("institution", "region", "superior").get(institution=cast.institutions[name])
    if state:
        of.state, of.reported_at, of.approved_at = state, of.opened_at, of.opened_at
        of.save()
    return of


def summary(five: Cast, form: int, region: str = "420106", period: slots.Slot = ANNUAL) -> Summary:
    return Rollup(five.actor("city"), five.regions[region], period).summary(form)


def wholes(found: Summary, *lines: str) -> list[Decimal | None]:
    return [found.cells[found.heads[0], line] for line in lines]


def test_the_base_forms_show_what_each_reported(five: Cast) -> None:
    """Forms 1 to 4 of the hospital and the school: an empty cell stays empty, every room has a row."""
    held = [return_of(five, name, ANNUAL) for name in ("hospital", "school", "clinic")]
    hospital, school, clinic = (
        opened_book(workbooks.forms_of_returns(five.actor("city"), [of])) for of in held
    )  # fmt: skip
    basics = [str(cell.value) for row in sheet_of(hospital, 1).iter_rows() for cell in row if cell.value is not None]
    assert {"The hospital", "024 卫生类事业单位", "420106 武昌区"} <= set(basics)
    consumption = [cell_of(sheet_of(hospital, 2), code).value for code in ("101", "102", "110", "111", "120", "140")]
    assert consumption == [20000, 900, 2400000, 1680000, 90000, 150000]
    gas = [cell_of(sheet_of(book, 2), "140").value for book in (school, clinic)]
    assert gas == [None, 0]
    rooms = {
        str(row[0].value): row for row in sheet_of(hospital, 3).iter_rows() if str(row[0].value) in ("0001", "0002")
    }
    assert {70000, 45000, 80} <= {cell.value for cell in rooms["0001"]}
    assert {20000.5, 15000} <= {cell.value for cell in rooms["0002"]}
    assert rooms["0002"][1].value is None, "the area of the second room is not known"
    assert [cell_of(sheet_of(school, 4), code).value for code in ("301", "302", "320")] == [12000, 115, None]


def test_form_5_of_the_district_and_of_the_city(five: Cast) -> None:
    district, city = summary(five, 5), summary(five, 5, "420100")
    lines = ("institutions", "elec_qty", "elec_cost", "water_qty", "gas_qty", "area", "persons")
    assert wholes(district, *lines) == [3, Decimal("2712000.5"), 1898400, 94300, 158000, 25800, 1140]
    assert wholes(city, *lines) == [4, Decimal("3132000.75"), 2150400, 124300, 158000, 37800, 2640]
    rows = {head: [city.cells[head, line] for line in lines] for head in city.heads}
    assert rows["420106"] == wholes(district, *lines)
    assert rows["420111"] == [1, Decimal("420000.25"), 252000, 30000, None, 12000, 1500]
    assert {head: (item.present, item.expected) for head, item in city.coverage.items()} == {
        "": (4, 6), "420106": (3, 4), "420111": (1, 2),
    }  # fmt: skip


def test_form_6_by_class(five: Cast) -> None:
    """S002 offices, S003 all services, S004 education, S006 culture, S007 health."""
    found = summary(five, 6)
    heads = (WHOLE, "S002", "S003", "S004", "S006", "S007", "S010")
    assert [found.cells[head, "elec_qty"] for head in heads] == [
        Decimal("2712000.5"), Decimal("300000.5"), 2412000, None, None, 2412000, None,
    ]  # fmt: skip
    assert [found.cells[head, "institutions"] for head in heads] == [3, 1, 2, 0, 0, 2, 0]
    assert [(found.coverage[head].present, found.coverage[head].expected) for head in heads] == [
        (3, 4), (1, 1), (2, 3), (0, 0), (0, 1), (2, 2), (0, 0),
    ]  # fmt: skip
    assert wholes(found, "elec_qty") == [Decimal("2712000.5")], "rooms and heating are part of it and not added"


def test_forms_7_and_8_stand_beside_form_6(five: Cast) -> None:
    rooms, heating, city = summary(five, 7), summary(five, 8), summary(five, 8, "420100")
    assert wholes(rooms, "rooms", "room_elec", "room_elec_it", "room_area") == [3, Decimal("130000.5"), 85000, 140]
    assert [rooms.cells[head, "rooms"] for head in ("S002", "S007", "S006")] == [1, 2, 0]
    assert rooms.cells["S007", "room_elec"] == Decimal("90000.5")
    assert wholes(heating, "heating_area", "heating_elec_qty", "heating_days") == [4000, 10000, None]
    assert wholes(city, "heating_area", "heating_elec_qty") == [16000, 10000]


@pytest.mark.parametrize(
    ("period", "district", "neighbour"),
    [
        (slots.month(2024, 1), ("60000.5", 2, 5), (None, 0, 1)),
        (slots.quarter(2024, 1), ("812000", 5, 5), (None, 0, 1)),
        (slots.quarter(2024, 3), ("680000", 2, 2), ("90000", 1, 2)),
    ],
)
def test_a_month_and_a_quarter_count_where_each_stood_then(
    five: Cast, period: slots.Slot, district: tuple[Any, ...], neighbour: tuple[Any, ...]
) -> None:
    """January 25000 + 35000.5; first quarter 75000 + 105000 + 600000 + 12000 + 20000; third 70000 + 610000 | 90000."""
    for region, (amount, present, expected) in (("420106", district), ("420111", neighbour)):
        found = summary(five, 6, region, period)
        assert wholes(found, "elec_qty") == [None if amount is None else Decimal(amount)], region
        assert (found.coverage[WHOLE].present, found.coverage[WHOLE].expected) == (present, expected), region


def test_two_years_of_all_and_of_the_same_institutions(five: Cast) -> None:
    """+84000.5 on 2628000 like for like in the district, -405999.5 on 3118000 of all."""
    district, city = (
        Rollup(five.actor("city"), five.regions[code], ANNUAL).comparison(6) for code in ("420106", "420100")
    )
    found = district.all_units["elec_qty"], district.same_units["elec_qty"]
    assert [(item.now, item.base) for item in found] == [
        (Decimal("2712000.5"), 3118000), (Decimal("2712000.5"), 2628000),
    ]  # fmt: skip
    assert [round(item.percent or 0, 4) for item in found] == [Decimal("-13.0212"), Decimal("3.1964")]
    assert (district.in_both, district.only_now, district.only_base) == (2, 0, 2)
    assert [district.same_units["institutions"].now, district.same_units["institutions"].base] == [3, 3]
    assert (district.all_units["gas_qty"].base, district.same_units["gas_qty"].base) == (148100, 148100)
    assert (city.same_units["elec_qty"].now, city.same_units["elec_qty"].base) == (Decimal("3132000.75"), 3028000)
    assert (city.in_both, city.only_now, city.only_base) == (3, 0, 1)
    rooms = Rollup(five.actor("city"), five.regions["420106"], ANNUAL).comparison(7)
    assert (rooms.all_units["rooms"].now, rooms.all_units["rooms"].base) == (3, 2)
    assert (rooms.all_units["room_elec"].now, rooms.all_units["room_elec"].base) == (Decimal("130000.5"), 104000)


def test_the_workbook_of_the_city_says_the_same(five: Cast) -> None:
    book = opened_book(workbooks.forms_of_region(five.actor("city"), five.regions["420100"], ANNUAL))
    fifth = sheet_of(book, 5)
    codes = next(row for row in fifth.iter_rows() if row[0].value == "代码")
    at = {str(cell.value).rstrip("*"): index for index, cell in enumerate(codes) if cell.value is not None}
    rows = {row[0].value: row for row in fifth.iter_rows()}
    wanted = [at[code] for code in ("100", "110", "111", "120", "140", "102", "103")]
    figures = {name: [rows[name][index].value for index in wanted] for name in ("合计", "武昌区", "洪山区")}
    assert figures == {
        "合计": [4, 3132000.75, 2150400, 124300, 158000, 37800, 2640],
        "武昌区": [3, 2712000.5, 1898400, 94300, 158000, 25800, 1140],
        "洪山区": [1, 420000.25, 252000, 30000, None, 12000, 1500],
    }
    said = " ".join(str(cell.value) for row in fifth.iter_rows() for cell in row if cell.value)
    assert "汇总已审核报表4份，应报6份（66.7%）" in said
    assert "武昌区3/4" in said
    assert _line(book, 6, "110") == [3132000.75, 300000.5, 2832000.25, 420000.25, None, None, 2412000, None, None, None]
    assert _line(book, 7, "200") == [3, 1, 2, 0, 0, 0, 2, 0, 0, 0]
    assert _line(book, 7, "240")[:3] == [130000.5, 40000, 90000.5]
    assert _line(book, 8, "301")[:4] == [16000, 4000, 12000, 12000]
    assert _line(book, 8, "302") == [None] * 10, "heating days do not add up"


def _line(book: Any, form: int, code: str) -> list[Any]:
    rows = sheet_of(book, form).iter_rows()
    return next([cell.value for cell in row[3:13]] for row in rows if str(row[2].value or "").rstrip("*") == code)


def test_the_operations_say_the_same(five: Cast) -> None:
    client, key = five.client("anonymous"), five.bearer("city")
    totals = {
        5: ("elec_qty", 2712000.5),
        6: ("water_qty", 94300),
        7: ("room_elec", 130000.5),
        8: ("heating_area", 4000),
    }
    for form, (line, amount) in totals.items():
        asked = {"region": "420106", "period": "2024-00", "form": form}
        found = client.get("/api/returns/rollup", asked, headers=key).json()
        whole = found["heads"][0]
        assert (whole["values"][line], whole["approved"], whole["owed"]) == (amount, 3, 4), form
    compared = {item["indicator"]: item for item in found["compared"]}
    assert compared["heating_days"]["all"] == {"now": None, "base": None, "percent": None}
    of = return_of(five, "hospital", ANNUAL)
    cells = client.get(f"/api/returns/{of.pk}/cells", headers=key).json()
    held = {(cell["form"], cell["room"], cell["indicator"]): cell["value"] for cell in cells}
    assert (held[2, "", "elec_qty"], held[3, "0001", "room_elec"], held[3, "0002", "room_elec"]) == (
        2400000, 70000, 20000.5,
    )  # fmt: skip
    assert held[3, "0002", "room_area"] is held[4, "", "heating_area"] is None


def test_the_page_shows_them_with_coverage(five: Cast) -> None:
    client = five.client("city")
    for form, amount in ((5, "2,712,000.5"), (6, "94,300"), (7, "130,001"), (8, "4,000")):
        page = client.get("/returns/rollup/", {"region": "420106", "period": "2024-00", "form": form}).content.decode()
        assert amount in page, form
        assert "3 / 4" in page, form


def test_report_publication_and_the_region_s_own_return_count_the_same(five: Cast) -> None:
    region, actor = five.regions["420106"], five.actor("city")
    report = annual_report(actor, region, 2024, reviewed=False).report
    figures = report.total.figures
    assert (figures["electricity_kwh"].value, figures["electricity_kwh"].last) == (Decimal("2712000.5"), 3118000)
    assert (figures["water_m3"].value, figures["area_m2"].value, figures["persons"].value) == (94300, 25800, 1140)
    assert (report.total.coverage.present, report.total.coverage.expected) == (3, 4)
    assert publishing.preview(actor, region, 2024, "kind").total.bodies == 3
    told = report_up(actor, region, ANNUAL, "one of four is late")
    assert (told.present, told.expected) == (3, 4)
    assert told.forms["5"]["cells"][""]["elec_qty"] == "2712000.5"


def test_who_is_collected_elsewhere_counts_there_in_forms_and_report_alike(five: Cast) -> None:
    """The clinic files through the neighbour's school: 12000 kWh leave the district, of all that is made from it."""
    Return.objects.filter(pk=return_of(five, "clinic", ANNUAL).pk).update(
        superior=five.institutions["neighbour_school"]
    )
    district, neighbour = summary(five, 5), summary(five, 5, "420111")
    assert wholes(district, "elec_qty", "institutions") == [2700000.5, 2]
    assert wholes(neighbour, "elec_qty", "institutions") == [432000.25, 2]
    actor = five.actor("city")
    for code, amount, bodies in (("420106", "2700000.5", 2), ("420111", "432000.25", 2)):
        report = annual_report(actor, five.regions[code], 2024, reviewed=False).report
        assert report.total.figures["electricity_kwh"].value == Decimal(amount)
        assert publishing.preview(actor, five.regions[code], 2024, "kind").total.bodies == bodies
    assert wholes(summary(five, 5, "420100"), "elec_qty") == [Decimal("3132000.75")]
