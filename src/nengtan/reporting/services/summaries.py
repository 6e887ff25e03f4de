"""A region's own return to the level above: frozen from the roll-up, handed in, approved or sent back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan.domain.returns.slots import Slot
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.models import RegionReport
from nengtan.reporting.queries.rollup import FORMS, Rollup

__all__ = ["decide", "forms_now", "is_as_reported", "report_up"]


def forms_now(rollup: Rollup) -> dict[str, Any]:
    """Forms 5 to 8 as they add up this moment, as JSON keeps them."""
    found: dict[str, Any] = {}
    for form in FORMS:
        summary = rollup.summary(form)
        found[str(form)] = {
            "heads": [[head, rollup.head_word(form, head)] for head in summary.heads],
            "lines": list(summary.lines),
            "cells": {
                head: {line: _text(summary.cells[head, line]) for line in summary.lines} for head in summary.heads
            },
            "coverage": {head: [cover.present, cover.expected] for head, cover in summary.coverage.items()},
        }
    return found


def digest_of(forms: dict[str, Any]) -> str:
    """A fingerprint of the figures, names of rows left out."""
    figures = {form: [held["cells"], held["coverage"]] for form, held in forms.items()}
    return hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()


def is_as_reported(report: RegionReport, rollup: Rollup) -> bool:
    """Whether the approved returns still add up to what was handed in; ``rollup`` is of all of the region's period."""
    return digest_of(forms_now(rollup)) == report.digest


@transaction.atomic
def report_up(actor: Actor, region: Region, period: Slot, note: str = "") -> RegionReport:
    """Hand the roll-up in to the level above, as it adds up now.

    Raises:
        ValidationError: nothing is approved yet, not all is and the note does not say why, or a report stands already.
        Forbidden: the actor does not review the returns of this region as a whole.
    """
    _require(actor, region)
    standing = RegionReport.objects.filter(region=region, year=period.year, slot=period.number, kind=period.kind)
    if standing.exclude(state=RegionReport.State.RETURNED).exists():
        raise ValidationError(_("The report of this period is handed in already."))
    rollup = Rollup(actor, region, period)
    present, expected = rollup.approved().count(), rollup.returns().count()
    if not present:
        raise ValidationError(_("No return of this period is approved yet."))
    if present < expected and not note.strip():
        words = _(
            "%(present)s of %(expected)s returns are approved; say in the note why it is handed in before the rest."
        )
        raise ValidationError({"note": words % {"present": present, "expected": expected}})
    forms = forms_now(rollup)
    made = RegionReport.objects.create(
        region=region, year=period.year, slot=period.number, kind=period.kind, edition=rollup.edition.code,
        present=present, expected=expected, forms=forms, digest=digest_of(forms), note=note.strip()[:400],
        reported_by=actor.user, reported_at=clock.now(),
    )  # fmt: skip
    told = {"period": str(period), "returns": present, "expected": expected, "digest": made.digest}
    record(actor, "region_report.report", made, after=told, region_path=region.path)
    return made


@transaction.atomic
def decide(actor: Actor, report: RegionReport, approve: bool, reason: str = "") -> RegionReport:
    """Approve what the level below handed in, or send it back with the reason; what is approved may still be sent back.

    Raises:
        ValidationError: it is decided already, handed in by the same person, or sent back without a reason.
        Forbidden: the actor does not review returns of the level above.
    """
    held = RegionReport.objects.select_for_update(of=("self",)).select_related("region__parent").get(pk=report.pk)
    _require(actor, held.region.parent or held.region)
    if held.state != RegionReport.State.REPORTED and (approve or held.state != RegionReport.State.APPROVED):
        raise ValidationError(_("This report is decided already."))
    if actor.user is not None and actor.user.pk == held.reported_by_id:
        raise ValidationError(_("Nobody passes on what they entered or passed on themselves."))
    if not approve and not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    held.state = RegionReport.State.APPROVED if approve else RegionReport.State.RETURNED
    held.decided_by, held.decided_at, held.reason = actor.user, clock.now(), reason.strip()[:400]
    held.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    action = "region_report.approve" if approve else "region_report.send_back"
    record(actor, action, held, after={"state": held.state}, reason=reason, region_path=held.region.path)
    return held


def _require(actor: Actor, region: Region) -> None:
    if not actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path):
        raise Forbidden(Capability.REVIEW_RETURNS)


def _text(value: Any) -> str | None:
    return None if value is None else format(value.normalize(), "f")
