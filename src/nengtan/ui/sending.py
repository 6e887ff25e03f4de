"""What taking in any file is made of, from its sender over the preview to the worker; rooms add what their files mean.

A room registers the work of its files in its ``tasks.py``::

    @sending.file_task("import.activity", "activity", result_url=…, refusals={YearClosed: str})
    def import_activity(job, actor, draft, **options) -> dict: ...

The work answers with ``stored``, ``said`` (what became of the file, in a sentence), ``errors``, ``notes`` and,
where rows are left out, ``skipped``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.sheets.problems import Problem
from nengtan.identity.access import Actor
from nengtan.identity.doors import ActorRequest
from nengtan.ui import drafts, jobs
from nengtan.ui.drafts import Draft
from nengtan.ui.sheets import wording
from nengtan.ui.sheets.refused import Refused
from nengtan.ui.sheets.writer import ErrorTexts, mark_errors
from nengtan.ui.tables import Column, Table
from nengtan.ui.tables.exports import XLSX_TYPE

__all__ = [
    "DraftGone", "Preview", "begin", "can_mark", "download", "draft_or_404", "file_task", "keep", "look_task", "marked",
    "preview", "problem_table", "received",
]  # fmt: skip

TOLD = 200
"""Errors, notes and skipped rows a job keeps with its result; the preview of the file has all of them."""

PREVIEW, WAITING = "preview", "waiting"
"""What is left beside a large file: what was found in it, and the job that looks."""

Work = Callable[..., Mapping[str, Any]]


class DraftGone(LookupError):
    """The file was swept away before the worker came to it."""


def keep(request: ActorRequest, purpose: str, form: forms.Form, most: int, **options: Any) -> Draft | None:
    """The sent file kept for its preview; None, and said beside the field, where it has more than ``most`` bytes."""
    file = form.cleaned_data["file"]
    if file.size > most:
        form.add_error("file", wording.refusal(Refused("too_large", str(file.size), str(most))))
        return None
    return drafts.keep(request.actor, purpose, file.name, file.read(), **options)


def received(file: UploadedFile, most: int) -> tuple[str, bytes]:
    """Name and bytes of a file sent to an operation.

    Raises:
        Refused: it has more than ``most`` bytes.
    """
    if (file.size or 0) > most:
        raise Refused("too_large", str(file.size), str(most))
    return file.name or "", file.read()


def draft_or_404(request: ActorRequest, purpose: str, key: str) -> Draft:
    """A file its sender sent before."""
    draft = drafts.find(request.actor, purpose, key)
    if draft is None:
        raise Http404(gettext("This file is no longer here; send it again."))
    return draft


def problem_table(told: Iterable[Mapping[str, Any]], request: ActorRequest) -> Table:
    """Rows of a file that are not taken, and why."""
    return Table(
        list(told),
        request,
        id="problems",
        caption=_("Rows that are not taken"),
        columns=(
            Column("sheet", _("Sheet"), sort=True, priority=1),
            Column("row", _("Row"), value=lambda row: row["row"] or None, numeric=True, decimals=0, sort=True),
            Column("place", _("Cell"), nowrap=True),
            Column("label", _("Column"), sort=True),
            Column("found", _("Found")),
            Column("allowed", _("Allowed"), whole=True),
            Column("message", _("What is wrong"), whole=True),
        ),
        page_sizes=(50, 200, 1000),
    )


def can_mark(draft: Draft) -> bool:
    """Whether the file is a workbook that cells can be coloured in."""
    return draft.filename.lower().endswith(".xlsx")


def marked(draft: Draft, problems: Sequence[Problem]) -> FileResponse:
    """The file as it came, faulty cells coloured and explained."""
    told = problems[: wording.MOST_TOLD]
    lines = [(problem, wording.allowed(problem), wording.message(problem)) for problem in told]
    headings = (
        gettext("Sheet"),
        gettext("Cell"),
        gettext("Column"),
        gettext("Found"),
        gettext("Allowed"),
        gettext("What is wrong"),
    )
    texts = ErrorTexts(gettext("Problems"), headings, lines)
    return download(mark_errors(draft.content, texts), f"{gettext('marked')}-{draft.filename}")


def download(content: bytes, name: str, content_type: str = XLSX_TYPE) -> FileResponse:
    """A file to save."""
    return FileResponse(io.BytesIO(content), as_attachment=True, filename=name, content_type=content_type)


def begin(kind: str, actor: Actor, draft: Draft, **options: Any) -> jobs.Job:
    """Have a kept file taken in by the worker."""
    title = gettext("Import of %(file)s") % {"file": draft.filename}
    return jobs.start(kind, actor, title, draft=draft.key, **options)


Preview = Mapping[str, Any]
"""What a page shows of a checked file; fits into JSON."""

Look = Callable[[Actor, Draft, "jobs.Running | None"], Preview]
"""Checks a kept file; writes nothing."""


def look_task(kind: str, purpose: str, address: str, look: Look) -> None:
    """Register the check of a large file, whose preview stands at ``address``, as work of its own."""

    def run(job: jobs.Running, actor: Actor, draft: str) -> dict[str, Any]:
        found = drafts.find(actor, purpose, draft)
        if found is None:
            raise DraftGone
        told = _looked(look, actor, found, job)
        drafts.write(found, PREVIEW, {"language": get_language(), "told": told})
        return {"draft": draft}

    def result_url(job: jobs.Job) -> str:
        return reverse(address, args=[(job.result or {})["draft"]])

    run.__qualname__ = f"look_task.{kind}"
    jobs.task(kind, refusals={DraftGone: _gone}, result_url=result_url, writes=False, opens=True)(run)


def preview(request: ActorRequest, draft: Draft, kind: str, look: Look, large: int) -> Preview | HttpResponseBase:
    """What is found in a kept file; of a file of more than ``large`` bytes by the worker, and the way to its progress.

    What was found before stands until the file is taken in or sent again.
    """
    if draft.size <= large:
        return _looked(look, request.actor, draft, None)
    found = _noted(draft)
    if found is None:
        waiting = jobs.Job.objects.filter(pk=drafts.noted(draft, WAITING) or 0).first()
        if waiting is None or waiting.is_finished:
            title = gettext("Check of %(file)s") % {"file": draft.filename}
            waiting = jobs.start(kind, request.actor, title, draft=draft.key)
            drafts.write(draft, WAITING, waiting.pk)
        found = _noted(draft)
        if found is None:
            return redirect("job", waiting.pk)
    return found


def _looked(look: Look, actor: Actor, draft: Draft, job: jobs.Running | None) -> Preview:
    try:
        return look(actor, draft, job)
    except Refused as refused:
        return {"refusal": wording.refusal(refused)}


def _noted(draft: Draft) -> Preview | None:
    """What was found before, in the language of today."""
    held = drafts.noted(draft, PREVIEW)
    return held["told"] if held and held["language"] == get_language() else None


def _gone(_error: Exception) -> str:
    return gettext("This file is no longer here; send it again.")


def file_task(
    kind: str,
    purpose: str,
    *,
    result_url: Callable[[jobs.Job], str],
    refusals: Mapping[type[Exception], Callable[[Any], str]] | None = None,
) -> Callable[[Work], Work]:
    """Register ``work(job, actor, draft, **options)`` as what is done with a kept file.

    The file is forgotten once the work has ended well; a file with refused rows stays for its preview.
    """
    known = {Refused: wording.refusal, DraftGone: _gone}

    def register(work: Work) -> Work:
        @wraps(work)
        def run(job: jobs.Running, actor: Actor, draft: str, **options: Any) -> dict[str, Any]:
            found = drafts.find(actor, purpose, draft)
            if found is None:
                raise DraftGone
            told = dict(work(job, actor, found, **options))
            if told["stored"] or not told["errors"]:
                transaction.on_commit(partial(drafts.drop, found))
            else:
                drafts.forget(found, PREVIEW)
            short: dict[str, Any] = {
                name: told[name][:TOLD] for name in ("errors", "notes", "prices", "unusual", "skipped") if name in told
            }
            return {**told, **short, "draft": draft}

        return jobs.task(kind, refusals={**known, **(refusals or {})}, result_url=result_url)(run)

    return register
