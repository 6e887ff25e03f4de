"""Frames between collectors and data centres (能耗数据采集器与数据中心): found, checked, made; bodies as they are.

``head 4 | length 4, little-endian = 4 + body | sequence 4, little-endian | body | CRC 2, little-endian | tail 4``. The
CRC is over sequence and body. Head and tail differ by region, so they are settings, as is the kind of CRC.

Source: two independent implementations and three captured frames, whose check sums this computes; the text of the
technical guide itself was not reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nengtan.domain.frames.checks import crc_xmodem
from nengtan.domain.frames.errors import BadFrame, Fault

__all__ = ["LARGEST", "Dialect", "Frame", "Scan", "build", "parse", "scan"]

LARGEST = 16 * 2**20
"""No body is longer [bytes]."""

_BEFORE, _AFTER = 12, 6


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a region writes frames; ``crc`` None where frames carry no check (two bytes nobody looks at)."""

    head: bytes = bytes.fromhex("68681616")
    tail: bytes = bytes.fromhex("55aa55aa")
    crc: Callable[[bytes], int] | None = field(default=crc_xmodem)
    largest: int = LARGEST

    def __post_init__(self) -> None:
        if len(self.head) != 4 or len(self.tail) != 4:
            raise ValueError("head and tail: allowed: 4 bytes each")


@dataclass(frozen=True, slots=True)
class Frame:
    """One command: its number, and the body as sent (enciphered or plain)."""

    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Scan:
    """What a stream held: whole frames, what was passed over between them, and what must wait for more bytes."""

    frames: tuple[Frame, ...]
    faults: tuple[BadFrame, ...]
    rest: bytes


def build(frame: Frame, dialect: Dialect) -> bytes:
    """The bytes of a frame.

    >>> build(Frame(1, b"hello"), Dialect()).hex(" ", 4)
    '686816 16090000 00010000 0068656c 6c6f4128 55aa55aa'
    """
    told = frame.sequence.to_bytes(4, "little") + frame.body
    crc = dialect.crc(told) if dialect.crc else 0
    return dialect.head + len(told).to_bytes(4, "little") + told + crc.to_bytes(2, "little") + dialect.tail


def parse(data: bytes, dialect: Dialect) -> Frame:
    """The one frame that these bytes are; raises `BadFrame`.

    >>> parse(build(Frame(7, b"<root/>"), Dialect()), Dialect())
    Frame(sequence=7, body=b'<root/>')
    """
    frame, end = _at(data, 0, dialect)
    if end < len(data):
        raise BadFrame(Fault.TOO_LONG, len(data), end)
    return frame


def scan(data: bytes, dialect: Dialect) -> Scan:
    """All frames of a stream; where one is broken, looking goes on one byte later, so that none after it is lost.

    A tail inside an enciphered body is no end: the length says where a frame ends.
    """
    frames: list[Frame] = []
    faults: list[BadFrame] = []
    at = 0
    while (at := data.find(dialect.head, at)) >= 0:
        try:
            frame, at = _at(data, at, dialect)
            frames.append(frame)
        except BadFrame as error:
            if error.fault is Fault.SHORT:
                return Scan(tuple(frames), tuple(faults), data[at:])
            faults.append(error)
            at += 1
    return Scan(tuple(frames), tuple(faults), _begun(data, dialect))


def _begun(data: bytes, dialect: Dialect) -> bytes:
    """The end of a stream that may be the beginning of a head."""
    return next((data[-size:] for size in (3, 2, 1) if data.endswith(dialect.head[:size])), b"")


def _at(data: bytes, at: int, dialect: Dialect) -> tuple[Frame, int]:
    """The frame that begins at a place, and where it ends."""
    if data[at : at + 4] != dialect.head:
        begins = dialect.head.startswith(data[at : at + 4])
        raise BadFrame(Fault.SHORT if begins else Fault.NO_START, data[at : at + 4].hex(), dialect.head.hex())
    if len(data) - at < _BEFORE:
        raise BadFrame(Fault.SHORT, len(data) - at, _BEFORE)
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    if not 4 <= length <= dialect.largest + 4:
        raise BadFrame(Fault.TOO_LONG, length, f"4 to {dialect.largest + 4}")
    end = at + 8 + length + _AFTER
    if len(data) < end:
        raise BadFrame(Fault.SHORT, len(data) - at, end - at)
    told, tail = data[at + 8 : at + 8 + length], data[end - 4 : end]
    if tail != dialect.tail:
        raise BadFrame(Fault.NO_END, tail.hex(), dialect.tail.hex())
    crc = int.from_bytes(data[end - 6 : end - 4], "little")
    if dialect.crc and crc != dialect.crc(told):
        raise BadFrame(Fault.CHECKSUM, f"{crc:04x}", f"{dialect.crc(told):04x}")
    return Frame(int.from_bytes(told[:4], "little"), told[4:]), end
