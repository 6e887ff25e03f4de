"""A collector that reports to a centre: live, and what it kept while nobody listened."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from nengtan.domain.collectors.collector import Acknowledged, Asked, CollectorSession, Online, Told, backoff, with_key
from nengtan.domain.collectors.messages import Package, Reading
from nengtan.domain.collectors.profile import LinkProfile
from nengtan.domain.collectors.session import Closed, Send
from nengtan.telemetry.gateways.simulators.course import Course

__all__ = ["SimulatedCollector"]

PIECE = 65_536


@dataclass
class SimulatedCollector:
    """So many packages of a course, each until it is acknowledged; ``heard`` is told what the centre says."""

    host: str
    port: int
    profile: LinkProfile
    building: str
    number: str
    meters: Sequence[str]
    course: Course
    times: int
    heard: Callable[[str], None] = lambda _said: None
    least_s: float = 1.0
    acknowledged: set[str] = field(default_factory=set)

    async def run(self, stay: bool = False) -> int:
        """Report until everything is acknowledged, then leave unless told to ``stay``; how many packages were."""
        attempt = 0
        while stay or len(self.acknowledged) < self.times:
            try:
                await self._connected(stay)
                attempt = 0
            except (OSError, EOFError) as error:
                self.heard(f"gone: {str(error) or 'hung up'}")
            if not stay and len(self.acknowledged) >= self.times:
                break
            await asyncio.sleep(backoff(attempt, random.random(), self.least_s, 60))
            attempt += 1
        return len(self.acknowledged)

    def package(self, number: int) -> Package:
        """The package of a number."""
        moment, shown = self.course.moment(number), self.course.shown(number)
        readings = tuple(_reading(meter, shown) for meter in self.meters)
        return Package(str(number + 1), moment.replace(tzinfo=None), readings, total=self.times, current=number + 1)

    async def _connected(self, stay: bool) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        told = {"period": str(int(self.course.step.total_seconds() // 60)), "report_mode": "auto", "soft_ver": "sim"}
        session = CollectorSession(self.profile, self.building, self.number, time.monotonic(), told)
        packages = [self.package(number) for number in range(self.times)]
        session.resend(one for one in packages if one.sequence not in self.acknowledged)
        try:
            await self._do(session, writer, session.connected())
            while stay or len(self.acknowledged) < self.times:
                try:
                    data = await asyncio.wait_for(reader.read(PIECE), 0.5)
                    if not data:
                        raise EOFError
                    await self._do(session, writer, session.feed(data, time.monotonic()))
                except TimeoutError:
                    pass
                await self._do(session, writer, session.tick(time.monotonic()))
        finally:
            writer.close()

    async def _do(self, session: CollectorSession, writer: asyncio.StreamWriter, events: Sequence[object]) -> None:
        for event in events:
            match event:
                case Send():
                    writer.write(event.data)
                    await writer.drain()
                case Online():
                    self.heard("online")
                case Acknowledged():
                    self.acknowledged.add(event.sequence)
                    self.heard(f"acknowledged {event.sequence}")
                case Asked():
                    session.reply(self.package(self.times - 1))
                case Told():
                    self.profile = with_key(self.profile, event)
                    self.building = event.values.get("new_building_id", self.building)
                    self.number = event.values.get("new_gateway_id", self.number)
                    self.heard(f"told {event.operation} {stamped(event)}")
                case Closed():
                    raise EOFError(event.reason)


def stamped(told: Told) -> str:
    """What was told, keys left out."""
    return " ".join(f"{name}={text}" for name, text in told.values.items() if "key" not in name)


def _reading(meter: str, shown: Decimal) -> Reading:
    return Reading(meter, "1", "", float(shown), f"{shown}")
