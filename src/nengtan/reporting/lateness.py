"""How late a return is: by its first handing in (首次上报), and again, after it was sent back, by a day of its own."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from nengtan.domain.returns.steps import State
from nengtan.reporting import clock
from nengtan.reporting.models import Return

__all__ = ["HANDED_IN", "days_again", "days_late", "days_over", "deadline", "is_late"]

HANDED_IN = (State.REPORTED, State.APPROVED)


def is_late(of: Return, today: date | None = None) -> bool:
    """Whether a return is due and was never handed in, or was first handed in after the day it was due."""
    return (days_late(of, today) or 0) > 0


def days_late(of: Return, today: date | None = None) -> int | None:
    """Days from the day it is due to the day it was first handed in, or today; None where none is due.

    What was handed in in time and sent back stays in time, however long it takes to mend.
    """
    if of.due_on is None:
        return None
    first = of.first_reported_at or of.reported_at
    return ((timezone.localdate(first) if first else today or clock.today()) - of.due_on).days


def days_again(of: Return, today: date | None = None) -> int | None:
    """Days from the day it was to be handed in again to the day it was, or today; None where no day was set."""
    if of.again_by is None:
        return None
    if of.state in HANDED_IN and of.reported_at is not None:
        return (timezone.localdate(of.reported_at) - of.again_by).days
    return ((today or clock.today()) - of.again_by).days


def deadline(of: Return) -> date | None:
    """The day that counts for what is outstanding now: once it was handed in, the one set when it was sent back."""
    return of.again_by if of.reported_at else of.due_on


def days_over(of: Return, today: date | None = None) -> int | None:
    """Days by which what is not handed in is overdue, below zero so many are left; None where it has no day."""
    day = deadline(of)
    return None if of.state in HANDED_IN or day is None else ((today or clock.today()) - day).days
