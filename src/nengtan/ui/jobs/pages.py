"""A job's page, for whoever started it and for platform administrators."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from nengtan.identity.doors import ActorRequest, page
from nengtan.ui.components import Crumb, Definition
from nengtan.ui.jobs import tasks
from nengtan.ui.jobs.models import Job
from nengtan.ui.jobs.starting import cancel, jobs_for, shown


@require_GET
@page()
def job(request: ActorRequest, pk: int) -> HttpResponse:
    """How far it is, and what became of it."""
    found = _job(request, pk)
    context = {"job": found, "item": shown(found), "facts": _facts(found), "crumbs": [Crumb(found.title, "")]}
    return render(request, "ui/job.html", context)


@require_GET
@page()
def job_state(request: ActorRequest, pk: int) -> HttpResponse:
    """The part of a page that follows the job."""
    found = _job(request, pk)
    item = shown(found)
    task = tasks.find(found.kind)
    if task is not None and task.opens and item.result_url:
        return HttpResponseClientRedirect(item.result_url)
    return render(request, "ui/job_state.html", {"item": item})


@require_POST
@page()
def job_cancel(request: ActorRequest, pk: int) -> HttpResponse:
    """Ask for it to be stopped."""
    found = _job(request, pk)
    cancel(found)
    if not request.htmx:
        return redirect(found)
    return render(request, "ui/job_state.html", {"item": shown(found)})


def _facts(found: Job) -> list[Definition]:
    moments = (
        (_("Asked for"), found.created_at),
        (_("Begun"), found.started_at),
        (_("Ended"), found.finished_at),
    )
    shown_moments = [
        Definition(label, date_format(localtime(moment), "Y-m-d H:i:s")) for label, moment in moments if moment
    ]
    return [Definition(_("Started by"), str(found.owner or _("the system"))), *shown_moments]


def _job(request: ActorRequest, pk: int) -> Job:
    return get_object_or_404(jobs_for(request.actor).select_related("owner"), pk=pk)
