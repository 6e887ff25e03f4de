"""Database triggers that make a table append-only, for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate


def protect(app: AppConfig, model: str, changing: Sequence[str] = ()) -> None:
    """After every migrate, let the database refuse to take out or overwrite rows of ``model`` of ``app``.

    The fields ``changing`` may be updated: what is worked out, or that and when the record came to an end.

    Not a migration step: SQLite alters a table by making it anew, and the triggers of the old one go with it.
    """
    meta = app.get_model(model)._meta
    kept = tuple(str(item.column) for item in meta.concrete_fields if item.name not in changing)
    ensure = partial(_ensure, meta.db_table, kept if changing else ())
    post_migrate.connect(ensure, sender=app, weak=False, dispatch_uid=f"appendonly.{meta.db_table}")


def _ensure(table: str, columns: tuple[str, ...], **_kwargs: Any) -> None:
    with connection.cursor() as cursor:
        for statement in (_on_sqlite if connection.vendor == "sqlite" else _elsewhere)(table, columns):
            cursor.execute(statement)


def _update_of(columns: Sequence[str]) -> str:
    return f"UPDATE OF {', '.join(map(connection.ops.quote_name, columns))}" if columns else "UPDATE"


def _on_sqlite(table: str, columns: Sequence[str]) -> list[str]:
    """A row that takes another's place (``REPLACE``) is a deletion too: connections have recursive triggers on."""
    events = (("update", _update_of(columns)), ("delete", "DELETE"))
    return [
        statement
        for name, event in events
        for statement in (
            f"DROP TRIGGER IF EXISTS {table}_no_{name}",
            f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
        )
    ]


def _elsewhere(table: str, columns: Sequence[str]) -> list[str]:
    """PostgreSQL: rows are guarded one by one, and the table against being emptied (``TRUNCATE``)."""
    events = (
        ("update", _update_of(columns), "ROW"),
        ("delete", "DELETE", "ROW"),
        ("truncate", "TRUNCATE", "STATEMENT"),
    )
    function = (
        f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    return [function] + [
        f"CREATE OR REPLACE TRIGGER {table}_no_{name} BEFORE {event} ON {table} "
        f"FOR EACH {each} EXECUTE FUNCTION {table}_append_only()"
        for name, event, each in events
    ]
