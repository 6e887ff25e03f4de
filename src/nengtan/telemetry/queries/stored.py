"""What was read and what was used: for pages, API and commands."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
from django.utils import timezone

from nengtan.domain.metering.codes import Method, Quality, Step, Verdict
from nengtan.domain.metering.readings import Ints
from nengtan.domain.metering.rules import HOUR, SECOND
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.telemetry.cleaning import ASKING, DOUBTED
from nengtan.telemetry.inbox import open_inbox
from nengtan.telemetry.lake.columns import ENDLESS, among, moment_text, months_of, within
from nengtan.telemetry.lake.tables import Lake, Table, connect, open_lake, source_of
from nengtan.telemetry.marks import Mark
from nengtan.telemetry.models import Gateway, Register
from nengtan.telemetry.moments import EPOCH, local_offset, micros
from nengtan.telemetry.queries.virtual import Computed

Grain = Literal["hour", "day", "month"]
GRAINS: tuple[str, ...] = get_args(Grain)

MOST_ROWS = 100_000
"""Rows of one answer; who wants more asks for a shorter time."""

LATENESS = 24 * HOUR
"""How long after its end a month is waited for [µs]: what comes later corrects it."""

DAY = 24 * HOUR
SHARES = 6
"""Decimal places of shares and of consumption, as told."""


@dataclass(frozen=True, slots=True)
class Consumption:
    """Consumption of one period; shares of the period add up to 1; ``value`` None where nothing is known."""

    period: str
    value: float | None
    good: float
    estimated: float
    missing: float
    quality: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def consumption(
    register: Register | Computed | None, by: Grain, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> list[Consumption]:
    """Consumption by period, from the one ``since`` lies in up to the one before ``until``; those without any, too.

    Without bounds from the first period to the last of which anything is known. At most `MOST_ROWS`, the first.
    """
    offset = local_offset()
    if isinstance(register, Computed):
        found = _computed(register, by, offset, since, until)
    else:
        found = _statistics(open_lake(), register, by, offset, since, until) if register else {}
    first = _begin(micros(since), by, offset) if since else min(found, default=None)
    last = _begin(micros(until) - 1, by, offset) if until else max(found, default=None)
    told: list[Consumption] = []
    moment = first
    while moment is not None and last is not None and moment <= last and len(told) < MOST_ROWS:
        told.append(found.get(moment) or Consumption(_label(moment, by), None, 0.0, 0.0, 1.0, "missing"))
        moment = _next(moment, by, offset)
    return told


def _statistics(
    lake: Lake, register: Register, by: Grain, offset: int, since: dt.datetime | None, until: dt.datetime | None
) -> dict[int, Consumption]:
    bounds = _bounds(_begin(micros(since), by, offset) if since else None, micros(until) if until else None)
    rows = _latest(
        lake.statistics, f"grain = '{by}' AND register = {register.pk}{bounds}",
        "epoch_us(time) AS time, value, good, estimated, missing, quality",
    )  # fmt: skip
    columns = [rows[name].to_pylist() for name in ("time", "value", "good", "estimated", "missing", "quality")]
    return {
        time: Consumption(
            _label(time, by), _told(value), _share(good), _share(estimated), _share(missing), _quality(quality)
        )
        for time, value, good, estimated, missing, quality in zip(*columns, strict=True)
    }


def _computed(
    virtual: Computed, by: Grain, offset: int, since: dt.datetime | None, until: dt.datetime | None
) -> dict[int, Consumption]:
    begin = _begin(micros(since), by, offset) if since else 0
    end = _next(_begin(micros(until) - 1, by, offset), by, offset) if until else ENDLESS
    return {
        one.begin: Consumption(
            _label(one.begin, by), _told(one.value), _share(one.good), _share(one.estimated), _share(one.missing),
            one.quality,
        )
        for one in virtual.points(by, begin, end)
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a register, as `Consumption`; ``period``: yyyymm; ``revision``: of the computation it comes from."""

    register: int
    period: int
    value: float | None
    good: float
    estimated: float
    missing: float
    revision: int


def closed_months(registers: Container[int]) -> list[Month]:
    """The months of some registers that are over, since `LATENESS` at least: by register and month."""
    lake, offset = open_lake(), local_offset()
    until = micros(timezone.now()) - LATENESS + offset
    last = int(months_of(np.array([until]))[0])
    where = f"grain = 'month' AND month < {last}"
    files = lake.statistics.files(where)
    with connect() as db:
        rows = db.execute(
            f"SELECT register, month, value, good, estimated, missing, revision FROM {source_of(files, 'statistics')} "  # noqa: S608
            f"WHERE {where} QUALIFY row_number() OVER (PARTITION BY register, month ORDER BY revision DESC) = 1 "
            "ORDER BY register, month",
            {"files": files} if files else {},
        ).fetchall()
    return [Month(*row) for row in rows if row[0] in registers]


def intervals(register: Register, since: dt.datetime, until: dt.datetime) -> pa.Table:
    """The quarters of an hour of a register: time, value, known, quality, method, revision; at most `MOST_ROWS`."""
    bounds = _bounds(micros(since), micros(until))
    found = _latest(
        open_lake().intervals, f"register = {register.pk}{bounds}", "time, value, known, quality, method, revision"
    )
    return _worded(found, quality=[one.name.lower() for one in Quality], method=[one.name.lower() for one in Method])


def known_intervals(registers: Sequence[int], since: int, until: int) -> list[tuple[int, int, float]]:
    """What is known of quarters of an hour from ``since`` up to ``until`` [µs]: register, time, consumption."""
    if not registers:
        return []
    where = f"{among(np.array(sorted(registers)))} AND {within(since, until)}"
    files = open_lake().intervals.files(where)
    with connect() as db:
        rows: list[tuple[int, int, float]] = db.execute(
            f"SELECT register, epoch_us(time) AS began, value FROM {source_of(files, 'intervals')} "  # noqa: S608
            f"WHERE {where} AND register IN ({', '.join(map(str, registers))}) "
            f"AND time >= {moment_text(since)} AND time < {moment_text(until)} "
            "QUALIFY row_number() OVER (PARTITION BY register, time ORDER BY revision DESC) = 1 "
            "ORDER BY began, register",
            {"files": files} if files else {},
        ).fetchall()
    return [row for row in rows if row[2] is not None and not math.isnan(row[2])]


def readings(register: Register, since: dt.datetime, until: dt.datetime) -> pa.Table:
    """The readings of a register as received: time, value, mark, source, received; at most `MOST_ROWS`."""
    where = f"register = {register.pk}{_bounds(micros(since), micros(until))}"
    files = open_lake().raw.files(where)
    columns = "time, value, mark, source, received"
    with connect() as db:
        found = db.execute(
            f"SELECT {columns} FROM {source_of(files, 'raw')} WHERE {where} ORDER BY time, received LIMIT {MOST_ROWS}",  # noqa: S608
            {"files": files} if files else {},
        ).to_arrow_table()
    return _worded(found, mark=["" if not one else one.name.lower() for one in Mark])


@dataclass(frozen=True, slots=True)
class Finding:
    """A reading a person must look at: ``kind`` as `wording.TASKS` has it; what was read, and last taken before it."""

    meter: str
    register: str
    time: dt.datetime
    kind: str
    found: float | None
    before: float | None


def findings(actor: Actor, since: dt.datetime, until: dt.datetime, meter: str = "") -> list[Finding]:
    """What the door marked and what the rules found in readings of a time, latest first; at most `MOST_ROWS`."""
    actor.require(Capability.VIEW_DETAIL)
    seen = Register.objects.for_actor(actor)
    rows = (seen.filter(meter__code=meter) if meter else seen).values_list("pk", "meter__code", "code")
    names = {pk: (code, register) for pk, code, register in rows}
    if not names:
        return []
    low, high = micros(since), micros(until)
    mine = f"{among(np.array(list(names)))} AND {within(low, high)}"
    lake = open_lake()
    found, raw = lake.findings.files(mine), lake.raw.files(f"{among(np.array(list(names)))} AND {_up_to(low, high)}")
    if not raw:
        return []
    with connect() as db:
        db.register("seen", pa.table({"register": pa.array(list(names), pa.int64())}))
        told = db.execute(
            _FINDINGS.format(
                low=moment_text(low), high=moment_text(high), source=source_of(found, "findings", "$found")
            ),
            {"raw": raw, "most": MOST_ROWS} | ({"found": found} if found else {}),
        ).fetchall()
    moment = EPOCH
    return [
        Finding(*names[register], moment + dt.timedelta(microseconds=time), _kind(mark, verdict, step), value, before)
        for register, time, mark, verdict, step, value, before in told
    ]


_FINDINGS = f"""
WITH asked AS (
    SELECT register, time, 0 AS mark, arg_max(verdict, revision) AS verdict, arg_max(step, revision) AS step
    FROM {{source}} JOIN seen USING (register) WHERE time >= {{low}} AND time < {{high}} GROUP BY register, time
    HAVING arg_max(verdict, revision) IN {tuple(int(one) for one in DOUBTED)}
        OR arg_max(step, revision) IN {tuple(int(one) for one in ASKING)}
), taken AS (
    SELECT register, time, value FROM read_parquet($raw) WHERE mark = 0
), left_out AS (
    SELECT register, time FROM {{source}} GROUP BY register, time HAVING arg_max(verdict, revision) > 0
), kept AS (
    SELECT * FROM taken t WHERE NOT EXISTS (
        SELECT 1 FROM left_out l WHERE l.register = t.register AND l.time = t.time
    )
), marked AS (
    SELECT register, time, mark, 0 AS verdict, 0 AS step, value
    FROM read_parquet($raw) JOIN seen USING (register) WHERE mark > 0 AND time >= {{low}} AND time < {{high}}
), whole AS (
    SELECT a.*, t.value FROM asked a JOIN taken t ON a.register = t.register AND a.time = t.time
    UNION ALL SELECT * FROM marked
)
SELECT w.register, epoch_us(w.time), w.mark, w.verdict, w.step, w.value, b.value
FROM whole w ASOF LEFT JOIN kept b ON b.register = w.register AND b.time < w.time
ORDER BY w.time DESC, w.register LIMIT $most
"""  # noqa: S608
"""Findings of the rules and marks of the door, each with the reading taken before it."""

BEFORE = 70 * DAY
"""How far back the reading before one that is asked about is sought [µs]."""


def _up_to(low: int, high: int) -> str:
    return within(low - BEFORE, high)


def _kind(mark: int, verdict: int, step: int) -> str:
    if mark:
        return Mark(mark).name.lower()
    return ASKING.get(Step(step)) or DOUBTED[Verdict(verdict)]


def refusals(actor: Actor) -> list[dict[str, Any]]:
    """What was refused of gateways the actor sees, and, for who sees everything, of everybody."""
    actor.require(Capability.VIEW_DETAIL)
    everything = actor.scope_for(Capability.VIEW_DETAIL).whole
    mine = [f"gateway:{code}" for code in Gateway.objects.for_actor(actor).values_list("code", flat=True)]
    found = open_inbox().refusals(None if everything else mine)
    for one in found:
        one["first"], one["latest"] = (EPOCH + dt.timedelta(microseconds=one[key]) for key in ("first", "latest"))
    return found


def _worded(table: pa.Table, **words: list[str]) -> pa.Table:
    """Codes as names."""
    for name, names in words.items():
        codes = np.asarray(table[name], np.int64)
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pa.array(np.array(names, object)[codes], pa.string()))
    return table


def _latest(table: Table, where: str, columns: str) -> pa.Table:
    files = table.files(where)
    with connect() as db:
        return db.execute(
            f"SELECT {columns} FROM (SELECT * FROM {source_of(files, table.path.rsplit('/', 1)[-1])} WHERE {where} "  # noqa: S608
            "QUALIFY row_number() OVER (PARTITION BY time ORDER BY revision DESC) = 1) "
            f"ORDER BY time LIMIT {MOST_ROWS}",
            {"files": files} if files else {},
        ).to_arrow_table()


def _bounds(since: int | None, until: int | None) -> str:
    low = "" if since is None else f" AND time >= {moment_text(since)}"
    return low + ("" if until is None else f" AND time < {moment_text(until)}")


def _begin(time: int, by: Grain, offset: int) -> int:
    """Where the period begins that a time lies in [µs]."""
    if by == "month":
        month = np.array([time + offset]).view("datetime64[us]").astype("datetime64[M]")
        return _micros_of(month) - offset
    length = HOUR if by == "hour" else DAY
    return (time + offset) // length * length - offset


def _next(begin: int, by: Grain, offset: int) -> int:
    if by != "month":
        return begin + (HOUR if by == "hour" else DAY)
    return _micros_of(np.array([begin + offset]).view("datetime64[us]").astype("datetime64[M]") + 1) - offset


def _micros_of(month: Any) -> int:
    moments: Ints = month.astype("datetime64[us]").astype(np.int64)
    return int(moments[0])


def _label(begin: int, by: Grain) -> str:
    local = timezone.localtime(EPOCH + dt.timedelta(seconds=begin // SECOND))
    return (
        local.isoformat(timespec="minutes")
        if by == "hour"
        else f"{local:%Y-%m-%d}"
        if by == "day"
        else f"{local:%Y-%m}"
    )


def _told(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, SHARES)


def _share(value: float) -> float:
    return round(value, SHARES)


def _quality(code: int) -> str:
    return Quality(code).name.lower()
