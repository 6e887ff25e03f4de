"""Databases made for one run and removed after it: one a size, all copies of one freshly migrated."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

POSTGRES_URL = os.environ.get("NENGTAN_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


class Database:
    """An empty installation on one kind of database; ``size`` gives each province a database of its own.

    Used as a context: leaving it removes the folder and drops every database made.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.folder = Path(tempfile.mkdtemp(prefix="nengtan-bench-"))
        self.stem = f"nengtan_bench_{os.getpid()}"
        self.made: set[str] = set()

    def __enter__(self) -> Database:
        for name in [name for name in os.environ if name.startswith("NENGTAN_") and "TEST" not in name]:
            del os.environ[name]
        (self.folder / "static").mkdir()
        os.environ |= {
            "NENGTAN_DIR": str(self.folder),
            "NENGTAN_SECRET_KEY": "for-benchmarks-only-" + "x" * 40,
            "NENGTAN_HOSTS": "testserver,localhost",
            "NENGTAN_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "nengtan.config.settings",
        }
        if self.kind == "postgres":
            self._maintain(f'CREATE DATABASE "{self.stem}"')
            self.made.add(self.stem)
            os.environ["NENGTAN_DATABASE_URL"] = POSTGRES_URL.rsplit("/", 1)[0] + f"/{self.stem}"
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from django.db import connection

        connection.close()
        for name in self.made:
            self._maintain(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self) -> None:
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        call_command("migrate", verbosity=0)
        connection.close()

    def use(self, name: str) -> bool:
        """Connect to the database called ``name``, a copy of the empty one at first; whether it was made now."""
        from django.db import connection

        connection.close()
        if self.kind == "postgres":
            target = f"{self.stem}_{name}"
            fresh = target not in self.made
            if fresh:
                self._maintain(f'CREATE DATABASE "{target}" TEMPLATE "{self.stem}"')
                self.made.add(target)
            connection.settings_dict["NAME"] = target
            return fresh
        path = self.folder / f"{name}.sqlite3"
        fresh = not path.exists()
        if fresh:
            shutil.copy(self.folder / "nengtan.sqlite3", path)
        connection.settings_dict["NAME"] = str(path)
        return fresh

    def _maintain(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]


@contextmanager
def without_indexes(table: str) -> Iterator[None]:
    """Drop the plain indexes of a table for a load of millions of rows, and make them again after it."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
                "(SELECT conname FROM pg_constraint)",
                [table],
            )
        else:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = %s",
                [table],
            )
        indexes = cursor.fetchall()
        for name, _statement in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        for _name, statement in indexes:
            cursor.execute(statement)
