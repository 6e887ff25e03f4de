"""Reading returns."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Path, Query, Router

from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.reporting.api.common import slot_of
from nengtan.reporting.api.schemas import CellOut, FindingOut, ReturnFilter, ReturnFull, ReturnOut, RoomPath
from nengtan.reporting.closing import closings
from nengtan.reporting.filling import Line, Said, fill_in
from nengtan.reporting.lateness import days_again, days_late
from nengtan.reporting.models import Return, ReturnStep
from nengtan.reporting.queries import visible, waiting_for
from nengtan.reporting.turns import can_enter, offers
from nengtan.reporting.wording import expected_word, line_unit, message_of, next_word
from nengtan.ui.api import Key, Listed, Paging, paged
from nengtan.ui.words import named

router = Router()
PathKey = Annotated[Key, Path()]


def return_of(actor: Actor, key: int, capability: str = Capability.VIEW_DETAIL) -> Return:
    """A return the actor may use ``capability`` on."""
    actor.require(capability)
    return get_object_or_404(visible(actor, capability), pk=key)


@router.get("/returns", response=Listed[ReturnOut], summary="Returns")
def returns(request: ActorRequest, paging: Query[Paging], wanted: Query[ReturnFilter]) -> dict[str, Any]:
    """Those you may see, the latest period first."""
    request.actor.require(Capability.VIEW_DETAIL)
    rows = visible(request.actor).filter(**_lookups(wanted))
    if wanted.waiting:
        rows = rows.filter(pk__in=waiting_for(request.actor).order_by().values("pk"))
    page = paged(rows, paging)
    return page | {"items": [return_dict(item) for item in page["items"]]}


def _lookups(wanted: ReturnFilter) -> dict[str, Any]:
    given: dict[str, Any] = {
        "institution__code": wanted.institution,
        "region__path__contains": f"/{wanted.region}/" if wanted.region else "",
        "kind": wanted.kind,
        "year": wanted.year,
        "state": wanted.state,
    }
    found = {path: value for path, value in given.items() if value}
    if wanted.period:
        slot = slot_of(wanted.period)
        found |= {"year": slot.year, "slot": slot.number, "kind": slot.kind}
    return found


@router.get("/returns/{key}", response=ReturnFull, summary="One return")
def return_full(request: ActorRequest, key: PathKey) -> dict[str, Any]:
    """Its cells with what they are held against, what the rules say, its way so far and the steps that lead on."""
    of = return_of(request.actor, key)
    filling = fill_in(of)
    return return_dict(of) | {
        "reports_since": list(closing.heirs) if (closing := closings([of]).get(of.pk)) else [],
        "editable": can_enter(request.actor, of),
        "cells": [_cell(line) for line in filling.lines],
        "findings": [finding_dict(of, said) for said in filling.findings],
        "steps": [_step(step) for step in of.steps.select_related("by")],
        "offers": [
            {"action": offer.action, "role": offer.role, "needs_reason": offer.needs_reason, "yours": offer.mine,
             "refused": offer.refused}
            for offer in offers(request.actor, of, filling.blocking, filling.unexplained)
        ],
    }  # fmt: skip


@router.get("/returns/{key}/cells", response=list[CellOut], summary="The cells of a return")
def cells(request: ActorRequest, key: PathKey) -> list[dict[str, Any]]:
    """Of every form and room, in official order."""
    return [_cell(line) for line in fill_in(return_of(request.actor, key)).lines]


@router.get("/returns/{key}/rooms/{room}", response=list[CellOut], summary="The cells of a data room")
def room(request: ActorRequest, key: PathKey, room: RoomPath) -> list[dict[str, Any]]:
    """Not found where the return has no such room."""
    found = [_cell(line) for line in fill_in(return_of(request.actor, key)).lines if line.record == room]
    if not found:
        raise Http404(_("This return has no such data room."))
    return found


@router.get("/returns/{key}/findings", response=list[FindingOut], summary="What the rules say of a return")
def findings(request: ActorRequest, key: PathKey) -> list[dict[str, Any]]:
    """What still wants something done first, the gravest first."""
    of = return_of(request.actor, key)
    return [finding_dict(of, said) for said in fill_in(of).findings]


def return_dict(of: Return) -> dict[str, Any]:
    """A return as the list tells it."""
    return {
        "id": of.pk,
        "institution": {"code": of.institution.code, "name": of.institution.name},
        "region": {"code": of.region.code, "name": str(of.region)},
        "period": str(of.period),
        "closed_on": of.institution.closed_on,
        "months_owed": len(of.months_owed),
        "turn": next_word(of.state),
        "days_late": days_late(of),
        "days_again": days_again(of),
        "times_sent_back": of.rounds,
        **{
            name: getattr(of, name)
            for name in (
                "kind",
                "edition",
                "state",
                "due_on",
                "opened_at",
                "reported_at",
                "first_reported_at",
                "again_by",
                "approved_at",
                "version",
            )
        },
    }


def _cell(line: Line) -> dict[str, Any]:
    held = line.value
    return {
        "form": line.indicator.form,
        "room": line.record,
        "indicator": line.indicator.key,
        "code": line.indicator.base_code,
        "name": named(line.indicator),
        "unit": line_unit(line.indicator),
        "statutory": line.indicator.statutory,
        "value": line.amount,
        "provenance": held.provenance if held else None,
        "source": held.source if held else {},
        "version": line.version,
        "last_year": line.last,
        "last_year_booked": line.booked,
        "last_period": line.previous,
        "base_year": line.base,
        "metered": line.metered,
        "unit_price": line.price,
        "of_which": line.indicator.of_which,
    }


def finding_dict(of: Return, said: Said) -> dict[str, Any]:
    """A finding with what the institution said to it."""
    finding, told = said.finding, said.explanation
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "indicator": finding.cell.indicator,
        "room": finding.cell.record,
        "found": None if finding.found is None else str(finding.found),
        "expected": expected_word(finding, scheme.edition(of.edition)),
        "message": message_of(of, finding),
        "needs_evidence": finding.needs_evidence,
        "overridable": finding.overridable,
        "settled": said.settled,
        "explanation": told.text if told else None,
        "evidence": told.evidence.name if told and told.evidence else None,
    }


def _step(step: ReturnStep) -> dict[str, Any]:
    names = ("action", "role", "before", "after", "reason", "changes", "at")
    return {name: getattr(step, name) for name in names} | {"by": str(step.by) if step.by else None}
