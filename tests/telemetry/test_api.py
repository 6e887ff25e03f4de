"""Readings over HTTP: by gateways and programs, one or many, packed or not; refused with a reason, never half read."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client

from nengtan.identity.access import system_actor
from nengtan.registry.services import save_meter
from nengtan.telemetry.models import Gateway
from nengtan.telemetry.services import bring_up_to_date, end_gateway, issue_gateway
from tests.cast import Cast

TIMES = [f"2026-01-01T00:{minute:02}:00+08:00" for minute in (0, 15, 30, 45)] + ["2026-01-01T01:00:00+08:00"]
FIVE = [{"meter": "E-1", "time": time, "value": 10 + at} for at, time in enumerate(TIMES)]


@pytest.fixture
def gateway(cast: Cast, meter: Any) -> tuple[Gateway, str]:
    return issue_gateway(system_actor(), cast.institutions["school"], "GW-1")


@pytest.fixture
def send(gateway: tuple[Gateway, str]) -> Any:
    def call(
        body: Any, status: int = 200, kind: str = "application/json", key: str = gateway[1], **headers: str
    ) -> Any:
        content = body if isinstance(body, (bytes, str)) else json.dumps(body)
        told = {"Authorization": f"Bearer {key}", "Accept-Language": "en", **headers}
        answer = Client().post("/api/readings", content, content_type=kind, headers=told)
        assert answer.status_code == status, answer.content
        return answer.json()

    return call


def get(cast: Cast, path: str, who: str = "statistician", **query: str) -> Any:
    return cast.client(who).get(f"/api/{path}", {"meter": "E-1", **query}, headers={"Accept-Language": "en"})


def test_one_reading_and_many(send: Any, cast: Cast) -> None:
    assert send(FIVE[0])["accepted"] == 1
    assert send(FIVE[1:3])["accepted"] == 2
    assert send({"message": "A 17", "readings": FIVE[3:]}) == {
        "accepted": 2, "marked": {}, "refused": [], "refused_count": 0, "repeated": False,
    }  # fmt: skip
    assert send({"message": "A 17", "readings": FIVE[3:]})["repeated"]
    bring_up_to_date()
    (hour,) = get(cast, "consumption", by="hour").json()
    assert hour == {
        "period": "2026-01-01T00:00+08:00", "value": 4.0, "good": 1.0, "estimated": 0.0, "missing": 0.0,
        "quality": "good",
    }  # fmt: skip


def test_another_message_of_a_name_is_refused(send: Any) -> None:
    send({"message": "A 17", "readings": FIVE[:1]})
    assert "name" in send({"message": "A 17", "readings": FIVE[1:]}, status=409)["detail"]
    assert send(FIVE[1:], **{"X-Message-Id": "A 18"})["accepted"] == 4
    assert send(FIVE[:1], status=409, **{"X-Message-Id": "A 18"})


def test_csv_and_gzip(send: Any, cast: Cast) -> None:
    lines = "meter,time,value\n" + "".join(f"{one['meter']},{one['time']},{one['value']}\n" for one in FIVE)
    assert send(gzip.compress(lines.encode()), kind="text/csv", **{"Content-Encoding": "gzip"})["accepted"] == 5
    bring_up_to_date()
    answer = get(cast, "readings", **{"from": "2026-01-01", "to": "2026-01-02"})
    assert [one["value"] for one in answer.json()] == [10.0, 11.0, 12.0, 13.0, 14.0]
    assert {one["source"] for one in answer.json()} == {"gateway:GW-1"}
    assert answer.json()[0]["time"] == "2026-01-01T00:00:00+08:00"


def test_quarters_of_an_hour_as_json_and_as_arrow(send: Any, cast: Cast) -> None:
    send(FIVE)
    bring_up_to_date()
    query = {"from": "2026-01-01T00:00:00+08:00", "to": "2026-01-01T00:30:00+08:00"}
    told = get(cast, "intervals", **query).json()
    assert [(one["time"], one["value"], one["quality"], one["method"]) for one in told] == [
        ("2026-01-01T00:00:00+08:00", 1.0, "good", "measured"),
        ("2026-01-01T00:15:00+08:00", 1.0, "good", "measured"),
    ]
    answer = get(cast, "intervals", form="arrow", **query)
    assert pa.ipc.open_stream(io.BytesIO(answer.content)).read_all()["value"].to_pylist() == [1.0, 1.0]


def test_what_cannot_be_taken_is_told_reading_by_reading_and_can_be_looked_up(send: Any, cast: Cast) -> None:
    told = send(
        [FIVE[0], {**FIVE[0], "meter": "E-9"}, {**FIVE[0], "time": "soon"}, {**FIVE[0], "time": "2026-01-01T00:00:00"},
         {**FIVE[0], "value": "much"}, {**FIVE[0], "value": [1]}, {"time": TIMES[0], "value": 1}, 7,
         {**FIVE[0], "register": "T9"}]
    )  # fmt: skip
    assert told["accepted"] == 1
    assert sorted((one["place"], one["reason"]) for one in told["refused"]) == [
        (2, "unknown_meter"), (3, "bad_time"), (4, "bad_time"), (5, "bad_value"), (6, "bad_value"), (7, "no_meter"),
        (8, "no_meter"), (9, "unknown_register"),
    ]  # fmt: skip
    assert all(one["message"] and one["found"] for one in told["refused"])
    kept = cast.client("district").get("/api/readings/refused", headers={"Accept-Language": "en"}).json()
    assert ("gateway:GW-1", "E-9", "unknown_meter", 1) in [
        (one["source"], one["meter"], one["reason"], one["times"]) for one in kept
    ]
    assert cast.client("neighbour").get("/api/readings/refused").json() == []


def test_no_value_and_clocks_that_are_off_are_kept_and_marked(send: Any, cast: Cast) -> None:
    told = send(
        [{**FIVE[0], "value": None}, {**FIVE[1], "value": 4294967295}, {**FIVE[2], "time": "1970-01-01T00:00:01Z"},
         {**FIVE[3], "time": "2090-01-01T00:00:00Z"}, {**FIVE[4], "value": "NaN"}]
    )  # fmt: skip
    assert (told["accepted"], told["marked"]) == (5, {"sentinel": 3, "early": 1, "future": 1})
    bring_up_to_date()
    kept = get(cast, "readings", **{"from": "1970-01-01", "to": "2099-01-01"}).json()
    assert [(one["value"], one["mark"]) for one in kept] == [
        (12.0, "early"), (None, "sentinel"), (4294967295.0, "sentinel"), (None, "sentinel"), (13.0, "future"),
    ]  # fmt: skip
    assert get(cast, "consumption").json() == []


def test_a_gateway_sends_for_its_meters_only(cast: Cast, send: Any, meter: Any) -> None:
    other = save_meter(system_actor(), cast.institutions["school"], {"code": "E-2", "carrier": "electricity"})
    save_meter(system_actor(), cast.institutions["hospital"], {"code": "E-3", "carrier": "electricity"})
    _narrow, key = issue_gateway(system_actor(), cast.institutions["school"], "GW-2", meters=[other])
    for code, whole, narrow in (("E-1", 1, 0), ("E-2", 1, 1), ("E-3", 0, 0)):
        assert send({**FIVE[0], "meter": code})["accepted"] == whole
        assert send({**FIVE[0], "meter": code}, key=key)["accepted"] == narrow


def test_the_key_of_a_gateway_opens_nothing_else_and_ends(cast: Cast, send: Any, gateway: Any) -> None:
    headers = {"Authorization": f"Bearer {gateway[1]}"}
    assert Client().get("/api/consumption", {"meter": "E-1"}, headers=headers).status_code == 401
    send(FIVE[0], status=401, key="ng_nobody")
    send(FIVE[0], status=401, key="nt_nobody")
    end_gateway(system_actor(), gateway[0])
    send(FIVE[0], status=401)


def test_a_program_sends_with_an_api_key_within_its_reach(cast: Cast, send: Any) -> None:
    assert send(FIVE, key=cast.key("statistician"))["accepted"] == 5
    assert send(FIVE, key=cast.key("neighbour"))["refused_count"] == 5
    send(FIVE, status=403, key=cast.key("service"))


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b"17", "application/json", 422),
        (b'{"readings": 1}', "application/json", 422),
        (b'{"message": 1, "readings": []}', "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b"", "text/csv", 422),
        (b"a,b\n1,2\n", "text/csv", 422),
        (b"\xff\xff\xff", "text/csv", 422),
        (b"x" * (11 * 1024 * 1024), "application/json", 413),
    ],
)
def test_what_is_no_message(send: Any, body: bytes, kind: str, status: int) -> None:
    assert send(body, status=status, kind=kind)["status"] == status


def test_what_is_no_gzip_or_too_much(send: Any) -> None:
    packed = {"Content-Encoding": "gzip"}
    send(b"not packed", status=422, **packed)
    send(gzip.compress(b"[]")[:-4], status=422, **packed)
    send(gzip.compress(b" " * (65 * 1024 * 1024)), status=413, **packed)
    send(b"[]", status=415, **{"Content-Encoding": "br"})


def test_who_sees_the_meter_sees_what_it_used(cast: Cast, send: Any) -> None:
    send(FIVE)
    bring_up_to_date()
    for who, status in (("district", 200), ("unit_head", 200), ("neighbour", 404), ("outsider", 403), ("public", 403)):
        assert get(cast, "consumption", who).status_code == status
        assert get(cast, "readings", who).status_code == status
        assert get(cast, "intervals", who).status_code == status
