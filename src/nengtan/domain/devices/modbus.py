"""Register maps of Modbus devices as data (设备模板), the requests that read them, and the values in the answers.

A map differs by maker, model and software, so a template has a version and is tried (`read` of one answer, looked at by
a person) before it is used. What a point means is its ``key``; nothing here knows makers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

from nengtan.domain.frames.errors import BadFrame
from nengtan.domain.frames.modbus import Kind, Order, decode, registers

__all__ = ["MOST", "Point", "Request", "Template", "Value", "plan", "read"]

MOST = 125
"""Registers in one answer (Modbus application protocol: 250 bytes of data)."""

FUNCTIONS = (3, 4)
"""Read holding registers, read input registers."""

_EMPTY = {Kind.U16: 0xFFFF, Kind.S16: -0x8000, Kind.U32: 0xFFFFFFFF, Kind.S32: -0x80000000}
"""What devices answer where they have no value; floats say so by not being numbers."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a device: where it is, how it is written, what it is multiplied by, what can be true of it.

    ``key``: what it is, as registers of a meter are called; empty for the meter's main one. ``scale`` and ``shift``
    make ``unit`` of what is in the registers; ``least`` and ``most`` bound what is believed, in that unit.
    """

    key: str
    function: int
    address: int
    kind: Kind
    order: Order = Order.ABCD
    scale: Decimal = Decimal(1)
    shift: Decimal = Decimal(0)
    unit: str = ""
    least: Decimal | None = None
    most: Decimal | None = None

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            raise ValueError(f"function: found {self.function}; allowed: 3, 4")
        if not 0 <= self.address <= 0x10000 - self.length:
            raise ValueError(f"address: found {self.address}; allowed: 0 to {0x10000 - self.length}")
        if not self.scale:
            raise ValueError("scale: found 0; allowed: any other number")

    @property
    def length(self) -> int:
        """How many registers it takes."""
        return registers(self.kind)


@dataclass(frozen=True, slots=True)
class Template:
    """The points of a model, by maker and version; raises `ValueError` for two points of one key."""

    maker: str
    model: str
    version: str
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        keys = [point.key for point in self.points]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"points: found {', '.join(twice)} twice; allowed: each key once")


@dataclass(frozen=True, slots=True)
class Request:
    """Registers to ask for: how many from where, by which function."""

    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Value:
    """What a point shows; ``value`` None with the ``reason``: no_answer, no_value, out_of_range."""

    key: str
    value: Decimal | None
    unit: str
    reason: str = ""


def plan(points: Iterable[Point], spare: int = 8, most: int = MOST) -> list[Request]:
    """The fewest requests that read all points, where up to ``spare`` registers nobody wants may be read between two.

    Some devices refuse to read what is not in their map: with ``spare`` 0 nothing else is asked for.

    >>> points = [Point(key, 3, at, Kind.F32) for key, at in (("a", 0x2006), ("b", 0x2008), ("c", 0x4000))]
    >>> plan(points)
    [Request(function=3, address=8198, count=4), Request(function=3, address=16384, count=2)]
    """
    found: list[Request] = []
    for point in sorted(points, key=lambda point: (point.function, point.address)):
        end = point.address + point.length
        last = found[-1] if found else None
        joins = (
            last is not None
            and last.function == point.function
            and point.address - (last.address + last.count) <= spare
            and end - last.address <= most
        )
        if last is not None and joins:
            found[-1] = Request(last.function, last.address, max(last.count, end - last.address))
        else:
            found.append(Request(point.function, point.address, point.length))
    return found


def read(points: Iterable[Point], answers: Mapping[Request, Sequence[int]]) -> list[Value]:
    """The value of each point from what was answered; a request without an answer leaves its points without a value.

    >>> point = Point("", 3, 0x4000, Kind.U32, Order.CDAB, Decimal("0.01"), unit="kWh")
    >>> read([point], {Request(3, 0x4000, 2): [0xE240, 0x0001]})
    [Value(key='', value=Decimal('1234.56'), unit='kWh', reason='')]
    """
    return [_value(point, answers) for point in points]


def _value(point: Point, answers: Mapping[Request, Sequence[int]]) -> Value:
    for request, words in answers.items():
        start = point.address - request.address
        if request.function == point.function and start >= 0 and start + point.length <= min(request.count, len(words)):
            return _judged(point, words[start : start + point.length])
    return Value(point.key, None, point.unit, "no_answer")


def _judged(point: Point, words: Sequence[int]) -> Value:
    try:
        held = decode(words, point.kind, point.order)
    except BadFrame:
        return Value(point.key, None, point.unit, "no_value")
    if held == _EMPTY.get(point.kind) or not isfinite(held):
        return Value(point.key, None, point.unit, "no_value")
    value = Decimal(str(held)) * point.scale + point.shift
    low = point.least is not None and value < point.least
    high = point.most is not None and value > point.most
    return Value(point.key, None if low or high else value, point.unit, "out_of_range" if low or high else "")
