"""The rule of overlapping origins: nothing counts twice, whatever the order."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.overlap import Fact, Origin, Standing, standings

COUNTS, DETAIL = Standing.COUNTS, Standing.DETAIL


@st.composite
def cells(draw: st.DrawFn) -> list[Fact]:
    size = draw(st.integers(min_value=0, max_value=8))
    flags = st.sampled_from([False, False, False, True])
    return [
        Fact(
            id=number,
            origin=draw(st.sampled_from(list(Origin))),
            item=draw(st.sampled_from(["", "", "01A00", "01A10", "01B00"])),
            building=draw(st.sampled_from([None, "b1", "b2"])),
            meter=draw(st.sampled_from([None, None, "m1", "m2"])),
            supersedes=draw(st.sampled_from([None, None, *range(number)])),
            withdrawn=draw(flags),
            unit_verified=not draw(flags),
            superseded=draw(flags),
            allocated=draw(flags),
        )
        for number in range(size)
    ]


def names(*facts: Fact) -> list[str]:
    return [standing.name for standing in standings(facts).values()]


@pytest.mark.parametrize(
    ("better", "worse"),
    [(Origin.BILL, Origin.METER), (Origin.METER, Origin.REPORT), (Origin.REPORT, Origin.ESTIMATE)],
)
def test_the_better_origin_counts(better: Origin, worse: Origin) -> None:
    assert names(Fact(1, worse), Fact(2, better)) == ["OUTRANKED", "COUNTS"]


def test_bills_add_up_even_of_one_building_and_the_whole() -> None:
    assert names(Fact(1, Origin.BILL), Fact(2, Origin.BILL), Fact(3, Origin.BILL, building="b")) == ["COUNTS"] * 3


def test_of_meters_only_the_coarsest_level_counts() -> None:
    whole, wing, panel = (
        Fact(1, Origin.METER),
        Fact(2, Origin.METER, building="b"),
        Fact(3, Origin.METER, building="b", meter="m"),
    )
    assert names(whole, wing, panel) == ["COUNTS", "DETAIL", "DETAIL"]
    assert names(wing, panel) == ["COUNTS", "DETAIL"]
    assert names(panel) == ["COUNTS"]


def test_a_meter_below_a_counting_meter_is_detail() -> None:
    main, below = Fact(1, Origin.METER, meter="main"), Fact(2, Origin.METER, meter="floor", meters_above=("main",))
    beside = Fact(3, Origin.METER, meter="annex")
    assert names(main, below, beside) == ["COUNTS", "DETAIL", "COUNTS"]
    assert names(below, beside) == ["COUNTS", "COUNTS"]


def test_items_count_only_without_the_whole_and_never_with_the_item_above() -> None:
    whole, lights, corridor, cooling = (
        Fact(1, Origin.REPORT),
        Fact(2, Origin.REPORT, item="01A00"),
        Fact(3, Origin.REPORT, item="01A20"),
        Fact(4, Origin.REPORT, item="01B00"),
    )
    assert names(whole, lights, cooling) == ["COUNTS", "DETAIL", "DETAIL"]
    assert names(lights, corridor, cooling) == ["COUNTS", "DETAIL", "COUNTS"]


def test_an_item_bill_does_not_hide_behind_a_reported_whole() -> None:
    assert names(Fact(1, Origin.REPORT), Fact(2, Origin.BILL, item="01A00")) == ["OUTRANKED", "COUNTS"]


@pytest.mark.parametrize(
    ("fact", "standing"),
    [
        (Fact(2, Origin.BILL, withdrawn=True), Standing.WITHDRAWN),
        (Fact(2, Origin.BILL, superseded=True), Standing.SUPERSEDED),
        (Fact(2, Origin.BILL, unit_verified=False), Standing.UNIT_UNVERIFIED),
        (Fact(2, Origin.BILL, allocated=True), Standing.ALLOCATED),
    ],
)
def test_a_fact_out_of_play_outranks_nobody(fact: Fact, standing: Standing) -> None:
    assert standings([Fact(1, Origin.ESTIMATE), fact]) == {1: COUNTS, 2: standing}


def test_a_correction_of_a_correction_counts_alone() -> None:
    chain = [Fact(1, Origin.BILL), Fact(2, Origin.BILL, supersedes=1), Fact(3, Origin.BILL, supersedes=2)]
    assert names(*chain) == ["SUPERSEDED", "SUPERSEDED", "COUNTS"]


def test_withdrawing_a_correction_does_not_revive_what_it_replaced() -> None:
    assert names(Fact(1, Origin.BILL), Fact(2, Origin.BILL, supersedes=1, withdrawn=True)) == [
        "SUPERSEDED",
        "WITHDRAWN",
    ]


def test_an_empty_cell_has_no_standings() -> None:
    assert standings([]) == {}


@given(cell=cells())
def test_every_fact_has_one_standing_and_something_counts_if_anything_is_in_play(cell: list[Fact]) -> None:
    found = standings(cell)
    assert list(found) == [fact.id for fact in cell]
    replaced = {fact.supersedes for fact in cell}
    live = [
        f for f in cell
        if not (f.withdrawn or f.superseded or f.allocated or not f.unit_verified or f.id in replaced)
    ]  # fmt: skip
    assert (COUNTS in found.values()) == bool(live)
    assert len({fact.origin for fact in cell if found[fact.id] is COUNTS}) <= 1


@given(cell=cells(), data=st.data())
def test_the_order_does_not_matter(cell: list[Fact], data: st.DataObject) -> None:
    assert standings(data.draw(st.permutations(cell))) == standings(cell)


@given(cell=cells(), data=st.data())
def test_the_total_never_exceeds_the_sum_of_the_facts(cell: list[Fact], data: st.DataObject) -> None:
    values = {fact.id: data.draw(st.decimals(min_value=0, max_value=1000, places=2)) for fact in cell}
    found = standings(cell)
    assert sum((values[i] for i in values if found[i] is COUNTS), Decimal(0)) <= sum(values.values(), Decimal(0))


@given(cell=cells(), origin=st.sampled_from(list(Origin)))
def test_adding_a_superseded_fact_changes_nothing(cell: list[Fact], origin: Origin) -> None:
    extra = Fact(id="extra", origin=origin, superseded=True)
    found = standings([*cell, extra])
    assert found.pop("extra") is Standing.SUPERSEDED
    assert found == standings(cell)


@given(cell=cells())
def test_what_counts_counts_alone_as_well(cell: list[Fact]) -> None:
    counting = [fact for fact in cell if standings(cell)[fact.id] is COUNTS]
    assert set(standings(counting).values()) <= {COUNTS}
