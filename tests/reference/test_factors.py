"""Which shipped factors are defaults, and that each is what its source prints."""

from decimal import Decimal

import pytest

from nengtan import reference
from nengtan.domain.factors import Choice, Confidence, Factor, Kind, NoFactor, Reason

DEFAULTS = [factor for factor in reference.factors() if factor.default]


def ids(factors: list[Factor]) -> list[str]:
    return [factor.id for factor in factors]


def test_an_id_is_a_code_and_unique() -> None:
    assert all(factor.id == factor.code for factor in reference.factors())
    assert len(set(ids(list(reference.factors())))) == len(reference.factors())


def test_what_was_only_recalled_is_never_a_default() -> None:
    assert ids([factor for factor in DEFAULTS if factor.confidence is Confidence.GENERAL_KNOWLEDGE]) == []
    assert ids([factor for factor in DEFAULTS if "RECALLED" in factor.source]) == []


def test_a_default_has_not_been_superseded_and_has_a_source() -> None:
    assert all(factor.superseded_on is None and factor.source for factor in DEFAULTS)


def test_default_power_factors_are_the_official_averages_of_three_years() -> None:
    power = [factor for factor in DEFAULTS if factor.kind is Kind.CO2 and factor.carrier == "electricity"]
    assert len(power) == 3 * 38
    assert {factor.year for factor in power} == {2021, 2022, 2023}
    assert {factor.basis for factor in power} == {"location"}
    assert all(factor.published_on for factor in power)


@pytest.mark.parametrize(
    ("carrier", "co2", "coal"),
    [
        ("coal", "JST303_ANTHRACITE", "SCH_COAL"), ("natural_gas", "JST303_NATURAL_GAS", "SCH_NG"),
        ("manufactured_gas", "JST303_PIPELINE_GAS", "MANUF_GAS_GENERIC"), ("lpg", "JST303_LPG", "SCH_LPG"),
        ("gasoline", "JST303_GASOLINE_L", "SCH_GASOLINE_L"), ("diesel", "JST303_DIESEL_L", "SCH_DIESEL_L"),
        ("kerosene", "JST303_KEROSENE_L", "GB20_KEROSENE"), ("fuel_oil", "JST303_FUEL_OIL_L", "GB20_FUEL_OIL"),
        ("heat", "HEAT_DEFAULT_CN", "SCH_HEAT"), ("electricity", "ELEC_AVG_420000_2023", "SCH_ELEC"),
        ("other_energy", None, "SCH_OTHER"), ("cooling", None, None), ("water", None, None),
        ("pv_generation", None, None),
    ],
)  # fmt: skip
def test_the_default_of_each_carrier_in_hubei(carrier: str, co2: str | None, coal: str | None) -> None:
    library, chain = reference.factor_library(), reference.region_chain("420106")
    for kind, expected in ((Kind.CO2, co2), (Kind.COAL_EQUIVALENT, coal)):
        answer = library.choose(kind, carrier, chain, 2023)
        assert (answer.factor.id if isinstance(answer, Choice) else None) == expected


def test_no_fixed_primary_equivalent_of_power_or_heat_is_offered() -> None:
    for carrier in ("electricity", "heat"):
        answer = reference.factor_library().choose(Kind.COAL_EQUIVALENT_PRIMARY, carrier, ("370000", "CN"), 2023)
        assert answer == NoFactor(Reason.NO_FACTOR_FOR_CARRIER)


def test_values_are_per_base_unit_and_the_printed_value_is_kept() -> None:
    library = reference.factor_library()
    anthracite, heat, petrol = (library.by_id(i) for i in ("JST303_ANTHRACITE", "HEAT_DEFAULT_CN", "PGHG25_GASOLINE"))
    assert anthracite is not None
    assert heat is not None
    assert petrol is not None
    assert (anthracite.value, anthracite.per_unit, anthracite.stated_unit) == (2429, "t", "kgCO2/kg")
    assert (heat.value, heat.stated_value) == (110, Decimal("0.11"))
    assert petrol.value == Decimal("2.925056") * Decimal("0.73")
    for factor in reference.factors():
        assert factor.per_unit == reference.carriers()[factor.carrier].unit
        assert factor.unit == ("kgCO2" if factor.kind is Kind.CO2 else "kgce")
        assert factor.stated_value is not None


@pytest.mark.parametrize(
    ("factor_id", "least", "most"),
    [("natural_gas", "1.8", "2.3"), ("coal", "1000", "2800"), ("gasoline", "2", "2.4"), ("diesel", "2.5", "2.8")],
)
def test_no_fuel_factor_is_off_by_a_power_of_ten(factor_id: str, least: str, most: str) -> None:
    held = reference.factor_library().of(Kind.CO2, factor_id)
    assert held
    assert all(Decimal(least) <= factor.value <= Decimal(most) for factor in held)


def test_power_factors_lie_between_hydro_and_coal() -> None:
    assert all(
        Decimal("0.05") < f.value < Decimal("1.0")
        for f in DEFAULTS
        if f.kind is Kind.CO2 and f.carrier == "electricity"
    )


def test_every_province_with_a_grid_has_a_power_factor_each_year() -> None:
    provinces = [
        code for code, region in reference.regions().items() if region.level == "province" and reference.grid_of(code)
    ]
    assert len(provinces) == 31
    for code in provinces:
        for year in (2021, 2022, 2023):
            answer = reference.factor_library().choose(Kind.CO2, "electricity", reference.region_chain(code), year)
            assert isinstance(answer, Choice)
            assert answer.factor.region != "CN"
            assert answer.exact


def test_rows_of_no_carrier_are_kept_as_published() -> None:
    categories = {row.category for row in reference.published_factors()}
    assert {"refrigerant", "waste", "transport", "food", "material", "water"} <= categories
    assert not {row.code for row in reference.published_factors() if not row.carrier} & set(
        ids(list(reference.factors()))
    )


def test_no_place_is_written_as_a_name() -> None:
    known = reference.regions().keys() | reference.grids().keys() | {"GB"}
    assert {row.region for row in reference.published_factors()} <= known
