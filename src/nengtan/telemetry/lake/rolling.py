"""From readings to intervals, findings and statistics, for what has changed and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
from numpy.typing import NDArray

from nengtan.domain.metering.cleaning import Cleaned, clean
from nengtan.domain.metering.codes import Method, Quality, Step, Verdict
from nengtan.domain.metering.intervals import Intervals
from nengtan.domain.metering.readings import Flags, Floats, Ints, Readings
from nengtan.domain.metering.rules import Rules
from nengtan.telemetry.lake.book import Book
from nengtan.telemetry.lake.columns import ENDLESS, among, months_of, table_of, within
from nengtan.telemetry.lake.moving import INBOX
from nengtan.telemetry.lake.spans import AFTER, DAY, Redone, Spans, changed, with_starts
from nengtan.telemetry.lake.summing import Summed, sum_up
from nengtan.telemetry.lake.tables import FINDINGS, INTERVALS, Lake, connect

__all__ = ["ROLLUP", "Rolled", "roll_up"]

ROLLUP = "rollup"
"""By this name the lake knows up to which batch of readings its statistics go."""

TOGETHER = 500_000
"""Readings cleaned at a time."""

_ORDINARY = (Step.BASE, Step.MEASURED, Step.EVENT)
_UNSETTLED = (Step.NONE, Step.CATCH_UP, Step.UNCONFIRMED)


@dataclass
class Rolled:
    """What a roll-up did: stretches of registers, readings cleaned for them, rows written."""

    spans: int = 0
    readings: int = 0
    intervals: int = 0
    statistics: int = 0


@dataclass(frozen=True, slots=True)
class _Window:
    """The readings of some spans, by span and time.

    ``old``: settled before this roll-up; ``noted``: there is a finding on it. ``more``, by span: whether the register
    was read after what was read of it here.
    """

    spans: Spans
    span: Ints
    time: Ints
    value: Floats
    old: Flags
    noted: Flags
    more: Flags


def roll_up(
    lake: Lake, book: Book, offset: int, redo: Sequence[Redone] = (),
    progress: Callable[[int, int], None] | None = None, rules: Rules | None = None,
) -> Rolled:  # fmt: skip
    """Bring intervals and statistics up to the readings, while holding `Inbox.exclusive`.

    Parameters: ``offset``: what local time is ahead of UTC [µs]. ``redo``: what is to be computed again, since
    what is known of it has changed. Done again after a crash, it comes to the same.
    """
    rules = rules or Rules()
    since, upto = lake.statistics.done(ROLLUP), lake.raw.done(INBOX)
    told, done = progress or (lambda _done, _all: None), Rolled()
    with connect() as db:
        spans = changed(db, lake, book, rules, since, redo)
        spans = with_starts(db, lake, spans, since, rules.interval)
        whole = int(spans.count.sum())
        for part in _parts(spans):
            _compute(db, lake, book, part, rules, offset, since, done)
            told(min(done.readings, whole), whole)
    if upto > since:
        lake.statistics.append(_nothing(lake), {ROLLUP: upto})
    return done


def _nothing(lake: Lake) -> object:
    return lake.statistics.schema.empty_table()


def _parts(spans: Spans) -> Iterator[Spans]:
    """Spans by whole registers, so many that their readings fit together."""
    if not len(spans):
        return
    opens = np.ones(len(spans), np.bool_)
    opens[1:] = spans.register[1:] != spans.register[:-1]
    total = np.cumsum(spans.count + 400) - spans.count - 400
    block = np.maximum.accumulate(np.where(opens, total // TOGETHER, 0))
    bounds = np.flatnonzero(np.diff(block, prepend=-1))
    for first, last in zip(bounds, [*bounds[1:], len(spans)], strict=True):
        yield spans.only(slice(int(first), int(last)))


def _compute(
    db: duckdb.DuckDBPyConnection, lake: Lake, book: Book, spans: Spans, rules: Rules, offset: int, after: int,
    done: Rolled,
) -> None:  # fmt: skip
    """Clean some spans and write what comes of it."""
    window = _read(db, lake, book, spans, after)
    found = _clean(book, window, rules)
    until = _until(window, found, rules.interval)
    open_ = until == 0
    if open_.any():  # nothing settles within the window: all that follows, and the spans that lie there, with it
        spans = _endless(spans, open_)
        window = _read(db, lake, book, spans, after)
        found = _clean(book, window, rules)
        until = _until(window, found, rules.interval)
    fresh = _fresh(found.intervals, spans, until)
    fresh = book.repairs.on_intervals(fresh, spans.since, until, spans.register)
    revision = max(lake.intervals.version(), 0) + 1
    stored = _stored(db, lake, spans, until, offset)
    gone = _gone(stored, fresh, spans, until)
    summed = sum_up(db, lake, [_outside(stored, spans, until, fresh.length), fresh, gone], offset)
    _write(lake, window, found, fresh, gone, summed, until, revision)
    done.spans += len(spans)
    done.readings += len(window.time)
    done.intervals += len(fresh)
    done.statistics += summed.rows


def _read(db: duckdb.DuckDBPyConnection, lake: Lake, book: Book, spans: Spans, after: int) -> _Window:
    """The readings from the start of each span until some days after it, and whether there are more."""
    low, high = int(spans.start.min()), int(spans.high.max()) + AFTER
    held, rows_held = _held(low, high, spans)
    files, findings = lake.raw.files(held), lake.findings.files(held)
    db.register("spans", spans.table())
    noted = (
        f"LEFT JOIN (SELECT register, time, arg_max(step, revision) AS step FROM read_parquet($findings) WHERE {held} "
        "GROUP BY ALL) n ON n.register = r.register AND n.time = r.time"
    )
    query = f"""
        SELECT s.span, epoch_us(r.time) AS time, r.value, r.batch <= $after AS old,
               {"coalesce(n.step, -1)" if findings else "-1"}::TINYINT AS step
        FROM read_parquet($files) r JOIN spans s ON r.register = s.register {noted if findings else ""}
        WHERE r.mark = 0 AND {rows_held} AND epoch_us(r.time) >= s.start AND epoch_us(r.time) <= s.high + {AFTER}
    """
    given = {"files": files, "after": after} | ({"findings": findings} if findings else {})
    rows = _in_order(db.execute(query, given).fetchnumpy() if files else _no_rows())
    old = np.asarray(rows["old"], np.bool_) & ~np.isin(rows["step"], _UNSETTLED)
    span, time, special = rows["span"], rows["time"], rows["step"] >= 0
    stays, value = book.repairs.on_readings(spans.register[span], time, np.asarray(rows["value"], np.float64))
    return _Window(
        spans, span[stays], time[stays], value[stays], old[stays], special[stays], _more(db, lake, spans)
    )  # fmt: skip


def _in_order(rows: dict[str, NDArray]) -> dict[str, NDArray]:
    """By span and time; a file alone mostly is."""
    span, time = rows["span"], rows["time"]
    if ((span[1:] > span[:-1]) | ((span[1:] == span[:-1]) & (time[1:] > time[:-1]))).all():
        return rows
    order = np.lexsort((time, span))
    return {name: column[order] for name, column in rows.items()}


def _held(low: int, high: int, spans: Spans) -> tuple[str, str]:
    """Where rows of some spans may lie: as a condition over files, and over rows called r."""
    return (
        f"{within(low, high)} AND {among(spans.register)}",
        f"{within(low, high, 'r.')} AND {among(spans.register, 'r.')}",
    )


def _no_rows() -> dict[str, NDArray[np.int64]]:
    return {name: np.zeros(0, np.int64) for name in ("span", "time", "value", "old", "step")}


def _more(db: duckdb.DuckDBPyConnection, lake: Lake, spans: Spans) -> Flags:
    """Whether a register was read after what was read of it."""
    more = np.zeros(len(spans), np.bool_)
    held, rows_held = _held(int(spans.high.min()) + AFTER, ENDLESS, spans)
    files = lake.raw.files(held)
    if files:
        found = db.execute(
            f"SELECT DISTINCT s.span FROM read_parquet($files) r JOIN spans s ON r.register = s.register "
            f"WHERE r.mark = 0 AND {rows_held} AND epoch_us(r.time) > s.high + {AFTER}",
            {"files": files},
        ).fetchnumpy()
        more[found["span"]] = True
    return more


def _clean(book: Book, window: _Window, rules: Rules) -> Cleaned:
    offsets = np.searchsorted(window.span, np.arange(len(window.spans) + 1)).astype(np.int64)
    first = np.minimum(offsets[:-1], max(len(window.time) - 1, 0))
    since = window.time[first] if len(window.time) else np.zeros(len(window.spans), np.int64)
    registers, events = book.at(window.spans.register, since)
    return clean(Readings(window.time, window.value, offsets), registers, events, rules)


def _until(window: _Window, found: Cleaned, grid: int) -> Ints:
    """Where what is new of each span ends [µs]: at an interval from which on old and new agree; 0 where none is."""
    until = np.full(len(window.spans), ENDLESS)
    cut = np.flatnonzero(window.more)
    if not len(cut):
        return until
    until[cut] = 0
    high, reach = window.spans.high[window.span], window.spans.reach[window.span]
    agreed = found.settled & window.old & (window.time > high + reach) & (window.time <= high + AFTER - reach)
    agreed &= window.more[window.span]
    at, time = window.span[agreed], window.time[agreed]
    first = np.full(len(window.spans), ENDLESS)
    np.minimum.at(first, at, -(-time // grid) * grid)
    last = time >= first[at]
    ends = np.full(len(window.spans), ENDLESS)
    np.minimum.at(ends, at[last], time[last] // grid * grid)
    until[cut] = np.where(ends[cut] < ENDLESS, ends[cut], 0)
    return until


def _endless(spans: Spans, open_: Flags) -> Spans:
    """Spans that do not settle go on to the end; later ones of the same register are within them."""
    opens = np.flatnonzero(open_)
    first = {int(spans.register[place]): int(place) for place in opens[::-1]}
    within_ = np.array([first.get(int(one), len(spans)) < place for place, one in enumerate(spans.register)], np.bool_)
    high = np.where(open_, ENDLESS // 2, spans.high)
    return replace(spans, high=high).only(~within_)


def _fresh(intervals: Intervals, spans: Spans, until: Ints) -> Intervals:
    """The intervals that are new, by register instead of by span."""
    span = intervals.register
    kept = (intervals.start >= spans.since[span]) & (intervals.start < until[span])
    return Intervals(
        spans.register[span[kept]], intervals.start[kept], intervals.value[kept], intervals.known[kept],
        intervals.quality[kept], intervals.method[kept], intervals.length,
    )  # fmt: skip


def _stored(db: duckdb.DuckDBPyConnection, lake: Lake, spans: Spans, until: Ints, offset: int) -> dict[str, NDArray]:
    """The intervals the lake has of the local days of each span, with their span."""
    ends = np.where(until < ENDLESS, (until + offset) // DAY * DAY + DAY - offset, ENDLESS)
    begins = np.where(spans.since > -ENDLESS, (spans.since + offset) // DAY * DAY - offset, -ENDLESS)
    held, rows_held = _held(int(begins.min()), int(ends.max()), spans)
    files = lake.intervals.files(held)
    if not files:
        none = np.zeros(0, np.int64)
        codes = np.zeros(0, np.uint8)
        return {
            "span": none,
            "time": none,
            "value": np.zeros(0),
            "known": np.zeros(0),
            "quality": codes,
            "method": codes,
        }
    wanted = spans.table().append_column("begins", [begins]).append_column("ends", [ends])
    db.register("spans", wanted)
    found = db.execute(
        f"""
        SELECT s.span, epoch_us(r.time) AS time, r.value, r.known, r.quality, r.method
        FROM read_parquet($files) r JOIN spans s ON r.register = s.register
        WHERE {rows_held} AND epoch_us(r.time) >= s.begins AND epoch_us(r.time) < s.ends
        QUALIFY row_number() OVER (PARTITION BY s.span, r.time ORDER BY r.revision DESC) = 1
        ORDER BY s.span, r.time
        """,
        {"files": files},
    ).fetchnumpy()
    found["value"] = np.ma.filled(found["value"], np.nan)
    return found


def _outside(stored: Mapping[str, NDArray], spans: Spans, until: Ints, length: int) -> Intervals:
    """The intervals the lake has and keeps, of days of which others are new."""
    span, time = stored["span"], stored["time"]
    kept = (time < spans.since[span]) | (time >= until[span])
    return Intervals(
        spans.register[span[kept]], time[kept], stored["value"][kept], stored["known"][kept],
        stored["quality"][kept].astype(np.uint8), stored["method"][kept].astype(np.uint8), length,
    )  # fmt: skip


def _gone(stored: Mapping[str, NDArray], fresh: Intervals, spans: Spans, until: Ints) -> Intervals:
    """Intervals the lake has and that are no more: known no longer."""
    span, time = stored["span"], stored["time"]
    inside = (time >= spans.since[span]) & (time < until[span]) & (stored["known"] > 0)
    register, time = spans.register[span[inside]], time[inside]
    if len(time):
        grid = fresh.length
        least = int(min(time.min(), fresh.start.min(initial=ENDLESS))) // grid
        width = int(max(time.max(), fresh.start.max(initial=0))) // grid - least + 1
        here, there = (r * width + t // grid - least for r, t in ((register, time), (fresh.register, fresh.start)))
        absent = ~np.isin(here, there)
        register, time = register[absent], time[absent]
    codes = np.full(len(time), Quality.MISSING, np.uint8)
    return Intervals(
        register, time, np.full(len(time), np.nan), np.zeros(len(time)), codes,
        np.full(len(time), Method.MEASURED, np.uint8), fresh.length,
    )  # fmt: skip


def _write(
    lake: Lake, window: _Window, found: Cleaned, fresh: Intervals, gone: Intervals, summed: Summed, until: Ints,
    revision: int,
) -> None:  # fmt: skip
    """Intervals first, statistics last: who finds these finds those."""
    for rows in (fresh, gone):
        if len(rows):  # both have the same revision, and no interval in common
            lake.intervals.append(
                table_of(
                    INTERVALS,
                    {
                        "register": rows.register, "time": rows.start, "value": rows.value, "known": rows.known,
                        "quality": rows.quality, "method": rows.method,
                        "revision": np.full(len(rows), revision), "month": months_of(rows.start),
                    },
                )
            )  # fmt: skip
    _write_findings(lake, window, found, until, revision)
    summed.write(lake, revision)


def _write_findings(lake: Lake, window: _Window, found: Cleaned, until: Ints, revision: int) -> None:
    """What was not plainly taken, and what is so no longer."""
    spans, span, time = window.spans, window.span, window.time
    inside = (time >= spans.since[span]) & (time < until[span])
    special = (found.verdict != Verdict.KEPT) | ~np.isin(found.step, _ORDINARY)
    held = inside & (special | window.noted)
    if not held.any():
        return
    lake.findings.append(
        table_of(
            FINDINGS,
            {
                "register": spans.register[span[held]], "time": time[held], "verdict": found.verdict[held],
                "step": found.step[held], "revision": np.full(int(held.sum()), revision),
                "month": months_of(time[held]),
            },
        )
    )  # fmt: skip
