"""A process started by another ends with it, however that one ended: nothing is left running unseen."""

from __future__ import annotations

import os
import signal
import threading

VARIABLE = "NENGTAN_SERVED_BY"
"""Environment variable with the id of the process to follow."""

LOOK_SECONDS = 1.0
GRACE_SECONDS = 5.0


def follow() -> None:
    """End this process soon after the one that started it, if it was started by :mod:`nengtan.config.serving`."""
    leader = os.environ.get(VARIABLE, "")
    if leader.isdigit() and os.getppid() == int(leader):
        threading.Thread(target=_follow, args=(int(leader),), name="lifeline", daemon=True).start()


def _follow(leader: int) -> None:
    pause = threading.Event()
    while os.getppid() == leader:
        pause.wait(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    pause.wait(GRACE_SECONDS)
    os._exit(1)
