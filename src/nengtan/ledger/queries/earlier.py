"""What a body used of a carrier a month and a year earlier: what a new figure is held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from nengtan.domain import periods
from nengtan.identity.access import Actor
from nengtan.ledger.models import ActivityFact
from nengtan.registry.models import Institution

LAST_MONTH, LAST_YEAR = -1, -12


@dataclass(frozen=True)
class Earlier:
    """What counts of a month: quantity in the carrier's base unit, cost in CNY, ``price`` in CNY for one base unit."""

    period: int
    quantity: Decimal | None = None
    cost: Decimal | None = None
    price: Decimal | None = None


def earlier(actor: Actor, institution: Institution, carrier: str, period: int) -> tuple[Earlier, Earlier]:
    """Last month's and the same month last year's figures, as far as the actor may see them."""
    months = (periods.shift(period, LAST_MONTH), periods.shift(period, LAST_YEAR))
    facts = ActivityFact.objects.for_actor(actor).counting()
    told = list(facts.filter(institution=institution, carrier=carrier, period__in=months))
    last_month, last_year = (_summed(month, [fact for fact in told if fact.period == month]) for month in months)
    return last_month, last_year


def _summed(period: int, facts: list[ActivityFact]) -> Earlier:
    priced = [fact for fact in facts if fact.quantity and fact.cost is not None]
    quantity, cost = _sum(fact.quantity for fact in priced), _sum(fact.cost for fact in priced)
    price = cost / quantity if quantity and cost is not None else None
    return Earlier(period, _sum(fact.quantity for fact in facts), _sum(fact.cost for fact in facts), price)


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is known; unknown where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None
