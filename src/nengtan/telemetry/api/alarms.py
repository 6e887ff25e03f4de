"""Alarms and work orders."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from ninja.responses import Status
from pydantic import StringConstraints

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.api.schemas import PathKey
from nengtan.telemetry.queries.alarms import alarm_dict, alarms_seen
from nengtan.telemetry.services import close_order, give_order
from nengtan.ui.api import Listed, Paging, Sent, paged

router = Router()

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400, pattern=r"^[^\x00]*$")]
Whom = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120, pattern=r"^[^\x00]*$")]


class WorkOrderOut(Schema):
    what: str
    whom: str
    due_on: dt.date | None
    result: str
    closed_at: dt.datetime | None


class AlarmOut(Schema):
    id: int
    rule: str = Field(description="stable name")
    title: str
    severity: str
    state: str = Field(description="lasting, ordered, over, closed")
    meter: str
    institution: str
    begun: dt.datetime
    raised: dt.datetime
    ended: dt.datetime | None
    found: float
    usual: float | None
    extra: float | None = Field(description="what it cost, in the unit of the register")
    why: str
    order: WorkOrderOut | None


class WorkOrderIn(Sent):
    what: Words
    whom: Whom
    due_on: dt.date | None = None


class WorkResultIn(Sent):
    result: Words


@router.get("/metering/alarms", response=Listed[AlarmOut], summary="Alarms")
def metering_alarms(
    request: ActorRequest, paging: Query[Paging], state: Literal["", "lasting", "ordered", "over", "closed"] = ""
) -> dict[str, Any]:
    """Of meters you may see, the latest first, each with why in words."""
    told = paged(alarms_seen(request.actor, state), paging)
    return {**told, "items": [alarm_dict(one) for one in told["items"]]}


@router.post("/metering/alarms/{pk}/order", response={201: AlarmOut}, summary="Give a work order")
def metering_alarm_order(request: ActorRequest, pk: PathKey, data: WorkOrderIn) -> Status[Any]:
    """Say who is to see to an alarm."""
    request.actor.require(Capability.WRITE_ACTIVITY)
    found: Any = get_object_or_404(alarms_seen(request.actor), pk=pk)
    give_order(request.actor, found, data.dict())
    return Status(201, alarm_dict(alarms_seen(request.actor).get(pk=pk)))


@router.post("/metering/alarms/{pk}/close", response=AlarmOut, summary="Close a work order")
def metering_alarm_close(request: ActorRequest, pk: PathKey, data: WorkResultIn) -> dict[str, Any]:
    """Say what was found and done."""
    request.actor.require(Capability.WRITE_ACTIVITY)
    found: Any = get_object_or_404(alarms_seen(request.actor).exclude(order=None), pk=pk)
    close_order(request.actor, found.order, data.result)
    return alarm_dict(alarms_seen(request.actor).get(pk=pk))
