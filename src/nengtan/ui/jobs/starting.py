"""Starting, stopping and watching jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ui.jobs import queue, tasks
from nengtan.ui.jobs.models import Job
from nengtan.ui.jobs.running import run_job


@dataclass(frozen=True)
class Shown:
    """A job as ``{% job %}`` shows it."""

    pk: int
    title: str
    state: str
    done: int
    total: int
    note: str
    url: str
    cancel_url: str
    result_url: str

    @property
    def id(self) -> int:
        """The key by its other name."""
        return self.pk


def start(kind: str, actor: Actor, title: str, **params: Any) -> Job:
    """Put a job in the queue on behalf of ``actor``; ``params`` must fit into JSON.

    Inside a transaction the worker hears of it once that is committed.
    """
    if tasks.find(kind) is None:
        raise LookupError(f"no task is called {kind}")
    job = Job.objects.create(
        kind=kind,
        title=str(title)[:200],
        owner=actor.user,
        via=actor.via,
        address=actor.address,
        key=actor.key,
        language=translation.get_language() or settings.LANGUAGE_CODE,
        params=params,
    )
    if queue.inline():
        run_job(job.pk)
        job.refresh_from_db()
    else:
        transaction.on_commit(partial(queue.enqueue, job.pk))
    return job


def cancel(job: Job) -> None:
    """Ask for a job to be stopped; one that has ended stays as it is."""
    if not job.is_finished:
        queue.tell(job.pk, "cancel", True)


def jobs_for(actor: Actor) -> QuerySet[Job]:
    """The jobs an actor may see: their own; all of them for platform administrators.

    A key limited to a region sees those it started itself: what the person does elsewhere is not its affair.
    """
    if actor.scope_for(Capability.MANAGE_USERS).whole:
        return Job.objects.all()
    own = Q(owner=actor.user) if actor.user is not None else Q(pk__in=[])
    if actor.key is not None and actor.key.region_id is not None:
        own &= Q(key=actor.key)
    return Job.objects.filter(own)


def shown(job: Job) -> Shown:
    """A job as it stands this moment, progress included."""
    told = {} if job.is_finished else queue.told(job.pk, "progress") or {}
    cancelled = not job.is_finished and bool(queue.told(job.pk, "cancel"))
    task = tasks.find(job.kind) if job.state == Job.State.DONE else None
    return Shown(
        pk=job.pk,
        title=job.title,
        state=Job.State.CANCELLED if cancelled and job.state == Job.State.QUEUED else job.state,
        done=int(told.get("done", 0)),
        total=int(told.get("total", 0)),
        note=job.error or str((job.result or {}).get("said", "") or told.get("note", "")),
        url=reverse("job_state", args=[job.pk]),
        cancel_url="" if cancelled else reverse("job_cancel", args=[job.pk]),
        result_url=task.result_url(job) if task and task.result_url else "",
    )
