"""A job at work: one transaction, progress told outside it, cancelled when asked, every end put on record."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import nullcontext

from django.core.exceptions import ValidationError
from django.db import close_old_connections, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from nengtan.identity.access import Actor, Forbidden, actor_for, background_actor
from nengtan.identity.doors import refusal
from nengtan.ui.jobs import queue, tasks
from nengtan.ui.jobs.models import Job

log = logging.getLogger(__name__)

TELL_SECONDS = 0.3
"""Progress is told, and the wish to cancel looked for, no oftener than this."""

stopping = threading.Event()
"""Set when the worker is to stop: the running job then gives up, and leaves nothing."""


class Cancelled(Exception):
    """Somebody wants the job stopped; raised inside the work, which lets it through."""


class Stopped(Cancelled):
    """The worker is being stopped."""


class Running:
    """What the work gets as its first argument."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.id = job.pk
        self._told = self._checked = 0.0
        self._last: tuple[int, int, str] | None = None

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is; also where it can be cancelled."""
        self.check()
        now = time.monotonic()
        if (done, total, note) == self._last or (now - self._told < TELL_SECONDS and done < total):
            return
        self._told, self._last = now, (done, total, note)
        queue.tell(self.id, "progress", {"done": done, "total": total, "note": str(note)})

    def check(self) -> None:
        """Raise :class:`Cancelled` when the job is to stop."""
        if stopping.is_set():
            raise Stopped
        now = time.monotonic()
        if now - self._checked >= TELL_SECONDS:
            self._checked = now
            if queue.told(self.id, "cancel"):
                raise Cancelled


def run_job(job_id: int) -> None:
    """Do one job, if it still waits to be done. Never raises: every end is on record."""
    if not queue.inline():
        close_old_connections()
    job = _claim(job_id)
    if job is None:
        return
    with translation.override(job.language):
        try:
            _work(job)
        except Stopped:
            _end(job, Job.State.FAILED, _("The server was stopped. The job has left nothing behind; start it again."))
        except Cancelled:
            _end(job, Job.State.CANCELLED)
        except Exception as error:  # noqa: BLE001 - whatever the work raises ends this job and no other
            _end(job, Job.State.FAILED, _in_words(job, error))
        finally:
            queue.forget(job_id)


def actor_of(job: Job) -> Actor:
    """Whoever started the job, with what they may do today."""
    if job.owner is None:
        return background_actor(job.via)
    if not job.owner.is_active:
        raise Forbidden(_("The account that started the job is locked."))
    if job.key is not None and (job.key.revoked_at or job.key.expires_at <= timezone.now()):
        raise Forbidden(_("The API key that started the job is no longer valid."))
    return actor_for(job.owner, job.via, job.address, job.key)


def _claim(job_id: int) -> Job | None:
    waiting = Job.objects.filter(pk=job_id, state=Job.State.QUEUED)
    if queue.told(job_id, "cancel"):
        waiting.update(state=Job.State.CANCELLED, finished_at=timezone.now())
        queue.forget(job_id)
        return None
    if not waiting.update(state=Job.State.RUNNING, started_at=timezone.now()):
        return None
    return Job.objects.select_related("owner", "key__region").get(pk=job_id)


def _work(job: Job) -> None:
    task = tasks.find(job.kind)
    if task is None:
        raise LookupError(f"no task is called {job.kind}")
    running = Running(job)
    with transaction.atomic() if task.writes else nullcontext():
        left = task(running, actor_of(job), **job.params)
        running._checked = 0.0
        running.check()
        with transaction.atomic():
            ended = {"state": Job.State.DONE, "result": left(), "finished_at": timezone.now()}
            Job.objects.filter(pk=job.pk).update(**ended)


def _end(job: Job, state: str, error: str = "") -> None:
    Job.objects.filter(pk=job.pk).update(state=state, error=error, finished_at=timezone.now())


def _in_words(job: Job, error: Exception) -> str:
    """What the owner reads; a fault of ours goes to the log with all it has."""
    task = tasks.find(job.kind)
    for kind, words in (task.refusals if task else {}).items():
        if isinstance(error, kind):
            return words(error)
    if isinstance(error, ValidationError):
        return _said(error)
    if isinstance(error, Forbidden):
        return _refusal(job, error)
    log.error("job %s (%s) failed", job.pk, job.kind, exc_info=error)
    return _("An unexpected error; the job has left nothing behind. The log of the server has the details.")


def _said(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())


def _refusal(job: Job, error: Forbidden) -> str:
    try:
        return refusal(actor_of(job), error)
    except Forbidden:
        return str(error)


def give_up_interrupted() -> int:
    """At the start of a worker: jobs a killed one left running have left nothing, and say so; how many."""
    count = 0
    for job in Job.objects.filter(state=Job.State.RUNNING):
        with translation.override(job.language):
            _end(job, Job.State.FAILED, _("The worker was killed. The job has left nothing behind; start it again."))
        queue.forget(job.pk)
        count += 1
    return count
