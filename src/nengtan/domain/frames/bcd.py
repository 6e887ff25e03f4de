"""Decimal digits two to a byte, the lowest byte first, as meters send them."""

from __future__ import annotations

from decimal import Decimal

from nengtan.domain.frames.errors import BadFrame, Fault

__all__ = ["bcd", "from_bcd"]


def from_bcd(data: bytes, decimals: int = 0, signed: bool = False) -> Decimal:
    """A number from its bytes; ``signed``: the highest bit is a minus. Raises `BadFrame` for what are no digits.

    >>> from_bcd(bytes.fromhex("26000000"), 2), from_bcd(bytes.fromhex("0180"), 1, signed=True)
    (Decimal('0.26'), Decimal('-0.1'))
    """
    digits = bytearray(reversed(data))
    minus = signed and bool(digits) and digits[0] & 0x80 != 0
    if minus:
        digits[0] &= 0x7F
    text = digits.hex()
    if not text.isdecimal():
        raise BadFrame(Fault.CONTENT, data.hex(), "decimal digits")
    number = Decimal(text).scaleb(-decimals)
    return number.copy_negate() if minus else number


def bcd(number: int, size: int) -> bytes:
    """The bytes of a whole number from 0 on.

    >>> bcd(161, 6).hex()
    '610100000000'
    """
    text = f"{number:0{2 * size}d}"
    if number < 0 or len(text) > 2 * size:
        raise BadFrame(Fault.CONTENT, number, f"0 to {10 ** (2 * size) - 1}")
    return bytes.fromhex(text)[::-1]
