"""Work done by the clock.

What is done once a day is a job: the worker looks every minute what is due and has not been begun today. What is done
all the time leaves no record and holds up no job: the worker has a thread for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time

from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import autodiscover_modules

from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent
from nengtan.ui.jobs.models import Job
from nengtan.ui.jobs.queue import inline
from nengtan.ui.jobs.starting import start
from nengtan.ui.jobs.tasks import AnyWork

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Daily:
    """A kind of job that is started every day at an hour of the installation's time zone."""

    kind: str
    title: str | Promise
    hour: int


_daily: dict[str, Daily] = {}
_steady: dict[str, Callable[[], object]] = {}


def daily(kind: str, title: str | Promise, hour: int) -> Callable[[AnyWork], AnyWork]:
    """Have the task of a kind started every day; a worker that was off at the hour starts it when it is back."""

    def register(function: AnyWork) -> AnyWork:
        _daily[kind] = Daily(kind, title, hour)
        return function

    return register


def steadily(name: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Have a function called about once a minute by the worker, outside of any transaction."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        _steady[name] = function
        return function

    return register


def do_steady() -> None:
    """Call each of them once; one that fails holds up no other, and is called again."""
    autodiscover_modules("tasks")
    for name, function in _steady.items():
        _let_go()
        try:
            function()
        except Exception:
            log.exception("%s failed; it is tried again in a minute", name)
    _let_go()


def _let_go() -> None:
    """Of connections that are old or broken, unless they are those of whoever asked."""
    if not inline():
        close_old_connections()


def start_due() -> list[Job]:
    """Start what is due today and was not started yet; asked again, nothing more is started."""
    _let_go()
    autodiscover_modules("tasks")
    now = timezone.localtime()
    due = [item for item in _daily.values() if item.hour <= now.hour]
    try:
        begun = _begun_since(timezone.make_aware(datetime.combine(now.date(), time())))
        system = system_actor(AuditEvent.Via.SYSTEM)
        return [start(item.kind, system, str(item.title)) for item in due if item.kind not in begun]
    except DatabaseError:
        log.exception("daily work cannot be started now; it is tried again in a minute")
        return []


def _begun_since(midnight: datetime) -> set[str]:
    rows = Job.objects.filter(kind__in=list(_daily), via=AuditEvent.Via.SYSTEM, created_at__gte=midnight)
    return set(rows.values_list("kind", flat=True))
