"""The wall screen: figures by hand, for each what is theirs, at the price of a page; a session that lasts."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from nengtan.dashboards.wall import Wall
from nengtan.identity.access import Forbidden, system_actor
from nengtan.registry.models import Institution, Region
from nengtan.registry.services import save_meter
from nengtan.telemetry.models import Alarm, Register
from nengtan.telemetry.queries.overview import Heard
from nengtan.telemetry.queries.today import Today
from nengtan.telemetry.sent import sent_as_json
from nengtan.telemetry.services import accept, bring_up_to_date
from tests.budget import MOST_QUERIES
from tests.cast import Cast

CHINA = dt.timezone(dt.timedelta(hours=8))
NOW = dt.datetime(2026, 3, 12, 10, 5, tzinfo=CHINA)
"""A Thursday."""


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.LAKE, settings.INBOX = tmp_path / "lake", tmp_path / "inbox.sqlite3"
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    with translation.override("en"):
        yield
    from nengtan.telemetry.inbox import open_inbox

    with open_inbox().transaction() as cursor:
        cursor.execute("DELETE FROM inbox_message")
        cursor.execute("DELETE FROM inbox_refused")


def read(meter: str, usual: float, today: float) -> None:
    """From 2 March to now a reading each quarter of an hour: so much an hour on workdays, half of it on weekends."""
    start, total, rows = dt.datetime(2026, 3, 2, tzinfo=CHINA), 0.0, []
    for at in range(10 * 96 + 10 * 4 + 1):
        moment = start + dt.timedelta(minutes=15 * at)
        rows.append({"meter": meter, "time": moment.isoformat(), "value": round(total, 6)})
        hourly = today if moment.day == 12 else usual / 2 if moment.weekday() >= 5 else usual
        total += hourly / 4
    assert accept(system_actor(), sent_as_json(json.dumps(rows).encode()), "test").accepted == len(rows)


@pytest.fixture
def metered(cast: Cast) -> Cast:
    """E-1 of the school: usually 100 kW, today 120, below it light of 60; E-2 of the hospital as usual, 50."""
    school = cast.institutions["school"]
    main = save_meter(system_actor(), school, {"code": "E-1", "carrier": "electricity"})
    light = {"code": "E-1A", "carrier": "electricity", "item": "01A00", "parent": main}
    save_meter(system_actor(), school, light)
    save_meter(system_actor(), cast.institutions["hospital"], {"code": "E-2", "carrier": "electricity"})
    save_meter(system_actor(), cast.institutions["neighbour_school"], {"code": "N-1", "carrier": "electricity"})
    for code, usual, today in (("E-1", 100.0, 120.0), ("E-1A", 60.0, 60.0), ("E-2", 50.0, 50.0), ("N-1", 9.0, 9.0)):
        read(code, usual, today)
    bring_up_to_date()
    Institution.objects.filter(pk=school.pk).update(lon=114.3, lat=30.5)
    return cast


def district() -> Region:
    found = Region.objects.in_line().get(code="420106")
    assert found is not None
    return found


def test_a_region_today_against_what_is_usual(metered: Cast) -> None:
    """Ten hours: 1,200 of 1,000 in the school, 500 of 500 in the hospital: 1,700 of 1,500. The light counts nothing."""
    found = Today(system_actor(), district())
    assert found.hours == 10
    assert [(one.code, one.used, one.expected, one.load_kw) for one in found.households] == [
        ("420106-H1", pytest.approx(500), pytest.approx(500), pytest.approx(50)),
        ("420106-S1", pytest.approx(1200), pytest.approx(1000), pytest.approx(120)),
    ]
    assert found.used == pytest.approx(1700)
    assert found.ratio == pytest.approx(1700 / 1500)
    assert found.load[-1] == (39, pytest.approx(170))
    assert len(found.load) == 40
    assert found.band[12] == (pytest.approx(127.5), pytest.approx(150), pytest.approx(172.5))
    assert found.states[Heard.LIVE] == 3
    assert found.carriers == {"electricity": pytest.approx(1700)}


def test_on_a_weekend_weekends_are_usual(metered: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    saturday = dt.datetime(2026, 3, 14, 0, 30, tzinfo=CHINA)
    found = Today(system_actor(), district(), saturday)
    assert found.band[12] == (pytest.approx(63.75), pytest.approx(75), pytest.approx(86.25))
    assert (found.used, found.ratio, found.load) == (None, None, [])


def test_what_the_screen_says(metered: Cast) -> None:
    register = Register.objects.get(meter__code="E-1", code="")
    Alarm.objects.create(rule="above", register=register, severity="warn", begun=NOW, raised=NOW, found=120.0)
    told = Wall(system_actor(), district()).told()
    sentence = "".join(one["words"] + one["figure"] for one in told["sentence"])
    assert sentence == (
        "By 10:00 used today 1,700 kWh, above what is usual by 13.3%; in time 3 / 3 meters; 1 alarm waits"
    )
    assert (told["load"]["now"], told["load"]["unit"], told["load"]["at"]) == ("170", "kW", "10:00")
    assert [(one["name"], one["text"]) for one in told["items"]] == [
        ("Lighting and sockets", "35%"), ("not metered", "65%"),
    ]  # fmt: skip
    [place] = told["places"]
    assert (place["state"], place["alarm"], place["ratio"], place["load"]) == ("warn", True, "120%", "120")
    assert [(one["name"], one["text"], one["state"]) for one in told["ranking"]] == [
        ("The school", "+20.0%", "warn"), ("The hospital", "0.0%", "fine"),
    ]  # fmt: skip
    assert [(one["where"], one["severity"]) for one in told["alarms"]] == [("The school", "warn")]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_an_empty_region_has_a_screen_too(cast: Cast) -> None:
    told = Wall(system_actor(), district()).told()
    assert told["sentence"][0]["words"] == "Nothing of today is computed yet"
    assert (told["load"]["now"], told["ranking"], told["items"]) == ("—", [], [])


def test_each_sees_what_is_theirs(metered: Cast) -> None:
    mine = Wall(metered.actor("statistician"), district()).told()
    assert [one["name"] for one in mine["ranking"]] == ["The school"]
    with pytest.raises(Forbidden):
        Wall(metered.actor("public"), district()).told()
    assert metered.client("other").get("/regions/420106/wall/").status_code == 404
    assert metered.client("public").get("/regions/420106/wall/").status_code == 403
    assert metered.client("district").get("/wall/").headers["Location"] == "/regions/420106/wall/"


def test_a_look_costs_a_page(metered: Cast) -> None:
    client = metered.client("district")
    for address in ("/regions/420106/wall/", "/regions/420106/wall/live/"):
        client.get(address)
        with CaptureQueriesContext(connection) as questions:
            assert client.get(address).status_code == 200
        assert len(questions) <= MOST_QUERIES, [query["sql"][:90] for query in questions]


def test_the_stream_says_what_is_new_and_nothing_twice(metered: Cast) -> None:
    client = metered.client("district")
    first = client.get("/regions/420106/wall/live/")
    assert first.headers["Content-Type"].startswith("text/event-stream")
    text = first.content.decode()
    [name] = re.findall(r"^id: (.+)$", text, re.MULTILINE)
    told = json.loads(re.findall(r"^data: (.+)$", text, re.MULTILINE)[0])
    assert told["load"]["now"] == "170"
    again = client.get("/regions/420106/wall/live/", headers={"Last-Event-ID": name}).content.decode()
    assert again == "retry: 10000\n\n"


def test_a_screen_stays_signed_in_while_somebody_looks(metered: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session is prolonged once an hour, not with every question."""
    client = metered.client("district")
    assert "sessionid" in " ".join(client.get("/regions/420106/wall/live/").cookies)
    assert not client.get("/regions/420106/wall/live/").cookies
    monkeypatch.setattr(timezone, "now", lambda: NOW + dt.timedelta(hours=1, minutes=1))
    assert "sessionid" in " ".join(client.get("/regions/420106/wall/live/").cookies)


def test_the_screen_in_a_browser(metered: Cast, live_server: Any, browser: Any) -> None:
    """It fits two sizes without scrolling, shows what is new by itself, and says when nobody is signed in any more."""
    from playwright.sync_api import expect

    from tests.browsing import opened

    with opened(browser, {"width": 1920, "height": 1080}, live_server.url, strict=False) as screen:
        client = metered.client("district")
        cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": "en"}
        screen.context.add_cookies([{"name": name, "value": text, "url": live_server.url}
                                    for name, text in cookies.items()])  # fmt: skip
        screen.goto("/regions/420106/wall/")
        expect(screen.locator("[data-part='load']")).to_have_text("170")
        expect(screen.locator("[data-part='clock']")).to_have_text(re.compile(r"^\d\d:\d\d$"))
        for width, height in ((3840, 2160), (1920, 1080)):
            screen.set_viewport_size({"width": width, "height": height})
            root = "document.documentElement"
            assert screen.evaluate(f"{root}.scrollHeight <= innerHeight && {root}.scrollWidth <= innerWidth")
            small = screen.eval_on_selector_all(
                "body *", "all => Math.min(...all.filter(one => one.offsetParent && one.textContent.trim()).map("
                "one => parseFloat(getComputedStyle(one).fontSize)))",
            )  # fmt: skip
            assert small >= height / 1080 * 17, "readable from five metres"
        expect(screen.locator(".wall-chart canvas")).to_have_count(4)
        register = Register.objects.get(meter__code="E-1", code="")
        Alarm.objects.create(rule="night", register=register, severity="bad", begun=NOW, raised=NOW, found=99.0)
        expect(screen.locator("[data-part='alarms']")).to_contain_text("The school", timeout=20_000)
        expect(screen.locator("[data-part='stale']")).to_be_hidden()
        client.logout()
        expect(screen.locator("[data-part='stale']")).to_contain_text("Signed out", timeout=20_000)
