"""Journeys in a real browser: system Chromium, two widths, nothing loaded from elsewhere, no script error unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import machine

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def browser() -> Iterator[Any]:
    """The installed Chromium, started for one test.

    Playwright keeps an event loop running in the thread of the tests; while it runs, Django gives that thread other
    database connections than before. So it never outlives the test, and takes the connections opened meanwhile along.
    """
    machine.require("chromium", "fonts")
    from django.db import connections
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=machine.chromium_path(), args=FLAGS)
            yield chromium
            chromium.close()
            connections.close_all()


@pytest.fixture(params=[DESK, PHONE], ids=["1440", "390"])
def viewport(request: pytest.FixtureRequest) -> dict[str, int]:
    """The two widths a journey must work at."""
    return request.param


@pytest.fixture
def page(browser: Any, viewport: dict[str, int], live_server: Any) -> Iterator[Any]:
    """A fresh page on the live server; fails the test on a script error or a request to anywhere else."""
    with opened(browser, viewport, live_server.url) as fresh:
        yield fresh


@contextmanager
def opened(browser: Any, viewport: dict[str, int], home: str, strict: bool = False) -> Iterator[Any]:
    """A fresh page of a browser of its own; afterwards fails on a script error or a request to anywhere else.

    Strictly, also on anything the console calls an error and on a request that failed or was refused.
    """
    faults: list[str] = []
    context = browser.new_context(
        viewport=viewport,
        base_url=home,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        has_touch=viewport is PHONE,
        is_mobile=viewport is PHONE,
    )
    context.set_default_timeout(15_000)
    fresh = context.new_page()
    fresh.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    fresh.on("request", lambda request: note_stranger(request.url, home, faults))
    if strict:
        fresh.on("console", lambda message: note_console(message, faults))
        fresh.on("requestfailed", lambda request: note_failure(request, faults))
        fresh.on("response", lambda answer: note_refusal(answer, faults))
    yield fresh
    context.close()
    assert not faults, "\n".join(faults)


def note_console(message: Any, faults: list[str]) -> None:
    """Add what the console calls an error to the faults."""
    if message.type == "error":
        faults.append(f"console: {message.text} at {message.location.get('url')}")


def note_failure(request: Any, faults: list[str]) -> None:
    """Add a request that failed to the faults; one that a download took over or a new page overtook did not fail."""
    if request.failure != "net::ERR_ABORTED":
        faults.append(f"request failed: {request.url} {request.failure}")


def note_refusal(answer: Any, faults: list[str]) -> None:
    """Add an answer that refuses to the faults."""
    if answer.status >= 400:
        faults.append(f"answered {answer.status}: {answer.url}")


def note_stranger(url: str, home: str, faults: list[str]) -> None:
    """Add a request that leaves the house to the faults."""
    if not url.startswith((home, "data:", "blob:", "about:")):
        faults.append(f"request to another host: {url}")
