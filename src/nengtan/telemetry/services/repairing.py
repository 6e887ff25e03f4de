"""What people decide of readings in doubt (数据修补): let stand, leave out, edit, estimate; undone at any time.

A reading is never changed: what is decided stands beside it, and consumption is computed again for just that time.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.domain.metering.readings import Floats
from nengtan.domain.watching.expectation import expect
from nengtan.identity.access import Actor
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution
from nengtan.registry.services.writing import put
from nengtan.telemetry.models import Register, Repair
from nengtan.telemetry.moments import EPOCH, local_offset, micros
from nengtan.telemetry.queries.looking import LIKE_DAYS, day_history
from nengtan.telemetry.queries.series import DAY, QUARTER, midnight, points
from nengtan.telemetry.queries.stored import readings
from nengtan.telemetry.services.faults import not_allowed
from nengtan.telemetry.services.registers import redo

__all__ = ["LONGEST_FILL", "like_days", "repair", "undo_repair"]

LONGEST_FILL = dt.timedelta(days=31)

MOMENT = dt.timedelta(microseconds=1)


@transaction.atomic
def repair(actor: Actor, register: Register, values: Mapping[str, Any]) -> Repair:
    """Decide what is to become of a reading, or of a stretch of which nothing is known.

    ``kind``, ``since`` (of a reading its very time), ``reason``; for `EDIT` the ``value`` it counts as; for `ESTIMATE`
    ``until``, and ``value`` what was used, without which it is what like days used.

    Raises:
        ValidationError: by field.
        Forbidden: the actor may correct no consumption.
    """
    _require(actor, register)
    kind, since = values["kind"], values["since"]
    if kind not in Repair.Kind.values:
        raise ValidationError({"kind": not_allowed(kind, " ".join(Repair.Kind.values))})
    if not dt.datetime(2000, 1, 1, tzinfo=dt.UTC) <= since <= timezone.now():
        words = _("Found %(found)s; a moment from 2000 until now is allowed.")
        raise ValidationError({"since": words % {"found": since.isoformat()}})
    problems = {} if str(values.get("reason", "")).strip() else {"reason": _("A reason is needed.")}
    if kind == Repair.Kind.ESTIMATE:
        kept, found = _stretch(register, since, values.get("until"), values.get("value"))
    else:
        kept, found = _reading(register, kind, since, values.get("value"))
    problems |= found
    if not problems and _taken(register, kind, since, kept.get("until")):
        problems["since"] = _("Something was decided of this already; undo that first.")
    if problems:
        raise ValidationError(problems)
    made = Repair(register=register, entered_by=actor.user)
    told = {**kept, "kind": kind, "since": since, "reason": str(values["reason"]).strip()[:400]}
    put(actor, "repair", made, told, register.meter.institution)
    _again(made)
    return made


@transaction.atomic
def undo_repair(actor: Actor, made: Repair, reason: str) -> Repair:
    """Take back what was decided; the readings speak for themselves again.

    Raises:
        ValidationError: taken back already, or no reason.
    """
    _require(actor, made.register)
    if made.undone_at is not None:
        raise ValidationError(_("This was undone already."))
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    before = snapshot(made)
    made.undone_at = timezone.now()
    made.save(update_fields=["undone_at"])
    body = made.register.meter.institution
    record(
        actor, "repair.undo", made, before=before, after=snapshot(made), reason=reason.strip()[:400],
        region_path=body.region.path, institution_id=body.pk,
    )  # fmt: skip
    _again(made)
    return made


def _require(actor: Actor, register: Register) -> None:
    actor.require(Capability.WRITE_ACTIVITY)
    mine = Institution.objects.for_actor(actor, Capability.WRITE_ACTIVITY)
    if not mine.filter(pk=register.meter.institution_id).exists():
        raise ValidationError(_("This institution is outside what you may change."))


def _again(made: Repair) -> None:
    """Have just the time it is about computed again; what is let stand changes nothing."""
    if made.kind == Repair.Kind.ACCEPT:
        return
    since = micros(made.since)
    redo(made.register, since, micros(made.until) - 1 if made.until else since)


def _reading(
    register: Register, kind: str, at: dt.datetime, value: Decimal | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What is kept of a decision on a reading, and what is wrong with it."""
    problems: dict[str, str] = {}
    if not readings(register, at, at + MOMENT).num_rows:
        problems["since"] = _("No reading of this moment was received.")
    if kind != Repair.Kind.EDIT:
        return {}, problems
    if value is None or value < 0 or (register.modulus is not None and value > register.modulus):
        problems["value"] = _("The register cannot show %(found)s.") % {"found": "—" if value is None else value}
    return {"value": value}, problems


def _stretch(
    register: Register, since: dt.datetime, until: dt.datetime | None, total: Decimal | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What is kept of an estimate, and what is wrong with it."""
    quarter = dt.timedelta(minutes=15)
    if until is None or not dt.timedelta() < until - since <= LONGEST_FILL:
        return {}, {"until": _("A stretch of up to %(days)s days is allowed.") % {"days": LONGEST_FILL.days}}
    if until > timezone.now():
        return {}, {"until": _("What is to come is not estimated.")}
    if any((moment - EPOCH) % quarter for moment in (since, until)):
        return {}, {"since": _("From and to are whole quarters of an hour.")}
    unknown, usual = like_days(register, since, until)
    if not unknown.any():
        return {}, {"since": _("Everything in this time was measured; there is nothing to estimate.")}
    if total is None and not np.isfinite(usual[unknown]).all():
        return {}, {"value": _("No like days are known; say what was used.")}
    if total is not None and total < 0:
        return {}, {"value": _("Found %(found)s; 0 or more is allowed.") % {"found": total}}
    shape = np.where(unknown, np.nan_to_num(usual), 0.0)
    if not shape.sum() or not np.isfinite(usual[unknown]).all():
        shape = unknown.astype(np.float64)
    whole = float(np.nansum(np.where(unknown, usual, 0.0))) if total is None else float(total)
    share = shape / shape.sum()
    kept = {"until": until, "value": Decimal(str(round(whole, 6))), "shape": [round(one, 9) for one in share.tolist()]}
    return kept, {}


def like_days(register: Register, since: dt.datetime, until: dt.datetime) -> tuple[Any, Floats]:
    """Which quarters of an hour of a stretch are not wholly known, and what like days used in each; NaN: unknown."""
    begin, end = micros(since), micros(until)
    first = midnight(begin, local_offset())
    found = points([register.pk], "quarter", first - LIKE_DAYS * DAY, end)
    count = math.ceil((end - first) / DAY) * 96
    usual = np.concatenate(
        [expect(day_history(found, day)).mean for day in range(first, first + count // 96 * DAY, DAY)]
    )
    known = {one.begin for one in found if one.missing <= 0 and one.value is not None}
    times = range(begin, end, QUARTER)
    place = (begin - first) // QUARTER
    return np.array([time not in known for time in times]), usual[place : place + len(times)]


def _taken(register: Register, kind: str, since: dt.datetime, until: dt.datetime | None) -> bool:
    """Whether something is decided of it already."""
    held = Repair.objects.filter(register=register, undone_at=None)
    if kind == Repair.Kind.ESTIMATE:
        return held.filter(kind=kind, since__lt=until, until__gt=since).exists()
    return held.exclude(kind=Repair.Kind.ESTIMATE).filter(since=since).exists()
