"""The carbon inventories of institutions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Path, Query, Router, Schema

from nengtan.carbon.api.claims import ChosenFactorOut
from nengtan.carbon.books import institution_inventory
from nengtan.carbon.settings import settings_from
from nengtan.carbon.telling import institution_record
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Named, Number, Year
from nengtan.registry.models import Institution
from nengtan.ui.api import Line

router = Router()
Code = Annotated[Line, Path()]


class InventoryIn(Schema):
    """Which year, and what the standard leaves open."""

    year: Year
    market_green: Literal["average", "zero"] = "average"
    negative: Literal["zero", "keep"] = "zero"
    gwp: Literal["AR4", "AR5", "AR6"] = "AR5"
    second_hand: Literal["used", "left_out"] = "used"


class SourceOut(Schema):
    """All of one source and supply."""

    source: str
    name: str
    kind: str = Field(description="how it was supplied")
    scope: int
    inventory: Literal["statutory", "extended"]
    quantity: Number | None
    unit: str
    treatment: str
    factor: str | None = Field(description="code")
    statutory_t: Number | None
    extended_t: Number | None
    market_treatment: str
    market_factor: str | None
    market_t: Number | None


class UsedFactorOut(ChosenFactorOut):
    """A factor of an inventory."""

    bases: list[str]


class AdjustmentOut(Schema):
    """What was added to a term so that it is not below nought."""

    part: str
    basis: str
    t: Number


class LackOut(Schema):
    """A line without a figure."""

    source: str
    kind: str
    basis: str
    reason: str


class RemarkOut(Schema):
    """What a reader has to know."""

    code: str
    message: str


class SettingsOut(Schema):
    """What the standard leaves open, as decided."""

    market_green: str
    negative: str
    gwp: str
    second_hand: str


class ActivityOut(Schema):
    """What was used of a carrier in a month, as records of one origin told it."""

    source: str
    period: int = Field(description="month as yyyymm")
    quantity: Number | None
    origin: str
    grade: str
    records: int
    with_evidence: int


class UncertaintyOut(Schema):
    """How sure the statutory total is at 95 %; the interval need not be symmetric."""

    half_width: Number = Field(description="by error propagation, as a share of the total")
    low_t: float = Field(description="by Monte Carlo")
    high_t: float


class InventoryOut(Schema):
    """Both inventories of an institution's year [tCO2, of extended sources tCO2e]."""

    institution: Named
    region: str
    year: int
    statutory_t: Number | None
    extended_t: Number | None
    extended_only_t: Number | None
    statutory_market_t: Number | None
    extended_market_t: Number | None
    direct_t: Number | None
    electricity_t: Number | None
    heat_t: Number | None
    complete: bool
    market_complete: bool
    by_source: list[SourceOut]
    factors: list[UsedFactorOut]
    adjustments: list[AdjustmentOut]
    missing: list[LackOut]
    remarks: list[RemarkOut]
    settings: SettingsOut
    last_year_t: Number | None = Field(description="by the factors of its own year")
    last_year_same_factors_t: Number | None = Field(description="by this year's factors")
    kgco2_per_m2: Number | None
    area_m2: Number | None
    persons: Number | None
    months_present: int
    months_expected: int
    closed: bool
    activity: list[ActivityOut]
    uncertainty: UncertaintyOut | None
    fingerprint: str = Field(description="SHA-256 over activity data, factors, settings and program")


@router.get("/carbon/inventories/{code}", response=InventoryOut, summary="Carbon inventories of an institution")
def inventory(request: ActorRequest, code: Code, wanted: Query[InventoryIn]) -> dict[str, Any]:
    """Drawn from the ledger: by place as the accounts have it and by market, last year by both years' factors."""
    request.actor.require(Capability.VIEW_DETAIL)
    bodies = Institution.objects.for_actor(request.actor, Capability.VIEW_DETAIL).select_related("region")
    body = get_object_or_404(bodies, code=code)
    settings = settings_from({name: str(value) for name, value in wanted.dict().items()})
    return institution_record(institution_inventory(request.actor, body, wanted.year, settings))
