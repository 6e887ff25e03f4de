"""API of jobs: what was asked of the background, how far it is, and stopping it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.shortcuts import get_object_or_404
from ninja import Field, Path, Query, Router, Schema

from nengtan.identity.doors import ActorRequest
from nengtan.ui.api import Key, Listed, Paging, paged
from nengtan.ui.jobs.models import Job
from nengtan.ui.jobs.starting import cancel, jobs_for, shown

router = Router(tags=["jobs"])

PathKey = Annotated[Key, Path()]


class JobOut(Schema):
    """A piece of long work."""

    id: int
    kind: str
    title: str
    state: Job.State
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: Any = Field(None, description="what the work answered, once done")
    error: str = Field(description="why it failed, in words")


class JobNow(JobOut):
    """A job and how far it is this moment."""

    done: int
    total: int
    note: str


@router.get("/jobs", response=Listed[JobOut], summary="Your jobs, the latest first")
def jobs(request: ActorRequest, paging: Query[Paging]) -> dict[str, Any]:
    """All jobs for platform administrators."""
    return paged(jobs_for(request.actor), paging)


@router.get("/jobs/{key}", response=JobNow, summary="One job, with its progress")
def job(request: ActorRequest, key: PathKey) -> dict[str, Any]:
    """Ask again until ``state`` is done, failed or cancelled."""
    return _now(get_object_or_404(jobs_for(request.actor), pk=key))


@router.post("/jobs/{key}/cancel", response=JobNow, summary="Ask for a job to be stopped")
def job_cancel(request: ActorRequest, key: PathKey) -> dict[str, Any]:
    """One that has ended stays as it is."""
    found = get_object_or_404(jobs_for(request.actor), pk=key)
    cancel(found)
    return _now(found)


def _now(found: Job) -> dict[str, Any]:
    now = shown(found)
    values = {name: getattr(found, name) for name in JobOut.model_fields}
    return values | {"state": now.state, "done": now.done, "total": now.total, "note": now.note}
