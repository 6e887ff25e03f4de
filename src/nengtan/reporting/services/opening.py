"""Opening a period: every body that existed in it owes a return, filled in as far as bills and register can."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nengtan.domain import periods
from nengtan.domain.returns import slots, steps
from nengtan.domain.returns.scheme import edition_of
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, InstitutionSpan, Region
from nengtan.reporting import clock
from nengtan.reporting.deadlines import Deadlines
from nengtan.reporting.lateness import deadline
from nengtan.reporting.models import Extension, Return
from nengtan.reporting.services.headers import Headers
from nengtan.reporting.services.prefill import prefill


def days_of(period: slots.Slot) -> tuple[date, date]:
    """First and last day of a period.

    >>> [str(day) for day in days_of(slots.quarter(2025, 1))]
    ['2025-01-01', '2025-03-31']
    """
    first = period.months[0]
    return date(first // 100, first % 100, 1), periods.last_day(period.months[-1])


def due_on(period: slots.Slot, region: Region) -> date | None:
    """The day a return of the region is due: by its own rule, else by that of the nearest region above that has one."""
    return Deadlines().due(period, region)


@transaction.atomic
def open_returns(actor: Actor, region: Region, period: slots.Slot) -> int:
    """Open a period for a region and all below it; how many returns are new. Asked again, it opens what is missing.

    Raises:
        ValidationError: the period has not ended.
        Forbidden: the actor does not review returns of this region.
    """
    if not actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path):
        raise Forbidden(Capability.REVIEW_RETURNS)
    first, last = days_of(period)
    if last >= clock.today():
        raise ValidationError(_("%(period)s has not ended yet.") % {"period": period})
    deadlines = Deadlines()
    edition, opened_at = edition_of(period.year, Headers().editions.values()), clock.now()
    made = Return.objects.bulk_create(
        [
            Return(
                institution_id=span.institution_id,
                year=period.year,
                slot=period.number,
                kind=period.kind,
                edition=edition.code,
                **home_of(span),
                due_on=deadlines.due(period, span.region),
                opened_at=opened_at,
            )
            for span in _homes(region, period, first, last)
        ],
        batch_size=500,
    )
    prefill(made)
    if made:
        told = {"period": str(period), "returns": len(made), "edition": edition.code}
        record(actor, "returns.open", region, after=told, region_path=region.path)
    return len(made)


def home_of(span: InstitutionSpan) -> dict[str, Any]:
    """Where a return of a body belongs: its region, type, system and superior, as the register has them for a time."""
    return {
        "region_id": span.region_id,
        "institution_kind": span.kind,
        "system": span.system,
        "superior_id": span.superior_id if span.reports_to == Institution.ReportsTo.SUPERIOR else None,
    }


def _homes(region: Region, period: slots.Slot, first: date, last: date) -> Sequence[InstitutionSpan]:
    """Where each body that existed in the period and owes a return stood on its last day."""
    alive = Institution.objects.filter(
        Q(established_on=None) | Q(established_on__lte=last), Q(closed_on=None) | Q(closed_on__gt=first)
    )
    held = Return.objects.filter(year=period.year, slot=period.number, kind=period.kind)
    owed = alive.exclude(pk__in=held.values("institution"))
    rows = (
        InstitutionSpan.objects.filter(institution__in=owed, valid_from__lte=last)
        .select_related("region")
        .order_by("institution__code", "valid_from")
    )
    latest = {span.institution_id: span for span in rows}
    return [span for span in latest.values() if span.region.path.startswith(region.path)]


@transaction.atomic
def extend(actor: Actor, of: Return, until: date, reason: str) -> Extension:
    """Let a return be handed in later; of one that was sent back the day to hand it in again moves.

    Raises:
        ValidationError: no reason, or the day is not later than the one it is due on.
        Forbidden: the actor does not review this return.
    """
    if not Return.objects.for_actor(actor, Capability.REVIEW_RETURNS).filter(pk=of.pk).exists():
        raise Forbidden(Capability.REVIEW_RETURNS)
    of = Return.objects.select_for_update().get(pk=of.pk)
    if of.state == steps.State.APPROVED:
        raise ValidationError({"until": _("The return is approved; there is nothing left to hand in.")})
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    before, name = deadline(of), "again_by" if of.reported_at else "due_on"
    if before is not None and until <= before:
        raise ValidationError({"until": _("A day after %(day)s is needed.") % {"day": before}})
    setattr(of, name, until)
    of.version += 1
    of.save(update_fields=[name, "version"])
    made = Extension.objects.create(of=of, until=until, reason=reason.strip(), by=actor.user, at=clock.now())
    record(
        actor, "return.extend", of, before={name: before}, after={name: until}, reason=reason,
        region_path=of.region.path, institution_id=of.institution_id,
    )  # fmt: skip
    return made
