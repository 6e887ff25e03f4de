"""What frames of DL/T 645 and CJ/T 188 have in common: bytes that wake the meter, start, sum of bytes, end."""

from __future__ import annotations

from nengtan.domain.frames.checks import sum8
from nengtan.domain.frames.errors import BadFrame, Fault

__all__ = ["START", "awake", "require_end", "sealed"]

START = 0x68
_WAKE, _END = 0xFE, 0x16


def sealed(told: bytes, wake: int) -> bytes:
    """A frame with its sum and end, after ``wake`` bytes that wake the meter."""
    return bytes([_WAKE]) * wake + told + bytes([sum8(told), _END])


def awake(data: bytes) -> bytes:
    """Bytes from the start of a frame on; raises `BadFrame` where none starts."""
    told = data.lstrip(bytes([_WAKE]))
    if told[:1] != bytes([START]):
        raise BadFrame(Fault.NO_START if told else Fault.SHORT, told[:1].hex(), f"{START:02x}")
    return told


def require_end(told: bytes, end: int) -> None:
    """Raise `BadFrame` unless a frame of ``end`` bytes is whole, ends as it should and has the right sum."""
    if len(told) < end:
        raise BadFrame(Fault.SHORT, len(told), end)
    if told[end - 1] != _END:
        raise BadFrame(Fault.NO_END, f"{told[end - 1]:02x}", f"{_END:02x}")
    if told[end - 2] != sum8(told[: end - 2]):
        raise BadFrame(Fault.CHECKSUM, f"{told[end - 2]:02x}", f"{sum8(told[: end - 2]):02x}")
