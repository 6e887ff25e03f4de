"""What the institutions have: buildings and who sits in them, equipment."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from nengtan.demo.consumption import archetype_of
from nengtan.demo.model import START, Building, Institution, Site, chance
from nengtan.demo.roster import buildings_of, sites
from nengtan.demo.tables import Cell, Row, table, word

__all__ = ["asset_rows", "building_rows", "building_updates", "main_building", "occupancy_rows"]

CLIMATE_ZONE = "hot_summer_cold_winter"
_USABLE_ROOF = Decimal("0.55")
_DATA_ROOM_FROM_M2, _CHARGERS_FROM_M2, _BOILER_FROM_M2 = 15_000, 12_000, 25_000


def main_building(seed: int, institution: Institution) -> str:
    """Code of the building most of its work is done in."""
    return institution.site.building_code if institution.site else buildings_of(seed, institution)[0].code


def building_rows(seed: int, institutions: Sequence[Institution]) -> Iterator[Row]:
    """Sheet of buildings, as they stood at first."""
    for site in sites().values():
        yield _site_building(site, institutions)
    for body in institutions:
        for number, building in enumerate(buildings_of(seed, body)):
            yield _building(body, building, number)


def building_updates(seed: int, institutions: Iterable[Institution]) -> Iterator[Row]:
    """New areas of buildings, each with the day it holds from."""
    for body in institutions:
        for number, building in enumerate(buildings_of(seed, body)):
            for since, area in building.area[1:]:
                yield _building(body, building, number) | {"area_m2": area, "valid_from": since}


def _site_building(site: Site, institutions: Iterable[Institution]) -> Row:
    area = sum(body.area[0][1] for body in institutions if body.site == site)
    host = next(body for body in institutions if body.code == site.host)
    row = Building(site.building_code, site.building_name, host.code, site.use, site.year_built, site.floors, (), 1)
    return _building(host, row, 0) | {"area_m2": area, "valid_from": START, "roof_area_m2": round(area / site.floors)}


def _building(body: Institution, building: Building, number: int) -> Row:
    since, area = building.area[0] if building.area else (START, 0)
    return {
        "code": building.code,
        "name": building.name,
        "institution_code": body.code,
        "use": building.use,
        "year_built": building.year_built,
        "area_m2": area,
        "valid_from": since,
        "climate_zone": CLIMATE_ZONE,
        "floors": building.floors,
        "address": body.address,
        "lat": _degrees(body.lat + number * 0.0004),
        "lon": _degrees(body.lon + number * 0.0003),
        "roof_area_m2": round(area / building.floors),
    }


def _degrees(value: float) -> Decimal:
    return Decimal(str(round(value, 5)))


def occupancy_rows(seed: int, institutions: Sequence[Institution]) -> Iterator[Row]:
    """Who sits in shared buildings, and in the building that changed hands by a merger."""
    shared = sorted((body for body in institutions if body.site), key=_site_of)
    for _, group in groupby(shared, key=_site_of):
        yield from _shared_parts(list(group))
    by_code = {body.code: body for body in institutions}
    for event in table("events"):
        if event["event"] == "merged":
            gone, stays = by_code[event["code"]], by_code[event["other_code"]]
            on = date.fromisoformat(event["effective_on"])
            for building in buildings_of(seed, gone):
                area = building.area[0][1]
                yield _occupancy(building.code, gone.code, Decimal(1), area, START, on - timedelta(days=1))
                yield _occupancy(building.code, stays.code, Decimal(1), area, on, None)


def _site_of(body: Institution) -> str:
    return body.site.code if body.site else ""


def _shared_parts(members: Sequence[Institution]) -> Iterator[Row]:
    """Agreed shares as agreed, others by area; rounded at the running total, so that no building is given out twice."""
    total = sum(body.area[0][1] for body in members)
    before = 0
    for body in members:
        area = body.area[0][1]
        share = Decimal(body.share) if body.share else _share(before + area, total) - _share(before, total)
        before += area
        yield _occupancy(body.site.building_code if body.site else "", body.code, share, area, START, None)


def _share(area: int, total: int) -> Decimal:
    return (Decimal(area) / total).quantize(Decimal("0.0001"))


def _occupancy(building: str, institution: str, share: Decimal, area: int, first: date, last: date | None) -> Row:
    return {
        "building_code": building,
        "institution_code": institution,
        "share": share,
        "area_m2": area,
        "valid_from": first,
        "valid_to": last,
    }


def asset_rows(seed: int, institutions: Iterable[Institution]) -> Iterator[Row]:
    """Equipment; a row has its own columns beside the common ones, by the kind's fields in the reference data."""
    for body in institutions:
        building = main_building(seed, body)
        for kind, name, count, particulars in _assets(seed, body):
            yield {
                "institution_code": body.code,
                "building_code": None if kind == "vehicle" else building,
                "kind": kind,
                "name": name,
                "count": count,
                **particulars,
            }


_Asset = tuple[str, str, int, dict[str, Cell]]


def _assets(seed: int, body: Institution) -> Iterator[_Asset]:
    draw = chance(seed, body.code, "assets")
    yield from _vehicles(body)
    area, persons = body.area[0][1], body.persons[0][1]
    if body.site is None or body.hosts_account:
        roof = round(area / draw.randint(4, 9))
        usable = int(roof * _USABLE_ROOF)
        yield "roof", word("assets.roof"), 1, {"area_m2": roof, "usable_m2": usable, "load_kg_m2": 50}
    if body.gas or body.lpg:
        school = archetype_of(body)["group"] == "school"
        fuel = "natural_gas" if body.gas else "lpg"
        meals = round(persons * draw.uniform(0.55, 0.9))
        name = word("assets.kitchen_school" if school else "assets.kitchen")
        yield "kitchen", name, 1, {"meals_a_day": meals, "stoves": 3 + meals // 180, "fuel": fuel}
    yield from _plant(body, draw.randint(2, 9))


def _vehicles(body: Institution) -> Iterator[_Asset]:
    for fuel, count in (
        ("gasoline", body.gasoline_vehicles),
        ("diesel", body.diesel_vehicles),
        ("electric", body.ev_vehicles),
    ):
        if count:
            yield "vehicle", word(f"assets.vehicle_{fuel}"), count, {"fuel": fuel}


def _plant(body: Institution, size: int) -> Iterator[_Asset]:
    area = body.area[0][1]
    if body.gas and area >= _BOILER_FROM_M2 and float(archetype_of(body)["boiler_gas_m3_per_m2"]) > 0:
        power = Decimal(size) * Decimal("0.35")
        yield "boiler", word("assets.boiler"), 2, {"fuel": "natural_gas", "power_mw": power, "efficiency_percent": 92}
    if area >= _DATA_ROOM_FROM_M2 or body.hosts_account:
        it_kw = size * 9
        room: dict[str, Cell] = {"area_m2": size * 14, "racks": size * 3, "it_power_kw": it_kw}
        room |= {"cooling_power_kw": size * 5, "ups_kva": size * 15}
        yield "data_room", word("assets.data_room"), 1, room
    if body.ev_vehicles or (area >= _CHARGERS_FROM_M2 and archetype_of(body)["group"] != "school"):
        yield "charger", word("assets.charger"), size, {"power_kw": 7, "current": "ac", "public": "false"}
    if body.pv_kw:
        solar: dict[str, Cell] = {"capacity_kw": body.pv_kw, "owner": "own", "grid_connected_on": date(2019, 12, 20)}
        yield "pv", word("assets.pv"), 1, solar
    if body.pv_kw >= 300 and area >= _DATA_ROOM_FROM_M2:
        yield "storage", word("assets.storage"), 1, {"power_kw": 100, "capacity_kwh": 215, "chemistry": "LFP"}
