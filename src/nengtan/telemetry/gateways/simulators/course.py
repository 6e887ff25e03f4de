"""What a simulated meter shows: a register that rises evenly, so that anybody can check what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Course"]


@dataclass(frozen=True, slots=True)
class Course:
    """A register that shows ``first`` at ``start`` and rises by ``rise`` every ``step``.

    >>> course = Course(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.timedelta(minutes=15), Decimal(100), Decimal("0.5"))
    >>> course.shown(3)
    Decimal('101.5')
    """

    start: dt.datetime
    step: dt.timedelta
    first: Decimal = Decimal(100)
    rise: Decimal = Decimal("0.25")

    def shown(self, number: int) -> Decimal:
        """What it shows after so many steps."""
        return self.first + number * self.rise

    def moment(self, number: int) -> dt.datetime:
        """When that is."""
        return self.start + number * self.step

    def now(self, at: dt.datetime) -> Decimal:
        """What it shows at a moment; from the first step on."""
        return self.shown(max((at - self.start) // self.step, 0))

    def until(self, times: int) -> Iterator[tuple[dt.datetime, Decimal]]:
        """So many readings, one a step."""
        return ((self.moment(number), self.shown(number)) for number in range(times))
