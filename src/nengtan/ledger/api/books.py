"""Accounts, lineage, conversion, closed years."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema, Status

from nengtan import reference
from nengtan.domain.carriers import UnitNotAllowed, UnknownCarrier
from nengtan.identity.access import Forbidden
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import (
    AccountsOut,
    Amount,
    ClosingIn,
    ClosingOut,
    Code,
    ConversionOut,
    ReasonIn,
    Subject,
    Year,
)
from nengtan.ledger.queries import accounts as books
from nengtan.ledger.queries import lineage
from nengtan.ledger.queries.closings import closing_dict, closing_dicts, closings_for
from nengtan.ledger.queries.conversion import UnknownRegion, conversion, conversion_dict
from nengtan.ledger.queries.selection import Selection
from nengtan.ledger.queries.veil import TooFew
from nengtan.ledger.services.closing import close_year, reopen_year
from nengtan.registry.models import Region
from nengtan.ui.api import Key, Line, Listed, Paging, paged

router = Router()
PathKey = Annotated[Key, Path()]
By = Literal["institution", "type", "carrier", "month", "region"]
Measure = Literal[tuple(lineage.UNITS)]  # type: ignore[valid-type]


class Listing(Schema):
    """By what to list, and the year to compare with."""

    by: By | None = None
    base: Year | None = None


class Figure(Schema):
    """Which figure."""

    measure: Measure = "energy_tce"  # type: ignore[valid-type]


class Conversion(Schema):
    """One quantity."""

    carrier: Code
    quantity: Amount
    unit: Code
    region: Line = "CN"
    year: Year | None = None


def _selection(request: ActorRequest, wanted: Subject) -> Selection:
    """The subject, if the actor sees it; a wrong value names its field."""
    if bool(wanted.region) == bool(wanted.institution):
        raise ValidationError({"region": _("Give either a region or an institution.")})
    if wanted.type and wanted.type not in reference.institution_types():
        allowed = " ".join(reference.institution_types())
        words = _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": wanted.type, "allowed": allowed}
        raise ValidationError({"type": words})
    values = {name: "" if value is None else str(value) for name, value in wanted.dict().items()}
    try:
        return lineage.selection_from(request.actor, values)
    except lineage.WrongPart as error:
        raise ValidationError({error.field: str(error)}) from error
    except Forbidden as error:
        raise Http404 from error


@router.get("/accounts", response=AccountsOut, summary="Energy, carbon, water and cost")
def accounts(request: ActorRequest, wanted: Query[Subject], listing: Query[Listing]) -> dict[str, Any]:
    """Quantities are added first, factors multiply the sums, intensities divide last."""
    request.actor.require(Capability.VIEW)
    if listing.by == "institution":
        request.actor.require(Capability.VIEW_DETAIL)
    selection = _selection(request, wanted)
    try:
        account = books.accounts(
            request.actor, selection.year, region=selection.region, institution=selection.institution, by=listing.by,
            kind=selection.kind, carrier=selection.carrier, month=selection.month, base_year=listing.base,
        )  # fmt: skip
    except TooFew as error:
        raise ValidationError({error.field: str(error)}) from error
    except Forbidden as error:
        raise Http404 from error
    subject = selection.subject
    return {
        "subject": {"code": subject.code, "name": str(subject)},
        "year": selection.year,
        "by": account.by or None,
        "partial": account.partial,
        "closed": account.closing is not None,
        "total": account.total.as_dict(),
        "rows": [row.as_dict() for row in account.rows],
    }


@router.get("/explain", response=dict[str, Any], summary="Where a figure comes from")
def explain(request: ActorRequest, wanted: Query[Subject], figure: Query[Figure]) -> Any:
    """Formula with numbers, factor versions and sources, facts, evidence, corrections, and what is not counted."""
    request.actor.require(Capability.VIEW_LINEAGE)
    selection = _selection(request, wanted)
    try:
        return _numbers(lineage.explain(request.actor, figure.measure, selection).as_dict())
    except TooFew as error:
        raise ValidationError({error.field: str(error)}) from error
    except Forbidden as error:
        raise Http404 from error


def _numbers(value: Any) -> Any:
    """Decimals as JSON numbers, however deep."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return [_numbers(item) for item in value] if isinstance(value, (list, tuple)) else value


@router.get("/convert", response=ConversionOut, summary="Convert one quantity")
def convert(request: ActorRequest, wanted: Query[Conversion]) -> dict[str, Any]:
    """To coal equivalent and CO2, with the factors used."""
    request.actor.require(Capability.VIEW)
    try:
        year = wanted.year or timezone.localdate().year
        found = conversion(wanted.carrier, Decimal(wanted.quantity), wanted.unit, wanted.region, year)
    except UnknownCarrier as error:
        raise _wrong("carrier", wanted.carrier, error.allowed) from error
    except UnitNotAllowed as error:
        raise _wrong("unit", wanted.unit, error.allowed) from error
    except UnknownRegion as error:
        raise _wrong("region", wanted.region, [_("the code of a region")]) from error
    return _numbers(conversion_dict(found, wanted.region))


def _wrong(field: str, found: str, allowed: Any) -> ValidationError:
    words = _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": found, "allowed": ", ".join(allowed)}
    return ValidationError({field: words})


@router.get("/closings", response=Listed[ClosingOut], summary="Closed years")
def closings(request: ActorRequest, paging: Query[Paging]) -> dict[str, Any]:
    """Of regions you see, reopened ones included."""
    request.actor.require(Capability.VIEW)
    page = paged(closings_for(request.actor), paging)
    return page | {"items": closing_dicts(page["items"])}


@router.post("/closings", response={201: ClosingOut}, summary="Close a year")
def closing_add(request: ActorRequest, data: ClosingIn) -> Status[Any]:
    """No more figures enter it; factors and results stand."""
    request.actor.require(Capability.CLOSE_YEAR)
    region = get_object_or_404(Region.objects.for_actor(request.actor, Capability.CLOSE_YEAR), code=data.region)
    return Status(201, closing_dict(close_year(request.actor, region, data.year)))


@router.post("/closings/{key}/reopening", response=ClosingOut, summary="Reopen a year")
def closing_reopen(request: ActorRequest, key: PathKey, data: ReasonIn) -> dict[str, Any]:
    """Its figures follow facts, register and factors again."""
    request.actor.require(Capability.CLOSE_YEAR)
    closing = get_object_or_404(closings_for(request.actor), pk=key)
    return closing_dict(reopen_year(request.actor, closing, data.reason))
