"""The assembled API: its description, its errors, its manners."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest
from django.test import Client
from django.urls import path
from ninja import Router, Schema
from pydantic import Field

from nengtan.config import problems
from nengtan.config.api import Api, api
from nengtan.config.urls import urlpatterns as site_urls
from nengtan.identity.access import Forbidden
from nengtan.identity.api_auth import authenticators
from nengtan.identity.roles import Capability
from nengtan.ledger.services.posting import YearClosed
from nengtan.ui.api import PROBLEM_TYPE, Problem
from nengtan.ui.sheets.refused import Refused
from tests.cast import Cast

router = Router()

FAILURES: dict[str, Exception] = {
    "fields": ValidationError({"code": ["taken"], "name": ["too short", "not Chinese"]}),
    "whole": ValidationError("not both"),
    "forbidden": Forbidden(Capability.MANAGE_FACTORS),
    "denied": PermissionDenied("ask first"),
    "absent": Http404("Institution matching query does not exist"),
    "closed": YearClosed([("Wuchang", 2022)]),
    "file": Refused("macro_workbook", "book.xlsm"),
    "bug": ZeroDivisionError("a secret of the house"),
}


class Sent(Schema):
    year: int = Field(ge=2000, le=2100)
    name: str = Field(max_length=5)


@router.get("/fail/{how}")
def fail(request: HttpRequest, how: str) -> None:
    raise FAILURES[how]


@router.post("/send")
def send(request: HttpRequest, data: Sent) -> dict[str, int]:
    return {"year": data.year}


@router.get("/same")
def same(request: HttpRequest, n: int = 1) -> dict[str, int]:
    return {"n": n}


def _trial() -> Api:
    made = Api(urls_namespace="trial", auth=authenticators, docs_url=None, openapi_url=None)
    problems.install(made)
    made.add_router("", router)
    return made


urlpatterns = [path("api/trial/", _trial().urls), *site_urls]


@pytest.fixture
def trial(settings: Any, cast: Cast) -> Iterator[Client]:
    """The district manager's browser, on a site with operations that fail in every way."""
    settings.ROOT_URLCONF = __name__
    return cast.client("district")


def problem_of(answer: Any, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM_TYPE), answer.content
    body = json.loads(answer.content)
    Problem.model_validate(body)
    assert body["status"] == status
    assert body["title"]
    return body


ENGLISH = {"Accept-Language": "en"}


def test_validation_by_field(trial: Client) -> None:
    body = problem_of(trial.get("/api/trial/fail/fields"), 422)
    assert [(fault["field"], fault["message"]) for fault in body["errors"]] == [
        ("code", "taken"),
        ("name", "too short"),
        ("name", "not Chinese"),
    ]
    assert body["type"] == "urn:nengtan:problem:invalid"


def test_validation_of_the_whole(trial: Client) -> None:
    body = problem_of(trial.get("/api/trial/fail/whole"), 422)
    assert (body["detail"], body["errors"]) == ("not both", [])


def test_forbidden_names_the_right_and_the_roles_held(trial: Client) -> None:
    body = problem_of(trial.get("/api/trial/fail/forbidden", headers=ENGLISH), 403)
    assert "This needs the right" in body["detail"]
    assert "Your roles:" in body["detail"]


@pytest.mark.parametrize(
    ("how", "status", "kind", "words"),
    [
        ("denied", 403, "forbidden", "ask first"),
        ("absent", 404, "not-found", "There is nothing here that you may see."),
        ("closed", 409, "year-closed", "Wuchang 2022"),
        ("file", 422, "file-refused", "The file contains macros."),
        ("bug", 500, "unexpected", "what you sent has changed nothing"),
    ],
)
def test_failure_becomes_a_problem(trial: Client, how: str, status: int, kind: str, words: str) -> None:
    body = problem_of(trial.get(f"/api/trial/fail/{how}", headers=ENGLISH), status)
    assert body["type"] == f"urn:nengtan:problem:{kind}"
    assert words in body["detail"]


def test_unexpected_failure_goes_to_the_log_and_no_further(trial: Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = trial.get("/api/trial/fail/bug")
    assert b"secret" not in answer.content
    assert "a secret of the house" in caplog.text


def test_faulty_request_says_where_what_and_what_is_allowed(trial: Client) -> None:
    sent = json.dumps({"year": 1850, "name": "far too long"})
    answer = trial.post(
        "/api/trial/send", sent, content_type="application/json", headers={**ENGLISH, "X-CSRFToken": token(trial)}
    )
    assert problem_of(answer, 422)["errors"] == [
        {"location": "body", "field": "data.year", "message": "Must be 2000 or more.", "found": 1850},
        {
            "location": "body",
            "field": "data.name",
            "message": "At most 5 characters are allowed.",
            "found": "far too long",
        },
    ]


def test_missing_field_is_named(trial: Client) -> None:
    answer = trial.post("/api/trial/send", "{}", content_type="application/json", headers=ENGLISH)
    assert {fault["message"] for fault in problem_of(answer, 422)["errors"]} == {"This field is required."}


def test_body_that_is_no_json(trial: Client) -> None:
    answer = trial.post("/api/trial/send", "{", content_type="application/json", headers=ENGLISH)
    assert problem_of(answer, 400)["detail"] == "The body is not readable JSON."


def test_body_that_is_too_large(trial: Client) -> None:
    body = problem_of(
        trial.post("/api/trial/send", "x" * (11 * 2**20), content_type="text/plain", headers=ENGLISH), 413
    )
    assert body["detail"] == "11 MB were sent; at most 10 MB are taken. Send a smaller file, or several."


@pytest.mark.parametrize("address", ["/api/trial/send", "/ledger/import/"])
def test_far_too_much_is_refused_unread(trial: Client, address: str) -> None:
    answer = trial.post(address, {}, headers=ENGLISH, CONTENT_LENGTH=str(2**40))
    assert answer.status_code == 413
    assert "1048576 MB" in answer.content.decode()


def token(client: Client) -> str:
    from django.middleware.csrf import get_token

    return get_token(client.get("/api/docs").wsgi_request)


def test_words_follow_the_language_asked_for(trial: Client) -> None:
    chinese = problem_of(trial.get("/api/trial/fail/absent"), 404)
    english = problem_of(trial.get("/api/trial/fail/absent", headers=ENGLISH), 404)
    assert english["detail"].isascii()
    assert not chinese["detail"].isascii()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer nt_unknown"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}],
)
def test_unknown_caller(db: None, headers: dict[str, str]) -> None:
    answer = Client().get("/api/me", headers=headers)
    assert problem_of(answer, 401)["type"] == "urn:nengtan:problem:not-signed-in"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_unknown_address_and_wrong_method(db: None) -> None:
    problem_of(Client().get("/api/nothing"), 404)
    answer = Client().put("/api/me")
    problem_of(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_session_without_csrf_token_is_refused(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.user("district"))
    problem_of(client.post("/api/keys", "{}", content_type="application/json"), 403)


def test_what_has_not_changed_is_not_sent_again(trial: Client) -> None:
    first = trial.get("/api/trial/same")
    tag = first.headers["ETag"]
    again = trial.get("/api/trial/same", headers={"If-None-Match": tag})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["ETag"] == tag
    other = trial.get("/api/trial/same?n=2", headers={"If-None-Match": tag})
    assert (other.status_code, other.json()) == (200, {"n": 2})


def test_answers_are_kept_by_nobody_but_the_caller(trial: Client) -> None:
    answer = trial.get("/api/trial/same")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Accept-Language", "Cookie"} <= {
        part.strip() for part in answer.headers["Vary"].split(",")
    }


def test_problems_and_pages_have_no_etag(trial: Client) -> None:
    assert not trial.get("/api/trial/fail/absent").has_header("ETag")
    assert not trial.get("/sign-in/").has_header("ETag")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads(json.dumps(api.get_openapi_schema(), default=str))


def test_description_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1.")
    for form in schema["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **form})


def test_every_reference_of_the_description_leads_somewhere(schema: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in schema["components"]["schemas"]}
    assert set(references(schema)) <= known


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def test_every_operation_is_described_guarded_and_named_once(schema: dict[str, Any]) -> None:
    operations = [item for methods in schema["paths"].values() for item in methods.values()]
    names = [item["operationId"] for item in operations]
    assert len(names) == len(set(names))
    for item in operations:
        assert item.get("summary"), item["operationId"]
        assert item.get("security"), item["operationId"]
        assert {"401", "403", "422", "default"} <= set(item["responses"]), item["operationId"]


def test_no_two_rooms_give_one_name_to_two_forms() -> None:
    """The description holds forms by name: of two with one name, one would describe the answers of the other."""
    rooms: dict[str, set[str]] = {}
    for form in forms(Schema):
        if form.__module__.startswith("nengtan."):
            rooms.setdefault(form.__name__, set()).add(form.__module__)
    assert not {name: modules for name, modules in rooms.items() if len(modules) > 1}


def forms(base: type[Schema]) -> Iterator[type[Schema]]:
    for form in base.__subclasses__():
        yield form
        yield from forms(form)


def test_no_two_rooms_claim_one_address() -> None:
    claimed: list[tuple[str, str]] = []
    for _prefix, room in api._routers:
        for address, view in room.path_operations.items():
            claimed += [(method, address) for operation in view.operations for method in operation.methods]
    assert len(claimed) == len(set(claimed))


def test_description_and_docs_are_served_to_anybody(db: None) -> None:
    assert Client().get("/api/openapi.json").json()["openapi"].startswith("3.1.")
    assert Client().get("/api/docs").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_docs_page_works_without_the_internet(page: Any) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/api/docs")
    page.wait_for_selector(".opblock")
    assert not said, "no word in the console, such as a file the policy refuses"
