"""The assembled API: the routers of all rooms under one roof, one way of signing in, one form of errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, get_args

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from pydantic import BaseModel

from nengtan import __version__
from nengtan.config import conditions, problems
from nengtan.identity.api_auth import authenticators
from nengtan.ui.api import PROBLEM_TYPE, Problem

ROOMS = ("identity", "ui.jobs", "registry", "telemetry", "ledger", "carbon", "reporting", "trusteeship", "dashboards")
"""Rooms that may have operations; each exports ``router`` from its ``api``."""

DESCRIPTION = """Accounts of energy, carbon, water and cost of public institutions, down to the bill behind each figure.

Sign requests with an API key: `Authorization: Bearer nt_…`. Lists come a page at a time (`page`, `page_size`, `count`).
Errors are problem+json (RFC 9457): `type`, `title`, `status`, `detail`, `errors`. Every GET answers with an `ETag`;
send it back as `If-None-Match` to get 304 when nothing changed, and as `If-Match` with PUT, PATCH or DELETE of the
same address (query and language included) to write only if nobody changed it meanwhile, else 412; PUT and PATCH
answer with the new one. What GET tells, PUT takes; fields and parameters that do not exist are refused. Words follow
`Accept-Language` (zh-hans, en)."""

REFUSALS = {
    "401": "Who asks is not known",
    "403": "Not allowed",
    "404": "Not found, or outside what you may see",
    "422": "Some values cannot be taken",
    "default": "Any other error",
}


TAG = {"type": "string", "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$'}
"""``*``, or ETags as they were given out."""


def _describe_conditions(methods: dict[str, Any], problem: dict[str, Any]) -> None:
    """Says of the operations of one address which conditions they heed."""
    read = methods.get("get")
    if read is None:
        return
    _add_header(read, "If-None-Match", "ETags you have: 304 if one of them still holds.")
    read["responses"].setdefault("304", {"description": "What you have still holds"})
    told = {"description": "Made of the content; for If-None-Match and If-Match", "schema": {"type": "string"}}
    if "200" in read["responses"]:
        read["responses"]["200"].setdefault("headers", {})["ETag"] = told
    for method in methods.keys() & {name.lower() for name in conditions.GUARDED}:
        _add_header(methods[method], "If-Match", "The ETag a GET of this address gave: 412 if it holds no more.")
        refused = {"description": "Somebody changed it meanwhile; nothing was written", "content": problem}
        methods[method]["responses"].setdefault("412", refused)


def _add_header(operation: dict[str, Any], name: str, words: str) -> None:
    held = operation.setdefault("parameters", [])
    held.append({"in": "header", "name": name, "required": False, "description": words, "schema": TAG})


class Api(NinjaAPI):
    """Ninja's API, with its errors described and what was found kept in them."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The schema, every operation with the problems it may answer."""
        schema = super().get_openapi_schema(**options)
        form = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        schema["components"]["schemas"].update({**form.pop("$defs", {}), "Problem": form})
        content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status, words in REFUSALS.items():
                    operation["responses"].setdefault(status, {"description": words, "content": content})
            _describe_conditions(methods, content)
        return schema

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """``room_function``: what generated clients call the operation."""
        room = operation.view_func.__module__.split(".")[1]
        return f"{room}_{operation.view_func.__name__}"

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext]) -> ValidationError:
        """Keeps what was sent, so that the answer can say it."""
        found = [
            (context.model, item)
            for context in error_contexts
            for item in context.pydantic_validation_error.errors(include_url=False)
        ]
        made = super().validation_error_from_error_contexts(error_contexts)
        for told, (form, item) in zip(made.errors, found, strict=True):
            told["input"] = item.get("input")
            if item["type"] == "extra_forbidden":
                told["ctx"] = {"allowed": ", ".join(_fields_at(form, item["loc"][:-1]))}
        return made


def _fields_at(form: Any, path: Iterable[Any]) -> list[str]:
    """The fields of the form that stands at a place of a body."""
    for name in path:
        if name in form.model_fields:
            form = next(_forms_in(form.model_fields[name].annotation), form)
    return list(form.model_fields)


def _forms_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _forms_in(part)


def _strict(run: Any) -> Any:
    """Have an operation refuse parameters of the query that it does not know, once who asks is known.

    A write with ``If-Match`` bears the query of the GET it is held against.
    """
    operation, read = run.__self__, run.__self__._get_values
    queries = [form for form in operation.models if form.__ninja_param_source__ == "query"]
    known = [name for form in queries for name in getattr(form, "__ninja_flatten_map__", None) or form.model_fields]

    def values(request: HttpRequest, *args: Any) -> Any:
        held = request.method in conditions.GUARDED and "If-Match" in request.headers
        if unknown := [] if held else sorted(request.GET.keys() - set(known)):
            raise ValidationError([
                {"type": "extra_query" if known else "no_query", "loc": ("query", name), "input": request.GET[name],
                 "ctx": {"allowed": ", ".join(known)}}
                for name in unknown
            ])  # fmt: skip
        return read(request, *args)

    operation._get_values = values
    return run


def _assembled() -> Api:
    made = Api(
        title="nengtan",
        version=__version__,
        description=DESCRIPTION,
        auth=authenticators,
        urls_namespace="api",
        docs_url="/docs",
        openapi_url="/openapi.json",
    )
    problems.install(made)
    made.add_decorator(_strict, mode="view")
    for room in ROOMS:
        if find_spec(f"nengtan.{room}.api") is not None:
            made.add_router("", import_module(f"nengtan.{room}.api").router)
    return made


api = _assembled()
