"""What an inbox does, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

__all__ = ["Batch", "Inbox", "Latest", "Message", "Refused", "Stored"]

REMEMBERED = 30 * 24 * 3600 * 1_000_000
"""How long the names of moved messages are kept [µs]; after that a repeat is known by its readings."""

_CHUNK = 900
"""Values in one question: SQLite of old takes no more than 999."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Readings not kept, by meter and reason; ``sample`` is one of them as it came."""

    meter: str
    reason: str
    count: int
    sample: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The last reading of a register: when it was taken and when it arrived [µs since 1970 UTC], and what it showed.

    Readings that are left out of consumption (`marks.Mark`) are none of these.
    """

    register: int
    time: int
    value: float
    received: int


@dataclass(frozen=True, slots=True)
class Message:
    """What came at once. ``source`` and ``name`` tell messages apart, ``digest`` is the hash of what it says.

    ``received`` [µs since 1970 UTC]; ``payload``: the readings as Arrow, empty if none was kept.
    """

    source: str
    name: str
    digest: str
    received: int
    readings: int
    payload: bytes
    refused: tuple[Refused, ...] = ()
    latest: tuple[Latest, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """What the inbox says to a message: ``repeated``: it has it already; ``contradicts``: another of that name."""

    repeated: bool = False
    contradicts: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages on their way into the lake, together under one number."""

    number: int
    messages: tuple[tuple[int, str, int, bytes], ...]  # id, source, received, payload


class Inbox(ABC):
    """Messages accepted and not yet in the lake. Every method commits before it returns."""

    number_type: str
    bytes_type: str
    own_number: str
    mark: str

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Any]:
        """A cursor whose work is durable when the block ends, and undone when it fails."""

    def reading(self) -> AbstractContextManager[Any]:
        """A cursor for what only reads."""
        return self.transaction()

    @abstractmethod
    def exclusive(self, wait_s: float = 60) -> AbstractContextManager[bool]:
        """Hold the right to write to the lake; False where another process still has it after ``wait_s``."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what this thread holds; the next use takes hold of it again."""

    def close_all(self) -> None:
        """Let go of what all threads hold, before the database is taken away."""
        self.close()

    def make(self) -> None:
        """The tables, where they are not there yet."""
        with self.transaction() as cursor:
            for statement in self._tables():
                cursor.execute(statement)

    def _tables(self) -> Iterator[str]:
        yield (
            f"CREATE TABLE IF NOT EXISTS inbox_message (id {self.own_number}, source TEXT NOT NULL, "
            f"name TEXT NOT NULL, digest TEXT NOT NULL, received {self.number_type} NOT NULL, "
            f"readings {self.number_type} NOT NULL, batch {self.number_type}, payload {self.bytes_type}, "
            "UNIQUE (source, name))"
        )
        yield "CREATE INDEX IF NOT EXISTS inbox_waiting ON inbox_message (batch, id) WHERE payload IS NOT NULL"
        yield (
            "CREATE TABLE IF NOT EXISTS inbox_refused ("
            "source TEXT NOT NULL, meter TEXT NOT NULL, reason TEXT NOT NULL, "
            f"times {self.number_type} NOT NULL, first {self.number_type} NOT NULL, "
            f"latest {self.number_type} NOT NULL, sample TEXT NOT NULL, PRIMARY KEY (source, meter, reason))"
        )
        yield (
            f"CREATE TABLE IF NOT EXISTS inbox_latest (register {self.number_type} PRIMARY KEY, "
            f"time {self.number_type} NOT NULL, value DOUBLE PRECISION NOT NULL, received {self.number_type} NOT NULL)"
        )

    def accept(self, *messages: Message) -> list[Stored]:
        """Keep messages, all or none, durable when this returns; a repeat changes nothing."""
        with self.transaction() as cursor:
            return [self._accept(cursor, message) for message in messages]

    def _accept(self, cursor: Any, message: Message) -> Stored:
        cursor.execute(
            self._sql(
                "INSERT INTO inbox_message (source, name, digest, received, readings, payload) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (source, name) DO NOTHING"
            ),
            (message.source, message.name, message.digest, message.received, message.readings,
             message.payload or None),
        )  # fmt: skip
        if cursor.rowcount == 1:
            self._refuse(cursor, message)
            self._note_latest(cursor, message)
            return Stored()
        cursor.execute(
            self._sql("SELECT digest FROM inbox_message WHERE source = ? AND name = ?"), (message.source, message.name)
        )
        (digest,) = cursor.fetchone()
        return Stored(repeated=digest == message.digest, contradicts=digest != message.digest)

    def _refuse(self, cursor: Any, message: Message) -> None:
        for one in message.refused:
            cursor.execute(
                self._sql(
                    "INSERT INTO inbox_refused AS r (source, meter, reason, times, first, latest, sample) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, meter, reason) DO UPDATE SET "
                    "times = r.times + excluded.times, latest = excluded.latest, sample = excluded.sample"
                ),
                (message.source, one.meter, one.reason, one.count, message.received, message.received, one.sample),
            )

    def _note_latest(self, cursor: Any, message: Message) -> None:
        """In the order of the registers, so that two messages at once never wait for each other in turn."""
        cursor.executemany(
            self._sql(
                "INSERT INTO inbox_latest AS l (register, time, value, received) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (register) DO UPDATE SET time = excluded.time, value = excluded.value, "
                "received = excluded.received WHERE excluded.time >= l.time"
            ),
            [
                (one.register, one.time, one.value, one.received)
                for one in sorted(message.latest, key=lambda one: one.register)
            ],
        )

    def latest(self, registers: Collection[int] | None = None) -> dict[int, Latest]:
        """The last reading of each of some registers, or of all; without those that never sent one."""
        with self.reading() as cursor:
            if registers is None:
                cursor.execute("SELECT register, time, value, received FROM inbox_latest")
                return {row[0]: Latest(*row) for row in cursor.fetchall()}
            found: dict[int, Latest] = {}
            wanted = sorted(registers)
            for start in range(0, len(wanted), _CHUNK):
                part = wanted[start : start + _CHUNK]
                marks = ", ".join("?" * len(part))
                cursor.execute(
                    self._sql(f"SELECT register, time, value, received FROM inbox_latest WHERE register IN ({marks})"),  # noqa: S608
                    part,
                )
                found |= {row[0]: Latest(*row) for row in cursor.fetchall()}
        return found

    def take(self, after: int, most_bytes: int) -> Batch | None:
        """The next messages under a number of their own, greater than ``after``; None when nothing waits.

        A batch that was taken and not finished comes again as it was.
        """
        with self.transaction() as cursor:
            cursor.execute("SELECT min(batch) FROM inbox_message WHERE batch IS NOT NULL AND payload IS NOT NULL")
            (number,) = cursor.fetchone()
            if number is None:
                number = self._number(cursor, after, most_bytes)
            if number is None:
                return None
            cursor.execute(
                self._sql(
                    "SELECT id, source, received, payload FROM inbox_message "
                    "WHERE batch = ? AND payload IS NOT NULL ORDER BY id"
                ),
                (number,),
            )
            rows = tuple((pk, source, received, bytes(payload)) for pk, source, received, payload in cursor.fetchall())
        return Batch(number, rows)

    def _number(self, cursor: Any, after: int, most_bytes: int) -> int | None:
        cursor.execute("SELECT coalesce(max(batch), 0) FROM inbox_message")
        number = max(int(cursor.fetchone()[0]), after) + 1
        cursor.execute("SELECT id, length(payload) FROM inbox_message WHERE batch IS NULL AND payload IS NOT NULL "
                       "ORDER BY id LIMIT 100000")  # fmt: skip
        taken: list[int] = []
        size = 0
        for pk, length in cursor.fetchall():
            if taken and size + length > most_bytes:
                break
            taken.append(pk)
            size += length
        if not taken:
            return None
        cursor.execute(
            self._sql("UPDATE inbox_message SET batch = ? WHERE batch IS NULL AND payload IS NOT NULL AND id <= ?"),
            (number, taken[-1]),
        )
        return number

    def finish(self, number: int, now: int) -> None:
        """Forget the readings of a batch the lake has, and the names of messages of long ago."""
        with self.transaction() as cursor:
            cursor.execute(self._sql("UPDATE inbox_message SET payload = NULL WHERE batch = ?"), (number,))
            cursor.execute(
                self._sql("DELETE FROM inbox_message WHERE payload IS NULL AND received < ?"), (now - REMEMBERED,)
            )

    def waiting(self) -> int:
        """How many readings are accepted and not yet in the lake."""
        with self.transaction() as cursor:
            cursor.execute("SELECT coalesce(sum(readings), 0) FROM inbox_message WHERE payload IS NOT NULL")
            return int(cursor.fetchone()[0])

    def refusals(self, sources: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """What was refused, latest first; of some sources only, where named."""
        with self.transaction() as cursor:
            cursor.execute(
                "SELECT source, meter, reason, times, first, latest, sample FROM inbox_refused ORDER BY latest DESC"
            )
            names = ("source", "meter", "reason", "times", "first", "latest", "sample")
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return found if sources is None else [one for one in found if one["source"] in set(sources)]

    def _sql(self, text: str) -> str:
        return text if self.mark == "?" else text.replace("?", self.mark)
