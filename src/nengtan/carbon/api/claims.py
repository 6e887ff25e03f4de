"""Claims of tonnes saved."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from nengtan.carbon.claiming import checked
from nengtan.carbon.telling import claim_record
from nengtan.domain.carbon.claims import ClaimKind
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Number, Year
from nengtan.ledger.queries.conversion import UnknownRegion
from nengtan.registry.regions import near_words
from nengtan.ui.api import Line

router = Router()
Above = Annotated[Decimal, Field(gt=0, le=10**15, allow_inf_nan=False)]
Kind = Literal["saving", "pv"]

assert tuple(map(str, ClaimKind)) == Kind.__args__  # type: ignore[attr-defined]


class ClaimIn(Schema):
    """So many tonnes of so many kilowatt-hours."""

    kind: Kind = Field("saving", description="saving: power saved; pv: solar power generated")
    kwh: Above
    claimed: Above = Field(description="tCO2")
    region: Line = Field(description="code")
    year: Year


class ChosenFactorOut(Schema):
    """A published factor as it was chosen."""

    code: str
    name: str
    value: Number
    unit: str
    stated_value: Number | None
    stated_unit: str
    region: str
    year: int | None
    rule: str = Field(description="how its year relates to that of the claim")
    published_on: date | None
    confidence: str
    source: str
    url: str


class ExplanationOut(Schema):
    """One way the claim may have come about."""

    code: str
    message: str
    factor: Number | None = Field(description="kgCO2/kWh")
    expected_t: Number | None
    difference: Number | None = Field(description="claimed over expected, less one")
    published: str | None = Field(description="code of the published factor")


class NearOut(Schema):
    """A published factor near the implied one."""

    code: str
    name: str
    value: Number
    region: str
    year: int | None
    use: str
    applies_place: bool
    applies_year: bool
    official: bool
    difference: Number
    confidence: str
    source: str


class ClaimOut(Schema):
    """A claim held against the published factors."""

    kind: Kind
    kwh: Number
    region: str
    year: int
    claimed_t: Number
    implied_factor: Number = Field(description="kgCO2/kWh")
    official_factor: Number | None = Field(description="kgCO2/kWh")
    official_t: Number | None
    ratio: Number | None = Field(description="claimed over official")
    verdict: Literal["agrees", "too_high", "too_low", "no_factor"]
    tolerance: Number = Field(description="how far off is still the same figure, as a share")
    explanations: list[ExplanationOut]
    official: ChosenFactorOut | None
    reason: str | None = Field(description="why there is no official factor")
    nearest: list[NearOut]


@router.get("/carbon/claim", response=ClaimOut, summary="Test a claim of tonnes saved")
def claim(request: ActorRequest, wanted: Query[ClaimIn]) -> dict[str, Any]:
    """The factor it implies, the official figure, the nearest published factors, and which mistake fits."""
    request.actor.require(Capability.VIEW)
    try:
        found = checked(ClaimKind(wanted.kind), wanted.kwh, wanted.claimed, wanted.region, wanted.year)
    except UnknownRegion as error:
        words = _("Found “%(found)s”; allowed: %(allowed)s.") % {
            "found": wanted.region[:40], "allowed": _("the code of a region"),
        }  # fmt: skip
        raise ValidationError({"region": words + near_words(wanted.region[:64])}) from error
    return claim_record(found, wanted.region)
