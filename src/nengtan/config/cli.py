"""The ``nengtan`` command: finds its folder and language first, then gathers the commands of all rooms."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from nengtan import __version__

if TYPE_CHECKING:
    from nengtan.config.conf import ConfigError

ROOMS = ("identity", "registry", "telemetry", "ledger", "carbon", "reporting", "trusteeship", "config")
"""Rooms that have commands; each exports ``commands``."""

OWN = {"carbon": "carbon", "finance": "trusteeship", "mv": "trusteeship"}
"""Verbs that need no room but their own: they compute from files, and start without the others."""

MAKERS = ("migrate", "demo")
"""Verbs that make the folder where there is none; all others only use it."""


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the command."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    _use_folder(arguments)
    _use_language()
    if _verb(arguments) in OWN:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads cost more than they bring
    from nengtan.config.conf import ConfigError, load

    try:
        if _verb(arguments) in MAKERS and "--help" not in arguments and "-h" not in arguments:
            load().make_dir()
        _prepare()
    except ConfigError as error:
        _refuse(arguments, error)
    from nengtan.config.group import run

    room = OWN.get(_verb(arguments))
    run(arguments, __version__, (room,) if room else ROOMS)


def _refuse(arguments: Sequence[str], error: ConfigError) -> NoReturn:
    """Without settings Django cannot run: one line, or for ``nengtan check`` every fault in the form asked for."""
    from nengtan.config.conf import examine
    from nengtan.config.words import gettext as _

    asked = _verb(arguments) == "check"
    faults = (asked and examine()[1]) or [str(error)]
    if asked and any(argument.removeprefix("--format=") == "json" for argument in arguments):
        found = [{"state": "bad", "subject": _("settings"), "message": fault} for fault in faults]
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stderr.writelines(_("Error: %(message)s") % {"message": fault} + "\n" for fault in faults)
    sys.exit(2)


def _use_folder(arguments: list[str]) -> None:
    """``--dir`` counts wherever it stands: Django must know the folder before any command is read."""
    for place, argument in enumerate(arguments):
        if argument == "--dir" and place + 1 < len(arguments):
            os.environ["NENGTAN_DIR"] = arguments[place + 1]
        elif argument.startswith("--dir="):
            os.environ["NENGTAN_DIR"] = argument.removeprefix("--dir=")


def _verb(arguments: Sequence[str]) -> str:
    """The command asked for, ``--dir`` before it passed over; empty if there is none."""
    rest = list(arguments)
    while rest and rest[0].startswith("--dir"):
        del rest[: 1 if "=" in rest[0] else 2]
    return rest[0] if rest else ""


def _use_language() -> None:
    """The language of the person at the console, unless the installation names one."""
    if "NENGTAN_LANGUAGE" in os.environ:
        return
    spoken = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    if spoken.lower().startswith("en"):
        os.environ["NENGTAN_LANGUAGE"] = "en"


def _prepare() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nengtan.config.settings")
    import_module("nengtan.config.settings")
    import django
    from django.conf import settings
    from django.utils import translation

    django.setup()
    translation.activate(settings.LANGUAGE_CODE)
    from nengtan.config import clickwords

    clickwords.speak(settings.LANGUAGE_CODE)


if __name__ == "__main__":
    main()
