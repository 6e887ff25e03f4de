"""One quantity converted, with the factors that did it."""

from decimal import Decimal

import pytest

from nengtan import reference
from nengtan.domain.carriers import UnitNotAllowed, UnknownCarrier
from nengtan.domain.convert import Conversion, convert
from nengtan.domain.factors import Kind, PlaceLevel, Reason, Rule


def converted(carrier: str, quantity: str, unit: str, region: str = "420106", year: int = 2023) -> Conversion:
    chain = reference.region_chain(region)
    return convert(reference.carriers(), reference.factor_library(), carrier, Decimal(quantity), unit, chain, year)


@pytest.mark.parametrize(
    ("carrier", "quantity", "unit", "tce", "tco2"),
    [
        ("electricity", "10000", "kWh", "1.229", "4.044"),
        ("electricity", "1", "10MWh", "1.229", "4.044"),
        ("coal", "1", "t", "0.7143", "2.429"),
        ("natural_gas", "10000", "m3", "13.3", "21.84"),
        ("gasoline", "1000", "L", "1.074122", "2.179"),
        ("diesel", "1000", "L", "1.238535", "2.718"),
        ("kerosene", "1000", "L", "1.206548", "2.539"),
        ("fuel_oil", "1000", "L", "1.314312", "2.978"),
        ("lpg", "1", "t", "1.7143", "3.166"),
        ("manufactured_gas", "10000", "m3", "3.5701", "6.997"),
        ("heat", "100", "GJ", "3.412", "11"),
    ],
)
def test_shipped_factors(carrier: str, quantity: str, unit: str, tce: str, tco2: str) -> None:
    done = converted(carrier, quantity, unit)
    assert (done.tce, done.tco2) == (Decimal(tce), Decimal(tco2))


def test_gas_is_not_ten_times_too_small() -> None:
    assert converted("natural_gas", "1", "10km3").tco2 == Decimal("21.84")


def test_the_factors_used_say_whose_and_by_which_rule() -> None:
    done = converted("electricity", "1", "kWh", year=2025)
    found = {used.kind: (used.code, used.rule, used.place_level, used.year) for used in done.factors}
    assert found == {
        Kind.COAL_EQUIVALENT: ("SCH_ELEC", Rule.ALWAYS, PlaceLevel.NATION, None),
        Kind.CO2: ("ELEC_AVG_420000_2023", Rule.LATEST_EARLIER, PlaceLevel.PROVINCE, 2023),
    }
    assert all(used.source for used in done.factors)


def test_tibet_takes_the_southwest_grid() -> None:
    co2 = converted("electricity", "1000", "kWh", region="540102")
    assert co2.tco2 == Decimal("0.2472")
    assert co2.factors[-1].place_level is PlaceLevel.GRID


def test_before_the_first_published_year_there_is_no_answer() -> None:
    done = converted("electricity", "1000", "kWh", year=2020)
    assert done.tco2 is None
    assert done.tce == Decimal("0.1229")
    assert Reason.ONLY_LATER_YEARS in {entry.reason for entry in done.missing}


def test_abroad_no_chinese_factor_is_applied() -> None:
    done = converted("electricity", "1000", "kWh", region="GB-CAM")
    assert (done.tce, done.tco2, done.factors) == (None, None, ())


def test_other_energy_has_coal_equivalent_but_no_co2_factor() -> None:
    done = converted("other_energy", "2", "tce")
    assert (done.tce, done.tce_primary, done.tco2) == (2, 2, None)


def test_water_and_own_sun_convert_to_nothing() -> None:
    assert (converted("water", "5", "t").tce, converted("pv_generation", "5", "kWh").tco2) == (None, None)


def test_bad_use_is_refused() -> None:
    with pytest.raises(UnitNotAllowed):
        converted("electricity", "1", "t")
    with pytest.raises(UnknownCarrier):
        converted("steam", "1", "t")
