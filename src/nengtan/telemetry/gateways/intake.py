"""What gateways send, from many connections into one inbox: what arrives together is put on the disk together.

One write that lasts costs the same for one message as for a hundred. So messages wait until the write before theirs
is done, and each sender is answered only when its own is on the disk.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import close_old_connections
from django.utils import timezone

from nengtan.telemetry.models import Gateway, GatewayPoint
from nengtan.telemetry.sent import Sent
from nengtan.telemetry.services.accepting import Answer, Parcel, accept_parcels, registers_of

__all__ = ["Intake", "NotKept", "Reach", "Senders", "in_thread"]

log = logging.getLogger(__name__)

MOST = 500
"""Messages in one write."""

WAITING = 5000
"""Messages that may wait; who brings more waits too."""

BELIEVED_S = 15.0
"""How long what a gateway may send is taken from memory [s]: one that was ended sends no longer than that."""

Parcels = list[tuple[Parcel, "asyncio.Future[Answer]"]]


class NotKept(Exception):
    """The database or the inbox could not be used: whoever sent it is to send it again."""


async def in_thread(work: Any, *told: Any) -> Any:
    """Work with the database, beside the loop."""
    return await asyncio.to_thread(_cleanly, work, *told)


def _cleanly(work: Any, *told: Any) -> Any:
    close_old_connections()
    return work(*told)


@dataclass(frozen=True, slots=True)
class Reach:
    """A gateway, the registers it may send for by meter and register code, and its own names for them."""

    code: str
    body: str
    registers: dict[tuple[str, str], int]
    points: dict[str, tuple[str, str]]

    @property
    def source(self) -> str:
        """What goes with every reading."""
        return f"gateway:{self.code}"

    def key(self, point: str) -> tuple[str, str]:
        """Meter and register code of a point, by its own name or as ``METER`` or ``METER/REGISTER``.

        >>> reach = Reach("G", "B", {}, {"1/1": ("E-1", "")})
        >>> reach.key("1/1"), reach.key("E-2"), reach.key("E-2/T1")
        (('E-1', ''), ('E-2', ''), ('E-2', 'T1'))
        """
        if point in self.points:
            return self.points[point]
        meter, _slash, register = point.partition("/")
        return meter, register


class Senders:
    """Gateways by code, asked of the database at most every `BELIEVED_S` seconds."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Reach | None]] = {}

    async def find(self, code: str) -> Reach | None:
        """What a gateway may do; None where there is none of this code, or it has ended.

        Raises:
            NotKept: the database cannot be asked.
        """
        held = self._known.get(code)
        if held is not None and time.monotonic() - held[0] < BELIEVED_S:
            return held[1]
        try:
            reach: Reach | None = await in_thread(load, code)
        except Exception as error:
            log.exception("gateway %s could not be looked up", code)
            raise NotKept(str(error)) from error
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[code] = time.monotonic(), reach
        return reach


def load(code: str) -> Reach | None:
    """A gateway as the database has it."""
    found: Any = Gateway.objects.filter(code=code, ended_at=None).select_related("institution").first()
    if found is None:
        return None
    rows = GatewayPoint.objects.filter(gateway=found).values_list("name", "register__meter__code", "register__code")
    points = {name: (meter, register) for name, meter, register in rows}
    return Reach(code, found.institution.code, registers_of(found), points)


@dataclass
class Intake:
    """The way into the inbox for everything in this process; `run` beside those who `put`."""

    _queue: asyncio.Queue[tuple[Parcel, asyncio.Future[Answer]]] = field(default_factory=lambda: asyncio.Queue(WAITING))
    _seen: dict[str, float] = field(default_factory=dict)

    async def put(self, source: str, sent: Sent, registers: dict[tuple[str, str], int], name: str = "") -> Answer:
        """Keep readings; durable when this returns.

        Raises:
            NotKept: the inbox cannot take them, as on a full disk.
        """
        return await (await self.hand(source, sent, registers, name))

    async def hand(
        self, source: str, sent: Sent, registers: dict[tuple[str, str], int], name: str = ""
    ) -> asyncio.Future[Answer]:
        """The same without waiting for the disk: what is handed in first is written first."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        await self._queue.put((Parcel(source, sent, registers, name), answer))
        return answer

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        while True:
            together = [await self._queue.get()]
            while len(together) < MOST and not self._queue.empty():
                together.append(self._queue.get_nowait())
            try:
                await self._write(together)
            except asyncio.CancelledError:
                for _parcel, answer in together:
                    answer.cancel()
                raise

    async def _write(self, together: Parcels) -> None:
        try:
            answers = await in_thread(self._keep, [parcel for parcel, _answer in together])
        except Exception as error:
            if len(together) > 1:  # one that cannot be kept must not keep the others out
                for one in together:
                    await self._write([one])
                return
            log.exception("readings of %s were not kept", together[0][0].source)
            if not together[0][1].done():
                together[0][1].set_exception(NotKept(str(error)))
            return
        for (_parcel, answer), told in zip(together, answers, strict=True):
            if not answer.done():
                answer.set_result(told)

    def _keep(self, parcels: list[Parcel]) -> list[Answer]:
        answers = accept_parcels(parcels)
        self._heard({parcel.source for parcel in parcels})
        return answers

    def _heard(self, sources: Iterable[str]) -> None:
        """When gateways were last heard of, once a minute at most."""
        now = time.monotonic()
        fresh = [one for one in sources if now - self._seen.get(one, -60.0) >= 60]
        self._seen.update(dict.fromkeys(fresh, now))
        codes = [one.removeprefix("gateway:") for one in fresh if one.startswith("gateway:")]
        if codes:
            Gateway.objects.filter(code__in=codes).update(seen_at=timezone.now())
