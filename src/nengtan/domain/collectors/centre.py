"""The centre's end of a link: who is there, what it sends, what it is told to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hmac import compare_digest

from nengtan.domain.collectors.messages import Message, Package, stamp
from nengtan.domain.collectors.profile import LinkProfile, proof
from nengtan.domain.collectors.session import Closed, Link, Send, Unread

__all__ = ["Answered", "Arrived", "CentreSession", "Credentials", "Passed", "Refused", "Throttle"]

UNREAD_AT_MOST = 20
"""A link with more than this that nobody can read is closed."""

UNKNOWN_AT_MOST = 65_536
"""Bytes a link may hold back before the collector has proved who it is."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys of one collector; ``aes_key`` None leaves the cipher of the link as it is.

    ``next_md5_key``: one it was told, and may use already.
    """

    md5_key: bytes
    aes_key: bytes | None = None
    next_md5_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """A collector has proved who it is; ``by_next``: with the key it was told to use from now on."""

    building: str
    gateway: str
    by_next: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A collector was turned away: unknown to the centre, or without the right key."""

    building: str
    gateway: str
    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A package to be kept; one resent (断点续传) is acknowledged only once it is, by :meth:`CentreSession.kept`."""

    building: str
    gateway: str
    package: Package
    resent: bool
    number: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A collector's answer to a command."""

    operation: str
    values: Mapping[str, str]


Event = Send | Passed | Refused | Arrived | Answered | Unread | Closed

_ANSWERS = {
    ("config", "period_ack"),
    ("config", "ip_port_ack"),
    ("update", "key_ack"),
    ("query", "reply_config"),
    ("ex_config", "id_ack"),
    ("ex_config", "report_ack"),
    ("control", "control_ack"),
}


class CentreSession:
    """One connection of a collector, without the connection: bytes and seconds in, events out.

    ``credentials`` finds the keys of a building and gateway, ``nonce`` gives a random sequence never given before,
    ``clock`` the local time collectors are set to. Times ``at`` are seconds of a clock that never goes back. After
    :class:`Closed` nothing more may be fed.
    """

    def __init__(
        self,
        profile: LinkProfile,
        credentials: Callable[[str, str], Credentials | None],
        nonce: Callable[[], str],
        clock: Callable[[], datetime],
        at: float,
    ) -> None:
        self._link = Link(profile)
        self._credentials, self._nonce, self._clock = credentials, nonce, clock
        self._begun = self._heard = at
        self._who = ("", "")
        self._challenge: str | None = None
        self._unread = 0
        self.passed = False

    def feed(self, data: bytes, at: float) -> list[Event]:
        """What follows from bytes that came in."""
        self._heard = at
        fed = self._link.feed(data)
        events: list[Event] = list(fed.unread)
        self._unread += len(fed.unread)
        for number, message in fed.messages:
            events += self._hear(number, message)
            if isinstance(events[-1] if events else None, Closed):
                return events
        if self._unread > UNREAD_AT_MOST:
            events.append(Closed("unreadable"))
        elif not self.passed and self._link.held > UNKNOWN_AT_MOST:
            events.append(Closed("too_much_unknown"))
        return events

    def tick(self, at: float) -> list[Event]:
        """What follows from time going by."""
        profile = self._link.profile
        if not self.passed and at - self._begun > 3 * profile.answer_within:
            return [Closed("not_proved")]
        if at - self._heard > profile.heartbeat * profile.missed:
            return [Closed("silent")]
        return []

    def kept(self, arrived: Arrived) -> list[Event]:
        """The acknowledgement of a package that is kept for good; those sent live have none."""
        if not arrived.resent:
            return []
        said = {"sequence": arrived.package.sequence, "current": str(arrived.package.current)}
        return [self._say("data", "continuous_ack", said, arrived.number)]

    def ask_now(self) -> Send:
        """Ask for the values of this moment."""
        return self._say("data", "query")

    def ask_settings(self) -> Send:
        """Ask for period, mode and software."""
        return self._say("query", "query_config")

    def set_period(self, minutes: int) -> Send:
        """Every how many minutes to report."""
        return self._say("config", "period", {"period": str(minutes)})

    def set_servers(self, servers: Sequence[Mapping[str, str]]) -> Send:
        """Which centres to report to, each ``ip``, ``dns``, ``port``."""
        message = Message(*self._who, "config", "ip_port", servers=tuple(servers))
        return self._link.send(message)

    def set_ids(self, building: str, gateway: str) -> Send:
        """Under which building and number to report from now on."""
        return self._say("ex_config", "id_config", {"new_building_id": building, "new_gateway_id": gateway})

    def set_report_mode(self, mode: str) -> Send:
        """Whether to report by itself or when asked, in the words of the maker."""
        return self._say("ex_config", "report_mode", {"report_mode": mode})

    def set_md5_key(self, key: bytes) -> Send:
        """The key of the next proof; it holds from the next connection."""
        return self._say("update", "md5_key", {"md5_keydata": key.hex()})

    def set_aes_key(self, key: bytes) -> Send:
        """The key of the cipher; it holds from the next connection."""
        return self._say("update", "aes_key", {"aes_keydata": key.hex()})

    def reboot(self) -> Send:
        """Start the collector anew."""
        return self._say("control", "reboot")

    def _say(
        self, group: str, operation: str, values: Mapping[str, str] | None = None, number: int | None = None
    ) -> Send:
        return self._link.send(Message(*self._who, group, operation, values or {}), self.passed, number)

    def _hear(self, number: int, message: Message) -> list[Event]:
        match message.kind:
            case "id_validate", "request":
                return self._challenged(number, message)
            case "id_validate", "md5":
                return self._proved(number, message)
        if not self.passed:
            return [Refused(message.building, message.gateway, "not_proved"), Closed("not_proved")]
        if (message.building, message.gateway) != self._who:
            return [Refused(message.building, message.gateway, "another_collector"), Closed("another_collector")]
        match message.kind:
            case "heart_beat", "notify":
                return [self._say("heart_beat", "time", {"time": stamp(self._clock())}, number)]
            case "data", "report" | "reply" | "continuous" as operation if message.package is not None:
                return [Arrived(*self._who, message.package, operation == "continuous", number)]
        if message.kind in _ANSWERS:
            return [Answered(message.operation, message.values)]
        return []

    def _challenged(self, number: int, message: Message) -> list[Event]:
        self._who, self.passed = (message.building, message.gateway), False
        self._challenge = self._nonce()
        return [self._say("id_validate", "sequence", {"sequence": self._challenge}, number)]

    def _proved(self, number: int, message: Message) -> list[Event]:
        challenge, self._challenge = self._challenge, None
        of = (message.building, message.gateway)
        keys = self._credentials(*of)
        if challenge is None or of != self._who:
            return [Refused(*of, "no_challenge"), Closed("no_challenge")]
        profile = self._link.profile
        said = message.values.get("md5", "").lower().encode("ascii", "replace").decode()

        def right(key: bytes) -> bool:
            return compare_digest(proof(challenge, replace(profile, md5_key=key)), said)

        holds = right(keys.md5_key if keys else b"")
        by_next = not holds and keys is not None and keys.next_md5_key is not None and right(keys.next_md5_key)
        if keys is None or not (holds or by_next):
            failed = self._say("id_validate", "result", {"result": "fail"}, number)
            return [failed, Refused(*of, "wrong_key" if keys else "unknown_collector"), Closed("refused")]
        passed = self._say("id_validate", "result", {"result": "pass", "time": stamp(self._clock())}, number)
        self.passed = True
        if keys.aes_key is not None:
            self._link.profile = replace(profile, aes_key=keys.aes_key)
        return [passed, Passed(*of, by_next)]


@dataclass
class Throttle:
    """Who has failed too often to be heard: at most ``most`` failures within ``window`` seconds for one name."""

    most: int = 5
    window: float = 600
    names: int = 10_000
    _failed: dict[str, deque[float]] = field(default_factory=dict)

    def failed(self, name: str, at: float) -> None:
        """Keep a failure in mind; of more names than ``names`` the oldest is forgotten."""
        held = self._failed.pop(name, deque(maxlen=self.most))
        held.append(at)
        self._failed[name] = held
        if len(self._failed) > self.names:
            del self._failed[next(iter(self._failed))]

    def allows(self, name: str, at: float) -> bool:
        """Whether to hear them.

        >>> throttle = Throttle(most=2, window=60)
        >>> throttle.failed("a", 0), throttle.failed("a", 10)
        (None, None)
        >>> throttle.allows("a", 59), throttle.allows("a", 61), throttle.allows("b", 59)
        (False, True, True)
        """
        return sum(1 for time in self._failed.get(name, ()) if at - time < self.window) < self.most
