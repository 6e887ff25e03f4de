"""The annual report of five bodies, computed by hand, and one whose return is still owed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nengtan.domain.change import Coverage
from nengtan.domain.returns.publication import Filing, Handed, notices, publish
from nengtan.domain.returns.report import (
    CarrierUse,
    Limits,
    Missing,
    Report,
    Reporter,
    Why,
    YearOf,
    before_of,
    behind,
    compose,
    measure_of,
)
from nengtan.domain.returns.rollup import Joined
from nengtan.domain.returns.undisclosed import Earlier, kept_back

LIMITS = Limits(Decimal(20), Decimal(3), Decimal("0.2"), 3, 2)
D = Decimal


def body(
    code: str, kind: str, tce: str, area: str | None, persons: str, water: str, *, child: str = "x", co2: str = "0"
) -> Reporter:
    amounts = {
        "energy_tce": D(tce), "electricity_kwh": D(tce) * 1000, "water_m3": D(water), "co2_t": D(co2),
        "cost_cny": None, "area_m2": None if area is None else D(area), "persons": D(persons),
    }  # fmt: skip
    uses = {"electricity": CarrierUse(D(tce) * 1000, D(tce), D(co2)), "water": CarrierUse(D(water))}
    return Reporter(code, f"Body {code}", kind, "", child, amounts, uses)


NOW = (
    body("a", "01", "100", "10000", "500", "5000", co2="300"),
    body("b", "01", "50", "5000", "250", "2500", co2="150", child="y"),
    body("c", "021", "60", "20000", "3000", "30000", co2="180"),
    body("d", "024", "190", "10000", "1000", "40000", co2="570"),
    body("e", "021", "20", None, "500", "4000", co2="60", child="y"),
)
LAST = (
    body("a", "01", "80", "10000", "500", "5000", co2="280"),
    body("b", "01", "50", "5000", "250", "2000", co2="175"),
    body("c", "021", "60", "20000", "3000", "30000", co2="210"),
    body("d", "024", "200", "10000", "1000", "40000", co2="700"),
    body("gone", "01", "30", "1000", "10", "10", co2="1"),
)
OWED = (Missing("f", "Body f", "021", "", "x", "entering"),)


@pytest.fixture
def report() -> Report:
    return compose(YearOf(2023, NOW, OWED), YearOf(2022, LAST), None, LIMITS, carriers=["electricity", "water"])


def value(report: Report, measure: str) -> Decimal | None:
    return report.total.figures[measure].value


def test_totals_are_sums_and_intensities_divide_last(report: Report) -> None:
    assert value(report, "energy_tce") == 420
    assert value(report, "water_m3") == 81500
    assert value(report, "persons") == 5250
    assert value(report, "kgce_per_person") == D(420000) / D(5250)
    assert report.total.coverage == Coverage(5, 6)


def test_a_body_without_area_is_in_neither_side_of_its_intensity(report: Report) -> None:
    figure = report.total.figures["kgce_per_m2"]
    assert figure.value is not None
    assert round(figure.value, 6) == round(D(400000) / D(45000), 6)
    assert figure.bodies == 4


def test_what_nobody_knows_is_unknown_and_not_zero(report: Report) -> None:
    assert value(report, "cost_cny") is None
    empty = compose(YearOf(2023, (), OWED), None, None, LIMITS)
    assert {figure.value for figure in empty.figures} == {None}
    assert empty.explained == ()
    assert empty.total.coverage == Coverage(0, 1)


def test_years_reported_unlike_are_not_compared_as_sums(report: Report) -> None:
    assert not report.comparable, "five of six now, all five before"
    assert report.same_bodies["kgce_per_m2"].now == D(400000) / D(45000)
    assert report.same_bodies["kgce_per_m2"].base == D(390000) / D(45000)
    assert compose(YearOf(2023, NOW), YearOf(2022, LAST), None, LIMITS).comparable
    assert compose(YearOf(2023, NOW, OWED), YearOf(2022, LAST, OWED), None, LIMITS).comparable


def test_types_and_regions_below_add_up_to_the_whole(report: Report) -> None:
    assert [(line.head, line.figures["energy_tce"].value) for line in report.by_kind] == [
        ("01", 150), ("021", 80), ("024", 190),
    ]  # fmt: skip
    assert [(line.head, line.coverage.present, line.coverage.expected) for line in report.by_child] == [
        ("x", 3, 4), ("y", 2, 2),
    ]  # fmt: skip
    shares = [line.share for line in report.by_kind if line.share is not None]
    assert sum(shares) == 1


def test_all_bodies_and_the_same_bodies_against_last_year(report: Report) -> None:
    assert report.total.figures["energy_tce"].on_last.percent == 0
    same = report.same["energy_tce"]
    assert (same.units_in_both, same.only_now, same.only_base) == (4, 1, 1)
    assert same.same_units.percent is not None
    assert round(same.same_units.percent, 4) == round(D(10) / D(390) * 100, 4)


def test_areas_and_structure_stood_so_all_of_the_change_is_intensity(report: Report) -> None:
    energy, carbon = report.explained
    assert (energy.measure, energy.since, energy.bodies, energy.base, energy.now) == ("energy_tce", 2022, 4, 390, 400)
    assert {name: round(effect, 9) for name, effect in energy.effects.items()} == {
        "area": 0, "structure": 0, "intensity": 10,
    }  # fmt: skip
    assert round(sum(carbon.effects.values()), 9) == 1200 - 1365
    assert round(carbon.effects["mix"], 9) == 0
    assert carbon.effects["factor"] < 0, "3.5 t CO2 per tce became 3"


def test_who_stands_out_and_who_uses_most(report: Report) -> None:
    assert [(item.code, item.why, item.value) for item in report.standouts] == [("a", Why.ROSE, 25)]
    assert [item.code for item in report.top] == ["d", "a"]
    assert report.top_share == D(290) / D(420)
    odd = tuple(body(str(at), "01", "10", "1000", "10", "1") for at in range(9))
    wasteful = body("w", "01", "100", "1000", "10", "1")
    found = compose(YearOf(2023, (*odd, wasteful)), None, None, LIMITS).standouts
    assert [(item.code, item.why) for item in found] == [("w", Why.ABOVE_PEERS)]


def test_every_figure_opens_to_the_returns_behind_it(report: Report) -> None:
    for figure in report.figures:
        parts = behind(report.reporters, figure.key)
        if figure.measure in ("energy_tce", "water_m3", "quantity", "tce"):
            assert sum(item or 0 for _, item in parts) == (figure.value or 0)
        assert sum(item is not None for _, item in parts) == figure.bodies


MERGED = Joined({"a": "a", "c": "a", "gone": "a"})
"""Body c took in `gone` and was itself part of what is now `a`."""


def test_a_merged_body_is_compared_with_all_that_became_it() -> None:
    """a, c and gone used 80 + 60 + 30 = 170 on 31,000 m2; what they became uses 204 on 31,000 m2, 20 % more."""
    one = body("a", "01", "204", "31000", "500", "5000")
    others = [body(str(at), "01", "10", "1000", "10", "1") for at in range(3)]
    (group,) = publish([one, *others], LAST, [], "kind", set(), 2, MERGED).groups
    assert round({row.name: row.change_percent for row in group.named}["Body a"] or 0, 9) == 20
    told = compose(YearOf(2023, (one,)), YearOf(2022, LAST), None, LIMITS, joined={2022: MERGED}).standouts
    assert [(item.code, item.why, item.value) for item in told] == [("a", Why.ROSE, 20)]


def test_what_is_not_alike_is_not_compared() -> None:
    one, two = body("a", "01", "200", "20000", "500", "5000"), body("c", "01", "200", "20000", "500", "5000")
    amount = before_of([one, two], LAST, "energy_tce", MERGED)
    assert amount == {"a": None, "c": None}, "one of several that came out of another"
    apart = Joined(MERGED.groups, frozenset({"a"}))
    assert before_of([one], LAST, "energy_tce", apart) == {"a": None}, "a part of it is not counted"
    unknown = [*LAST[:4], body("gone", "01", "30", None, "10", "10")]
    assert before_of([one], unknown, "kgce_per_m2", MERGED) == {"a": None}, "the area of a part is not known"
    assert before_of([two], LAST, "energy_tce", Joined()) == {"c": 60}


# what may be published


def filing(code: str, kind: str, handed: Handed, sent_back: int = 0) -> Filing:
    days = None if handed is Handed.IN_TIME else 3
    return Filing(code, f"Body {code}", kind, "", "x", handed, sent_back, days)


def ranked(hidden: set[str], least: int = 2) -> dict[tuple[str, ...], object]:
    filings = [filing(item.code, item.kind, Handed.IN_TIME) for item in NOW]
    return {group.heads: group for group in publish(NOW, LAST, filings, "kind", hidden, least).groups}


def test_a_class_too_small_goes_into_the_others_with_the_same_total() -> None:
    published = publish(NOW, LAST, [], "kind", set(), 2)
    heads = [group.heads for group in published.groups]
    assert heads == [("021",), ("", "01", "024")], "024 has one body, so the next smallest joins it"
    assert published.groups[-1].named == ()
    assert published.total.values["energy_tce"] == 420
    assert sum(group.total.values["energy_tce"] or 0 for group in published.groups) == 420


def test_a_single_hidden_body_is_hidden_among_others() -> None:
    big = tuple(body(str(at), "01", str(10 + at), "1000", "10", "1") for at in range(6))
    kept = kept_back(big, big, {"5"}, 3, Earlier())
    (group,) = publish(big, (), [], "kind", kept, 3).groups
    assert [row.name for row in group.named] == ["Body 2", "Body 3", "Body 4"]
    assert group.others is not None
    assert (group.others.bodies, group.others.values["energy_tce"]) == (3, 15 + 10 + 11)
    assert [row.rank for row in group.named] == [1, 2, 3]


@given(
    st.lists(st.sampled_from(["01", "021", "024", "03"]), min_size=1, max_size=20),
    st.sets(st.integers(0, 19)),
    st.integers(1, 5),
)
def test_hidden_bodies_are_never_named_and_totals_always_hold(kinds: list[str], hide: set[int], least: int) -> None:
    bodies = tuple(body(str(at), kind, str(at + 1), "100", "5", "7") for at, kind in enumerate(kinds))
    hidden = {str(at) for at in hide}
    filings = [filing(item.code, item.kind, Handed.LATE) for item in bodies]
    kept = kept_back(bodies, filings, hidden, least, Earlier())
    found = publish(bodies, (), filings, "kind", kept, least)
    named = [row for group in found.groups for row in group.named]
    assert not {row.name for row in named} & {f"Body {code}" for code in hidden}
    for group in found.groups:
        parts = [*group.named, *([group.others] if group.others else [])] or [group.total]
        assert sum(row.values["energy_tce"] or 0 for row in parts) == group.total.values["energy_tce"]
        assert sum(row.bodies for row in parts) == group.total.bodies
        assert group.others is None or group.others.bodies >= min(least, group.total.bodies)
    late = found.notices[0]
    assert len(late.named) + late.others == len(bodies)
    assert not {one.name for one in late.named} & {f"Body {code}" for code in hidden}


def test_punctuality_is_counted_by_class() -> None:
    filings = [
        filing("a", "01", Handed.IN_TIME), filing("b", "01", Handed.LATE, 2), filing("c", "021", Handed.OUTSTANDING),
        filing("e", "021", Handed.IN_TIME, 1), filing("f", "021", Handed.LATE),
    ]  # fmt: skip
    found = publish(NOW, (), filings, "kind", {"f"}, 2)
    assert [(item.heads, item.owed, item.handed[Handed.LATE], item.sent_back) for item in found.tallies] == [
        (("01",), 2, 1, 1), (("021",), 3, 1, 1),
    ]  # fmt: skip
    told = [(item.handed, [(one.name, one.days_late) for one in item.named], item.others) for item in found.notices]
    assert told == [
        (Handed.LATE, [], 2), (Handed.OUTSTANDING, [("Body c", 3)], 0),
    ], "b stands in a class of approved bodies too small to be named in"  # fmt: skip


def test_the_latest_stand_first_and_who_is_not_due_is_not_named() -> None:
    def owed(code: str, days: int | None) -> Filing:
        return Filing(code, f"Body {code}", "01", "", "x", Handed.OUTSTANDING, 0, days)

    _late, outstanding = notices([owed("a", 2), owed("b", 30), owed("c", None), owed("d", 9)], {"d"})
    assert [(one.name, one.days_late) for one in outstanding.named] == [("Body b", 30), ("Body a", 2)]
    assert (outstanding.others, outstanding.not_due) == (1, 1)


def test_a_measure_without_its_other_side_is_unknown() -> None:
    assert measure_of({"water_m3": D(5), "persons": D(0)}, "m3_per_person") is None
