"""Readings kept and made months of: against SQLite's own durable batch insert, and a workload of a peer."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.databases import Database
from benchmarks.measuring import Row, side_by_side

INGEST_LIMIT = 3.0
"""At most so many times SQLite's own durable insert of the same rows."""

PEER, PEER_LIMIT = 115, 10.0
"""Institutions of the workload of a peer, and seconds from readings sent to months; a widely used open system needs
99 to 261."""

GROWTH = (1, 4, 16)

READINGS = 100_000
METERS = 10
"""Of each institution."""

DAYS = 31


def run(_sizes: Sequence[int], database: Database) -> list[Row]:
    """Bulk messages of 100,000 readings; the workload of the peer, four times and sixteen times as large."""
    return [_ingest(database), *(_months(PEER * times) for times in GROWTH)]


def _ingest(database: Database) -> Row:
    """A bulk message of 100,000 readings of 1,000 meters over HTTP: JSON, the key of a gateway, registers looked up."""
    from django.test import Client

    send, rows = _sender(database)
    with tempfile.TemporaryDirectory() as folder:
        plain, client, numbers = _plain(Path(folder, "plain.sqlite3")), Client(), iter(range(1000))

        def ours() -> None:
            headers = {"Authorization": f"Bearer {send.key}", "X-Message-Id": str(next(numbers))}
            answer = client.post("/api/readings", send.body, content_type="application/json", headers=headers)
            if answer.status_code != 200 or answer.json()["accepted"] != READINGS:
                raise SystemExit(answer.content[:200])

        def theirs() -> None:
            with plain:
                plain.executemany("INSERT INTO reading VALUES (?, ?, ?)", rows)

        mine, base = side_by_side(ours, theirs)
        plain.close()
    note = f"{READINGS / mine:,.0f} readings a second, on the disk; {len(send.body) / 1e6:.1f} MB of JSON"
    what = "100,000 readings over HTTP"
    return Row("telemetry", what, database.kind, 1, mine, "SQLite's executemany", base, INGEST_LIMIT, note)


class _Sender(NamedTuple):
    key: str
    body: bytes


def _sender(database: Database) -> tuple[_Sender, list[tuple[str, str, float]]]:
    """A gateway with 1,000 meters, what it sends, and the same as rows."""
    from benchmarks.province import institutions
    from nengtan.identity.access import system_actor
    from nengtan.registry.models import Institution, Meter
    from nengtan.telemetry.services import issue_gateway

    database.use("readings")
    institutions(100)
    body = Institution.objects.select_related("region").earliest("pk")
    Meter.objects.bulk_create(
        Meter(code=f"M{number}", institution=body, carrier="electricity") for number in range(1000)
    )
    _made, key = issue_gateway(system_actor(), body, "GW")
    rows = [
        (
            f"M{at % 1000}",
            f"2026-01-{1 + at // 1000 // 96:02}T{at // 1000 % 96 // 4:02}:{at // 1000 % 4 * 15:02}:00+08:00",
            at / 7,
        )
        for at in range(READINGS)
    ]
    listed = [{"meter": meter, "time": time, "value": value} for meter, time, value in rows]
    return _Sender(key, json.dumps({"readings": listed}).encode()), rows


def _plain(path: Path) -> sqlite3.Connection:
    made = sqlite3.connect(path)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("PRAGMA synchronous = FULL")
    made.execute("CREATE TABLE reading (meter TEXT, time TEXT, value REAL)")
    return made


def _months(institutions: int) -> Row:
    """In a process of its own, whose peak memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.telemetry", folder, str(institutions)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    told = json.loads(done.stdout)
    note = (
        f"{told['readings']:,} readings, {told['cpu']:.1f} s of processor, peak {told['peak_mb']:,} MB; "
        f"kept {told['kept']:.1f} s, moved {told['moved']:.1f} s, computed {told['rolled']:.1f} s"
    )
    limit = PEER_LIMIT if institutions == PEER else None
    return Row("telemetry", "a month sent to months", "lake", institutions, told["seconds"], limit=limit, note=note)


def main(folder: Path, institutions: int) -> dict[str, float]:
    """Readings of a month with 0.05 % zeros, made beforehand, from a message a meter to months."""
    import resource
    import time

    import numpy as np

    from nengtan.domain.metering.readings import Registers, no_events
    from nengtan.telemetry.inbox.base import Message
    from nengtan.telemetry.inbox.sqlite import SqliteInbox
    from nengtan.telemetry.lake.book import Book
    from nengtan.telemetry.lake.columns import packed
    from nengtan.telemetry.lake.moving import move
    from nengtan.telemetry.lake.rolling import roll_up
    from nengtan.telemetry.lake.tables import Lake

    registers, count, start = institutions * METERS, DAYS * 96 + 1, 1_767_196_800_000_000
    inbox, lake = SqliteInbox(folder / "inbox.sqlite3"), Lake(str(folder / "lake"))
    known = Registers.alike(registers, cap_kw=50, modulus=1e6)
    book = Book(np.arange(1, registers + 1), known, no_events())
    times, marks, chance = start + np.arange(count) * 900_000_000, np.zeros(count, np.int8), np.random.default_rng(4)
    clock = [time.perf_counter()]
    for register in range(registers):
        values = np.cumsum(chance.random(count) * 5) + 1000
        values[chance.random(count) < 0.0005] = 0
        payload = packed(np.full(count, register + 1), times, values, marks)
        inbox.accept(Message("bench", str(register), "", start, count, payload))
    clock.append(time.perf_counter())
    moved = move(inbox, lake, lambda: start)
    clock.append(time.perf_counter())
    rolled = roll_up(lake, book, 8 * 3600 * 1_000_000)
    clock.append(time.perf_counter())
    if moved != registers * count or rolled.statistics < registers:
        raise SystemExit("not all readings came to months")
    return {
        "readings": moved, "seconds": clock[3] - clock[0], "kept": clock[1] - clock[0], "moved": clock[2] - clock[1],
        "rolled": clock[3] - clock[2], "cpu": time.process_time(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("NENGTAN_DIR", sys.argv[1])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nengtan.config.settings")
    django.setup()
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
