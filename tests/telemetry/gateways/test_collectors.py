"""The centre of the national collector protocol, spoken to over TCP by collectors and by noise."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nengtan.domain.collectors.messages import Message, Package, Reading, write
from nengtan.domain.collectors.profile import LinkProfile, sealed
from nengtan.domain.frames.collector import Frame, build
from nengtan.reference.links import link_profile, link_profiles
from nengtan.telemetry.gateways.collectors import Known, identify
from nengtan.telemetry.marks import Mark
from tests.telemetry.gateways.site import Process, Site, free_port, until

pytestmark = pytest.mark.slow

MD5, AES = "0123456789abcdef", "fedcba9876543210"
BUILDING = "420106A001"
PROFILE = replace(link_profile("head-6868"), md5_key=MD5.encode(), aes_key=AES.encode())
KNOWN = Known(1, "GW", BUILDING, "01", PROFILE)


class Centre:
    """The server over an installation with one collector whose meters 1 and 2 are S1-E1 and S1-E2."""

    def __init__(self, site: Site) -> None:
        self.site, self.port = site, free_port()
        site.settings["NENGTAN_COLLECTORS"] = f"127.0.0.1:{self.port}"
        site.nengtan("gateway", "add", "GW", "--institution", "420106-S1")
        site.nengtan("gateway", "collector", "set", "GW", "--building", BUILDING, "--md5-key", MD5, "--aes-key", AES)
        for number in (1, 2):
            site.nengtan("gateway", "point", "set", "GW", f"{number}/1", "--meter", f"S1-E{number}")
        self.process = self.start()

    def start(self) -> Process:
        return self.site.start("gateway", "run", "collectors", ready="Ready: collectors")

    def collector(self, *words: object, ready: str = "online", **told: Any) -> Process:
        asked = {"centre": f"127.0.0.1:{self.port}", "building": BUILDING, "md5-key": MD5, "aes-key": AES}
        asked |= {
            "start": "2026-01-01T00:00+08:00",
            **{name.replace("_", "-"): str(text) for name, text in told.items()},
        }
        options = [part for name, text in asked.items() for part in (f"--{name}", text)]
        return self.site.start("simulate", "collector", *options, "--meter", "1", *words, ready=ready)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def values(self) -> list[float]:
        return [row[3] for row in self.site.kept()]

    def refused(self) -> set[tuple[str, str, str]]:
        return {(one["source"], one["meter"], one["reason"]) for one in self.site.json("gateway", "refused")}


@pytest.fixture
def centre(site: Site) -> Centre:
    return Centre(site)


def closed(line: socket.socket) -> bool:
    """Whether the other end hangs up."""
    try:
        while line.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def frame(profile: LinkProfile, *told: str, building: str = BUILDING, **values: str) -> bytes:
    message = Message(building, "01", told[0], told[1], values)
    return build(Frame(1, sealed(write(message), profile)), profile.dialect)


def test_every_package_is_acknowledged_and_kept_once(centre: Centre) -> None:
    collector = centre.collector("--meter", "2", times=8)
    collector.hears("8 packages")
    assert collector.end_of_itself() == 0
    rows = centre.site.kept()
    assert [row[3] for row in rows if row[0] == "S1-E1"] == [100 + 0.25 * number for number in range(8)]
    assert [row[2] for row in rows if row[0] == "S1-E2"][:2] == ["2025-12-31T16:00:00Z", "2025-12-31T16:15:00Z"]
    assert len(rows) == 16
    centre.collector(times=8).hears("8 packages")
    assert len(centre.site.kept()) == 16, "said again, they are the same"


def test_a_centre_that_is_killed_loses_nothing_it_acknowledged(centre: Centre) -> None:
    collector = centre.collector(times=120, step=60)
    for acknowledged in (20, 60, 90):
        collector.hears(f"acknowledged {acknowledged}")
        centre.process.end(signal.SIGKILL)
        centre.process = centre.start()
    collector.hears("120 packages")
    assert centre.values() == [100 + 0.25 * number for number in range(120)]


def test_a_collector_that_is_killed_goes_on_where_it_was(centre: Centre) -> None:
    first = centre.collector(times=200, step=60)
    first.hears("acknowledged 30")
    first.end(signal.SIGKILL)
    centre.collector(times=200, step=60).hears("200 packages")
    assert centre.values() == [100 + 0.25 * number for number in range(200)]


@pytest.mark.parametrize("profile", sorted(link_profiles()))
def test_every_profile_is_spoken_on_the_one_port(centre: Centre, profile: str) -> None:
    centre.site.nengtan("gateway", "collector", "set", "GW", "--profile", profile, "--set", "heartbeat_s=1")
    centre.process.end()
    centre.process = centre.start()
    centre.collector("--profile", profile, times=2).hears("2 packages")
    assert centre.values() == [100.0, 100.25]


def test_who_has_another_key_is_not_let_in(centre: Centre) -> None:
    collector = centre.collector(ready="gone", md5_key="another key 1234", times=1)
    until(lambda: ("collectors", "127.0.0.1", "unknown_sender") in centre.refused(), "the refusal")
    collector.end(signal.SIGKILL)
    assert centre.values() == []
    assert centre.process.alive()


def test_a_collector_is_told_its_period_and_new_keys(centre: Centre) -> None:
    collector = centre.collector("--stay", times=1)
    collector.hears("acknowledged 1")
    tell = ("gateway", "collector", "tell", "GW")
    centre.site.nengtan(*tell, "period", "period=30")
    assert "told period period=30" in collector.hears("told period")
    centre.site.nengtan(*tell, "md5_key", "--key", "a new key 123456")
    collector.hears("told md5_key")
    centre.site.nengtan(*tell, "query_config")

    def all_answered() -> list[dict[str, Any]] | None:
        rows: list[dict[str, Any]] = centre.site.json("gateway", "collector", "told", "GW")
        return rows if all(row["answered_at"] for row in rows) else None

    rows = until(all_answered, "answers")
    assert [row["operation"] for row in rows] == ["query_config", "md5_key", "period"]
    assert rows[0]["answer"] == {"period": "15", "report_mode": "auto", "soft_ver": "sim"}
    collector.end(signal.SIGKILL)
    centre.process.end()
    centre.process = centre.start()
    centre.collector("--stay", times=1, md5_key="a new key 123456")
    centre.collector(ready="gone", times=1)


def test_a_meter_nobody_knows_and_a_value_with_an_error(centre: Centre) -> None:
    readings = (
        Reading("1", "1", "", 7.0, "7.0", "3"), Reading("2", "1", "", None, "", "1"), Reading("9", "1", "", 1.0, "1.0"),
        Reading("2", "1", "", None, "many"),
    )  # fmt: skip
    report(centre, Package("1", datetime(2026, 1, 1, 8), readings))  # noqa: DTZ001 - local to the collector
    rows = until(centre.site.kept, "readings")
    assert [(row[0], str(row[3]), row[4]) for row in rows] == [
        ("S1-E1", "7.0", Mark.DOUBTED), ("S1-E2", "nan", Mark.SENTINEL),
    ]  # fmt: skip
    assert {("gateway:GW", "9/1", "unknown_meter"), ("gateway:GW", "2/1", "bad_value")} <= centre.refused()


def report(centre: Centre, package: Package) -> None:
    """Prove who we are and report one package."""
    from nengtan.domain.collectors.collector import CollectorSession, Online
    from nengtan.domain.collectors.session import Send

    session = CollectorSession(PROFILE, BUILDING, "01", 0)
    with centre.connect() as line:
        events: list[Any] = session.connected()
        while events:
            event = events.pop(0)
            if isinstance(event, Send):
                line.sendall(event.data)
            if isinstance(event, Online):
                session.report(package)
                events += session.tick(0)
                continue
            if not events and session.state != "online":
                events += session.feed(line.recv(65536), 0)


NOISE: dict[str, Callable[[], bytes]] = {
    "random": lambda: bytes(range(256)) * 300,
    "heads": lambda: PROFILE.dialect.head * 20_000,
    "truncated": lambda: frame(PROFILE, "id_validate", "request")[:-5],
    "bad check": lambda: frame(PROFILE, "id_validate", "request")[:-6] + b"\0\0" + PROFILE.dialect.tail,
    "too long": lambda: PROFILE.dialect.head + (2**31).to_bytes(4, "little") + bytes(70_000),
    "not proved": lambda: frame(PROFILE, "data", "report"),
    "bomb": lambda: plain(BOMB),
    "entity": lambda: plain('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><root>&x;</root>'),
    "sql": lambda: frame(PROFILE, "id_validate", "request") + frame(PROFILE, "modify", "sql", sql="DROP TABLE x"),
}
BOMB = (
    '<!DOCTYPE r [<!ENTITY a "' + "x" * 1000 + '"><!ENTITY b "' + "&a;" * 1000 + '">]><root>' + "&b;" * 1000 + "</root>"
)


def plain(text: str) -> bytes:
    return build(Frame(1, text.encode()), PROFILE.dialect)


def test_noise_is_hung_up_on_and_the_process_lives_on(centre: Centre) -> None:
    centre.site.nengtan("gateway", "collector", "set", "GW", "--set", "answer_s=1")
    lines = []
    for made in NOISE.values():
        line = centre.connect()
        line.sendall(made())
        lines.append(line)
    for line in lines:
        line.settimeout(60)
        assert closed(line)
        line.close()
    assert centre.process.alive()


def test_who_says_nothing_or_reads_nothing_is_hung_up_on(centre: Centre) -> None:
    with centre.connect() as line:
        line.settimeout(60)
        assert closed(line)
    assert centre.process.alive()


def test_too_many_lines_from_one_address_are_not_taken(centre: Centre) -> None:
    lines = [centre.connect() for _line in range(25)]
    refused = 0
    for line in lines:
        line.settimeout(0.5)
        try:
            refused += line.recv(1) == b""
        except TimeoutError:
            pass
        except ConnectionError:
            refused += 1
    assert refused == 5
    for line in lines:
        line.close()


@given(st.binary(max_size=4096))
@settings(max_examples=200)
def test_nothing_that_comes_first_raises(data: bytes) -> None:
    other = replace(KNOWN, profile=replace(link_profile("head-55aa"), md5_key=b"k"))
    for noise in (data, PROFILE.dialect.head + data, frame(PROFILE, "id_validate", "request")[:40] + data):
        assert identify(noise, [KNOWN, other]) is None


@given(st.binary(max_size=200))
def test_a_frame_after_noise_says_who_speaks(noise: bytes) -> None:
    assert identify(noise + frame(PROFILE, "id_validate", "request"), [KNOWN]) == KNOWN


def test_nobody_speaks_for_another() -> None:
    stranger = frame(PROFILE, "id_validate", "request", building="420106A002")
    assert identify(stranger, [KNOWN]) is None


@pytest.mark.parametrize("data", [b"<root", b"<?xml version='1.0'?>", b"\xef\xbb\xbf<root/>"])
def test_a_readable_beginning_is_no_message_yet(data: bytes) -> None:
    assert identify(build(Frame(1, data), PROFILE.dialect), [KNOWN]) is None


async def _fed(data: list[bytes]) -> bool:
    """Feed pieces to a server in this process, over real sockets; whether it still takes connections."""
    from nengtan.telemetry.gateways.collectors import Centre as Server

    class Nothing:
        async def put(self, *_told: Any) -> None:
            return None

    server = Server(Nothing(), Nothing(), "127.0.0.1", 0)  # type: ignore[arg-type]
    server._known = (time.monotonic() + 3600, [KNOWN])
    running = await asyncio.start_server(server._connected, "127.0.0.1", 0)
    port = running.sockets[0].getsockname()[1]
    async with running:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in data:
            writer.write(piece)
            await asyncio.sleep(0)
        writer.close()
        _reader, again = await asyncio.open_connection("127.0.0.1", port)
        again.close()
        return running.is_serving()


@given(st.lists(st.one_of(st.binary(max_size=2000), st.sampled_from([made() for made in NOISE.values()])), max_size=6))
@settings(max_examples=60)
def test_no_bytes_end_the_server(data: list[bytes]) -> None:
    assert asyncio.run(_fed(data))
