"""Requests no program should send, two people at once, and a part of the machine that is away: an answer in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from ninja import Router
from redis import ConnectionError as RedisAway

from nengtan.config import problems
from nengtan.config.api import Api
from nengtan.config.urls import urlpatterns as site_urls
from nengtan.identity.models import Tries
from nengtan.ui.api import PROBLEM_TYPE
from nengtan.ui.drafts import find
from tests.cast import Cast

router = Router()


def _fail(how: str) -> None:
    if how == "repeat":
        with transaction.atomic():
            Tries.objects.create(what="same", count=1, until=1)
            Tries.objects.create(what="same", count=1, until=1)
    if how == "redis":
        raise RedisAway("no route to host")
    raise IntegrityError("NOT NULL constraint failed: the program's own fault")


@router.get("/fail/{how}")
def fail(request: HttpRequest, how: str) -> None:
    _fail(how)


def fail_page(request: HttpRequest, how: str) -> HttpResponse:
    _fail(how)
    return HttpResponse()


def _trial() -> Api:
    made = Api(urls_namespace="troubled", auth=None, docs_url=None, openapi_url=None)
    problems.install(made)
    made.add_router("", router)
    return made


urlpatterns = [path("api/trial/", _trial().urls), path("fail/<how>", fail_page), *site_urls]


@pytest.fixture
def troubled(settings: Any, db: None) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(("how", "status"), [("repeat", 409), ("redis", 503), ("fault", 500)])
def test_several_at_once_and_redis_away_are_told_at_both_doors(troubled: Client, how: str, status: int) -> None:
    answer = troubled.get(f"/api/trial/fail/{how}")
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM_TYPE)
    page = troubled.get(f"/fail/{how}")
    assert page.status_code == status
    assert page["Content-Type"].startswith("text/html")
    if status != 500:
        assert answer.json()["detail"] == str(problems.TROUBLES[status])
        assert str(problems.TROUBLES[status]) in page.content.decode()


NUL = [
    "/register/?q=%00", "/search/?q=%00", "/audit/?q=%00", "/ledger/?q=%00", "/users/?q=%00", "/ledger/factors/?q=%00",
    "/register/?region=%00", "/ledger/?institution=%00", "/users/places/?kind=region&field=x&x=%00",
    "/ledger/explain/?region=%00", "/regions/%00/", "/institutions/%00/", "/register/of/%00/",
    "/register/regions/%00/", "/ledger/factors/%00/", "/ledger/evidence/%00/", "/static/%00",
    "/api/institutions/%00", "/api/regions/%00", "/api/search?q=%00",
]  # fmt: skip


@pytest.mark.parametrize("address", NUL)
def test_a_nul_in_an_address_is_refused_before_anything_is_asked(cast: Cast, address: str) -> None:
    answer = cast.client("admin").get(address)
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith(PROBLEM_TYPE if address.startswith("/api/") else "text/html")


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_moment_beyond_the_calendar_is_refused(cast: Cast, name: str, moment: str) -> None:
    answer = Client().get("/api/audit", {name: moment}, headers=cast.bearer("district"))
    assert answer.status_code == 422
    assert (
        Client().get("/api/audit", {name: "2024-01-01T00:00:00Z"}, headers=cast.bearer("district")).status_code == 200
    )


def test_a_draft_of_a_name_no_file_system_holds_is_no_draft(cast: Cast) -> None:
    assert find(cast.actor("district"), "activity", "x" * 5000) is None
    assert cast.client("district").get(f"/ledger/import/{'x' * 5000}/").status_code != 500
