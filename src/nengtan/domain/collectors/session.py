"""What both ends of a link share: bytes to messages, messages to bytes."""

from __future__ import annotations

from dataclasses import dataclass

from nengtan.domain.collectors.messages import Message, parse, write
from nengtan.domain.collectors.profile import LinkProfile, opened, sealed
from nengtan.domain.frames.collector import Frame, build, scan
from nengtan.domain.frames.errors import BadFrame

__all__ = ["Closed", "Fed", "Link", "Send", "Unread"]


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes for the other end."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unread:
    """Bytes nobody could make sense of, and why; the link goes on."""

    fault: BadFrame


@dataclass(frozen=True, slots=True)
class Closed:
    """The link is to be closed, and why: a word for logs and pages."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fed:
    """What came in: messages with the number of their frame, and what could not be read, in order."""

    messages: tuple[tuple[int, Message], ...]
    unread: tuple[Unread, ...]


class Link:
    """The reading and writing of one link; keeps what is left of a stream and counts the frames sent."""

    def __init__(self, profile: LinkProfile) -> None:
        self.profile = profile
        self._rest = b""
        self._sent = 0

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        return len(self._rest)

    def feed(self, data: bytes) -> Fed:
        """Everything whole in what has come so far."""
        found = scan(self._rest + data, self.profile.dialect)
        self._rest = found.rest
        messages: list[tuple[int, Message]] = []
        unread = [Unread(fault) for fault in found.faults]
        for frame in found.frames:
            try:
                messages.append((frame.sequence, parse(opened(frame.body, self.profile))))
            except BadFrame as error:
                unread.append(Unread(error))
        return Fed(tuple(messages), tuple(unread))

    def send(self, message: Message, known: bool = True, number: int | None = None) -> Send:
        """A message as bytes; ``known`` is whether the collector has proved who it is, ``number`` that of an answer."""
        self._sent += 1
        plain = not known and not self.profile.encrypt_auth
        frame = Frame(self._sent if number is None else number, sealed(write(message), self.profile, plain))
        return Send(build(frame, self.profile.dialect))
