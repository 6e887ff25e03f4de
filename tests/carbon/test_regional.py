"""The carbon report of a region: equal to the accounts, causes that add up, sets of factors told, who may see it."""

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
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from nengtan.carbon.books import institution_inventory
from nengtan.carbon.commands import carbon
from nengtan.carbon.everybody import statutory_totals
from nengtan.carbon.regional import RegionInventory, region_inventory
from nengtan.identity.access import Forbidden, system_actor
from nengtan.ledger.factors import FactorInput, add_factor
from nengtan.ledger.queries.accounts import accounts
from nengtan.ledger.services import FactInput, enter_fact
from nengtan.ledger.services.closing import close_year
from tests.budget import MOST_QUERIES
from tests.cast import Cast

ROOT = system_actor()
USED = {
    "school": {2021: {"electricity": 10000, "coal": 3}, 2022: {"electricity": 10000, "natural_gas": 900},
               2023: {"electricity": 12000, "natural_gas": 1000, "water": 400, "pv_generation": 700}},
    "office": {2021: {"electricity": 5000}, 2022: {"electricity": 5000}},
    "hospital": {2023: {"electricity": 20000, "diesel": 100}},
    "neighbour_school": {2022: {"electricity": 8000}, 2023: {"electricity": 8000}},
    "other_school": {2023: {"electricity": 6000}},
}  # fmt: skip
UNITS = {"electricity": "kWh", "coal": "t", "natural_gas": "m3", "water": "m3", "pv_generation": "kWh", "diesel": "L"}


@pytest.fixture
def world(cast: Cast) -> Cast:
    """Bodies that stay, one that came and one that went, fuels given up and taken up."""
    for name, years in USED.items():
        for year, held in years.items():
            for carrier, quantity in held.items():
                enter_fact(
                    ROOT,
                    FactInput(cast.institutions[name], carrier, year * 100 + 3, Decimal(quantity), UNITS[carrier]),
                )
    return cast


def drawn(world: Cast, code: str, year: int = 2023, base: int | None = None) -> RegionInventory:
    return region_inventory(ROOT, world.regions[code], year, base)


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.parametrize("code", ["420106", "420100", "420000", "CN"])
@pytest.mark.parametrize("year", [2021, 2022, 2023])
def test_totals_are_those_of_the_accounts(world: Cast, code: str, year: int) -> None:
    found = drawn(world, code, year)
    figures = accounts(ROOT, year, region=world.regions[code]).total.figures
    assert found.result.statutory_t == (figures.co2_t or 0)
    assert sum(row.figures.co2_t or 0 for row in found.by_kind) == found.result.statutory_t
    assert sum(row.figures.co2_t or 0 for row in found.by_region) == found.result.statutory_t
    assert sum(one.t or 0 for one in found.sets) == found.result.statutory_t


@pytest.mark.parametrize(("code", "base"), [("420106", 2021), ("420106", 2022), ("420000", 2021), ("CN", 2022)])
def test_causes_add_up_with_zeros_present(world: Cast, code: str, base: int) -> None:
    found = drawn(world, code, base=base)
    assert found.drivers is not None
    assert abs(found.drivers.residual) < Decimal("1e-9")
    assert found.drivers.now == found.result.statutory_t
    assert found.base is not None
    assert found.drivers.base == found.base.current.statutory_t


def test_what_came_and_went_is_the_boundary(world: Cast) -> None:
    split = drawn(world, "420106", base=2022).drivers
    assert split is not None
    came = Decimal("0.4044") * 20 + Decimal("2.718") * 100 / 1000
    went = Decimal("0.4364") * 5
    assert split.effects["boundary"] == came - went


def test_the_grid_alone_moves_only_the_factor(world: Cast) -> None:
    split = drawn(world, "420111", base=2022).drivers
    assert split is not None
    assert split.effects["factor"] == pytest.approx(8 * (Decimal("0.4044") - Decimal("0.4364")))
    assert abs(split.effects["activity"]) + abs(split.effects["structure"]) < Decimal("1e-30")


def test_constant_factors_hold_those_of_the_base_year(world: Cast) -> None:
    found = drawn(world, "420111", base=2022)
    assert {item.year: item.constant.statutory_t for item in found.trend} == {
        2022: Decimal("0.4364") * 8,
        2023: Decimal("0.4364") * 8,
    }
    assert found.now.current.statutory_t == Decimal("0.4044") * 8


def test_provinces_of_one_notice_are_one_set(world: Cast) -> None:
    found = drawn(world, "CN")
    assert not found.mixed
    (power,) = [one for one in found.sets if one.carrier == "electricity"]
    assert len(power.factors) == 2


@pytest.fixture
def mixed(world: Cast) -> Cast:
    """A district with a factor of its own."""
    add_factor(ROOT, FactorInput("co2", "electricity", "420106", Decimal("0.5"), "kWh", "own notice", year=2023))
    return world


def test_mixed_sets_are_told_with_the_total_of_each(mixed: Cast) -> None:
    found = drawn(mixed, "420100")
    assert {(one.source, one.t) for one in found.mixed} == {
        ("own notice", Decimal("0.5") * 32),
        ("mee_2025_47", Decimal("0.4044") * 8),
    }
    told = page(mixed, "/carbon/regions/?region=420100&year=2023", "city")
    assert "Factors of different sets were used for Electricity" in told
    assert "no: mixed" in told
    answer = mixed.client("city").get("/api/carbon/regions/420100?year=2023").json()
    assert answer["mixed_factor_sets"] is True


def test_a_closed_year_keeps_its_set(world: Cast) -> None:
    close_year(ROOT, world.regions["420106"], 2023)
    add_factor(ROOT, FactorInput("co2", "electricity", "420000", Decimal("0.1"), "kWh", "later notice", year=2023))
    found = drawn(world, "420100")
    assert found.result.statutory_t == accounts(ROOT, 2023, region=world.regions["420100"]).total.figures.co2_t
    assert len(found.mixed) == 2


@pytest.mark.parametrize("who", ["education", "statistician", "service", "public", "outsider", "neighbour"])
def test_only_who_sees_every_institution_sees_the_report(world: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        region_inventory(world.actor(who), world.regions["420106"], 2023)
    assert world.client(who).get("/api/carbon/regions/420106?year=2023").status_code in (403, 404)
    assert world.client(who).get("/carbon/regions/?region=420106&year=2023").status_code in (403, 404)


def page(world: Cast, address: str, who: str = "district") -> str:
    client = world.client(who)
    client.cookies["django_language"] = "en"
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_tells_every_table(world: Cast) -> None:
    text = page(world, "/carbon/regions/?region=420106&year=2023&base=2022")
    for words in (
        "R1 By type of institution", "R1b By level and region", "R2 By source", "R3 Intensity and decline",
        "R3b Trend by both factor bases", "R3c Why emissions moved since 2022", "R4 Key users", "R5 Coverage",
        "R6 Certificates, credits and solar power", "R7 Factor sets used", "Settings of the inventory", "The hospital",
    ):  # fmt: skip
        assert words in text, words
    assert "type=021" in text


def test_who_has_no_region_is_told(world: Cast) -> None:
    assert "No region with figures is wholly yours" in page(world, "/carbon/regions/", "statistician")


@pytest.mark.parametrize("region", ["420106", "CN"])
def test_a_page_costs_few_queries(
    world: Cast, region: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for year in (2021, 2022):
        close_year(ROOT, world.regions["CN"], year)
    cache.clear()
    client = world.client("nation")
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get(f"/carbon/regions/?region={region}&year=2023").status_code == 200


def test_files_hold_the_same_figures(world: Cast) -> None:
    client = world.client("district")
    client.cookies["django_language"] = "en"
    answer = client.get("/carbon/regions/xlsx/?region=420106&year=2023")
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    rows = [row for sheet in book if sheet.title.startswith("R2") for row in sheet.iter_rows(values_only=True)]
    total = next(row for row in rows if row[0] == "Total")
    assert total[3] == pytest.approx(float(drawn(world, "420106").result.statutory_t or 0))
    assert client.get("/carbon/regions/docx/?region=420106&year=2023").status_code == 200
    assert client.get("/carbon/regions/odt/?region=420106&year=2023").status_code == 404


@pytest.mark.usefixtures("english")
def test_the_command_tells_the_same(world: Cast, tmp_path: Any) -> None:
    asked = ["report", "--region", "420106", "--year", "2023", "--base-year", "2022"]
    told = json.loads(CliRunner().invoke(carbon, [*asked, "--format", "json"]).stdout)
    causes = told["causes"]
    moved = sum(causes[f"{name}_t"] for name in ("activity", "structure", "factor", "boundary"))
    assert moved == pytest.approx(causes["now_t"] - causes["base_t"], abs=1e-5)
    assert "R3c Why emissions moved" in CliRunner().invoke(carbon, asked).stdout
    assert CliRunner().invoke(carbon, ["report", "--region", "nowhere", "--year", "2023"]).exit_code == 2
    assert CliRunner().invoke(carbon, ["report", "--year", "2023"]).exit_code == 2
    out = tmp_path / "report.xlsx"
    assert CliRunner().invoke(carbon, [*asked, "--output", str(out)]).exit_code == 0


@pytest.mark.usefixtures("english")
def test_every_institution_at_once_is_as_each_alone(world: Cast) -> None:
    enter_fact(ROOT, FactInput(world.institutions["office"], "cooling", 202303, Decimal(9), "GJ"))
    enter_fact(ROOT, FactInput(world.institutions["neighbour_school"], "water", 202304, Decimal(9), "m3"))
    rows = {row.institution: row for row in statutory_totals(ROOT, world.regions["CN"], 2023)}
    assert len(rows) == 5
    assert not statutory_totals(ROOT, world.regions["CN"], 2019)
    for name in USED:
        body = world.institutions[name]
        alone = institution_inventory(ROOT, body, 2023).result
        assert rows[body.pk].statutory_t == (alone.statutory_t if name != "office" else None), name
    assert rows[world.institutions["office"].pk].lacking == ("cooling",)
    told = json.loads(
        CliRunner().invoke(carbon, ["list", "--region", "420106", "--year", "2023", "--format", "json"]).stdout
    )
    assert [row["code"] for row in told] == ["420106-H1", "420106-S1", "420106-O1"]
    assert CliRunner().invoke(carbon, ["list", "--region", "x", "--year", "2023"]).exit_code == 2
    with pytest.raises(Forbidden):
        statutory_totals(world.actor("education"), world.regions["420106"], 2023)
