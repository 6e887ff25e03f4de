"""Contracts on record and their settlements, for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Path, Query, Router, Schema

from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.ledger.api.schemas import Named, Number
from nengtan.trusteeship.models import Contract, Settlement, SettlementAnswer
from nengtan.trusteeship.queries import again
from nengtan.trusteeship.services import is_agreed
from nengtan.trusteeship.settling.record import record
from nengtan.ui.api import Key, Listed, Paging, paged

router = Router()

PathKey = Annotated[Key, Path()]
Form = Literal["trusteeship", "shared_savings", "guarantee", "lease"]
State = Literal["survey", "proposed", "signed", "building", "operating", "handed_over", "ended"]
assert set(State.__args__) == set(Contract.State.values)  # type: ignore[attr-defined]


class ContractOut(Schema):
    """A contract of energy services."""

    id: int
    number: str
    title: str
    kind: Form
    institution: Named
    company: str
    starts: date
    ends: date
    state: State


class SettledOut(Schema):
    """A settlement of a year in short [CNY]."""

    id: int
    year: int = Field(description="of the contract")
    first: date
    last: date
    due: Number
    balance: Number = Field(description="left to pay; below 0: to be paid back")
    saved_share: Number | None
    agreed: bool = Field(description="by both parties")
    replaced: bool
    inputs_hash: str
    result_hash: str


class ContractWithYearsOut(ContractOut):
    """A contract with the years settled, the newest first."""

    settlements: list[SettledOut]


class SettlementFigureOut(Schema):
    """A figure of a formula."""

    value: Number
    unit: str


class SettlementLineOut(Schema):
    """One line of a settlement; those that count add up to what is due."""

    code: str
    section: str
    site: str
    carrier: str
    about: str
    what: str
    value: Number
    unit: str
    counts: bool
    formula: str
    inputs: dict[str, SettlementFigureOut]
    clause: str
    evidence: list[str]


class SettlementNoteOut(Schema):
    """Something to know of a settlement."""

    code: str
    site: str
    carrier: str
    about: str
    value: Number | None
    message: str


class SettlementAnswerOut(Schema):
    """What a party said."""

    side: Literal["client", "company"]
    kind: Literal["agree", "dispute"]
    reason: str
    by: str | None
    at: datetime


class SettlementOut(SettledOut):
    """A settlement with every line, computed anew from the figures kept."""

    contract: ContractOut
    same: bool = Field(description="whether it came to the fingerprints kept")
    net: Number
    tax: Number
    gross: Number
    paid: Number
    lines: list[SettlementLineOut]
    notes: list[SettlementNoteOut]
    answers: list[SettlementAnswerOut]


@router.get("/contracts", response=Listed[ContractOut], summary="Contracts of energy services")
def contracts(request: ActorRequest, paging: Query[Paging]) -> dict[str, Any]:
    """Those of institutions within reach, by number."""
    request.actor.require(Capability.VIEW_DETAIL)
    page = paged(Contract.objects.for_actor(request.actor).select_related("institution"), paging)
    return {**page, "items": [_contract(one) for one in page["items"]]}


@router.get("/contracts/{key}", response=ContractWithYearsOut, summary="A contract and the years settled")
def contract(request: ActorRequest, key: PathKey) -> dict[str, Any]:
    """The newest settlement first, replaced ones included."""
    request.actor.require(Capability.VIEW_DETAIL)
    found = get_object_or_404(Contract.objects.for_actor(request.actor).select_related("institution"), pk=key)
    years = found.settlements.select_related("replaced_by").prefetch_related("answers")
    return {**_contract(found), "settlements": [_settled(one) for one in years]}


@router.get("/settlements/{key}", response=SettlementOut, summary="A settlement with every line")
def settlement(request: ActorRequest, key: PathKey) -> dict[str, Any]:
    """Computed anew as it is asked for; ``same`` says whether it came to what was kept."""
    request.actor.require(Capability.VIEW_DETAIL)
    rows = Settlement.objects.for_actor(request.actor).select_related("contract__institution", "replaced_by")
    found = get_object_or_404(rows.prefetch_related("answers__by"), pk=key)
    case, settled, same = again(found)
    told = record(case, settled)
    answers = [
        {"side": one.side, "kind": one.kind, "reason": one.reason, "by": str(one.by) if one.by else None, "at": one.at}
        for one in found.answers.all()
    ]
    return {
        **{name: told[name] for name in ("net", "tax", "gross", "paid", "lines", "notes")}, **_settled(found),
        "contract": _contract(found.contract), "same": same, "answers": answers,
    }  # fmt: skip


def _contract(one: Contract) -> dict[str, Any]:
    names = ("id", "number", "title", "kind", "company", "starts", "ends", "state")
    body = {"code": one.institution.code, "name": one.institution.name}
    return {**{name: getattr(one, name) for name in names}, "institution": body}


def _settled(one: Settlement) -> dict[str, Any]:
    names = ("id", "year", "first", "last", "due", "balance", "saved_share", "inputs_hash", "result_hash")
    told = {name: getattr(one, name) for name in names}
    return {**told, "agreed": is_agreed(one.answers.all()), "replaced": one.is_replaced}


assert {"client", "company"} == set(SettlementAnswer.Side.values)
