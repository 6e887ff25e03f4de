"""Which inbox an installation has."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from nengtan.telemetry.inbox.base import Inbox
from nengtan.telemetry.inbox.postgres import PostgresInbox
from nengtan.telemetry.inbox.sqlite import SqliteInbox

__all__ = ["open_inbox"]

_CONNECTING = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")


def open_inbox() -> Inbox:
    """In the business database where that is PostgreSQL, else a file in the data folder."""
    if connection.vendor == "postgresql":
        told: dict[str, Any] = connection.get_connection_params()
        return _postgres(tuple((key, told[key]) for key in _CONNECTING if told.get(key)))
    return _sqlite(str(settings.INBOX))


@cache
def _sqlite(path: str) -> Inbox:
    return SqliteInbox(Path(path))


@cache
def _postgres(parameters: tuple[tuple[str, Any], ...]) -> Inbox:
    return PostgresInbox(dict(parameters))
