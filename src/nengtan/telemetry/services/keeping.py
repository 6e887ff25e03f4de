"""Bringing the lake up to date: what waits moved in, consumption of what changed computed again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from nengtan.domain.metering.readings import Events, Registers
from nengtan.domain.metering.rules import SECOND
from nengtan.telemetry.inbox import open_inbox
from nengtan.telemetry.lake.book import Book
from nengtan.telemetry.lake.columns import ENDLESS
from nengtan.telemetry.lake.moving import move
from nengtan.telemetry.lake.repairs import Edit, Fill, Repairs
from nengtan.telemetry.lake.rolling import Rolled, roll_up
from nengtan.telemetry.lake.spans import Redone
from nengtan.telemetry.lake.tables import open_lake
from nengtan.telemetry.lake.upkeep import tidy
from nengtan.telemetry.models import MeterEvent, RatioSpan, Redo, Register, Repair
from nengtan.telemetry.moments import local_offset, micros
from nengtan.telemetry.services.registers import FROM_THE_FIRST

__all__ = ["Busy", "Kept", "book_of_registers", "bring_up_to_date"]


class Busy(RuntimeError):
    """Another process is at work on the lake and did not come to an end."""


@dataclass
class Kept:
    """What was done: readings moved into the lake, and the roll-up of them."""

    moved: int = 0
    rolled: Rolled = field(default_factory=Rolled)


def bring_up_to_date(wait_s: float = 600, progress: Callable[[int, int], None] | None = None) -> Kept:
    """Move what waits, compute what changed, and put small files together.

    Raises:
        Busy: another process holds the lake for longer than ``wait_s``.
    """
    inbox, lake = open_inbox(), open_lake()
    with inbox.exclusive(wait_s) as ours:
        if not ours:
            raise Busy
        kept = Kept(move(inbox, lake, lambda: micros(timezone.now())))
        redo, ratios = _redo()
        asked = [*redo.values(), *((register, FROM_THE_FIRST, ENDLESS) for register in ratios)]
        kept.rolled = roll_up(lake, book_of_registers(), local_offset(), asked, progress)
        _done(redo, ratios)
        tidy(lake)
    return kept


def _redo() -> tuple[dict[int, Redone], dict[int, Decimal]]:
    """What is asked to be computed again, and registers whose meter has another ratio than was reckoned with."""
    asked = Redo.objects.values_list("pk", "register", "since", "until")
    redo = {pk: (register, since, until) for pk, register, since, until in asked}
    rows = Register.objects.exclude(ratio_used=None).values_list("pk", "ratio_used", "meter__ratio")
    return redo, {pk: ratio for pk, used, ratio in rows if used != ratio}


@transaction.atomic
def _done(redo: dict[int, Redone], ratios: dict[int, Decimal]) -> None:
    Redo.objects.filter(pk__in=list(redo)).delete()
    changed = list(Register.objects.filter(pk__in=list(ratios)))
    changed += list(Register.objects.filter(ratio_used=None).select_related("meter"))
    for register in changed:
        register.ratio_used = ratios.get(register.pk, register.meter.ratio)
    Register.objects.bulk_update(changed, ["ratio_used"], batch_size=500)


def book_of_registers() -> Book:
    """All cumulative registers, their ratios and what happened to them."""
    registers = Register.objects.filter(kind=Register.Kind.CUMULATIVE).order_by("pk")
    rows = list(registers.values_list("pk", "meter_id", "meter__ratio", "modulus", "cap", "period_s", "code"))
    columns = list(zip(*rows, strict=True)) or [()] * 7
    number = _numbers
    known = Registers(
        number(columns[2]), number(columns[3]), number(columns[4], math.inf), np.array(columns[5], np.int64) * SECOND
    )
    return Book(np.array(columns[0], np.int64), known, _events(rows), _repairs())


def _repairs() -> Repairs:
    """What people decided of readings, and did not undo."""
    rows = Repair.objects.filter(undone_at=None).exclude(kind=Repair.Kind.ACCEPT).order_by("register_id", "since")
    edits: list[Edit] = []
    fills: list[Fill] = []
    for one in rows.iterator():
        if one.kind == Repair.Kind.ESTIMATE:
            fills.append(Fill(one.register_id, micros(one.since), np.array(one.shape) * float(one.value or 0)))
        else:
            edits.append(Edit(one.register_id, micros(one.since), None if one.value is None else float(one.value)))
    return Repairs(edits, fills)


def _numbers(values: Iterable[Any], absent: float = math.nan) -> np.ndarray:
    return np.array([absent if one is None else float(one) for one in values], np.float64)


def _events(rows: Sequence[tuple[Any, ...]]) -> Events:
    """What happened, and changes of ratio, which are events of every register of the meter."""
    happened = MeterEvent.objects.filter(withdrawn_at=None).values_list("register_id", "at", "final", "start")
    found = {(pk, micros(at)): [float(final), float(start), math.nan] for pk, at, final, start in happened}
    of_meter: dict[int, list[tuple[int, str]]] = {}
    for pk, meter, *_rest, code in rows:
        of_meter.setdefault(meter, []).append((pk, code))
    for span in RatioSpan.objects.all():
        for pk, code in of_meter.get(span.meter_id, ()):
            read = math.nan if code or span.reading is None else float(span.reading)
            told = found.setdefault((pk, micros(span.since)), [read, read, math.nan])
            told[2] = float(span.ratio)
    keys = list(found)
    values = np.array(list(found.values()), np.float64).reshape(-1, 3)
    return Events.of([key[0] for key in keys], [key[1] for key in keys], values[:, 0], values[:, 1], values[:, 2])
