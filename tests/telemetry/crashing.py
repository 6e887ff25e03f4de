"""A process that accepts and moves readings and is killed again and again, at any instant.

``python -m tests.telemetry.crashing FOLDER KILLS SEED`` forks children that never end by themselves; `check` then
looks at what is left. A child writes the number of a message down once it is acknowledged.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

REGISTERS = 3
APART = 1_000_000


def main(folder: Path, kills: int, seed: int) -> None:
    """Fork, wait for a moment, kill, as often as asked."""
    chance = random.Random(seed)
    for kill in range(kills):
        child = os.fork()
        if not child:
            _work(folder, kill * APART, chance.random())
        time.sleep(chance.random() * 0.4)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _work(folder: Path, number: int, seed: float) -> None:
    from tests.telemetry.lakes import QUARTER, START, Place

    chance = random.Random(seed)
    place = Place.at(folder)
    acknowledged = os.open(folder / "acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while True:
        number += 1
        times = np.full(REGISTERS, START + (number % APART + number // APART * 50_000) * QUARTER // 15)
        place.accept(times, np.full(REGISTERS, float(number)), np.arange(REGISTERS) + 1, name=str(number))
        os.write(acknowledged, f"{number}\n".encode())
        if chance.random() < 0.2:
            _move(place, chance)


def _move(place: object, chance: random.Random) -> None:
    from nengtan.telemetry.lake.moving import move
    from nengtan.telemetry.lake.upkeep import tidy
    from tests.telemetry.lakes import START, Place

    assert isinstance(place, Place)
    with place.inbox.exclusive() as ours:
        assert ours
        move(place.inbox, place.lake, lambda: START)
        if chance.random() < 0.1:
            tidy(place.lake, many=4)


def check(folder: Path) -> tuple[int, int]:
    """How many messages were acknowledged and how many came to the lake; raises where one is lost or doubled."""
    from nengtan.telemetry.lake.moving import move
    from tests.telemetry.lakes import START, Place, raw

    place = Place.at(folder)
    move(place.inbox, place.lake, lambda: START)
    found = [(register, int(value)) for register, _time, value, _mark in raw(place.lake)]
    assert len(found) == len(set(found)), "doubled"
    arrived = {value for _register, value in found}
    assert len(found) == REGISTERS * len(arrived), "half a message"
    told = {int(line) for line in (folder / "acknowledged").read_text().splitlines()}
    assert told <= arrived, "lost"
    assert place.inbox.waiting() == 0
    return len(told), len(arrived)


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nengtan.config.settings")
    django.setup()
    import tests.telemetry.lakes  # noqa: F401

    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
