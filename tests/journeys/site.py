"""The demonstration as real processes: built by the command, served with its worker, ended like any service."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NENGTAN = [sys.executable, "-m", "nengtan.config.cli"]
SIGN_IN = re.compile(r"^  (\w+) +(\S+)  \S", re.MULTILINE)
"""A line of the command's output: user name, password, role."""


@dataclass
class Site:
    """A demonstration that is served."""

    address: str
    folder: Path
    passwords: dict[str, str]
    """By user name, as the command printed them; a journey that changes one notes the new one here."""


@contextmanager
def served_demonstration(folder: Path) -> Iterator[Site]:
    """Build the demonstration in ``folder`` and serve it on a free port, web and worker."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("NENGTAN_", "DJANGO_"))}
    environment = plain | {"LC_ALL": "en_GB.UTF-8"}
    built = subprocess.run(
        [*NENGTAN, "demo", "--dir", str(folder), "--no-serve"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[-4000:]
    with (folder / "serve.log").open("w") as log:
        server = subprocess.Popen(
            [*NENGTAN, "demo", "--dir", str(folder), "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        try:
            found = next(filter(None, (re.search(r"(http://\S+)/", line) for line in server.stdout)), None)
            assert found, (folder / "serve.log").read_text()
            yield Site(found[1], folder, dict(SIGN_IN.findall(built.stdout)))
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) == 0, (folder / "serve.log").read_text()
            assert "Error" not in (folder / "serve.log").read_text()
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
            server.stdout.close()
