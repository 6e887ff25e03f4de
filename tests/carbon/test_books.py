"""The inventory of an institution's year from the ledger: equal to the accounts, by hand, and what never gets in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.cache import cache
from django.utils import translation
from docx import Document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from nengtan import reference
from nengtan.carbon.books import institution_inventory, uncertainty
from nengtan.carbon.commands import carbon
from nengtan.domain.carbon.inventory import Settings, Supply
from nengtan.identity.access import Forbidden, system_actor
from nengtan.ledger.factors import FactorInput, add_factor
from nengtan.ledger.models import Origin
from nengtan.ledger.queries.accounts import accounts
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.ledger.services.closing import close_year
from nengtan.registry.models import Institution
from tests.budget import MOST_QUERIES
from tests.cast import Cast

ROOT = system_actor()
YEARS = {
    2022: {"electricity": ("8200", "kWh"), "natural_gas": ("300", "m3"), "water": ("120", "m3")},
    2023: {"electricity": ("10000", "kWh"), "natural_gas": ("250", "m3"), "water": ("100", "m3"),
           "pv_generation": ("500", "kWh")},
}  # fmt: skip


def enter(body: Institution, carrier: str, period: int, quantity: str, unit: str, **more: Any) -> None:
    enter_fact(ROOT, FactInput(body, carrier, period, Decimal(quantity), unit, **more))


@pytest.fixture
def school(cast: Cast) -> Institution:
    """Two years of a school: the same every month."""
    body: Institution = cast.institutions["school"]
    for year, held in YEARS.items():
        for carrier, (quantity, unit) in held.items():
            for month in (1, 2, 3):
                enter(body, carrier, year * 100 + month, quantity, unit)
    return body


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_by_hand(school: Institution) -> None:
    found = institution_inventory(ROOT, school, 2023)
    power, gas = Decimal("0.4044") * 30000 / 1000, Decimal("2.184") * 750 / 1000
    assert found.result.statutory_t == power + gas
    assert found.result.other_t == Decimal("0.168") * 300 / 1000
    assert found.result.statutory_market_t == Decimal("0.6096") * 30 + gas
    assert found.last is not None
    assert found.last_alike is not None
    assert found.last.statutory_t == Decimal("0.4364") * Decimal("24.6") + Decimal("2.184") * Decimal("0.9")
    assert found.last_alike.statutory_t == Decimal("0.4044") * Decimal("24.6") + Decimal("2.184") * Decimal("0.9")


@pytest.mark.parametrize("year", YEARS)
def test_the_statutory_inventory_is_scope_one_and_two_of_the_accounts(school: Institution, year: int) -> None:
    figures = accounts(ROOT, year, institution=school).total.figures
    found = institution_inventory(ROOT, school, year).result
    assert found.parts["direct"] == figures.co2_scope1_t  # type: ignore[index]
    assert found.statutory_t == figures.co2_t


def test_own_solar_power_changes_nothing(school: Institution) -> None:
    before = institution_inventory(ROOT, school, 2023).result.statutory_t
    enter(school, "pv_generation", 202304, "90000", "kWh")
    after = institution_inventory(ROOT, school, 2023)
    assert after.result.statutory_t == before
    assert Supply.OWN_PV in {line.supply for line in after.result.lines}


def test_a_closed_year_keeps_its_factors_as_the_accounts_do(school: Institution, cast: Cast) -> None:
    close_year(ROOT, cast.regions["420106"], 2023)
    add_factor(ROOT, FactorInput("co2", "electricity", "420106", Decimal("0.9"), "kWh", "later notice", year=2023))
    found = institution_inventory(ROOT, school, 2023)
    assert found.result.statutory_t == accounts(ROOT, 2023, institution=school).total.figures.co2_t
    assert found.result.statutory_t == Decimal("0.4044") * 30 + Decimal("2.184") * Decimal("0.75")
    assert found.closing is not None


def test_a_cost_without_quantity_is_lacking_and_not_nought(school: Institution) -> None:
    enter_fact(ROOT, FactInput(school, "diesel", 202305, None, "L", Decimal(800)))
    found = institution_inventory(ROOT, school, 2023).result
    assert [(lack.source, str(lack.reason)) for lack in found.lacks if lack.basis == "location"] == [
        ("diesel", "no_quantity")
    ]


def test_grades_follow_the_origin(school: Institution) -> None:
    enter(school, "gasoline", 202301, "90", "L", origin=Origin.ESTIMATE)
    enter(school, "gasoline", 202302, "10", "L", origin=Origin.METER)
    grades = {(use.carrier, use.period): use.grade for use in institution_inventory(ROOT, school, 2023).uses}
    assert grades["electricity", 202301] == "B"
    assert grades["gasoline", 202301] == "D"
    assert grades["gasoline", 202302] == "C"


def test_the_total_says_how_sure_it_is(school: Institution, cast: Cast) -> None:
    found = institution_inventory(ROOT, school, 2023)
    sure = uncertainty(found)
    assert sure is not None
    power, gas = float(found.result.parts["electricity"] or 0), float(found.result.parts["direct"] or 0)  # type: ignore[index]
    by_hand = ((power * 0.05) ** 2 + (gas * 0.05) ** 2) ** 0.5 / (power + gas)
    assert float(sure.half_width) == pytest.approx(by_hand)
    low, high = sure.interval.shares(power + gas)
    assert (-low, high) == (pytest.approx(by_hand, abs=0.003), pytest.approx(by_hand, abs=0.003))
    told = cast.client("district").get(f"/api/carbon/inventories/{school.code}?year=2023").json()
    assert told["uncertainty"]["low_t"] == pytest.approx(sure.interval.low)


def test_estimates_make_it_less_sure_and_lopsided(school: Institution) -> None:
    enter(school, "diesel", 202301, "9000", "L", origin=Origin.ESTIMATE)
    sure = uncertainty(institution_inventory(ROOT, school, 2023))
    assert sure is not None
    total = float(institution_inventory(ROOT, school, 2023).result.statutory_t or 0)
    low, high = sure.interval.shares(total)
    assert high > -low > 0.1


def test_the_fingerprint_is_of_the_figures(school: Institution) -> None:
    first = institution_inventory(ROOT, school, 2023).fingerprint
    assert institution_inventory(ROOT, school, 2023).fingerprint == first
    strict = institution_inventory(ROOT, school, 2023, Settings(second_hand="left_out"))  # type: ignore[arg-type]
    assert strict.fingerprint != first
    enter(school, "electricity", 202306, "1", "kWh")
    assert institution_inventory(ROOT, school, 2023).fingerprint != first


EXTENDED = [carrier.code for carrier in reference.carriers().values() if not carrier.is_energy]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(carrier=st.sampled_from(EXTENDED), quantity=st.integers(1, 10**6))
def test_an_extended_item_never_leaks_into_the_statutory_total(
    school: Institution, carrier: str, quantity: int
) -> None:
    before = institution_inventory(ROOT, school, 2023).result
    enter(school, carrier, 202304, str(quantity), reference.carriers()[carrier].unit, bill_no=f"{carrier}{quantity}")
    after = institution_inventory(ROOT, school, 2023).result
    assert after.statutory_t == before.statutory_t
    assert after.statutory_market_t == before.statutory_market_t
    assert after.parts == before.parts


def test_who_may_not_see_it_gets_nothing(school: Institution, cast: Cast) -> None:
    for who in ("neighbour", "public", "outsider"):
        with pytest.raises(Forbidden):
            institution_inventory(cast.actor(who), school, 2023)
        assert cast.client(who).get(f"/carbon/inventories/{school.code}/?year=2023").status_code in (403, 404)
        assert cast.client(who).get(f"/api/carbon/inventories/{school.code}?year=2023").status_code in (403, 404)


def page(cast: Cast, address: str, who: str = "district") -> str:
    client = cast.client(who)
    client.cookies["django_language"] = "en"
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_tells_all_ten_tables(school: Institution, cast: Cast) -> None:
    text = page(cast, f"/carbon/inventories/{school.code}/?year=2023")
    for words in (
        "emitted 13.77 tCO₂ in 2023", "T1 Unit and boundary", "T2 Sources", "T3 Activity data", "T4 Emission factors",
        "T5 Power by kind", "T6 Result", "T7 Intensity", "T8 Extended sources", "T9 Data quality and uncertainty",
        "T10 Declaration",
        "19.93", "Settings of the inventory", "0.4044",
    ):  # fmt: skip
        assert words in text, words
    assert "carrier=electricity" in text
    assert "/ledger/explain/" in text


@pytest.mark.parametrize("query", ["?year=2023&gwp=AR9", "?year=2023&market_green=free"])
def test_an_unknown_setting_is_refused(school: Institution, cast: Cast, query: str) -> None:
    assert cast.client("district").get(f"/carbon/inventories/{school.code}/{query}").status_code == 404
    assert cast.client("district").get(f"/api/carbon/inventories/{school.code}{query}").status_code == 422


def test_years_reported_in_part_are_not_compared(school: Institution, cast: Cast) -> None:
    address = f"/carbon/inventories/{school.code}/?year=2023"
    assert "by the same factors +15.6%" in page(cast, address)
    enter(school, "electricity", 202304, "10000", "kWh")
    text = page(cast, address)
    assert "by the same factors +" not in text
    assert "no change on it is told" in text


def test_a_year_without_figures_is_told(school: Institution, cast: Cast) -> None:
    assert "Nothing is known of the emissions" in page(cast, f"/carbon/inventories/{school.code}/?year=2019")


def test_the_list_leads_to_each_and_who_has_one_comes_to_it(school: Institution, cast: Cast) -> None:
    assert f"/carbon/inventories/{school.code}/?year=2023" in page(cast, "/carbon/inventories/?year=2023")
    answer = cast.client("statistician").get("/carbon/inventories/")
    assert answer.headers["Location"] == f"/carbon/inventories/{school.code}/"


def test_a_page_costs_few_queries(
    school: Institution, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    cache.clear()
    client = cast.client("district")
    for address in (f"/carbon/inventories/{school.code}/?year=2023", "/carbon/inventories/?year=2023"):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert client.get(address).status_code == 200


def test_the_api_tells_the_same(school: Institution, cast: Cast) -> None:
    told = cast.client("district").get(f"/api/carbon/inventories/{school.code}?year=2023").json()
    assert told["statutory_t"] == pytest.approx(13.77)
    assert told["last_year_same_factors_t"] == pytest.approx(11.91384)
    assert told["activity"][0]["grade"] == "B"
    assert told["fingerprint"] == institution_inventory(ROOT, school, 2023).fingerprint


def test_word_and_workbook_hold_the_same_figures(school: Institution, cast: Cast) -> None:
    client = cast.client("district")
    client.cookies["django_language"] = "en"
    word = client.get(f"/carbon/inventories/{school.code}/docx/?year=2023")
    document = Document(io.BytesIO(b"".join(word.streaming_content)))  # type: ignore[attr-defined]
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    assert {"13.77", "0.4044", "30,000", "Statutory inventory (by place)"} <= cells
    excel = client.get(f"/carbon/inventories/{school.code}/xlsx/?year=2023")
    book = load_workbook(io.BytesIO(b"".join(excel.streaming_content)))  # type: ignore[attr-defined]
    result = [row for sheet in book if sheet.title.startswith("T6") for row in sheet.iter_rows(values_only=True)]
    assert any(row[0] == "Statutory inventory (by place)" and row[4] == pytest.approx(13.77) for row in result)


@pytest.mark.requires("pango")
def test_pdf_is_made(school: Institution, cast: Cast) -> None:
    answer = cast.client("district").get(f"/carbon/inventories/{school.code}/pdf/?year=2023")
    assert b"".join(answer.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]


def test_a_file_of_another_kind_is_none(school: Institution, cast: Cast) -> None:
    assert cast.client("district").get(f"/carbon/inventories/{school.code}/odt/?year=2023").status_code == 404


@pytest.mark.usefixtures("english")
def test_the_command_tells_the_same(school: Institution, tmp_path: Any) -> None:
    asked = ["report", "--institution", school.code, "--year", "2023"]
    told = json.loads(CliRunner().invoke(carbon, [*asked, "--format", "json"]).stdout)
    assert told["statutory_t"] == pytest.approx(13.77)
    assert "T6 Result" in CliRunner().invoke(carbon, asked).stdout
    assert CliRunner().invoke(carbon, [*asked, "--format", "csv"]).stdout.startswith("source,name,kind")
    out = tmp_path / "report.docx"
    assert CliRunner().invoke(carbon, [*asked, "--output", str(out)]).exit_code == 0
    assert out.stat().st_size > 10_000
    assert CliRunner().invoke(carbon, [*asked, "--output", str(tmp_path / "x.odt")]).exit_code == 2
    assert CliRunner().invoke(carbon, ["report", "--institution", "none", "--year", "2023"]).exit_code == 2
