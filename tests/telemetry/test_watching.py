"""What is unusual becomes an alarm, once, with why in words; it ends by itself, and somebody sees to it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.services import save_meter
from nengtan.telemetry.models import Alarm
from nengtan.telemetry.queries.alarms import alarm_day, alarm_words, alarms_seen, state_of
from nengtan.telemetry.sent import sent_as_json
from nengtan.telemetry.services import accept, bring_up_to_date, close_order, give_order, watch
from tests.cast import Cast

Run = Callable[..., tuple[int, str, str]]
CHINA = dt.timezone(dt.timedelta(hours=8))
FIRST = dt.datetime(2026, 3, 2, tzinfo=CHINA)
"""A Monday; the Monday four weeks later is looked at."""

TODAY = FIRST + dt.timedelta(days=28)


def usual(hour: int) -> float:
    """By day 20 kWh an hour, by night 4."""
    return 20.0 if 7 <= hour < 19 else 4.0


def read(meter: str, until: dt.datetime, used: Callable[[dt.datetime], float]) -> None:
    """A reading an hour from the first day on."""
    shown, time, rows = 0.0, FIRST, []
    while time <= until:
        rows.append({"meter": meter, "time": time.isoformat(), "value": round(shown, 6)})
        shown, time = shown + used(time), time + dt.timedelta(hours=1)
    accept(system_actor(), sent_as_json(json.dumps(rows).encode()), "test")
    bring_up_to_date()


def plain(time: dt.datetime) -> float:
    return usual(time.hour)


@pytest.fixture
def hourly(meter: Any) -> Any:
    """E-1, read once an hour."""
    from nengtan.telemetry.models import Register
    from nengtan.telemetry.services import main_registers, save_register

    main_registers(system_actor(), [meter])
    save_register(system_actor(), meter, {"period_s": 3600}, Register.objects.get())
    return meter


def look(moment: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(timezone, "now", lambda: moment)
    return watch()


def test_nothing_unusual_is_no_alarm(hourly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read("E-1", TODAY + dt.timedelta(hours=10), plain)
    assert look(TODAY + dt.timedelta(hours=10), monkeypatch) == 0


def test_a_night_on_which_something_was_left_on(hourly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 00:00 to 05:00 10 instead of 4 kWh an hour: base 4, limit max(4 x 1.3, 4 + 2) = 6; 6 too much an hour."""
    night = (TODAY, TODAY + dt.timedelta(hours=5))
    read("E-1", TODAY + dt.timedelta(hours=6), lambda time: 10.0 if night[0] <= time < night[1] else plain(time))
    assert look(TODAY + dt.timedelta(hours=6), monkeypatch) == 2
    found = Alarm.objects.get(rule="night")
    assert (found.begun, found.found, found.usual) == (TODAY, 10.0, 4.0)
    assert found.extra == 30.0
    assert "At night up to 10 kW ran, where 4 kW is usual; 30 kWh more than usual since 03-30 00:00." in alarm_words(
        found
    )
    assert alarm_day(found) == TODAY.date()
    assert Alarm.objects.get(rule="above").ended == TODAY + dt.timedelta(hours=5)


def test_found_again_it_is_the_same_and_over_it_ends(hourly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By day 40 instead of 20: above the band of 20 x 1.15 = 23 from 08:00 on, held for two hours at 10:00."""
    read(
        "E-1",
        TODAY + dt.timedelta(hours=12),
        lambda time: 40.0 if time >= TODAY + dt.timedelta(hours=8) else plain(time),
    )
    assert look(TODAY + dt.timedelta(hours=10), monkeypatch) == 0
    assert look(TODAY + dt.timedelta(hours=11), monkeypatch) == 1
    assert look(TODAY + dt.timedelta(hours=12), monkeypatch) == 0
    found = Alarm.objects.get()
    assert (found.rule, found.begun, found.ended, found.found) == ("above", TODAY + dt.timedelta(hours=8), None, 40.0)
    assert found.usual == pytest.approx(23.0)
    assert state_of(found) == "lasting"


def test_a_meter_that_is_silent_until_it_is_heard_of(hourly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read("E-1", TODAY, plain)
    assert look(TODAY + dt.timedelta(hours=24), monkeypatch) == 0
    assert look(TODAY + dt.timedelta(hours=25), monkeypatch) == 1
    found = Alarm.objects.get()
    assert (found.rule, found.severity, found.found, found.ended) == ("silent", "bad", 25.0, None)
    read("E-1", TODAY + dt.timedelta(hours=25), plain)
    assert look(TODAY + dt.timedelta(hours=26), monkeypatch) == 0
    assert Alarm.objects.get(rule="silent").ended == TODAY + dt.timedelta(hours=26)


def test_a_register_that_stands_still_by_day(hourly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read(
        "E-1",
        TODAY + dt.timedelta(hours=16),
        lambda time: 0.0 if time >= TODAY + dt.timedelta(hours=8) else plain(time),
    )
    assert look(TODAY + dt.timedelta(hours=15), monkeypatch) == 0
    assert look(TODAY + dt.timedelta(hours=16), monkeypatch) == 1
    found = Alarm.objects.get()
    assert (found.rule, found.begun, found.found, found.usual) == ("stuck", TODAY + dt.timedelta(hours=8), 8.0, 160.0)


def test_water_that_never_stops(cast: Cast, hourly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    save_meter(system_actor(), cast.institutions["school"], {"code": "W-1", "carrier": "water"})
    begins = TODAY - dt.timedelta(days=2)
    read("W-1", TODAY + dt.timedelta(hours=5),
         lambda time: 1.0 if 7 <= time.hour < 19 else 0.5 if time >= begins else 0.0)  # fmt: skip
    assert look(TODAY + dt.timedelta(hours=3), monkeypatch) == 0
    assert look(TODAY + dt.timedelta(hours=5), monkeypatch) == 1
    found = Alarm.objects.get()
    assert (found.rule, found.begun, found.found) == ("leak", begins + dt.timedelta(hours=2), 0.5)


@pytest.fixture
def silent(hourly: Any, monkeypatch: pytest.MonkeyPatch) -> Alarm:
    read("E-1", TODAY, plain)
    look(TODAY + dt.timedelta(hours=25), monkeypatch)
    return Alarm.objects.select_related("register__meter__institution__region").get()


@pytest.mark.parametrize(
    ("who", "count"), [("admin", 1), ("district", 1), ("unit_head", 1), ("service", 1), ("neighbour", 0), ("other", 0)]
)
def test_who_sees_the_meter_sees_its_alarms(cast: Cast, silent: Alarm, who: str, count: int) -> None:
    client = cast.client(who)
    assert client.get("/api/metering/alarms").json()["count"] == count
    assert (b"E-1" in client.get("/metering/alarms/").content) == bool(count)
    assert client.get(f"/metering/alarms/{silent.pk}/").status_code == (200 if count else 404)


def test_others_see_none(cast: Cast, silent: Alarm) -> None:
    for who in ("public", "outsider"):
        assert cast.client(who).get("/metering/alarms/").status_code == 403
        with pytest.raises(Forbidden):
            alarms_seen(cast.actor(who))


def test_a_work_order_from_giving_to_closing(cast: Cast, silent: Alarm, run: Run) -> None:
    with pytest.raises(ValidationError):
        give_order(cast.actor("statistician"), silent, {"what": " ", "whom": "Caretaker"})
    with pytest.raises(Forbidden):
        give_order(cast.actor("unit_head"), silent, {"what": "Look", "whom": "Caretaker"})
    order = give_order(cast.actor("statistician"), silent, {"what": "Check the fuse", "whom": "Caretaker"})
    with pytest.raises(ValidationError):
        give_order(cast.actor("district"), silent, {"what": "Check again", "whom": "Caretaker"})
    (ordered,) = cast.client("statistician").get("/api/metering/alarms?state=ordered").json()["items"]
    assert (ordered["state"], ordered["order"]["whom"]) == ("ordered", "Caretaker")
    with pytest.raises(ValidationError):
        close_order(cast.actor("statistician"), order, " ")
    close_order(cast.actor("statistician"), order, "Fuse replaced.")
    assert run("alarms", "close", silent.pk, "--result", "Again.")[0] == 2
    _code, out, _err = run("alarms", "--format", "json")
    assert [(one["state"], one["order"]["result"]) for one in json.loads(out)] == [("closed", "Fuse replaced.")]
    actions = AuditEvent.objects.filter(action__startswith="workorder").order_by("pk")
    assert [one.action for one in actions] == ["workorder.add", "workorder.close"]


def test_on_the_page_of_an_alarm(cast: Cast, silent: Alarm) -> None:
    client, address = cast.client("statistician"), f"/metering/alarms/{silent.pk}/"
    client.cookies["django_language"] = "en"
    content = client.get(address).content.decode()
    assert "No reading since 03-30 00:00, for 25 h." in content
    assert "/metering/meters/E-1/?view=day&amp;at=2026-03-30" in content
    assert client.post(address, {"what": "Check the fuse", "whom": "Caretaker"}).status_code == 302
    assert client.post(address, {"result": "Fuse replaced."}).status_code == 302
    assert "Fuse replaced." in client.get(address).content.decode()
    assert "seen to" in client.get("/metering/alarms/").content.decode()
