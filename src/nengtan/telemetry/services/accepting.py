"""Taking readings in: who may send for which register, what is refused, and the rest on the disk before the answer."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone

from nengtan.domain.metering.readings import Flags, Ints
from nengtan.domain.metering.rules import SECOND
from nengtan.identity.access import Actor, system_actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Meter
from nengtan.telemetry.inbox import Latest, Message, Refused, Stored, open_inbox
from nengtan.telemetry.lake.columns import packed
from nengtan.telemetry.marks import Mark, marks_of
from nengtan.telemetry.models import Gateway, Register
from nengtan.telemetry.moments import micros
from nengtan.telemetry.sent import Fault, Sent
from nengtan.telemetry.services.registers import main_registers

__all__ = ["MOST_READINGS", "Answer", "Parcel", "accept", "accept_parcels", "registers_of"]

MOST_READINGS = 500_000
"""Readings in one message of the inbox; more are several, kept together or not at all."""

FIRST, LAST = 0, 4_102_444_800_000_000
"""No reading is kept of before 1970 or after 2100 [µs]: no clock says so, and no calendar of ours goes there."""

_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of readings: how many are kept, how many of these are marked and why, what was refused and why.

    ``repeated``: the message was known already and nothing was kept again. ``contradicts``: another message of this
    name was, and nothing was kept.
    """

    accepted: int
    marked: dict[str, int]
    refused: list[Fault]
    repeated: bool = False
    contradicts: bool = False

    @property
    def refused_by(self) -> dict[tuple[str, str], int]:
        """How many were refused, by meter and reason."""
        return Counter((fault.meter, fault.reason) for fault in self.refused)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Readings of a sender whose registers are known: ``allowed`` by meter and register code."""

    source: str
    sent: Sent
    allowed: Mapping[tuple[str, str], int]
    name: str = ""


def accept(sender: Gateway | Actor, sent: Sent, source: str, whole: bool = False, name: str = "") -> Answer:
    """Keep readings of the registers the sender may write to; durable when this returns.

    ``source`` goes with every reading. With ``whole`` a single refused reading refuses them all, and nothing is kept.
    Without a ``name`` a message is known by what it says: said twice, it is a repeat.

    Raises:
        Forbidden: the sender may enter no consumption anywhere.
    """
    parcel = Parcel(source, sent, _registers(sender, sent.keys), name)
    weighed = _weighed(parcel, micros(timezone.now()))
    if whole and weighed.faults:
        return Answer(0, {}, weighed.faults)
    return weighed.answer(open_inbox().accept(*weighed.messages)[0])


def accept_parcels(parcels: Sequence[Parcel]) -> list[Answer]:
    """Keep what several senders sent, all of it or nothing; durable, at the price of one, when this returns."""
    received = micros(timezone.now())
    weighed = [_weighed(parcel, received) for parcel in parcels]
    stored = iter(open_inbox().accept(*(message for one in weighed for message in one.messages)))
    told = [[next(stored) for _message in one.messages] for one in weighed]
    return [one.answer(said[0]) for one, said in zip(weighed, told, strict=True)]


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What is to be kept of a parcel, and what is to be said of it."""

    messages: list[Message]
    accepted: int
    marked: dict[str, int]
    faults: list[Fault]

    def answer(self, stored: Stored) -> Answer:
        if stored.contradicts:
            return Answer(0, {}, self.faults, contradicts=True)
        return Answer(self.accepted, self.marked, self.faults, stored.repeated)


def _weighed(parcel: Parcel, received: int) -> _Weighed:
    sent, allowed = parcel.sent, parcel.allowed
    register = np.array([allowed.get(key, -1) for key in sent.keys], np.int64)[sent.key] if len(sent) else sent.key
    faults = [*sent.faults, *_refused(sent, register)]
    kept = (register >= 0) & (sent.time >= FIRST) & (sent.time < LAST)
    mark = marks_of(sent.time[kept], sent.value[kept], received)
    if sent.doubted is not None:
        mark[sent.doubted[kept] & (mark == Mark.NONE)] = Mark.DOUBTED
    messages = _messages(parcel.source, parcel.name or sent.name, received, sent, register, kept, mark, faults)
    counts = {one.name.lower(): int((mark == one).sum()) for one in Mark if one and (mark == one).any()}
    return _Weighed(messages, int(kept.sum()), counts, faults)


def _registers(sender: Gateway | Actor, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The registers that may be written to, by meter and register code; main ones are made where they lack."""
    meters = _writable(sender)
    who = system_actor() if isinstance(sender, Gateway) else sender
    found: dict[tuple[str, str], int] = {}
    codes = sorted({meter for meter, _register in keys})
    for start in range(0, len(codes), _CHUNK):
        chunk = codes[start : start + _CHUNK]
        known = list(meters.filter(code__in=chunk).select_related("institution__region"))
        main_registers(who, known)
        rows = Register.objects.filter(meter__in=[meter.pk for meter in known])
        found |= {(meter, register): pk for meter, register, pk in rows.values_list("meter__code", "code", "pk")}
    return found


def registers_of(gateway: Gateway) -> dict[tuple[str, str], int]:
    """The registers a gateway may send for, by meter and register code; main ones are made where they lack."""
    meters = list(_writable(gateway).select_related("institution__region"))
    main_registers(system_actor(), meters)
    rows = Register.objects.filter(meter__in=_writable(gateway))
    return {(meter, register): pk for meter, register, pk in rows.values_list("meter__code", "code", "pk")}


def _writable(sender: Gateway | Actor) -> QuerySet[Any]:
    if isinstance(sender, Gateway):
        named = sender.meters.all()
        return named if named.exists() else Meter.objects.filter(institution=sender.institution_id)
    sender.require(Capability.WRITE_ACTIVITY)
    return Meter.objects.for_actor(sender, Capability.WRITE_ACTIVITY)


def _refused(sent: Sent, register: Ints) -> list[Fault]:
    """Readings of registers that may not be written to, and of times nobody can have read."""
    absent, impossible = register < 0, (sent.time < FIRST) | (sent.time >= LAST)
    known_meters = {sent.keys[place][0] for place in np.unique(sent.key[~absent])}
    return [_fault(sent, int(at), bool(absent[at]), known_meters) for at in np.flatnonzero(absent | impossible)]


def _fault(sent: Sent, at: int, absent: bool, known_meters: set[str]) -> Fault:
    meter, register = sent.keys[sent.key[at]]
    row = int(sent.row[at])
    if not absent:
        return Fault(row, meter, "bad_time", f"{np.datetime64(int(sent.time[at]) // SECOND, 's')}Z")
    if register:
        return Fault(row, meter, "unknown_register", register[:64])
    return Fault(row, meter[:64], "unknown_meter", meter[:64])


def _messages(
    source: str, name: str, received: int, sent: Sent, register: Ints, kept: Flags, mark: Any, faults: list[Fault]
) -> list[Message]:
    """What goes into the inbox: mostly one message, of a large file several."""
    register, time, value = register[kept], sent.time[kept], sent.value[kept]
    told = hashlib.sha256()
    for column in (register, time, value):
        told.update(np.ascontiguousarray(column).tobytes())
    told.update(repr([(fault.row, fault.reason, fault.found) for fault in faults]).encode())
    digest = told.hexdigest()
    found = []
    for number, start in enumerate(range(0, max(len(time), 1), MOST_READINGS)):
        part = slice(start, start + MOST_READINGS)
        payload = packed(register[part], time[part], value[part], mark[part]) if len(time) else b""
        whole_name = f"{name or digest}{f' {number}' if number else ''}"
        refused = tuple(_told(faults)) if not number else ()
        latest = _latest(register[part], time[part], value[part], mark[part], received)
        found.append(Message(source, whole_name, digest, received, len(time[part]), payload, refused, latest))
    return found


def _latest(register: Ints, time: Ints, value: Any, mark: Any, received: int) -> tuple[Latest, ...]:
    """The last reading of each register among those that are not marked."""
    plain = np.flatnonzero(mark == Mark.NONE)
    order = plain[np.lexsort((time[plain], register[plain]))]
    last = np.ones(len(order), np.bool_)
    last[:-1] = register[order][1:] != register[order][:-1]
    return tuple(Latest(int(register[at]), int(time[at]), float(value[at]), received) for at in order[last].tolist())


def _told(faults: Iterable[Fault]) -> Iterable[Refused]:
    """What somebody can look up later: by meter and reason, with one example."""
    counted: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        counted.setdefault((fault.meter, fault.reason), []).append(fault)
    for (meter, reason), same in counted.items():
        yield Refused(meter, reason, len(same), same[-1].found)
