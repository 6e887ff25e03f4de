"""Messages of gateways from a broker: taken to the inbox, and acknowledged to the broker once they are on the disk.

The broker keeps what is not acknowledged, through restarts of either side. ``aiomqtt`` acknowledges by itself what it
has only received; the client beneath it (paho) can leave that to us, which is why its switch is reached for here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiomqtt
import numpy as np

from nengtan.domain.collectors.collector import backoff
from nengtan.telemetry.gateways.intake import Intake, NotKept, Reach, Senders
from nengtan.telemetry.gateways.mosquitto import ROOT, topics_of
from nengtan.telemetry.gateways.payload import read_payload
from nengtan.telemetry.sent import Fault, Sent, Unreadable
from nengtan.telemetry.services.accepting import Answer

__all__ = ["Broker", "listen", "take_all"]

log = logging.getLogger(__name__)

AT_ONCE = 1000
"""Messages on their way to the disk; the broker keeps the rest."""

_LEAST_S, _MOST_S = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are there; ``identifier`` names the place where it keeps messages for us."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    identifier: str

    @classmethod
    def of(cls, url: str, folder: str = "") -> Broker:
        """The broker at ``mqtt://user:password@host:port`` or ``mqtts://…``; ``folder`` tells installations apart.

        >>> found = Broker.of("mqtt://nengtan:a%40b@broker")
        >>> found.host, found.port, found.user, found.password, found.tls
        ('broker', 1883, 'nengtan', 'a@b', False)
        """
        parts = urlsplit(url)
        tls = parts.scheme == "mqtts"
        mine = hashlib.sha256(folder.encode()).hexdigest()[:12]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname or "localhost", parts.port or (8883 if tls else 1883), user, password, tls,
                   f"nengtan-{mine}")  # fmt: skip


async def listen(broker: Broker, intake: Intake, senders: Senders, ready: Callable[[], None] = lambda: None) -> None:
    """Take what gateways send until cancelled; a broker that is not there is asked again and again."""
    attempt = 0
    while True:
        try:
            async with _client(broker) as client:
                await client.subscribe(f"{ROOT}/+/+/up/telemetry", qos=1)
                log.info("broker %s:%s: connected", broker.host, broker.port)
                attempt = 0
                ready()
                await take_all(client, intake, senders)
        except (aiomqtt.MqttError, OSError, NotKept) as error:
            pause = backoff(attempt, random.random(), _LEAST_S, _MOST_S)
            log.warning("broker %s:%s: %s; again in %.0f s", broker.host, broker.port, str(error) or "gone", pause)
            attempt += 1
            await asyncio.sleep(pause)


def _client(broker: Broker) -> aiomqtt.Client:
    client = aiomqtt.Client(
        broker.host, broker.port, username=broker.user or None, password=broker.password or None,
        identifier=broker.identifier, clean_session=False, timeout=10, keepalive=30,
        tls_context=ssl.create_default_context() if broker.tls else None, logger=log.getChild("client"),
    )  # fmt: skip
    client._client.manual_ack_set(True)
    return client


async def take_all(client: aiomqtt.Client, intake: Intake, senders: Senders) -> None:
    """Take messages; raises `NotKept` where one cannot be kept: connecting anew makes the broker send it again."""
    room = asyncio.Semaphore(AT_ONCE)
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def settle(message: aiomqtt.Message, taken: _Taken) -> None:
        try:
            refused = _told(taken, await taken.answer)
            client._client.ack(message.mid, message.qos)
            if refused is not None:
                await client.publish(*refused, qos=0)
        except aiomqtt.MqttError:
            pass
        except NotKept as error:
            if not failed.done():
                failed.set_exception(error)
        finally:
            room.release()

    async def each(group: asyncio.TaskGroup) -> None:
        async for message in client.messages:
            await room.acquire()
            group.create_task(settle(message, await _take(message, intake, senders)))

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(each(group))
            await failed
    except* (aiomqtt.MqttError, NotKept) as group_error:
        raise group_error.exceptions[0] from None


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message on its way to the disk: what will be said of it, and who sent it under which name."""

    answer: asyncio.Future[Answer]
    reach: Reach | None = None
    name: str = ""


async def _take(message: aiomqtt.Message, intake: Intake, senders: Senders) -> _Taken:
    """Hand a message in; one after another, so that of two that contradict each other the first one holds."""
    body, code = str(message.topic).split("/")[2:4]
    reach = await senders.find(code)
    if reach is None or reach.body != body:
        nobody = _nothing("unknown_sender", f"{body}/{code}"[:64], str(message.topic))
        return _Taken(await intake.hand("mqtt", nobody, {}))
    content = message.payload if isinstance(message.payload, bytes) else str(message.payload).encode()
    try:
        sent = _read(content, reach)
    except Unreadable as error:
        return _Taken(await intake.hand(reach.source, _nothing("unreadable", "", str(error)), {}), reach)
    return _Taken(await intake.hand(reach.source, sent, reach.registers, sent.name), reach, sent.name)


def _read(content: bytes, reach: Reach) -> Sent:
    """A message that cannot be read, for whatever reason, must not come again and again."""
    try:
        return read_payload(content, reach.key)
    except Unreadable:
        raise
    except Exception as error:
        log.exception("a message of gateway %s", reach.code)
        raise Unreadable(repr(error)[:200]) from error


def _nothing(reason: str, whose: str, found: str) -> Sent:
    """A message of which nothing is kept but why."""
    none = np.zeros(0, np.int64)
    return Sent([], none, none, none, np.zeros(0), [Fault(0, whose, reason, found[:80])])


def _told(taken: _Taken, answer: Answer) -> tuple[str, str] | None:
    """A topic and what to say there, where something of a message was refused."""
    if taken.reach is None or not (answer.refused or answer.contradicts):
        return None
    refused = [{"place": one.row, "point": one.meter, "reason": one.reason} for one in answer.refused[:100]]
    said = {"mid": taken.name, "accepted": answer.accepted, "refused": refused, "contradicts": answer.contradicts}
    return f"{topics_of(taken.reach.body, taken.reach.code)}/down/ack", json.dumps(said, ensure_ascii=False)
