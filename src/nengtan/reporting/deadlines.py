"""When something is due somewhere: the nearest region's own rule, else what the scheme's reference data suggests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nengtan.domain.factors import Confidence
from nengtan.domain.returns.scheme import Deadline, Task
from nengtan.domain.returns.slots import Kind, Slot, annual, month, quarter
from nengtan.reference import scheme
from nengtan.registry.models import Region
from nengtan.reporting.models import CycleSetting, OwnDeadline

__all__ = ["Deadlines", "DueDay", "calendar_of", "cycle_of", "slots_between"]


@dataclass(frozen=True)
class DueDay:
    """Something that is due on a day, by which rule, and whose."""

    day: date
    period: Slot
    task: Task
    rule: Deadline
    own: OwnDeadline | None

    @property
    def is_verified(self) -> bool:
        """Whether an authority's text says so; suggestions of the platform are to be settled by the region."""
        return self.own is not None or self.rule.confidence is Confidence.VERIFIED


class Deadlines:
    """The rules of all regions, read once."""

    def __init__(self) -> None:
        rows = OwnDeadline.objects.select_related("region")
        self._own = {(row.region.code, row.kind, row.task): row for row in rows}
        self._shipped = {
            (rule.region, rule.kind, rule.task): rule for rule in scheme.deadlines() if rule.applies
        }  # fmt: skip

    def rule(self, codes: list[str], kind: str, task: Task) -> tuple[Deadline, OwnDeadline | None] | None:
        """The rule that holds at the end of a chain of regions, and whose it is if a region set it itself."""
        for code in reversed(codes):
            own = self._own.get((code, kind, task))
            if own is not None:
                return own.rule, own
            shipped = self._shipped.get((code, Kind(kind), task))
            if shipped is not None:
                return shipped, None
        return None

    def due(self, period: Slot, region: Region, task: Task = Task.REPORT) -> date | None:
        """The last day on which it is in time; None where nobody set one."""
        found = self.rule(region.codes, period.kind, task)
        return found[0].due(period) if found else None

    def due_day(self, period: Slot, region: Region, task: Task) -> DueDay | None:
        """The same with the rule it follows from."""
        found = self.rule(region.codes, period.kind, task)
        return DueDay(found[0].due(period), period, task, *found) if found else None


def calendar_of(region: Region, first: date, last: date) -> list[DueDay]:
    """Everything that is due in a region between two days, in order."""
    deadlines = Deadlines()
    found = [
        day
        for period in slots_between(first.year - 2, last.year)
        for task in Task
        if (day := deadlines.due_day(period, region, task)) is not None and first <= day.day <= last
    ]
    return sorted(found, key=lambda item: (item.day, item.period.kind, item.task))


def slots_between(first: int, last: int) -> list[Slot]:
    """Every period of some years."""
    years = range(first, last + 1)
    return [
        slot
        for year in years
        for slot in (
            annual(year),
            *(quarter(year, number) for number in range(1, 5)),
            *(month(year, number) for number in range(1, 13)),
        )
    ]


def cycle_of(region: Region) -> CycleSetting:
    """The settings that hold in a region: its own, else the nearest above it, else the platform's."""
    rows = {row.region.code: row for row in CycleSetting.objects.select_related("region").filter(
        region__code__in=region.codes
    )}  # fmt: skip
    return next((rows[code] for code in reversed(region.codes) if code in rows), CycleSetting(region=region))
