"""Reporting to another centre by the national protocol, as a collector does (向上级平台上传): from what is stored.

At the end of each quarter of an hour one package tells what every register has come to. A package is forgotten once
the other centre says that it keeps it, and what was told is remembered with that: however either end is killed, the
next connection goes on where the last acknowledgement was. Saying a package twice says the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from nengtan.domain.collectors.collector import (
    Acknowledged,
    Asked,
    CollectorSession,
    Online,
    Told,
    backoff,
    key_of,
)
from nengtan.domain.collectors.messages import Package, Reading, stamp
from nengtan.domain.collectors.profile import LinkProfile
from nengtan.domain.collectors.session import Closed, Send
from nengtan.reference.links import link_profile
from nengtan.telemetry.gateways.intake import in_thread
from nengtan.telemetry.gateways.vault import Locked, reveal
from nengtan.telemetry.models import UploadLink, UploadPoint
from nengtan.telemetry.moments import EPOCH, micros
from nengtan.telemetry.queries import known_intervals
from nengtan.telemetry.services.links import vault_name
from nengtan.telemetry.services.uploads import QUARTER, told_key, upload_kept

__all__ = ["Course", "Parcel", "Uploads", "parcels"]

log = logging.getLogger(__name__)

LOOK_S = 10.0
"""How often new intervals are looked for once everything is sent [s]."""

WAIT_FOR = dt.timedelta(hours=2)
"""How long a quarter of an hour waits for registers of which nothing is known yet; then it goes without them."""

AHEAD = dt.timedelta(days=1)
"""How much is looked up at first."""

AT_ONCE = 96
"""Packages that are made ready at once."""

PIECE = 65_536
CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Course:
    """A register on its way to another centre: what was told of it, and up to when [µs]."""

    point: int
    register: int
    name: tuple[str, str, str]
    total: Decimal
    until: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """A package, the moment it tells of, and what every point has come to once it is kept."""

    package: Package
    until: dt.datetime
    totals: Mapping[int, Decimal]


def parcels(
    courses: Iterable[Course], known: Iterable[tuple[int, int, float]], since: dt.datetime, until: dt.datetime,
    running: bool, latest: dt.datetime, zone: dt.tzinfo,
) -> list[Parcel]:  # fmt: skip
    """Packages of the ends of quarters of an hour after ``since`` up to ``until``.

    ``known``: register, time, consumption. A quarter of an hour that ends after ``latest`` and of which a register is
    not known yet is waited for, and with it all after it. Of what is not known nothing is said: never 0. A register
    that was not known for a while tells, in its running total, of that while once it is.
    """
    held = {one.register: one for one in courses}
    by_end: dict[int, dict[int, Decimal]] = {}
    pending: dict[int, list[tuple[int, Decimal]]] = {}
    quarter = QUARTER // dt.timedelta(microseconds=1)
    for register, at, value in known:
        if register in held and at >= held[register].until:
            exact = Decimal(repr(round(value, 6)))
            by_end.setdefault(at + quarter, {})[register] = exact
            pending.setdefault(register, []).append((at + quarter, exact))
    totals = {register: one.total for register, one in held.items()}
    counted = dict.fromkeys(held, 0)
    found: list[Parcel] = []
    moment = since + QUARTER
    while moment <= until:
        here = by_end.get(micros(moment), {})
        if len(here) < len(held) and moment > latest:
            break
        for register in here:
            rows = pending[register]
            while counted[register] < len(rows) and rows[counted[register]][0] <= micros(moment):
                totals[register] += rows[counted[register]][1]
                counted[register] += 1
        if here:
            told = {register: totals[register] if running else value for register, value in here.items()}
            found.append(_parcel(moment, told, held, totals, zone))
        moment += QUARTER
    return found


def _parcel(
    moment: dt.datetime, told: Mapping[int, Decimal], held: Mapping[int, Course], totals: Mapping[int, Decimal],
    zone: dt.tzinfo,
) -> Parcel:  # fmt: skip
    local = moment.astimezone(zone).replace(tzinfo=None)
    readings = tuple(
        Reading(meter, function, coding, float(value), f"{value:f}")
        for register, value in sorted(told.items(), key=lambda one: held[one[0]].name)
        for meter, function, coding in (held[register].name,)
    )
    kept = {held[register].point: totals[register] for register in told}
    return Parcel(Package(stamp(local), local, readings), moment, kept)


@dataclass(frozen=True, slots=True)
class Target:
    """Another centre as the database has it."""

    pk: int
    code: str
    host: str
    port: int
    building: str
    number: str
    profile: LinkProfile
    running: bool
    acknowledges: bool
    since: dt.datetime
    sent_until: dt.datetime | None


def load_targets() -> list[Target]:
    """Every centre to report to."""
    found = []
    for one in UploadLink.objects.filter(ended_at=None):
        try:
            keys = {
                name: reveal(kept, vault_name("upload", one.pk, name[:3])) if kept else None
                for name, kept in (("md5_key", one.md5_key), ("aes_key", one.aes_key))
            }
            written = link_profile(one.profile, one.settings)
        except (Locked, ValueError) as error:
            _fault(one.pk, f"key: {error}")
            continue
        profile = replace(written, md5_key=keys["md5_key"] or b"", aes_key=keys["aes_key"])
        found.append(
            Target(
                one.pk, one.code, one.host, one.port, one.building, one.number, profile,
                one.content == UploadLink.Content.TOTAL, one.acknowledges, one.since, one.sent_until,
            )
        )  # fmt: skip
    return found


def next_parcels(target: Target) -> list[Parcel]:
    """What is to be sent next; the first says where running totals begin."""
    sent: Any = UploadLink.objects.values_list("sent_until", flat=True).get(pk=target.pk)
    rows = UploadPoint.objects.filter(link=target.pk)
    courses = [
        Course(
            one.pk, one.register_id, (one.meter, one.function, one.coding), one.total,
            micros(max(one.total_until, target.since) if one.total_until else target.since),
        )
        for one in rows
    ]  # fmt: skip
    zone = timezone.get_default_timezone()
    if not courses:
        return []
    if sent is None:
        if target.running:
            held = {one.register: one for one in courses}
            begun = {one.register: one.total for one in courses}
            return [_parcel(target.since, begun, held, begun, zone)]
        sent = target.since
    now = timezone.now()
    ahead = AHEAD
    while True:
        until = min(sent + ahead, now)
        start = min(sent, *(EPOCH + dt.timedelta(microseconds=one.until) for one in courses))
        known = known_intervals([one.register for one in courses], micros(start), micros(until))
        found = parcels(courses, known, sent, until, target.running, now - WAIT_FOR, zone)
        if found or until >= now:
            return found[:AT_ONCE]
        ahead *= 4  # after a long while of which nothing is known few questions are enough


def _fault(link: int, fault: str) -> None:
    UploadLink.objects.filter(pk=link).exclude(fault=fault[:200]).update(fault=fault[:200])


class Uploads:
    """All centres to report to; `run` until cancelled."""

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Report; centres added, changed or ended meanwhile are known within `LOOK_S`."""
        tasks: dict[Target, asyncio.Task[None]] = {}
        try:
            while True:
                try:
                    targets = {replace(one, sent_until=None) for one in await in_thread(load_targets)}
                except Exception:
                    log.exception("centres to report to could not be looked up")
                    targets = set(tasks)
                for target in tasks.keys() - targets:
                    tasks.pop(target).cancel()
                for target in targets - tasks.keys():
                    tasks[target] = asyncio.create_task(_report(target))
                ready()
                ready = _nothing
                await asyncio.sleep(LOOK_S)
                for target in [target for target, task in tasks.items() if task.done()]:
                    log.error("centre %s: %s", target.code, tasks.pop(target).exception())
        finally:
            for task in tasks.values():
                task.cancel()


def _nothing() -> None:
    pass


async def _report(target: Target) -> None:
    """Connect again and again, ever more seldom; a connection that let us in begins anew."""
    attempt = 0
    while True:
        line = _Line(target)
        try:
            await line.run()
        except (OSError, EOFError, TimeoutError) as error:
            said = str(error) or type(error).__name__
            log.info("centre %s: %s", target.code, said)
            await in_thread(_fault, target.pk, said)
        except Exception as error:
            log.exception("centre %s", target.code)
            with contextlib.suppress(DatabaseError):
                await in_thread(_fault, target.pk, f"{type(error).__name__}: {error}")
        attempt = 0 if line.online else attempt + 1
        await asyncio.sleep(backoff(attempt, random.random()))


class _Line:
    """One connection to another centre."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.online = False
        self._sent: Parcel | None = None
        self._waiting: list[Parcel] = []
        self._looked = -LOOK_S
        told = {"period": "15", "report_mode": "auto", "soft_ver": "nengtan"}
        self._session = CollectorSession(target.profile, target.building, target.number, time.monotonic(), told)

    async def run(self) -> None:
        """Until the other end hangs up; raises `OSError` or `EOFError`."""
        opening = asyncio.open_connection(self.target.host, self.target.port)
        reader, writer = await asyncio.wait_for(opening, CONNECT_S)
        try:
            await self._do(writer, self._session.connected())
            while True:
                await self._next(writer)
                data = None
                with contextlib.suppress(TimeoutError):
                    data = await asyncio.wait_for(reader.read(PIECE), 0.5)
                if data == b"":
                    raise EOFError("hung up")
                at = time.monotonic()
                await self._do(writer, self._session.feed(data, at) if data else self._session.tick(at))
        finally:
            writer.close()

    async def _next(self, writer: asyncio.StreamWriter) -> None:
        """Give the session the next package, where the one before is kept."""
        if not self.online or self._sent is not None:
            return
        if not self._waiting and time.monotonic() - self._looked >= LOOK_S:
            self._waiting = await in_thread(next_parcels, self.target)
            self._looked = -LOOK_S if self._waiting else time.monotonic()
        if not self._waiting:
            return
        self._sent = self._waiting.pop(0)
        if self.target.acknowledges:
            self._session.resend([self._sent.package])
        else:
            self._session.report(self._sent.package)
        await self._do(writer, self._session.tick(time.monotonic()))
        if not self.target.acknowledges and self._sent is not None:
            await self._kept()

    async def _kept(self) -> None:
        assert self._sent is not None
        sent, self._sent = self._sent, None
        await in_thread(upload_kept, self.target.pk, sent.until, sent.totals)

    async def _do(self, writer: asyncio.StreamWriter, events: Iterable[Any]) -> None:
        for event in events:
            match event:
                case Send():
                    writer.write(event.data)
                    await asyncio.wait_for(writer.drain(), CONNECT_S)
                case Online():
                    self.online = True
                    await in_thread(_fault, self.target.pk, "")
                case Acknowledged() if self._sent is not None and event.sequence == self._sent.package.sequence:
                    await self._kept()
                case Asked() if self._sent is not None:
                    self._session.reply(self._sent.package)
                case Told():
                    await self._told(event)
                case Closed():
                    raise EOFError(event.reason)

    async def _told(self, event: Told) -> None:
        """A key is kept for the next connection; everything else is only said yes to."""
        if event.operation in ("md5_key", "aes_key"):
            key = key_of(event.values.get(f"{event.operation}data", ""))
            if key is not None:
                await in_thread(told_key, self.target.pk, event.operation, key)
        log.info("centre %s: told %s", self.target.code, event.operation)
