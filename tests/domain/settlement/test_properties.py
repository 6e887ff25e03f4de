"""What holds of every settlement: parts sum, nothing changed is the base fee, the same again, in one order."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from nengtan.domain.settlement.document import canonical, plain, read, tables
from nengtan.domain.settlement.engine import advances, settle
from nengtan.domain.settlement.lines import Section, Why
from nengtan.domain.settlement.terms import (
    Account,
    Adjustment,
    AdvanceWeight,
    Baseline,
    BaselineYear,
    Beyond,
    Case,
    Contract,
    Cost,
    CostKind,
    Discount,
    Driver,
    DriverValue,
    Event,
    Extra,
    Index,
    Kind,
    Ladder,
    Measure,
    Payment,
    Period,
    Price,
    PriceRule,
    Rule,
    Service,
    Share,
    Tax,
    Tier,
    Use,
)

YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))
CARRIERS = ("electricity", "natural_gas", "water")
ROUTINE = (Driver.WEATHER, Driver.AREA, Driver.PERSONS, Driver.HOURS, Driver.VOLUME)

uses = st.decimals(min_value=0, max_value=Decimal("1e8"), places=2)
prices = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("500"), places=4)
shares = st.decimals(min_value=0, max_value=1, places=4)
small = st.decimals(min_value=0, max_value=Decimal("0.2"), places=4)
sizes = st.decimals(min_value=Decimal("0.5"), max_value=Decimal("1e5"), places=2)
money = st.decimals(min_value=0, max_value=Decimal("1e7"), places=2)


@st.composite
def cases(draw: st.DrawFn, kinds: tuple[Kind, ...] = (Kind.TRUSTEESHIP, Kind.SHARED_SAVINGS)) -> Case:
    """A year of a contract in which anything may have changed."""
    accounts = tuple(
        Account("", carrier, "u", draw(prices), price_rule=draw(st.sampled_from(PriceRule)), price_index="i")
        for carrier in CARRIERS[: draw(st.integers(1, 3))]
    )
    adjustments, drivers = [], []
    for driver in draw(st.sets(st.sampled_from(ROUTINE))):
        base = draw(sizes)
        adjustments.append(
            Adjustment("", "", driver, draw(shares), base, dead_band=draw(small), beyond=draw(st.sampled_from(Beyond)))
        )
        drivers.append(DriverValue("", "", driver, date(2024, 6, 1), draw(sizes), evidence="e"))
        if draw(st.booleans()):
            drivers.append(DriverValue("", "", driver, date(2025, 8, 9), draw(sizes), evidence="e"))
    contract = Contract(
        "T", draw(st.sampled_from(kinds)), date(2024, 1, 1), date(2033, 12, 31),
        upkeep_fee=draw(money), upkeep_index="i", promised_share=draw(small), most_deduction=draw(shares),
        tax=draw(st.sampled_from(Tax)), tax_rate=draw(small),
    )  # fmt: skip
    return Case(
        contract,
        YEAR,
        accounts,
        baselines=tuple(Baseline("", one.carrier, "1", date(2024, 1, 1), Rule.LATEST_YEAR) for one in accounts),
        baseline_years=tuple(BaselineYear("", one.carrier, 2023, draw(uses)) for one in accounts),
        adjustments=tuple(adjustments),
        discounts=(Discount(1, draw(shares)),),
        sharing=(Share(1, Decimal(0), draw(shares)), Share(1, Decimal(50000), draw(shares))),
        surplus=(Tier(Decimal(0), draw(shares)), Tier(Decimal("0.1"), draw(shares))),
        overrun=(Tier(draw(small), draw(shares)),),
        ladders=(Ladder(Measure.COMFORT, Decimal("0.9"), draw(shares)), Ladder(Measure.COMPLAINTS, Decimal(2),
                 per_case=draw(money))),
        uses=tuple(Use("", one.carrier, "m", YEAR.first, YEAR.last, use=draw(uses), evidence="e") for one in accounts),
        prices=tuple(Price("", one.carrier, price=draw(prices), evidence="e") for one in accounts),
        indices=(Index("i", draw(st.decimals(min_value=Decimal("0.5"), max_value=2, places=3)), evidence="e"),),
        drivers=tuple(drivers),
        events=tuple(
            Event(str(at), "", draw(st.sampled_from(["", "electricity"])), date(2025, 1 + at, 1),
                  use=draw(st.decimals(min_value=-1000, max_value=1000, places=3)), by_client=True,
                  by_company=draw(st.booleans()), evidence="e")
            for at in range(draw(st.integers(0, 3)))
        ),
        costs=(Cost(CostKind.ENERGY, draw(money), evidence="e"),),
        service=(Service(Measure.COMFORT, draw(shares), evidence="e"),
                 Service(Measure.COMPLAINTS, Decimal(draw(st.integers(0, 9))), evidence="e")),
        extras=(Extra("x", draw(money), "e"), Extra("y", -draw(money), "e")),
        payments=(Payment(date(2025, 5, 1), draw(money), "e"),),
    )  # fmt: skip


@given(cases())
def test_parts_sum(case: Case) -> None:
    settled = settle(case)
    assert settled.is_settled, settled.refusals
    assert sum((line.value for line in settled.lines if line.counts), Decimal(0)) == settled.due
    assert settled.net is not None
    assert settled.tax is not None
    assert settled.gross == settled.net + settled.tax
    assert settled.paid is not None
    assert settled.gross - settled.paid == settled.balance
    every = [line for line in settled.lines if line.counts]
    assert all(line.value == line.value.quantize(Decimal("0.01")) and line.unit == "CNY" for line in every)
    assert all(line.clause is not None and line.formula and line.inputs for line in settled.lines)


@given(cases())
def test_steps_lead_from_the_baseline_to_the_adjusted_use(case: Case) -> None:
    settled = settle(case)
    order = ["baseline_use", *(f"adjust_{driver}" for driver in Driver), "event", "adjusted_use"]
    for account in case.accounts:
        mine = [line for line in settled.lines if line.section is Section.USE and line.carrier == account.carrier]
        steps = [line for line in mine if line.code in order]
        codes = [order.index(line.code) for line in steps]
        assert codes == sorted(codes)
        assert sum((line.value for line in steps[:-1]), Decimal(0)) == steps[-1].value


@given(cases((Kind.TRUSTEESHIP,)))
def test_a_year_like_the_baseline_is_the_base_fee(case: Case) -> None:
    still = replace(
        case,
        accounts=tuple(replace(one, price_rule=PriceRule.FIXED) for one in case.accounts),
        drivers=tuple(
            DriverValue("", "", one.driver, date(2024, 1, 1), one.base, evidence="e") for one in case.adjustments
        ),
        indices=(Index("i", Decimal(1), evidence="e"),),
        events=(), ladders=(), extras=(), surplus=(), overrun=(),
    )  # fmt: skip
    settled = settle(still)
    assert not [line for line in settled.lines if line.code.startswith("fee_adjust")]
    assert settled.due == sum((amount for _month, amount in advances(still)), Decimal(0))
    expected = sum((line.value for line in settled.lines if line.code in ("base_fee", "upkeep_fee")), Decimal(0))
    assert settled.due == expected


@given(cases(), st.randoms(use_true_random=False))
def test_the_same_again_whatever_the_order_of_rows(case: Case, dice: random.Random) -> None:
    document = plain(case)
    for name, (_record, many) in tables().items():
        if many and name in document:
            dice.shuffle(document[name])
    again, flaws = read(document)
    assert again is not None, flaws
    first, second = settle(case), settle(again)
    assert first == second
    assert canonical(first) == canonical(settle(case))


@given(cases(), uses, st.sampled_from(CARRIERS))
def test_another_figure_has_another_hash(case: Case, use: Decimal, carrier: str) -> None:
    changed = replace(case, uses=tuple(replace(one, use=use) for one in case.uses if one.carrier))
    same = changed == case
    assert (settle(changed).inputs_hash == settle(case).inputs_hash) is same


@given(cases(), st.sampled_from(ROUTINE))
def test_no_driver_is_adjusted_for_twice(case: Case, driver: Driver) -> None:
    """By two factors, by a model and a factor, by a factor and a single change."""
    one = Adjustment("", "", driver, Decimal(1))
    value = DriverValue("", "", driver, date(2024, 1, 1), Decimal(1), evidence="e")
    weather = Adjustment("", "", Driver.WEATHER, Decimal(1))
    model = DriverValue("", "", Driver.WEATHER, date(2024, 1, 1), Decimal(1), explains=(driver,), evidence="e")
    event = Event("z", "", "", date(2025, 2, 1), driver=driver, use=Decimal(5), evidence="e")
    bare = replace(case, adjustments=(one,), drivers=(value,), events=())
    assert settle(bare).is_settled
    twice = [replace(bare, adjustments=(one, one)), replace(bare, events=(event,))]
    if driver is not Driver.WEATHER:
        twice.append(replace(bare, adjustments=(one, weather), drivers=(value, model)))
    for wrong in twice:
        refused = settle(wrong)
        assert {one.why for one in refused.refusals} == {Why.DRIVER_TWICE}
        assert refused.due is None
        assert not refused.lines


@settings(max_examples=25)
@given(cases((Kind.TRUSTEESHIP,)), st.lists(shares, min_size=12, max_size=12).filter(any))
def test_advances_leave_nothing_over(case: Case, weights: list[Decimal]) -> None:
    weighted = replace(case, advances=tuple(AdvanceWeight(at, one) for at, one in enumerate(weights, 1)))
    whole = sum((amount for _month, amount in advances(case)), Decimal(0))
    assert sum((amount for _month, amount in advances(weighted)), Decimal(0)) == whole
    assert [month for month, _amount in advances(case)] == list(range(1, 13))
    equal = [amount for _month, amount in advances(case)]
    assert max(equal) - min(equal) <= Decimal("0.01")
