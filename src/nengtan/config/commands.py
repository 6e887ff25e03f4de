"""Commands of the installation itself."""

from __future__ import annotations

import click
from django.core.management import call_command
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nengtan.config.demo import demo
from nengtan.config.health import findings, pending
from nengtan.config.service import openapi, serve, worker
from nengtan.ui.cli import BAD_USE, emit, format_option


@click.command("migrate", help=_("Bring the database and the shipped reference data up to date."))
@click.option("--check", is_flag=True, help=_("Only say whether anything is to be done; exit code 1 if so."))
def migrate(check: bool) -> int:
    """Django's migrate, with one line at the end."""
    count = pending()
    if not check:
        call_command("migrate", verbosity=0, interactive=False)
    done = (
        ngettext("%(n)s migration to apply.", "%(n)s migrations to apply.", count)
        if check
        else ngettext("%(n)s migration applied.", "%(n)s migrations applied.", count)
    )
    click.echo(done % {"n": count})
    return 1 if check and count else 0


@click.command("check", help=_("Say what is misconfigured."))
@format_option
def check(format: str) -> int:
    """Every setting, the database, the folder; exit code 2 if something is wrong."""
    found = findings()
    states = {"good": _("good"), "warn": _("look at this"), "bad": _("wrong")}
    columns = {"state": _("State"), "subject": _("Subject"), "message": _("Message")}
    emit(found, columns, format, {"state": states.__getitem__})
    return BAD_USE if any(row["state"] == "bad" for row in found) else 0


commands: list[click.Command] = [demo, serve, worker, migrate, check, openapi]
