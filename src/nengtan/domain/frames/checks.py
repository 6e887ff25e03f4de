"""Check sums of frames."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from functools import cache

__all__ = ["crc_modbus", "crc_xmodem", "sum8"]


def sum8(data: bytes) -> int:
    """The sum of bytes modulo 256 (DL/T 645-2007, CJ/T 188).

    >>> hex(sum8(bytes.fromhex("68 61 01 00 00 00 00 68 11 04 33 33 34 33")))
    '0x14'
    """
    return sum(data) & 0xFF


def crc_xmodem(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 0x1021, start 0, nothing reflected (collectors).

    >>> hex(crc_xmodem(b"123456789"))
    '0x31c3'
    """
    return crc_hqx(data, 0)


def crc_modbus(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0x8005 reflected, start 0xFFFF (Modbus RTU).

    >>> hex(crc_modbus(b"123456789"))
    '0x4b37'
    """
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _modbus()[(crc ^ byte) & 0xFF]
    return crc


@cache
def _modbus() -> tuple[int, ...]:
    def step(crc: int) -> int:
        return crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1

    return tuple(_eight(byte, step) for byte in range(256))


def _eight(crc: int, step: Callable[[int], int]) -> int:
    for _ in range(8):
        crc = step(crc)
    return crc
