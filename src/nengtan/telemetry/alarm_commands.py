"""Commands on alarms."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from nengtan.ui.cli import die, emit, format_option

COLUMNS = {
    "id": gettext_lazy("Number"),
    "state": gettext_lazy("State"),
    "title": gettext_lazy("Alarm"),
    "meter": gettext_lazy("Meter"),
    "begun": gettext_lazy("Since"),
    "why": gettext_lazy("Why"),
}


@click.group("alarms", invoke_without_command=True, help=_("What is unusual at meters, and who sees to it."))
@click.option(
    "--state", type=click.Choice(["lasting", "ordered", "over", "closed"]), help=_("Only those in this state.")
)
@format_option
@click.pass_context
def alarms(context: click.Context, state: str | None, format: str) -> None:
    """The list; below it what can be done."""
    if context.invoked_subcommand:
        return
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries.alarms import STATES, alarm_dict, alarms_seen

    told: list[dict[str, Any]] = []
    for one in alarms_seen(system_actor(), state or ""):
        record = alarm_dict(one)
        moments = {name: record[name] and record[name].isoformat() for name in ("begun", "raised", "ended")}
        told.append({**record, **moments})
    emit(told, COLUMNS, format, {"state": STATES.__getitem__})


@alarms.command("watch", help=_("Look at all meters now; the worker does so by itself."))
def alarms_watch() -> None:
    from nengtan.telemetry.services import watch

    begun = watch()
    click.echo(ngettext("%(n)s alarm began.", "%(n)s alarms began.", begun) % {"n": begun})


@alarms.command("order", help=_("Give a work order for an alarm."))
@click.argument("number", type=int, metavar=_("NUMBER"))
@click.option("--what", required=True, help=_("What is to be done."))
@click.option("--whom", required=True, help=_("Who is to do it."))
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help=_("Until which day."))
def alarms_order(number: int, what: str, whom: str, due: dt.datetime | None) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.services import give_order

    try:
        give_order(system_actor(), _alarm(number), {"what": what, "whom": whom, "due_on": due.date() if due else None})
    except ValidationError as error:
        die(" ".join(error.messages))
    click.echo(_("Stored."))


@alarms.command("close", help=_("Close the work order of an alarm."))
@click.argument("number", type=int, metavar=_("NUMBER"))
@click.option("--result", required=True, help=_("What was found and done."))
def alarms_close(number: int, result: str) -> None:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries.alarms import order_of
    from nengtan.telemetry.services import close_order

    order = order_of(_alarm(number))
    if order is None:
        die(_("No work order was given."))
    try:
        close_order(system_actor(), order, result)
    except ValidationError as error:
        die(" ".join(error.messages))
    click.echo(_("Stored."))


def _alarm(number: int) -> Any:
    from nengtan.identity.access import system_actor
    from nengtan.telemetry.queries.alarms import alarms_seen

    found = alarms_seen(system_actor()).filter(pk=number).first()
    if found is None:
        die(_("There is no “%(code)s” within your reach.") % {"code": number})
    return found
