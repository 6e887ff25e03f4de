"""How much of each carrier an institution uses in a month, before anything is written on a bill."""

from collections.abc import Mapping
from functools import cache

from nengtan.demo.model import Institution, chance, in_force, months
from nengtan.demo.tables import keyed, table
from nengtan.domain import periods

__all__ = ["Series", "archetype_of", "hvac_part", "series_of"]

Series = dict[int, float]
"""Quantity by month, in the base unit of the carrier."""

_ENERGY_SPREAD, _MONTH_SPREAD = 0.16, 0.035
_LITRES_PER_VEHICLE = {"gasoline": 96.0, "diesel": 255.0}
_STEAM_GJ, _STEAM_HEATING_GJ = 260.0, 190.0


def archetype_of(institution: Institution) -> Mapping[str, str]:
    """The profile of its kind of house: intensities, parts of load, tariff."""
    return keyed("archetypes", "archetype")[institution.archetype,]


def series_of(seed: int, institution: Institution, carrier: str) -> Series:
    """Its consumption of one carrier in every month it existed.

    References:
        Levels follow the published averages of public institutions in the reference data; weather, activity and
        prices are made up to look like Wuhan's, see the data files of the room.
    """
    draw = chance(seed, institution.code, carrier)
    level = 1 + draw.uniform(-_ENERGY_SPREAD, _ENERGY_SPREAD)
    usage = _USAGE[carrier]
    noise = {period: 1 + draw.uniform(-_MONTH_SPREAD, _MONTH_SPREAD) for period in months()}
    alive = [period for period in months() if institution.alive(period)]
    return {period: level * noise[period] * usage(institution, period) for period in alive}


def hvac_part(institution: Institution, period: int) -> float:
    """The part of the month's electricity that heats or cools, 0..1."""
    profile = archetype_of(institution)
    hvac = _thermal(profile, period)
    return hvac / (float(profile["base"]) + hvac)


@cache
def _weather(period: int, key: str) -> float:
    return float(keyed("weather", "year", "month")[str(periods.year(period)), str(periods.month(period))][key])


def _thermal(profile: Mapping[str, str], period: int) -> float:
    cooling = float(profile["cooling"]) * _weather(period, "cooling")
    return cooling + float(profile["heating"]) * _weather(period, "heating")


@cache
def _activity(name: str, period: int) -> float:
    return float(keyed("activity", "activity")[name,][f"m{periods.month(period):02d}"])


@cache
def _effect(group: str, period: int) -> float:
    """What the year, and the last quarter of 2022, did to a group of houses."""
    found = 1.0
    for row in table("effects"):
        if row["group"] == group and int(row["first"]) <= period <= int(row["last"]):
            found *= float(row["factor"])
    return found


def _busy(institution: Institution, period: int) -> float:
    profile = archetype_of(institution)
    return _activity(profile["activity"], period) * _effect(profile["group"], period)


def _electricity(institution: Institution, period: int) -> float:
    profile = archetype_of(institution)
    load = float(profile["base"]) + _thermal(profile, period)
    area = in_force(institution.area, period)
    return area * float(profile["kwh_per_m2"]) / 12 * load * _busy(institution, period)


def _water(institution: Institution, period: int) -> float:
    profile = archetype_of(institution)
    summer = 1 + 0.08 * _weather(period, "cooling")
    persons = in_force(institution.persons, period)
    return persons * float(profile["water_m3_per_person"]) / 12 * summer * _busy(institution, period)


def _natural_gas(institution: Institution, period: int) -> float:
    profile = archetype_of(institution)
    kitchen = in_force(institution.persons, period) * float(profile["canteen_gas_m3_per_person"]) / 12
    boiler = in_force(institution.area, period) * float(profile["boiler_gas_m3_per_m2"]) / 12
    return (kitchen + boiler * (0.35 + 0.65 * _weather(period, "heating"))) * _busy(institution, period)


def _lpg(institution: Institution, period: int) -> float:
    per_person = float(archetype_of(institution)["lpg_kg_per_person"]) / 12
    return in_force(institution.persons, period) * per_person * _busy(institution, period)


def _gasoline(institution: Institution, period: int) -> float:
    group = archetype_of(institution)["group"]
    return institution.gasoline_vehicles * _LITRES_PER_VEHICLE["gasoline"] * _effect(group, period)


def _diesel(institution: Institution, period: int) -> float:
    group = archetype_of(institution)["group"]
    return institution.diesel_vehicles * _LITRES_PER_VEHICLE["diesel"] * _effect(group, period)


def _heat(institution: Institution, period: int) -> float:
    """Bought steam of a hospital: sterilising and laundry all year, wards in winter."""
    return (_STEAM_GJ + _STEAM_HEATING_GJ * _weather(period, "heating")) * _busy(institution, period)


def _pv(institution: Institution, period: int) -> float:
    return institution.pv_kw * float(keyed("solar", "month")[str(periods.month(period)),]["kwh_per_kw"])


_USAGE = {
    "electricity": _electricity,
    "water": _water,
    "natural_gas": _natural_gas,
    "lpg": _lpg,
    "gasoline": _gasoline,
    "diesel": _diesel,
    "heat": _heat,
    "pv_generation": _pv,
}
