"""What is written once is never overwritten or taken out: the database itself refuses, whoever asks and however."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from nengtan.identity.access import system_actor
from nengtan.ledger.models import YearClosing
from nengtan.ledger.services import close_year, enter_fact, reopen_year
from nengtan.ledger.services.entries import FactInput
from nengtan.registry.services import record_event
from nengtan.registry.services.events import EventInput
from tests.cast import Cast

SEALED: dict[str, tuple[str, ...]] = {
    "identity.AuditEvent": (),
    "registry.InstitutionEvent": (),
    "registry.EventParty": (),
    "ledger.ActivityFact": ("standing", "region", "kind"),
    "ledger.Evidence": (),
    "ledger.ImportBatch": ("withdrawn_at",),
    "ledger.FactorVersion": ("superseded_on",),
    "ledger.FrozenFactor": (),
    "ledger.YearClosing": ("reopened_by", "reopened_at", "reason"),
}
"""Records that stay as written, and the fields of theirs that may change."""


@pytest.fixture
def written(cast: Cast) -> dict[str, Any]:
    """A row of each."""
    from nengtan.ledger.models import ImportBatch
    from nengtan.ledger.services.evidence import keep_evidence

    actor, school = system_actor(), cast.institutions["school"]
    enter_fact(actor, FactInput(school, "electricity", 202201, Decimal(100), "kWh"))
    close_year(actor, cast.regions["420106"], 2022)
    record_event(actor, EventInput("closed", date(2024, 1, 1), before=[cast.institutions["office"]]))
    ImportBatch.objects.create(evidence=keep_evidence(actor, "bills.csv", b"a,b"), accepted=1, rejected=0)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return {label: apps.get_model(label).objects.order_by("pk").first() for label in SEALED}


def refused(statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("label", SEALED)
def test_nothing_written_is_updated_or_deleted(written: dict[str, Any], label: str) -> None:
    row = written[label]
    meta = row._meta
    for item in meta.concrete_fields:
        column = connection.ops.quote_name(item.column)
        statement = f"UPDATE {meta.db_table} SET {column} = {column} WHERE id = {row.pk}"
        if item.name not in SEALED[label]:
            refused(statement)
            continue
        with connection.cursor() as cursor:
            cursor.execute(statement)
    refused(f"DELETE FROM {meta.db_table} WHERE id = {row.pk}")


@pytest.mark.parametrize("label", SEALED)
def test_nothing_written_is_replaced_or_emptied(written: dict[str, Any], label: str) -> None:
    table, key = written[label]._meta.db_table, written[label].pk
    if connection.vendor == "postgresql":
        refused(f"TRUNCATE {table} CASCADE")
        return
    for verb in ("REPLACE", "INSERT OR REPLACE"):
        refused(f"{verb} INTO {table} SELECT * FROM {table} WHERE id = {key}")


@pytest.mark.parametrize(
    ("label", "unique"),
    [("ledger.Evidence", "sha256"), ("ledger.FactorVersion", "code"), ("ledger.YearClosing", "region, year")],
)
def test_nor_by_another_row_with_the_same_name(written: dict[str, Any], label: str, unique: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite replaces rows")
    row = written[label]
    columns = [connection.ops.quote_name(item.column) for item in row._meta.concrete_fields]
    values = ", ".join("999999" if column == '"id"' else column for column in columns)
    table = row._meta.db_table
    refused(f"REPLACE INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE id = {row.pk}")


def test_a_table_that_others_point_to_is_not_emptied_either(written: dict[str, Any]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL empties tables at a stroke")
    refused("TRUNCATE registry_institution CASCADE")


def test_a_year_is_closed_again_once_it_was_reopened(cast: Cast, written: dict[str, Any]) -> None:
    actor, region = system_actor(), cast.regions["420106"]
    reopen_year(actor, YearClosing.objects.get(), "late bills")
    close_year(actor, region, 2022)
    assert YearClosing.objects.filter(region=region, year=2022).count() == 2
