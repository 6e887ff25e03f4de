"""Figures others have published, computed again: what agrees, and what cannot (docs/domain/published-cases.md)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from nengtan import reference
from nengtan.domain.accounts import Figures, Use, account, intensities
from nengtan.domain.convert import Conversion, convert
from nengtan.domain.exact import product, ratio
from nengtan.domain.factors import Choice, FactorLibrary, Kind

WUCHANG = reference.region_chain("420106")


def accounts(year: int, **quantities: str) -> Figures:
    uses = [Use(carrier, year, WUCHANG, Decimal(quantity)) for carrier, quantity in quantities.items()]
    return account(uses, reference.carriers(), reference.factor_library())


def power(ten_thousand_kwh: str, year: int) -> Conversion:
    library = reference.factor_library()
    return convert(reference.carriers(), library, "electricity", Decimal(ten_thousand_kwh), "10MWh", WUCHANG, year)


def value_of(factor_id: str) -> Decimal:
    factor = reference.factor_library().by_id(factor_id)
    assert factor is not None
    return factor.value


def divided(numerator: str | Decimal, denominator: str | Decimal) -> Decimal:
    found = ratio(Decimal(numerator), Decimal(denominator))
    assert found is not None
    return found


# --- A school in Hubei, 2023, JS/T 303 chapter 8


def test_a_school_in_hubei_by_the_formula_of_the_sector_standard() -> None:
    figures = accounts(2023, electricity="361480", natural_gas="10482", gasoline="1312")
    assert figures.co2_t == Decimal("171.934048")
    assert figures.co2_scope2_t == Decimal("146.182512")
    assert figures.co2_scope1_t == Decimal("25.751536")
    assert {use.factor_id for use in figures.factors if use.kind is Kind.CO2} == {
        "ELEC_AVG_420000_2023",
        "JST303_NATURAL_GAS",
        "JST303_GASOLINE_L",
    }


def test_natural_gas_is_21_84_tonnes_a_ten_thousand_cubic_metres() -> None:
    assert accounts(2023, natural_gas="10000").co2_t == Decimal("21.84")
    enterprise = value_of("PGHG25_NATURAL_GAS")
    assert divided(enterprise, "2.184") == pytest.approx(
        Decimal("0.99"), abs=Decimal("0.0001")
    )  # oxidation 0.99 against 1


# --- The factors agencies used, recovered from published totals


@pytest.mark.parametrize(
    ("factor_id", "recovered"),
    [
        ("SCH_ELEC", Decimal("0.1229")),
        ("SCH_COAL", Decimal("714.3")),
        ("SCH_NG", Decimal("1.33")),
        ("SCH_GASOLINE_L", Decimal("1.4714") * Decimal("0.73")),
        ("SCH_DIESEL_L", Decimal("1.4571") * Decimal("0.85")),
        ("SCH_LPG", Decimal("1.7143")),
        ("SCH_HEAT", Decimal("0.03412") * 1000),
    ],
)
def test_scheme_factors_are_those_recovered_from_a_municipal_total(factor_id: str, recovered: Decimal) -> None:
    assert value_of(factor_id) == recovered


@pytest.mark.parametrize(
    ("carrier", "quantity", "of_2010"),
    [
        ("gasoline", "1000", "0.725 x 1.4714"),
        ("diesel", "1000", "0.83 x 1.4571"),
        ("natural_gas", "1000", "1 x 1.2143"),
    ],
)
def test_the_worked_example_of_2010_used_other_densities_and_gas(carrier: str, quantity: str, of_2010: str) -> None:
    density, per_unit = of_2010.split(" x ")
    theirs = product(Decimal(density), Decimal(per_unit))
    ours = accounts(2010, **{carrier: quantity}).energy_tce
    assert ours is not None
    change = divided(ours - theirs, theirs)
    expected = {"gasoline": "0.0069", "diesel": "0.0241", "natural_gas": "0.0953"}[carrier]
    assert round(change, 4) == Decimal(expected)


def test_the_intensities_of_the_2010_example_fit_one_total() -> None:
    printed = (Decimal("0.0204"), Decimal("0.5699"))
    shown = intensities(Figures(energy_tce=Decimal("28.494")), area_m2=Decimal(1400), persons=Decimal(50))
    assert shown.kgce_per_m2 is not None
    assert shown.kgce_per_person is not None
    assert (round(shown.kgce_per_m2 / 1000, 4), round(shown.kgce_per_person / 1000, 4)) == printed
    assert round(Decimal("28.494"), 2) == Decimal("28.49")


def test_water_is_not_in_comprehensive_energy() -> None:
    with_water = accounts(2010, electricity="1000", water="5000")
    assert with_water.energy_tce == accounts(2010, electricity="1000").energy_tce == Decimal("0.1229")


# --- Wuchang, the trusteeship of 115 institutions


def test_wuchang_42_gwh_in_coal_equivalent_and_per_area() -> None:
    figures = accounts(2023, electricity="42000000")
    assert figures.energy_tce == Decimal("5161.8")
    shown = intensities(figures, area_m2=Decimal(1_200_000), persons=None)
    assert shown.kwh_per_m2 == 35
    assert shown.kgce_per_m2 == Decimal("4.3015")


def test_wuchang_saving_is_the_promised_share() -> None:
    assert divided("643", "4200") > Decimal("0.15")
    assert divided("643", "4200") < Decimal("0.155")


@pytest.mark.parametrize(
    ("yuan", "kwh", "price"), [("133.4", "177.8", "0.750"), ("482", "643", "0.750"), ("63.8", "85", "0.751")]
)
def test_wuchang_money_and_power_agree_on_one_price(yuan: str, kwh: str, price: str) -> None:
    assert round(divided(yuan, kwh), 3) == Decimal(price)


@pytest.mark.parametrize(("year", "tonnes"), [(2021, "2361.096"), (2022, "2806.052"), (2023, "2600.292")])
def test_wuchang_2900_tonnes_follow_from_no_official_factor_of_hubei(year: int, tonnes: str) -> None:
    saved = power("643", year).tco2
    assert saved == Decimal(tonnes)
    assert round(saved, -2) != 2900


def test_wuchang_2900_tonnes_follow_from_taking_coal_equivalent_for_carbon() -> None:
    implied = divided("2900000", "6430000")
    assert round(implied, 3) == Decimal("0.451")
    mistaken = divided(Decimal("0.1229") * 44, "12")
    assert round(mistaken, 4) == Decimal("0.4506")
    assert round(product(Decimal(6430), mistaken), -2) == 2900


# --- Changji, 2020


def test_changji_two_intensities_give_two_totals() -> None:
    by_area = product(Decimal(5_737_200), Decimal("35.20")) / 1000
    by_head = product(Decimal(427_464), Decimal("501.14")) / 1000
    assert (round(by_area / 10000, 2), round(by_head / 10000, 2)) == (Decimal("20.19"), Decimal("21.42"))
    assert round(divided(by_head, by_area), 2) == Decimal("1.06")


def test_changji_rounding_explains_next_to_nothing_of_the_gap() -> None:
    largest_by_area = product(Decimal(5_737_250), Decimal("35.205")) / 1000
    smallest_by_head = product(Decimal(427_464), Decimal("501.135")) / 1000
    assert divided(smallest_by_head, largest_by_area) > Decimal("1.06")


def test_changji_each_intensity_agrees_with_its_own_total_only() -> None:
    area, persons = Decimal(5_737_200), Decimal(427_464)
    by_area = intensities(Figures(energy_tce=product(area, Decimal("35.20")) / 1000), area, persons)
    assert by_area.kgce_per_m2 == Decimal("35.2")
    assert by_area.kgce_per_person is not None
    assert round(by_area.kgce_per_person, 2) == Decimal("472.44")  # 501.14 was printed


def test_changji_figures_are_the_shipped_averages() -> None:
    shipped = {found.indicator: found.value for found in reference.averages() if found.region == "652300"}
    assert shipped == {
        "kgce_per_m2": Decimal("35.2"),
        "kgce_per_person": Decimal("501.14"),
        "m3_per_person": Decimal("13.11"),
    }


# --- Factors in force: the same power, three years


def test_the_grid_alone_moved_hubei_up_and_down() -> None:
    values = {}
    for year in (2021, 2022, 2023, 2024):
        answer = reference.factor_library().choose(Kind.CO2, "electricity", WUCHANG, year)
        assert isinstance(answer, Choice)
        values[year] = (answer.factor.value, answer.exact)
    assert values == {
        2021: (Decimal("0.3672"), True),
        2022: (Decimal("0.4364"), True),
        2023: (Decimal("0.4044"), True),
        2024: (Decimal("0.4044"), False),
    }
    assert round(divided("0.4364", "0.3672") - 1, 2) == Decimal("0.19")
    assert round(divided("0.4044", "0.4364") - 1, 2) == Decimal("-0.07")


def test_a_local_factor_takes_over_without_touching_the_shipped_one() -> None:
    shipped = reference.factor_library().by_id("SCH_NG")
    assert shipped is not None
    local = replace(shipped, id="17", region="420000", value=Decimal("1.2143"), added_by="an administrator")
    library = FactorLibrary([*reference.factors(), local])
    figures = account([Use("natural_gas", 2023, WUCHANG, Decimal(1000))], reference.carriers(), library)
    assert figures.energy_tce == Decimal("1.2143")
    assert accounts(2023, natural_gas="1000").energy_tce == Decimal("1.33")
