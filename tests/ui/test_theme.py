"""Light or dark: as the browser prefers, until somebody chooses; charts follow, and nothing flashes."""

from __future__ import annotations

from typing import Any

from tests.browsing import DESK, opened
from tests.cast import Cast

LOOK = "document.documentElement.dataset.bsTheme"
INK = "getComputedStyle(document.documentElement).getPropertyValue('--nt-muted').trim()"


FILLS = "[...document.querySelectorAll('.chart-canvas svg text')].map(one => one.getAttribute('fill'))"


def drawn_in(screen: Any) -> str:
    """The colour of words by the look in force, once the charts are drawn in it."""
    wait_for(screen, f"{FILLS}.includes({INK})")
    return str(screen.evaluate(INK))


def wait_for(screen: Any, true: str) -> None:
    """Wait until something is true on the page, whose policy keeps scripts from asking by themselves."""
    for _moment in range(100):
        if screen.evaluate(true):
            return
        screen.wait_for_timeout(50)
    raise AssertionError(f"never true: {true}")


def test_the_look_follows_the_browser_until_somebody_chooses(cast: Cast, live_server: Any, browser: Any) -> None:
    with opened(browser, DESK, live_server.url, strict=True) as screen:
        session = cast.client("admin").cookies["sessionid"].value
        cookies = {"sessionid": session, "django_language": "en"}
        screen.context.add_cookies(
            [{"name": name, "value": text, "url": live_server.url} for name, text in cookies.items()]
        )
        screen.emulate_media(color_scheme="dark")
        screen.goto("/ui/gallery/")
        dark = drawn_in(screen)
        assert screen.evaluate(LOOK) == "dark"
        screen.emulate_media(color_scheme="light")
        wait_for(screen, f"{LOOK} === 'light'")
        assert drawn_in(screen) != dark
        screen.evaluate("document.querySelector('[data-theme-choice=dark]').click()")
        assert (screen.evaluate(LOOK), drawn_in(screen)) == ("dark", dark)
        screen.reload()
        assert (screen.evaluate(LOOK), drawn_in(screen)) == ("dark", dark), "what was chosen wins over the browser"
        screen.evaluate("document.querySelector('[data-theme-choice=auto]').click()")
        wait_for(screen, f"{LOOK} === 'light'")


def test_the_look_is_settled_before_anything_is_painted(cast: Cast) -> None:
    client = cast.client("district")
    client.cookies["theme"] = "dark"
    text = client.get("/search/").content.decode() or client.get("/").content.decode()
    head = text.split("</head>")[0]
    assert 'data-bs-theme="dark"' in head.split("<head>")[0]
    script = head.index("ui/theme")
    assert script < head.index('rel="stylesheet"')
    assert "defer" not in head[script : head.index("</script>", script)]
