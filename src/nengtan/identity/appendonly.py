"""Database triggers that make a table append-only, for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.backends.utils import CursorWrapper
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
        statements = _on_sqlite(cursor, table, columns) if connection.vendor == "sqlite" else _elsewhere(table, columns)
        for statement in statements:
            cursor.execute(statement)


def _update_of(columns: Sequence[str]) -> str:
    return f"UPDATE OF {', '.join(map(connection.ops.quote_name, columns))}" if columns else "UPDATE"


def _on_sqlite(cursor: CursorWrapper, table: str, columns: Sequence[str]) -> list[str]:
    """SQLite puts a row in the place of another (``REPLACE``) without a word to triggers of deletion.

    So an insertion is refused where its key, or anything else unique, is there already.
    """
    there = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {same})" for same in _same_keys(cursor, table))  # noqa: S608 - names of our own tables
    events = (("update", _update_of(columns), ""), ("delete", "DELETE", ""), ("replace", "INSERT", f"WHEN {there}"))
    return [
        statement
        for name, event, when in events
        for statement in (
            f"DROP TRIGGER IF EXISTS {table}_no_{name}",
            f"CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
        )
    ]


def _same_keys(cursor: CursorWrapper, table: str) -> Iterator[str]:
    """Conditions under which a row of the table is one that a new row would replace: one for every unique index."""
    quoted = connection.ops.quote_name
    yield f"{table}.id = NEW.id"
    unique = "SELECT name, partial FROM pragma_index_list(%s) WHERE \"unique\" AND origin <> 'pk'"
    cursor.execute(unique, [table])
    for name, partly in cursor.fetchall():
        cursor.execute("SELECT name FROM pragma_index_info(%s) ORDER BY seqno", [name])
        same = " AND ".join(f"{table}.{quoted(column)} = NEW.{quoted(column)}" for (column,) in cursor.fetchall())
        if partly:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [name])
            same += f" AND ({cursor.fetchone()[0].partition(' WHERE ')[2]})"
        yield same


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
