"""Small files put together, and files no reader needs any more removed; readers never notice."""

from __future__ import annotations

from collections import Counter
from urllib.parse import unquote

from nengtan.telemetry.lake.tables import Lake, Table, connect

__all__ = ["KEPT_H", "MANY", "clear", "tidy"]

MANY = 24
"""A partition of so many files is written anew as one."""

KEPT_H = 24
"""How long a file that was replaced is kept for those who still read it [h]."""

_ORDER = "register, time"
_AT_A_TIME = 64 * 1024
_KEYS = {"findings": "register, time", "intervals": "register, time", "statistics": "register, time"}


def tidy(lake: Lake, many: int = MANY) -> int:
    """Write partitions of many files anew, sorted by register and time, only the rows that hold; how many that was.

    Call it while holding `Inbox.exclusive`.
    """
    return sum(
        _rewrite(table, partition)
        for table in (lake.raw, lake.intervals, lake.findings, lake.statistics)
        for partition, count in _partitions(table).items()
        if count >= many
    )


def _partitions(table: Table) -> Counter[tuple[tuple[str, str], ...]]:
    """How many files each partition has."""
    depth = len(table.partition)
    return Counter(
        tuple(tuple(unquote(part).split("=", 1)) for part in file.split("/")[-1 - depth : -1])  # type: ignore[misc]
        for file in table.files()
    )


def _rewrite(table: Table, partition: tuple[tuple[str, str], ...]) -> int:
    where = " AND ".join(f"{name} = {value if name == 'month' else repr(value)}" for name, value in partition)
    name = table.path.rsplit("/", 1)[-1]
    latest = (
        f"QUALIFY row_number() OVER (PARTITION BY {_KEYS[name]} ORDER BY revision DESC) = 1" if name in _KEYS else ""
    )
    columns = ", ".join("month::INTEGER AS month" if one == "month" else one for one in table.schema.names)
    with connect() as db:
        rows = db.execute(
            f"SELECT {columns} FROM read_parquet($files, hive_partitioning = true) {latest} ORDER BY {_ORDER}",
            {"files": table.files(where)},
        ).to_arrow_reader(_AT_A_TIME)
        table.replace(rows, where)
    return 1


def clear(lake: Lake) -> int:
    """Remove files that were replaced a day ago; how many that was."""
    removed = 0
    for table in (lake.raw, lake.intervals, lake.findings, lake.statistics):
        found = table.open()
        if found is not None:
            removed += len(found.vacuum(KEPT_H, dry_run=False, enforce_retention_duration=False))
    return removed
