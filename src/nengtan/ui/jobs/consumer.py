"""The worker process: takes jobs from the queue one after the other until it is told to stop."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType

from django.conf import settings
from huey import Huey

from nengtan.ui.jobs.locks import held
from nengtan.ui.jobs.models import Job
from nengtan.ui.jobs.queue import enqueue, queue
from nengtan.ui.jobs.recurring import do_steady
from nengtan.ui.jobs.running import give_up_interrupted, stopping

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
"""How often an idle worker looks into the queue (a file) for work; Redis tells it."""

STEADY_SECONDS = 60
"""How long what is done all the time waits between two rounds."""

GRACE_SECONDS = 4
"""How long the running job may take to give up after the worker was told to stop."""


def run() -> None:
    """Work until SIGTERM or Ctrl-C. The job at hand then gives up, its transaction rolled back."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    with _alone() as alone:
        if alone:
            _take_over()
            _serve()


def _serve() -> None:
    hand = threading.Thread(target=_work, name="jobs", daemon=True)
    hand.start()
    threading.Thread(target=_go_on, name="steady", daemon=True).start()
    while hand.is_alive() and not stopping.is_set():
        stopping.wait(1)
    hand.join(GRACE_SECONDS)


def _go_on() -> None:
    """What is done all the time, once a minute; it may be cut off at any instant."""
    while not stopping.wait(STEADY_SECONDS):
        do_steady()


def _take_over() -> None:
    """Settle what another worker left: running jobs are given up, waiting ones put in the queue (twice is harmless)."""
    abandoned = give_up_interrupted()
    if abandoned:
        log.warning("%s jobs of a killed worker were given up", abandoned)
    for job_id in Job.objects.filter(state=Job.State.QUEUED).order_by("pk").values_list("pk", flat=True):
        enqueue(job_id)


@contextmanager
def _alone() -> Iterator[bool]:
    """One worker at a time works in a folder; a second waits until the first has ended, or itself is to stop."""
    settings.CONFIG.make_dir()
    with (settings.CONFIG.dir / "worker.lock").open("w") as file:
        while not (alone := held(file)) and not stopping.is_set():
            stopping.wait(1)
        yield alone


def _stop(number: int, frame: FrameType | None) -> None:
    stopping.set()


def _start_periodic(jobs: Huey, looked: int) -> int:
    """Once a minute, do what is to be done by the clock; the minute last looked at."""
    minute = int(time.time()) // 60
    if minute != looked:
        for task in jobs.read_periodic(datetime.now()):  # noqa: DTZ005 - huey matches its table against local time
            jobs.execute(task)
    return minute


def _work() -> None:
    jobs, looked = queue(), 0
    while not stopping.is_set():
        try:
            looked = _start_periodic(jobs, looked)
            task = jobs.dequeue()
        except Exception:
            log.exception("the queue cannot be read")
            stopping.wait(1)
            continue
        if task is not None:
            jobs.execute(task)
        elif not jobs.storage.blocking:
            stopping.wait(LOOK_SECONDS)
