"""What the operations of the register take and give."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Path, Schema
from pydantic import Field, PlainSerializer, StringConstraints

from nengtan.domain.overtime import SINCE_ALWAYS
from nengtan.ui.api import Key, Line, ReadOnly, Sent, SheetOut, SkippedOut

PathKey = Annotated[Key, Path()]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=r"^[^/\x00]+$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00]*$")]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=24, pattern=r"^[^\x00]*$")]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400, pattern=r"^[^\x00]*$")]
Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00]*$")]
Day = Annotated[date, Field(ge=date(1800, 1, 1), le=date(2200, 12, 31))]
Since = Annotated[
    date | None,
    PlainSerializer(lambda day: None if day == SINCE_ALWAYS else day, return_type=date | None),
    Field(description="null: since when is not known"),
]
Size = Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=6)]
Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Lon = Annotated[float, Field(ge=-180, le=180)]


class RegionOut(Schema):
    code: str
    name: str
    name_en: str = Field(description="empty where none is known; pages then show the name")
    level: str
    parent: str | None = Field(None, alias="parent.code")
    path: str
    lat: float | None
    lon: float | None
    shipped: bool
    notice: str


class RegionIn(Sent):
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20, pattern=r"^[^/\x00]+$")]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
    name_en: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64, pattern=r"^[^\x00]*$")] = ""
    parent: Line | None = Field(None, description="code of the region above; none makes a root")
    level: Literal["street", "custom"] = "custom"
    notice: Note = ""
    lat: Lat | None = None
    lon: Lon | None = None


class InstitutionIn(Sent):
    code: Code
    name: Name
    kind: Short = Field(description="type, such as 01 or 021")
    region: Line = Field(description="code of the region")
    credit_code: Short | None = Field(None, description="null or empty: none known")
    system: Short = ""
    superior: Line | None = Field(None, description="code of the superior body")
    reports_to: Literal["region", "superior"] = "region"
    address: Address = ""
    lat: Lat | None = None
    lon: Lon | None = None
    occupancy: Literal["own", "colocated"] = "own"
    utility_account: Literal["own", "none"] = "own"
    host: Line | None = Field(None, description="code of the body that holds the utility account")
    allocation: Literal["", "submeter", "area", "headcount", "share"] = ""
    share: Share | None = None
    carriers: list[Short] = Field(default_factory=lambda: ["electricity", "water"], max_length=40)
    established_on: Day | None = None
    note: Note = ""


class InstitutionChange(InstitutionIn):
    """A record as GET tells it, changed; status and closing follow from events alone."""

    status: Line | None = Field(None, description="as it is; an event changes it")
    closed_on: Day | None = Field(None, description="as it is; an event changes it")


class InstitutionOut(Schema):
    code: str
    name: str
    kind: str
    region: str = Field(alias="region.code")
    credit_code: str | None
    system: str
    superior: str | None = Field(None, alias="superior.code")
    reports_to: str
    status: str
    address: str
    lat: float | None
    lon: float | None
    occupancy: str
    utility_account: str
    host: str | None = Field(None, alias="host.code")
    allocation: str
    share: Decimal | None
    carriers: list[str]
    established_on: date | None
    closed_on: date | None
    note: str


class AttributeIn(Sent):
    key: Literal["area_m2", "persons", "establishment", "roof_area_m2"]
    valid_from: Day | None = Field(description="null: since when is not known")
    value: Size
    source: Address = ""
    building: Line | None = Field(None, description="code of one of its buildings; none: the institution itself")


class AttributeOut(Schema):
    key: str
    valid_from: Since
    value: Decimal
    source: str
    building: str | None = Field(None, alias="building.code")


class EventIn(Sent):
    kind: Literal["added", "closed", "merged", "split", "renamed", "moved"]
    effective_on: Day
    before: list[Code] = Field(default_factory=list, max_length=200, description="codes of the bodies that go in")
    after: list[Code] = Field(default_factory=list, max_length=200, description="codes of the bodies that come out")
    document: Name | Literal[""] = ""
    note: Note = ""
    name: Name | Literal[""] = ""
    region: Line | None = None
    superior: Line | None = None
    reports_to: Literal["", "region", "superior"] = ""


class InstitutionEventOut(Schema):
    id: int
    kind: str
    effective_on: date
    document: str
    note: str
    before: list[str]
    after: list[str]
    months_after: dict[str, int] = Field(
        description="by code of a body that ended: months after its end of which figures are held; they do not count"
    )


class BuildingIn(Sent):
    code: Code
    name: Name
    institution: Code
    use: Short = ""
    year_built: Annotated[int, Field(ge=1000, le=2200)] | None = None
    climate_zone: Short = ""
    floors: Annotated[int, Field(ge=0, le=300)] | None = None
    address: Address = ""
    lat: Lat | None = None
    lon: Lon | None = None
    out_of_use_on: Day | None = None


class BuildingChange(BuildingIn):
    """The whole record, as GET tells it."""

    id: ReadOnly = None


class BuildingOut(Schema):
    id: int
    code: str
    name: str
    institution: str = Field(alias="institution.code")
    use: str
    year_built: int | None
    climate_zone: str
    floors: int | None
    address: str
    lat: float | None
    lon: float | None
    out_of_use_on: date | None


class MeterIn(Sent):
    code: Code
    name: Name | Literal[""] = ""
    institution: Code
    building: Line | None = None
    parent: Line | None = Field(None, description="code of the meter above")
    carrier: Short
    item: Annotated[str, StringConstraints(max_length=8, pattern=r"^[^\x00]*$")] = ""
    ratio: Annotated[Decimal, Field(gt=0, le=10**6, decimal_places=6)] = Decimal(1)
    account_no: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$")] = ""
    removed_on: Day | None = None


class MeterChange(MeterIn):
    """The whole record, as GET tells it."""

    id: ReadOnly = None


class MeterOut(Schema):
    id: int
    code: str
    name: str
    institution: str = Field(alias="institution.code")
    building: str | None = Field(None, alias="building.code")
    parent: str | None = Field(None, alias="parent.code")
    carrier: str
    item: str
    ratio: Decimal
    account_no: str
    removed_on: date | None


class AssetIn(Sent):
    institution: Code
    building: Line | None = None
    kind: Short
    name: Name
    count: Annotated[int, Field(ge=0, le=10**6)] = 1
    attributes: dict[str, str | int | float | bool] = Field(
        default_factory=dict, max_length=40, description="particulars the kind asks for"
    )
    in_use_on: Day | None = None
    out_of_use_on: Day | None = None


class AssetChange(AssetIn):
    """The whole record, as GET tells it."""

    id: ReadOnly = None


class AssetOut(Schema):
    id: int
    institution: str = Field(alias="institution.code")
    building: str | None = Field(None, alias="building.code")
    kind: str
    name: str
    count: int
    attributes: dict[str, Any]
    in_use_on: date | None
    out_of_use_on: date | None


class OccupancyIn(Sent):
    building: Code
    institution: Code
    share: Share | None = Field(None, description="0 to 1; a share, an area or both")
    area_m2: Size | None = None
    valid_from: Day | None = Field(description="null: since when is not known")
    valid_to: Day | None = None


class OccupancyChange(OccupancyIn):
    """The whole record, as GET tells it."""

    id: ReadOnly = None


class OccupancyOut(Schema):
    id: int
    building: str = Field(alias="building.code")
    institution: str = Field(alias="institution.code")
    share: Decimal | None
    area_m2: Decimal | None
    valid_from: Since
    valid_to: date | None


class ContactIn(Sent):
    institution: Code
    role: Literal["liaison", "statistician", "carbon_manager"]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=32, pattern=r"^[^\x00]*$")] = ""
    email: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^$|^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$"),
    ] = ""


class ContactChange(ContactIn):
    """The whole record, as GET tells it."""

    id: ReadOnly = None


class ContactOut(Schema):
    id: int
    institution: str = Field(alias="institution.code")
    role: str
    name: str
    phone: str
    email: str


class SpanOut(Schema):
    valid_from: Since
    name: str
    kind: str
    region: str = Field(alias="region.code")
    system: str
    superior: str | None = Field(None, alias="superior.code")
    reports_to: str


class NoticeIn(Sent):
    notice: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")]


class NoticeOut(Schema):
    notice: str


class DoubtOut(Schema):
    code: str = Field(alias="institution.code")
    name: str = Field(alias="institution.name")
    region: str = Field(alias="institution.region.code")
    persons: Decimal | None = Field(description="energy users at the end of the year")
    area_m2: Decimal | None = Field(description="floor area at the end of the year")
    active: bool = Field(description="whether any figure of the year stands")
    reasons: list[str] = Field(description="no_staff, no_area, no_activity")


class FoundOut(Schema):
    kind: str = Field(description="institution, region, building or meter")
    code: str
    name: str
    place: str


class RegisterProblemOut(Schema):
    sheet: str
    row: int
    column: str
    place: str
    label: str
    code: str
    found: str
    allowed: str
    message: str


class RegisterImportOut(Schema):
    stored: bool
    dry_run: bool
    accepted: int
    rejected: int
    unchanged: int
    created: int
    updated: int
    errors: list[RegisterProblemOut]
    errors_omitted: int = Field(description="problems beyond the first thousand, which are not listed")
    notes: list[RegisterProblemOut]
    sheets: list[SheetOut] = Field(description="how each sheet was understood")
    skipped: list[SkippedOut] = Field(description="rows left out on purpose, the first thousand")
    skipped_omitted: int = Field(description="how many more there are")
