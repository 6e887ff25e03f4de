"""A region's period on one screen: who has reported, who is late, which values are worth a look and against what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from statistics import median

from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.scheme import Edition, Indicator
from nengtan.domain.returns.slots import Kind, Slot
from nengtan.domain.returns.steps import State
from nengtan.identity.access import Actor
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.lateness import HANDED_IN, days_again, days_late
from nengtan.reporting.models import Explanation, Return
from nengtan.reporting.queries import returns_of
from nengtan.reporting.services.reviewing import Against, View, is_settled, review_against

__all__ = ["Bench", "BenchRow", "Flagged"]

Key = tuple[str, str, str]
"""Rule, room and indicator: what an explanation belongs to."""

LEAST_PEERS = 5
"""Fewer known figures make no median of peers."""

PER_PERSON = frozenset({"water_qty", "water_cost"})
"""What peers are compared by per person; everything else per square metre."""


@dataclass(frozen=True)
class Flagged:
    """One value worth a look, with everything it is held against."""

    row: BenchRow
    finding: Finding
    indicator: Indicator | None
    explanation: Explanation | None
    settled: bool
    value: Decimal | None
    last: Decimal | None
    base: Decimal | None
    metered: Decimal | None
    price: Decimal | None
    own_share: Decimal | None
    peers: Decimal | None

    @property
    def severity(self) -> str:
        """How grave it is."""
        return str(self.finding.severity)


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
    """What the actor may see of the returns of a region and all below it, of one period: reviewed in one pass."""

    def __init__(self, actor: Actor, region: Region, period: Slot, today: date | None = None) -> None:
        self.actor, self.region, self.period, self.today = actor, region, period, today or clock.today()
        self.returns = list(returns_of(actor, region, period))

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

    # How it is worked out

    @cached_property
    def _reviewed(self) -> tuple[dict[int, list[Finding]], dict[int, Against]]:
        findings, against = review_against([of for of in self.returns if of.state != State.EMPTY])
        return defaultdict(list, findings), against

    @cached_property
    def _told(self) -> dict[int, dict[Key, Explanation]]:
        told: dict[int, dict[Key, Explanation]] = defaultdict(dict)
        flagged = [pk for pk, found in self._reviewed[0].items() if found]
        for item in (one for chunk in bulk.chunks(flagged) for one in Explanation.objects.filter(of__in=chunk)):
            told[item.of_id][item.rule, item.record, item.indicator] = item
        return told

    @cached_property
    def _medians(self) -> dict[tuple[str, str], Decimal]:
        """The middle of each indicator among the institutions of a type, per person or per square metre."""
        shares: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
        wanted = {finding.cell.indicator for found in self._reviewed[0].values() for finding in found}
        for of in (of for of in self.returns if of.pk in self._reviewed[1]):
            values = self._reviewed[1][of.pk].view("now")
            for indicator in wanted:
                share = _share(values, indicator)
                if share is not None:
                    shares[of.institution_kind, indicator].append(share)
        return {key: median(found) for key, found in shares.items() if len(found) >= LEAST_PEERS}

    def _row(self, of: Return) -> BenchRow:
        findings, told = self._reviewed[0][of.pk], self._told[of.pk]
        proofs = {key: item.evidence_id is not None for key, item in told.items()}
        late, again = days_late(of, self.today) or 0, days_again(of, self.today) or 0
        row = BenchRow(of, late > 0 or again > 0, max(late, again))
        for finding in findings:
            if finding.severity is Severity.INFORM:
                row.notes += 1
            elif is_settled(finding, proofs):
                row.explained += 1
            elif finding.severity is Severity.BLOCK:
                row.errors += 1
            else:
                row.warnings += 1
        return row

    def _flagged(self, row: BenchRow) -> list[Flagged]:
        of = row.of
        findings, told = self._reviewed[0][of.pk], self._told[of.pk]
        if not findings:
            return []
        now, last, base, metered = map(self._reviewed[1][of.pk].view, ("now", "last", "base", "metered"))
        proofs = {key: item.evidence_id is not None for key, item in told.items()}
        edition = scheme.edition(of.edition)
        return [
            Flagged(
                row=row,
                finding=finding,
                indicator=edition.indicators.get(finding.cell.indicator),
                explanation=told.get((finding.rule, finding.cell.record, finding.cell.indicator)),
                settled=is_settled(finding, proofs),
                value=now.get(finding.cell.indicator),
                last=last.get(finding.cell.indicator),
                base=base.get(finding.cell.indicator),
                metered=metered.get(finding.cell.indicator),
                price=_price(edition, now, finding.cell.indicator),
                own_share=_share(now, finding.cell.indicator),
                peers=self._medians.get((of.institution_kind, finding.cell.indicator)),
            )
            for finding in findings
        ]


def _share(values: View, indicator: str) -> Decimal | None:
    """A flow or cost per person (water) or per square metre."""
    value, by = values.get(indicator), values.get("persons" if indicator in PER_PERSON else "area")
    return None if value is None or not by or indicator in {"area", "persons"} else value / by


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
