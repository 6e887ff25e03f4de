"""From the inbox into the lake, exactly once."""

from __future__ import annotations

import logging
from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nengtan.domain.metering.readings import Flags
from nengtan.telemetry.inbox.base import Batch, Inbox
from nengtan.telemetry.lake.columns import among, months_of, unpacked, within
from nengtan.telemetry.lake.tables import MOMENT, RAW, Lake, connect
from nengtan.telemetry.marks import Mark

__all__ = ["INBOX", "move"]

log = logging.getLogger(__name__)

INBOX = "inbox"
"""By this name the lake knows which batches it has."""

MOST_BYTES = 8 * 1024 * 1024
"""So much of the inbox is moved at a time, or a single larger message."""

_CONFLICTS = """
WITH sent AS (
    SELECT *, row_number() OVER (PARTITION BY register, time, value ORDER BY place) AS again FROM doubtful
), fresh AS (
    SELECT s.* FROM sent s WHERE again = 1 AND NOT EXISTS (
        SELECT 1 FROM known k
        WHERE k.register = s.register AND k.time = s.time AND k.value IS NOT DISTINCT FROM s.value
    )
), counted AS (
    SELECT *, row_number() OVER (PARTITION BY register, time, mark ORDER BY place) AS nth FROM fresh
)
SELECT c.place, c.mark = 0 AND (c.nth > 1 OR EXISTS (
    SELECT 1 FROM known k WHERE k.register = c.register AND k.time = c.time AND k.mark = 0
)) AS conflict
FROM counted c ORDER BY c.place
"""
"""Of readings at times that are told more than once: those that say something new, and whether it contradicts."""


def move(inbox: Inbox, lake: Lake, now: Callable[[], int]) -> int:
    """Bring everything that waits into the lake; how many readings that was, repeats not counted.

    Call it while holding `Inbox.exclusive`. A process that dies anywhere in here leaves a batch that is either not
    in the lake and comes again, or in the lake and is known by its number.
    """
    moved = 0
    while (batch := inbox.take(lake.raw.done(INBOX), MOST_BYTES)) is not None:
        if lake.raw.done(INBOX) < batch.number:
            rows = _rows(batch, lake)
            lake.raw.append(rows, {INBOX: batch.number})
            moved += rows.num_rows
        inbox.finish(batch.number, now())
    return moved


def _rows(batch: Batch, lake: Lake) -> pa.Table:
    """The readings of a batch by register and time, repeats left out, contradictions marked."""
    parts = [unpacked(payload) for _pk, _source, _received, payload in batch.messages]
    whole = pa.concat_tables(parts).combine_chunks()
    message = np.repeat(np.arange(len(parts)), [part.num_rows for part in parts])
    register, time = whole["register"].to_numpy(), whole["time"].cast(pa.int64()).to_numpy()
    if not ((register[1:] > register[:-1]) | ((register[1:] == register[:-1]) & (time[1:] > time[:-1]))).all():
        order = np.lexsort((time, register))
        whole, register, time, message = whole.take(pa.array(order)), register[order], time[order], message[order]
    sources = pa.array([source for _pk, source, _received, _payload in batch.messages], pa.string())
    received = np.array([received for _pk, _source, received, _payload in batch.messages], np.int64)
    for name, column in {
        "source": pa.DictionaryArray.from_arrays(pa.array(message, pa.int32()), sources),
        "received": pa.array(received[message]).cast(MOMENT),
        "batch": pa.array(np.full(len(time), batch.number)),
        "month": pa.array(months_of(time)),
    }.items():
        whole = whole.append_column(name, column)
    return _told_apart(whole, _again(register, time), lake).select(RAW.names)


def _again(register: np.ndarray, time: np.ndarray) -> Flags:
    """Whether another of the sorted readings has the same register and time."""
    same = np.zeros(len(time) + 1, np.bool_)
    same[1:-1] = (register[1:] == register[:-1]) & (time[1:] == time[:-1])
    flags: Flags = same[1:] | same[:-1]
    return flags


def _told_apart(rows: pa.Table, again: Flags, lake: Lake) -> pa.Table:
    """Leave repeats out and mark what contradicts what came before, here or in the lake."""
    places = np.arange(rows.num_rows)
    keys = pa.table({"register": rows["register"], "time": rows["time"].cast(pa.int64()), "place": places})
    with connect() as db:
        known, hit = _known(db, keys, lake)
        doubtful = again | np.isin(places, hit)
        if not doubtful.any():
            return rows
        db.register("known", known)
        columns = keys.append_column("value", rows["value"]).append_column("mark", rows["mark"])
        db.register("doubtful", columns.filter(pa.array(doubtful)))
        found = db.execute(_CONFLICTS).fetchnumpy()
    kept, mark = ~doubtful, rows["mark"].to_numpy().copy()
    kept[found["place"]] = True
    mark[found["place"][np.asarray(found["conflict"], np.bool_)]] = Mark.CONFLICT
    at = rows.schema.get_field_index("mark")
    return rows.set_column(at, "mark", pa.array(mark)).filter(pa.array(kept))


def _known(db: duckdb.DuckDBPyConnection, keys: pa.Table, lake: Lake) -> tuple[pa.Table, np.ndarray]:
    """What the lake holds at the very times of the sorted ``keys``, and the places of these among them."""
    none = pa.table({"register": pa.array([], pa.int64()), "time": pa.array([], pa.int64()),
                     "value": pa.array([], pa.float64()), "mark": pa.array([], pa.int8())})  # fmt: skip
    if not keys.num_rows:
        return none, np.zeros(0, np.int64)
    bounds = pc.min_max(keys["time"]).as_py()
    held = [
        within(bounds["min"], bounds["max"], of) + " AND " + among(keys["register"].to_numpy(), of) for of in ("", "r.")
    ]
    files = lake.raw.files(held[0])
    if not files:
        return none, np.zeros(0, np.int64)
    db.register("keys", keys)
    found = db.execute(
        "SELECT k.place, r.register, k.time, r.value, r.mark FROM read_parquet($files) r "
        f"JOIN keys k ON r.register = k.register AND epoch_us(r.time) = k.time WHERE {held[1]}",
        {"files": files},
    ).to_arrow_table()
    return found.drop_columns(["place"]), found["place"].to_numpy()
