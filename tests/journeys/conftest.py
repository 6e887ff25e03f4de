"""One demonstration for all journeys; ``TOGETHER`` in tests/conftest.py keeps them in one process of the suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import browsing, machine
from tests.journeys.site import Site, served_demonstration
from tests.journeys.visitor import Visitor

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration, served; built once."""
    machine.require("chromium", "fonts")
    with served_demonstration(tmp_path_factory.mktemp("journeys") / "demonstration") as served:
        yield served


@pytest.fixture
def visit(site: Site, browser: Any, viewport: dict[str, int]) -> Iterator[Callable[..., Visitor]]:
    """Somebody with a browser of their own: ``visit("manager")`` is signed in, ``visit()`` is not.

    When the journey is over, any script error, console error, failed request or request to elsewhere fails it.
    """
    with ExitStack() as stack:

        def come(name: str = "", language: str = "en", strict: bool = True) -> Visitor:
            page = stack.enter_context(browsing.opened(browser, viewport, site.address, strict))
            page.context.add_cookies([{"name": "django_language", "value": language, "url": site.address}])
            visitor = Visitor(page, site)
            if name:
                visitor.sign_in(name)
            return visitor

        yield come


@pytest.fixture
def width(viewport: dict[str, int]) -> int:
    """The width of the screen, to tell the two runs of one journey apart."""
    return viewport["width"]
