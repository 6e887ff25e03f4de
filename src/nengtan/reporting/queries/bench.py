"""A region's period on one screen: who has reported, who is late, which values are worth a look and against what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from statistics import median
from typing import Any

from nengtan.domain.returns.review.findings import Finding, Hit
from nengtan.domain.returns.review.peers import LEAST
from nengtan.domain.returns.review.rules import Rule, Severity
from nengtan.domain.returns.scheme import Edition, Indicator
from nengtan.domain.returns.slots import Kind, Slot
from nengtan.domain.returns.steps import State
from nengtan.identity.access import Actor
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.lateness import HANDED_IN, days_again, days_late
from nengtan.reporting.models import Explanation, Return, Value
from nengtan.reporting.queries import returns_of
from nengtan.reporting.services.past import Units
from nengtan.reporting.services.reviewing import Flags, View, is_settled, review_flagged
from nengtan.ui.fields import from_units

__all__ = ["Bench", "BenchRow", "Flagged"]

Key = tuple[str, str, str]
"""Rule, room and indicator: what an explanation belongs to."""

PER_PERSON = frozenset({"water_qty", "water_cost"})
"""What peers are compared by per person; everything else per square metre."""

_DENOMINATORS = ("area", "persons")


@dataclass(eq=False, slots=True)
class Flagged:
    """One value worth a look; its figures and everything it is held against are looked up when they are shown."""

    bench: Bench = field(repr=False)
    row: BenchRow
    hit: Hit
    explanation: Explanation | None
    settled: bool
    _finding: Finding | None = None

    @property
    def severity(self) -> str:
        """How grave it is."""
        return str(self.hit.severity)

    @property
    def rule(self) -> str:
        """The rule that flagged it."""
        return self.hit.rule

    @property
    def finding(self) -> Finding:
        """What was found, in full."""
        if self._finding is None:
            self._finding = self.hit.finding()
        return self._finding

    @property
    def indicator(self) -> Indicator | None:
        """The line it stands on; none of a period or a code."""
        return self._edition.indicators.get(self.hit.cell.indicator)

    @property
    def value(self) -> Decimal | None:
        """What was reported."""
        return self._view("now").get(self.hit.cell.indicator)

    @property
    def last(self) -> Decimal | None:
        """What it was a year before."""
        return self.bench.earlier(self.row.of, "last", self.hit.cell.indicator)

    @property
    def base(self) -> Decimal | None:
        """What it was in the base year."""
        return self.bench.earlier(self.row.of, "base", self.hit.cell.indicator)

    @property
    def metered(self) -> Decimal | None:
        """What the meters read."""
        return self._view("metered").get(self.hit.cell.indicator)

    @property
    def price(self) -> Decimal | None:
        """What a unit cost."""
        return _price(self._edition, self._view("now"), self.hit.cell.indicator)

    @property
    def own_share(self) -> Decimal | None:
        """It per person or m2; of a figure that is held against peers itself, that figure."""
        if self._of_peers is not None and isinstance(self.finding.found, Decimal):
            return self.finding.found
        return _share(self._view("now"), self.hit.cell.indicator)

    @property
    def peers(self) -> Decimal | None:
        """The middle of the same among its peers."""
        return self._of_peers or self.bench.middle(self.row.of.institution_kind, self.hit.cell.indicator)

    @property
    def _of_peers(self) -> Decimal | None:
        """The median the rule itself compared with."""
        found = self.finding.params.get("median")
        return found if isinstance(found, Decimal) else None

    @property
    def _edition(self) -> Edition:
        return scheme.edition(self.row.of.edition)

    def _view(self, name: str) -> View:
        return self.bench.flags.against[self.row.of.pk].view(name)


@dataclass
class BenchRow:
    """One return with what is wrong with it."""

    of: Return
    late: bool
    days_late: int
    errors: int = 0
    warnings: int = 0
    explained: int = 0
    notes: int = 0

    @property
    def weight(self) -> tuple[int, int, int, int]:
        """Worst first: errors, then what wants an explanation, then what has one."""
        return -self.errors, -self.warnings, -self.explained, -self.notes


class Bench:
    """What the actor may see of the returns of a region and all below it, of one period: reviewed in one pass.

    ``returns`` are those, where whoever asks has read them already.
    """

    def __init__(
        self, actor: Actor, region: Region, period: Slot, today: date | None = None,
        returns: Sequence[Return] | None = None,
    ) -> None:  # fmt: skip
        self.actor, self.region, self.period, self.today = actor, region, period, today or clock.today()
        self.returns = list(returns_of(actor, region, period)) if returns is None else returns
        self._earlier: dict[tuple[int, int | None, str], Decimal | None] = {}
        self._middles: dict[tuple[str, str], Decimal] = {}
        self._looked_up: set[tuple[str, str]] = set()

    @cached_property
    def rows(self) -> list[BenchRow]:
        """A row a return, the worst first."""
        rows = [self._row(of) for of in self.returns]
        return sorted(rows, key=lambda row: (*row.weight, row.of.institution.code))

    @cached_property
    def flagged(self) -> list[Flagged]:
        """Every value worth a look, by institution, the worst institution first."""
        return [item for row in self.rows for item in self._flagged(row)]

    @cached_property
    def states(self) -> Counter[str]:
        """How many returns stand where."""
        return Counter(of.state for of in self.returns)

    @property
    def handed_in(self) -> int:
        """Returns that were reported, approved ones with them."""
        return sum(self.states[state] for state in HANDED_IN)

    @property
    def missing(self) -> int:
        """Returns that were not reported."""
        return len(self.returns) - self.handed_in

    @property
    def late(self) -> int:
        """Returns not reported though their day has passed."""
        return sum(1 for row in self.rows if row.late and row.of.state not in HANDED_IN)

    @property
    def with_errors(self) -> int:
        """Returns with something that blocks them."""
        return sum(1 for row in self.rows if row.errors)

    @property
    def with_warnings(self) -> int:
        """Returns with something that wants an explanation and has none."""
        return sum(1 for row in self.rows if row.warnings and not row.errors)

    @property
    def in_order(self) -> list[BenchRow]:
        """Reported returns without an error or an unexplained value."""
        return [row for row in self.rows if row.of.state == State.REPORTED and not row.errors and not row.warnings]

    @property
    def base_year(self) -> int | None:
        """The year comparisons go back to."""
        return scheme.base_year(self.period.year)

    @property
    def lacking_quota(self) -> list[Rule]:
        """The rules that hold some of the begun returns against no quota, for none is known."""
        return list(self.flags.lacking.values())

    # What stands beside a value

    def prepare(self, items: Sequence[Flagged]) -> None:
        """Look up together what some values are held against, besides what the rules have read; one query."""
        wanted = {(item.row.of.institution_kind, item.hit.cell.indicator) for item in items} - self._looked_up
        if wanted:
            self._look_up({kind for kind, _line in wanted}, {line for _kind, line in wanted})
            self._looked_up |= wanted

    def earlier(self, of: Return, view: str, indicator: str) -> Decimal | None:
        """What a cell was last year or in the base year (``view``)."""
        known = self.flags.against[of.pk].view(view)
        if indicator in known:
            return known.get(indicator)
        self._know(of.institution_kind, indicator)
        year = self.period.year - 1 if view == "last" else self.base_year
        return self._earlier.get((of.institution_id, year, indicator))

    def middle(self, kind: str, indicator: str) -> Decimal | None:
        """The middle of an indicator per person or m2 among peers in the region: of its type, as rules choose them."""
        self._know(kind, indicator)
        return self._middles.get((kind, indicator))

    def _know(self, kind: str, indicator: str) -> None:
        if (kind, indicator) not in self._looked_up:
            self.prepare(self.flagged)

    def _look_up(self, kinds: Collection[str], lines: Collection[str]) -> None:
        """What the bodies of some types reported on some lines in this year, the year before and the base year."""
        kind_of = {of.institution_id: of.institution_kind for of in self.returns if of.institution_kind in kinds}
        years = {year for year in (self.period.year, self.period.year - 1, self.base_year) if year}
        rows = Value.objects.filter(
            of__institution__in=sorted(kind_of), of__kind=self.period.kind, of__slot=self.period.number,
            of__year__in=years, record="", indicator__in={*lines, *_DENOMINATORS}, value__isnull=False,
        ).exclude(of__state=State.EMPTY).order_by()  # fmt: skip
        handed_in: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
        names = ("of__institution", "of__year", "of__state", "indicator", Units("value"))
        for body, year, state, line, units in rows.values_list(*names):
            self._earlier[body, year, line] = from_units(units)
            if state in HANDED_IN and units > 0:
                handed_in[body, year][line] = units
        shares: dict[tuple[str, str, int], list[float]] = defaultdict(list)
        for (body, year), cells in handed_in.items():
            for line in cells.keys() & lines:
                share = _share(cells, line)
                if share is not None:
                    shares[kind_of[body], line, year].append(float(share))
        for year in (self.period.year, self.period.year - 1):
            self._middles |= {
                (kind, line): Decimal(repr(median(held)))
                for (kind, line, of_year), held in shares.items()
                if of_year == year and len(held) >= LEAST
            }

    # How it is worked out

    @cached_property
    def flags(self) -> Flags:
        """What the rules find in the returns that were begun."""
        return review_flagged([of for of in self.returns if of.state != State.EMPTY])

    @cached_property
    def _told(self) -> dict[int, dict[Key, Explanation]]:
        told: dict[int, dict[Key, Explanation]] = defaultdict(dict)
        flagged = [pk for pk, found in self.flags.hits.items() if found]
        for item in (one for chunk in bulk.chunks(flagged) for one in Explanation.objects.filter(of__in=chunk)):
            told[item.of_id][item.rule, item.record, item.indicator] = item
        return told

    def _judged(self, of: Return) -> Iterator[tuple[Hit, Explanation | None, bool]]:
        """What was found in a return, what was said to it, and whether that settles it."""
        hits, told = self.flags.hits.get(of.pk, []), self._told.get(of.pk)
        if not told:
            yield from ((hit, None, False) for hit in hits)
            return
        proofs = {key: item.evidence_id is not None for key, item in told.items() if item.stands}
        for hit in hits:
            said = told.get((hit.rule, hit.cell.record, hit.cell.indicator))
            yield hit, said, is_settled(hit, proofs)

    def _row(self, of: Return) -> BenchRow:
        late, again = days_late(of, self.today) or 0, days_again(of, self.today) or 0
        counts = Counter((hit.among.severity, settled) for hit, _said, settled in self._judged(of))
        return BenchRow(
            of, late > 0 or again > 0, max(late, again),
            errors=counts[Severity.BLOCK, False], warnings=counts[Severity.EXPLAIN, False],
            explained=counts[Severity.BLOCK, True] + counts[Severity.EXPLAIN, True],
            notes=counts[Severity.INFORM, False] + counts[Severity.INFORM, True],
        )  # fmt: skip

    def _flagged(self, row: BenchRow) -> list[Flagged]:
        return [Flagged(self, row, hit, said, settled) for hit, said, settled in self._judged(row.of)]


def _share(values: View | Mapping[str, Any], indicator: str) -> Any:
    """A flow or cost per person (water) or per square metre."""
    value, by = values.get(indicator), values.get("persons" if indicator in PER_PERSON else "area")
    return None if value is None or not by or indicator in _DENOMINATORS else value / by


def _price(edition: Edition, values: View, indicator: str) -> Decimal | None:
    """What a unit cost, asked of a quantity or of its cost."""
    line = edition.indicators.get(indicator)
    quantity = line.cost_of if line is not None and line.cost_of else indicator
    cost = edition.costs.get(quantity)
    amount, paid = values.get(quantity), values.get(cost or "")
    return paid / amount if paid is not None and amount else None


def latest_period(actor: Actor, region: Region, kind: str = Kind.ANNUAL) -> Slot | None:
    """The last period of a kind of which the actor sees a return in the region, else the last of any kind."""
    rows = Return.objects.for_actor(actor).filter(region__path__startswith=region.path)
    wanted = rows.filter(kind=kind).order_by("-year", "-slot").values_list("year", "slot", "kind").first()
    found = wanted or rows.order_by("-year", "-slot").values_list("year", "slot", "kind").first()
    return Slot(found[0], found[1], Kind(found[2])) if found else None


def periods_of(actor: Actor, region: Region) -> Sequence[Slot]:
    """The periods of which the actor sees returns in the region, the last first."""
    rows = Return.objects.for_actor(actor).filter(region__path__startswith=region.path)
    found = rows.order_by("-year", "kind", "-slot").values_list("year", "slot", "kind").distinct()
    return [Slot(year, number, Kind(kind)) for year, number, kind in found]
