"""Asking devices at their hours: one loop a line, one question at a time on it, many lines side by side."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils import timezone

from nengtan.reference.devices import device_templates
from nengtan.telemetry.gateways.asking import NoAnswer, Shown, ask, line_to
from nengtan.telemetry.gateways.intake import Intake, NotKept, Senders, in_thread
from nengtan.telemetry.models import Device, Register
from nengtan.telemetry.moments import micros
from nengtan.telemetry.sent import Sent
from nengtan.telemetry.services.devices import device_failed, device_heard

__all__ = ["Poller", "Wanted", "due_after", "load_devices"]

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Lines asked at one time."""

LOOK_S = 15.0
"""How often the devices are looked up [s]."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A device, and the registers of its meter it is asked for."""

    pk: int
    code: str
    gateway: str
    meter: str
    protocol: str
    host: str
    port: int
    address: str
    template: str
    period_s: int
    units: tuple[tuple[str, str], ...]

    @property
    def line(self) -> tuple[str, str, int]:
        """What it shares with other devices."""
        return self.protocol, self.host, self.port


def load_devices() -> list[Wanted]:
    """Every device to be asked, with the registers of its meter that its template knows."""
    found = Device.objects.filter(ended_at=None, gateway__ended_at=None).select_related("gateway", "meter")
    devices = list(found)
    units: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for meter, code, unit in Register.objects.filter(meter__devices__in=devices).values_list("meter", "code", "unit"):
        units[meter].append((code, unit))
    return [
        Wanted(
            one.pk, one.code, one.gateway.code, one.meter.code, one.protocol, one.host, one.port, one.address,
            one.template, one.period_s, tuple(sorted(set(units[one.meter_id]))),
        )
        for one in devices
        if one.template in device_templates()
    ]  # fmt: skip


def due_after(now: float, period_s: int) -> float:
    """The next moment at which a device is read: whole periods of the day, so that readings of meters agree.

    >>> due_after(1000.0, 900), due_after(900.0, 900)
    (1800.0, 1800.0)
    """
    return (now // period_s + 1) * period_s


class Poller:
    """All devices; `run` until cancelled."""

    def __init__(self, intake: Intake, senders: Senders) -> None:
        self.intake, self.senders = intake, senders
        self._devices: dict[tuple[str, str, int], list[Wanted]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Ask devices at their hours; those added or ended meanwhile are known within `LOOK_S`."""
        lines: dict[tuple[str, str, int], asyncio.Task[None]] = {}
        try:
            while True:
                await self._look()
                for line in self._devices.keys() - lines.keys():
                    lines[line] = asyncio.create_task(self._line(line))
                for line in lines.keys() - self._devices.keys():
                    lines.pop(line).cancel()
                ready()
                ready = _nothing
                await asyncio.sleep(LOOK_S)
                for line in [line for line, task in lines.items() if task.done()]:
                    log.error("line %s ended: %s", line, lines.pop(line).exception())
        finally:
            for task in lines.values():
                task.cancel()

    async def _look(self) -> None:
        try:
            devices: list[Wanted] = await in_thread(load_devices)
        except Exception:
            log.exception("devices could not be looked up")
            return
        grouped: dict[tuple[str, str, int], list[Wanted]] = {}
        for one in devices:
            grouped.setdefault(one.line, []).append(one)
        self._devices = grouped

    async def _line(self, line: tuple[str, str, int]) -> None:
        due: dict[int, float] = {}
        while True:
            now = time.time()
            devices = self._devices.get(line, [])
            due = {one.pk: due.get(one.pk, now) for one in devices}  # one that is new is asked at once
            ready = [one for one in devices if due[one.pk] <= now]
            if ready:
                async with self._room:
                    await self._round(line, ready)
                after = time.time()
                due |= {one.pk: due_after(after, one.period_s) for one in ready}
            await asyncio.sleep(max(0.05, min([*(at - time.time() for at in due.values()), 1.0])))

    async def _round(self, line: tuple[str, str, int], devices: Sequence[Wanted]) -> None:
        """Ask devices of one line, one after the other; where the line itself is dead, all of them are."""
        try:
            async with line_to(*line) as connection:
                for one in devices:
                    try:
                        wanted = [key for key, _unit in one.units]
                        shown = await ask(connection, one.address, device_templates()[one.template], wanted)
                        await self._keep(one, shown)
                    except NoAnswer as error:
                        await self._failed([one], error)
        except NoAnswer as error:
            await self._failed(devices, error)
        except NotKept as error:
            log.warning("line %s: readings were not kept: %s", line, error)

    async def _keep(self, device: Wanted, shown: Sequence[Shown]) -> None:
        units = dict(device.units)
        good = [one for one in shown if one.value is not None and units.get(one.key) == one.unit]
        wrong = [one for one in shown if one.value is None or units.get(one.key) != one.unit]
        reach = await self.senders.find(device.gateway)
        if reach is None:
            return
        if good:
            await self.intake.put(reach.source, _columns(device.meter, good, timezone.now()), reach.registers)
        said = "; ".join(f"{one.key or 'main'}: {one.reason or 'other_unit ' + one.unit}" for one in wrong)
        await in_thread(device_heard if good else device_failed, device.pk, said[:200])

    async def _failed(self, devices: Sequence[Wanted], error: NoAnswer) -> None:
        for one in devices:
            log.info("device %s: %s", one.code, error)
            await in_thread(device_failed, one.pk, str(error)[:200])


def _columns(meter: str, shown: Sequence[Shown], at: dt.datetime) -> Sent:
    """Readings of one meter and moment, to the second."""
    many = len(shown)
    moment = micros(at.replace(microsecond=0))
    values = [float(one.value) for one in shown if one.value is not None]
    return Sent(
        [(meter, one.key) for one in shown], np.arange(many), np.arange(1, many + 1), np.full(many, moment, np.int64),
        np.array(values, np.float64),
    )  # fmt: skip


def _nothing() -> None:
    pass
