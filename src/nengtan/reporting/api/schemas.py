"""What the operations of the returns take and answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Field, Path, Schema

from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.slots import Kind
from nengtan.domain.returns.steps import Action, Role, State
from nengtan.ledger.api.schemas import Amount, Named, Number, Year
from nengtan.reporting.models import Value
from nengtan.ui.api import Line, Sent

KindName = Literal["month", "quarter", "annual"]
StateName = Literal["empty", "entering", "statistics_head", "unit_head", "reported", "approved", "returned"]
ActionName = Literal["enter", "submit", "pass", "send_back", "approve", "reopen"]
RoleName = Literal["statistician", "statistics_head", "unit_head", "reviewer"]
SeverityName = Literal["block", "explain", "inform"]
ProvenanceName = Literal["bill", "meter", "mixed", "estimate", "report", "register", "sum", "typed", "file"]

for _names, _enum in (
    (KindName, Kind), (StateName, State), (ActionName, Action), (RoleName, Role), (SeverityName, Severity),
    (ProvenanceName, Value.Provenance),
):  # fmt: skip
    assert set(_names.__args__) == {str(item.value) for item in _enum}  # type: ignore[attr-defined]

Period = Annotated[Line, Field(description="2025-00 a year, 2025-03 a month, 2025-Q1 a quarter", max_length=8)]
RegionCode = Annotated[Line, Field(min_length=1, max_length=20)]
Room = Annotated[Line, Field(description="code of a data room; empty for the institution itself", max_length=4)]
RoomPath = Annotated[Line, Path(min_length=1, max_length=4)]
Indicator = Annotated[Line, Field(description="key of an indicator, such as elec_qty", max_length=40)]


class ReturnOut(Schema):
    """A return: what one institution reports for one period, and where it stands on its way."""

    id: int
    institution: Named
    region: Named
    period: str = Field(description="2025-00 a year, 2025-03 a month, 2025-Q1 a quarter")
    kind: KindName
    edition: str = Field(description="edition of the scheme it is of")
    state: StateName
    closed_on: date | None = Field(description="the day the institution was closed, where it was")
    months_owed: int = Field(description="months of the period in which it existed; 0: nothing is owed or taken")
    turn: str = Field(description="what is next and whose turn it is, in words")
    due_on: date | None
    days_late: int | None = Field(description="days from the day it is due to its first handing in, or to today")
    again_by: date | None = Field(description="sent back: the day to hand it in again by, where one was set")
    days_again: int | None = Field(description="days from that day to its handing in, or to today")
    opened_at: datetime
    reported_at: datetime | None
    first_reported_at: datetime | None
    approved_at: datetime | None
    times_sent_back: int
    version: int = Field(description="grows with every write")


class FindingOut(Schema):
    """Something the rules say of a return, and what the institution said to it."""

    rule: str
    severity: SeverityName
    indicator: str
    room: str
    found: str | None
    expected: str
    message: str
    needs_evidence: bool
    overridable: bool = Field(description="whether an explanation lets what blocks pass")
    settled: bool
    explanation: str | None
    evidence: str | None = Field(description="name of the file that proves the explanation")


class CellOut(Schema):
    """One cell with what it is held against; null is unknown, 0 is measured none."""

    form: int
    room: str
    indicator: str
    code: str = Field(description="official code; empty where not known")
    name: str
    unit: str
    statutory: bool = Field(description="false: only the platform asks for it")
    value: Number | None
    provenance: ProvenanceName | None
    source: dict[str, Any] = Field(description="what a value nobody typed was drawn from")
    version: int = Field(description="to be sent back as `seen` with a change; 0: empty")
    last_year: Number | None
    last_year_booked: Number | None = Field(description="what bills and register say where there is no return of it")
    last_period: Number | None
    base_year: Number | None
    metered: Number | None
    unit_price: Number | None = Field(description="beside a cost: CNY a unit")
    of_which: str | None = Field(description="the indicator of form 2 that contains it")


class OfferOut(Schema):
    """A step that leads on from here."""

    action: ActionName
    role: RoleName
    needs_reason: bool
    yours: bool = Field(description="whether you hold the right to it")
    refused: str = Field(description="why it cannot be taken now; empty: it can")


class StepOut(Schema):
    """A step that was taken."""

    action: ActionName
    role: RoleName
    before: StateName
    after: StateName
    reason: str
    changes: dict[str, list[str | None]] = Field(description="cells changed since the step before: then and now")
    by: str | None
    at: datetime


class ReturnFull(ReturnOut):
    """A return with its cells, findings, the steps taken and those that can be."""

    reports_since: list[str] = Field(description="bodies the institution became when it was closed")
    editable: bool = Field(description="whether you may write cells now")
    cells: list[CellOut]
    findings: list[FindingOut]
    steps: list[StepOut]
    offers: list[OfferOut]


class ReturnFilter(Schema):
    """Which returns."""

    institution: Line = Field("", description="institution code")
    region: Line = Field("", description="region code; those below included")
    period: Period = ""
    kind: KindName | None = None
    year: Year | None = None
    state: StateName | None = None
    waiting: bool = Field(False, description="only those whose next step is yours")


class CellIn(Sent):
    """A cell as it should be; null empties it."""

    indicator: Indicator
    room: Room = ""
    value: Amount | None
    seen: int = Field(0, ge=0, le=2**31 - 1, description="version of the cell you saw; 0: it was empty")


class CellsIn(Sent):
    """Cells to write."""

    cells: list[CellIn] = Field(max_length=2000)


class StoredOut(Schema):
    """A cell as it is stored now."""

    indicator: str
    room: str
    value: Number | None
    version: int


class ConflictOut(StoredOut):
    """A cell somebody else changed meanwhile: what stands there, what you sent."""

    sent: Number | None
    entered_by: str | None
    entered_at: datetime | None


class SavedOut(Schema):
    """What became of the cells sent: those in conflict were left alone, the others stored."""

    version: int = Field(description="of the return")
    stored: list[StoredOut]
    unchanged: int
    conflicts: list[ConflictOut]
    findings: list[FindingOut]


class StepIn(Sent):
    """A step to take; `enter` takes over what was filled in."""

    action: ActionName
    reason: Line = Field("", description="why; needed to send back and to reopen")
    again_by: date | None = Field(None, description="to send back: the day to hand it in again by")


class StepsIn(Sent):
    """A step to take with many returns, with all or with none: those named, or all of a region and period in order."""

    action: Literal["approve", "send_back"]
    reason: Line = Field("", description="why; needed to send back")
    again_by: date | None = Field(None, description="to send back: the day to hand them in again by")
    returns: list[Annotated[int, Field(ge=1, le=2**63 - 1)]] = Field(default_factory=list, max_length=2000)
    region: Line = Field("", max_length=20, description="instead of returns, with a period")
    period: Line = Field("", max_length=8, description="all reported without an error or an unexplained value")


class StepsOut(Schema):
    """Returns the step was taken with."""

    action: ActionName
    returns: list[int]


class ExplanationIn(Schema):
    """Why a flagged value is right; an empty text takes it back."""

    rule: Annotated[Line, Field(min_length=1, max_length=24)]
    indicator: Indicator = ""
    room: Room = ""
    text: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""
