"""Quantities become the carrier's base unit, exactly or not at all."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan import reference
from nengtan.domain.carriers import Carrier, UnitNotAllowed, UnknownCarrier, to_base
from tests.domain.strategies import CARRIERS, POWER, quantities

PAIRS = [(carrier, unit) for carrier in reference.carriers().values() for unit in carrier.units]


@pytest.mark.parametrize(
    ("carrier", "quantity", "unit", "base"),
    [
        ("electricity", "643", "10MWh", "6430000"),
        ("electricity", "1.5", "GWh", "1500000"),
        ("coal", "2500", "kg", "2.5"),
        ("natural_gas", "1.0482", "10km3", "10482"),
        ("lpg", "0.5", "t", "500"),
        ("heat", "1000", "MJ", "1"),
        ("heat", "1000", "kWh", "3.6"),
        ("cooling", "1", "MWh", "3.6"),
        ("water", "12", "t", "12"),
        ("other_energy", "300", "kgce", "0.3"),
    ],
)
def test_units_people_use(carrier: str, quantity: str, unit: str, base: str) -> None:
    assert to_base(reference.carriers()[carrier], Decimal(quantity), unit) == Decimal(base)


def test_petrol_by_weight_uses_the_shipped_density() -> None:
    litres = to_base(reference.carriers()["gasoline"], Decimal("0.73"), "kg")
    assert round(litres, 20) == 1


@given(pair=st.sampled_from(PAIRS), quantity=quantities)
def test_conversion_is_exactly_proportional(pair: tuple[Carrier, str], quantity: Decimal) -> None:
    carrier, unit = pair
    assert Fraction(to_base(carrier, quantity, unit)) == Fraction(quantity) * Fraction(carrier.units[unit])


@given(quantity=quantities)
def test_the_base_unit_changes_nothing(quantity: Decimal) -> None:
    assert all(to_base(carrier, quantity, carrier.unit) == quantity for carrier in reference.carriers().values())


def test_a_foreign_unit_is_refused_with_those_allowed() -> None:
    with pytest.raises(UnitNotAllowed) as refused:
        to_base(POWER, Decimal(1), "m3")
    assert (refused.value.found, refused.value.allowed) == ("m3", ("kWh",))


def test_an_unknown_carrier_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownCarrier) as refused:
        CARRIERS["steam"]
    assert refused.value.found == "steam"
    assert "natural_gas" in refused.value.allowed
    assert CARRIERS.get("steam") is None


def test_only_energy_carriers_are_energy() -> None:
    assert [carrier.code for carrier in CARRIERS.energy] == ["electricity", "natural_gas"]
