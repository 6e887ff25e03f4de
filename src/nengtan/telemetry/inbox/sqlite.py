"""The inbox of an embedded installation: a file of its own, so that no long work of the business database holds it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nengtan.telemetry.inbox.base import Inbox
from nengtan.ui.jobs.locks import held

__all__ = ["SqliteInbox"]


class SqliteInbox(Inbox):
    """Write-ahead log with full synchronisation: what is committed is on the disk."""

    number_type, bytes_type, own_number, mark = "INTEGER", "BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT", "?"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self.make()

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            made = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = FULL")
            self._local.connection = made
        connection: sqlite3.Connection = self._local.connection
        return connection

    def close(self) -> None:
        if hasattr(self._local, "connection"):
            self._local.connection.close()
            del self._local.connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        connection = self._connection()
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
        except BaseException:
            connection.rollback()
            raise
        connection.commit()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """Readers of a write-ahead log wait for nobody, and nobody waits for them."""
        yield self._connection().cursor()

    @contextmanager
    def exclusive(self, wait_s: float = 60) -> Iterator[bool]:
        """A lock on a file, which ends with the process that holds it."""
        until = time.monotonic() + wait_s
        with self.path.with_suffix(".lock").open("a") as file:
            while not (got := held(file)) and time.monotonic() < until:
                time.sleep(0.05)
            yield got
