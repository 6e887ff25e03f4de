"""What collectors and centres say: XML to messages and back.

``<root><common><building_id/><gateway_id/><type/></common><group operation="…">…</group></root>``. What a message is
follows from its group and operation; ``type`` differs between makers and is only written, never asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from lxml import etree

from nengtan.domain.frames.errors import BadFrame, Fault

__all__ = ["Message", "Package", "Reading", "parse", "stamp", "when", "write"]

Element = Any
"""An element of lxml, which ships no types."""

MOST_READINGS = 100_000
"""No package holds more."""

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_TIME = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one function of a meter.

    ``value`` is None where the collector names an ``error`` or sends no finite number; ``raw`` is the text as sent.
    ``coding`` is the code of building, item and device the collector gives it, which may be empty.
    """

    meter: str
    function: str
    coding: str
    value: float | None
    raw: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """Readings of one moment (数据包): ``sequence`` is the collector's own number of it, ``time`` its local time.

    ``parsed`` False: values are the bytes of the meter in hexadecimal. ``total`` and ``current`` count the packages of
    a resend.
    """

    sequence: str
    time: datetime
    readings: tuple[Reading, ...]
    parsed: bool = True
    total: int = 1
    current: int = 1


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said; ``values`` are the texts below the group by element, ``servers`` those of a list of addresses."""

    building: str
    gateway: str
    group: str
    operation: str
    values: Mapping[str, str] = field(default_factory=dict)
    package: Package | None = None
    servers: tuple[Mapping[str, str], ...] = ()

    @property
    def kind(self) -> tuple[str, str]:
        """Group and operation."""
        return self.group, self.operation


def stamp(time: datetime) -> str:
    """A local time as collectors write it.

    >>> stamp(datetime(2026, 11, 21, 10, 15))
    '20261121101500'
    """
    return time.strftime(_TIME)


def when(text: str) -> datetime:
    """The local time that 14 digits tell; raises `BadFrame`.

    >>> when("20261121101500")
    datetime.datetime(2026, 11, 21, 10, 15)
    """
    if re.fullmatch(r"[0-9]{14}", text):
        try:
            return datetime.strptime(text, _TIME)  # noqa: DTZ007 - local to the collector; its zone is not sent
        except ValueError:
            pass
    raise BadFrame(Fault.CONTENT, text[:20], "yyyyMMddHHmmss")


def parse(text: str) -> Message:
    """The message of an XML text; raises `BadFrame`. Document types, and with them entities, are refused.

    >>> parse('<root><common><building_id>B</building_id><gateway_id>01</gateway_id></common>'
    ...       '<id_validate operation="sequence"><sequence>7</sequence></id_validate></root>').values["sequence"]
    '7'
    """
    root = _root(text)
    common = root.find("common")
    group = next((child for child in root if child.tag != "common" and child.get("operation")), None)
    if common is None or group is None:
        raise BadFrame(Fault.CONTENT, _shown(root), "common, and a group with an operation")
    operation = group.get("operation", "")
    of = (common.findtext("building_id") or "").strip(), (common.findtext("gateway_id") or "").strip()
    values = {child.tag: (child.text or "").strip() for child in group if not len(child)}
    servers = tuple({part.tag: (part.text or "").strip() for part in child} for child in group if child.tag == "server")
    holds = group.tag == "data" and operation in {"report", "reply", "continuous"}
    package = _package(group, values) if holds else None
    return Message(*of, str(group.tag), operation, values, package, servers)


def write(message: Message) -> str:
    """The XML text of a message, without declaration and spaces.

    >>> write(Message("420100A001", "01", "id_validate", "request")).partition("<type>")[2]
    'request</type></common><id_validate operation="request"/></root>'
    """
    root = etree.Element("root")
    common = etree.SubElement(root, "common")
    said = {"building_id": message.building, "gateway_id": message.gateway, "type": message.operation}
    _texts(common, said)
    group = etree.SubElement(root, message.group, operation=message.operation)
    if message.package is not None:
        _write_package(group, message.package)
    _texts(group, message.values)
    for server in message.servers:
        _texts(etree.SubElement(group, "server"), server)
    return str(etree.tostring(root, encoding="unicode"))


def _root(text: str) -> Element:
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadFrame(Fault.CONTENT, str(error)[:120], "XML") from error
    if root.getroottree().docinfo.doctype:
        raise BadFrame(Fault.CONTENT, root.getroottree().docinfo.doctype[:40], "no document type")
    return root


def _shown(root: Element) -> str:
    return f"{root.tag}: {', '.join(str(child.tag) for child in root[:5])}"


def _package(group: Element, values: Mapping[str, str]) -> Package:
    readings = tuple(
        _reading(meter.get("id", ""), function, values)
        for meter in group.iterfind("meter")
        for function in meter.iterfind("function")
    )
    if len(readings) > MOST_READINGS:
        raise BadFrame(Fault.TOO_LONG, len(readings), MOST_READINGS)
    return Package(
        values.get("sequence", ""),
        when(values.get("time", "")),
        readings,
        _is_parsed(values),
        _count(values.get("total", "")),
        _count(values.get("current", "")),
    )


def _is_parsed(values: Mapping[str, str]) -> bool:
    return values.get("parser", values.get("parse", "yes")).lower() != "no"


def _reading(meter: str, function: Element, values: Mapping[str, str]) -> Reading:
    raw, error = (function.text or "").strip(), (function.get("error") or "").strip()
    failed = error not in {"", "0"}
    value = None if failed or not _is_parsed(values) else _number(raw)
    return Reading(
        meter, function.get("id", ""), function.get("coding", ""), value, raw[:64], error[:64] if failed else ""
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _count(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) and int(text) else 1


def _texts(parent: Element, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        etree.SubElement(parent, name).text = value


def _write_package(group: Element, package: Package) -> None:
    told = {
        "sequence": package.sequence,
        "parser": "yes" if package.parsed else "no",
        "time": stamp(package.time),
        "total": str(package.total),
        "current": str(package.current),
    }
    _texts(group, told)
    for meter, readings in _by_meter(package.readings).items():
        element = etree.SubElement(group, "meter", id=meter)
        for item in readings:
            function = etree.SubElement(element, "function", id=item.function, coding=item.coding, error=item.error)
            function.text = item.raw


def _by_meter(readings: Sequence[Reading]) -> dict[str, list[Reading]]:
    found: dict[str, list[Reading]] = {}
    for item in readings:
        found.setdefault(item.meter, []).append(item)
    return found
