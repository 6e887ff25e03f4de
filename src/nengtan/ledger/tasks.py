"""Long work of the ledger, done by the worker."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nengtan.identity.access import Actor
from nengtan.ledger.services import intake
from nengtan.ledger.services.metered import post_metered
from nengtan.ledger.services.posting import YearClosed
from nengtan.ledger.wording import preview_dict, result_dict, said
from nengtan.registry.services.intake import region_of
from nengtan.ui import jobs, sending
from nengtan.ui.drafts import Draft


def _result_url(job: jobs.Job) -> str:
    result = job.result or {}
    if result.get("batch"):
        return reverse("import_batch", args=[result["batch"]])
    return reverse("activity_preview", args=[result["draft"]]) if result.get("errors") else reverse("imports")


@sending.file_task("import.activity", "activity", refusals={YearClosed: str}, result_url=_result_url)
def import_activity(
    job: jobs.Running,
    actor: Actor,
    draft: Draft,
    origin: str,
    partial: bool,
    on_existing: intake.OnExisting,
    region: str = "",
) -> dict[str, Any]:
    """Take in a file of bills or figures; a cancelled job leaves nothing."""
    result = intake.import_file(
        actor,
        draft.filename,
        draft.content,
        origin=origin,
        partial=partial,
        on_existing=on_existing,
        progress=job.progress,
        region=region_of(region),
    )
    return {**result_dict(result), "said": said(result)}


@jobs.daily("ledger.post_metered", gettext_lazy("Enter metered months"), hour=4)
@jobs.task("ledger.post_metered")
def enter_metered(job: jobs.Running, actor: Actor) -> dict[str, Any]:
    """Months that are over, and those of which consumption has changed since."""
    done = post_metered(actor)
    words = _("%(entered)s months entered, %(corrected)s corrected, %(unchanged)s unchanged.")
    counts = {"entered": done.entered, "corrected": done.corrected, "unchanged": done.unchanged}
    return {**counts, "left_out": len(done.left_out), "said": words % counts}


def look(actor: Actor, draft: Draft, job: jobs.Running | None) -> sending.Preview:
    """What is in a file of bills or figures, for its preview."""
    region, origin = region_of(draft.options.get("region", "")), draft.options["origin"]
    progress = job.progress if job else None
    content = draft.content
    plan = intake.check_file(actor, draft.filename, content, origin=origin, region=region, progress=progress)
    return preview_dict(plan)


sending.look_task("check.activity", "activity", "activity_preview", look)
