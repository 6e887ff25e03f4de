"""Writing returns: cells, explanations, steps."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Form
from ninja.files import UploadedFile
from ninja.responses import Status

from nengtan.domain.returns.steps import Action
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.pages.forms import EvidenceField
from nengtan.reporting.api.returns import PathKey, finding_dict, return_dict, return_of, router
from nengtan.reporting.api.schemas import (
    CellsIn,
    ConflictOut,
    ExplanationIn,
    FindingOut,
    ReturnOut,
    RoomPath,
    SavedOut,
    StepIn,
    StoredOut,
)
from nengtan.reporting.filling import cell_name, fill_in
from nengtan.reporting.models import Return, Value
from nengtan.reporting.services import (
    CellChange,
    Conflict,
    Saved,
    accept,
    explain_with_file,
    remove_room,
    save_cells,
    take_step,
)
from nengtan.ui.api import PROBLEM_TYPE, Fault, Problem

__all__ = ["router"]


_CONFLICT = {
    "description": "Some cells were changed by somebody else meanwhile; the others are stored",
    "content": {
        PROBLEM_TYPE: {
            "schema": {
                "allOf": [{"$ref": "#/components/schemas/Problem"}],
                "type": "object",
                "properties": {"saved": {"$ref": "#/components/schemas/SavedOut"}},
                "required": ["saved"],
            }
        }
    },
}


@router.patch(
    "/returns/{key}/cells",
    response=SavedOut,
    summary="Write cells of a return",
    openapi_extra={"responses": {409: _CONFLICT}},
)
def cells_write(request: ActorRequest, key: PathKey, data: CellsIn) -> Any:
    """Each change names the version of the cell it was made to.

    A cell somebody else changed meanwhile is left alone and the answer is a problem 409, whose ``saved`` says what
    stands there and what was stored; the other cells are stored all the same.
    """
    of = return_of(request.actor, key, Capability.ENTER_RETURNS)
    changes = [CellChange(cell.indicator, cell.value, cell.seen, cell.room) for cell in data.cells]
    saved = save_cells(request.actor, of, changes)
    told = _saved(of, saved)
    return _in_conflict(told) if saved.conflicts else told


def _in_conflict(told: dict[str, Any]) -> HttpResponse:
    faults = [
        Fault(location="body", field=cell_name(one.room, one.indicator), message=_("Somebody else changed this cell."))
        for one in told["conflicts"]
    ]
    about = Problem(
        type="urn:nengtan:problem:cells-changed",
        title=_("Some cells were changed meanwhile"),
        status=409,
        errors=faults,
    )
    body = {**about.model_dump(mode="json"), "saved": SavedOut(**told).model_dump(mode="json")}
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=409, content_type=PROBLEM_TYPE)


def _saved(of: Return, saved: Saved) -> dict[str, Any]:
    return {
        "version": of.version,
        "stored": [_stored(value) for value in saved.stored],
        "unchanged": saved.same,
        "conflicts": [_conflict(conflict) for conflict in saved.conflicts],
        "findings": [finding_dict(of, said) for said in fill_in(of).findings],
    }


def _stored(value: Value) -> StoredOut:
    return StoredOut(indicator=value.indicator, room=value.record, value=value.value, version=value.version)


def _conflict(conflict: Conflict) -> ConflictOut:
    held, change = conflict.held, conflict.change
    return ConflictOut(
        indicator=change.indicator,
        room=change.record,
        value=held.value if held else None,
        version=held.version if held else 0,
        sent=change.value,
        entered_by=str(held.entered_by) if held and held.entered_by else None,
        entered_at=held.entered_at if held else None,
    )


@router.post("/returns/{key}/explanations", response=list[FindingOut], summary="Explain a finding")
def explanation_write(
    request: ActorRequest, key: PathKey, data: Form[ExplanationIn], evidence: File[UploadedFile | None] = None
) -> list[dict[str, Any]]:
    """Why a flagged value is right, maybe with a file that proves it; what the rules then still say."""
    of = return_of(request.actor, key, Capability.ENTER_RETURNS)
    file = EvidenceField(required=False).clean(evidence)
    explain_with_file(
        request.actor, of, data.rule, data.text, (file.name, file.read()) if file else None,
        indicator=data.indicator, record=data.room,
    )  # fmt: skip
    return [finding_dict(of, said) for said in fill_in(of).findings]


@router.post("/returns/{key}/steps", response={201: ReturnOut}, summary="Take a return a step on")
def step_take(request: ActorRequest, key: PathKey, data: StepIn) -> Status[Any]:
    """Submit, pass on, send back, approve, reopen; refused with the reason where it cannot be taken."""
    of = return_of(request.actor, key)
    if data.action == Action.ENTER:
        accept(request.actor, of)
    else:
        take_step(request.actor, of, Action(data.action), data.reason, data.again_by)
    return Status(201, return_dict(return_of(request.actor, key)))


@router.delete("/returns/{key}/rooms/{room}", response={204: None}, summary="Take a data room out of a return")
def room_remove(request: ActorRequest, key: PathKey, room: RoomPath) -> Status[Any]:
    """With its cells; one that stands in the register is taken out of use there."""
    of = return_of(request.actor, key, Capability.ENTER_RETURNS)
    remove_room(request.actor, of, room)
    return Status(204, None)
