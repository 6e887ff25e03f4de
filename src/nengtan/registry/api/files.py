"""The register as a workbook: taken in, given out, and the one to fill in."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpResponse
from ninja import File, Router, UploadedFile
from ninja.responses import Status

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.api.places import named, readable
from nengtan.registry.api.schemas import RegisterImportOut
from nengtan.registry.models import Region
from nengtan.registry.services import intake
from nengtan.registry.wording import result_dict
from nengtan.ui import drafts, sending
from nengtan.ui.api import Line
from nengtan.ui.jobs.api import JobOut
from nengtan.ui.tables.exports import XLSX_TYPE

router = Router()

SheetName = Literal["institutions", "buildings", "occupancies", "meters", "assets", "contacts", "events"]
CSV_TYPE = "text/csv"


def _given_out(*types: str) -> dict[str, Any]:
    """How the description shows an answer that is a file."""
    content = {one: {"schema": {"type": "string", "format": "binary"}} for one in types}
    return {"responses": {200: {"description": "the file", "content": content}}}


def _file(content: bytes, name: str, content_type: str = XLSX_TYPE) -> HttpResponse:
    return HttpResponse(content, content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post(
    "/imports/registry",
    response={200: RegisterImportOut, 202: JobOut},
    summary="Take in a workbook of the register",
)
def import_registry(
    request: ActorRequest,
    file: UploadedFile = File(...),
    dry_run: bool = False,
    partial: bool = False,
    background: bool = False,
    region: Line = "",
) -> Any:
    """All rows or none, unless `partial`; `dry_run` says what would happen.

    New institutions whose row names no region stand in `region` (a code); a row with its own keeps it.

    With `background` the worker takes the file in: follow the job under `/jobs`, its result is what is answered here.
    """
    request.actor.require(Capability.WRITE_REGISTRY)
    name, content = sending.received(file, intake.limits().max_bytes)
    home = named(Region.objects.for_actor(request.actor, Capability.WRITE_REGISTRY), "region", region)
    if dry_run:
        return result_dict(intake.preview_result(intake.check_file(request.actor, name, content, home)), True)
    if background:
        draft = drafts.keep(request.actor, "registry", name, content, region=region)
        return Status(202, sending.begin("import.registry", request.actor, draft, partial=partial, region=region))
    return result_dict(intake.import_file(request.actor, name, content, partial, region=home))


@router.get(
    "/exports/registry",
    summary="The register as the import takes it",
    openapi_extra=_given_out(XLSX_TYPE, CSV_TYPE),
)
def export_registry(
    request: ActorRequest, region: Line = "", sheet: SheetName | None = None, history: bool = False
) -> HttpResponse:
    """Institutions you see with all that belongs to them, as Excel; with `sheet` that one as CSV.

    Dated values are the latest; with `history` each earlier day has a row of its own.
    """
    request.actor.require(Capability.EXPORT)
    rows = readable(request.actor)
    if region:
        rows = rows.filter(region__path__startswith=named(Region.objects.all(), "region", region).path)
    if sheet is not None:
        return _file(intake.export_csv(rows, sheet, history), f"{sheet}.csv", CSV_TYPE)
    return _file(intake.export_workbook(rows, history), "register.xlsx")


@router.get(
    "/templates/registry", summary="The workbook of the register to fill in", openapi_extra=_given_out(XLSX_TYPE)
)
def template_registry(request: ActorRequest) -> HttpResponse:
    """Drop-downs, hints and an example row in each sheet."""
    request.actor.require(Capability.WRITE_REGISTRY)
    return _file(intake.template(), "register-template.xlsx")
