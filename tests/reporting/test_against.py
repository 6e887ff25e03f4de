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
from nengtan.registry.models import Institution
from nengtan.reporting.models import Return, Value
from nengtan.reporting.services import review
from nengtan.reporting.services.past import past
from nengtan.reporting.services.rulebook import engine_of
from tests.cast import Cast

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


def test_another_provinces_schools_are_no_peers(cast: Cast) -> None:
    for body in schools(cast, 6):
        handed_in(body, slots.annual(YEAR - 1), area=10000, persons=1000, elec_qty=100_000)
    other = handed_in(cast.institutions["other_school"], slots.annual(YEAR), State.ENTERING,
                      area=10000, persons=1000, elec_qty=1_000_000)  # fmt: skip
    assert "P07" not in found(other)


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
