"""Commands about other centres this one reports to by the national protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nengtan.telemetry.gateway_commands import absent, gateway, moment_of, register_of
from nengtan.telemetry.gateways.commands import LINK_COLUMNS, pairs
from nengtan.ui.cli import die, emit, format_option

if TYPE_CHECKING:
    from nengtan.telemetry.models import UploadLink

UPLOAD_COLUMNS = {
    "code": gettext_lazy("Code"),
    "institution": gettext_lazy("Institution"),
    "host": gettext_lazy("Address"),
    "port": gettext_lazy("Port"),
    "building": LINK_COLUMNS["building"],
    "number": LINK_COLUMNS["number"],
    "sent_until": gettext_lazy("Kept there up to"),
    "fault": gettext_lazy("What is wrong"),
}
POINT_COLUMNS = {
    "meter": gettext_lazy("Meter there"),
    "function": gettext_lazy("Function"),
    "coding": gettext_lazy("Data code"),
    "ours": gettext_lazy("Meter"),
    "register": pgettext_lazy("of a meter", "Register"),
    "total": gettext_lazy("Running total"),
    "total_until": gettext_lazy("Up to"),
}


@gateway.group("upload", help=_("Other centres this one reports to by the national protocol."))
def upload() -> None:
    """Reporting upwards."""


@upload.command("set", help=_("Add a centre to report to, or change how it is reached."))
@click.argument("code")
@click.option("--institution", "body", help=_("Code of the institution responsible for it."))
@click.option("--host", help=_("Its address."))
@click.option("--port", type=click.IntRange(1, 65535), help=_("Port there."))
@click.option("--building", help=_("Building code we call ourselves by."))
@click.option("--number", help=_("Number of the collector we call ourselves by."))
@click.option("--profile", help=_("Link profile, as “nengtan gateway collector profiles” lists them."))
@click.option("--set", "changed", multiple=True, help=_("What differs from the profile: NAME=VALUE, often as needed."))
@click.option("--md5-key", help=_("Key of the proof: 16 characters or 32 hexadecimal digits."))
@click.option("--aes-key", help=_("Key of the cipher; empty: bodies are readable."))
@click.option(
    "--content", type=click.Choice(["total", "interval"]),
    help=_("What is sent: a running total of consumption, or that of each quarter of an hour."),
)  # fmt: skip
@click.option(
    "--acknowledges/--never-acknowledges", default=None, help=_("Whether that centre says what of it is kept.")
)
@click.option("--since", help=_("From when on, such as 2026-01-01T00:00+08:00; without it from the hour that began."))
def upload_set(
    code: str, body: str | None, changed: tuple[str, ...], md5_key: str | None, aes_key: str | None, since: str | None,
    **told: Any,
) -> None:  # fmt: skip
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Institution
    from nengtan.telemetry.models import UploadLink
    from nengtan.telemetry.services.uploads import save_upload

    known = UploadLink.objects.filter(code=code).first()
    values = {name: value for name, value in told.items() if value is not None}
    if body:
        values["institution"] = Institution.objects.filter(code=body).first() or absent(body)
    if changed:
        values["settings"] = pairs(changed)
    if since or known is None:
        values["since"] = moment_of(since) if since else timezone.now().replace(minute=0, second=0, microsecond=0)
    for name in ("institution", "host", "port", "building"):
        if known is None and name not in values:
            die(_("A new link needs %(option)s.") % {"option": f"--{name}"})
    defaults = {} if known else {"code": code, "number": "01", "profile": "head-6868"}
    save_upload(system_actor(), {**defaults, **values}, md5_key, aes_key, known)


@upload.command("end", help=_("Report to a centre no longer."))
@click.argument("code")
def upload_end(code: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services.uploads import end_upload

    end_upload(system_actor(), upload_of(code))


@upload.command("list", help=_("List centres this one reports to, and how far they have come."))
@format_option
def upload_list(format: str) -> None:
    from nengtan.telemetry.models import UploadLink

    names = (
        "code", "host", "port", "building", "number", "profile", "settings", "content", "acknowledges", "since",
        "sent_until", "seen_at", "fault",
    )  # fmt: skip
    rows = UploadLink.objects.filter(ended_at=None).select_related("institution")
    told = [{"institution": one.institution.code, **{name: getattr(one, name) for name in names}} for one in rows]
    emit(told, UPLOAD_COLUMNS, format)


@upload.command("point", help=_("Say what a register is called at the other centre; without --meter list what is."))
@click.argument("code")
@click.option("--meter", help=_("Code of the meter."))
@click.option("--register", default="", help=_("Code of one of its registers; without it the main one."))
@click.option("--as", "name", help=_("What the meter is called there, such as 1."))
@click.option("--function", default="1", show_default=True, help=_("Its function there."))
@click.option("--coding", default="", help=_("Code of building, item and device there."))
@click.option("--remove", is_flag=True, help=_("Report it no longer."))
@format_option
def upload_point(
    code: str, meter: str | None, register: str, name: str | None, function: str, coding: str, remove: bool, format: str
) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.models import UploadPoint
    from nengtan.telemetry.services.uploads import remove_upload_point, set_upload_point

    link = upload_of(code)
    if meter is None:
        rows = UploadPoint.objects.filter(link=link).select_related("register__meter")
        told = [
            {
                "meter": one.meter, "function": one.function, "coding": one.coding, "ours": one.register.meter.code,
                "register": one.register.code, "total": one.total, "total_until": one.total_until,
            }
            for one in rows
        ]  # fmt: skip
        emit(told, POINT_COLUMNS, format)
        return
    ours = register_of(meter, register)
    if remove:
        found: Any = UploadPoint.objects.filter(link=link, register=ours).select_related("link__institution__region")
        remove_upload_point(system_actor(), found.first() or absent(meter))
    else:
        set_upload_point(system_actor(), link, ours, name or meter, function, coding)


def upload_of(code: str) -> UploadLink:
    """A centre to report to by its code."""
    from nengtan.telemetry.models import UploadLink

    found: Any = UploadLink.objects.filter(code=code).select_related("institution__region").first()
    return found or absent(code)
