"""The four tables of the lake. One process at a time writes (`inbox.exclusive`); anybody reads at any time."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import ColumnProperties, CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import TableNotFoundError
from django.conf import settings

__all__ = ["FINDINGS", "INTERVALS", "MOMENT", "RAW", "STATISTICS", "Lake", "Table", "connect", "open_lake", "source_of"]

MOMENT = pa.timestamp("us", "UTC")

RAW = pa.schema(
    [
        ("register", pa.int64()), ("time", MOMENT), ("value", pa.float64()), ("mark", pa.int8()),
        ("source", pa.string()), ("received", MOMENT), ("batch", pa.int64()), ("month", pa.int32()),
    ]
)  # fmt: skip
"""Readings as received; ``mark``: `marks.Mark`; ``batch``: the move that brought them. Nothing here ever changes."""

INTERVALS = pa.schema(
    [
        ("register", pa.int64()), ("time", MOMENT), ("value", pa.float64()), ("known", pa.float64()),
        ("quality", pa.int8()), ("method", pa.int8()), ("revision", pa.int64()), ("month", pa.int32()),
    ]
)  # fmt: skip
"""Consumption by 15 minutes, ``time`` where each begins; of several rows of one interval the highest revision holds."""

FINDINGS = pa.schema(
    [
        ("register", pa.int64()), ("time", MOMENT), ("verdict", pa.int8()), ("step", pa.int8()),
        ("revision", pa.int64()), ("month", pa.int32()),
    ]
)  # fmt: skip
"""What the rules made of readings that were not plainly taken; the highest revision holds."""

STATISTICS = pa.schema(
    [
        ("register", pa.int64()), ("time", MOMENT), ("value", pa.float64()), ("good", pa.float64()),
        ("estimated", pa.float64()), ("missing", pa.float64()), ("quality", pa.int8()), ("revision", pa.int64()),
        ("grain", pa.string()), ("month", pa.int32()),
    ]
)  # fmt: skip
"""Hours, days and months; ``time`` where each begins, ``grain`` which it is; the highest revision holds."""

_AS_IS = ColumnProperties(dictionary_enabled=False)
_WRITER = WriterProperties(
    compression="ZSTD", compression_level=1, max_row_group_size=64 * 1024,
    column_properties={"time": _AS_IS, "value": _AS_IS},
)  # fmt: skip
_NO_DAY = {"delta.logRetentionDuration": "interval 7 days", "delta.deletedFileRetentionDuration": "interval 1 days"}


def connect() -> duckdb.DuckDBPyConnection:
    """A connection of its own to a DuckDB in memory, which has nothing in it; times are UTC."""
    made = _engine(os.getpid()).cursor()
    made.execute("SET TimeZone = 'UTC'")
    return made


@cache
def _engine(process: int) -> duckdb.DuckDBPyConnection:
    """Starting it takes longer than most questions: once a process."""
    return duckdb.connect(config={"threads": min(os.cpu_count() or 1, 8)})


@dataclass(frozen=True)
class Table:
    """One Delta table, made when it is first written to."""

    path: str
    schema: pa.Schema
    partition: tuple[str, ...] = ("month",)

    def open(self) -> DeltaTable | None:
        """The table as it is now; None before anything was written."""
        try:
            return DeltaTable(self.path)
        except TableNotFoundError:
            return None

    def version(self) -> int:
        """The number of the last commit, -1 before the first."""
        table = self.open()
        return -1 if table is None else table.version()

    def done(self, who: str) -> int:
        """The last number of work that ``who`` has committed here, 0 before the first."""
        table = self.open()
        return 0 if table is None else table.transaction_version(who) or 0

    def files(self, where: str = "") -> list[str]:
        """Files that may hold rows of a condition over partitions and the smallest and largest values of columns."""
        table = self.open()
        if table is None:
            return []
        return table.file_uris(file_pruning_predicate=where) if where else table.file_uris()

    def append(self, rows: pa.Table, work: Mapping[str, int] | None = None) -> None:
        """Add rows; ``work`` is the number by which each worker's work is known as done, in the same commit."""
        self._write(rows.select(self.schema.names).cast(self.schema), work, mode="append")

    def replace(self, rows: pa.RecordBatchReader, where: str) -> None:
        """Put rows, in the columns of the table, in the place of a whole partition, named by ``where``."""
        self._write(rows, None, mode="overwrite", predicate=where)

    def _write(self, rows: pa.Table | pa.RecordBatchReader, work: Mapping[str, int] | None, **how: Any) -> None:
        """Commit, and have it on the disk before anybody relies on it."""
        self._make()
        done = [Transaction(who, number) for who, number in (work or {}).items()]
        write_deltalake(
            self.path, rows, writer_properties=_WRITER,
            commit_properties=CommitProperties(app_transactions=done or None), **how,
        )  # fmt: skip
        _settle(Path(self.path), self.version())

    def _make(self) -> None:
        if self.open() is None:
            Path(self.path).mkdir(parents=True, exist_ok=True)
            DeltaTable.create(
                self.path, self.schema, mode="ignore", partition_by=list(self.partition), configuration=_NO_DAY
            )


def _settle(folder: Path, version: int) -> None:
    """Bring the files of a commit, and the folders that name them, to the disk: delta-rs leaves that to the system.

    What the inbox then forgets outlives a loss of power.
    """
    log = folder / "_delta_log" / f"{version:020}.json"
    added = [json.loads(line).get("add", {}).get("path") for line in log.read_text().splitlines()]
    files = [folder / path for path in added if path]
    for path in dict.fromkeys([*files, *(file.parent for file in files), log, log.parent, folder]):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class Lake:
    """The tables of one installation, below ``root``."""

    root: str

    @cached_property
    def raw(self) -> Table:
        return Table(f"{self.root}/raw", RAW)

    @cached_property
    def intervals(self) -> Table:
        return Table(f"{self.root}/intervals", INTERVALS)

    @cached_property
    def findings(self) -> Table:
        return Table(f"{self.root}/findings", FINDINGS)

    @cached_property
    def statistics(self) -> Table:
        return Table(f"{self.root}/statistics", STATISTICS, ("grain", "month"))


def open_lake() -> Lake:
    """The lake of this installation."""
    return Lake(str(settings.LAKE))


def source_of(files: list[str], name: str, given: str = "$files") -> str:
    """Files to read; where there are none, the table without a row."""
    if files:
        return f"read_parquet({given}, hive_partitioning = true)"
    schema = getattr(open_lake(), name).schema
    types = {"int64": "BIGINT", "int32": "INTEGER", "int8": "TINYINT", "double": "DOUBLE", "string": "VARCHAR"}
    listed = ", ".join(f"NULL::{types.get(str(one.type), 'TIMESTAMPTZ')} AS {one.name}" for one in schema)
    return f"(SELECT {listed} WHERE false)"
