"""The roll-up: what came late, out of order or piece by piece comes to the same as all of it at once."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from nengtan.domain.metering.cleaning import clean
from nengtan.domain.metering.codes import Verdict
from nengtan.domain.metering.readings import Readings, Registers
from nengtan.domain.metering.statistics import days, months, roll_up
from tests.telemetry.lakes import CHINA, QUARTER, START, Place, rows

CAP = 40.0


def series(chance: random.Random, length: int) -> tuple[list[int], list[float]]:
    """A register over some days that falls to zero, is reset, jumps, is silent, and reads off the grid."""
    times, values, shown, time = [], [], 5000.0, START - 3 * QUARTER
    for _ in range(length):
        time += QUARTER * chance.choice([1] * 30 + [2, 9, 60, 150])
        shown += chance.random() * 3
        event = chance.random()
        if event < 0.02:
            shown = chance.random() * 5  # reset, and nobody says so
        value = 0.0 if 0.02 < event < 0.07 else shown * 1000 if 0.07 < event < 0.09 else shown
        if 0.09 < event < 0.11:
            shown += 4000  # a jump the next reading confirms
        times.append(time + (chance.randrange(1, 800) * 1_000_000 if chance.random() < 0.1 else 0))
        values.append(round(value, 3))
    return times, values


@pytest.mark.parametrize("seed", range(16))
def test_readings_in_any_order_come_to_the_same(seed: int) -> None:
    chance = random.Random(seed)
    length, pieces = chance.randint(2, 700), chance.randint(1, 5)
    times, values = series(chance, length)
    piece = _pieces(chance, length, pieces)
    with TemporaryDirectory() as folder:
        place = Place.at(Path(folder), cap_kw=CAP, modulus=1e6)
        for number in range(pieces):
            chosen = [at for at in range(length) if piece[at] == number]
            if chosen:
                place.put([times[at] for at in chosen], [values[at] for at in chosen])
                place.roll()
        _same_as_at_once(place, times, values)


def _pieces(chance: random.Random, length: int, pieces: int) -> list[int]:
    """Which piece each reading comes with: mostly runs, some astray."""
    bounds = sorted(chance.randrange(length + 1) for _ in range(pieces - 1))
    order = list(range(pieces))
    chance.shuffle(order)
    found = [order[sum(at >= bound for bound in bounds)] for at in range(length)]
    return [chance.randrange(pieces) if chance.random() < 0.03 else number for number in found]


def _same_as_at_once(place: Place, times: list[int], values: list[float]) -> None:
    readings = Readings.of_one(times, values)
    found = clean(readings, Registers.alike(1, cap_kw=CAP, modulus=1e6))
    wanted = found.intervals
    told = np.array(rows(place.lake.intervals, "time, coalesce(value, 'nan'), known, quality, method"), float)
    told = told.reshape(-1, 5)
    inside = np.isin(told[:, 0], wanted.start)
    assert not told[~inside, 2].any()
    told = told[inside]
    assert told[:, 0].astype(int).tolist() == wanted.start.tolist()
    np.testing.assert_allclose(told[:, 1], wanted.value, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(told[:, 2], wanted.known)
    assert told[:, 3].astype(int).tolist() == wanted.quality.tolist()
    assert told[:, 4].astype(int).tolist() == wanted.method.tolist()
    known = rows(place.lake.findings, "time, verdict", where="verdict > 0")
    left_out = np.flatnonzero(found.verdict != Verdict.KEPT)
    assert known == [(times[at], found.verdict[at]) for at in left_out]
    for grain, number in (("day", days), ("month", months)):
        whole = roll_up(wanted, *number(wanted.start, CHINA))
        sums = np.array(
            rows(place.lake.statistics, "coalesce(value, 'nan'), good, estimated, missing, quality",
                 "register, time, grain", f"grain = '{grain}' AND missing < 1"), float
        ).reshape(-1, 5)  # fmt: skip
        held = whole.missing < 1
        order = np.lexsort(
            (whole.quality[held], whole.missing[held], whole.estimated[held], whole.good[held], whole.value[held])
        )
        np.testing.assert_allclose(sums[:, 0], whole.value[held][order], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(
            sums[:, 1:4].sum(axis=0),
            [whole.good[held].sum(), whole.estimated[held].sum(), whole.missing[held].sum()],
            atol=1e-9,
        )
        assert sorted(sums[:, 4].astype(int)) == sorted(whole.quality[held].tolist())
