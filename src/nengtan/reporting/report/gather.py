"""Approved returns as reports and publications count them: a few queries a year, whatever the region's size."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, reduce
from operator import or_

from nengtan import reference
from nengtan.domain.exact import kilo_to_tonne, product, total
from nengtan.domain.factors import Factor
from nengtan.domain.returns import slots
from nengtan.domain.returns.publication import Filing, Handed
from nengtan.domain.returns.report import CarrierUse, Flagged, Missing, Report, Reporter, YearOf, compose
from nengtan.domain.returns.review.rules import Rule
from nengtan.domain.returns.rollup import Joined
from nengtan.domain.returns.scheme import Edition, Indicator, Measure
from nengtan.domain.returns.steps import State
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.ledger.queries.choosing import Choosers
from nengtan.ledger.queries.full import YearFactors
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.reference.report import limits
from nengtan.reference.rules import rule_book
from nengtan.registry.models import Region
from nengtan.reporting.lateness import HANDED_IN, days_again, days_late, is_late
from nengtan.reporting.models import Explanation, Return, RuleVersion, Value
from nengtan.reporting.same import joined
from nengtan.reporting.services.reviewing import review
from nengtan.reporting.services.rulebook import as_rule
from nengtan.reporting.totals import NONE, Counted, Lying, edition_among


@dataclass(frozen=True)
class FactorLine:
    """A factor used: of which carrier, for which zone; without ``factor`` there was none and the use is in no total."""

    carrier: str
    zone: str
    kind: str
    factor: Factor | None


@dataclass(frozen=True)
class Gathered:
    """The report of a region and year with what it was made from."""

    region: Region
    edition: Edition
    report: Report
    factors: tuple[FactorLine, ...]
    seasons: Sequence[tuple[str, tuple[Reporter, ...]]] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict)


def annual_report(
    actor: Actor, region: Region, year: int, base_year: int | None = None, *, reviewed: bool = True
) -> Gathered:
    """Everything the annual report of a region says, drawn from the approved annual returns.

    Not ``reviewed``, it tells neither what the rules flagged nor the parts of the year: a page is not to wait for all
    returns of a province.

    Raises:
        Forbidden: the actor does not see the single institutions of the whole region.
    """
    require_whole(actor, region)
    books = Books(region, year, year - 1, *([base_year] if base_year else []))
    seasons = books.seasons(year) if reviewed else []
    now, last = books.year(year), books.year(year - 1)
    base = books.year(base_year) if base_year else None
    report = compose(
        now,
        last,
        base,
        limits(),
        seasons=seasons,
        flagged=_flagged(books.approved(slots.annual(year))) if reviewed else (),
        carriers=list(reference.carriers()),
        joined={earlier.year: bodies_joined(now, earlier) for earlier in (last, base) if earlier and earlier.reporters},
    )
    edition = edition_among({item.edition for item in books.owed(slots.annual(year))}, year)
    return Gathered(region, edition, report, books.factor_lines(year), seasons, known_rules() if reviewed else {})


def bodies_joined(now: YearOf, earlier: YearOf) -> Joined[str]:
    """The bodies that became one another between two years, by code."""
    here, there = ({item.code for item in year.reporters} for year in (now, earlier))
    return joined(slots.annual(now.year), slots.annual(earlier.year), here, there, key="institution__code")


def known_rules() -> dict[str, Rule]:
    """The review rules by id, the latest version of those that were added."""
    added = map(as_rule, RuleVersion.objects.select_related("region").order_by("id"))
    return {rule.id: rule for rule in (*rule_book().rules, *added)}


def require_whole(actor: Actor, region: Region, capability: str = Capability.VIEW_DETAIL) -> None:
    """Raise :class:`Forbidden` where the actor's right does not cover the region and all below it."""
    if not actor.scope_for(capability).covers(region.path):
        raise Forbidden(capability)


def years_with_returns(region: Region) -> list[int]:
    """The years of which the region has approved annual returns, the latest first."""
    held = Return.objects.filter(region__path__startswith=region.path, kind=slots.Kind.ANNUAL, state=State.APPROVED)
    return list(held.order_by("-year").values_list("year", flat=True).distinct())


def filings(counted: Counted, owed: Iterable[Return]) -> tuple[Filing, ...]:
    """How every body that owes a return that counts towards the region handed it in.

    Of a body that is closed, and whose return nobody can hand in any more, nothing is said.
    """
    return tuple(
        Filing(
            item.institution.code, item.institution.name, item.institution_kind, item.system,
            child_of(counted, item), _handed(item), item.rounds, _over(days_late(item)), _over(days_again(item)),
        )
        for item in owed
        if item.institution.closed_on is None or _handed(item) is not Handed.OUTSTANDING
    )  # fmt: skip


def child_of(counted: Counted, item: Return) -> str:
    """The region below in which a return counts; the region itself for what counts directly in it."""
    child = counted.child(item.region_id, item.superior_id)
    return counted.region.code if child == NONE else child


def _over(days: int | None) -> int | None:
    return days if days and days > 0 else None


def _handed(item: Return) -> Handed:
    """By the first handing in: what was sent back to be mended was handed in all the same."""
    if item.state not in HANDED_IN and item.reported_at is None:
        return Handed.OUTSTANDING
    return Handed.LATE if is_late(item) else Handed.IN_TIME


class Books:
    """The approved returns of a region by period; zones and factors are looked up once for all years.

    Where the annual returns of ``years`` lie is asked for together, and so are they and their cells.
    """

    def __init__(self, region: Region, *years: int) -> None:
        self.region = region
        self._choosers = Choosers.now()
        self._factors: dict[int, YearFactors] = {}
        lying = Lying(*map(slots.annual, years))
        self._counted = {period: Counted(region, period, lying=lying) for period in lying.periods}
        self._years = list(lying.periods)
        self._owed: dict[slots.Slot, list[Return]] = {}
        self._read: dict[slots.Slot, Mapping[int, Mapping[str, Decimal | None]]] = {}

    def year(self, year: int) -> YearOf:
        """The approved annual returns of a year, and those owed."""
        period = slots.annual(year)
        missing = tuple(
            Missing(
                item.institution.code, item.institution.name, item.institution_kind, item.system,
                child_of(self.counted(period), item), item.state,
            )
            for item in self.owed(period) if item.state != State.APPROVED
        )  # fmt: skip
        return YearOf(year, self.reporters(period), missing)

    def counted(self, period: slots.Slot) -> Counted:
        """The returns of a period that count towards the region."""
        if period not in self._counted:
            self._counted[period] = Counted(self.region, period)
        return self._counted[period]

    def owed(self, period: slots.Slot) -> list[Return]:
        """The returns owed for a period; those of all ``years`` are read together."""
        if period not in self._owed:
            together = self._together(period)
            rows = reduce(or_, (self.counted(item).returns for item in together))
            self._owed |= {item: [] for item in together}
            for row in rows.select_related("institution", "region").order_by("institution__code"):
                self._owed[row.period].append(row)
        return self._owed[period]

    def _together(self, period: slots.Slot) -> Sequence[slots.Slot]:
        return self._years if period in self._years else [period]

    def approved(self, period: slots.Slot) -> list[Return]:
        """The approved returns of a period."""
        return [item for item in self.owed(period) if item.state == State.APPROVED]

    def reporters(self, period: slots.Slot) -> tuple[Reporter, ...]:
        """What the approved returns of a period amount to."""
        cells = self._cells(period)
        return tuple(self._reporter(item, cells[item.pk]) for item in self.approved(period))

    def _cells(self, period: slots.Slot) -> Mapping[int, Mapping[str, Decimal | None]]:
        """What the approved returns of a period (and of all ``years``, read together) say, by their id."""
        if period not in self._read:
            together = self._together(period)
            approved = reduce(or_, (self.counted(item).approved for item in together))
            found: dict[int, dict[str, Decimal | None]] = defaultdict(dict)
            rows = Value.objects.filter(
                of__in=approved.order_by().values("pk"), record="", indicator__in=_wanted()
            ).order_by()
            for pk, indicator, value in rows.values_list("of_id", "indicator", "value"):
                found[pk][indicator] = value
            self._read |= dict.fromkeys(together, found)
        return self._read[period]

    def seasons(self, year: int) -> list[tuple[str, tuple[Reporter, ...]]]:
        """The approved monthly returns of a year, else its quarterly ones, by period."""
        for kind in (slots.Kind.MONTH, slots.Kind.QUARTER):
            parts = [(str(slot), self.reporters(slot)) for slot in slots.annual(year).parts(kind)]
            if any(held for _, held in parts):
                return parts
        return []

    def factor_lines(self, year: int) -> tuple[FactorLine, ...]:
        """The factors a year's returns were multiplied by."""
        carriers = reference.carriers()
        known = self.factors(year).known
        order = list(carriers)
        return tuple(
            FactorLine(carrier, zone, kind, factor)
            for zone, carrier in sorted(known, key=lambda pair: (order.index(pair[1]), pair[0]))
            for kind, factor in zip(("coal_equivalent", "co2"), known[zone, carrier], strict=True)
            if carriers[carrier].is_energy
        )

    def factors(self, year: int) -> YearFactors:
        """The factors of a year."""
        if year not in self._factors:
            self._factors[year] = YearFactors(self._choosers.chooser(year), self._choosers.places, year)
        return self._factors[year]

    def _reporter(self, item: Return, cells: Mapping[str, Decimal | None]) -> Reporter:
        uses = self._uses(item, cells)
        energy = [use for code, use in uses.items() if reference.carriers()[code].is_energy]
        amounts = {
            "energy_tce": total(use.tce for use in energy),
            "electricity_kwh": uses["electricity"].quantity if "electricity" in uses else None,
            "water_m3": uses["water"].quantity if "water" in uses else None,
            "co2_t": total(use.co2_t for use in energy),
            "cost_cny": total(use.cost_cny for code, use in uses.items() if not reference.carriers()[code].is_memo),
            "area_m2": cells.get("area"),
            "persons": cells.get("persons"),
        }
        body = item.institution
        return Reporter(
            body.code, body.name, item.institution_kind, item.system, child_of(self.counted(item.period), item),
            amounts, {code: use for code, use in uses.items() if not reference.carriers()[code].is_memo}, item.pk,
        )  # fmt: skip

    def _uses(self, item: Return, cells: Mapping[str, Decimal | None]) -> dict[str, CarrierUse]:
        """What a return says of each carrier, in its base unit, with what it amounts to."""
        zone, factors = self._choosers.places.zone(item.region.path), self.factors(item.year)
        found = {}
        for line, paid in _quantities(item.edition):
            code, value = line.carrier or "", cells.get(line.key)
            cost = cells.get(paid)
            if value is None and cost is None:
                continue
            quantity = None if value is None else product(value, reference.carriers()[code].units[line.unit])
            coal, co2 = factors.of(zone, code) if quantity else (None, None)
            found[code] = CarrierUse(quantity, _times(quantity, coal), _times(quantity, co2), cost)
        return found


@cache
def _quantities(edition: str) -> list[tuple[Indicator, str]]:
    """The lines that say how much of a carrier was used, each with the key of its cost."""
    held = scheme.edition(edition)
    return [(line, held.costs.get(line.key, "")) for line in quantity_lines(held)]


def quantity_lines(edition: Edition) -> list[Indicator]:
    """The lines of form 2 that say how much of a carrier was used."""
    return [
        line
        for line in edition.lines(2, platform=True)
        if line.carrier and line.measure is Measure.FLOW and line.parent is None
    ]


def _wanted() -> set[str]:
    """The indicators the report is made from, in any edition."""
    found = {"area", "persons"}
    for edition in scheme.editions().values():
        for line in quantity_lines(edition):
            found |= {line.key, edition.costs.get(line.key, line.key)}
    return found


def _times(quantity: Decimal | None, factor: Factor | None) -> Decimal | None:
    """Tonnes; nothing used is none of it, whatever the factor."""
    if quantity is not None and not quantity:
        return Decimal(0)
    return None if quantity is None or factor is None else kilo_to_tonne(product(quantity, factor.value))


def _flagged(returns: Sequence[Return]) -> list[Flagged]:
    """The rules that flagged approved returns, and how often their explanation was accepted."""
    values: Counter[tuple[str, str]] = Counter()
    explained: Counter[tuple[str, str]] = Counter()
    bodies: dict[tuple[str, str], set[int]] = defaultdict(set)
    for chunk in bulk.chunks(returns):
        told = _explained([item.pk for item in chunk])
        for pk, findings in review(chunk).items():
            for finding in findings:
                key = finding.rule, str(finding.severity)
                values[key] += 1
                bodies[key].add(pk)
                explained[key] += (pk, finding.rule, finding.cell.record, finding.cell.indicator) in told
    return [
        Flagged(rule, severity, count, len(bodies[rule, severity]), explained[rule, severity])
        for (rule, severity), count in sorted(values.items())
    ]


def _explained(returns: Iterable[int]) -> set[tuple[int, str, str, str]]:
    """What was explained: return, rule, room and indicator."""
    rows = Explanation.objects.filter(of__in=list(returns)).order_by()
    return {(of, rule, room, name) for of, rule, room, name in rows.values_list("of_id", "rule", "record", "indicator")}
