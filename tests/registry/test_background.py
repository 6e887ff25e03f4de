"""Taking in a large workbook: by the worker, with progress; cancelled or killed it leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from nengtan.identity.models import AuditEvent
from nengtan.registry import tasks
from nengtan.registry.models import Institution
from nengtan.registry.pages import imports
from nengtan.ui import drafts, jobs
from tests.cast import Cast
from tests.house import House
from tests.registry.test_pages import send, workbook


@pytest.fixture
def at_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is a large one, and the worker's work is done where it is asked for."""
    settings.JOBS_INLINE = True
    monkeypatch.setattr(imports, "LARGE", 10)


def rows(count: int, kind: str = "021") -> list[tuple[str, str, str, str]]:
    return [(f"W{number}", f"单位{number}", kind, "420106") for number in range(count)]


@pytest.mark.usefixtures("at_once")
def test_a_large_workbook_is_taken_in_by_the_worker(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    client, preview = cast.client("district"), send(cast, workbook(*rows(3)))
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(preview + "take/", {"take": "all"})
    job = jobs.Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}/")
    assert (job.state, job.result["created"], job.result["errors"]) == ("done", 3, [])
    assert jobs.shown(job).result_url == "/register/"
    assert job.result["said"] in client.get(answer["Location"]).content.decode()
    assert client.get(preview).status_code == 404
    assert AuditEvent.objects.filter(action="institution.add", via="page", user=cast.user("district")).count() == 3


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("take", "stored"), [("all", 0), ("good", 2)])
def test_faulty_rows_keep_the_file_out_or_are_left_out(cast: Cast, take: str, stored: int) -> None:
    client, preview = cast.client("district"), send(cast, workbook(*rows(2), ("W9", "x", "999", "420106")))
    client.post(preview + "take/", {"take": take})
    job = jobs.Job.objects.get()
    assert (job.state, job.result["rejected"], Institution.objects.filter(code__startswith="W").count()) == (
        "done", 1, stored,
    )  # fmt: skip
    assert jobs.shown(job).result_url == (preview if take == "all" else "/register/")


def test_work_says_how_far_it_is_and_stops_when_asked(cast: Cast) -> None:
    told: list[tuple[int, int]] = []

    class Running:
        def progress(self, done: int, total: int, note: str = "") -> None:
            told.append((done, total))
            if len(told) == stop:
                raise jobs.Cancelled

    actor, stop = cast.actor("district"), 0
    draft = drafts.keep(actor, "registry", "w.xlsx", workbook(*rows(4)))
    tasks.import_registry(Running(), actor, draft=draft.key, partial=False)
    assert [total for _done, total in told] == [4] * len(told)
    assert (told[0], told[-1], len(told) > 3) == ((4, 4), (4, 4), True)
    draft, stop = drafts.keep(actor, "registry", "w.xlsx", workbook(("X1", "x", "021", "420106"))), len(told) + 2
    before = AuditEvent.objects.count()
    from django.db import transaction

    with pytest.raises(jobs.Cancelled), transaction.atomic():
        tasks.import_registry(Running(), actor, draft=draft.key, partial=False)
    assert not Institution.objects.filter(code="X1").exists()
    assert AuditEvent.objects.count() == before


@pytest.mark.usefixtures("at_once")
def test_an_operation_hands_a_file_to_the_worker(cast: Cast) -> None:
    client, header = cast.client("anonymous"), cast.bearer("district")
    file = SimpleUploadedFile("r.xlsx", workbook(*rows(2)))
    answer = client.post("/api/imports/registry?background=true", {"file": file}, headers=header)
    assert (answer.status_code, answer.json()["kind"]) == (202, "import.registry")
    job = client.get(f"/api/jobs/{answer.json()['id']}", headers=header).json()
    assert (job["state"], job["result"]["created"]) == ("done", 2)
    assert client.get(f"/api/jobs/{job['id']}", headers=cast.bearer("city")).status_code == 404


SCRIPT = """
from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.models import Attribute, Institution, InstitutionSpan
from nengtan.ui import drafts, jobs, sending

def start(count):
    rows = (f"K{n},单位{n},021,420106,{n}" for n in range(int(count)))
    lines = ["编码,名称,单位类型,行政区划代码,建筑面积", *rows]
    draft = drafts.keep(system_actor(), "registry", "k.csv", "\\n".join(lines).encode())
    return [sending.begin("import.registry", system_actor(), draft, partial=False).pk]

def show(job):
    now = jobs.shown(jobs.Job.objects.get(pk=job))
    left = [model.objects.count() for model in (Institution, InstitutionSpan, Attribute, AuditEvent)]
    return now.state, now.done, now.total, *left

def cancel(job):
    jobs.cancel(jobs.Job.objects.get(pk=job))
    return show(job)
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, SCRIPT)
    yield made
    made.close()


def is_one_of(*states: str) -> Callable[[list[str]], bool]:
    return lambda found: found[0] in states


@pytest.mark.slow
def test_cancelled_or_killed_it_leaves_nothing_and_the_rows_go_in_afterwards(house: House) -> None:
    nothing = ["0"] * 4
    (job,), worker = house.ask("start", 40000), house.worker()
    house.until(job, is_one_of("running", "done"))
    house.ask("cancel", job)
    assert house.until(job, is_one_of("cancelled", "done", "failed")) == ["cancelled", "0", "0", *nothing]
    (second,) = house.ask("start", 40000)
    house.until(second, is_one_of("running", "done"))
    worker.kill()
    worker.wait()
    assert house.ask("show", second)[3:] == nothing
    house.worker()
    assert house.until(second, is_one_of("failed", "done")) == ["failed", "0", "0", *nothing]
    (third,) = house.ask("start", 300)
    assert house.until(third, is_one_of("failed", "done"))[3:6] == ["300"] * 3


@pytest.mark.usefixtures("at_once")
def test_a_large_workbook_is_looked_at_by_the_worker(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHECKED_AT_ONCE", 10)
    client, preview = cast.client("district"), send(cast, workbook(*rows(2), ("W9", "x", "999", "420106")))
    page = client.get(preview)
    assert (page.context["create"], page.context["refused"], page.context["understood"][0]["rows"]) == (2, 1, 3)
    assert [(job.kind, job.state) for job in jobs.Job.objects.all()] == [("check.registry", "done")]
    assert client.get(preview).status_code == 200
    assert jobs.Job.objects.count() == 1
    assert not Institution.objects.filter(code__startswith="W").exists()
