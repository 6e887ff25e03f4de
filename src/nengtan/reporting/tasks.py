"""Long work with returns, and daily work: periods that have ended are opened, the late reminded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting.models import Return
from nengtan.reporting.services import cycles, reminding, workbooks
from nengtan.reporting.workbook_wording import result_dict, said
from nengtan.ui import jobs, sending
from nengtan.ui.drafts import Draft


def _result_url(job: jobs.Job) -> str:
    result = job.result or {}
    return reverse("returns_preview", args=[result["draft"]]) if result.get("errors") else reverse("returns")


@sending.file_task("import.returns", "returns", result_url=_result_url)
def import_returns(
    job: jobs.Running, actor: Actor, draft: Draft, partial: bool, overwrite: bool, only: int | None = None
) -> dict[str, Any]:
    """Take in a workbook of returns; a cancelled job leaves nothing."""
    held = Return.objects.for_actor(actor, Capability.ENTER_RETURNS).filter(pk=only).first() if only else None
    result = workbooks.take_file(
        actor, draft.filename, draft.content, only=held, partial=partial, overwrite=overwrite, progress=job.progress
    )
    return {**result_dict(result), "said": said(result)}


@jobs.daily("returns.open_due", gettext_lazy("Open periods of statistical returns"), hour=5)
@jobs.task("returns.open_due")
def open_due(job: jobs.Running, actor: Actor) -> dict[str, Any]:
    """Open what has ended where a region wants it."""
    opened = cycles.open_due(actor)
    words = _("%(n)s returns opened") % {"n": sum(opened.values())}
    return {"opened": opened, "said": words}


@jobs.daily("returns.remind", gettext_lazy("Remind of statistical returns"), hour=7)
@jobs.task("returns.remind")
def remind(job: jobs.Running, actor: Actor) -> dict[str, Any]:
    """Write to everybody whom something waits for, once a day."""
    count = reminding.remind()
    return {"reminded": count, "said": _("%(n)s reminders sent") % {"n": count}}


def _report_url(job: jobs.Job) -> str:
    return f"{reverse('annual_report')}?region={job.params['region']}&year={job.params['year']}"


@jobs.task("report.open", result_url=_report_url, writes=False, opens=True)
def open_annual_report(job: jobs.Running, actor: Actor, region: str, year: int) -> Callable[[], dict[str, Any]]:
    """Work out what the page of a large region's report begins with, and keep it; whoever waits is led there."""
    from nengtan.reporting.report.opening import work_out

    place = Region.objects.get(code=region)
    work_out(actor, place, year, lambda done, total: job.progress(done, total, _("Reading the approved returns")))
    return lambda: {"said": _("The figures are there.")}


@jobs.task("report.make", result_url=_report_url, writes=False)
def make_annual_report(
    job: jobs.Running, actor: Actor, region: str, year: int, format: str, base_year: int | None = None
) -> Callable[[], dict[str, Any]]:
    """Make a region's annual report: nobody waits to write while a document is laid out, only while it is kept."""
    from nengtan.reporting.services.reports import keep_report, written_report

    place = Region.objects.get(code=region)
    written = written_report(actor, place, year, format, base_year=base_year, progress=job.progress)

    def keep() -> dict[str, Any]:
        made = keep_report(actor, written)
        words = _("“%(title)s” is made, from %(counted)s of %(owed)s returns.")
        return {"report": made.pk, "said": words % {"title": made.title, "counted": made.counted, "owed": made.owed}}

    return keep
