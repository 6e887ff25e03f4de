"""How well meters are read: completeness, gaps, hours without a step, readings in doubt, late ones; the worst first."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from django.db.models import QuerySet
from django.utils import timezone

from nengtan.domain.metering.readings import Flags
from nengtan.domain.metering.rules import SECOND
from nengtan.identity.access import Actor
from nengtan.telemetry.lake.columns import among, moment_text
from nengtan.telemetry.lake.tables import connect, open_lake
from nengtan.telemetry.models import Register, Repair
from nengtan.telemetry.moments import EPOCH, micros
from nengtan.telemetry.queries.overview import meters_seen
from nengtan.telemetry.queries.series import HOUR, hourly
from nengtan.telemetry.queries.stored import Finding, findings

__all__ = ["STUCK_H", "Late", "Quality", "late_readings", "open_findings", "quality_dict", "quality_of"]

STUCK_H = 8
"""Hours in a row without a step from which on a register is called stuck, where it counts at other times. A setting of
ours: a night without water is none."""

LATE = 24 * HOUR
"""A reading that arrives so long after it was taken [µs] came late: sums that were told before have changed."""


@dataclass(frozen=True)
class Quality:
    """How well the main register of a meter was read in some days, shares of the time.

    ``gaps``: stretches without any consumption known, ``longest_gap`` [h]; ``stuck`` [h]: the longest time without a
    step; ``doubts``: readings nobody has decided on, by kind.
    """

    meter: Any
    register: int
    good: float
    estimated: float
    missing: float
    gaps: int
    longest_gap: int
    stuck: int
    doubts: Counter[str] = field(default_factory=Counter)

    @property
    def badness(self) -> float:
        """What the board is ordered by: what is missing, half of what is estimated, and an hour for each doubt."""
        return self.missing + self.estimated / 2 + (sum(self.doubts.values()) + self.stuck / STUCK_H) / 168

    @property
    def jumps(self) -> int:
        """Jumps that did not last, were not confirmed yet, or are confirmed and large."""
        return sum(self.doubts[kind] for kind in ("spike", "unconfirmed", "catch_up"))

    @property
    def others(self) -> int:
        """All other readings in doubt."""
        return sum(self.doubts.values()) - self.jumps


def quality_of(actor: Actor, days: int, meters: QuerySet[Any] | None = None) -> list[Quality]:
    """Of all meters the actor sees that ever sent a reading, or of some of them; the worst first."""
    end = micros(timezone.now()) // HOUR * HOUR
    begin = end - days * 24 * HOUR
    rows = meters if meters is not None else meters_seen(actor)
    known = list(
        Register.objects.filter(code="", kind=Register.Kind.CUMULATIVE, meter__in=rows.order_by().values("pk"))
        .select_related("meter__institution", "meter__building")
        .order_by("pk")
    )
    if not known:
        return []
    doubts: dict[str, Counter[str]] = {}
    for one in open_findings(actor, _moment(begin), _moment(end)):
        if not one.register:
            doubts.setdefault(one.meter, Counter())[one.kind] += 1
    ids = [one.pk for one in known]
    value, good, estimated = hourly(ids, begin, end)
    told = good + estimated
    zero = (told > 0.99) & (value == 0)
    counts = np.nansum(value, axis=1) > 0
    gaps = told < 0.5
    found = [
        Quality(
            register.meter, register.pk, float(good[row].mean()), float(estimated[row].mean()),
            max(1 - float(told[row].mean()), 0.0), int(_begins(gaps[row]).sum()), _longest(gaps[row]),
            _longest(zero[row]) if counts[row] and _longest(zero[row]) >= STUCK_H else 0,
            doubts.get(register.meter.code, Counter()),
        )
        for row, register in enumerate(known)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.badness, one.meter.code))


def _moment(time: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=time)


def _begins(flags: Flags) -> Flags:
    """Where stretches of True begin."""
    begins = flags.copy()
    begins[1:] &= ~flags[:-1]
    return begins


def _longest(flags: Flags) -> int:
    """The longest stretch of True.

    >>> _longest(np.array([True, False, True, True])), _longest(np.array([False]))
    (2, 0)
    """
    if not flags.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max())


def quality_dict(one: Quality) -> dict[str, Any]:
    """A row of the board, as API and command tell it."""
    return {
        "meter": one.meter.code, "name": one.meter.name, "institution": one.meter.institution.code,
        "carrier": one.meter.carrier, "good": round(one.good, 6), "estimated": round(one.estimated, 6),
        "missing": round(one.missing, 6), "gaps": one.gaps, "longest_gap_h": one.longest_gap, "stuck_h": one.stuck,
        "doubts": dict(sorted(one.doubts.items())),
    }  # fmt: skip


def open_findings(actor: Actor, since: dt.datetime, until: dt.datetime, meter: str = "") -> list[Finding]:
    """What a person must look at, without what somebody has decided on."""
    found = findings(actor, since, until, meter)
    decided = set(
        Repair.objects.filter(undone_at=None, since__gte=since, since__lt=until)
        .exclude(kind=Repair.Kind.ESTIMATE)
        .values_list("register__meter__code", "register__code", "since")
    )
    return [one for one in found if (one.meter, one.register, one.time) not in decided]


@dataclass(frozen=True, slots=True)
class Late:
    """Readings of a register that came late, together: how many, of what time, and when they came."""

    meter: str
    count: int
    first: dt.datetime
    last: dt.datetime
    received: dt.datetime
    source: str


def late_readings(actor: Actor, days: int, meter: str = "") -> list[Late]:
    """What came late in some days, latest first: what it says of the past was computed again.

    The very first message of a register is none: nothing was told before.
    """
    seen = Register.objects.for_actor(actor)
    rows = (seen.filter(meter__code=meter) if meter else seen).values_list("pk", "meter__code")
    names = dict(rows)
    if not names:
        return []
    since = micros(timezone.now()) - days * 24 * HOUR
    mine = among(np.array(list(names)))
    files = open_lake().raw.files(f"received >= {moment_text(since - SECOND)} AND {mine}")
    if not files:
        return []
    with connect() as db:
        db.register("seen", pa.table({"register": pa.array(list(names), pa.int64())}))
        firsts = open_lake().raw.files(mine)
        told = db.execute(
            f"""
            WITH begun AS (SELECT register, min(received) AS begun FROM read_parquet($all) JOIN seen USING (register)
                           GROUP BY register)
            SELECT register, count(*), epoch_us(min(time)), epoch_us(max(time)), epoch_us(max(received)),
                   any_value(source)
            FROM read_parquet($files) JOIN begun USING (register)
            WHERE mark = 0 AND epoch_us(received) >= {since} AND epoch_us(received) - epoch_us(time) > {LATE}
            AND received > begun
            GROUP BY register, received ORDER BY 5 DESC, register LIMIT 200
            """,  # noqa: S608
            {"files": files, "all": firsts},
        ).fetchall()
    return [
        Late(names[register], count, _moment(first), _moment(last), _moment(received), source)
        for register, count, first, last, received, source in told
    ]
