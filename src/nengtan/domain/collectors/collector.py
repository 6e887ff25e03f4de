"""The collector's end of a link: proof of identity, live reports, answers, and what was kept while nobody listened."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from nengtan.domain.collectors.messages import Message, Package, when
from nengtan.domain.collectors.profile import KEY_BYTES, LinkProfile, proof
from nengtan.domain.collectors.session import Closed, Link, Send, Unread
from nengtan.domain.frames.errors import BadFrame

__all__ = [
    "Acknowledged",
    "Asked",
    "ClockSet",
    "CollectorSession",
    "Online",
    "State",
    "Told",
    "backoff",
    "key_of",
    "with_key",
]


class State(StrEnum):
    """How far a collector has come."""

    WAIT_SEQUENCE = "wait_sequence"
    WAIT_RESULT = "wait_result"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class Online:
    """The centre has let it in."""


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The centre's local time, yyyyMMddHHmmss."""

    time: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A resent package is kept by the centre; it may be forgotten here."""

    sequence: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The centre wants the values of this moment: give them to :meth:`CollectorSession.reply`."""


@dataclass(frozen=True, slots=True)
class Told:
    """The centre has set something, and was told so: the operation, its values, the servers of a list."""

    operation: str
    values: Mapping[str, str]
    servers: tuple[Mapping[str, str], ...] = ()


Event = Send | Online | ClockSet | Acknowledged | Asked | Told | Unread | Closed

_ACKS = {
    ("config", "period"): "period_ack",
    ("config", "ip_port"): "ip_port_ack",
    ("update", "md5_key"): "key_ack",
    ("update", "aes_key"): "key_ack",
    ("ex_config", "id_config"): "id_ack",
    ("ex_config", "report_mode"): "report_ack",
    ("control", "reboot"): "control_ack",
}


def backoff(attempt: int, jitter: float, least: float = 5.0, most: float = 300.0) -> float:
    """Seconds to wait before connecting again: twice as long each time, ``jitter`` (0 to 1) spreads many apart.

    >>> backoff(0, 0.5), backoff(3, 0.5), backoff(20, 1.0)
    (5.0, 40.0, 300.0)
    """
    return min(most, least * 2.0 ** min(attempt, 16) * (0.5 + jitter))


class CollectorSession:
    """One connection to a centre, without the connection: bytes and seconds in, events out.

    Live reports go before answers, answers before what is resent; of those one at a time is on its way, oldest first,
    and is sent again where no acknowledgement comes. ``settings`` answers what the centre asks of period, mode and
    software.
    """

    def __init__(
        self, profile: LinkProfile, building: str, gateway: str, at: float, settings: Mapping[str, str] | None = None
    ) -> None:
        self._link = Link(profile)
        self._who = (building, gateway)
        self._settings = settings or {}
        self._since = self._heard = self._beaten = at
        self._live: deque[Message] = deque()
        self._backlog: deque[Package] = deque()
        self._waiting: tuple[Package, float] | None = None
        self.state = State.WAIT_SEQUENCE

    def connected(self) -> list[Event]:
        """What to say first."""
        return [self._send(Message(*self._who, "id_validate", "request"))]

    def report(self, package: Package) -> None:
        """Send a package live as soon as the link stands."""
        self._live.append(Message(*self._who, "data", "report", package=package))

    def reply(self, package: Package) -> None:
        """Answer what the centre asked for."""
        self._live.append(Message(*self._who, "data", "reply", package=package))

    def resend(self, packages: Iterable[Package]) -> None:
        """Send what was kept while the link was down, each until it is acknowledged."""
        self._backlog.extend(sorted(packages, key=lambda package: package.time))

    def feed(self, data: bytes, at: float) -> list[Event]:
        """What follows from bytes that came in."""
        self._heard = at
        fed = self._link.feed(data)
        events: list[Event] = list(fed.unread)
        for number, message in fed.messages:
            events += self._hear(number, message, at)
        return events + self._next(at)

    def tick(self, at: float) -> list[Event]:
        """What follows from time going by: heart-beats, what waits to be sent, and giving up."""
        profile = self._link.profile
        if self.state is not State.ONLINE:
            return [Closed("no_answer")] if at - self._since > profile.answer_within else []
        if at - self._heard > profile.heartbeat * profile.missed:
            return [Closed("silent")]
        events = self._next(at)
        if at - self._beaten >= profile.heartbeat:
            self._beaten = at
            events.append(self._send(Message(*self._who, "heart_beat", "notify")))
        return events

    def _send(self, message: Message, number: int | None = None) -> Send:
        return self._link.send(message, self.state is State.ONLINE, number)

    def _next(self, at: float) -> list[Event]:
        if self.state is not State.ONLINE:
            return []
        events: list[Event] = [self._send(message) for message in self._live]
        self._live.clear()
        if self._waiting is not None and at - self._waiting[1] > self._link.profile.ack_within:
            self._backlog.appendleft(self._waiting[0])
            self._waiting = None
        if self._waiting is None and self._backlog:
            package = self._backlog.popleft()
            self._waiting = package, at
            events.append(self._send(Message(*self._who, "data", "continuous", package=package)))
        return events

    def _hear(self, number: int, message: Message, at: float) -> list[Event]:
        match message.kind:
            case "id_validate", "sequence" if self.state is State.WAIT_SEQUENCE:
                self.state, self._since = State.WAIT_RESULT, at
                told = {"md5": proof(message.values.get("sequence", ""), self._link.profile)}
                return [self._send(Message(*self._who, "id_validate", "md5", told), number)]
            case "id_validate", "result" if self.state is State.WAIT_RESULT:
                if message.values.get("result") != "pass":
                    return [Closed("refused")]
                self.state, self._beaten = State.ONLINE, at
                return [Online(), *_clock(message)]
        return self._obey(number, message) if self.state is State.ONLINE else []

    def _obey(self, number: int, message: Message) -> list[Event]:
        match message.kind:
            case "heart_beat", "time":
                return _clock(message)
            case "data", "query":
                return [Asked()]
            case "data", "continuous_ack":
                return self._acknowledged(message.values.get("sequence", ""))
            case "query", "query_config":
                return [self._send(Message(*self._who, "query", "reply_config", self._settings), number)]
        if message.kind not in _ACKS:
            return []
        answer = self._send(Message(*self._who, message.group, _ACKS[message.kind]), number)
        if message.kind == ("ex_config", "id_config"):
            names = ("new_building_id", "new_gateway_id")
            first, second = (message.values.get(name) or old for name, old in zip(names, self._who, strict=True))
            self._who = (first, second)
        return [answer, Told(message.operation, message.values, message.servers)]

    def _acknowledged(self, sequence: str) -> list[Event]:
        """An acknowledgement without a number is of the one that is on its way."""
        if self._waiting is None or sequence not in ("", self._waiting[0].sequence):
            return []
        package, self._waiting = self._waiting[0], None
        return [Acknowledged(package.sequence)]


def _clock(message: Message) -> list[Event]:
    time = message.values.get("time", "")
    try:
        when(time)
    except BadFrame as error:
        return [Unread(error)] if time else []
    return [ClockSet(time)]


def key_of(text: str) -> bytes | None:
    """The key that a message tells, 32 hexadecimal digits or 16 characters; None for anything else.

    >>> key_of("30313233343536373839616263646566") == key_of("0123456789abcdef")
    True
    """
    if len(text) == 2 * KEY_BYTES:
        try:
            return bytes.fromhex(text)
        except ValueError:
            return None
    data = text.encode()
    return data if len(data) == KEY_BYTES else None


def with_key(profile: LinkProfile, told: Told) -> LinkProfile:
    """The profile of the next connection after the centre has set a key; unchanged by anything else."""
    md5_key, aes_key = (key_of(told.values.get(name, "")) for name in ("md5_keydata", "aes_keydata"))
    if told.operation == "md5_key" and md5_key is not None:
        return replace(profile, md5_key=md5_key)
    if told.operation == "aes_key" and aes_key is not None:
        return replace(profile, aes_key=aes_key)
    return profile
