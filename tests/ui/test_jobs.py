"""Jobs: what runs, who sees it, how it ends; and the worker as a real process that is stopped, cancelled and killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from nengtan.identity.access import Actor, Forbidden, system_actor
from nengtan.identity.models import ApiKey, User
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.ui import jobs
from nengtan.ui.jobs import queue, running, starting, tasks
from nengtan.ui.jobs.models import Job
from tests.cast import Cast
from tests.house import House
from tests.machine import redis_url, require


class Unwelcome(ValueError):
    """A refusal of the work's own."""


def mark(note: str) -> None:
    """A write that can be looked for afterwards."""
    Region.objects.filter(code="420106").update(notice=note)


def marked() -> str:
    return Region.objects.get(code="420106").notice


@jobs.task("test.work", refusals={Unwelcome: lambda error: f"not welcome: {error}"}, result_url=lambda job: "/result/")
def work(job: jobs.Running, actor: Actor, *, ending: str = "") -> dict[str, Any]:
    mark("written by the job")
    job.progress(1, 2, "half")
    endings: dict[str, Exception] = {
        "invalid": ValidationError({"code": ["taken"]}),
        "invalid in one word": ValidationError("no"),
        "forbidden": Forbidden(Capability.MANAGE_FACTORS),
        "unwelcome": Unwelcome("file"),
        "bug": ZeroDivisionError("secret detail"),
        "cancelled": jobs.Cancelled(),
        "stopped": running.Stopped(),
    }
    if ending in endings:
        raise endings[ending]
    return {"who": actor.label}


@pytest.fixture(autouse=True)
def _own_queue() -> Iterator[None]:
    queue.queue().storage.flush_all()
    yield
    queue.queue().storage.flush_all()


def test_work_is_done_on_behalf_of_whoever_started_it(cast: Cast) -> None:
    job = jobs.start("test.work", cast.actor("district"), "A title")
    assert (job.state, job.result, job.error) == ("done", {"who": "District Person (district)"}, "")
    assert (job.owner, job.via, job.address) == (cast.user("district"), "page", "192.0.2.1")
    assert job.created_at <= job.started_at <= job.finished_at
    assert marked() == "written by the job"


def test_work_of_the_installation_itself(cast: Cast) -> None:
    assert jobs.start("test.work", system_actor(), "A title").result == {"who": "system"}


def test_unknown_kind_is_not_started(cast: Cast) -> None:
    with pytest.raises(LookupError, match=r"test\.unknown"):
        jobs.start("test.unknown", cast.actor("district"), "A title")
    assert not Job.objects.exists()


def test_two_tasks_may_not_share_a_kind() -> None:
    with pytest.raises(ValueError, match=r"two tasks are called test\.work"):
        jobs.task("test.work")(lambda job, actor: {})
    assert tasks.find("test.work").work is work


@pytest.mark.parametrize(
    ("ending", "state", "words"),
    [
        ("invalid", "failed", "code: taken"),
        ("invalid in one word", "failed", "no"),
        ("forbidden", "failed", "This needs the right"),
        ("unwelcome", "failed", "not welcome: file"),
        ("bug", "failed", "An unexpected error; the job has left nothing behind."),
        ("cancelled", "cancelled", ""),
        ("stopped", "failed", "The server was stopped."),
    ],
)
def test_every_end_is_on_record_and_leaves_nothing(
    cast: Cast, ending: str, state: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with translation.override("en"):
        job = jobs.start("test.work", cast.actor("statistician"), "A title", ending=ending)
    assert (job.state, job.error.startswith(words), job.result) == (state, True, None), job.error
    assert "secret" not in job.error
    assert ("ZeroDivisionError" in caplog.text) == (ending == "bug")
    assert marked() != "written by the job"
    assert job.finished_at is not None


def test_account_locked_meanwhile_stops_the_job(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "district", settings)
    User.objects.filter(username="district").update(is_active=False)
    running.run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert marked() != "written by the job"


def test_key_that_expired_meanwhile_stops_the_job(cast: Cast, settings: Any) -> None:
    cast.key("district")
    key = ApiKey.objects.get()
    job = waiting(cast, "district", settings)
    Job.objects.update(key=key)
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(days=1))
    running.run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"


def waiting(cast: Cast, who: str, settings: Any, **params: Any) -> Job:
    """A job no worker has taken yet."""
    settings.JOBS_INLINE = False
    job = jobs.start("test.work", cast.actor(who), "A title", **params)
    settings.JOBS_INLINE = True
    assert job.state == "queued"
    return job


def test_a_job_is_done_once_however_often_it_is_handed_over(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "district", settings)
    running.run_job(job.pk)
    mark("changed since")
    running.run_job(job.pk)
    assert marked() == "changed since"


def test_the_worker_hears_of_a_job_only_after_the_commit(
    cast: Cast, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        waiting(cast, "district", settings)
        assert queue.queue().storage.queue_size() == 0
    assert queue.queue().storage.queue_size() == 1


def test_a_waiting_job_that_is_cancelled_is_never_run(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "district", settings)
    jobs.cancel(job)
    assert (jobs.shown(job).state, jobs.shown(job).cancel_url) == ("cancelled", "")
    running.run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert marked() != "written by the job"
    assert queue.told(job.pk, "cancel") is None, "no word is left about a job that has ended"


def test_running_job_notices_that_it_is_cancelled(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "district", settings)
    at_work = running.Running(job)
    jobs.cancel(job)
    with pytest.raises(jobs.Cancelled):
        at_work.progress(1, 10)


def test_progress_is_told_now_and_then_and_at_the_end(cast: Cast, settings: Any, monkeypatch: Any) -> None:
    job = waiting(cast, "district", settings)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(queue, "tell", lambda pk, what, value: told.append((value["done"], value["total"])))
    at_work = running.Running(job)
    for done in range(1001):
        at_work.progress(done, 1000)
    at_work.progress(1000, 1000)
    assert told[0] == (0, 1000)
    assert told[-1] == (1000, 1000)
    assert len(told) < 20


def test_shown_has_what_the_component_needs(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "district", settings)
    queue.tell(job.pk, "progress", {"done": 3, "total": 9, "note": "reading"})
    shown = jobs.shown(job)
    assert (shown.done, shown.total, shown.note, shown.result_url) == (3, 9, "reading", "")
    assert shown.url == f"/jobs/{job.pk}/state/"
    running.run_job(job.pk)
    job.refresh_from_db()
    assert jobs.shown(job).result_url == "/result/"


@pytest.mark.parametrize("address", ["job", "job_state"])
def test_only_the_owner_and_platform_administrators_see_a_job(cast: Cast, settings: Any, address: str) -> None:
    job = waiting(cast, "statistician", settings)
    url = reverse(address, args=[job.pk])
    for name in cast.names:
        expected = 200 if name in {"statistician", "admin"} else 404
        assert cast.client(name).get(url).status_code == expected, name
    assert cast.client("anonymous").get(url).status_code == 302


def test_only_they_may_cancel_it(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "statistician", settings)
    url = reverse("job_cancel", args=[job.pk])
    assert cast.client("district").post(url).status_code == 404
    assert queue.told(job.pk, "cancel") is None
    assert cast.client("statistician").get(url).status_code == 405
    answer = cast.client("statistician").post(url)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/jobs/{job.pk}/")
    fragment = cast.client("statistician").post(url, headers={"HX-Request": "true"})
    assert b"is-cancelled" in fragment.content
    assert b"hx-get" not in fragment.content, "what has ended is not asked for again"


def test_fragment_asks_again_while_the_job_lives(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "statistician", settings)
    url = reverse("job_state", args=[job.pk])
    assert f'hx-get="{url}"'.encode() in cast.client("statistician").get(url).content


def test_api_shows_and_stops_jobs(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "statistician", settings)
    client = cast.client("anonymous")
    own, foreign = cast.bearer("statistician"), cast.bearer("district")
    listed = client.get("/api/jobs", headers=own).json()
    assert [item["id"] for item in listed["items"]] == [job.pk]
    assert client.get("/api/jobs", headers=foreign).json()["count"] == 0
    assert client.get(f"/api/jobs/{job.pk}", headers=foreign).status_code == 404
    assert client.post(f"/api/jobs/{job.pk}/cancel", headers=foreign).status_code == 404
    assert client.post(f"/api/jobs/{job.pk}/cancel", headers=own).json()["state"] == "cancelled"


def test_jobs_a_killed_worker_left_are_given_up_in_words(cast: Cast, settings: Any) -> None:
    job = waiting(cast, "district", settings)
    Job.objects.update(state=Job.State.RUNNING, language="en")
    assert running.give_up_interrupted() == 1
    job.refresh_from_db()
    assert (job.state, job.error) == (
        "failed",
        "The worker was killed. The job has left nothing behind; start it again.",
    )
    assert running.give_up_interrupted() == 0


def test_nobody_sees_jobs_without_an_account(cast: Cast, settings: Any) -> None:
    waiting(cast, "district", settings)
    assert not starting.jobs_for(cast.actor("anonymous")).exists()


SCRIPT = """
import time
from django.conf import settings
from nengtan.identity.access import system_actor
from nengtan.registry.models import Region
from nengtan.ui import jobs

@jobs.task("test.long")
def long(job, actor, *, steps=400):
    Region.objects.filter(code="420106").update(notice=f"by {job.id}")
    for step in range(steps):
        job.progress(step, steps, "at it")
        time.sleep(0.05)
        if (settings.CONFIG.dir / "enough").exists():
            break
    return {"steps": steps}

def start(steps):
    return [jobs.start("test.long", system_actor(), "Long work", steps=int(steps)).pk]

def show(job):
    now = jobs.shown(jobs.Job.objects.get(pk=job))
    left = Region.objects.get(code="420106").notice == f"by {job}"
    return now.state, now.done, now.total, "written" if left else "-", now.note

def cancel(job):
    jobs.cancel(jobs.Job.objects.get(pk=job))
    return show(job)
"""


@contextmanager
def finishing(house: House) -> Iterator[None]:
    """Long work finishes meanwhile."""
    enough = house.folder / "enough"
    enough.touch()
    yield
    enough.unlink()


def _opened(house: House) -> Iterator[House]:
    yield house
    house.close()


@pytest.fixture(scope="module", params=["queue in a file", "queue in Redis"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if request.param == "queue in a file":
        yield from _opened(House(tmp_path_factory.mktemp("house"), SCRIPT))
        return
    require("redis")
    url = redis_url()
    with redis.Redis.from_url(url) as server:
        server.flushdb()
        yield from _opened(House(tmp_path_factory.mktemp("house"), SCRIPT, NENGTAN_REDIS_URL=url))
        server.flushdb()


@pytest.fixture
def house(built: House) -> Iterator[House]:
    yield built
    built.dismiss_workers()


def at_work(found: list[str]) -> bool:
    return found[0] == "running" and int(found[1]) > 0


@pytest.mark.slow
def test_worker_shows_progress_before_anything_is_committed_and_then_all_of_it(house: House) -> None:
    (job,) = house.ask("start", 4000)
    assert house.ask("show", job)[0] == "queued"
    house.worker()
    seen = house.until(job, at_work)
    assert seen[2:] == ["4000", "-", "at it"], "the transaction has not ended, its progress is seen all the same"
    with finishing(house):
        assert house.until(job, lambda found: found[0] == "done")[3] == "written"


@pytest.mark.slow
def test_cancelled_job_leaves_nothing_and_the_worker_goes_on(house: House) -> None:
    house.worker()
    (job,) = house.ask("start", 4000)
    house.until(job, at_work)
    house.ask("cancel", job)
    assert house.until(job, lambda found: found[0] == "cancelled")[3] == "-"
    (following,) = house.ask("start", 1)
    assert house.until(following, lambda found: found[0] == "done")[3] == "written"


@pytest.mark.slow
def test_killed_worker_leaves_nothing_and_the_next_one_says_so(house: House) -> None:
    killed = house.worker()
    (job,) = house.ask("start", 4000)
    house.until(job, at_work)
    killed.kill()
    killed.wait()
    assert house.ask("show", job)[0] == "running"
    house.worker()
    found = house.until(job, lambda found: found[0] == "failed")
    assert found[3:] == ["-", "The worker was killed. The job has left nothing behind; start it again."]


@pytest.mark.slow
def test_worker_stops_within_seconds_in_the_middle_of_a_job(house: House) -> None:
    worker = house.worker()
    (job,) = house.ask("start", 4000)
    house.until(job, at_work)
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert time.monotonic() - began < 6
    found = house.ask("show", job)
    assert (found[0], found[3]) == ("failed", "-")
    assert found[4].startswith("The server was stopped.")


@pytest.mark.slow
def test_second_worker_waits_for_the_first(house: House) -> None:
    first = house.worker()
    (job,) = house.ask("start", 4000)
    house.until(job, at_work)
    second, third = house.worker(), house.worker()
    time.sleep(3)
    third.terminate()
    assert third.wait(10) in {0, -signal.SIGTERM}
    assert house.ask("show", job)[0] == "running", "neither has given up the job of the first"
    first.terminate()
    first.wait(10)
    (following,) = house.ask("start", 1)
    house.until(following, lambda found: found[0] == "done")
    assert second.poll() is None
