"""The ``nengtan demo`` command."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click
from django.conf import settings
from django.utils.translation import gettext as _

from nengtan.identity.roles import Role
from nengtan.ui.cli import die, progress_bar

if TYPE_CHECKING:
    from nengtan.demo.builder import Built


@click.command("demo", help=_("Build the demonstration district and serve it; twice is harmless."))
@click.option("--no-serve", is_flag=True, help=_("Only build it."))
@click.option("--host", default=None, help=_("Address to listen on."))
@click.option("--port", type=click.IntRange(0, 65535), default=None, help=_("Port to listen on; 0: any free one."))
@click.option("--no-browser", is_flag=True, help=_("Only print the address; open no browser."))
def demo(no_serve: bool, host: str | None, port: int | None, no_browser: bool) -> None:
    """Build once, print who can sign in, serve, and open a browser where somebody sits in front of one."""
    from nengtan.demo.builder import build_demo
    from nengtan.demo.mark import NotADemo

    try:
        with progress_bar(_("Building the demonstration")) as step:
            built = build_demo(Path(settings.CONFIG.dir), step)
    except NotADemo as error:
        die(str(error))
    _introduce(built)
    if no_serve:
        return
    from nengtan.config.serving import announce, serve

    serve(host, port, on_ready=announce if no_browser else show)


def show(address: str) -> None:
    """Say where the site is, and open a browser if the command was called by hand on a machine with a desktop."""
    from nengtan.config.serving import announce

    announce(address)
    if sys.stdout.isatty() and has_desktop():
        webbrowser.open(address)


def has_desktop() -> bool:
    """Whether a window can be opened: on Linux a display is named in the environment."""
    return not sys.platform.startswith("linux") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def _introduce(built: Built) -> None:
    click.echo(_("The demonstration is in %(folder)s.") % {"folder": built.folder.absolute()})
    click.echo(_("Files to import by hand: %(folder)s") % {"folder": built.workbooks.absolute()})
    click.echo(_("Sign in as (user name, password, role, person):"))
    width = max(len(name) for name in built.passwords)
    for username, (who, role, password) in built.passwords.items():
        click.echo(f"  {username:<{width}}  {password}  {Role(role).label} · {who}")
