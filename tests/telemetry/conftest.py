"""The command as a person runs it, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

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
