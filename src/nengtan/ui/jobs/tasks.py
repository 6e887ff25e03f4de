"""What kinds of long work there are: each room names its own in ``tasks.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.utils.module_loading import autodiscover_modules

if TYPE_CHECKING:
    from nengtan.identity.access import Actor
    from nengtan.ui.jobs.models import Job
    from nengtan.ui.jobs.running import Running

Told = Mapping[str, Any] | None
Work = Callable[..., Told | Callable[[], Told]]
AnyWork = TypeVar("AnyWork", bound=Work)
Words = Callable[[Any], str]


@dataclass(frozen=True)
class Task:
    """A kind of long work.

    ``refusals``: exceptions that are refusals in words, and how to word them. ``result_url``: where the result is seen;
    with ``opens`` whoever waits for it is led there. Work that ``writes`` does so in one transaction. Work that takes
    long before it writes does not say so, holds no lock meanwhile, and returns what is left: a function that writes,
    called in the transaction that ends the job.
    """

    kind: str
    work: Work
    refusals: Mapping[type[Exception], Words]
    result_url: Callable[[Job], str] | None
    writes: bool = True
    opens: bool = False

    def __call__(self, running: Running, actor: Actor, **params: Any) -> Callable[[], dict[str, Any]]:
        """Do the work; what is left of it, whose answer must fit into JSON."""
        done = self.work(running, actor, **params)
        return lambda: dict((done() if callable(done) else done) or {})


_tasks: dict[str, Task] = {}


def task(
    kind: str,
    *,
    refusals: Mapping[type[Exception], Words] | None = None,
    result_url: Callable[[Job], str] | None = None,
    writes: bool = True,
    opens: bool = False,
) -> Callable[[AnyWork], AnyWork]:
    """Register ``function(job, actor, **params) -> dict`` as the work of a kind of job."""

    def register(function: AnyWork) -> AnyWork:
        known = _tasks.get(kind)
        if known is not None and known.work.__qualname__ != function.__qualname__:
            raise ValueError(f"two tasks are called {kind}")
        _tasks[kind] = Task(kind, function, refusals or {}, result_url, writes, opens)
        return function

    return register


def find(kind: str) -> Task | None:
    """The task of a kind, looked for in the ``tasks`` module of every room."""
    if kind not in _tasks:
        autodiscover_modules("tasks")
    return _tasks.get(kind)
