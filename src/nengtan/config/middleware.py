"""Security headers of every answer, the manners of the API, and the address that says whether the site is well."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise

from nengtan.config import conditions, problems
from nengtan.config.health import redis_fault
from nengtan.identity import texts
from nengtan.ui.api import PROBLEM_TYPE

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Styles may be inline because ECharts and progress widths set them; scripts may not."""

API = "/api/"


class ContentSecurityPolicyMiddleware:
    """Lets a page load its own files only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class HealthMiddleware:
    """``/healthz``, before everything else: whoever watches the site asks by number, not by its host name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != "/healthz":
            return self.get_response(request)
        ill = next((name for name, answers in PARTS.items() if not answers()), "")
        answer = JsonResponse({"status": ill or "ok"}, status=503 if ill else 200)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    return not settings.CONFIG.redis_url or not redis_fault(settings.CONFIG.redis_url)


PARTS: dict[str, Callable[[], bool]] = {"database": _database_answers, "redis": _redis_answers}
"""What the site cannot do without: asked in this order, the first that fails is named."""


class NulMiddleware:
    """Refuses addresses with a NUL in them: no text holds one, and PostgreSQL takes none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        return self.get_response(request)


class TroubleMiddleware:
    """Two at once, or Redis out of reach: a page that says so, where the API answers with a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page; None for what is a fault of the program."""
        status = problems.trouble(error)
        return _trouble(request, status, problems.TROUBLES[status]) if status else None


def _trouble(request: HttpRequest, status: int, words: str | Promise) -> HttpResponse:
    context = {"status": status, "title": problems.TITLES[status][1], "words": words}
    return render(request, "trouble.html", context, status=status)


class SizeMiddleware:
    """Refuses what is far beyond the largest file before any of it is read or stored.

    What is only a little too large is taken, so that the page it was sent to can say so beside the field.
    """

    BEYOND = 5

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        stated = request.META.get("CONTENT_LENGTH") or "0"
        sent = int(stated) if stated.isdecimal() else 0
        if sent <= self.BEYOND * settings.MAX_UPLOAD_BYTES:
            return self.get_response(request)
        if request.path_info.startswith(API):
            return problems.too_large(sent, settings.MAX_UPLOAD_BYTES)
        return _trouble(request, 413, problems.words_of_size(sent, settings.MAX_UPLOAD_BYTES))


class ApiMiddleware:
    """Manners of the API: words in the language asked for, errors as problems, and conditions (ETag) heeded."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(API):
            return self.get_response(request)
        with translation.override(_language(request)):
            response = _unclean_body(request) or conditions.guarded(request, self.get_response)
            if response.status_code >= 400 and response.headers.get("Content-Type") != PROBLEM_TYPE:
                response = problems.of_status(response)
        response.headers["Content-Language"] = response.headers.get("Content-Language", _language(request))
        patch_vary_headers(response, ("Authorization", "Accept-Language"))
        return conditions.tagged(request, response)


_SUSPECT = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xed[\xa0-\xbf]|\xef\xbf[\xbe\xbf]"
    rb"|\\[bf]|\\u(00|[dD]|[fF]{3})"
)
"""What the bytes of JSON hold somewhere if a text of it cannot be kept."""


_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))


def _is_suspect(body: bytes) -> bool:
    """Whether bytes are worth a closer look; plain ones, as devices send them by the megabyte, are told at once."""
    if body.isascii() and b"\\" not in body:
        return len(body.translate(None, _CONTROLS)) < len(body)
    return _SUSPECT.search(body) is not None


def _unclean_body(request: HttpRequest) -> HttpResponse | None:
    """A problem for JSON with text that cannot be kept; None for any other body, which the operation judges."""
    if request.method in {"GET", "HEAD"} or (request.content_type or "").startswith("multipart/"):
        return None
    try:
        sent = json.loads(request.body) if _is_suspect(request.body) else None
    except (ValueError, RecursionError, RequestDataTooBig):
        return None
    faults = [(path, texts.message(found)) for path, found in texts.unclean_at(sent)]
    return problems.faulty(faults) if faults else None


def _language(request: HttpRequest) -> str:
    """A program says which language it wants; without that, as for pages."""
    if "Accept-Language" in request.headers and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        return translation.get_language_from_request(request)
    return translation.get_language() or settings.LANGUAGE_CODE
