"""The group all commands hang in, and how each way of failing ends: one line, exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

import click
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import DatabaseError, IntegrityError
from django.utils.translation import gettext as _

from nengtan.config.health import database_fault
from nengtan.config.problems import TROUBLES, trouble
from nengtan.domain.text import unclean
from nengtan.identity.access import Forbidden
from nengtan.identity.roles import Capability
from nengtan.identity.texts import message
from nengtan.ledger.services.posting import YearClosed
from nengtan.ui.cli import die as fail
from nengtan.ui.cli import reason_of

__all__ = ["fail", "gather", "run"]


def gather(version: str, rooms: Sequence[str]) -> click.Group:
    """The command with every room's verbs."""

    @click.group(
        name="nengtan",
        help=_("Energy and carbon management of public institutions."),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    @click.version_option(version, prog_name="nengtan", help=_("Show the version and exit."))
    def root() -> None:
        pass

    for room in rooms:
        if find_spec(f"nengtan.{room}.commands") is None:
            continue
        for command in import_module(f"nengtan.{room}.commands").commands:
            root.add_command(command)
    _complete(root)
    return root


def _complete(group: click.Group) -> None:
    """What all commands have in common: words for their parts, whole sentences in lists, and ``--dir``.

    ``--dir`` was read before anything else; here it is only named.
    """
    _take_folder(group)
    group.options_metavar = _("[OPTIONS]")
    group.subcommand_metavar = _("COMMAND [ARGS]...")
    for command in group.commands.values():
        command.options_metavar = _("[OPTIONS]")
        command.short_help = command.short_help or command.help
        if isinstance(command, click.Group):
            _complete(command)
        else:
            _take_folder(command)


def _take_folder(command: click.Command) -> None:
    if all(parameter.name != "dir" for parameter in command.params):
        help_text = _("Folder where data lives (NENGTAN_DIR).")
        command.params.append(click.Option(["--dir"], metavar="DIR", expose_value=False, help=help_text))


def run(arguments: Sequence[str], version: str, rooms: Sequence[str]) -> NoReturn:
    """Run one command and end the process."""
    if found := next(filter(None, map(unclean, arguments)), ""):
        fail(message(found))
    try:
        code = gather(version, rooms).main(list(arguments), prog_name="nengtan", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        words = _words(error)
        if words is None:
            raise
        fail(words)
    sys.exit(code if isinstance(code, int) else 0)


def _words(error: Exception) -> str | None:
    """What a person can do about an error; None for a fault of the program."""
    match error:
        case click.ClickException():
            return error.format_message()
        case Forbidden():
            return _("This needs the right “%(right)s”.") % {"right": _right(str(error))}
        case ValidationError():
            return said(error)
        case YearClosed() | ImproperlyConfigured():
            return str(error)
        case IntegrityError():
            status = trouble(error)
            return str(TROUBLES[status]) if status else None
        case DatabaseError():
            return database_fault(error)
        case OSError(filename=str(name), strerror=str()):
            return f"{name}: {reason_of(error)}"
    return None


def _right(code: str) -> str:
    return str(Capability(code).label) if code in Capability.values else code


def said(error: ValidationError) -> str:
    """A validation error on one line, fields named."""
    if hasattr(error, "error_dict"):
        return "; ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())
    return " ".join(error.messages)
