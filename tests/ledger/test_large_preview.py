"""What a large file would do is found out by the worker: its progress survives a reload, then the preview stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from nengtan.ledger.models import ActivityFact
from nengtan.ledger.pages import imports
from nengtan.ui import jobs
from nengtan.ui.jobs import queue
from tests.cast import Cast
from tests.ledger.files import bills

GOOD = [("420106-S1", None, f"2023-{month:02d}", "电力", 1000, "kWh", 750, None, None) for month in range(1, 7)]
BAD = ("420106-S9", None, "2023-07", "电力", 1000, "kWh", 750, None, None)


@pytest.fixture(autouse=True)
def _large(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.setattr(imports, "LARGE", 10)


@pytest.fixture
def at_once(settings: Any) -> None:
    settings.JOBS_INLINE = True


def send(client: Client, content: bytes) -> str:
    file = SimpleUploadedFile("a.xlsx", content)
    answer = client.post("/ledger/import/", {"file": file, "origin": "bill"})
    assert answer.status_code == 302
    return str(answer["Location"])


@pytest.mark.usefixtures("at_once")
def test_the_worker_finds_what_the_page_shows(cast: Cast) -> None:
    client = cast.client("district")
    address = send(client, bills(*GOOD, BAD))
    page = client.get(address)
    assert (page.status_code, page.context["good"], page.context["bad"]) == (200, 6, 1)
    assert [row["code"] for row in page.context["table"].rows] == ["unknown_institution"]
    job = jobs.Job.objects.get()
    assert (job.kind, job.state, job.result, jobs.shown(job).result_url) == (
        "check.activity", "done", {"draft": address.split("/")[-2]}, address,
    )  # fmt: skip
    assert not ActivityFact.objects.exists()
    assert client.get(f"{address}?sort=row&export=csv").status_code == 200
    assert client.get(address).context["sheets"][0]["rows"] == 7
    assert jobs.Job.objects.count() == 1  # found once, shown as often as one likes


@pytest.mark.usefixtures("at_once")
def test_a_file_that_is_refused_whole_says_so(cast: Cast) -> None:
    client = cast.client("district")
    page = client.get(send(client, b"no workbook at all, but long enough"))
    assert page.context["refusal"]


@pytest.mark.usefixtures("at_once")
def test_what_was_found_in_another_language_is_found_again(cast: Cast) -> None:
    client = cast.client("district")
    client.cookies["django_language"] = "zh-hans"
    address = send(client, bills(*GOOD, BAD))
    assert "The register you are responsible for has no" not in client.get(address).content.decode()
    client.cookies["django_language"] = "en"
    assert "The register you are responsible for has no" in client.get(address).content.decode()


@pytest.mark.usefixtures("at_once")
def test_after_a_take_that_failed_the_file_is_looked_at_again(cast: Cast) -> None:
    client = cast.client("district")
    address = send(client, bills(*GOOD, BAD))
    client.get(address)
    client.post(f"{address}take/", {"take": "all"})
    assert client.get(address).context["bad"] == 1
    assert list(jobs.Job.objects.order_by("id").values_list("kind", flat=True)) == [
        "check.activity", "import.activity", "check.activity",
    ]  # fmt: skip


def test_until_then_the_page_leads_to_the_progress_and_from_there_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "inline", lambda: False)
    monkeypatch.setattr(queue, "enqueue", lambda job_id: None)
    told: dict[str, Any] = {}
    monkeypatch.setattr(queue, "tell", lambda job_id, what, value: told.update({what: value}))
    monkeypatch.setattr(queue, "told", lambda job_id, what: told.get(what))
    monkeypatch.setattr(queue, "forget", lambda job_id: None)
    client = cast.client("district")
    address = send(client, bills(*GOOD, BAD))
    answer = client.get(address)
    job = jobs.Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}/")
    told["progress"] = {"done": 3, "total": 14, "note": ""}
    jobs.Job.objects.update(state="running")
    assert "3 / 14" in client.get(answer["Location"]).content.decode()
    jobs.Job.objects.update(state="queued")
    assert client.get(address)["Location"] == f"/jobs/{job.pk}/"  # a reload begins nothing anew
    state = f"/jobs/{job.pk}/state/"
    assert "HX-Redirect" not in client.get(state, headers={"HX-Request": "true"})
    from nengtan.ui.jobs.running import run_job

    monkeypatch.setattr(queue, "inline", lambda: True)
    run_job(job.pk)
    assert told["progress"]["done"] == told["progress"]["total"]
    assert client.get(state, headers={"HX-Request": "true"})["HX-Redirect"] == address
    assert client.get(address).context["good"] == 6
    assert cast.client("neighbour").get(address).status_code == 404


def test_a_check_that_was_cancelled_may_be_asked_for_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "inline", lambda: False)
    monkeypatch.setattr(queue, "enqueue", lambda job_id: None)
    client = cast.client("district")
    address = send(client, bills(*GOOD))
    client.get(address)
    jobs.Job.objects.update(state="cancelled")
    assert client.get(address)["Location"] == f"/jobs/{jobs.Job.objects.order_by('-id')[0].pk}/"
    assert jobs.Job.objects.count() == 2
