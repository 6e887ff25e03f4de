"""Files are put together and removed, and nobody who reads notices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nengtan.telemetry import tasks
from nengtan.telemetry.lake import open_lake
from nengtan.telemetry.lake.upkeep import clear, tidy
from nengtan.ui.jobs import Job, recurring
from tests.telemetry.lakes import QUARTER, START, Place, raw, rows


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Two registers read in ten messages, each rolled up."""
    made = Place.at(tmp_path / "own", registers=2)
    for number in range(10):
        times = START + (np.arange(3) + 3 * number) * QUARTER
        made.put(np.tile(times, 2), np.arange(6) % 3 + 3.0 * number, np.repeat([2, 1], 3))
        made.roll()
    return made


def held(place: Place) -> list[Any]:
    return [
        raw(place.lake),
        rows(place.lake.intervals, "register, time, value, known, quality, method, revision"),
        rows(place.lake.statistics, "register, time, grain, value, good, missing", "register, time, grain"),
    ]


def test_many_files_become_one_with_what_holds_sorted_by_register_and_time(place: Place) -> None:
    before = held(place)
    assert tidy(place.lake, many=11) == 0
    assert tidy(place.lake, many=4) == 5, "raw, intervals, and three grains of statistics"
    assert held(place) == before
    assert [len(table.files()) for table in (place.lake.raw, place.lake.intervals, place.lake.statistics)] == [1, 1, 3]
    import pyarrow.parquet as pq

    (file,) = place.lake.raw.files()
    sorted_by = pq.ParquetFile(file).read().select(["register", "time"]).to_pylist()
    assert sorted_by == sorted(sorted_by, key=lambda one: (one["register"], one["time"]))
    assert place.lake.raw.done("inbox") == 10
    place.put([START + 30 * QUARTER], [30.0])
    place.roll()
    assert rows(place.lake.intervals, "value", where=f"time = {START + 29 * QUARTER} AND register = 1") == [(1.0,)]


def test_replaced_files_are_kept_for_a_day(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    tidy(place.lake, many=2)
    assert clear(place.lake) == 0
    monkeypatch.setattr("nengtan.telemetry.lake.upkeep.KEPT_H", 0)
    assert clear(place.lake) > 20
    assert len(raw(place.lake)) == 60


def test_the_worker_brings_the_lake_up_to_date_and_clears_it(meter: Any) -> None:
    from tests.telemetry.test_happenings import at, read

    read((at(0), 1), (at(0, 15), 3))
    recurring.do_steady()
    assert rows(open_lake().statistics, "value", "register, time, grain", "grain = 'day'") == [(2.0,)]
    tasks.up_to_date()
    from nengtan.identity.access import system_actor
    from nengtan.ui.jobs import start

    assert start("telemetry.clear", system_actor(), "clear").state == Job.State.DONE


def test_steady_work_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch, caplog: Any, db: None) -> None:
    done: list[int] = []
    monkeypatch.setattr(recurring, "_steady", {"bad": lambda: 1 / 0, "good": lambda: done.append(1)})
    recurring.do_steady()
    assert done == [1]
    assert "bad failed" in caplog.text
