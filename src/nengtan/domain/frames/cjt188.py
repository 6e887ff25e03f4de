"""Frames of water, gas and heat meters after CJ/T 188 (户用计量仪表数据传输技术条件): found, checked, made.

``FE… | 68 | kind | address 7 | control | length | data | sum of bytes | 16``; data are item 2, number 1, values. Makers
differ in lengths, units and even the order of the item's bytes, so what follows is read by a `Template` of the model.
The text of the standard was not reached; frames of makers were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from nengtan.domain.frames.bcd import from_bcd
from nengtan.domain.frames.errors import BadFrame, Fault
from nengtan.domain.frames.serial import START, awake, require_end, sealed

__all__ = ["Field", "Frame", "Kind", "Template", "Value", "build", "parse", "read", "values"]

_READ, _REPLY = 0x01, 0x81
_CURRENT = bytes.fromhex("901f")


class Kind(IntEnum):
    """What a meter measures."""

    COLD_WATER = 0x10
    HOT_WATER = 0x11
    DRINKING_WATER = 0x12
    RECLAIMED_WATER = 0x13
    HEAT = 0x20
    COOLING = 0x21
    GAS = 0x30
    ELECTRICITY = 0x40


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: kind of meter (`Kind`, or a maker's own), address of 14 digits, control code, data."""

    kind: int
    address: str
    control: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Field:
    """A value in a reply: its name ("" to pass over), bytes, decimals, and whether a byte with its unit follows."""

    name: str
    size: int
    decimals: int = 0
    has_unit: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """How one model answers a reading: its fields in order, and the bytes of the item asked for."""

    fields: tuple[Field, ...]
    item: bytes = _CURRENT


@dataclass(frozen=True, slots=True)
class Value:
    """A value and the code of its unit as sent; what the code means is data of the model."""

    number: Decimal
    unit: int | None


def build(frame: Frame, wake: int = 0) -> bytes:
    """The bytes of a frame, after ``wake`` bytes that wake the meter.

    >>> build(read(Kind.HEAT, "00000040314132", number=1)).hex(" ")
    '68 20 32 41 31 40 00 00 00 01 03 90 1f 01 20 16'
    """
    if not (len(frame.address) == 14 and frame.address.isascii() and frame.address.isalnum()):
        raise BadFrame(Fault.CONTENT, frame.address, "14 digits")
    try:
        address = bytes.fromhex(frame.address)[::-1]
        head = bytes([START, frame.kind]) + address + bytes([frame.control, len(frame.data)])
    except ValueError as error:
        raise BadFrame(Fault.CONTENT, str(error), "14 digits, one byte each for kind, control and length") from error
    told = head + frame.data
    return sealed(told, wake)


def parse(data: bytes) -> Frame:
    """The frame at the beginning of bytes, whatever wakes the meter before it left out; raises `BadFrame`.

    >>> parse(bytes.fromhex("FE FE 68 20 32 41 31 40 00 00 00 01 03 90 1F 01 20 16"))
    Frame(kind=32, address='00000040314132', control=1, data=b'\\x90\\x1f\\x01')
    """
    told = awake(data)
    end = 13 + told[10] if len(told) > 10 else 13
    require_end(told, end)
    return Frame(told[1], told[8:1:-1].hex().upper(), told[9], told[11 : end - 2])


def read(kind: int, address: str, number: int = 0, item: bytes = _CURRENT) -> Frame:
    """The request for data; ``number`` comes back with the answer."""
    return Frame(kind, address.rjust(14, "0"), _READ, item + bytes([number & 0xFF]))


def values(frame: Frame, template: Template) -> dict[str, Value]:
    """The values of a reply by name; raises `BadFrame` where it is none, or not of this model.

    >>> model = Template((Field("volume", 4, 2, has_unit=True),))
    >>> values(Frame(Kind.COLD_WATER, "00000000000001", 0x81, bytes.fromhex("901f00 56341200 2c")), model)
    {'volume': Value(number=Decimal('1234.56'), unit=44)}
    """
    item = len(template.item)
    if frame.control != _REPLY or frame.data[:item] != template.item:
        raise BadFrame(Fault.CONTENT, f"{frame.control:02x} {frame.data[:item].hex()}", f"81 {template.item.hex()}")
    content = frame.data[item + 1 :]
    needed = _length(template.fields)
    if len(content) < needed:
        raise BadFrame(Fault.CONTENT, f"{len(content)} bytes", f"{needed} bytes")
    found, at = {}, 0
    for field in template.fields:
        stop = at + field.size
        if field.name:
            unit = content[stop] if field.has_unit else None
            found[field.name] = Value(from_bcd(content[at:stop], field.decimals), unit)
        at = stop + field.has_unit
    return found


def _length(fields: Sequence[Field]) -> int:
    return sum(field.size + field.has_unit for field in fields)
