"""Long work of the register, done by the worker."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from nengtan.identity.access import Actor
from nengtan.registry.services import intake
from nengtan.registry.wording import preview_dict, result_dict, said
from nengtan.ui import jobs, sending
from nengtan.ui.drafts import Draft


def _result_url(job: jobs.Job) -> str:
    result = job.result or {}
    refused = result.get("errors") and not result.get("stored")
    return reverse("registry_preview", args=[result["draft"]]) if refused else reverse("institutions")


@sending.file_task("import.registry", "registry", result_url=_result_url)
def import_registry(job: jobs.Running, actor: Actor, draft: Draft, partial: bool, region: str = "") -> dict[str, Any]:
    """Take in a workbook of the register; a cancelled job leaves nothing."""
    result = intake.import_file(actor, draft.filename, draft.content, partial, job.progress, intake.region_of(region))
    return {**result_dict(result), "said": said(result)}


def look(actor: Actor, draft: Draft, job: jobs.Running | None) -> sending.Preview:
    """What is in a workbook of the register, for its preview."""
    region, progress = intake.region_of(draft.options.get("region", "")), job.progress if job else None
    return preview_dict(intake.check_file(actor, draft.filename, draft.content, region, progress))


sending.look_task("check.registry", "registry", "registry_preview", look)
