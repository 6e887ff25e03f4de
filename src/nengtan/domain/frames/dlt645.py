"""Frames of electricity meters after DL/T 645-2007 (多功能电能表通信协议): found, checked, made.

``FE… | 68 | address 6 | 68 | control | length | data + 0x33 each | sum of bytes | 16``. Addresses and values are
decimal digits, lowest byte first. Values are before CT x PT. Which data item has which format is data (`Item`), since
meters differ; the text of the standard was not reached, captured frames and an open implementation were.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from nengtan.domain.frames.bcd import bcd, from_bcd
from nengtan.domain.frames.errors import BadFrame, Fault
from nengtan.domain.frames.serial import START, awake, require_end, sealed

__all__ = ["Frame", "Item", "Reply", "build", "parse", "read", "reply", "value"]

_SHIFT = 0x33
_READ, _REPLY, _ABNORMAL, _MORE = 0x11, 0x80, 0x40, 0x20


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: address of 12 digits (A for any), control code, data without the shift of 0x33."""

    address: str
    control: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Item:
    """A data item (数据标识): eight hexadecimal digits, bytes and decimals of its value, whether it has a sign."""

    code: str
    size: int
    decimals: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a meter answers a reading: the data item, its bytes, and whether more follow."""

    address: str
    code: str
    content: bytes
    more: bool


def build(frame: Frame, wake: int = 4) -> bytes:
    """The bytes of a frame, after ``wake`` bytes that wake the meter.

    >>> build(read("161", "00010000"), wake=0).hex(" ")
    '68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16'
    """
    if not 0 <= frame.control <= 0xFF or len(frame.data) > 0xFF:
        raise BadFrame(Fault.CONTENT, (frame.control, len(frame.data)), "one byte each")
    told = bytes([START]) + _address(frame.address) + bytes([START, frame.control, len(frame.data)])
    told += bytes(byte + _SHIFT & 0xFF for byte in frame.data)
    return sealed(told, wake)


def parse(data: bytes) -> Frame:
    """The frame at the beginning of bytes, whatever wakes the meter before it left out; raises `BadFrame`.

    >>> parse(bytes.fromhex("FE FE 68 61 01 00 00 00 00 68 91 06 33 34 34 35 34 43 10 16"))
    Frame(address='000000000161', control=145, data=b'\\x00\\x01\\x01\\x02\\x01\\x10')
    """
    told = awake(data)
    if len(told) < 10:
        raise BadFrame(Fault.SHORT, len(told), 12)
    if told[7] != START:
        raise BadFrame(Fault.NO_START, f"{told[7]:02x}", f"{START:02x}")
    end = 12 + told[9]
    require_end(told, end)
    content = bytes(byte - _SHIFT & 0xFF for byte in told[10 : end - 2])
    return Frame(told[6:0:-1].hex().upper(), told[8], content)


def read(address: str, code: str) -> Frame:
    """The request for a data item."""
    return Frame(address.rjust(12, "0"), _READ, _code(code))


def reply(frame: Frame) -> Reply:
    """What a frame answers a reading; raises `BadFrame` for a refusal or a frame of another kind."""
    if frame.control & ~_MORE != _READ | _REPLY or len(frame.data) < 4:
        refused = frame.data.hex() if frame.control & _ABNORMAL else f"{frame.control:02x}"
        raise BadFrame(Fault.CONTENT, refused, f"{_READ | _REPLY:02x} with a data item")
    return Reply(frame.address, frame.data[3::-1].hex().upper(), frame.data[4:], bool(frame.control & _MORE))


def value(found: Reply, item: Item) -> Decimal:
    """The value of a reply, before any ratio; raises `BadFrame` where it is of another item or has another length.

    >>> answer = reply(parse(bytes.fromhex("68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16")))
    >>> value(answer, Item("00010000", 4, 2))
    Decimal('0.26')
    """
    if found.code != item.code.upper() or len(found.content) != item.size:
        raise BadFrame(Fault.CONTENT, f"{found.code} {found.content.hex()}", f"{item.code} and {item.size} bytes")
    return from_bcd(found.content, item.decimals, item.signed)


def _address(address: str) -> bytes:
    if set(address) == {"A"} and len(address) == 12:
        return b"\xaa" * 6
    if not (address.isascii() and address.isdecimal() and len(address) <= 12):
        raise BadFrame(Fault.CONTENT, address, "12 digits, or A 12 times for any meter")
    return bcd(int(address), 6)


def _code(code: str) -> bytes:
    try:
        found = bytes.fromhex(code)
    except ValueError:
        found = b""
    if len(found) != 4:
        raise BadFrame(Fault.CONTENT, code, "eight hexadecimal digits")
    return found[::-1]
