"""The 115 institutions: from the roster file, with positions, contacts and what changed when."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from random import Random

from nengtan.demo.codes import credit_code
from nengtan.demo.model import START, Building, Contact, Institution, Site, Steps, chance
from nengtan.demo.tables import keyed, table, word, words
from nengtan.domain import periods

__all__ = ["DISTRICT", "buildings_of", "name_in", "roster", "sites"]

DISTRICT = "420106"
_SPREAD_DEGREES = 0.0045


@cache
def sites() -> Mapping[str, Site]:
    """The shared buildings, by site code."""
    return {
        row["site"]: Site(
            code=row["site"],
            building_code=row["building_code"],
            building_name=row["building_name"],
            host=row["host"],
            rule=row["rule"],
            year_built=int(row["year_built"]),
            use=row["use"],
            floors=int(row["floors"]),
            lat=float(row["lat"]),
            lon=float(row["lon"]),
            address=row["address"],
        )
        for row in table("sites")
    }


def roster(seed: int) -> tuple[Institution, ...]:
    """Every institution that ever stood in the district, in code order."""
    ends = [row for row in table("events") if row["event"] in {"closed", "merged"}]
    closed = {row["code"]: date.fromisoformat(row["effective_on"]) for row in ends}
    return tuple(
        _institution(seed, number, row, closed.get(row["code"])) for number, row in enumerate(table("institutions"), 1)
    )


def _institution(seed: int, number: int, row: Mapping[str, str], closed_on: date | None) -> Institution:
    site = sites().get(row["site"])
    lat, lon, address = (site.lat, site.lon, site.address) if site else _place(seed, row)
    established = date.fromisoformat(row["established_on"]) if row["established_on"] else None
    return Institution(
        code=row["code"],
        name=row["name"],
        credit_code=credit_code(row["credit_class"], DISTRICT, number),
        kind=row["kind"],
        archetype=row["archetype"],
        region_code=row["region_code"],
        system=row["system"],
        superior_code=row["superior_code"],
        address=address,
        lat=lat,
        lon=lon,
        area=_steps(row, "area_m2", established),
        persons=_persons(seed, row, established, closed_on),
        establishment=int(row["establishment"]),
        gas=row["gas"] == "1",
        lpg=row["lpg"] == "1",
        heat=row["heat"] == "1",
        gasoline_vehicles=int(row["gasoline_vehicles"]),
        diesel_vehicles=int(row["diesel_vehicles"]),
        ev_vehicles=int(row["ev_vehicles"]),
        pv_kw=int(row["pv_kw"] or 0),
        site=site,
        share=row["share"],
        established_on=established,
        closed_on=closed_on,
        contacts=_contacts(seed, number),
    )


def name_in(institution: Institution, period: int) -> str:
    """Its name on the last day of a month."""
    name = institution.name
    for change in table("changes"):
        if change["code"] == institution.code and change["name"]:
            renamed = date.fromisoformat(change["valid_from"]) <= periods.last_day(period)
            name = change["name"] if renamed else name
    return name


def _place(seed: int, row: Mapping[str, str]) -> tuple[float, float, str]:
    """A position near the centre of its sub-district, or of any when it belongs to the whole district."""
    draw = chance(seed, row["code"], "place")
    own = [place for place in table("subdistricts") if place["code"] == row["region_code"]]
    centre = own[0] if own else draw.choice(table("subdistricts"))
    lat = round(float(centre["lat"]) + draw.uniform(-_SPREAD_DEGREES, _SPREAD_DEGREES), 5)
    lon = round(float(centre["lon"]) + draw.uniform(-_SPREAD_DEGREES, _SPREAD_DEGREES), 5)
    return lat, lon, word("address", road=centre["road"], number=draw.randint(1, 280))


def _contacts(seed: int, number: int) -> tuple[Contact, Contact, Contact]:
    draw = chance(seed, number, "contacts")
    surnames = words()["surnames"]
    if not isinstance(surnames, list):
        raise TypeError("surnames")
    first, second, third = (
        Contact(word("person", surname=draw.choice(surnames)), word("phone", number=number * 10 + place))
        for place in range(3)
    )
    return first, second, third


def _steps(row: Mapping[str, str], key: str, established: date | None) -> Steps:
    """The first value and the changes of the change file added one after another."""
    value = int(row[key])
    steps = [(established or START, value)]
    for change in table("changes"):
        if change["code"] == row["code"] and change[key]:
            value += int(change[key])
            steps.append((date.fromisoformat(change["valid_from"]), value))
    return tuple(steps)


def _persons(seed: int, row: Mapping[str, str], established: date | None, closed_on: date | None) -> Steps:
    """Headcount; schools count their pupils anew each September."""
    changes = list(_steps(row, "persons", established))
    if row["archetype"] not in {"primary_school", "middle_school", "vocational", "kindergarten"}:
        return tuple(changes)
    draw = chance(seed, row["code"], "pupils")
    base, moves = changes[0], [(since, value - changes[at][1]) for at, (since, value) in enumerate(changes[1:])]
    moves += [(date(year, 9, 1), round(base[1] * draw.uniform(-0.022, 0.03))) for year in (2022, 2023)]
    steps = [base]
    for since, difference in sorted(moves):
        if closed_on is not None and since >= closed_on:
            continue
        value = steps[-1][1] + difference
        steps = [*steps[:-1], (since, value)] if since == steps[-1][0] else [*steps, (since, value)]
    return tuple(steps)


_TALL_USES = {"office", "inpatient", "outpatient", "medical_technology"}
_TALL_FROM_M2 = 9_000
_PARTS_FROM_M2 = (9_000, 20_000)


def buildings_of(seed: int, institution: Institution) -> tuple[Building, ...]:
    """Its own buildings; none when it sits in a shared one. What it took over from a merged body is not among them."""
    if institution.site is not None:
        return ()
    parts = _parts(institution)
    total = sum(float(part["share"]) for part in parts)
    draw = chance(seed, institution.code, "buildings")
    first_area = institution.area[0][1]
    sizes = [round(first_area * float(part["share"]) / total) for part in parts[1:]]
    sizes = [first_area - sum(sizes), *sizes]
    return tuple(
        Building(
            code=f"B-{institution.code}-{at + 1}",
            name=institution.name + part["name"],
            owner=institution.code,
            use=part["use"],
            year_built=draw.randint(1975, 2018),
            floors=_floors(draw, part["use"], size),
            area=_building_area(institution, size) if at == 0 else ((institution.area[0][0], size),),
            share=size / first_area,
        )
        for at, (part, size) in enumerate(zip(parts, sizes, strict=True))
    )


def _floors(draw: Random, use: str, size: int) -> int:
    return draw.randint(6, 16) if use in _TALL_USES and size >= _TALL_FROM_M2 else draw.randint(3, 6)


def _parts(institution: Institution) -> list[Mapping[str, str]]:
    group = keyed("archetypes", "archetype")[institution.archetype,]["buildings"]
    parts = [row for row in table("building_parts") if row["group"] == group]
    count = 1 + sum(institution.area[0][1] >= limit for limit in _PARTS_FROM_M2)
    return parts[: min(count, len(parts))]


def _building_area(institution: Institution, size: int) -> Steps:
    """The first building grows or shrinks with its institution, except by a building that came with a merger."""
    merged = {date.fromisoformat(row["valid_from"]) for row in table("changes") if row["why"] == "merged"}
    steps, previous = [(institution.area[0][0], size)], institution.area[0][1]
    for since, value in institution.area[1:]:
        if since not in merged:
            steps.append((since, steps[-1][1] + value - previous))
        previous = value
    return tuple(steps)
