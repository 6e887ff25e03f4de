"""The carbon report of a region."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Field, Path, Query, Router, Schema

from nengtan.carbon.api.inventories import (
    AdjustmentOut,
    InventoryIn,
    LackOut,
    RemarkOut,
    SettingsOut,
    SourceOut,
    UsedFactorOut,
)
from nengtan.carbon.regional import region_inventory
from nengtan.carbon.settings import settings_from
from nengtan.carbon.telling import region_record
from nengtan.identity.access import Forbidden
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Number, Year
from nengtan.registry.models import Region
from nengtan.ui.api import Line

router = Router()
Code = Annotated[Line, Path()]


class RegionInventoryIn(InventoryIn):
    """Which year, against which, and what the standard leaves open."""

    base: Year | None = Field(None, description="year to compare with, else 2020 or the first with figures")


class RegionRowOut(Schema):
    """A part of the region."""

    code: str
    name: str
    institutions: int
    t: Number | None
    scope1_t: Number | None
    scope2_t: Number | None
    kgco2_per_m2: Number | None


class TrendOut(Schema):
    """A year by its own factors and by those of the base year [tCO2]."""

    year: int
    current_factors_t: Number | None
    constant_factors_t: Number | None
    institutions: int


class CausesOut(Schema):
    """Why emissions moved since the base year [tCO2]; the four causes add up to the change."""

    base_t: Number
    now_t: Number
    activity_t: Number
    structure_t: Number
    factor_t: Number
    boundary_t: Number


class FactorSetOut(Schema):
    """Factors of one carrier from one source and data year, and what was computed with them."""

    carrier: str
    source: str
    year: int | None
    factors: list[str]
    t: Number | None
    mixed: bool = Field(description="whether another set was used for the same carrier")


class RegionInventoryOut(Schema):
    """The statutory inventory of a region with its parts, trend and causes; extended sources apart."""

    region: str
    year: int
    base_year: int
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
    mixed_factor_sets: bool
    institutions: int
    institutions_reporting: int
    institutions_complete: int
    months_present: int
    months_expected: int
    kgco2_per_m2: Number | None
    kgco2_per_person: Number | None
    by_source: list[SourceOut]
    by_type: list[RegionRowOut]
    by_region: list[RegionRowOut]
    trend: list[TrendOut]
    causes: CausesOut | None
    factor_sets: list[FactorSetOut]
    factors: list[UsedFactorOut]
    adjustments: list[AdjustmentOut]
    missing: list[LackOut]
    remarks: list[RemarkOut]
    settings: SettingsOut


@router.get("/carbon/regions/{code}", response=RegionInventoryOut, summary="Carbon report of a region")
def region_report(request: ActorRequest, code: Code, wanted: Query[RegionInventoryIn]) -> dict[str, Any]:
    """From the sums the ledger keeps; for those who see every institution of the region."""
    request.actor.require(Capability.VIEW_DETAIL)
    region = get_object_or_404(Region, code=code)
    settings = settings_from({name: str(value) for name, value in wanted.dict().items()})
    try:
        return region_record(region_inventory(request.actor, region, wanted.year, wanted.base, settings))
    except Forbidden as error:
        raise Http404 from error
