"""The ring of carriers and the words beside it lie within their card, also while a part grows under the pointer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from nengtan.identity.access import system_actor
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.registry.services import set_attribute
from tests.cast import PASSWORD, Cast

USED = (
    ("electricity", "kWh", 300000), ("natural_gas", "m3", 9000), ("lpg", "kg", 6000), ("gasoline", "L", 8000),
    ("diesel", "L", 8000), ("heat", "GJ", 900),
)  # fmt: skip

OUTSIDE = """() => {
  const card = document.querySelector("#structure .chart-canvas");
  const frame = card.getBoundingClientRect();
  const outside = (box) => box.width && (box.left < frame.left || box.right > frame.right + 1
    || box.top < frame.top || box.bottom > frame.bottom + 1);
  return [...card.querySelectorAll("svg path, svg text")]
    .map((part) => [part.textContent, part.getBoundingClientRect()])
    .filter(([_words, box]) => outside(box))
    .map(([words, box]) => [words, box.left - frame.left, box.right - frame.right, box.bottom - frame.bottom]);
}"""


@pytest.fixture(params=[390, 1100, 1440, 1920], ids=str)
def viewport(request: pytest.FixtureRequest) -> dict[str, int]:
    return {"width": request.param, "height": 900}


@pytest.fixture
def school(cast: Cast) -> Cast:
    body = cast.institutions["school"]
    set_attribute(system_actor(), body, "area_m2", date(2020, 1, 1), Decimal(20000))
    for carrier, unit, quantity in USED:
        enter_fact(system_actor(), FactInput(body, carrier, 202310, Decimal(quantity), unit, Decimal(1)))
    return cast


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_of_the_ring_is_cut_off(page: Any, school: Cast, language: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto("/sign-in/")
    page.evaluate(f"document.cookie = 'django_language={language}; Path=/'")
    page.fill("[name=username]", "statistician")
    page.fill("[name=password]", PASSWORD)
    page.click("form button[type=submit]")
    page.goto("/institutions/420106-S1/?year=2023")
    ring = page.locator("#structure svg path").first
    ring.scroll_into_view_if_needed()
    assert page.evaluate(OUTSIDE) == []
    ring.hover(force=True)
    page.wait_for_timeout(400)
    assert page.evaluate(OUTSIDE) == []
