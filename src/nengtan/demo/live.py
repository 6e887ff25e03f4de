"""Metered houses at work: readings as their gateways would send them, made up from daily curves (模拟).

Deterministic: the same seed, meter and moment give the same reading, however often and in whatever pieces it is asked
for. Faults are put in on purpose, as days before the demonstration was built (`data/live_faults.csv`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from nengtan.demo.consumption import archetype_of
from nengtan.demo.metering import ITEMS
from nengtan.demo.model import Institution, in_force
from nengtan.demo.tables import keyed, table
from nengtan.domain.metering.readings import Floats, Ints
from nengtan.domain.metering.rules import HOUR

__all__ = ["DAY", "SOURCE", "LiveMeter", "Sample", "live_meters", "quarters", "sample"]

SOURCE = "simulation:demo"
"""Where such readings say they come from."""

DAY = 24 * HOUR
QUARTER = HOUR // 4
SLOTS = 96

ANCHOR = 20454 * DAY
"""2026-01-01 as a day of local time [µs]: registers show 0 then."""

_NOISE = 0.09
_UNMETERED = 1.015
"""What the upper meter shows of what the items below it add up to: lines and transformer lose a little."""

_NO_VALUE = 4294967295.0
_HVAC = 0.32


@dataclass(frozen=True)
class LiveMeter:
    """A meter that is simulated: what it uses in a year, after its ratio, and how that is spread over days."""

    code: str
    carrier: str
    group: str
    yearly: float
    ratio: float
    decimals: int
    parts: tuple[str, ...] = ()

    @property
    def cap(self) -> float:
        """The largest use to be believed, an hour."""
        return round(self.yearly / 8760 * 12, 1)


@dataclass(frozen=True)
class Sample:
    """Readings of meters at the same moments: ``value`` is meters x times, NaN where nothing was sent."""

    codes: Sequence[str]
    time: Ints
    value: Floats


def live_meters(institutions: Iterable[Institution]) -> list[LiveMeter]:
    """The meters of the houses that have a tree of them, upper ones last."""
    found: list[LiveMeter] = []
    for body in institutions:
        metered = keyed("metered", "code").get((body.code,))
        if metered is not None:
            found += _house(body, metered)
    return found


def _house(body: Institution, metered: Mapping[str, str]) -> list[LiveMeter]:
    profile = archetype_of(body)
    area, persons = in_force(body.area, 202312), in_force(body.persons, 202312)
    group, total = profile["group"], f"M-{body.code}-E"
    yearly = area * float(profile["kwh_per_m2"])
    rest = sum(float(metered[column]) for column in ITEMS if column != "hvac")
    shares = {
        item: _HVAC if column == "hvac" else float(metered[column]) / rest * (1 - _HVAC)
        for column, item in ITEMS.items()
    }
    items = [
        LiveMeter(f"{total}-{item[2]}", "electricity", group, yearly * share, 1.0, 2) for item, share in shares.items()
    ]
    whole = LiveMeter(
        total, "electricity", group, yearly * _UNMETERED, 80.0, 2, tuple(one.code for one in items)
    )  # fmt: skip
    water = LiveMeter(f"M-{body.code}-W", "water", group, persons * float(profile["water_m3_per_person"]), 1.0, 3)
    gas = persons * float(profile["canteen_gas_m3_per_person"]) + area * float(profile["boiler_gas_m3_per_m2"])
    others = [water] if "water" in body.carriers else []
    if "natural_gas" in body.carriers:
        others.append(LiveMeter(f"M-{body.code}-G", "natural_gas", group, gas, 1.0, 2))
    return [*items, *others, whole]


def sample(seed: int, meters: Sequence[LiveMeter], time: Ints, built: int, offset: int) -> Sample:
    """What the meters show at rising moments [µs UTC].

    Parameters: ``built``: when the demonstration was built [µs UTC], from which faults count back; ``offset``: what
    local time is ahead of UTC [µs].
    """
    local = time + offset
    days = int(local.max() // DAY - ANCHOR // DAY) + 1 if len(time) else 0
    midnight = (built + offset) // DAY * DAY
    workdays = _workdays(days)
    faults = _faults()
    place = (local - ANCHOR) / QUARTER
    total: dict[str, Floats] = {}
    value = np.zeros((len(meters), len(time)))
    for row, meter in enumerate(meters):
        total[meter.code] = _total(seed, meter, workdays, total, faults.get(meter.code, ()), midnight)
        edges = np.arange(len(total[meter.code]))
        value[row] = np.interp(place, edges, total[meter.code]) / meter.ratio
        for fault in faults.get(meter.code, ()):
            _spoil(value[row], local, fault, midnight, total[meter.code] / meter.ratio)
        value[row] = np.round(value[row], meter.decimals)
    return Sample([meter.code for meter in meters], time, value)


def _total(
    seed: int, meter: LiveMeter, workdays: np.ndarray, known: Mapping[str, Floats],
    faults: Sequence[Mapping[str, str]], midnight: int,
) -> Floats:  # fmt: skip
    """What was used from the anchor to each quarter of an hour."""
    if meter.parts:
        parts: Floats = np.sum([known[code] for code in meter.parts], axis=0)
        return parts * _UNMETERED
    energy = _energy(seed, meter, workdays)
    for fault in faults:
        _burden(energy, fault, midnight)
    return np.concatenate([[0.0], np.cumsum(energy)])


def _workdays(days: int) -> np.ndarray:
    """Whether each day from the anchor on is a Monday to Friday; 2026-01-01 is a Thursday."""
    return (np.arange(days) + 3) % 7 < 5


def _energy(seed: int, meter: LiveMeter, workdays: np.ndarray) -> Floats:
    """Use of each quarter of an hour, days after each other."""
    curves = np.array([_curve(meter.group, "rest"), _curve(meter.group, "workday")])
    mean = (curves[1].mean() * 5 + curves[0].mean() * 2) / 7
    shape = curves[workdays.astype(np.int64)] / mean
    draw = np.random.default_rng([seed, crc32(meter.code.encode())]).random((len(workdays), SLOTS))
    energy: Floats = (shape * (1 + _NOISE * (2 * draw - 1)) * meter.yearly / 8760 / 4).ravel()
    if meter.carrier == "water":
        night = np.tile(np.repeat(np.arange(24) < 5, 4), len(workdays))
        energy[night] = 0.0
    return energy


def _curve(group: str, day: str) -> Floats:
    """Quarters of an hour between the hours of a profile."""
    row = keyed("live_profiles", "group", "day")[group, day]
    hours = np.array([float(row[f"h{hour:02d}"]) for hour in range(24)])
    return np.interp(np.arange(SLOTS) / 4, np.arange(25), np.append(hours, hours[0]))


def _faults() -> dict[str, list[Mapping[str, str]]]:
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in table("live_faults"):
        found.setdefault(row["meter"], []).append(row)
    return found


def _stretch(fault: Mapping[str, str], midnight: int) -> tuple[int, int]:
    """From when to when a fault lasts [µs of local time]."""
    begin = midnight - int(fault["days_ago"]) * DAY + int(fault["hour"]) * HOUR
    return begin, begin + round(float(fault["hours"] or 0) * HOUR)


def _burden(energy: Floats, fault: Mapping[str, str], midnight: int) -> None:
    """What runs that should not: water that never stops, a plant left on at night [units an hour]."""
    if fault["kind"] == "leak":
        energy += float(fault["value"]) / 4
    elif fault["kind"] == "night":
        begin, end = ((moment - ANCHOR) // QUARTER for moment in _stretch(fault, midnight))
        energy[max(begin, 0) : max(end, 0)] += float(fault["value"]) / 4


def _spoil(value: Floats, local: Ints, fault: Mapping[str, str], midnight: int, total: Floats) -> None:
    """What the readings show of a fault of the meter or of its line."""
    kind = fault["kind"]
    if kind in ("leak", "night"):
        return
    begin, end = _stretch(fault, midnight)
    inside = (local >= begin) & (local < end)
    at_first = float(np.interp((begin - ANCHOR) / QUARTER, np.arange(len(total)), total))
    if kind == "silent":
        value[local >= begin] = np.nan
    elif kind == "gap":
        value[inside] = np.nan
    elif kind == "spike":
        value[inside] += float(fault["value"])
    elif kind == "zero":
        value[inside] = 0.0
    elif kind == "none":
        value[inside] = _NO_VALUE
    elif kind == "stuck":
        value[inside] = at_first
    elif kind == "reset":
        value[local >= begin] -= at_first


def quarters(begin: int, end: int) -> Ints:
    """Quarters of an hour after ``begin`` up to ``end`` [µs].

    >>> (quarters(0, 2 * QUARTER) // QUARTER).tolist()
    [1, 2]
    """
    return np.arange(begin // QUARTER + 1, end // QUARTER + 1) * QUARTER
