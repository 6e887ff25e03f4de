"""Shipped carriers, units and the spellings people use."""

import pytest

from nengtan import reference
from nengtan.domain.carriers import Category

FIXED = {
    "electricity": "kWh", "coal": "t", "natural_gas": "m3", "manufactured_gas": "m3", "lpg": "kg", "gasoline": "L",
    "diesel": "L", "kerosene": "L", "fuel_oil": "L", "heat": "GJ", "cooling": "GJ", "other_energy": "tce",
    "water": "m3", "pv_generation": "kWh",
}  # fmt: skip


def test_codes_and_base_units_are_those_others_build_on() -> None:
    assert {code: carrier.unit for code, carrier in reference.carriers().items()} == FIXED


def test_every_carrier_has_its_base_unit_names_and_colour() -> None:
    for carrier in reference.carriers().values():
        assert carrier.units[carrier.unit] == 1
        assert carrier.unit in reference.units()
        assert all((carrier.name_zh, carrier.name_en, carrier.indicator_zh, carrier.indicator_en, carrier.colour))


def test_scopes_and_categories() -> None:
    carriers = reference.carriers()
    assert {code for code, carrier in carriers.items() if carrier.scope == 2} == {"electricity", "heat", "cooling"}
    assert carriers["water"].category is Category.WATER
    assert carriers["pv_generation"].category is Category.MEMO
    assert all(carrier.scope in (1, 2) for carrier in carriers.energy)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kWh", "kWh"), ("千瓦时", "kWh"), ("度", "kWh"), ("ＫＷＨ", "kWh"),
        ("万kWh", "10MWh"), ("万 千瓦时", "10MWh"), ("万度", "10MWh"),
        ("MWh", "MWh"), ("m3", "m3"), ("m³", "m3"), ("㎥", "m3"), ("立方米", "m3"), ("方", "m3"), ("万m3", "10km3"),
        ("L", "L"), ("升", "L"), ("kg", "kg"), ("㎏", "kg"), ("千克", "kg"), ("公斤", "kg"), ("t", "t"), ("吨", "t"),
        ("GJ", "GJ"), ("百万千焦", "GJ"), ("MJ", "MJ"), ("吨标准煤", "tce"), ("tce", "tce"), ("千克标准煤", "kgce"),
        ("元", "CNY"), ("￥", "CNY"), ("万元", "10kCNY"), ("平方米", "m2"), ("㎡", "m2"),
        ("万平方米", "10km2"), ("人", "person"),
    ],
)  # fmt: skip
def test_spellings(text: str, code: str) -> None:
    assert reference.unit_of_spelling(text) == code


def test_an_unknown_spelling_is_not_guessed() -> None:
    assert reference.unit_of_spelling("斗") is None


def test_every_unit_code_spells_itself() -> None:
    assert all(reference.unit_of_spelling(code) == code for code in reference.units())


def test_the_words_of_spreadsheets_name_the_same_units() -> None:
    for row in reference.rows("sheet_words.csv"):
        unit, word = row.cells["key"], row.cells["word"]
        if row.cells["kind"] == "unit" and unit != "unverified":
            assert unit in reference.units(), word
            assert reference.unit_of_spelling(word) in (unit, None), word


def test_the_words_of_spreadsheets_name_known_carriers() -> None:
    named = {row.cells["key"] for row in reference.rows("sheet_words.csv") if row.cells["kind"] == "carrier"}
    assert named == reference.carriers().keys()
