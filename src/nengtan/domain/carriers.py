"""Energy and resource carriers (用能品种), their units, and the way to each carrier's base unit.

Every account is kept in one base unit a carrier (electricity kWh, gas m3, petrol L …). What a person typed is turned
into that unit once, here; a unit that does not belong to the carrier is refused with the units that do.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from nengtan.domain.exact import product

__all__ = ["Carrier", "Carriers", "Category", "Unit", "UnitNotAllowed", "UnknownCarrier", "to_base"]


class Category(StrEnum):
    """What a carrier's quantity counts towards."""

    ENERGY = "energy"
    WATER = "water"
    MEMO = "memo"


class UnknownCarrier(KeyError):
    """No carrier has this code; ``found`` and ``allowed`` say what was asked for and what there is."""

    def __init__(self, found: str, allowed: Iterable[str]) -> None:
        super().__init__(found)
        self.found = found
        self.allowed = tuple(allowed)

    def __str__(self) -> str:
        return f"unknown carrier {self.found!r}; allowed: {', '.join(self.allowed)}"


class UnitNotAllowed(ValueError):
    """The unit does not belong to the carrier; ``found`` and ``allowed`` are unit codes."""

    def __init__(self, carrier: str, found: str, allowed: Iterable[str]) -> None:
        self.carrier = carrier
        self.found = found
        self.allowed = tuple(allowed)
        super().__init__(f"{carrier} is not measured in {found!r}; allowed: {', '.join(self.allowed)}")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure (计量单位); ``scale`` is its size within its dimension, for money and area headings."""

    code: str
    symbol: str
    dimension: str
    name_zh: str = ""
    name_en: str = ""
    scale: Decimal | None = None
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carrier:
    """An energy or resource carrier (用能品种). ``units``: multiplier to the base ``unit`` by allowed unit code.

    ``scope`` is the greenhouse-gas scope: 1 burnt here, 2 bought ready (electricity, heat, cooling), None for water and
    memo items.
    """

    code: str
    name_zh: str
    name_en: str
    unit: str
    category: Category
    scope: int | None
    units: Mapping[str, Decimal] = field(hash=False)
    colour: str
    indicator_zh: str = ""
    indicator_en: str = ""

    @property
    def is_energy(self) -> bool:
        return self.category is Category.ENERGY

    @property
    def is_water(self) -> bool:
        return self.category is Category.WATER

    @property
    def is_memo(self) -> bool:
        return self.category is Category.MEMO


class Carriers(Mapping[str, Carrier]):
    """All carriers by code, in display order.

    >>> carriers = Carriers([Carrier("water", "水", "Water", "m3", Category.WATER, None, {"m3": Decimal(1)}, "water")])
    >>> carriers["water"].unit
    'm3'
    >>> carriers["steam"]
    Traceback (most recent call last):
    nengtan.domain.carriers.UnknownCarrier: unknown carrier 'steam'; allowed: water
    """

    def __init__(self, carriers: Iterable[Carrier]) -> None:
        self._by_code = {carrier.code: carrier for carrier in carriers}

    def __getitem__(self, code: str) -> Carrier:
        try:
            return self._by_code[code]
        except KeyError:
            raise UnknownCarrier(code, self._by_code) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)

    @property
    def energy(self) -> tuple[Carrier, ...]:
        """Those that count towards comprehensive energy (综合能耗)."""
        return tuple(carrier for carrier in self._by_code.values() if carrier.is_energy)


def to_base(carrier: Carrier, quantity: Decimal, unit: str) -> Decimal:
    """Turn a quantity in ``unit`` into the carrier's base unit, exactly.

    >>> power = Carrier("electricity", "电", "Electricity", "kWh", Category.ENERGY, 2,
    ...                 {"kWh": Decimal(1), "10MWh": Decimal(10000)}, "electricity")
    >>> to_base(power, Decimal("643"), "10MWh")
    Decimal('6430000')
    >>> to_base(power, Decimal("1"), "t")
    Traceback (most recent call last):
    nengtan.domain.carriers.UnitNotAllowed: electricity is not measured in 't'; allowed: kWh, 10MWh
    """
    try:
        multiplier = carrier.units[unit]
    except KeyError:
        raise UnitNotAllowed(carrier.code, unit, carrier.units) from None
    return product(quantity, multiplier)
