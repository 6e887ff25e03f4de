"""Months far from an institution's usual ones: what is asked about, what is not, and what the median is of."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.usual import Far, Months, Thresholds, far_from_usual, slip_of

NONE = Months.of([], [], [])


def months(*quantities: float, first: int = 202301, series: int = 1) -> Months:
    """A series of months one after the other, from ``first`` on; at most the months of its year."""
    return Months.of([series] * len(quantities), list(range(first, first + len(quantities))), quantities)


def both(*parts: Months) -> Months:
    columns = [[value for part in parts for value in getattr(part, name).tolist()] for name in Months.__slots__]
    return Months.of(*columns)


def places(found: list[Far]) -> list[int]:
    return [one.at for one in found]


def test_a_month_ten_times_the_median_of_the_others_is_far() -> None:
    assert far_from_usual(months(100, 1000, 90, 110), NONE) == [Far(1, 100.0, 10.0)]
    assert far_from_usual(months(100, 999, 90, 110), NONE) == []


def test_the_median_of_an_even_number_of_others_is_the_middle_of_two() -> None:
    assert far_from_usual(months(100, 200, 5000, 300, 400), NONE) == [Far(2, 250.0, 20.0)]


@pytest.mark.parametrize("others", [(), (100,), (100, 100)])
def test_fewer_than_three_other_months_say_nothing(others: tuple[float, ...]) -> None:
    assert far_from_usual(months(10**9, *others), NONE) == []


def test_months_without_use_are_not_usual() -> None:
    assert far_from_usual(months(0, 0, 0, 0, 0, 50), NONE) == []
    assert places(far_from_usual(months(0, 0, 0, 30, 40, 50, 4000), NONE)) == [6]
    assert far_from_usual(months(100, 100, 100, 100, 0), NONE) == []


def test_a_tenth_is_a_holiday_and_a_five_hundredth_is_not() -> None:
    assert far_from_usual(months(500, 500, 500, 50), NONE) == []
    assert far_from_usual(months(500, 500, 500, 1), NONE) == [Far(3, 500.0, 0.002)]


def test_one_of_several_small_bills_of_a_month_is_not_low_and_a_large_one_is_high() -> None:
    several = both(months(500, 500, 500, 500), Months.of([1, 1], [202304, 202304], [0.5, 9000]))
    assert places(far_from_usual(several, NONE)) == [5]


def test_bills_of_a_month_add_up_and_a_reading_beside_them_does_not() -> None:
    bills = both(months(50, 50, 50, 50), months(50, 50, 50, 50), Months.of([1], [202305], [1000]))
    assert far_from_usual(bills, NONE, [1] * 9) == [Far(8, 100.0, 10.0)]
    assert far_from_usual(bills, NONE, [1, 1, 1, 1, 2, 2, 2, 2, 1]) == [Far(8, 50.0, 20.0)]


def test_series_do_not_mix() -> None:
    assert far_from_usual(both(months(1, 1, 1, 1), months(100, 100, 100, 100, series=2)), NONE) == []


def test_the_ledger_says_what_is_usual_where_the_file_is_one_month() -> None:
    assert far_from_usual(months(35_000_000), months(3000, 3500, 4000, first=202210)) == [Far(0, 3500.0, 10_000.0)]


def test_a_whole_year_in_the_ledger_is_not_drowned_by_a_file_in_a_wrong_unit() -> None:
    year = months(*[100.0] * 12, first=202201)
    assert places(far_from_usual(months(*[10_000.0] * 12), year)) == list(range(12))
    assert far_from_usual(months(*[10_000.0] * 12), months(*[100.0] * 6, first=202201)) == []


def test_a_correction_is_held_against_the_other_months_of_the_ledger_not_its_own() -> None:
    year = months(*[100.0] * 12, first=202301)
    assert far_from_usual(Months.of([1], [202305], [100_000]), both(year, months(90, 95, first=202401))) == [
        Far(0, 100.0, 1000.0)
    ]


def test_a_season_of_the_year_before_explains_a_month() -> None:
    before = Months.of([1] * 4, [202201, 202206, 202207, 202208], [2000, 100, 110, 120])
    assert far_from_usual(Months.of([1], [202301], [2100]), before) == []
    assert places(far_from_usual(Months.of([1], [202302], [2100]), before)) == [0]
    assert places(far_from_usual(Months.of([1], [202301], [20_000]), before)) == [0]


def test_thresholds_are_given() -> None:
    strict = Thresholds(times_high=2, times_low=2, least_months=1)
    assert places(far_from_usual(months(100, 250), NONE, thresholds=strict)) == [0, 1]
    assert far_from_usual(months(100, 250), NONE) == []


quantities = st.lists(st.one_of(st.just(0), st.integers(1, 10**6)), min_size=1, max_size=12)


@given(quantities, quantities)
def test_it_says_what_the_median_of_the_other_months_says(file: list[int], stored: list[int]) -> None:
    found = {one.at: one for one in far_from_usual(months(*file), months(*stored, first=202101))}
    known = [quantity for quantity in stored if quantity]
    for at, quantity in enumerate(file):
        others = [one for place, one in enumerate(file) if place != at and one]
        usual = known if len(known) >= 12 else known + others
        far = len(usual) >= 3 and (quantity >= 10 * median(usual) or 0 < quantity * 500 <= median(usual))
        assert (at in found) == far
        if far:
            assert found[at].usual == median(usual)


@given(quantities, st.integers(-6, 6))
def test_it_is_the_same_in_every_unit(file: list[int], power: int) -> None:
    scaled = [quantity * 2.0**power for quantity in file]
    assert places(far_from_usual(months(*scaled), NONE)) == places(far_from_usual(months(*file), NONE))


@given(quantities, st.randoms())
def test_the_order_of_the_rows_does_not_matter(file: list[int], chance: object) -> None:
    order = list(range(len(file)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    mixed = Months.of([1] * len(file), [202301 + at for at in order], [file[at] for at in order])
    assert sorted(order[one.at] for one in far_from_usual(mixed, NONE)) == places(far_from_usual(months(*file), NONE))


@pytest.mark.parametrize(
    ("times", "slip"),
    [
        (1000, 1000),
        (10_000, 10_000),
        (2900, 1000),
        (3500, 10_000),
        (0.0001, 10_000),
        (310, None),
        (10, None),
        (10**5, None),
    ],
)
def test_a_slip_is_a_thousand_or_ten_thousand_either_way(times: float, slip: int | None) -> None:
    assert slip_of(times) == slip
