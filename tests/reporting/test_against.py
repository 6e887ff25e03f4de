"""What a return is held against beside last year: its peers of the class, and its own usual month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.rules import Scope
from nengtan.domain.returns.steps import State
from nengtan.reference.rules import rule_book
from nengtan.registry.models import Institution, Region
from nengtan.reporting.catalogue import held_rule
from nengtan.reporting.filling import fill_in
from nengtan.reporting.models import Return, RuleVersion, Value
from nengtan.reporting.services import (
    RuleDraft,
    add_rule,
    open_returns,
    review,
    set_thresholds,
    switch_rule,
    trial_of,
    try_rule,
)
from nengtan.reporting.services.past import past
from nengtan.reporting.services.reviewing import review_flagged
from nengtan.reporting.services.rulebook import as_rule, engine_of
from tests.cast import Cast
from tests.reporting.desk import bill, opened

YEAR = 2024


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def handed_in(body: Institution, period: slots.Slot, state: str = State.APPROVED, **cells: Any) -> Return:
    of = Return.objects.create(
        institution=body, year=period.year, slot=period.number, kind=period.kind, edition="2022", state=state,
        region=body.region, institution_kind=body.kind, system=body.system,
    )  # fmt: skip
    Value.objects.bulk_create(
        Value(of=of, indicator=name, value=Decimal(str(value)), provenance="typed") for name, value in cells.items()
    )
    return of


def schools(cast: Cast, count: int) -> list[Institution]:
    """Schools of the district, besides the one of the cast."""
    return [
        Institution.objects.create(
            code=f"420106-N{number}", name=f"Peer {number}", kind="021", region=cast.regions["420106"],
            established_on=date(2000, 1, 1),
        )
        for number in range(count)
    ]  # fmt: skip


def found(of: Return) -> Mapping[str, Any]:
    return {finding.rule: finding for finding in review([of])[of.pk]}


@pytest.mark.parametrize(("kwh", "flagged"), [(1_000_000, True), (110_000, False)])
def test_a_year_is_held_against_schools_of_the_year_before(cast: Cast, kwh: int, flagged: bool) -> None:
    for number, body in enumerate(schools(cast, 6)):
        handed_in(body, slots.annual(YEAR - 1), area=10000, persons=1000, elec_qty=100_000 + number * 1000)
    mine = handed_in(cast.institutions["school"], slots.annual(YEAR), State.ENTERING,
                     area=10000, persons=1000, elec_qty=kwh)  # fmt: skip
    assert ({"P07", "P08"} <= set(found(mine))) is flagged
    hospital = handed_in(cast.institutions["hospital"], slots.annual(YEAR), State.ENTERING,
                         area=10000, persons=1000, elec_qty=kwh)  # fmt: skip
    assert not {"P07", "P08"} & set(found(hospital)), "no other hospital to compare with"


def test_too_few_or_unfinished_peers_compare_with_nothing(cast: Cast) -> None:
    for number, body in enumerate(schools(cast, 6)):
        state = State.APPROVED if number < 4 else State.ENTERING
        handed_in(body, slots.annual(YEAR - 1), state, area=10000, persons=1000, elec_qty=100_000)
    mine = handed_in(cast.institutions["school"], slots.annual(YEAR), State.ENTERING,
                     area=10000, persons=1000, elec_qty=1_000_000)  # fmt: skip
    assert "P07" not in found(mine)


def test_in_the_first_year_nobody_is_held_against_the_few_who_were_quicker(cast: Cast) -> None:
    for body in schools(cast, 6):
        handed_in(body, slots.annual(YEAR), area=10000, persons=1000, elec_qty=100_000)
    mine = handed_in(cast.institutions["school"], slots.annual(YEAR), State.ENTERING,
                     area=10000, persons=1000, elec_qty=1_000_000)  # fmt: skip
    assert not {"P07", "P08"} & set(found(mine))


def test_another_provinces_schools_are_no_peers(cast: Cast) -> None:
    for body in schools(cast, 6):
        handed_in(body, slots.annual(YEAR - 1), area=10000, persons=1000, elec_qty=100_000)
    other = handed_in(cast.institutions["other_school"], slots.annual(YEAR), State.ENTERING,
                      area=10000, persons=1000, elec_qty=1_000_000)  # fmt: skip
    assert "P07" not in found(other)


def test_a_trial_flags_what_the_review_flags_rule_by_rule(cast: Cast) -> None:
    """Of one return alone, of all at once, and in a trial of a district or of the nation: the same peers, the same."""
    bodies = [*schools(cast, 7), cast.institutions["school"], cast.institutions["other_school"]]
    held = []
    for number, body in enumerate(bodies):
        last = {"area": 10_000, "persons": 1000, "elec_qty": 100_000 + 900 * number, "water_qty": 9000 + 70 * number}
        handed_in(body, slots.annual(YEAR - 1), **last)
        now = {**last, "elec_qty": 100_000 * (number + 1) ** 2, "elec_cost": 60_000, "gas_qty": 500 * number,
               "water_qty": 9000 * (number + 1)}  # fmt: skip
        held.append(handed_in(body, slots.annual(YEAR), State.ENTERING, **now))
        Value.objects.create(
            of=held[-1], record="0001", indicator="room_elec", value=number * 90_000, provenance="typed"
        )
    own = on_trial(cast)
    alone = {of.pk: {(one.rule, one.check) for one in review([of])[of.pk]} for of in held}
    at_once = {pk: {(one.rule, one.check) for one in items} for pk, items in review(held).items()}
    assert at_once == alone
    assert {"P07", "P08", own.code} <= {rule for found in alone.values() for rule, _check in found}
    for region in ("CN", "420000", "420106"):
        inside = [of for of in held if f"/{region}/" in of.region.path]
        for rule in (*rule_book().rules, as_rule(own)):
            if not any(not check.kinds or slots.Kind.ANNUAL in check.kinds for check in rule.checks):
                continue
            trial = try_rule(cast.actor("admin"), rule, cast.regions[region], slots.annual(YEAR))
            flagged = {of.pk for of in inside if rule.id in {name for name, _check in alone[of.pk]}}
            if region not in ("CN", "420000") or rule.id != own.code:
                assert trial.flagged == len(flagged), (region, rule.id)
            assert {example.of.pk for example in trial.examples} >= flagged, (region, rule.id)


def on_trial(cast: Cast) -> RuleVersion:
    """A rule of the district about water a person among peers, which no shipped rule asks for, switched on."""
    actor, limit = cast.actor("admin"), "peers(water_per_person) * 3"
    draft = RuleDraft(
        code="W9", region=cast.regions["420106"], severity="inform", flag=f"water_per_person > {limit}",
        cell="water_qty", found="water_per_person", high=limit, wording_zh="{found}", wording_en="{found} over {high}",
        since=date(YEAR, 1, 1),
    )  # fmt: skip
    made = add_rule(actor, draft)
    trial_of(actor, made, made.region, slots.annual(YEAR))
    switched = switch_rule(actor, made.code, on=True, reason="needed")
    assert isinstance(switched, RuleVersion)
    return switched


@pytest.mark.parametrize(("kwh", "flagged"), [(60_000, True), (12_000, False)])
def test_a_month_is_held_against_its_twelve_months_before(cast: Cast, kwh: int, flagged: bool) -> None:
    school = cast.institutions["school"]
    before = slots.month(YEAR, 3)
    for number in range(12):
        before = before.previous
        handed_in(school, before, elec_qty=10_000 + 100 * number)
    mine = handed_in(school, slots.month(YEAR, 3), State.ENTERING, elec_qty=kwh)
    assert ("P12" in found(mine)) is flagged
    engine = engine_of("2022", slots.Kind.MONTH, Scope.RETURN)
    columns = past(Return.objects.filter(pk=mine.pk), slots.month(YEAR, 3), engine.columns())
    assert columns.column("usual", "elec_qty").tolist() == [10_550.0]
    if flagged:
        assert found(mine)["P12"].high == 52_750


def test_no_quota_is_known_until_a_region_sets_one(cast: Cast) -> None:
    """40 000 kWh on 1000 m2 are 4.9 kgce a m2: above a constraint value of 4.5, below a guide value of 5."""
    cells = {"area": 1000, "persons": 100, "elec_qty": 40_000, "elec_cost": 24_000, "water_qty": 3000}
    school, hospital = (
        handed_in(cast.institutions[name], slots.annual(YEAR), State.ENTERING, **cells)
        for name in ("school", "hospital")
    )
    region, actor = cast.regions["420106"], cast.actor("district")

    def checks(of: Return) -> set[tuple[str, str]]:
        quota = {("P06", "quota"), ("P07", "constraint"), ("P07", "guide")}
        return {(one.rule, one.check) for one in review([of])[of.pk]} & quota

    held = held_rule(actor, region, "P07")
    assert held is not None
    assert (held.lacks_quota, held.thresholds["quota_constraint"]) == (True, None)
    assert checks(school) == checks(hospital) == set()
    levels = {"quota_constraint": Decimal("4.5")}
    set_thresholds(actor, "P07", region, reason="our standard", parameters=levels, institution_class="021",
                   since=date(YEAR, 1, 1))  # fmt: skip
    set_thresholds(actor, "P06", region, reason="our standard", parameters={"quota_water": Decimal(25)},
                   institution_class="024", since=date(YEAR, 1, 1))  # fmt: skip
    assert (checks(school), checks(hospital)) == ({("P07", "constraint")}, {("P06", "quota")})
    held = held_rule(actor, region, "P07")
    assert held is not None
    assert not held.lacks_quota


@pytest.mark.parametrize(("year", "kind", "flagged"), [(2023, "01", True), (2021, "01", False), (2023, "021", False)])
def test_a_quota_of_a_standard_holds_where_and_for_whom_it_was_issued(
    cast: Cast, year: int, kind: str, flagged: bool
) -> None:
    """DB37/T 4452-2021: 25 m3 a person and year in offices of Shandong; 3000 m3 of 100 people are 30."""
    cells = {"area": 1000, "persons": 100, "elec_qty": 40_000, "water_qty": 3000}
    for code, there in (("370102", flagged), ("420106", False)):
        body = Institution.objects.create(
            code=f"{code}-Q", name="Held against a quota", kind=kind, region=Region.objects.get(code=code),
            established_on=date(2000, 1, 1),
        )  # fmt: skip
        of = handed_in(body, slots.annual(year), State.ENTERING, **cells)
        assert (("P06", "quota") in {(one.rule, one.check) for one in review([of])[of.pk]}) is there, code


def test_the_rule_s_page_and_operation_say_that_no_quota_is_known(cast: Cast) -> None:
    page = cast.client("district").get("/returns/rules/P07/")
    assert "没有已知定额" in page.content.decode()
    told = cast.client("anonymous").get("/api/returns/rules/P06", headers=cast.bearer("admin")).json()
    assert (told["thresholds"]["quota_water"], told["quotas"]) == (None, [])
    there = cast.client("anonymous").get("/api/returns/rules/P06?region=370000", headers=cast.bearer("admin")).json()
    assert [(one["constraint"], one["guide"], one["standard"]) for one in there["quotas"]] == [
        (25, 10, "DB37/T 4452-2021")
    ]


def test_without_a_return_of_last_year_rules_read_the_books_as_the_page_does(cast: Cast) -> None:
    """75,000 kWh were billed in the first quarter of 2022, none of it reported; 30,000 is 60 % less."""
    school = opened(cast)
    assert "P03" not in found(school), "nothing is known of last year"
    for month in school.period.last_year.months[:2]:
        bill(cast, "school", "electricity", month, "25000", "kWh", "15000")
    assert "P03" not in found(school), "two months are not a quarter"
    bill(cast, "school", "electricity", school.period.last_year.months[2], "25000", "kWh", "15000")
    (line,) = [line for line in fill_in(school).lines if line.indicator.key == "elec_qty"]
    assert (line.last, line.booked) == (None, 75000)
    assert [item.finding.rule for item in line.said if item.finding.rule == "P03"] == ["P03"]
    assert (found(school)["P03"].params["percent"], found(school)["P03"].params["before"]) == (-60, 75000)
    assert review_flagged([school]).against[school.pk].view("last").get("elec_qty") == 75000, (
        "the workbench shows it too"
    )


def test_a_return_of_last_year_goes_before_the_books(cast: Cast) -> None:
    school = opened(cast)
    for month in school.period.last_year.months:
        bill(cast, "school", "electricity", month, "25000", "kWh", "15000")
    handed_in(cast.institutions["school"], school.period.last_year, elec_qty=29000)
    assert "P03" not in found(school)
    assert review_flagged([school]).against[school.pk].view("last").get("elec_qty") == 29000


def test_an_earlier_period_nobody_began_is_named(cast: Cast, school: Return) -> None:
    """The first quarter is owed and stands empty while the second is filled in."""
    school.values.all().delete()
    Return.objects.filter(pk=school.pk).update(state=State.EMPTY)
    open_returns(cast.actor("district"), cast.regions["420106"], slots.quarter(2023, 2))
    second = Return.objects.get(institution=school.institution, slot=6)
    (found,) = [item for item in review([second])[second.pk] if item.rule == "L14"]
    assert (found.cell.indicator, found.found, found.params["missing"]) == ("period", "2023-Q1", 1)
