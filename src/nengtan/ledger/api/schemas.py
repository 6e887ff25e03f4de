"""What the operations of the ledger take and answer."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from nengtan.domain import periods
from nengtan.domain.factors import Confidence, Kind
from nengtan.ledger.models import ActivityFact, Origin
from nengtan.ui.api import Key, Line, Sent, SheetOut, SkippedOut

Number = Annotated[Decimal, PlainSerializer(float, return_type=float)]
"""A figure on its way out."""

Amount = Annotated[Decimal, Field(ge=0, lt=10**12, allow_inf_nan=False)]


def _month(value: object) -> int:
    """A month as 202307 or 2023-07; ``true`` is a number to pydantic, and no month."""
    written = re.fullmatch(MONTH, str(value)) if type(value) in (int, str) else None
    if written is None:
        raise PydanticCustomError("month", "a month such as 2023-07 or 202307 is expected")
    return periods.parse(str(value))


MONTH = r"(199\d|20\d\d|2100)-?(0[1-9]|1[0-2])"
Month = Annotated[
    int,
    BeforeValidator(_month),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{MONTH}$"},
                {"type": "integer", "minimum": 199001, "maximum": 210012},
            ],
            "description": "month as yyyy-mm or yyyymm, such as 2023-07 or 202307",
        }
    ),
]
Year = Annotated[int, Field(ge=1990, le=2100)]
Code = Annotated[Line, Field(min_length=1, max_length=64)]
Reason = Annotated[Line, Field(min_length=1, description="why; kept with the record")]
OriginName = Literal["bill", "meter", "report", "estimate"]
StandingName = Literal[
    "counts", "superseded", "outranked", "detail", "allocated", "withdrawn", "unverified", "after_closing"
]  # fmt: skip

assert tuple(Origin.values) == OriginName.__args__  # type: ignore[attr-defined]
assert tuple(item.name.lower() for item in ActivityFact.Standing) == StandingName.__args__  # type: ignore[attr-defined]


class Named(Schema):
    """A record, by code and name."""

    code: str
    name: str


class FactOut(Schema):
    """A fact: what one source says one institution used of one carrier in one month."""

    id: int
    institution: Named
    carrier: str
    period: int = Field(description="month as yyyymm")
    quantity: Number | None = Field(description="in the carrier's base unit; null: unknown, or its unit not verified")
    unit: str = Field(description="base unit of the carrier")
    entered_quantity: str = Field(description="as received")
    entered_unit: str
    cost_cny: Number | None
    origin: OriginName
    bill_no: str
    standing: StandingName = Field(description="whether it counts, and if not why")
    evidence: str | None = Field(description="name of the file that proves it")
    source_row: str
    entered_by: str | None
    entered_at: datetime
    supersedes: int | None = Field(description="the fact this one corrects")
    allocated_from: int | None = Field(description="the shared bill this is a part of")
    note: str


class FactIn(Sent):
    """A fact to enter; unknown is left out, never 0."""

    institution: Code = Field(description="institution code")
    carrier: Code
    period: Month
    quantity: Amount | None = None
    unit: Line = Field("", description="unit of the quantity; left out: the carrier's base unit", max_length=16)
    cost_cny: Amount | None = Field(None, description="CNY")
    origin: OriginName = "bill"
    building: Line = Field("", description="building code", max_length=32)
    meter: Line = Field("", description="meter code", max_length=32)
    item: Line = Field("", description="code of the sub-item", max_length=8)
    bill_no: Line = Field("", max_length=64)
    note: Line = ""


class CorrectionIn(FactIn):
    """A fact as it should have been."""

    reason: Reason


class ReasonIn(Sent):
    """Why something is taken back."""

    reason: Reason


class FactFilter(Schema):
    """Which facts."""

    institution: Line = Field("", description="institution code")
    region: Line = Field("", description="region code; those below included")
    carrier: Line = ""
    year: Year | None = None
    period: Month | None = None
    origin: OriginName | None = None
    standing: StandingName | None = None
    batch: Key | None = Field(None, description="number of an import")


class ProblemOut(Schema):
    """What is wrong with a cell of a file, or how an unusual one was read."""

    sheet: str
    row: int = Field(description="row of the sheet; 0: the whole sheet")
    column: str
    place: str = Field(description="such as D5")
    label: str
    code: str
    found: str
    allowed: str
    message: str


class ImportOut(Schema):
    """What became of a file, in rows."""

    stored: bool
    dry_run: bool
    accepted: int
    rejected: int
    unchanged: int = Field(description="rows the ledger knows already")
    corrected: int = Field(description="figures that replaced stored ones")
    facts: int = Field(description="figures taken; several a row where a sheet is wide")
    batch: int | None = Field(description="number of the import")
    errors: list[ProblemOut] = Field(description="the first thousand")
    errors_omitted: int = Field(description="how many more there are")
    notes: list[ProblemOut]
    prices: list[ProblemOut] = Field(
        description="rows whose price per unit stands out, each by itself; notes tell of them together"
    )
    unusual: list[ProblemOut] = Field(
        description="rows far from the usual months of their institution, each by itself; they are taken"
    )
    sheets: list[SheetOut] = Field(description="how each sheet was understood")
    skipped: list[SkippedOut] = Field(description="rows left out on purpose, the first thousand")
    skipped_omitted: int = Field(description="how many more there are")


class BatchOut(Schema):
    """A file taken in."""

    id: int
    file: str = Field(alias="evidence.name")
    sha256: str = Field(alias="evidence.sha256")
    accepted: int
    rejected: int
    unchanged: int
    entered_at: datetime
    withdrawn_at: datetime | None


class FactorOut(Schema):
    """A factor version; ``value`` is for one base unit of the carrier."""

    code: str
    name_zh: str
    name_en: str
    kind: str
    carrier: str
    place: str
    year: int | None
    basis: str
    value: Number
    unit: str
    stated_value: str
    stated_unit: str
    source: str
    url: str
    confidence: str
    default: bool
    shipped: bool
    published_on: date | None
    retired_on: date | None
    added_by: str | None
    added_at: datetime
    note: str


class FactorIn(Sent):
    """A version to add: ``value`` kgce or kgCO2 for one ``unit`` of the carrier."""

    kind: Kind
    carrier: Code
    place: Code = Field(description="code of a region or grid")
    value: Amount
    unit: Code
    source: Annotated[Line, Field(min_length=1, description="document, number, date")]
    year: Year | None = None
    name: Line = Field("", max_length=120)
    basis: Literal["", "any", "location", "market", "fossil", "none"] = ""
    url: Line = Field("", max_length=300)
    published_on: date | None = None
    note: Line = ""


class FactorFilter(Schema):
    """Which versions."""

    kind: Kind | None = None
    carrier: Line | None = None
    place: Line | None = None
    year: Year | None = None
    confidence: Confidence | None = None
    default: bool | None = None


class MissingOut(Schema):
    """A carrier that is in no total, and why."""

    carrier: str
    kind: str
    reason: str


class AccountOut(Schema):
    """One line of the accounts; null: nothing is known."""

    key: str
    label: str
    energy_tce: Number | None
    energy_tce_primary: Number | None
    co2_t: Number | None
    co2_scope1_t: Number | None
    co2_scope2_t: Number | None
    water_m3: Number | None
    cost_cny: Number | None
    electricity_kwh: Number | None
    coverage: Number | None = Field(description="part of the expected months that is there, 0 to 1")
    area_m2: Number | None
    persons: Number | None
    kgce_per_m2: Number | None
    kgce_per_person: Number | None
    m3_per_person: Number | None
    kgco2_per_m2: Number | None
    kwh_per_m2: Number | None
    present: int
    expected: int
    institutions: int
    without_area: int = Field(description="institutions whose area is not known; their energy counts all the same")
    without_persons: int = Field(description="institutions whose headcount is not known")
    missing: list[MissingOut]
    base: dict[str, Number | None] | None = Field(None, description="the same figures of the base year")
    change_percent: dict[str, Number | None] | None = Field(None, description="each figure against the base year, %")


class AccountsOut(Schema):
    """The accounts of a region or an institution for a year."""

    subject: Named
    year: int
    by: str | None
    partial: bool = Field(description="only the part of the region the asker may see")
    closed: bool
    total: AccountOut
    rows: list[AccountOut]


class Subject(Schema):
    """Whose accounts, of when, cut down to what; give a region or an institution."""

    region: Line = Field("", description="region code")
    institution: Line = Field("", description="institution code")
    year: Year
    month: int | None = Field(None, ge=1, le=12)
    carrier: Line = ""
    type: Line = Field("", description="type of institution, such as 021")


class ConversionOut(Schema):
    """What one quantity amounts to."""

    carrier: str
    quantity: Number
    unit: str
    region: str
    base_quantity: Number
    base_unit: str
    tce: Number | None
    tce_primary: Number | None
    tco2: Number | None
    factors: list[dict[str, Any]]
    missing: list[dict[str, str]]


class ClosingOut(Schema):
    """A closed, maybe reopened, year of a region."""

    id: int
    region: str
    name: str
    year: int
    digest: str = Field(description="SHA-256 of the figures at closing")
    closed_by: str | None
    closed_at: datetime
    reopened_by: str | None
    reopened_at: datetime | None
    reason: str


class ClosingIn(Sent):
    """A year to close."""

    region: Code
    year: Year


class LeftOutMonth(Schema):
    """A month that was not entered."""

    meter: str
    period: int
    reason: str = Field(description="stable name, or the field that cannot be taken")
    message: str


class MeteredOut(Schema):
    """What became of metered months."""

    entered: int
    corrected: int
    unchanged: int
    left_out: list[LeftOutMonth]
