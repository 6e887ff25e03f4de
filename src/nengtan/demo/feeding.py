"""The simulated meters of the demonstration on their way in: the last weeks when it is built, then on and on."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone

from nengtan.demo.district import SEED, build
from nengtan.demo.live import DAY, SOURCE, LiveMeter, Sample, live_meters, quarters, sample
from nengtan.demo.tables import word
from nengtan.domain.metering.readings import Ints
from nengtan.domain.metering.rules import SECOND
from nengtan.identity.access import system_actor
from nengtan.registry.models import Meter
from nengtan.registry.services import save_meter
from nengtan.telemetry.models import Register
from nengtan.telemetry.moments import EPOCH, local_offset, micros
from nengtan.telemetry.sent import Sent
from nengtan.telemetry.services import (
    TermInput,
    accept,
    bring_up_to_date,
    main_registers,
    save_register,
    set_formula,
    watch,
)

__all__ = ["STATE", "begin", "go_on"]

STATE = "live.json"
"""In the folder: when the demonstration was built, and up to when its meters have been read [µs since 1970 UTC]."""

HISTORY = 35 * DAY
MINUTE = 60 * SECOND
TOGETHER = 400_000


def begin(folder: Path) -> None:
    """Read the meters of the last weeks, and compute what was used.

    No whole month that is over: the ledger of the demonstration is of other years.
    """
    built = micros(timezone.now())
    offset = local_offset()
    meters = _known(live_meters(build(SEED).institutions))
    _set_up(meters)
    _compute(meters, built)
    _send(meters, quarters(_history(built, offset), built), built, offset)
    bring_up_to_date()
    watch()
    _write(folder, {"built": built, "fed": built})


def go_on(folder: Path) -> int:
    """Read the meters again, and what was missed since they were read last; how many readings that was."""
    state = _read(folder)
    if not state:
        return 0
    now, offset = micros(timezone.now()), local_offset()
    fed = max(state["fed"], now - HISTORY)
    time = np.unique(np.append(quarters(fed, now), now // MINUTE * MINUTE))
    time = time[time > fed]
    if not len(time):
        return 0
    sent = _send(_known(live_meters(build(SEED).institutions)), time, state["built"], offset)
    _write(folder, {**state, "fed": int(time[-1])})
    return sent


def _history(built: int, offset: int) -> int:
    """From when on there are readings: some weeks back, and not from the very beginning of the month before."""
    local = np.array([built + offset]).view("datetime64[us]").astype("datetime64[M]") - 1
    before = int(local.astype("datetime64[us]").astype(np.int64)[0]) - offset
    return max(built - HISTORY, before + 2 * DAY)


def _known(meters: Sequence[LiveMeter]) -> list[LiveMeter]:
    """Those that are in the register, with the parts that are."""
    codes = set(
        Meter.objects.filter(code__in=[one.code for one in meters], institution__closed_on=None).values_list(
            "code", flat=True
        )
    )
    return [one for one in meters if one.code in codes]


def _set_up(meters: Sequence[LiveMeter]) -> None:
    """How the registers count, as a person who connects them would enter it."""
    actor = system_actor()
    rows = {
        one.code: one
        for one in Meter.objects.filter(code__in=[one.code for one in meters]).select_related("institution__region")
    }
    main_registers(actor, list(rows.values()))
    registers = {one.meter_id: one for one in Register.objects.filter(code="", meter__in=rows.values())}
    for one in meters:
        row = rows[one.code]
        values = {"cap": Decimal(str(one.cap)), "modulus": Decimal(10) ** 7, "decimals": one.decimals}
        save_register(actor, row, values, registers[row.pk])


def _compute(meters: Sequence[LiveMeter], built: int) -> None:
    """A virtual meter in the first house with a tree: what is used besides heating and cooling."""
    whole = next((one for one in meters if one.parts), None)
    if whole is None:
        return
    upper = Meter.objects.select_related("institution__region", "building").get(code=whole.code)
    name, note = word("meter_virtual", name=upper.institution.name), word("meter_virtual_note")
    values = {"code": f"{whole.code}-V", "name": name, "carrier": "electricity", "building": upper.building}
    made = save_meter(system_actor(), upper.institution, values)
    plant = next(code for code in whole.parts if code.endswith("-B"))
    since = timezone.localtime(EPOCH + dt.timedelta(microseconds=built - HISTORY)).date()
    set_formula(system_actor(), made, since, [TermInput(whole.code), TermInput(plant, Decimal(-1))], note=note)


def _send(meters: Sequence[LiveMeter], time: Ints, built: int, offset: int) -> int:
    """Through the same door as any gateway."""
    if not meters:
        return 0
    read = sample(SEED, meters, time, built, offset)
    accepted = 0
    step = max(TOGETHER // len(meters), 1)
    for start in range(0, len(time), step):
        answer = accept(system_actor(), _sent(read, slice(start, start + step)), SOURCE)
        accepted += answer.accepted
    return accepted


def _sent(read: Sample, part: slice) -> Sent:
    value = read.value[:, part].ravel()
    count = len(read.time[part])
    key = np.repeat(np.arange(len(read.codes)), count)
    time = np.tile(read.time[part], len(read.codes))
    there = np.isfinite(value)
    keys = [(code, "") for code in read.codes]
    return Sent(keys, key[there], np.arange(1, there.sum() + 1), time[there], value[there])


def _read(folder: Path) -> dict[str, Any]:
    path = folder / STATE
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write(folder: Path, state: Mapping[str, int]) -> None:
    temporary = folder / f"{STATE}.new"
    temporary.write_text(json.dumps(state), encoding="utf-8")
    os.replace(temporary, folder / STATE)
