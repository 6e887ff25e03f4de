"""Which month a page is about, and which it offers."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from nengtan.identity.doors import ActorRequest

__all__ = ["MonthAsked", "month_asked"]

OFFERED = 13


class MonthAsked:
    """A month by its first day; what is to come of it is left out."""

    def __init__(self, first: dt.date, today: dt.date) -> None:
        self.first, self.today = first, today

    @property
    def last(self) -> dt.date:
        """Its last day, or today."""
        following = (self.first + dt.timedelta(days=31)).replace(day=1)
        return max(min(following - dt.timedelta(days=1), self.today), self.first)

    @property
    def label(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def offered(self) -> list[tuple[str, str]]:
        """The last months, the newest first."""
        found, month = [], self.today.replace(day=1)
        for _back in range(OFFERED):
            found.append((f"{month:%Y-%m}", f"{month:%Y-%m}"))
            month = (month - dt.timedelta(days=1)).replace(day=1)
        return found


def month_asked(request: ActorRequest) -> MonthAsked:
    """The month of the address; without one this month, in its first days the one before."""
    today = timezone.localdate()
    try:
        first = dt.date.fromisoformat(f"{request.GET.get('month', '')}-01")
        if 1990 <= first.year < 2100:
            return MonthAsked(first, today)
    except ValueError:
        pass
    return MonthAsked((today if today.day > 2 else today.replace(day=1) - dt.timedelta(days=1)).replace(day=1), today)
