"""Cycles of reporting: a region's own deadlines and settings, and periods that open by themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan.domain.returns import slots
from nengtan.domain.returns.scheme import Task
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.ledger.services import bulk
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.deadlines import Deadlines
from nengtan.reporting.lateness import HANDED_IN
from nengtan.reporting.models import CycleSetting, OwnDeadline, Return
from nengtan.reporting.services.opening import days_of, open_returns

LOOK_BACK = 400
"""Days: a period that ended longer ago is opened by hand only."""

_DEADLINE = ("days_after", "month", "day", "document")
_CYCLE = (
    "opens_months", "opens_quarters", "opens_years", "remind_days", "escalate_days", "spot_share",
)  # fmt: skip


@dataclass(frozen=True)
class DeadlineInput:
    """What a region sets: so many days after the period, or a day of the next year."""

    kind: str
    task: str = Task.REPORT
    days_after: int | None = None
    month: int | None = None
    day: int | None = None
    document: str = ""


@transaction.atomic
def set_deadline(actor: Actor, region: Region, data: DeadlineInput) -> tuple[OwnDeadline, int]:
    """Set a region's own day; the rule, and how many returns not handed in are due on another day now.

    Raises:
        ValidationError: by field.
        Forbidden: the actor does not review returns of this region.
    """
    _require(actor, region)
    held = OwnDeadline.objects.select_for_update().filter(region=region, kind=data.kind, task=data.task).first()
    before = snapshot(held, *_DEADLINE) if held else None
    row = held or OwnDeadline(region=region, kind=data.kind, task=data.task)
    row.days_after, row.month, row.day, row.document = data.days_after, data.month, data.day, data.document.strip()
    row.by, row.at = actor.user, clock.now()
    _check(row)
    row.save()
    moved = _redate(region, data.kind)
    after = {**snapshot(row, *_DEADLINE), "returns": moved}
    record(actor, "deadline.set", row, before=before, after=after, region_path=region.path)
    return row, moved


@transaction.atomic
def drop_deadline(actor: Actor, row: OwnDeadline) -> int:
    """Let the region follow the level above again; how many returns are due on another day now."""
    _require(actor, row.region)
    before, region, kind = snapshot(row, "kind", "task", *_DEADLINE), row.region, row.kind
    record(actor, "deadline.drop", row, before=before, region_path=region.path)
    row.delete()
    return _redate(region, kind)


@transaction.atomic
def set_cycle(actor: Actor, setting: CycleSetting) -> CycleSetting:
    """Keep a region's settings.

    Raises:
        ValidationError: by field.
        Forbidden: the actor does not review returns of this region.
    """
    _require(actor, setting.region)
    held = CycleSetting.objects.filter(region=setting.region).first()
    setting.pk = held.pk if held else None
    if not 0 < setting.spot_share <= 100:
        raise ValidationError({"spot_share": _("Above 0 up to 100.")})
    setting.full_clean(exclude=["by"], validate_unique=False)
    setting.save()
    before = snapshot(held, *_CYCLE) if held else None
    record(actor, "cycle.set", setting, before=before, after=snapshot(setting, *_CYCLE),
           region_path=setting.region.path)  # fmt: skip
    return setting


def open_due(actor: Actor, today: date | None = None) -> dict[str, int]:
    """Open every period that has ended where a region wants it opened by itself; how many returns by region and period.

    Asked again it opens what is missing, and nothing twice.
    """
    opened: dict[str, int] = {}
    for setting in CycleSetting.objects.select_related("region").order_by("region__path"):
        for period in _ended(setting, today or clock.today()):
            count = open_returns(actor, setting.region, period)
            if count:
                opened[f"{setting.region.code} {period}"] = count
    return opened


def _ended(setting: CycleSetting, today: date) -> Iterator[slots.Slot]:
    wanted = {
        slots.Kind.MONTH: setting.opens_months,
        slots.Kind.QUARTER: setting.opens_quarters,
        slots.Kind.ANNUAL: setting.opens_years,
    }
    for year in (today.year - 1, today.year):
        whole = slots.annual(year)
        for period in (whole, *whole.parts(slots.Kind.QUARTER), *whole.parts(slots.Kind.MONTH)):
            if wanted[period.kind] and 0 < (today - days_of(period)[1]).days <= LOOK_BACK:
                yield period


def _require(actor: Actor, region: Region) -> None:
    if not actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path):
        raise Forbidden(Capability.REVIEW_RETURNS)


def _check(row: OwnDeadline) -> None:
    by_days, by_day = row.days_after is not None, row.month is not None or row.day is not None
    if by_days == by_day or (by_day and not (row.month and row.day)):
        raise ValidationError({"days_after": _("Give a number of days, or a month and a day, and only one of them.")})
    row.full_clean(exclude=["by"], validate_unique=False, validate_constraints=False)
    if not row.exists_in_a_year:
        raise ValidationError({"day": _("The month has no such day.")})


def _redate(region: Region, kind: str) -> int:
    """Give the returns that are not handed in, and not extended, the day that now holds."""
    deadlines, moved = Deadlines(), 0
    rows = Return.objects.filter(region__path__startswith=region.path, kind=kind, extensions=None)
    rows = rows.filter(reported_at=None).exclude(state__in=HANDED_IN).select_related("region").order_by()
    days: dict[date | None, list[int]] = defaultdict(list)
    for of in rows:
        due = deadlines.due(of.period, of.region)
        if due != of.due_on:
            days[due].append(of.pk)
    for due, keys in days.items():
        moved += sum(Return.objects.filter(pk__in=chunk).update(due_on=due) for chunk in bulk.chunks(keys))
    return moved
