"""Consumption of one register or of several together, at any grain from months down to quarters of an hour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from nengtan.domain.metering.codes import Quality
from nengtan.domain.metering.readings import Floats
from nengtan.domain.metering.rules import HOUR
from nengtan.telemetry.lake.columns import among, local_months, moment_text
from nengtan.telemetry.lake.tables import connect, open_lake, source_of
from nengtan.telemetry.moments import local_offset

__all__ = ["DAY", "HOUR", "QUARTER", "Point", "Step", "by_register", "daily", "hourly", "midnight", "points"]

DAY = 24 * HOUR
QUARTER = HOUR // 4

Step = Literal["month", "day", "hour", "quarter"]


@dataclass(frozen=True, slots=True)
class Point:
    """Consumption of one period, which begins at ``begin`` [µs since 1970 UTC]; shares of its time add up to 1.

    ``value``: None where nothing is known. ``whole``: all registers that were asked for have a part in it.
    """

    begin: int
    value: float | None
    good: float
    estimated: float
    missing: float
    quality: str
    whole: bool = True


def midnight(time: int, offset: int) -> int:
    """Where the local day begins that a time lies in [µs].

    >>> midnight(20 * HOUR, 8 * HOUR) == 16 * HOUR
    True
    """
    return (time + offset) // DAY * DAY - offset


def points(registers: Sequence[int], step: Step, begin: int, end: int) -> list[Point]:
    """What some registers used together, by period from ``begin`` up to ``end`` [µs]; periods without any left out.

    A sum of what is known: ``missing`` says how much of it is not, and ``whole`` whether a register is absent.
    """
    if not registers:
        return []
    rows = _rows(registers, step, begin, end, summed=True)
    count = len(registers)
    return [
        Point(
            time, _known(value), good / count, estimated / count, max(1 - (good + estimated) / count, 0.0),
            Quality(quality if number == count else max(quality, Quality.PARTIAL)).name.lower(), number == count,
        )
        for time, value, good, estimated, quality, number in rows
    ]  # fmt: skip


def by_register(registers: Sequence[int], step: Step, begin: int, end: int) -> dict[int, dict[int, Point]]:
    """The same of each register by itself: by register and beginning of the period."""
    found: dict[int, dict[int, Point]] = {}
    if not registers:
        return found
    for register, time, value, good, estimated, quality in _rows(registers, step, begin, end, summed=False):
        found.setdefault(register, {})[time] = Point(
            time, _known(value), good, estimated, max(1 - good - estimated, 0.0), Quality(quality).name.lower()
        )
    return found


def _rows(registers: Sequence[int], step: Step, begin: int, end: int, summed: bool) -> list[tuple[Any, ...]]:
    """Of each row the highest revision; ``summed``: by time over all registers."""
    table, where, good, estimated = _of_step(registers, step, begin, end)
    files = getattr(open_lake(), table).files(where)
    if not files:
        return []
    with connect() as db:
        db.register("wanted", pa.table({"register": pa.array(registers, pa.int64())}))
        latest = (
            f"SELECT register, epoch_us(time) AS time, value, {good} AS good, {estimated} AS estimated, quality "  # noqa: S608
            f"FROM {source_of(files, table)} JOIN wanted USING (register) WHERE {where} "
            "QUALIFY row_number() OVER (PARTITION BY register, time ORDER BY revision DESC) = 1"
        )
        query = (
            f"SELECT time, sum(value), sum(good), sum(estimated), max(quality), count(*) FROM ({latest}) "  # noqa: S608
            "GROUP BY time ORDER BY time"
            if summed
            else f"{latest} ORDER BY register, time"
        )
        return db.execute(query, {"files": files}).fetchall()


def _of_step(registers: Sequence[int], step: Step, begin: int, end: int) -> tuple[str, str, str, str]:
    """Table, condition, and how much of a period is measured well and estimated."""
    bounds = f"time >= {moment_text(begin)} AND time < {moment_text(end)} AND {among(np.asarray(registers))}"
    if step != "quarter":
        months = local_months(np.array([begin, end]), local_offset())
        spread = f"month >= {months[0]} AND month <= {months[1]}"
        return "statistics", f"grain = '{step}' AND {spread} AND {bounds}", "good", "estimated"
    plain = f"quality = {int(Quality.GOOD)} OR quality = {int(Quality.PARTIAL)}"
    good = f"CASE WHEN {plain} THEN known ELSE 0 END"
    guessed = f"quality IN ({int(Quality.ESTIMATED)}, {int(Quality.SUSPECT)})"
    return "intervals", bounds, good, f"CASE WHEN {guessed} THEN known ELSE 0 END"


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def hourly(registers: Sequence[int], begin: int, end: int) -> tuple[Floats, Floats, Floats]:
    """Consumption of each hour, and the shares of it measured well and estimated: registers x hours each.

    ``begin``, ``end`` [µs] are whole hours. Consumption is NaN and the shares are 0 where nothing is known.
    """
    return _table(registers, "hour", HOUR, begin, end)


def daily(registers: Sequence[int], begin: int, end: int) -> tuple[Floats, Floats, Floats]:
    """The same by day; ``begin``, ``end`` [µs] are local midnights."""
    return _table(registers, "day", DAY, begin, end)


def _table(registers: Sequence[int], step: Step, length: int, begin: int, end: int) -> tuple[Floats, Floats, Floats]:
    shape = (len(registers), (end - begin) // length)
    value, good, estimated = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape)
    if not registers:
        return value, good, estimated
    table, where, *_shares = _of_step(registers, step, begin, end)
    files = open_lake().statistics.files(where)
    if files:
        with connect() as db:
            db.register("wanted", pa.table({"register": pa.array(registers, pa.int64()), "row": range(len(registers))}))
            found = db.execute(
                f"SELECT row, (epoch_us(time) - {begin}) // {length} AS place, value, good, estimated "  # noqa: S608
                f"FROM {source_of(files, table)} JOIN wanted USING (register) WHERE {where} "
                "QUALIFY row_number() OVER (PARTITION BY register, time ORDER BY revision DESC) = 1",
                {"files": files},
            ).fetchnumpy()
        place = (found["row"], found["place"])
        value[place] = np.ma.filled(found["value"], np.nan)
        good[place], estimated[place] = found["good"], found["estimated"]
    return value, good, estimated
