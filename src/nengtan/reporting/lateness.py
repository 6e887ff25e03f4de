"""How late a return is: by its first handing in (首次上报), and again, after it was sent back, by a day of its own."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q
from django.utils import timezone

from nengtan.domain.returns.steps import State
from nengtan.reporting import clock
from nengtan.reporting.models import OWED, Return

__all__ = [
    "HANDED_IN",
    "days_again",
    "days_late",
    "days_over",
    "deadline",
    "is_late",
    "is_overdue",
    "overdue",
    "usual_again",
]

HANDED_IN = (State.REPORTED, State.APPROVED)


DAYS_AGAIN = 7


def usual_again() -> date:
    """The day by which what is sent back is usually to be in again; whoever sends it back may name another."""
    return clock.today() + timedelta(days=DAYS_AGAIN)


def is_late(of: Return, today: date | None = None) -> bool:
    """Whether a return is due and was never handed in, or was first handed in after the day it was due."""
    return (days_late(of, today) or 0) > 0


def is_overdue(of: Return) -> bool:
    """Whether a return is late, or, sent back, was not in again by its day."""
    return is_late(of) or (days_again(of) or 0) > 0


def days_late(of: Return, today: date | None = None) -> int | None:
    """Days from the day it is due to the day it was first handed in, or today; None where none is due or owed.

    What was handed in in time and sent back stays in time, however long it takes to mend.
    """
    if of.due_on is None or not of.months_owed:
        return None
    first = of.first_reported_at or of.reported_at
    return ((timezone.localdate(first) if first else today or clock.today()) - of.due_on).days


def days_again(of: Return, today: date | None = None) -> int | None:
    """Days from the day it was to be handed in again to the day it was, or today.

    What is still to be handed in again and was given no day for it is owed since the day it was due at first; None
    where it was not sent back, or has no day.
    """
    if of.state in HANDED_IN:
        back, day = of.reported_at, of.again_by
        return None if back is None or day is None else (timezone.localdate(back) - day).days
    day = deadline(of) if of.reported_at else of.again_by
    return None if day is None or not of.months_owed else ((today or clock.today()) - day).days


def deadline(of: Return) -> date | None:
    """The day that counts for what is outstanding now: once it was sent back the one set then, if any was."""
    return (of.again_by or of.due_on) if of.reported_at else of.due_on


def days_over(of: Return, today: date | None = None) -> int | None:
    """Days by which what is not handed in is overdue, below zero so many are left; None where it has no day."""
    day = deadline(of)
    return None if of.state in HANDED_IN or day is None or not of.months_owed else ((today or clock.today()) - day).days


def overdue(day: date) -> Q:
    """Returns that are owed and not handed in and whose :func:`deadline` is before ``day``."""
    own = Q(reported_at__isnull=False, again_by__isnull=False)
    return OWED & ~Q(state__in=HANDED_IN) & (Q(own, again_by__lt=day) | Q(~own, due_on__lt=day))
