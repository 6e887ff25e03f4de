"""Commands about who sends readings, and about what happens to meters."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nengtan.ui.cli import die, emit, emit_one, format_option

if TYPE_CHECKING:
    from nengtan.registry.models import Meter
    from nengtan.telemetry.models import Gateway, Register

__all__ = [
    "absent",
    "gateway",
    "gateway_of",
    "meter_event",
    "meter_of",
    "meter_ratio",
    "meter_register",
    "moment_of",
    "register_of",
]

GATEWAY_COLUMNS = {
    "code": gettext_lazy("Code"),
    "name": gettext_lazy("Name"),
    "institution": gettext_lazy("Institution"),
    "prefix": gettext_lazy("Begins with"),
    "seen_at": gettext_lazy("Last heard of"),
    "ended_at": gettext_lazy("Ended"),
}
KEY_COLUMNS = {"code": GATEWAY_COLUMNS["code"], "key": gettext_lazy("Key, shown this once")}
REFUSED_COLUMNS = {
    "source": gettext_lazy("Sender"),
    "meter": gettext_lazy("Meter"),
    "message": gettext_lazy("What is wrong"),
    "times": gettext_lazy("Times"),
    "latest": gettext_lazy("Latest"),
    "sample": pgettext_lazy("of a refused reading", "Example"),
}


@click.group("gateway", help=_("Gateways: devices and programs that send readings."))
def gateway() -> None:
    """Who sends."""


@gateway.command("list", help=_("List gateways."))
@format_option
def gateway_list(format: str) -> None:
    from nengtan.telemetry.models import Gateway

    rows = [
        {
            "code": one.code, "name": one.name, "institution": one.institution.code, "prefix": one.prefix,
            "seen_at": one.seen_at, "ended_at": one.ended_at,
        }
        for one in Gateway.objects.select_related("institution")
    ]  # fmt: skip
    emit(rows, GATEWAY_COLUMNS, format)


@gateway.command("add", help=_("Add a gateway and print its key, which is shown this once."))
@click.argument("code")
@click.option("--institution", "body", required=True, help=_("Code of the institution responsible for it."))
@click.option("--name", default="", help=_("Name of the gateway."))
@click.option(
    "--meter", "meters", multiple=True,
    help=_("Code of a meter it may send for, as often as needed; without it all meters of the institution."),
)  # fmt: skip
@format_option
def gateway_add(code: str, body: str, name: str, meters: tuple[str, ...], format: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Institution, Meter
    from nengtan.telemetry.services import issue_gateway

    institution = Institution.objects.filter(code=body).first() or absent(body)
    known = list(Meter.objects.filter(code__in=meters))
    for lacking in sorted(set(meters) - {meter.code for meter in known}):
        absent(lacking)
    made, key = issue_gateway(system_actor(), institution, code, name, known)
    emit_one({"code": made.code, "key": key}, format, KEY_COLUMNS)


@gateway.command("key", help=_("Give a gateway a new key and print it; the old one ends now."))
@click.argument("code")
@format_option
def gateway_key(code: str, format: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services import new_key

    emit_one({"code": code, "key": new_key(system_actor(), gateway_of(code))}, format, KEY_COLUMNS)


@gateway.command("end", help=_("Take nothing more from a gateway."))
@click.argument("code")
def gateway_end(code: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services import end_gateway

    end_gateway(system_actor(), gateway_of(code))


@gateway.command("refused", help=_("Readings that were refused: of whom, how many, why."))
@format_option
def gateway_refused(format: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries import refusals
    from nengtan.telemetry.wording import REFUSALS

    rows = [one | {"message": str(REFUSALS[one["reason"]])} for one in refusals(system_actor())]
    emit(rows, REFUSED_COLUMNS, format)


@click.command("event", help=_("Record that a meter was replaced or its register set; consumption follows."))
@click.option("--meter", "code", required=True, help=_("Code of the meter."))
@click.option("--register", default="", help=_("Code of one of its registers; without it the main one."))
@click.option(
    "--kind", type=click.Choice(["replacement", "zeroing", "setting"]), default="replacement", show_default=True,
    help=_("What happened."),
)  # fmt: skip
@click.option("--at", "moment", required=True, help=_("When, such as 2026-01-01T08:00+08:00; without an offset local."))
@click.option("--final", required=True, type=Decimal, help=_("Last reading before."))
@click.option("--start", required=True, type=Decimal, help=_("First reading after."))
@click.option("--document", default="", help=_("Document that says so."))
def meter_event(
    code: str, register: str, kind: str, moment: str, final: Decimal, start: Decimal, document: str
) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services import record_event

    told: dict[str, Any] = {"kind": kind, "at": moment_of(moment), "final": final, "start": start, "document": document}
    record_event(system_actor(), register_of(code, register), told)


@click.command("ratio", help=_("Set by what a meter's readings are multiplied from a moment on; consumption follows."))
@click.option("--meter", "code", required=True, help=_("Code of the meter."))
@click.option("--since", required=True, help=_("When, such as 2026-01-01T08:00+08:00; without an offset local."))
@click.option("--ct", type=Decimal, default=Decimal(1), show_default=True, help=_("Ratio of the current transformer."))
@click.option("--pt", type=Decimal, default=Decimal(1), show_default=True, help=_("Ratio of the voltage transformer."))
@click.option("--reading", type=Decimal, help=_("What the main register showed then."))
@click.option("--document", default="", help=_("Document that says so."))
def meter_ratio(code: str, since: str, ct: Decimal, pt: Decimal, reading: Decimal | None, document: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services import set_ratio

    told = {"since": moment_of(since), "ct": ct, "pt": pt, "reading": reading, "document": document}
    set_ratio(system_actor(), meter_of(code), told)


@click.command("register", help=_("Add a register of a meter, or change it; consumption follows."))
@click.option("--meter", "code", required=True, help=_("Code of the meter."))
@click.option("--register", default="", help=_("Code of one of its registers; without it the main one."))
@click.option(
    "--kind", type=click.Choice(["cumulative", "demand", "instantaneous"]), help=_("How what it shows is meant.")
)
@click.option("--direction", type=click.Choice(["in", "out"]), help=_("Which way the flow goes that it counts."))
@click.option("--unit", help=_("Unit, such as kWh."))
@click.option("--modulus", type=Decimal, help=_("Where the register starts again at 0: 1000000 for six digits."))
@click.option("--cap", type=Decimal, help=_("Largest use believed, units an hour after the ratio; kW for kWh."))
@click.option("--by-hand/--by-device", default=None, help=_("Whether a person reads it."))
@click.option("--period", "period_s", type=click.IntRange(1, 366 * 86400), help=_("Seconds from reading to reading."))
def meter_register(code: str, register: str, **told: Any) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.models import Register
    from nengtan.telemetry.services import save_register

    meter = meter_of(code)
    known = Register.objects.filter(meter=meter, code=register).first()
    values = {key: value for key, value in told.items() if value is not None}
    save_register(system_actor(), meter, values if known else {"code": register, **values}, known)


def register_of(code: str, register: str) -> Register:
    """A register by the code of its meter and its own; the main one is made where it lacks."""
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.models import Register
    from nengtan.telemetry.services import main_registers

    meter = meter_of(code)
    if not register:
        main_registers(system_actor(), [meter])
    return Register.objects.filter(meter=meter, code=register).first() or absent(f"{code} {register}")


def meter_of(code: str) -> Meter:
    """A meter by its code."""
    from nengtan.registry.models import Meter

    found: Any = Meter.objects.filter(code=code).select_related("institution__region").first()
    return found or absent(code)


def gateway_of(code: str) -> Gateway:
    """A gateway by its code."""
    from nengtan.telemetry.models import Gateway

    found: Any = Gateway.objects.filter(code=code).select_related("institution__region").first()
    return found or absent(code)


def absent(code: str) -> Any:
    """End the command: there is none of this code."""
    die(_("There is no “%(code)s” within your reach.") % {"code": code})


def moment_of(text: str) -> dt.datetime:
    """A moment as people write it, local without an offset."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        die(_("Found “%(found)s”; a moment such as 2026-01-01T08:00+08:00 is allowed.") % {"found": text})
    return found if found.tzinfo else found.replace(tzinfo=timezone.get_current_timezone())
