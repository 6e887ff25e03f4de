"""Files of consumption."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja import File, Form, Path, Query, Router, Schema
from ninja.files import UploadedFile
from ninja.responses import Status

from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import BatchOut, ImportOut, OriginName, ReasonIn
from nengtan.ledger.models import ImportBatch
from nengtan.ledger.services import intake
from nengtan.ledger.services.entries import withdraw_batch
from nengtan.ledger.wording import result_dict
from nengtan.registry.api.places import named
from nengtan.registry.models import Region
from nengtan.ui import drafts, sending
from nengtan.ui.api import Key, Line, Listed, Paging, paged
from nengtan.ui.jobs.api import JobOut

router = Router()
PathKey = Annotated[Key, Path()]


class ImportOptions(Schema):
    """How to take a file in."""

    dry_run: bool = False
    partial: bool = False
    correct: bool = False
    background: bool = False
    origin: OriginName = "bill"
    region: Line = ""


@router.post("/imports/activity", response={200: ImportOut, 202: JobOut}, summary="Take in a file of bills or figures")
def import_activity(request: ActorRequest, file: File[UploadedFile], options: Form[ImportOptions]) -> Any:
    """All or nothing, unless ``partial`` asks for the good rows; ``correct`` lets rows replace stored figures.

    With ``region`` (a code) names of institutions are those of institutions that stand in it.

    ``stored`` says whether the ledger changed; ``errors`` name row, column, what was found and what is allowed.
    With ``background`` the worker takes the file in: follow the job under ``/jobs``, whose result is the answer.
    """
    request.actor.require(Capability.WRITE_ACTIVITY)
    name, content = sending.received(file, intake.limits().max_bytes)
    on_existing: intake.OnExisting = "correct" if options.correct else "refuse"
    region = named(Region.objects.for_actor(request.actor, Capability.WRITE_ACTIVITY), "region", options.region)
    if options.dry_run:
        plan = intake.check_file(request.actor, name, content, origin=options.origin, region=region)
        return result_dict(intake.preview_result(plan, on_existing), dry_run=True)
    how: dict[str, Any] = {"origin": options.origin, "partial": options.partial, "on_existing": on_existing}
    if options.background:
        chosen = {"origin": options.origin, "region": options.region}
        draft = drafts.keep(request.actor, "activity", name, content, **chosen)
        return Status(202, sending.begin("import.activity", request.actor, draft, **how, region=options.region))
    return result_dict(intake.import_file(request.actor, name, content, **how, region=region))


def _visible(actor: Actor) -> QuerySet[ImportBatch]:
    actor.require(Capability.VIEW_DETAIL)
    return ImportBatch.objects.for_actor(actor).select_related("evidence")


@router.get("/imports", response=Listed[BatchOut], summary="Files taken in")
def imports(request: ActorRequest, paging: Query[Paging]) -> dict[str, Any]:
    """The latest first; those whose institutions you see, all of them."""
    return paged(_visible(request.actor), paging)


@router.get("/imports/{key}", response=BatchOut, summary="One import")
def import_batch(request: ActorRequest, key: PathKey) -> ImportBatch:
    """How many rows were taken."""
    return get_object_or_404(_visible(request.actor), pk=key)


@router.post("/imports/{key}/withdrawal", response=BatchOut, summary="Undo an import")
def import_withdraw(request: ActorRequest, key: PathKey, data: ReasonIn) -> ImportBatch:
    """Its figures count no more; figures it corrected hold again."""
    request.actor.require(Capability.WRITE_ACTIVITY)
    batch = get_object_or_404(_visible(request.actor), pk=key)
    withdraw_batch(request.actor, batch, data.reason)
    return batch
