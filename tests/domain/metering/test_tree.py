"""Virtual meters, balances and items: nothing counts twice, nothing is lost, nothing is its own cause."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan import reference
from nengtan.domain.metering.balance import Tolerance, Verdict, balance, by_item, lines, standing
from nengtan.domain.metering.codes import Quality
from nengtan.domain.metering.rules import HOUR
from nengtan.domain.metering.statistics import hours, roll_up
from nengtan.domain.metering.virtual import (
    Column,
    Cycle,
    Formula,
    Term,
    UnknownMeter,
    as_intervals,
    evaluate,
    evaluate_dated,
    ordered,
)

NAN = math.nan


def column(*values: float) -> Column:
    found = np.array(values)
    unknown = np.isnan(found)
    return Column(found, np.where(unknown, Quality.MISSING, Quality.GOOD).astype(np.uint8), np.where(unknown, 0.0, 1.0))


def test_virtual_meters_of_virtual_meters() -> None:
    formulas = {
        "tenant": Formula((Term("floor", 0.25),)),
        "floor": Formula((Term("main"), Term("lift", -1.0)), constant=0.4),
    }
    found = evaluate(formulas, {"main": column(10.0, 4.0), "lift": column(2.0, 5.0)}, 0.25)
    assert found["floor"].value.tolist() == pytest.approx([8.1, -0.9])
    assert found["tenant"].value.tolist() == pytest.approx([2.025, -0.225])
    assert found["tenant"].quality.tolist() == [Quality.GOOD, Quality.SUSPECT], "less than nothing is suspect"


def test_missing_makes_missing_unless_optional() -> None:
    measured = {"a": column(1.0, 1.0), "b": column(NAN, 2.0)}
    found = evaluate(
        {"sum": Formula((Term("a"), Term("b"))), "some": Formula((Term("a"), Term("b", optional=True)))}, measured, 0.25
    )
    assert np.isnan(found["sum"].value).tolist() == [True, False]
    assert found["some"].value.tolist() == [1.0, 3.0]
    assert found["some"].quality.tolist() == [Quality.PARTIAL, Quality.GOOD]


def test_the_worst_input_is_the_quality() -> None:
    estimated = Column(np.array([1.0]), np.array([Quality.ESTIMATED], np.uint8), np.ones(1))
    found = evaluate({"sum": Formula((Term("a"), Term("b")))}, {"a": column(1.0), "b": estimated}, 0.25)
    assert found["sum"].quality.tolist() == [Quality.ESTIMATED]


def test_a_meter_computed_from_itself_is_refused_with_its_path() -> None:
    formulas = {"a": Formula((Term("b"),)), "b": Formula((Term("c"),)), "c": Formula((Term("a"),))}
    with pytest.raises(Cycle) as found:
        ordered(formulas, [])
    assert found.value.path[0] == found.value.path[-1]
    assert set(found.value.path) == {"a", "b", "c"}
    with pytest.raises(Cycle):
        ordered({"a": Formula((Term("a"),))}, [])


def test_a_meter_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownMeter, match="'nowhere'"):
        ordered({"a": Formula((Term("nowhere"),))}, ["b"])


@pytest.mark.parametrize(
    ("below", "known", "verdict"),
    [
        (97.0, 1.0, Verdict.FINE),
        (103.0, 1.0, Verdict.FINE),
        (96.0, 1.0, Verdict.WATCH),
        (90.0, 1.0, Verdict.WATCH),
        (89.0, 1.0, Verdict.ALARM),
        (104.0, 1.0, Verdict.ALARM),
        (50.0, 0.94, Verdict.UNDECIDED),
        (NAN, 1.0, Verdict.UNDECIDED),
    ],
)
def test_balance(below: float, known: float, verdict: Verdict) -> None:
    found = balance(np.array([100.0]), np.ones(1), np.array([[below]]), np.array([[known]]), Tolerance())
    assert found.verdict.tolist() == [verdict]


def test_an_idle_upper_meter_has_no_rate() -> None:
    found = balance(np.zeros(1), np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), Tolerance())
    assert np.isnan(found.share).all()
    assert found.verdict.tolist() == [Verdict.UNDECIDED]


numbers = st.one_of(st.integers(0, 1000).map(float), st.just(NAN))


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[str, str | None], dict[str, np.ndarray]]:
    """Meters below earlier ones, with two periods each."""
    size = draw(st.integers(1, 8))
    above = [draw(st.one_of(st.none(), st.integers(0, at - 1))) if at else None for at in range(size)]
    parents = {f"m{at}": None if one is None else f"m{one}" for at, one in enumerate(above)}
    return parents, {name: np.array([draw(numbers), draw(numbers)]) for name in parents}


@given(tree=trees())
def test_lines_add_up_to_the_uppermost_meters(tree: tuple[dict[str, str | None], dict[str, np.ndarray]]) -> None:
    """Where every meter that has others below it is known; a missing one below is then in the remainder."""
    parents, values = tree
    uppers = {parent for parent in parents.values() if parent}
    found = lines(parents, values)
    assert [line.meter for line in found] == list(parents), "each meter has one line"
    for period in range(2):
        if all(not math.isnan(values[name][period]) for name in uppers):
            top = [values[name][period] for name, parent in parents.items() if parent is None]
            assert np.nansum([line.value[period] for line in found]) == pytest.approx(np.nansum(top))


@given(tree=trees(), data=st.data())
def test_items_add_up_to_the_lines(
    tree: tuple[dict[str, str | None], dict[str, np.ndarray]], data: st.DataObject
) -> None:
    parents, values = tree
    scheme = {item.code: item.parent for item in reference.item_codes().values()}
    items = {name: data.draw(st.sampled_from(["", "01000", "01A10", "01B1C", "02000", "unknown"])) for name in parents}
    found = lines(parents, values)
    totals = by_item(found, items, scheme)
    roots = [total for item, total in totals.items() if scheme.get(item) is None]
    for period in range(2):
        whole = np.nansum([line.value[period] for line in found])
        assert np.nansum([total.value[period] for total in roots]) == pytest.approx(whole)
    for item, total in totals.items():
        above = scheme.get(item)
        assert above is None or (totals[above].complete <= total.complete).all()


def test_meters_in_a_ring_are_refused() -> None:
    with pytest.raises(Cycle):
        lines({"a": "b", "b": "a"}, {"a": np.zeros(1), "b": np.zeros(1)})


def test_a_meter_whose_upper_one_is_of_others_stands_alone() -> None:
    [line] = lines({"a": "elsewhere"}, {"a": np.ones(1)})
    assert (line.meter, line.is_remainder) == ("a", False)


def test_a_regional_scheme_means_something_else_by_a_letter() -> None:
    """The same circuits, added up by two schemes: letters are data."""
    values = {"plant": np.array([10.0]), "chiller": np.array([7.0])}
    found = lines({"plant": None, "chiller": "plant"}, values)
    national, regional = reference.item_scheme("mohurd2008"), reference.item_scheme("regional")
    assert (national["01B1A"].name_en, regional["01B1A"].name_en) == ("Chilled-water pump", "Chiller")
    for scheme, item in ((national, "01B1C"), (regional, "01B1A")):
        assert scheme[item].name_en == "Chiller"
        totals = by_item(found, {"plant": "01B10", "chiller": item}, {code: one.parent for code, one in scheme.items()})
        assert totals[item].value.tolist() == [7.0]
        assert totals["01B10"].value.tolist() == totals["01000"].value.tolist() == [10.0]


def test_schemes_are_whole_and_named() -> None:
    for name in reference.item_schemes():
        scheme = reference.item_scheme(name)
        assert all(item.parent is None or item.parent in scheme for item in scheme.values())
    with pytest.raises(KeyError, match="mohurd2008"):
        reference.item_scheme("none")


def test_definitions_hold_from_their_date() -> None:
    """A third from the second interval on, the whole less the lift from the fourth; before, nothing is known."""
    quarter = HOUR // 4
    start = np.arange(5) * quarter
    measured = {"main": column(3.0, 6.0, NAN, 9.0, 12.0), "lift": column(1.0, 1.0, 1.0, 1.0, NAN)}
    versions = {
        "part": [(quarter, Formula((Term("main", 1 / 3),))), (3 * quarter, Formula((Term("main"), Term("lift", -1.0))))]
    }
    found = evaluate_dated(versions, measured, start, quarter)["part"]
    assert found.value.tolist() == pytest.approx([NAN, 2.0, NAN, 8.0, NAN], nan_ok=True)
    assert found.known.tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]


def test_a_virtual_meter_of_one_not_defined_yet_is_missing() -> None:
    versions = {"late": [(HOUR, Formula((Term("a"),)))], "early": [(0, Formula((Term("late"),), constant=1.0))]}
    found = evaluate_dated(versions, {"a": column(5.0, 5.0)}, np.array([0, HOUR]), HOUR)
    assert found["early"].value.tolist() == pytest.approx([NAN, 6.0], nan_ok=True)


def test_hours_of_a_virtual_meter_say_how_much_is_known() -> None:
    """Four quarters: one input is missing in the second, another is known for half of the fourth."""
    half = Column(
        np.array([1.0, 1.0, 1.0, 0.5]), np.array([0, 0, Quality.ESTIMATED, Quality.PARTIAL], np.uint8),
        np.array([1.0, 1.0, 1.0, 0.5]),
    )  # fmt: skip
    made = evaluate({"v": Formula((Term("a"), Term("b")))}, {"a": column(2.0, NAN, 2.0, 2.0), "b": half}, 0.25)["v"]
    quarter = HOUR // 4
    start = np.arange(4) * quarter
    told = roll_up(as_intervals([made], start, quarter), *hours(start, 0))
    assert told.value.tolist() == [3.0 + 3.0 + 2.5]
    assert (told.good.tolist(), told.estimated.tolist(), told.missing.tolist()) == ([0.375], [0.25], [0.375])
    assert Quality(told.quality[0]) is Quality.PARTIAL


@given(
    weights=st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=4), data=st.data(), cut=st.integers(0, 6),
)  # fmt: skip
def test_dated_is_plain_where_nothing_changes(weights: list[float], data: st.DataObject, cut: int) -> None:
    """The same formula written down twice gives what it gives written once; a sum is linear in its inputs."""
    names = [f"m{at}" for at in range(len(weights))]
    measured = {name: column(*(data.draw(numbers) for _slot in range(6))) for name in names}
    formula = Formula(tuple(Term(name, weight) for name, weight in zip(names, weights, strict=True)), 2.0)
    once = evaluate({"v": formula}, measured, 1.0)["v"]
    twice = evaluate_dated({"v": [(0, formula), (cut * HOUR, formula)]}, measured, np.arange(6) * HOUR, HOUR)["v"]
    assert np.array_equal(once.value, twice.value, equal_nan=True)
    assert once.quality.tolist() == twice.quality.tolist()
    by_hand = sum(weight * measured[name].value for name, weight in zip(names, weights, strict=True)) + 2.0
    assert once.value.tolist() == pytest.approx(by_hand.tolist(), nan_ok=True)


@given(tree=trees(), data=st.data())
def test_what_stands_adds_up_once(
    tree: tuple[dict[str, str | None], dict[str, np.ndarray]], data: st.DataObject
) -> None:
    """A virtual meter that only repeats what others say changes no sum."""
    parents, values = tree
    names = data.draw(st.lists(st.sampled_from(sorted(parents)), min_size=1, unique=True))
    counted = standing({**parents, "virtual": None}, {"virtual": names})
    assert counted == parents
    assert set(standing(parents, {})) == set(parents), list(values)


def test_the_feeders_of_a_virtual_main_meter_count_through_it() -> None:
    parents = {"in1": None, "in2": None, "whole": None, "light": "whole", "lift": "in2"}
    assert standing(parents, {"whole": ["in1", "in2"]}) == {
        "in2": None, "whole": None, "light": "whole", "lift": "in2"
    }, "one with meters of its own below it stands in a tree"  # fmt: skip
