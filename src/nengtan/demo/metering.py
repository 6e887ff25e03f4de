"""Meter trees by household, class and item (分户、分类、分项) of a dozen houses, and what they read."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from nengtan.demo.billing import UNITS, Usage
from nengtan.demo.consumption import hvac_part
from nengtan.demo.estate import main_building
from nengtan.demo.model import Institution, chance
from nengtan.demo.tables import Row, keyed, word

__all__ = ["ITEMS", "meter_rows", "reading_rows"]

ITEMS = {"lighting": "01A00", "hvac": "01B00", "power": "01C00", "special": "01D00"}
"""Item codes of GB/T 29149 by the column of the metered houses' file."""
_OTHER_CLASSES = (("water", "meter_water", "W"), ("natural_gas", "meter_gas", "G"))
_SUBMETERED = (("electricity", "meter_sub", "E"), ("water", "meter_sub_water", "W"))
_READ_DIFFERENCE = 0.004


def meter_rows(seed: int, institutions: Sequence[Institution]) -> Iterator[Row]:
    """Sheet of meters: upper meters stand before lower ones."""
    for body in institutions:
        if (body.code,) in keyed("metered", "code"):
            yield from _tree(seed, body)
    for body in institutions:
        if _is_submetered(body) and body.site is not None:
            for carrier, key, mark in _SUBMETERED:
                name = word(key, name=body.name)
                yield _meter(seed, body, f"M-{body.code}-{mark}", name, carrier, f"M-{body.site.host}-{mark}", None)


def _tree(seed: int, body: Institution) -> Iterator[Row]:
    total = f"M-{body.code}-E"
    yield _meter(seed, body, total, word("meter_total", name=body.name), "electricity", None, None)
    for item in ITEMS.values():
        name = word("meter_item", name=body.name, item=word(f"items.{item}"))
        yield _meter(seed, body, f"{total}-{item[2]}", name, "electricity", total, item)
    for carrier, key, mark in _OTHER_CLASSES:
        if carrier in body.carriers:
            yield _meter(seed, body, f"M-{body.code}-{mark}", word(key, name=body.name), carrier, None, None)


def _meter(
    seed: int, body: Institution, code: str, name: str, carrier: str, parent: str | None, item: str | None
) -> Row:
    own_account = parent is None
    return {
        "code": code,
        "name": name,
        "institution_code": body.code,
        "building_code": main_building(seed, body),
        "parent_code": parent,
        "carrier": carrier,
        "item": item,
        "ratio": 80 if own_account and carrier == "electricity" else 1,
        "utility_account_no": f"DEMO-{body.code}-{code[-1]}" if own_account else None,
    }


def _is_submetered(body: Institution) -> bool:
    return body.site is not None and body.site.rule == "submeter" and body.shares_account


def reading_rows(seed: int, found: Sequence[Usage], bills: Sequence[Row]) -> Iterator[Row]:
    """Monthly meter figures beside the bills: items everywhere, totals of some houses, sub-meters of guests."""
    billed: dict[tuple[object, object], Decimal] = {}
    for row in bills:
        if row["carrier"] == "electricity" and isinstance(row["quantity"], Decimal):
            key = (row["institution_code"], row["period"])
            billed[key] = billed.get(key, Decimal(0)) + row["quantity"]
    for usage in found:
        if _is_submetered(usage.institution):
            yield from _submeter(usage)
        metered = keyed("metered", "code").get((usage.institution.code,))
        if metered and usage.carrier == "electricity":
            months = {period: billed[usage.institution.code, period] for period in usage.series}
            yield from _house(seed, usage.institution, metered, months)


def _submeter(usage: Usage) -> Iterator[Row]:
    """What the guest of a shared building used, as its own meters below the host's tell."""
    marks = {carrier: mark for carrier, _, mark in _SUBMETERED}
    if usage.carrier in marks:
        code = f"M-{usage.institution.code}-{marks[usage.carrier]}"
        for period, value in usage.series.items():
            row = _reading(usage.institution, code, period, Decimal(round(value)), None)
            yield row | {"carrier": usage.carrier, "unit": UNITS[usage.carrier]}


def _house(seed: int, body: Institution, metered: Mapping[str, str], months: Mapping[int, Decimal]) -> Iterator[Row]:
    draw = chance(seed, body.code, "readings")
    code = f"M-{body.code}-E"
    for period, quantity in months.items():
        read = round(quantity * Decimal(str(round(1 + draw.uniform(-_READ_DIFFERENCE, _READ_DIFFERENCE), 5))))
        if metered["readings"] == "total":
            yield _reading(body, code, period, Decimal(read), None)
        for item, part in _parts(body, metered, period).items():
            wobble = 0.97 + draw.uniform(0, 0.03)
            yield _reading(body, f"{code}-{item[2]}", period, Decimal(int(read * part * wobble)), item)


def _parts(body: Institution, metered: Mapping[str, str], period: int) -> dict[str, float]:
    """Parts of the month's electricity: heating and cooling by weather, the rest in fixed proportion."""
    hvac = min(0.75, 0.12 + hvac_part(body, period))
    rest = {column: float(metered[column]) for column in ITEMS if column != "hvac"}
    scale = (1 - hvac) / sum(rest.values())
    return {ITEMS[column]: hvac if column == "hvac" else rest[column] * scale for column in ITEMS}


def _reading(body: Institution, code: str, period: int, quantity: Decimal, item: str | None) -> Row:
    return {
        "institution_code": body.code,
        "institution_name": body.name,
        "period": period,
        "carrier": "electricity",
        "quantity": quantity,
        "unit": "kWh",
        "cost": None,
        "origin": "meter",
        "building_code": None,
        "meter_code": code,
        "item": item,
        "bill_no": None,
        "note": None,
    }
