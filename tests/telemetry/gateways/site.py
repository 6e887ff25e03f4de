"""An installation of its own, with gateways and brokers as real processes on loopback."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NENGTAN = [sys.executable, "-m", "nengtan"]
PATIENCE_S = 60
"""How long anything may take on a busy machine."""

PREPARE = """
from nengtan.identity.access import system_actor
from nengtan.registry.models import Region
from nengtan.registry.services import InstitutionInput, save_institution, save_meter
region = Region.objects.get(code="420106")
for code in ("420106-S1", "420106-H1"):
    told = InstitutionInput(code=code, name=code, kind="021", region=region, system="")
    body = save_institution(system_actor(), told)
    for n in (1, 2):
        save_meter(system_actor(), body, {"code": f"{code[-2:]}-E{n}", "carrier": "electricity"})
"""
"""Two institutions, S1 and H1, each with the electricity meters …-E1 and …-E2."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def until(true: Callable[[], Any], what: str) -> Any:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)
    return found


class Process:
    """Something that runs beside the test and says on its output when it is ready."""

    def __init__(self, command: list[str], environment: dict[str, str], ready: str) -> None:
        self.lines: queue.Queue[str] = queue.Queue()
        self.said: list[str] = []
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()
        if ready:
            self.hears(ready)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def hears(self, text: str) -> str:
        """Wait for a line with a text."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                self.said.append(self.lines.get(timeout=0.2))
            except queue.Empty:
                assert self.process.poll() is None, "".join(self.said)
                continue
            if text in self.said[-1]:
                return self.said[-1]
        raise AssertionError(f"{text}: not heard in\n{''.join(self.said)}")

    def alive(self) -> bool:
        return self.process.poll() is None

    def end_of_itself(self) -> int:
        return self.process.wait(PATIENCE_S * 2)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.alive():
            self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


@dataclass
class Site:
    """A data folder, and what runs over it; everything is ended with `close`."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    _helper: subprocess.Popen[str] | None = None
    _told: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copied(cls, master: Site, folder: Path) -> Site:
        """An installation like another, from its files."""
        shutil.copytree(master.folder, folder)
        return cls(folder)

    def prepare(self) -> None:
        subprocess.run([*NENGTAN, "migrate"], env=self.environment, check=True, capture_output=True)
        self.python(PREPARE)
        self._dismiss()

    @property
    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("NENGTAN_", "DJANGO_"))}
        own = {
            "NENGTAN_DIR": str(self.folder), "NENGTAN_SECRET_KEY": "s" * 50, "NENGTAN_LANGUAGE": "en",
            "DJANGO_SETTINGS_MODULE": "nengtan.config.settings", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        return plain | own | self.settings

    def python(self, code: str) -> str:
        """What code prints that runs in the installation."""
        ended, out, err = self._ask(code=code)
        assert ended == 0, err
        return out

    def nengtan(self, *words: object, code: int = 0) -> str:
        """What a command prints."""
        ended, out, err = self._ask(words=[str(word) for word in words])
        assert ended == code, out + err
        return out if code == 0 else out + err

    def _ask(self, **asked: Any) -> tuple[int, str, str]:
        if self._helper is None or self._told != self.settings:
            self._dismiss()
            self._told = dict(self.settings)
            self._helper = subprocess.Popen(
                [sys.executable, "-m", "tests.telemetry.gateways.helper"], env=self.environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        self._helper.stdin.write(json.dumps(asked) + "\n")
        self._helper.stdin.flush()
        ended, out, err = json.loads(self._helper.stdout.readline())
        return ended, out, err

    def _dismiss(self) -> None:
        if self._helper is not None:
            self._helper.kill()
            self._helper.wait()
            self._helper = None

    def json(self, *words: object) -> Any:
        return json.loads(self.nengtan(*words, "--format", "json"))

    def start(self, *words: object, ready: str) -> Process:
        return self.run([*NENGTAN, *map(str, words)], ready)

    def run(self, command: list[str], ready: str) -> Process:
        made = Process(command, self.environment, ready)
        self.processes.append(made)
        return made

    def kept(self) -> list[tuple[str, str, str, float, int]]:
        """Every reading of inbox and lake as it is there: meter, register, time, value, mark."""
        told = self.python(KEPT)
        return [tuple(row) for row in json.loads(told)]

    def close(self) -> None:
        for process in self.processes:
            process.end(signal.SIGKILL)
        self._dismiss()


KEPT = """
import json
from nengtan.telemetry.inbox import open_inbox
from nengtan.telemetry.lake import open_lake
from nengtan.telemetry.lake.tables import connect
from nengtan.telemetry.models import Register
from django.utils import timezone
from nengtan.telemetry.lake.moving import move
from nengtan.telemetry.moments import micros
with open_inbox().exclusive() as ours:
    assert ours
    move(open_inbox(), open_lake(), lambda: micros(timezone.now()))
names = {pk: (meter, code) for pk, meter, code in Register.objects.values_list("pk", "meter__code", "code")}
files = open_lake().raw.files()
rows = []
if files:
    with connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        rows = db.execute(
            "SELECT register, strftime(time, '%Y-%m-%dT%H:%M:%SZ'), value, mark FROM read_parquet($f) ORDER BY ALL",
            {"f": files}
        ).fetchall()
print(json.dumps([[*names[one], time, value, mark] for one, time, value, mark in rows]))
"""
