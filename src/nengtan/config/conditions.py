"""Requests with a condition (RFC 9110, 13): 304 for what has not changed, 412 for what somebody else changed meanwhile.

One way for every operation: the ETag is made of the answer itself, and a write that says ``If-Match`` is held against
the answer a GET of the same address would give now.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from nengtan.config import problems

Answer = Callable[[HttpRequest], HttpResponse]

GUARDED = frozenset(("PUT", "PATCH", "DELETE"))
"""Methods that change what the address names."""

REFUSED = frozenset((401, 403, 404, 429))
"""Answers to the GET that are the answer to the write as well: who asks is not let in, or there is nothing there."""

_OF_THE_WRITE = ("CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_TRANSFER_ENCODING")


def tagged(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """What a GET answers, with its ETag; 304 when that is the one the client has."""
    if request.method not in {"GET", "HEAD"} or response.status_code != 200 or response.streaming:
        return response
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if not response.has_header("ETag"):
        response.headers["ETag"] = _digest(response)
    return get_conditional_response(request, response.headers["ETag"], None, response) or response


def guarded(request: HttpRequest, answer: Answer) -> HttpResponse:
    """The answer to a request; a write with ``If-Match`` is carried out only if the address still has that ETag.

    Look and write are one transaction, and writes with a condition to one address wait for each other.
    """
    if request.method not in GUARDED or "If-Match" not in request.headers:
        return _with_new_tag(request, answer(request), answer)
    with transaction.atomic():
        _wait_for_others(request.path_info)
        return _unmet(request, answer) or _with_new_tag(request, answer(request), answer)


def _with_new_tag(request: HttpRequest, response: HttpResponse, answer: Answer) -> HttpResponse:
    """What a PUT or PATCH answers, with the ETag a GET of the address would give now, where it gives one."""
    if request.method in {"PUT", "PATCH"} and response.status_code == 200:
        now = answer(_reading(request))
        if now.status_code == 200 and not now.streaming:
            response.headers["ETag"] = now.headers.get("ETag") or _digest(now)
    return response


def _wait_for_others(address: str) -> None:
    """SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"api {address}"])


def _unmet(request: HttpRequest, answer: Answer) -> HttpResponse | None:
    """The refusal of a write whose condition does not hold; None if it does."""
    now = answer(_reading(request))
    if now.status_code in REFUSED:
        return now
    if now.status_code != 200 or now.streaming:
        return problems.problem(
            412, _("A GET of this very address, query included, gives no ETag to compare with: nothing was changed.")
        )
    tag = now.headers.get("ETag") or _digest(now)
    known = {_strong(one) for one in parse_etags(request.headers["If-Match"])}
    if known & {"*", tag}:
        return None
    words = _("Somebody changed this since you read it: nothing was overwritten. Read it anew, then send your change.")
    return problems.problem(412, words, headers={"ETag": tag})


def _reading(request: HttpRequest) -> HttpRequest:
    """The GET of the address the request writes to, by the same caller."""
    asked = copy.copy(request)
    asked.method = "GET"
    asked.META = {key: value for key, value in request.META.items() if key not in _OF_THE_WRITE}
    asked.META["REQUEST_METHOD"] = "GET"
    asked.__dict__.pop("headers", None)
    asked._body = b""
    return asked


def _digest(response: HttpResponse) -> str:
    return f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'


def _strong(tag: str) -> str:
    """An ETag as it was given out: a proxy that compresses marks it as weak, though it is made of the content."""
    return tag.removeprefix("W/")
