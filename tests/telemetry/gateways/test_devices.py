"""Devices asked over TCP: Modbus with a server of pymodbus, DL/T 645 and CJ/T 188 behind a serial gateway."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.devices.modbus import Point
from nengtan.domain.frames import dlt645
from nengtan.domain.frames.modbus import Kind, Order
from nengtan.reference.devices import DeviceTemplate, device_templates
from nengtan.telemetry.gateways import asking
from nengtan.telemetry.gateways.asking import NoAnswer, Shown, ask, line_to
from tests.telemetry.gateways.site import Process, Site, free_port, until

pytestmark = pytest.mark.slow

READ = bytes.fromhex("68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16")
ENERGY = bytes.fromhex("FE FE 68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16")
VOLTAGE = bytes.fromhex("68 61 01 00 00 00 00 68 91 06 33 34 34 35 34 43 10 16")
"""Captured: meter 000000000161 asked for its energy, 0.26 kWh; its voltage, 100.1 V."""


@contextmanager
def answering(*answers: bytes | None) -> Iterator[tuple[int, list[bytes]]]:
    """A serial gateway that says one thing to each question, nothing where it is None; the port, and what it heard."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            line, _peer = server.accept()
            with line:
                for answer in answers:
                    heard.append(line.recv(4096))
                    if answer is not None:
                        line.sendall(answer)
                line.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], heard


def asked(port: int, template: DeviceTemplate, address: str, *keys: str) -> list[Shown]:
    async def run() -> list[Shown]:
        async with line_to(template.protocol, "127.0.0.1", port) as line:
            return await ask(line, address, template, keys)

    return asyncio.run(run())


DLT = device_templates()["dlt645-2007"]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an answer that does not come."""
    monkeypatch.setattr(asking, "ANSWER_S", 0.3)


def test_captured_frames_are_asked_for_and_understood() -> None:
    with answering(ENERGY, VOLTAGE) as (port, heard):
        assert asked(port, DLT, "161", "", "UA") == [
            Shown("", Decimal("0.26"), "kWh"), Shown("UA", Decimal("100.1"), "V"),
        ]  # fmt: skip
    assert heard[0].lstrip(b"\xfe") == READ


@pytest.mark.parametrize("noise", [b"\x00\xff", READ, b"\x68" * 5, b"\x68\x16" * 9, VOLTAGE[:-2] + b"\x00\x16"])
def test_noise_before_an_answer_is_passed_over(noise: bytes) -> None:
    with answering(noise + ENERGY) as (port, _heard):
        assert asked(port, DLT, "161", "") == [Shown("", Decimal("0.26"), "kWh")]


def test_another_meters_late_answer_is_not_believed() -> None:
    other = dlt645.build(dlt645.Frame("000000000162", 0x91, bytes.fromhex("00000100 99999999")))
    with answering(other + ENERGY) as (port, _heard):
        assert asked(port, DLT, "161", "") == [Shown("", Decimal("0.26"), "kWh")]


def test_a_question_is_asked_again_before_the_meter_is_given_up(hasty: None) -> None:
    with answering(None, ENERGY) as (port, heard):
        assert asked(port, DLT, "161", "") == [Shown("", Decimal("0.26"), "kWh")]
    assert heard[0] == heard[1]
    with answering(None, None) as (port, _heard), pytest.raises(NoAnswer, match="no_answer"):
        asked(port, DLT, "161", "")


def test_an_item_the_meter_refuses_has_no_value() -> None:
    refused = dlt645.build(dlt645.Frame("000000000161", 0xD1, b"\x02"))
    with answering(refused) as (port, _heard):
        assert asked(port, DLT, "161", "T4") == [Shown("T4", None, "kWh", "no_value")]


@pytest.mark.parametrize("protocol", ["modbus", "dlt645"])
def test_nobody_there_is_said_so(protocol: str) -> None:
    template = device_templates()["chint-dtsu666"] if protocol == "modbus" else DLT
    with pytest.raises(NoAnswer, match="no_connection"):
        asked(free_port(), template, "1", "")


@given(st.binary(max_size=200))
def test_looking_for_frames_in_noise_never_fails(noise: bytes) -> None:
    for parse in (dlt645.parse, asking.cjt188.parse):
        found, rest = asking._found(noise, parse)
        assert found is None or len(rest) < len(noise)


def test_water_in_another_unit_is_not_taken_for_cubic_metres() -> None:
    water = device_templates()["cjt188-water"]
    for code, shown in ((0x2C, Shown("", Decimal("1234.56"), "m3")), (0x29, Shown("", None, "L", "other_unit"))):
        frame = asking.cjt188.Frame(0x10, "00000000000001", 0x81, bytes.fromhex("901f00563412 00") + bytes([code]))
        with answering(asking.cjt188.build(frame)) as (port, _heard):
            assert asked(port, water, "10:00000000000001", "") == [shown]


class Devices:
    """An installation with a gateway of S1 that asks devices."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.nengtan("gateway", "add", "LINES", "--institution", "420106-S1")

    def simulate(self, protocol: str, port: int, *words: object) -> Process:
        first = ("--first", "1000", "--rise", "0.5", "--step", "1")
        told = ("--listen", f"127.0.0.1:{port}", *words, *(first if "--first" not in words else ()))
        return self.site.start("simulate", protocol, *told, ready="Ready")

    def add(self, code: str, template: str, port: int, address: str, *words: object) -> None:
        told = ("--template", template, "--host", "127.0.0.1", "--port", port, "--address", address, "--period", "1")
        self.site.nengtan("gateway", "device", "set", code, "--gateway", "LINES", *told, *words)

    def listed(self) -> dict[str, dict[str, Any]]:
        return {one["code"]: one for one in self.site.json("gateway", "device", "list")}


@pytest.fixture
def devices(site: Site) -> Devices:
    return Devices(site)


def test_a_reading_can_be_tried_before_anything_is_entered(devices: Devices) -> None:
    port = free_port()
    flat = ("--first", "123456.75", "--rise", "0", "--start", "2026-01-01T00:00+08:00")
    devices.simulate("modbus", port, "--unit", "7", "--template", "chint-dtsu666", *flat)
    read = ("gateway", "modbus", "read", f"127.0.0.1:{port}", "--unit", "7")
    shown = {one["key"]: (one["value"], one["unit"]) for one in devices.site.json(*read, "--template", "chint-dtsu666")}
    assert shown["main"] == (123456.75, "kWh")
    assert (shown["UA"], shown["P"], shown["F"]) == ((220, "V"), (3.3, "kW"), (50, "Hz"))
    (point,) = devices.site.json(*read, "--point", "3:0x4000:f32:abcd")
    assert point["value"] == 123456.75
    (swapped,) = devices.site.json(*read, "--point", "3:0x4000:f32:cdab")
    assert swapped["value"] != 123456.75
    assert "refused" in devices.site.nengtan(*read, "--point", "3:0x0001:u16", code=1)
    assert "no_connection" in devices.site.nengtan(
        "gateway", "modbus", "read", f"127.0.0.1:{free_port()}", "--template", "chint-dtsu666", code=1
    )


def test_meters_of_all_protocols_are_asked_and_what_is_silent_is_said(devices: Devices) -> None:
    modbus, dlt, water, nobody = (free_port() for _port in range(4))
    devices.simulate("modbus", modbus, "--unit", "1", "--template", "chint-dtsu666")
    devices.simulate("dlt645", dlt, "--address", "161")
    devices.simulate("cjt188", water, "--address", "10:00000000000001")
    devices.add("M", "chint-dtsu666", modbus, "1", "--meter", "S1-E1")
    devices.add("D", "dlt645-2007", dlt, "161", "--meter", "S1-E2")
    devices.site.python(WATER)
    devices.add("W", "cjt188-water", water, "10:00000000000001", "--meter", "S1-W1")
    devices.add("N", "chint-dtsu666", nobody, "1", "--meter", "S1-E1")
    polling = devices.site.start("gateway", "run", "devices", ready="Ready: devices")

    def read() -> dict[str, list[float]] | None:
        found: dict[str, list[float]] = {}
        for meter, _register, _time, value, mark in devices.site.kept():
            assert mark == 0
            found.setdefault(meter, []).append(value)
        return found if len(found) == 3 and all(len(values) >= 2 for values in found.values()) else None

    for values in until(read, "readings of three meters").values():
        assert values == sorted(values)
        assert values[0] >= 1000
        assert all(value % 0.5 == 0 for value in values)
    until(lambda: devices.listed()["N"]["fault"].startswith("no_connection"), "the fault of the silent one")
    listed = devices.listed()
    assert all(listed[code]["seen_at"] and not listed[code]["fault"] for code in "MDW")
    assert listed["N"]["failing_since"]
    devices.site.nengtan("gateway", "device", "end", "N")
    assert polling.alive()
    assert polling.end() == 0


WATER = """
from nengtan.identity.access import system_actor
from nengtan.registry.models import Institution
from nengtan.registry.services import save_meter
save_meter(system_actor(), Institution.objects.get(code="420106-S1"), {"code": "S1-W1", "carrier": "water"})
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--template", "nothing"), "template"),
        (("--address", "300"), "address"),
        (("--port", "0"), "--port"),
        (("--meter", "H1-E1"), "meter"),
        (("--host", "a b"), "host"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_field(devices: Devices, words: tuple[str, ...], said: str) -> None:
    told = {"--template": "chint-dtsu666", "--address": "1", "--port": "502", "--meter": "S1-E1", "--host": "192.0.2.1"}
    options = [part for pair in (told | dict([words])).items() for part in pair]
    assert said in devices.site.nengtan("gateway", "device", "set", "X", "--gateway", "LINES", *options, code=2)


def test_every_template_can_be_read_by_its_protocol() -> None:
    for template in device_templates().values():
        assert "" in template.keys, template.code
        assert [bool(template.points), bool(template.items), template.fields is not None].count(True) == 1


def test_word_order_is_the_points_own() -> None:
    points = (
        Point("a", 3, 0, Kind.U32, Order.ABCD), Point("b", 3, 2, Kind.U32, Order.CDAB), Point("c", 4, 0, Kind.S16),
    )  # fmt: skip
    template = DeviceTemplate("t", "", "t", "1", "modbus", points)

    async def run() -> list[Shown]:
        from pymodbus.server import ModbusTcpServer
        from pymodbus.simulator import DataType, SimData, SimDevice

        blocks = [SimData(0, values=[1, 0xE240, 0xE240, 1], datatype=DataType.REGISTERS)]
        port = free_port()
        server = ModbusTcpServer(SimDevice(1, simdata=blocks), address=("127.0.0.1", port))
        await server.serve_forever(background=True)
        try:
            async with line_to("modbus", "127.0.0.1", port) as line:
                return await ask(line, "1", template)
        finally:
            await server.shutdown()

    assert [(one.key, one.value) for one in asyncio.run(run())] == [("a", 123456), ("b", 123456), ("c", 1)]
