"""Gateways over MQTT, with Mosquitto as a real process."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiomqtt
import pytest

from nengtan.telemetry.gateways.intake import Intake, Reach, Senders
from nengtan.telemetry.gateways.mosquitto import mosquitto_hash
from nengtan.telemetry.gateways.mqtt import take_all
from nengtan.telemetry.gateways.payload import read_payload
from nengtan.telemetry.marks import Mark
from nengtan.telemetry.sent import Unreadable
from nengtan.telemetry.services.accepting import Answer
from tests.machine import mosquitto_path
from tests.telemetry.gateways.site import Process, Site, free_port, until

pytestmark = [pytest.mark.slow, pytest.mark.requires("mosquitto")]


class Broker:
    """Mosquitto over the files the command wrote, with a gateway of S1 that may send."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder, self.port = site, folder, free_port()
        site.settings["NENGTAN_MQTT_URL"] = f"mqtt://nengtan:ours@127.0.0.1:{self.port}"
        self.key: str = site.json("gateway", "add", "GW", "--institution", "420106-S1")["key"]
        self.written: dict[str, Any] = site.json("gateway", "mosquitto", "--write", folder)
        self.process: Process | None = None
        if os.getuid() == 0:  # else the broker gives up what it needs to read files of ours
            with (folder / "mosquitto.conf").open("a") as file:
                file.write("user root\n")

    def start(self) -> Broker:
        command = [mosquitto_path(), "-v", "-c", str(self.folder / "mosquitto.conf")]
        self.process = self.site.run(command, "running")
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        self.process.end(how)

    def listen(self) -> Process:
        return self.site.start("gateway", "run", "mqtt", ready="Ready: mqtt")

    def simulate(self, *words: object, code: int = 0, key: str = "") -> str:
        address = f"mqtt://GW:{key or self.key}@127.0.0.1:{self.port}"
        told = ("--institution", "420106-S1", "--start", "2026-01-01T00:00+08:00", "--every", "0")
        return self.site.nengtan("simulate", "mqtt", "--broker", address, *told, *words, code=code)

    def publish(self, topic: str, payload: str | bytes, user: str = "GW", answer: bool = False) -> Any:
        """Publish as the gateway; with ``answer`` wait for what the platform says to it."""
        return asyncio.run(self._publish(topic, payload, user, answer))

    async def _publish(self, topic: str, payload: str | bytes, user: str, answer: bool) -> Any:
        password = self.key if user == "GW" else "ours"
        async with aiomqtt.Client("127.0.0.1", self.port, username=user, password=password) as client:
            await client.subscribe("ems/v1/420106-S1/GW/down/ack", qos=0)
            await client.publish(topic, payload, qos=1)
            if answer:
                async with asyncio.timeout(60):
                    async for message in client.messages:
                        return json.loads(message.payload)  # type: ignore[arg-type]
        return None


UP = "ems/v1/420106-S1/GW/up/telemetry"


@pytest.fixture
def broker(site: Site, tmp_path: Path) -> Broker:
    return Broker(site, tmp_path / "broker").start()


def message(*items: dict[str, Any], name: str = "m1") -> str:
    return json.dumps({"mid": name, "ts": "2026-01-01T08:00:00+08:00", "items": items})


def kept(site: Site, many: int) -> list[list[Any]]:
    """The readings that are kept, once there are so many; a moment later there are no more."""

    def enough() -> list[list[Any]] | None:
        rows = [list(row) for row in site.kept()]
        return rows if len(rows) >= many else None

    rows: list[list[Any]] = until(enough, f"{many} readings")
    assert len(rows) == many
    return rows


def refused(site: Site) -> list[tuple[str, str, str]]:
    return [(one["source"], one["meter"], one["reason"]) for one in site.json("gateway", "refused")]


def test_the_hash_is_the_one_mosquitto_makes(tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(path), "GW", "ng_secret"], check=True, capture_output=True)
    _user, made = path.read_text().strip().split(":", 1)
    salt = base64.b64decode(made.split("$")[3])
    assert mosquitto_hash("ng_secret", salt) == made


def test_from_a_gateway_through_the_broker_into_the_lake(broker: Broker, site: Site) -> None:
    assert broker.written["gateways"] == ["GW"]
    broker.listen()
    assert "4 messages" in broker.simulate("--point", "S1-E1", "--point", "S1-E2", "--times", "4")
    times = [f"2025-12-31T16:{minute:02}:00Z" for minute in (0, 15, 30, 45)]
    shown = [100.0, 100.25, 100.5, 100.75]
    assert kept(site, 8) == [
        [meter, "", time, value, 0] for meter in ("S1-E1", "S1-E2") for time, value in zip(times, shown, strict=True)
    ]
    (row,) = site.json("gateway", "list")
    assert row["seen_at"]


def test_a_name_of_the_gateways_own_and_what_it_doubts(broker: Broker, site: Site) -> None:
    site.nengtan("gateway", "point", "set", "GW", "1/1", "--meter", "S1-E2")
    broker.listen()
    broker.publish(UP, message({"p": "1/1", "v": 7.5}, {"p": "S1-E1", "v": 3, "q": 1}))
    assert sorted(kept(site, 2)) == [
        ["S1-E1", "", "2026-01-01T00:00:00Z", 3.0, Mark.DOUBTED], ["S1-E2", "", "2026-01-01T00:00:00Z", 7.5, 0],
    ]  # fmt: skip


def test_a_message_that_comes_twice_is_kept_once(broker: Broker, site: Site) -> None:
    broker.listen()
    for _time in range(2):
        broker.publish(UP, message({"p": "S1-E1", "v": 1}))
    told = broker.publish(UP, message({"p": "S1-E1", "v": 2}), answer=True)
    assert told == {"mid": "m1", "accepted": 0, "refused": [], "contradicts": True}
    assert [row[3] for row in kept(site, 1)] == [1.0]


def test_what_is_not_the_gateways_own_is_refused(broker: Broker, site: Site) -> None:
    broker.listen()
    assert "Not authorized" in broker.simulate("--point", "S1-E1", key="ng_wrong", code=2)
    broker.publish("ems/v1/420106-H1/GW/up/telemetry", message({"p": "H1-E1", "v": 1}))
    broker.publish("ems/v1/420106-S1/GX/up/telemetry", message({"p": "S1-E1", "v": 1}))
    told = broker.publish(UP, message({"p": "H1-E1", "v": 1}, {"p": "S1-E1", "v": 2}), answer=True)
    assert told["refused"] == [{"place": 1, "point": "H1-E1", "reason": "unknown_meter"}]
    assert [row[:4] for row in kept(site, 1)] == [["S1-E1", "", "2026-01-01T00:00:00Z", 2.0]]
    assert refused(site) == [("gateway:GW", "H1-E1", "unknown_meter")], "the broker lets no other topic through"


def test_a_gateway_that_has_ended_is_let_in_nowhere(broker: Broker, site: Site) -> None:
    site.nengtan("gateway", "end", "GW")
    broker.listen()
    broker.publish(UP, message({"p": "S1-E1", "v": 1}))
    until(lambda: refused(site) == [("mqtt", "420106-S1/GW", "unknown_sender")], "the refusal")
    assert site.json("gateway", "mosquitto", "--write", broker.folder)["gateways"] == []
    assert broker.process is not None
    broker.process.process.send_signal(signal.SIGHUP)
    broker.process.hears("Reloading")
    assert "Not authorized" in broker.simulate("--point", "S1-E1", code=2)
    assert site.kept() == []


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"items": 7}', b'{"mid": 5, "items": []}', b"null", b'"text"', b"1e999"],
)
def test_what_is_no_message_is_refused_once_and_for_all(payload: bytes) -> None:
    with pytest.raises(Unreadable):
        read_payload(payload, Reach("GW", "B", {}, {}).key)


def test_items_that_are_none_are_told_one_by_one() -> None:
    items = [
        {"v": 1}, {"p": "A"}, {"p": "A", "v": True}, {"p": "A", "v": "x"}, {"p": "A", "v": 1, "t": "noon"},
        {"p": "A", "v": 1, "t": 5}, 7, {"p": "A", "v": None}, {"p": "A", "v": "1.5"}, {"p": "A", "v": 10**400},
    ]  # fmt: skip
    sent = read_payload(message(*items).encode(), Reach("GW", "B", {}, {}).key)
    assert [(one.row, one.reason) for one in sent.faults] == [
        (1, "no_meter"), (2, "bad_value"), (3, "bad_value"), (4, "bad_value"), (5, "bad_time"), (6, "bad_time"),
        (7, "no_meter"), (10, "bad_value"),
    ]  # fmt: skip
    assert [str(value) for value in sent.value] == ["nan", "1.5"]


def test_noise_leaves_the_process_alive(broker: Broker, site: Site) -> None:
    process = broker.listen()
    for noise in (b"", b"{", b"\xff", b"[" * 50_000, b" " * 9_000_000):
        broker.publish(UP, noise)
    broker.publish(UP, message({"p": "S1-E1", "v": 1, "t": "1970-01-01T00:00:00Z"}, {"p": "S1-E1", "v": float("nan")}))
    broker.publish(UP, message({"p": "S1-E1", "v": 5}, name="last"))
    rows = kept(site, 3)
    assert [row[4] for row in rows].count(0) == 1, "one good reading; of two that are marked both are kept"
    assert ("gateway:GW", "", "unreadable") in refused(site)
    assert process.alive()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_broker_that_starts_again_is_found_again(broker: Broker, site: Site, how: signal.Signals) -> None:
    process = broker.listen()
    broker.publish(UP, message({"p": "S1-E1", "v": 1}, name="before"))
    kept(site, 1)
    broker.stop(how)
    process.hears("again in")
    broker.start()
    process.hears("Ready: mqtt")
    broker.simulate("--point", "S1-E2", "--times", "2")
    kept(site, 3)


def test_the_broker_keeps_messages_while_the_platform_is_away(broker: Broker, site: Site) -> None:
    broker.listen().end()
    broker.simulate("--point", "S1-E1", "--times", "5")
    broker.stop()
    broker.start()
    assert site.kept() == []
    broker.listen()
    kept(site, 5)


def test_a_platform_that_is_killed_loses_nothing_the_gateway_has_sent(broker: Broker, site: Site) -> None:
    process = broker.listen()
    sending = site.start(
        "simulate", "mqtt", "--broker", f"mqtt://GW:{broker.key}@127.0.0.1:{broker.port}", "--institution",
        "420106-S1", "--point", "S1-E1", "--times", "600", "--every", "0.005", "--start", "2026-01-01T00:00+08:00",
        "--step", "60", ready="",
    )  # fmt: skip
    for _kill in range(3):
        process.end(signal.SIGKILL)
        process = broker.listen()
    assert sending.end_of_itself() == 0
    rows = kept(site, 600)
    assert [row[3] for row in rows] == [100 + 0.25 * number for number in range(600)]


def test_names_that_would_open_other_peoples_topics_are_left_out(broker: Broker, site: Site, tmp_path: Path) -> None:
    site.nengtan("gateway", "add", "+", "--institution", "420106-S1")
    site.nengtan("gateway", "add", "a b", "--institution", "420106-S1")
    told = site.json("gateway", "mosquitto", "--write", tmp_path / "more")
    assert (told["gateways"], told["left_out"]) == (["GW"], ["+", "a b"])
    assert "user +" not in (tmp_path / "more" / "acl").read_text()
    assert oct((tmp_path / "more" / "passwd").stat().st_mode & 0o777) == "0o640"


def test_without_a_broker_it_is_said_what_to_set(site: Site, tmp_path: Path) -> None:
    assert "NENGTAN_MQTT_URL" in site.nengtan("gateway", "mosquitto", "--write", tmp_path, code=2)
    assert "Connecting meters" in site.nengtan("gateway", "run", code=2)


def test_serving_runs_what_is_configured(broker: Broker, site: Site) -> None:
    served = site.start("serve", "--port", "0", "--no-worker", ready="Ready: mqtt")
    broker.simulate("--point", "S1-E1", "--times", "1")
    kept(site, 1)
    assert served.end() == 0


def test_messages_are_handed_in_as_they_came_however_long_a_sender_is_looked_up() -> None:
    class Slow(Senders):
        """The first question takes longest."""

        async def find(self, code: str) -> Reach | None:
            asked, self._known[code] = code in self._known, (0.0, None)
            await asyncio.sleep(0 if asked else 0.05)
            return Reach("GW", "420106-S1", {}, {})

    class Link:
        """Three messages, then a line that breaks."""

        def __init__(self) -> None:
            self.acknowledged: list[int] = []
            self._client = SimpleNamespace(ack=lambda number, _qos: self.acknowledged.append(number))

        @property
        async def messages(self) -> AsyncIterator[Any]:
            for number in (1, 2, 3):
                yield SimpleNamespace(topic=UP, payload=message(name=f"m{number}").encode(), mid=number, qos=1)
            await asyncio.sleep(0.1)
            raise aiomqtt.MqttError("gone")

    handed: list[str] = []

    class Noting(Intake):
        async def hand(self, _source: str, _sent: Any, _registers: Any, name: str = "") -> asyncio.Future[Answer]:
            handed.append(name)
            kept: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            kept.set_result(Answer(0, {}, []))
            return kept

    async def run(link: Any) -> None:
        await take_all(link, Noting(), Slow())

    link = Link()
    with pytest.raises(aiomqtt.MqttError):
        asyncio.run(run(link))
    assert handed == ["m1", "m2", "m3"]
    assert link.acknowledged == [1, 2, 3]
