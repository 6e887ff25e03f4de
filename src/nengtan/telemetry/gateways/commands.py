"""Commands about how gateways are connected: names for registers, accounts at a broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import click
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nengtan.telemetry.gateway_commands import absent, gateway, gateway_of, register_of
from nengtan.ui.cli import die, emit, emit_one, format_option

if TYPE_CHECKING:
    from nengtan.telemetry.gateways.mosquitto import Account
    from nengtan.telemetry.models import CollectorLink

POINT_COLUMNS = {
    "name": gettext_lazy("Name at the gateway"),
    "meter": gettext_lazy("Meter"),
    "register": pgettext_lazy("of a meter", "Register"),
}
LINK_COLUMNS = {
    "building": gettext_lazy("Building code"),
    "number": gettext_lazy("Number"),
    "profile": gettext_lazy("Link profile"),
    "md5_key": gettext_lazy("Key of the proof, shown this once"),
    "aes_key": gettext_lazy("Key of the cipher, shown this once"),
}
COLLECTOR_COLUMNS = {
    "gateway": gettext_lazy("Gateway"),
    "building": LINK_COLUMNS["building"],
    "number": LINK_COLUMNS["number"],
    "profile": LINK_COLUMNS["profile"],
    "settings": gettext_lazy("What differs from it"),
    "seen_at": gettext_lazy("Last heard of"),
}
PROFILE_COLUMNS = {
    "code": gettext_lazy("Code"),
    "name": gettext_lazy("Name"),
    "head": gettext_lazy("Head"),
    "tail": gettext_lazy("Tail"),
    "crc": gettext_lazy("Check sum"),
    "md5_order": gettext_lazy("Order of the proof"),
    "encrypt_auth": gettext_lazy("Proof enciphered"),
}
TOLD_COLUMNS = {
    "operation": gettext_lazy("Told"),
    "told": pgettext_lazy("of a command", "With"),
    "entered_at": gettext_lazy("Entered"),
    "sent_at": pgettext_lazy("of a command", "Sent"),
    "answered_at": gettext_lazy("Answered"),
    "answer": gettext_lazy("Answer"),
}
BROKER_COLUMNS = {
    "folder": gettext_lazy("Folder"),
    "gateways": gettext_lazy("Gateways let in"),
    "left_out": gettext_lazy("Gateways left out"),
}


@gateway.group("point", help=_("Names a gateway has for registers, where they are not the codes of meters."))
def point() -> None:
    """What a gateway calls things."""


@point.command("set", help=_("Say which register a gateway means by a name of its own, such as 1/1."))
@click.argument("code")
@click.argument("name")
@click.option("--meter", required=True, help=_("Code of the meter."))
@click.option("--register", default="", help=_("Code of one of its registers; without it the main one."))
def point_set(code: str, name: str, meter: str, register: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services import set_point

    set_point(system_actor(), gateway_of(code), name, register_of(meter, register))


@point.command("remove", help=_("Forget a name a gateway had for a register."))
@click.argument("code")
@click.argument("name")
def point_remove(code: str, name: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.models import GatewayPoint
    from nengtan.telemetry.services import remove_point

    found: Any = GatewayPoint.objects.filter(gateway=gateway_of(code), name=name)
    remove_point(system_actor(), found.select_related("gateway__institution__region").first() or absent(name))


@point.command("list", help=_("List the names a gateway has for registers."))
@click.argument("code")
@format_option
def point_list(code: str, format: str) -> None:
    from nengtan.telemetry.models import GatewayPoint

    rows = GatewayPoint.objects.filter(gateway=gateway_of(code))
    told = rows.values_list("name", "register__meter__code", "register__code")
    emit([dict(zip(POINT_COLUMNS, row, strict=True)) for row in told], POINT_COLUMNS, format)


@gateway.command(
    "mosquitto",
    help=_(
        "Write what the broker Mosquitto needs to let gateways in: accounts, topics and, where there is none yet, its "
        "configuration. Run it again when gateways were added or ended."
    ),
)
@click.option(
    "--write", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help=_("Folder to write to.")
)
@format_option
def gateway_mosquitto(folder: Path, format: str) -> None:
    from nengtan.telemetry.gateways.mosquitto import Account, write_files
    from nengtan.telemetry.models import Gateway

    url = urlsplit(settings.MQTT_URL)
    if not url.username or not url.password:
        die(_("Set NENGTAN_MQTT_URL first, our own account there, such as mqtt://nengtan:PASSWORD@127.0.0.1:1883."))
    rows = Gateway.objects.filter(ended_at=None).values_list("code", "institution__code", "password")
    accounts: list[Account] = [Account(*row) for row in rows]
    ours = Account(unquote(url.username), "", unquote(url.password))
    written = write_files(folder, accounts, ours, url.hostname or "127.0.0.1", url.port or 1883)
    left = sorted({one.code for one in accounts} - set(written))
    emit_one({"folder": folder, "gateways": written, "left_out": left}, format, BROKER_COLUMNS)


@gateway.group("collector", help=_("Collectors that report by the national protocol: keys, links, what they are told."))
def collector() -> None:
    """The national collector protocol."""


@collector.command(
    "set",
    help=_(
        "Say by what a gateway calls itself as a collector and how its link is written. A new one is given keys, which "
        "are shown this once."
    ),
)
@click.argument("code")
@click.option("--building", help=_("Building code it calls itself by, such as 420106A001."))
@click.option("--number", help=_("Its number in the building, such as 01."))
@click.option("--profile", help=_("Link profile, as “nengtan gateway collector profiles” lists them."))
@click.option("--set", "changed", multiple=True, help=_("What differs from the profile: NAME=VALUE, often as needed."))
@click.option("--md5-key", help=_("Key of the proof: 16 characters or 32 hexadecimal digits."))
@click.option("--aes-key", help=_("Key of the cipher; empty: bodies are readable."))
@format_option
def collector_set(
    code: str, building: str | None, number: str | None, profile: str | None, changed: tuple[str, ...],
    md5_key: str | None, aes_key: str | None, format: str,
) -> None:  # fmt: skip
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.models import CollectorLink
    from nengtan.telemetry.services.links import save_collector

    gateway_ = gateway_of(code)
    known = CollectorLink.objects.filter(gateway=gateway_).exists()
    told: dict[str, Any] = {"building": building, "number": number, "profile": profile}
    told = {name: value for name, value in told.items() if value is not None}
    if changed:
        told["settings"] = pairs(changed)
    defaults = {} if known else {"number": "01", "profile": "head-6868"}
    link, shown = save_collector(system_actor(), gateway_, {**defaults, **told}, md5_key, aes_key)
    emit_one({"building": link.building, "number": link.number, "profile": link.profile, **shown}, format, LINK_COLUMNS)


@collector.command("list", help=_("List collectors."))
@format_option
def collector_list(format: str) -> None:
    from nengtan.telemetry.models import CollectorLink

    rows = CollectorLink.objects.select_related("gateway")
    names = ("building", "number", "profile", "settings")
    told = [
        {"gateway": one.gateway.code, "seen_at": one.gateway.seen_at, **{name: getattr(one, name) for name in names}}
        for one in rows
    ]
    emit(told, COLLECTOR_COLUMNS, format)


@collector.command("profiles", help=_("List link profiles: how regions write frames, proof and cipher."))
@format_option
def collector_profiles(format: str) -> None:
    from django.utils.translation import get_language

    from nengtan.reference.links import link_profiles

    name = "name_zh" if (get_language() or "").startswith("zh") else "name_en"
    rows = [{"code": code, "name": told[name], **told} for code, told in link_profiles().items()]
    emit(rows, PROFILE_COLUMNS, format)


@collector.command("remove", help=_("Know a collector no longer; what it reported stays."))
@click.argument("code")
def collector_remove(code: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services.links import remove_collector

    remove_collector(system_actor(), link_of(code))


@collector.command(
    "tell",
    help=_(
        "Have a collector told something as soon as it is there: query, query_config, period, ip_port, id_config, "
        "report_mode, md5_key, aes_key or reboot, with what it says as NAME=VALUE."
    ),
)
@click.argument("code")
@click.argument("operation")
@click.argument("values", nargs=-1)
@click.option("--key", default="", help=_("The new key; without it one is made."))
def collector_tell(code: str, operation: str, values: tuple[str, ...], key: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services.links import tell_collector

    tell_collector(system_actor(), link_of(code), operation, pairs(values), key)


@collector.command("told", help=_("What collectors were told, and what they answered."))
@click.argument("code")
@format_option
def collector_told(code: str, format: str) -> None:
    rows = [{name: getattr(one, name) for name in TOLD_COLUMNS} for one in link_of(code).commands.order_by("-pk")[:100]]
    emit(rows, TOLD_COLUMNS, format)


def link_of(code: str) -> CollectorLink:
    """The link of a collector by the code of its gateway."""
    from nengtan.telemetry.models import CollectorLink

    found: Any = CollectorLink.objects.filter(gateway__code=code).select_related("gateway__institution__region")
    return found.first() or absent(code)


def pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE as a mapping; ends the command where one is none."""
    for text in texts:
        if "=" not in text:
            die(_("Found “%(found)s”; NAME=VALUE is allowed.") % {"found": text})
    return dict(text.split("=", 1) for text in texts)
