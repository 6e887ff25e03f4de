"""A return nothing is wrong with, and its room: every rule is tried by changing one thing in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from nengtan.domain.returns.review.engine import Engine
from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.rules import Scope, Setting
from nengtan.domain.returns.review.table import Place, ReturnRow, table_of
from nengtan.domain.returns.slots import Kind
from nengtan.reference import rules, scheme

NOW: dict[str, str] = {
    "land_area": "20000", "area": "10000", "persons": "500", "established": "400",
    "vehicles": "6", "vehicles_gasoline": "3", "vehicles_diesel": "1", "vehicles_new_energy": "2",
    "elec_qty": "812345", "elec_cost": "568641", "water_qty": "9123", "water_cost": "27369",
    "gas_qty": "20111", "gas_cost": "60333",
    "gasoline_qty": "4502", "gasoline_cost": "36016", "gasoline_vehicle_qty": "4502", "gasoline_vehicle_cost": "36016",
    "gasoline_other_qty": "0", "gasoline_other_cost": "0",
    "diesel_qty": "2013", "diesel_cost": "15097", "diesel_vehicle_qty": "1513", "diesel_vehicle_cost": "11347",
    "diesel_other_qty": "500", "diesel_other_cost": "3750",
    "heat_qty": "3007", "heat_cost": "120280",
    "chargers": "4", "pv_capacity": "50", "pv_generation": "52011",
    "heating_area": "6000", "heating_area_own": "1000", "heating_area_by_area": "2000", "heating_area_by_heat": "3000",
    "heating_days": "120", "heating_elec_qty": "20003", "heating_elec_cost": "14002",
    "heating_gas_qty": "10007", "heating_gas_cost": "30021", "heating_charge_by_area": "50000",
    "heating_heat_qty": "3007", "heating_heat_cost": "120280",
}  # fmt: skip
ROOM: dict[str, str] = {
    "room_area": "60", "room_racks": "12", "room_power": "90", "room_power_it": "60", "room_power_cooling": "20",
    "room_power_supply": "10", "room_elec": "150000", "room_elec_it": "100000", "room_elec_cooling": "40000",
    "room_elec_supply": "10000",
}  # fmt: skip
FACTS: dict[str, str] = {
    "active": "1", "class_coarse": "0", "class_valid": "1", "code_unique": "1", "code_valid": "1", "duplicates": "0",
    "missing_periods": "0", "months": "12",
}  # fmt: skip
PEERS = {"peers": {"area_intensity": "22", "person_intensity": "440"}, "spread": {"area_intensity": "0.1"}}
_STOCKS = ("area", "persons", "established", "vehicles", "heating_days", "chargers", "pv_capacity")


def scaled(times: str) -> dict[str, str]:
    """The same institution at another time: its flows and costs so many times as large."""
    return {
        key: value if key.startswith(_STOCKS) or "area" in key else str(Decimal(value) * Decimal(times))
        for key, value in NOW.items()
    }


def views() -> dict[str, dict[str, str]]:
    last = scaled("0.97")
    return {"last": last, "previous": last, "base": scaled("1.05"), "periods": NOW, "metered": scaled("1.01"),
            "usual": scaled("0.98"), "rooms": ROOM, "children": NOW, **PEERS}  # fmt: skip


def row(changes: Mapping[str, Any], kind: str = "01", room: bool = False) -> ReturnRow:
    """The healthy return with changes: `elec_qty` now, `last.elec_qty` in a view, `fact.active`; None takes away."""
    cells: dict[str, dict[str, Any]] = {"now": dict(ROOM if room else NOW), "fact": dict(FACTS)}
    cells.update({view: dict(values) for view, values in views().items()})
    unreadable = {}
    for name, value in changes.items():
        view, _, key = name.rpartition(".")
        if view == "unreadable":
            unreadable[key] = value
        else:
            cells[view or "now"][key] = value
    values = {
        view: {key: None if value is None else Decimal(str(value)) for key, value in held.items()}
        for view, held in cells.items()
    }
    place = Place(("420106", "420100", "420000", "CN"), kind)
    record = "0001" if room else ""
    return ReturnRow("unit", values.pop("now"), values, values.pop("fact"), place, record, "2024-00", unreadable)


_ENGINES: dict[tuple[str, Kind, Scope], Engine] = {}


def engine(edition: str = "2022", kind: Kind = Kind.ANNUAL, scope: Scope = Scope.RETURN) -> Engine:
    key = edition, kind, scope
    if key not in _ENGINES:
        _ENGINES[key] = Engine(rules.rule_book(), scheme.edition(edition), kind, scope)
    return _ENGINES[key]


def review(
    changes: Mapping[str, Any],
    *,
    edition: str = "2022",
    kind: Kind = Kind.ANNUAL,
    scope: Scope = Scope.RETURN,
    of_class: str = "01",
    thresholds: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Everything found in the healthy return with changes; ``thresholds`` as a region set them for rules P06, P07."""
    chosen = engine(edition, kind, scope)
    if thresholds:
        held = {name: Decimal(str(value)) for name, value in thresholds.items()}
        settings = [Setting(rule, parameters=held) for rule in ("P06", "P07")]
        chosen = Engine(rules.rule_book(), scheme.edition(edition), kind, scope, settings)
    return list(chosen.review(table_of([row(changes, of_class, scope is Scope.ROOM)])))
