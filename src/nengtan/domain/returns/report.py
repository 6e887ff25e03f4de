"""What the annual analysis report (统计分析报告) of a region says: every figure of it, made from approved returns.

Amounts are added unrounded and divided last. A ratio is drawn over the bodies that have both sides; without any it is
unknown, never zero. Each figure bears a key under which the returns behind it can be listed again (`behind`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from nengtan.domain import lmdi
from nengtan.domain.change import Change, Coverage, LikeForLike, Remark, change, coverage_remark, like_for_like
from nengtan.domain.exact import product, ratio, total
from nengtan.domain.returns.rollup import Joined

__all__ = [
    "AMOUNTS",
    "CUTS",
    "MEASURES",
    "RATIOS",
    "CarrierUse",
    "Explained",
    "Figure",
    "Flagged",
    "Limits",
    "Line",
    "Missing",
    "Report",
    "Reporter",
    "Standout",
    "Why",
    "YearOf",
    "before_of",
    "behind",
    "compose",
    "measure_of",
    "standouts",
    "sum_of",
]

AMOUNTS = ("energy_tce", "electricity_kwh", "water_m3", "co2_t", "cost_cny", "area_m2", "persons")
"""What adds up over bodies: tce, kWh, m3, tonnes of CO2, CNY, m2, persons."""

_THOUSAND, _HUNDRED, _ONE = Decimal(1000), Decimal(100), Decimal(1)

RATIOS: Mapping[str, tuple[str, str, Decimal]] = {
    "kgce_per_m2": ("energy_tce", "area_m2", _THOUSAND),
    "kgce_per_person": ("energy_tce", "persons", _THOUSAND),
    "kwh_per_m2": ("electricity_kwh", "area_m2", _ONE),
    "m3_per_person": ("water_m3", "persons", _ONE),
    "kgco2_per_m2": ("co2_t", "area_m2", _THOUSAND),
}
"""What is divided by what, and how many of its unit make one of the numerator's."""

MEASURES = (*AMOUNTS, *RATIOS)
CUTS = ("kind", "system", "child")
"""What a line of the report may be cut down to: type of body, system, region below."""


@dataclass(frozen=True, slots=True)
class CarrierUse:
    """What one body used of one carrier: quantity in its base unit, tce, tonnes of CO2, CNY; None is unknown."""

    quantity: Decimal | None = None
    tce: Decimal | None = None
    co2_t: Decimal | None = None
    cost_cny: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reporter:
    """One body's approved return of the year, as the report counts it; ``of`` is the key of the return."""

    code: str
    name: str
    kind: str
    system: str
    child: str
    amounts: Mapping[str, Decimal | None]
    carriers: Mapping[str, CarrierUse] = field(default_factory=dict)
    of: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """A body whose return of the year is owed and not approved; ``state`` says how far it is."""

    code: str
    name: str
    kind: str
    system: str
    child: str
    state: str


@dataclass(frozen=True, slots=True)
class YearOf:
    """A year's approved returns of a region, and those still owed."""

    year: int
    reporters: tuple[Reporter, ...]
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with the key of its lineage; ``bodies`` have a value in it. ``last`` and ``base``: the earlier years."""

    key: str
    measure: str
    value: Decimal | None
    bodies: int
    last: Decimal | None = None
    base: Decimal | None = None

    @property
    def on_last(self) -> Change:
        """Against the year before (同比)."""
        return change(self.value, self.last)

    @property
    def on_base(self) -> Change:
        """Against the base year (定比)."""
        return change(self.value, self.base)


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one type, system or region below, or of a carrier; ``share`` is its part of all energy."""

    head: str
    coverage: Coverage
    figures: Mapping[str, Figure]
    share: Decimal | None = None


@dataclass(frozen=True)
class Explained:
    """Why a total changed since ``since``, by factor; ``bodies``: those in both years, over which it is drawn."""

    measure: str
    since: int
    bodies: int
    base: Decimal
    now: Decimal
    effects: Mapping[str, Decimal]

    def percent(self, effect: str) -> Decimal | None:
        """An effect in percent of the earlier total."""
        part = ratio(self.effects[effect], self.base)
        return None if part is None else product(part, _HUNDRED)


class Why(StrEnum):
    """Why a body stands out."""

    ROSE = "rose"
    FELL = "fell"
    ABOVE_PEERS = "above_peers"
    BELOW_PEERS = "below_peers"


@dataclass(frozen=True, slots=True)
class Standout:
    """A body worth a look: ``value`` is its change in percent, or its intensity as a multiple of that of its type."""

    code: str
    name: str
    kind: str
    why: Why
    value: Decimal


@dataclass(frozen=True, slots=True)
class Flagged:
    """A review rule that flagged values of approved returns: how many, of how many bodies, how many explained."""

    rule: str
    severity: str
    values: int
    bodies: int
    explained: int


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on a body stands out, and how long the lists are."""

    change_percent: Decimal
    peer_high: Decimal
    peer_low: Decimal
    peer_least: int
    top: int


@dataclass(frozen=True)
class Report:
    """The annual report of a region; ``same`` compares the bodies of both years, ``seasons`` are its parts.

    Not ``comparable``: the two years were not reported alike, so that only the same bodies may be compared.
    """

    year: int
    last_year: int
    base_year: int | None
    total: Line
    by_kind: tuple[Line, ...]
    by_system: tuple[Line, ...]
    by_child: tuple[Line, ...]
    carriers: tuple[Line, ...]
    same: Mapping[str, LikeForLike]
    explained: tuple[Explained, ...]
    seasons: tuple[Line, ...]
    top: tuple[Reporter, ...]
    standouts: tuple[Standout, ...]
    missing: tuple[Missing, ...]
    flagged: tuple[Flagged, ...]
    reporters: tuple[Reporter, ...]
    same_bodies: Mapping[str, Change] = field(default_factory=dict)
    comparable: bool = True
    comparable_base: bool = True

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure of the report, in its order."""
        lines = (self.total, *self.carriers, *self.by_kind, *self.by_system, *self.by_child, *self.seasons)
        return tuple(figure for line in lines for figure in line.figures.values())

    @property
    def top_share(self) -> Decimal | None:
        """What part of all energy the top users use."""
        return ratio(total(item.amounts.get("energy_tce") for item in self.top), self.total.figures["energy_tce"].value)


def compose(
    now: YearOf,
    last: YearOf | None,
    base: YearOf | None,
    limits: Limits,
    *,
    seasons: Sequence[tuple[str, Sequence[Reporter]]] = (),
    flagged: Iterable[Flagged] = (),
    carriers: Sequence[str] = (),
    joined: Mapping[int, Joined[str]] | None = None,
) -> Report:
    """Make the report; ``seasons``: approved returns of each month or quarter, ``carriers``: their official order.

    ``joined``: by earlier year the bodies that became one another since, which are compared together.
    """
    together = joined or {}
    years = (now, last or YearOf(now.year - 1, ()), base or YearOf(0, ()))
    owed = [*now.reporters, *now.missing]
    whole = total(item.amounts.get("energy_tce") for item in now.reporters)

    def cut(name: str) -> tuple[Line, ...]:
        held = [_grouped(year.reporters, name) for year in years]
        waiting = Counter(getattr(item, name) for item in now.missing)
        heads = sorted({getattr(item, name) for item in owed})
        return tuple(
            _line([of.get(head, ()) for of in held], waiting[head], head, f":{name}={head}", whole) for head in heads
        )

    return Report(
        now.year,
        now.year - 1,
        base.year if base else None,
        _line([year.reporters for year in years], len(now.missing), "", "", whole),
        cut("kind"),
        cut("system"),
        cut("child"),
        tuple(_carrier_line(years, code, whole) for code in _used(years, carriers)),
        _same(now, years[1], together.get(years[1].year, Joined())),
        _explanations(now, last, base, together),
        tuple(_season(head, parts) for head, parts in seasons),
        _top(now.reporters, limits.top),
        standouts(now, years[1], limits, together.get(years[1].year)),
        now.missing,
        tuple(flagged),
        now.reporters,
        _same_bodies(now, years[1], together.get(years[1].year, Joined())),
        _comparable(now, years[1]),
        _comparable(now, years[2]),
    )


def _comparable(now: YearOf, before: YearOf) -> bool:
    """Whether the sums of two years were reported alike: a return not yet approved is no saving."""
    held = [Coverage(len(year.reporters), len(year.reporters) + len(year.missing)) for year in (now, before)]
    return coverage_remark(*held) not in (Remark.NOW_LESS_COMPLETE, Remark.BASE_LESS_COMPLETE)


def measure_of(amounts: Mapping[str, Decimal | None], measure: str) -> Decimal | None:
    """A measure of one body.

    >>> measure_of({"energy_tce": Decimal(2), "area_m2": Decimal(100)}, "kgce_per_m2")
    Decimal('20')
    >>> measure_of({"energy_tce": Decimal(2), "area_m2": None}, "kgce_per_m2") is None
    True
    """
    if measure not in RATIOS:
        return amounts.get(measure)
    above, below, scale = RATIOS[measure]
    amount = amounts.get(above)
    return ratio(None if amount is None else product(amount, scale), amounts.get(below))


def _has(amounts: Mapping[str, Decimal | None], measure: str) -> bool:
    """Whether a body has a measure: what `measure_of` gives is not None."""
    if measure not in RATIOS:
        return amounts.get(measure) is not None
    above, below, _scale = RATIOS[measure]
    return amounts.get(above) is not None and bool(amounts.get(below))


def behind(reporters: Iterable[Reporter], key: str) -> list[tuple[Reporter, Decimal | None]]:
    """The returns behind a figure, each with its own value, by the key of the figure.

    >>> one = Reporter("a", "A", "01", "", "x", {"water_m3": Decimal(5)})
    >>> [(item.code, value) for item, value in behind([one], "water_m3:kind=01")]
    [('a', Decimal('5'))]
    >>> behind([one], "water_m3:kind=02")
    []
    """
    measure, _, condition = key.partition(":")
    name, _, head = condition.partition("=")
    if name == "carrier":
        return [(item, getattr(item.carriers[head], measure)) for item in reporters if head in item.carriers]
    held = [item for item in reporters if not name or getattr(item, name) == head]
    return [(item, measure_of(item.amounts, measure)) for item in held]


def before_of(
    now: Sequence[Reporter], last: Iterable[Reporter], measure: str, joined: Joined[str]
) -> dict[str, Decimal | None]:
    """What each body is compared with: the year before of itself, or of all the bodies that became it.

    None where that is not known of each of them, where one of them is not counted, and of a body that is one of
    several that came out of another: its share of that is not known.

    >>> one, two, new = (Reporter(code, code, "01", "", "x", {"water_m3": Decimal(5)}) for code in ("a", "b", "c"))
    >>> before_of([new], [one, two], "water_m3", Joined({"a": "a", "b": "a", "c": "a"}))
    {'c': Decimal('10')}
    """
    members: dict[str, list[Reporter]] = defaultdict(list)
    beside = Counter(joined.group(item.code) for item in now)
    for item in last:
        members[joined.group(item.code)].append(item)
    found: dict[str, Decimal | None] = {}
    for item in now:
        group = joined.group(item.code)
        held = members[group]
        known = all(measure_of(one.amounts, measure) is not None for one in held)
        alone = beside[group] == 1 and group not in joined.apart
        found[item.code] = sum_of(held, measure) if held and known and alone else None
    return found


def standouts(now: YearOf, last: YearOf, limits: Limits, joined: Joined[str] | None = None) -> tuple[Standout, ...]:
    """Bodies whose energy moved far since last year, or whose intensity is far from that of their type."""
    before = before_of(now.reporters, last.reporters, "energy_tce", joined or Joined())
    per_kind = _kind_intensities(now.reporters, limits.peer_least)
    found = []
    for item in now.reporters:
        moved = change(item.amounts.get("energy_tce"), before.get(item.code)).percent
        if moved is not None and abs(moved) >= limits.change_percent:
            found.append(Standout(item.code, item.name, item.kind, Why.ROSE if moved > 0 else Why.FELL, moved))
        times = ratio(measure_of(item.amounts, "kgce_per_m2"), per_kind.get(item.kind))
        if times is not None and times >= limits.peer_high:
            found.append(Standout(item.code, item.name, item.kind, Why.ABOVE_PEERS, times))
        elif times is not None and times <= limits.peer_low:
            found.append(Standout(item.code, item.name, item.kind, Why.BELOW_PEERS, times))
    return tuple(sorted(found, key=lambda entry: (entry.why, -abs(entry.value), entry.code)))


def _grouped(reporters: Iterable[Reporter], name: str) -> dict[str, list[Reporter]]:
    found: dict[str, list[Reporter]] = defaultdict(list)
    for item in reporters:
        found[getattr(item, name)].append(item)
    return found


def _line(years: Sequence[Sequence[Reporter]], waiting: int, head: str, suffix: str, whole: Decimal | None) -> Line:
    """The figures of some bodies in this year, the last and the base year; ``waiting`` of them are not approved."""
    now, last, base = years
    figures = {measure: _figure(measure, f"{measure}{suffix}", now, last, base) for measure in MEASURES}
    share = ratio(figures["energy_tce"].value, whole)
    return Line(head, Coverage(len(now), len(now) + waiting), figures, share)


def _figure(
    measure: str, key: str, now: Sequence[Reporter], last: Sequence[Reporter] = (), base: Sequence[Reporter] = ()
) -> Figure:
    bodies = sum(_has(item.amounts, measure) for item in now)
    return Figure(key, measure, sum_of(now, measure), bodies, sum_of(last, measure), sum_of(base, measure))


def sum_of(items: Sequence[Reporter], measure: str) -> Decimal | None:
    """A measure of many bodies: the sum, or the quotient of the sums of those that have both sides."""
    if measure not in RATIOS:
        return total(item.amounts.get(measure) for item in items)
    above, below, scale = RATIOS[measure]
    both = [
        item.amounts for item in items if item.amounts.get(above) is not None and item.amounts.get(below) is not None
    ]
    amount = total(held[above] for held in both)
    return ratio(None if amount is None else product(amount, scale), total(held[below] for held in both))


def _used(years: Sequence[YearOf], order: Sequence[str]) -> list[str]:
    there = {
        code
        for year in years
        for item in year.reporters
        for code, use in item.carriers.items()
        if use.quantity or use.tce
    }
    return [*(code for code in order if code in there), *sorted(there - set(order))]


def _carrier_line(years: Sequence[YearOf], code: str, whole: Decimal | None) -> Line:
    uses = [[item.carriers[code] for item in year.reporters if code in item.carriers] for year in years]
    figures = {}
    for name in ("quantity", "tce", "co2_t", "cost_cny"):
        values = [[getattr(use, name) for use in held] for held in uses]
        bodies = sum(value is not None for value in values[0])
        now, last, base = (total(held) for held in values)
        figures[name] = Figure(f"{name}:carrier={code}", name, now, bodies, last, base)
    bodies = figures["quantity"].bodies
    return Line(code, Coverage(bodies, len(years[0].reporters)), figures, ratio(figures["tce"].value, whole))


def _season(head: str, parts: Sequence[Reporter]) -> Line:
    figures = {
        measure: _figure(measure, f"{measure}:season={head}", parts)
        for measure in ("energy_tce", "electricity_kwh", "water_m3")
    }
    return Line(head, Coverage(len(parts), len(parts)), figures)


def _same(now: YearOf, last: YearOf, joined: Joined[str]) -> dict[str, LikeForLike]:
    """Every amount, of all bodies and of the same; bodies that became one another are one, known where each is."""

    def of(year: YearOf, measure: str) -> dict[tuple[str, int], Decimal | None]:
        held: dict[tuple[str, int], list[Decimal | None]] = defaultdict(list)
        for item in year.reporters:
            group = joined.group(item.code)
            held[group, year.year if group in joined.apart else 0].append(item.amounts.get(measure))
        return {group: None if None in values else total(values) for group, values in held.items()}

    def whole(measure: str) -> Change:
        here, there = (total(item.amounts.get(measure) for item in year.reporters) for year in (now, last))
        return change(here, there)

    return {
        measure: replace(like_for_like(of(now, measure), of(last, measure)), all_units=whole(measure))
        for measure in AMOUNTS
    }


def _same_bodies(now: YearOf, last: YearOf, joined: Joined[str]) -> dict[str, Change]:
    """Every measure, intensities too, over the bodies that are in both years."""
    kept = joined.same(*([item.code for item in year.reporters] for year in (now, last)))
    here, there = (
        [item for item in year.reporters if item.code in bodies]
        for year, bodies in zip((now, last), kept, strict=False)
    )
    return {measure: change(sum_of(here, measure), sum_of(there, measure)) for measure in MEASURES}


def _top(reporters: Iterable[Reporter], most: int) -> tuple[Reporter, ...]:
    known = [(item.amounts.get("energy_tce"), item) for item in reporters]
    ranked = sorted(((value, item) for value, item in known if value), key=lambda pair: (-pair[0], pair[1].code))
    return tuple(item for _, item in ranked[:most])


def _kind_intensities(reporters: Sequence[Reporter], least: int) -> dict[str, Decimal]:
    """The intensity of each type that has enough bodies for a comparison."""
    by_kind: dict[str, list[Reporter]] = defaultdict(list)
    for item in reporters:
        if _has(item.amounts, "kgce_per_m2"):
            by_kind[item.kind].append(item)
    found = {kind: sum_of(items, "kgce_per_m2") for kind, items in by_kind.items() if len(items) >= least}
    return {kind: value for kind, value in found.items() if value is not None}


def _explanations(
    now: YearOf, last: YearOf | None, base: YearOf | None, joined: Mapping[int, Joined[str]]
) -> tuple[Explained, ...]:
    earlier = [year for year in (last, base) if year is not None and year.year != now.year]
    found = [
        _explain(now, year, measure, names, rows, joined.get(year.year, Joined()))
        for year in {year.year: year for year in earlier}.values()
        for measure, names, rows in _CHAINS
    ]
    return tuple(item for item in found if item is not None)


Rows = dict[tuple[str, ...], tuple[Decimal, ...]]


def _explain(
    now: YearOf, before: YearOf, measure: str, names: Sequence[str], rows: Callable[[Sequence[Reporter]], Rows],
    joined: Joined[str],
) -> Explained | None:  # fmt: skip
    """The decomposition over the bodies known in both years; None where there is none, or a row cannot be split."""
    both = _complete(now.reporters, measure, joined) & _complete(before.reporters, measure, joined)
    here, there = ([item for item in year.reporters if joined.group(item.code) in both] for year in (now, before))
    if not both:
        return None
    try:
        split = lmdi.decompose(names, rows(there), rows(here))
    except lmdi.NotDecomposable:
        return None
    return Explained(measure, before.year, len(both), split.base, split.now, split.effects)


def _complete(items: Sequence[Reporter], measure: str, joined: Joined[str]) -> set[str]:
    """The groups of which every body gives the measure and its area."""
    lacking = {
        joined.group(item.code)
        for item in items
        if item.amounts.get(measure) is None or not item.amounts.get("area_m2")
    }
    return {joined.group(item.code) for item in items} - lacking - joined.apart


def _energy_rows(items: Sequence[Reporter]) -> Rows:
    """Area, structure of types, energy per area."""
    area, areas, energies = _areas(items)
    return {(kind,): lmdi.chain(area, areas[kind], energies[kind]) for kind in areas}


def _carbon_rows(items: Sequence[Reporter]) -> Rows:
    """Area, structure of types, energy per area, mix of carriers, CO2 per energy."""
    area, areas, energies = _areas(items)
    energy: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    carbon: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for item in items:
        for code, use in item.carriers.items():
            energy[item.kind, code] += use.tce or 0
            carbon[item.kind, code] += use.co2_t or 0
    return {
        pair: lmdi.chain(area, areas[pair[0]], energies[pair[0]], energy[pair], carbon[pair])
        for pair in energy
        if energy[pair] or carbon[pair]
    }


def _areas(items: Sequence[Reporter]) -> tuple[Decimal, dict[str, Decimal], dict[str, Decimal]]:
    areas: dict[str, Decimal] = defaultdict(Decimal)
    energies: dict[str, Decimal] = defaultdict(Decimal)
    for item in items:
        areas[item.kind] += item.amounts.get("area_m2") or 0
        energies[item.kind] += item.amounts.get("energy_tce") or 0
    return sum(areas.values(), Decimal(0)), areas, energies


_CHAINS: tuple[tuple[str, tuple[str, ...], Callable[[Sequence[Reporter]], Rows]], ...] = (
    ("energy_tce", ("area", "structure", "intensity"), _energy_rows),
    ("co2_t", ("area", "structure", "intensity", "mix", "factor"), _carbon_rows),
)
