"""A data folder of its own, with a worker as a real process and one process that answers short questions."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 120
"""How long anything may take on a busy machine."""

BEFORE = """
import sys
from nengtan.config import cli
cli._prepare()
"""

AFTER = """
if sys.argv[1] == "worker":
    from nengtan.ui.jobs import consumer
    consumer.run()
for line in sys.stdin:
    verb, *words = line.split()
    print(*globals()[verb](*words), sep="|", flush=True)
"""


class House:
    """Runs a script whose functions are the questions: each takes words and returns what is printed of it.

    Tasks that the script registers are known to the workers too.
    """

    def __init__(self, folder: Path, script: str, **settings: str) -> None:
        self.folder = folder / "data"
        self._script = folder / "work.py"
        self._script.write_text(BEFORE + script + AFTER, encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NENGTAN_")}
        self._environment = {**kept, "NENGTAN_DIR": str(self.folder), "NENGTAN_LANGUAGE": "en", **settings}
        self._workers: list[subprocess.Popen[bytes]] = []
        migrate = [sys.executable, "-m", "nengtan.config.cli", "migrate"]
        subprocess.run(migrate, env=self._environment, check=True, capture_output=True)
        self._desk = subprocess.Popen(
            [sys.executable, str(self._script), "desk"], env=self._environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(self._script), "worker"]
        process = subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL)
        self._workers.append(process)
        return process

    def ask(self, verb: str, *words: object) -> list[str]:
        assert self._desk.stdin is not None
        assert self._desk.stdout is not None
        self._desk.stdin.write(" ".join([verb, *map(str, words)]) + "\n")
        self._desk.stdin.flush()
        return self._desk.stdout.readline().rstrip("\n").split("|")

    def until(self, job: str, met: Callable[[list[str]], bool]) -> list[str]:
        """What the script's ``show`` says of a job as soon as it is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while not met(found := self.ask("show", job)):
            assert time.monotonic() < deadline, f"still {found}"
            time.sleep(0.05)
        return found

    def dismiss_workers(self) -> None:
        for process in self._workers:
            process.kill()
            process.wait()
        self._workers.clear()

    def close(self) -> None:
        self.dismiss_workers()
        self._desk.kill()
        self._desk.wait()
