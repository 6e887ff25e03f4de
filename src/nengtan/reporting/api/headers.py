"""What the headers of the forms say: read by all, entered and taken back by the administrator."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Schema

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.reporting.header_wording import header_dict
from nengtan.reporting.services.headers import Headers, drop_header, header_line, set_header
from nengtan.ui.api import Line, Listed, Paging, Sent, paged

router = Router()

Word = Annotated[Line, Field(max_length=24)]
Form = Annotated[int, Field(ge=0, le=8, description="1 to 8 for form_number, 0 for what all forms share")]


class HeaderFilter(Schema):
    """Which edition; all unless named."""

    edition: Word = ""


class HeaderIn(Sent):
    """A mark as a document states it; ``value`` null lets what is shipped hold again, and wants a reason."""

    edition: Word
    field: Word
    form: Form = 0
    value: Annotated[Line, Field(max_length=80)] | None = None
    source: Annotated[Line, Field(max_length=200, description="the document it was read in")] = ""
    reason: Annotated[Line, Field(max_length=400)] = ""


class HeaderOut(Schema):
    """A mark: what holds, and how far it can be trusted."""

    edition: str
    form: int
    field: str
    value: str = Field(description="empty where it is not known")
    state: Literal["set", "verified", "unverified", "unknown"]
    shipped: str
    source: str
    reason: str
    by: str
    at: datetime | None


@router.get("/returns/headers", response=Listed[HeaderOut], summary="What the headers of the forms say")
def headers(request: ActorRequest, paging: Query[Paging], wanted: Query[HeaderFilter]) -> dict[str, Any]:
    """Legal marks by edition and form, and from which year an edition is asked for."""
    request.actor.require(Capability.VIEW_DETAIL)
    held = Headers()
    lines = [line for code in scheme.editions() if wanted.edition in ("", code) for line in held.lines(code)]
    page = paged(lines, paging)
    return page | {"items": [header_dict(line) for line in page["items"]]}


@router.put("/returns/headers", response=HeaderOut, summary="Enter what the header of a form says")
def header_set(request: ActorRequest, body: HeaderIn) -> dict[str, Any]:
    """From a document that is named; printed and drawn forms bear it from then on."""
    request.actor.require(Capability.MANAGE_SCHEME)
    header_line(body.edition, body.field, body.form)
    if body.value is None:
        return header_dict(drop_header(request.actor, body.edition, body.field, body.reason, body.form))
    return header_dict(
        set_header(request.actor, body.edition, body.field, body.value, body.source, body.reason, body.form)
    )
