"""Returns as workbooks: taken away, sent back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, File, Form, Path, Query, Router, Schema, UploadedFile
from ninja.responses import Status

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.registry.models import Region
from nengtan.reporting.api.common import slot_of
from nengtan.reporting.models import Return
from nengtan.reporting.services import workbooks
from nengtan.reporting.workbook_wording import result_dict
from nengtan.ui import drafts, sending
from nengtan.ui.api import Key, Line
from nengtan.ui.jobs.api import JobOut
from nengtan.ui.tables.exports import XLSX_TYPE

router = Router()
PathKey = Annotated[Key, Path()]

_FILE: dict[str, Any] = {
    "responses": {200: {"description": "the file", "content": {
        XLSX_TYPE: {"schema": {"type": "string", "format": "binary"}}
    }}}
}  # fmt: skip


class FormsIn(Schema):
    """Which forms; all four unless named."""

    form: list[Literal["1", "2", "3", "4"]] = []


class RegionWorkbookIn(Schema):
    """Which region and period, and how: a row a return, forms 1 to 4 of every institution, or forms 5 to 8."""

    region: Line
    period: Line = Field(description="2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter")
    what: Literal["rows", "forms", "summary"] = "rows"


class BlankIn(Schema):
    """Which edition the empty forms are of."""

    edition: Line


class TakeOptions(Schema):
    """How to take a workbook in."""

    dry_run: bool = False
    partial: bool = False
    overwrite: bool = Field(False, description="let the file's figure stand where a cell was changed meanwhile")
    background: bool = False


class FaultOut(Schema):
    """What is wrong, or worth knowing, and where in the file."""

    sheet: str
    row: int
    column: str
    place: str
    label: str
    code: str
    found: str
    allowed: str
    message: str


class CellChangeOut(Schema):
    """A cell the file changes; ``conflict``: somebody else changed it since the file was made."""

    institution: str
    code: str
    period: str
    sheet: str
    place: str
    cell: str
    label: str
    unit: str
    before: Any = None
    after: Any = None
    now: Any = None
    conflict: bool


class FileFindingOut(Schema):
    """What a rule finds in a return as it would be."""

    institution: str
    period: str
    rule: str
    severity: str
    cell: str
    found: str | None
    expected: str
    message: str


class WorkbookOut(Schema):
    """What became of a file; ``changes`` and ``findings`` only of a dry run."""

    stored: bool
    dry_run: bool
    changed: int
    refused: int
    same: int
    cells: int
    errors: list[FaultOut]
    errors_omitted: int
    notes: list[FaultOut]
    changes: list[CellChangeOut]
    findings: list[FileFindingOut]


@router.get("/returns/{key}/workbook", openapi_extra=_FILE, summary="The forms of a return as a workbook")
def return_workbook(request: ActorRequest, key: PathKey, asked: Query[FormsIn]) -> HttpResponse:
    """Forms 1 to 4 in official layout, filled in; send it back when it is filled."""
    request.actor.require(Capability.EXPORT)
    held = Return.objects.for_actor(request.actor, Capability.EXPORT)
    of = get_object_or_404(held.select_related("institution", "region", "superior"), pk=key)
    content = workbooks.forms_of_returns(request.actor, [of], sorted(map(int, set(asked.form))) or workbooks.BASE_FORMS)
    return _sent(content, f"return-{of.pk}.xlsx")


def _sent(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(content, XLSX_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/returns/workbook", openapi_extra=_FILE, summary="The returns of a region as a workbook")
def region_workbook(request: ActorRequest, asked: Query[RegionWorkbookIn]) -> HttpResponse:
    """To fill in, to file, or summed up; the workbooks of many returns are those the other operation takes back."""
    request.actor.require(Capability.EXPORT)
    region = get_object_or_404(Region.objects.for_actor(request.actor, Capability.EXPORT), code=asked.region)
    content = workbooks.workbook_of_region(request.actor, region, slot_of(asked.period), asked.what)
    return _sent(content, f"{region.code}-{asked.period}-{asked.what}.xlsx")


@router.get("/returns/workbook/blank", openapi_extra=_FILE, summary="The empty forms of an edition as a workbook")
def blank_workbook(request: ActorRequest, asked: Query[BlankIn]) -> HttpResponse:
    """Who fills them in says at their top whose they are and of which period; the other operation takes them in."""
    request.actor.require(Capability.EXPORT)
    if asked.edition not in scheme.editions():
        words = _("Found “%(found)s”; allowed: %(allowed)s.")
        told = words % {"found": asked.edition, "allowed": ", ".join(scheme.editions())}
        raise ValidationError({"edition": told})
    return _sent(workbooks.blank(scheme.edition(asked.edition)), f"blank-{asked.edition}.xlsx")


@router.post("/returns/workbook", response={200: WorkbookOut, 202: JobOut}, summary="Take in a workbook of returns")
def take_workbook(request: ActorRequest, file: File[UploadedFile], options: Form[TakeOptions]) -> Any:
    """Forms, or a row for each return. All returns or none, unless ``partial``; ``dry_run`` says what would change.

    With ``background`` the worker takes the file in: follow the job under ``/jobs``, its result is the answer.
    """
    request.actor.require(Capability.ENTER_RETURNS)
    name, content = sending.received(file, workbooks.limits().max_bytes)
    how: dict[str, Any] = {"partial": options.partial, "overwrite": options.overwrite}
    if options.dry_run:
        plan = workbooks.check_file(request.actor, name, content)
        return result_dict(workbooks.preview_result(plan, **how), plan, dry_run=True)
    if options.background:
        draft = drafts.keep(request.actor, "returns", name, content)
        return Status(202, sending.begin("import.returns", request.actor, draft, **how))
    return result_dict(workbooks.take_file(request.actor, name, content, **how))
