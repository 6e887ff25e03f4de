"""A lake and an inbox of their own, filled by hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nengtan.domain.metering.readings import Events, Registers, no_events
from nengtan.domain.metering.rules import HOUR, SECOND
from nengtan.telemetry.inbox.base import Inbox, Message
from nengtan.telemetry.inbox.sqlite import SqliteInbox
from nengtan.telemetry.lake.book import Book
from nengtan.telemetry.lake.columns import packed
from nengtan.telemetry.lake.moving import move
from nengtan.telemetry.lake.rolling import Rolled, roll_up
from nengtan.telemetry.lake.tables import Lake, Table, connect

CHINA = 8 * HOUR
QUARTER = 900 * SECOND
START = 1_767_196_800 * SECOND
"""Midnight of 1 January 2026 in China."""

_numbers = itertools.count(1)


@dataclass
class Place:
    """A lake with its inbox, and what is known of its registers."""

    inbox: Inbox
    lake: Lake
    book: Book = field(default_factory=lambda: book(1))

    @classmethod
    def at(cls, folder: Path, registers: int = 1, **known: Any) -> Place:
        return cls(SqliteInbox(folder / "inbox.sqlite3"), Lake(str(folder / "lake")), book(registers, **known))

    def put(self, time: Sequence[int], value: Sequence[float], register: Sequence[int] | int = 1, **told: Any) -> None:
        """Readings accepted as one message and moved."""
        self.accept(time, value, register, **told)
        move(self.inbox, self.lake, lambda: START)

    def accept(
        self, time: Sequence[int], value: Sequence[float], register: Sequence[int] | int = 1, mark: int = 0,
        name: str = "",
    ) -> Any:  # fmt: skip
        times = np.asarray(time, np.int64)
        ids = np.full(len(times), register) if isinstance(register, int) else np.asarray(register, np.int64)
        payload = packed(ids, times, np.asarray(value, np.float64), np.full(len(times), mark, np.int8))
        name = name or f"message {next(_numbers)}"
        (told,) = self.inbox.accept(Message("test", name, str(hash(payload)), START, len(times), payload))
        return told

    def roll(self, **told: Any) -> Rolled:
        return roll_up(self.lake, self.book, CHINA, **told)


def book(registers: int, events: Events | None = None, **known: Any) -> Book:
    """So many registers of one kind, numbered from 1."""
    return Book(
        np.arange(1, registers + 1), Registers.alike(registers, **known), events if events is not None else no_events()
    )


def rows(table: Table, columns: str, key: str = "register, time", where: str = "true") -> list[tuple[Any, ...]]:
    """The rows that hold, times as µs."""
    files = table.files()
    if not files:
        return []
    with connect() as db:
        return db.execute(
            f"SELECT {columns} FROM (SELECT * REPLACE (epoch_us(time) AS time) FROM "
            f"read_parquet($files, hive_partitioning = true) QUALIFY row_number() OVER (PARTITION BY {key} "
            f"ORDER BY revision DESC) = 1) WHERE {where} ORDER BY ALL",
            {"files": files},
        ).fetchall()


def raw(lake: Lake) -> list[tuple[Any, ...]]:
    """Readings as the lake has them: register, time [µs], value, mark."""
    files = lake.raw.files()
    with connect() as db:
        return db.execute(
            "SELECT register, epoch_us(time), value, mark FROM read_parquet($files) ORDER BY ALL", {"files": files}
        ).fetchall()
