"""Virtual meters, balances and items: nothing counts twice, nothing is lost, nothing is its own cause."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan import reference
from nengtan.domain.metering.balance import Tolerance, Verdict, balance, by_item, lines
from nengtan.domain.metering.codes import Quality
from nengtan.domain.metering.virtual import Column, Cycle, Formula, Term, UnknownMeter, evaluate, ordered

NAN = math.nan


def column(*values: float) -> Column:
    found = np.array(values)
    return Column(found, np.where(np.isnan(found), Quality.MISSING, Quality.GOOD).astype(np.uint8))


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
    estimated = Column(np.array([1.0]), np.array([Quality.ESTIMATED], np.uint8))
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
