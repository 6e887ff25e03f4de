"""Where the ledger holds nothing, its pages say what to do next, by the right of who asks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nengtan.identity.access import system_actor
from nengtan.identity.models import Grant
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.registry.models import Region
from tests.cast import Cast

IMPORT, ENTER = 'href="/ledger/import/"', 'href="/ledger/add/'
PAGES = ("/ledger/accounts/", "/ledger/closings/")


def main_of(cast: Cast, who: str, address: str) -> str:
    client = cast.client(who)
    client.cookies["django_language"] = "en"
    return client.get(address).content.decode().partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("who", ["admin", "district", "statistician"])
def test_who_may_enter_figures_is_led_there(cast: Cast, who: str, address: str) -> None:
    page = main_of(cast, who, address)
    assert IMPORT in page
    assert ENTER in page
    assert "Close the year" not in page


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("who", ["verifier", "public", "education"])
def test_who_may_not_is_told_whom_to_ask(cast: Cast, who: str, address: str) -> None:
    page = main_of(cast, who, address)
    assert "Ask the statistician" in page
    assert IMPORT not in page
    assert ENTER not in page


def test_a_year_without_figures_offers_the_form_for_the_institution_asked_about(cast: Cast) -> None:
    enter(cast)
    page = main_of(cast, "statistician", "/ledger/accounts/?institution=420106-S1&year=2019")
    assert "No figures for this year" in page
    assert 'href="/ledger/add/?institution=420106-S1"' in page


def test_with_figures_a_year_can_be_closed(cast: Cast) -> None:
    enter(cast)
    page = main_of(cast, "district", "/ledger/closings/")
    assert "Close the year" in page
    assert IMPORT not in page
    assert "Close a year below" in page
    assert "manager of the region closes" in main_of(cast, "statistician", "/ledger/closings/")


@pytest.mark.parametrize("address", ["/regions/420102/", "/ledger/", *PAGES])
def test_without_institutions_the_register_comes_first(cast: Cast, address: str) -> None:
    """Every row of a file of bills would be refused, so nobody is sent there."""
    advice = "Import the register of your institutions, then their bills."
    assert advice not in main_of(cast, "district", address.replace("420102", "420106"))
    empty = Region.objects.get(code="420102")
    Grant.objects.filter(user__username__in=("district", "verifier")).update(region=empty)
    page = main_of(cast, "district", address)
    assert advice in page
    assert 'href="/register/import/"' in page
    alive = main_of(cast, "district", "/register/alive/")
    assert "The register holds no institution of this year." in alive
    assert "Every institution of this year" not in alive
    assert advice not in main_of(cast, "verifier", address)


def enter(cast: Cast) -> None:
    enter_fact(system_actor(), FactInput(cast.institutions["school"], "water", 202301, Decimal(1), "m3"))
