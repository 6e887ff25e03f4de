"""Fast, portable writing of many rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import DateTimeField, Max, Model

from nengtan.ledger.models import ActivityFact
from nengtan.ui.fields import to_units

T = TypeVar("T")

CHUNK = 500
"""Values in one ``IN`` list: below every database's limit on parameters."""


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """``values`` in pieces."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def units(value: Decimal | None) -> int | None:
    """A fixed-point value as the database keeps it."""
    return None if value is None else to_units(value)


def reserve_ids(model: type[Model], count: int) -> int:
    """The first of ``count`` ids that nobody else will get. Call inside the transaction that uses them."""
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        _lock(table)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
            first = cursor.fetchone()[0]
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first + count - 1])
        return int(first)
    return int(model._default_manager.aggregate(last=Max("pk"))["last"] or 0) + 1


def insert(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows given column by column, by COPY on PostgreSQL and by one prepared statement on SQLite."""
    with inserting(model, columns, rows):
        pass


@contextmanager
def inserting(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[None]:
    """As :func:`insert`; the body runs while PostgreSQL still stores, and asks the database nothing."""
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(map(quote, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
                yield
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(_adapted(model, columns, rows)))  # noqa: S608
    yield


def add(model: type[Model], keys: Sequence[str], amounts: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add ``amounts`` to the row each set of ``keys`` names, or begin it with them; rows give keys, then amounts.

    No two rows may name the same keys. PostgreSQL takes all rows in one statement, a column each as an array.
    """
    columns = [*keys, *amounts]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    names = ", ".join(map(quote, columns))
    sums = ", ".join(f"{quote(name)} = {table}.{quote(name)} + excluded.{quote(name)}" for name in amounts)
    arrays = connection.vendor == "postgresql"
    marks = ", ".join(f"%s::{_kind(model, name)}[]" if arrays else "%s" for name in columns)
    source = f"SELECT * FROM unnest({marks})" if arrays else f"VALUES ({marks})"  # noqa: S608
    statement = (
        f"INSERT INTO {table} ({names}) {source} ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {sums}"
    )
    held = list(rows)
    with connection.cursor() as cursor:
        if not arrays:
            cursor.executemany(statement, held)
        elif held:
            cursor.execute(statement, [_array(column) for column in zip(*held, strict=True)])


def _array(values: Sequence[int | str]) -> str:
    """Values of one kind as PostgreSQL writes an array."""
    if isinstance(values[0], str):
        quoted = {value: '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"' for value in set(values)}
        return "{" + ",".join(map(quoted.__getitem__, values)) + "}"
    return "{" + ",".join(map(str, values)) + "}"


def _kind(model: type[Model], column: str) -> str:
    """The type of a column in the database."""
    return next(field.db_type(connection) or "" for field in model._meta.concrete_fields if field.column == column)


def hold_sums() -> None:
    """Let nobody else write facts or sums until this transaction ends. SQLite has one writer anyhow."""
    if connection.vendor == "postgresql":
        _lock(ActivityFact._meta.db_table)


def _lock(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])


def _adapted(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    """Rows with moments as the database keeps them; the other columns are plain values already."""
    kinds = {item.column: item for item in model._meta.concrete_fields}
    moments = [at for at, name in enumerate(columns) if isinstance(kinds[name], DateTimeField)]
    if not moments:
        return rows
    adapt = cache(connection.ops.adapt_datetimefield_value)

    def adapted(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for at in moments:
            values[at] = adapt(values[at])
        return values

    return map(adapted, rows)
