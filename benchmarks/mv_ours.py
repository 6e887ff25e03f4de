"""CPU seconds of one meter by this program; a process of its own, so that it has one thread. See ``mv.py``."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nengtan.domain.baseline.hourly_savings import Hours, measure_hours
from nengtan.domain.baseline.savings import Basis, Method, measure
from nengtan.domain.baseline.sufficiency import Days
from nengtan.trusteeship.calendars import calendar_of

REPEATS = 5


def main(path: str) -> None:
    """Print the seconds of each kind."""
    told = json.loads(Path(path).read_text(encoding="utf-8"))
    first = (dt.date.fromisoformat(told["first_day"]) - dt.date(1970, 1, 1)).days
    celsius, day = np.array(told["celsius"]), first + np.arange(len(told["celsius"]))
    calendar = calendar_of(day.tolist(), "cn", {})
    types = calendar.of(day[:365]), calendar.of(day[365:])

    def daily() -> None:
        for values in told["use"].values():
            use = np.array(values)
            halves = [Days(day[part], use[part], celsius[part]) for part in (slice(0, 365), slice(365, None))]
            measure(halves[0], halves[1], types, Method.DAY_TYPE, Basis(), calendar.coarser)

    held = told["hours"]
    air = [(np.array(held[key], dtype=float) - 32) * 5 / 9 for key in ("f", "report_f")]
    use, hour = np.array(held["use"], dtype=float), first * 24 + np.arange(2 * 8760)

    def hourly() -> None:
        baseline, report = Hours(hour[:8760], use, air[0]), Hours(hour[8760:], use, air[1])
        measure_hours(baseline, report, types, Basis())

    sys.stdout.write(json.dumps({"daily": _least(daily) / len(told["use"]), "hourly": _least(hourly)}) + "\n")


def _least(work: Callable[[], None]) -> float:
    work()
    found = []
    for _repeat in range(REPEATS):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


if __name__ == "__main__":
    main(sys.argv[1])
