"""Registers, ratios, events and gateways."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from ninja.responses import Status
from pydantic import AwareDatetime, StringConstraints

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.api.places import named, writable
from nengtan.registry.api.schemas import Code, Name, Note, PathKey, Short
from nengtan.registry.models import Meter
from nengtan.telemetry.models import Gateway, MeterEvent, RatioSpan, Register
from nengtan.telemetry.services import (
    end_gateway,
    issue_gateway,
    new_key,
    record_event,
    save_register,
    set_ratio,
    withdraw_event,
)
from nengtan.ui.api import Line, Listed, Paging, ReadOnly, Sent, paged

router = Router()

Figure = Annotated[Decimal, Field(ge=0, lt=10**12, decimal_places=6)]
Above = Annotated[Decimal, Field(gt=0, lt=10**12, decimal_places=6)]
Ratio = Annotated[Decimal, Field(gt=0, lt=10**6, decimal_places=6)]
RegisterCode = Annotated[str, StringConstraints(strip_whitespace=True, max_length=16, pattern=r"^[^/\x00-\x1f]*$")]
Document = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120, pattern=r"^[^\x00]*$")]


class RegisterFields(Schema):
    kind: Literal["cumulative", "demand", "instantaneous"] = "cumulative"
    direction: Literal["in", "out"] = "in"
    unit: Short
    modulus: Above | None = Field(None, description="where it starts again at 0; null: not known")
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    cap: Above | None = Field(None, description="largest use believed, units an hour after the ratio; null: not known")
    by_hand: bool = False
    period_s: Annotated[int, Field(ge=1, le=366 * 86400)] = Field(900, description="how often it is read, s")


class RegisterIn(Sent, RegisterFields):
    meter: Code
    code: RegisterCode = Field("", description="empty: the main register, whose consumption is the meter's")


class RegisterOut(RegisterFields):
    id: int
    meter: str = Field(alias="meter.code")
    code: str


class RegisterChange(Sent, RegisterFields):
    id: ReadOnly = None
    meter: ReadOnly = None
    code: ReadOnly = None


class RatioIn(Sent):
    meter: Code
    since: AwareDatetime
    ct: Ratio = Decimal(1)
    pt: Ratio = Decimal(1)
    reading: Figure | None = Field(None, description="what the main register showed then; null: nobody read it")
    document: Document = ""


class RatioOut(Schema):
    id: int
    meter: str = Field(alias="meter.code")
    since: dt.datetime
    ct: Decimal
    pt: Decimal
    ratio: Decimal
    reading: Decimal | None
    document: str


class MeterEventIn(Sent):
    meter: Code
    register_code: RegisterCode = Field("", description="empty: the main register")
    kind: Literal["replacement", "zeroing", "setting"]
    at: AwareDatetime
    final: Figure = Field(description="last reading before")
    start: Figure = Field(description="first reading after")
    document: Document = ""
    note: Note = ""


class MeterEventOut(Schema):
    id: int
    meter: str = Field(alias="register.meter.code")
    register_code: str = Field(alias="register.code")
    kind: str
    at: dt.datetime
    final: Decimal
    start: Decimal
    document: str
    note: str
    entered_at: dt.datetime
    withdrawn_at: dt.datetime | None


class EventWithdrawalIn(Sent):
    reason: Note


class GatewayIn(Sent):
    code: Code
    name: Name | Literal[""] = ""
    institution: Code
    meters: Annotated[list[Code], Field(max_length=10_000)] = Field(
        [], description="codes of the meters it may send for; none: all of the institution"
    )


class GatewayOut(Schema):
    id: int
    code: str
    name: str
    institution: str = Field(alias="institution.code")
    prefix: str = Field(description="how its key begins")
    seen_at: dt.datetime | None
    ended_at: dt.datetime | None


class GatewayKeyOut(Schema):
    gateway: GatewayOut
    key: str = Field(description="shown this once")


@router.get("/registers", response=Listed[RegisterOut], summary="Registers of meters")
def registers(request: ActorRequest, paging: Query[Paging], meter: Line = "") -> dict[str, Any]:
    """Those you may see, or one meter's."""
    rows = Register.objects.for_actor(_seeing(request)).select_related("meter").order_by("meter__code", "code")
    return paged(rows.filter(meter__code=meter) if meter else rows, paging)


@router.get("/registers/{pk}", response=RegisterOut, summary="A register")
def register(request: ActorRequest, pk: PathKey) -> Register:
    """By its key, as the list has it."""
    return get_object_or_404(Register.objects.for_actor(_seeing(request)).select_related("meter"), pk=pk)


@router.post("/registers", response={201: RegisterOut}, summary="Add a register")
def register_add(request: ActorRequest, data: RegisterIn) -> Status[Any]:
    """Of a meter you may change. The main register is made by itself when the first reading comes."""
    values = data.dict()
    return Status(201, save_register(request.actor, _meter(request, values.pop("meter")), values))


@router.put("/registers/{pk}", response=RegisterOut, summary="Change a register")
def register_change(request: ActorRequest, pk: PathKey, data: RegisterChange) -> Register:
    """The whole record but its code; consumption is then computed again."""
    mine = Register.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    held = get_object_or_404(mine.select_related("meter__institution__region"), pk=pk)
    return save_register(request.actor, held.meter, data.dict(), held)


@router.get("/meter-ratios", response=Listed[RatioOut], summary="Transformer ratios")
def meter_ratios(request: ActorRequest, paging: Query[Paging], meter: Line = "") -> dict[str, Any]:
    """By what the readings of meters are multiplied, from when on."""
    rows = RatioSpan.objects.for_actor(_seeing(request)).select_related("meter").order_by("meter__code", "since")
    return paged(rows.filter(meter__code=meter) if meter else rows, paging)


@router.post("/meter-ratios", response={201: RatioOut}, summary="Set a transformer ratio")
def meter_ratio_set(request: ActorRequest, data: RatioIn) -> Status[Any]:
    """From a moment on; of the same moment again, it is a correction. Consumption is then computed again."""
    values = data.dict()
    return Status(201, set_ratio(request.actor, _meter(request, values.pop("meter")), values))


@router.get("/meter-events", response=Listed[MeterEventOut], summary="What happened to meters")
def meter_events(request: ActorRequest, paging: Query[Paging], meter: Line = "") -> dict[str, Any]:
    """Replacements and settings of registers, those withdrawn included."""
    rows = MeterEvent.objects.for_actor(_seeing(request)).select_related("register__meter").order_by("-at", "-pk")
    return paged(rows.filter(register__meter__code=meter) if meter else rows, paging)


@router.post("/meter-events", response={201: MeterEventOut}, summary="Record what happened to a meter")
def meter_event_record(request: ActorRequest, data: MeterEventIn) -> Status[Any]:
    """With the last reading before and the first after; consumption is then computed again."""
    values = data.dict()
    meter = _meter(request, values.pop("meter"))
    held = meter.registers.select_related("meter__institution__region")
    register = named(held, "register_code", values.pop("register_code")) or _main(request, meter)
    return Status(201, record_event(request.actor, register, values))


@router.post("/meter-events/{pk}/withdrawal", response=MeterEventOut, summary="Take an event back")
def meter_event_withdraw(request: ActorRequest, pk: PathKey, data: EventWithdrawalIn) -> MeterEvent:
    """One that did not happen as recorded; it stays on the list, and counts no more."""
    mine = MeterEvent.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    event = get_object_or_404(mine.select_related("register__meter__institution__region"), pk=pk)
    return withdraw_event(request.actor, event, data.reason)


@router.get("/gateways", response=Listed[GatewayOut], summary="Gateways")
def gateways(request: ActorRequest, paging: Query[Paging]) -> dict[str, Any]:
    """Those you may see, ended ones included."""
    rows = Gateway.objects.for_actor(_seeing(request)).select_related("institution")
    return paged(rows.order_by("code"), paging)


@router.post("/gateways", response={201: GatewayKeyOut}, summary="Add a gateway")
def gateway_add(request: ActorRequest, data: GatewayIn) -> Status[Any]:
    """Its key is in the answer and is never shown again."""
    body = named(writable(request.actor), "institution", data.institution)
    mine = Meter.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    meters: list[Any] = list(mine.filter(code__in=data.meters))
    if lacking := sorted(set(data.meters) - {meter.code for meter in meters}):
        raise ValidationError({"meters": _("There is no “%(code)s” within your reach.") % {"code": lacking[0]}})
    made, key = issue_gateway(request.actor, body, data.code, data.name, meters)
    return Status(201, {"gateway": made, "key": key})


@router.post("/gateways/{pk}/key", response=GatewayKeyOut, summary="Give a gateway a new key")
def gateway_key(request: ActorRequest, pk: PathKey) -> dict[str, Any]:
    """The old one ends now; an ended gateway begins again."""
    gateway = _gateway(request, pk)
    return {"key": new_key(request.actor, gateway), "gateway": gateway}


@router.post("/gateways/{pk}/end", response=GatewayOut, summary="End a gateway")
def gateway_end(request: ActorRequest, pk: PathKey) -> Gateway:
    """Nothing more is taken from it."""
    return end_gateway(request.actor, _gateway(request, pk))


def _gateway(request: ActorRequest, pk: int) -> Gateway:
    mine = Gateway.objects.for_actor(request.actor, Capability.WRITE_REGISTRY)
    found: Gateway = get_object_or_404(mine.select_related("institution__region"), pk=pk)
    return found


def _seeing(request: ActorRequest) -> Any:
    request.actor.require(Capability.VIEW_DETAIL)
    return request.actor


def _meter(request: ActorRequest, code: str) -> Any:
    """A meter by its code that the actor may change."""
    request.actor.require(Capability.WRITE_REGISTRY)
    mine = Meter.objects.for_actor(request.actor, Capability.WRITE_REGISTRY).select_related("institution__region")
    return named(mine, "meter", code)


def _main(request: ActorRequest, meter: Meter) -> Register:
    """The main register of a meter, made where it lacks."""
    from nengtan.telemetry.services import main_registers

    main_registers(request.actor, [meter])
    return Register.objects.select_related("meter__institution__region").get(meter=meter, code="")
