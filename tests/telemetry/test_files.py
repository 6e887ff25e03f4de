"""A file of any cells gives readings and problems, each with its place; reading it never fails otherwise."""

from __future__ import annotations

import csv
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nengtan.telemetry.files import read_events, read_readings
from nengtan.ui.sheets.refused import Refused

CHINA = ZoneInfo("Asia/Shanghai")

cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["2026-01-01 00:00", "2026-01-01T24:00Z", "0001-01-01", "9999-12-31 23:59", "1767225600", "１２", "nan", "-inf"]
    ),
    st.sampled_from(
        ["1e400", "9" * 400, "0xFFFF", "", "—", "12 kWh", "=1+1", "1,234", "-5", "100", "合计", "\x00", "50%"]
    ),
)
rows = st.lists(st.lists(cells, min_size=4, max_size=4), max_size=6)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files") / "list.csv"


def write(path: Path, heading: list[str], lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        csv.writer(file).writerows([heading, *lines])


@settings(deadline=None)
@given(lines=rows)
def test_readings_of_any_cells(path: Path, lines: list[list[str]]) -> None:
    write(path, ["time", "value", "note", "more"], lines)
    try:
        found, problems = read_readings(path, CHINA)
    except Refused:
        return
    assert found or problems
    assert all(problem.code and problem.row >= 1 for problem in problems)
    placed = [problem.row for problem in problems if problem.letter]
    assert not {reading.row for reading in found} & set(placed), "a row is read or told, not both"


@settings(deadline=None)
@given(lines=rows)
def test_events_of_any_cells(path: Path, lines: list[list[str]]) -> None:
    write(path, ["time", "old_final", "new_start", "ratio"], lines)
    try:
        found, problems = read_events(path, CHINA)
    except Refused:
        return
    assert all(problem.letter and problem.label for problem in problems)
    assert not {event.row for event in found} & {problem.row for problem in problems}
    assert not any(event.ratio <= 0 for event in found)


def test_headings_may_stand_below_a_title(path: Path) -> None:
    write(path, ["Main meter"], [["", "", ""], ["value", "", "time"], ["5", "", "2026-01-01 00:00"]])
    [reading], problems = read_readings(path, CHINA)
    assert (reading.row, reading.value, reading.value_text, problems) == (4, 5.0, "5", [])
