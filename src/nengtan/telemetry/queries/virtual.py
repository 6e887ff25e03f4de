"""Virtual meters: computed from others by the quarter of an hour, each time somebody looks, and added up from there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from django.utils import timezone

from nengtan.domain.metering.codes import Quality
from nengtan.domain.metering.readings import Ints
from nengtan.domain.metering.statistics import Statistics, days, hours, months, roll_up
from nengtan.domain.metering.virtual import Column, Term, Versions, as_intervals, evaluate_dated
from nengtan.domain.metering.virtual import Formula as Rule
from nengtan.telemetry.lake.columns import among, moment_text, within
from nengtan.telemetry.lake.tables import connect, open_lake, source_of
from nengtan.telemetry.models import Formula, Register
from nengtan.telemetry.moments import local_offset, micros
from nengtan.telemetry.queries.series import QUARTER, Point, Step

__all__ = ["Computed", "formulas_of", "is_virtual", "virtual_meters"]

_PERIODS = {"hour": hours, "day": days, "month": months}


def is_virtual(meter: int) -> bool:
    """Whether a meter is computed from others."""
    return Formula.objects.filter(meter=meter).exists()


def virtual_meters(meters: Iterable[int]) -> set[int]:
    """Those of some meters that are computed from others."""
    return set(Formula.objects.filter(meter__in=list(meters)).values_list("meter", flat=True))


def formulas_of(meters: Iterable[int]) -> dict[int, list[Formula]]:
    """All versions of some virtual meters and of those they are computed from, by meter; a question a level."""
    found: dict[int, list[Formula]] = {}
    asked: set[int] = set()
    wanted = set(meters)
    while wanted:
        asked |= wanted
        rows = Formula.objects.filter(meter__in=wanted).select_related("meter").prefetch_related("terms__meter")
        wanted = set()
        for one in rows.order_by("meter", "valid_from"):
            found.setdefault(one.meter_id, []).append(one)
            wanted |= {term.meter_id for term in one.terms.all()}
        wanted -= asked
    return found


class Computed:
    """Some virtual meters, and what they are computed from."""

    def __init__(self, meters: Sequence[int]) -> None:
        """``meters``: primary keys; those that are not virtual are left out."""
        self.formulas = formulas_of(meters)
        self.meters = [meter for meter in meters if meter in self.formulas]
        self.inputs = {
            term.meter_id for those in self.formulas.values() for one in those for term in one.terms.all()
        } - self.formulas.keys()

    @cached_property
    def registers(self) -> dict[int, int]:
        """The main register of each meter they are computed from."""
        rows = Register.objects.filter(code="", direction=Register.Direction.IN, meter__in=self.inputs)
        return dict(rows.values_list("meter", "pk")) if self.inputs else {}

    def columns(self, begin: int, end: int) -> tuple[Ints, list[Column]]:
        """Quarters of an hour from ``begin`` up to ``end`` [µs] of which anything is known, and each meter's column."""
        found = _intervals(list(self.registers.values()), begin, end)
        start = np.unique(found["time"])
        if not len(start):
            start = np.zeros(0, np.int64)
        measured = {str(meter): Column.missing(len(start)) for meter in self.inputs}
        for meter, register in self.registers.items():
            mine = found["register"] == register
            place = np.searchsorted(start, found["time"][mine])
            column = measured[str(meter)]
            column.value[place] = found["value"][mine]
            column.quality[place] = np.where(np.isnan(found["value"][mine]), Quality.MISSING, found["quality"][mine])
            column.known[place] = np.where(np.isnan(found["value"][mine]), 0.0, found["known"][mine])
        versions = {str(meter): _versions(those) for meter, those in self.formulas.items()}
        made = evaluate_dated(versions, measured, start, QUARTER)
        return start, [made.get(str(meter)) or Column.missing(len(start)) for meter in self.meters]

    def statistics(self, step: Step, begin: int, end: int) -> Statistics:
        """Consumption by meter, in the order asked for, and period; ``period`` is where it begins [µs]."""
        start, columns = self.columns(begin, end)
        intervals = as_intervals(columns, start, QUARTER)
        offset = local_offset()
        if step == "quarter":
            number, length = intervals.start // QUARTER, np.full(len(intervals.start), QUARTER)
            return _begun(roll_up(intervals, number, length), number * QUARTER, number)
        number, length = _PERIODS[step](intervals.start, offset)
        begins = _begins(step, number, length, offset)
        return _begun(roll_up(intervals, number, length), begins, number)

    def points(self, step: Step, begin: int, end: int) -> list[Point]:
        """Of the first meter, as `series.points` tells it; periods without anything known left out."""
        return list(self.by_meter(step, begin, end)[self.meters[0]].values()) if self.meters else []

    def by_meter(self, step: Step, begin: int, end: int) -> dict[int, dict[int, Point]]:
        """Of each meter, by the beginning of the period."""
        told = self.statistics(step, begin, end)
        found: dict[int, dict[int, Point]] = {meter: {} for meter in self.meters}
        for at in range(len(told)):
            time, value = int(told.period[at]), float(told.value[at])
            found[self.meters[told.register[at]]][time] = Point(
                time, None if np.isnan(value) else value, float(told.good[at]), float(told.estimated[at]),
                float(told.missing[at]), Quality(int(told.quality[at])).name.lower(),
            )  # fmt: skip
        return found


def _begins(step: Step, number: Ints, length: Ints, offset: int) -> Ints:
    """Where the periods begin [µs]."""
    if step != "month":
        return number * length - offset
    month = (number // 100 - 1970) * 12 + number % 100 - 1
    return month.astype("datetime64[M]").astype("datetime64[us]").astype(np.int64) - offset


def _begun(told: Statistics, begins: Ints, number: Ints) -> Statistics:
    """Statistics with where each period begins in the place of its number."""
    known, first = np.unique(number, return_index=True)
    period = begins[first][np.searchsorted(known, told.period)] if len(known) else told.period
    return Statistics(
        told.register, period, told.value, told.good, told.estimated, told.missing, told.quality
    )  # fmt: skip


def _versions(those: Sequence[Formula]) -> Versions:
    zone = timezone.get_current_timezone()
    return [
        (
            micros(dt.datetime.combine(one.valid_from, dt.time(), tzinfo=zone)),
            Rule(
                tuple(Term(str(term.meter_id), float(term.weight), term.optional) for term in one.terms.all()),
                float(one.constant),
            ),
        )
        for one in those
    ]  # fmt: skip


def _intervals(registers: Sequence[int], begin: int, end: int) -> Mapping[str, Any]:
    """The quarters of an hour of some registers, the last revision of each."""
    where = f"time >= {moment_text(begin)} AND time < {moment_text(end)}"
    ids = np.array(sorted(registers), np.int64)
    files = open_lake().intervals.files(f"{among(ids)} AND {within(begin, end)}") if len(ids) else []
    if not files:
        nothing = np.zeros(0, np.int64)
        return {"register": nothing, "time": nothing, "value": np.zeros(0), "known": np.zeros(0), "quality": nothing}
    with connect() as db:
        db.register("wanted", pa.table({"register": ids}))
        found = db.execute(
            "SELECT register, epoch_us(time) AS time, value, known, quality "  # noqa: S608
            f"FROM {source_of(files, 'intervals')} JOIN wanted USING (register) WHERE {where} AND {among(ids)} "
            "QUALIFY row_number() OVER (PARTITION BY register, time ORDER BY revision DESC) = 1",
            {"files": files},
        ).fetchnumpy()
    return {name: np.ma.filled(column, np.nan) if name == "value" else column for name, column in found.items()}
