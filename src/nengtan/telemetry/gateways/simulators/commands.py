"""``nengtan simulate``: what a meter, a gateway or a collector would say."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import click
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.telemetry.gateways.simulators.course import Course
from nengtan.ui.cli import die

__all__ = ["simulate"]

F = TypeVar("F", bound=Callable[..., Any])


@click.group("simulate", help=_("Meters, gateways and collectors that are none, for trying things out."))
def simulate() -> None:
    """Something to connect."""


def course_options(command: F) -> F:
    """What the simulated registers show."""
    for option in (
        click.option(
            "--rise", type=Decimal, default=Decimal("0.25"), show_default=True, help=_("Rise from one to the next.")
        ),
        click.option("--first", type=Decimal, default=Decimal(100), show_default=True, help=_("First reading.")),
        click.option(
            "--step", type=click.IntRange(1, 86400), default=900, show_default=True,
            help=_("Seconds from reading to reading, as their times tell."),
        ),
        click.option("--start", help=_("Time of the first reading, such as 2026-01-01T08:00+08:00; without it now.")),
    ):  # fmt: skip
        command = option(command)
    return command


def course(start: str | None, step: int, first: Decimal, rise: Decimal) -> Course:
    """The course that options tell."""
    try:
        begun = dt.datetime.fromisoformat(start) if start else timezone.localtime().replace(microsecond=0)
    except ValueError:
        die(_("Found “%(found)s”; a moment such as 2026-01-01T08:00+08:00 is allowed.") % {"found": start})
    begun = begun if begun.tzinfo else begun.replace(tzinfo=timezone.get_current_timezone())
    return Course(begun, dt.timedelta(seconds=step), first, rise)


@simulate.command("mqtt", help=_("A gateway that sends readings to a broker."))
@click.option(
    "--broker", required=True, help=_("Address with code and key of the gateway: mqtt://GATEWAY:KEY@127.0.0.1:1883.")
)
@click.option("--institution", "body", required=True, help=_("Code of its institution, which its topics begin with."))
@click.option("--point", "points", multiple=True, required=True, help=_("Code of a meter, as often as needed."))
@click.option("--times", type=click.IntRange(1), default=10, show_default=True, help=_("How many messages to send."))
@click.option("--every", type=click.FloatRange(0), default=1.0, show_default=True, help=_("Seconds between them."))
@course_options
def simulate_mqtt(
    broker: str, body: str, points: tuple[str, ...], times: int, every: float, start: str | None, step: int,
    first: Decimal, rise: Decimal,
) -> None:  # fmt: skip
    import aiomqtt

    from nengtan.telemetry.gateways.mqtt import Broker
    from nengtan.telemetry.gateways.simulators.mqtt import send

    try:
        sent = asyncio.run(send(Broker.of(broker), body, points, course(start, step, first, rise), times, every))
    except aiomqtt.MqttError as error:
        die(_("The broker says: %(error)s") % {"error": error})
    click.echo(_("%(n)s messages sent and acknowledged.") % {"n": sent})


@simulate.command("collector", help=_("A collector that reports to a centre by the national protocol."))
@click.option("--centre", required=True, help=_("Address and port of the centre, such as 127.0.0.1:8601."))
@click.option("--building", required=True, help=_("Building code it calls itself by."))
@click.option("--number", default="01", show_default=True, help=_("Its number in the building."))
@click.option("--profile", default="head-6868", show_default=True, help=_("Link profile: how frames are written."))
@click.option("--set", "settings", multiple=True, help=_("What differs from the profile: NAME=VALUE, often as needed."))
@click.option("--md5-key", required=True, help=_("Key of the proof: 16 characters or 32 hexadecimal digits."))
@click.option("--aes-key", default="", help=_("Key of the cipher; without it bodies are readable."))
@click.option("--meter", "meters", multiple=True, required=True, help=_("What it calls a meter, as often as needed."))
@click.option("--times", type=click.IntRange(0), default=10, show_default=True, help=_("How many packages to send."))
@click.option("--stay", is_flag=True, help=_("Stay on the line afterwards, until Ctrl-C."))
@course_options
def simulate_collector(
    centre: str, building: str, number: str, profile: str, settings: tuple[str, ...], md5_key: str, aes_key: str,
    meters: tuple[str, ...], times: int, stay: bool, **told: Any,
) -> None:  # fmt: skip
    from dataclasses import replace

    from nengtan.domain.collectors.collector import key_of
    from nengtan.reference.links import link_profile
    from nengtan.telemetry.gateways.simulators.collector import SimulatedCollector

    host, port = address_of(centre)
    keys = [key_of(text) if text else None for text in (md5_key, aes_key)]
    if keys[0] is None or (aes_key and keys[1] is None):
        die(_("A key of %(n)s characters or %(hex)s hexadecimal digits is allowed.") % {"n": 16, "hex": 32})
    try:
        written = link_profile(profile, dict(pair.split("=", 1) for pair in settings))
    except ValueError as error:
        die(str(error))
    link = replace(written, md5_key=keys[0], aes_key=keys[1])
    made = SimulatedCollector(host, port, link, building, number, meters, course(**told), times, click.echo)
    sent = asyncio.run(made.run(stay))
    click.echo(_("%(n)s packages sent and acknowledged.") % {"n": sent})


def address_of(text: str) -> tuple[str, int]:
    """Host and port of an address; ends the command where it is none."""
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        die(_("Found “%(found)s”; an address and port such as 127.0.0.1:8601 are allowed.") % {"found": text})
    return host, int(port)


def listen_option(command: F) -> F:
    """Where a simulated device answers."""
    return click.option(
        "--listen", default="127.0.0.1:1502", show_default=True, help=_("Address and port to answer at.")
    )(command)


@simulate.command("modbus", help=_("A device that answers Modbus TCP, until Ctrl-C."))
@listen_option
@click.option("--unit", type=click.IntRange(0, 255), default=1, show_default=True, help=_("Its number on the line."))
@click.option("--template", default="chint-dtsu666", show_default=True, help=_("Device template."))
@course_options
def simulate_modbus(listen: str, unit: int, template: str, **told: Any) -> None:
    from nengtan.telemetry.gateways.device_commands import template_of
    from nengtan.telemetry.gateways.simulators.devices import serve_modbus

    host, port = address_of(listen)
    made = template_of(template, "modbus")
    _until_interrupted(serve_modbus(host, port, unit, made, course(**told), lambda: _ready(listen)))


@simulate.command("dlt645", help=_("An electricity meter of DL/T 645-2007 behind a serial gateway, until Ctrl-C."))
@listen_option
@click.option("--address", default="000000000161", show_default=True, help=_("Address of the meter."))
@click.option("--template", default="dlt645-2007", show_default=True, help=_("Device template."))
@course_options
def simulate_dlt645(listen: str, address: str, template: str, **told: Any) -> None:
    _serial("dlt645", listen, address, template, told)


@simulate.command("cjt188", help=_("A meter of CJ/T 188 behind a serial gateway, until Ctrl-C."))
@listen_option
@click.option("--address", default="10:00000000000001", show_default=True, help=_("Address of the meter."))
@click.option("--template", default="cjt188-water", show_default=True, help=_("Device template."))
@course_options
def simulate_cjt188(listen: str, address: str, template: str, **told: Any) -> None:
    _serial("cjt188", listen, address, template, told)


def _serial(protocol: str, listen: str, address: str, template: str, told: dict[str, Any]) -> None:
    from nengtan.telemetry.gateways.device_commands import template_of
    from nengtan.telemetry.gateways.simulators.devices import serve_serial

    host, port = address_of(listen)
    made = template_of(template, protocol)
    _until_interrupted(serve_serial(host, port, address, made, course(**told), lambda: _ready(listen)))


def _ready(listen: str) -> None:
    click.echo(_("Ready: %(part)s") % {"part": listen})


def _until_interrupted(work: Any) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(work)
