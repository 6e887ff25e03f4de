"""What the generator knows about the district before any bill is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from nengtan.domain import periods

__all__ = [
    "FIRST",
    "LAST",
    "START",
    "Building",
    "Contact",
    "Institution",
    "Site",
    "Steps",
    "chance",
    "in_force",
    "months",
]

FIRST, LAST = 202101, 202312
START = date(2021, 1, 1)
"""The day from which the first areas and headcounts hold."""

Steps = tuple[tuple[date, int], ...]
"""A value that holds from a date: (valid from, value), in date order."""


def months() -> Iterator[int]:
    """The 36 months of the demonstration."""
    yield from periods.months_between(FIRST, LAST)


def chance(seed: int, *purpose: object) -> Random:
    """A source of chance of its own for each purpose, so that adding one thing does not move the others."""
    return Random(":".join(map(str, (seed, *purpose))))


@dataclass(frozen=True)
class Contact:
    """An obviously fictitious person."""

    name: str
    phone: str


@dataclass(frozen=True)
class Site:
    """A building shared by several institutions, whose host holds the utility accounts."""

    code: str
    building_code: str
    building_name: str
    host: str
    rule: str
    year_built: int
    use: str
    floors: int
    lat: float
    lon: float
    address: str


@dataclass(frozen=True)
class Building:
    """One building; area in m2 holds from a date."""

    code: str
    name: str
    owner: str
    use: str
    year_built: int
    floors: int
    area: Steps
    share: float
    """Part of the owner's area, 0..1."""


@dataclass(frozen=True)
class Institution:
    """One public institution as it stood when it first appeared, and how it changed."""

    code: str
    name: str
    credit_code: str
    kind: str
    archetype: str
    region_code: str
    system: str
    superior_code: str
    address: str
    lat: float
    lon: float
    area: Steps
    persons: Steps
    establishment: int
    gas: bool
    lpg: bool
    heat: bool
    gasoline_vehicles: int
    diesel_vehicles: int
    ev_vehicles: int
    pv_kw: int
    site: Site | None
    share: str
    established_on: date | None
    closed_on: date | None
    contacts: tuple[Contact, Contact, Contact]

    @property
    def shares_account(self) -> bool:
        """Whether another institution's account pays for its electricity and water."""
        return self.site is not None and self.site.host != self.code

    @property
    def hosts_account(self) -> bool:
        """Whether its account pays for others too."""
        return self.site is not None and self.site.host == self.code

    @property
    def carriers(self) -> tuple[str, ...]:
        """Carriers it is expected to report, its parts of a shared account included."""
        has = {
            "electricity": True,
            "water": True,
            "natural_gas": self.gas,
            "lpg": self.lpg,
            "gasoline": self.gasoline_vehicles > 0,
            "diesel": self.diesel_vehicles > 0,
            "heat": self.heat,
            "pv_generation": self.pv_kw > 0,
        }
        return tuple(carrier for carrier, present in has.items() if present)

    def alive(self, period: int) -> bool:
        """Whether it existed in the month."""
        opened = self.established_on is None or periods.of_date(self.established_on) <= period
        return opened and (self.closed_on is None or period < periods.of_date(self.closed_on))


def in_force(steps: Steps, period: int) -> int:
    """The value in force on the last day of a month; 0 before the first."""
    end = periods.last_day(period)
    return next((value for since, value in reversed(steps) if since <= end), 0)
