"""Shared random inputs of the domain tests."""

from decimal import Decimal

from hypothesis import strategies as st

from nengtan.domain.carriers import Carrier, Carriers, Category
from nengtan.domain.factors import Factor, Kind

POWER = Carrier("electricity", "电", "Electricity", "kWh", Category.ENERGY, 2, {"kWh": Decimal(1)}, "electricity")
GAS = Carrier("natural_gas", "天然气", "Natural gas", "m3", Category.ENERGY, 1, {"m3": Decimal(1)}, "gas")
WATER = Carrier("water", "水", "Water", "m3", Category.WATER, None, {"m3": Decimal(1)}, "water")
SUN = Carrier("pv_generation", "光伏", "PV", "kWh", Category.MEMO, None, {"kWh": Decimal(1)}, "renewable")
CARRIERS = Carriers([POWER, GAS, WATER, SUN])

DISTRICT = ("420106", "420100", "420000", "GRID_CC", "CN")

quantities = st.decimals(min_value=Decimal("-1e9"), max_value=Decimal("1e12"), places=6)
amounts = st.decimals(min_value=0, max_value=Decimal("1e12"), places=6)


def factor(
    region: str,
    year: int | None,
    value: str = "0.5",
    kind: Kind = Kind.CO2,
    carrier: str = "electricity",
    **more: object,
) -> Factor:
    """A factor that matters only by where, when and how much."""
    name = f"{carrier}-{kind}-{region}-{year}-{value}-{sorted(more)}"
    return Factor(name, name, kind, carrier, region, year, Decimal(value), "kg", "unit", **more)  # type: ignore[arg-type]
