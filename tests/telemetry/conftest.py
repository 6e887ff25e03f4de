"""The command as a person runs it, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from tests.cast import Cast, cast  # noqa: F401

Clean = Callable[..., Any]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Exit code, output, errors of one command."""

    from nengtan.config import cli, group

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            group.run([str(argument) for argument in arguments], "0", cli.ROOMS)
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return call


@pytest.fixture
def clean(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> Clean:
    """Clean readings written as text (or bytes); what is printed as JSON."""

    def call(text: str | bytes, *options: object, code: int = 0, name: str = "readings.csv") -> Any:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        ended, out, err = run("meters", "clean", "--input", path, "--format", "json", *options)
        assert (ended, err) == (code, "")
        return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    return call


def empty_inbox() -> None:
    """Take everything out of an inbox in the database, and leave that alone so that it can be removed."""
    from nengtan.telemetry.inbox import open_inbox

    with open_inbox().transaction() as cursor:
        cursor.execute("DELETE FROM inbox_message")
        cursor.execute("DELETE FROM inbox_refused")


@pytest.fixture(autouse=True)
def _own_lake(settings: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test has a lake and an inbox of its own."""
    settings.LAKE, settings.INBOX = tmp_path / "lake", tmp_path / "inbox.sqlite3"
    yield
    if "db" in request.fixturenames:
        empty_inbox()


@pytest.fixture
def meter(cast: Cast) -> Any:  # noqa: F811
    """E-1, an electricity meter of the school."""
    from nengtan.identity.access import system_actor
    from nengtan.registry.services import save_meter

    return save_meter(system_actor(), cast.institutions["school"], {"code": "E-1", "carrier": "electricity"})
