"""The queue between the doors and the worker, and what they tell each other outside the business database.

A running job holds one transaction of the business database, so nothing it writes there can be seen before it ends;
how far it is, and the wish to stop it, therefore travel through the storage of the queue.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from django.conf import settings
from huey import Huey, RedisHuey, SqliteHuey, crontab

NAME = "nengtan"
WORDS = ("progress", "cancel")
INLINE_VARIABLE = "NENGTAN_JOBS_INLINE"


def inline() -> bool:
    """Whether jobs run at once, where they are started, without a worker (tests, commands)."""
    return bool(getattr(settings, "JOBS_INLINE", False)) or os.environ.get(INLINE_VARIABLE, "") in {"1", "true"}


@cache
def queue() -> Huey:
    """The queue of this installation: Redis where one is named, else a file in the data folder."""
    from nengtan.ui.jobs.recurring import start_due
    from nengtan.ui.jobs.running import run_job

    url = settings.CONFIG.redis_url
    made = RedisHuey(NAME, url=url, results=False) if url else _file()
    made.run_job = made.task(name="run_job")(run_job)
    made.start_due = made.periodic_task(crontab(), name="start_due")(start_due)
    return made


def _file() -> Huey:
    settings.CONFIG.dir.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(NAME, filename=str(settings.CONFIG.dir / "queue.sqlite3"), results=False, timeout=30)


def enqueue(job_id: int) -> None:
    """Hand a job to the worker."""
    queue().run_job(job_id)


def tell(job_id: int, what: str, value: Any) -> None:
    """Leave word about a job: ``progress`` or ``cancel``."""
    queue().storage.put_data(_key(job_id, what), json.dumps(value).encode())


def told(job_id: int, what: str) -> Any:
    """The word left about a job, or None."""
    found = queue().storage.peek_data(_key(job_id, what))
    return json.loads(bytes(found)) if isinstance(found, (bytes, memoryview)) else None


def forget(job_id: int) -> None:
    """Drop all word about a job that has ended."""
    for what in WORDS:
        queue().storage.pop_data(_key(job_id, what))


def _key(job_id: int, what: str) -> str:
    return f"job.{job_id}.{what}"
