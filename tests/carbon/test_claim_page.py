"""The claims checker as page and API: what it tells, what it refuses, and that factors added here are heeded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from pytest_django import DjangoAssertNumQueries

from nengtan.identity.access import system_actor
from nengtan.ledger.factors import FactorInput, add_factor
from tests.budget import MOST_QUERIES
from tests.cast import Cast

WUCHANG = {"kind": "saving", "kwh": "6430000", "claimed": "2900", "region": "420106", "year": "2023"}
ROOF = {"kind": "pv", "kwh": "180542", "claimed": "180", "region": "420106", "year": "2023"}


def page(cast: Cast, who: str = "district", **changed: str) -> str:
    client = cast.client(who)
    client.cookies["django_language"] = "en"
    answer = client.get("/carbon/claim/?" + urlencode(WUCHANG | changed))
    assert answer.status_code == 200
    return answer.content.decode()


def asked(cast: Cast, **changed: str) -> Any:
    return cast.client("district").get("/api/carbon/claim?" + urlencode(WUCHANG | changed))


def test_the_saving_of_wuchang_is_a_coal_coefficient_taken_for_carbon(cast: Cast) -> None:
    text = page(cast)
    assert "11.5% more than the 2,600.3 t of the official factor" in text
    for words in ("0.4510", "0.4044", "0.1229 kgce/kWh × 44/12 = 0.4506", "another place and year", "too high"):
        assert words in text


def test_a_roof_that_saves_more_than_coal_power_would_is_the_folk_figure(cast: Cast) -> None:
    text = page(cast, **ROOF)
    assert "0.997 kg/kWh goes round in articles (0.4 kg of coal, 0.272 kg of carbon, 0.997 kg" in text
    assert "more than if every kilowatt-hour came from fossil fuels" in text


def test_a_claim_that_agrees(cast: Cast) -> None:
    text = page(cast, claimed="2600", region="湖北省")
    assert "agrees with the official factor (2,600.3 t)" in text
    assert "yes: the official one" in text


def test_a_year_without_factors_says_so(cast: Cast) -> None:
    text = page(cast, year="1991")
    assert "stands unproved" in text
    assert "factors only for later years" in text


def test_an_earlier_factor_is_told(cast: Cast) -> None:
    assert "No factor of this year is published" in page(cast, year="2025")


@pytest.mark.parametrize(("field", "value", "words"), [
    ("kwh", "0", "a number above 0"), ("kwh", "abc", "a number such as 1234.5"), ("claimed", "", "required"),
    ("claimed", "-3", "a number above 0"), ("region", "Atlantis", "the code of a region"), ("year", "1800", "1990"),
    ("region", "鼓楼区", "Several regions are called"), ("kind", "wind", "wind"),
])  # fmt: skip
def test_what_cannot_be_taken_is_said_beside_its_field(cast: Cast, field: str, value: str, words: str) -> None:
    text = page(cast, **{field: value})
    assert "field-error" in text
    assert words in text
    assert "key-figure" not in text


@pytest.mark.parametrize("who", ["public", "statistician", "verifier"])
def test_who_sees_figures_may_ask_of_any_place(cast: Cast, who: str) -> None:
    assert "of the official factor" in page(cast, who, region="330106")


@pytest.mark.parametrize(("who", "status"), [("outsider", 403), ("anonymous", 302)])
def test_who_sees_nothing_asks_nothing(cast: Cast, who: str, status: int) -> None:
    assert cast.client(who).get("/carbon/claim/?" + urlencode(WUCHANG)).status_code == status


def test_a_page_costs_few_queries(cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    cache.clear()
    client = cast.client("district")
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/carbon/claim/?" + urlencode(WUCHANG))


def test_the_api_tells_the_same(cast: Cast) -> None:
    told = asked(cast).json()
    assert told["verdict"] == "too_high"
    assert told["official_factor"] == 0.4044
    assert told["official_t"] == pytest.approx(2600.292)
    assert told["explanations"][0]["code"] == "coal_44_12"
    assert len(told["nearest"]) == 5


@pytest.mark.parametrize(("field", "value"), [
    ("kwh", "0"), ("claimed", "-1"), ("region", "Atlantis"), ("year", "1800"), ("kind", "wind"), ("more", "1"),
])  # fmt: skip
def test_the_api_refuses_what_the_page_refuses(cast: Cast, field: str, value: str) -> None:
    answer = asked(cast, **{field: value})
    assert answer.status_code == 422
    assert field in str(answer.json()["errors"])


def test_a_factor_added_here_is_the_official_one(cast: Cast) -> None:
    new = FactorInput("co2", "electricity", "420000", Decimal("0.39"), "kWh", "notice of a later year", year=2024)
    add_factor(system_actor(), new)
    told = asked(cast, year="2024", claimed="2507.7").json()
    assert told["official_factor"] == 0.39
    assert told["verdict"] == "agrees"
    assert told["nearest"][0]["official"]
