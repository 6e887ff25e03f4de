"""Deciding on many returns at once, as the workbench does; of an address of its own, before that of one return."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from ninja import Router
from ninja.responses import Status

from nengtan.domain.returns.steps import Action
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.reporting.api.common import slot_of
from nengtan.reporting.api.schemas import StepsIn, StepsOut
from nengtan.reporting.models import Return
from nengtan.reporting.queries.bench import Bench
from nengtan.reporting.reach import chosen_returns, overseen_region
from nengtan.reporting.services import NotAll, take_steps
from nengtan.ui.api import PROBLEM_TYPE, Fault, Problem

router = Router()


@router.post(
    "/returns/steps",
    response={201: StepsOut},
    summary="Approve or send back many returns",
)
def steps_take(request: ActorRequest, data: StepsIn) -> Any:
    """With all or with none; where some refuse, a problem 409 names each (``returns.`` and its key) and says why."""
    request.actor.require(Capability.REVIEW_RETURNS)
    chosen = _chosen(request.actor, data)
    try:
        done = take_steps(request.actor, chosen, Action(data.action), data.reason, data.again_by)
    except NotAll as error:
        return _refusing(error)
    return Status(201, {"action": data.action, "returns": [outcome.of.pk for outcome in done]})


def _chosen(actor: Actor, data: StepsIn) -> list[Return]:
    if data.returns or not (data.region and data.period):
        return chosen_returns(actor, data.returns)
    return [row.of for row in Bench(actor, overseen_region(actor, data.region), slot_of(data.period)).in_order]


def _refusing(error: NotAll) -> HttpResponse:
    told = Problem(
        type="urn:nengtan:problem:step-refused",
        title=str(error),
        status=409,
        errors=[
            Fault(location="body", field=f"returns.{item.of.pk}", message=item.refused, found=item.of.institution.code)
            for item in error.outcomes
            if item.refused
        ],
    )
    return HttpResponse(told.model_dump_json(), status=409, content_type=PROBLEM_TYPE)
