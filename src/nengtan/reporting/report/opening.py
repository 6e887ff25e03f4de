"""What the page of the annual report begins with: of few returns worked out at once, of many in the background.

It is worked out from every return of two years, which takes seconds of a province; so it is kept until one of these
returns is written to, for an hour at most (the names of institutions and factors may change meanwhile). While returns
are decided on all the time it is worked out anew every ten minutes, and says of when it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import BigIntegerField, Count, F, Max, Sum
from django.utils import timezone, translation

from nengtan.domain.returns import slots
from nengtan.domain.returns.report import Report
from nengtan.identity.access import Actor
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.models import Return
from nengtan.reporting.report.gather import annual_report, require_whole
from nengtan.reporting.report.phrasing import Phrases
from nengtan.reporting.report.words import worded, yoy
from nengtan.reporting.totals import Counted, Lying
from nengtan.ui import jobs
from nengtan.ui.jobs import Job

__all__ = ["AT_ONCE", "LISTS", "STRIP", "Measured", "Opening", "known", "waited_for", "work_out"]

AT_ONCE = 1000
"""Of so many returns owed a year it is worked out while the page is made."""

STRIP = ("energy_tce", "electricity_kwh", "water_m3", "co2_t", "kgce_per_m2", "kgce_per_person", "m3_per_person")
LISTS = ("findings", "causes", "problems", "tasks")
HOUR = 3600
FRESH = timedelta(minutes=10)
"""So long it stands though returns were written to."""


@dataclass(frozen=True)
class Measured:
    """A key figure: the value, last year's where the years compare, else what is said about that."""

    measure: str
    value: Any
    last: Any
    note: str


@dataclass(frozen=True)
class Opening:
    """One sentence, the key figures, and the parts of the report that are sentences, by name.

    ``behind`` is when it was worked out, where returns were written to since.
    """

    headline: str
    figures: Sequence[Measured]
    lists: dict[str, list[str]]
    behind: datetime | None = None


@dataclass(frozen=True)
class _Kept:
    """As it was worked out: of which state of the returns, and when."""

    marks: str
    at: datetime
    opening: Opening


def known(actor: Actor, region: Region, year: int) -> Opening | None:
    """What is known of a region's year; None where it has to be worked out in the background first.

    Raises:
        Forbidden: the actor does not see the single institutions of the whole region.
    """
    require_whole(actor, region)
    if _is_small(region, year):
        return _made(actor, region, year)
    held: _Kept | None = cache.get(_name(region, year))
    if held is None:
        return None
    if held.marks == _marks(region, year):
        return held.opening
    return replace(held.opening, behind=held.at) if timezone.now() - held.at < FRESH else None


def work_out(actor: Actor, region: Region, year: int, progress: Callable[[int, int], None]) -> None:
    """Make it and keep it; told how far it is in two steps."""
    progress(0, 2)
    marks, at = _marks(region, year), timezone.now()
    found = _made(actor, region, year)
    progress(1, 2)
    cache.set(_name(region, year), _Kept(marks, at, found), HOUR)


def waited_for(actor: Actor, region: Region, year: int, title: str) -> Job:
    """The job that works it out: the one this reader waits for already, else a new one."""
    name = f"{_name(region, year)}.job.{actor.user.pk if actor.user else 0}"
    held = jobs.jobs_for(actor).filter(pk=cache.get(name) or 0).first()
    if held is not None and not held.is_finished:
        return held
    job = jobs.start("report.open", actor, title, region=region.code, year=year)
    cache.set(name, job.pk, HOUR)
    return job


def _made(actor: Actor, region: Region, year: int) -> Opening:
    found = annual_report(actor, region, year, reviewed=False)
    told, phrases = worded(found, clock.today(), with_tables=False), Phrases()
    lists = {name: list(told.tags[name]) for name in LISTS}
    none = phrases("item", number=1, text=phrases("problem.none"))
    lists["problems"] = [text for text in lists["problems"] if text != none]  # the rules have their say beside it
    return Opening(told.headline, _measured(found.report, phrases), lists)


def _measured(report: Report, phrases: Phrases) -> list[Measured]:
    figures = report.total.figures
    return [
        Measured(
            measure, figures[measure].value, figures[measure].last,
            "" if report.comparable else yoy(report, measure, phrases),
        )
        for measure in STRIP
    ]  # fmt: skip


def _is_small(region: Region, year: int) -> bool:
    """By where returns lie, which is near enough to where they count."""
    lying = Return.objects.filter(kind=slots.Kind.ANNUAL, year=year, region__path__startswith=region.path)
    return lying.order_by()[: AT_ONCE + 1].count() <= AT_ONCE


def _name(region: Region, year: int) -> str:
    return f"reporting.opening.{region.code}.{year}.{translation.get_language()}"


def _marks(region: Region, year: int) -> str:
    """Changes with every write to a return of the two years that counts towards the region."""
    periods = slots.annual(year), slots.annual(year - 1)
    lying = Lying(*periods)
    counts = {
        "owed": Count("pk"), "pks": Sum("pk"), "reported": Max("reported_at"), "approved": Max("approved_at"),
        "marks": Sum(F("pk") * F("version"), output_field=BigIntegerField()),
    }  # fmt: skip
    return str([Counted(region, period, lying=lying).returns.order_by().aggregate(**counts) for period in periods])
