"""Asking a device what it shows: by Modbus TCP, or over TCP through a gateway that passes a serial line on.

Reading never fails otherwise than by `NoAnswer`: a device that is off, a line that is cut, an answer that is noise.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from nengtan.domain.devices import modbus
from nengtan.domain.frames import cjt188, dlt645
from nengtan.domain.frames.errors import BadFrame, Fault
from nengtan.reference.devices import MAIN, DeviceTemplate, ItemPoint, meter_units

__all__ = ["Line", "NoAnswer", "Shown", "ask", "line_to"]

CONNECT_S = 5.0
ANSWER_S = 3.0
TRIES = 2
PIECE = 4096
LONGEST = 1024
"""Bytes of an answer on a serial line; frames have at most 270."""

REPLY = 0x80
"""The bit of the control code that tells an answer from a question."""

ILLEGAL_ADDRESS = 2
"""What a Modbus device says to a register that is not in its map."""


class NoAnswer(Exception):
    """A device did not answer as it should; ``reason``: a stable word, ``detail`` what was found."""

    def __init__(self, reason: str, detail: object = "") -> None:
        self.reason, self.detail = reason, str(detail)[:160]
        super().__init__(f"{reason}: {self.detail}" if self.detail else reason)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a point shows; ``value`` None with the ``reason``: no_answer, no_value, out_of_range, other_unit."""

    key: str
    value: Decimal | None
    unit: str
    reason: str = ""


@dataclass
class Line:
    """A connection to a device or to the gateway of a serial line; one question at a time."""

    protocol: str
    client: Any = None
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None


@asynccontextmanager
async def line_to(protocol: str, host: str, port: int) -> AsyncIterator[Line]:
    """A line, closed when the block ends; raises `NoAnswer` where nobody is there."""
    if protocol == "modbus":
        client = AsyncModbusTcpClient(host, port=port, timeout=ANSWER_S, retries=TRIES - 1, reconnect_delay=0)
        try:
            if not await asyncio.wait_for(client.connect(), CONNECT_S):
                raise NoAnswer("no_connection", f"{host}:{port}")
            yield Line(protocol, client=client)
        except (TimeoutError, OSError) as error:
            raise NoAnswer("no_connection", f"{host}:{port}") from error
        finally:
            client.close()
        return
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_S)
    except (TimeoutError, OSError) as error:
        raise NoAnswer("no_connection", f"{host}:{port}") from error
    try:
        yield Line(protocol, reader=reader, writer=writer)
    finally:
        writer.close()


async def ask(line: Line, address: str, template: DeviceTemplate, keys: Sequence[str] | None = None) -> list[Shown]:
    """What a device shows of ``keys``, or of everything its template knows.

    Raises:
        NoAnswer: it does not answer at all, or by something else than its protocol.
    """
    wanted = set(template.keys if keys is None else keys)
    match template.protocol:
        case "modbus":
            return await _modbus(line.client, _unit(address), [one for one in template.points if one.key in wanted])
        case "dlt645":
            return [await _item(line, address, one) for one in template.items if one.key in wanted]
    return await _fields(line, address, template, wanted)


def _unit(address: str) -> int:
    if not address.isdecimal() or not 0 <= int(address[:9]) <= 255:
        raise NoAnswer("bad_address", address)
    return int(address)


async def _modbus(client: Any, unit: int, points: Sequence[modbus.Point]) -> list[Shown]:
    """Few requests first; where a device refuses to read between its registers, nothing but these."""
    try:
        answers = await _answers(client, unit, modbus.plan(points))
    except _Refused as error:
        if error.code != ILLEGAL_ADDRESS:
            raise NoAnswer("refused", f"exception {error.code}") from error
        answers = {}
        for request in modbus.plan(points, spare=0):
            try:
                answers |= await _answers(client, unit, [request])
            except _Refused:
                continue
        if not answers:
            raise NoAnswer("refused", f"exception {error.code}") from error
    return [Shown(one.key, one.value, one.unit, one.reason) for one in modbus.read(points, answers)]


class _Refused(Exception):
    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


async def _answers(client: Any, unit: int, requests: Sequence[modbus.Request]) -> dict[modbus.Request, Sequence[int]]:
    found: dict[modbus.Request, Sequence[int]] = {}
    for request in requests:
        read = client.read_holding_registers if request.function == 3 else client.read_input_registers
        try:
            answer = await read(request.address, count=request.count, device_id=unit)
        except ModbusException as error:
            raise NoAnswer("no_answer", error) from error
        if answer.isError():
            raise _Refused(getattr(answer, "exception_code", 0))
        found[request] = answer.registers
    return found


async def _item(line: Line, address: str, point: ItemPoint) -> Shown:
    def told(frame: dlt645.Frame) -> Decimal | None:
        if frame.address != address.rjust(12, "0") or not frame.control & REPLY:
            return None  # another meter's answer that came late, or our own question back
        said = dlt645.reply(frame)
        return dlt645.value(said, point.item) * point.scale if said.code == point.item.code.upper() else None

    try:
        asked = dlt645.build(dlt645.read(address, point.item.code))
    except BadFrame as error:
        raise NoAnswer("bad_address", error) from error
    try:
        value = await _exchange(line, asked, dlt645.parse, told)
    except BadFrame:
        return Shown(point.key, None, point.unit, "no_value")  # the meter refuses an item it does not have
    return Shown(point.key, value, point.unit)


async def _fields(line: Line, address: str, template: DeviceTemplate, wanted: set[str]) -> list[Shown]:
    assert template.fields is not None
    kind, _colon, number = address.rpartition(":")
    fields = template.fields
    try:
        first = int(kind or "10", 16)
        asked = cjt188.build(cjt188.read(first, number, item=fields.item))
    except (BadFrame, ValueError) as error:
        raise NoAnswer("bad_address", error) from error

    def told(frame: cjt188.Frame) -> dict[str, cjt188.Value] | None:
        mine = frame.address == number.rjust(14, "0").upper() and frame.control & REPLY
        return cjt188.values(frame, fields) if mine else None

    try:
        values = await _exchange(line, asked, cjt188.parse, told)
    except BadFrame as error:
        raise NoAnswer("refused", error) from error
    by_key = {"" if name == MAIN else name: value for name, value in values.items()}
    return [_in_unit(key, value, template.units[key]) for key, value in by_key.items() if key in wanted]


def _in_unit(key: str, value: cjt188.Value, unit: str) -> Shown:
    if value.unit is not None and meter_units().get(value.unit) != unit:
        return Shown(key, None, meter_units().get(value.unit, f"{value.unit:02x}"), "other_unit")
    return Shown(key, value.number, unit)


async def _exchange(line: Line, asked: bytes, parse: Callable[[bytes], Any], told: Callable[[Any], Any]) -> Any:
    """Ask and wait for the answer that is told; asked again where none comes in time.

    Raises:
        NoAnswer: none came. BadFrame: one came and refuses.
    """
    assert line.reader is not None
    assert line.writer is not None
    for _try in range(TRIES):
        try:
            line.writer.write(asked)
            return await asyncio.wait_for(_answer(line.reader, parse, told), ANSWER_S)
        except TimeoutError:
            continue
        except OSError as error:
            raise NoAnswer("no_answer", error) from error
    raise NoAnswer("no_answer")


async def _answer(reader: asyncio.StreamReader, parse: Callable[[bytes], Any], told: Callable[[Any], Any]) -> Any:
    held = b""
    while True:
        piece = await reader.read(PIECE)
        if not piece:
            raise NoAnswer("no_answer", "hung up")
        held = (held + piece)[-LONGEST:]
        frame, held = _found(held, parse)
        while frame is not None:
            if (value := told(frame)) is not None:
                return value
            frame, held = _found(held, parse)


def _found(data: bytes, parse: Callable[[bytes], Any]) -> tuple[Any, bytes]:
    """The first frame in bytes that may begin with noise, and what comes after its start; None where there is none yet.

    A start inside noise may promise a frame that never comes: what follows it is looked at all the same.
    """
    at, first_short = -1, len(data)
    while (at := data.find(b"\x68", at + 1)) >= 0:
        try:
            return parse(data[at:]), data[at + 1 :]
        except BadFrame as error:
            if error.fault is Fault.SHORT:
                first_short = min(first_short, at)
    return None, data[first_short:]
