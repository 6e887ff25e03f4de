"""Readings in, by gateways and programs; readings and consumption out."""

from __future__ import annotations

import datetime as dt
import io
import json
import zlib
from typing import Annotated, Any, Literal

import pyarrow as pa
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError
from ninja.responses import Status
from ninja.security import HttpBearer

from nengtan.identity.access import Actor
from nengtan.identity.api_auth import authenticators
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.telemetry import queries
from nengtan.telemetry.models import Formula, Gateway, Register
from nengtan.telemetry.queries.virtual import Computed
from nengtan.telemetry.sent import Fault, Sent, Unreadable, sent_as_csv, sent_as_json
from nengtan.telemetry.services import Answer, accept, authenticate_gateway
from nengtan.telemetry.wording import REFUSALS, finding_dict
from nengtan.ui.api import Line

router = Router()

MOST_BYTES = 64 * 1024 * 1024
"""How large a message may be once unpacked."""

MOST_TOLD = 1000
ARROW = "application/vnd.apache.arrow.stream"
LONGEST = dt.timedelta(days=3660)


class GatewayAuth(HttpBearer):
    """``Authorization: Bearer ng_…``: the key of a gateway, good for sending readings and nothing else."""

    def authenticate(self, request: HttpRequest, token: str) -> Gateway | None:
        """The gateway; None (401) for keys that are unknown or ended."""
        return authenticate_gateway(token.strip())


class RefusedReading(Schema):
    """A reading that was not kept."""

    place: int = Field(description="which it was, from 1; of CSV the line")
    meter: str
    reason: str = Field(description="stable name")
    message: str
    found: str


class AcceptedOut(Schema):
    """What became of a message; what was accepted is on the disk."""

    accepted: int = Field(description="readings kept, those kept before included")
    marked: dict[str, int] = Field(description="of these kept and left out of consumption, by reason")
    refused: list[RefusedReading] = Field(description="the first thousand")
    refused_count: int
    repeated: bool = Field(description="the same message was accepted before; nothing changed")


_READING: dict[str, Any] = {
    "type": "object",
    "required": ["meter", "time", "value"],
    "properties": {
        "meter": {"type": "string", "description": "code of the meter"},
        "register": {"type": "string", "description": "code of the register; without it the main one"},
        "time": {"type": "string", "format": "date-time", "description": "with an offset"},
        "value": {"type": ["number", "null"], "description": "what was shown; null: the device had no value"},
    },
}
_MESSAGE: dict[str, Any] = {
    "type": "object",
    "required": ["readings"],
    "properties": {
        "message": {"type": "string", "maxLength": 200, "description": "its name among those of the sender"},
        "readings": {"type": "array", "items": _READING},
    },
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [_MESSAGE, _READING, {"type": "array", "items": _READING}]}},
            "text/csv": {"schema": {"type": "string", "example": "meter,time,value\n"}},
        },
    }
}


@router.post(
    "/readings",
    response={200: AcceptedOut},
    auth=[GatewayAuth(), *authenticators],
    openapi_extra=_BODY,
    summary="Send readings",
)
def readings_send(request: HttpRequest) -> Status[Any]:
    """One reading or many, as JSON or as CSV (`meter,time,value`), with `Content-Encoding: gzip` if you like.

    Signed with the key of a gateway, or with an API key that may enter consumption. What is accepted is on the disk
    when the answer is sent; what is refused is told reading by reading. A message sent again changes nothing: it is
    known by `message` (or the header `X-Message-Id`), without one by what it says; another message of a name that was
    taken is refused (409). Readings with no value, or of a clock that is off, are kept and marked.
    """
    sender: Gateway | Actor = request.auth  # type: ignore[attr-defined]
    sent = _read(request)
    answer = accept(sender, sent, _source(sender), name=request.headers.get("X-Message-Id", "")[:200])
    if answer.contradicts:
        raise HttpError(409, _("Another message of this name was accepted before."))
    return Status(200, _told(answer))


def _source(sender: Gateway | Actor) -> str:
    if isinstance(sender, Gateway):
        return f"gateway:{sender.code}"
    return f"user:{sender.user.pk}" if sender.user else "system"


def _read(request: HttpRequest) -> Sent:
    body = _unpacked(request)
    try:
        return sent_as_csv(body) if request.content_type == "text/csv" else sent_as_json(body)
    except Unreadable as error:
        raise HttpError(422, _("This cannot be read: %(found)s") % {"found": error}) from error


def _unpacked(request: HttpRequest) -> bytes:
    """The body, unpacked as far as it may be large."""
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise HttpError(413, _("At most %(n)s MB may be sent at once.") % {"n": 10}) from error
    packing = request.headers.get("Content-Encoding", "").strip().lower()
    if packing in {"", "identity"}:
        return body
    if packing != "gzip":
        raise HttpError(415, _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": packing[:40], "allowed": "gzip"})
    unpacking = zlib.decompressobj(wbits=31)
    try:
        found = unpacking.decompress(body, MOST_BYTES)
    except zlib.error as error:
        raise HttpError(422, _("This cannot be read: %(found)s") % {"found": "gzip"}) from error
    if unpacking.unconsumed_tail:
        raise HttpError(413, _("At most %(n)s MB may be sent at once.") % {"n": MOST_BYTES // 1024**2})
    if not unpacking.eof or unpacking.unused_data:
        raise HttpError(422, _("This cannot be read: %(found)s") % {"found": "gzip"})
    return found


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "accepted": answer.accepted,
        "marked": answer.marked,
        "refused": [_refused(fault) for fault in answer.refused[:MOST_TOLD]],
        "refused_count": len(answer.refused),
        "repeated": answer.repeated,
    }


def _refused(fault: Fault) -> dict[str, Any]:
    message = str(REFUSALS[fault.reason])
    return {"place": fault.row, "meter": fault.meter, "reason": fault.reason, "message": message, "found": fault.found}


class RefusalOut(Schema):
    """Readings of one meter a sender was refused for one reason."""

    source: str = Field(description="who sent them: gateway:CODE, user:ID, file:NAME")
    meter: str
    reason: str
    message: str
    times: int
    first: dt.datetime
    latest: dt.datetime
    sample: str


@router.get("/readings/refused", response=list[RefusalOut], summary="Readings that were refused")
def readings_refused(request: ActorRequest) -> list[dict[str, Any]]:
    """Of gateways you may see, latest first; of everybody, if you see everything."""
    return [one | {"message": str(REFUSALS[one["reason"]])} for one in queries.refusals(request.actor)]


class Period(Schema):
    """A stretch of time, of one meter or all."""

    meter: Line = Field("", description="code of a meter; empty: all")
    since: dt.datetime | None = Field(None, alias="from", description="first moment; without an offset it is local")
    until: dt.datetime | None = Field(None, alias="to", description="the moment before which it ends")


class Stretch(Schema):
    """A stretch of time of one register."""

    meter: Line = Field(description="code of the meter")
    code: Line = Field("", alias="register", description="code of the register; empty: the main one")
    since: dt.datetime | None = Field(None, alias="from", description="first moment; without an offset it is local")
    until: dt.datetime | None = Field(None, alias="to", description="the moment before which it ends")


class ReadingOut(Schema):
    time: dt.datetime
    value: float | None
    mark: str = Field(description="why it is left out of consumption; empty: it is not, or the rules say why")
    source: str
    received: dt.datetime


class IntervalOut(Schema):
    time: dt.datetime = Field(description="where the quarter of an hour begins")
    value: float | None = Field(description="null: not known")
    known: float = Field(description="share of the quarter it covers")
    quality: str
    method: str
    revision: int = Field(description="the higher, the later computed")


class ConsumptionOut(Schema):
    period: str
    value: float | None = Field(description="null: not known")
    good: float = Field(description="share of the period measured well")
    estimated: float
    missing: float
    quality: str


class ReadingFindingOut(Schema):
    """A reading a person must look at."""

    meter: str
    register_code: str = Field(description="empty: the main one")
    time: dt.datetime
    kind: str = Field(description="stable name")
    found: float | None = Field(description="what was read")
    before: float | None = Field(description="what was last taken before it")
    message: str


@router.get("/readings/findings", response=list[ReadingFindingOut], summary="Readings to look at")
def readings_findings(request: ActorRequest, stretch: Query[Period]) -> list[dict[str, Any]]:
    """What the rules found and what was kept and marked, of meters you may see, latest first; without bounds a week."""
    until = _aware(stretch.until) if stretch.until else timezone.now()
    since = _aware(stretch.since) if stretch.since else max(until - dt.timedelta(days=7), _FIRST)
    return [finding_dict(one) for one in queries.findings(request.actor, since, until, stretch.meter)]


Form = Annotated[Literal["json", "arrow"], Query(description="JSON, or an Arrow stream")]
_AS_ARROW: dict[str, Any] = {
    "responses": {200: {"content": {ARROW: {"schema": {"type": "string", "format": "binary"}}}}}
}


@router.get("/readings", response=list[ReadingOut], openapi_extra=_AS_ARROW, summary="Readings as received")
def readings_list(request: ActorRequest, stretch: Query[Stretch], form: Form = "json") -> Any:
    """Of one register, by time, everything that was ever received; at most 100,000."""
    return _answer(queries.readings(_register(request, stretch), *_bounds(stretch)), form)


@router.get("/intervals", response=list[IntervalOut], openapi_extra=_AS_ARROW, summary="Quarters of an hour")
def intervals_list(request: ActorRequest, stretch: Query[Stretch], form: Form = "json") -> Any:
    """Consumption of one register by 15 minutes, how sure it is and how it was found; at most 100,000."""
    return _answer(queries.intervals(_register(request, stretch), *_bounds(stretch)), form)


@router.get("/consumption", response=list[ConsumptionOut], summary="Consumption of a meter")
def consumption_list(request: ActorRequest, stretch: Query[Stretch], by: queries.Grain = "month") -> Any:
    """By hour, day or month, with the shares measured well, estimated and missing; at most 100,000."""
    register = _virtual(request, stretch) or _register(request, stretch)
    since, until = (None if one is None else _aware(one) for one in (stretch.since, stretch.until))
    return [one.as_dict() for one in queries.consumption(register, by, since, until)]


def _virtual(request: ActorRequest, stretch: Stretch) -> Computed | None:
    """A virtual meter, if it is one the actor sees."""
    request.actor.require(Capability.VIEW_DETAIL)
    found = (
        Formula.objects.for_actor(request.actor).filter(meter__code=stretch.meter).first() if not stretch.code else None
    )
    return Computed([found.meter_id]) if found else None


def _register(request: ActorRequest, stretch: Stretch) -> Register:
    request.actor.require(Capability.VIEW_DETAIL)
    seen = Register.objects.for_actor(request.actor)
    found: Register = get_object_or_404(seen, meter__code=stretch.meter, code=stretch.code)
    return found


def _bounds(stretch: Stretch) -> tuple[dt.datetime, dt.datetime]:
    """The stretch asked for; without bounds the last day."""
    until = _aware(stretch.until) if stretch.until else timezone.now()
    since = _aware(stretch.since) if stretch.since else until - min(dt.timedelta(days=1), until - _FIRST)
    return since, until


_FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def _aware(moment: dt.datetime) -> dt.datetime:
    """A moment with its offset, within the years of which readings are kept."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.get_current_timezone())
    try:
        moment = moment.astimezone(dt.UTC)
    except OverflowError:
        moment = _LAST if moment.year > 2000 else _FIRST
    return min(max(moment, _FIRST), _LAST)


def _answer(table: pa.Table, form: str) -> Any:
    if form == "json":
        return rows_as_json(table)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return HttpResponse(sink.getvalue(), content_type=ARROW)


def rows_as_json(table: pa.Table) -> HttpResponse:
    """Rows as an answer."""
    return HttpResponse(_as_json(table), content_type="application/json; charset=utf-8")


def _as_json(table: pa.Table) -> str:
    """Rows as JSON, times with their offset, what is no number null."""
    zone = str(timezone.get_current_timezone())
    columns = []
    for name in table.column_names:
        column = table[name]
        if pa.types.is_timestamp(column.type):
            columns.append([moment.isoformat() for moment in column.cast(pa.timestamp("us", zone)).to_pylist()])
        elif pa.types.is_floating(column.type):
            columns.append([one if one is not None and abs(one) < float("inf") else None for one in column.to_pylist()])
        else:
            columns.append(column.to_pylist())
    rows = [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]
    return json.dumps(rows, ensure_ascii=False, allow_nan=False)
