"""Commands on the quality of readings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

import click
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.ui.cli import die, emit, emit_one, format_option

QUALITY_COLUMNS = {
    "meter": gettext_lazy("Meter"),
    "institution": gettext_lazy("Household"),
    "good": gettext_lazy("Measured well"),
    "estimated": gettext_lazy("Estimated"),
    "missing": gettext_lazy("Missing"),
    "gaps": gettext_lazy("Gaps"),
    "longest_gap_h": gettext_lazy("Longest gap, h"),
    "stuck_h": gettext_lazy("Stood still, h"),
    "doubts": gettext_lazy("Readings in doubt"),
}
REPAIR_COLUMNS = {
    "id": gettext_lazy("Number"),
    "meter": gettext_lazy("Meter"),
    "kind": gettext_lazy("Decision"),
    "since": gettext_lazy("From"),
    "until": gettext_lazy("To"),
    "value": gettext_lazy("Value"),
    "reason": gettext_lazy("Reason"),
}


@click.group("quality", invoke_without_command=True, help=_("How well meters are read, the worst first."))
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help=_("Days to look back."))
@format_option
@click.pass_context
def quality(context: click.Context, days: int, format: str) -> None:
    """The board; below it what is decided of single readings."""
    if context.invoked_subcommand:
        return
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries.quality import quality_dict, quality_of

    told = [quality_dict(one) for one in quality_of(system_actor(), days)]
    if format != "json":
        told = [{**one, "doubts": sum(one["doubts"].values())} for one in told]
    emit(told, QUALITY_COLUMNS, format)


@quality.command("repair", help=_("Decide on a reading in doubt, or estimate what nobody measured."))
@click.option("--meter", "code", required=True, help=_("Code of the meter."))
@click.option(
    "--kind", type=click.Choice(["accept", "leave_out", "edit", "estimate"]), required=True,
    help=_("Let it stand, leave it out, count it as another value, or estimate a stretch."),
)  # fmt: skip
@click.option("--at", "since", required=True, help=_("Time of the reading; of an estimate where it begins."))
@click.option("--to", "until", help=_("Of an estimate, where it ends."))
@click.option("--value", help=_("What the register should read; of an estimate what was used, else as on like days."))
@click.option("--reason", required=True, help=_("Why, for the record."))
@format_option
def quality_repair(
    code: str, kind: str, since: str, until: str | None, value: str | None, reason: str, format: str
) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.models import Register
    from nengtan.telemetry.services import repair

    register = Register.objects.filter(meter__code=code, code="").select_related("meter__institution__region").first()
    if register is None:
        die(_("There is no “%(code)s” within your reach.") % {"code": code})
    values: dict[str, Any] = {"kind": kind, "since": _moment(since), "reason": reason}
    values |= {"until": _moment(until)} if until else {}
    values |= {"value": _number(value)} if value else {}
    try:
        made = repair(system_actor(), register, values)
    except ValidationError as error:
        die(" ".join(error.messages))
    emit_one(_told(made), format, REPAIR_COLUMNS)


@quality.command("undo", help=_("Undo what was decided of a reading."))
@click.argument("number", type=int, metavar=_("NUMBER"))
@click.option("--reason", required=True, help=_("Why, for the record."))
def quality_undo(number: int, reason: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.models import Repair
    from nengtan.telemetry.services import undo_repair

    made = Repair.objects.select_related("register__meter__institution__region").filter(pk=number).first()
    if made is None:
        die(_("There is no “%(code)s” within your reach.") % {"code": number})
    try:
        undo_repair(system_actor(), made, reason)
    except ValidationError as error:
        die(" ".join(error.messages))
    click.echo(_("Undone."))


@quality.command("late", help=_("Readings that came more than a day late."))
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help=_("Days to look back."))
@format_option
def quality_late(days: int, format: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries.quality import late_readings

    told = [
        {"meter": one.meter, "count": one.count, **{name: timezone.localtime(getattr(one, name)).isoformat()
                                                    for name in ("first", "last", "received")}, "source": one.source}
        for one in late_readings(system_actor(), days)
    ]  # fmt: skip
    columns = {
        "meter": gettext_lazy("Meter"), "count": gettext_lazy("Readings"), "first": gettext_lazy("From"),
        "last": gettext_lazy("To"), "received": gettext_lazy("Received"), "source": gettext_lazy("Source"),
    }  # fmt: skip
    emit(told, columns, format)


def _told(made: Any) -> dict[str, Any]:
    return {
        "id": made.pk, "meter": made.register.meter.code, "kind": str(made.kind), "since": made.since.isoformat(),
        "until": made.until and made.until.isoformat(), "value": made.value, "reason": made.reason,
    }  # fmt: skip


def _moment(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        die(_("Found “%(found)s”; a moment such as 2026-01-01T08:00 is allowed.") % {"found": text})
    return found if found.tzinfo else found.replace(tzinfo=timezone.get_current_timezone())


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        die(_("Found “%(found)s”; a number is allowed.") % {"found": text})
