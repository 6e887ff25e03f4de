"""The factor library."""

from __future__ import annotations

from typing import Annotated, Any

from django.shortcuts import get_object_or_404
from ninja import Path, Query, Router, Status
from pydantic import StringConstraints

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import FactorFilter, FactorIn, FactorOut, ReasonIn
from nengtan.ledger.factors import FactorInput, add_factor, retire_factor
from nengtan.ledger.models import FactorVersion
from nengtan.ledger.queries.factors import factor_dict, factor_dicts, factors_matching
from nengtan.ui.api import Listed, Paging, paged

router = Router()
PathCode = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=64), Path()]


@router.get("/factors", response=Listed[FactorOut], summary="Factor versions")
def factors(request: ActorRequest, paging: Query[Paging], wanted: Query[FactorFilter]) -> dict[str, Any]:
    """Coal equivalents and emission factors, by kind, carrier, place and year."""
    request.actor.require(Capability.VIEW)
    page = paged(factors_matching(**wanted.dict()).select_related("added_by"), paging)
    return page | {"items": factor_dicts(page["items"])}


@router.get("/factors/{code}", response=FactorOut, summary="One factor version")
def factor(request: ActorRequest, code: PathCode) -> dict[str, Any]:
    """With its source."""
    request.actor.require(Capability.VIEW)
    return factor_dict(get_object_or_404(FactorVersion, code=code))


@router.post("/factors", response={201: FactorOut}, summary="Add a factor version")
def factor_add(request: ActorRequest, data: FactorIn) -> Status[Any]:
    """Chosen from now on wherever it fits better than those there; nothing is overwritten."""
    return Status(201, factor_dict(add_factor(request.actor, FactorInput(**data.dict()))))


@router.post("/factors/{code}/retirement", response=FactorOut, summary="Retire a version added here")
def factor_retire(request: ActorRequest, code: PathCode, data: ReasonIn) -> dict[str, Any]:
    """It is no longer chosen; closed years keep it."""
    request.actor.require(Capability.MANAGE_FACTORS)
    return factor_dict(retire_factor(request.actor, get_object_or_404(FactorVersion, code=code), data.reason))
