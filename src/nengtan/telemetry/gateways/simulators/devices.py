"""Devices that answer: a Modbus TCP meter, and meters of DL/T 645 and CJ/T 188 behind a serial gateway."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from nengtan.domain.frames import cjt188, dlt645
from nengtan.domain.frames.bcd import bcd
from nengtan.domain.frames.errors import BadFrame, Fault
from nengtan.domain.frames.modbus import encode
from nengtan.reference.devices import MAIN, DeviceTemplate, meter_units
from nengtan.telemetry.gateways.simulators.course import Course

__all__ = ["serve_modbus", "serve_serial"]

USUAL = {"V": Decimal(220), "A": Decimal(5), "kW": Decimal("3.3"), "Hz": Decimal(50), "°C": Decimal(40)}
"""What everything but registers of energy and volume shows."""


def shown(key: str, unit: str, course: Course) -> Decimal:
    """What a point shows at this moment: the main register its course."""
    return USUAL[unit] if key and unit in USUAL else course.now(dt.datetime.now(dt.UTC))


async def serve_modbus(
    host: str, port: int, unit: int, template: DeviceTemplate, course: Course, ready: Callable[[], None]
) -> None:
    """A device of a template, until cancelled; registers that are not in its map are refused."""
    blocks = [SimData(one.address, count=one.length, values=0, datatype=DataType.REGISTERS) for one in template.points]

    async def fill(_function: int, first: int, _at: int, _count: int, registers: list[int], _written: Any) -> None:
        for one in template.points:
            raw = (shown(one.key, one.unit, course) - one.shift) / one.scale
            words = encode(float(raw), one.kind, one.order)
            registers[one.address - first : one.address - first + one.length] = words

    server = ModbusTcpServer(SimDevice(unit, simdata=blocks, action=fill), address=(host, port))
    await server.serve_forever(background=True)
    ready()
    try:
        await asyncio.Event().wait()
    finally:
        await server.shutdown()


async def serve_serial(
    host: str, port: int, address: str, template: DeviceTemplate, course: Course, ready: Callable[[], None]
) -> None:
    """A serial gateway with one meter behind it, until cancelled."""
    answer = _dlt645(address, template, course) if template.items else _cjt188(address, template, course)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = b""
        while data := await reader.read(4096):
            held += data
            said, held = answer(held)
            writer.write(said)
        writer.close()

    server = await asyncio.start_server(connected, host, port)
    ready()
    async with server:
        await server.serve_forever()


Answer = Callable[[bytes], tuple[bytes, bytes]]
"""What is said to bytes, and which of them wait for more."""


def _dlt645(address: str, template: DeviceTemplate, course: Course) -> Answer:
    by_code = {one.item.code: one for one in template.items}

    def answer(frame: dlt645.Frame) -> bytes:
        if frame.control != 0x11 or frame.address != address.rjust(12, "0"):
            return b""
        point = by_code.get(frame.data[3::-1].hex())
        if point is None:
            return dlt645.build(replace(frame, control=0xD1, data=b"\x02"))
        value = shown(point.key, point.unit, course) / point.scale
        content = frame.data + _digits(value, point.item.decimals, point.item.size)
        return dlt645.build(replace(frame, control=0x91, data=content))

    return lambda data: _each(data, dlt645.parse, answer)


def _cjt188(address: str, template: DeviceTemplate, course: Course) -> Answer:
    fields = template.fields
    assert fields is not None
    number = address.rpartition(":")[2].upper()
    codes = {unit: code for code, unit in meter_units().items()}

    def answer(frame: cjt188.Frame) -> bytes:
        if frame.control != 0x01 or frame.address != number:
            return b""
        content = frame.data[:3]
        for field in fields.fields:
            key = "" if field.name == MAIN else field.name
            unit = template.units.get(key, "kWh") if field.name else "GJ"
            value = shown(key, unit, course) if field.name else Decimal(0)
            content += _digits(value, field.decimals, field.size)
            content += bytes([codes[unit]]) if field.has_unit else b""
        return cjt188.build(replace(frame, control=0x81, data=content))

    return lambda data: _each(data, cjt188.parse, answer)


def _digits(value: Decimal, decimals: int, size: int) -> bytes:
    """A value as a register of so many bytes shows it: past its last digit it starts again at 0."""
    return bcd(int(value.scaleb(decimals)) % 10 ** (2 * size), size)


def _each(data: bytes, parse: Callable[[bytes], Any], answer: Callable[[Any], bytes]) -> tuple[bytes, bytes]:
    """Answers to every question in bytes, and the bytes of one that is not whole."""
    said, at = b"", 0
    while (at := data.find(b"\x68", at)) >= 0:
        try:
            frame = parse(data[at:])
        except BadFrame as error:
            if error.fault is Fault.SHORT:
                return said, data[at:]
            at += 1
            continue
        said += answer(frame)
        at += 12  # no frame is shorter: what follows is looked at again
    return said, b""
