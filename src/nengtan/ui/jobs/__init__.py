"""Long work in the background, with progress and an end on record.

In a room's ``tasks.py``::

    @jobs.task("import.activity", refusals={Refused: wording.refusal}, result_url=lambda job: reverse(...))
    def run(job, actor, **params) -> dict: ...

What is to be done every day is also marked ``@jobs.daily("…", title, hour=5)``: the worker starts it. A function
without parameters marked ``@jobs.steadily("…")`` is called by the worker once a minute. And in its doors
``jobs.start("import.activity", actor, title, **params)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nengtan.ui.jobs.tasks import task

if TYPE_CHECKING:
    from nengtan.ui.jobs.models import Job
    from nengtan.ui.jobs.recurring import daily, start_due, steadily
    from nengtan.ui.jobs.running import Cancelled, Running
    from nengtan.ui.jobs.starting import Shown, cancel, jobs_for, shown, start

__all__ = [
    "Cancelled",
    "Job",
    "Running",
    "Shown",
    "cancel",
    "daily",
    "jobs_for",
    "shown",
    "start",
    "start_due",
    "steadily",
    "task",
]

_HOMES = {
    "Job": "models",
    "Cancelled": "running",
    "Running": "running",
    "Shown": "starting",
    "cancel": "starting",
    "jobs_for": "starting",
    "shown": "starting",
    "start": "starting",
    "daily": "recurring",
    "start_due": "recurring",
    "steadily": "recurring",
}


def __getattr__(name: str) -> Any:
    """Models exist only once Django has loaded its apps, and this package is imported by ``ui.models`` before that."""
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
