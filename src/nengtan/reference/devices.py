"""What devices show where: `data/device_templates.csv`. Register maps of makers, items of DL/T 645, fields of CJ/T 188.

A template is tried on the device (`nengtan gateway modbus read` and the like) before it is used: models and versions
differ, and most of what is known of them is second-hand, as `source` and `confidence` of each row say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from nengtan.domain.devices.modbus import Point
from nengtan.domain.frames import cjt188, dlt645
from nengtan.domain.frames.modbus import Kind, Order
from nengtan.reference._rows import ReferenceDataError, Row, rows

__all__ = ["MAIN", "PROTOCOLS", "DeviceTemplate", "ItemPoint", "device_templates", "meter_units"]

PROTOCOLS = ("modbus", "dlt645", "cjt188")
MAIN, SKIP = "main", "skip"


@dataclass(frozen=True, slots=True)
class ItemPoint:
    """A data item of DL/T 645 as a point: what is sent, times ``scale``, in ``unit``."""

    key: str
    item: dlt645.Item
    unit: str
    scale: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class DeviceTemplate:
    """How a model is read; of ``points``, ``items`` and ``fields`` those of its protocol are there.

    Keys are codes of registers, empty for the main one. ``units``: of the fields of CJ/T 188, by key.
    """

    code: str
    maker: str
    model: str
    version: str
    protocol: str
    points: tuple[Point, ...] = ()
    items: tuple[ItemPoint, ...] = ()
    fields: cjt188.Template | None = None
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything it shows."""
        if self.fields is not None:
            return tuple(_plain(one.name) for one in self.fields.fields if one.name)
        return (*(one.key for one in self.points), *(one.key for one in self.items))


@cache
def meter_units() -> Mapping[int, str]:
    """Units by the code that meters of CJ/T 188 send.

    >>> meter_units()[0x2C]
    'm3'
    """
    return MappingProxyType({int(row.text("code"), 16): row.text("unit") for row in rows("meter_units.csv")})


@cache
def device_templates() -> Mapping[str, DeviceTemplate]:
    """Templates by code.

    >>> device_templates()["dlt645-2007"].items[0].item.code
    '00010000'
    """
    grouped: dict[str, list[Row]] = {}
    for row in rows("device_templates.csv"):
        row.text("source")
        row.confidence()
        grouped.setdefault(row.text("template"), []).append(row)
    return MappingProxyType({code: _template(code, held) for code, held in grouped.items()})


def _template(code: str, held: list[Row]) -> DeviceTemplate:
    first = held[0]
    protocol = first.one_of("protocol", PROTOCOLS)
    made = DeviceTemplate(code, first.optional("maker"), first.text("model"), first.text("version"), protocol)
    try:
        match protocol:
            case "modbus":
                return _with(made, points=tuple(_point(row) for row in held))
            case "dlt645":
                return _with(made, items=tuple(_item(row) for row in held))
        fields = tuple(
            cjt188.Field(
                "" if row.text("key") == SKIP else row.text("key"), int(row.decimal("size")),
                int(row.decimal("decimals")), row.flag("has_unit"),
            )
            for row in held
        )  # fmt: skip
        units = {_plain(row.text("key")): row.optional("unit") for row in held if row.text("key") != SKIP}
        return _with(made, fields=cjt188.Template(fields, bytes.fromhex(first.text("item"))), units=units)
    except ValueError as error:
        if isinstance(error, ReferenceDataError):
            raise
        raise ReferenceDataError("device_templates.csv", first.number, "template", code, str(error)) from error


def _with(made: DeviceTemplate, **told: object) -> DeviceTemplate:
    return replace(made, **told)  # type: ignore[arg-type]


def _plain(key: str) -> str:
    return "" if key == MAIN else key


def _point(row: Row) -> Point:
    return Point(
        _plain(row.text("key")), int(row.decimal("function")), int(row.text("address"), 0), Kind(row.text("kind")),
        Order(row.text("order")), row.decimal("scale"), row.decimal("shift"), row.text("unit"),
        row.optional_decimal("least"), row.optional_decimal("most"),
    )  # fmt: skip


def _item(row: Row) -> ItemPoint:
    item = dlt645.Item(row.text("item"), int(row.decimal("size")), int(row.decimal("decimals")), row.flag("signed"))
    return ItemPoint(_plain(row.text("key")), item, row.text("unit"), row.decimal("scale"))
