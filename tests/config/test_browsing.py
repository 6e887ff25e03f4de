"""The browser fixture itself: both widths, no stranger, no script error unseen."""

from __future__ import annotations

from typing import Any

import pytest

from tests import browsing


@pytest.mark.django_db(transaction=True)
def test_page_has_the_width_asked_for(page: Any, viewport: dict[str, int]) -> None:
    page.goto("/static/ui/vendor/vendor.json")
    assert page.evaluate("window.screen.width") == viewport["width"]


def test_requests_to_other_hosts_are_noticed() -> None:
    faults: list[str] = []
    home = "http://localhost:8081"
    for url in (f"{home}/static/a.css", "data:image/png;base64,AA==", "blob:x"):
        browsing.note_stranger(url, home, faults)
    assert not faults
    browsing.note_stranger("https://cdn.example/x.js", home, faults)
    assert faults == ["request to another host: https://cdn.example/x.js"]
