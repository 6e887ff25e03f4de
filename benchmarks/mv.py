"""Baselines of a district's meters: one by one, a thousand from a file, by the hour; beside opendsm where there is one.

``NENGTAN_TEST_OPENDSM`` names a Python that has opendsm 1.2.7 (and multimethod 2.0.2); without it limits are seconds.
All run in processes of their own with one thread; times are CPU seconds.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

from benchmarks.databases import Database
from benchmarks.measuring import Row

HERE = Path(__file__).parent
USE = HERE.parent / "src/nengtan/demo/data/cambridge_daily_electricity_kwh.csv"
DATA = HERE.parent / "tests/domain/baseline/data"
PEER = "NENGTAN_TEST_OPENDSM"
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "NUMBA")}

METERS = 1000
SECONDS = {"daily": 0.005, "hourly": 0.04, "file": 5.0}
"""At most so many, where there is no peer to compare with."""

RATIOS = {"daily": 1 / 500, "hourly": 1 / 10}
"""At most so many times opendsm."""

WHATS = {
    "daily": "a meter by day types, with rules and band",
    "hourly": "a meter by the hour, with rules and band",
    "file": "a file of meters, two years of days",
}
SPANS = ("--baseline", "2017-01-01:2017-12-31", "--report", "2018-01-01:2018-12-31")


def run(sizes: Sequence[int], database: Database) -> list[Row]:
    """The same whatever the size of the province."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "meters.json"
        told.write_text(json.dumps(_meters()), encoding="utf-8")
        ours = _asked([sys.executable, "-m", "benchmarks.mv_ours", str(told)])
        peer = os.environ.get(PEER)
        theirs = _asked([peer, str(HERE / "mv_opendsm.py"), str(told)]) if peer else {}
        rows = [
            Row("mv", WHATS[key], database.kind, 1, ours[key], "opendsm 1.2.7", theirs[key], RATIOS[key])
            if key in theirs
            else Row("mv", WHATS[key], database.kind, 1, ours[key], limit=SECONDS[key])
            for key in ("daily", "hourly")
        ]
        seconds, peak = _file(Path(folder))
    note = f"{peak / 1000:,.0f} MB"
    return [*rows, Row("mv", WHATS["file"], database.kind, METERS, seconds, limit=SECONDS["file"], note=note)]


def _asked(command: Sequence[str]) -> dict[str, float]:
    done = subprocess.run(command, env=os.environ | ONE_THREAD, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _meters() -> dict[str, Any]:
    """Buildings of Cambridge: eight by the day over two years, one by the hour; 2017 and 2018, °C."""
    weather = _columns(DATA / "bedford_daily_mean_c.csv")
    days = sorted(next(iter(weather.values())))
    use = _columns(USE)
    oracle = json.loads(gzip.decompress((DATA / "oracle_eemeter_2.10.11_hourly.json.gz").read_bytes()))
    held = oracle["meters"]["b16"]
    return {
        "first_day": days[0],
        "celsius": [float(weather["mean_c"][day]) for day in days],
        "use": {name: [float(use[name].get(day) or "nan") for day in days] for name in list(use)[:8]},
        "hours": {"use": held["use"], "f": held["baseline_f"], "report_f": held["report_f"]},
    }


def _columns(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return {name: {row[0]: row[at] for row in rows[1:]} for at, name in enumerate(rows[0]) if at}


def _file(folder: Path) -> tuple[float, float]:
    """CPU seconds and the peak of memory [kB] of ``nengtan mv batch`` from start to end."""
    told, chance = _meters(), random.Random(6)
    days = sorted(_columns(DATA / "bedford_daily_mean_c.csv")["mean_c"])
    buildings = list(told["use"].values())
    with (folder / "meters.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["date", *(f"m{at}" for at in range(METERS))])
        for at, day in enumerate(days):
            values = (buildings[meter % len(buildings)][at] * chance.gauss(1, 0.03) for meter in range(METERS))
            writer.writerow(
                [day, *("" if isnan(value) or chance.random() < 0.01 else f"{value:.2f}" for value in values)]
            )
    with (folder / "air.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("date", "value"), *zip(days, told["celsius"], strict=True)])
    command = [
        sys.executable, "-m", "nengtan", "mv", "batch", "--meters", str(folder / "meters.csv"), "--temperature",
        str(folder / "air.csv"), "--model", "day-type", *SPANS, "--format", "json",
    ]  # fmt: skip
    env = os.environ | {"NENGTAN_DIR": str(folder)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env)
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return used.ru_utime + used.ru_stime, used.ru_maxrss
