"""``kill -9`` at any instant loses nothing acknowledged and doubles nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nengtan.telemetry.inbox.sqlite import SqliteInbox
from nengtan.telemetry.lake.moving import move
from nengtan.telemetry.lake.tables import Table
from tests.telemetry.crashing import check
from tests.telemetry.lakes import QUARTER, START, Place, raw

KILLS = 240


@pytest.mark.slow
def test_a_process_that_is_killed_hundreds_of_times(tmp_path: Path) -> None:
    (tmp_path / "acknowledged").touch()
    command = [sys.executable, "-m", "tests.telemetry.crashing", str(tmp_path), str(KILLS), "4"]
    folder = {**os.environ, "NENGTAN_DIR": str(tmp_path / "data"), "NENGTAN_SECRET_KEY": "x" * 50}
    subprocess.run(command, check=True, env=folder, timeout=300)
    acknowledged, arrived = check(tmp_path)
    assert acknowledged > KILLS
    assert arrived <= acknowledged + KILLS, "of each process at most one was kept and not yet acknowledged"


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    "where", ["before the lake has it", "before the inbox forgets it", "while the inbox forgets it"]
)
def test_a_move_that_ends_in_the_middle(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place.at(tmp_path)
    place.accept([START, START + QUARTER], [1.0, 2.0])

    def killed(*_told: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        if where == "before the lake has it":
            patched.setattr(Table, "append", killed)
        elif where == "before the inbox forgets it":
            patched.setattr(SqliteInbox, "finish", killed)
        else:
            patched.setattr("nengtan.telemetry.inbox.base.REMEMBERED", "no number")
        with pytest.raises((Killed, TypeError)):
            move(place.inbox, place.lake, lambda: START)
    place.accept([START + 2 * QUARTER], [3.0])
    move(place.inbox, place.lake, lambda: START)
    assert [value for _register, _time, value, _mark in raw(place.lake)] == [1.0, 2.0, 3.0]
    assert place.inbox.waiting() == 0
