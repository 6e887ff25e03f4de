"""Commands about devices that are asked for readings: entered, listed, and tried before that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nengtan.telemetry.gateway_commands import absent, gateway, gateway_of
from nengtan.telemetry.gateways.simulators.commands import address_of
from nengtan.ui.cli import REFUSED, die, emit, format_option

if TYPE_CHECKING:
    from nengtan.domain.devices.modbus import Point
    from nengtan.reference.devices import DeviceTemplate
    from nengtan.telemetry.models import Device

F = TypeVar("F", bound=Callable[..., Any])

DEVICE_COLUMNS = {
    "code": gettext_lazy("Code"),
    "meter": gettext_lazy("Meter"),
    "host": gettext_lazy("Address"),
    "port": gettext_lazy("Port"),
    "address": gettext_lazy("On its line"),
    "template": gettext_lazy("Device template"),
    "seen_at": gettext_lazy("Last heard of"),
    "fault": gettext_lazy("What is wrong"),
    "failing_since": gettext_lazy("No answer since"),
}
SHOWN_COLUMNS = {
    "key": pgettext_lazy("of a meter", "Register"),
    "value": pgettext_lazy("of a device", "Shows"),
    "unit": gettext_lazy("Unit"),
    "reason": gettext_lazy("What is wrong"),
}
TEMPLATE_COLUMNS = {
    "code": gettext_lazy("Code"),
    "protocol": gettext_lazy("Protocol"),
    "maker": gettext_lazy("Maker"),
    "model": gettext_lazy("Model"),
    "version": gettext_lazy("Version"),
    "keys": gettext_lazy("Registers"),
}


@gateway.group("device", help=_("Devices that are asked for readings: Modbus TCP, DL/T 645, CJ/T 188."))
def device() -> None:
    """What is polled."""


@device.command("set", help=_("Add a device that is asked for readings, or change how one is reached."))
@click.argument("code")
@click.option("--gateway", "sender", help=_("Code of the gateway its readings come by."))
@click.option("--meter", help=_("Code of the meter it is."))
@click.option("--template", help=_("What is where, as “nengtan gateway device templates” lists them."))
@click.option("--host", help=_("Address of the device, or of the gateway of its serial line."))
@click.option("--port", type=click.IntRange(1, 65535), help=_("Port there."))
@click.option(
    "--address", help=_("Modbus: number on the line; DL/T 645: 12 digits; CJ/T 188: kind and 14 digits, 10:000….")
)
@click.option("--period", "period_s", type=click.IntRange(1, 86400), help=_("Seconds from reading to reading."))
def device_set(code: str, sender: str | None, meter: str | None, **told: Any) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.gateway_commands import meter_of
    from nengtan.telemetry.models import Device
    from nengtan.telemetry.services.devices import save_device

    known = Device.objects.filter(code=code).first()
    values = {name: value for name, value in told.items() if value is not None}
    if sender:
        values["gateway"] = gateway_of(sender)
    if meter:
        values["meter"] = meter_of(meter)
    needed = {"gateway": "--gateway", "meter": "--meter", "template": "--template", "host": "--host"}
    needed |= {"address": "--address"}
    for name, option in needed.items():
        if known is None and name not in values:
            die(_("A new device needs %(option)s.") % {"option": option})
    save_device(system_actor(), values if known else {"code": code, **values}, known)


@device.command("end", help=_("Ask a device no longer."))
@click.argument("code")
def device_end(code: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services.devices import end_device

    end_device(system_actor(), device_of(code))


@device.command("list", help=_("List devices, and which do not answer."))
@format_option
def device_list(format: str) -> None:
    from nengtan.telemetry.models import Device

    rows = Device.objects.filter(ended_at=None).select_related("meter", "gateway")
    names = ("code", "protocol", "host", "port", "address", "template", "period_s", "seen_at", "fault", "failing_since")
    told = [
        {"meter": one.meter.code, "gateway": one.gateway.code, **{name: getattr(one, name) for name in names}}
        for one in rows
    ]
    emit(told, DEVICE_COLUMNS, format)


@device.command("templates", help=_("List device templates: what devices show where."))
@format_option
def device_templates_list(format: str) -> None:
    from nengtan.reference.devices import MAIN, device_templates

    rows = [
        {
            "code": one.code, "protocol": one.protocol, "maker": one.maker, "model": one.model, "version": one.version,
            "keys": " ".join(key or MAIN for key in one.keys),
        }
        for one in device_templates().values()
    ]  # fmt: skip
    emit(rows, TEMPLATE_COLUMNS, format)


@device.command("read", help=_("Read a device that was entered, now; nothing is kept."))
@click.argument("code")
@format_option
def device_read(code: str, format: str) -> int:
    from nengtan.reference.devices import device_templates

    one = device_of(code)
    return _read(one.host, one.port, one.address, device_templates()[one.template], format)


@gateway.group("modbus", help=_("Devices that speak Modbus TCP."))
def modbus() -> None:
    """Trying a register map."""


@modbus.command(
    "read",
    help=_("Read a device at ADDRESS:PORT by a template, or single points; nothing is kept. Try this before use."),
)
@click.argument("line", metavar="ADDRESS:PORT")
@click.option("--unit", type=click.IntRange(0, 255), default=1, show_default=True, help=_("Its number on the line."))
@click.option("--template", help=_("What is where, as “nengtan gateway device templates” lists them."))
@click.option(
    "--point", "points", multiple=True,
    help=_("FUNCTION:REGISTER:KIND:ORDER, such as 3:0x4000:f32:abcd, as often as needed. Kinds: u16 s16 u32 s32 u64 "
           "s64 f32 f64; orders: abcd cdab badc dcba."),
)  # fmt: skip
@format_option
def modbus_read(line: str, unit: int, template: str | None, points: tuple[str, ...], format: str) -> int:
    from nengtan.reference.devices import DeviceTemplate

    if bool(template) == bool(points):
        die(_("Give either --template or --point."))
    host, port = address_of(line)
    made = (
        template_of(template, "modbus")
        if template
        else DeviceTemplate("", "", "", "", "modbus", tuple(_point(text) for text in points))
    )
    return _read(host, port, str(unit), made, format)


def _serial(name: str, template: str, title: str) -> None:
    """The group of a protocol on a serial line, with its ``read``."""

    @gateway.group(name, help=title)
    def group() -> None:
        pass

    @group.command(
        "read", help=_("Read a meter behind the gateway at ADDRESS:PORT; nothing is kept. Try this before use.")
    )
    @click.argument("line", metavar="ADDRESS:PORT")
    @click.option("--address", required=True, help=_("Address of the meter: 12 digits, or of CJ/T 188 10:000…."))
    @click.option("--template", "chosen", default=template, show_default=True, help=_("Device template."))
    @format_option
    def read(line: str, address: str, chosen: str, format: str) -> int:
        return _read(*address_of(line), address, template_of(chosen, name), format)


_serial("dlt645", "dlt645-2007", _("Electricity meters of DL/T 645-2007 behind a serial gateway."))
_serial("cjt188", "cjt188-water", _("Meters of water, heat and gas of CJ/T 188 behind a serial gateway."))


def _read(host: str, port: int, address: str, template: DeviceTemplate, format: str) -> int:
    from nengtan.reference.devices import MAIN
    from nengtan.telemetry.gateways.asking import NoAnswer, Shown, ask, line_to

    async def run() -> Sequence[Shown]:
        async with line_to(template.protocol, host, port) as line:
            return await ask(line, address, template)

    try:
        shown = asyncio.run(run())
    except NoAnswer as error:
        die(_("The device does not answer as it should: %(error)s") % {"error": error}, REFUSED)
    rows = [{"key": one.key or MAIN, "value": one.value, "unit": one.unit, "reason": one.reason} for one in shown]
    emit(rows, SHOWN_COLUMNS, format)
    return 0


def _point(text: str) -> Point:
    from nengtan.domain.devices.modbus import Point
    from nengtan.domain.frames.modbus import Kind, Order

    parts = text.lower().split(":")
    try:
        function, address, kind, order = [*parts, "abcd"][:4]
        return Point(text, int(function), int(address, 0), Kind(kind), Order(order))
    except ValueError:
        die(_("Found “%(found)s”; a point such as 3:0x4000:f32:abcd is allowed.") % {"found": text})


def template_of(code: str, protocol: str) -> DeviceTemplate:
    """A template of a protocol; ends the command where there is none."""
    from nengtan.reference.devices import device_templates

    found = device_templates().get(code)
    if found is None or found.protocol != protocol:
        allowed = " ".join(name for name, one in device_templates().items() if one.protocol == protocol)
        die(_("Found “%(found)s”; allowed: %(allowed)s.") % {"found": code, "allowed": allowed})
    return found


def device_of(code: str) -> Device:
    """A device by its code."""
    from nengtan.telemetry.models import Device

    found: Any = Device.objects.filter(code=code).select_related("gateway__institution__region", "meter").first()
    return found or absent(code)
