"""What day it is for statistics: today, or the fixed day of a demonstration or a training installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time

from django.conf import settings
from django.utils import timezone

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


def now() -> datetime:
    """This moment; on a fixed day the hour is the real one."""
    chosen = _moment.get()
    if chosen is not None:
        return chosen
    fixed: date | None = settings.CONFIG.today
    local = timezone.localtime()
    return local if fixed is None else timezone.make_aware(datetime.combine(fixed, local.time()))


def today() -> date:
    """The day it is."""
    return timezone.localdate(now())


@contextmanager
def at(day: date, hour: int = 9) -> Iterator[None]:
    """What is done inside is done at an hour of another day, as when a demonstration's past is written."""
    token = _moment.set(timezone.make_aware(datetime.combine(day, time(hour))))
    try:
        yield
    finally:
        _moment.reset(token)
