"""Values in Modbus registers: kinds, and the four orders in which makers send their words and bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from nengtan.domain.frames.errors import BadFrame, Fault

__all__ = ["Kind", "Order", "decode", "encode", "registers", "step"]


class Kind(StrEnum):
    """What registers hold."""

    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    U64 = "u64"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"


class Order(StrEnum):
    """How the bytes A (highest) to D of a value come: by words, high or low first; by bytes, straight or swapped."""

    ABCD = "abcd"
    CDAB = "cdab"
    BADC = "badc"
    DCBA = "dcba"


_FORMATS = {
    Kind.U16: ">H", Kind.S16: ">h", Kind.U32: ">I", Kind.S32: ">i", Kind.U64: ">Q", Kind.S64: ">q", Kind.F32: ">f",
    Kind.F64: ">d",
}  # fmt: skip


def registers(kind: Kind) -> int:
    """How many registers a value takes."""
    return struct.calcsize(_FORMATS[kind]) // 2


def decode(words: Sequence[int], kind: Kind, order: Order = Order.ABCD) -> int | float:
    """The value that registers hold; raises `BadFrame` for too few, too many, or what is no register.

    >>> decode([0x0001, 0xE240], Kind.U32), decode([0xE240, 0x0001], Kind.U32, Order.CDAB)
    (123456, 123456)
    """
    if len(words) != registers(kind) or not all(0 <= word <= 0xFFFF for word in words):
        raise BadFrame(Fault.CONTENT, list(words), f"{registers(kind)} registers of 16 bits")
    found: int | float = struct.unpack(_FORMATS[kind], _turned(struct.pack(f">{len(words)}H", *words), order))[0]
    return found


def encode(value: float, kind: Kind, order: Order = Order.ABCD) -> list[int]:
    """The registers that hold a value; raises `BadFrame` for one that does not fit.

    >>> encode(123456, Kind.U32, Order.DCBA)
    [16610, 256]
    """
    try:
        packed = struct.pack(_FORMATS[kind], value if kind in (Kind.F32, Kind.F64) else int(value))
    except (struct.error, OverflowError, ValueError) as error:
        raise BadFrame(Fault.CONTENT, value, f"a value of {kind}") from error
    return list(struct.unpack(f">{registers(kind)}H", _turned(packed, order)))


def _turned(data: bytes, order: Order) -> bytes:
    """Bytes into another order, or back: each order is its own opposite."""
    words = [data[at : at + 2] for at in range(0, len(data), 2)]
    if order in (Order.CDAB, Order.DCBA):
        words.reverse()
    if order in (Order.BADC, Order.DCBA):
        words = [word[::-1] for word in words]
    return b"".join(words)


def step(value: float) -> Decimal:
    """The smallest rise of a register in 32-bit floating point that can be seen at a value.

    Above a million it is an eighth, above eight million a whole unit: prefer whole-number registers for billing.

    >>> step(123456.78), step(1048576.0), step(8388608.0)
    (Decimal('0.0078125'), Decimal('0.125'), Decimal('1'))
    """
    bits = decode(encode(abs(value), Kind.F32), Kind.U32)
    here, above = (decode(encode(whole, Kind.U32), Kind.F32) for whole in (bits, bits + 1))
    return Decimal(above) - Decimal(here)
