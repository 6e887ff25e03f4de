"""What the worker does with readings: all the time, and once a day."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.identity.access import Actor
from nengtan.telemetry.inbox import open_inbox
from nengtan.telemetry.lake import open_lake
from nengtan.telemetry.lake.upkeep import clear
from nengtan.telemetry.services.keeping import Busy, bring_up_to_date
from nengtan.telemetry.services.watching import watch
from nengtan.ui import jobs

log = logging.getLogger(__name__)

_looked: dict[str, dt.datetime] = {}
"""The hour in which this worker last looked at everything."""


@jobs.steadily("telemetry.up_to_date")
def up_to_date() -> None:
    """What waits into the lake, and consumption up to it; unless somebody else is at it."""
    try:
        kept = bring_up_to_date(wait_s=0)
    except Busy:
        return
    if kept.moved:
        log.info("%s readings moved, %s quarters of an hour computed", kept.moved, kept.rolled.intervals)


@jobs.steadily("telemetry.watch")
def look_out() -> None:
    """What is unusual becomes an alarm: silence at once, the rest when another hour is over."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    begun = watch(only_silence=_looked.get("hour") == hour)
    _looked["hour"] = hour
    if begun:
        log.info("%s alarms began", begun)


@jobs.daily("telemetry.clear", gettext_lazy("Remove replaced files of readings"), hour=3)
@jobs.task("telemetry.clear", writes=False)
def clear_lake(job: jobs.Running, actor: Actor) -> dict[str, Any]:
    """Files that were replaced a day ago; tomorrow, where the lake is being written to."""
    with open_inbox().exclusive() as ours:
        removed = clear(open_lake()) if ours else 0
    return {"removed": removed, "said": _("%(n)s files removed") % {"n": removed}}
