"""Three years of returns with everything a manager meets: in time and late, explained, sent back, not begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from django.db import transaction

from nengtan.demo.model import chance
from nengtan.demo.tables import table, word
from nengtan.domain.returns import slots
from nengtan.domain.returns.review.findings import Finding
from nengtan.domain.returns.review.rules import Severity
from nengtan.domain.returns.slots import Slot
from nengtan.domain.returns.steps import Action, State
from nengtan.identity.access import Actor, actor_for, system_actor
from nengtan.identity.models import User
from nengtan.identity.services import UserInput, create_user
from nengtan.registry.models import Asset, Region
from nengtan.reporting import clock
from nengtan.reporting.models import CycleSetting, Return, ReturnQuerySet, Sampled, Value
from nengtan.reporting.services import CellChange, explain, open_returns, review, save_cells, take_steps, weigh_all
from nengtan.reporting.services.checks import assign, close_joint, draw, open_joint, record_outcome
from nengtan.reporting.services.cycles import DeadlineInput, set_cycle, set_deadline
from nengtan.reporting.services.summaries import decide, report_up

__all__ = ["TODAY", "add_returns", "periods"]

TODAY = date(2024, 1, 18)
"""The day the demonstration stands still at: December is overdue, the annual return of 2023 is being handed in."""

LEFT_ALONE = {("WC041", "2023-12"), ("WC041", "2023-00")}
"""What is left for the demonstration's statistician to fill in."""

_ORDER = (State.EMPTY, State.ENTERING, State.STATISTICS_HEAD, State.UNIT_HEAD, State.REPORTED, State.APPROVED)
_PARTS = {
    "gasoline_qty": "gasoline_vehicle_qty",
    "gasoline_cost": "gasoline_vehicle_cost",
    "diesel_qty": "diesel_vehicle_qty",
    "diesel_cost": "diesel_vehicle_cost",
}
_LATE_DAYS = 20


@dataclass(frozen=True)
class Hands:
    """Who fills in, passes on and reviews; the three of the institutions stand for all of them."""

    statistician: Actor
    statistics_head: Actor
    unit_head: Actor
    reviewer: Actor


@dataclass(frozen=True)
class Fate:
    """How far a return comes by the demonstration's today, and whether it is handed in late."""

    reached: str
    late: bool
    share: float


def periods() -> Iterator[Slot]:
    """The periods that are opened, in the order in which they end."""
    yield slots.annual(2021)
    yield slots.annual(2022)
    yield from (slots.month(2023, number) for number in range(1, 13))
    yield slots.annual(2023)


def add_returns(region: Region, manager: User, seed: int) -> None:
    """Open every period and let each institution do with it what it does."""
    hands = _hands(manager)
    power = _pv_power()
    _set_cycle(hands.reviewer, region)
    for period in periods():
        with clock.at(_opened_on(period)):
            open_returns(system_actor(), region, period)
        _live(seed, hands, period, power)
        if period.kind is slots.Kind.ANNUAL and period.year < TODAY.year - 1:
            _year_end(hands.reviewer, region, period)


def _set_cycle(actor: Actor, region: Region) -> None:
    """The district's own day for the annual return, earlier than the suggested one; periods open themselves."""
    with clock.at(date(2021, 12, 1)):
        own = DeadlineInput(slots.Kind.ANNUAL, month=1, day=15, document=word("returns.deadline"))
        set_deadline(actor, region, own)
        set_cycle(actor, CycleSetting(region=region, opens_months=True, opens_years=True))


@transaction.atomic
def _year_end(actor: Actor, region: Region, period: Slot) -> None:
    """Joint review with the spot check, then the district's own report to the city, which approves the older one."""
    year = period.year
    with clock.at(date(year + 1, 2, 20)):
        joint = open_joint(actor, region, year, date(year + 1, 2, 20), date(year + 1, 2, 24), word("returns.place"))
        check = draw(actor, region, year)
        sampled = list(check.sampled.select_related("check_of", "institution", "of__region"))
        assign(actor, sampled, actor.user)
        for number, one in enumerate(sampled):
            wrong = number == year % len(sampled)
            outcome = Sampled.Outcome.CORRECTED if wrong else Sampled.Outcome.AGREES
            record_outcome(actor, one, outcome, word("returns.corrected") if wrong else "", date(year + 1, 2, 20))
    with clock.at(date(year + 1, 2, 24)):
        close_joint(actor, joint)
        report = report_up(actor, region, period)
    if year == TODAY.year - 3:
        with clock.at(date(year + 1, 3, 10)):
            decide(system_actor(), report, approve=True)


def _hands(manager: User) -> Hands:
    def person(role: str) -> Actor:
        user, _password = create_user(system_actor(), UserInput(f"demo-{role}", word(f"returns.{role}")))
        return Actor(user, _all=True)

    statistician, statistics_head, unit_head = map(person, ("statistician", "statistics_head", "unit_head"))
    return Hands(statistician, statistics_head, unit_head, actor_for(manager, "page"))


def _opened_on(period: Slot) -> date:
    last = period.months[-1]
    return date(last // 100 + last % 100 // 12, last % 100 % 12 + 1, 3)


@transaction.atomic
def _live(seed: int, hands: Hands, period: Slot, power: dict[int, Decimal]) -> None:
    """One period from the first cell to where each return stands today."""
    returns = list(_of(period).select_related("institution", "region").prefetch_related("values"))
    fates = {item.pk: _fate(seed, item) for item in returns}
    begun = [item for item in returns if fates[item.pk].reached != State.EMPTY]
    with clock.at(_opened_on(period)):
        for item in begun:
            _enter(hands.statistician, item, power.get(item.institution_id))
        unfinished = [item for item in begun if fates[item.pk].reached == State.ENTERING]
        for item in unfinished:
            _slip(hands.statistician, item)
        ready = _ready(hands.statistician, [item for item in begun if item not in unfinished])
    for late in (False, True):
        members = [item for item in ready if fates[item.pk].late is late]
        _pass_on(hands, members, fates, _opened_on(period) + timedelta(days=_LATE_DAYS if late else 1))


def _of(period: Slot) -> ReturnQuerySet:
    return Return.objects.filter(year=period.year, slot=period.number, kind=period.kind)


def _fate(seed: int, of: Return) -> Fate:
    """Drawn by institution and period, alike in every build."""
    code, period = of.institution.code, str(of.period)
    if (code, period) in LEFT_ALONE or _is_gone(of):
        return Fate(State.EMPTY, False, 0)
    left = chance(seed, code, period, "return").random()
    for fate in _fates(period):
        left -= fate.share
        if left < 0:
            return fate
    return _fates(period)[0]


def _is_gone(of: Return) -> bool:
    """A body closed in the year leaves nobody to fill in its annual return."""
    closed = of.institution.closed_on
    return closed is not None and of.kind == slots.Kind.ANNUAL and closed.year == of.year


@cache
def _fates(period: str) -> Sequence[Fate]:
    rows = table("return_fates")
    own = [row for row in rows if row["period"] == period] or [row for row in rows if row["period"] == "past"]
    return [Fate(row["reached"], row["late"] == "1", float(row["share"])) for row in own]


def _enter(actor: Actor, of: Return, power: Decimal | None) -> None:
    """What bills and register cannot say: fuel is all for vehicles, a room's power is the sum of its parts."""
    held = {(value.record, value.indicator): value for value in of.values.all()}
    wanted = {("", part): held["", whole].value for whole, part in _PARTS.items() if ("", whole) in held}
    if power is not None and of.edition != "2025":
        wanted["", "pv_capacity"] = power
    for record in {record for record, _indicator in held if record}:
        parts = [held.get((record, f"room_power_{part}")) for part in ("it", "cooling", "supply")]
        wanted[record, "room_power"] = sum((part.value or Decimal(0) for part in parts if part), Decimal(0))
    changes = [
        CellChange(indicator, value, held[record, indicator].version if (record, indicator) in held else 0, record)
        for (record, indicator), value in wanted.items()
    ]
    save_cells(actor, of, changes or [_seen_area(held)])


def _slip(actor: Actor, of: Return) -> None:
    """Who is still at it has typed electricity in ten thousands of kilowatt-hours and explained nothing yet."""
    held = of.values.filter(record="", indicator="elec_qty", value__isnull=False).first()
    if held is not None and held.value is not None:
        slipped = (held.value / 10_000).quantize(Decimal("0.01"))
        save_cells(actor, of, [CellChange("elec_qty", slipped, held.version)])


def _seen_area(held: dict[tuple[str, str], Value]) -> CellChange:
    """Where nothing is to be added, the area is confirmed as it stands."""
    area = held.get(("", "area"))
    return CellChange("area", area.value if area else None, area.version if area else 0)


def _pv_power() -> dict[int, Decimal]:
    rows = Asset.objects.filter(kind="pv").values_list("institution_id", "attributes")
    return {body: Decimal(str(told["capacity_kw"])) for body, told in rows if told.get("capacity_kw")}


def _ready(actor: Actor, returns: Sequence[Return]) -> list[Return]:
    """Those that can be handed in once what is flagged is explained; errors and missing proof keep the others."""
    found = review(returns)
    for item in returns:
        for finding in found[item.pk]:
            if finding.severity is Severity.EXPLAIN and not finding.needs_evidence:
                _explain(actor, item, finding)
    weights = weigh_all(returns, found)
    return [item for item in returns if weights[item.pk] == (0, 0)]


def _explain(actor: Actor, of: Return, finding: Finding) -> None:
    text = word({"P15": "returns.metered", "P03": "returns.grown"}.get(finding.rule, "returns.explanation"))
    explain(actor, of, finding.rule, text, record=finding.cell.record, indicator=finding.cell.indicator)


def _pass_on(hands: Hands, returns: Sequence[Return], fates: dict[int, Fate], day: date) -> None:
    """Hand after hand, each a day after the other, as far as each return comes."""
    way: tuple[tuple[Actor, Action, str, int], ...] = (
        (hands.statistician, Action.SUBMIT, State.STATISTICS_HEAD, 0),
        (hands.statistics_head, Action.PASS, State.UNIT_HEAD, 1),
        (hands.unit_head, Action.PASS, State.REPORTED, 2),
        (hands.reviewer, Action.APPROVE, State.APPROVED, 6),
    )
    for actor, action, to, days in way:
        _all(actor, [item for item in returns if _comes_to(fates[item.pk], to)], action, day + timedelta(days))
    back = [item for item in returns if fates[item.pk].reached == State.RETURNED]
    _all(hands.reviewer, back, Action.SEND_BACK, day + timedelta(days=7), word("returns.sent_back"))


def _comes_to(fate: Fate, state: str) -> bool:
    reached = State.REPORTED if fate.reached == State.RETURNED else State(fate.reached)
    return _ORDER.index(reached) >= _ORDER.index(State(state))


def _all(actor: Actor, returns: Sequence[Return], action: Action, day: date, reason: str = "") -> None:
    if returns:
        with clock.at(min(day, TODAY)):
            take_steps(actor, returns, action, reason)
