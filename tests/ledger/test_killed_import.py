"""An import killed at any moment leaves nothing behind, and the same file goes in afterwards."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ledger.files import workbook

PREPARE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from nengtan.identity.access import system_actor
from nengtan.registry.models import Region
from nengtan.registry.services import InstitutionInput, save_institution
region = Region.objects.get(code="420106")
for number in range(40):
    data = InstitutionInput(code=f"K{number}", name=f"School {number}", kind="021", region=region)
    save_institution(system_actor(), data)
"""

COMMAND = "from nengtan.config.cli import main; main()"
TABLES = (
    "ledger_activityfact",
    "ledger_importbatch",
    "ledger_evidence",
    "ledger_regionrollup",
    "ledger_institutionyear",
)


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NENGTAN_")}
    return {**kept, "NENGTAN_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "nengtan.config.settings"}


def held(folder: Path) -> dict[str, int]:
    with sqlite3.connect(folder / "nengtan.sqlite3") as connection:
        rows = {table: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in TABLES}
        rows["audit"] = connection.execute(
            "SELECT COUNT(*) FROM identity_auditevent WHERE action LIKE 'import%'"
        ).fetchone()[0]
    connection.close()
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("killed")
    subprocess.run([sys.executable, "-c", PREPARE], env=environment(made), check=True)
    heading = ("单位编码", "月份", "能源品种", "数量", "计量单位", "账单号")
    rows = [
        (f"K{number}", f"{year}-{month:02d}", "电力", number + month, "kWh", str(bill))
        for number in range(40)
        for year in (2021, 2022, 2023)
        for month in range(1, 13)
        for bill in range(12)
    ]
    (made / "bills.xlsx").write_bytes(workbook([heading, *rows]))
    return made


def start(folder: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", COMMAND, "import", "activity", str(folder / "bills.xlsx"), "--format", "json"]
    return subprocess.Popen(
        arguments, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_nothing(folder: Path) -> None:
    began = time.monotonic()
    nothing = dict.fromkeys([*TABLES, "audit"], 0)
    moments = [0.5, 1.0, 1.4, 1.8, 2.2, 2.6]
    killed = 0
    for moment in moments:
        process = start(folder)
        time.sleep(moment)
        ended = process.poll() is not None
        if not ended:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
        left = held(folder)
        if ended or left["ledger_activityfact"]:
            assert left["ledger_activityfact"] == 40 * 36 * 12, "half an import"
            break
        assert left == nothing, moment
    assert killed >= 2
    if held(folder) == nothing:
        process = start(folder)
        out, _err = process.communicate(timeout=300)
        assert process.returncode == 0
        assert json.loads(out)["accepted"] == 40 * 36 * 12
    assert held(folder)["ledger_activityfact"] == 40 * 36 * 12
    process = start(folder)
    out, _err = process.communicate(timeout=300)
    told = {
        "stored": False, "dry_run": False, "accepted": 0, "rejected": 0, "unchanged": 40 * 36 * 12, "corrected": 0,
        "facts": 0, "batch": None, "errors": [], "errors_omitted": 0,
    }  # fmt: skip
    found = json.loads(out)
    assert {key: found[key] for key in told} == told
    assert time.monotonic() - began < 300
