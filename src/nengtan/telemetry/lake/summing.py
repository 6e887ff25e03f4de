"""Hours, days and months of what is new: only those it touches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from nengtan.domain.metering.intervals import Intervals, joined
from nengtan.domain.metering.readings import Ints
from nengtan.domain.metering.rules import HOUR
from nengtan.domain.metering.statistics import Statistics, add_up, days, hours, months, roll_up
from nengtan.telemetry.lake.columns import among, local_months, table_of
from nengtan.telemetry.lake.tables import STATISTICS, Lake

__all__ = ["Summed", "sum_up"]

DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Summed:
    """Statistics by grain; ``offset``: what local time is ahead of UTC [µs]."""

    grains: dict[str, Statistics]
    offset: int

    @property
    def rows(self) -> int:
        return sum(len(told) for told in self.grains.values())

    def write(self, lake: Lake, revision: int) -> None:
        """Into the lake, in one commit."""
        parts = [self._columns(grain, told, revision) for grain, told in self.grains.items() if len(told)]
        if parts:
            lake.statistics.append(
                table_of(STATISTICS, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
            )

    def _columns(self, grain: str, told: Statistics, revision: int) -> dict[str, np.ndarray]:
        begins = _BEGINS[grain](told.period) - self.offset
        return {
            "register": told.register, "time": begins, "value": told.value, "good": told.good,
            "estimated": told.estimated, "missing": told.missing, "quality": told.quality,
            "revision": np.full(len(told), revision), "grain": np.full(len(told), grain),
            "month": local_months(begins, self.offset),
        }  # fmt: skip


def _of_month(number: Ints) -> Ints:
    """Where a month, yyyymm, begins, as if local time were UTC [µs]."""
    count = (number // 100 - 1970) * 12 + number % 100 - 1
    begins: Ints = count.view("datetime64[M]").astype("datetime64[us]").astype(np.int64)
    return begins


_BEGINS = {"hour": lambda number: number * HOUR, "day": lambda number: number * DAY, "month": _of_month}


def sum_up(db: duckdb.DuckDBPyConnection, lake: Lake, parts: Sequence[Intervals], offset: int) -> Summed:
    """The hours and days that intervals come to, and the months these days lie in.

    ``parts``: first what the lake holds of the same days and keeps, then what is new; whole local days together.
    """
    new = np.concatenate([np.zeros(len(parts[0]), np.bool_), np.ones(sum(map(len, parts[1:])), np.bool_)])
    whole = joined([part for part in parts if len(part)] or [parts[0]], parts[0].length)
    order = np.lexsort((whole.start, whole.register))
    whole, new = _take(whole, order), new[order]
    by_hour = _touched(whole, new, *hours(whole.start, offset))
    by_day = roll_up(whole, *days(whole.start, offset))
    return Summed({"hour": by_hour, "day": by_day, "month": _months(db, lake, by_day, offset)}, offset)


def _take(intervals: Intervals, order: Ints) -> Intervals:
    if (np.diff(order) == 1).all():
        return intervals
    return Intervals(
        intervals.register[order], intervals.start[order], intervals.value[order], intervals.known[order],
        intervals.quality[order], intervals.method[order], intervals.length,
    )  # fmt: skip


def _touched(whole: Intervals, new: np.ndarray, number: Ints, length: Ints) -> Statistics:
    """The hours in which something is new."""
    told = roll_up(whole, number, length)
    if new.all() or not len(told):
        return told
    opens = np.ones(len(number), np.bool_)
    opens[1:] = (number[1:] != number[:-1]) | (whole.register[1:] != whole.register[:-1])
    kept = np.logical_or.reduceat(new, np.flatnonzero(opens))
    return _only(told, kept)


def _only(told: Statistics, kept: np.ndarray) -> Statistics:
    return Statistics(
        told.register[kept], told.period[kept], told.value[kept], told.good[kept], told.estimated[kept],
        told.missing[kept], told.quality[kept],
    )  # fmt: skip


def _months(db: duckdb.DuckDBPyConnection, lake: Lake, by_day: Statistics, offset: int) -> Statistics:
    """Months from their days, those that are new and those the lake has."""
    if not len(by_day):
        return by_day
    month = months(by_day.period * DAY, 0)[0]
    files = lake.statistics.files(
        f"grain = 'day' AND month >= {month.min()} AND month <= {month.max()} AND {among(by_day.register)}"
    )
    held = _merged(_stored(db, files, by_day, month, offset), by_day) if files else by_day
    number, length = months(held.period * DAY, 0)
    return add_up(held, np.full(len(held), DAY), number, length)


def _stored(
    db: duckdb.DuckDBPyConnection, files: list[str], by_day: Statistics, month: Ints, offset: int
) -> Statistics:
    """The days the lake has of the months of some days."""
    db.register("wanted", _pairs(by_day.register, month))
    rows = db.execute(
        f"""
        SELECT r.register, (epoch_us(r.time) + {offset}) // {DAY} AS period, r.value, r.good, r.estimated, r.missing,
               r.quality
        FROM read_parquet($files, hive_partitioning = true) r
        JOIN (SELECT DISTINCT register, month FROM wanted) w ON r.register = w.register AND r.month = w.month
        QUALIFY row_number() OVER (PARTITION BY r.register, r.time ORDER BY r.revision DESC) = 1
        """,
        {"files": files},
    ).fetchnumpy()
    return Statistics(
        rows["register"], rows["period"], np.ma.filled(rows["value"], np.nan), rows["good"], rows["estimated"],
        rows["missing"], rows["quality"].astype(np.uint8),
    )  # fmt: skip


def _pairs(register: Ints, month: Ints) -> object:
    import pyarrow as pa

    return pa.table({"register": register, "month": month})


def _merged(stored: Statistics, fresh: Statistics) -> Statistics:
    """By register and day, what is fresh in the place of what is stored."""
    names = ("register", "period", "value", "good", "estimated", "missing", "quality")
    columns = [np.concatenate([getattr(stored, name), getattr(fresh, name)]) for name in names]
    is_fresh = np.concatenate([np.zeros(len(stored), np.int8), np.ones(len(fresh), np.int8)])
    order = np.lexsort((is_fresh, columns[1], columns[0]))
    register, period = columns[0][order], columns[1][order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = (register[1:] != register[:-1]) | (period[1:] != period[:-1])
    return Statistics(*(column[order][last] for column in columns))
