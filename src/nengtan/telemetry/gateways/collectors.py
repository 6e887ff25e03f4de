"""The data centre's end of the national collector protocol (能耗数据采集器上传): a server on TCP.

One port serves every dialect: which link a connection belongs to follows from the head of its first frame and the key
that opens it. What a collector sends is acknowledged once it is on the disk. Whoever does not prove who he is may hold
64 KiB and half a minute; whoever fails too often from one address is not heard for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from django.utils import timezone

from nengtan.domain.collectors.centre import (
    UNKNOWN_AT_MOST,
    Answered,
    Arrived,
    CentreSession,
    Credentials,
    Passed,
    Refused,
    Throttle,
)
from nengtan.domain.collectors.messages import Package, parse
from nengtan.domain.collectors.profile import KEY_BYTES, LinkProfile, Padding, opened
from nengtan.domain.collectors.session import Closed, Send, Unread
from nengtan.domain.frames.collector import scan
from nengtan.domain.frames.errors import BadFrame
from nengtan.reference.links import link_profile
from nengtan.telemetry.gateways.intake import Intake, NotKept, Reach, Senders, in_thread
from nengtan.telemetry.gateways.vault import Locked, reveal
from nengtan.telemetry.models import CollectorCommand, CollectorLink
from nengtan.telemetry.moments import micros
from nengtan.telemetry.sent import Fault, Sent
from nengtan.telemetry.services.links import answered, keys_used, vault_name

__all__ = ["Centre", "Known", "identify", "package_sent"]

log = logging.getLogger(__name__)

CONNECTIONS = 5000
UNPROVED_OF_ONE = 20
"""Connections from one address that have not proved who they are."""

PIECE = 65_536
WRITE_S = 10.0
"""How long somebody may take to read what we say [s]."""

LOOK_S = 2.0
"""How often commands are looked for [s]."""

ANSWER_S = 30.0
BELIEVED_S = 10.0


@dataclass(frozen=True, slots=True)
class Known:
    """A collector as the database has it, with one of its ciphers: the one that holds, or the one it was told.

    ``next_md5``: the key of the proof it was told to use, beside the one that holds.
    """

    link: int
    gateway: str
    building: str
    number: str
    profile: LinkProfile
    next_md5: bytes | None = None
    next_aes: bool = False


def load() -> list[Known]:
    """Every collector that may report, with every cipher it may use."""
    found: list[Known] = []
    for link in CollectorLink.objects.filter(gateway__ended_at=None).select_related("gateway"):
        try:
            found += _keyed(link)
        except (Locked, ValueError):
            log.exception("link %s cannot be used", link)
    return found


def _keyed(link: CollectorLink) -> Iterable[Known]:
    written = link_profile(link.profile, link.settings)

    def key(kept: str, name: str) -> bytes | None:
        return reveal(kept, vault_name("collector", link.pk, name)) if kept else None

    mine = (link.pk, link.gateway.code, link.building, link.number)
    for is_next, aes in ((False, link.aes_key), (True, link.next_aes_key)):
        if aes or not is_next:
            profile = replace(written, aes_key=key(aes, "aes"), md5_key=key(link.md5_key, "md5") or b"")
            yield Known(*mine, profile, key(link.next_md5_key, "md5"), is_next)


def identify(data: bytes, known: Iterable[Known]) -> Known | None:
    """Who speaks, by the first frame that a key opens; None: not yet, or nobody.

    A collector calls itself by a building and a number, and only its own key says so: what another one's key opens is
    not believed.
    """
    by_dialect: dict[Any, list[Known]] = {}
    for one in known:
        by_dialect.setdefault(one.profile.dialect, []).append(one)
    for dialect, links in by_dialect.items():
        if dialect.head not in data:
            continue
        for frame in scan(data, dialect).frames:
            for one in links:
                if _opens(frame.body, one):
                    return one
    return None


def _opens(body: bytes, one: Known) -> bool:
    try:
        if one.profile.aes_key is not None and len(body) % KEY_BYTES == 0 and not _begins(body, one.profile):
            return False
        message = parse(opened(body, one.profile))
    except BadFrame:
        return False
    return (message.building, message.gateway) == (one.building, one.number)


def _begins(body: bytes, profile: LinkProfile) -> bool:
    """Whether the first block is that of a message: cheap, where thousands of keys are tried."""
    first = body[:KEY_BYTES]
    return _is_beginning(first.decode("ascii", "replace")) or _is_beginning(
        opened(first, replace(profile, padding=Padding.ZERO))
    )


def _is_beginning(text: str) -> bool:
    return text.lstrip("\ufeff\ufffd \r\n\t").startswith(("<root", "<?xml"))


def package_sent(package: Package, reach: Reach, zone: dt.tzinfo) -> Sent:
    """The readings of a package as columns; its time is local, functions are called ``meter/function``.

    One with an error is kept and doubted, without a value where none was sent; raw bytes of meters are refused.
    """
    moment = micros(package.time.replace(tzinfo=zone))
    keys: dict[tuple[str, str], int] = {}
    place, row, value, doubted = [], [], [], []
    faults: list[Fault] = []
    for at, one in enumerate(package.readings, 1):
        name = f"{one.meter}/{one.function}"
        if not package.parsed or (one.value is None and not one.error and one.raw):
            faults.append(Fault(at, name[:64], "bad_value", one.raw[:80]))
            continue
        if reach.key(name) not in reach.registers:
            faults.append(Fault(at, name[:64], "unknown_meter", one.raw[:80]))
            continue
        shown = _number(one.raw) if one.error else one.value
        place.append(keys.setdefault(reach.key(name), len(keys)))
        row.append(at)
        value.append(np.nan if shown is None else shown)
        doubted.append(bool(one.error))
    return Sent(
        list(keys), np.array(place, np.int64), np.array(row, np.int64), np.full(len(row), moment, np.int64),
        np.array(value, np.float64), faults, doubted=np.array(doubted, np.bool_),
    )  # fmt: skip


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@dataclass(eq=False)
class Connection:
    """One collector on the line."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str
    known: Known | None = None
    session: CentreSession | None = None
    waiting: tuple[CollectorCommand, float] | None = None
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)


class _Over(Exception):
    """The connection is at its end, and why."""


class Centre:
    """The server: every connection a task, all over one inbox."""

    def __init__(self, intake: Intake, senders: Senders, host: str, port: int) -> None:
        self.intake, self.senders, self.host, self.port = intake, senders, host, port
        self.throttle = Throttle()
        self.online: dict[int, Connection] = {}
        self._of_address: Counter[str] = Counter()
        self._open = 0
        self._known: tuple[float, list[Known]] = (-BELIEVED_S, [])

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._connected, self.host, self.port, limit=PIECE)
        async with server, asyncio.TaskGroup() as group:
            ready()
            group.create_task(self._command())
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        full = self._open >= CONNECTIONS or self._of_address[address] >= UNPROVED_OF_ONE
        if full or not self.throttle.allows(address, time.monotonic()):
            writer.transport.abort()
            return
        self._open += 1
        self._of_address[address] += 1
        connection = Connection(reader, writer, address)
        try:
            await self._talk(connection)
        except (_Over, NotKept, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.info("collector at %s: %s", address, str(error) or "gone")
        except Exception:
            log.exception("collector at %s", address)
        finally:
            self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        self._open -= 1
        self._proved(connection)
        if connection.known is not None and self.online.get(connection.known.link) is connection:
            del self.online[connection.known.link]
        connection.writer.transport.abort() if connection.writer.transport.get_write_buffer_size() else (
            connection.writer.close()
        )

    def _proved(self, connection: Connection) -> None:
        """An address is counted until the connection has proved who it is, or ends."""
        if connection.address:
            self._of_address[connection.address] -= 1
            if self._of_address[connection.address] <= 0:
                del self._of_address[connection.address]
            connection.address = ""

    async def _talk(self, connection: Connection) -> None:
        held, known = await self._first(connection)
        at = time.monotonic()
        connection.known = known
        connection.session = CentreSession(
            known.profile, _credentials(known), lambda: secrets.token_hex(16), _local, at
        )
        await self._do(connection, connection.session.feed(held, at))
        while True:
            data = await self._some(connection, 1.0)
            at = time.monotonic()
            events = connection.session.feed(data, at) if data else []
            await self._do(connection, events)
            await self._do(connection, connection.session.tick(at))
            if connection.waiting is not None and at - connection.waiting[1] > ANSWER_S:
                connection.waiting = None

    async def _first(self, connection: Connection) -> tuple[bytes, Known]:
        """What came until it is known who speaks, and who that is."""
        held, deadline = b"", time.monotonic() + 30
        while True:
            held += await self._some(connection, 1.0)
            known = identify(held, await self._links())
            if known is not None:
                return held, known
            if len(held) > UNKNOWN_AT_MOST or time.monotonic() > deadline:
                await self._turn_away(connection, f"{len(held)} bytes {held[:16].hex()}")

    async def _some(self, connection: Connection, within: float) -> bytes:
        """What comes within so many seconds; nothing where nothing does."""
        try:
            data = await asyncio.wait_for(connection.reader.read(PIECE), within)
        except TimeoutError:
            return b""
        if not data:
            raise _Over("hung up")
        return data

    async def _links(self) -> list[Known]:
        if time.monotonic() - self._known[0] > BELIEVED_S:
            try:
                self._known = time.monotonic(), await in_thread(load)
            except Exception as error:
                log.exception("collectors could not be looked up")
                raise NotKept(str(error)) from error
        return self._known[1]

    async def _turn_away(self, connection: Connection, found: str) -> None:
        address = connection.address
        self.throttle.failed(address, time.monotonic())
        fault = Fault(0, address[:64], "unknown_sender", found[:80])
        await self.intake.put("collectors", _only(fault), {})
        raise _Over("turned away")

    async def _do(self, connection: Connection, events: Iterable[Any]) -> None:
        for event in events:
            match event:
                case Send():
                    await self._send(connection, event)
                case Passed():
                    await self._pass(connection, event.by_next)
                case Refused():
                    await self._turn_away(connection, f"{event.building} {event.gateway} {event.reason}")
                case Arrived():
                    await self._keep(connection, event)
                case Answered():
                    await self._answered(connection, event)
                case Unread():
                    log.info("collector %s: %s", connection.known, event.fault)
                    await self._unread(connection, event)
                case Closed():
                    raise _Over(event.reason)

    async def _send(self, connection: Connection, told: Send) -> None:
        async with connection.sending:
            connection.writer.write(told.data)
            await asyncio.wait_for(connection.writer.drain(), WRITE_S)

    async def _pass(self, connection: Connection, by_next: bool) -> None:
        known = connection.known
        assert known is not None
        self._proved(connection)
        if by_next or known.next_aes:
            await in_thread(keys_used, known.link, by_next, known.next_aes)
            self._known = (-BELIEVED_S, [])
        before = self.online.get(known.link)
        if before is not None:  # a collector that lost its line comes again before the old one is known to be dead
            before.writer.transport.abort()
        self.online[known.link] = connection
        log.info("collector %s %s: online", known.building, known.number)

    async def _reach(self, connection: Connection) -> Reach:
        assert connection.known is not None
        reach = await self.senders.find(connection.known.gateway)
        if reach is None:
            raise _Over("ended")
        return reach

    async def _keep(self, connection: Connection, arrived: Arrived) -> None:
        reach = await self._reach(connection)
        sent = package_sent(arrived.package, reach, timezone.get_default_timezone())
        await self.intake.put(reach.source, sent, reach.registers)
        assert connection.session is not None
        await self._do(connection, connection.session.kept(arrived))

    async def _unread(self, connection: Connection, event: Unread) -> None:
        reach = await self._reach(connection)
        await self.intake.put(reach.source, _only(Fault(0, "", "unreadable", str(event.fault)[:80])), {})

    async def _answered(self, connection: Connection, event: Answered) -> None:
        if connection.waiting is not None:
            command, _at = connection.waiting
            connection.waiting = None
            await in_thread(answered, command, dict(event.values))
            if command.operation == "id_config":
                raise _Over("has another name now")

    async def _command(self) -> None:
        """Tell collectors that are there what they are to be told, one thing at a time."""
        while True:
            await asyncio.sleep(LOOK_S)
            free = {link: one for link, one in self.online.items() if one.waiting is None}
            if not free:
                continue
            try:
                commands = await in_thread(_waiting, list(free))
            except Exception:
                log.exception("commands could not be looked up")
                continue
            for command, told in commands:
                connection = free.pop(command.link_id, None)
                if connection is not None:
                    with contextlib.suppress(OSError, TimeoutError):
                        await self._tell(connection, command, told)

    async def _tell(self, connection: Connection, command: CollectorCommand, told: dict[str, str]) -> None:
        assert connection.session is not None
        connection.waiting = command, time.monotonic()
        send = _SAYING[command.operation](connection.session, told)
        await in_thread(_sent, command)
        await self._send(connection, send)
        if command.operation == "query":  # its answer is readings
            connection.waiting = None


_SAYING: dict[str, Callable[[CentreSession, dict[str, str]], Send]] = {
    "query": lambda session, told: session.ask_now(),
    "query_config": lambda session, told: session.ask_settings(),
    "period": lambda session, told: session.set_period(int(told["period"])),
    "ip_port": lambda session, told: session.set_servers([told]),
    "id_config": lambda session, told: session.set_ids(told["new_building_id"], told["new_gateway_id"]),
    "report_mode": lambda session, told: session.set_report_mode(told["report_mode"]),
    "md5_key": lambda session, told: session.set_md5_key(bytes.fromhex(told["key"])),
    "aes_key": lambda session, told: session.set_aes_key(bytes.fromhex(told["key"])),
    "reboot": lambda session, told: session.reboot(),
}


def _waiting(links: list[int]) -> list[tuple[CollectorCommand, dict[str, str]]]:
    """Commands not sent yet, with what they say; keys deciphered at the last moment."""
    found = []
    for command in CollectorCommand.objects.filter(link__in=links, sent_at=None).select_related("link"):
        told = dict(command.told)
        if command.operation in ("md5_key", "aes_key"):
            kept = getattr(command.link, f"next_{command.operation}")
            if not kept:
                continue
            told["key"] = reveal(kept, vault_name("collector", command.link_id, command.operation[:3])).hex()
        found.append((command, told))
    return found


def _sent(command: CollectorCommand) -> None:
    CollectorCommand.objects.filter(pk=command.pk).update(sent_at=timezone.now())


def _credentials(known: Known) -> Callable[[str, str], Credentials | None]:
    def find(building: str, number: str) -> Credentials | None:
        mine = (building, number) == (known.building, known.number)
        return Credentials(known.profile.md5_key, next_md5_key=known.next_md5) if mine else None

    return find


def _local() -> dt.datetime:
    return timezone.localtime().replace(tzinfo=None)


def _only(fault: Fault) -> Sent:
    none = np.zeros(0, np.int64)
    return Sent([], none, none, none, np.zeros(0), [fault])
