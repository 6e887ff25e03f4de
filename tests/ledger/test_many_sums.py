"""Many facts written piece by piece: sums moved once for all pieces, new rows put in and kept ones added to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import transaction

from nengtan.identity.access import system_actor
from nengtan.ledger.models import InstitutionYear, RegionRollup
from nengtan.ledger.services import rollups
from nengtan.ledger.services.posting import Entry, Unsettled, post
from nengtan.ledger.services.rebuild import rebuild_everything
from tests.cast import Cast

MILLION = 10**6


@pytest.fixture(params=[0, rollups.MANY], ids=["many", "few"])
def write(request: pytest.FixtureRequest, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "MANY", request.param)
    first = [_entry(cast, "school", 202301, 10, 4), _entry(cast, "school", 202302, 20, None)]
    second = [_entry(cast, "neighbour_school", 202301, 5, 2), _entry(cast, "hospital", 202301, 7, 1)]
    third = [_entry(cast, "other_school", 202301, 100, 50)]
    _post(first, second, third)


def _entry(cast: Cast, body: str, period: int, quantity: int, cost: int | None) -> Entry:
    money = None if cost is None else cost * MILLION
    return Entry(cast.institutions[body].pk, "water", period, "bill", quantity * MILLION, money, bill_no=str(quantity))


@transaction.atomic
def _post(*pieces: Sequence[Entry]) -> None:
    unsettled = Unsettled()
    for piece in pieces:
        post(system_actor(), piece, unsettled=unsettled)
    unsettled.settle()


def _sums(region: str, kind: str) -> dict[int, tuple[int, int, int, int]]:
    rows = RegionRollup.objects.filter(region__code=region, kind=kind, carrier="water")
    return {
        row.period: (int(row.quantity), int(row.cost), row.cells, row.costs) for row in rows if row.cells or row.costs
    }


@pytest.mark.usefixtures("write")
def test_sums_of_all_levels_months_and_years_are_those_added_by_hand(cast: Cast) -> None:
    schools = {202301: (10, 4, 1, 1), 202302: (20, 0, 1, 0), 2023: (30, 4, 2, 1)}
    assert _sums("420106", "021") == schools
    assert _sums("420111", "021") == {202301: (5, 2, 1, 1), 2023: (5, 2, 1, 1)}
    assert _sums("420100", "021") == {202301: (15, 6, 2, 2), 202302: (20, 0, 1, 0), 2023: (35, 6, 3, 2)}
    assert _sums("420000", "024") == {202301: (7, 1, 1, 1), 2023: (7, 1, 1, 1)}
    assert _sums("330000", "021") == {202301: (100, 50, 1, 1), 2023: (100, 50, 1, 1)}
    assert {row.zone for row in RegionRollup.objects.filter(region__code="CN")} == {"420000", "330000"}


@pytest.mark.usefixtures("write")
def test_months_that_have_sums_are_added_to_and_new_ones_begun(cast: Cast) -> None:
    _post([_entry(cast, "school", 202303, 1, 1)], [_entry(cast, "neighbour_school", 202302, 2, 0)])
    assert _sums("420106", "021")[202303] == (1, 1, 1, 1)
    assert _sums("420106", "021")[2023] == (31, 5, 3, 2)
    assert _sums("420100", "021")[202302] == (22, 0, 2, 1)
    assert _sums("420100", "021")[2023] == (38, 7, 5, 4)


@pytest.mark.usefixtures("write")
def test_adding_up_anew_finds_the_same_sums_and_books() -> None:
    found = rebuild_everything(check_only=True)
    assert (found["sums_differing"], found["books_differing"]) == (0, 0)


@pytest.mark.usefixtures("write")
def test_the_books_of_the_year_are_opened_for_every_body_of_the_tree(cast: Cast) -> None:
    assert set(InstitutionYear.objects.values_list("institution_id", "year")) == {
        (body.pk, 2023) for body in cast.institutions.values()
    }


def test_two_bills_of_one_month_in_two_pieces_are_one_cell(cast: Cast) -> None:
    _post([_entry(cast, "school", 202301, 10, 4)], [_entry(cast, "school", 202301, 3, 1)])
    assert _sums("CN", "021") == {202301: (13, 5, 1, 1), 2023: (13, 5, 1, 1)}
