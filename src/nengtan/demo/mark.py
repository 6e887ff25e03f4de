"""What a folder says of the demonstration in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

MARK = "demonstration.json"
"""In the folder, for its owner only: the state ``building``, then version and passwords."""


class NotADemo(ValueError):
    """The folder holds somebody's data, not a demonstration; nothing was touched."""


def state_of(folder: Path) -> dict[str, Any]:
    """What the mark says; nothing where there is none.

    Raises:
        NotADemo: it cannot be read.
    """
    mark = folder / MARK
    if not mark.exists():
        return {}
    try:
        state = json.loads(mark.read_text(encoding="utf-8"))
    except ValueError as error:
        words = _("%(file)s is damaged; choose another folder for the demonstration.")
        raise NotADemo(words % {"file": mark}) from error
    return state if isinstance(state, dict) else {}


def is_unfinished(folder: Path) -> bool:
    """Whether a demonstration was begun in the folder and its building killed."""
    return state_of(folder).get("state") == "building"
