"""Which stretches of which registers are to be computed again, and from which reading to which.

Readings may be parted where they are settled (`domain.metering.cleaning.Cleaned.settled`). A reading late in coming
can show that what looked like a reset was a dip, so what follows a step down is settled only once no dip that began
there could still end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa

from nengtan.domain.metering.codes import Step
from nengtan.domain.metering.readings import Flags, Ints
from nengtan.domain.metering.rules import HOUR, Rules
from nengtan.telemetry.lake.book import Book
from nengtan.telemetry.lake.columns import ENDLESS, among, within
from nengtan.telemetry.lake.tables import Lake

__all__ = ["AFTER", "DAY", "Redone", "Spans", "changed", "with_starts"]

DAY = 24 * HOUR
AFTER = 3 * DAY
"""How much of what follows a change is cleaned with it; where that does not settle it, all that follows is."""

APART = 6 * DAY
"""Changes of one register further apart than this are computed apart; well over `AFTER` and a day."""

Redone = tuple[int, int, int]
"""A register to be computed again, from when and until when [µs]: what is known of it then has changed."""

_NONE = np.zeros(0, np.int64)

_UNSETTLED = (Step.NONE, Step.CATCH_UP, Step.UNCONFIRMED)
_DOWN = (Step.RESET, Step.ROLLOVER)
_LOOKING_BACK = (2 * DAY, 70 * DAY, ENDLESS)
"""How far back a settled reading is sought, step by step: most have one the day before."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches by register and time; columns of one length.

    ``low``, ``high``: first and last change [µs]. ``count``: readings among them. ``start``: the reading from which on
    they are cleaned again [µs], and ``since``: from where on what comes of it is new [µs]; both -ENDLESS: from the
    first. ``reach``: how long after a step down it may still turn out to have been a dip [µs].
    """

    register: Ints
    low: Ints
    high: Ints
    count: Ints
    start: Ints
    since: Ints
    reach: Ints

    def __len__(self) -> int:
        return len(self.register)

    def only(self, kept: Flags | Ints | slice) -> Spans:
        return Spans(
            self.register[kept], self.low[kept], self.high[kept], self.count[kept], self.start[kept],
            self.since[kept], self.reach[kept],
        )  # fmt: skip

    def table(self) -> pa.Table:
        """For a join, numbered as they stand."""
        return pa.table(
            {
                "span": np.arange(len(self)), "register": self.register, "low": self.low, "high": self.high,
                "start": self.start, "since": self.since, "reach": self.reach,
            }
        )  # fmt: skip


def changed(
    db: duckdb.DuckDBPyConnection, lake: Lake, book: Book, rules: Rules, after: int, redo: Sequence[Redone]
) -> Spans:
    """Where readings came with batches after ``after``, and what is to be done again.

    Of cumulative registers: what else was read is kept and makes no consumption.
    """
    files = lake.raw.files(f"batch > {after}")
    db.register("asked", _asked(db, lake, redo))
    fresh = (
        "SELECT register, min(epoch_us(time)) AS low, max(epoch_us(time)) AS high, count(*) AS count "
        "FROM read_parquet($files) WHERE batch > $after AND mark = 0 "
        f"GROUP BY register, epoch_us(time) // {DAY} UNION ALL"
        if files
        else ""
    )
    query = f"""
        WITH told AS ({fresh} SELECT register, low, high, count FROM asked),
        reached AS (
            SELECT *, max(high) OVER (
                PARTITION BY register ORDER BY low, high ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS upto FROM told
        ), numbered AS (
            SELECT *, sum(coalesce(low - upto > {APART}, true)::int) OVER (PARTITION BY register ORDER BY low, high)
            AS stretch FROM reached
        )
        SELECT register, min(low) AS low, max(high) AS high, sum(count)::BIGINT AS count
        FROM numbered GROUP BY register, stretch ORDER BY register, low
    """
    found = db.execute(query, {"files": files, "after": after} if files else {}).fetchnumpy()
    db.unregister("asked")
    first = np.full(len(found["register"]), -ENDLESS)
    spans = Spans(found["register"], found["low"], found["high"], found["count"], first, first, first)
    spans = spans.only(book.known(spans.register))
    return replace(spans, reach=book.reach(spans.register, rules))


def _asked(db: duckdb.DuckDBPyConnection, lake: Lake, redo: Sequence[Redone]) -> pa.Table:
    """What is to be done again: from where, up to the last reading of it, and how many readings lie there."""
    register, low, high = (np.array(column, np.int64) for column in zip(*redo, strict=True)) if redo else (_NONE,) * 3
    again = pa.table({"register": register, "low": low, "high": high})
    files = lake.raw.files(f"{within(int(low.min()), int(high.max()))} AND {among(register)}") if redo else []
    if not files:
        return again.set_column(2, "high", [low]).append_column("count", [np.zeros(len(low), np.int64)])
    db.register("again", again)
    found = db.execute(
        f"""
        SELECT a.register, a.low, greatest(a.low, coalesce(max(epoch_us(r.time)), a.low)) AS high,
               count(r.time) AS count
        FROM again a LEFT JOIN (
            SELECT register, time FROM read_parquet($files) WHERE mark = 0 AND {among(register)}
        ) r ON r.register = a.register AND epoch_us(r.time) >= a.low AND epoch_us(r.time) <= a.high
        GROUP BY a.register, a.low, a.high
        """,
        {"files": files},
    ).to_arrow_table()
    db.unregister("again")
    return found


def with_starts(db: duckdb.DuckDBPyConnection, lake: Lake, spans: Spans, after: int, grid: int) -> Spans:
    """Each span with the last settled reading before it that came by ``after``; those that meet are one."""
    if not len(spans):
        return spans
    low = _before_open_falls(db, lake, spans)
    start, since = np.full(len(spans), -ENDLESS), np.full(len(spans), -ENDLESS)
    looking = np.arange(len(spans))
    for back in _LOOKING_BACK:
        held = within(int(low[looking].min()) - back, int(low[looking].max()))
        files = lake.raw.files(f"batch <= {after} AND {held} AND {among(spans.register[looking])}")
        if not files:
            continue
        found = _starts(db, lake, files, spans.register[looking], low[looking], back, after, grid)
        hit = looking[found["span"]]
        start[hit], since[hit] = found["start"], found["since"]
        looking = looking[start[looking] == -ENDLESS]
        if not len(looking):
            break
    return _met(replace(spans, start=start, since=since))


def _before_open_falls(db: duckdb.DuckDBPyConnection, lake: Lake, spans: Spans) -> Ints:
    """Where each span begins, or the step down before it that a change could still turn into a dip."""
    files = lake.findings.files(within(int((spans.low - spans.reach).min()), int(spans.low.max())))
    if not files:
        return spans.low
    db.register("spans", spans.table())
    found = db.execute(
        f"""
        SELECT span, min(moment) AS moment FROM (
            SELECT s.span, epoch_us(f.time) AS moment, f.step
            FROM read_parquet($files) f JOIN spans s ON f.register = s.register AND epoch_us(f.time) < s.low
            AND epoch_us(f.time) >= s.low - s.reach
            QUALIFY row_number() OVER (PARTITION BY s.span, f.time ORDER BY f.revision DESC) = 1
        ) WHERE step IN {_sql(_DOWN)} GROUP BY span
        """,
        {"files": files},
    ).fetchnumpy()
    low = spans.low.copy()
    low[found["span"]] = found["moment"]
    return low


def _starts(
    db: duckdb.DuckDBPyConnection, lake: Lake, files: list[str], register: Ints, low: Ints, back: int, after: int,
    grid: int,
) -> dict[str, Ints]:  # fmt: skip
    """The last settled reading before each ``low``, and the one at or before the interval that one lies in."""
    db.register("wanted", pa.table({"span": np.arange(len(low)), "register": register, "low": low}))
    held = within(int(low.min()) - back, int(low.max()))
    findings = lake.findings.files(f"{held} AND {among(register)}")
    latest = (
        f"SELECT register, time FROM read_parquet($findings) WHERE {held} GROUP BY register, time "
        f"HAVING arg_max(step, revision) IN {_sql(_UNSETTLED)}"
        if findings
        else "SELECT NULL::BIGINT AS register, NULL::TIMESTAMPTZ AS time WHERE false"
    )
    found: dict[str, Ints] = db.execute(
        f"""
        WITH unsettled AS ({latest}), held AS (
            SELECT w.span, epoch_us(r.time) AS moment FROM read_parquet($files) r
            JOIN wanted w ON r.register = w.register AND epoch_us(r.time) < w.low AND epoch_us(r.time) >= w.low - {back}
            WHERE r.batch <= $after AND r.mark = 0 AND {within(int(low.min()) - back, int(low.max()), "r.")}
            AND NOT EXISTS (SELECT 1 FROM unsettled u WHERE u.register = r.register AND u.time = r.time)
        ), last AS (SELECT span, max(moment) AS moment FROM held GROUP BY span)
        SELECT h.span, max(h.moment) AS start, any_value(l.moment - l.moment % {grid}) AS since
        FROM held h JOIN last l ON h.span = l.span WHERE h.moment <= l.moment - l.moment % {grid} GROUP BY h.span
        """,
        {"files": files, "after": after} | ({"findings": findings} if findings else {}),
    ).fetchnumpy()
    return found


def _met(spans: Spans) -> Spans:
    """Spans of one register of which the later one begins where the earlier one may still reach are one."""
    joins = np.zeros(len(spans), np.bool_)
    joins[1:] = (spans.register[1:] == spans.register[:-1]) & (spans.start[1:] <= spans.high[:-1] + AFTER + 2 * DAY)
    if not joins.any():
        return spans
    first = np.flatnonzero(~joins)
    return Spans(
        spans.register[first], spans.low[first], np.maximum.reduceat(spans.high, first),
        np.add.reduceat(spans.count, first), spans.start[first], spans.since[first],
        spans.reach[first],
    )  # fmt: skip


def _sql(steps: tuple[Step, ...]) -> str:
    return f"({', '.join(str(int(step)) for step in steps)})"
