"""Every page one can come to from the menu holds up: no error, nothing from elsewhere, no sideways scroll."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor

LEAST = 54
"""So many kinds of page at least are found from the menu."""

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("name", ["manager", "admin"])
def test_every_page_from_the_menu_holds_up(visit: Callable[..., Visitor], name: str) -> None:
    visitor = visit(name, language="zh-hans")
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        address = waiting.pop(0)
        visitor.open(address)
        assert visitor.page.evaluate(OVERFLOW) <= 0, f"{address} scrolls sideways"
        charts_open_their_data(visitor, address)
        for link in links(visitor):
            kind = kind_of(link)
            if kind not in seen:
                seen.add(kind)
                waiting.append(link)
    assert len(seen) >= LEAST, sorted(seen)


def links(visitor: Visitor) -> list[str]:
    """Addresses of pages the page links to; what is downloaded or opens in the drawer is none."""
    return visitor.page.eval_on_selector_all(
        "a[href]:not([download]):not([data-drawer])",
        "links => links.map(link => link.href).filter(href => href.startsWith(location.origin))"
        ".map(href => href.slice(location.origin.length).split('#')[0])",
    )


def kind_of(address: str) -> str:
    """Pages of one kind differ in their codes, numbers and questions only; each tab is a kind."""
    split = urlsplit(address)
    parts = ["*" if re.search(r"[A-Z0-9]", part) else part for part in split.path.strip("/").split("/")]
    return "/".join(parts + parse_qs(split.query).get("tab", []))


def charts_open_their_data(visitor: Visitor, address: str) -> None:
    """Every chart is drawn, and its numbers can be read as a table."""
    charts = visitor.page.locator("figure.chart")
    for chart in charts.all():
        if chart.locator(".chart-canvas").count():
            expect(chart.locator(".chart-canvas").locator("canvas, svg").first, address).to_be_attached()
        chart.locator("[data-chart-data]").click()
        table = chart.locator(".chart-data")
        expect(table, address).to_be_visible()
        assert table.locator("tbody tr").count() or not chart.locator(".chart-canvas").count(), address
        assert visitor.page.evaluate(OVERFLOW) <= 0, f"{address}: the data of a chart scroll sideways"
