"""The statistician of one school, with a phone in hand: this month's bill, a slip, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import browsing
from tests.journeys.visitor import Visitor

SCHOOL, NAME, NEIGHBOUR = "WC041", "武昌区临江初级中学", "WC042"
MONTH = "2024-02"
"""After the last month of the demonstration, so that nothing else is told of it."""


@pytest.fixture
def viewport() -> dict[str, int]:
    return browsing.PHONE


def test_a_bill_is_entered_and_corrected_and_both_stay_to_be_seen(
    visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    statistician = visit("statistician")
    assert statistician.path == f"/institutions/{SCHOOL}/", "her school is her home"
    scan = tmp_path / "scan.txt"
    scan.write_text("the bill", encoding="utf-8")

    statistician.follow("Enter a bill")
    statistician.fill(period=MONTH, carrier="electricity", quantity="２１，３４０", unit="kWh", cost="17,000.50")
    statistician.fill(bill_no="DL-2024-02", evidence=scan)
    statistician.press("Enter into the ledger")
    statistician.sees(f"{NAME} · {MONTH}", "21,340kWh", "¥17,000.50", "counts")

    statistician.follow("Correct")
    statistician.fill(quantity="12,340", reason="two digits swapped")
    statistician.press("Save the correction")
    statistician.sees(f"{NAME} · {MONTH}", "12,340kWh", "counts")
    history = statistician.card("Corrections")
    expect(history.locator("tbody tr")).to_have_count(2)
    expect(history.locator("tbody tr").nth(0)).to_contain_text("21,340")
    expect(history.locator("tbody tr").nth(1)).to_contain_text("12,340")
    expect(history).to_contain_text("two digits swapped")
    assert statistician.download(statistician.card("Evidence").get_by_role("link")) == b"the bill"

    history.get_by_role("link").first.click()
    statistician.sees("This figure was replaced.")

    statistician.open(f"/institutions/{SCHOOL}/?year=2024")
    electricity = statistician.row("Electricity", "kWh")
    expect(electricity.locator("td").nth(1)).to_have_text("12,340")
    expect(electricity.locator("td").last).to_have_text("12,340")


def test_she_finds_her_own_school_and_no_other(visit: Callable[..., Visitor]) -> None:
    statistician = visit("statistician", strict=False)  # refusals are what is looked for
    statistician.go("Register")
    expect(statistician.main.locator("tbody tr")).to_have_count(1)
    statistician.sees(NAME)
    statistician.go("Ledger")
    assert set(statistician.main.locator("tbody th").all_inner_texts()) == {NAME}
    assert "Regions" not in statistician.menu
    statistician.open("/register/regions/")
    statistician.sees("No region is yours to change")
    for address in (f"/institutions/{NEIGHBOUR}/", f"/register/of/{NEIGHBOUR}/", "/regions/GB-CAM/"):
        assert statistician.page.goto(address).status == 404, address
    statistician.open(f"/search/?q={NEIGHBOUR}")
    statistician.sees("Nothing found")
