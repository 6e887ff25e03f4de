"""Every error of the API as problem+json (RFC 9457), worded for the person who reads it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as Invalid
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from redis import RedisError

from nengtan.identity.access import NOBODY, Forbidden
from nengtan.identity.doors import refusal
from nengtan.ledger.services.posting import YearClosed
from nengtan.ui.api import PROBLEM_TYPE, Fault, Problem
from nengtan.ui.sheets.refused import Refused
from nengtan.ui.sheets.wording import refusal as file_refusal

log = logging.getLogger(__name__)

TITLES: dict[int, tuple[str, Promise]] = {
    400: ("bad-request", gettext_lazy("The request cannot be read")),
    401: ("not-signed-in", gettext_lazy("Who asks is not known")),
    403: ("forbidden", gettext_lazy("Not allowed")),
    404: ("not-found", gettext_lazy("Not found")),
    405: ("method-not-allowed", gettext_lazy("This address does not take this method")),
    409: ("conflict", gettext_lazy("In conflict with what is stored")),
    412: ("changed-meanwhile", gettext_lazy("Changed meanwhile")),
    413: ("too-large", gettext_lazy("The request is too large")),
    422: ("invalid", gettext_lazy("Some values cannot be taken")),
    429: ("too-many", gettext_lazy("Too many requests")),
    503: ("unavailable", gettext_lazy("Not to be had at the moment")),
    500: ("unexpected", gettext_lazy("Unexpected error")),
}
"""Status: stable name and title."""

TROUBLES: dict[int, Promise] = {
    409: gettext_lazy("Somebody saved the same thing at the same moment, or it is there already. Look, then try anew."),
    503: gettext_lazy("A part of the platform (Redis) does not answer. Try again in a few minutes."),
}
"""What comes of several at once, or of the machine: neither the request's fault nor the program's."""

WORDS: dict[str, Promise] = {
    "missing": gettext_lazy("This field is required."),
    "extra_forbidden": gettext_lazy("There is no such field. Allowed: %(allowed)s."),
    "extra_query": gettext_lazy("There is no such parameter. Allowed: %(allowed)s."),
    "no_query": gettext_lazy("There is no such parameter; this address takes none."),
    "int_parsing": gettext_lazy("A whole number is expected."),
    "int_type": gettext_lazy("A whole number is expected."),
    "int_from_float": gettext_lazy("A whole number is expected."),
    "int_parsing_size": gettext_lazy("The number is too large."),
    "float_parsing": gettext_lazy("A number is expected."),
    "float_type": gettext_lazy("A number is expected."),
    "decimal_parsing": gettext_lazy("A number is expected."),
    "decimal_type": gettext_lazy("A number is expected."),
    "finite_number": gettext_lazy("A number is expected."),
    "decimal_max_digits": gettext_lazy("At most %(max_digits)s digits are allowed."),
    "decimal_max_places": gettext_lazy("At most %(decimal_places)s decimal places are allowed."),
    "bool_parsing": gettext_lazy("true or false is expected."),
    "bool_type": gettext_lazy("true or false is expected."),
    "string_type": gettext_lazy("Text is expected."),
    "string_too_long": gettext_lazy("At most %(max_length)s characters are allowed."),
    "string_too_short": gettext_lazy("At least %(min_length)s characters are needed."),
    "string_pattern_mismatch": gettext_lazy("Allowed is text of the form %(pattern)s."),
    "too_long": gettext_lazy("At most %(max_length)s items are allowed."),
    "too_short": gettext_lazy("At least %(min_length)s items are needed."),
    "greater_than": gettext_lazy("Must be above %(gt)s."),
    "greater_than_equal": gettext_lazy("Must be %(ge)s or more."),
    "less_than": gettext_lazy("Must be below %(lt)s."),
    "less_than_equal": gettext_lazy("Must be %(le)s or less."),
    "enum": gettext_lazy("Allowed: %(expected)s."),
    "literal_error": gettext_lazy("Allowed: %(expected)s."),
    "list_type": gettext_lazy("A list is expected."),
    "dict_type": gettext_lazy("An object is expected."),
    "model_attributes_type": gettext_lazy("An object is expected."),
    "model_type": gettext_lazy("An object is expected."),
    "date_type": gettext_lazy("A date such as 2023-07-31 is expected."),
    "date_parsing": gettext_lazy("A date such as 2023-07-31 is expected."),
    "date_from_datetime_parsing": gettext_lazy("A date such as 2023-07-31 is expected."),
    "date_from_datetime_inexact": gettext_lazy("A date such as 2023-07-31 is expected."),
    "datetime_type": gettext_lazy("A time such as 2023-07-31T08:00:00+08:00 is expected."),
    "datetime_parsing": gettext_lazy("A time such as 2023-07-31T08:00:00+08:00 is expected."),
    "datetime_from_date_parsing": gettext_lazy("A time such as 2023-07-31T08:00:00+08:00 is expected."),
    "month": gettext_lazy("A month such as 2023-07 or 202307 is expected."),
    "timezone_aware": gettext_lazy("A time such as 2023-07-31T08:00:00+08:00 is expected."),
}
"""Kind of fault of a request (pydantic's codes): what is allowed instead."""

UNIQUE = "23505"
"""What PostgreSQL calls a second record of what there may be one of."""

LONGEST_FOUND = 120
MEGABYTE = 1024 * 1024
UNREADABLE = "Cannot parse request body"
"""What ninja says of a body that is no JSON."""


def problem(
    status: int, detail: str = "", errors: Sequence[Fault] = (), name: str = "", headers: dict[str, str] | None = None
) -> HttpResponse:
    """An error as an answer."""
    known, title = TITLES.get(status, ("", ""))
    body = Problem(
        type=f"urn:nengtan:problem:{name or known or status}",
        title=str(title) or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=list(errors),
    )
    content = json.dumps(body.dict(), ensure_ascii=False, default=str)
    return HttpResponse(content, status=status, content_type=PROBLEM_TYPE, headers=headers)


def install(api: NinjaAPI) -> None:
    """Answer every exception of an operation with a problem."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        ValidationError: _request_faults,
        Invalid: _invalid,
        Refused: lambda request, error: problem(422, file_refusal(error), name="file-refused"),
        Forbidden: _forbidden,
        PermissionDenied: lambda request, error: problem(403, str(error)),
        Http404: lambda request, error: problem(404, _("There is nothing here that you may see.")),
        YearClosed: lambda request, error: problem(409, str(error), name="year-closed"),
        AuthenticationError: _unknown,
        HttpError: _http_error,
        IntegrityError: _troubled,
        RedisError: _troubled,
        RequestDataTooBig: lambda request, error: too_large(_sent(request), settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        SuspiciousOperation: lambda request, error: problem(400),
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def trouble(error: Exception) -> int:
    """The status of what several at once or the machine brought about; 0 for any other error."""
    if isinstance(error, RedisError):
        return 503
    repeated = getattr(error.__cause__, "sqlstate", "") == UNIQUE or str(error).startswith("UNIQUE constraint")
    return 409 if isinstance(error, IntegrityError) and repeated else 0


def _troubled(request: HttpRequest, error: Exception) -> HttpResponse:
    status = trouble(error)
    return problem(status, str(TROUBLES[status])) if status else _unexpected(request, error)


def too_large(sent: int, allowed: int) -> HttpResponse:
    """A request of ``sent`` bytes where ``allowed`` are taken."""
    return problem(413, words_of_size(sent, allowed))


def words_of_size(sent: int, allowed: int) -> str:
    """How much was sent, and how much is taken."""
    words = _("%(sent)s MB were sent; at most %(allowed)s MB are taken. Send a smaller file, or several.")
    return words % {"sent": -(-sent // MEGABYTE), "allowed": allowed // MEGABYTE}


def of_status(response: HttpResponse) -> HttpResponse:
    """An answer made outside the operations (unknown address, wrong method) as a problem with the same headers."""
    made = problem(response.status_code)
    for header in ("Allow", "WWW-Authenticate", "Retry-After"):
        if response.has_header(header):
            made.headers[header] = response.headers[header]
    return made


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    said = str(error)
    return problem(error.status_code, _("The body is not readable JSON.") if said.startswith(UNREADABLE) else said)


def _sent(request: HttpRequest) -> int:
    return int(request.META.get("CONTENT_LENGTH") or 0)


def _request_faults(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(422, errors=[_fault(item) for item in error.errors])


def _fault(item: dict[str, Any]) -> Fault:
    location, *path = [str(part) for part in item.get("loc", ())] or [""]
    known = WORDS.get(item.get("type", ""))
    told = dict(item.get("ctx", {}))
    if "expected" in told and (choices := re.findall(r"'([^']*)'", str(told["expected"]))):
        told["expected"] = _(", ").join(choices)
    message = str(known) % told if known is not None else str(item.get("msg", ""))
    return Fault(location=location, field=".".join(path), message=message, found=_short(item.get("input")))


def _short(value: Any) -> Any:
    if isinstance(value, (bool, int)):
        return value if abs(value) < 2**53 else str(value)[:LONGEST_FOUND]
    return value[:LONGEST_FOUND] if isinstance(value, str) else None


def _invalid(request: HttpRequest, error: Invalid) -> HttpResponse:
    if not hasattr(error, "error_dict"):
        return problem(422, " ".join(error.messages))
    named = error.message_dict.items()
    where = "query" if request.method in {"GET", "HEAD"} else "body"
    faults = [
        Fault(location=where, field="" if name == NON_FIELD_ERRORS else name, message=message)
        for name, messages in named
        for message in messages
    ]
    return problem(422, errors=faults)


def faulty(faults: Iterable[tuple[str, str]]) -> HttpResponse:
    """Fields of a body that cannot be taken, each with why."""
    return problem(422, errors=[Fault(location="body", field=path, message=message) for path, message in faults])


def _forbidden(request: HttpRequest, error: Forbidden) -> HttpResponse:
    return problem(403, refusal(getattr(request, "actor", NOBODY), error))


def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    words = _("Send an API key as “Authorization: Bearer nt_…”, or sign in. Keys expire and can be revoked.")
    return problem(401, words, headers={"WWW-Authenticate": 'Bearer realm="nengtan"'})


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("API: %s %s failed", request.method, request.path, exc_info=error)
    return problem(500, _("The fault is in the log of the server; what you sent has changed nothing."))
