"""Sources of the carbon inventories: the boundary, factors in the unit of their source, words that name one source."""

from __future__ import annotations

import pytest

from nengtan import reference
from nengtan.domain.carbon.claims import Use
from nengtan.domain.carbon.inventory import Gwp, Part, Supply
from nengtan.domain.factors import Kind

SOURCES = reference.carbon_sources()


def test_the_statutory_boundary_is_fuels_power_and_heat() -> None:
    statutory = {source.code for source in SOURCES.values() if source.is_statutory}
    assert statutory == {
        "coal", "natural_gas", "manufactured_gas", "lpg", "gasoline", "diesel", "kerosene", "fuel_oil", "anthracite",
        "bituminous", "coke_oven_gas", "other_energy", "electricity", "pv_generation", "heat", "cooling",
    }  # fmt: skip
    energy = {carrier.code for carrier in reference.carriers().values() if carrier.is_energy}
    assert energy <= statutory


def test_kinds_of_supply() -> None:
    assert SOURCES["electricity"].kinds == tuple(Supply)
    assert SOURCES["heat"].kinds == (Supply.PURCHASED, Supply.PASSED_ON)
    others = [source for source in SOURCES.values() if source.part in (Part.DIRECT, Part.OTHER)]
    assert {source.kinds for source in others} == {(Supply.PURCHASED,)}


@pytest.mark.parametrize("code", SOURCES)
def test_a_named_factor_exists_in_the_unit_of_its_source(code: str) -> None:
    source, library = SOURCES[code], reference.carbon_library()
    assert source.units[source.unit] == 1
    found = [library.by_id(source.factor.format(gwp=gwp)) for gwp in Gwp] if source.factor else []
    assert not source.factor or any(found)
    assert {factor.per_unit for factor in found if factor} <= {source.unit}
    assert not any("RECALLED" in factor.source for factor in found if factor)


@pytest.mark.parametrize(("word", "code"), [
    ("市电", "electricity"), ("烟煤", "bituminous"), ("七氟丙烷", "r227ea"), ("tap water", "water"), ("R 32", "r32"),
])  # fmt: skip
def test_a_word_names_a_source(word: str, code: str) -> None:
    assert reference.carbon_source_of_word(word) is SOURCES[code]


def test_residual_factors_are_of_the_market_alone() -> None:
    library, chain = reference.carbon_library(), reference.region_chain("420106")
    found = {basis: library.choose(Kind.CO2, "electricity", chain, 2022, basis) for basis in ("location", "market")}
    assert {basis: str(choice.factor.value) for basis, choice in found.items()} == {  # type: ignore[union-attr]
        "location": "0.4364", "market": "0.5856",
    }  # fmt: skip


def test_every_factor_of_power_says_what_it_is_for() -> None:
    assert {use for _factor, use in reference.power_factors()} == set(Use)
