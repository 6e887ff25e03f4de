"""Commands that run the site."""

from __future__ import annotations

import click
from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _

from nengtan.config.health import database_fault, folder_fault, pending
from nengtan.identity.models import User
from nengtan.telemetry.gateway_commands import gateway
from nengtan.ui.cli import die

PARTS = ("mqtt", "collectors", "devices", "uploads")


@click.command("serve", help=_("Serve the site and do the work in the background, until Ctrl-C or SIGTERM."))
@click.option("--host", default=settings.CONFIG.host, show_default=True, help=_("Address to listen on."))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=settings.CONFIG.port,
    show_default=True,
    help=_("Port to listen on; 0: any free one."),
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=settings.CONFIG.workers,
    show_default=True,
    help=_("Number of web processes."),
)
@click.option("--no-worker", is_flag=True, help=_("Without the worker; “nengtan worker” runs elsewhere."))
@click.option(
    "--no-gateways",
    is_flag=True,
    help=_("Without what meters and collectors talk to; “nengtan gateway run” elsewhere."),
)
def serve(host: str, port: int, workers: int, no_worker: bool, no_gateways: bool) -> None:
    """Web, worker and, where any is configured, gateways in one process group."""
    from nengtan.config import serving

    require_fit()
    nobody = not User.objects.exists()
    serving.serve(
        host, port, workers, with_worker=not no_worker, with_gateways=not no_gateways,
        on_ready=_announce_to_nobody if nobody else serving.announce,
    )  # fmt: skip


@click.command("worker", help=_("Do the work in the background, such as imports; part of “nengtan serve”."))
def worker() -> None:
    """The process that runs jobs."""
    from nengtan.config import lifeline
    from nengtan.ui.jobs import consumer

    require_fit()
    lifeline.follow()
    consumer.run()


@gateway.command(
    "run",
    help=_(
        "Talk to meters and collectors until Ctrl-C or SIGTERM: everything that is configured, or the parts named. "
        "Part of “nengtan serve”."
    ),
)
@click.argument("parts", nargs=-1, type=click.Choice(sorted(PARTS)))
def gateway_run(parts: tuple[str, ...]) -> None:
    """The process gateways talk to."""
    from nengtan.config import lifeline
    from nengtan.telemetry.gateways import running

    require_fit()
    wanted = list(parts) or running.configured()
    if not wanted:
        die(_("Nothing is configured that meters or collectors could talk to: see “Connecting meters” in the manual."))
    lifeline.follow()
    running.run(wanted, lambda part: click.echo(_("Ready: %(part)s") % {"part": part}))


@click.command("openapi", help=_("Print the description of the API (OpenAPI 3.1, JSON)."))
def openapi() -> None:
    """The schema as /api/openapi.json serves it."""
    from nengtan.config.api import api
    from nengtan.ui.cli import to_json

    click.echo(to_json(api.get_openapi_schema()))


def _announce_to_nobody(address: str) -> None:
    """Where the site is, and how the first person gets an account; on standard error, which no program reads."""
    from nengtan.config.serving import announce

    announce(address)
    words = _("Nobody can sign in yet: run “nengtan createadmin --dir %(folder)s” in another window.")
    click.echo(words % {"folder": settings.CONFIG.dir.absolute()}, err=True)


def require_fit() -> None:
    """End with one line unless the folder can be written to and the database is whole and up to date."""
    if settings.CONFIG.dir.exists() and (fault := folder_fault(settings.CONFIG)):
        die(fault)
    try:
        missing = pending()
    except DatabaseError as error:
        die(database_fault(error))
    if missing:
        die(_("The database is not up to date. Run “nengtan migrate” first."))
