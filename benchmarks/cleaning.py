"""Readings of registers to 15-minute intervals, hours, days and months, in memory, by two workers.

The measure is the plain difference from reading to reading, summed by hour, in a query of DuckDB over the same columns:
it knows no rule, and believes every glitch.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np

from benchmarks.databases import Database
from benchmarks.measuring import Row, median, side_by_side
from nengtan.domain.metering.cleaning import clean
from nengtan.domain.metering.readings import Readings, Registers
from nengtan.domain.metering.rules import HOUR, SECOND
from nengtan.domain.metering.statistics import days, hours, months, roll_up

LIMIT = 3.0
"""At most so many times the plain query."""

CORRECTION_LIMIT = 0.01
"""At most so many seconds for one register's day."""

YEAR = 35_040
START = 1_767_196_800 * SECOND  # 2026-01-01 in China
CHINA = 8 * HOUR
GLITCHES = 0.0005
TOGETHER = 16
"""Registers a worker takes at a time."""

PLAIN = """
with steps as (
    select register, time, value - lag(value) over (partition by register order by time) as used from readings
)
select register, time // 3600000000 as hour, sum(used), count(used) from steps group by all
"""


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """A year of so many registers as a hundredth of the institutions; then the day of one."""
    return [*(_bulk(max(size // 100, 2)) for size in sizes), _day()]


def _bulk(registers: int) -> Row:
    readings = _readings(registers, YEAR)
    group = np.repeat(np.arange(registers), YEAR)
    with duckdb.connect(config={"threads": 2}) as connection, ThreadPoolExecutor(2) as workers:
        columns = {"register": group, "time": readings.time, "value": readings.value}
        connection.register("columns", columns)
        connection.execute("create table readings as select * from columns")
        ours, plain = side_by_side(
            lambda: list(workers.map(lambda first: _rolled(readings, first), range(0, registers, TOGETHER))),
            lambda: connection.execute(PLAIN).fetchnumpy(),
        )
    note = f"{registers * YEAR / ours / 1e6:.1f} million readings a second"
    return Row(
        "cleaning", "a year of readings to months", "in memory", registers, ours, "lag + group by", plain, LIMIT, note
    )


def _day() -> Row:
    readings = _readings(1, 97)
    return Row("cleaning", "one register's day again", "in memory", 1, median(lambda: _rolled(readings, 0)),
               limit=CORRECTION_LIMIT)  # fmt: skip


def _readings(registers: int, count: int) -> Readings:
    """Registers that rise by up to 5 kWh, and now and then show a zero."""
    chance = np.random.default_rng(4)
    values = np.cumsum(chance.random((registers, count)) * 5, axis=1) + 1000
    values[chance.random((registers, count)) < GLITCHES] = 0
    times = np.tile(START + np.arange(count) * 900 * SECOND, registers)
    return Readings(times, values.ravel(), np.arange(registers + 1) * count)


def _rolled(readings: Readings, first: int) -> int:
    """Clean some registers and add up; how many months came of it."""
    offsets = readings.offsets[first : first + TOGETHER + 1]
    held = slice(int(offsets[0]), int(offsets[-1]))
    own = Readings(readings.time[held], readings.value[held], offsets - offsets[0])
    intervals = clean(own, Registers.alike(own.registers, cap_kw=50, modulus=1e6)).intervals
    told = [roll_up(intervals, *by(intervals.start, CHINA)) for by in (hours, days, months)]
    return len(told[-1])
