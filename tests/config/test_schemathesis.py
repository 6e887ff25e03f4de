"""Schemathesis sends the API what its description allows and what it does not: it must answer as described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from nengtan.config.wsgi import application
from tests.cast import Cast

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Requests keep the database of the test open, and refusals are no news."""
    caplog.set_level("ERROR")
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def key(cast: Cast) -> str:
    """A key of the manager of the district."""
    return cast.key("district")


description = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
OPERATIONS = {found.ok().label: found.ok() for found in description.get_all_operations()}

sparing = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_operation_answers_as_described(label: str, mode: GenerationMode, key: str, quiet: None) -> None:
    @sparing
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        case.validate_response(answer, checks=CHECKS)

    answers()
