"""Gateways, registers, ratios and events at the console."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from nengtan.telemetry.models import Gateway, MeterEvent, RatioSpan, Register
from nengtan.telemetry.sent import Sent, sent_as_json
from nengtan.telemetry.services import accept, authenticate_gateway

Run = Callable[..., tuple[int, str, str]]


def test_a_gateway_from_its_key_to_its_end(run: Run, meter: Any) -> None:
    code, out, _err = run(
        "gateway", "add", "GW", "--institution", "420106-S1", "--meter", "E-1", "--name", "Cellar", "--format", "json"
    )
    assert code == 0
    key = json.loads(out)["key"]
    made = authenticate_gateway(key)
    assert made is not None
    assert list(made.meters.all()) == [meter]
    accept(made, sent_as_json(b'{"meter": "E-9", "time": "2026-01-01T00:00:00Z", "value": 1}'), "gateway:GW")
    (refused,) = json.loads(run("gateway", "refused", "--format", "json")[1])
    assert (refused["source"], refused["meter"], refused["reason"], refused["times"]) == (
        "gateway:GW", "E-9", "unknown_meter", 1,
    )  # fmt: skip
    second = json.loads(run("gateway", "key", "GW", "--format", "json")[1])["key"]
    assert authenticate_gateway(key) is None
    assert run("gateway", "end", "GW")[0] == 0
    assert authenticate_gateway(second) is None
    (row,) = json.loads(run("gateway", "list", "--format", "json")[1])
    assert (row["code"], row["institution"]) == ("GW", "420106-S1")
    assert row["ended_at"]


@pytest.mark.parametrize(
    "words",
    [
        ("gateway", "add", "GW", "--institution", "nobody"),
        ("gateway", "add", "GW", "--institution", "420106-S1", "--meter", "E-9"),
        ("gateway", "end", "GW"),
        ("meters", "event", "--meter", "E-9", "--at", "2026-01-01", "--final", "1", "--start", "0"),
        ("meters", "event", "--meter", "E-1", "--at", "soon", "--final", "1", "--start", "0"),
        ("meters", "event", "--meter", "E-1", "--register", "T9", "--at", "2026-01-01", "--final", "1", "--start", "0"),
        ("meters", "ratio", "--meter", "E-1", "--since", "2026-01-01", "--ct", "0"),
        ("meters", "register", "--meter", "E-1", "--unit", "furlong"),
        ("meters", "consumption", "--meter", "E-1", "--from", "soon"),
    ],
)
def test_what_cannot_be_done_is_one_line(run: Run, meter: Any, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert not Gateway.objects.exists()


def test_registers_ratios_and_events(run: Run, meter: Any) -> None:
    assert run("meters", "register", "--meter", "E-1", "--modulus", "1000000", "--cap", "50")[0] == 0
    assert run("meters", "register", "--meter", "E-1", "--period", "3600", "--by-hand")[0] == 0
    register = Register.objects.get()
    assert (register.modulus, register.cap, register.period_s, register.by_hand) == (10**6, 50, 3600, True)
    assert run("meters", "ratio", "--meter", "E-1", "--since", "2026-01-01", "--ct", "40", "--pt", "2.5")[0] == 0
    assert RatioSpan.objects.get().ratio == Decimal(100)
    options = ("--at", "2026-01-01T08:00", "--final", "10.5", "--start", "0", "--document", "No 7")
    assert run("meters", "event", "--meter", "E-1", *options)[0] == 0
    event = MeterEvent.objects.get()
    assert (event.register, event.final) == (register, Decimal("10.5"))
    assert event.at.isoformat() == "2026-01-01T00:00:00+00:00"


FIVE: list[dict[str, Any]] = [
    {"meter": f"E-{at % 2}", "time": f"2026-01-01T00:{at:02}:00+08:00", "value": at / 7} for at in range(4)
] + [{"meter": "E-1", "register": "T", "time": "2026-01-01T00:00:00Z", "value": 7}]
ODD: list[dict[str, Any]] = [
    {}, {"value": None}, {"value": "NaN"}, {"time": "soon"}, {"meter": ""}, {"meter": "E-\u7535"}, {"value": "1e400"},
    {"meter": "a},{b"}, {"more": 1}, {"time": "2026-01-01"},
]  # fmt: skip


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_at_once_or_one_by_one_a_message_says_the_same(wrapped: bool, odd: dict[str, Any]) -> None:
    listed = [*FIVE, {**FIVE[0], **odd}]
    told: Any = {"message": "A", "readings": listed} if wrapped else listed
    at_once = sent_as_json(json.dumps(told, ensure_ascii=False).encode())
    one_by_one = sent_as_json(json.dumps(told, indent=1).encode())
    assert _plain(at_once) == _plain(one_by_one)
    assert at_once.name == ("A" if wrapped else "")


def _plain(sent: Sent) -> Any:
    columns = zip(sent.row.tolist(), sent.key.tolist(), sent.time.tolist(), map(repr, sent.value.tolist()), strict=True)
    return [(row, *sent.keys[key], time, value) for row, key, time, value in columns], sent.faults
