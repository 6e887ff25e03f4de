"""Review rules: listed as they stand for a region, added, tried on past returns, switched, set."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from ninja import Field, Path, Query, Router, Schema, Status
from pydantic import StringConstraints

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Number
from nengtan.registry.models import Region
from nengtan.reporting.api.common import slot_of
from nengtan.reporting.catalogue import Held, held_rule, held_rules, home_of, rule_dict, trial_dict
from nengtan.reporting.models import RuleVersion
from nengtan.reporting.services import (
    RuleDraft,
    add_rule,
    change_rule,
    set_thresholds,
    switch_rule,
    trial_of,
    try_rule,
)
from nengtan.reporting.services.rules import group_or_keys, nested, rule_of, usual_since
from nengtan.ui.api import Line, Listed, Paging, Sent, paged

router = Router()

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=1000)]
Reason = Annotated[Line, Field(min_length=1, description="why; kept with the change")]
Code = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=40)]
PathCode = Annotated[Code, Path()]
Threshold = Annotated[Decimal, Field(gt=-(10**12), lt=10**12, allow_inf_nan=False)]
Period = Annotated[str, Field(max_length=12, description="2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter")]
Day = Annotated[date, Field(description="for periods that end on this day or later")]
Severity = Literal["block", "explain", "inform"]


class CheckOut(Schema):
    """One condition of a rule."""

    key: str
    severity: Severity
    flag: str = Field(description="expression that is true where something is wrong")
    each: str | list[str] = Field(description="group of indicators, or indicators, it is asked of as value")
    cell: str
    scope: Literal["return", "room", "summary"]
    wording_zh: str
    wording_en: str
    editions: list[str]
    kinds: list[str]
    classes: list[str]
    systems: list[str]


class SettingOut(Schema):
    """What a region changed about a rule."""

    region: str
    check: str
    institution_class: str
    enabled: bool | None
    severity: str
    parameters: dict[str, Number | None]
    since: date
    reason: str
    by: str | None
    at: datetime


class RuleQuotaOut(Schema):
    """A quota of a standard a rule holds returns against, in levels (约束值, 基准值, 引导值)."""

    standard: str
    region: str
    institution_class: str
    unit: str
    constraint: Number
    benchmark: Number | None
    guide: Number | None
    first_year: int
    source: str
    confidence: str


class RuleOut(Schema):
    """A rule as it stands for a region."""

    id: str
    title_zh: str
    title_en: str
    shipped: bool = Field(description="of the catalogue, not added here")
    region: str | None = Field(description="where a rule that was added belongs")
    version: int | None
    since: date | None
    enabled: bool
    severities: list[Severity]
    source: str
    confidence: str | None = Field(description="verified, or our own suggestion to be set by the region")
    thresholds: dict[str, Number | None] = Field(description="null: a quota that is not known for all types")
    quotas: list[RuleQuotaOut] = Field(description="those of standards that hold there; empty: none is known")
    checks: list[CheckOut]
    settings: list[SettingOut]


class RuleIn(Sent):
    """A rule in the rule language; empty lists mean all."""

    code: Code
    region: Code
    severity: Severity
    flag: Text
    wording_zh: Line
    wording_en: Line
    title_zh: Line = Field("", max_length=80)
    title_en: Line = Field("", max_length=160)
    scope: Literal["return", "room"] = "return"
    each: list[Code] = Field(default_factory=list, max_length=80)
    cell: Code = ""
    found: Text = ""
    low: Text = ""
    high: Text = ""
    editions: list[Code] = Field(default_factory=list, max_length=20)
    kinds: list[Code] = Field(default_factory=list, max_length=3)
    classes: list[Code] = Field(default_factory=list, max_length=40)
    systems: list[Code] = Field(default_factory=list, max_length=40)
    overridable: bool = False
    needs_evidence: bool = False
    since: Day | None = None
    reason: Line = ""


class TrialIn(Sent):
    """Past returns to try a rule on; ``thresholds`` as they would be set."""

    region: Code
    period: Period
    thresholds: dict[Code, Threshold] = Field(default_factory=dict, max_length=80)


class DraftTrialIn(RuleIn):
    """A rule that is not added yet, and past returns to try it on."""

    period: Period


class ExampleOut(Schema):
    """A return the rule would flag, with what it would say."""

    institution: str
    code: str
    return_id: int
    period: str
    rule: str
    severity: Severity
    cell: str
    found: str | None
    expected: str
    message: str


class TrialOut(Schema):
    """What a rule flags among past returns."""

    id: str
    region: str
    period: str
    looked_at: int
    flagged: int
    findings: int
    flagged_now: int | None = Field(description="returns flagged as a rule of the catalogue is set now")
    examples: list[ExampleOut]


class SwitchIn(Sent):
    """On or off; without a region where the rule belongs."""

    on: bool
    reason: Reason
    region: Code | None = None
    since: Day | None = None


class SettingIn(Sent):
    """What a region makes of a rule; null takes a threshold back."""

    region: Code
    reason: Reason
    thresholds: dict[Code, Threshold | None] = Field(default_factory=dict, max_length=80)
    severity: Severity | None = None
    check: Code = ""
    institution_class: Code = ""
    since: Day | None = None


class RuleFilter(Schema):
    """Which rules, as they stand where."""

    region: Line = Field("", description="region code; else the highest region of the caller")
    enabled: bool | None = None
    shipped: bool | None = None


@router.get("/returns/rules", response=Listed[RuleOut], summary="Review rules as they stand for a region")
def rules(request: ActorRequest, paging: Query[Paging], wanted: Query[RuleFilter]) -> dict[str, Any]:
    """The catalogue and the rules added, with the thresholds that hold there."""
    request.actor.require(Capability.MANAGE_RULES)
    found = [
        held
        for held in held_rules(request.actor, _region(request, wanted.region))
        if wanted.enabled in (None, held.enabled) and wanted.shipped in (None, held.version is None)
    ]
    page = paged(found, paging)
    return page | {"items": [rule_dict(held) for held in page["items"]]}


@router.post("/returns/rules/trial", response=TrialOut, summary="Try a rule that is not added yet")
def draft_trial(request: ActorRequest, data: DraftTrialIn) -> dict[str, Any]:
    """How many past returns it would flag, which, in what words; nothing is kept."""
    request.actor.require(Capability.MANAGE_RULES)
    draft = _draft(request, data)
    return trial_dict(try_rule(request.actor, rule_of(draft), draft.region, slot_of(data.period)))


@router.get("/returns/rules/{code}", response=RuleOut, summary="One review rule")
def rule(request: ActorRequest, code: PathCode, region: Line = "") -> dict[str, Any]:
    """With its conditions, thresholds and everything regions changed about it."""
    request.actor.require(Capability.MANAGE_RULES)
    return rule_dict(_held(request, _region(request, region), code))


@router.post("/returns/rules", response={201: RuleOut}, summary="Add a review rule")
def rule_add(request: ActorRequest, data: RuleIn) -> Status[Any]:
    """Checked at once; off until it was tried on past returns and switched on."""
    request.actor.require(Capability.MANAGE_RULES)
    draft = _draft(request, data)
    made = add_rule(request.actor, draft, data.reason)
    return Status(201, rule_dict(_held(request, draft.region, made.code)))


@router.post("/returns/rules/{code}/versions", response={201: RuleOut}, summary="Change a rule that was added")
def rule_change(request: ActorRequest, code: PathCode, data: RuleIn) -> Status[Any]:
    """A new version; off until it is tried again where it looks at something else."""
    request.actor.require(Capability.MANAGE_RULES)
    draft = _draft(request, data)
    _version(request, code)
    made = change_rule(request.actor, code, draft, data.reason)
    return Status(201, rule_dict(_held(request, made.region, code)))


@router.post("/returns/rules/{code}/trials", response=TrialOut, summary="Try a rule on past returns")
def rule_trial(request: ActorRequest, code: PathCode, data: TrialIn) -> dict[str, Any]:
    """With other thresholds: also how many it flags as it is set now."""
    request.actor.require(Capability.MANAGE_RULES)
    region = _region(request, data.region)
    held = _held(request, region, code)
    odd = [name for name in data.thresholds if name not in held.thresholds]
    if odd:
        words = {"found": ", ".join(odd), "allowed": ", ".join(held.thresholds) or _("none")}
        raise ValidationError({"thresholds": _("Found “%(found)s”; allowed: %(allowed)s.") % words})
    if held.version is not None and not data.thresholds:
        return trial_dict(trial_of(request.actor, held.version, region, slot_of(data.period)))
    given = nested(dict(data.thresholds))
    return trial_dict(try_rule(request.actor, held.rule, region, slot_of(data.period), given))


@router.post("/returns/rules/{code}/switch", response=RuleOut, summary="Switch a rule on or off")
def rule_switch(request: ActorRequest, code: PathCode, data: SwitchIn) -> dict[str, Any]:
    """A rule that was added must have been tried; what was found earlier stays."""
    request.actor.require(Capability.MANAGE_RULES)
    region = _region(request, data.region) if data.region else None
    version = RuleVersion.objects.for_actor(request.actor).newest().select_related("region").filter(code=code).first()
    place = region or (version.region if version else _region(request, ""))
    _held(request, place, code)
    switch_rule(request.actor, code, on=data.on, reason=data.reason, region=region, since=data.since)
    return rule_dict(_held(request, place, code))


@router.post("/returns/rules/{code}/settings", response=RuleOut, summary="Set thresholds of a rule for a region")
def rule_set(request: ActorRequest, code: PathCode, data: SettingIn) -> dict[str, Any]:
    """For the region and all below it; what was found earlier stays."""
    request.actor.require(Capability.MANAGE_RULES)
    region = _region(request, data.region)
    _held(request, region, code)
    set_thresholds(
        request.actor, code, region, reason=data.reason, parameters=data.thresholds, severity=data.severity,
        check=data.check, institution_class=data.institution_class, since=data.since,
    )  # fmt: skip
    return rule_dict(_held(request, region, code))


def _region(request: ActorRequest, code: str) -> Region:
    """A region the caller sets rules for; another's is not found."""
    if not code:
        found = home_of(request.actor)
    else:
        mine = request.actor.scope_for(Capability.MANAGE_RULES).regions_q()
        found = Region.objects.filter(mine, code=code).first()
    if found is None:
        raise Http404(_("There is no region “%(code)s”.") % {"code": code})
    return found


def _held(request: ActorRequest, region: Region, code: str) -> Held:
    found = held_rule(request.actor, region, code)
    if found is None:
        raise Http404(_("There is no rule “%(code)s”.") % {"code": code})
    return found


def _version(request: ActorRequest, code: str) -> RuleVersion:
    found = RuleVersion.objects.for_actor(request.actor).newest().filter(code=code).first()
    if found is None:
        raise Http404(_("There is no rule “%(code)s”.") % {"code": code})
    return found


def _draft(request: ActorRequest, data: RuleIn) -> RuleDraft:
    told = data.dict(exclude={"reason", "period"})
    told |= {"region": _region(request, data.region), "each": group_or_keys(data.each)}
    return RuleDraft(**told | {"since": data.since or usual_since()})
