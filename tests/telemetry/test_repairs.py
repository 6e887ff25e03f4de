"""Readings in doubt are put right beside what was received: let stand, left out, corrected, estimated, undone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.telemetry.models import Redo, Register, Repair
from nengtan.telemetry.queries import consumption, intervals, readings
from nengtan.telemetry.queries.quality import late_readings, open_findings, quality_of
from nengtan.telemetry.services import bring_up_to_date, record_event, repair, set_ratio, undo_repair
from tests.cast import Cast
from tests.telemetry.test_happenings import at, read, used

Run = Callable[..., tuple[int, str, str]]
QUARTER = dt.timedelta(minutes=15)


def decide(kind: str, since: dt.datetime, who: Any = None, **told: Any) -> Repair:
    values = {"kind": kind, "since": since, "reason": "It was looked at.", **told}
    return repair(who or system_actor(), Register.objects.get(code=""), values)


@pytest.fixture
def slipped(meter: Any) -> None:
    """A reading of 50 among 1, 2, 3: the register seems to go back from it."""
    read((at(0), 0), (at(0, 15), 1), (at(0, 30), 50), (at(0, 45), 3), (at(1), 4))


@pytest.fixture
def reset(meter: Any) -> None:
    """The register went back from 101 to 2, nobody knows why."""
    read((at(0), 100), (at(0, 15), 101), (at(0, 30), 2), (at(0, 45), 3))


def test_a_reading_corrected_counts_as_it_should_have_read(slipped: None) -> None:
    assert used() != [4.0]
    made = decide("edit", at(0, 30), value=Decimal(2))
    assert used() == [4.0]
    received = readings(Register.objects.get(), at(0), at(2))
    assert received["value"].to_pylist() == [0, 1, 50, 3, 4]
    undo_repair(system_actor(), made, "It was right.")
    assert used() == [51.0 - 1 + 1]


def test_a_reading_left_out_leaves_its_time_to_its_neighbours(slipped: None) -> None:
    bring_up_to_date()
    decide("leave_out", at(0, 30))
    assert used() == [4.0]
    found = intervals(Register.objects.get(), at(0), at(1))
    assert found["value"].to_pylist() == [1.0, 1.0, 1.0, 1.0]


def test_what_is_let_stand_is_asked_about_no_more(reset: None) -> None:
    assert used() == [2.0]
    (asked,) = open_findings(system_actor(), at(0), at(1))
    made = decide("accept", asked.time)
    assert Redo.objects.count() == 0
    assert open_findings(system_actor(), at(0), at(1)) == []
    undo_repair(system_actor(), made, "Look again.")
    assert len(open_findings(system_actor(), at(0), at(1))) == 1


def test_an_estimate_fills_what_nobody_knows_and_says_so(reset: None) -> None:
    assert used() == [2.0]
    made = decide("estimate", at(0, 15), until=at(0, 30), value=Decimal(5))
    assert used() == [7.0]
    found = intervals(Register.objects.get(), at(0), at(1)).to_pylist()
    assert [(one["value"], one["quality"], one["method"]) for one in found] == [
        (1.0, "good", "measured"), (5.0, "estimated", "filled"), (1.0, "good", "measured"),
    ]  # fmt: skip
    undo_repair(system_actor(), made, "Not needed.")
    assert used() == [2.0]
    assert consumption(Register.objects.get(), "hour")[0].missing == 0.5


def test_what_is_measured_later_takes_the_place_of_an_estimate(reset: None) -> None:
    used()
    decide("estimate", at(0, 15), until=at(0, 30), value=Decimal(5))
    assert used() == [7.0]
    told = {"kind": "replacement", "at": at(0, 20), "final": Decimal(103), "start": Decimal(0)}
    record_event(system_actor(), Register.objects.get(), told)
    assert used() == [1.0 + (103 - 101) + 2 + 1]


def test_without_a_figure_like_days_are_taken(meter: Any) -> None:
    """Seven days of one unit a quarter, then a day of which an hour after a reset is not known."""
    start = at(0) + dt.timedelta(days=7)
    read(*((at(0) + count * QUARTER, count) for count in range(7 * 96 + 1)))
    read((start + 8 * QUARTER, 0.5), (start + 9 * QUARTER, 1.5))
    assert sum(one or 0 for one in used()) == 7 * 96 + 1
    made = decide("estimate", start, until=start + 8 * QUARTER)
    assert made.value == 8
    assert sum(one or 0 for one in used()) == 7 * 96 + 1 + 8


def test_only_the_time_that_changed_is_computed_again(meter: Any) -> None:
    read(*((at(0) + count * QUARTER, count) for count in range(20 * 96 + 1)))
    bring_up_to_date()
    register = Register.objects.get()
    before = intervals(register, at(0), at(0) + dt.timedelta(days=30)).to_pylist()
    odd = at(0) + dt.timedelta(days=10)
    decide("edit", odd, value=Decimal(10 * 96) + Decimal("0.5"))
    bring_up_to_date()
    after = intervals(register, at(0), at(0) + dt.timedelta(days=30)).to_pylist()
    changed = [new["time"] for old, new in zip(before, after, strict=True) if old["value"] != new["value"]]
    assert changed == [odd - QUARTER, odd]
    again = [new["time"] for old, new in zip(before, after, strict=True) if old["revision"] != new["revision"]]
    assert odd - dt.timedelta(days=1) < min(again) <= max(again) < odd + dt.timedelta(days=2)


def test_a_ratio_known_late_holds_for_all_that_follows(meter: Any) -> None:
    read(*((at(0) + count * QUARTER, count) for count in range(20 * 96 + 1)))
    assert sum(one or 0 for one in used()) == 1920
    set_ratio(system_actor(), meter, {"since": at(0), "ct": Decimal(2), "pt": Decimal(1), "reading": Decimal(0)})
    assert sum(one or 0 for one in used()) == 3840
    later = at(0) + dt.timedelta(days=10)
    set_ratio(system_actor(), meter, {"since": later, "ct": Decimal(3), "pt": Decimal(1), "reading": Decimal(960)})
    assert sum(one or 0 for one in used()) == 960 * 2 + 960 * 3
    set_ratio(system_actor(), meter, {"since": at(0), "ct": Decimal(1), "pt": Decimal(1), "reading": Decimal(0)})
    assert sum(one or 0 for one in used()) == 960 + 960 * 3


@pytest.mark.parametrize(
    ("kind", "told", "field"),
    [
        ("edit", {"since": at(0, 31), "value": Decimal(1)}, "since"),
        ("edit", {"since": at(0, 30)}, "value"),
        ("edit", {"since": at(0, 30), "value": Decimal(-1)}, "value"),
        ("accept", {"since": at(0, 30), "reason": " "}, "reason"),
        ("estimate", {"since": at(0, 15)}, "until"),
        ("estimate", {"since": at(0, 15), "until": at(0, 15) + dt.timedelta(days=32), "value": Decimal(1)}, "until"),
        ("estimate", {"since": at(0, 16), "until": at(0, 30), "value": Decimal(1)}, "since"),
        ("estimate", {"since": at(0), "until": at(0, 15), "value": Decimal(1)}, "since"),
        ("estimate", {"since": at(0, 15), "until": at(0, 30)}, "value"),
        ("estimate", {"since": at(0, 15), "until": at(0, 30), "value": Decimal(-1)}, "value"),
        ("other", {"since": at(0, 30)}, "kind"),
        ("accept", {"since": dt.datetime(1, 1, 1, tzinfo=dt.UTC)}, "since"),
        ("leave_out", {"since": dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, dt.UTC)}, "since"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(reset: None, kind: str, told: dict[str, Any], field: str) -> None:
    bring_up_to_date()
    with pytest.raises(ValidationError) as refused:
        decide(kind, **told)
    assert field in refused.value.message_dict
    assert not Repair.objects.exists()


def test_one_decision_at_a_time(reset: None) -> None:
    bring_up_to_date()
    first = decide("accept", at(0, 30))
    with pytest.raises(ValidationError):
        decide("leave_out", at(0, 30))
    undo_repair(system_actor(), first, "Changed my mind.")
    decide("leave_out", at(0, 30))
    with pytest.raises(ValidationError):
        undo_repair(system_actor(), first, "Again.")


@pytest.mark.parametrize("who", ["admin", "district", "statistician", "statistics_head"])
def test_who_enters_consumption_decides_and_it_is_on_record(cast: Cast, reset: None, who: str) -> None:
    bring_up_to_date()
    made = decide("accept", at(0, 30), cast.actor(who))
    undo_repair(cast.actor(who), made, "Look again.")
    found = AuditEvent.objects.filter(action__startswith="repair.").order_by("pk")
    assert [(one.action, one.user_id, one.reason) for one in found] == [
        ("repair.add", cast.user(who).pk, ""), ("repair.undo", cast.user(who).pk, "Look again."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "error"), [("unit_head", Forbidden), ("service", Forbidden), ("neighbour", ValidationError)]
)
def test_others_do_not(cast: Cast, reset: None, who: str, error: type[Exception]) -> None:
    bring_up_to_date()
    with pytest.raises(error):
        decide("accept", at(0, 30), cast.actor(who))
    assert not Repair.objects.exists()


def test_the_board_names_the_worst_first(cast: Cast, meter: Any, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 24 hours 20 are known, of these 4 by an estimate; the register stood still for eight hours."""
    monkeypatch.setattr(timezone, "now", lambda: at(0, 5) + dt.timedelta(days=1))
    shown = {count: min(count, 40) if count < 72 else count for count in range(81) if not 4 < count < 20}
    read(*((at(0) + count * QUARTER, value) for count, value in shown.items()))
    bring_up_to_date()
    (one,) = quality_of(cast.actor("statistician"), 1)
    assert (one.good, one.estimated, one.missing) == pytest.approx((16 / 24, 4 / 24, 4 / 24))
    assert (one.gaps, one.longest_gap, one.stuck) == (1, 4, 0)
    assert quality_of(cast.actor("neighbour"), 1) == []
    told = cast.client("statistician").get("/api/metering/quality?days=1").json()
    _code, out, _err = run("quality", "--days", "1", "--format", "json")
    assert json.loads(out) == told
    assert told[0]["gaps"] == 1


def test_what_came_late_is_told(cast: Cast, meter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at(1))
    read((at(0), 1), (at(0, 15), 2))
    bring_up_to_date()
    monkeypatch.setattr(timezone, "now", lambda: at(1) + dt.timedelta(days=3))
    read((at(0, 30), 3), (at(0, 45), 4))
    bring_up_to_date()
    (late,) = late_readings(cast.actor("statistician"), 7)
    assert (late.meter, late.count, late.first, late.last) == ("E-1", 2, at(0, 30), at(0, 45))
    assert late_readings(cast.actor("neighbour"), 7) == []
    assert cast.client("statistician").get("/api/metering/late").json()[0]["count"] == 2


def test_over_the_api_and_at_the_console(cast: Cast, reset: None, run: Run) -> None:
    bring_up_to_date()
    client = cast.client("statistician")
    body = {"meter": "E-1", "kind": "estimate", "since": at(0, 15).isoformat(), "until": at(0, 30).isoformat(),
            "value": 5, "reason": "Read from the display."}  # fmt: skip
    made = client.post("/api/metering/repairs", body, content_type="application/json")
    assert made.status_code == 201
    assert used() == [7.0]
    undone = client.post(f"/api/metering/repairs/{made.json()['id']}/undo", {"reason": "No."}, "application/json")
    assert undone.json()["undone_at"]
    assert used() == [2.0]
    code, out, _err = run("quality", "repair", "--meter", "E-1", "--kind", "accept", "--at", "2026-01-01T00:30",
                          "--reason", "Seen.", "--format", "json")  # fmt: skip
    assert (code, json.loads(out)["kind"]) == (0, "accept")
    assert run("quality", "undo", json.loads(out)["id"], "--reason", "No.")[0] == 0
    assert [one["kind"] for one in client.get("/api/metering/repairs").json()["items"]] == ["accept", "estimate"]


def test_on_the_bench(cast: Cast, reset: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at(2))
    bring_up_to_date()
    client = cast.client("statistician")
    client.cookies["django_language"] = "en"
    bench = "/metering/meters/E-1/bench/"
    content = client.get(bench).content.decode()
    assert "The register went back from 101 to 2" in content
    assert 'value="2026-01-01T00:15"' in content
    told = {"kind": "estimate", "since": "2026-01-01T00:15", "until": "2026-01-01T00:30", "value": "5"}
    answer = client.post(bench, {**told, "reason": "Display."})
    assert answer.status_code == 302
    assert used() == [7.0]
    since = open_findings(system_actor(), at(0), at(1))[0].time.isoformat(timespec="microseconds")
    assert client.post(bench, {"kind": "accept", "since": since, "reason": "Seen."}).status_code == 302
    content = client.get(bench).content.decode()
    assert "no reading waits for a decision" in content
    assert "Display." in content
    made = Repair.objects.get(kind="estimate")
    client.post(f"{bench}{made.pk}/undo/", {"reason": "No."})
    assert used() == [2.0]
    refused = client.post(bench, {"kind": "edit", "since": since, "value": "-1", "reason": "x"}).content.decode()
    assert "Nothing was changed." in refused
    cast.client("unit_head").cookies["django_language"] = "en"
    assert "Let stand" not in cast.client("unit_head").get(bench).content.decode()
    assert cast.client("neighbour").get(bench).status_code == 404
    assert cast.client("statistician").get("/metering/quality/").status_code == 200
