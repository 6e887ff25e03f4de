"""Pages of items, balance and comparison: what they say, to whom, and at what price."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nengtan.identity.access import system_actor
from nengtan.registry.models import Attribute
from nengtan.registry.services import save_building, save_meter
from nengtan.telemetry.models import Formula
from nengtan.telemetry.queries.comparison import buildings_compared, usual_per_m2
from nengtan.telemetry.services import bring_up_to_date, set_formula
from tests.budget import MOST_QUERIES
from tests.cast import Cast
from tests.telemetry.test_trees import FIRST, LAST, NOON, read, terms, trees, virtual

__all__ = ["trees"]

MONTH = "?month=2026-03"


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def page(cast: Cast, who: str, address: str) -> Any:
    client = cast.client(who)
    client.cookies["django_language"] = "en"
    return client.get(address)


@pytest.fixture
def houses(cast: Cast, meter: Any) -> None:
    """B-1 of 100 m² (10 an hour; its sub-meter counts nothing), B-2 of 40 m² since long and 20 m² from 4 March
    (2 an hour), B-3 without area, B-4 read for a day only."""
    school = cast.institutions["school"]
    for number, hourly, hours, areas in (
        (1, 10.0, 48, {"2020-01-01": 100}), (2, 2.0, 48, {"2020-01-01": 40, "2026-03-04": 20}), (3, 1.0, 48, {}),
        (4, 9.0, 24, {"2020-01-01": 10}),
    ):  # fmt: skip
        house = save_building(
            system_actor(), school, {"code": f"B-{number}", "name": f"House {number}", "use": "office"}
        )
        for since, area in areas.items():
            Attribute.objects.create(building=house, key="area_m2", value=Decimal(area), valid_from=since)
        made = save_meter(
            system_actor(), school, {"code": f"H-{number}", "carrier": "electricity", "building": house}
        )  # fmt: skip
        read(f"H-{number}", hourly, hours)
        if number == 1:
            below = {"code": "H-1A", "carrier": "electricity", "building": house, "parent": made}
            save_meter(system_actor(), school, below)
            read("H-1A", 3.0)
    bring_up_to_date()


def test_buildings_for_a_square_metre_of_the_area_they_had(houses: None) -> None:
    """480 / 100; 96 / 20; 48 without area; 216 / 10, of which only half of the time is known."""
    rows = buildings_compared(system_actor(), "electricity", FIRST, LAST)
    assert [(one.building.code, one.value, one.area_m2, one.per_m2, one.ranks) for one in rows] == [
        ("B-1", 480.0, 100.0, 4.8, True), ("B-2", 96.0, 20.0, 4.8, True), ("B-4", 216.0, 10.0, 21.6, False),
        ("B-3", 48.0, None, None, False),
    ]  # fmt: skip
    assert usual_per_m2(rows) is None, "two are no middle"
    before = buildings_compared(system_actor(), "electricity", FIRST, FIRST)
    assert {one.building.code: one.area_m2 for one in before}["B-2"] == 40.0
    assert buildings_compared(system_actor(), "electricity", FIRST, LAST, use="teaching") == []


def test_the_page_of_comparison(cast: Cast, houses: None) -> None:
    shown = page(cast, "district", f"/metering/comparison/{MONTH}")
    assert shown.status_code == 200
    text = shown.content.decode()
    assert "House 1" in text
    assert "the area is not in the register" in text
    assert "House 1" not in page(cast, "other", f"/metering/comparison/{MONTH}").content.decode()
    told = cast.client("district").get("/api/metering/buildings?since=2026-03-03&until=2026-03-04").json()
    assert [one["building"] for one in told] == ["B-1", "B-2", "B-4", "B-3"]
    assert cast.client("district").get("/api/metering/buildings?use=none").status_code == 422


def test_the_console_compares(houses: None, run: Callable[..., tuple[int, str, str]]) -> None:
    at = ("--from", "2026-03-03", "--to", "2026-03-04", "--format", "json")
    assert [one["per_m2"] for one in json.loads(run("meters", "compare", *at)[1])] == [4.8, 4.8, 21.6, None]
    assert run("meters", "compare", "--carrier", "none")[0] == 2


def test_the_page_of_items_and_balance(cast: Cast, trees: Any) -> None:
    shown = page(cast, "district", f"/metering/structure/{MONTH}&institution=420106-S1")
    text = shown.content.decode()
    assert shown.status_code == 200
    for word in ("Lighting and sockets", "not metered", "error", "Chilled-water pump"):
        assert word in text
    assert "Chilled-water pump" in page(
        cast, "district", f"/metering/structure/{MONTH}&scheme=regional"
    ).content.decode(), "by another letter"  # fmt: skip


def test_what_is_not_theirs_is_not_there(cast: Cast, trees: Any) -> None:
    assert page(cast, "neighbour", "/metering/structure/?institution=420106-S1").status_code == 404
    assert "E-1A" not in page(cast, "neighbour", f"/metering/structure/{MONTH}").content.decode()


@pytest.mark.parametrize("address", ["/metering/structure/", "/metering/comparison/"])
def test_pages_cost_a_few_questions_however_many_meters(cast: Cast, trees: Any, houses: None, address: str) -> None:
    set_formula(system_actor(), virtual(cast, parent=trees["E-1"]), FIRST, terms(E_1=0.25))
    page(cast, "district", address)
    with CaptureQueriesContext(connection) as few:
        page(cast, "district", f"{address}{MONTH}")
    for number in range(10):
        values = {"code": f"X-{number}", "carrier": "electricity", "parent": trees["E-1"]}
        save_meter(system_actor(), cast.institutions["school"], values)
    with CaptureQueriesContext(connection) as many:
        page(cast, "district", f"{address}{MONTH}")
    assert len(many) <= len(few) <= MOST_QUERIES, [query["sql"][:90] for query in many]


def test_a_virtual_meter_is_made_and_looked_at_on_pages(cast: Cast, trees: Any) -> None:
    virtual(cast)
    client = cast.client("statistician")
    client.cookies["django_language"] = "en"
    wrong = client.post("/metering/meters/V-1/formula/", {"valid_from": "2026-03-03", "terms": "E-1 = much"})
    assert "M-1 = 0.5 is allowed" in wrong.content.decode()
    data = {"valid_from": "2026-03-03", "terms": "E-1 = 1\nE-1A = -0.5 ?", "constant": "", "note": "half the light"}
    assert client.post("/metering/meters/V-1/formula/", data).status_code == 302
    shown = client.get("/metering/meters/V-1/?view=month&at=2026-03-04").content.decode()
    assert "half the light" in shown
    assert "384" in shown, "480 less half of 192"
    listed = client.get("/metering/?state=computed").content.decode()
    assert "V-1" in listed
    assert "E-1A" not in listed
    [made] = Formula.objects.all()
    assert client.post("/metering/meters/V-1/formula/", {"remove": made.pk}).status_code == 302
    assert not Formula.objects.exists()
    assert cast.client("verifier_one").get("/metering/meters/V-1/formula/").status_code == 404


def test_the_days_of_a_virtual_meter_open_down_to_quarters(cast: Cast, trees: Any) -> None:
    set_formula(system_actor(), virtual(cast), FIRST, terms(E_1=0.5))
    for view in ("all", "month", "week", "day"):
        shown = page(cast, "district", f"/metering/meters/V-1/?view={view}&at={dt.date(2026, 3, 4)}")
        assert shown.status_code == 200
        assert "nothing is known of" not in shown.content.decode()
