"""Files somebody sent that are not taken in yet: kept for the person who sent them, for a day.

A draft is a folder of its own below ``drafts`` of the files of the installation: the bytes, and what they are.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from nengtan.identity.access import Actor

__all__ = ["Draft", "drop", "find", "forget", "keep", "noted", "sweep", "write"]

KEPT_SECONDS = 24 * 3600
_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_LONGEST = 64
_CONTENT, _ABOUT = "content", "about.json"


@dataclass(frozen=True)
class Draft:
    """A sent file: ``key`` names it in addresses, ``purpose`` is what it was sent for, ``options`` what was chosen."""

    key: str
    purpose: str
    filename: str
    size: int
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Where the bytes lie."""
        return _folder() / self.key / _CONTENT

    @property
    def content(self) -> bytes:
        """The bytes."""
        return self.path.read_bytes()


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "drafts"


def keep(actor: Actor, purpose: str, filename: str, content: bytes, **options: Any) -> Draft:
    """Keep a file for its sender; what others left for more than a day is swept away."""
    sweep()
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    draft = Draft(secrets.token_urlsafe(18), purpose, Path(filename).name[-200:], len(content), options)
    making = Path(tempfile.mkdtemp(prefix=".", dir=folder))
    about = {"purpose": purpose, "filename": draft.filename, "options": options, "owner": _owner(actor)}
    (making / _CONTENT).write_bytes(content)
    (making / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
    os.replace(making, folder / draft.key)
    return draft


def find(actor: Actor, purpose: str, key: str) -> Draft | None:
    """The draft of this actor; None for those of others, and once it is gone."""
    place = _folder() / key
    if not 0 < len(key) <= _LONGEST or not set(key) <= _KEY or not (place / _ABOUT).is_file():
        return None
    about = json.loads((place / _ABOUT).read_text(encoding="utf-8"))
    if about["owner"] != _owner(actor) or about["purpose"] != purpose:
        return None
    return Draft(key, purpose, about["filename"], (place / _CONTENT).stat().st_size, about["options"])


def write(draft: Draft, name: str, value: Any) -> None:
    """Leave word beside a draft, such as what was found in it; ``value`` must fit into JSON."""
    place = _folder() / draft.key
    handle, making = tempfile.mkstemp(prefix=".", dir=place)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(making, place / f"{name}.json")


def noted(draft: Draft, name: str) -> Any:
    """The word left beside a draft, or None."""
    place = _folder() / draft.key / f"{name}.json"
    return json.loads(place.read_text(encoding="utf-8")) if place.is_file() else None


def forget(draft: Draft, name: str) -> None:
    """Drop the word left beside a draft."""
    (_folder() / draft.key / f"{name}.json").unlink(missing_ok=True)


def drop(draft: Draft) -> None:
    """Forget a draft: it was taken in, or is not wanted."""
    shutil.rmtree(_folder() / draft.key, ignore_errors=True)


def sweep(older_than: float = KEPT_SECONDS) -> int:
    """Forget drafts nobody came back for; how many."""
    folder, now = _folder(), time.time()
    old = [place for place in folder.iterdir() if now - place.stat().st_mtime > older_than] if folder.is_dir() else []
    for place in old:
        shutil.rmtree(place, ignore_errors=True)
    return len(old)


def _owner(actor: Actor) -> int | None:
    return actor.user.pk if actor.user else None
