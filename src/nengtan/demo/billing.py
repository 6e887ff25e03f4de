"""Bills: what reaches a finance office each month, rounded as suppliers round, calibrated to the published total."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from nengtan.demo.consumption import Series, archetype_of, series_of
from nengtan.demo.irregular import irregularities, with_growth
from nengtan.demo.model import Institution, chance
from nengtan.demo.roster import buildings_of
from nengtan.demo.tables import Row, table, word
from nengtan.domain import periods
from nengtan.domain.allocation import split

__all__ = ["ELECTRICITY_KWH_A_YEAR", "SHARED_CARRIERS", "UNITS", "Usage", "bill_rows", "calibrated", "usages"]

ELECTRICITY_KWH_A_YEAR = 42_000_000
"""Mean of 2021-2023 that the district's published account gives (about 4,200万度 a year)."""
SHARED_CARRIERS = ("electricity", "water", "natural_gas")
"""What comes by line or pipe: the host of a shared building is billed for all in it."""
UNITS = {"electricity": "kWh", "pv_generation": "kWh", "water": "m3", "natural_gas": "m3", "heat": "GJ", "lpg": "kg"}
_OIL_UNIT = "L"
_TWO_ACCOUNTS_FROM_M2 = 40_000
_PRICE_SPREAD = 0.012
_CENT, _MILLI_CENT = Decimal("0.01"), Decimal("0.0001")


@dataclass(frozen=True)
class Usage:
    """One carrier of one institution over the months."""

    institution: Institution
    carrier: str
    series: Series


def usages(seed: int, institutions: Iterable[Institution]) -> Iterator[Usage]:
    """What every institution really used, its part of a shared building included."""
    for institution in institutions:
        for carrier in institution.carriers:
            series = series_of(seed, institution, carrier)
            yield Usage(institution, carrier, with_growth(institution.code, carrier, series))


def calibrated(found: Sequence[Usage]) -> list[Usage]:
    """The same with electricity scaled so that what is billed comes to the published mean."""
    billed = sum(
        value * _slip(usage, period)
        for usage in found
        if usage.carrier == "electricity"
        for period, value in usage.series.items()
        if not _missing(usage, period)
    )
    scale = 3 * ELECTRICITY_KWH_A_YEAR / billed
    return [
        replace(usage, series={at: value * scale for at, value in usage.series.items()})
        if usage.carrier == "electricity"
        else usage
        for usage in found
    ]


def bill_rows(seed: int, found: Sequence[Usage]) -> Iterator[Row]:
    """The bills of all months, institution by institution; a shared account gives one bill, to its host."""
    for usage in _by_account(found):
        draw = chance(seed, usage.institution.code, usage.carrier, "price")
        for period, value in usage.series.items():
            wobble = Decimal(str(round(1 + draw.uniform(-_PRICE_SPREAD, _PRICE_SPREAD), 4)))
            if not _missing(usage, period):
                yield from _bills(seed, usage, period, value, wobble)


def _by_account(found: Sequence[Usage]) -> Iterator[Usage]:
    """Usages by who is billed: guests of a shared building add to their host's."""
    guests = [usage for usage in found if usage.institution.shares_account and usage.carrier in SHARED_CARRIERS]
    for usage in found:
        body = usage.institution
        if usage.carrier not in SHARED_CARRIERS or body.site is None:
            yield usage
        elif body.hosts_account:
            parts = [usage, *(guest for guest in guests if guest.institution.site == body.site)]
            parts = [part for part in parts if part.carrier == usage.carrier]
            yield replace(usage, series={at: sum(part.series[at] for part in parts) for at in usage.series})


def _bills(seed: int, usage: Usage, period: int, value: float, wobble: Decimal) -> Iterator[Row]:
    body, carrier = usage.institution, usage.carrier
    quantity = Decimal(max(1, round(value)))
    price = (_price(carrier, archetype_of(body)["tariff"], period) * wobble).quantize(_MILLI_CENT)
    row: Row = {
        "institution_code": body.code,
        "institution_name": body.name,
        "period": period,
        "carrier": carrier,
        "quantity": quantity * round(_slip(usage, period)),
        "unit": UNITS.get(carrier, _OIL_UNIT),
        "cost": (quantity * price).quantize(_CENT, ROUND_HALF_UP),
        "origin": "bill",
        "building_code": None,
        "meter_code": None,
        "item": None,
        "bill_no": f"{_SUPPLIERS[carrier]}{period}-{body.code[2:]}",
        "note": None,
    }
    if carrier == "pv_generation":
        yield row | {"cost": None, "origin": "meter", "bill_no": None}
    elif body.hosts_account and body.site is not None and carrier in SHARED_CARRIERS:
        yield row | {"building_code": body.site.building_code, "note": word("shared_account")}
    elif carrier == "electricity" and body.area[0][1] >= _TWO_ACCOUNTS_FROM_M2:
        yield from _account_bills(seed, body, row, quantity, price)
    else:
        yield row


def _account_bills(seed: int, body: Institution, row: Row, quantity: Decimal, price: Decimal) -> Iterator[Row]:
    """A large house has an account for each building, so several bills a month add up."""
    buildings = _buildings(seed, body)
    weights = {building.code: Decimal(str(round(building.share, 6))) for building in buildings}
    parts = split(quantity, weights, places=0)
    for number, building in enumerate(buildings, 1):
        yield row | {
            "quantity": parts[building.code],
            "cost": (parts[building.code] * price).quantize(_CENT, ROUND_HALF_UP),
            "building_code": building.code,
            "bill_no": f"{row['bill_no']}-{number}",
            "note": word("account", building=building.name),
        }


_buildings = cache(buildings_of)
_SUPPLIERS = {
    "electricity": "DL",
    "water": "ZLS",
    "natural_gas": "RQ",
    "lpg": "YHQ",
    "gasoline": "QY",
    "diesel": "CY",
    "heat": "RL",
    "pv_generation": "GF",
}


@cache
def _price(carrier: str, tariff: str, period: int) -> Decimal:
    """Yuan per base unit, tax included; the newest level that has begun."""
    levels = [row for row in table("prices") if row["carrier"] == carrier and row["tariff"] in {tariff, "any"}]
    begun = [row for row in levels if int(row["first"]) <= period]
    return Decimal(begun[-1]["price_cny_per_unit"]) if begun else Decimal(0)


@cache
def _gaps() -> frozenset[tuple[str, str, int]]:
    return frozenset(
        (item.code, carrier, period)
        for item in irregularities("gap")
        for carrier in item.carriers
        for period in periods.months_between(item.first, item.last)
    )


@cache
def _slips() -> dict[tuple[str, str, int], float]:
    return {
        (item.code, carrier, period): item.factor
        for item in irregularities("unit_slip")
        for carrier in item.carriers
        for period in periods.months_between(item.first, item.last)
    }


def _missing(usage: Usage, period: int) -> bool:
    return (usage.institution.code, usage.carrier, period) in _gaps()


def _slip(usage: Usage, period: int) -> float:
    return _slips().get((usage.institution.code, usage.carrier, period), 1.0)
