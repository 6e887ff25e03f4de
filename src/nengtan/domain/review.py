"""Who stands out in a year's figures, why, and how much it matters (数据会审): reason codes with parameters.

Nothing here corrects a figure. Distances from peers use the median and the median absolute deviation, which a few wrong
figures cannot move. Every threshold is a field of `Thresholds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import log10
from statistics import median
from typing import Literal

__all__ = ["CarrierSeries", "Finding", "Look", "Subject", "Thresholds", "compare", "look_at", "review"]

Severity = Literal["bad", "warn", "good"]
Params = dict[str, str | float | int | tuple[int, ...]]
_MAD_TO_SIGMA = 1.4826  # the median absolute deviation of a normal distribution times this is its standard deviation


@dataclass(frozen=True)
class CarrierSeries:
    """One carrier of one institution: quantities [base unit] and costs [CNY] by month yyyymm; absent means unknown."""

    carrier: str
    quantity: Mapping[int, float | None]
    last_year: Mapping[int, float | None] = field(default_factory=dict)
    cost: Mapping[int, float | None] = field(default_factory=dict)
    expected: tuple[int, ...] = ()


@dataclass(frozen=True)
class Subject:
    """One institution's year: intensity [kgce/m2], energy this and last year [tce], and its carriers by month.

    `same_months` is last year's energy over the months present this year [tce], so that a running year compares fairly.
    """

    institution: str
    kind: str
    kgce_per_m2: float | None = None
    tce: float | None = None
    same_months: float | None = None
    series: tuple[CarrierSeries, ...] = ()


@dataclass(frozen=True)
class Thresholds:
    """When a figure stands out."""

    peers_min: int = 5
    peer_warn: float = 3.0
    peer_bad: float = 6.0
    peer_ratio: float = 1.3
    yoy_warn: float = 0.20
    yoy_bad: float = 0.50
    slip_powers: tuple[int, ...] = (1, 3, 4)
    slip_tolerance: float = 0.12
    sudden_high: float = 5.0
    sudden_low: float = 0.2
    sudden_months: int = 6
    sudden_most: int = 2  # more far months than this in a year are a season (heating), not an accident
    price_ratio: float = 5.0


@dataclass(frozen=True)
class Finding:
    """One reason to look at one institution.

    Codes: unit_slip, sudden_month, above_peers, below_peers, rise, fall, missing_months, price_high, price_low.
    `score` orders findings: the larger, the sooner somebody should look.
    """

    institution: str
    severity: Severity
    code: str
    params: Params = field(hash=False)
    score: float


@dataclass(frozen=True)
class Look:
    """What one institution's own figures tell, and what others are held against: intensity [kgce/m2] and the price of
    each carrier [CNY per base unit]. It changes only with the institution's own figures, so it can be kept.
    """

    institution: str
    kind: str
    kgce_per_m2: float | None
    prices: Mapping[str, float]
    findings: tuple[Finding, ...]


def review(subjects: Iterable[Subject], thresholds: Thresholds | None = None) -> list[Finding]:
    """Every finding, most important first.

    >>> peers = [Subject(f"i{n}", "021", kgce_per_m2=10 + n / 10) for n in range(6)]
    >>> found = review([*peers, Subject("big", "021", kgce_per_m2=40.0)])
    >>> found[0].institution, found[0].code, found[0].severity, found[0].params["median"]
    ('big', 'above_peers', 'bad', 10.3)
    """
    return compare((look_at(subject, thresholds) for subject in subjects), thresholds)


def look_at(subject: Subject, thresholds: Thresholds | None = None) -> Look:
    """What an institution's year tells by itself and against its own last year.

    >>> months = dict.fromkeys(range(202301, 202312), 100.0)
    >>> water = CarrierSeries("water", months, expected=(202311, 202312))
    >>> look_at(Subject("a", "021", series=(water,))).findings[0].code
    'missing_months'
    """
    limits = thresholds or Thresholds()
    slipped = list(_slips(subject, limits))
    findings = (
        *slipped,
        *_sudden(subject, limits, {(item.params["carrier"], item.params["month"]) for item in slipped}),
        *_year_on_year(subject, limits),
        *_missing(subject),
    )
    priced = ((series.carrier, _price(series)) for series in subject.series)
    prices = {carrier: price for carrier, price in priced if price is not None}
    return Look(subject.institution, subject.kind, subject.kgce_per_m2, prices, findings)


def compare(looks: Iterable[Look], thresholds: Thresholds | None = None) -> list[Finding]:
    """The findings of each institution and those against the others, most important first.

    >>> looks = [Look(f"i{n}", "021", None, {"water": 3.0}, ()) for n in range(6)]
    >>> [item.code for item in compare([*looks, Look("dear", "021", None, {"water": 30.0}, ())])]
    ['price_high']
    """
    limits = thresholds or Thresholds()
    everyone = list(looks)
    findings = [finding for look in everyone for finding in look.findings]
    findings += _peers(everyone, limits)
    findings += _prices(everyone, limits)
    return sorted(findings, key=lambda finding: (-finding.score, finding.institution, finding.code))


def _peers(looks: Sequence[Look], limits: Thresholds) -> Iterator[Finding]:
    """Distance from institutions of the same kind, on the logarithm so that twice and half weigh the same."""
    known = [look for look in looks if look.kgce_per_m2 is not None and look.kgce_per_m2 > 0]
    known.sort(key=lambda look: look.kind)
    for kind, members in groupby(known, key=lambda look: look.kind):
        group = [(look, float(look.kgce_per_m2 or 0)) for look in members]
        if len(group) < limits.peers_min:
            continue
        middle = median(value for _, value in group)
        spread = _MAD_TO_SIGMA * median(abs(log10(value / middle)) for _, value in group)
        for look, value in group:
            off = log10(value / middle)
            distance = abs(off) / max(spread, log10(limits.peer_ratio) / limits.peer_warn)
            if distance < limits.peer_warn:
                continue
            params: Params = {
                "value": value,
                "median": round(middle, 6),
                "times": value / middle,
                "peers": len(group),
                "kind": kind,
            }
            high = off > 0
            severity: Severity = "bad" if distance >= limits.peer_bad else "warn"
            score = 40 + min(20.0, distance) + (10 if high else 0)
            yield Finding(look.institution, severity, "above_peers" if high else "below_peers", params, score)


def _year_on_year(subject: Subject, limits: Thresholds) -> Iterator[Finding]:
    """Energy against the same months of last year."""
    now, before = subject.tce, subject.same_months
    if now is None or not before or before < 0:
        return
    change = now / before - 1
    if abs(change) < limits.yoy_warn:
        return
    params: Params = {"change": change, "now": now, "before": before}
    if change > 0:
        severity: Severity = "bad" if change >= limits.yoy_bad else "warn"
        yield Finding(subject.institution, severity, "rise", params, 35 + min(20.0, change * 20))
    else:
        severity = "warn" if change <= -limits.yoy_bad else "good"
        yield Finding(subject.institution, severity, "fall", params, 15 + min(10.0, -change * 10))


def _slips(subject: Subject, limits: Thresholds) -> Iterator[Finding]:
    """A month off by a power of ten against the same month last year, else against the median of the other months.

    Ten times the median may be a season: without last year it is only a warning, and none when many months are so.
    """
    for series in subject.series:
        found = [slip for month, value in series.quantity.items() if (slip := _slip(series, month, value, limits))]
        unsure = [slip for slip in found if slip["against"] == "median" and slip["power"] in (1, -1)]
        for slip in found:
            if slip not in unsure:
                yield Finding(subject.institution, "bad", "unit_slip", slip, 90 + abs(int(str(slip["power"]))))
            elif len(unsure) <= limits.sudden_most:
                yield Finding(subject.institution, "warn", "unit_slip", slip, 65)


def _slip(series: CarrierSeries, month: int, value: float | None, limits: Thresholds) -> Params | None:
    """The power of ten a month is off by, with what it was held against."""
    base, against = _reference(series, month)
    if not value or value < 0 or not base:
        return None
    exponent = log10(value / base)
    power = round(exponent)
    if abs(power) not in limits.slip_powers or abs(exponent - power) > limits.slip_tolerance:
        return None
    return {
        "carrier": series.carrier, "month": month, "value": value, "base": base, "power": power, "against": against,
    }  # fmt: skip


def _reference(series: CarrierSeries, month: int) -> tuple[float | None, str]:
    last = series.last_year.get(month - 100)
    if last is not None and last > 0:
        return last, "last_year"
    others = [value for at, value in series.quantity.items() if value and value > 0 and at != month]
    return (median(others), "median") if len(others) >= 3 else (None, "")


def _sudden(subject: Subject, limits: Thresholds, explained: set[tuple[object, object]]) -> Iterator[Finding]:
    """A month far from the median of the year that last year's season does not explain."""
    for series in subject.series:
        known = {month: value for month, value in series.quantity.items() if value is not None and value >= 0}
        if len(known) < limits.sudden_months:
            continue
        middle = median(known.values())
        far = [month for month, value in known.items() if _is_far(value, middle, limits)]
        if len(far) > limits.sudden_most:
            continue
        for month in far:
            value = known[month]
            if (series.carrier, month) in explained or _seasonal(series, month, value, limits):
                continue
            times = value / middle
            params: Params = {
                "carrier": series.carrier,
                "month": month,
                "value": value,
                "median": middle,
                "times": times,
            }
            yield Finding(
                subject.institution, "warn", "sudden_month", params, 55 + min(10.0, abs(log10(times or 0.001)))
            )


def _is_far(value: float, middle: float, limits: Thresholds) -> bool:
    return middle > 0 and not limits.sudden_low <= value / middle <= limits.sudden_high


def _seasonal(series: CarrierSeries, month: int, value: float, limits: Thresholds) -> bool:
    """Whether the same month of last year was about as high or low."""
    last = series.last_year.get(month - 100)
    if last is None:
        return False
    return last == value or (last > 0 and limits.sudden_low * 2.5 <= value / last <= limits.sudden_high / 2.5)


def _missing(subject: Subject) -> Iterator[Finding]:
    """Expected months without a figure."""
    for series in subject.series:
        absent = tuple(month for month in series.expected if series.quantity.get(month) is None)
        if absent:
            share = len(absent) / len(series.expected)
            severity: Severity = "bad" if share >= 0.5 else "warn"
            params: Params = {
                "carrier": series.carrier,
                "months": absent,
                "count": len(absent),
                "expected": len(series.expected),
            }
            yield Finding(subject.institution, severity, "missing_months", params, 30 + 25 * share)


def _price(series: CarrierSeries) -> float | None:
    """Cost divided by quantity over the months that have both."""
    both = [(cost, series.quantity.get(month)) for month, cost in series.cost.items() if cost is not None]
    pairs = [(cost, quantity) for cost, quantity in both if quantity]
    quantity = sum(quantity for _, quantity in pairs)
    return sum(cost for cost, _ in pairs) / quantity if quantity > 0 else None


def _prices(looks: Sequence[Look], limits: Thresholds) -> Iterator[Finding]:
    """Prices far from the middle price of the carrier among institutions that report quantity and cost."""
    known: dict[str, list[float]] = {}
    for look in looks:
        for carrier, price in look.prices.items():
            known.setdefault(carrier, []).append(price)
    middles = {carrier: median(prices) for carrier, prices in known.items() if len(prices) >= limits.peers_min}
    for look in looks:
        for carrier, price in look.prices.items():
            middle = middles.get(carrier)
            if not middle or price <= 0 or 1 / limits.price_ratio <= price / middle <= limits.price_ratio:
                continue
            times = price / middle
            params: Params = {"carrier": carrier, "price": price, "median": middle, "times": times}
            code = "price_high" if times > 1 else "price_low"
            yield Finding(look.institution, "warn", code, params, 45 + min(15.0, abs(log10(times)) * 5))
