"""The demonstration district as rows of the import workbooks: register, bills, events, sub-districts.

Everything is made up except the place and the totals it is calibrated to; the same seed gives the same rows.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

from nengtan.demo.billing import SHARED_CARRIERS, Usage, bill_rows, calibrated, usages
from nengtan.demo.estate import asset_rows, building_rows, building_updates, occupancy_rows
from nengtan.demo.irregular import Irregularity, irregularities
from nengtan.demo.metering import meter_rows, reading_rows
from nengtan.demo.model import START, Institution
from nengtan.demo.roster import DISTRICT, name_in, roster, sites
from nengtan.demo.tables import Row, Sheets, table, word

__all__ = ["DISTRICT", "SEED", "District", "Event", "SharedAccount", "build", "notice"]

SEED = 2025
_SUPERIOR_COLLECTS = {"education", "health"}


@dataclass(frozen=True)
class Event:
    """Something that happened to bodies as such, in the words of the register's event service; codes, not records."""

    kind: str
    effective_on: date
    before: tuple[str, ...]
    after: tuple[str, ...]
    document: str
    name: str = ""
    superior: str = ""


@dataclass(frozen=True)
class SharedAccount:
    """A building whose host is billed for all in it, and by what rule its bills are divided."""

    building_code: str
    host: str
    rule: str
    carriers: tuple[str, ...]
    weights: dict[str, Decimal] = field(hash=False)
    """By institution: m2, persons or agreed share at the start; for sub-meters none, since the meters tell."""


@dataclass(frozen=True)
class District:
    """One generated district; its parts are worked out when asked for."""

    seed: int

    @cached_property
    def institutions(self) -> tuple[Institution, ...]:
        """The 115 bodies in code order."""
        return roster(self.seed)

    @cached_property
    def _usages(self) -> list[Usage]:
        return calibrated(list(usages(self.seed, self.institutions)))

    @cached_property
    def bills(self) -> list[Row]:
        """Bills of 2021-2023, and the generation meters of photovoltaic roofs."""
        names = {body.code: body for body in self.institutions}
        rows = list(bill_rows(self.seed, self._usages))
        for row in rows:
            row["institution_name"] = name_in(names[str(row["institution_code"])], int(str(row["period"])))
        return rows

    @cached_property
    def readings(self) -> list[Row]:
        """Monthly meter figures of the metered houses, which the bills outrank, and their items."""
        return list(reading_rows(self.seed, self._usages, self.bills))

    def activity_rows(self) -> list[Row]:
        """All activity of the district in the long form of the activity workbook."""
        return [*self.bills, *self.readings]

    def registry_rows(self) -> Sheets:
        """The register as it stood first: institutions, buildings, occupancies, meters, assets."""
        return {
            "institutions": [_institution(body, self._reported(body)) for body in self.institutions],
            "buildings": list(building_rows(self.seed, self.institutions)),
            "occupancies": list(occupancy_rows(self.seed, self.institutions)),
            "meters": list(meter_rows(self.seed, self.institutions)),
            "assets": list(asset_rows(self.seed, self.institutions)),
        }

    def _reported(self, body: Institution) -> str:
        """Carriers a body has figures of: its own, and its part of what its host is billed for."""
        shared = [item.carriers for item in self.shared_accounts() if body.site and item.host == body.site.host]
        return " ".join(dict.fromkeys((*body.carriers, *(carrier for part in shared for carrier in part))))

    def registry_updates(self) -> dict[date, Sheets]:
        """Later areas and headcounts by the day they hold from: each a small register workbook of its own.

        Names and superiors change by :meth:`events`, not here.
        """
        found: dict[date, Sheets] = {}
        for body in self.institutions:
            for row in _figures_over_time(body):
                _sheets_on(found, row)["institutions"].append(row)
        for row in building_updates(self.seed, self.institutions):
            _sheets_on(found, row)["buildings"].append(row)
        return dict(sorted(found.items()))

    def events(self) -> list[Event]:
        """What happened to bodies: added, renamed, moved, merged, closed; in date order."""
        return sorted((_event(row) for row in table("events")), key=lambda event: event.effective_on)

    def regions(self) -> list[Row]:
        """The sub-districts, a level of regions below the district that the demonstration adds."""
        return [
            {
                "code": row["code"],
                "name": row["name"],
                "name_en": row["name_en"],
                "parent_code": row["parent"],
                "level": "street",
                "lat": Decimal(row["lat"]),
                "lon": Decimal(row["lon"]),
                "notice": notice(),
            }
            for row in table("subdistricts")
        ]

    def shared_accounts(self) -> list[SharedAccount]:
        """Which bills are for several bodies, and how they are divided."""
        return [
            SharedAccount(
                building_code=site.building_code,
                host=site.host,
                rule=site.rule,
                carriers=tuple(c for c in SHARED_CARRIERS if c in self._host(site.host).carriers),
                weights={
                    body.code: _weight(body, site.rule)
                    for body in self.institutions
                    if body.site == site and site.rule != "submeter"
                },
            )
            for site in sites().values()
        ]

    def _host(self, code: str) -> Institution:
        return next(body for body in self.institutions if body.code == code)

    def irregularities(self) -> Sequence[Irregularity]:
        """The oddities put in on purpose, for the review to find."""
        return irregularities()

    def digest(self) -> str:
        """Fingerprint of all rows: the same seed gives the same district."""
        rows = [self.registry_rows(), [*self.registry_updates().values()], self.activity_rows()]
        return hashlib.sha256(json.dumps(rows, default=str, sort_keys=True).encode()).hexdigest()


def build(seed: int = SEED) -> District:
    """The district of a seed."""
    return District(seed)


def notice() -> str:
    """What a page of the district says of its data, in Chinese."""
    return word("region_notice")


def _institution(body: Institution, carriers: str) -> Row:
    liaison, statistician, carbon_manager = body.contacts
    site = body.site
    return {
        "code": body.code,
        "credit_code": body.credit_code,
        "name": body.name,
        "kind": body.kind,
        "region_code": body.region_code,
        "system": body.system,
        "superior_code": body.superior_code or None,
        "reports_to": "superior" if body.system in _SUPERIOR_COLLECTS and body.kind != "01" else "region",
        "address": body.address,
        "lat": Decimal(str(body.lat)),
        "lon": Decimal(str(body.lon)),
        "area_m2": body.area[0][1],
        "persons": body.persons[0][1],
        "establishment": body.establishment,
        "valid_from": body.established_on or START,
        "occupancy": "colocated" if body.shares_account else "own",
        "utility_account": "none" if body.shares_account else "own",
        "allocation": site.rule if site else None,
        "host_code": site.host if site and body.shares_account else None,
        "share": Decimal(body.share) if body.share else None,
        "carriers": carriers,
        "established_on": body.established_on,
        "liaison_name": liaison.name,
        "liaison_phone": liaison.phone,
        "statistician_name": statistician.name,
        "statistician_phone": statistician.phone,
        "carbon_manager_name": carbon_manager.name,
        "note": word("institution_note"),
    }


def _figures_over_time(body: Institution) -> list[Row]:
    """One row per later day on which its area or headcount became another; only what changed is filled in."""
    days = sorted({since for since, _ in (*body.area[1:], *body.persons[1:])})
    areas, persons = dict(body.area[1:]), dict(body.persons[1:])
    return [
        {
            "code": body.code,
            "name": name_in(body, day.year * 100 + day.month),
            "kind": body.kind,
            "region_code": body.region_code,
            "valid_from": day,
            "area_m2": areas.get(day),
            "persons": persons.get(day),
        }
        for day in days
    ]


def _sheets_on(found: dict[date, Sheets], row: Row) -> Sheets:
    day = row["valid_from"]
    if not isinstance(day, date):
        raise TypeError("valid_from")
    return found.setdefault(day, {"institutions": [], "buildings": []})


def _event(row: Mapping[str, str]) -> Event:
    """Parties as the kind of event has them: a merger goes into its survivor, a rename or a move has no after."""
    body, other = row["code"], row["other_code"]
    before, after = {"added": ((), (body,)), "merged": ((body, other), (other,))}.get(row["event"], ((body,), ()))
    return Event(
        kind=row["event"],
        effective_on=date.fromisoformat(row["effective_on"]),
        before=before,
        after=after,
        document=row["document"],
        name=row["name_after"],
        superior=row["superior_after"],
    )


def _weight(body: Institution, rule: str) -> Decimal:
    if rule == "area":
        return Decimal(body.area[0][1])
    if rule == "headcount":
        return Decimal(body.persons[0][1])
    return Decimal(body.share)
