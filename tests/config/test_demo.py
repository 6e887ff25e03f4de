"""What ``nengtan demo`` does once the site answers."""

from __future__ import annotations

import sys
import webbrowser

import pytest

from nengtan.config import demo

ADDRESS = "http://127.0.0.1:8600/"


@pytest.mark.parametrize(
    ("terminal", "platform", "display", "opened"),
    [
        (True, "linux", ":0", [ADDRESS]),
        (True, "linux", "", []),
        (True, "darwin", "", [ADDRESS]),
        (True, "win32", "", [ADDRESS]),
        (False, "linux", ":0", []),
    ],
)
def test_a_browser_is_opened_for_somebody_who_sits_in_front_of_one(
    terminal: bool, platform: str, display: str, opened: list[str],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", asked.append)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", display)
    demo.show(ADDRESS)
    assert asked == opened
    assert ADDRESS in capsys.readouterr().out
