"""Meters as they are now, and what they used: by page, API and console, to each within reach and to nobody else."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nengtan.identity.access import system_actor
from nengtan.registry.models import Attribute, Meter
from nengtan.registry.services import save_building, save_meter
from nengtan.telemetry.queries.looking import stretch_of
from nengtan.telemetry.queries.overview import Heard, overview, roots
from nengtan.telemetry.sent import sent_as_json
from nengtan.telemetry.services import accept, bring_up_to_date
from tests.budget import MOST_QUERIES
from tests.cast import Cast

Run = Callable[..., tuple[int, str, str]]
CHINA = dt.timezone(dt.timedelta(hours=8))
NOON = dt.datetime(2026, 3, 4, 12, 5, tzinfo=CHINA)
"""A Wednesday."""

SEES = {
    "admin": {"E-1", "E-1A", "N-1"}, "nation": {"E-1", "E-1A", "N-1"}, "city": {"E-1", "E-1A", "N-1"},
    "district": {"E-1", "E-1A"}, "education": {"E-1", "E-1A"}, "statistician": {"E-1", "E-1A"},
    "unit_head": {"E-1", "E-1A"}, "service": {"E-1", "E-1A"}, "verifier_one": {"E-1", "E-1A"}, "neighbour": {"N-1"},
    "other": set(), "public": None, "outsider": None,
}  # fmt: skip
"""The meters each may see; None: the page is refused."""


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def at(hour: int, minute: int = 0, day: int = 4) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=CHINA)


def read(meter: str, *told: tuple[dt.datetime, float]) -> None:
    rows = [{"meter": meter, "time": time.isoformat(), "value": value} for time, value in told]
    assert accept(system_actor(), sent_as_json(json.dumps(rows).encode()), "test").accepted == len(told)


@pytest.fixture
def meters(cast: Cast, meter: Any) -> Any:
    """E-1 of the school with E-1A below it, both in its main building; N-1 of the neighbour's."""
    school, neighbour = cast.institutions["school"], cast.institutions["neighbour_school"]
    house = save_building(system_actor(), school, {"code": "B-1", "name": "Main house"})
    Attribute.objects.create(building=house, key="area_m2", value=Decimal(50), valid_from=dt.date(2020, 1, 1))
    main = save_meter(system_actor(), school, {"code": "E-1", "carrier": "electricity", "building": house}, meter)
    below = {"code": "E-1A", "carrier": "electricity", "item": "01A00", "parent": main, "building": house}
    save_meter(system_actor(), school, below)
    save_meter(system_actor(), neighbour, {"code": "N-1", "carrier": "electricity"})
    quarters = [at(0, day=3) + count * dt.timedelta(minutes=15) for count in range(36 * 4 + 1)]
    for code, hourly in (("E-1", 10.0), ("E-1A", 4.0), ("N-1", 1.0)):
        read(code, *((time, hourly * count / 4) for count, time in enumerate(quarters)))
    bring_up_to_date()
    return main


def page(cast: Cast, who: str, address: str = "/metering/", **headers: str) -> Any:
    client = cast.client(who)
    client.cookies["django_language"] = "en"
    return client.get(address, headers=headers)


def shown(content: bytes) -> set[str]:
    return set(re.findall(r"\b[EN]-1A?\b", content.decode()))


@pytest.mark.parametrize("who", sorted(SEES))
def test_everybody_sees_the_meters_within_reach(cast: Cast, meters: Any, who: str) -> None:
    answer, told = page(cast, who), cast.client(who).get("/api/metering/meters")
    if SEES[who] is None:
        assert (answer.status_code, told.status_code) == (403, 403)
        return
    assert answer.status_code == 200
    assert shown(answer.content) == SEES[who]
    assert {one["meter"] for one in told.json()["items"]} == SEES[who]
    stream = page(cast, who, "/metering/live/?meters=E-1,N-1")
    assert shown(stream.content) == SEES[who] & {"E-1", "N-1"}
    for code in ("E-1", "N-1"):
        assert page(cast, who, f"/metering/meters/{code}/").status_code == (200 if code in SEES[who] else 404)
    house = 200 if "E-1" in SEES[who] else 404
    assert page(cast, who, "/metering/buildings/B-1/").status_code == house
    assert cast.client(who).get("/api/metering/buildings/B-1/consumption").status_code == house


def test_today_counts_what_stands_at_the_top_of_its_tree(cast: Cast, meters: Any) -> None:
    told = overview(Meter.objects.filter(institution=cast.institutions["school"]))
    assert (told.today, told.yesterday) == ({"electricity": 120.0}, {"electricity": 120.0})
    assert told.load["today"][:13] == [10.0] * 12 + [None]
    assert told.load["yesterday"] == [10.0] * 24
    assert told.states == {Heard.LIVE: 2}


def test_a_meter_below_one_of_another_carrier_is_at_the_top() -> None:
    assert roots([(1, None, "electricity"), (2, 1, "electricity"), (3, 1, "water"), (4, 9, "electricity")]) == [1, 3, 4]


def test_silence_is_told_apart_from_lateness(cast: Cast, meters: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def states() -> dict[str, int]:
        told = cast.client("statistician").get("/api/metering/meters").json()["items"]
        return {state: sum(one["state"] == state for one in told) for state in ("live", "late", "silent", "never")}

    assert states() == {"live": 2, "late": 0, "silent": 0, "never": 0}
    monkeypatch.setattr(timezone, "now", lambda: at(12, 46))
    assert states() == {"live": 0, "late": 2, "silent": 0, "never": 0}
    monkeypatch.setattr(timezone, "now", lambda: at(12, 1, day=5))
    cast.client("statistician").force_login(cast.user("statistician"))
    assert states() == {"live": 0, "late": 0, "silent": 2, "never": 0}
    assert cast.client("statistician").get("/api/metering/meters?state=silent").json()["count"] == 2
    assert "E-1A" in page(cast, "statistician", "/metering/?state=silent").content.decode()
    assert "E-1A" not in page(cast, "statistician", "/metering/?state=live").content.decode()


def test_the_stream_tells_what_is_new_and_nothing_twice(cast: Cast, meters: Any) -> None:
    first = page(cast, "statistician", "/metering/live/?meters=E-1")
    assert first["Content-Type"].startswith("text/event-stream")
    lines = dict(line.split(": ", 1) for line in first.content.decode().strip().splitlines())
    assert json.loads(lines["data"])["E-1"]["value"] == "360.00"
    again = page(cast, "statistician", "/metering/live/?meters=E-1", **{"Last-Event-ID": lines["id"]})
    assert again.content.decode() == "retry: 5000\n\n"
    read("E-1", (at(12, 4), 361.0))
    fresh = page(cast, "statistician", "/metering/live/?meters=E-1", **{"Last-Event-ID": lines["id"]})
    assert '"value": "361.00", "seen": "12:04:00"' in fresh.content.decode()


def test_where_nothing_was_sent_yet_it_is_said_how_to_connect(cast: Cast, meter: Any) -> None:
    content = page(cast, "statistician").content.decode()
    assert "1 meter is in the register and has sent nothing yet." in content
    assert "POST /api/readings" in content
    assert "This meter has sent nothing yet" in page(cast, "statistician", "/metering/meters/E-1/").content.decode()


def test_a_meter_from_years_down_to_a_quarter_of_an_hour(cast: Cast, meters: Any) -> None:
    def table(query: str) -> list[list[str]]:
        content = page(cast, "statistician", f"/metering/meters/E-1/?{query}").content.decode()
        chart = content[content.index('id="consumption-data"') :]
        rows = re.findall(r"<tr>(.*?)</tr>", chart[chart.index("<tbody>") : chart.index("</tbody>")])
        return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in rows]

    assert [row[:2] for row in table("view=all&at=2026-03-04")] == [["2026-03", "360"]]
    days = table("view=month&at=2026-03-04")
    assert [row[:2] for row in days] == [["03-01", "—"], ["03-02", "—"], ["03-03", "240"], ["03-04", "120"]]
    assert days[2][2:5] == ["100.0%", "0.0%", "0.0%"]
    assert [row[1] for row in table("view=week&at=2026-03-03")][-24:] == ["10"] * 24
    quarters = table("view=day&at=2026-03-03")
    assert len(quarters) == 96
    assert quarters[0] == ["00:00", "2.50", "100.0%", "0.0%", "0.0%", "good"]


def test_the_month_is_compared_only_with_one_that_is_known(cast: Cast, meters: Any) -> None:
    content = page(cast, "statistician", "/metering/meters/E-1/?view=day&at=2026-03-04").content.decode()
    assert "level on the day before" in content
    content = page(cast, "statistician", "/metering/meters/E-1/?view=month").content.decode()
    assert "nothing to compare with" in content


def test_a_day_shows_its_readings_as_received_and_what_to_look_at(cast: Cast, meters: Any) -> None:
    read("E-1", (at(12, 4), 100.0))
    bring_up_to_date()
    content = page(cast, "statistician", "/metering/meters/E-1/?view=day&at=2026-03-04&r_sort=-time").content.decode()
    readings = content[content.index('id="readings"') :]
    assert "12:04:00" in readings
    assert "The register went back from 360 to 100" in content


def test_a_building_by_square_metre_without_doubles(cast: Cast, meters: Any, run: Run) -> None:
    content = page(cast, "statistician", "/metering/buildings/B-1/?view=day&at=2026-03-03").content.decode()
    assert "1 meter at the top of its tree" in content
    assert re.search(r'title="4.8 kWh"', content)
    query = {"view": "day", "at": "2026-03-03"}
    told = cast.client("statistician").get("/api/metering/buildings/B-1/consumption", query).json()
    assert (len(told), sum(one["value"] for one in told), told[0]["whole"]) == (96, 240.0, True)
    _code, out, _err = run("meters", "building", "--building", "B-1", "--view", "day", "--at", "2026-03-03",
                           "--format", "json")  # fmt: skip
    assert json.loads(out) == told


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_no_calendar_of_ours_goes_to_are_refused(cast: Cast, meters: Any, day: str) -> None:
    for view in ("all", "month", "week", "day"):
        query = {"view": view, "at": day}
        assert cast.client("statistician").get("/api/metering/buildings/B-1/consumption", query).status_code == 422
        assert page(cast, "statistician", f"/metering/meters/E-1/?view={view}&at={day}").status_code == 200


def test_at_the_console_as_over_the_api(cast: Cast, meters: Any, run: Run) -> None:
    told = cast.client("admin").get("/api/metering/meters").json()["items"]
    _code, out, _err = run("meters", "now", "--format", "json")
    found = json.loads(out)
    assert [(one["meter"], one["value"], one["today"]) for one in found] == [
        (one["meter"], one["value"], one["today"]) for one in told
    ]
    assert [one["today"] for one in found] == [120.0, 48.0, 12.0]
    assert "in time" in run("meters", "now", "--region", "420111")[1]


def test_however_many_meters_the_questions_are_the_same(cast: Cast, meters: Any) -> None:
    school = cast.institutions["school"]
    for number in range(30):
        save_meter(system_actor(), school, {"code": f"X-{number}", "carrier": "water"})
        read(f"X-{number}", (at(11), 1.0), (at(12), 2.0))
    bring_up_to_date()
    client = cast.client("statistician")
    for address in ("/metering/?size=50", "/metering/live/?meters=E-1,X-1", "/metering/meters/E-1/?view=day",
                    "/metering/buildings/B-1/"):  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        assert len(asked) <= MOST_QUERIES, address


def test_stretches_are_local_and_whole() -> None:
    day = dt.date(2026, 2, 28)
    month, week = stretch_of("month", day), stretch_of("week", day)
    hours = 3_600_000_000
    assert (month.end - month.begin, week.end - week.begin) == (28 * 24 * hours, 7 * 24 * hours)
    assert month.end == week.end == stretch_of("day", day).end
    assert (month.moved(back=True), month.moved(back=False)) == (dt.date(2026, 1, 31), dt.date(2026, 3, 1))


def test_a_new_reading_appears_while_one_looks(cast: Cast, meters: Any, live_server: Any, browser: Any) -> None:
    from playwright.sync_api import expect

    from tests.browsing import DESK, opened

    with opened(browser, DESK, live_server.url, strict=True) as screen:
        session = cast.client("statistician").cookies["sessionid"].value
        cookies = {"sessionid": session, "django_language": "en"}
        screen.context.add_cookies([{"name": name, "value": text, "url": live_server.url}
                                    for name, text in cookies.items()])  # fmt: skip
        screen.goto("/metering/")
        value = screen.locator("[data-live-cell='value'][data-meter='E-1']")
        expect(value).to_have_text("360.00")
        expect(screen.locator("[data-live-line]")).to_have_text("live")
        read("E-1", (at(12, 4), 361.5))
        expect(value).to_have_text("361.50", timeout=15_000)
        screen.get_by_role("link", name="E-1", exact=True).click()
        expect(screen.locator("h1")).to_contain_text("E-1: 2026-03 used 360")
        screen.get_by_role("link", name="Day", exact=True).click()
        expect(screen.locator("figure#consumption .chart-canvas svg")).to_be_attached()
        screen.locator("figure#consumption [data-chart-data]").click()
        expect(screen.locator("#consumption-data tbody tr")).to_have_count(49)
