"""Beside the form that enters a figure stand last month's and the same month last year's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from nengtan.identity.access import system_actor
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.queries.earlier import Earlier, earlier
from nengtan.ledger.services import FactInput, enter_fact, withdraw_fact
from tests.cast import PASSWORD, Cast


def enter(cast: Cast, body: str, period: int, quantity: str | None, cost: str | None, **more: Any) -> ActivityFact:
    amounts = [None if text is None else Decimal(text) for text in (quantity, cost)]
    return enter_fact(
        system_actor(), FactInput(cast.institutions[body], "electricity", period, amounts[0], "kWh", amounts[1], **more)
    )


@pytest.fixture
def bills(cast: Cast) -> Cast:
    enter(cast, "school", 202304, "1200", "780", bill_no="a")
    enter(cast, "school", 202304, "800", "520", bill_no="b")
    enter(cast, "school", 202205, "900", None)
    enter(cast, "hospital", 202304, "77777", "1")
    return cast


def test_bills_of_a_month_add_up_and_give_one_price(bills: Cast) -> None:
    found = earlier(bills.actor("statistician"), bills.institutions["school"], "electricity", 202305)
    assert found == (
        Earlier(202304, Decimal(2000), Decimal(1300), Decimal("0.65")),
        Earlier(202205, Decimal(900), None, None),
    )


def test_a_bill_without_cost_does_not_cheapen_the_price(bills: Cast) -> None:
    enter(bills, "school", 202304, "500", None, bill_no="c")
    (last_month, _last_year) = earlier(system_actor(), bills.institutions["school"], "electricity", 202305)
    assert (last_month.quantity, last_month.price) == (2500, Decimal("0.65"))


def test_what_does_not_count_is_left_out(bills: Cast) -> None:
    withdraw_fact(system_actor(), ActivityFact.objects.get(bill_no="b"), "twice")
    (last_month, _last_year) = earlier(system_actor(), bills.institutions["school"], "electricity", 202305)
    assert last_month.quantity == 1200


def english(cast: Cast, who: str) -> Any:
    """Somebody's browser, in English."""
    client = cast.client(who)
    client.cookies["django_language"] = "en"
    return client


def fragment(cast: Cast, who: str, institution: str = "420106-S1", period: str = "2023-05") -> str:
    asked = {"institution": institution, "carrier": "electricity", "period": period}
    return english(cast, who).get("/ledger/add/earlier/", asked).content.decode()


def test_quantity_unit_and_price_are_shown(bills: Cast) -> None:
    text = fragment(bills, "statistician")
    for part in ("Last month 2023-04", "2,000", "kWh", "0.6500 CNY/kWh", "Same month last year 2022-05", "900"):
        assert part in text, part
    assert "2,000" in fragment(bills, "statistician", institution="The school", period="202305")


def test_only_those_who_report_for_it_see_it(bills: Cast) -> None:
    assert "77,777" in fragment(bills, "district", institution="420106-H1")
    for who in ("statistician", "neighbour", "other"):
        assert "77,777" not in fragment(bills, who, institution="420106-H1"), who
    for who in ("outsider", "public", "service"):
        answer = bills.client(who).get("/ledger/add/earlier/?institution=420106-H1&carrier=electricity&period=2023-05")
        assert answer.status_code == 403, who


@pytest.mark.parametrize("period", ["", "May", "2023-13"])
def test_until_all_is_chosen_it_says_what_will_stand_there(bills: Cast, period: str) -> None:
    assert "stand here" in fragment(bills, "statistician", period=period)


def test_the_form_begins_with_it_where_all_is_known(bills: Cast) -> None:
    client = english(bills, "statistician")
    address = "/ledger/add/?institution=420106-S1&carrier=electricity&period=2023-05"
    assert "0.6500 CNY/kWh" in client.get(address).content.decode()
    fact = enter(bills, "school", 202305, "1", "1")
    shown = client.get(f"/ledger/facts/{fact.pk}/correct/").content.decode()
    assert "0.6500 CNY/kWh" in shown


@pytest.mark.django_db(transaction=True)
def test_it_follows_what_is_chosen(page: Any, bills: Cast) -> None:
    page.goto("/sign-in/")
    page.fill("[name=username]", "statistician")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit], form button[type=submit]")
    page.goto("/ledger/add/")
    page.fill("#id_institution", "420106-S1")
    page.fill("#id_period", "2023-05")
    page.select_option("#id_carrier", "electricity")
    panel = page.locator("aside[hx-get]")
    expect(panel).to_contain_text("2,000")
    page.fill("#id_period", "2022-06")
    page.locator("#id_quantity").focus()
    expect(panel).to_contain_text("900")
